"""Tells the story date by date, at the time of each order, in numbers that never change.

A date of the story is: the close of the day before at 00:05 and the loans that follow from it; trade, minute
by minute; at 12:05, in its place among the orders, the bill and the vouchers of the day before. The date
after the last trade has none of its own. When a date is complete its counts are written down; a story that was
killed does the unfinished date once more, and as every number was used before nothing happens twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from time import monotonic
from typing import TextIO

import msgspec

from feiqian.demo import deposits, nights
from feiqian.demo.api import PartnerApi, Sandbox
from feiqian.demo.display import Display
from feiqian.demo.plan import DayPlan, PlannedPayment, PlannedRefund, Planner, Reject, RejectReason
from feiqian.demo.story import Story
from feiqian.demo.summary import ChannelCounts, Counts, Facts, Summary, at_channel
from feiqian.demo.trade import SILENCE_S, Trade, all_of
from feiqian.infra.http import HttpClient
from feiqian.kernel.calendar import business_date, days, local

PAYMENTS_AT_ONCE = 8
"""Buyers who pay in the same minute do so side by side."""
SILENCE_IS = timedelta(minutes=2)
"""What passes on the story's clock in a silence: UnionPay is asked about a refund after five minutes only."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How the story reaches the house and its simulators."""

    partner_url: str
    api_key: str
    sandbox_urls: Mapping[str, str]
    """Where each simulator answers, by the name of its channel."""
    advance: Callable[[datetime], None]
    """Moves the house's own clock."""
    facts: Callable[[], Awaitable[Facts]]
    """Asked once, at the end."""


async def tell(story: Story, *, connection: Connection, progress: TextIO) -> Summary:
    """Tell a story from where it stands to its end.

    ``progress`` is where a person watches, normally stderr.
    Raises: StoryError; telling it again goes on where it stopped.
    """
    async with HttpClient() as http:
        partner = PartnerApi(http=http, base_url=connection.partner_url, api_key=connection.api_key)
        sandbox = Sandbox(http=http, base_urls=connection.sandbox_urls)
        telling = _Telling(
            story=story, connection=connection, partner=partner, sandbox=sandbox, progress=progress
        )
        return await telling.to_the_end()


