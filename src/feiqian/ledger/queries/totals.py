"""What codes and owners have and move: sums over many accounts."""

from collections.abc import Sequence
from datetime import date

import msgspec

from feiqian.infra.database import Transaction
from feiqian.ledger.chart import AccountCode
from feiqian.ledger.model import Account
from feiqian.ledger.store import ACCOUNT


class CodeTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What an account code moved, by the transactions' kind, in one book; minor units."""

    book: str
    kind: str
    code: AccountCode
    currency: str
    debit: int
    credit: int
    transactions: int


class CodeBalance(msgspec.Struct, frozen=True, kw_only=True):
    """The summed balance of all accounts of one code in one book, signed in the code's own direction."""

    book: str
    code: AccountCode
    currency: str
    balance: int


class OwnerBalance(msgspec.Struct, frozen=True, kw_only=True):
    """One owner's balance on an account code."""

    owner: str
    balance: int


class DayTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of transaction moved on one account code on one business date, in the account's direction."""

    business_date: date
    kind: str
    amount: int
    entries: int


async def balances_by_owner(
    tx: Transaction, *, code: AccountCode, owners: Sequence[str] | None = None
) -> dict[str, int]:
    """Current balances of every owner's account of that code (or of the named owners'); unused accounts are absent."""
    rows = await tx.all(
        Account,
        ACCOUNT + " WHERE cell = %s AND code = %s AND (%s::text[] IS NULL OR owner = ANY(%s)) ORDER BY owner",
        (tx.cell, code.value, owners, owners),
    )
    return {row.owner: row.balance for row in rows}


async def balances_at_close(
    tx: Transaction, *, code: AccountCode, currency: str, day: date
) -> list[OwnerBalance]:
    """Each owner's balance at the end of a business date, zero balances left out, ordered by owner.

    For codes that are only ever posted on the date of booking: the newest entry of that date or before carries it.
    """
    return await tx.all(
        OwnerBalance,
        "SELECT a.owner, e.balance FROM ledger.account a CROSS JOIN LATERAL ("
        "  SELECT balance FROM ledger.entry WHERE cell = a.cell AND account = a.id AND business_date <= %s"
        "  ORDER BY sequence DESC LIMIT 1) e"
        " WHERE a.cell = %s AND a.code = %s AND a.currency = %s AND e.balance <> 0 ORDER BY a.owner",
        (day, tx.cell, code.value, currency),
    )


async def code_balances(tx: Transaction, *, through: date | None = None) -> list[CodeBalance]:
    """Balance of every account code in every book, now or at the end of a business date (less later dates' legs)."""
    if through is None:
        return await tx.all(
            CodeBalance,
            "SELECT book, code, currency, sum(sign * (debits - credits))::bigint AS balance"
            " FROM ledger.account WHERE cell = %s GROUP BY book, code, currency ORDER BY book, code",
            (tx.cell,),
        )
    return await tx.all(
        CodeBalance,
        "WITH later AS ("
        "  SELECT s.account, sum(s.debit) AS debits, sum(s.credit) AS credits FROM ledger.leg l CROSS JOIN LATERAL"
        "  (VALUES (l.debit, l.amount, 0::bigint), (l.credit, 0::bigint, l.amount)) AS s (account, debit, credit)"
        "  WHERE l.cell = %(cell)s AND l.business_date > %(through)s AND l.action IN (0, 2) GROUP BY s.account"
        "), had AS ("
        "  SELECT a.book, a.code, a.currency, a.sign, a.debits - coalesce(l.debits, 0) AS debits,"
        "    a.credits - coalesce(l.credits, 0) AS credits"
        "  FROM ledger.account a LEFT JOIN later l ON l.account = a.id WHERE a.cell = %(cell)s)"
        " SELECT book, code, currency, sum(sign * (debits - credits))::bigint AS balance"
        " FROM had WHERE debits > 0 OR credits > 0 GROUP BY book, code, currency ORDER BY book, code",
        {"cell": tx.cell, "through": through},
    )


async def code_totals(tx: Transaction, *, day: date) -> list[CodeTotal]:
    """Debits and credits of one business date by book, kind and account code: what vouchers are written from."""
    return await tx.all(
        CodeTotal,
        "WITH side AS ("
        "  SELECT transaction AS id, kind, debit AS account, amount AS debit, 0::bigint AS credit FROM ledger.leg"
        "  WHERE cell = %s AND business_date = %s AND action IN (0, 2)"
        "  UNION ALL SELECT transaction, kind, credit, 0, amount FROM ledger.leg"
        "  WHERE cell = %s AND business_date = %s AND action IN (0, 2))"
        " SELECT a.book, s.kind, a.code, a.currency, sum(s.debit)::bigint AS debit, sum(s.credit)::bigint AS credit,"
        " count(DISTINCT s.id)::bigint AS transactions"
        " FROM side s JOIN ledger.account a ON a.cell = %s AND a.id = s.account"
        " GROUP BY a.book, s.kind, a.code, a.currency ORDER BY a.book, s.kind, a.code",
        (tx.cell, day, tx.cell, day, tx.cell),
    )


async def day_totals(
    tx: Transaction,
    *,
    code: AccountCode,
    owner: str | None = None,
    first: date,
    last: date,
) -> list[DayTotal]:
    """What an account code (of one owner, or of all) moved on each date first … last, by kind."""
    return await tx.all(
        DayTotal,
        "SELECT e.business_date, e.kind, sum(e.amount)::bigint AS amount,"
        " count(DISTINCT e.transaction)::bigint AS entries"
        " FROM ledger.account a JOIN ledger.entry e ON e.cell = a.cell AND e.account = a.id AND e.action IN (0, 2)"
        " WHERE a.cell = %s AND a.code = %s AND (%s::text IS NULL OR a.owner = %s)"
        " AND e.business_date BETWEEN %s AND %s"
        " GROUP BY e.business_date, e.kind ORDER BY e.business_date, e.kind",
        (tx.cell, code.value, owner, owner, first, last),
    )
