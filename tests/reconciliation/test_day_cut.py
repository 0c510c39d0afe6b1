"""Lines near midnight whose two sides stand on different days, and lines of which we learn late."""

import pytest

from feiqian.channels import BillState
from feiqian.kernel.calendar import local
from feiqian.reconciliation import DayState, totals
from tests.reconciliation.trade import (
    FIRST_MINUTE,
    LAST_MINUTE,
    MONDAY,
    NOON,
    TUESDAY,
    WEDNESDAY,
    Trade,
)


async def overall(trade: Trade) -> tuple[int, int, int, int]:
    async with trade.database.transaction() as tx:
        shown = await totals(tx)
    return shown.bill_lines, shown.matched, shown.carried_over, shown.unexplained


@pytest.mark.anyio
class TestALineOfOursAtMidnight:
    async def test_is_carried_over_and_found_in_the_next_bill(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.sale("late", 5_000, at=LAST_MINUTE)
        day = await trade.reconcile(MONDAY, trade.paid("a", 10_000))
        assert (day.state, day.carried_over) == (DayState.BALANCED, 1)
        assert await trade.table(MONDAY) == [
            ("a", "matched", 10_000, 10_000, None),
            ("late", "carried_over", 5_000, None, None),
        ]
        assert await overall(trade) == (1, 1, 1, 0)
        await trade.reconcile(TUESDAY, trade.paid("late", 5_000, fee=30, at=FIRST_MINUTE))
        assert (await trade.table(MONDAY))[1] == ("late", "carried_over", 5_000, 5_000, TUESDAY)
        assert await trade.table(TUESDAY) == [("late", "carried_over", 5_000, 5_000, TUESDAY)]
        assert await overall(trade) == (2, 1, 1, 0)
        assert await trade.books() == {"channel": 0, "bank": 14_970, "cost": 30}
        assert await trade.broken() == set()

    async def test_is_unexplained_when_the_next_bill_does_not_have_it(self, trade: Trade) -> None:
        await trade.sale("late", 5_000, at=LAST_MINUTE)
        await trade.reconcile(MONDAY)
        await trade.reconcile(TUESDAY)
        assert await trade.table(MONDAY) == [("late", "ours_only", 5_000, None, None)]
        assert await trade.notes(MONDAY) == {"late": "not_found_next_day"}
        assert await overall(trade) == (0, 0, 0, 1)
        assert (await trade.books())["channel"] == 5_000

    async def test_is_explained_also_by_a_bill_that_is_later_still(self, trade: Trade) -> None:
        await trade.sale("late", 5_000, at=LAST_MINUTE)
        await trade.reconcile(MONDAY)
        await trade.reconcile(TUESDAY)
        await trade.reconcile(WEDNESDAY, trade.paid("late", 5_000, at=local(WEDNESDAY, 12)))
        assert await trade.table(MONDAY) == [("late", "carried_over", 5_000, 5_000, WEDNESDAY)]
        assert await overall(trade) == (1, 0, 1, 0)
        assert await trade.books() == {"channel": 0, "bank": 5_000, "cost": 0}
        assert await trade.broken() == set()

    async def test_with_another_amount_in_the_next_bill_is_not_explained_by_it(self, trade: Trade) -> None:
        await trade.sale("late", 5_000, at=LAST_MINUTE)
        await trade.reconcile(MONDAY)
        await trade.reconcile(TUESDAY, trade.paid("late", 5_001, at=FIRST_MINUTE))
        assert await trade.table(MONDAY) == [("late", "ours_only", 5_000, None, None)]
        assert await trade.table(TUESDAY) == [("late", "amount_differs", 5_000, 5_001, None)]
        assert (await trade.books())["bank"] == 0

    async def test_far_from_midnight_is_not_carried(self, trade: Trade) -> None:
        await trade.sale("near", 1, at=local(MONDAY, 23, 30))
        await trade.sale("far", 2, at=local(MONDAY, 23, 29))
        await trade.reconcile(MONDAY)
        assert sorted(await trade.table(MONDAY)) == [
            ("far", "ours_only", 2, None, None),
            ("near", "carried_over", 1, None, None),
        ]

    async def test_waits_for_a_day_before_that_has_no_bill_yet(self, trade: Trade) -> None:
        await trade.sale("early", 5_000, at=FIRST_MINUTE)
        await trade.reconcile(TUESDAY)
        assert await trade.table(TUESDAY) == [("early", "carried_over", 5_000, None, None)]
        await trade.reconcile(MONDAY, trade.paid("early", 5_000, at=LAST_MINUTE), at=local(WEDNESDAY, 12))
        assert await trade.table(TUESDAY) == [("early", "carried_over", 5_000, 5_000, MONDAY)]
        assert await overall(trade) == (1, 0, 1, 0)
        assert await trade.broken() == set()

    async def test_does_not_wait_for_a_day_that_was_compared(self, trade: Trade) -> None:
        await trade.reconcile(MONDAY)
        await trade.sale("early", 5_000, at=FIRST_MINUTE)
        await trade.reconcile(TUESDAY)
        assert await trade.table(TUESDAY) == [("early", "ours_only", 5_000, None, None)]

    async def test_stays_settled_when_its_day_is_run_again(self, trade: Trade) -> None:
        await trade.sale("late", 5_000, at=LAST_MINUTE)
        await trade.reconcile(MONDAY, trade.paid("unknown", 9))
        await trade.reconcile(TUESDAY, trade.paid("late", 5_000, at=FIRST_MINUTE))
        day = await trade.reconcile(MONDAY, at=local(WEDNESDAY, 12))
        assert (day.state, day.run) == (DayState.BALANCED, 2)
        assert await trade.table(MONDAY) == [("late", "carried_over", 5_000, None, TUESDAY)]
        assert (await trade.books())["bank"] == 5_000
        assert await trade.broken() == set()


@pytest.mark.anyio
class TestALineOfTheBillAtMidnight:
    async def test_meets_our_line_of_the_next_day(self, trade: Trade) -> None:
        await trade.sale("early", 5_000, at=FIRST_MINUTE)
        await trade.reconcile(MONDAY, trade.paid("early", 5_000, fee=30, at=LAST_MINUTE))
        assert await trade.table(MONDAY) == [("early", "carried_over", 5_000, 5_000, MONDAY)]
        await trade.reconcile(TUESDAY)
        assert await trade.table(TUESDAY) == [("early", "carried_over", 5_000, None, MONDAY)]
        assert await overall(trade) == (1, 0, 1, 0)
        assert await trade.books() == {"channel": 0, "bank": 4_970, "cost": 30}
        assert await trade.broken() == set()

    async def test_is_carried_over_until_we_know_its_payment(self, trade: Trade) -> None:
        await trade.order("early", 5_000)
        await trade.reconcile(MONDAY, trade.paid("early", 5_000, at=LAST_MINUTE))
        assert await trade.table(MONDAY) == [("early", "state_differs", 5_000, 5_000, None)]
        await trade.pay("early", at=FIRST_MINUTE, heard=local(TUESDAY, 11))
        await trade.reconcile(TUESDAY)
        assert await trade.table(MONDAY) == [("early", "carried_over", 5_000, 5_000, TUESDAY)]
        assert await trade.table(TUESDAY) == [("early", "carried_over", 5_000, 5_000, TUESDAY)]
        assert await overall(trade) == (1, 0, 1, 0)
        assert (await trade.books())["bank"] == 5_000
        assert await trade.broken() == set()

    async def test_of_an_unknown_number_is_unexplained_the_day_after(self, trade: Trade) -> None:
        await trade.reconcile(MONDAY, trade.paid("nobody", 5_000, at=LAST_MINUTE))
        assert await trade.table(MONDAY) == [("nobody", "carried_over", None, 5_000, None)]
        await trade.reconcile(TUESDAY)
        assert await trade.table(MONDAY) == [("nobody", "theirs_only", None, 5_000, None)]
        assert await overall(trade) == (1, 0, 0, 1)

    async def test_twice_is_one_payment_and_one_difference(self, trade: Trade) -> None:
        await trade.sale("late", 5_000, at=LAST_MINUTE)
        await trade.reconcile(MONDAY)
        lines = [trade.paid("late", 5_000, at=FIRST_MINUTE) for _ in range(2)]
        await trade.reconcile(TUESDAY, *lines)
        assert await trade.table(TUESDAY) == [
            ("late", "carried_over", 5_000, 5_000, TUESDAY),
            ("late", "theirs_only", 5_000, 5_000, None),
        ]
        assert (await trade.books())["bank"] == 5_000


@pytest.mark.anyio
class TestALineOfWhichWeLearnLate:
    async def test_completes_the_bill_line_of_its_day(self, trade: Trade) -> None:
        await trade.order("lost", 5_000)
        day = await trade.reconcile(MONDAY, trade.paid("lost", 5_000, fee=30))
        assert day.state is DayState.DIFFERENCES
        await trade.pay("lost", at=NOON, heard=local(TUESDAY, 11))
        await trade.reconcile(TUESDAY)
        assert await trade.table(MONDAY) == [("lost", "matched", 5_000, 5_000, TUESDAY)]
        assert await trade.table(TUESDAY) == []
        assert await overall(trade) == (1, 1, 0, 0)
        assert await trade.books() == {"channel": 0, "bank": 4_970, "cost": 30}
        assert await trade.broken() == set()

    async def test_is_never_dropped_when_no_bill_has_it(self, trade: Trade) -> None:
        await trade.order("claimed", 5_000)
        await trade.reconcile(MONDAY)
        await trade.pay("claimed", at=NOON, heard=local(TUESDAY, 11))
        await trade.reconcile(TUESDAY)
        assert await trade.table(MONDAY) == []
        assert await trade.table(TUESDAY) == [("claimed", "ours_only", 5_000, None, None)]
        assert await trade.notes(TUESDAY) == {"claimed": "became_known_late"}
        await trade.reconcile(WEDNESDAY)
        assert await trade.table(WEDNESDAY) == []
        assert await overall(trade) == (0, 0, 0, 1)
        assert await trade.broken() == set()

    async def test_is_completed_by_a_later_bill(self, trade: Trade) -> None:
        await trade.order("claimed", 5_000)
        await trade.reconcile(MONDAY)
        await trade.pay("claimed", at=LAST_MINUTE, heard=local(TUESDAY, 11))
        await trade.reconcile(TUESDAY, trade.paid("claimed", 5_000, at=FIRST_MINUTE))
        assert await trade.table(TUESDAY) == [("claimed", "carried_over", 5_000, 5_000, TUESDAY)]
        assert await overall(trade) == (1, 0, 1, 0)
        assert await trade.broken() == set()


@pytest.mark.anyio
class TestARefundUnderWay:
    async def test_is_carried_until_it_succeeds(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.ask_refund("r", of="a", amount=600)
        lines = (trade.paid("a", 10_000), trade.returned("r", 600, state=BillState.PROCESSING))
        day = await trade.reconcile(MONDAY, *lines)
        assert (day.state, day.carried_over) == (DayState.BALANCED, 1)
        assert (await trade.books())["bank"] == 10_000
        await trade.refunded("r", at=local(TUESDAY, 15))
        await trade.reconcile(TUESDAY)
        assert (await trade.table(MONDAY))[1] == ("r", "carried_over", 600, 600, TUESDAY)
        assert await trade.table(TUESDAY) == [("r", "carried_over", 600, 600, TUESDAY)]
        assert await trade.books() == {"channel": 0, "bank": 9_400, "cost": 0}
        assert await trade.broken() == set()

    async def test_is_a_difference_when_it_takes_longer(self, trade: Trade) -> None:
        await trade.sale("a", 10_000)
        await trade.ask_refund("r", of="a", amount=600)
        lines = (trade.paid("a", 10_000), trade.returned("r", 600, state=BillState.PROCESSING))
        await trade.reconcile(MONDAY, *lines)
        await trade.reconcile(TUESDAY)
        assert (await trade.table(MONDAY))[1] == ("r", "state_differs", 600, 600, None)
        await trade.refunded("r", at=local(WEDNESDAY, 15))
        await trade.reconcile(WEDNESDAY)
        assert (await trade.table(MONDAY))[1] == ("r", "carried_over", 600, 600, WEDNESDAY)
        assert (await trade.books())["channel"] == 0
        assert await trade.broken() == set()
