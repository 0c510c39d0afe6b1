"""Values of account keeping: changes, own subjects, groups."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.ledger.chart import Side


class ChangeKind(StrEnum):
    """What was changed about an account."""

    OPENED = "opened"
    """It was opened by name; after: its overdraft limit, null without limit. Opening on first use is not written down."""
    FROZEN = "frozen"
    """Before and after are values of Frozen."""
    OVERDRAFT = "overdraft"
    """Before and after are limits in minor units, null without limit."""
    CLOSED = "closed"
    """For good; before and after are null."""


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.account_change."""

    id: UUID
    changed_at: datetime
    what: ChangeKind
    before: int | None
    after: int | None
    reason: str
    changed_by: str


class OwnSubject(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.subject: a kind of account that a platform defined for books of its own."""

    code: str
    sign: int
    overdraft: int | None
    """That its accounts open with, minor units; None without limit."""
    chinese: str
    english: str
    created_at: datetime

    @property
    def side(self) -> Side:
        """On which its accounts grow."""
        return Side.DEBIT if self.sign > 0 else Side.CREDIT


class AccountGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A named set of accounts."""

    name: str
    accounts: int
    """How many."""
