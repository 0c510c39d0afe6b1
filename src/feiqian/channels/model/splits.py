"""Splits (分账): parts of a paid order that the channel itself pays to others."""

from datetime import datetime
from enum import StrEnum

import msgspec

from feiqian.channels.model.orders import OrderKey


class ReceiverKind(StrEnum):
    """What a receiver's number names."""

    MERCHANT = "merchant"
    """A merchant number at the same channel."""
    PERSON = "person"
    """A person's account at the same channel: openid, user id."""


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may get parts of our orders; introduced to the channel once."""

    kind: ReceiverKind
    account_no: str
    name: str
    relation: str
    """Why it gets money, in the channel's words, such as SUPPLIER or DISTRIBUTOR."""


class SplitPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one receiver gets."""

    kind: ReceiverKind
    account_no: str
    amount: int
    description: str


class SplitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Parts to be paid out of an order. A repetition must keep ``out_split_no`` and content."""

    order: OrderKey
    out_split_no: str
    parts: tuple[SplitPart, ...]
    """None of them only gives the rest back to us (解冻)."""
    finish: bool
    """No more splits follow: the rest is ours."""
    requested_at: datetime


class SplitKey(msgspec.Struct, frozen=True, kw_only=True):
    """By what a split is found again at its channel."""

    order: OrderKey
    out_split_no: str
    requested_at: datetime


class SplitPartState(StrEnum):
    """How one part of a split stands."""

    PENDING = "pending"
    """Accepted."""
    SUCCEEDED = "succeeded"
    """The receiver has it."""
    FAILED = "failed"
    """The receiver does not get it; it went back to us."""


class SplitPartResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one part."""

    account_no: str
    amount: int
    state: SplitPartState
    channel_no: str | None = None
    error_code: str | None = None


class ChannelSplit(msgspec.Struct, frozen=True, kw_only=True):
    """A split as the channel has it: finished does not mean that every part succeeded."""

    out_split_no: str
    known: bool
    """False: the channel never accepted it."""
    finished: bool = False
    """Nothing of it changes any more."""
    channel_split_no: str | None = None
    parts: tuple[SplitPartResult, ...] = ()


class SplitReturnRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver gives a part back, so that the order can be refunded."""

    split: SplitKey
    out_return_no: str
    account_no: str
    """Whose part."""
    amount: int
    reason: str
    requested_at: datetime


class ChannelSplitReturn(msgspec.Struct, frozen=True, kw_only=True):
    """A return as the channel has it."""

    out_return_no: str
    state: SplitPartState
    amount: int | None = None
    channel_return_no: str | None = None
    error_code: str | None = None
