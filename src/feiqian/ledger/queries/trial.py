"""Trial balances: what every code of a book, or of a group of accounts, had, moved and has, at any moment.

By business date it is the counters less what later dates moved; by booking time each account's place is looked up by
halving (``moments``), and the entries between two places are summed. Either way the cost is that of the entries
after, or within, the period: never that of the whole history. Archived legs count by business date only.
"""

from datetime import UTC, date, datetime, timedelta
from typing import LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger.queries.moments import HALVING, MomentArchived, check_aware, check_days, refuse_archived
from feiqian.ledger.queries.moved import MOVED


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """A period of business dates, both included; without ``first``, from the beginning."""

    last: date
    first: date | None = None


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A period of booking time, since <= booked < until; without ``since``, from the beginning."""

    until: datetime
    since: datetime | None = None


Period = Days | Booked


async def refuse_archived_period(tx: Transaction, *, account: UUID, period: Period) -> None:
    """Raises: MomentArchived when entries of one account in that period are in the archive; InvalidRequest."""
    if isinstance(period, Booked):
        await refuse_archived(tx, accounts=[account], moment=period.since or _BEGINNING)
        return
    check_days(period.first, period.last)
    since = await tx.maybe(
        date,
        "SELECT business_date + 1 FROM ledger.archived_total WHERE cell = %s AND account = %s"
        " AND business_date >= %s AND business_date <= %s ORDER BY business_date DESC LIMIT 1",
        (tx.cell, account, period.first or date.min, period.last),
    )
    if since is not None:
        raise MomentArchived(since=since)


_BEGINNING = datetime.min.replace(tzinfo=UTC)


class TrialRow(msgspec.Struct, frozen=True, kw_only=True):
    """One code in one currency; minor units. Balances are signed in the code's own direction."""

    book: str
    code: str
    currency: str
    sign: int
    """1: debits raise it; -1: credits raise it."""
    accounts: int
    """How many of its accounts had or moved something."""
    opening: int
    debits: int
    credits: int
    closing: int

    @property
    def opening_debit(self) -> int:
        return max(self.sign * self.opening, 0)

    @property
    def opening_credit(self) -> int:
        return max(-self.sign * self.opening, 0)

    @property
    def closing_debit(self) -> int:
        return max(self.sign * self.closing, 0)

    @property
    def closing_credit(self) -> int:
        return max(-self.sign * self.closing, 0)


async def trial_balance(
    tx: Transaction, *, period: Period, book: str | None = None, group: str | None = None
) -> list[TrialRow]:
    """Opening, movement and closing of every code and currency of a book or of a group, by book, code and currency.

    Codes that neither had nor moved anything are left out. In a book the debit columns equal the credit columns.
    Raises: InvalidRequest unless exactly one of ``book`` and ``group`` is named, or when the period ends before it begins;
    MomentArchived when booking times reach back into the archive.
    """
    if (book is None) == (group is None):
        raise InvalidRequest(field="book", reason="name a book or a group, and not both")
    scope = _BOOK if group is None else _GROUP
    values: dict[str, object] = {"cell": tx.cell, "scope": book if group is None else group}
    if isinstance(period, Days):
        return await _by_date(tx, period, scope, values)
    return await _by_booking(tx, period, scope, values)


async def _by_date(
    tx: Transaction, period: Days, scope: LiteralString, values: dict[str, object]
) -> list[TrialRow]:
    first, last = period.first, period.last
    check_days(first, last)
    # Without a first date only what is later is read, and taken off the counters.
    moved = _DAYS_THROUGH if first is None else _DAYS
    values |= {"first": first or last + timedelta(days=1), "last": last}
    return await tx.all(TrialRow, "WITH " + scope + moved + _SUMMED, values)


async def _by_booking(
    tx: Transaction, period: Booked, scope: LiteralString, values: dict[str, object]
) -> list[TrialRow]:
    since, until = period.since, check_aware(period.until)
    if since is not None and check_aware(since) > until:
        raise InvalidRequest(field="since", reason="must not be after until")
    values |= {"since": since, "until": until, "from": since or until}
    archived = await tx.maybe(
        datetime,
        "WITH " + scope + " SELECT o.booked_at FROM scope a"
        " JOIN ledger.opening o ON o.cell = a.cell AND o.account = a.id WHERE o.booked_at >= %(from)s"
        " ORDER BY o.booked_at DESC LIMIT 1",
        values,
    )
    if archived is not None:
        raise MomentArchived(since=archived.isoformat())
    moved = _BOOKED_UNTIL if since is None else _BOOKED
    return await tx.all(TrialRow, "WITH RECURSIVE " + scope + moved + _SUMMED, values)


