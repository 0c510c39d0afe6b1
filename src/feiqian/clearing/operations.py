"""The day's close: pending money of a trade date becomes available on T+1."""

from datetime import date, datetime
from uuid import UUID

from feiqian.clearing import postings, store
from feiqian.clearing.events import MerchantSettled
from feiqian.clearing.model import ClosedDay, DayNotOver, DayOutOfOrder, Settlement
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date, end_of
from feiqian.kernel.ids import derived_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, balances, balances_at_close, post_all


async def close_day(tx: Transaction, *, now: datetime, day: date, currency: str) -> ClosedDay:
    """Settle every merchant's trade up to the end of ``day``. Again for the same day returns the first result.

    A merchant whose refunds exceed its trade gives back what it has available; the rest stays below zero in its
    pending account and is met by the trade of the days that follow.

    Raises: DayNotOver, DayOutOfOrder.
    """
    if now < end_of(day):
        raise DayNotOver(day=day.isoformat())
    had = await store.read_day(tx, day, currency)
    if had is not None:
        return had
    newest = await store.newest_day(tx, currency)
    if newest is not None and newest.trade_date > day:
        raise DayOutOfOrder(day=day.isoformat(), last=newest.trade_date.isoformat())
    settlements = await _settlements(tx, now, day, currency)
    closed = ClosedDay(
        trade_date=day,
        currency=currency,
        merchants=len(settlements),
        amount=sum(settlement.amount for settlement in settlements),
        closed_at=now,
    )
    if not await store.begin_day(tx, closed):
        return await _first(tx, day, currency)
    await post_all(tx, now=now, transactions=[postings.settled(each, now=now) for each in settlements])
    await store.insert_settlements(tx, settlements)
    for settlement in settlements:
        if settlement.amount > 0:
            await tx.publish(
                MerchantSettled(
                    settlement=settlement.id,
                    merchant=settlement.merchant,
                    currency=currency,
                    amount=settlement.amount,
                    trade_date=day,
                    settled_at=now,
                )
            )
    return closed


async def _first(tx: Transaction, day: date, currency: str) -> ClosedDay:
    closed = await store.read_day(tx, day, currency)
    assert closed is not None
    return closed


async def _settlements(tx: Transaction, now: datetime, day: date, currency: str) -> list[Settlement]:
    rows = await balances_at_close(tx, code=AccountCode.MERCHANT_PENDING, currency=currency, day=day)
    booked = await store.settled_after(tx, day, currency)
    owed = {UUID(row.owner): row.balance for row in rows}
    for merchant, amount in booked.items():
        owed[merchant] = owed.get(merchant, 0) - amount
    short = [merchant for merchant, amount in owed.items() if amount < 0]
    refs = {
        merchant: AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, str(merchant), currency)
        for merchant in short
    }
    available = await balances(tx, refs=list(refs.values()))
    settlements: list[Settlement] = []
    for merchant in sorted(owed):
        amount = owed[merchant]
        if amount < 0:
            amount = -min(-amount, available[refs[merchant]])
        if amount:
            settlements.append(
                Settlement(
                    id=derived_id("settlement", day.isoformat(), currency, str(merchant)),
                    trade_date=day,
                    currency=currency,
                    merchant=merchant,
                    amount=amount,
                    settled_on=business_date(now),
                )
            )
    return settlements
