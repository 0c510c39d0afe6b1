"""A partner's own accounts: subjects, opening, limits, freezes, what they have now and had before."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian.infra.database import Database, Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import (
    Account,
    AccountFilter,
    AccountKey,
    AccountRef,
    AccountView,
    ChangeView,
    Frozen,
    FrozenName,
    OwnSubject,
    Side,
    account_by_id,
    account_changes,
    account_key,
    balances_at,
    close_account,
    define_subject,
    find_accounts,
    freeze,
    open_account,
    set_overdraft,
    show_account,
    show_change,
    subjects,
)
from feiqian.members import Caller, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase
from feiqian.openapi.ledger.given import books_of, own_name, owns, platform_named

OPENED = "opened over the API"
At = Annotated[
    datetime | None, QueryParameter(name="at", description="a moment of booking: what was booked before it")
]
OnDate = Annotated[
    date | None,
    QueryParameter(name="business_date", description="the end of this date, backdated entries included"),
]


class NewSubject(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of account for books of your own."""

    code: str
    """``own.`` and words of a-z, 0-9 and _ between dots, up to 64 characters."""
    side: Side
    """On which its accounts grow: debit for what you have, credit for what you owe or earn."""
    overdraft: int | None = 0
    """How far below zero its accounts may go, minor units: 0 never, null without limit."""
    chinese: str
    english: str


class SubjectView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of account."""

    code: str
    side: Side
    overdraft: int | None
    """That its accounts open with, minor units; null without limit."""
    chinese: str
    english: str
    created_at: datetime


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account to be opened. Its id follows from book, code, owner and currency."""

    book: str
    """Your own name of the book: small letters, digits, dots, dashes, underscores. A book begins with its first account."""
    code: str
    """Of one of the subjects."""
    owner: str
    """Whose it is, in your words, up to 128 characters."""
    currency: str
    """ISO 4217."""


class NewFreeze(msgspec.Struct, frozen=True):
    """What an account refuses from now on."""

    frozen: FrozenName
    """no takes a freeze back."""
    reason: str


class NewOverdraft(msgspec.Struct, frozen=True):
    """How far below zero an account may go from now on."""

    overdraft: int | None
    """Minor units; null without limit."""
    reason: str


class NewClosing(msgspec.Struct, frozen=True):
    """Why an account is closed."""

    reason: str


class BalanceAtView(msgspec.Struct, frozen=True, kw_only=True):
    """What an account had, minor units, in its own direction."""

    account_id: str
    currency: str
    balance: int


