"""Merchants: the list with what each has, and the page of one with its statement."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feiqian.console.given import GivenClock, GivenDatabase, GivenSettings
from feiqian.credit import latest_decision, limits_in_force
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.kernel.calendar import business_date, days
from feiqian.kernel.errors import NotFound, Refusal
from feiqian.kernel.ids import show_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    EntryView,
    balances,
    closing_balances,
    show_entry,
    statement,
)
from feiqian.lending import DecisionView, LoanView, debts, loans, show_decision, show_loan
from feiqian.members import Merchant, search_merchants

BALANCE_DAYS = 60
"""How far back the chart of a merchant's balances reaches."""
LOAN_COUNT_MAX = 50

Text = Annotated[str | None, QueryParameter(max_length=100)]
MerchantKey = tuple[str, UUID]


class MerchantAmbiguous(Refusal):
    """Two platforms use one number."""

    code = "merchant_ambiguous"
    english = "{count} platforms have a merchant with the number {merchant_no}."
    chinese = "有 {count} 个平台使用商户号 {merchant_no}。"


class MerchantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant in a list; minor units of the books' currency."""

    merchant_no: str
    name: str
    pending: int
    available: int
    loan_outstanding: int
    """Principal that it owes."""
    credit_limit: int | None
    """None without a line in force."""
    created_at: datetime


class MerchantView(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is."""

    id: str
    merchant_no: str
    name: str
    created_at: datetime


class DayBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant had at the end of a business date."""

    date: date
    pending: int
    available: int


class MerchantPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one merchant but its statement."""

    merchant: MerchantView
    currency: str
    pending: int
    available: int
    loan_outstanding: int
    credit: DecisionView | None
    loans: list[LoanView]
    balance_by_day: list[DayBalance]


class MerchantController(Controller):
    """Who sells, and its money."""

    path = "/merchants"

    @get()
    async def list_all(
        self,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
        q: Text = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[MerchantRow]:
        """By number."""
        after = read_cursor(cursor, MerchantKey)
        async with database.reading() as tx:
            found = await search_merchants(tx, text=q or None, after=after, limit=limit + 1)
            page = found[:limit]
            items = await _rows(tx, page, currency=settings.currency, now=clock.now())
        more = show_cursor((page[-1].merchant_no, page[-1].id)) if len(found) > limit else None
        return Page(items=items, next_cursor=more)

    @get("/{merchant_no:str}")
    async def read(
        self, merchant_no: FromPath[str], database: GivenDatabase, clock: GivenClock, settings: GivenSettings
    ) -> MerchantPage:
        now, currency = clock.now(), settings.currency
        async with database.reading() as tx:
            merchant = await find_merchant(tx, merchant_no)
            (row,) = await _rows(tx, [merchant], currency=currency, now=now)
            decision = await latest_decision(tx, merchant_id=merchant.id, currency=currency)
            owed = await loans(tx, merchant=merchant.id, limit=LOAN_COUNT_MAX)
            return MerchantPage(
                merchant=MerchantView(
                    id=show_id("merchant", merchant.id),
                    merchant_no=merchant.merchant_no,
                    name=merchant.name,
                    created_at=merchant.created_at,
                ),
                currency=currency,
                pending=row.pending,
                available=row.available,
                loan_outstanding=row.loan_outstanding,
                credit=await show_decision(tx, decision, now=now) if decision else None,
                loans=[show_loan(loan) for loan in owed],
                balance_by_day=await _balance_by_day(tx, merchant, currency, business_date(now)),
            )

    @get("/{merchant_no:str}/statement")
    async def statement(
        self,
        merchant_no: FromPath[str],
        database: GivenDatabase,
        settings: GivenSettings,
        account: FromQuery[Literal["available", "pending"]] = "available",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[EntryView]:
        """Newest first, with the balance after every entry."""
        async with database.reading() as tx:
            merchant = await find_merchant(tx, merchant_no)
            ref = _account(merchant.id, AccountCode(f"merchant.{account}"), settings.currency)
            lines = await statement(tx, ref=ref, before=read_cursor(cursor, int), limit=limit + 1)
        items = [show_entry(line) for line in lines[:limit]]
        more = show_cursor(items[-1].sequence) if len(lines) > limit else None
        return Page(items=items, next_cursor=more)


async def find_merchant(tx: Transaction, merchant_no: str) -> Merchant:
    """The merchant of a number.

    Raises: NotFound; MerchantAmbiguous.
    """
    found = await search_merchants(tx, merchant_no=merchant_no, limit=10)
    if not found:
        raise NotFound(what="merchant", name=merchant_no)
    if len(found) > 1:
        raise MerchantAmbiguous(merchant_no=merchant_no, count=len(found))
    return found[0]


async def _rows(
    tx: Transaction, merchants: list[Merchant], *, currency: str, now: datetime
) -> list[MerchantRow]:
    ids = [merchant.id for merchant in merchants]
    pending = {id: _account(id, AccountCode.MERCHANT_PENDING, currency) for id in ids}
    available = {id: _account(id, AccountCode.MERCHANT_AVAILABLE, currency) for id in ids}
    has = await balances(tx, refs=[*pending.values(), *available.values()])
    owes = await debts(tx, merchants=ids)
    limits = await limits_in_force(tx, now=now, merchants=ids, currency=currency)
    return [
        MerchantRow(
            merchant_no=merchant.merchant_no,
            name=merchant.name,
            pending=has[pending[merchant.id]],
            available=has[available[merchant.id]],
            loan_outstanding=owes[merchant.id].principal,
            credit_limit=limits.get(merchant.id),
            created_at=merchant.created_at,
        )
        for merchant in merchants
    ]


async def _balance_by_day(
    tx: Transaction, merchant: Merchant, currency: str, today: date
) -> list[DayBalance]:
    """The last days up to today, from the merchant's first entry on; a day without movement keeps its balance."""
    first = today - timedelta(days=BALANCE_DAYS - 1)
    moved: list[Mapping[date, int]] = []
    for code in (AccountCode.MERCHANT_PENDING, AccountCode.MERCHANT_AVAILABLE):
        ref = _account(merchant.id, code, currency)
        moved.append(await closing_balances(tx, ref=ref, first=date.min, last=today))
    pending_moved, available_moved = moved
    entered = min((*pending_moved, *available_moved), default=None)
    if entered is None:
        return []
    pending = _standing(pending_moved, first)
    available = _standing(available_moved, first)
    series: list[DayBalance] = []
    for day in days(max(first, entered), today):
        pending = pending_moved.get(day, pending)
        available = available_moved.get(day, available)
        series.append(DayBalance(date=day, pending=pending, available=available))
    return series


def _standing(moved: Mapping[date, int], first: date) -> int:
    """The balance with which a date begins."""
    before = [day for day in moved if day < first]
    return moved[max(before)] if before else 0


def _account(merchant: UUID, code: AccountCode, currency: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, code, str(merchant), currency)
