"""Merchants: register, balance, statement."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.kernel.ids import show_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    EntryView,
    balances,
    show_entry,
    statement,
)
from feiqian.lending import debts
from feiqian.members import Caller, Merchant, Scope, register_merchant, require_merchants
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase, GivenSettings


class NewMerchant(msgspec.Struct, frozen=True):
    """A merchant to be registered."""

    merchant_no: str
    """Your number for it, unique among your merchants."""
    name: str


class MerchantView(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant of yours."""

    id: str
    merchant_no: str
    name: str
    created_at: datetime


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's money; minor units of ``currency``."""

    merchant_no: str
    currency: str
    pending: int
    """Trade that becomes available at the next close; below zero when refunds exceed it."""
    available: int
    """What it may spend."""
    loan_outstanding: int
    """Principal that it owes."""


class MerchantController(Controller):
    """Your merchants and their money."""

    path = "/v1/merchants"
    tags = ("merchants",)
    opt = needs(Scope.PAYMENTS)

    @post(summary="Register a merchant")
    async def register(
        self, data: JSONBody[NewMerchant], caller: GivenCaller, database: GivenDatabase, clock: GivenClock
    ) -> MerchantView:
        """The same number with the same name again returns the first."""
        now = clock.now()
        merchant = await database.run(
            lambda tx: register_merchant(
                tx, now=now, platform=caller.platform, merchant_no=data.merchant_no, name=data.name
            )
        )
        return _view(merchant)

    @get("/{merchant_no:str}", summary="Get a merchant")
    async def read(
        self, merchant_no: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> MerchantView:
        async with database.reading() as tx:
            return _view(await merchant_of(tx, caller, merchant_no))

    @get("/{merchant_no:str}/balance", summary="Get a merchant's balances")
    async def balance(
        self,
        merchant_no: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        settings: GivenSettings,
    ) -> BalanceView:
        async with database.reading() as tx:
            merchant = await merchant_of(tx, caller, merchant_no)
            pending = _account(merchant.id, AccountCode.MERCHANT_PENDING, settings.currency)
            available = _account(merchant.id, AccountCode.MERCHANT_AVAILABLE, settings.currency)
            found = await balances(tx, refs=[pending, available])
            owed = (await debts(tx, merchants=[merchant.id]))[merchant.id]
        return BalanceView(
            merchant_no=merchant_no,
            currency=settings.currency,
            pending=found[pending],
            available=found[available],
            loan_outstanding=owed.principal,
        )

    @get("/{merchant_no:str}/statement", summary="List a merchant's entries, newest first")
    async def statement(
        self,
        merchant_no: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        settings: GivenSettings,
        account: Annotated[str, QueryParameter(pattern="^(available|pending)$")] = "available",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[EntryView]:
        code = AccountCode(f"merchant.{account}")
        async with database.reading() as tx:
            merchant = await merchant_of(tx, caller, merchant_no)
            ref = _account(merchant.id, code, settings.currency)
            lines = await statement(tx, ref=ref, before=read_cursor(cursor, int), limit=limit + 1)
        items = [show_entry(line) for line in lines[:limit]]
        return Page(items=items, next_cursor=show_cursor(items[-1].sequence) if len(lines) > limit else None)


async def merchant_of(tx: Transaction, caller: Caller, merchant_no: str) -> Merchant:
    """The caller's merchant of that number. Raises: MerchantUnknown."""
    return (await require_merchants(tx, platform=caller.platform, merchant_nos=[merchant_no]))[merchant_no]


def _account(merchant: UUID, code: AccountCode, currency: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, code, str(merchant), currency)


def _view(merchant: Merchant) -> MerchantView:
    return MerchantView(
        id=show_id("merchant", merchant.id),
        merchant_no=merchant.merchant_no,
        name=merchant.name,
        created_at=merchant.created_at,
    )