class SubjectController(Controller):
    """Kinds of accounts. They belong to everyone on this installation, so prefer words that others will understand."""

    path = "/v1/ledger/subjects"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @post(summary="Define a subject")
    async def define(
        self, data: JSONBody[NewSubject], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> SubjectView:
        """The same again returns the first; with another side or limit it is refused."""
        now = clock.now()
        subject = await database.run(
            lambda tx: define_subject(
                tx,
                now=now,
                code=data.code,
                side=data.side,
                overdraft=data.overdraft,
                chinese=data.chinese,
                english=data.english,
            )
        )
        return _show_subject(subject)

    @get(summary="List the subjects")
    async def list(self, caller: GivenCaller, database: GivenDatabase) -> Page[SubjectView]:
        async with database.reading() as tx:
            return Page(items=[_show_subject(row) for row in await subjects(tx)])


class AccountController(Controller):
    """Accounts in your own books."""

    path = "/v1/ledger/accounts"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @post(summary="Open an account")
    async def open(
        self, data: JSONBody[NewAccount], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> AccountView:
        """The same again returns the account that is there. It opens with the limit of its subject."""
        now = clock.now()
        ref = AccountRef(own_name(caller, data.book), data.code, data.owner, data.currency)

        async def operation(tx: Transaction) -> AccountView:
            account = await open_account(tx, now=now, ref=ref, by=platform_named(caller), reason=OPENED)
            return await show_own(tx, caller, account)

        return await database.run(operation)

    @get(summary="List the accounts of a book")
    async def list(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        book: FromQuery[str],
        code: FromQuery[str | None] = None,
        owner: FromQuery[str | None] = None,
        owner_prefix: FromQuery[str | None] = None,
        currency: FromQuery[str | None] = None,
        group: FromQuery[str | None] = None,
        frozen: FromQuery[bool | None] = None,
        closed: FromQuery[bool | None] = None,
        non_zero: FromQuery[bool | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AccountView]:
        """In order of code, owner and currency."""
        only = AccountFilter(
            book=own_name(caller, book),
            code=code,
            owner=owner,
            owner_prefix=owner_prefix,
            currency=currency,
            group=None if group is None else own_name(caller, group, field="group"),
            frozen=frozen,
            closed=closed,
            non_zero=non_zero,
        )
        after = read_cursor(cursor, tuple[str, str, str, str])
        async with database.reading() as tx:
            rows = await find_accounts(tx, only=only, after=after, limit=limit + 1)
            own = {row.code: row for row in await subjects(tx)}
        items = [_show(caller, row, own) for row in rows[:limit]]
        following: AccountKey | None = account_key(rows[limit - 1]) if len(rows) > limit else None
        return Page(items=items, next_cursor=None if following is None else show_cursor(following))

    @get("/{account_id:str}", summary="Get an account")
    async def read(
        self, account_id: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> AccountView:
        async with database.reading() as tx:
            return await show_own(tx, caller, await own_account(tx, caller, account_id))

    @get("/{account_id:str}/changes", summary="List what was changed about an account, newest first")
    async def changes(
        self,
        account_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ChangeView]:
        before = None if cursor is None else parse_id("change", cursor)
        async with database.reading() as tx:
            account = await own_account(tx, caller, account_id)
            rows = await account_changes(tx, account=account.id, before=before, limit=limit + 1)
        items = [show_change(row) for row in rows[:limit]]
        return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)

    @get("/{account_id:str}/balance", summary="Get an account's balance, now or as it was")
    async def balance(
        self,
        account_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        at: At = None,
        on_date: OnDate = None,
    ) -> BalanceAtView:
        """Exact for any past moment of booking and any business date."""
        async with database.reading() as tx:
            account = await own_account(tx, caller, account_id)
            moment = one_moment(at, on_date)
            if moment is None:
                balance = account.balance
            else:
                (found,) = await balances_at(tx, accounts=[account.id], moment=moment)
                balance = found.balance
        return BalanceAtView(account_id=account_id, currency=account.currency, balance=balance)

    @post("/{account_id:str}/freeze", summary="Freeze or unfreeze an account", status_code=200)
    async def freeze(
        self,
        account_id: FromPath[str],
        data: JSONBody[NewFreeze],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> AccountView:
        """Holds can be let go all the time."""
        now, frozen, by = clock.now(), Frozen[data.frozen.name], platform_named(caller)
        return await _change(
            database,
            caller,
            account_id,
            lambda tx, id: freeze(tx, now=now, account=id, frozen=frozen, reason=data.reason, by=by),
        )

    @post("/{account_id:str}/overdraft", summary="Set an account's limit", status_code=200)
    async def overdraft(
        self,
        account_id: FromPath[str],
        data: JSONBody[NewOverdraft],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> AccountView:
        """Refused while the account is further below zero than the new limit allows."""
        now, limit, by = clock.now(), data.overdraft, platform_named(caller)
        return await _change(
            database,
            caller,
            account_id,
            lambda tx, id: set_overdraft(tx, now=now, account=id, overdraft=limit, reason=data.reason, by=by),
        )

    @post("/{account_id:str}/close", summary="Close an account for good", status_code=200)
    async def close(
        self,
        account_id: FromPath[str],
        data: JSONBody[NewClosing],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
    ) -> AccountView:
        """It must be empty, with no open holds. Its history stays."""
        now, by = clock.now(), platform_named(caller)
        return await _change(
            database,
            caller,
            account_id,
            lambda tx, id: close_account(tx, now=now, account=id, reason=data.reason, by=by),
        )


async def own_account(tx: Transaction, caller: Caller, name: str) -> Account:
    """The caller's account of that id.

    Raises: InvalidRequest; NotFound, also for accounts of others.
    """
    account = await account_by_id(tx, id=parse_id("account", name))
    if not owns(caller, account.book):
        raise NotFound(what="account", name=show_id("account", account.id))
    return account


async def show_own(tx: Transaction, caller: Caller, account: Account) -> AccountView:
    """An account with its subject's names and the caller's own name of the book."""
    return _show(caller, account, {row.code: row for row in await subjects(tx)})


def one_moment(at: datetime | None, on_date: date | None) -> datetime | date | None:
    """The moment that is asked about; None is now.

    Raises: InvalidRequest when both are given.
    """
    if at is not None and on_date is not None:
        raise InvalidRequest(field="at", reason="give either at or business_date")
    return at if at is not None else on_date


async def _change(
    database: Database,
    caller: Caller,
    account_id: str,
    change: Callable[[Transaction, UUID], Awaitable[Account]],
) -> AccountView:
    """Change one of the caller's accounts, and show it as it is then."""

    async def operation(tx: Transaction) -> AccountView:
        account = await own_account(tx, caller, account_id)
        return await show_own(tx, caller, await change(tx, account.id))

    return await database.run(operation)


def _show(caller: Caller, account: Account, own: dict[str, OwnSubject]) -> AccountView:
    view = show_account(account, own=own)
    return msgspec.structs.replace(view, book=account.book.removeprefix(books_of(caller)))


def _show_subject(subject: OwnSubject) -> SubjectView:
    return SubjectView(
        code=subject.code,
        side=subject.side,
        overdraft=subject.overdraft,
        chinese=subject.chinese,
        english=subject.english,
        created_at=subject.created_at,
    )
