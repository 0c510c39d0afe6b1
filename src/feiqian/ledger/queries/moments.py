"""Balances as they were: at a moment of booking, or at the end of a business date.

By booking time an account's entries are in order, for booking never runs backwards in an account; so the newest entry
before a moment is found by halving its sequence, some twenty look-ups among a million entries, and carries the balance.

By business date they are in no order, for an entry may be backdated or ahead of its time. The balance is what the account
has now less what belongs to later dates: exact, fast for recent dates, and as slow as the later entries are many.

Where old legs were archived, an account's history begins with ``ledger.opening``, and what the archive moved is kept by
date in ``ledger.archived_total``: business dates are read as before, booking times after the archive only.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import end_of
from feiqian.kernel.errors import InvalidRequest, NotFound, Refusal
from feiqian.kernel.ids import show_id

Moment = datetime | date
"""A datetime is booking time: what was booked before it. A date is a business date: everything that belongs to it or an
earlier one, whenever it was booked."""


class MomentArchived(Refusal):
    """What was booked then is no longer in the ledger's tables."""

    code = "moment_archived"
    status = 422
    english = "What was booked before {since} is archived. Ask for a later moment, or by business date."
    chinese = "{since} 之前的记账已归档，请查询之后的时刻，或按业务日期查询。"


class MomentBalance(msgspec.Struct, frozen=True, kw_only=True):
    """An account's balance at a moment, minor units, in its own direction."""

    account: UUID
    book: str
    code: str
    owner: str
    currency: str
    balance: int


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A balance at the end of a day, minor units."""

    day: date
    balance: int


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an account stood at a moment of booking."""

    account: UUID
    moment: datetime
    sequence: int
    """Of the newest entry before the moment; 0 when there was none."""
    balance: int


HALVING: LiteralString = (
    # asked (account, moment) -> place (account, moment, sequence, balance): the newest entry before each moment, or what
    # the account's history begins with. low was booked before the moment, what is above high was not.
    " half (account, moment, low, high) AS ("
    "  SELECT p.account, p.moment,"
    "    CASE WHEN a.booked_at < p.moment THEN a.sequence ELSE coalesce(o.sequence, 0) END, a.sequence"
    "  FROM asked p JOIN ledger.account a ON a.cell = %(cell)s AND a.id = p.account"
    "  LEFT JOIN ledger.opening o ON o.cell = a.cell AND o.account = a.id"
    "  UNION ALL"
    "  SELECT h.account, h.moment, CASE WHEN e.booked_at < h.moment THEN e.sequence ELSE h.low END,"
    "         CASE WHEN e.booked_at < h.moment THEN h.high ELSE e.sequence - 1 END"
    "  FROM half h CROSS JOIN LATERAL ("
    "    SELECT d.booked_at, d.debit_sequence AS sequence FROM ledger.leg d WHERE d.cell = %(cell)s"
    "      AND d.debit = h.account AND d.debit_sequence = (h.low + h.high + 1) / 2"
    "    UNION ALL"
    "    SELECT c.booked_at, c.credit_sequence FROM ledger.leg c WHERE c.cell = %(cell)s"
    "      AND c.credit = h.account AND c.credit_sequence = (h.low + h.high + 1) / 2"
    "    LIMIT 1) e"
    "  WHERE h.low < h.high"
    "), place AS ("
    "  SELECT h.account, h.moment, h.low AS sequence, coalesce(e.balance, b.balance, 0) AS balance"
    "  FROM half h LEFT JOIN LATERAL ("
    "    SELECT d.debit_balance AS balance FROM ledger.leg d"
    "      WHERE d.cell = %(cell)s AND d.debit = h.account AND d.debit_sequence = h.low"
    "    UNION ALL"
    "    SELECT c.credit_balance FROM ledger.leg c"
    "      WHERE c.cell = %(cell)s AND c.credit = h.account AND c.credit_sequence = h.low"
    "    LIMIT 1) e ON true LEFT JOIN LATERAL ("
    "    SELECT a.sign * (o.debits - o.credits) AS balance FROM ledger.opening o"
    "      JOIN ledger.account a ON a.cell = o.cell AND a.id = o.account"
    "      WHERE o.cell = %(cell)s AND o.account = h.account AND o.sequence = h.low) b ON true"
    "  WHERE h.low = h.high)"
)
"""Part of a WITH RECURSIVE."""


async def places(tx: Transaction, *, asked: Sequence[tuple[UUID, datetime]]) -> list[Place]:
    """The newest entry before a moment, for many accounts and moments at once; accounts not open are absent."""
    return await tx.all(
        Place,
        "WITH RECURSIVE asked (account, moment) AS ("
        "  SELECT * FROM unnest(%(accounts)s::uuid[], %(moments)s::timestamptz[])),"
        + HALVING
        + " SELECT account, moment, sequence, balance FROM place",
        {
            "cell": tx.cell,
            "accounts": [account for account, _ in asked],
            "moments": [check_aware(moment) for _, moment in asked],
        },
    )


