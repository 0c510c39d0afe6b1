"""Payment links and shops' codes: an address that anybody may open, and that makes a payment for each who pays.

Owns links (what may be paid, how often, until when) and their uses. A use is one payment of the gateway, under an order
number of the link's own, so whatever is asked twice is one payment. A link for a number of uses counts those that are paid
or may still be; an unpaid one that has ended is given back. A shop's code is a link without an amount and without an end.
"""

from feiqian.links.model import (
    AmountMissing,
    Link,
    LinkBusy,
    LinkClosed,
    LinkKind,
    LinkLine,
    LinkUsedUp,
    NewLink,
    Use,
)
from feiqian.links.operations import close_link, create_link, require_link, take_use
from feiqian.links.rules import payment_of, refuse_closed

__all__ = [
    "AmountMissing",
    "Link",
    "LinkBusy",
    "LinkClosed",
    "LinkKind",
    "LinkLine",
    "LinkUsedUp",
    "NewLink",
    "Use",
    "close_link",
    "create_link",
    "payment_of",
    "refuse_closed",
    "require_link",
    "take_use",
]
