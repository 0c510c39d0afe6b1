"""The day at a glance: figures, hours, balances, and what needs somebody."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter

from feiqian import reconciliation
from feiqian.clearing import settled_by_day
from feiqian.console.given import GivenClock, GivenDatabase, GivenSandbox, GivenSettings, GivenStanding
from feiqian.console.notifications import GIVEN_UP_SHOWN, disabled_endpoints
from feiqian.console.reconciliation import LOOKED_BACK, overdue_days, pending_days
from feiqian.infra.database import Transaction
from feiqian.infra.invariants import InvariantReport
from feiqian.kernel.calendar import business_date, end_of, start_of
from feiqian.kernel.ids import show_id
from feiqian.ledger import AccountCode, code_balances
from feiqian.lending import LoanState, loan_totals
from feiqian.members import read_merchants
from feiqian.openapi import count_given_up
from feiqian.payments import (
    count_states,
    day_totals,
    failed_refunds,
    hour_totals,
    merchant_totals,
    refund_total,
    trade_total,
)

WEEK = timedelta(days=7)
DAY_COUNT = 30
TOP_COUNT = 10


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on a business date, by the channel's times; minor units."""

    payments: int
    paid: int
    refunds: int
    """Refunds that reached their buyers."""
    refunded: int
    fees: int
    """As charged, before refunds gave parts of them back."""
    buyers: int
    success_rate: float | None
    """Of the payments created that day, the part that is paid; None when none was."""


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's balances; minor units."""

    channel_receivable: int
    bank: int
    merchants_pending: int
    merchants_available: int
    refunds_in_transit: int
    fee_income: int
    loans_outstanding: int
    """Principal."""


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of the date, beside that of a week before."""

    hour: int
    paid: int
    payments: int
    previous_paid: int


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One trade date."""

    date: date
    paid: int
    payments: int
    refunded: int
    fees: int
    settled: int
    """What of its trade became available; 0 before its close."""


class TopMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant that sold much."""

    merchant_no: str
    name: str
    paid: int
    payments: int


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs a person."""

    kind: Literal[
        "unexplained",
        "conflicted",
        "refund_failed",
        "invariant",
        "overdue",
        "not_reconciled",
        "undelivered",
        "endpoint_disabled",
    ]
    count: int
    link: str
    """Where to look, below /console."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The first page; minor units of ``currency``."""

    date: date
    now: datetime
    currency: str
    today: DayFigures
    previous: DayFigures
    """The same weekday a week before."""
    balances: Balances
    balances_now: bool
    """They are of now; else, where a date was asked for that is over, of its close."""
    hours: list[Hour]
    days: list[Day]
    top_merchants: list[TopMerchant]
    attention: list[Attention]
    """As things stand now, whatever the date."""
    sandbox: bool


@get("/overview")
async def overview(
    database: GivenDatabase,
    clock: GivenClock,
    settings: GivenSettings,
    sandbox_url: GivenSandbox,
    standing: GivenStanding,
    day: Annotated[date | None, QueryParameter(name="date")] = None,
) -> Overview:
    """Of the current business date when none is given, or of the newest with trade while that has none."""
    checked = await standing.latest()
    now, currency = clock.now(), settings.currency
    today = business_date(now)
    async with database.reading() as tx:
        shown = day or await _newest_day(tx, today)
        closed = day is not None and day < today
        return Overview(
            date=shown,
            now=now,
            currency=currency,
            today=await _figures(tx, shown),
            previous=await _figures(tx, shown - WEEK),
            balances=await _balances(tx, currency, through=shown if closed else None),
            balances_now=not closed,
            hours=await _hours(tx, shown),
            days=await _days(tx, shown, currency),
            top_merchants=await _top_merchants(tx, shown),
            attention=await _attention(tx, now, checked),
            sandbox=sandbox_url is not None,
        )


async def _newest_day(tx: Transaction, today: date) -> date:
    rows = await day_totals(tx, first=start_of(today) - LOOKED_BACK, end=end_of(today), limit=1)
    return rows[0].day if rows else today


async def _figures(tx: Transaction, day: date) -> DayFigures:
    trade = await trade_total(tx, first=start_of(day), end=end_of(day))
    refunds = await refund_total(tx, first=start_of(day), end=end_of(day))
    return DayFigures(
        payments=trade.payments,
        paid=trade.paid,
        refunds=refunds.refunds,
        refunded=refunds.refunded,
        fees=trade.fees,
        buyers=trade.buyers,
        success_rate=trade.created_paid / trade.created if trade.created else None,
    )


