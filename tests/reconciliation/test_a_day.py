"""One day against its bill: every line of both sides gets a status, and what is confirmed is settled."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from feiqian.channels import BillState
from feiqian.kernel.calendar import end_of, local
from feiqian.reconciliation import (
    BillOfOtherDay,
    DayKey,
    DayNotOver,
    DayState,
    Status,
    items,
    reconcile_day,
    reconciled_day,
    reconciled_days,
    record_failure,
    totals,
)
from tests.reconciliation.trade import CHANNEL, MONDAY, NOON, TUESDAY, WEDNESDAY, Trade, bill


@pytest.mark.anyio
class TestADay:
    async def test_matches_line_by_line_and_settles_the_net(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.sale("b", 5_000)
        await trade.refund("r", of="a", amount=4_000)
        assert await trade.books() == {"channel": 11_000, "bank": 0, "cost": 0}
        day = await trade.reconcile(
            MONDAY,
            trade.paid("a", 10_000, fee=60),
            trade.paid("b", 5_000, fee=30),
            trade.returned("r", 4_000, fee=-24),
        )
        assert (day.state, day.bill_lines, day.matched, day.unexplained) == (DayState.BALANCED, 3, 3, 0)
        assert (day.bill_amount, day.our_amount, day.channel_fee) == (11_000, 11_000, 66)
        assert await trade.table(MONDAY) == [
            ("a", "matched", 10_000, 10_000, None),
            ("b", "matched", 5_000, 5_000, None),
            ("r", "matched", 4_000, 4_000, None),
        ]
        assert await trade.books() == {"channel": 0, "bank": 10_934, "cost": 66}
        assert await trade.broken() == set()

    async def test_lists_what_does_not_match_and_settles_only_what_does(self, trade: Trade) -> None:
        await trade.sale("same", 10_000)
        await trade.sale("only-ours", 2_000)
        await trade.sale("other-amount", 3_000)
        await trade.order("not-paid-here", 4_000)
        await trade.sale("twice", 5_000)
        await trade.ask_refund("not-refunded-here", of="same", amount=600)
        await trade.refund("not-refunded-there", of="same", amount=700)
        day = await trade.reconcile(
            MONDAY,
            trade.paid("same", 10_000, fee=60),
            trade.paid("only-theirs", 900, fee=5),
            trade.paid("other-amount", 3_001, fee=18),
            trade.paid("not-paid-here", 4_000, fee=24),
            trade.paid("twice", 5_000, fee=30),
            trade.paid("twice", 5_000, fee=30),
            trade.returned("not-refunded-here", 600),
            trade.returned("not-refunded-there", 700, state=BillState.FAILED),
        )
        assert await trade.table(MONDAY) == [
            # line                status            ours   theirs
            ("same", "matched", 10_000, 10_000, None),
            ("only-theirs", "theirs_only", None, 900, None),
            ("other-amount", "amount_differs", 3_000, 3_001, None),
            ("not-paid-here", "state_differs", 4_000, 4_000, None),
            ("twice", "matched", 5_000, 5_000, None),
            ("twice", "theirs_only", 5_000, 5_000, None),
            ("not-refunded-here", "state_differs", 600, 600, None),
            ("not-refunded-there", "state_differs", 700, 700, None),
            ("only-ours", "ours_only", 2_000, None, None),
        ]
        assert {status.value: total.count for status, total in day.by_status.items()} == {
            "matched": 2,
            "ours_only": 1,
            "theirs_only": 2,
            "amount_differs": 1,
            "state_differs": 3,
            "carried_over": 0,
        }
        assert (day.state, day.bill_lines, day.unexplained) == (DayState.DIFFERENCES, 8, 7)
        assert day.by_status[Status.THEIRS_ONLY].amount == 5_900
        assert day.by_status[Status.STATE_DIFFERS].amount == 4_000 - 600 - 700
        assert await trade.books() == {"channel": 20_000 - 700 - 15_000, "bank": 14_910, "cost": 90}
        assert await trade.broken() == set()

    async def test_takes_another_payment_of_the_same_order_for_a_difference(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.sale("b", 5_000)
        await trade.reconcile(
            MONDAY,
            trade.paid("a", 10_000, channel_no="second"),
            trade.paid("a", 10_000),
            trade.paid("b", 5_000, channel_no="other"),
        )
        assert await trade.table(MONDAY) == [
            ("a", "theirs_only", 10_000, 10_000, None),
            ("a", "matched", 10_000, 10_000, None),
            ("b", "theirs_only", 5_000, 5_000, None),
            ("b", "ours_only", 5_000, None, None),
        ]
        assert (await trade.books())["bank"] == 10_000

    async def test_pays_the_channel_when_refunds_exceed_payments(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.reconcile(MONDAY, trade.paid("a", 10_000, fee=60))
        await trade.refund("r", of="a", amount=10_000, at=local(TUESDAY, 9))
        await trade.reconcile(TUESDAY, trade.returned("r", 10_000, fee=-60, at=local(TUESDAY, 9)))
        assert await trade.books() == {"channel": 0, "bank": 0, "cost": 0}
        assert await trade.broken() == set()

    async def test_agrees_on_a_refund_that_failed_without_settling_it(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.ask_refund("r", of="a", amount=600)
        await trade.refund_refused("r")
        day = await trade.reconcile(
            MONDAY, trade.paid("a", 10_000), trade.returned("r", 600, state=BillState.FAILED)
        )
        assert (day.matched, day.unexplained) == (2, 0)
        assert (await trade.books())["bank"] == 10_000
        assert await trade.broken() == set()

    async def test_without_any_line_is_balanced(self, trade: Trade) -> None:
        day = await trade.reconcile(MONDAY)
        assert (day.state, day.bill_lines, day.run) == (DayState.BALANCED, 0, 1)
        assert await trade.broken() == set()

    async def test_is_refused_until_it_is_over(self, trade: Trade) -> None:
        with pytest.raises(DayNotOver):
            await trade.reconcile(MONDAY, at=end_of(MONDAY) - timedelta(seconds=1))

    async def test_is_refused_with_the_bill_of_another(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        other = bill(TUESDAY, trade.paid("a", 10_000))
        with pytest.raises(BillOfOtherDay):
            await trade.database.run(
                lambda tx: reconcile_day(tx, now=end_of(TUESDAY), channel=CHANNEL, day=MONDAY, bill=other)
            )
        assert await trade.table(MONDAY) == []
        assert (await trade.books())["bank"] == 0


@pytest.mark.anyio
class TestAnotherRun:
    async def test_of_a_balanced_day_returns_the_first_result(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        first = await trade.reconcile(MONDAY, trade.paid("a", 10_000, fee=60))
        again = await trade.reconcile(MONDAY, trade.paid("other", 1), at=local(WEDNESDAY, 10))
        assert again == first
        assert await trade.books() == {"channel": 0, "bank": 9_940, "cost": 60}

    async def test_settles_only_what_it_newly_confirms(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.order("lost", 5_000)
        lines = (trade.paid("a", 10_000, fee=60), trade.paid("lost", 5_000, fee=30))
        first = await trade.reconcile(MONDAY, *lines)
        assert (first.state, first.matched, first.run) == (DayState.DIFFERENCES, 1, 1)
        assert await trade.books() == {"channel": 0, "bank": 9_940, "cost": 60}
        await trade.pay("lost", at=NOON, heard=local(TUESDAY, 11))
        second = await trade.reconcile(MONDAY, *lines, at=local(TUESDAY, 12))
        assert (second.state, second.matched, second.run, second.runs) == (DayState.BALANCED, 2, 2, 2)
        assert await trade.books() == {"channel": 0, "bank": 14_910, "cost": 90}
        assert await trade.broken() == set()

    async def test_keeps_what_the_earlier_one_said(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.reconcile(MONDAY)
        await trade.reconcile(MONDAY, trade.paid("a", 10_000))
        async with trade.database.transaction() as tx:
            kept = await tx.all(str, "SELECT run || ' ' || status FROM reconciliation.item ORDER BY run")
        assert kept == ["1 ours_only", "2 matched"]

    async def test_shows_what_an_earlier_file_confirmed_and_a_later_one_lost(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.reconcile(MONDAY, trade.paid("a", 10_000), trade.paid("unknown", 1))
        day = await trade.reconcile(MONDAY)
        assert (day.state, day.unexplained) == (DayState.DIFFERENCES, 1)
        assert await trade.notes(MONDAY) == {"a": "vanished"}
        assert (await trade.books())["bank"] == 10_000
        assert await trade.broken() == set()

    async def test_at_the_same_moment_settles_once(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        results = await asyncio.gather(
            *(trade.reconcile(MONDAY, trade.paid("a", 10_000, fee=60)) for _ in range(6))
        )
        assert {(result.run, result.matched) for result in results} == {(1, 1)}
        assert await trade.books() == {"channel": 0, "bank": 9_940, "cost": 60}

    async def test_of_the_next_day_never_settles_a_line_again(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.reconcile(MONDAY, trade.paid("a", 10_000))
        await trade.reconcile(TUESDAY, trade.paid("a", 10_000, at=local(TUESDAY, 12)))
        assert await trade.table(TUESDAY) == [("a", "theirs_only", 10_000, 10_000, None)]
        assert await trade.notes(TUESDAY) == {"a": "confirmed_elsewhere"}
        assert (await trade.books())["bank"] == 10_000

    async def test_cannot_confirm_twice_even_by_a_fault(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.reconcile(MONDAY, trade.paid("a", 10_000))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await trade.database.run(lambda tx: tx.execute("DELETE FROM reconciliation.confirmation"))


@pytest.mark.anyio
class TestAMissingBill:
    async def fail(self, trade: Trade, code: str = "bill_missing") -> DayState:
        day = await trade.database.run(
            lambda tx: record_failure(
                tx,
                now=local(TUESDAY, 10, 5),
                channel=CHANNEL,
                day=MONDAY,
                error_code=code,
                error="The channel has no bill.",
            )
        )
        return day.state

    async def test_leaves_the_day_failed_until_a_bill_comes(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        assert await self.fail(trade) is DayState.FAILED
        assert await self.fail(trade, "bill_damaged") is DayState.FAILED
        async with trade.database.transaction() as tx:
            (shown,) = await reconciled_days(tx)
        assert (shown.error_code, shown.error, shown.run, shown.runs) == (
            "bill_damaged",
            "The channel has no bill.",
            None,
            2,
        )
        day = await trade.reconcile(MONDAY, trade.paid("a", 10_000))
        assert (day.state, day.error, day.run, day.matched) == (DayState.BALANCED, None, 3, 1)
        assert await trade.broken() == set()

    async def test_does_not_hide_a_result_that_stands(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.reconcile(MONDAY)
        assert await self.fail(trade) is DayState.DIFFERENCES
        async with trade.database.transaction() as tx:
            shown = await reconciled_day(tx, channel=CHANNEL, day=MONDAY)
        assert shown is not None
        assert (shown.unexplained, shown.error_code) == (1, "bill_missing")

    async def test_changes_nothing_on_a_balanced_day(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        before = await trade.reconcile(MONDAY, trade.paid("a", 10_000))
        await self.fail(trade)
        async with trade.database.transaction() as tx:
            assert await reconciled_day(tx, channel=CHANNEL, day=MONDAY) == before


@pytest.mark.anyio
class TestLists:
    async def test_page_through_days_and_items(self, trade: Trade) -> None:
        for number in range(5):
            await trade.sale(f"a{number}", 100)
        await trade.reconcile(MONDAY, *(trade.paid(f"a{number}", 100) for number in range(3)))
        await trade.reconcile(TUESDAY, trade.paid("x", 7, at=local(TUESDAY, 12)))
        async with trade.database.transaction() as tx:
            (newest,) = await reconciled_days(tx, limit=1)
            (older,) = await reconciled_days(
                tx, limit=5, after=DayKey(day=newest.day, channel=newest.channel)
            )
            first = await items(tx, channel=CHANNEL, day=MONDAY, limit=3)
            rest = await items(tx, channel=CHANNEL, day=MONDAY, limit=3, after=first[-1].line)
            ours = await items(tx, channel=CHANNEL, day=MONDAY, status=Status.OURS_ONLY)
            overall = await totals(tx)
        assert (newest.day, older.day) == (TUESDAY, MONDAY)
        assert [row.line for row in first + rest] == [1, 2, 3, 4, 5]
        assert [row.line for row in ours] == [4, 5]
        assert (overall.days, overall.bill_lines, overall.matched, overall.unexplained) == (2, 4, 3, 3)


@pytest.mark.anyio
class TestTampering:
    @pytest.mark.parametrize(
        ("tampering", "found_by"),
        [
            ("DELETE FROM reconciliation.item WHERE line = 1", "reconciliation_bill_lines_once"),
            (
                "UPDATE reconciliation.item SET their_amount = 1 WHERE line = 1",
                "reconciliation_explained_lines_agree",
            ),
            ("DELETE FROM reconciliation.confirmation", "reconciliation_settlements_equal_lines"),
            ("UPDATE reconciliation.run SET settlement = NULL", "reconciliation_settles_every_settlement"),
            ("UPDATE reconciliation.item SET no = 'a', in_ours = true", "reconciliation_our_lines_once"),
        ],
    )
    async def test_is_found(
        self, trade: Trade, database_urls: tuple[str, str], tampering: str, found_by: str
    ) -> None:
        await trade.sale("a", 10_000)
        await trade.sale("b", 10_000)
        await trade.reconcile(MONDAY, trade.paid("a", 10_000, fee=60), trade.paid("b", 10_000))
        assert await trade.broken() == set()
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(tampering.encode())
        assert found_by in await trade.broken()
