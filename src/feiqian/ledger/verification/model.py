"""Values of verification."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.kernel.ids import show_id
from feiqian.ledger.seals.model import SealedLeg

SEQUENCE_MAX = 2**63 - 1


class Rule(StrEnum):
    """Which standing invariant a fault breaks."""

    COUNTERS = "ledger_counters_equal_entries"
    """An account's counters are not the sums of its entries."""
    BALANCES = "ledger_balances_run"
    """A balance, a sequence or a booking time does not follow from the entry before."""
    LEGS = "ledger_legs_agree"
    """The legs of a transaction contradict each other or their accounts."""
    SEALS = "ledger_seals_hold"
    """What was sealed is not what is there."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One row that was altered, removed or put in."""

    rule: Rule
    what: str
    """What is wrong with it, in English."""
    book: str = ""
    block: int | None = None
    """The sealed block that covers it."""
    account: UUID | None = None
    account_name: str = ""
    sequence: int | None = None
    """Of the entry in that account."""
    transaction: UUID | None = None
    number: int | None = None
    """Of the leg in its transaction."""
    field: str = ""
    """The column that disagrees, where arithmetic says which."""
    booked_at: datetime | None = None

    @property
    def row(self) -> str:
        """Which row it is, as people search for it."""
        parts: list[str] = []
        if self.transaction is not None:
            parts.append(f"{show_id('transaction', self.transaction)} leg {self.number}")
        if self.account is not None:
            entry = "" if self.sequence is None else f" entry {self.sequence}"
            parts.append(f"account {self.account_name or self.account}{entry}")
        if self.book:
            parts.append(f"book {self.book}")
        if self.block is not None:
            parts.append(f"block {self.block}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.row}: {self.field + ': ' if self.field else ''}{self.what}"


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of work: entries after ``after`` up to ``through`` of the accounts after ``low`` up to ``high``."""

    low: UUID
    high: UUID
    after: int | None
    """None: from where the history of each account begins."""
    through: int | None
    """None: to where it ends."""
    entries: int


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of an account between two known states of its counters that do not lead from the one to the other."""

    account: UUID
    after: int
    """Sequence of the state before: a seal, the opening after an archive, or 0."""
    through: int | None
    """Sequence of the state after; None: behind the account's newest entry."""
    sealed: bool
    """The state after is a seal, not the account's own counters."""
    booked_at: datetime | None
    """When its newest entry was booked."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """An account's counters at a sequence, as a seal, an opening or the account itself has them."""

    sequence: int
    debits: int
    credits: int
    held_debits: int
    held_credits: int
    booked_at: datetime | None = None
    block: int | None = None
    first: int = 0
    digest: bytes = b""
    marks: bytes = b""


class HashedLeg(SealedLeg, frozen=True, kw_only=True):
    """A leg as one of its accounts sees it."""

    place: int
    """In the sequence of that account."""
    hash: bytes


Progress = Callable[[int, int], None]
"""Called with (entries done, entries in all)."""
