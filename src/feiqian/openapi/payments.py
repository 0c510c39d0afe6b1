"""Payments and refunds for partners."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from feiqian.infra.database import Database
from feiqian.infra.paging import Cursor, Limit, Page
from feiqian.infra.settings import Settings
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import parse_id
from feiqian.members import Caller, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenDatabase, GivenGateway, GivenSettings
from feiqian.payments import (
    Actor,
    ChosenMethod,
    NewPayment,
    Payment,
    PaymentFilter,
    PaymentState,
    PaymentView,
    RefundView,
    find_by_order,
    find_refund,
    find_refund_by_no,
    list_payments,
    read_payments,
    require_payment,
    show_payments,
    show_refunds,
)


class NewRefund(msgspec.Struct, frozen=True):
    """A refund to be made."""

    refund_no: str
    """Your number for it: sending it again returns the first answer."""
    amount: int
    """Minor units, at most what is left of the payment."""
    reason: str = ""
    """What the buyer reads, at most 80 characters."""


class PaymentController(Controller):
    """What buyers are asked to pay."""

    path = "/v1/payments"
    tags = ("payments",)
    opt = needs(Scope.PAYMENTS)

    @post(summary="Create a payment")
    async def create(
        self,
        data: JSONBody[NewPayment],
        caller: GivenCaller,
        database: GivenDatabase,
        gateway: GivenGateway,
        settings: GivenSettings,
    ) -> PaymentView:
        """Shares go to the merchants of the lines. The same order number again returns the first answer; with other
        content it is refused. With ``methods`` and no ``method`` the buyer chooses later: the payment is
        ``requires_method`` until an attempt is made. A payment in state ``created`` has no ``next_step`` yet: ask for it
        again in a moment."""
        payment = await gateway.create(platform=caller.platform, asked=data)
        return await _one(database, settings, payment)

    @get(summary="List payments, newest first")
    async def list(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        settings: GivenSettings,
        order_no: FromQuery[str | None] = None,
        in_state: Annotated[PaymentState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[PaymentView]:
        wanted = PaymentFilter(platform=caller.platform, state=in_state.value if in_state else None)
        before = None if cursor is None else parse_id("payment", cursor)
        async with database.reading() as tx:
            if order_no is not None:
                # The number leads to at most one payment, and straight to it.
                payment = await find_by_order(tx, caller.platform, order_no)
                fits = payment is not None and in_state in (None, payment.state)
                found = [payment] if payment is not None and fits else []
                return Page(items=await show_payments(tx, found, base_url=settings.base_url))
            rows = await list_payments(tx, wanted=wanted, before=before, limit=limit + 1)
            found = await read_payments(tx, [row.id for row in rows[:limit]])
            found.sort(key=lambda payment: payment.id, reverse=True)
            views = await show_payments(tx, found, base_url=settings.base_url)
        return Page(items=views, next_cursor=views[-1].id if len(rows) > limit else None)

    @get("/{payment_id:str}", summary="Get a payment")
    async def read(
        self, payment_id: FromPath[str], caller: GivenCaller, database: GivenDatabase, settings: GivenSettings
    ) -> PaymentView:
        return await _one(database, settings, await _find(database, caller, payment_id))

    @post("/{payment_id:str}/query", summary="Ask the channel about a payment now", status_code=200)
    async def query(
        self,
        payment_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        gateway: GivenGateway,
        settings: GivenSettings,
    ) -> PaymentView:
        """For when a callback is late; open payments are also asked about by themselves."""
        payment = await _find(database, caller, payment_id)
        if payment.state not in (PaymentState.SUCCEEDED, PaymentState.CONFLICTED):
            payment = await gateway.query(payment)
        return await _one(database, settings, payment)

    @post("/{payment_id:str}/close", summary="Call an unpaid payment off", status_code=200)
    async def close(
        self,
        payment_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        gateway: GivenGateway,
        settings: GivenSettings,
    ) -> PaymentView:
        payment = await gateway.close(await _find(database, caller, payment_id), actor=Actor.PLATFORM)
        return await _one(database, settings, payment)

    @post("/{payment_id:str}/attempts", summary="Choose how to pay, or choose again", status_code=200)
    async def attempt(
        self,
        payment_id: FromPath[str],
        data: JSONBody[ChosenMethod],
        caller: GivenCaller,
        database: GivenDatabase,
        gateway: GivenGateway,
        settings: GivenSettings,
    ) -> PaymentView:
        """What was open before is closed at its channel first. The same method again, or the same method under the same
        ``key``, is the same attempt. When the buyer has just paid by the way before, this is refused with
        ``payment_ended``, and the payment is ``succeeded``."""
        payment = await _find(database, caller, payment_id)
        return await _one(database, settings, await gateway.attempt(payment, data, actor=Actor.PLATFORM))

    @post("/{payment_id:str}/refunds", summary="Refund a payment, in part or whole")
    async def refund(
        self,
        payment_id: FromPath[str],
        data: JSONBody[NewRefund],
        caller: GivenCaller,
        database: GivenDatabase,
        gateway: GivenGateway,
    ) -> RefundView:
        """The money is set aside at once; the channel is asked right after. Follow it by its id or the webhook."""
        refund = await gateway.request_refund(
            platform=caller.platform,
            payment_id=parse_id("payment", payment_id),
            refund_no=data.refund_no,
            amount=data.amount,
            reason=data.reason,
        )
        async with database.reading() as tx:
            (view,) = await show_refunds(tx, [refund])
        return view


class RefundController(Controller):
    """What buyers get back."""

    path = "/v1/refunds"
    tags = ("refunds",)
    opt = needs(Scope.PAYMENTS)

    @get(summary="Find a refund by your number")
    async def find(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        refund_no: Annotated[str, QueryParameter(max_length=64)],
    ) -> Page[RefundView]:
        async with database.reading() as tx:
            refund = await find_refund_by_no(tx, caller.platform, refund_no)
            return Page(items=await show_refunds(tx, [refund] if refund else []))

    @get("/{refund_id:str}", summary="Get a refund")
    async def read(
        self, refund_id: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> RefundView:
        async with database.reading() as tx:
            refund = await find_refund(tx, platform=caller.platform, id=parse_id("refund", refund_id))
            if refund is None:
                raise NotFound(what="refund", name=refund_id)
            (view,) = await show_refunds(tx, [refund])
        return view


async def _find(database: Database, caller: Caller, payment_id: str) -> Payment:
    id = parse_id("payment", payment_id)
    async with database.reading() as tx:
        return await require_payment(tx, id, platform=caller.platform)


async def _one(database: Database, settings: Settings, payment: Payment) -> PaymentView:
    async with database.reading() as tx:
        (view,) = await show_payments(tx, [payment], base_url=settings.base_url)
    return view
