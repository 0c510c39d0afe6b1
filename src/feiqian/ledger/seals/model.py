"""Values of the seals."""

from datetime import date, datetime
from uuid import UUID

import msgspec

GENESIS = bytes(32)
"""What the first block of a book names as the root before it."""
MARK_BYTES = 8
"""How much of each leg's hash is kept beside the digest: enough to name the leg that was altered."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.block: the header of a sealed block of a book."""

    book: str
    number: int
    sealed_at: datetime
    first_at: datetime
    """When its oldest entry was booked."""
    last_at: datetime
    """When its newest entry was booked; in the same month of the house's zone as ``first_at``."""
    legs: int
    accounts: int
    """How many rows of ledger.block_account it has."""
    previous: bytes
    """Root of the block before; GENESIS in the first."""
    content: bytes
    root: bytes


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.block_account without its marks: an account's entries ``first`` … ``last``, and its counters after
    them."""

    account: UUID
    first: int
    last: int
    debits: int
    credits: int
    held_debits: int
    held_credits: int
    booked_at: datetime
    digest: bytes
    """SHA-256 over the hashes of the legs that debit it, in order of its sequence."""


class SealedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A whole row of ledger.leg."""

    cell: int
    transaction: UUID
    number: int
    action: int
    debit: UUID
    credit: UUID
    amount: int
    debit_sequence: int
    credit_sequence: int
    debit_balance: int
    credit_balance: int
    debit_sign: int
    credit_sign: int
    effective_at: datetime
    booked_at: datetime
    business_date: date
    kind: str
    reference: str
    memo: str
    reverses: UUID | None
    hold: UUID | None
    metadata: str | None
    """As PostgreSQL writes jsonb: the text that was hashed."""


class AccountName(msgspec.Struct, frozen=True, kw_only=True):
    """Whose an account is; its id is derived from this."""

    id: UUID
    code: str
    owner: str
    currency: str


class Unsealed(msgspec.Struct, frozen=True, kw_only=True):
    """An account that has moved since its book was last sealed."""

    book: str
    account: UUID
    sealed: int
    """Sequence up to which it is sealed, with the counters after it."""
    debits: int
    credits: int
    held_debits: int
    held_credits: int
    sequence: int
    """Of its newest entry."""
    first_at: datetime
    """When its oldest unsealed entry was booked."""
    last_at: datetime


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What one round of sealing did."""

    blocks: list[Block]
    """At most one a book; none for a book in which nothing moved."""
    more: bool
    """A block ended before the newest entry: there is more to seal now."""


class SealState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a book is sealed."""

    book: str
    number: int
    """Of its newest block; 0 when there is none."""
    sealed_at: datetime | None
    root: str
    """Of its newest block, as hex digits; empty when there is none."""
    unsealed_legs: int