async def _balances(tx: Transaction, currency: str, *, through: date | None) -> Balances:
    sums: dict[AccountCode, int] = {}
    for row in await code_balances(tx, through=through):
        if row.currency == currency:
            sums[row.code] = sums.get(row.code, 0) + row.balance
    return Balances(
        channel_receivable=sums.get(AccountCode.CHANNEL_RECEIVABLE, 0),
        bank=sums.get(AccountCode.BANK_CUSTODY, 0),
        merchants_pending=sums.get(AccountCode.MERCHANT_PENDING, 0),
        merchants_available=sums.get(AccountCode.MERCHANT_AVAILABLE, 0),
        refunds_in_transit=sums.get(AccountCode.REFUND_IN_TRANSIT, 0),
        fee_income=sums.get(AccountCode.PLATFORM_FEE, 0),
        loans_outstanding=sums.get(AccountCode.LOAN_PRINCIPAL, 0),
    )


async def _hours(tx: Transaction, day: date) -> list[Hour]:
    rows = {row.hour: row for row in await hour_totals(tx, first=start_of(day), end=end_of(day))}
    before = day - WEEK
    previous = {row.hour: row for row in await hour_totals(tx, first=start_of(before), end=end_of(before))}
    return [
        Hour(
            hour=hour,
            paid=rows[hour].paid if hour in rows else 0,
            payments=rows[hour].payments if hour in rows else 0,
            previous_paid=previous[hour].paid if hour in previous else 0,
        )
        for hour in range(24)
    ]


async def _days(tx: Transaction, last: date, currency: str) -> list[Day]:
    rows = await day_totals(tx, first=start_of(last) - LOOKED_BACK, end=end_of(last), limit=DAY_COUNT)
    if not rows:
        return []
    settled = await settled_by_day(tx, first=rows[0].day, last=last, currency=currency)
    return [
        Day(
            date=row.day,
            paid=row.paid,
            payments=row.payments,
            refunded=row.refunded,
            fees=row.fees,
            settled=settled.get(row.day, 0),
        )
        for row in rows
    ]


async def _top_merchants(tx: Transaction, day: date) -> list[TopMerchant]:
    rows = await merchant_totals(tx, first=start_of(day), end=end_of(day), limit=TOP_COUNT)
    ids: Sequence[UUID] = [row.merchant for row in rows]
    merchants = {merchant.id: merchant for merchant in await read_merchants(tx, ids)}
    return [
        TopMerchant(
            merchant_no=merchants[row.merchant].merchant_no,
            name=merchants[row.merchant].name,
            paid=row.paid,
            payments=row.payments,
        )
        for row in rows
    ]


async def _attention(tx: Transaction, now: datetime, report: InvariantReport) -> list[Attention]:
    counts = await count_states(tx)
    compared = await reconciliation.totals(tx)
    waiting = overdue_days(await pending_days(tx, today=business_date(now)), now=now)
    overdue = (await loan_totals(tx, state=LoanState.OVERDUE)).count
    found = [
        Attention(kind="invariant", count=report.broken, link="/invariants"),
        Attention(kind="unexplained", count=compared.unexplained, link=await _differing_day(tx)),
        Attention(kind="conflicted", count=counts["conflicted"], link="/payments?state=conflicted"),
        Attention(kind="refund_failed", count=counts["refund_failed"], link=await _failed_refund(tx)),
        Attention(kind="overdue", count=overdue, link="/loans?state=overdue"),
        Attention(kind="not_reconciled", count=len(waiting) + compared.failed_days, link="/reconciliation"),
        Attention(
            kind="undelivered",
            count=await count_given_up(tx, since=now - GIVEN_UP_SHOWN),
            link="/notifications?state=failed",
        ),
        Attention(kind="endpoint_disabled", count=await disabled_endpoints(tx), link="/endpoints"),
    ]
    return [each for each in found if each.count]


async def _differing_day(tx: Transaction) -> str:
    """The newest day with a difference; the list where none of the last days has one."""
    for day in await reconciliation.reconciled_days(tx, limit=DAY_COUNT):
        if day.unexplained:
            return f"/reconciliation/{day.day}?channel={day.channel}"
    return "/reconciliation"


async def _failed_refund(tx: Transaction) -> str:
    """The payment whose refund failed last."""
    for refund in await failed_refunds(tx, limit=1):
        return f"/payments/{show_id('payment', refund.payment)}"
    return "/payments"
