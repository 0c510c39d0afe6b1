"""SQL of the clearing domain."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from feiqian.clearing.model import ClosedDay, Settlement
from feiqian.infra.database import Transaction

_DAY = "SELECT trade_date, currency, merchants, amount, closed_at FROM clearing.day"


class Booked(msgspec.Struct, frozen=True):
    """What was settled for one merchant after a date."""

    merchant: UUID
    amount: int


async def begin_day(tx: Transaction, day: ClosedDay) -> bool:
    """Claim a date; False when it is closed. A second closer waits here until the first has committed."""
    return bool(
        await tx.execute(
            "INSERT INTO clearing.day (cell, trade_date, currency, merchants, amount, closed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (tx.cell, day.trade_date, day.currency, day.merchants, day.amount, day.closed_at),
        )
    )


async def read_day(tx: Transaction, day: date, currency: str) -> ClosedDay | None:
    return await tx.maybe(
        ClosedDay, _DAY + " WHERE cell = %s AND trade_date = %s AND currency = %s", (tx.cell, day, currency)
    )


async def newest_day(tx: Transaction, currency: str) -> ClosedDay | None:
    """The last date that was closed."""
    return await tx.maybe(
        ClosedDay,
        _DAY + " WHERE cell = %s AND currency = %s ORDER BY trade_date DESC LIMIT 1",
        (tx.cell, currency),
    )


async def settled_after(tx: Transaction, day: date, currency: str) -> dict[UUID, int]:
    """What was settled of earlier dates with a booking after ``day``: a late close must not settle it again."""
    rows = await tx.all(
        Booked,
        "SELECT merchant, sum(amount)::bigint AS amount FROM clearing.settlement"
        " WHERE cell = %s AND currency = %s AND trade_date < %s AND settled_on > %s GROUP BY merchant",
        (tx.cell, currency, day, day),
    )
    return {row.merchant: row.amount for row in rows}


async def insert_settlements(tx: Transaction, settlements: Sequence[Settlement]) -> None:
    await tx.execute(
        "INSERT INTO clearing.settlement (cell, id, trade_date, currency, merchant, amount, settled_on)"
        " SELECT %s, s.id, s.trade_date, s.currency, s.merchant, s.amount, s.settled_on"
        " FROM unnest(%s::uuid[], %s::date[], %s::text[], %s::uuid[], %s::bigint[], %s::date[])"
        " AS s (id, trade_date, currency, merchant, amount, settled_on)",
        (
            tx.cell,
            [row.id for row in settlements],
            [row.trade_date for row in settlements],
            [row.currency for row in settlements],
            [row.merchant for row in settlements],
            [row.amount for row in settlements],
            [row.settled_on for row in settlements],
        ),
    )


async def settled_by_day(tx: Transaction, *, first: date, last: date, currency: str) -> dict[date, int]:
    """What became available of each trade date, net."""
    rows = await tx.all(
        ClosedDay,
        _DAY + " WHERE cell = %s AND currency = %s AND trade_date BETWEEN %s AND %s ORDER BY trade_date",
        (tx.cell, currency, first, last),
    )
    return {row.trade_date: row.amount for row in rows}


async def total_settled(tx: Transaction, currency: str) -> int:
    """Everything that ever became available, net of what refunds took back; minor units."""
    return await tx.one(
        int,
        "SELECT coalesce(sum(amount), 0)::bigint FROM clearing.day WHERE cell = %s AND currency = %s",
        (tx.cell, currency),
    )
