"""The ledger's own trial balance: every book balances at every moment."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from feiqian import ledger
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.ledger.given import day_of, moment_of
from feiqian.console.ledger.naming import subject_names
from feiqian.kernel.calendar import ZONE, business_date, start_of
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger import PLATFORM_BOOK, Booked, Days, TrialRow

MOMENT = "%Y-%m-%d %H:%M:%S"
SUMS = ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")


class TrialSums(msgspec.Struct, frozen=True, kw_only=True):
    """Six columns, minor units; a balance stands on the side on which it is."""

    opening_debit: int
    opening_credit: int
    debit: int
    credit: int
    closing_debit: int
    closing_credit: int

    @property
    def balanced(self) -> bool:
        return (self.opening_debit, self.debit, self.closing_debit) == (
            self.opening_credit,
            self.credit,
            self.closing_credit,
        )


class TrialRowView(TrialSums, frozen=True, kw_only=True):
    """One subject."""

    code: str
    subject_number: str | None
    chinese: str
    english: str
    accounts: int


class TrialCurrency(msgspec.Struct, frozen=True, kw_only=True):
    """All subjects of one currency."""

    currency: str
    balanced: bool
    rows: list[TrialRowView]
    totals: TrialSums


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A book over a period, currency by currency."""

    book: str
    books: list[str]
    by: Literal["business", "booking"]
    from_: str = msgspec.field(name="from")
    to: str
    balanced: bool
    currencies: list[TrialCurrency]


@get("/ledger/trial-balance")
async def ledger_trial_balance(
    database: GivenDatabase,
    clock: GivenClock,
    book: FromQuery[str] = PLATFORM_BOOK,
    by: FromQuery[Literal["business", "booking"]] = "business",
    first: Annotated[str | None, QueryParameter(name="from", max_length=40)] = None,
    last: Annotated[str | None, QueryParameter(name="to", max_length=40)] = None,
) -> Trial:
    """By business dates, both included, or by moments of booking, the last left out; this month so far without them."""
    now = clock.now()
    month = business_date(now).replace(day=1)
    period: Days | Booked
    if by == "business":
        days = Days(
            first=day_of(first, "from") if first else month,
            last=day_of(last, "to") if last else business_date(now),
        )
        _check_order(days.first, days.last)
        period, shown = days, (str(days.first), str(days.last))
    else:
        booked = Booked(
            since=moment_of(first, "from") if first else start_of(month),
            until=moment_of(last, "to") if last else now,
        )
        _check_order(booked.since, booked.until)
        period, shown = booked, (_shown(booked.since), _shown(booked.until))
    async with database.reading() as tx:
        found = await ledger.trial_balance(tx, period=period, book=book)
        names = await subject_names(tx)
        books = await ledger.books(tx)
    rows: dict[str, list[TrialRowView]] = {}
    for row in found:
        subject = names.get(row.code)
        rows.setdefault(row.currency, []).append(
            TrialRowView(
                **_sums(row),
                code=row.code,
                subject_number=subject.number if subject else None,
                chinese=subject.chinese if subject else row.code,
                english=subject.english if subject else row.code,
                accounts=row.accounts,
            )
        )
    currencies = [_currency(currency, rows[currency]) for currency in sorted(rows)]
    return Trial(
        book=book,
        books=books if book in books else [*books, book],
        by=by,
        from_=shown[0],
        to=shown[1],
        balanced=all(each.balanced for each in currencies),
        currencies=currencies,
    )


def _currency(currency: str, rows: list[TrialRowView]) -> TrialCurrency:
    totals = TrialSums(**{name: sum(getattr(row, name) for row in rows) for name in SUMS})
    return TrialCurrency(
        currency=currency,
        balanced=totals.balanced,
        rows=sorted(rows, key=lambda row: (row.subject_number or "~", row.code)),
        totals=totals,
    )


def _sums(row: TrialRow) -> dict[str, int]:
    return {
        "opening_debit": row.opening_debit,
        "opening_credit": row.opening_credit,
        "debit": row.debits,
        "credit": row.credits,
        "closing_debit": row.closing_debit,
        "closing_credit": row.closing_credit,
    }


def _check_order(first: date | datetime | None, last: date | datetime) -> None:
    if first is not None and first > last:
        raise InvalidRequest(field="from", reason="must not be after to")


def _shown(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(ZONE).strftime(MOMENT)
