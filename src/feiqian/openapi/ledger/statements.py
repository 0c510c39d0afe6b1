"""Statements of a partner's own accounts."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.infra.web import PDF, XLSX, file_response, kept_as, language_of
from feiqian.kernel.calendar import business_date
from feiqian.ledger import (
    Account,
    Days,
    EntryFilter,
    EntryView,
    show_entry,
    statement,
    statement_csv,
    statement_file_name,
    statement_pdf,
    statement_xlsx,
)
from feiqian.members import Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase
from feiqian.openapi.ledger.accounts import own_account
from feiqian.openapi.ledger.given import PartnerRequest

SEQUENCE_MAX = 2**62
DATE_MIN, DATE_MAX = date(2, 1, 1), date(9998, 12, 31)
"""Between them lies every entry."""
CSV = "text/csv"
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

    @get("/statement.csv", summary="Download an account's statement as CSV", media_type=CSV)
    async def as_csv(
        self,
        account_id: FromPath[str],
        request: PartnerRequest,
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
    ) -> Stream:
        """What moved the balance, oldest first, between opening and closing balance, of any length. Without ``to`` it
        ends today."""
        period, language = _period(first, last, business_date(clock.now())), language_of(request)
        async with database.reading() as tx:
            account = await own_account(tx, caller, account_id)

        async def content() -> AsyncIterator[bytes]:
            async with database.reading() as tx:
                async for part in statement_csv(tx, account=account.id, period=period, language=language):
                    yield part

        return Stream(content, media_type=CSV, headers=kept_as(_name(account, period, language, "csv")))

    @get("/statement.xlsx", summary="Download an account's statement for Excel", media_type=XLSX)
    async def as_xlsx(
        self,
        account_id: FromPath[str],
        request: PartnerRequest,
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
    ) -> Response[bytes]:
        """The same as CSV has, amounts as numbers."""
        now, language = clock.now(), language_of(request)
        period = _period(first, last, business_date(now))
        async with database.reading() as tx:
            account = await own_account(tx, caller, account_id)
            content = await statement_xlsx(tx, account=account.id, period=period, now=now, language=language)
        return file_response(content, name=_name(account, period, language, "xlsx"), media_type=XLSX)

    @get("/statement.pdf", summary="Download an account's statement for printing", media_type=PDF)
    async def as_pdf(
        self,
        account_id: FromPath[str],
        request: PartnerRequest,
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
    ) -> Response[bytes]:
        """The same as CSV has, up to 2,000 entries."""
        now, language = clock.now(), language_of(request)
        period = _period(first, last, business_date(now))
        async with database.reading() as tx:
            account = await own_account(tx, caller, account_id)
            content = await statement_pdf(tx, account=account.id, period=period, now=now, language=language)
        return file_response(content, name=_name(account, period, language, "pdf"), media_type=PDF)


def _period(first: date | None, last: date | None, today: date) -> Days:
    return Days(
        first=None if first is None else max(first, DATE_MIN),
        last=min(today if last is None else last, DATE_MAX),
    )


def _name(account: Account, period: Days, language: str, suffix: str) -> str:
    return statement_file_name(account, period=period, language=language, suffix=suffix)
