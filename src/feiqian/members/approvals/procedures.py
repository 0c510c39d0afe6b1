"""How a kind of proposal is decided: what every domain that needs a second person brings along."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from feiqian.infra.database import Transaction
from feiqian.members.approvals.model import Permission, Proposal

Act = Callable[[Transaction, Proposal, datetime], Awaitable[None]]


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of proposal is decided, and what becomes of it."""

    kind: str
    chinese: str
    english: str
    maker: Permission
    """What is needed to propose, and to withdraw one's own."""
    checker: Permission
    """What is needed to approve or reject; never used by the maker."""
    execute: Act
    """Does what was approved, in the transaction of the approval: raising takes the approval back."""
    dismiss: Act
    """Puts away what was rejected or withdrawn, in that transaction; ``state`` says which."""
