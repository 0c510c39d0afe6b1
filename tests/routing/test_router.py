"""The running router: what processes tell each other, rules by version, decisions kept."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from feiqian.channels import ChannelFailed, Meaning, PaymentMethod
from feiqian.infra.database import Database, DatabaseUnavailable
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import new_id
from feiqian.routing import (
    NO_RULES,
    BreakerState,
    CallOutcome,
    Router,
    Rule,
    RulesChanged,
    counts_since,
    decisions_of,
    list_rule_sets,
    read_breakers,
    record_decision,
    rules_in_force,
    set_rules,
)
from tests.routing.asks import NOW, ask, candidate

QR = PaymentMethod.ALIPAY_QR
CODES = frozenset({"a", "b"})
DOWN = Meaning(our_code="channel_busy", english="busy", chinese="繁忙")


class Prober:
    """Answers probes as it is told to."""

    def __init__(self) -> None:
        self.well = True
        self.asked: list[str] = []

    async def __call__(self, code: str) -> None:
        self.asked.append(code)
        if not self.well:
            raise ChannelFailed(DOWN)


def router(database: Database, clock: ManualClock, prober: Prober | None = None) -> Router:
    return Router(database=database, clock=clock, probe=prober or Prober())


def chosen(by: Router, now: datetime, payment: UUID | None = None) -> tuple[str, ...]:
    decision = by.decide(ask(), [candidate("a"), candidate("b")], payment=payment or new_id(now), now=now)
    return decision.order


class TestRules:
    async def test_are_none_before_any_were_set(self, database: Database) -> None:
        async with database.reading() as tx:
            assert await rules_in_force(tx) == NO_RULES

    async def test_reach_every_process_without_a_restart(self, database: Database) -> None:
        clock = ManualClock(NOW)
        here, there = router(database, clock), router(database, clock)
        await set_two(database)
        for each in (here, there):
            await each.refresh()
            assert chosen(each, NOW)[0] == "b"

    async def test_that_somebody_else_changed_meanwhile_are_not_overwritten(self, database: Database) -> None:
        await set_two(database)
        with pytest.raises(RulesChanged):
            await database.run(
                lambda tx: set_rules(tx, now=NOW, by="x@y.z", rules=[], note="", based_on=0, known=CODES)
            )
        async with database.reading() as tx:
            assert [each.version for each in await list_rule_sets(tx, before=None, limit=10)] == [1]

    async def test_set_at_once_by_two_people_are_those_of_one(self, database: Database) -> None:
        async def change(by: str) -> str | None:
            try:
                await database.run(
                    lambda tx: set_rules(tx, now=NOW, by=by, rules=[], note="", based_on=0, known=CODES)
                )
            except RulesChanged:
                return None
            return by

        made = await asyncio.gather(change("one"), change("two"))
        async with database.reading() as tx:
            kept = await rules_in_force(tx)
        assert [each for each in made if each] == [kept.made_by]


class TestABreaker:
    async def test_that_one_process_opens_is_open_in_all(self, database: Database) -> None:
        clock = ManualClock(NOW)
        here, there = router(database, clock), router(database, clock)
        fail(here, "a")
        await here.refresh()
        await there.refresh()
        assert chosen(there, NOW) == ("b",)

    async def test_closes_again_everywhere_after_a_good_probe(self, database: Database) -> None:
        clock, prober = ManualClock(NOW), Prober()
        here, there = router(database, clock, prober), router(database, clock)
        fail(here, "a")
        await here.refresh()
        await there.refresh()
        clock.advance_to(NOW + timedelta(seconds=30))
        await here.refresh()
        assert prober.asked == ["a"]
        await here.refresh()
        await there.refresh()
        assert set(chosen(there, clock.now())) == {"a", "b"}

    async def test_stays_open_for_longer_after_a_bad_probe(self, database: Database) -> None:
        clock, prober = ManualClock(NOW), Prober()
        prober.well = False
        here = router(database, clock, prober)
        fail(here, "a")
        clock.advance_to(NOW + timedelta(seconds=30))
        await here.refresh()
        await here.refresh()
        async with database.reading() as tx:
            (row,) = await read_breakers(tx)
        assert (row.state, row.until) == (BreakerState.OPEN, NOW + timedelta(seconds=90))


class TestTheCounts:
    async def test_of_all_processes_add_up_by_minute(self, database: Database) -> None:
        clock = ManualClock(NOW)
        for each in (router(database, clock), router(database, clock)):
            each.note("a", QR, CallOutcome.SUCCEEDED, took_s=0.5, now=NOW)
            each.note("a", QR, CallOutcome.REFUSED, took_s=0.25, now=NOW)
            await each.refresh()
            await each.refresh()
        async with database.reading() as tx:
            (row,) = await counts_since(tx, NOW)
        assert (row.succeeded, row.refused, row.faults, row.took_ms) == (2, 2, 0, 1500)

    async def test_are_not_lost_when_the_database_was_away(self, database_urls: tuple[str, str]) -> None:
        database = Database(database_urls[0])
        here = router(database, ManualClock(NOW))
        here.note("a", QR, CallOutcome.SUCCEEDED, took_s=0.5, now=NOW)
        with pytest.raises(DatabaseUnavailable):
            await here.refresh()
        async with database:
            await here.refresh()
            async with database.reading() as tx:
                assert [row.succeeded for row in await counts_since(tx, NOW)] == [1]

    async def test_are_forgotten_after_five_weeks(self, database: Database) -> None:
        clock = ManualClock(NOW)
        here = router(database, clock)
        here.note("a", QR, CallOutcome.SUCCEEDED, took_s=0.5, now=NOW)
        await here.refresh()
        clock.advance_to(NOW + timedelta(days=36))
        await here.forget_old_counts()
        async with database.reading() as tx:
            assert await counts_since(tx, NOW) == []


class TestADecision:
    async def test_is_kept_with_its_trace(self, database: Database) -> None:
        here, payment = router(database, ManualClock(NOW)), new_id(NOW)
        decision = here.decide(
            ask(), [candidate("a", active=False), candidate("b")], payment=payment, now=NOW
        )
        await database.run(
            lambda tx: record_decision(
                tx, now=NOW, id=new_id(NOW), payment=payment, ask=ask(), decision=decision
            )
        )
        async with database.reading() as tx:
            (kept,) = await decisions_of(tx, payment)
        assert (kept.decision, kept.ask) == (decision, ask())


async def set_two(database: Database) -> None:
    rules = [Rule(name="b first", prefer=("b",))]
    await database.run(
        lambda tx: set_rules(tx, now=NOW, by="a@b.c", rules=rules, note="cheaper", based_on=0, known=CODES)
    )


def fail(by: Router, code: str) -> None:
    for _ in range(5):
        by.note(code, QR, CallOutcome.FAULT, took_s=10, now=NOW)
