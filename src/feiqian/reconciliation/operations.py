"""Comparing a day of a channel with its bill, and recording that its bill was not to be had."""

from datetime import date, datetime, timedelta

from feiqian.channels import Bill, BillKind
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date, end_of, start_of
from feiqian.ledger import post_all
from feiqian.payments import channel_lines, find_channel_lines
from feiqian.reconciliation import store
from feiqian.reconciliation.model import BillOfOtherDay, DayNotOver, DayState, Matching, ReconciledDay
from feiqian.reconciliation.postings import channel_settlement
from feiqian.reconciliation.queries import reconciled_day, require_day
from feiqian.reconciliation.rules import (
    DAY_CUT,
    LATE_DAYS,
    Terms,
    match_day,
    ours_of,
    sort_ours,
    theirs_of,
)


async def reconcile_day(
    tx: Transaction, *, now: datetime, channel: str, day: date, bill: Bill, cut: timedelta = DAY_CUT
) -> ReconciledDay:
    """Compare every line of a day's bill with our books, both ways, and settle what it newly confirms.

    ``cut`` is how near to midnight a movement may stand on the neighbouring day's bill.

    A balanced day is not compared again: the first result is returned. Any other is replaced; its earlier runs are
    kept. What an earlier run or another day's bill has confirmed is not settled again.

    Raises: DayNotOver, BillOfOtherDay.
    """
    if day >= business_date(now):
        raise DayNotOver(day=day)
    if bill.day != day:
        raise BillOfOtherDay(bill_day=bill.day, day=day)
    await store.lock_channel(tx, channel)
    before = await reconciled_day(tx, channel=channel, day=day)
    if before is not None and before.state is DayState.BALANCED:
        return before
    matching = await _match(tx, channel, day, bill, cut)
    run = await store.start_run(tx, channel, day, now=now, error_code=None, error=None)
    await store.insert_items(tx, channel, day, run, matching.items)
    await store.change_items(tx, channel, matching.changes)
    await store.insert_confirmations(tx, channel, run, matching.confirmations)
    settlement = channel_settlement(channel, day, run, matching.confirmations, now=now)
    if settlement is not None:
        await post_all(tx, now=now, transactions=[settlement])
    await store.insert_run(
        tx,
        channel,
        day,
        run,
        now=now,
        bill_lines=len(bill.lines),
        settlement=settlement.id if settlement else None,
    )
    return await require_day(tx, channel=channel, day=day)


async def _match(tx: Transaction, channel: str, day: date, bill: Bill, cut: timedelta) -> Matching:
    """Gather what a day has to be compared with, and compare."""
    yesterday, tomorrow = day - timedelta(days=1), day + timedelta(days=1)
    since = day - timedelta(days=LATE_DAYS)
    theirs = [theirs_of(line) for line in bill.lines]
    lines = await channel_lines(tx, channel=channel, first=start_of(since), end=end_of(day))
    ours = dict(ours_of(line) for line in lines)
    numbers = {key for key, _ in theirs if key not in ours}
    found = await find_channel_lines(
        tx,
        channel=channel,
        payment_nos=[no for kind, no in numbers if kind is BillKind.PAYMENT],
        refund_nos=[no for kind, no in numbers if kind is BillKind.REFUND],
    )
    confirmed = await store.read_confirmed(tx, channel, {*ours, *numbers})
    open_items = await store.read_open_items(tx, channel, except_day=day)
    compared = await store.read_compared_days(tx, channel, first=since, last=tomorrow)
    return match_day(
        terms=Terms(
            day=day,
            cut=cut,
            before_is_open=yesterday not in compared,
            after_is_open=tomorrow not in compared,
        ),
        bill=theirs,
        ours=sort_ours(
            ours,
            found=dict(ours_of(line) for line in found),
            day=day,
            compared=compared,
            confirmed=confirmed,
            open_items=open_items,
        ),
        confirmed=confirmed,
        open_items=open_items,
    )


async def record_failure(
    tx: Transaction, *, now: datetime, channel: str, day: date, error_code: str, error: str
) -> ReconciledDay:
    """A day's bill was missing or damaged: the day shows it until a whole bill comes.

    A result that stands is kept, and the error is shown beside it; a balanced day is left as it is.
    """
    await store.lock_channel(tx, channel)
    before = await reconciled_day(tx, channel=channel, day=day)
    if before is not None and before.state is DayState.BALANCED:
        return before
    run = await store.start_run(tx, channel, day, now=now, error_code=error_code, error=error)
    await store.insert_run(tx, channel, day, run, now=now, error_code=error_code, error=error)
    return await require_day(tx, channel=channel, day=day)
