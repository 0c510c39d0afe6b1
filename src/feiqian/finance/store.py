"""SQL of writing vouchers."""

from collections.abc import Sequence
from datetime import date, datetime

from feiqian.finance.model import CodeSum, Draft, WrittenTotal, WrittenVouchers
from feiqian.infra.database import Transaction
from feiqian.kernel.ids import derived_id


async def lock_progress(tx: Transaction) -> date | None:
    """Become the only writer until the transaction ends; returns through which date vouchers are written."""
    await tx.execute("INSERT INTO finance.progress (cell) VALUES (%s) ON CONFLICT DO NOTHING", (tx.cell,))
    rows = await tx.connection.execute(
        "SELECT written_through FROM finance.progress WHERE cell = %s FOR UPDATE", (tx.cell,)
    )
    row = await rows.fetchone()
    assert row is not None
    return row[0]


async def set_progress(tx: Transaction, *, through: date, checked_at: datetime | None) -> None:
    """Remember how far vouchers go; ``checked_at`` is kept when the books did not agree now."""
    await tx.execute(
        "UPDATE finance.progress SET written_through = %s, checked_at = coalesce(%s, checked_at) WHERE cell = %s",
        (through, checked_at, tx.cell),
    )


async def read_written(tx: Transaction, day: date) -> tuple[list[WrittenTotal], list[WrittenVouchers]]:
    """What the vouchers of a day say, by account code, and how many there are."""
    totals = await tx.all(
        WrittenTotal,
        "SELECT v.book, v.kind, v.currency, l.code, sum(l.debit)::bigint AS debit, sum(l.credit)::bigint AS credit"
        " FROM finance.voucher v JOIN finance.voucher_line l ON l.cell = v.cell AND l.voucher = v.id"
        " WHERE v.cell = %s AND v.day = %s GROUP BY v.book, v.kind, v.currency, l.code",
        (tx.cell, day),
    )
    vouchers = await tx.all(
        WrittenVouchers,
        "SELECT book, kind, currency, count(*) AS vouchers, sum(transactions)::bigint AS transactions"
        " FROM finance.voucher WHERE cell = %s AND day = %s GROUP BY book, kind, currency",
        (tx.cell, day),
    )
    return totals, vouchers


async def read_sums(tx: Transaction) -> list[CodeSum]:
    """All that vouchers ever moved, by book and account code."""
    return await tx.all(
        CodeSum,
        "SELECT v.book, l.code, v.currency, sum(l.debit)::bigint AS debit, sum(l.credit)::bigint AS credit"
        " FROM finance.voucher v JOIN finance.voucher_line l ON l.cell = v.cell AND l.voucher = v.id"
        " WHERE v.cell = %s GROUP BY v.book, l.code, v.currency",
        (tx.cell,),
    )


async def take_numbers(tx: Transaction, *, book: str, month: date, count: int) -> int:
    """Take the next ``count`` numbers of a book's month; returns the first. They are given back if this rolls back."""
    newest = await tx.one(
        int,
        "INSERT INTO finance.voucher_counter AS c (cell, book, month, newest) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (cell, book, month) DO UPDATE SET newest = c.newest + excluded.newest RETURNING newest",
        (tx.cell, book, month, count),
    )
    return newest - count + 1


async def insert_vouchers(
    tx: Transaction, numbered: Sequence[tuple[int, Draft]], *, month: date, now: datetime
) -> None:
    """Write vouchers under their numbers, with their lines, in one round trip."""
    async with tx.connection.pipeline():
        for sequence, draft in numbered:
            id = derived_id(
                "voucher",
                draft.book,
                draft.day.isoformat(),
                draft.kind,
                draft.currency,
                str(draft.supplement),
            )
            await tx.execute(
                "INSERT INTO finance.voucher (cell, id, book, month, sequence, day, kind, currency, supplement,"
                " summary_chinese, summary_english, total, transactions, written_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    tx.cell,
                    id,
                    draft.book,
                    month,
                    sequence,
                    draft.day,
                    draft.kind,
                    draft.currency,
                    draft.supplement,
                    draft.summary_chinese,
                    draft.summary_english,
                    draft.total,
                    draft.transactions,
                    now,
                ),
            )
            await tx.execute(
                "INSERT INTO finance.voucher_line (cell, voucher, line, code, subject, debit, credit, memo)"
                " SELECT %s, %s, l.line, l.code, l.subject, l.debit, l.credit, l.memo"
                " FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[]) WITH ORDINALITY"
                " AS l (code, subject, debit, credit, memo, line)",
                (
                    tx.cell,
                    id,
                    [line.code.value for line in draft.lines],
                    [line.subject for line in draft.lines],
                    [line.debit for line in draft.lines],
                    [line.credit for line in draft.lines],
                    [line.memo for line in draft.lines],
                ),
            )
