"""What the buyer's side has to do next to pay an order that was placed."""

from typing import TypeAlias

import msgspec

from feiqian.channels.model.orders import ChannelPayment


class ShowCode(msgspec.Struct, frozen=True, tag="show_code", tag_field="kind"):
    """Show ``code_url`` as a QR code; the buyer scans it."""

    code_url: str


class Redirect(msgspec.Struct, frozen=True, tag="redirect", tag_field="kind"):
    """Send the buyer's browser to ``url``."""

    url: str


class PostForm(msgspec.Struct, frozen=True, tag="post_form", tag_field="kind"):
    """Let the buyer's browser post ``fields`` to ``url``, as UTF-8."""

    url: str
    fields: dict[str, str]


class InvokeApp(msgspec.Struct, frozen=True, tag="invoke_app", tag_field="kind"):
    """Hand ``parameters`` to the channel's library inside an app, a mini program or the channel's browser."""

    parameters: dict[str, str]


class AwaitBuyer(msgspec.Struct, frozen=True, tag="await_buyer", tag_field="kind"):
    """Nothing: the buyer is typing a password on the phone. The order is asked about every few seconds."""


class TransferMoney(msgspec.Struct, frozen=True, kw_only=True, tag="transfer_money", tag_field="kind"):
    """The buyer transfers the amount to this account; what arrives there is known to be for this order."""

    account_no: str
    account_name: str
    bank_name: str
    bank_code: str
    """The bank's number in the payment system (联行号)."""
    memo: str | None = None
    """What the buyer should write beside the transfer; the account number alone is enough where it is None."""


class AlreadyPaid(msgspec.Struct, frozen=True, tag="already_paid", tag_field="kind"):
    """Nothing: the call itself took the money."""

    payment: ChannelPayment


NextStep: TypeAlias = ShowCode | Redirect | PostForm | InvokeApp | AwaitBuyer | TransferMoney | AlreadyPaid


class Prepaid(msgspec.Struct, frozen=True):
    """An order that the channel has, and how its buyer goes on."""

    next_step: NextStep
