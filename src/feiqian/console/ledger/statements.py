"""An account's statement, and the files of it."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream

from feiqian import ledger
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.ledger.given import Amount, From, Text, To, booked_between
from feiqian.console.ledger.naming import AccountName, name_accounts
from feiqian.console.wording import kind_names
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.infra.web import PDF, XLSX, file_response, kept_as, language_of
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import Account, Booked, EntryFilter, StatementLine


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as staff read it; amounts in minor units."""

    sequence: int
    transaction_id: str
    action: str
    kind: str
    counter: AccountName
    booked_at: datetime
    business_date: date
    effective_at: datetime
    debit: int
    credit: int
    amount: int
    """Signed in the account's direction; 0 where nothing was posted."""
    balance: int
    """After it."""
    held: int
    """What it changed of what open holds may take out."""
    incoming: int
    """What it changed of what open holds may bring in."""
    reference: str
    memo: str


class StatementController(Controller):
    """What an account went through."""

    path = "/ledger/accounts/{account_id:str}"

    @get("/statement")
    async def read(
        self,
        account_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
        kind: Text = None,
        min: Amount = None,
        max: Amount = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[EntryRow]:
        """Newest first; ``from`` and ``to`` are days of booking, both included, ``min`` and ``max`` sizes of entries."""
        period = booked_between(first, last, now=clock.now())
        only = EntryFilter(
            since=period.since,
            until=period.until if last else None,
            kind=kind,
            amount_min=min,
            amount_max=max,
        )
        async with database.reading() as tx:
            account = await ledger.account_by_id(tx, id=parse_id("account", account_id))
            found = await ledger.statement(
                tx, ref=account.id, before=read_cursor(cursor, int), limit=limit + 1, only=only
            )
            items = await _rows(tx, account, found[:limit], language_of(request))
        more = show_cursor(items[-1].sequence) if len(found) > limit else None
        return Page(items=items, next_cursor=more)

    @get("/statement.csv")
    async def as_csv(
        self,
        account_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
    ) -> Stream:
        """The whole period, oldest first, written while it is read."""
        period, language = booked_between(first, last, now=clock.now()), language_of(request)
        async with database.reading() as tx:
            account = await ledger.account_by_id(tx, id=parse_id("account", account_id))

        async def content() -> AsyncIterator[bytes]:
            async with database.reading() as tx:
                async for part in ledger.statement_csv(
                    tx, account=account.id, period=period, language=language, kinds=kind_names(language)
                ):
                    yield part

        name = _name(account, period, language, "csv")
        return Stream(content, media_type="text/csv; charset=utf-8", headers=kept_as(name))

    @get("/statement.xlsx")
    async def as_xlsx(
        self,
        account_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
    ) -> Response[bytes]:
        """The whole period, oldest first."""
        now, language = clock.now(), language_of(request)
        period = booked_between(first, last, now=now)
        async with database.reading() as tx:
            account = await ledger.account_by_id(tx, id=parse_id("account", account_id))
            content = await ledger.statement_xlsx(
                tx,
                account=account.id,
                period=period,
                now=now,
                language=language,
                kinds=kind_names(language),
            )
        name = _name(account, period, language, "xlsx")
        return file_response(content, name=name, media_type=XLSX)

    @get("/statement.pdf")
    async def as_pdf(
        self,
        account_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
        first: From = None,
        last: To = None,
    ) -> Response[bytes]:
        """The whole period, oldest first, for printing."""
        now, language = clock.now(), language_of(request)
        period = booked_between(first, last, now=now)
        async with database.reading() as tx:
            account = await ledger.account_by_id(tx, id=parse_id("account", account_id))
            content = await ledger.statement_pdf(
                tx,
                account=account.id,
                period=period,
                now=now,
                language=language,
                kinds=kind_names(language),
            )
        name = _name(account, period, language, "pdf")
        return file_response(content, name=name, media_type=PDF)


def _name(account: Account, period: Booked, language: str, suffix: str) -> str:
    return ledger.statement_file_name(account, period=period, language=language, suffix=suffix)


async def _rows(
    tx: Transaction, account: Account, lines: Sequence[StatementLine], language: str
) -> list[EntryRow]:
    named = await ledger.accounts_named(tx, ids=list({line.other for line in lines}))
    naming = await name_accounts(tx, named.values(), language=language)
    rows: list[EntryRow] = []
    for line in lines:
        size = abs(line.amount)
        raises = line.is_debit == (account.sign > 0)
        rows.append(
            EntryRow(
                sequence=line.sequence,
                transaction_id=show_id("transaction", line.transaction),
                action=line.action.name.lower(),
                kind=line.kind,
                counter=naming.name(named[line.other]),
                booked_at=line.booked_at,
                business_date=line.business_date,
                effective_at=line.effective_at,
                debit=size if line.is_debit else 0,
                credit=0 if line.is_debit else size,
                amount=line.amount,
                balance=line.balance,
                held=0 if raises else line.held,
                incoming=line.held if raises else 0,
                reference=line.reference,
                memo=line.memo,
            )
        )
    return rows
