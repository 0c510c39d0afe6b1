"""Ledger transactions as people read them: accounts by what they are for and whose they are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath

from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.ledger.naming import AccountName, Naming, name_accounts
from feiqian.console.ledger.rows import HoldRow, hold_rows
from feiqian.infra.database import Transaction
from feiqian.infra.web import language_of
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import (
    Account,
    Action,
    PostedTransaction,
    TransactionFilter,
    accounts_named,
    find_transactions,
    hold_history,
    transactions,
)

REVERSALS_MAX = 200
"""How many reversals of one transaction are shown and summed."""


class LegView(msgspec.Struct, frozen=True, kw_only=True):
    """One movement; ``amount`` in minor units."""

    debit: AccountName
    credit: AccountName
    amount: int
    currency: str


class TransactionView(msgspec.Struct, frozen=True, kw_only=True):
    """A posted transaction with its legs."""

    id: str
    kind: str
    business_date: date
    booked_at: datetime
    reference: str
    memo: str
    legs: list[LegView]


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """Of one currency; minor units."""

    currency: str
    amount: int


class RelatedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """What a transaction takes back, or what took it back."""

    id: str
    relation: Literal["original", "reversal"]
    kind: str
    booked_at: datetime
    amounts: list[Sum]


class TransactionPage(TransactionView, frozen=True, kw_only=True):
    """A transaction with everything around it."""

    action: str
    effective_at: datetime
    hold: HoldRow | None
    """What it opened, or what it captured or let go."""
    related: list[RelatedTransaction]
    reversed: Literal["none", "part", "whole"]
    """How much of it was taken back."""
    metadata: dict[str, Any] | None


class TransactionController(Controller):
    """What the ledger has posted."""

    path = "/transactions"

    @get("/{transaction_id:str}")
    async def read(
        self,
        transaction_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        clock: GivenClock,
    ) -> TransactionPage:
        async with database.reading() as tx:
            found = await transactions(tx, ids=[parse_id("transaction", transaction_id)])
            if not found:
                raise NotFound(what="transaction", name=transaction_id)
            return await _page(tx, found[0], now=clock.now(), language=language_of(request))


async def _page(
    tx: Transaction, posted: PostedTransaction, *, now: datetime, language: str
) -> TransactionPage:
    originals = await transactions(tx, ids=[posted.reverses]) if posted.reverses else []
    reversals = await find_transactions(tx, only=TransactionFilter(reverses=posted.id), limit=REVERSALS_MAX)
    accounts = await accounts_named(tx, ids=_accounts_of([posted, *originals, *reversals]))
    naming = await name_accounts(tx, accounts.values(), language=language)
    hold_id = posted.id if posted.action is Action.HOLD else posted.hold
    holds = [(await hold_history(tx, id=hold_id)).hold] if hold_id else []
    rows = await hold_rows(tx, holds, now=now, language=language)
    moved = _sums(posted, accounts)
    taken_back = sum((_sums(each, accounts) for each in reversals), Counter[str]())
    view = _view(posted, accounts, naming)
    return TransactionPage(
        **{name: getattr(view, name) for name in view.__struct_fields__},
        action=posted.action.name.lower(),
        effective_at=posted.effective_at,
        hold=rows[0] if rows else None,
        related=[
            *(_related(each, "original", accounts) for each in originals),
            *(_related(each, "reversal", accounts) for each in reversed(reversals)),
        ],
        reversed="none" if not taken_back else "whole" if taken_back >= moved else "part",
        metadata=posted.metadata,
    )


async def show_transactions(
    tx: Transaction, posted: Sequence[PostedTransaction], *, language: str
) -> list[TransactionView]:
    """Posted transactions with their accounts named, in the order given."""
    accounts = await accounts_named(tx, ids=_accounts_of(posted))
    naming = await name_accounts(tx, accounts.values(), language=language)
    return [_view(each, accounts, naming) for each in posted]


def _accounts_of(posted: Iterable[PostedTransaction]) -> list[UUID]:
    return list({account for each in posted for account in (*each.debits, *each.credits)})


def _sums(posted: PostedTransaction, accounts: Mapping[UUID, Account]) -> Counter[str]:
    """What it moves, by currency."""
    sums: Counter[str] = Counter()
    for debit, amount in zip(posted.debits, posted.amounts, strict=True):
        sums[accounts[debit].currency] += amount
    return sums


def _related(
    posted: PostedTransaction,
    relation: Literal["original", "reversal"],
    accounts: Mapping[UUID, Account],
) -> RelatedTransaction:
    return RelatedTransaction(
        id=show_id("transaction", posted.id),
        relation=relation,
        kind=posted.kind,
        booked_at=posted.booked_at,
        amounts=[
            Sum(currency=currency, amount=amount)
            for currency, amount in sorted(_sums(posted, accounts).items())
        ],
    )


def _view(posted: PostedTransaction, accounts: Mapping[UUID, Account], naming: Naming) -> TransactionView:
    legs = zip(posted.debits, posted.credits, posted.amounts, strict=True)
    return TransactionView(
        id=show_id("transaction", posted.id),
        kind=posted.kind,
        business_date=posted.business_date,
        booked_at=posted.booked_at,
        reference=posted.reference,
        memo=posted.memo,
        legs=[
            LegView(
                debit=naming.name(accounts[debit]),
                credit=naming.name(accounts[credit]),
                amount=amount,
                currency=accounts[debit].currency,
            )
            for debit, credit, amount in legs
        ],
    )
