"""The running router of one process: decides in memory, and keeps rules, breakers and counts in step with the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from feiqian.channels import ChannelError, PaymentMethod
from feiqian.infra.database import Database, Transaction
from feiqian.infra.metrics import CHANNEL_BREAKERS, CHANNEL_CALLS
from feiqian.kernel.clock import Clock
from feiqian.routing import store
from feiqian.routing.health import Breaker, BreakerState, CallOutcome, HealthBook
from feiqian.routing.model import NO_RULES, Candidate, Decision, MinuteCount, RouteAsk
from feiqian.routing.operations import rules_in_force
from feiqian.routing.rules import CompiledRules, decide, draw_of

COUNTS_KEPT = timedelta(days=35)

Probe = Callable[[str], Awaitable[None]]
"""Calls a connection harmlessly, by its code; raises ChannelError when it does not answer well."""

log = structlog.get_logger(__name__)


class Router:
    """Decides for payments where they go. ``refresh`` before the first decision, and then every second or so."""

    def __init__(self, *, database: Database, clock: Clock, probe: Probe) -> None:
        self._database = database
        self._clock = clock
        self._probe = probe
        self._rules = CompiledRules(NO_RULES)
        self._book = HealthBook()
        self._counts: dict[tuple[datetime, str, PaymentMethod], list[int]] = {}
        self._news: dict[str, Breaker] = {}

    def decide(
        self, ask: RouteAsk, candidates: Sequence[Candidate], *, payment: UUID, now: datetime
    ) -> Decision:
        """The connections for a payment, best first; nothing is asked of anybody."""
        health = self._book.of([each.code for each in candidates], ask.method, now=now)
        return decide(ask, candidates, rules=self._rules, health=health, now=now, draw=draw_of(payment))

    def note(
        self, code: str, method: PaymentMethod, outcome: CallOutcome, *, took_s: float, now: datetime
    ) -> None:
        """Count a call that was made for a payment."""
        CHANNEL_CALLS.labels(channel=code, method=method.value, outcome=outcome.value).observe(took_s)
        minute = now.replace(second=0, microsecond=0)
        counted = self._counts.setdefault((minute, code, method), [0, 0, 0, 0])
        counted[_PLACE[outcome]] += 1
        counted[3] += int(took_s * 1000)
        opened = self._book.note(code, method, outcome, now=now)
        if opened is not None:
            log.warning("breaker_opened", channel=code, reason=opened.reason, until=str(opened.until))
            self._news[code] = opened

    async def refresh(self) -> None:
        """Tell the others what was seen here, take what they tell, probe what is due."""
        now = self._clock.now()
        counts, self._counts = self._counts, {}
        news, self._news = self._news, {}
        try:
            await self._database.run(lambda tx: self._tell(tx, counts, news))
        except BaseException:
            # Not told: it goes with the next round.
            for key, counted in counts.items():
                had = self._counts.setdefault(key, [0, 0, 0, 0])
                self._counts[key] = [a + b for a, b in zip(had, counted, strict=True)]
            self._news = news | self._news
            raise
        async with self._database.reading() as tx:
            if await store.newest_version(tx) != self._rules.version:
                self._rules = CompiledRules(await rules_in_force(tx))
            for row in await store.read_breakers(tx):
                self._book.told(row.code, row.breaker)
        for code, breaker in self._book.breakers.items():
            CHANNEL_BREAKERS.labels(channel=code).set(breaker.state is not BreakerState.CLOSED)
        await asyncio.gather(*(self._probe_one(code) for code in self._book.due_for_probe(now)))

    async def refresh_forever(self, *, every_s: float) -> None:
        """Round after round, until cancelled. A round that fails is logged, the next one goes on."""
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("router_refresh_failed")
            await asyncio.sleep(every_s)

    async def forget_old_counts(self) -> None:
        """Let go the counts that nobody looks at any more."""
        before = self._clock.now() - COUNTS_KEPT
        await self._database.run(lambda tx: store.forget_counts(tx, before))

    async def forget_forever(self, *, every_s: float) -> None:
        """Now and then, until cancelled. A time that fails is logged, the next goes on."""
        while True:
            try:
                await self.forget_old_counts()
            except Exception:
                log.exception("router_refresh_failed")
            await asyncio.sleep(every_s)

    async def _tell(
        self,
        tx: Transaction,
        counts: dict[tuple[datetime, str, PaymentMethod], list[int]],
        news: dict[str, Breaker],
    ) -> None:
        if counts:
            rows = [
                MinuteCount(
                    minute=minute,
                    code=code,
                    method=method,
                    succeeded=counted[0],
                    refused=counted[1],
                    faults=counted[2],
                    took_ms=counted[3],
                )
                for (minute, code, method), counted in sorted(counts.items())
            ]
            await store.add_counts(tx, rows)
        for code, breaker in sorted(news.items()):
            await store.write_breaker(tx, code, breaker)

    async def _probe_one(self, code: str) -> None:
        try:
            await self._probe(code)
            well = True
        except ChannelError as error:
            log.warning("probe_failed", channel=code, error=str(error))
            well = False
        self._news[code] = self._book.probed(code, well=well, now=self._clock.now())


_PLACE = {CallOutcome.SUCCEEDED: 0, CallOutcome.REFUSED: 1, CallOutcome.FAULT: 2}
"""Where an outcome is counted."""
