"""The capabilities that a channel may have: each is a protocol, and a channel is an object that fulfils some of them.

Every call carries our number, every moment is passed in. All raise ChannelFailed (this call was refused: for a
query that says nothing about what is asked about) and ChannelUnknown (it may have been done).
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol, runtime_checkable

import msgspec

from feiqian.channels.model.bills import Bill
from feiqian.channels.model.notices import Notice, NoticeAnswer
from feiqian.channels.model.orders import ChannelPayment, OrderKey, PrepayRequest
from feiqian.channels.model.refunds import ChannelRefund, RefundKey, RefundRequest
from feiqian.channels.model.splits import (
    ChannelSplit,
    ChannelSplitReturn,
    Receiver,
    SplitKey,
    SplitRequest,
    SplitReturnRequest,
)
from feiqian.channels.model.steps import Prepaid
from feiqian.channels.model.terms import ChannelTerms
from feiqian.channels.model.transfers import ChannelTransfer, TransferBatch, TransferKey, TransferRequest


class ChannelIdentity(msgspec.Struct, frozen=True):
    """Who we are at a channel: what a payment that is reported must name."""

    mchid: str
    """The merchant number that is credited."""
    appid: str | None
    """The application in which orders are placed; None where the channel knows none."""


@runtime_checkable
class Channel(Protocol):
    """What every channel has."""

    @property
    def terms(self) -> ChannelTerms:
        """What it allows."""
        ...

    @property
    def identity(self) -> ChannelIdentity:
        """Who we are there."""
        ...

    async def probe(self, *, now: datetime) -> None:
        """Show that address, keys and numbers work, by a call that changes nothing. Raises as any call."""
        ...


@runtime_checkable
class PayingChannel(Channel, Protocol):
    """Takes money from buyers."""

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        """Place an order."""
        ...

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """Where an order stands; ``unknown_to_channel`` when it was never placed."""
        ...

    async def close(self, order: OrderKey, *, now: datetime) -> None:
        """Make an unpaid order unpayable; closing twice is no error. A barcode order is taken back, paid or not."""
        ...


@runtime_checkable
class RefundingChannel(Channel, Protocol):
    """Gives money back."""

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Ask for a refund; it usually ends ``processing`` and is reported later."""
        ...

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        """Where a refund stands; ``unknown_to_channel`` when it was never accepted."""
        ...


@runtime_checkable
class BilledChannel(Channel, Protocol):
    """Writes a bill of each day."""

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """The bill of a past day. Raises also BillMissing and BillDamaged."""
        ...


@runtime_checkable
class NotifyingChannel(Channel, Protocol):
    """Tells us by itself what happened."""

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify, decrypt and check a callback; no I/O. Raises NoticeRefused."""
        ...

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        """What the channel reads as "taken", or with ``refusal`` as "send it again"."""
        ...


@runtime_checkable
class TradeChannel(PayingChannel, RefundingChannel, BilledChannel, NotifyingChannel, Protocol):
    """All that trade with buyers needs: what each of the public payment channels can do."""


@runtime_checkable
class TransferringChannel(Channel, Protocol):
    """Pays out to wallets or bank accounts, one by one."""

    async def transfer(self, request: TransferRequest, *, now: datetime) -> ChannelTransfer:
        """Ask for a transfer."""
        ...

    async def query_transfer(self, transfer: TransferKey, *, now: datetime) -> ChannelTransfer:
        """Where a transfer stands; ``unknown_to_channel`` when it was never accepted."""
        ...


@runtime_checkable
class BatchTransferringChannel(Channel, Protocol):
    """Pays out many in one file."""

    async def transfer_batch(self, batch: TransferBatch, *, now: datetime) -> None:
        """Hand a batch over; what becomes of each transfer is asked for later."""
        ...

    async def query_batch(
        self, batch_no: str, *, requested_at: datetime, now: datetime
    ) -> Mapping[str, ChannelTransfer] | None:
        """The transfers of a batch by our number; None when the channel never accepted the batch."""
        ...


@runtime_checkable
class SharingChannel(Channel, Protocol):
    """Splits paid orders among receivers."""

    async def add_receiver(self, receiver: Receiver, *, now: datetime) -> None:
        """Introduce a receiver; again does no harm."""
        ...

    async def split(self, request: SplitRequest, *, now: datetime) -> ChannelSplit:
        """Ask for a split, or for the rest to be given to us."""
        ...

    async def query_split(self, split: SplitKey, *, now: datetime) -> ChannelSplit:
        """Where a split stands."""
        ...

    async def return_split(self, request: SplitReturnRequest, *, now: datetime) -> ChannelSplitReturn:
        """Ask a receiver's part back."""
        ...

    async def query_split_return(
        self, request: SplitReturnRequest, *, now: datetime
    ) -> ChannelSplitReturn | None:
        """Where a return stands; None when it was never accepted."""
        ...


@runtime_checkable
class HoldingChannel(PayingChannel, Protocol):
    """Reserves an amount first (预授权), then captures a part of it or lets it go."""

    async def capture(
        self, order: OrderKey, *, capture_no: str, amount: int, requested_at: datetime, now: datetime
    ) -> ChannelPayment:
        """Take a part of what was reserved, the rest is free; ``state`` says whether it is done."""
        ...

    async def release(
        self, order: OrderKey, *, release_no: str, requested_at: datetime, now: datetime
    ) -> ChannelPayment:
        """Let all of it go."""
        ...
