"""Values of reconciliation: the sides of a line, what comparing them says, a day's result. Amounts are minor units."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

import msgspec

from feiqian.channels import BillKind, BillState
from feiqian.kernel.errors import Refusal

Key = tuple[BillKind, str]
"""A movement at a channel: its kind and our number for it."""

OUR_SUCCESS = "succeeded"
"""Our state of payments and refunds whose money has moved."""


class Status(StrEnum):
    """What comparing a line says."""

    MATCHED = "matched"
    """Both sides have it on this day, with one amount, currency and state."""
    OURS_ONLY = "ours_only"
    """We have it, no bill has."""
    THEIRS_ONLY = "theirs_only"
    """The bill has it, we do not, or not once more."""
    AMOUNT_DIFFERS = "amount_differs"
    """Both have it, with another amount or currency."""
    STATE_DIFFERS = "state_differs"
    """Both have it; for one the money moved, for the other it did not."""
    CARRIED_OVER = "carried_over"
    """The two sides stand on different days; until ``resolved_on`` is set the other one is still awaited."""


UNEXPLAINED = frozenset({Status.OURS_ONLY, Status.THEIRS_ONLY, Status.AMOUNT_DIFFERS, Status.STATE_DIFFERS})
"""A person has to look: these keep a day from being balanced."""


class Note(StrEnum):
    """Why an item has its status, where the status alone does not say it."""

    UNKNOWN_NUMBER = "unknown_number"
    """We have no such order or refund."""
    DUPLICATE = "duplicate"
    """This bill has the number more than once."""
    CHANNEL_NO_DIFFERS = "channel_no_differs"
    """The number is ours, but the channel's own number is not the one it reported to us: another movement."""
    CONFIRMED_ELSEWHERE = "confirmed_elsewhere"
    """The bill of another day has confirmed it already."""
    VANISHED = "vanished"
    """An earlier file of this day's bill confirmed it; this one has it no more."""
    NOT_IN_BILL = "not_in_bill"
    """The bill of its day does not have it."""
    BECAME_KNOWN_LATE = "became_known_late"
    """We learned of its success after its day was compared."""
    OTHER_DAY = "other_day"
    """The other side is dated on another day."""
    AWAITED = "awaited"
    """So near midnight that the other side may stand on the neighbouring day."""
    UNDER_WAY = "under_way"
    """The channel was still working on it when it wrote the bill."""
    NOT_FOUND_NEXT_DAY = "not_found_next_day"
    """It was awaited across midnight and did not come."""


class DayState(StrEnum):
    """Where a day stands."""

    BALANCED = "balanced"
    """Every line of both sides is explained."""
    DIFFERENCES = "differences"
    """At least one line is unexplained."""
    FAILED = "failed"
    """No whole bill was to be had so far; to be tried again."""


class Ours(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of a movement."""

    id: str
    """payment_… or refund_…"""
    channel_no: str | None
    amount: int
    currency: str
    state: str
    at: datetime
    """The channel's time of success, else of our creation."""


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """What a bill says of a movement."""

    channel_no: str
    amount: int
    currency: str
    state: BillState
    fee: int
    """Negative where the channel gives it back."""
    at: datetime


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the bill, one of ours, or both as one."""

    kind: BillKind
    no: str
    status: Status
    note: Note | None = None
    ours: Ours | None = None
    theirs: Theirs | None = None
    in_ours: bool = False
    """It stands for one of our lines of its day; else ``ours`` only informs."""
    in_bill: bool = False
    """It stands for a line of its day's bill; else ``theirs`` only informs."""
    resolved_on: date | None = None
    """The day whose run found the other side, where that was not its own."""

    @property
    def key(self) -> Key:
        return self.kind, self.no


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an item is kept."""

    day: date
    run: int
    line: int


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of another day that lacks its other side."""

    place: Place
    item: Item


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A bill confirms one of our lines: both have it, with one amount, and its money moved."""

    kind: BillKind
    no: str
    bill_day: date
    """The day of the bill that has the line."""
    our_day: date
    """The day among whose items our line is."""
    resolved_on: date
    """The day whose run brought the two together."""
    amount: int
    currency: str
    fee: int

    @property
    def key(self) -> Key:
        return self.kind, self.no


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What an open item of another day has become."""

    place: Place
    item: Item


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """The result of comparing a day."""

    items: list[Item]
    confirmations: list[Confirmation]
    """What is confirmed now and was not before."""
    changes: list[Change]


class StatusTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a day have a status, and their net amount: payments less refunds."""

    count: int
    amount: int


class ReconciledDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a channel as it stands."""

    channel: str
    day: date
    state: DayState
    run: int | None
    """The run that counts; None while every try failed."""
    runs: int
    bill_lines: int
    matched: int
    carried_over: int
    unexplained: int
    bill_amount: int
    """Payments less refunds that succeeded, by the bill."""
    our_amount: int
    """Payments less refunds that succeeded, by our books."""
    channel_fee: int
    by_status: Mapping[Status, StatusTotal]
    error_code: str | None
    """Why the newest try failed, also where an earlier one counts."""
    error: str | None
    finished_at: datetime


class DayKey(msgspec.Struct, frozen=True, kw_only=True):
    """A day's place in lists, newest first."""

    day: date
    channel: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """All days together. A pair whose sides stand on two days counts once, so that without differences
    ``matched + carried_over == bill_lines``."""

    days: int
    failed_days: int
    bill_lines: int
    matched: int
    carried_over: int
    unexplained: int


class ReconciledItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the faces show it."""

    channel: str
    day: date
    run: int
    line: int
    kind: BillKind
    no: str
    status: Status
    note: Note | None
    our_id: str | None
    our_amount: int | None
    our_state: str | None
    our_channel_no: str | None
    channel_no: str | None
    their_amount: int | None
    their_state: BillState | None
    fee: int | None
    occurred_at: datetime
    """The bill's time, else ours."""
    resolved_on: date | None

    @property
    def shown_id(self) -> str:
        return f"{self.channel}-{self.day}-{self.run}-{self.line}"


class BillOfOtherDay(Refusal):
    """A bill was handed in for another day than its own."""

    code = "bill_of_other_day"
    status = 422
    english = "The bill is of {bill_day}, the day to reconcile is {day}."
    chinese = "账单日期为 {bill_day}，与对账日 {day} 不符。"


class DayNotOver(Refusal):
    """Only whole days can be compared."""

    code = "day_not_over"
    english = "The business date {day} is not over; it can be reconciled when its bill is out."
    chinese = "{day} 尚未结束，账单出具后方可对账。"
    retryable = True
