"""Credit lines, loans and funders for partners."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian import lending
from feiqian.credit import apply, latest_decision
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import parse_id
from feiqian.lending import DecisionView, LoanPosition, LoanState, LoanView, show_decision, show_loan
from feiqian.members import Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase, GivenSettings
from feiqian.openapi.merchants import merchant_of


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
            return await show_decision(tx, decision, now=now)

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
            return await show_decision(tx, decision, now=clock.now())


class LoanController(Controller):
    """Draws on credit lines."""

    path = "/v1/loans"
    tags = ("lending",)
    opt = needs(Scope.LENDING)

    @post(summary="Draw a loan")
    async def draw(
        self, data: JSONBody[NewLoan], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> LoanView:
        """The money is in the merchant's available balance when this answers; no person takes part."""
        now = clock.now()

        async def operation(tx: Transaction) -> LoanPosition:
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
    ) -> Page[LoanView]:
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
    async def read(self, loan_id: FromPath[str], caller: GivenCaller, database: GivenDatabase) -> LoanView:
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
    ) -> LoanView:
        """Penalty first, then interest, then principal. The same number again returns the loan as it is."""
        now, id = clock.now(), parse_id("loan", loan_id)

        async def operation(tx: Transaction) -> LoanPosition:
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
