"""Drawing on a line: money in the balance at once, or a refusal by name and nothing moved."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from feiqian import lending
from feiqian.infra.database import Database
from feiqian.kernel.calendar import local
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.ledger import InsufficientFunds
from feiqian.lending import BorrowerOverdue, DrawTooSmall, LoanState, NoCreditLine, OverCreditLine
from tests.lending.town import Town, day, noon

LINE = 30_000_000
"""300,000.00 yuan: 30 % of a million yuan of settled trade."""
TRADE = 100_000_000
MONEY = 100_000_000


@pytest.mark.anyio
class TestADraw:
    async def test_is_in_the_merchants_balance_at_once(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        assert await town.available() == TRADE + 10_000_000
        assert await town.funder_available() == MONEY - 10_000_000
        assert await town.owed(loan) == (0, 0, 10_000_000)
        await town.assert_sound()

    async def test_has_the_terms_of_its_day(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        shown = await town.show(loan)
        rates = [str(rate) for rate in (shown.annual_rate, shown.penalty_rate, shown.repayment_share)]
        assert rates == ["0.1095", "0.16425", "0.2"]
        assert (shown.drawn_on, shown.due_on, shown.state) == (day(3), day(33), LoanState.ACTIVE)
        assert (shown.merchant_no, shown.funder, loan.line_limit) == ("S10", "F1", LINE)

    async def test_again_with_the_same_number_returns_the_loan_and_moves_nothing(self, town: Town) -> None:
        loan = await town.draw("L1", LINE, now=noon(3))
        assert await town.draw("L1", LINE, now=noon(5)) == loan
        assert await town.draw("L1", LINE, now=noon(5), funder_no="F1") == loan
        assert await town.available() == TRADE + LINE
        await town.assert_sound()

    async def test_again_after_the_line_has_ended_still_returns_the_loan(self, town: Town) -> None:
        loan = await town.draw("L1", LINE, now=noon(3))
        assert (await town.draw("L1", LINE, now=noon(60))).id == loan.id

    @pytest.mark.parametrize(
        ("altered", "field"),
        [
            ({"amount": 10_000_001}, "amount"),
            ({"merchant_no": "S20"}, "merchant"),
            ({"funder_no": "F2"}, "funder"),
        ],
    )
    async def test_again_with_other_content_is_refused_by_field(
        self, town: Town, altered: dict[str, Any], field: str
    ) -> None:
        await town.register("S20")
        await town.draw("L1", 10_000_000, now=noon(3))
        before = await town.transactions()
        with pytest.raises(ReplayAltered) as refused:
            await town.draw("L1", **{"amount": 10_000_000, "now": noon(3), **altered})
        assert refused.value.facts["field"] == field
        assert await town.transactions() == before

    async def test_may_use_what_was_repaid_again(self, town: Town) -> None:
        first = await town.draw("L1", LINE, now=noon(3))
        await town.repay(first, "R1", 12_000_000, now=noon(3))
        with pytest.raises(OverCreditLine):
            await town.draw("L2", 12_000_001, now=noon(4))
        await town.draw("L2", 12_000_000, now=noon(4))
        assert (await town.debt()).principal == LINE
        await town.assert_sound()

    async def test_keeps_its_terms_when_the_product_changes(self, town: Town) -> None:
        before = await town.draw("L1", 10_000_000, now=noon(3))
        dearer = lending.Product(
            code=lending.DEFAULT_PRODUCT,
            valid_from=day(4),
            name_chinese="商户流水贷",
            name_english="Trade-flow loan",
            annual_rate=Decimal("0.146"),
            penalty_rate=Decimal("0.219"),
            day_count=lending.DayCount.ACT_365,
            term_days=10,
            repayment_share=Decimal("0.50"),
            amount_min=20_000,
        )
        await town.database.run(lambda tx: lending.publish_product(tx, product=dearer))
        since = await town.draw("L2", 10_000_000, now=noon(4))
        await town.accrue(4)
        assert [(await town.show(loan)).interest_accrued for loan in (before, since)] == [6_000, 4_000]
        assert [loan.due_on for loan in (before, since)] == [day(33), day(14)]
        altered = msgspec.structs.replace(dearer, term_days=11)
        with pytest.raises(ReplayAltered):
            await town.database.run(lambda tx: lending.publish_product(tx, product=altered))
        await town.assert_sound()

    async def test_takes_the_funder_with_the_most_money(self, town: Town) -> None:
        now = local(day(3), 9)
        await town.database.run(
            lambda tx: lending.register_funder(tx, now=now, funder_no="F2", name="Second Funder")
        )
        await town.deposit("D1", MONEY + 5_000_000, now=now, funder_no="F2")
        chosen = [(await town.draw(f"L{number}", 6_000_000, now=noon(3))).funder_no for number in range(3)]
        assert chosen == ["F2", "F1", "F2"]
        assert (await town.draw("L9", 6_000_000, now=noon(3), funder_no="F2")).funder_no == "F2"
        await town.assert_sound()


@pytest.mark.anyio
class TestADrawIsRefused:
    async def check_nothing_moved(self, town: Town, error: type[Exception], **asked: Any) -> Exception:
        before = (await town.transactions(), await town.available(), await town.funder_available())
        with pytest.raises(error) as refused:
            await town.draw(**{"loan_no": "L9", "now": noon(3), **asked})
        assert (await town.transactions(), await town.available(), await town.funder_available()) == before
        async with town.database.transaction() as tx:
            assert await tx.one(int, "SELECT count(*) FROM lending.loan WHERE loan_no = 'L9'") == 0
        await town.assert_sound()
        return refused.value

    async def test_above_the_line(self, town: Town) -> None:
        refused = await self.check_nothing_moved(town, OverCreditLine, amount=LINE + 1)
        assert "30000000" in str(refused)

    async def test_above_what_the_line_has_left(self, town: Town) -> None:
        await town.draw("L1", 20_000_000, now=noon(3))
        await self.check_nothing_moved(town, OverCreditLine, amount=10_000_001)

    async def test_without_a_line(self, town: Town) -> None:
        await town.register("S20")
        await self.check_nothing_moved(town, NoCreditLine, amount=10_000, merchant_no="S20")

    async def test_after_the_line_has_ended(self, town: Town) -> None:
        await self.check_nothing_moved(town, NoCreditLine, amount=10_000, now=local(day(33), 8))

    async def test_below_the_smallest_amount(self, town: Town) -> None:
        await self.check_nothing_moved(town, DrawTooSmall, amount=9_999)

    @pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
    async def test_with_an_amount_that_is_none(self, town: Town, amount: int) -> None:
        await self.check_nothing_moved(town, InvalidRequest, amount=amount)

    @pytest.mark.parametrize("loan_no", ["", "a/b", "x" * 65, "line\nbreak"])
    async def test_with_a_number_that_is_none(self, town: Town, loan_no: str) -> None:
        await self.check_nothing_moved(town, InvalidRequest, amount=10_000, loan_no=loan_no)

    async def test_of_a_funder_that_nobody_knows(self, town: Town) -> None:
        await self.check_nothing_moved(town, NotFound, amount=10_000, funder_no="F9")

    async def test_of_a_funder_without_the_money(self, database: Database) -> None:
        town = await Town(database).found(deposit=5_000_000)
        await town.open_line()
        await self.check_nothing_moved(town, InsufficientFunds, amount=5_000_001)
        await town.draw("L1", 5_000_000, now=noon(3))

    async def test_while_a_loan_is_overdue(self, town: Town) -> None:
        loan = await town.draw("L1", 10_000_000, now=noon(3))
        now = local(day(34), 9)
        await town.sell(30, 20_000_000)
        for number in (31, 32):
            await town.sell(number, 1_000)
        await town.settle(33)
        await town.apply(34)
        await self.check_nothing_moved(town, BorrowerOverdue, amount=10_000, now=now)
        await town.repay(loan, "R1", 99_000_000, now=now)
        await town.draw("L2", 10_000, now=now)
        await town.assert_sound()


@pytest.mark.anyio
class TestDrawsAtOnce:
    async def test_never_exceed_the_line(self, town: Town) -> None:
        results = await asyncio.gather(
            *(town.draw(f"L{number}", 7_000_000, now=noon(3)) for number in range(8)), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, BaseException)]
        assert [type(refusal) for refusal in refused] == [OverCreditLine] * 4
        assert (await town.debt()).principal == 28_000_000
        assert await town.available() == TRADE + 28_000_000
        await town.assert_sound()

    async def test_of_the_same_number_are_one(self, town: Town) -> None:
        results = await asyncio.gather(*(town.draw("L1", LINE, now=noon(3)) for _ in range(6)))
        assert len({loan.id for loan in results}) == 1
        assert await town.available() == TRADE + LINE
        await town.assert_sound()

    async def test_of_two_merchants_never_lend_more_than_the_funder_has(self, database: Database) -> None:
        town = await Town(database).found(merchants=("S10", "S20"), deposit=25_000_000)
        for number in range(3):
            for merchant_no in ("S10", "S20"):
                await town.sell(number, 40_000_000, merchant_no)
            await town.close(number)
        for merchant_no in ("S10", "S20"):
            assert (await town.apply(3, merchant_no=merchant_no)).limit == 36_000_000
        results = await asyncio.gather(
            *(
                town.draw(f"L{number}", 10_000_000, now=noon(3), merchant_no=("S10", "S20")[number % 2])
                for number in range(6)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(result, InsufficientFunds) for result in results) == 4
        assert await town.funder_available() == 5_000_000
        await town.assert_sound()


@pytest.mark.anyio
async def test_a_loan_cannot_be_rewritten_by_the_application(town: Town) -> None:
    await town.draw("L1", 10_000_000, now=noon(3))
    for statement in (
        "UPDATE lending.loan SET principal = 1",
        "UPDATE lending.loan SET annual_rate = 0.01",
        "DELETE FROM lending.loan",
        "UPDATE lending.deposit SET amount = 1",
        "DELETE FROM lending.repayment",
        "UPDATE lending.product SET annual_rate = 0.01",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await town.database.run(lambda tx, text=statement: tx.execute(text))
    assert (await town.show(await town.draw("L1", 10_000_000, now=noon(3)))).principal == 10_000_000
