"""Accounts: what they are, what they have now, what was changed about them."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger.accounts.model import AccountChange, AccountGroup
from feiqian.ledger.accounts.store import CHANGE
from feiqian.ledger.model import Account, AccountRef
from feiqian.ledger.queries.conditions import and_given
from feiqian.ledger.store import ACCOUNT, read_accounts

AccountKey = tuple[str, str, str, str]
"""(book, code, owner, currency): the order of lists of accounts, and their cursor."""


class AccountFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts are asked for; what is None does not matter."""

    book: str | None = None
    code: str | None = None
    owner: str | None = None
    owners: Sequence[str] | None = None
    """One of them."""
    owner_prefix: str | None = None
    """How the owner begins."""
    currency: str | None = None
    group: str | None = None
    frozen: bool | None = None
    """Whether debits, credits or both are refused."""
    closed: bool | None = None
    non_zero: bool | None = None
    """Whether it has a balance or open holds."""


class AccountTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What many accounts of one currency have together; minor units."""

    currency: str
    accounts: int
    debit_balance: int
    """Of those whose debits are more than their credits."""
    credit_balance: int
    held: int
    """What open holds may still take out of them."""


async def balances(tx: Transaction, *, refs: Sequence[AccountRef]) -> dict[AccountRef, int]:
    """Current balances in each account's own direction; accounts never used are zero."""
    rows = await tx.all(
        Account, ACCOUNT + " WHERE cell = %s AND id = ANY(%s)", (tx.cell, [ref.id for ref in refs])
    )
    found = {row.ref: row.balance for row in rows}
    return {ref: found.get(ref, 0) for ref in refs}


async def accounts_named(tx: Transaction, *, ids: Sequence[UUID]) -> dict[UUID, Account]:
    """Accounts by id: who they belong to."""
    return {row.id: row for row in await read_accounts(tx, ids)}


async def account_by_id(tx: Transaction, *, id: UUID) -> Account:
    """One account.

    Raises: NotFound.
    """
    rows = await read_accounts(tx, [id])
    if not rows:
        raise NotFound(what="account", name=show_id("account", id))
    return rows[0]


def account_key(account: Account) -> AccountKey:
    """Where an account stands in lists: the cursor of the page after it."""
    return account.book, account.code, account.owner, account.currency


async def find_accounts(
    tx: Transaction, *, only: AccountFilter | None = None, after: AccountKey | None = None, limit: int = 50
) -> list[Account]:
    """Accounts in order of book, code, owner and currency, those behind ``after``.

    A page is read from the index of books, or of codes where only the code is named.
    """
    conditions, values = _conditions(only or AccountFilter())
    rows: list[Account] = []
    for behind, key in _behind(after):
        rows += await tx.all(
            Account,
            ACCOUNT
            + " WHERE cell = %s"
            + conditions
            + behind
            + " ORDER BY book, code, owner, currency LIMIT %s",
            (tx.cell, *values, *key, limit - len(rows)),
        )
        if len(rows) == limit:
            break
    return rows


def _behind(after: AccountKey | None) -> list[tuple[LiteralString, tuple[str, ...]]]:
    """What follows a key, part by part in order: the planner judges a comparison of whole rows by its first column,
    and would rather sort all accounts of a large book."""
    if after is None:
        return [("", ())]
    book, code, owner, currency = after
    return [
        (" AND book = %s AND code = %s AND (owner, currency) > (%s, %s)", (book, code, owner, currency)),
        (" AND book = %s AND code > %s", (book, code)),
        (" AND book > %s", (book,)),
    ]


async def account_totals(tx: Transaction, *, only: AccountFilter | None = None) -> list[AccountTotal]:
    """What all accounts that are asked for have together, by currency."""
    conditions, values = _conditions(only or AccountFilter())
    return await tx.all(
        AccountTotal,
        "SELECT currency, count(*) AS accounts, sum(greatest(debits - credits, 0))::bigint AS debit_balance,"
        " sum(greatest(credits - debits, 0))::bigint AS credit_balance,"
        " sum(CASE WHEN sign > 0 THEN held_credits ELSE held_debits END)::bigint AS held"
        " FROM ledger.account WHERE cell = %s" + conditions + " GROUP BY currency ORDER BY currency",
        (tx.cell, *values),
    )


def _conditions(only: AccountFilter) -> tuple[LiteralString, list[Any]]:
    return and_given(
        [
            ("book = %s", only.book),
            ("code = %s", only.code),
            ("owner = %s", only.owner),
            ("owner = ANY(%s)", None if only.owners is None else list(only.owners)),
            ("starts_with(owner, %s)", only.owner_prefix),
            ("currency = %s", only.currency),
            (_IN_GROUP, only.group),
            ("(frozen <> 0) = %s", only.frozen),
            ("(closed_at IS NOT NULL) = %s", only.closed),
            ("(debits <> credits OR held_debits > 0 OR held_credits > 0) = %s", only.non_zero),
        ]
    )


_IN_GROUP: LiteralString = (
    "id IN (SELECT g.account FROM ledger.account_group g WHERE g.cell = account.cell AND g.name = %s)"
)


async def account_changes(
    tx: Transaction, *, account: UUID, before: UUID | None = None, limit: int = 50
) -> list[AccountChange]:
    """What was changed about an account, newest first, those with an id below ``before``."""
    return await tx.all(
        AccountChange,
        CHANGE + " WHERE cell = %s AND account = %s AND id < %s ORDER BY id DESC LIMIT %s",
        (tx.cell, account, before or _LAST, limit),
    )


_LAST = UUID(int=2**128 - 1)


async def books(tx: Transaction) -> list[str]:
    """Every book with an account, by name: from one to the next through the index, not over all accounts."""
    return await tx.all(
        str,
        "WITH RECURSIVE book (name) AS ("
        "  (SELECT book FROM ledger.account WHERE cell = %(cell)s ORDER BY book LIMIT 1)"
        "  UNION ALL"
        "  SELECT n.name FROM book b CROSS JOIN LATERAL ("
        "    SELECT a.book AS name FROM ledger.account a WHERE a.cell = %(cell)s AND a.book > b.name"
        "    ORDER BY a.book LIMIT 1) n)"
        " SELECT name FROM book ORDER BY name",
        {"cell": tx.cell},
    )


async def groups(tx: Transaction) -> list[AccountGroup]:
    """Every group with how many accounts it has, by name."""
    return await tx.all(
        AccountGroup,
        "SELECT name, count(*) AS accounts FROM ledger.account_group WHERE cell = %s GROUP BY name ORDER BY name",
        (tx.cell,),
    )


async def groups_of(tx: Transaction, *, account: UUID) -> list[str]:
    """The groups that an account is in, by name."""
    return await tx.all(
        str,
        "SELECT name FROM ledger.account_group WHERE cell = %s AND account = %s ORDER BY name",
        (tx.cell, account),
    )