_BOOK: LiteralString = "scope AS (SELECT * FROM ledger.account WHERE cell = %(cell)s AND book = %(scope)s)"
_GROUP: LiteralString = (
    "scope AS (SELECT a.* FROM ledger.account_group g JOIN ledger.account a ON a.cell = g.cell AND a.id = g.account"
    "  WHERE g.cell = %(cell)s AND g.name = %(scope)s)"
)

# Each of the following defines change (id, debits, credits, closing) for the accounts of scope.
_DAYS: LiteralString = (
    ", leg AS ("
    "  SELECT account,"
    "    coalesce(sum(debits) FILTER (WHERE business_date <= %(last)s), 0) AS debits,"
    "    coalesce(sum(credits) FILTER (WHERE business_date <= %(last)s), 0) AS credits,"
    "    coalesce(sum(debits - credits) FILTER (WHERE business_date > %(last)s), 0) AS later"
    "  FROM" + MOVED + " GROUP BY account"
    "), change AS ("
    "  SELECT a.id, coalesce(l.debits, 0) AS debits, coalesce(l.credits, 0) AS credits,"
    "    a.sign * (a.debits - a.credits - coalesce(l.later, 0)) AS closing"
    "  FROM scope a LEFT JOIN leg l ON l.account = a.id)"
)
_DAYS_THROUGH: LiteralString = (
    ", leg AS ("
    "  SELECT account, sum(debits) AS debits, sum(credits) AS credits FROM" + MOVED + " GROUP BY account"
    "), change AS ("
    "  SELECT a.id, a.debits - coalesce(l.debits, 0) AS debits, a.credits - coalesce(l.credits, 0) AS credits,"
    "    a.sign * (a.debits - a.credits - coalesce(l.debits, 0) + coalesce(l.credits, 0)) AS closing"
    "  FROM scope a LEFT JOIN leg l ON l.account = a.id)"
)
_BETWEEN: LiteralString = (
    " CROSS JOIN LATERAL (SELECT coalesce(sum(d.amount), 0) AS amount FROM ledger.leg d"
    "   WHERE d.cell = %(cell)s AND d.debit = a.id AND d.debit_sequence > r.low AND d.debit_sequence <= r.high"
    "   AND d.action IN (0, 2) AND r.low < r.high) debit"
    " CROSS JOIN LATERAL (SELECT coalesce(sum(c.amount), 0) AS amount FROM ledger.leg c"
    "   WHERE c.cell = %(cell)s AND c.credit = a.id AND c.credit_sequence > r.low AND c.credit_sequence <= r.high"
    "   AND c.action IN (0, 2) AND r.low < r.high) credit"
)
_BOOKED: LiteralString = (
    ", asked (account, moment) AS ("
    "  SELECT a.id, m.moment FROM scope a"
    "  CROSS JOIN unnest(ARRAY[%(since)s, %(until)s]::timestamptz[]) AS m (moment)),"
    + HALVING
    + ", range AS ("
    "  SELECT account, min(sequence) AS low, max(sequence) AS high,"
    "    (array_agg(balance ORDER BY moment DESC))[1] AS closing"
    "  FROM place GROUP BY account"
    "), change AS ("
    "  SELECT a.id, debit.amount AS debits, credit.amount AS credits, r.closing"
    "  FROM scope a JOIN range r ON r.account = a.id" + _BETWEEN + ")"
)
_BOOKED_UNTIL: LiteralString = (
    ", asked (account, moment) AS (SELECT id, %(until)s::timestamptz FROM scope)," + HALVING + ", range AS ("
    "  SELECT p.account, p.sequence AS low, a.sequence AS high, p.balance AS closing"
    "  FROM place p JOIN scope a ON a.id = p.account"
    "), change AS ("
    "  SELECT a.id, a.debits - debit.amount AS debits, a.credits - credit.amount AS credits, r.closing"
    "  FROM scope a JOIN range r ON r.account = a.id" + _BETWEEN + ")"
)
_SUMMED: LiteralString = (
    ", line AS ("
    "  SELECT a.book, a.code, a.currency, a.sign, m.debits, m.credits, m.closing,"
    "    m.closing - a.sign * (m.debits - m.credits) AS opening"
    "  FROM change m JOIN scope a ON a.id = m.id)"
    " SELECT book, code, currency, sign, count(*) AS accounts, sum(opening)::bigint AS opening,"
    "  sum(debits)::bigint AS debits, sum(credits)::bigint AS credits, sum(closing)::bigint AS closing"
    " FROM line WHERE opening <> 0 OR debits <> 0 OR credits <> 0"
    " GROUP BY book, code, currency, sign ORDER BY book, code, currency"
)
