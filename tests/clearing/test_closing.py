"""The day's close over tables of days: pending money becomes available once, on T+1, whenever the close really happens."""

import asyncio
from datetime import timedelta

import pytest

from feiqian.clearing import DayNotOver, DayOutOfOrder, settled_by_day, total_settled
from feiqian.kernel.calendar import end_of
from tests.clearing.trade import Trade, day, night_after, noon

pytestmark = pytest.mark.anyio

Step = tuple[str, str, int] | tuple[str, str]


async def walk(trade: Trade, *steps: tuple[Step, tuple[int, int]]) -> None:
    """Do each step and compare A's (pending, available) after it.

    ("sale", day, amount), ("refund", day, amount) of the newest sale that has so much left, ("close", day) in the
    night after it, ("late close", day) on Sunday, ("pay out", day, amount).
    """
    left: dict[str, int] = {}
    for number, (step, expected) in enumerate(steps):
        match step:
            case ("sale", when, amount):
                left[f"s{number}"] = amount
                await trade.sale(f"s{number}", when, amount)
            case ("refund", when, amount):
                of = next(name for name in reversed(left) if left[name] >= amount)
                left[of] -= amount
                await trade.refund(of, when, amount)
            case ("pay out", when, amount):
                await trade.pay_out("A", amount, when)
            case ("close", when):
                await trade.close(when)
            case ("late close", when):
                await trade.close(when, at=noon("sun"))
            case _:
                raise AssertionError(step)
        assert await trade.money() == expected, (number, step)


class TestACloseOfADay:
    async def test_makes_its_trade_available_on_the_next(self, trade: Trade) -> None:
        await walk(
            trade,
            (("sale", "mon", 1000), (1000, 0)),
            (("sale", "mon", 500), (1500, 0)),
            (("close", "mon"), (0, 1500)),
            (("sale", "tue", 700), (700, 1500)),
            (("close", "tue"), (0, 2200)),
            (("close", "wed"), (0, 2200)),
        )
        assert trade.announced == [("mon", 1500), ("tue", 700)]

    async def test_takes_refunds_of_its_day_off(self, trade: Trade) -> None:
        await walk(
            trade,
            (("sale", "mon", 1000), (1000, 0)),
            (("refund", "mon", 300), (700, 0)),
            (("close", "mon"), (0, 700)),
            (("sale", "tue", 500), (500, 700)),
            (("refund", "tue", 200), (300, 700)),
            (("close", "tue"), (0, 1000)),
        )

    async def test_takes_refunds_beyond_its_trade_out_of_what_is_available(self, trade: Trade) -> None:
        await walk(
            trade,
            (("sale", "mon", 1000), (1000, 0)),
            (("close", "mon"), (0, 1000)),
            (("refund", "tue", 300), (-300, 1000)),
            (("close", "tue"), (0, 700)),
        )
        assert trade.announced == [("mon", 1000)]

    async def test_leaves_what_is_not_available_to_the_trade_of_the_days_after(self, trade: Trade) -> None:
        await walk(
            trade,
            (("sale", "mon", 1000), (1000, 0)),
            (("close", "mon"), (0, 1000)),
            (("pay out", "tue", 900), (0, 100)),
            (("refund", "tue", 600), (-600, 100)),
            (("close", "tue"), (-500, 0)),
            (("close", "wed"), (-500, 0)),
            (("sale", "thu", 200), (-300, 0)),
            (("close", "thu"), (-300, 0)),
            (("sale", "fri", 450), (150, 0)),
            (("close", "fri"), (0, 150)),
        )
        assert trade.announced == [("mon", 1000), ("fri", 150)]

    async def test_leaves_the_trade_of_the_next_day_pending(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 1000)
        await trade.sale("2", "tue", 300)
        closed = await trade.close("mon", at=noon("tue"))
        assert (closed.amount, closed.merchants) == (1000, 1)
        assert await trade.money() == (300, 1000)

    async def test_settles_every_merchant_by_itself(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 1000, 500)
        await trade.close("mon")
        await trade.sale("2", "tue", 0, 0, 400)
        await trade.refund("1", "tue", 600)
        closed = await trade.close("tue")
        # Of 600, two thirds were A's and one third B's; C sold for 400.
        assert (closed.merchants, closed.amount) == (3, -400 - 200 + 400)
        assert [await trade.money(name) for name in "ABC"] == [(0, 600), (0, 300), (0, 400)]
        assert sorted(trade.announced) == [("mon", 500), ("mon", 1000), ("tue", 400)]

    async def test_of_a_day_without_trade_is_a_close_all_the_same(self, trade: Trade) -> None:
        closed = await trade.close("mon")
        assert (closed.merchants, closed.amount) == (0, 0)
        assert trade.announced == []


