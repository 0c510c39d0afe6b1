"""Credit lines, loans and funders for partners."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian import lending
from feiqian.credit import Decision, apply, latest_decision
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import parse_id, show_id
from feiqian.lending import LoanState, LoanView
from feiqian.members import Merchant, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase, GivenSettings
from feiqian.openapi.merchants import merchant_of
from feiqian.openapi.paging import Cursor, Limit, Page


class NewLoan(msgspec.Struct, frozen=True):
    """A draw on a merchant's credit line."""

    loan_no: str
    """Your number for it: sending it again returns the first answer."""
    merchant_no: str
    amount: int
    """Minor units, at most what is available of the line."""
    funder_no: str | None = None
    """Who lends; without it, the funder with the most money."""


class NewRepayment(msgspec.Struct, frozen=True):
    """A repayment out of the merchant's available balance."""

    repayment_no: str
    amount: int
    """The most to take, minor units; what is not owed is not taken."""


class NewDeposit(msgspec.Struct, frozen=True):
    """Money that a funder paid into the custody account."""

    deposit_no: str
    amount: int
    currency: str


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made of one fact."""

    code: str
    english: str
    chinese: str
    passed: bool
    fact: str
    value: Decimal | None
    threshold: Decimal


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A credit decision that explains itself; amounts in minor units."""

    merchant_no: str
    outcome: str
    """approved, declined or referred."""
    limit: int
    available: int
    """The limit less the principal that is owed."""
    reasons: list[ReasonView]
    facts: dict[str, str | int | None]
    decided_at: datetime
    valid_until: datetime | None
    rules_version: int


class LoanAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A loan; amounts in minor units, read from the ledger."""

    id: str
    loan_no: str
    merchant_no: str
    funder: str
    state: str
    """active, overdue or repaid."""
    currency: str
    principal: int
    principal_outstanding: int
    interest_outstanding: int
    penalty_outstanding: int
    interest_accrued: int
    interest_paid: int
    penalty_paid: int
    principal_paid: int
    annual_rate: str
    """A part of one: 0.1095 is 10.95 % a year, ACT/365."""
    penalty_rate: str
    repayment_share: str
    """Of each settlement, while anything is owed."""
    drawn_on: date
    due_on: date
    drawn_at: datetime
    repaid_on: date | None


class DepositView(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit as it was booked."""

    funder_no: str
    deposit_no: str
    currency: str
    amount: int
    deposited_at: datetime


class CreditController(Controller):
    """What a merchant may borrow, decided from its own settled trade."""

    path = "/v1/merchants/{merchant_no:str}/credit-line"
    tags = ("lending",)
    opt = needs(Scope.LENDING)

    @post(summary="Apply for a credit line")
    async def apply(
        self,
        merchant_no: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
    ) -> DecisionView:
        """Decided at once, by rules that are data. The same day with the same facts gives the same decision."""
        now = clock.now()
        async with database.reading() as tx:
            merchant = await merchant_of(tx, caller, merchant_no)
        decision = await database.run(
            lambda tx: apply(tx, now=now, merchant_id=merchant.id, currency=settings.currency)
        )
        async with database.reading() as tx:
            return await _decision(tx, merchant, decision, now)

    @get(summary="Get the newest credit decision")
    async def read(
        self,
        merchant_no: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
    ) -> DecisionView:
        async with database.reading() as tx:
            merchant = await merchant_of(tx, caller, merchant_no)
            decision = await latest_decision(tx, merchant_id=merchant.id, currency=settings.currency)
            if decision is None:
                raise NotFound(what="credit decision", name=merchant_no)
            return await _decision(tx, merchant, decision, clock.now())


