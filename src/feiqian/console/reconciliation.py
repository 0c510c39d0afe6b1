"""The days' reconciliations, and the lines of one."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feiqian import reconciliation
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.infra.web import language_of
from feiqian.kernel.calendar import business_date, end_of, local, start_of
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import parse_id, show_id
from feiqian.payments import DayTotal, PlatformNo, day_totals, platform_nos
from feiqian.reconciliation import WORDING, DayKey, ReconciledDay, ReconciledItem, Status, StatusTotal

PENDING_COUNT_MAX = 30
"""So many trade dates are looked through for days that nobody has reconciled."""
LOOKED_BACK = timedelta(days=92)
CHANNELS_A_DAY_MAX = 50
"""So many connections, at most, have a bill of one day."""
DUE_AT = (13, 0)
"""Of the day after: bills are fetched a little after noon."""


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a channel; minor units, payments less refunds."""

    date: date
    channel: str
    """The connection's code; empty for a day that no bill has been compared with."""
    state: Literal["balanced", "differences", "failed", "pending"]
    """pending: there was trade and nothing has been compared."""
    bill_lines: int
    matched: int
    carried_over: int
    unexplained: int
    bill_amount: int
    our_amount: int
    error: str | None
    finished_at: datetime | None


class WholeDayView(DayView, frozen=True, kw_only=True):
    """A day with its sums by status."""

    channel_fee: int
    by_status: dict[Status, StatusTotal]


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the bill, one of ours, or both."""

    id: str
    kind: str
    status: Status
    our_no: str | None
    """Our number at the channel."""
    our_id: str | None
    """payment_… or refund_…"""
    platform_no: str | None
    """The order's or refund's number at the platform: what people know it by."""
    payment_id: str | None
    """The payment that it is, or that it gives back."""
    channel_no: str | None
    our_amount: int | None
    their_amount: int | None
    our_state: str | None
    their_state: str | None
    occurred_at: datetime
    resolved_on: date | None
    note: str | None


class DayPage(msgspec.Struct, frozen=True, kw_only=True):
    """A day and part of its lines."""

    day: WholeDayView
    items: list[ItemView]
    next_cursor: str | None


class ReconciliationController(Controller):
    """Our books against the channel's bills."""

    path = "/reconciliation"

    @get()
    async def list_all(
        self, database: GivenDatabase, clock: GivenClock, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[DayView]:
        """Newest first; trade dates that are over and not yet compared stand among them as pending."""
        after = read_cursor(cursor, DayKey)
        async with database.reading() as tx:
            found = await reconciliation.reconciled_days(tx, after=after, limit=limit + 1)
            waiting = await pending_days(tx, today=business_date(clock.now())) if after is None else []
        page = found[:limit]
        items = [_day(day) for day in page] + [_pending(day) for day in waiting]
        items.sort(key=lambda day: day.date, reverse=True)
        last = DayKey(day=page[-1].day, channel=page[-1].channel) if len(found) > limit else None
        return Page(items=items, next_cursor=show_cursor(last) if last else None)

    @get("/{day:date}")
    async def read(
        self,
        day: FromPath[date],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        channel: Annotated[str | None, QueryParameter(max_length=64)] = None,
        status: FromQuery[Status | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> DayPage:
        """One channel's day; the first of that day where none is named."""
        async with database.reading() as tx:
            found = await _find(tx, day, channel)
            if found is None:
                return DayPage(day=_whole_pending(await _trade_of(tx, day)), items=[], next_cursor=None)
            after = read_cursor(cursor, int) or 0
            items = await reconciliation.items(
                tx, channel=found.channel, day=day, status=status, after=after, limit=limit + 1
            )
            page, chinese = items[:limit], language_of(request) == "zh"
            numbers = await platform_nos(tx, [id for item in page if (id := _our_id(item))])
        return DayPage(
            day=_whole(found),
            items=[_item(item, numbers, chinese=chinese) for item in page],
            next_cursor=show_cursor(page[-1].line) if len(items) > limit else None,
        )


async def pending_days(tx: Transaction, *, today: date) -> list[DayTotal]:
    """The newest trade dates before today that no bill has been compared with, newest first."""
    traded = await day_totals(
        tx, first=start_of(today) - LOOKED_BACK, end=start_of(today), limit=PENDING_COUNT_MAX
    )
    if not traded:
        return []
    done = await reconciliation.reconciled_days(
        tx, after=DayKey(day=today, channel=""), limit=(today - traded[0].day).days * CHANNELS_A_DAY_MAX
    )
    tried = {day.day for day in done}
    return [day for day in reversed(traded) if day.day not in tried]


def overdue_days(pending: list[DayTotal], *, now: datetime) -> list[DayTotal]:
    """Those whose bill should have been compared by now."""
    return [day for day in pending if now >= local(day.day + timedelta(days=1), *DUE_AT)]


async def _find(tx: Transaction, day: date, channel: str | None) -> ReconciledDay | None:
    if channel is not None:
        return await reconciliation.reconciled_day(tx, channel=channel, day=day)
    of_day = await reconciliation.reconciled_days(
        tx, after=DayKey(day=day + timedelta(days=1), channel=""), limit=CHANNELS_A_DAY_MAX
    )
    return min((each for each in of_day if each.day == day), key=lambda each: each.channel, default=None)


async def _trade_of(tx: Transaction, day: date) -> DayTotal:
    """What was paid on a date. Raises: NotFound when nothing was."""
    found = await day_totals(tx, first=start_of(day), end=end_of(day), limit=1)
    if not found:
        raise NotFound(what="reconciliation", name=day.isoformat())
    return found[0]


def _day(day: ReconciledDay) -> DayView:
    return DayView(**_facts(day))


def _whole(day: ReconciledDay) -> WholeDayView:
    return WholeDayView(**_facts(day), channel_fee=day.channel_fee, by_status=dict(day.by_status))


def _facts(day: ReconciledDay) -> dict[str, Any]:
    return {
        "date": day.day,
        "channel": day.channel,
        "state": day.state.value,
        "bill_lines": day.bill_lines,
        "matched": day.matched,
        "carried_over": day.carried_over,
        "unexplained": day.unexplained,
        "bill_amount": day.bill_amount,
        "our_amount": day.our_amount,
        "error": day.error,
        "finished_at": day.finished_at,
    }


def _pending(day: DayTotal) -> DayView:
    return DayView(**_pending_facts(day))


def _whole_pending(day: DayTotal) -> WholeDayView:
    return WholeDayView(**_pending_facts(day), channel_fee=0, by_status={})


def _pending_facts(day: DayTotal) -> dict[str, Any]:
    return {
        "date": day.day,
        "channel": "",
        "state": "pending",
        "bill_lines": 0,
        "matched": 0,
        "carried_over": 0,
        "unexplained": 0,
        "bill_amount": 0,
        "our_amount": day.paid - day.refunded,
        "error": None,
        "finished_at": None,
    }


def _our_id(item: ReconciledItem) -> UUID | None:
    return parse_id(item.kind.value, item.our_id) if item.our_id else None


def _item(item: ReconciledItem, numbers: dict[UUID, PlatformNo], *, chinese: bool) -> ItemView:
    note = WORDING[item.note] if item.note else None
    id = _our_id(item)
    number = numbers.get(id) if id else None
    return ItemView(
        id=item.shown_id,
        kind=item.kind.value,
        status=item.status,
        our_no=item.no,
        our_id=item.our_id,
        platform_no=number.no if number else None,
        payment_id=show_id("payment", number.payment) if number else None,
        channel_no=item.channel_no or item.our_channel_no,
        our_amount=item.our_amount,
        their_amount=item.their_amount,
        our_state=item.our_state,
        their_state=item.their_state.value if item.their_state else None,
        occurred_at=item.occurred_at,
        resolved_on=item.resolved_on,
        note=(note.chinese if chinese else note.english) if note else None,
    )
