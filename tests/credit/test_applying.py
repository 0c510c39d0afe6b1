"""Applying for a line with real trade in a real ledger."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from feiqian import credit
from feiqian.clearing import close_day
from feiqian.credit import Decision, Outcome
from feiqian.infra.database import Database
from feiqian.infra.invariants import check
from feiqian.kernel.calendar import local
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Leg,
    NewTransaction,
    count_transactions,
    post_all,
)

MONDAY = date(2026, 3, 2)
MERCHANT = derived_id("merchant", "S10")
CHANNEL = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY")
PENDING = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, str(MERCHANT), "CNY")


def after(days: int) -> date:
    return MONDAY + timedelta(days=days)


async def trade(database: Database, day: date, sale: int, refund: int = 0) -> None:
    """A day's sales and refunds at noon, and the close at two in the next night."""
    noon = local(day, 12)

    def posted(kind: str, leg: Leg) -> NewTransaction:
        return NewTransaction(
            id=derived_id(kind, day.isoformat()), kind=kind, legs=(leg,), business_date=day, effective_at=noon
        )

    moves = [posted("payment", Leg(CHANNEL, PENDING, sale))]
    if refund:
        moves.append(posted("refund_requested", Leg(PENDING, CHANNEL, refund)))
    await database.run(lambda tx: post_all(tx, now=noon, transactions=moves))
    night = local(day + timedelta(days=1), 2)
    await database.run(lambda tx: close_day(tx, now=night, day=day, currency="CNY"))


async def apply(database: Database, day: date, hour: int = 9, merchant: UUID = MERCHANT) -> Decision:
    now = local(day, hour)
    return await database.run(lambda tx: credit.apply(tx, now=now, merchant_id=merchant, currency="CNY"))


async def line(database: Database, day: date, hour: int = 9) -> Decision | None:
    async with database.transaction() as tx:
        return await credit.line_in_force(tx, now=local(day, hour), merchant_id=MERCHANT, currency="CNY")


async def decisions(database: Database) -> int:
    async with database.transaction() as tx:
        return await tx.one(int, "SELECT count(*) FROM credit.decision")


async def sound(database: Database) -> bool:
    async with database.transaction() as tx:
        findings = await check(tx, domain="credit", invariants=credit.INVARIANTS)
    return all(finding.violations == 0 for finding in findings)