class LoanController(Controller):
    """Draws on credit lines."""

    path = "/v1/loans"
    tags = ("lending",)
    opt = needs(Scope.LENDING)

    @post(summary="Draw a loan")
    async def draw(
        self, data: JSONBody[NewLoan], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> LoanAnswer:
        """The money is in the merchant's available balance when this answers; no person takes part."""
        now = clock.now()

        async def operation(tx: Transaction) -> LoanView:
            merchant = await merchant_of(tx, caller, data.merchant_no)
            loan = await lending.draw(
                tx,
                now=now,
                platform=caller.platform,
                loan_no=data.loan_no,
                merchant_id=merchant.id,
                amount=data.amount,
                funder_no=data.funder_no,
            )
            return await lending.loan_of_id(tx, id=loan.id)

        return show_loan(await database.run(operation))

    @get(summary="List loans, newest first")
    async def list(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        merchant_no: FromQuery[str | None] = None,
        in_state: Annotated[LoanState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[LoanAnswer]:
        before = None if cursor is None else parse_id("loan", cursor)
        async with database.reading() as tx:
            merchant = (await merchant_of(tx, caller, merchant_no)).id if merchant_no else None
            rows = await lending.loans(
                tx,
                platform=caller.platform,
                merchant=merchant,
                state=in_state,
                before=before,
                limit=limit + 1,
            )
        items = [show_loan(row) for row in rows[:limit]]
        return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)

    @get("/{loan_id:str}", summary="Get a loan")
    async def read(self, loan_id: FromPath[str], caller: GivenCaller, database: GivenDatabase) -> LoanAnswer:
        async with database.reading() as tx:
            return show_loan(
                await lending.loan_of_id(tx, id=parse_id("loan", loan_id), platform=caller.platform)
            )

    @post("/{loan_id:str}/repayments", summary="Repay a loan from the merchant's balance")
    async def repay(
        self,
        loan_id: FromPath[str],
        data: JSONBody[NewRepayment],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> LoanAnswer:
        """Penalty first, then interest, then principal. The same number again returns the loan as it is."""
        now, id = clock.now(), parse_id("loan", loan_id)

        async def operation(tx: Transaction) -> LoanView:
            await lending.loan_of_id(tx, id=id, platform=caller.platform)
            await lending.repay(tx, now=now, loan_id=id, amount=data.amount, repayment_no=data.repayment_no)
            return await lending.loan_of_id(tx, id=id)

        return show_loan(await database.run(operation))


class FunderController(Controller):
    """Who lends, and where its money is."""

    path = "/v1/funders/{funder_no:str}"
    tags = ("lending",)
    opt = needs(Scope.LENDING)

    @get(summary="Get a funder's position")
    async def read(
        self, funder_no: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> lending.FunderView:
        async with database.reading() as tx:
            return await lending.funder_of_no(tx, funder_no=funder_no)

    @post("/deposits", summary="Book a funder's deposit")
    async def deposit(
        self,
        funder_no: FromPath[str],
        data: JSONBody[NewDeposit],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> DepositView:
        """Call it when the money has arrived at the custody bank; from then on it may be lent."""
        now = clock.now()
        booked = await database.run(
            lambda tx: lending.deposit(
                tx,
                now=now,
                funder_no=funder_no,
                deposit_no=data.deposit_no,
                amount=data.amount,
                currency=data.currency,
            )
        )
        return DepositView(**msgspec.structs.asdict(booked))


def show_loan(loan: LoanView) -> LoanAnswer:
    """A loan with outside ids."""
    return LoanAnswer(
        id=show_id("loan", loan.id),
        loan_no=loan.loan_no,
        merchant_no=loan.merchant_no,
        funder=loan.funder,
        state=loan.state.value,
        currency=loan.currency,
        principal=loan.principal,
        principal_outstanding=loan.principal_outstanding,
        interest_outstanding=loan.interest_outstanding,
        penalty_outstanding=loan.penalty_outstanding,
        interest_accrued=loan.interest_accrued,
        interest_paid=loan.interest_paid,
        penalty_paid=loan.penalty_paid,
        principal_paid=loan.principal_paid,
        annual_rate=str(loan.annual_rate),
        penalty_rate=str(loan.penalty_rate),
        repayment_share=str(loan.repayment_share),
        drawn_on=loan.drawn_on,
        due_on=loan.due_on,
        drawn_at=loan.drawn_at,
        repaid_on=loan.repaid_on,
    )


async def _decision(tx: Transaction, merchant: Merchant, decision: Decision, now: datetime) -> DecisionView:
    owed = (await lending.debts(tx, merchants=[merchant.id]))[merchant.id].principal
    facts = {
        name: str(value) if isinstance(value, Decimal | date) else value
        for name, value in msgspec.structs.asdict(decision.facts).items()
    }
    return DecisionView(
        merchant_no=merchant.merchant_no,
        outcome=decision.outcome.value,
        limit=decision.limit,
        available=max(decision.limit - owed, 0) if decision.in_force(now) else 0,
        reasons=[ReasonView(**msgspec.structs.asdict(reason)) for reason in decision.reasons],
        facts=facts,
        decided_at=decision.decided_at,
        valid_until=decision.valid_until,
        rules_version=decision.rules_version,
    )
