"""Find anything: one text, every kind of number, a name or an amount."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from feiqian import finance, lending
from feiqian.console.given import GivenDatabase, GivenSettings
from feiqian.console.ledger.naming import name_accounts
from feiqian.console.payments import meant_by
from feiqian.finance import VoucherKey
from feiqian.infra.database import Transaction
from feiqian.infra.web import language_of
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id, show_id
from feiqian.kernel.money import AMOUNT_MAX, parse_major
from feiqian.ledger import (
    Account,
    Action,
    PostedTransaction,
    TransactionFilter,
    accounts_named,
    find_transactions,
    transactions,
)
from feiqian.members import search_merchants
from feiqian.payments import PaymentFilter, list_payments, search_refunds

HITS_OF_A_KIND = 5
LOANS_LOOKED_THROUGH = 200
"""Of the newest loans; older ones are found through their merchant."""
AMOUNT = re.compile(r"[¥￥]?\s*(\d{1,3}(?:,\d{3})+|\d{1,14})(\.\d{1,2})?")
TYPED_ID = re.compile(r"[a-z_]+_[0-9a-z]{26}")
VOUCHER_NUMBER = re.compile(r"记-(\d{4})-(\d{2})-(\d+)")


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found."""

    kind: str
    """payment, refund, merchant, loan, voucher, account, transaction, hold or funder."""
    id: str
    title: str
    subtitle: str | None
    amount: int | None
    link: str
    """Below /console."""
    currency: str | None = None
    """Of the amount; None: of the house's books."""


class Hits(msgspec.Struct, frozen=True):
    """At most a few of each kind."""

    items: list[Hit]


@get("/search")
async def search(
    request: Request[Any, Any, Any],
    database: GivenDatabase,
    settings: GivenSettings,
    q: Annotated[str, QueryParameter(max_length=100)] = "",
) -> Hits:
    """By order, refund, merchant, loan and voucher number, the channel's numbers, ids, buyer, name, amount (1234.56),
    a ledger transaction's reference."""
    text = q.strip()
    if not text:
        return Hits([])
    async with database.reading() as tx:
        return Hits(
            [
                *await _payments(tx, text, settings.currency),
                *await _refunds(tx, text),
                *await _merchants(tx, text),
                *await _loans(tx, text),
                *await _vouchers(tx, text, chinese=language_of(request) == "zh"),
                *await _accounts(tx, text, language=language_of(request)),
                *await _transactions(tx, text),
                *await _funders(tx, text),
            ]
        )


def amount_meant(text: str, currency: str) -> int | None:
    """``1,234.50`` as minor units; None when the text is no amount."""
    found = AMOUNT.fullmatch(text)
    if found is None:
        return None
    amount = parse_major(found[1].replace(",", "") + (found[2] or ""), currency)
    return amount if 0 < amount <= AMOUNT_MAX else None


async def _payments(tx: Transaction, text: str, currency: str) -> list[Hit]:
    wanted = [PaymentFilter(**meant_by(text))]
    amount = amount_meant(text, currency)
    if amount is not None:
        wanted.append(PaymentFilter(amount=amount))
    rows = {
        row.id: row
        for each in wanted
        for row in await list_payments(tx, wanted=each, before=None, limit=HITS_OF_A_KIND)
    }
    return [
        Hit(
            kind="payment",
            id=(id := show_id("payment", row.id)),
            title=row.order_no,
            subtitle=row.transaction_no or row.buyer,
            amount=row.amount,
            link=f"/payments/{id}",
        )
        for row in rows.values()
    ]


async def _refunds(tx: Transaction, text: str) -> list[Hit]:
    return [
        Hit(
            kind="refund",
            id=refund.shown_id,
            title=refund.refund_no,
            subtitle=refund.channel_refund_no or refund.reason or None,
            amount=refund.amount,
            link=f"/payments/{show_id('payment', refund.payment)}",
        )
        for refund in await search_refunds(tx, text=text, limit=HITS_OF_A_KIND)
    ]