class TestALateClose:
    async def test_of_several_missed_days_settles_each_once(self, trade: Trade) -> None:
        await walk(
            trade,
            (("sale", "mon", 100), (100, 0)),
            (("sale", "tue", 200), (300, 0)),
            (("sale", "wed", 400), (700, 0)),
            (("sale", "sun", 800), (1500, 0)),
            (("late close", "mon"), (1400, 100)),
            (("late close", "tue"), (1200, 300)),
            (("late close", "wed"), (800, 700)),
            (("late close", "thu"), (800, 700)),
            (("late close", "sat"), (800, 700)),
            (("close", "sun"), (0, 1500)),
        )
        assert trade.announced == [("mon", 100), ("tue", 200), ("wed", 400), ("sun", 800)]

    async def test_nets_a_refund_of_a_later_day_at_the_close_of_that_day(self, trade: Trade) -> None:
        await walk(
            trade,
            (("sale", "mon", 1000), (1000, 0)),
            (("refund", "wed", 600), (400, 0)),
            # Monday's trade was 1000, whatever was given back since.
            (("late close", "mon"), (-600, 1000)),
            (("late close", "tue"), (-600, 1000)),
            (("late close", "wed"), (0, 400)),
            (("late close", "thu"), (0, 400)),
        )

    async def test_of_one_day_takes_earlier_days_that_nobody_closed_along(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 100)
        await trade.sale("2", "tue", 200)
        assert (await trade.close("tue")).amount == 300
        assert await trade.money() == (0, 300)

    async def test_settles_what_was_booked_for_a_day_after_it_was_closed_with_the_next(
        self, trade: Trade
    ) -> None:
        await trade.close("mon", at=noon("tue"))
        await trade.sale("late", "mon", 100)
        await trade.sale("new", "tue", 20)
        assert (await trade.close("tue")).amount == 120
        assert await trade.money() == (0, 120)


class TestARefusedClose:
    async def test_is_that_of_a_day_that_is_not_over(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 1000)
        for moment in (noon("mon"), end_of(day("mon")) - timedelta(microseconds=1)):
            with pytest.raises(DayNotOver):
                await trade.close("mon", at=moment)
        assert await trade.money() == (1000, 0)
        await trade.close("mon", at=end_of(day("mon")))
        assert await trade.money() == (0, 1000)

    async def test_is_that_of_a_day_before_the_last(self, trade: Trade) -> None:
        await trade.close("tue")
        await trade.sale("1", "mon", 1000)
        with pytest.raises(DayOutOfOrder):
            await trade.close("mon", at=night_after("tue"))
        assert await trade.money() == (1000, 0)
        await trade.close("wed")
        assert await trade.money() == (0, 1000)


class TestACloseAskedForAgain:
    async def test_gives_the_first_answer_and_moves_nothing(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 1000)
        first = await trade.close("mon")
        await trade.sale("2", "tue", 300)
        assert await trade.close("mon", at=noon("wed")) == first
        assert await trade.money() == (300, 1000)
        assert trade.announced == [("mon", 1000)]

    async def test_by_ten_at_once_is_done_once(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 1000, 500)
        outcomes = await asyncio.gather(*(trade.close("mon") for _ in range(10)))
        assert len(set(outcomes)) == 1
        assert [await trade.money(name) for name in "AB"] == [(0, 1000), (0, 500)]

    async def test_while_trade_goes_on_loses_nothing(self, trade: Trade) -> None:
        await trade.sale("1", "mon", 1000)
        await asyncio.gather(
            *(trade.close("mon") for _ in range(3)), *(trade.sale(f"t{n}", "tue", 10) for n in range(10))
        )
        assert await trade.money() == (100, 1000)
        await trade.close("tue")
        assert await trade.money() == (0, 1100)


class TestTheClosedDays:
    async def test_add_up(self, trade: Trade) -> None:
        for name, amount in (("mon", 100), ("tue", 200), ("wed", 400)):
            await trade.sale(name, name, amount)
            await trade.close(name)
        async with trade.shop.database.transaction() as tx:
            assert await total_settled(tx, "CNY") == 700
            found = await settled_by_day(tx, first=day("tue"), last=day("sun"), currency="CNY")
        assert found == {day("tue"): 200, day("wed"): 400}
