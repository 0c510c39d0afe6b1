"""The business day's steps in their order: interest, settlement and repayment; the bill; the vouchers.

Each step is done once by its own domain, so the order may be walked again after any interruption. The schedule does
what is due by the clock; partners with the scope ``operations`` may ask for a step themselves.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

import msgspec
import structlog

from feiqian.channels import Bill, BillDamaged, BilledChannel, BillMissing, BillSummary, ChannelError
from feiqian.clearing import DayNotOver, close_day, newest_day
from feiqian.finance import write_day, written_through
from feiqian.infra.database import Database
from feiqian.infra.metrics import DAYS
from feiqian.kernel.calendar import business_date, days, end_of, local, start_of
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import Refusal
from feiqian.ledger import first_business_date
from feiqian.lending import accrue_day, repaid_on
from feiqian.payments import channel_lines
from feiqian.reconciliation import DayState, ReconciledDay, reconcile_day, reconciled_days, record_failure

log = structlog.get_logger(__name__)

CLOSE_AT = (0, 5)
"""When the day before is closed: a few minutes for callbacks of its last second."""
BOOKS_AT = (12, 5)
"""When the day before is reconciled and vouchered: every channel has its bill by then, or says for good that nothing moved."""
RETRY_BILL_AFTER = timedelta(minutes=30)
"""A bill that could not be had is asked for again this much later."""
RETRIED_DAYS_MAX = 30
"""How far back failed days are tried again by themselves."""
BEFORE_TRADE_MAX = timedelta(days=31)
"""Days are walked one by one from the first that was done: a mistyped year must not make them centuries."""


class DayBeforeTrade(Refusal):
    """A day long before anything was booked has no step to do."""

    code = "day_before_trade"
    status = 422
    english = "Nothing was booked before {first}; {day} is too long before it. Check the year."
    chinese = "{first} 之前没有任何记账，{day} 过早，请核对年份。"


class DayClosed(msgspec.Struct, frozen=True, kw_only=True):
    """What the close of a business date did; minor units."""

    date: date
    merchants: int
    """How many were settled."""
    settled: int
    """What became available, less what refunds took back."""
    interest: int
    """Interest that the day earned."""
    penalty: int
    """Penalty interest that the day earned."""
    repaid: int
    """What the settlements repaid of loans."""


class ChannelReconciled(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel's bill of a day agreed with our books."""

    channel: str
    bill_lines: int
    matched: int
    carried_over: int
    unexplained: int
    by_status: dict[str, int]


class DayReconciled(msgspec.Struct, frozen=True, kw_only=True):
    """How the bills of a day agreed with our books: the sums of all channels, and each."""

    date: date
    channels: list[ChannelReconciled]
    bill_lines: int
    matched: int
    carried_over: int
    unexplained: int
    by_status: dict[str, int]


class DayVouchered(msgspec.Struct, frozen=True, kw_only=True):
    """What was written for the accountants."""

    date: date
    vouchers: int
    trial_balance_ok: bool


BilledChannels = Callable[[date], Mapping[str, BilledChannel]]
"""The channels that write a bill of a day, by their codes."""


