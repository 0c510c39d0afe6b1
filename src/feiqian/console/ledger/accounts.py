"""Accounts: the list with its filters and sums, and the page of one."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, SkipValidation

from feiqian import ledger
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.ledger.given import Text, day_of, moment_of
from feiqian.console.ledger.naming import SubjectName, name_accounts, owners_meant, subject_names
from feiqian.console.ledger.rows import AccountRow, HoldRow, account_row, hold_rows
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, SummedPage, read_cursor, show_cursor
from feiqian.infra.web import language_of
from feiqian.kernel.calendar import business_date
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import Account, AccountFilter, AccountKey, AccountTotal, ChangeKind, HoldFilter

CURVE_DAYS = 90
"""How far back the chart of a balance reaches."""
HOLDS_SHOWN = 5
KINDS_LOOKED_THROUGH = 200
"""Newest entries of which the filter of kinds is made."""

State = Literal["active", "frozen", "closed"]


class AccountChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What the filters can be set to."""

    books: list[str]
    subjects: list[SubjectName]
    currencies: list[str]
    groups: list[str]


class AccountChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed what about an account, and why."""

    id: str
    at: datetime
    what: ChangeKind
    before: int | None
    after: int | None
    reason: str
    changed_by: str


class DayBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account had at the end of a day, as booked by then."""

    date: date
    balance: int


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one account but its statement."""

    account: AccountRow
    owner_link: str | None
    """The owner's own page below /console."""
    groups: list[str]
    balance_by_day: list[DayBalance]
    holds: list[HoldRow]
    """The newest few."""
    changes: list[AccountChangeView]
    """Newest first."""
    kinds: list[str]
    """Of its newest entries."""


class BalanceAt(msgspec.Struct, frozen=True, kw_only=True):
    """What an account had at a moment."""

    balance: int
    currency: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of the list as they stand in its address."""

    book: str | None
    code: str | None
    q: str | None
    currency: str | None
    state: State | None
    group: str | None
    non_zero: bool


GivenWanted: TypeAlias = NamedDependency[SkipValidation[Wanted]]
"""``wanted``: the list and its file are filtered alike."""


def provide_wanted(
    book: Text = None,
    code: Text = None,
    q: Text = None,
    currency: Text = None,
    state_: Annotated[State | None, QueryParameter(name="state")] = None,
    group: Text = None,
    non_zero: FromQuery[bool] = False,
) -> Wanted:
    """The filters as they stand in the address."""
    return Wanted(book=book, code=code, q=q, currency=currency, state=state_, group=group, non_zero=non_zero)


class AccountController(Controller):
    """Who has how much."""

    path = "/ledger"

    @get("/choices")
    async def choices(self, database: GivenDatabase) -> AccountChoices:
        """For the filters of the list."""
        async with database.reading() as tx:
            names = await subject_names(tx)
            totals = await ledger.account_totals(tx, only=AccountFilter())
            return AccountChoices(
                books=await ledger.books(tx),
                subjects=sorted(names.values(), key=lambda subject: (subject.number or "~", subject.code)),
                currencies=[total.currency for total in totals],
                groups=[group.name for group in await ledger.groups(tx)],
            )

    @get("/accounts")
    async def list_all(
        self,
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        wanted: GivenWanted,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> SummedPage[AccountRow, list[AccountTotal]]:
        """By book, subject and owner; the sums are of everything that is filtered."""
        after = read_cursor(cursor, AccountKey)
        async with database.reading() as tx:
            only = await filter_of(tx, wanted)
            found = await ledger.find_accounts(tx, only=only, after=after, limit=limit + 1)
            totals = await ledger.account_totals(tx, only=only)
            page = found[:limit]
            naming = await name_accounts(tx, page, language=language_of(request))
        more = show_cursor(ledger.account_key(page[-1])) if len(found) > limit else None
        return SummedPage(items=[account_row(each, naming) for each in page], next_cursor=more, totals=totals)

    @get("/accounts/{account_id:str}")
    async def read(
        self,
        account_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
    ) -> AccountPage:
        now, language = clock.now(), language_of(request)
        async with database.reading() as tx:
            account = await ledger.account_by_id(tx, id=parse_id("account", account_id))
            naming = await name_accounts(tx, [account], language=language)
            owner = naming.owner(account)
            holds = await ledger.find_holds(tx, only=HoldFilter(account=account.id), limit=HOLDS_SHOWN)
            newest = await ledger.statement(tx, ref=account.id, limit=KINDS_LOOKED_THROUGH)
            return AccountPage(
                account=account_row(account, naming),
                owner_link=owner.link if owner else None,
                groups=await ledger.groups_of(tx, account=account.id),
                balance_by_day=await _curve(tx, account, business_date(now)),
                holds=await hold_rows(tx, holds, now=now, language=language),
                changes=[
                    AccountChangeView(
                        id=show_id("change", change.id),
                        at=change.changed_at,
                        what=change.what,
                        before=change.before,
                        after=change.after,
                        reason=change.reason,
                        changed_by=change.changed_by,
                    )
                    for change in await ledger.account_changes(tx, account=account.id)
                ],
                kinds=sorted({line.kind for line in newest}),
            )

    @get("/accounts/{account_id:str}/balance")
    async def balance(
        self, account_id: FromPath[str], database: GivenDatabase, at: Text = None, on: Text = None
    ) -> BalanceAt:
        """``at``: what had been booked before a moment; ``on``: at the end of a business date.

        Raises: InvalidRequest unless exactly one is given.
        """
        if (at is None) == (on is None):
            raise InvalidRequest(field="at", reason="give either at or on")
        moment = moment_of(at, "at") if at is not None else day_of(on or "", "on")
        async with database.reading() as tx:
            (found,) = await ledger.balances_at(tx, accounts=[parse_id("account", account_id)], moment=moment)
        return BalanceAt(balance=found.balance, currency=found.currency)


async def filter_of(tx: Transaction, wanted: Wanted) -> AccountFilter:
    """What the ledger is asked for. A whole account id stands for that account alone."""
    text = (wanted.q or "").strip()
    owners: list[str] | None = None
    prefix: str | None = None
    exact: Account | None = None
    if text.startswith("account_"):
        try:
            named = await ledger.accounts_named(tx, ids=[id := parse_id("account", text)])
        except InvalidRequest:
            owners = []
        else:
            exact = named.get(id)
            owners = [exact.owner] if exact else []
    elif text:
        # Whoever is found by name; else owners as platforms name them in books of their own.
        owners = await owners_meant(tx, text) or None
        prefix = None if owners else text
    state = wanted.state
    return AccountFilter(
        book=exact.book if exact else wanted.book,
        code=exact.code if exact else wanted.code,
        owners=owners,
        owner_prefix=prefix,
        currency=exact.currency if exact else wanted.currency,
        group=wanted.group,
        frozen=None if state in (None, "closed") else state == "frozen",
        closed=None if state is None else state == "closed",
        non_zero=wanted.non_zero or None,
    )


async def _curve(tx: Transaction, account: Account, today: date) -> list[DayBalance]:
    """The last days up to today, from the account's first on."""
    if account.sequence == 0:
        return []
    first = max(today - timedelta(days=CURVE_DAYS - 1), min(business_date(account.opened_at), today))
    points = await ledger.balance_curve(tx, account=account.id, first=first, last=today)
    return [DayBalance(date=point.day, balance=point.balance) for point in points]
