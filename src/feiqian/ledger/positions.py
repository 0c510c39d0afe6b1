"""What a batch may touch, as the database had it after the locks were taken, and as the batch moves it on. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from feiqian.ledger.model import AccountRef, Hold, PostedTransaction


class _Undoable(Protocol):
    def save(self) -> tuple[Any, ...]: ...
    def restore(self, saved: tuple[Any, ...]) -> None: ...


class Position:
    """An account's counters while a batch is decided."""

    __slots__ = (
        "closed",
        "credits",
        "debits",
        "frozen",
        "held_credits",
        "held_debits",
        "key",
        "overdraft",
        "read_sequence",
        "ref",
        "sequence",
        "sign",
    )

    def __init__(self, ref: AccountRef, row: Sequence[Any]) -> None:
        """``row`` as the store's fence has it."""
        (
            self.key,
            self.sign,
            self.overdraft,
            self.frozen,
            self.closed,
            self.debits,
            self.credits,
            self.held_debits,
            self.held_credits,
            self.sequence,
            _,
        ) = row
        self.ref = ref
        self.read_sequence = self.sequence

    @property
    def available(self) -> int:
        """What may be taken out; only asked of an account with a limit."""
        held = self.held_credits if self.sign > 0 else self.held_debits
        return self.sign * (self.debits - self.credits) - held + (self.overdraft or 0)

    def save(self) -> tuple[Any, ...]:
        return (self.debits, self.credits, self.held_debits, self.held_credits, self.sequence)

    def restore(self, saved: tuple[Any, ...]) -> None:
        self.debits, self.credits, self.held_debits, self.held_credits, self.sequence = saved


class HoldPosition:
    """A hold while a batch is decided."""

    __slots__ = (
        "amount",
        "captured",
        "changed",
        "credit",
        "debit",
        "expires_at",
        "id",
        "is_new",
        "released",
        "state",
    )

    def __init__(self, hold: Hold, *, is_new: bool = False) -> None:
        self.id = hold.id
        self.debit = hold.debit.bytes
        self.credit = hold.credit.bytes
        self.amount = hold.amount
        self.captured = hold.captured
        self.released = hold.released
        self.state = hold.state
        self.expires_at = hold.expires_at
        self.is_new = is_new
        self.changed = False

    @property
    def left(self) -> int:
        return self.amount - self.captured - self.released

    def save(self) -> tuple[Any, ...]:
        return (self.captured, self.released, self.state, self.changed)

    def restore(self, saved: tuple[Any, ...]) -> None:
        self.captured, self.released, self.state, self.changed = saved


class Original:
    """What of a posted transaction may still be reversed, by (account to debit, account to credit)."""

    __slots__ = ("is_reversal", "left")

    def __init__(self, posted: PostedTransaction, reversed: Mapping[tuple[bytes, bytes], int]) -> None:
        self.is_reversal = posted.reverses is not None
        self.left: dict[tuple[bytes, bytes], int] = {}
        for debit, credit, amount in zip(posted.debits, posted.credits, posted.amounts, strict=True):
            pair = (credit.bytes, debit.bytes)
            self.left[pair] = self.left.get(pair, 0) + amount
        for pair, amount in reversed.items():
            self.left[pair] -= amount

    def save(self) -> tuple[Any, ...]:
        return (dict(self.left),)

    def restore(self, saved: tuple[Any, ...]) -> None:
        (self.left,) = saved


Row = tuple[int, int, int, Position, Position, int, int, int, int, int]
"""(index of its transaction, number of the leg, action, debit, credit, amount, the two sequences, the two balances)."""


class Books:
    """Everything a batch may touch, by key."""

    def __init__(
        self,
        positions: dict[bytes, Position],
        *,
        now: datetime,
        holds: dict[UUID, HoldPosition] | None = None,
        originals: dict[UUID, Original] | None = None,
    ) -> None:
        self.positions = positions
        self.now = now
        self.holds = holds or {}
        self.originals = originals or {}
        self.rows: list[Row] = []
        self._journal: list[tuple[_Undoable, tuple[Any, ...]]] | None = None
        self._opened: list[UUID] = []
        self._row_count = 0

    def begin_chain(self) -> None:
        """Remember from here on what a chain changes."""
        self._journal, self._opened, self._row_count = [], [], len(self.rows)

    def undo_chain(self) -> None:
        """Put back what the chain changed."""
        for changed, saved in reversed(self._journal or ()):
            changed.restore(saved)
        for id in self._opened:
            self.holds.pop(id, None)
            self.originals.pop(id, None)
        del self.rows[self._row_count :]
        self._journal = None

    def end_chain(self) -> None:
        """The chain stands."""
        self._journal = None

    @property
    def in_chain(self) -> bool:
        """Whether what changes now may have to be put back."""
        return self._journal is not None

    def touch(self, changed: _Undoable) -> None:
        """Called before something changes."""
        if self._journal is not None:
            self._journal.append((changed, changed.save()))

    def add_hold(self, hold: Hold) -> None:
        self.holds[hold.id] = HoldPosition(hold, is_new=True)
        self._opened.append(hold.id)

    def add_original(self, posted: PostedTransaction) -> None:
        self.originals[posted.id] = Original(posted, {})
        self._opened.append(posted.id)
