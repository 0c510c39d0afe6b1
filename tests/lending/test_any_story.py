"""Whatever happens in whatever order: every invariant holds, no money appears, and the sums are the exact ones."""

from datetime import date, datetime
from fractions import Fraction

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feiqian.infra.invariants import check
from feiqian.kernel.calendar import business_date, local
from feiqian.ledger import InsufficientFunds
from feiqian.lending import (
    INVARIANTS,
    BorrowerOverdue,
    Loan,
    LoanRepaid,
    LoanState,
    NoCreditLine,
    OverCreditLine,
    lending_totals,
    loan_movements,
)
from tests.lending.conftest import NewDatabase
from tests.lending.town import Town, day

AMOUNTS = {
    "draw": st.integers(10_000, 900_000),
    "trade": st.integers(1, 900_000),
    "sell": st.integers(1, 900_000),
    "repay": st.integers(1, 800_000),
    "repay all": st.just(10_000_000),
    "spend": st.integers(1, 3_000_000),
    "pass days": st.integers(1, 12),
    "pass weeks": st.integers(20, 40),
    "settle": st.just(0),
    "accrue": st.just(0),
    "apply": st.just(0),
}
STEP = st.sampled_from(sorted(AMOUNTS)).flatmap(lambda what: st.tuples(st.just(what), AMOUNTS[what]))
STEPS = st.lists(STEP, min_size=12, max_size=30)


class Story:
    """Plays steps; expects only refusals that have a reason. Keeps its own account of every loan."""

    def __init__(self, town: Town, merchant_no: str) -> None:
        self.town = town
        self.merchant_no = merchant_no
        self.today = 3
        self.hour = 8
        self.loans: list[Loan] = []
        self.names = 0

    def name(self) -> str:
        self.names += 1
        return f"{self.merchant_no}-{self.names}"

    def now(self) -> datetime:
        return local(day(self.today), self.hour)

    async def play(self, what: str, value: int) -> None:
        town, merchant = self.town, self.town.merchants[self.merchant_no]
        try:
            if what == "draw":
                name = self.name()
                self.loans.append(await town.draw(name, value, now=self.now(), merchant_no=self.merchant_no))
            elif what in {"sell", "trade"}:
                self.names += 1
                await town.sell(self.today, value * 10 + self.names, self.merchant_no)
                if what == "trade":
                    await town.close(self.today)
                    self.today, self.hour = self.today + 1, 2
            elif what.startswith("repay") and self.loans:
                await town.repay(self.loans[value % len(self.loans)], self.name(), value, now=self.now())
            elif what == "settle":
                await town.settle(self.today - 1, now=self.now())
            elif what.startswith("pass"):
                self.today, self.hour = self.today + value, 8
            elif what == "accrue":
                await town.accrue(self.today - 1, now=self.now())
            elif what == "spend":
                await town.spend(merchant, value, now=self.now())
            elif what == "apply":
                await town.apply(self.today, hour=self.hour, merchant_no=self.merchant_no)
        except (OverCreditLine, NoCreditLine, BorrowerOverdue, LoanRepaid, InsufficientFunds):
            return
        finally:
            self.hour = min(self.hour + 1, 23)


@pytest.mark.anyio
class TestAnySequence:
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
        derandomize=True,
    )
    @given(steps=STEPS)
    async def test_of_draws_days_settlements_and_repayments_keeps_every_invariant(
        self, new_database: NewDatabase, steps: list[tuple[str, int]]
    ) -> None:
        async with new_database() as database:
            town = await Town(database).found(deposit=2_000_000)
            await town.open_line(volume=9_000_000)
            story = Story(town, "S10")
            await story.play("draw", 500_000)
            for what, value in steps:
                await story.play(what, value)
            await town.accrue(story.today - 1, now=story.now())
            await town.assert_sound()
            await self.assert_sums(town, story)

    async def assert_sums(self, town: Town, story: Story) -> None:
        async with town.database.transaction() as tx:
            totals = await lending_totals(tx)
        assert totals.lent + totals.interest - totals.repaid == totals.outstanding
        assert totals.lent == sum(loan.principal for loan in story.loans)
        # The funder's money is what it put in, less what is lent, plus what came back.
        assert await town.funder_available() == 2_000_000 - totals.lent + totals.repaid
        for loan in story.loans:
            await self.assert_interest(town, loan, business_date(story.now()))

    async def assert_interest(self, town: Town, loan: Loan, today: date) -> None:
        """Interest day by day from the principal at each close, in fractions, rounded once at the end."""
        shown = await town.show(loan)
        async with town.database.transaction() as tx:
            movements = await loan_movements(tx, id=loan.id)
        end = shown.repaid_on or today
        interest = penalty = Fraction(0)
        for number in range((end - loan.drawn_on).days):
            date_at = date.fromordinal(loan.drawn_on.toordinal() + number)
            principal = sum(movement.principal for movement in movements if movement.date <= date_at)
            if date_at < loan.due_on:
                interest += principal * Fraction(loan.annual_rate) / 365
            else:
                penalty += principal * Fraction(loan.penalty_rate) / 365
        assert shown.interest_accrued == int(interest + Fraction(1, 2))
        assert shown.penalty_paid + shown.penalty_outstanding == int(penalty + Fraction(1, 2))
        owed = shown.principal_outstanding + shown.interest_outstanding + shown.penalty_outstanding
        assert (shown.state is LoanState.REPAID) == (owed == 0)
        assert movements[-1].balance == owed


@pytest.mark.anyio
class TestTheInvariants:
    @pytest.mark.parametrize(
        ("tampering", "found_by"),
        [
            ("UPDATE lending.loan SET principal = principal + 1", "loans_are_in_the_ledger"),
            ("UPDATE lending.loan SET interest_numerator = interest_numerator + 1", "loan_interest_is_exact"),
            ("UPDATE lending.loan SET accrued_through = accrued_through + 1", "loan_interest_is_exact"),
            ("UPDATE lending.loan SET annual_rate = 0.1096", "loan_interest_is_exact"),
            ("UPDATE lending.loan SET state = 'repaid', repaid_on = drawn_on", "loan_states_are_true"),
            ("UPDATE lending.loan SET state = 'overdue'", "loan_states_are_true"),
            ("UPDATE lending.loan SET line_limit = principal - 1", "draws_stay_within_the_line"),
            ("UPDATE lending.deposit SET amount = amount + 1", "funders_capital_is_deposits"),
            ("UPDATE lending.repayment SET amount = amount - 1", "repayments_are_in_the_ledger"),
            (
                "UPDATE ledger.account SET debits = debits + 1 WHERE code = 'loan.interest_receivable'",
                "loan_interest_is_exact",
            ),
        ],
    )
    async def test_find_tampering(
        self, town: Town, database_urls: tuple[str, str], tampering: str, found_by: str
    ) -> None:
        loan = await town.draw("L1", 10_000_000, now=local(day(3), 12))
        await town.repay(loan, "R1", 1_000_000, now=local(day(5), 12))
        await town.accrue(6)
        await town.assert_sound()
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(tampering.encode())
        async with town.database.transaction() as tx:
            findings = await check(tx, domain="lending", invariants=INVARIANTS)
        assert found_by in {finding.name for finding in findings if finding.violations}
