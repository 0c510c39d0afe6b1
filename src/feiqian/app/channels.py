"""The house's connections as payments see them: the live ones, chosen by the router, and each decision kept."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime
from typing import cast

import msgspec
import structlog

from feiqian.channels import (
    BilledChannel,
    ChannelError,
    ChannelUnknown,
    Notice,
    PaymentMethod,
    TradeChannel,
)
from feiqian.connections import ConnectionState, LiveConnections
from feiqian.infra.database import Database, Transaction
from feiqian.kernel.calendar import business_date, start_of
from feiqian.kernel.clock import Clock
from feiqian.kernel.ids import new_id, show_id
from feiqian.payments import AttemptRouted, ChannelAsk, Choice, paid_by_channel
from feiqian.routing import (
    CallOutcome,
    Decision,
    NoRoute,
    RouteAsk,
    Router,
    candidate_of,
    record_decision,
)

log = structlog.get_logger(__name__)


class Traced(msgspec.Struct, frozen=True):
    """What was asked of the router and what it decided: kept with the attempt."""

    ask: RouteAsk
    decision: Decision


class RoutedChannels:
    """Every connection by its code, and the best for an attempt."""

    def __init__(self, *, live: LiveConnections, router: Router) -> None:
        self._live = live
        self._router = router
        self._taken: Mapping[str, int] = {}

    def get(self, code: str) -> TradeChannel:
        """Raises: ConnectionUnknown, ConnectionNotOpen."""
        # Every kind that can be connected trades; what else it can do, its protocols say.
        return cast(TradeChannel, self._live.get(code))

    def choose(self, ask: ChannelAsk, *, now: datetime) -> Choice:
        """Raises: NoRoute."""
        asked = RouteAsk(
            platform=show_id("platform", ask.platform),
            merchants=ask.merchant_nos,
            method=ask.method,
            amount=ask.amount,
            currency=ask.currency,
            buyer=ask.buyer,
            given=frozenset(name for name, value in msgspec.structs.asdict(ask.hints).items() if value),
        )
        candidates = [
            candidate_of(offer, taken_today=self._taken.get(offer.code, 0))
            for offer in self._live.offers(ask.method)
        ]
        decision = self._router.decide(asked, candidates, payment=ask.payment, now=now)
        if not decision.order:
            raise NoRoute(method=ask.method.value, reasons=decision.reasons())
        return Choice(codes=decision.order, decision=new_id(now), trace=Traced(asked, decision))

    def note(
        self, code: str, method: PaymentMethod, *, error: ChannelError | None, took_s: float, now: datetime
    ) -> None:
        """Tell the router how a channel did. A refusal that says what is wrong with the order is no fault of it."""
        if error is None:
            outcome = CallOutcome.SUCCEEDED
        elif isinstance(error, ChannelUnknown) or error.retryable:
            outcome = CallOutcome.FAULT
        else:
            outcome = CallOutcome.REFUSED
        self._router.note(code, method, outcome, took_s=took_s, now=now)

    def read_notice(self, code: str, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Raises: NoticeRefused, ConnectionUnknown, ConnectionNotOpen."""
        return self._live.read_notice(code, headers=headers, body=body, now=now)

    async def count_today(self, database: Database, now: datetime) -> None:
        """See what connections with a limit a day have taken today; what is paid until the next look is not counted."""
        limited = [each.code for each in self._live.connections if each.limits.amount_per_day is not None]
        if not limited:
            self._taken = {}
            return
        async with database.reading() as tx:
            totals = await paid_by_channel(tx, channels=limited, first=start_of(business_date(now)))
        self._taken = {total.channel: total.paid for total in totals}

    async def count_forever(self, database: Database, clock: Clock, *, every_s: float) -> None:
        """Round after round, until cancelled. A round that fails is logged, the next one goes on."""
        while True:
            try:
                await self.count_today(database, clock.now())
            except Exception:
                log.exception("day_limits_not_counted")
            await asyncio.sleep(every_s)

    def billed(self, day: date) -> dict[str, BilledChannel]:
        """The connections whose bills of a day are to be compared: also of those that take nothing new."""
        found: dict[str, BilledChannel] = {}
        for connection in self._live.connections:
            if connection.state not in (ConnectionState.ACTIVE, ConnectionState.PAUSED):
                continue
            if business_date(connection.created_at) > day:
                continue
            if self._live.fault(connection.code) is not None:
                continue
            channel = self._live.get(connection.code)
            if isinstance(channel, BilledChannel) and channel.terms.bill_ready_at is not None:
                found[connection.code] = channel
        return found


async def keep_decision(tx: Transaction, event: AttemptRouted) -> None:
    """Keep why an attempt went where it went, in its own transaction."""
    if isinstance(event.trace, Traced) and event.decision is not None:
        await record_decision(
            tx,
            now=event.at,
            id=event.decision,
            payment=event.attempt.payment,
            ask=event.trace.ask,
            decision=event.trace.decision,
        )
