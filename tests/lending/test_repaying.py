"""Repayment: from settlements by themselves, and by the merchant's own will."""

import asyncio

import pytest

from feiqian import lending
from feiqian.clearing import MerchantSettled
from feiqian.kernel.calendar import local
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.ids import derived_id
from feiqian.ledger import InsufficientFunds
from feiqian.lending import Debt, LoanRepaid, LoanState
from tests.lending.town import Town, day, noon

TRADE = 100_000_000
"""Available from the three days of trade before the line."""


@pytest.mark.anyio
class TestASettlement:
    async def test_repays_a_fifth_of_itself_interest_before_principal(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        kept = TRADE + 10_000_000
        # Day 3: 20 % of 5,000,000 is 1,000,000: 3,000 interest and 997,000 principal.
        await town.sell(3, 5_000_000)
        await town.close(3)
        assert await town.owed(loan) == (0, 0, 9_003_000)
        kept += 4_000_000
        assert await town.available() == kept
        # Day 4: 9,003,000 at 10.95 % is 2,700.9 a day.
        await town.sell(4, 1_000)
        await town.close(4)
        assert await town.owed(loan) == (0, 2_501, 9_003_000)
        kept += 800
        # Day 5 without trade: 5,401.8 in two days.
        await town.close(5)
        assert await town.owed(loan) == (0, 5_202, 9_003_000)
        # Day 6: 8,102.7 in three days; 20 % of 100,004 is 20,000: interest 7,903, principal 12,097.
        await town.sell(6, 100_004)
        await town.close(6)
        kept += 80_004
        assert await town.owed(loan) == (0, 0, 8_990_903)
        assert await town.available() == kept
        assert await town.funder_available() == 100_000_000 - 10_000_000 + 1_000_000 + 200 + 20_000
        await town.assert_sound()

    async def test_takes_no_more_than_is_owed_and_ends_the_loan(self, town: Town) -> None:
        loan = await town.draw("L1", 1_000_000, now=noon(3))
        await town.sell(3, 50_000_000)
        await town.close(3)
        shown = await town.show(loan)
        assert (shown.state, shown.repaid_on) == (LoanState.REPAID, day(4))
        assert (shown.principal_paid, shown.interest_paid, shown.penalty_paid) == (1_000_000, 300, 0)
        assert await town.available() == TRADE + 50_000_000 - 300
        assert (await town.accrue(9)).loans == 0
        await town.assert_sound()

    async def test_pays_the_oldest_loan_first_and_goes_on_with_the_next(self, town: Town) -> None:
        old = await town.draw("L1", 1_000_000, now=noon(3))
        new = await town.draw("L2", 2_000_000, now=noon(4))
        await town.sell(4, 6_000_000)
        await town.close(4)
        # 1,200,000: 1,000,600 ends the old loan, 199,400 pays 600 interest and 198,800 principal of the new one.
        assert await town.owed(old) == (0, 0, 0)
        assert (await town.show(old)).state is LoanState.REPAID
        assert await town.owed(new) == (0, 0, 1_801_200)
        await town.assert_sound()

    async def test_pays_penalty_before_interest_before_principal(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.sell(34, 50_000)
        await town.close(34)
        # Two days of penalty are 9,000: they are paid, and 1,000 of 90,000 interest.
        assert await town.owed(loan) == (0, 89_000, 10_000_000)
        assert (await town.show(loan)).penalty_paid == 9_000
        await town.assert_sound()

    async def test_posts_the_interest_of_the_days_before_it_itself(self, town: Town) -> None:
        """Whichever is closed first, settlement or interest, the sums are the same."""
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.sell(4, 5_000_000)
        await town.settle(4)
        assert await town.owed(loan) == (0, 0, 9_006_000)
        before = await town.transactions()
        assert (await town.accrue(4)).interest == 3_000
        assert await town.transactions() == before
        await town.assert_sound()

    async def test_that_is_told_twice_repays_once(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.sell(3, 5_000_000)
        await town.close(3)
        told = MerchantSettled(
            settlement=derived_id("settlement", day(3).isoformat(), "CNY", str(town.merchants["S10"])),
            merchant=town.merchants["S10"],
            currency="CNY",
            amount=5_000_000,
            trade_date=day(3),
            settled_at=local(day(4), 2),
        )
        before = (await town.transactions(), await town.available())
        await town.database.run(lambda tx: lending.repay_from_settlement(tx, told))
        assert (await town.transactions(), await town.available()) == before
        assert await town.owed(loan) == (0, 0, 9_003_000)
        await town.assert_sound()

    async def test_does_not_repay_a_loan_that_was_drawn_after_it(self, town: Town) -> None:
        told = MerchantSettled(
            settlement=derived_id("an earlier settlement"),
            merchant=town.merchants["S10"],
            currency="CNY",
            amount=5_000_000,
            trade_date=day(2),
            settled_at=local(day(3), 2),
        )
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.database.run(lambda tx: lending.repay_from_settlement(tx, told))
        assert await town.owed(loan) == (0, 0, 10_000_000)

    async def test_of_a_fen_or_two_repays_nothing(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.sell(3, 4)
        await town.close(3)
        assert await town.owed(loan) == (0, 3_000, 10_000_000)
        await town.assert_sound()

    async def test_of_another_merchant_repays_nothing(self, town: Town) -> None:
        await town.register("S20")
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.sell(3, 5_000_000, "S20")
        await town.close(3)
        assert await town.owed(loan) == (0, 3_000, 10_000_000)
        assert await town.available("S20") == 5_000_000


@pytest.mark.anyio
class TestARepayment:
    async def test_of_all_that_is_owed_ends_the_loan(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        # Days 3, 4 and 5 bear interest; day 6, that of the repayment, does not.
        repayment = await town.repay(loan, "R1", 99_000_000, now=noon(6))
        assert repayment.paid == Debt(penalty=0, interest=9_000, principal=10_000_000)
        shown = await town.show(loan)
        assert (shown.state, shown.repaid_on, shown.accrued_through) == (LoanState.REPAID, day(6), day(5))
        assert await town.available() == TRADE - 9_000
        assert (await town.close(6)).loans == 0
        await town.assert_sound()

    async def test_on_the_day_of_the_draw_costs_nothing(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        repayment = await town.repay(loan, "R1", 10_000_000, now=noon(3))
        assert repayment.paid == Debt(principal=10_000_000)
        assert await town.available() == TRADE
        await town.assert_sound()

    async def test_in_part_lowers_the_interest_from_that_day_on(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        repayment = await town.repay(loan, "R1", 5_003_000, now=noon(4))
        assert repayment.paid == Debt(interest=3_000, principal=5_000_000)
        assert (await town.close(4)).interest == 1_500
        await town.assert_sound()

    async def test_again_returns_the_first_answer_and_moves_nothing(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        first = await town.repay(loan, "R1", 99_000_000, now=noon(6))
        before = await town.transactions()
        assert await town.repay(loan, "R1", 99_000_000, now=noon(8)) == first
        assert await town.transactions() == before

    async def test_again_with_another_amount_is_refused(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.repay(loan, "R1", 50_000, now=noon(3))
        before = await town.transactions()
        with pytest.raises(ReplayAltered):
            await town.repay(loan, "R1", 50_001, now=noon(3))
        assert await town.transactions() == before

    async def test_of_a_loan_that_owes_nothing_is_refused(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.repay(loan, "R1", 10_000_000, now=noon(3))
        before = (await town.transactions(), await town.available())
        with pytest.raises(LoanRepaid):
            await town.repay(loan, "R2", 1, now=noon(3))
        assert (await town.transactions(), await town.available()) == before

    async def test_above_the_balance_is_refused_and_moves_nothing(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.spend(town.merchants["S10"], TRADE + 9_000_000, now=noon(3))
        before = await town.transactions()
        with pytest.raises(InsufficientFunds):
            await town.repay(loan, "R1", 1_000_001, now=noon(5))
        assert (await town.transactions(), await town.available()) == (before, 1_000_000)
        assert await town.owed(loan) == (0, 0, 10_000_000)
        await town.repay(loan, "R1", 1_000_000, now=noon(5))
        assert await town.available() == 0
        await town.assert_sound()

    @pytest.mark.parametrize(
        ("number", "amount"), [("", 5), ("a/b", 5), ("R1", 0), ("R1", -1), ("R1", 10**15 + 1)]
    )
    async def test_that_is_malformed_is_refused(self, town: Town, number: str, amount: int) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        before = await town.transactions()
        with pytest.raises(InvalidRequest):
            await town.repay(loan, number, amount, now=noon(3))
        assert await town.transactions() == before

    async def test_of_an_unknown_loan_is_refused(self, town: Town) -> None:
        with pytest.raises(NotFound):
            await town.database.run(
                lambda tx: lending.repay(
                    tx, now=noon(3), loan_id=derived_id("nowhere"), amount=5, repayment_no="R1"
                )
            )


@pytest.mark.anyio
class TestRepaymentsAtOnce:
    async def test_of_one_loan_never_take_more_than_is_owed(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        results = await asyncio.gather(
            *(town.repay(loan, f"R{number}", 3_000_000, now=noon(4)) for number in range(7)),
            return_exceptions=True,
        )
        paid = [result.paid.total for result in results if isinstance(result, lending.Repayment)]
        assert sorted(paid) == [1_003_000, 3_000_000, 3_000_000, 3_000_000]
        assert sum(isinstance(result, LoanRepaid) for result in results) == 3
        assert await town.available() == TRADE - 3_000
        await town.assert_sound()

    async def test_by_settlement_and_by_will_never_take_more_than_is_owed(self, town: Town) -> None:
        loan = await town.draw("L1", 1_000_000, now=noon(3))
        await town.sell(3, 50_000_000)
        night = local(day(4), 2)
        results = await asyncio.gather(
            town.settle(3, now=night),
            *(town.repay(loan, f"R{number}", 600_000, now=night) for number in range(3)),
            town.accrue(3, now=night),
            return_exceptions=True,
        )
        assert [
            type(r) for r in results if isinstance(r, BaseException) and not isinstance(r, LoanRepaid)
        ] == []
        shown = await town.show(loan)
        assert (shown.state, shown.principal_paid, shown.interest_paid) == (LoanState.REPAID, 1_000_000, 300)
        assert await town.available() == TRADE + 50_000_000 - 300
        await town.assert_sound()


@pytest.mark.anyio
class TestTheLists:
    async def test_show_loans_newest_first_with_totals_over_all_pages(self, town: Town) -> None:
        made = [
            await town.draw(f"L{number}", 1_000_000 + number, now=noon(3 + number)) for number in range(4)
        ]
        await town.repay(made[0], "R1", 5_000_000, now=noon(7))
        async with town.database.transaction() as tx:
            first = await lending.loans(tx, limit=3)
            rest = await lending.loans(tx, limit=3, before=first[-1].id)
            repaid = await lending.loans(tx, state=LoanState.REPAID)
            strangers = await lending.loans(tx, platform=derived_id("stranger"))
            totals = await lending.loan_totals(tx, merchant=town.merchants["S10"])
            overall = await lending.lending_totals(tx)
            with pytest.raises(NotFound):
                await lending.loan_of_id(tx, id=made[0].id, platform=derived_id("stranger"))
        assert [[loan.loan_no for loan in page] for page in (first, rest)] == [["L3", "L2", "L1"], ["L0"]]
        assert [loan.loan_no for loan in repaid] == ["L0"]
        assert strangers == []
        assert (totals.count, totals.principal, totals.interest_accrued) == (4, 4_000_006, 1_200)
        assert totals.outstanding == 3_000_006
        assert (overall.loans, overall.lent, overall.repaid, overall.interest, overall.outstanding) == (
            4,
            4_000_006,
            1_001_200,
            1_200,
            3_000_006,
        )
        assert overall.lent + overall.interest - overall.repaid == overall.outstanding

    async def test_show_every_ledger_transaction_of_a_loan(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        await town.sell(3, 5_000_000)
        await town.close(3)
        async with town.database.transaction() as tx:
            posted = await lending.loan_transactions(tx, id=loan.id)
            movements = await lending.loan_movements(tx, id=loan.id)
            taken = await lending.repaid_on(tx, day=day(4))
        assert [transaction.kind for transaction in posted] == ["loan_draw", "interest", "loan_repayment"]
        assert {transaction.memo for transaction in posted} == {"L1"}
        assert [movement.balance for movement in movements] == [10_000_000, 10_003_000, 9_003_000]
        assert taken == 1_000_000
