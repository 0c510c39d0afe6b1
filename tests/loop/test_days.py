"""Whole days over the real channel: close, bill, vouchers; bills that are missing, damaged or wrong; loans repaid."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from feiqian.finance import trial_balance
from feiqian.kernel.calendar import business_date, local
from feiqian.ledger import PLATFORM_BOOK
from feiqian.lending import register_funder
from feiqian.reconciliation import DayState, ReconciledDay, items, reconciled_day, reconciled_days
from tests.loop.house import House, open_house
from tests.loop.notices import Forger

pytestmark = pytest.mark.anyio

_months = count()


@pytest.fixture
async def house(database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str) -> AsyncIterator[House]:
    """A house that begins at noon of a day on which nobody else had trade at the channel."""
    now = local(date(2027, 1, 4) + timedelta(days=28 * next(_months)), 12)
    async with open_house(
        urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=now
    ) as opened:
        yield opened
        assert await opened.broken() == []


def today(house: House) -> date:
    return business_date(house.clock.now())


async def morning_after(house: House, day: date, minute: int = 5) -> None:
    """The next day at some minutes past ten, when the bill is out."""
    await house.at(local(day + timedelta(days=1), 12, minute))


async def tried(house: House, day: date) -> ReconciledDay | None:
    async with house.database.transaction() as tx:
        return await reconciled_day(tx, channel="wechatpay", day=day)


async def day_of(house: House, day: date) -> ReconciledDay:
    """A day that was tried."""
    found = await tried(house, day)
    assert found is not None
    return found


async def reconcile(house: House, day: date) -> Any:
    return await house.ask("POST", f"/v1/days/{day}/reconcile")


TRADED = {"channel": 1300, "fee": 8, "A pending": 518, "B pending": 774}
"""The books after 400 and 600, then 500 for A and B, less a refund of 200."""
SETTLED = {"bank": 1295, "channel_cost": 5, "fee": 8, "A pending": 518, "B pending": 774}
"""The same when the bill has confirmed all of it: the channel keeps 0.38 % of each, which is 4 + 2 - 1."""


async def trade(house: House) -> date:
    """Two payments and a refund today; moves on to the morning on which the bill is out."""
    day = today(house)
    first = await house.paid("1", 400, 600)
    await house.paid("2", 200, 300)
    await house.refunded(first, "r1", 200)
    assert await house.books() == TRADED
    await morning_after(house, day)
    return day


class TestABill:
    async def test_that_agrees_turns_what_the_channel_owes_into_money_at_the_bank(self, house: House) -> None:
        day = await trade(house)
        result = await reconcile(house, day)
        assert (result["bill_lines"], result["matched"], result["unexplained"]) == (3, 3, 0)
        assert await house.books() == SETTLED
        assert await reconcile(house, day) == result
        assert await house.books() == SETTLED

    @pytest.mark.parametrize(
        ("bill", "problem"),
        [
            ("missing", (404, "bill_missing")),
            ("not_ready", (404, "bill_missing")),
            ("truncated", (502, "bill_damaged")),
            ("other_day", (502, "bill_damaged")),
            ("bad_hash", (502, "bill_damaged")),
        ],
    )
    async def test_that_cannot_be_used_leaves_the_day_failed_until_a_whole_one_comes(
        self, house: House, bill: str, problem: tuple[int, str]
    ) -> None:
        day = await trade(house)
        await house.behave(bill=bill)
        for _ in range(2):
            answer = await house.send("POST", f"/v1/days/{day}/reconcile")
            assert answer.problem == problem
            assert answer.json["retryable"]
        failed = await day_of(house, day)
        assert (failed.state, failed.error_code, failed.bill_lines) == (DayState.FAILED, problem[1], 0)
        assert failed.error
        assert await house.books() == TRADED
        await house.behave(bill="normal")
        result = await reconcile(house, day)
        assert (result["matched"], result["unexplained"]) == (3, 0)
        repaired = await day_of(house, day)
        assert (repaired.state, repaired.error) == (DayState.BALANCED, None)
        assert await house.books() == SETTLED

    @pytest.mark.parametrize(
        ("bill", "status", "lines", "matched"),
        [("extra_line", "theirs_only", 4, 3), ("amount_differs", "amount_differs", 3, 2)],
    )
    async def test_with_a_wrong_line_lists_it_and_is_repaired_by_the_right_one(
        self, house: House, bill: str, status: str, lines: int, matched: int
    ) -> None:
        day = await trade(house)
        await house.behave(bill=bill, only_next=1)
        result = await reconcile(house, day)
        assert (result["bill_lines"], result["matched"], result["unexplained"]) == (lines, matched, 1)
        assert result["by_status"][status] == 1
        async with house.database.transaction() as tx:
            listed = await items(tx, channel="wechatpay", day=day)
        (different,) = [item for item in listed if item.status.value == status]
        if status == "theirs_only":
            assert (different.our_amount, different.their_amount) == (None, 100)
        else:
            assert (different.our_amount, different.their_amount) == (1000, 1001)
        # Only what both sides say is settled: the books still show what is not explained.
        books = await house.books()
        assert sum(books[name] for name in ("A pending", "B pending", "fee")) == 1300
        assert books.get("channel", 0) == (0 if status == "theirs_only" else 1000)
        repaired = await reconcile(house, day)
        assert (repaired["matched"], repaired["unexplained"]) == (3, 0)
        assert await house.books() == SETTLED

    async def test_of_a_day_without_trade_is_no_difference(self, house: House) -> None:
        day = today(house)
        await morning_after(house, day)
        result = await reconcile(house, day)
        assert (result["bill_lines"], result["unexplained"]) == (0, 0)
        assert await house.books() == {}

    async def test_that_is_not_out_yet_is_refused(self, house: House) -> None:
        day = today(house)
        await house.paid("1", 600, 400)
        before = await house.books()
        assert (await house.send("POST", f"/v1/days/{day}/reconcile")).problem == (409, "day_not_over")
        assert await tried(house, day) is None
        await house.at(local(day + timedelta(days=1), 9))
        assert (await house.send("POST", f"/v1/days/{day}/reconcile")).problem == (404, "bill_missing")
        assert await house.books() == before

    async def test_shows_money_that_our_books_refused(self, house: House, channel_dir: Path) -> None:
        day, now = today(house), house.clock.now()
        conflicted = await house.create("conflicted", 600, 400)
        await house.behave(callback="wrong_amount", only_next=1)
        await house.pay(conflicted)
        await house.payment_in("conflicted", conflicted)
        ours_only = await house.create("never paid", 600, 400)
        forger = Forger(channel_dir)
        assert (await forger.notice(forger.paid(ours_only, now), now).send(house)).status == 204
        await morning_after(house, day)
        result = await reconcile(house, day)
        assert result["by_status"] == {
            "matched": 0, "ours_only": 1, "theirs_only": 0, "amount_differs": 0, "state_differs": 1,
            "carried_over": 0,
        }  # fmt: skip
        assert await house.books() == {"channel": 1000, "fee": 6, "A pending": 597, "B pending": 397}


class TestADay:
    async def test_is_closed_reconciled_and_vouchered_to_a_balance_that_agrees(self, house: House) -> None:
        day = await trade(house)
        closed = await house.ask("POST", f"/v1/days/{day}/close")
        assert (closed["settled"], closed["merchants"]) == (518 + 774, 2)
        assert await house.ask("POST", f"/v1/days/{day}/close") == closed
        await reconcile(house, day)
        written = await house.ask("POST", f"/v1/days/{day}/vouchers")
        assert written["trial_balance_ok"]
        assert written["vouchers"] > 0
        assert await house.ask("POST", f"/v1/days/{day}/vouchers") == written
        assert await house.books() == {
            "bank": 1295, "channel_cost": 5, "fee": 8, "A available": 518, "B available": 774,
        }  # fmt: skip
        async with house.database.transaction() as tx:
            balance = await trial_balance(tx, day=day, book=PLATFORM_BOOK)
        assert balance.agrees

    async def test_that_is_not_over_moves_nothing(self, house: House) -> None:
        await house.paid("1", 600, 400)
        before = await house.books()
        for step in ("close", "reconcile", "vouchers"):
            answer = await house.send("POST", f"/v1/days/{today(house)}/{step}")
            assert answer.problem == (409, "day_not_over"), step
        assert await house.books() == before

    async def test_of_a_mistyped_year_is_refused_and_makes_nobody_walk_through_centuries(
        self, house: House
    ) -> None:
        day = await trade(house)
        for year in (1, 26, 1027, day.year - 1):
            for step in ("close", "reconcile", "vouchers"):
                answer = await house.send("POST", f"/v1/days/{day.replace(year=year)}/{step}")
                assert answer.problem == (422, "day_before_trade"), (year, step)
        await house.services.days.run_due()
        assert (await house.books())["A available"] == 518
        async with house.database.transaction() as tx:
            assert [each.day for each in await reconciled_days(tx)] == [day]

    async def test_out_of_order_is_refused(self, house: House) -> None:
        day = await trade(house)
        await house.ask("POST", f"/v1/days/{day}/close")
        answer = await house.send("POST", f"/v1/days/{day - timedelta(days=1)}/close")
        assert answer.problem == (409, "day_out_of_order")


class TestTheSchedule:
    async def test_makes_up_for_days_on_which_nobody_was_there(self, house: House) -> None:
        first = today(house)
        await house.paid("1", 600, 400)
        await house.at(local(first + timedelta(days=2), 12))
        await house.paid("2", 300, 200)
        await house.at(local(first + timedelta(days=4), 13))
        for _ in range(2):
            await house.services.days.run_due()
            assert await house.books() == {
                "bank": 1500 - 6, "channel_cost": 6, "fee": 9, "A available": 896, "B available": 595,
            }  # fmt: skip
        for number in range(4):
            assert (await day_of(house, first + timedelta(days=number))).state is DayState.BALANCED
        assert await tried(house, first + timedelta(days=4)) is None

    async def test_asks_again_for_a_bill_that_was_not_to_be_had(self, house: House) -> None:
        day = await trade(house)
        await house.behave(bill="not_ready", only_next=1)
        await house.services.days.run_due()
        assert (await day_of(house, day)).state is DayState.FAILED
        await house.later(minutes=29)
        await house.services.days.run_due()
        assert (await day_of(house, day)).state is DayState.FAILED
        await house.later(minutes=1)
        await house.services.days.run_due()
        assert (await day_of(house, day)).state is DayState.BALANCED
        assert await house.books() == {
            "bank": 1295, "channel_cost": 5, "fee": 8, "A available": 518, "B available": 774,
        }  # fmt: skip


class TestALoan:
    async def test_is_repaid_out_of_the_next_settlement(self, house: House) -> None:
        now = house.clock.now()
        await house.database.run(lambda tx: register_funder(tx, now=now, funder_no="bank-a", name="Bank A"))
        deposit = {"deposit_no": "d1", "amount": 100_000_000, "currency": "CNY"}
        await house.ask("POST", "/v1/funders/bank-a/deposits", deposit)
        for number in range(3):
            day = today(house)
            await house.paid(str(number), 40_000_000)
            await house.at(local(day + timedelta(days=1), 0, 5))
            await house.ask("POST", f"/v1/days/{day}/close")
        decision = await house.ask("POST", "/v1/merchants/A/credit-line")
        assert decision["outcome"] == "approved", decision
        before = await house.books()
        body = {"loan_no": "l1", "merchant_no": "A", "amount": 10_000_000}
        loan = await house.ask("POST", "/v1/loans", body)
        assert await house.ask("POST", "/v1/loans", body) == loan
        drawn = await house.books()
        assert drawn["A available"] - before["A available"] == 10_000_000
        day = today(house)
        await house.paid("4", 10_000_000)
        await house.at(local(day + timedelta(days=1), 0, 5))
        closed = await house.ask("POST", f"/v1/days/{day}/close")
        # Of 9,940,000 net a fifth; a day's interest on 10,000,000 at 10.95 % is 3,000, taken first.
        assert (closed["settled"], closed["repaid"], closed["interest"]) == (9_940_000, 1_988_000, 3_000)
        assert await house.ask("POST", f"/v1/days/{day}/close") == closed
        repaid = await house.ask("GET", f"/v1/loans/{loan['id']}")
        assert (repaid["interest_paid"], repaid["principal_paid"]) == (3_000, 1_985_000)
        assert repaid["principal_outstanding"] == 8_015_000
        assert (await house.books())["A available"] == drawn["A available"] + 9_940_000 - 1_988_000
