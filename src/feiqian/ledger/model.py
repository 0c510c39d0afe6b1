"""Values of the ledger: accounts, legs, transactions, holds, results."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import IntEnum, StrEnum
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import derived_id

PLATFORM_BOOK = "platform"
"""The operator's own book: everybody's money that it holds."""


def funder_book(funder_no: str) -> str:
    """The book of one funder."""
    return f"funder:{funder_no}"


@lru_cache(maxsize=200_000)
def _account_id(book: str, code: str, owner: str, currency: str) -> UUID:
    return derived_id("account", book, code, owner, currency)


class AccountRef(msgspec.Struct, frozen=True, dict=True):
    """The natural name of an account. Its id is derived from it, so that postings need no look-up."""

    book: str
    code: str
    """Of the chart (AccountCode), or of a platform's own subjects."""
    owner: str
    currency: str

    @cached_property
    def id(self) -> UUID:
        return _account_id(self.book, self.code, self.owner, self.currency)

    @cached_property
    def key(self) -> bytes:
        """The id's 16 bytes: what a batch is decided by."""
        return self.id.bytes

    @property
    def name(self) -> str:
        """For refusals."""
        return f"{self.code}/{self.owner}"


class Leg(msgspec.Struct, frozen=True):
    """One movement: ``amount`` > 0 minor units from one account's debit to another's credit, in one book and currency."""

    debit: AccountRef
    credit: AccountRef
    amount: int


class Action(IntEnum):
    """What a transaction does with its legs."""

    POST = 0
    """Moves the posted counters now."""
    HOLD = 1
    """Reserves: moves the held counters; a later capture posts, a release lets go."""
    CAPTURE = 2
    """Posts a part of a hold, or what is left of it."""
    RELEASE = 3
    """Lets a part of a hold go, or what is left of it."""
    EXPIRE = 4
    """Lets go what is left of a hold whose time is over; the ledger does this itself."""


class NewTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks to post. ``id`` is the idempotency key: the same id with the same content changes nothing."""

    id: UUID
    kind: str
    """What happened, for statements and vouchers: payment, refund, settlement, loan_draw …"""
    legs: tuple[Leg, ...] = ()
    """At least one for POST, exactly one for HOLD; none for CAPTURE and RELEASE, whose accounts the hold knows."""
    business_date: date
    """The day it belongs to in the books."""
    effective_at: datetime
    """When it happened outside; booked_at says when we learned of it."""
    reference: str = ""
    """What it is about, in the outside form of that object's id."""
    memo: str = ""
    reverses: UUID | None = None
    """The transaction that this one takes back, in whole or in part: each leg mirrors one of its legs."""
    action: Action = Action.POST
    hold: UUID | None = None
    """The hold that a CAPTURE or RELEASE is about: the id of the HOLD transaction."""
    amount: int | None = None
    """Of a CAPTURE or RELEASE, minor units; None is what is left."""
    expires_at: datetime | None = None
    """Of a HOLD: from then on the rest is let go. None: never by itself."""
    metadata: Mapping[str, Any] | None = None
    """The caller's own facts, JSON; kept and searchable, not read by the ledger."""
    linked: bool = False
    """Stands or falls together with the next transaction of the batch."""


class Outcome(StrEnum):
    """What became of a transaction in a batch."""

    POSTED = "posted"
    """It moved the counters now."""
    EXISTS = "exists"
    """The same content was posted before under this id; nothing moved now."""
    REFUSED = "refused"
    """Nothing moved; the refusal says why."""


class Result(msgspec.Struct, frozen=True):
    """Outcome of one transaction, in the order asked."""

    id: UUID
    outcome: Outcome
    refusal: Refusal | None = None


class Frozen(IntEnum):
    """What an account refuses while it is frozen. Letting holds go is always possible."""

    NO = 0
    """Nothing is refused."""
    DEBITS = 1
    """Debits are refused."""
    CREDITS = 2
    """Credits are refused."""
    BOTH = 3
    """Everything is refused."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.account; amounts in minor units."""

    id: UUID
    book: str
    code: str
    owner: str
    currency: str
    sign: int
    """1: debits raise it; -1: credits raise it."""
    debits: int
    credits: int
    held_debits: int
    held_credits: int
    sequence: int
    overdraft: int | None
    """How far below zero it may go; None without limit."""
    frozen: Frozen
    booked_at: datetime
    opened_at: datetime
    closed_at: datetime | None

    @property
    def ref(self) -> AccountRef:
        return AccountRef(self.book, self.code, self.owner, self.currency)

    @property
    def balance(self) -> int:
        """In the account's own direction: positive is normal."""
        return self.sign * (self.debits - self.credits)

    @property
    def held(self) -> int:
        """What open holds may still take out of it."""
        return self.held_credits if self.sign > 0 else self.held_debits

    @property
    def incoming(self) -> int:
        """What open holds may still bring into it."""
        return self.held_debits if self.sign > 0 else self.held_credits

    @property
    def available(self) -> int | None:
        """What may be taken out of it, its overdraft included; None without limit."""
        return None if self.overdraft is None else self.balance - self.held + self.overdraft


class PostedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction as it was recorded, its legs as arrays: leg i moves amounts[i] from debits[i] to credits[i]."""

    id: UUID
    kind: str
    action: Action
    business_date: date
    effective_at: datetime
    booked_at: datetime
    reference: str
    memo: str
    reverses: UUID | None
    hold: UUID | None
    metadata: dict[str, Any] | None
    debits: tuple[UUID, ...]
    credits: tuple[UUID, ...]
    amounts: tuple[int, ...]


class HoldState(StrEnum):
    """Where a hold stands. From open it goes to one of the others, by the act that leaves nothing of it."""

    OPEN = "open"
    """Something is left that may be captured or let go."""
    CAPTURED = "captured"
    """The last act was a capture."""
    RELEASED = "released"
    """The last act was a release."""
    EXPIRED = "expired"
    """Its time was over before all of it was captured."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.hold; amounts in minor units."""

    id: UUID
    debit: UUID
    credit: UUID
    amount: int
    captured: int
    released: int
    expires_at: datetime | None
    opened_at: datetime
    state: HoldState

    @property
    def left(self) -> int:
        """What may still be captured or let go."""
        return self.amount - self.captured - self.released
