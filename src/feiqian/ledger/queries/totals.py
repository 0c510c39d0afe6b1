"""What codes and owners have and move: sums over many accounts."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from feiqian.infra.database import Transaction
from feiqian.ledger.chart import AccountCode
from feiqian.ledger.model import Account
from feiqian.ledger.queries.moved import MOVED, OF_THE_HOUSE
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

    What the accounts have now less what later dates moved.
    """
    return await tx.all(
        OwnerBalance,
        "WITH later AS (SELECT account, sum(debits - credits) AS amount FROM"
        + MOVED
        + " GROUP BY account), had AS ("
        "  SELECT a.owner, a.sign * (a.debits - a.credits - coalesce(l.amount, 0)) AS balance"
        "  FROM ledger.account a LEFT JOIN later l ON l.account = a.id"
        "  WHERE a.cell = %(cell)s AND a.code = %(code)s AND a.currency = %(currency)s)"
        " SELECT owner, balance::bigint AS balance FROM had WHERE balance <> 0 ORDER BY owner",
        {"cell": tx.cell, "code": code.value, "currency": currency, "first": day + timedelta(days=1)},
    )


async def code_balances(tx: Transaction, *, through: date | None = None) -> list[CodeBalance]:
    """Balance of every account code in every book of the house, now or at the end of a business date."""
    if through is None:
        return await tx.all(
            CodeBalance,
            "SELECT book, code, currency, sum(sign * (debits - credits))::bigint AS balance FROM ledger.account a"
            " WHERE cell = %s AND" + OF_THE_HOUSE + " GROUP BY book, code, currency ORDER BY book, code",
            (tx.cell,),
        )
    return await tx.all(
        CodeBalance,
        "WITH later AS ("
        "  SELECT account, sum(debits) AS debits, sum(credits) AS credits FROM" + MOVED + " GROUP BY account"
        "), had AS ("
        "  SELECT a.book, a.code, a.currency, a.sign, a.debits - coalesce(l.debits, 0) AS debits,"
        "    a.credits - coalesce(l.credits, 0) AS credits"
        "  FROM ledger.account a LEFT JOIN later l ON l.account = a.id"
        "  WHERE a.cell = %(cell)s AND" + OF_THE_HOUSE + ")"
        " SELECT book, code, currency, sum(sign * (debits - credits))::bigint AS balance"
        " FROM had WHERE debits > 0 OR credits > 0 GROUP BY book, code, currency ORDER BY book, code",
        {"cell": tx.cell, "first": through + timedelta(days=1)},
    )


async def code_totals(tx: Transaction, *, day: date) -> list[CodeTotal]:
    """Debits and credits of one business date by book, kind and account code: what the house's vouchers are written from."""
    return await tx.all(
        CodeTotal,
        "SELECT a.book, moved.kind, a.code, a.currency, sum(moved.debits)::bigint AS debit, sum(moved.credits)::bigint AS credit,"
        " (count(DISTINCT moved.transaction) + sum(moved.archived))::bigint AS transactions"
        " FROM" + MOVED + " JOIN ledger.account a ON a.cell = %(cell)s AND a.id = moved.account"
        " WHERE moved.business_date <= %(first)s AND"
        + OF_THE_HOUSE
        + " GROUP BY a.book, moved.kind, a.code, a.currency"
        " ORDER BY a.book, moved.kind, a.code",
        {"cell": tx.cell, "first": day},
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
        "WITH scope AS ("
        "  SELECT cell, id, sign FROM ledger.account WHERE cell = %(cell)s AND code = %(code)s"
        "  AND (%(owner)s::text IS NULL OR owner = %(owner)s)"
        "), moved AS ("
        "  SELECT e.business_date, e.kind, e.amount, e.transaction, 0::bigint AS archived"
        "  FROM scope a JOIN ledger.entry e ON e.cell = a.cell AND e.account = a.id AND e.action IN (0, 2)"
        "  WHERE e.business_date BETWEEN %(first)s AND %(last)s"
        "  UNION ALL"
        "  SELECT t.business_date, t.kind, a.sign * (t.debits - t.credits), NULL::uuid, t.transactions"
        "  FROM scope a JOIN ledger.archived_total t ON t.cell = a.cell AND t.account = a.id"
        "  WHERE t.business_date BETWEEN %(first)s AND %(last)s)"
        " SELECT business_date, kind, sum(amount)::bigint AS amount,"
        " (count(DISTINCT transaction) + sum(archived))::bigint AS entries"
        " FROM moved GROUP BY business_date, kind ORDER BY business_date, kind",
        {"cell": tx.cell, "code": code.value, "owner": owner, "first": first, "last": last},
    )
