"""Money that goes out to somebody's wallet or bank account, and money that comes in by itself."""

from datetime import datetime
from enum import StrEnum

import msgspec


class PayeeKind(StrEnum):
    """What a payee's number names."""

    WECHATPAY = "wechatpay"
    """A WeChat wallet, by openid."""
    ALIPAY = "alipay"
    """An Alipay account, by user id or sign-in name."""
    PERSON_BANK = "person_bank"
    """A person's bank account."""
    COMPANY_BANK = "company_bank"
    """A company's bank account."""


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets the money."""

    kind: PayeeKind
    account_no: str
    name: str
    """The holder's name, which the channel compares."""
    bank_code: str | None = None
    """The bank's number in the payment system (联行号); for bank accounts."""


class TransferRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer out. A repetition must keep ``out_transfer_no`` and content."""

    out_transfer_no: str
    payee: Payee
    amount: int
    currency: str
    memo: str
    """What the payee reads."""
    requested_at: datetime
    """When it was asked for: the same in every repetition."""
    notify_url: str | None = None


class TransferKey(msgspec.Struct, frozen=True, kw_only=True):
    """By what a transfer is found again at its channel."""

    out_transfer_no: str
    requested_at: datetime
    batch_no: str | None = None
    """The batch that it went out with, if it did."""


class ChannelTransferState(StrEnum):
    """Where a transfer stands at the channel."""

    PROCESSING = "processing"
    """Accepted; the money is on its way."""
    SUCCEEDED = "succeeded"
    """The payee has the money."""
    FAILED = "failed"
    """Not done, for certain; the money stays with us."""
    RETURNED = "returned"
    """The payee's bank sent the money back after it had been reported as done."""
    UNKNOWN_TO_CHANNEL = "unknown_to_channel"
    """The channel has no such transfer: it was never accepted."""


class ChannelTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as the channel has it."""

    out_transfer_no: str
    state: ChannelTransferState
    channel_no: str | None = None
    amount: int | None = None
    currency: str | None = None
    fee: int | None = None
    """What the channel charges for it, where it says so at once."""
    finished_at: datetime | None = None
    """Present once succeeded, failed or returned."""
    error_code: str | None = None
    """The channel's own code of a failure or return."""
    error_message: str | None = None


class TransferBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Many transfers in one file or call."""

    batch_no: str
    requested_at: datetime
    transfers: tuple[TransferRequest, ...]
    notify_url: str | None = None


class IncomingCredit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came into one of our accounts at a bank."""

    channel_no: str
    """The bank's number of the entry: the same in notification and statement."""
    account_no: str
    """The account or sub-account that was credited."""
    amount: int
    currency: str
    booked_at: datetime
    payer_name: str | None = None
    payer_account_no: str | None = None
    memo: str | None = None
