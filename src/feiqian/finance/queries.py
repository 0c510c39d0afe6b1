"""Reads of finance for the faces."""

from datetime import date
from uuid import UUID

import msgspec

from feiqian.finance.model import (
    Book,
    Month,
    SubjectTurnover,
    TrialBalance,
    Voucher,
    VoucherDocument,
    VoucherKey,
    VoucherLine,
)
from feiqian.finance.rules import trial_balance as lay_out
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger import CHART, PLATFORM_BOOK, AccountCode, code_balances

_VOUCHER = (
    "SELECT v.id, v.book, v.month, v.sequence, v.day, v.kind, v.currency, v.supplement, v.summary_chinese,"
    " v.summary_english, v.total, v.transactions, v.written_at, (SELECT count(*) FROM finance.voucher_line l"
    " WHERE l.cell = v.cell AND l.voucher = v.id) AS lines FROM finance.voucher v"
)


async def vouchers(
    tx: Transaction,
    *,
    month: date | None = None,
    day: date | None = None,
    book: str | None = None,
    after: VoucherKey | None = None,
    limit: int = 50,
) -> list[Voucher]:
    """Vouchers, newest number first, those after a key; of the month of ``month``, of one date, of one book."""
    start = after or VoucherKey(month=date.max, sequence=0, book="")
    return await tx.all(
        Voucher,
        _VOUCHER + " WHERE v.cell = %s AND (v.month, v.sequence, v.book) < (%s, %s, %s)"
        " AND (%s::date IS NULL OR v.month = %s) AND (%s::date IS NULL OR v.day = %s)"
        " AND (%s::text IS NULL OR v.book = %s)"
        " ORDER BY v.month DESC, v.sequence DESC, v.book DESC LIMIT %s",
        (
            tx.cell,
            start.month,
            start.sequence,
            start.book,
            month,
            month and month.replace(day=1),
            day,
            day,
            book,
            book,
            limit,
        ),
    )


async def voucher(tx: Transaction, *, id: UUID) -> VoucherDocument:
    """One voucher with its lines.

    Raises: NotFound.
    """
    found = await tx.maybe(Voucher, _VOUCHER + " WHERE v.cell = %s AND v.id = %s", (tx.cell, id))
    if found is None:
        raise NotFound(what="voucher", name=show_id("voucher", id))
    rows = await tx.all(
        _Line,
        "SELECT line, code, subject, debit, credit, memo FROM finance.voucher_line"
        " WHERE cell = %s AND voucher = %s ORDER BY line",
        (tx.cell, id),
    )
    return VoucherDocument(voucher=found, lines=[row.named() for row in rows])


async def months(tx: Transaction) -> list[Month]:
    """Every month that has vouchers, by book, newest first."""
    return await tx.all(
        Month,
        "SELECT month, book, count(*) AS vouchers, sum(total)::bigint AS total FROM finance.voucher"
        " WHERE cell = %s GROUP BY month, book ORDER BY month DESC, book DESC",
        (tx.cell,),
    )


async def books(tx: Transaction) -> list[Book]:
    """Every book that has vouchers: the platform's first, then the funders' by number."""
    rows = await tx.all(Book, "SELECT DISTINCT book FROM finance.voucher_counter WHERE cell = %s", (tx.cell,))
    return sorted(rows, key=lambda row: (row.book != PLATFORM_BOOK, row.book))


async def count_vouchers(tx: Transaction, *, day: date | None = None) -> int:
    """How many vouchers are written, in all or for one date."""
    return await tx.one(
        int,
        "SELECT count(*) FROM finance.voucher WHERE cell = %s AND (%s::date IS NULL OR day = %s)",
        (tx.cell, day, day),
    )


async def written_through(tx: Transaction) -> date | None:
    """The date through which vouchers are written; None before the first."""
    rows = await tx.connection.execute(
        "SELECT written_through FROM finance.progress WHERE cell = %s", (tx.cell,)
    )
    row = await rows.fetchone()
    return row[0] if row else None


async def trial_balance(
    tx: Transaction, *, day: date, book: str = PLATFORM_BOOK, currency: str = "CNY"
) -> TrialBalance:
    """The trial balance of a book at the close of a date, beside the ledger's own closing balances."""
    turnovers = await tx.all(
        SubjectTurnover,
        "SELECT l.code,"
        " coalesce(sum(l.debit) FILTER (WHERE v.month < m.month), 0)::bigint AS opening_debit,"
        " coalesce(sum(l.credit) FILTER (WHERE v.month < m.month), 0)::bigint AS opening_credit,"
        " coalesce(sum(l.debit) FILTER (WHERE v.month = m.month), 0)::bigint AS debit,"
        " coalesce(sum(l.credit) FILTER (WHERE v.month = m.month), 0)::bigint AS credit"
        " FROM (SELECT %s::date AS month) m, finance.voucher v"
        " JOIN finance.voucher_line l ON l.cell = v.cell AND l.voucher = v.id"
        " WHERE v.cell = %s AND v.book = %s AND v.currency = %s AND v.day <= %s GROUP BY l.code",
        (day.replace(day=1), tx.cell, book, currency, day),
    )
    return lay_out(
        day=day,
        book=book,
        currency=currency,
        written_through=await written_through(tx),
        turnovers=turnovers,
        ledger=await code_balances(tx, through=day),
    )


class _Line(msgspec.Struct, frozen=True):
    """A row of finance.voucher_line."""

    line: int
    code: AccountCode
    subject: str
    debit: int
    credit: int
    memo: str

    def named(self) -> VoucherLine:
        subject = CHART[self.code]
        return VoucherLine(
            line=self.line,
            code=self.code,
            subject=self.subject,
            subject_chinese=subject.chinese,
            subject_english=subject.english,
            debit=self.debit,
            credit=self.credit,
            memo=self.memo,
        )
