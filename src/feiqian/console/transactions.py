"""Ledger transactions as people read them: accounts by what they are for and whose they are."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath

from feiqian.console.given import GivenDatabase
from feiqian.console.wording import CHANNELS
from feiqian.infra.database import Transaction
from feiqian.infra.web import language_of
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import (
    CHART,
    Account,
    AccountCode,
    PostedTransaction,
    accounts_named,
    transactions,
)
from feiqian.lending import funders, loan_of_id
from feiqian.members import read_merchants

MERCHANT_CODES = {AccountCode.MERCHANT_PENDING, AccountCode.MERCHANT_AVAILABLE}
LOAN_CODES = {AccountCode.LOAN_PRINCIPAL, AccountCode.LOAN_INTEREST, AccountCode.LOAN_PENALTY}
CHANNEL_CODES = {AccountCode.CHANNEL_RECEIVABLE, AccountCode.REFUND_IN_TRANSIT, AccountCode.CHANNEL_COST}
FUNDER_CODES = {
    AccountCode.FUNDER_AVAILABLE,
    AccountCode.FUNDER_CASH,
    AccountCode.FUNDER_CAPITAL,
    AccountCode.INTEREST_INCOME,
    AccountCode.PENALTY_INCOME,
}


class AccountName(msgspec.Struct, frozen=True, kw_only=True):
    """An account: whose books, what for, whose."""

    id: str
    book: str
    code: str
    owner: str
    owner_name: str | None
    """The name of the merchant, channel or funder, the number of the loan; None for the platform and the bank."""
    chinese: str
    english: str


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


class TransactionController(Controller):
    """What the ledger has posted."""

    path = "/transactions"

    @get("/{transaction_id:str}")
    async def read(
        self, transaction_id: FromPath[str], request: Request[Any, Any, Any], database: GivenDatabase
    ) -> TransactionView:
        async with database.reading() as tx:
            posted = await transactions(tx, ids=[parse_id("transaction", transaction_id)])
            if not posted:
                raise NotFound(what="transaction", name=transaction_id)
            return (await show_transactions(tx, posted, language=language_of(request)))[0]


async def show_transactions(
    tx: Transaction, posted: Sequence[PostedTransaction], *, language: str
) -> list[TransactionView]:
    """Posted transactions with their accounts named, in the order given."""
    ids = {account for each in posted for account in (*each.debits, *each.credits)}
    accounts = await accounts_named(tx, ids=list(ids))
    owners = await _owner_names(tx, accounts.values(), language)
    names = {id: _name(account, owners) for id, account in accounts.items()}
    return [_view(each, accounts, names) for each in posted]


async def _owner_names(tx: Transaction, accounts: Iterable[Account], language: str) -> dict[str, str]:
    """Names by owner. Owners of different kinds never share a form: ids of merchants and loans, names, numbers."""
    by_code: dict[str, set[str]] = {}
    for account in accounts:
        by_code.setdefault(account.code, set()).add(account.owner)

    def owners(codes: set[AccountCode]) -> set[str]:
        return {owner for code in codes for owner in by_code.get(code, ())}

    names: dict[str, str] = {}
    for channel in owners(CHANNEL_CODES) & CHANNELS.keys():
        names[channel] = CHANNELS[channel].chinese if language == "zh" else CHANNELS[channel].english
    for merchant in await read_merchants(tx, [UUID(owner) for owner in owners(MERCHANT_CODES)]):
        names[str(merchant.id)] = merchant.name
    for loan in owners(LOAN_CODES):
        names[loan] = (await loan_of_id(tx, id=UUID(loan))).loan_no
    if funder_nos := owners(FUNDER_CODES):
        names |= {row.funder_no: row.name for row in await funders(tx) if row.funder_no in funder_nos}
    return names


def _name(account: Account, owners: dict[str, str]) -> AccountName:
    # A platform's own subjects are not in the chart; their code is their name here.
    subject = CHART.get(account.code)
    return AccountName(
        id=show_id("account", account.id),
        book=account.book,
        code=account.code,
        owner=account.owner,
        owner_name=owners.get(account.owner),
        chinese=subject.chinese if subject else account.code,
        english=subject.english if subject else account.code,
    )


def _view(
    posted: PostedTransaction, accounts: dict[UUID, Account], names: dict[UUID, AccountName]
) -> TransactionView:
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
                debit=names[debit], credit=names[credit], amount=amount, currency=accounts[debit].currency
            )
            for debit, credit, amount in legs
        ],
    )
