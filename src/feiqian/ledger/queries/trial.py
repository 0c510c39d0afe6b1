"""Trial balances: what every code of a book, or of a group of accounts, had, moved and has, at any moment.

By business date it is the counters less what later dates moved; by booking time each account's place is looked up by
halving (``moments``), and the entries between two places are summed. Either way the cost is that of the entries
after, or within, the period: never that of the whole history.
"""

from datetime import date, datetime
from typing import LiteralString

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger.queries.moments import HALVING, check_aware


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """A period of business dates, both included; without ``first``, from the beginning."""

    last: date
    first: date | None = None


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A period of booking time, since <= booked < until; without ``since``, from the beginning."""

    until: datetime
    since: datetime | None = None


Period = Days | Booked


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
    Raises: InvalidRequest unless exactly one of ``book`` and ``group`` is named, or when the period ends before it begins.
    """
    if (book is None) == (group is None):
        raise InvalidRequest(field="book", reason="name a book or a group, and not both")
    scope = _BOOK if group is None else _GROUP
    values = {"cell": tx.cell, "scope": book if group is None else group}
    if isinstance(period, Days):
        if period.first is not None and period.first > period.last:
            raise InvalidRequest(field="first", reason="must not be after last")
        moved = _DAYS if period.first is not None else _DAYS_THROUGH
        values |= {"first": period.first, "last": period.last}
        return await tx.all(TrialRow, "WITH " + scope + moved + _SUMMED, values)
    if period.since is not None and check_aware(period.since) > period.until:
        raise InvalidRequest(field="since", reason="must not be after until")
    values |= {"since": period.since, "until": check_aware(period.until)}
    moved = _BOOKED if period.since is not None else _BOOKED_UNTIL
    return await tx.all(TrialRow, "WITH RECURSIVE " + scope + moved + _SUMMED, values)


_BOOK: LiteralString = "scope AS (SELECT * FROM ledger.account WHERE cell = %(cell)s AND book = %(scope)s)"
_GROUP: LiteralString = (
    "scope AS (SELECT a.* FROM ledger.account_group g JOIN ledger.account a ON a.cell = g.cell AND a.id = g.account"
    "  WHERE g.cell = %(cell)s AND g.name = %(scope)s)"
)

# Each of the following defines moved (id, debits, credits, closing) for the accounts of scope.
_SIDES: LiteralString = (
    " ledger.leg l CROSS JOIN LATERAL (VALUES (l.debit, l.amount, 0::bigint), (l.credit, 0::bigint, l.amount))"
    " AS s (account, debit, credit)"
)
_DAYS: LiteralString = (
    ", leg AS ("
    "  SELECT s.account,"
    "    coalesce(sum(s.debit) FILTER (WHERE l.business_date <= %(last)s), 0) AS debits,"
    "    coalesce(sum(s.credit) FILTER (WHERE l.business_date <= %(last)s), 0) AS credits,"
    "    coalesce(sum(s.debit - s.credit) FILTER (WHERE l.business_date > %(last)s), 0) AS later"
    "  FROM" + _SIDES + "  WHERE l.cell = %(cell)s AND l.business_date >= %(first)s AND l.action IN (0, 2)"
    "  GROUP BY s.account"
    "), moved AS ("
    "  SELECT a.id, coalesce(l.debits, 0) AS debits, coalesce(l.credits, 0) AS credits,"
    "    a.sign * (a.debits - a.credits - coalesce(l.later, 0)) AS closing"
    "  FROM scope a LEFT JOIN leg l ON l.account = a.id)"
)
_DAYS_THROUGH: LiteralString = (
    ", leg AS ("
    "  SELECT s.account, sum(s.debit) AS debits, sum(s.credit) AS credits"
    "  FROM" + _SIDES + "  WHERE l.cell = %(cell)s AND l.business_date > %(last)s AND l.action IN (0, 2)"
    "  GROUP BY s.account"
    "), moved AS ("
    "  SELECT a.id, a.debits - coalesce(l.debits, 0) AS debits, a.credits - coalesce(l.credits, 0) AS credits,"
    "    a.sign * (a.debits - a.credits - coalesce(l.debits, 0) + coalesce(l.credits, 0)) AS closing"
    "  FROM scope a LEFT JOIN leg l ON l.account = a.id)"
)
_BETWEEN: LiteralString = (
    " CROSS JOIN LATERAL (SELECT coalesce(sum(d.amount), 0) AS amount FROM ledger.leg d"
    "   WHERE d.cell = %(cell)s AND d.debit = a.id AND d.debit_sequence > r.low AND d.debit_sequence <= r.high"
    "   AND d.action IN (0, 2)) debit"
    " CROSS JOIN LATERAL (SELECT coalesce(sum(c.amount), 0) AS amount FROM ledger.leg c"
    "   WHERE c.cell = %(cell)s AND c.credit = a.id AND c.credit_sequence > r.low AND c.credit_sequence <= r.high"
    "   AND c.action IN (0, 2)) credit"
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
    "), moved AS ("
    "  SELECT a.id, debit.amount AS debits, credit.amount AS credits, r.closing"
    "  FROM scope a JOIN range r ON r.account = a.id" + _BETWEEN + ")"
)
_BOOKED_UNTIL: LiteralString = (
    ", asked (account, moment) AS (SELECT id, %(until)s::timestamptz FROM scope)," + HALVING + ", range AS ("
    "  SELECT p.account, p.sequence AS low, a.sequence AS high, p.balance AS closing"
    "  FROM place p JOIN scope a ON a.id = p.account"
    "), moved AS ("
    "  SELECT a.id, a.debits - debit.amount AS debits, a.credits - credit.amount AS credits, r.closing"
    "  FROM scope a JOIN range r ON r.account = a.id" + _BETWEEN + ")"
)
_SUMMED: LiteralString = (
    ", line AS ("
    "  SELECT a.book, a.code, a.currency, a.sign, m.debits, m.credits, m.closing,"
    "    m.closing - a.sign * (m.debits - m.credits) AS opening"
    "  FROM moved m JOIN scope a ON a.id = m.id)"
    " SELECT book, code, currency, sign, count(*) AS accounts, sum(opening)::bigint AS opening,"
    "  sum(debits)::bigint AS debits, sum(credits)::bigint AS credits, sum(closing)::bigint AS closing"
    " FROM line WHERE opening <> 0 OR debits <> 0 OR credits <> 0"
    " GROUP BY book, code, currency, sign ORDER BY book, code, currency"
)
