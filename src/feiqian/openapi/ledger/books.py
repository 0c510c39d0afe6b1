"""Many accounts of a partner read together: groups and whole books."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from feiqian.infra.database import Database, Transaction
from feiqian.infra.paging import Page
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import parse_id
from feiqian.ledger import (
    Booked,
    Days,
    TrialRow,
    TrialRowView,
    accounts_named,
    add_to_group,
    books,
    remove_from_group,
    show_trial_row,
    subjects,
    trial_balance,
)
from feiqian.members import Caller, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenDatabase
from feiqian.openapi.ledger.accounts import At, OnDate, one_moment
from feiqian.openapi.ledger.given import books_of, own_name, owns

MEMBERS_MAX = 1_000
EVER = date(9998, 12, 31)
"""No entry belongs to a later date."""


class GroupMembers(msgspec.Struct, frozen=True):
    """Accounts of a group."""

    accounts: list[str]
    """``account_…``, up to 1,000 in a call"""


class BookView(msgspec.Struct, frozen=True):
    """A book of yours."""

    name: str


class GroupView(msgspec.Struct, frozen=True):
    """A group of your accounts."""

    name: str


class TrialBalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """What every subject has and moved, minor units; debits equal credits in each currency of a whole book."""

    rows: list[TrialRowView]
    totals: list["TrialTotalView"]


class TrialTotalView(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one currency."""

    currency: str
    debits: int
    credits: int
    closing_debit: int
    closing_credit: int


class GroupController(Controller):
    """Groups: named sets of your accounts, of any of your books, that are read together."""

    path = "/v1/ledger/groups/{name:str}"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @post("/add", summary="Put accounts into a group", status_code=200)
    async def add(
        self,
        name: FromPath[str],
        data: JSONBody[GroupMembers],
        caller: GivenCaller,
        database: GivenDatabase,
    ) -> GroupView:
        """A group begins with its first account; those already in it stay."""
        return await _change(database, caller, name, data.accounts, add_to_group)

    @post("/remove", summary="Take accounts out of a group", status_code=200)
    async def remove(
        self,
        name: FromPath[str],
        data: JSONBody[GroupMembers],
        caller: GivenCaller,
        database: GivenDatabase,
    ) -> GroupView:
        """Those not in it do not matter."""
        return await _change(database, caller, name, data.accounts, remove_from_group)

    @get("/balance", summary="Get the balances of a group, now or as they were")
    async def balance(
        self,
        name: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        at: At = None,
        on_date: OnDate = None,
    ) -> TrialBalanceView:
        """By book, subject and currency."""
        period = _period(at, on_date)
        async with database.reading() as tx:
            rows = await trial_balance(tx, period=period, group=own_name(caller, name, field="name"))
            return await _show_trial(tx, caller, rows)


class BookController(Controller):
    """Your books. A book begins with its first account and balances by itself."""

    path = "/v1/ledger/books"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @get(summary="List your books")
    async def list(self, caller: GivenCaller, database: GivenDatabase) -> Page[BookView]:
        prefix = books_of(caller)
        async with database.reading() as tx:
            names = [name for name in await books(tx) if owns(caller, name)]
        return Page(items=[BookView(name.removeprefix(prefix)) for name in names])

    @get("/{book:str}/trial-balance", summary="Get the trial balance of a book, now or as it was")
    async def trial_balance(
        self,
        book: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        at: At = None,
        on_date: OnDate = None,
    ) -> TrialBalanceView:
        """All of its history up to then, by subject and currency."""
        period = _period(at, on_date)
        async with database.reading() as tx:
            rows = await trial_balance(tx, period=period, book=own_name(caller, book))
            return await _show_trial(tx, caller, rows)


class _GroupChange(Protocol):
    async def __call__(self, tx: Transaction, *, name: str, accounts: Sequence[UUID]) -> None: ...


async def _change(
    database: Database, caller: Caller, name: str, accounts: Sequence[str], change: _GroupChange
) -> GroupView:
    """Change which of the caller's accounts are in one of the caller's groups."""
    group = own_name(caller, name, field="name")

    async def operation(tx: Transaction) -> None:
        await change(tx, name=group, accounts=await _own_ids(tx, caller, accounts))

    await database.run(operation)
    return GroupView(name)


async def _own_ids(tx: Transaction, caller: Caller, names: Sequence[str]) -> list[UUID]:
    """The caller's accounts of those ids.

    Raises: InvalidRequest; NotFound for the first that is not the caller's.
    """
    if len(names) > MEMBERS_MAX:
        raise InvalidRequest(field="accounts", reason=f"has {len(names)}, at most {MEMBERS_MAX} are taken")
    ids = [parse_id("account", name) for name in names]
    found = await accounts_named(tx, ids=ids)
    for id, name in zip(ids, names, strict=True):
        if id not in found or not owns(caller, found[id].book):
            raise NotFound(what="account", name=name)
    return ids


def _period(at: datetime | None, on_date: date | None) -> Days | Booked:
    """Everything up to the moment that is asked about."""
    moment = one_moment(at, on_date)
    if isinstance(moment, datetime):
        return Booked(until=moment)
    return Days(last=EVER if moment is None else moment)


async def _show_trial(tx: Transaction, caller: Caller, rows: list[TrialRow]) -> TrialBalanceView:
    own = {row.code: row for row in await subjects(tx)}
    prefix = books_of(caller)
    shown = [
        msgspec.structs.replace(show_trial_row(row, own=own), book=row.book.removeprefix(prefix))
        for row in rows
    ]
    totals = [
        TrialTotalView(
            currency=currency,
            debits=sum(row.debits for row in shown if row.currency == currency),
            credits=sum(row.credits for row in shown if row.currency == currency),
            closing_debit=sum(row.closing_debit for row in shown if row.currency == currency),
            closing_credit=sum(row.closing_credit for row in shown if row.currency == currency),
        )
        for currency in sorted({row.currency for row in shown})
    ]
    return TrialBalanceView(rows=shown, totals=totals)
