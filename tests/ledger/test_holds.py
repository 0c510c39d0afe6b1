"""Holds, told as tables: money is set aside, taken in one or several parts, let go by hand or by time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import Action, Frozen, NewTransaction, Result
from tests.conftest import NOW
from tests.ledger.books import (
    LOAN,
    PURSE,
    SHOP,
    TILL,
    ask,
    asked,
    assert_steps,
    capture,
    closed,
    expired,
    findings,
    frozen,
    hold,
    id_of,
    limited,
    release,
    request,
    said,
    show,
    tuples,
)

LATER = NOW + timedelta(hours=1)
FILL = request("fill", (TILL, PURSE, 100))


async def state_of(database: Database, name: str) -> tuple[int, int, str]:
    sql = "SELECT captured, released, state FROM ledger.hold WHERE cell = %s AND id = %s"
    ((captured, released, state),) = await tuples(database, sql, id_of(name))
    return captured, released, state


@pytest.mark.anyio
class TestAHold:
    async def test_is_taken_in_parts_until_nothing_is_left(self, database: Database) -> None:
        table = [
            # what is asked                           becomes           purse: posted, held, available; shop
            (asked(FILL), "posted", (100, 0, 100), (0, 0, 0)),
            (asked(hold("h", PURSE, SHOP, 60)), "posted", (100, 60, 40), (0, 0, 0)),
            (asked(capture("c1", "h", 25)), "posted", (75, 35, 40), (25, 0, 25)),
            (asked(capture("c1", "h", 25)), "exists", (75, 35, 40), (25, 0, 25)),
            (asked(capture("c2", "h", 36)), "hold_exceeded", (75, 35, 40), (25, 0, 25)),
            (asked(capture("c3", "h", 15)), "posted", (60, 20, 40), (40, 0, 40)),
            (asked(release("r", "h", 5)), "posted", (60, 15, 45), (40, 0, 40)),
            (asked(capture("c4", "h")), "posted", (45, 0, 45), (55, 0, 55)),
            (asked(capture("c5", "h")), "hold_ended", (45, 0, 45), (55, 0, 55)),
            (asked(capture("c6", "h", 1)), "hold_ended", (45, 0, 45), (55, 0, 55)),
            (asked(release("r2", "h")), "hold_ended", (45, 0, 45), (55, 0, 55)),
        ]
        await assert_steps(database, (PURSE, SHOP), table)
        assert await state_of(database, "h") == (55, 5, "captured")

    async def test_is_let_go_in_parts_or_whole(self, database: Database) -> None:
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(hold("h", PURSE, SHOP, 60)), "posted", (100, 60, 40)),
            (asked(release("r1", "h", 20)), "posted", (100, 40, 60)),
            (asked(release("r2", "h", 41)), "hold_exceeded", (100, 40, 60)),
            (asked(release("r3", "h")), "posted", (100, 0, 100)),
            (asked(release("r3", "h")), "exists", (100, 0, 100)),
            (asked(capture("c", "h", 1)), "hold_ended", (100, 0, 100)),
        ]
        await assert_steps(database, (PURSE,), table)
        assert await state_of(database, "h") == (0, 60, "released")

    async def test_keeps_what_it_holds_from_being_spent_elsewhere(self, database: Database) -> None:
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(hold("h", PURSE, SHOP, 70)), "posted", (100, 70, 30)),
            (asked(request("spend", (PURSE, TILL, 31))), "insufficient_funds", (100, 70, 30)),
            (asked(hold("h2", PURSE, SHOP, 31)), "insufficient_funds", (100, 70, 30)),
            (asked(request("spend-less", (PURSE, TILL, 30))), "posted", (70, 70, 0)),
            (asked(capture("c", "h")), "posted", (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_does_not_let_the_receiver_spend_what_has_not_come_yet(self, database: Database) -> None:
        table = [
            (asked(FILL), "posted", (0, 0, 0)),
            (asked(hold("h", PURSE, SHOP, 70)), "posted", (0, 0, 0)),
            (asked(request("early", (SHOP, TILL, 1))), "insufficient_funds", (0, 0, 0)),
            (asked(capture("c", "h", 30)), "posted", (30, 0, 30)),
            (asked(request("now", (SHOP, TILL, 30))), "posted", (0, 0, 0)),
        ]
        await assert_steps(database, (SHOP,), table)

    async def test_of_an_account_that_debits_raise_holds_its_credits(self, database: Database) -> None:
        table = [
            (asked(request("lend", (LOAN, TILL, 80))), "posted", (80, 0, 80)),
            (asked(hold("h", TILL, LOAN, 50)), "posted", (80, 50, 30)),
            (asked(request("pay", (TILL, LOAN, 31))), "insufficient_funds", (80, 50, 30)),
            (asked(capture("c", "h", 20)), "posted", (60, 30, 30)),
            (asked(release("r", "h")), "posted", (60, 0, 60)),
        ]
        await assert_steps(database, (LOAN,), table)

    async def test_is_taken_and_let_go_within_the_batch_that_opened_it(self, database: Database) -> None:
        batch = (
            FILL,
            hold("h", PURSE, SHOP, 60),
            capture("c", "h", 20),
            capture("too-much", "h", 41),
            release("r", "h"),
            request("spend", (PURSE, TILL, 80)),
        )
        table = [
            (asked(*batch), "posted posted posted hold_exceeded posted posted", (0, 0, 0), (20, 0, 20)),
            (asked(*batch), "exists exists exists hold_exceeded exists exists", (0, 0, 0), (20, 0, 20)),
        ]
        await assert_steps(database, (PURSE, SHOP), table)
        assert await state_of(database, "h") == (20, 40, "released")

    async def test_that_nobody_opened_is_unknown(self, database: Database) -> None:
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(capture("c", "h", 1), release("r", "h")), "hold_unknown hold_unknown", (100, 0, 100)),
            (asked(capture("c-fill", "fill", 1)), "hold_unknown", (100, 0, 100)),
            (asked(hold("h", PURSE, SHOP, 101)), "insufficient_funds", (100, 0, 100)),
            (asked(capture("c2", "h", 1)), "hold_unknown", (100, 0, 100)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_in_a_foreign_currency_is_a_hold_of_that_currency(self, database: Database) -> None:
        dollars, shop = (PURSE.__class__(r.book, r.code, r.owner, "USD") for r in (PURSE, SHOP))
        till = TILL.__class__(TILL.book, TILL.code, TILL.owner, "USD")
        table = [
            (asked(request("in", (till, dollars, 9))), "posted", (9, 0, 9), (0, 0, 0)),
            (asked(hold("mixed", dollars, SHOP, 5)), "currency_mismatch", (9, 0, 9), (0, 0, 0)),
            (asked(hold("h", dollars, shop, 5)), "posted", (9, 5, 4), (0, 0, 0)),
            (asked(capture("c", "h")), "posted", (4, 0, 4), (0, 0, 0)),
        ]
        await assert_steps(database, (dollars, PURSE), table)


@pytest.mark.anyio
class TestAHoldOverTime:
    async def test_is_let_go_when_its_time_is_over(self, database: Database) -> None:
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(hold("h", PURSE, SHOP, 60, expires_at=LATER)), "posted", (100, 60, 40)),
            (asked(hold("for ever", PURSE, SHOP, 10)), "posted", (100, 70, 30)),
            (asked(capture("c", "h", 15)), "posted", (85, 55, 30)),
            (expired(now=LATER - timedelta(microseconds=1)), "0", (85, 55, 30)),
            (expired(now=LATER), "1", (85, 10, 75)),
            (expired(now=LATER), "0", (85, 10, 75)),
            (asked(capture("late", "h", 1), now=LATER), "hold_ended", (85, 10, 75)),
        ]
        await assert_steps(database, (PURSE,), table)
        assert await state_of(database, "h") == (15, 45, "expired")
        assert await state_of(database, "for ever") == (0, 0, "open")

    async def test_is_not_taken_after_its_time_also_before_the_schedule_came_by(
        self, database: Database
    ) -> None:
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(hold("h", PURSE, SHOP, 60, expires_at=LATER)), "posted", (100, 60, 40)),
            (asked(capture("c", "h"), now=LATER), "hold_ended", (100, 60, 40)),
            (asked(release("r", "h", 10), now=LATER), "posted", (100, 50, 50)),
            (expired(now=LATER), "1", (100, 0, 100)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_is_let_go_into_the_business_day_of_that_moment(self, database: Database) -> None:
        # 16:30 UTC is half past midnight of the next day in Shanghai.
        late = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
        await ask(database, FILL, hold("h", PURSE, SHOP, 60, expires_at=LATER))
        await expired(now=late)(database)
        rows = await tuples(
            database, "SELECT business_date::text FROM ledger.leg WHERE cell = %s AND action = 4"
        )
        assert rows == [("2026-03-03",)]

    async def test_cannot_be_called_over_by_a_caller_before_it_is(self, database: Database) -> None:
        def expire(name: str, **more: object) -> NewTransaction:
            return request(name, action=Action.EXPIRE, hold=id_of("h"), **more)

        table = [
            (asked(FILL, hold("h", PURSE, SHOP, 60, expires_at=LATER)), "posted posted", (100, 60, 40)),
            (asked(expire("e")), "action_invalid", (100, 60, 40)),
            (asked(expire("e-part", amount=5), now=LATER), "action_invalid", (100, 60, 40)),
            (asked(expire("e"), now=LATER), "posted", (100, 0, 100)),
        ]
        await assert_steps(database, (PURSE,), table)


@pytest.mark.anyio
class TestAHoldOnABarredAccount:
    @pytest.mark.parametrize(
        ("bar", "unbar", "code"),
        [
            (frozen(PURSE, Frozen.DEBITS), frozen(PURSE, Frozen.NO), "account_frozen"),
            (frozen(SHOP, Frozen.CREDITS), frozen(SHOP, Frozen.NO), "account_frozen"),
            (closed(PURSE), closed(PURSE, None), "account_closed"),
            (closed(SHOP), closed(SHOP, None), "account_closed"),
        ],
        ids=["payer frozen", "receiver frozen", "payer closed", "receiver closed"],
    )
    async def test_may_be_let_go_but_not_taken(
        self, database: Database, bar: object, unbar: object, code: str
    ) -> None:
        table = [
            (asked(FILL, hold("h", PURSE, SHOP, 60, expires_at=LATER)), "posted posted", (100, 60, 40)),
            (bar, "", (100, 60, 40)),
            (asked(hold("h2", PURSE, SHOP, 1)), code, (100, 60, 40)),
            (asked(capture("c", "h", 1)), code, (100, 60, 40)),
            (asked(release("r", "h", 10)), "posted", (100, 50, 50)),
            (expired(now=LATER), "1", (100, 0, 100)),
            (unbar, "", (100, 0, 100)),
            (asked(capture("c", "h", 1)), code, (100, 0, 100)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_passes_where_only_the_other_side_is_frozen(self, database: Database) -> None:
        table = [
            (asked(FILL, hold("h", PURSE, SHOP, 60)), "posted posted", (100, 60, 40)),
            (frozen(PURSE, Frozen.CREDITS), "", (100, 60, 40)),
            (frozen(SHOP, Frozen.DEBITS), "", (100, 60, 40)),
            (asked(capture("c", "h")), "posted", (40, 0, 40)),
            (asked(request("back", (SHOP, TILL, 1))), "account_frozen", (40, 0, 40)),
            (asked(request("more", (TILL, PURSE, 1))), "account_frozen", (40, 0, 40)),
            (frozen(PURSE, Frozen.BOTH), "", (40, 0, 40)),
            (asked(request("out", (PURSE, TILL, 1))), "account_frozen", (40, 0, 40)),
            (asked(request("in", (TILL, PURSE, 1))), "account_frozen", (40, 0, 40)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE,), table)


@pytest.mark.anyio
class TestALimit:
    async def test_lets_an_account_go_that_far_below_zero(self, database: Database) -> None:
        table = [
            (asked(request("in", (TILL, PURSE, 10))), "posted", (10, 0, 10)),
            (limited(PURSE, 50), "", (10, 0, 60)),
            (asked(request("too-far", (PURSE, TILL, 61))), "insufficient_funds", (10, 0, 60)),
            (asked(request("out", (PURSE, TILL, 40))), "posted", (-30, 0, 20)),
            (asked(hold("h", PURSE, SHOP, 20)), "posted", (-30, 20, 0)),
            (asked(request("one-more", (PURSE, TILL, 1))), "insufficient_funds", (-30, 20, 0)),
            (limited(PURSE, None), "", (-30, 20, None)),
            (asked(request("any", (PURSE, TILL, 1_000))), "posted", (-1_030, 20, None)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_that_is_lowered_bars_further_spending_but_not_paying_in(self, database: Database) -> None:
        # An account that is beyond its new limit is what the invariant must name; so the table ends within it.
        table = [
            (asked(request("in", (TILL, PURSE, 10))), "posted", (10, 0, 10)),
            (limited(PURSE, 50), "", (10, 0, 60)),
            (asked(request("out", (PURSE, TILL, 40))), "posted", (-30, 0, 20)),
            (asked(hold("h", PURSE, SHOP, 10)), "posted", (-30, 10, 10)),
            (limited(PURSE, 0), "", (-30, 10, -40)),
            (asked(request("spend", (PURSE, TILL, 1))), "insufficient_funds", (-30, 10, -40)),
            (asked(request("pay-in", (TILL, PURSE, 5))), "posted", (-25, 10, -35)),
            (
                asked(request("less-than-it-brings", (PURSE, SHOP, 5), (TILL, PURSE, 9))),
                "posted",
                (-21, 10, -31),
            ),
            (asked(capture("c", "h")), "posted", (-31, 0, -31)),
            (asked(request("settle", (TILL, PURSE, 31))), "posted", (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE,), table)


@pytest.mark.anyio
class TestTheBookingTime:
    async def test_never_runs_backwards_when_the_clock_does(self, database: Database) -> None:
        for number, minutes in enumerate((0, 10, -30, 5, 11)):
            moment = NOW + timedelta(minutes=minutes)
            steps = (request(f"in-{number}", (TILL, PURSE, 9)), hold(f"h-{number}", PURSE, SHOP, 2))
            assert said(await ask(database, *steps, now=moment)) == ["posted", "posted"]
            assert said(await ask(database, capture(f"c-{number}", f"h-{number}"), now=moment)) == ["posted"]
        rows = await tuples(
            database,
            "SELECT DISTINCT booked_at FROM ledger.entry WHERE cell = %s AND account = %s ORDER BY 1",
            PURSE.id,
        )
        assert [moment for (moment,) in rows] == [NOW + timedelta(minutes=m) for m in (0, 10, 11)]
        assert await findings(database) == []


@pytest.mark.anyio
class TestTwoAtOnce:
    async def test_that_each_want_the_whole_hold_have_one_winner(self, database: Database) -> None:
        await ask(database, FILL, hold("h", PURSE, SHOP, 60))
        wishes = [capture("c1", "h"), capture("c2", "h", 60), capture("c3", "h"), release("r", "h")]
        outcomes = await _at_once(database, wishes)
        assert sorted(said(outcomes)) == ["hold_ended"] * 3 + ["posted"]
        assert await show(database, PURSE) in [(40, 0, 40), (100, 0, 100)]
        assert await findings(database) == []

    async def test_that_want_parts_never_take_more_than_is_held(self, database: Database) -> None:
        await ask(database, FILL, hold("h", PURSE, SHOP, 60))
        outcomes = await _at_once(database, [capture(f"c{number}", "h", 25) for number in range(6)])
        assert sorted(said(outcomes)) == ["hold_exceeded"] * 4 + ["posted"] * 2
        assert await show(database, PURSE) == (50, 10, 40)
        assert await findings(database) == []

    async def test_expiring_the_same_hold_let_it_go_once(self, database: Database) -> None:
        await ask(database, FILL, hold("h", PURSE, SHOP, 60, expires_at=LATER))
        counts = await asyncio.gather(*(expired(now=LATER)(database) for _ in range(4)))
        assert sorted(counts) == ["0", "0", "0", "1"]
        assert await show(database, PURSE) == (100, 0, 100)
        assert await findings(database) == []


async def _at_once(database: Database, wishes: list[NewTransaction]) -> list[Result]:
    """Each over a connection of its own."""
    batches = await asyncio.gather(*(ask(database, wish) for wish in wishes))
    return [result for batch in batches for result in batch]
