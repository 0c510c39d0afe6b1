"""Statements of a partner's own accounts."""

from datetime import date
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, FromQuery, QueryParameter

from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.ledger import EntryFilter, EntryView, show_entry, statement
from feiqian.members import Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenDatabase
from feiqian.openapi.ledger.accounts import own_account

SEQUENCE_MAX = 2**62
From = Annotated[date | None, QueryParameter(name="from", description="first business date")]
To = Annotated[date | None, QueryParameter(name="to", description="last business date")]


class StatementController(Controller):
    """Every entry of an account with the balance after it."""

    path = "/v1/ledger/accounts/{account_id:str}"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @get("/statement", summary="List an account's entries, newest first")
    async def entries(
        self,
        account_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        first: From = None,
        last: To = None,
        kind: FromQuery[str | None] = None,
        moved: FromQuery[bool | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[EntryView]:
        """``moved=true`` leaves out what changed no balance: holds, releases and expiries."""
        before = read_cursor(cursor, int)
        only = EntryFilter(first=first, last=last, kind=kind, moved=moved)
        async with database.reading() as tx:
            account = await own_account(tx, caller, account_id)
            lines = await statement(
                tx,
                ref=account.id,
                before=None if before is None else min(max(before, 0), SEQUENCE_MAX),
                limit=limit + 1,
                only=only,
            )
        items = [show_entry(line) for line in lines[:limit]]
        return Page(items=items, next_cursor=show_cursor(items[-1].sequence) if len(lines) > limit else None)