@pytest.mark.anyio
class TestAnApplication:
    async def test_is_decided_from_the_trade_of_each_day(self, database: Database) -> None:
        table = [
            # sales    refunds  outcome             limit    not passed
            (150_000, 0, Outcome.DECLINED, 0, {"active_days_too_few", "volume_too_small"}),
            (150_000, 10_000, Outcome.DECLINED, 0, {"active_days_too_few"}),
            (60_000, 0, Outcome.APPROVED, 100_000, set[str]()),  # 30 % of 350,000 is 105,000
            (100_000, 80_000, Outcome.APPROVED, 110_000, set[str]()),  # 90,000 of 460,000 refunded: 19.57 %
            (10_000, 30_000, Outcome.DECLINED, 0, {"refund_rate_too_high"}),  # 120,000 of 470,000: 25.53 %
        ]
        for number, (sale, refund, outcome, limit, not_passed) in enumerate(table):
            await trade(database, after(number), sale, refund)
            decision = await apply(database, after(number + 1))
            assert (decision.outcome, decision.limit) == (outcome, limit)
            assert {reason.code for reason in decision.reasons if not reason.passed} == not_passed
        assert await sound(database)

    async def test_keeps_the_facts_and_every_rule_with_the_decision(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000, 15_000)
        made = await apply(database, after(3))
        async with database.transaction() as tx:
            kept = await credit.decision_of_id(tx, id=made.id)
        assert kept == made
        assert (kept.facts.volume, kept.facts.gross, kept.facts.refunded) == (405_000, 450_000, 45_000)
        assert (kept.facts.refund_rate, kept.facts.active_days, kept.facts.trading_days) == (
            Decimal("0.1"),
            3,
            4,
        )
        assert [(r.fact, r.value, r.threshold, r.passed) for r in kept.reasons] == [
            ("active_days", Decimal(3), Decimal(3), True),
            ("volume", Decimal(405_000), Decimal(200_000), True),
            ("refund_rate", Decimal("0.1"), Decimal("0.20"), True),
            ("limit", Decimal(120_000), Decimal(50_000), True),
        ]
        assert kept.reasons[1].english == (
            "Settled trade of CNY 4,050.00 in the last 30 days; at least CNY 2,000.00 is needed."
        )
        assert kept.reasons[2].chinese == "近 30 天退款率 10 %，不得高于 20 %。"
        assert kept.rules_version == 1

    async def test_of_a_merchant_without_trade_is_referred(self, database: Database) -> None:
        decision = await apply(database, MONDAY)
        assert (decision.outcome, decision.limit, decision.valid_until) == (Outcome.REFERRED, 0, None)
        assert [reason.value for reason in decision.reasons] == [None, None, None]
        assert "未知" in decision.reasons[0].chinese
        assert await line(database, MONDAY) is None

    async def test_on_the_same_day_returns_that_days_decision(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        first = await apply(database, after(3), hour=9)
        assert await apply(database, after(3), hour=18) == first
        assert await decisions(database) == 1
        again = await apply(database, after(4))
        assert again.id != first.id
        assert await decisions(database) == 2

    async def test_on_the_same_day_with_other_facts_is_decided_anew(self, database: Database) -> None:
        for number in range(2):
            await trade(database, after(number), 150_000)
        assert (await apply(database, after(2), hour=1)).outcome is Outcome.DECLINED
        await trade(database, after(2), 150_000)
        assert (await apply(database, after(3), hour=1)).outcome is Outcome.APPROVED

    async def test_many_times_at_once_is_decided_once(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        made = await asyncio.gather(*(apply(database, after(3)) for _ in range(8)))
        assert len({decision.id for decision in made}) == 1
        assert await decisions(database) == 1

    async def test_moves_no_money(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        async with database.transaction() as tx:
            before = await count_transactions(tx)
        await apply(database, after(3))
        async with database.transaction() as tx:
            assert await count_transactions(tx) == before


@pytest.mark.anyio
class TestALine:
    async def test_lasts_thirty_days(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        made = await apply(database, after(3), hour=9)
        assert made.valid_until == local(after(33), 9)
        assert await line(database, after(3), hour=8) is None
        assert await line(database, after(3), hour=9) == made
        assert await line(database, after(33), hour=8) == made
        assert await line(database, after(33), hour=9) is None

    async def test_ends_with_a_later_decline(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        await apply(database, after(3))
        await trade(database, after(3), 1_000, 200_000)
        assert (await apply(database, after(4))).outcome is Outcome.DECLINED
        assert await line(database, after(4)) is None
        async with database.transaction() as tx:
            limits = await credit.limits_in_force(
                tx, now=local(after(4), 9), merchants=[MERCHANT], currency="CNY"
            )
            newest = await credit.latest_decision(tx, merchant_id=MERCHANT, currency="CNY")
        assert limits == {}
        assert newest is not None
        assert newest.outcome is Outcome.DECLINED

    async def test_counts_trade_of_its_window_only(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        # The window of 30 days that ends on day 31 begins on day 2: one sale, and the settlements of days 2 and 3.
        late = await apply(database, after(31))
        assert (late.facts.active_days, late.facts.volume, late.facts.trading_days) == (1, 300_000, 32)
        assert late.outcome is Outcome.DECLINED


@pytest.mark.anyio
class TestRules:
    async def test_are_used_from_their_first_day(self, database: Database) -> None:
        for number in range(3):
            await trade(database, after(number), 150_000)
        async with database.transaction() as tx:
            first = await credit.rules_in_force(tx, day=MONDAY)
        tighter = msgspec.structs.replace(
            first.content, limit=msgspec.structs.replace(first.content.limit, share=Decimal("0.20"))
        )
        second = await database.run(lambda tx: credit.publish_rules(tx, valid_from=after(4), content=tighter))
        assert second.version == 2
        before, since = await apply(database, after(3)), await apply(database, after(4))
        assert [(d.rules_version, d.limit) for d in (before, since)] == [(1, 130_000), (2, 90_000)]
        assert await sound(database)

    async def test_that_do_not_exist_yet_decide_nothing(self, database: Database) -> None:
        with pytest.raises(credit.RuleSetMissing):
            await apply(database, date(1999, 12, 31))
        assert await decisions(database) == 0

    async def test_and_decisions_cannot_be_changed_by_the_application(self, database: Database) -> None:
        await apply(database, MONDAY)
        for statement in (
            "UPDATE credit.decision SET line_limit = 1",
            "DELETE FROM credit.decision",
            "UPDATE credit.rule_set SET version = 9",
            "DELETE FROM credit.rule_set",
        ):
            with pytest.raises(Exception, match="permission denied"):
                await database.run(lambda tx, text=statement: tx.execute(text))


@pytest.mark.anyio
async def test_an_unknown_decision_is_named(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(NotFound):
            await credit.decision_of_id(tx, id=MERCHANT)