async def balances_at(tx: Transaction, *, accounts: Sequence[UUID], moment: Moment) -> list[MomentBalance]:
    """What accounts had at a moment, in the order asked.

    Raises: NotFound for the first account that is not open, InvalidRequest for a moment without a time zone,
    MomentArchived.
    """
    values = {"cell": tx.cell, "accounts": list(accounts), "moment": moment}
    if isinstance(moment, datetime):
        await refuse_archived(tx, accounts=accounts, moment=check_aware(moment))
        rows = await tx.all(
            MomentBalance,
            "WITH RECURSIVE asked (account, moment) AS ("
            "  SELECT DISTINCT id, %(moment)s::timestamptz FROM unnest(%(accounts)s::uuid[]) AS a (id)),"
            + HALVING
            + " SELECT a.id AS account, a.book, a.code, a.owner, a.currency, p.balance"
            " FROM place p JOIN ledger.account a ON a.cell = %(cell)s AND a.id = p.account",
            values,
        )
    else:
        rows = await tx.all(MomentBalance, _AT_DATE, values)
    found = {row.account: row for row in rows}
    for account in accounts:
        if account not in found:
            raise NotFound(what="account", name=show_id("account", account))
    return [found[account] for account in accounts]


# One statement, so that the counters and what is taken off them are of the same moment.
_AT_DATE: LiteralString = (
    "WITH later AS ("
    "  SELECT debit AS account, debit_sign * amount AS amount FROM ledger.leg"
    "  WHERE cell = %(cell)s AND debit = ANY(%(accounts)s) AND business_date > %(moment)s AND action IN (0, 2)"
    "  UNION ALL SELECT credit, -credit_sign * amount FROM ledger.leg"
    "  WHERE cell = %(cell)s AND credit = ANY(%(accounts)s) AND business_date > %(moment)s AND action IN (0, 2)"
    "  UNION ALL SELECT t.account, a.sign * (t.debits - t.credits) FROM ledger.archived_total t"
    "  JOIN ledger.account a ON a.cell = t.cell AND a.id = t.account"
    "  WHERE t.cell = %(cell)s AND t.account = ANY(%(accounts)s) AND t.business_date > %(moment)s)"
    " SELECT a.id AS account, a.book, a.code, a.owner, a.currency,"
    "  (a.sign * (a.debits - a.credits) - coalesce(l.amount, 0))::bigint AS balance"
    " FROM ledger.account a"
    " LEFT JOIN (SELECT account, sum(amount) AS amount FROM later GROUP BY account) l ON l.account = a.id"
    " WHERE a.cell = %(cell)s AND a.id = ANY(%(accounts)s)"
)


async def balance_curve(
    tx: Transaction, *, account: UUID, first: date, last: date, points_max: int = 366
) -> list[CurvePoint]:
    """An account's balance at the end of each day first … last by booking time, for a chart.

    Of more days than ``points_max``, evenly spaced ones are given, the last always among them. Each point costs the
    look-ups of one halving, however many entries the account has.
    Raises: InvalidRequest, MomentArchived.
    """
    check_days(first, last)
    if points_max < 1:
        raise InvalidRequest(field="points_max", reason="must be at least 1")
    count = (last - first).days + 1
    step = -(-count // points_max)
    days = [last - timedelta(days=number) for number in range(0, count, step)][::-1]
    asked = {end_of(day): day for day in days}
    await refuse_archived(tx, accounts=[account], moment=min(asked))
    found = await places(tx, asked=[(account, moment) for moment in asked])
    points = [CurvePoint(day=asked[place.moment], balance=place.balance) for place in found]
    return sorted(points, key=lambda point: point.day)


async def refuse_archived(tx: Transaction, *, accounts: Sequence[UUID], moment: datetime) -> None:
    """Raises: MomentArchived when the archive has what was booked by one of the accounts at that moment or later."""
    since = await tx.maybe(
        datetime,
        "SELECT booked_at FROM ledger.opening WHERE cell = %s AND account = ANY(%s) AND booked_at >= %s"
        " ORDER BY booked_at DESC LIMIT 1",
        (tx.cell, list(accounts), moment),
    )
    if since is not None:
        raise MomentArchived(since=since.isoformat())


def check_days(first: date | None, last: date) -> None:
    """Raises: InvalidRequest when the first comes after the last, or a year has no neighbours in the calendar."""
    if first is not None and first > last:
        raise InvalidRequest(field="first", reason="must not be after last")
    if last.year >= date.max.year or (first is not None and first.year <= date.min.year):
        raise InvalidRequest(field="last", reason="must be of the years 2 to 9998")


def check_aware(moment: datetime) -> datetime:
    """Return ``moment`` if it says its time zone.

    Raises: InvalidRequest.
    """
    if moment.tzinfo is None:
        raise InvalidRequest(
            field="moment", reason="must say its time zone, such as 2026-03-01T00:00:00+08:00"
        )
    return moment