class Days:
    """Walks the days of one currency and all its channels."""

    def __init__(self, *, database: Database, channels: BilledChannels, clock: Clock, currency: str) -> None:
        self._database = database
        self._channels = channels
        self._clock = clock
        self._currency = currency

    async def close(self, day: date) -> DayClosed:
        """Interest of the day, then settlement, which repays loans.

        Raises: DayNotOver, DayBeforeTrade, DayOutOfOrder.
        """
        now = await self._moment_for(day)
        accrued = await self._database.run(lambda tx: accrue_day(tx, now=now, day=day))
        closed = await self._database.run(lambda tx: close_day(tx, now=now, day=day, currency=self._currency))
        async with self._database.reading() as tx:
            repaid = await repaid_on(tx, day=business_date(closed.closed_at))
        DAYS.labels(step="close", outcome="done").inc()
        return DayClosed(
            date=day,
            merchants=closed.merchants,
            settled=closed.amount,
            interest=accrued.interest,
            penalty=accrued.penalty,
            repaid=repaid,
        )

    async def reconcile(self, day: date) -> DayReconciled:
        """Download the day's bill of every channel and match it.

        A bill that cannot be had leaves the day failed and visible for that channel; the others are done all the same.
        Raises: DayNotOver, DayBeforeTrade, BillMissing, BillDamaged, ChannelError of the first that failed.
        """
        now = await self._moment_for(day)
        done: list[ChannelReconciled] = []
        refusals: list[Refusal] = []
        for code, channel in self._channels(day).items():
            try:
                done.append(await self._reconcile_channel(code, channel, day, now=now))
            except (BillMissing, BillDamaged, ChannelError) as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]
        return _summed(day, done)

    async def _reconcile_channel(
        self, code: str, channel: BilledChannel, day: date, *, now: datetime
    ) -> ChannelReconciled:
        """One channel's bill. Raises: BillMissing, BillDamaged, ChannelError."""
        try:
            bill = await channel.download_bill(day, now=now)
        except (BillMissing, BillDamaged, ChannelError) as error:
            if not await self._nothing_moved(code, day, error):
                error_code, sentence = error.code, error.sentence()
                await self._database.run(
                    lambda tx: record_failure(
                        tx, now=now, channel=code, day=day, error_code=error_code, error=sentence
                    )
                )
                DAYS.labels(step="reconcile", outcome=error.code).inc()
                raise
            bill = Bill(
                day=day, lines=(), summary=BillSummary(line_count=0, payment_amount=0, refund_amount=0, fee=0)
            )
        result = await self._database.run(
            lambda tx: reconcile_day(tx, now=now, channel=code, day=day, bill=bill, cut=channel.terms.day_cut)
        )
        DAYS.labels(step="reconcile", outcome="done").inc()
        return _reconciled(code, result)

    async def _nothing_moved(self, code: str, day: date, error: Refusal) -> bool:
        """Whether both sides say so: the channel has no bill for good, and our books have nothing for it."""
        if not isinstance(error, BillMissing) or not error.nothing_moved:
            return False
        async with self._database.reading() as tx:
            lines = await channel_lines(tx, channel=code, first=start_of(day), end=end_of(day))
        return not lines

    async def vouchers(self, day: date) -> DayVouchered:
        """Write the day's vouchers. Raises: DayNotOver, DayBeforeTrade."""
        now = await self._moment_for(day)
        written = await self._database.run(lambda tx: write_day(tx, now=now, day=day))
        DAYS.labels(step="vouchers", outcome="done").inc()
        return DayVouchered(date=day, vouchers=written.count, trial_balance_ok=written.trial_balance_ok)

    async def _moment_for(self, day: date) -> datetime:
        """Now, for a day that is over and not long before all trade. Raises: DayNotOver, DayBeforeTrade."""
        now = self._clock.now()
        today = business_date(now)
        if day >= today:
            raise DayNotOver(day=day.isoformat())
        async with self._database.reading() as tx:
            first = await first_business_date(tx) or today
        if first - day > BEFORE_TRADE_MAX:
            raise DayBeforeTrade(day=day.isoformat(), first=first.isoformat())
        return now

    async def run_due(self) -> None:
        """Do what the clock says is due, oldest day first."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            closed = await newest_day(tx, self._currency)
            written = await written_through(tx)
            # Not asked for in every round: it may have to look past all that came before it in other books.
            first = None if closed and written else await first_business_date(tx)
            tried = {
                code: await reconciled_days(tx, channel=code, limit=RETRIED_DAYS_MAX)
                for code in self._channels(business_date(now))
            }
        close_from = closed.trade_date + timedelta(days=1) if closed else first
        books_from = written + timedelta(days=1) if written else first
        if close_from is None or books_from is None:
            return
        for day in days(close_from, last_due(now, CLOSE_AT)):
            await self.close(day)
        for day in days(books_from, last_due(now, BOOKS_AT)):
            for code in self._channels(day):
                await self._reconcile_quietly(code, day)
            await self.vouchers(day)
        for code, results in tried.items():
            for result in results:
                if result.state is DayState.FAILED and now - result.finished_at >= RETRY_BILL_AFTER:
                    await self._reconcile_quietly(code, result.day)

    async def run_forever(self, *, every_s: float) -> None:
        """Look at the clock, round after round, until cancelled. A round that fails is logged, the next goes on."""
        while True:
            try:
                await self.run_due()
            except Exception:
                log.exception("day_round_failed")
            await asyncio.sleep(every_s)

    async def _reconcile_quietly(self, code: str, day: date) -> None:
        """A day whose bill cannot be had is recorded as failed and tried again; the days after it go on."""
        channel = self._channels(day).get(code)
        if channel is None:
            return
        try:
            await self._reconcile_channel(code, channel, day, now=await self._moment_for(day))
        except Refusal as refusal:
            log.warning("day_not_reconciled", channel=code, day=day.isoformat(), code=refusal.code)


def last_due(now: datetime, at: tuple[int, int]) -> date:
    """The newest date whose step is due at a wall-clock time of the day after it."""
    today = business_date(now)
    return today - timedelta(days=1 if now >= local(today, *at) else 2)


def _reconciled(code: str, result: ReconciledDay) -> ChannelReconciled:
    return ChannelReconciled(
        channel=code,
        bill_lines=result.bill_lines,
        matched=result.matched,
        carried_over=result.carried_over,
        unexplained=result.unexplained,
        by_status={status.value: total.count for status, total in result.by_status.items()},
    )


def _summed(day: date, channels: list[ChannelReconciled]) -> DayReconciled:
    by_status: Counter[str] = Counter()
    for each in channels:
        by_status.update(each.by_status)
    return DayReconciled(
        date=day,
        channels=channels,
        bill_lines=sum(each.bill_lines for each in channels),
        matched=sum(each.matched for each in channels),
        carried_over=sum(each.carried_over for each in channels),
        unexplained=sum(each.unexplained for each in channels),
        by_status=dict(by_status),
    )
