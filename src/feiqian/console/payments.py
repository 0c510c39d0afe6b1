"""Payments: the list, and the page of one with its refunds, history and ledger entries."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath, QueryParameter

from feiqian.console.given import GivenDatabase, GivenSettings
from feiqian.console.merchants import find_merchant
from feiqian.console.transactions import TransactionView, show_transactions
from feiqian.console.wording import EVENTS
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, SummedPage
from feiqian.infra.web import language_of
from feiqian.kernel.calendar import end_of, start_of
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import PostedTransaction, transactions
from feiqian.members import read_merchants
from feiqian.payments import (
    Happened,
    Payment,
    PaymentFilter,
    PaymentRow,
    PaymentState,
    PaymentTotals,
    PaymentView,
    Refund,
    RefundView,
    duplicate_id,
    failed_id,
    history,
    list_payments,
    read_attempts,
    read_refunds,
    read_shares,
    refunded_id,
    requested_id,
    require_payment,
    show_payments,
    show_refunds,
    succeeded_id,
    total_payments,
)

Text = Annotated[str | None, QueryParameter(max_length=100)]


class PaymentRowView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in a list; minor units."""

    id: str
    order_no: str
    state: str
    amount: int
    currency: str
    refunded: int
    """Refunds that did not fail."""
    fee: int
    buyer: str | None
    merchants: int
    """How many share it."""
    created_at: datetime
    paid_at: datetime | None
    channel_transaction_no: str | None


class TimelineEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, when and why."""

    at: datetime
    event: str
    actor: str
    """platform, channel or schedule."""
    chinese: str
    english: str
    detail: str | None


class ChannelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel said, for engineers."""

    at: datetime
    kind: str
    chinese: str
    english: str
    summary: str
    """The channel's number for it; its state where it gave none."""
    body: Any


class PaymentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one payment."""

    payment: PaymentView
    merchant_names: dict[str, str]
    """Of the merchants who share it, by their numbers."""
    refunds: list[RefundView]
    timeline: list[TimelineEvent]
    transactions: list[TransactionView]
    """Of the payment, its duplicates and its refunds, in order of booking."""
    channel_events: list[ChannelEvent]


class PaymentController(Controller):
    """What buyers paid."""

    path = "/payments"

    @get()
    async def list_all(
        self,
        database: GivenDatabase,
        in_state: Annotated[PaymentState | None, QueryParameter(name="state")] = None,
        q: Text = None,
        merchant_no: Text = None,
        first: Annotated[date | None, QueryParameter(name="from")] = None,
        last: Annotated[date | None, QueryParameter(name="to")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> SummedPage[PaymentRowView, PaymentTotals]:
        """Newest first; ``from`` and ``to`` are the business dates, both included, on which they were created."""
        before = None if cursor is None else parse_id("payment", cursor)
        async with database.reading() as tx:
            wanted = PaymentFilter(
                state=in_state.value if in_state else None,
                merchant=(await find_merchant(tx, merchant_no)).id if merchant_no else None,
                first=start_of(first) if first else None,
                end=end_of(last) if last else None,
                **meant_by(q),
            )
            rows = await list_payments(tx, wanted=wanted, before=before, limit=limit + 1)
            totals = await total_payments(tx, wanted=wanted)
        items = [show_row(row) for row in rows[:limit]]
        return SummedPage(items=items, next_cursor=items[-1].id if len(rows) > limit else None, totals=totals)

    @get("/{payment_id:str}")
    async def read(
        self,
        payment_id: FromPath[str],
        request: Request[Any, Any, Any],
        database: GivenDatabase,
        settings: GivenSettings,
    ) -> PaymentPage:
        async with database.reading() as tx:
            payment = await require_payment(tx, parse_id("payment", payment_id))
            refunds = (await read_refunds(tx, [payment.id]))[payment.id]
            happened = await history(tx, payment.id)
            (view,) = await show_payments(tx, [payment], base_url=settings.base_url)
            shares = (await read_shares(tx, [payment.id]))[payment.id]
            merchants = await read_merchants(tx, [share.merchant for share in shares])
            return PaymentPage(
                payment=view,
                merchant_names={merchant.merchant_no: merchant.name for merchant in merchants},
                refunds=await show_refunds(tx, refunds),
                timeline=[_timeline(each) for each in happened],
                transactions=await show_transactions(
                    tx, await _transactions(tx, payment, refunds), language=language_of(request)
                ),
                channel_events=[_channel_event(each) for each in happened if each.body is not None],
            )


def meant_by(text: str | None) -> dict[str, Any]:
    """The filter of what somebody typed: a payment's whole id, else a text to look for."""
    text = (text or "").strip()
    if not text:
        return {}
    if text.startswith("payment_"):
        try:
            return {"id": parse_id("payment", text)}
        except InvalidRequest:
            return {"text": text}
    return {"text": text}


def show_row(row: PaymentRow) -> PaymentRowView:
    """A payment in a list."""
    return PaymentRowView(
        id=show_id("payment", row.id),
        order_no=row.order_no,
        state=row.state,
        amount=row.amount,
        currency=row.currency,
        refunded=row.refunded,
        fee=row.fee,
        buyer=row.buyer,
        merchants=row.merchants,
        created_at=row.created_at,
        paid_at=row.paid_at,
        channel_transaction_no=row.transaction_no,
    )


async def _transactions(tx: Transaction, payment: Payment, refunds: list[Refund]) -> list[PostedTransaction]:
    attempts = (await read_attempts(tx, [payment.id]))[payment.id]
    ids = [succeeded_id(payment.id), *(duplicate_id(each.out_trade_no) for each in attempts)]
    for refund in refunds:
        ids += [requested_id(refund.id), refunded_id(refund.id), failed_id(refund.id)]
    posted = await transactions(tx, ids=ids)
    return sorted(posted, key=lambda each: (each.booked_at, ids.index(each.id)))


def _timeline(happened: Happened) -> TimelineEvent:
    wording = EVENTS[happened.event]
    return TimelineEvent(
        at=happened.at,
        event=happened.event.value,
        actor=happened.actor.value,
        chinese=wording.chinese,
        english=wording.english,
        detail=happened.detail,
    )


def _channel_event(happened: Happened) -> ChannelEvent:
    body = happened.body if isinstance(happened.body, dict) else {}
    said = body.get("transaction_no") or body.get("channel_refund_no") or body.get("state")
    wording = EVENTS[happened.event]
    return ChannelEvent(
        at=happened.at,
        kind=happened.event.value,
        chinese=wording.chinese,
        english=wording.english,
        summary=str(said or ""),
        body=happened.body,
    )