class _Telling:
    def __init__(
        self, *, story: Story, connection: Connection, partner: PartnerApi, sandbox: Sandbox, progress: TextIO
    ) -> None:
        self._story = story
        self._connection = connection
        self._partner = partner
        self._sandbox = sandbox
        self._trade = Trade(partner=partner, sandbox=sandbox, let_time_pass=self._let_time_pass)
        self._planner = Planner()
        self._dates = list(days(story.first_date, story.last_date + timedelta(days=1)))
        self._display = Display(progress, dates=len(self._dates))
        self._now = story.starts_at
        self._moved = monotonic()
        """When the clocks were last set, on the machine's own."""

    async def to_the_end(self) -> Summary:
        story = self._story
        story.remember(story.progress)
        await self._at(story.starts_at)
        await nights.fund(self._partner)
        try:
            rejects = await self._every_date()
        finally:
            self._display.end()
        story.write_rejects(rejects)
        return await self._summary(rejects)

    async def _every_date(self) -> list[Reject]:
        """Plan every date and live those that are not complete; all rejects of the story."""
        story = self._story
        trade = {day.date: day for day in story.trading_days}
        done = story.progress.last_date
        rejects: list[Reject] = []
        for number, day in enumerate(self._dates, start=1):
            known = sorted(self._planner.suppliers)
            plan = self._planner.plan(trade[day]) if day in trade else DayPlan((), (), ())
            rejects += plan.rejects
            if done is not None and day <= done:
                continue
            begun = monotonic()
            counts = await self._live(day, number=number, plan=plan, known=known)
            counts += Counts(seconds=monotonic() - begun)
            story.remember(
                msgspec.structs.replace(story.progress, last_date=day, counts=story.progress.counts + counts)
            )
            self._display.day_done(day, number)
        return rejects

    async def _live(self, day: date, *, number: int, plan: DayPlan, known: list[str]) -> Counts:
        """One date of the story; ``known`` are the suppliers that traded before it."""
        counts = Counts()
        before = day - timedelta(days=1)
        books_at = local(day, 12, 5) if day > self._story.first_date else None
        if books_at is not None:
            await self._at(local(day, 0, 5))
            await nights.close_and_lend(self._partner, closed=before, today=day, suppliers=known)
        await deposits.keep(self._partner, today=day, first=self._story.first_date)
        await self._trade.welcome(sorted({name for payment in plan.payments for name, _ in payment.shares}))
        actions = sorted((*plan.payments, *plan.refunds), key=_time_of)
        for moment, group in groupby(actions, key=_time_of):
            if books_at is not None and moment >= books_at:
                counts += await self._books(before, books_at)
                books_at = None
            await self._at(moment)
            made = await self._act(list(group))
            self._display.paid(day, number, made.all_channels.payments)
            counts += made
        if books_at is not None:
            counts += await self._books(before, books_at)
        return counts

    async def _act(self, actions: list[PlannedPayment | PlannedRefund]) -> Counts:
        """The actions of one minute: payments side by side, then refunds, asked for in their order."""
        planned = [action for action in actions if isinstance(action, PlannedPayment)]
        payments = await all_of(self._trade.pay, planned, at_once=PAYMENTS_AT_ONCE)
        asked = [
            await self._trade.request_refund(action)
            for action in actions
            if isinstance(action, PlannedRefund)
        ]
        refunds = await all_of(self._trade.refunded, asked, at_once=PAYMENTS_AT_ONCE)
        counts = Counts(
            fees=sum(payment.fee for payment in payments),
            fees_returned=sum(refund.fee_returned for _, refund in refunds),
        )
        for payment in payments:
            counts += at_channel(payment.channel, ChannelCounts(payments=1, paid=payment.amount))
        for channel, refund in refunds:
            counts += at_channel(channel, ChannelCounts(refunds=1, refunded=refund.amount))
        return counts

    async def _books(self, closed: date, moment: datetime) -> Counts:
        await self._at(moment)
        reconciled, vouchers = await nights.reconcile(self._partner, closed)
        counts = Counts(trial_balances_wrong=0 if vouchers.trial_balance_ok else 1)
        for found in reconciled.channels:
            compared = ChannelCounts(bill_lines=found.bill_lines, matched=found.matched)
            counts += at_channel(found.channel, compared)
        return counts

    async def _at(self, moment: datetime) -> None:
        """Set all clocks, the channels' first; none ever goes back."""
        self._now = max(self._now, moment)
        self._moved = monotonic()
        await self._sandbox.set_clock(self._now)
        self._connection.advance(self._now)

    async def _let_time_pass(self) -> None:
        """Nothing happens: move on a little, once for all who wait, but never into the next date."""
        later = self._now + SILENCE_IS
        if monotonic() - self._moved >= SILENCE_S and business_date(later) == business_date(self._now):
            await self._at(later)

    async def _summary(self, rejects: list[Reject]) -> Summary:
        counts = self._story.progress.counts
        traded = counts.all_channels
        loans = await self._partner.loans()
        facts = await self._connection.facts()
        penalty_paid = sum(loan.penalty_paid for loan in loans)
        penalty_owed = sum(loan.penalty_outstanding for loan in loans)
        return Summary(
            orders=sum(len(day.orders) for day in self._story.trading_days),
            payments=traded.payments,
            paid=traded.paid,
            refunds=traded.refunds,
            refunded=traded.refunded,
            rejected=len(rejects),
            unmatched_refund=sum(r.amount for r in rejects if r.reason is RejectReason.NOTHING_TO_REFUND),
            fees=counts.fees,
            settled=facts.settled,
            suppliers=len(self._planner.suppliers),
            buyers=self._planner.buyers,
            ledger_transactions=facts.ledger_transactions,
            ledger_verified=facts.ledger_verified,
            bill_lines=facts.bill_lines,
            matched=facts.matched,
            carried_over=facts.carried_over,
            unexplained=facts.unexplained,
            vouchers=facts.vouchers,
            trial_balance_ok=counts.trial_balances_wrong == 0,
            loans=len(loans),
            lent=sum(loan.principal for loan in loans),
            repaid=sum(loan.principal_paid + loan.interest_paid for loan in loans) + penalty_paid,
            interest=sum(loan.interest_accrued for loan in loans),
            outstanding=sum(loan.principal_outstanding + loan.interest_outstanding for loan in loans)
            + penalty_owed,
            seconds=round(counts.seconds, 1),
            fees_returned=counts.fees_returned,
            penalty=penalty_paid + penalty_owed,
            by_channel=dict(sorted(counts.by_channel.items())),
        )


def _time_of(action: PlannedPayment | PlannedRefund) -> datetime:
    return action.placed_at
