"""Interest in the ledger, day after day, and what the funder sees of it."""

import asyncio

import pytest

from feiqian import lending
from feiqian.clearing import DayNotOver
from feiqian.kernel.calendar import local
from feiqian.lending import LoanState
from tests.lending.town import Town, day, noon


@pytest.mark.anyio
class TestADaysClose:
    async def test_posts_interest_with_the_date_of_the_day(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        for number, owed in ((3, 3_000), (4, 6_000), (5, 9_000)):
            result = await town.close(number)
            assert (result.day, result.interest, result.penalty, result.loans) == (day(number), 3_000, 0, 1)
            assert await town.owed(loan) == (0, owed, 10_000_000)
        async with town.database.transaction() as tx:
            movements = await lending.loan_movements(tx, id=loan.id)
        assert [(m.date, m.kind, m.principal, m.interest, m.penalty, m.balance) for m in movements] == [
            (day(3), "loan_draw", 10_000_000, 0, 0, 10_000_000),
            (day(3), "interest", 0, 3_000, 0, 10_003_000),
            (day(4), "interest", 0, 3_000, 0, 10_006_000),
            (day(5), "interest", 0, 3_000, 0, 10_009_000),
        ]
        await town.assert_sound()

    async def test_again_posts_nothing_and_says_the_same(self, town: Town) -> None:
        await town.draw("L1", 10_000_000, now=noon(3))
        first = await town.accrue(3)
        await town.accrue(4)
        before = await town.transactions()
        assert await town.accrue(3, now=local(day(9), 2)) == first
        assert await town.transactions() == before

    async def test_at_once_from_many_sides_posts_once(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        results = await asyncio.gather(*(town.accrue(3) for _ in range(6)))
        assert {result.interest for result in results} == {3_000}
        assert await town.owed(loan) == (0, 3_000, 10_000_000)
        await town.assert_sound()

    async def test_makes_up_missed_days_in_order_each_under_its_own_date(self, town: Town) -> None:
        loan = await town.draw("L1", 12_345, now=noon(3))
        assert (await town.accrue(9)).interest == 4
        async with town.database.transaction() as tx:
            movements = await lending.loan_movements(tx, id=loan.id)
        assert [(m.date, m.interest) for m in movements[1:]] == [
            (day(3), 4),
            (day(4), 3),
            (day(5), 4),
            (day(6), 4),
            (day(7), 4),
            (day(8), 3),
            (day(9), 4),
        ]
        assert (await town.accrue(4, now=local(day(10), 2))).interest == 3
        await town.assert_sound()

    async def test_before_the_day_is_over_is_refused(self, town: Town) -> None:
        await town.draw("L1", 10_000_000, now=noon(3))
        before = await town.transactions()
        with pytest.raises(DayNotOver):
            await town.accrue(3, now=local(day(3), 23, 59))
        assert await town.transactions() == before

    async def test_without_loans_posts_nothing(self, town: Town) -> None:
        before = await town.transactions()
        result = await town.accrue(3)
        assert (result.interest, result.penalty, result.loans) == (0, 0, 0)
        assert await town.transactions() == before

    async def test_of_the_due_date_makes_an_unpaid_loan_overdue(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        assert (await town.accrue(32)).interest == 3_000
        assert (await town.show(loan)).state is LoanState.ACTIVE
        due = await town.accrue(33)
        assert (due.interest, due.penalty, due.loans) == (0, 4_500, 1)
        shown = await town.show(loan)
        assert (shown.state, shown.interest_accrued, shown.penalty_outstanding) == (
            LoanState.OVERDUE,
            90_000,
            4_500,
        )
        await town.assert_sound()


@pytest.mark.anyio
class TestAFundersPosition:
    async def test_is_read_from_its_own_book(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.accrue(34)
        await town.repay(loan, "R1", 3_099_000, now=local(day(35), 9))
        async with town.database.transaction() as tx:
            position = await lending.funder_of_no(tx, funder_no="F1")
        assert position == lending.FunderView(
            funder_no="F1",
            name="First Funder",
            currency="CNY",
            deposited=100_000_000,
            available=100_000_000 - 10_000_000 + 3_099_000,
            principal_outstanding=7_000_000,  # 9,000 penalty and 90,000 interest are paid first
            interest_receivable=0,
            penalty_receivable=0,
            interest_income=90_000,
            penalty_income=9_000,
            loans_active=1,
        )
        await town.assert_sound()

    async def test_grows_by_a_deposit_once(self, town: Town) -> None:
        first = await town.deposit("D2", 777, now=noon(3))
        assert await town.deposit("D2", 777, now=noon(4)) == first
        assert await town.funder_available() == 100_000_777
        await town.assert_sound()

    async def test_grows_by_a_deposit_once_from_many_sides(self, town: Town) -> None:
        await asyncio.gather(*(town.deposit("D2", 777, now=noon(3)) for _ in range(6)))
        assert await town.funder_available() == 100_000_777
        await town.assert_sound()
