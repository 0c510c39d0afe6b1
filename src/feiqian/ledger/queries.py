"""Reads of the ledger for other domains and the faces."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.ledger.chart import CHART, AccountCode, Side
from feiqian.ledger.model import Account, AccountRef, PostedTransaction


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with what its transaction says; amounts in minor units, signed in the account's direction."""

    sequence: int
    booked_at: datetime
    business_date: date
    kind: str
    amount: int
    balance: int
    transaction: UUID
    reference: str
    memo: str


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


_ACCOUNT = "SELECT id, book, code, owner, currency, debits, credits, sequence FROM ledger.account"
_DEBIT_CODES = [code.value for code, subject in CHART.items() if subject.side is Side.DEBIT]


async def balances(tx: Transaction, *, refs: Sequence[AccountRef]) -> dict[AccountRef, int]:
    """Current balances in each account's own direction; accounts never used are zero."""
    rows = await tx.all(
        Account, _ACCOUNT + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, [ref.id for ref in refs])
    )
    found = {row.ref: row.balance for row in rows}
    return {ref: found.get(ref, 0) for ref in refs}


async def accounts_named(tx: Transaction, *, ids: Sequence[UUID]) -> dict[UUID, Account]:
    """Accounts by id: who they belong to."""
    rows = await tx.all(Account, _ACCOUNT + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, list(ids)))
    return {row.id: row for row in rows}


async def balances_by_owner(
    tx: Transaction, *, code: AccountCode, owners: Sequence[str] | None = None
) -> dict[str, int]:
    """Current balances of every owner's account of that code (or of the named owners'); unused accounts are absent."""
    rows = await tx.all(
        Account,
        _ACCOUNT
        + " WHERE cell = %s AND code = %s AND (%s::text[] IS NULL OR owner = ANY(%s)) ORDER BY owner",
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
    """Balance of every account code in every book, now or at the end of a business date (summed from entries)."""
    if through is None:
        return await tx.all(
            CodeBalance,
            "SELECT book, code, currency, (sum(CASE WHEN code = ANY(%s) THEN debits - credits"
            " ELSE credits - debits END))::bigint AS balance"
            " FROM ledger.account WHERE cell = %s GROUP BY book, code, currency ORDER BY book, code",
            (_DEBIT_CODES, tx.cell),
        )
    return await tx.all(
        CodeBalance,
        "SELECT a.book, a.code, a.currency, sum(e.amount)::bigint AS balance"
        " FROM ledger.entry e JOIN ledger.account a ON a.cell = e.cell AND a.id = e.account"
        " WHERE e.cell = %s AND e.business_date <= %s GROUP BY a.book, a.code, a.currency ORDER BY a.book, a.code",
        (tx.cell, through),
    )


async def code_totals(tx: Transaction, *, day: date) -> list[CodeTotal]:
    """Debits and credits of one business date by book, kind and account code: what vouchers are written from.

    Read from the legs, so that both sides of every movement are there.
    """
    return await tx.all(
        CodeTotal,
        "WITH side AS ("
        "  SELECT t.id, t.kind, l.account, l.debit, l.credit FROM ledger.transaction t"
        "  CROSS JOIN LATERAL ("
        "    SELECT d.account, d.amount AS debit, 0::bigint AS credit FROM unnest(t.debits, t.amounts) AS d (account, amount)"
        "    UNION ALL SELECT c.account, 0, c.amount FROM unnest(t.credits, t.amounts) AS c (account, amount)) l"
        "  WHERE t.cell = %s AND t.business_date = %s)"
        " SELECT a.book, s.kind, a.code, a.currency, sum(s.debit)::bigint AS debit, sum(s.credit)::bigint AS credit,"
        " count(DISTINCT s.id)::bigint AS transactions"
        " FROM side s JOIN ledger.account a ON a.cell = %s AND a.id = s.account"
        " GROUP BY a.book, s.kind, a.code, a.currency ORDER BY a.book, s.kind, a.code",
        (tx.cell, day, tx.cell),
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
        "SELECT e.business_date, t.kind, sum(e.amount)::bigint AS amount, count(*)::bigint AS entries"
        " FROM ledger.account a JOIN ledger.entry e ON e.cell = a.cell AND e.account = a.id"
        " JOIN ledger.transaction t ON t.cell = e.cell AND t.id = e.transaction"
        " WHERE a.cell = %s AND a.code = %s AND (%s::text IS NULL OR a.owner = %s)"
        " AND e.business_date BETWEEN %s AND %s"
        " GROUP BY e.business_date, t.kind ORDER BY e.business_date, t.kind",
        (tx.cell, code.value, owner, owner, first, last),
    )


async def closing_balances(tx: Transaction, *, ref: AccountRef, first: date, last: date) -> dict[date, int]:
    """One account's balance at the end of each date on which it moved."""
    rows = await tx.connection.execute(
        "SELECT DISTINCT ON (business_date) business_date, balance FROM ledger.entry"
        " WHERE cell = %s AND account = %s AND business_date BETWEEN %s AND %s"
        " ORDER BY business_date, sequence DESC",
        (tx.cell, ref.id, first, last),
    )
    return dict(await rows.fetchall())


async def statement(
    tx: Transaction, *, ref: AccountRef, before: int | None = None, limit: int = 50
) -> list[StatementLine]:
    """Entries of an account, newest first, those with a sequence below ``before``."""
    return await tx.all(
        StatementLine,
        "SELECT e.sequence, t.booked_at, e.business_date, t.kind, e.amount, e.balance, e.transaction, t.reference, t.memo"
        " FROM (SELECT * FROM ledger.entry WHERE cell = %s AND account = %s AND sequence < %s"
        "       ORDER BY sequence DESC LIMIT %s) e"
        " JOIN ledger.transaction t ON t.cell = e.cell AND t.id = e.transaction ORDER BY e.sequence DESC",
        (tx.cell, ref.id, 2**62 if before is None else before, limit),
    )


async def transactions(tx: Transaction, *, ids: Sequence[UUID]) -> list[PostedTransaction]:
    """Posted transactions by id, in order of booking."""
    return await tx.all(
        PostedTransaction,
        "SELECT id, kind, business_date, effective_at, booked_at, reference, memo, reverses, debits, credits, amounts"
        " FROM ledger.transaction WHERE cell = %s AND id = ANY(%s) ORDER BY booked_at, id",
        (tx.cell, list(ids)),
    )


async def count_transactions(tx: Transaction) -> int:
    """How many transactions have been posted."""
    return await tx.one(int, "SELECT count(*) FROM ledger.transaction WHERE cell = %s", (tx.cell,))


async def first_business_date(tx: Transaction) -> date | None:
    """The earliest date with a posting; None in an empty ledger."""
    return await tx.maybe(
        date,
        "SELECT business_date FROM ledger.transaction WHERE cell = %s ORDER BY business_date LIMIT 1",
        (tx.cell,),
    )
