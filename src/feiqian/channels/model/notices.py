"""What a channel tells us by itself."""

import msgspec

from feiqian.channels.model.orders import ChannelPayment
from feiqian.channels.model.refunds import ChannelRefund
from feiqian.channels.model.transfers import ChannelTransfer, IncomingCredit


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A verified and decrypted callback; what it is about is set, the rest is empty. It may come more than once."""

    id: str
    """The channel's number of the notice; the same in every repetition."""
    event_type: str
    """The channel's own name of the event."""
    payments: tuple[ChannelPayment, ...] = ()
    """Several where one notice reports a combined order."""
    refund: ChannelRefund | None = None
    transfer: ChannelTransfer | None = None
    credits: tuple[IncomingCredit, ...] = ()
    dispute: "ChannelDispute | None" = None


class ChannelDispute(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's complaint or a bank's chargeback as the channel tells it."""

    channel_dispute_no: str
    transaction_no: str
    out_trade_no: str | None
    state: str
    """The channel's own word."""
    amount: int | None
    reason: str


class NoticeAnswer(msgspec.Struct, frozen=True):
    """What the channel wants to read when it has told us something."""

    status: int
    body: bytes
    content_type: str
