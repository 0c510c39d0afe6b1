"""Loans with their movements and why they were granted; funders with their positions."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath, QueryParameter

from feiqian import lending
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.transactions import TransactionView, show_transactions
from feiqian.credit import decision_of_id
from feiqian.infra.paging import Cursor, Limit, Page, SummedPage
from feiqian.infra.web import language_of
from feiqian.kernel.ids import parse_id
from feiqian.ledger import transactions
from feiqian.lending import (
    DecisionView,
    FunderView,
    LoanMovement,
    LoanState,
    LoanTotals,
    LoanView,
    show_decision,
    show_loan,
)


class MovementView(msgspec.Struct, frozen=True, kw_only=True):
    """What changed what a loan owes."""

    date: date
    kind: str
    principal: int
    interest: int
    penalty: int
    balance: int
    """All that is owed after it."""


class LoanPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one loan."""

    loan: LoanView
    decision: DecisionView | None
    """Under which it was drawn."""
    transactions: list[TransactionView]
    movements: list[MovementView]


class LoanController(Controller):
    """What merchants drew."""

    path = "/loans"

    @get()
    async def list_all(
        self,
        database: GivenDatabase,
        in_state: Annotated[LoanState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> SummedPage[LoanView, LoanTotals]:
        """Newest first."""
        before = None if cursor is None else parse_id("loan", cursor)
        async with database.reading() as tx:
            rows = await lending.loans(tx, state=in_state, before=before, limit=limit + 1)
            totals = await lending.loan_totals(tx, state=in_state)
        items = [show_loan(row) for row in rows[:limit]]
        return SummedPage(items=items, next_cursor=items[-1].id if len(rows) > limit else None, totals=totals)

    @get("/{loan_id:str}")
    async def read(
        self,
        loan_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
    ) -> LoanPage:
        async with database.reading() as tx:
            loan = await lending.loan_of_id(tx, id=parse_id("loan", loan_id))
            decision = await decision_of_id(tx, id=loan.decision)
            movements = await lending.loan_movements(tx, id=loan.id)
            posted = await transactions(tx, ids=[movement.transaction for movement in movements])
            return LoanPage(
                loan=show_loan(loan),
                decision=await show_decision(tx, decision, now=clock.now()),
                transactions=await show_transactions(tx, posted, language=language_of(request)),
                movements=[_movement(movement) for movement in movements],
            )


class FunderController(Controller):
    """Who lends."""

    path = "/funders"

    @get()
    async def list_all(self, database: GivenDatabase) -> Page[FunderView]:
        async with database.reading() as tx:
            return Page(items=await lending.funders(tx))


def _movement(movement: LoanMovement) -> MovementView:
    return MovementView(
        date=movement.date,
        kind=movement.kind,
        principal=movement.principal,
        interest=movement.interest,
        penalty=movement.penalty,
        balance=movement.balance,
    )
