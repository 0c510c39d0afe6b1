"""Holds: what is reserved, and what became of it."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger.model import Hold, HoldState, PostedTransaction
from feiqian.ledger.queries.conditions import and_given
from feiqian.ledger.store import read_holds, read_posted

HOLD = "SELECT id, debit, credit, amount, captured, released, expires_at, opened_at, state FROM ledger.hold"


class HoldFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which holds are asked for; what is None does not matter."""

    account: UUID | None = None
    """That it debits or credits."""
    state: HoldState | None = None
    expires_before: datetime | None = None
    """Its time is over by then."""


class HoldHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A hold and its transactions."""

    hold: Hold
    transactions: list[PostedTransaction]
    """The one that opened it, then its captures, releases and expiry in order of booking."""


async def find_holds(
    tx: Transaction, *, only: HoldFilter | None = None, before: UUID | None = None, limit: int = 50
) -> list[Hold]:
    """Holds by id, the newest first, those below ``before``."""
    asked = only or HoldFilter()
    conditions, values = and_given(
        [
            ("state = %s", None if asked.state is None else asked.state.value),
            ("expires_at < %s", asked.expires_before),
            ("id < %s", before),
        ]
    )
    rest: LiteralString = conditions + " ORDER BY id DESC LIMIT %s"
    if asked.account is None:
        return await tx.all(Hold, HOLD + " WHERE cell = %s" + rest, (tx.cell, *values, limit))
    # Each side has an index in the order of the list.
    one_side = (tx.cell, asked.account, *values, limit)
    return await tx.all(
        Hold,
        "(" + HOLD + " WHERE cell = %s AND debit = %s" + rest + ") UNION ALL ("
        + HOLD + " WHERE cell = %s AND credit = %s" + rest + ") ORDER BY id DESC LIMIT %s",
        (*one_side, *one_side, limit),
    )  # fmt: skip


async def hold_history(tx: Transaction, *, id: UUID) -> HoldHistory:
    """One hold with everything that was done with it.

    Raises: NotFound.
    """
    rows = await read_holds(tx, [id])
    if not rows:
        raise NotFound(what="hold", name=show_id("transaction", id))
    acts = await tx.all(
        UUID, "SELECT transaction FROM ledger.leg WHERE cell = %s AND hold = %s AND number = 0", (tx.cell, id)
    )
    # A hold and what resolves it may be of one batch, and then of one moment.
    opening, resolving = await read_posted(tx, [id]), await read_posted(tx, acts)
    return HoldHistory(hold=rows[0], transactions=[*opening, *resolving])