async def _merchants(tx: Transaction, text: str) -> list[Hit]:
    return [
        Hit(
            kind="merchant",
            id=show_id("merchant", merchant.id),
            title=merchant.name,
            subtitle=merchant.merchant_no,
            amount=None,
            link=f"/merchants/{merchant.merchant_no}",
        )
        for merchant in await search_merchants(tx, text=text, limit=HITS_OF_A_KIND)
    ]


async def _loans(tx: Transaction, text: str) -> list[Hit]:
    id, lowered = _id("loan", text), text.lower()
    newest = await lending.loans(tx, limit=LOANS_LOOKED_THROUGH)
    found = [loan for loan in newest if loan.id == id or lowered in loan.loan_no.lower()][:HITS_OF_A_KIND]
    return [
        Hit(
            kind="loan",
            id=(shown := show_id("loan", loan.id)),
            title=loan.loan_no,
            subtitle=loan.merchant_name,
            amount=loan.principal,
            link=f"/loans/{shown}",
        )
        for loan in found
    ]


async def _vouchers(tx: Transaction, text: str, *, chinese: bool) -> list[Hit]:
    found = VOUCHER_NUMBER.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or int(found[1]) < 1:
        return []
    month, sequence = date(int(found[1]), int(found[2]), 1), int(found[3])
    above = VoucherKey(month=month, sequence=sequence + 1, book="")
    return [
        Hit(
            kind="voucher",
            id=voucher.shown_id,
            title=voucher.number,
            subtitle=voucher.summary_chinese if chinese else voucher.summary_english,
            amount=voucher.total,
            link=f"/vouchers/{voucher.shown_id}",
        )
        for voucher in await finance.vouchers(tx, month=month, after=above, limit=HITS_OF_A_KIND)
        if voucher.sequence == sequence
    ]


async def _accounts(tx: Transaction, text: str, *, language: str) -> list[Hit]:
    id = _id("account", text)
    if id is None:
        return []
    accounts = (await accounts_named(tx, ids=[id])).values()
    naming = await name_accounts(tx, accounts, language=language)
    hits: list[Hit] = []
    for account in accounts:
        name = naming.name(account)
        hits.append(
            Hit(
                kind="account",
                id=text,
                title=name.chinese if language == "zh" else name.english,
                subtitle=name.owner_name,
                amount=account.balance,
                currency=account.currency,
                link=f"/ledger/accounts/{text}",
            )
        )
    return hits


async def _transactions(tx: Transaction, text: str) -> list[Hit]:
    """By id, or by the outside's own reference; what is about one of our objects is on that object's page."""
    id = _id("transaction", text)
    if id is not None:
        found = await transactions(tx, ids=[id])
    elif TYPED_ID.fullmatch(text):
        return []
    else:
        found = await find_transactions(tx, only=TransactionFilter(reference=text), limit=HITS_OF_A_KIND)
    accounts = await accounts_named(tx, ids=[debit for each in found for debit in each.debits])
    return [_transaction(each, accounts) for each in found]


def _transaction(posted: PostedTransaction, accounts: Mapping[UUID, Account]) -> Hit:
    shown = show_id("transaction", posted.id)
    held = posted.action is Action.HOLD
    currencies = {accounts[debit].currency for debit in posted.debits}
    return Hit(
        kind="hold" if held else "transaction",
        id=shown,
        title=shown,
        subtitle=posted.memo or posted.reference or None,
        # Amounts of several currencies have no sum.
        amount=sum(posted.amounts) if len(currencies) == 1 else None,
        currency=min(currencies),
        link=f"/ledger/holds/{shown}" if held else f"/transactions/{shown}",
    )


async def _funders(tx: Transaction, text: str) -> list[Hit]:
    lowered = text.lower()
    return [
        Hit(
            kind="funder",
            id=funder.funder_no,
            title=funder.name,
            subtitle=funder.funder_no,
            amount=None,
            link="/funders",
        )
        for funder in await lending.funders(tx)
        if lowered in funder.name.lower() or lowered in funder.funder_no.lower()
    ][:HITS_OF_A_KIND]


def _id(prefix: str, text: str) -> UUID | None:
    """The id that a text is the outside form of."""
    if not text.startswith(f"{prefix}_"):
        return None
    try:
        return parse_id(prefix, text)
    except InvalidRequest:
        return None
