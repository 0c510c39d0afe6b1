"""Payment links and shops' codes: an address that anybody may open, and that makes a payment for each who pays.

Owns links (what may be paid, how often, until when) and their uses. A use is one payment of the gateway, under an order
number of the link's own, so whatever is asked twice is one payment. A link for a number of uses counts those that are paid
or may still be; an unpaid one that has ended is given back. A shop's code is a link without an amount and without an end.
An ask is a second address of one payment, for somebody who pays for the buyer.
"""

from feiqian.links.asking import ask_to_pay, is_helped, record_helper, require_ask
from feiqian.links.model import (
    ASK_PREFIX,
    AmountMissing,
    Ask,
    AskTooLate,
    Link,
    LinkBusy,
    LinkClosed,
    LinkKind,
    LinkLine,
    LinkUsedUp,
    NewLink,
    TooManyAsks,
    Use,
)
from feiqian.links.operations import close_link, create_link, require_link, take_use
from feiqian.links.rules import payment_of, refuse_closed

__all__ = [
    "ASK_PREFIX",
    "AmountMissing",
    "Ask",
    "AskTooLate",
    "Link",
    "LinkBusy",
    "LinkClosed",
    "LinkKind",
    "LinkLine",
    "LinkUsedUp",
    "NewLink",
    "TooManyAsks",
    "Use",
    "ask_to_pay",
    "close_link",
    "create_link",
    "is_helped",
    "payment_of",
    "record_helper",
    "refuse_closed",
    "require_ask",
    "require_link",
    "take_use",
]
