"""Interest by the day, to the fen: tables for a calculator, and the properties of the sums."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import derived_id
from feiqian.lending import DayCount, Debt, Loan, LoanState, Product
from feiqian.lending.rules import accrue, allocate, check_product, share_of
from tests.conftest import NOW

DRAWN = date(2026, 3, 2)


def loan(**changes: Any) -> Loan:
    made = Loan(
        id=derived_id("loan"),
        platform=derived_id("platform"),
        loan_no="L1",
        merchant=derived_id("merchant"),
        funder_no="F1",
        currency="CNY",
        principal=10_000_000,
        product="merchant_flow",
        annual_rate=Decimal("0.1095"),
        penalty_rate=Decimal("0.16425"),
        day_count=DayCount.ACT_365,
        repayment_share=Decimal("0.20"),
        drawn_at=NOW,
        drawn_on=DRAWN,
        due_on=DRAWN + timedelta(days=30),
        decision=derived_id("decision"),
        line_limit=10_000_000,
        state=LoanState.ACTIVE,
        accrued_through=None,
        interest_numerator=Decimal(0),
        penalty_numerator=Decimal(0),
        repaid_on=None,
    )
    return msgspec.structs.replace(made, **changes)


def through(days: int) -> date:
    """The close of the last of so many days, that of the draw being the first."""
    return DRAWN + timedelta(days=days - 1)


class TestInterest:
    @pytest.mark.parametrize(
        ("principal", "rate", "days"),
        [
            # fen          a year    what is posted day by day, in fen
            (10_000_000, "0.1095", [3_000, 3_000, 3_000, 3_000]),  # 100,000.00 yuan: 30.00 yuan a day
            (100_000, "0.1095", [30, 30, 30]),
            (
                12_345,
                "0.1095",
                [4, 3, 4, 4, 4, 3, 4],
            ),  # 3.7035 a day: 3.70 7.41 11.11 14.81 18.52 22.22 25.92
            (1_000, "0.1095", [0, 1, 0, 0, 1, 0, 0, 0, 1, 0]),  # 0.3 a day: the half fen of day 5 goes up
            (1, "0.1095", [0] * 30),  # 0.009 fen in 30 days
            (10_000_000, "0.10", [2_740, 2_739, 2_740, 2_740]),  # 2,739.726… a day
            (3_650_000, "0.00005", [1, 0, 1, 0, 1, 0]),  # exactly half a fen a day: goes up
        ],
    )
    def test_of_a_day_is_the_rounded_sum_so_far_less_what_was_posted(
        self, principal: int, rate: str, days: list[int]
    ) -> None:
        running = loan(annual_rate=Decimal(rate))
        posted: dict[date, int] = {}
        for number in range(1, len(days) + 1):
            accrual = accrue(running, principal=principal, through=through(number))
            posted |= {interest.day: interest.amount for interest in accrual.days}
            running = accrual.loan
        assert [posted.get(through(number), 0) for number in range(1, len(days) + 1)] == days

    @pytest.mark.parametrize(
        ("principal", "rate", "total"),
        [
            # 30 days: principal x rate x 30 / 365, rounded once
            (10_000_000, "0.1095", 90_000),
            (12_345, "0.1095", 111),  # 111.105
            (9_999_999, "0.1234", 101_425),  # 101,424.647…
            (777_777, "0.0435", 2_781),  # 2,780.819…
            (50_001, "0.24", 986),  # 986.321…
        ],
    )
    def test_of_thirty_days_sums_to_the_exact_amount_rounded_once(
        self, principal: int, rate: str, total: int
    ) -> None:
        accrual = accrue(loan(annual_rate=Decimal(rate)), principal=principal, through=through(30))
        assert sum(interest.amount for interest in accrual.days) == total
        assert total == int(
            (principal * Decimal(rate) * 30 / 365).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        )

    def test_of_a_leap_year_has_366_days_of_one_365th(self) -> None:
        january = date(2028, 1, 1)
        year = loan(drawn_on=january, due_on=date(2029, 1, 1))
        accrual = accrue(year, principal=10_000_000, through=date(2028, 12, 31))
        assert len(accrual.days) == 366
        assert sum(interest.amount for interest in accrual.days) == 1_098_000  # 366 x 30.00 yuan
        assert [i.amount for i in accrual.days if i.day == date(2028, 2, 29)] == [3_000]

    def test_begins_with_the_day_of_the_draw_and_waits_for_its_close(self) -> None:
        assert accrue(loan(), principal=10_000_000, through=DRAWN - timedelta(days=1)).days == ()
        first = accrue(loan(), principal=10_000_000, through=DRAWN)
        assert [(i.day, i.amount) for i in first.days] == [(DRAWN, 3_000)]
        assert first.loan.accrued_through == DRAWN

    def test_of_a_day_is_posted_once(self) -> None:
        once = accrue(loan(), principal=10_000_000, through=through(5)).loan
        again = accrue(once, principal=10_000_000, through=through(5))
        assert (again.days, again.loan) == ((), once)

    @given(
        principals=st.lists(st.integers(min_value=0, max_value=10**15), min_size=1, max_size=45),
        rate=st.decimals(min_value="0.00000001", max_value="1", places=8),
        penalty=st.decimals(min_value="0.00000001", max_value="1", places=8),
        steps=st.lists(st.booleans(), min_size=45, max_size=45),
    )
    def test_is_never_half_a_fen_away_from_the_exact_sum(
        self, principals: list[int], rate: Decimal, penalty: Decimal, steps: list[bool]
    ) -> None:
        """Principal may differ every day, days may be closed late: what is posted is the exact sum rounded once."""
        running = loan(annual_rate=rate, penalty_rate=penalty)
        exact = {False: Fraction(0), True: Fraction(0)}
        posted = {False: 0, True: 0}
        for number, principal in enumerate(principals, 1):
            overdue = number > 30
            exact[overdue] += Fraction(principal) * Fraction(penalty if overdue else rate) / 365
            same_as_next = number < len(principals) and principals[number] == principal
            if same_as_next and steps[number]:
                continue
            accrual = accrue(running, principal=principal, through=through(number))
            running = accrual.loan
            for interest in accrual.days:
                posted[interest.is_penalty] += interest.amount
                assert interest.amount > 0
        for overdue in (False, True):
            assert -Fraction(1, 2) <= exact[overdue] - posted[overdue] < Fraction(1, 2)


class TestPenaltyInterest:
    def test_replaces_interest_from_the_due_date_on(self) -> None:
        accrual = accrue(loan(), principal=10_000_000, through=through(32))
        assert [(i.amount, i.is_penalty) for i in accrual.days[28:]] == [
            (3_000, False),  # day 29
            (3_000, False),  # day 30, the last of the term
            (4_500, True),  # the due date, not repaid at its close: 1.5 times
            (4_500, True),
        ]
        assert accrual.loan.state is LoanState.OVERDUE

    def test_is_not_owed_before_the_close_of_the_due_date(self) -> None:
        accrual = accrue(loan(), principal=10_000_000, through=through(30))
        assert accrual.loan.state is LoanState.ACTIVE
        assert not any(interest.is_penalty for interest in accrual.days)


class TestAllocation:
    @pytest.mark.parametrize(
        ("amount", "penalty", "interest", "principal"),
        [
            # owed: penalty 30, interest 200, principal 1,000
            (0, 0, 0, 0),
            (1, 1, 0, 0),
            (30, 30, 0, 0),
            (31, 30, 1, 0),
            (230, 30, 200, 0),
            (231, 30, 200, 1),
            (1_230, 30, 200, 1_000),
            (9_999, 30, 200, 1_000),
        ],
    )
    def test_pays_penalty_then_interest_then_principal(
        self, amount: int, penalty: int, interest: int, principal: int
    ) -> None:
        paid = allocate(amount, Debt(penalty=30, interest=200, principal=1_000))
        assert paid == Debt(penalty=penalty, interest=interest, principal=principal)

    @pytest.mark.parametrize(
        ("settled", "share", "part"),
        [(100_000, "0.20", 20_000), (99_999, "0.20", 19_999), (4, "0.20", 0), (5, "0.20", 1), (7, "1", 7)],
    )
    def test_of_a_settlement_takes_its_share_rounded_down(self, settled: int, share: str, part: int) -> None:
        assert share_of(settled, Decimal(share)) == part


class TestTermsToPublish:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"annual_rate": Decimal(0)}, "annual_rate"),
            ({"annual_rate": Decimal("0.123456789")}, "annual_rate"),
            ({"penalty_rate": Decimal("0.10")}, "penalty_rate"),
            ({"repayment_share": Decimal("1.1")}, "repayment_share"),
            ({"term_days": 0}, "term_days"),
            ({"amount_min": 0}, "amount_min"),
        ],
    )
    def test_are_refused_by_field(self, changes: dict[str, Any], field: str) -> None:
        product = Product(
            code="merchant_flow",
            valid_from=DRAWN,
            name_chinese="商户流水贷",
            name_english="Trade-flow loan",
            annual_rate=Decimal("0.1095"),
            penalty_rate=Decimal("0.16425"),
            day_count=DayCount.ACT_365,
            term_days=30,
            repayment_share=Decimal("0.20"),
            amount_min=10_000,
        )
        assert check_product(product) == product
        with pytest.raises(InvalidRequest) as refused:
            check_product(msgspec.structs.replace(product, **changes))
        assert refused.value.facts["field"] == field
