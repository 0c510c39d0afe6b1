"""Accounts, requests and tables for the ledger's tests: one row a transaction, what it is, what became of it, what each
account then shows."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Action,
    Frozen,
    Leg,
    NewTransaction,
    Result,
    expire_holds,
    post,
    verify,
)
from tests.conftest import NOW


def account(code: str, owner: str, currency: str = "CNY", book: str = PLATFORM_BOOK) -> AccountRef:
    return AccountRef(book, code, owner, currency)


TILL = account(AccountCode.CHANNEL_RECEIVABLE, "till")
"""Grows by debits, without limit: where money comes in."""
PURSE = account(AccountCode.MERCHANT_AVAILABLE, "purse")
"""Grows by credits, never below zero."""
SHOP = account(AccountCode.MERCHANT_AVAILABLE, "shop")
"""Grows by credits, never below zero."""
TAB = account(AccountCode.MERCHANT_PENDING, "tab")
"""Grows by credits, without limit."""
LOAN = account(AccountCode.LOAN_PRINCIPAL, "loan")
"""Grows by debits, never below zero."""
OWN = account("own.cash", "anybody", book="own:platform:side")
"""Of a platform's own book: it does not open by itself."""

Shown = tuple[int, int, int | None]
"""(posted, held, available); available is None without limit."""
Step = Callable[[Database], Awaitable[str]]
"""Does something and says what became of it: "posted", "exists", or the code of the refusal, of each transaction."""
Row = tuple[Any, ...]
"""(step, what became of it, what each watched account shows after it)."""


def id_of(name: str) -> UUID:
    return derived_id("test", name)


def request(name: str, *legs: tuple[AccountRef, AccountRef, int], **more: Any) -> NewTransaction:
    """A transaction of that name; legs are (debit, credit, amount)."""
    fields: dict[str, Any] = {
        "id": id_of(name),
        "kind": "test",
        "legs": tuple(Leg(*leg) for leg in legs),
        "business_date": business_date(NOW),
        "effective_at": NOW,
        "reference": name,
    }
    return NewTransaction(**{**fields, **more})


def hold(name: str, debit: AccountRef, credit: AccountRef, amount: int, **more: Any) -> NewTransaction:
    return request(name, (debit, credit, amount), action=Action.HOLD, **more)


def capture(name: str, of: str, amount: int | None = None, **more: Any) -> NewTransaction:
    return request(name, action=Action.CAPTURE, hold=id_of(of), amount=amount, **more)


def release(name: str, of: str, amount: int | None = None, **more: Any) -> NewTransaction:
    return request(name, action=Action.RELEASE, hold=id_of(of), amount=amount, **more)


def reversal(name: str, of: str, *legs: tuple[AccountRef, AccountRef, int], **more: Any) -> NewTransaction:
    return request(name, *legs, reverses=id_of(of), **more)


async def ask(database: Database, *transactions: NewTransaction, now: datetime = NOW) -> list[Result]:
    """Post a batch in a transaction of its own."""
    return await database.run(lambda tx: post(tx, now=now, transactions=transactions))


def said(results: Sequence[Result]) -> list[str]:
    """What became of each: its outcome, or the code of its refusal."""
    return [result.refusal.code if result.refusal else result.outcome.value for result in results]


def asked(*transactions: NewTransaction, now: datetime = NOW) -> Step:
    """One batch."""

    async def step(database: Database) -> str:
        before = await everything(database)
        words = said(await ask(database, *transactions, now=now))
        if "posted" not in words:
            assert await everything(database) == before, "a refusal moved something"
        return " ".join(words)

    return step


def frozen(ref: AccountRef, how: Frozen) -> Step:
    return _changed(ref, "UPDATE ledger.account SET frozen = %s WHERE cell = %s AND id = %s", int(how))


def limited(ref: AccountRef, overdraft: int | None) -> Step:
    return _changed(ref, "UPDATE ledger.account SET overdraft = %s WHERE cell = %s AND id = %s", overdraft)


def closed(ref: AccountRef, at: datetime | None = NOW) -> Step:
    """Close it, or with None take the closing back."""
    return _changed(ref, "UPDATE ledger.account SET closed_at = %s WHERE cell = %s AND id = %s", at)


def expired(*, now: datetime) -> Step:
    """What the schedule does; says how many holds were let go."""

    async def step(database: Database) -> str:
        return str(await database.run(lambda tx: expire_holds(tx, now=now)))

    return step


async def assert_steps(database: Database, watching: Sequence[AccountRef], table: Sequence[Row]) -> None:
    """Take the steps in order and compare the table; then the whole ledger must be sound."""
    for number, (step, expected, *cells) in enumerate(table, 1):
        assert (number, await step(database)) == (number, expected)
        shown = [await show(database, ref) for ref in watching]
        assert (number, shown) == (number, list(cells))
    assert await findings(database) == []


async def show(database: Database, ref: AccountRef) -> Shown:
    """What an account shows; one that is not open shows zeros."""
    rows = await tuples(
        database,
        "SELECT sign, debits, credits, held_debits, held_credits, overdraft FROM ledger.account"
        " WHERE cell = %s AND id = %s",
        ref.id,
    )
    if not rows:
        return (0, 0, 0)
    ((sign, debits, credits, held_debits, held_credits, overdraft),) = rows
    balance = sign * (debits - credits)
    held = held_credits if sign > 0 else held_debits
    return (balance, held, None if overdraft is None else balance - held + overdraft)


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that a transaction can move, to see that one did not."""
    return {
        "accounts": await tuples(
            database,
            "SELECT id, debits, credits, held_debits, held_credits, sequence, booked_at FROM ledger.account"
            " WHERE cell = %s AND sequence > 0 ORDER BY id",
        ),
        "holds": await tuples(
            database, "SELECT id, captured, released, state FROM ledger.hold WHERE cell = %s ORDER BY id"
        ),
        "legs": await tuples(database, "SELECT count(*), sum(amount) FROM ledger.leg WHERE cell = %s"),
    }


async def findings(database: Database) -> list[str]:
    """The invariants that do not hold."""
    async with database.transaction() as tx:
        return [f"{finding.name}: {finding.sample}" for finding in await verify(tx) if finding.violations]


async def tuples(database: Database, sql: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
    """Rows of the database's own cell, which is the statement's first parameter."""
    async with database.transaction() as tx:
        return await tx.tuples(sql, (tx.cell, *parameters))


def _changed(ref: AccountRef, sql: LiteralString, value: object) -> Step:
    async def step(database: Database) -> str:
        count = await database.run(lambda tx: tx.execute(sql, (value, tx.cell, ref.id)))
        assert count == 1, f"{ref.name} is not open"
        return ""

    return step
