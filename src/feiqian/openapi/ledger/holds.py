"""Holds on a partner's own accounts."""

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feiqian.infra.paging import Cursor, Limit, Page
from feiqian.kernel.errors import NotFound
from feiqian.ledger import (
    HoldFilter,
    HoldState,
    HoldView,
    TransactionView,
    accounts_named,
    find_holds,
    hold_history,
    show_hold,
    show_posted,
)
from feiqian.members import Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenDatabase
from feiqian.openapi.ledger.accounts import own_account
from feiqian.openapi.ledger.given import owns, read_transaction_id


class HoldHistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold and what became of it."""

    hold: HoldView
    transactions: list[TransactionView]
    """The one that opened it, then its captures, releases and expiry."""


class HoldController(Controller):
    """Reserved amounts. They are opened, captured and released by transactions."""

    path = "/v1/ledger/holds"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @get(summary="List the holds on an account, newest first")
    async def list(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        account: FromQuery[str],
        in_state: Annotated[HoldState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[HoldView]:
        """On either side of it."""
        before = None if cursor is None else read_transaction_id(cursor, field="cursor")
        async with database.reading() as tx:
            found = await own_account(tx, caller, account)
            only = HoldFilter(account=found.id, state=in_state)
            rows = await find_holds(tx, only=only, before=before, limit=limit + 1)
        items = [show_hold(row) for row in rows[:limit]]
        return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)

    @get("/{hold_id:str}", summary="Get a hold and what became of it")
    async def read(
        self, hold_id: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> HoldHistoryView:
        """By the id of the transaction that opened it."""
        async with database.reading() as tx:
            history = await hold_history(tx, id=read_transaction_id(hold_id))
            named = await accounts_named(tx, ids=[history.hold.debit])
        if not all(owns(caller, row.book) for row in named.values()):
            raise NotFound(what="hold", name=hold_id)
        return HoldHistoryView(
            hold=show_hold(history.hold), transactions=[show_posted(row) for row in history.transactions]
        )
