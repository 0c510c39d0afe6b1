"""The accountants' books: vouchers and the trial balance."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feiqian import finance
from feiqian.console.given import GivenClock, GivenDatabase, GivenSettings
from feiqian.finance import TrialBalanceTotals, Voucher, VoucherKey
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.infra.web import language_of
from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id
from feiqian.ledger import PLATFORM_BOOK


class VoucherRow(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher in a list; ``total`` in minor units."""

    id: str
    number: str
    book: str
    date: date
    kind: str
    summary_chinese: str
    summary_english: str
    total: int
    lines: int


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a voucher."""

    line: int
    subject_code: str
    subject_chinese: str
    subject_english: str
    debit: int
    credit: int
    memo: str


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a voucher was written from."""

    transactions: int
    business_date: date
    kind: str


class VoucherView(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher with its lines, debits first."""

    id: str
    number: str
    book: str
    date: date
    kind: str
    summary_chinese: str
    summary_english: str
    total: int
    lines: list[LineView]
    source: SourceView


class BookView(msgspec.Struct, frozen=True, kw_only=True):
    """A set of books and what people call it."""

    book: str
    name: str


class TrialBalanceRowView(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of a trial balance; minor units."""

    subject_code: str
    subject_chinese: str
    subject_english: str
    opening_debit: int
    opening_credit: int
    debit: int
    credit: int
    closing_debit: int
    closing_credit: int
    ledger_closing: int
    """What the ledger says, signed in the subject's own direction."""
    agrees: bool


class TrialBalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """Opening of the month, month to date and closing, beside the ledger."""

    date: date
    book: str
    books: list[BookView]
    currency: str
    agrees: bool
    rows: list[TrialBalanceRowView]
    totals: TrialBalanceTotals


class VoucherController(Controller):
    """What was written from the ledger's facts."""

    path = "/vouchers"

    @get()
    async def list_all(
        self,
        database: GivenDatabase,
        month: FromQuery[str | None] = None,
        day: Annotated[date | None, QueryParameter(name="date")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[VoucherRow]:
        """Newest number first."""
        after = read_cursor(cursor, VoucherKey)
        async with database.reading() as tx:
            found = await finance.vouchers(tx, month=_month(month), day=day, after=after, limit=limit + 1)
        page = found[:limit]
        more = show_cursor(page[-1].key) if len(found) > limit else None
        return Page(items=[_row(voucher) for voucher in page], next_cursor=more)

    @get("/{voucher_id:str}")
    async def read(self, voucher_id: FromPath[str], database: GivenDatabase) -> VoucherView:
        async with database.reading() as tx:
            document = await finance.voucher(tx, id=parse_id("voucher", voucher_id))
        voucher = document.voucher
        facts = msgspec.structs.asdict(_row(voucher))
        facts["lines"] = [
            LineView(
                line=line.line,
                subject_code=line.subject,
                subject_chinese=line.subject_chinese,
                subject_english=line.subject_english,
                debit=line.debit,
                credit=line.credit,
                memo=line.memo,
            )
            for line in document.lines
        ]
        source = SourceView(transactions=voucher.transactions, business_date=voucher.day, kind=voucher.kind)
        return VoucherView(**facts, source=source)


@get("/trial-balance")
async def trial_balance(
    request: Request[Any, Any, Any],
    database: GivenDatabase,
    clock: GivenClock,
    settings: GivenSettings,
    day: Annotated[date | None, QueryParameter(name="date")] = None,
    book: FromQuery[str] = PLATFORM_BOOK,
) -> TrialBalanceView:
    """At the close of a date; without one, of the last date that has vouchers."""
    async with database.reading() as tx:
        if day is None:
            day = await finance.written_through(tx) or business_date(clock.now())
        found = await finance.trial_balance(tx, day=day, book=book, currency=settings.currency)
        books = await finance.books(tx)
    chinese = language_of(request) == "zh"
    rows: list[TrialBalanceRowView] = []
    for row in found.rows:
        facts = msgspec.structs.asdict(row)
        del facts["code"]
        rows.append(TrialBalanceRowView(subject_code=facts.pop("subject"), **facts))
    return TrialBalanceView(
        date=day,
        book=book,
        books=[BookView(book=each.book, name=each.chinese if chinese else each.english) for each in books],
        currency=found.currency,
        agrees=found.agrees,
        rows=rows,
        totals=found.totals,
    )


def _month(text: str | None) -> date | None:
    """The first day of ``YYYY-MM``. Raises: InvalidRequest."""
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise InvalidRequest(field="month", reason="must look like 2026-03") from error


def _row(voucher: Voucher) -> VoucherRow:
    return VoucherRow(
        id=voucher.shown_id,
        number=voucher.number,
        book=voucher.book,
        date=voucher.day,
        kind=voucher.kind,
        summary_chinese=voucher.summary_chinese,
        summary_english=voucher.summary_english,
        total=voucher.total,
        lines=voucher.lines,
    )
