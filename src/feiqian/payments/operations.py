"""What can be done to a payment, each in the one transaction it is given."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from feiqian.channels import ChannelPayment, Prepaid, ShowCode
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import new_id, show_id
from feiqian.ledger import post_all
from feiqian.members import require_merchants
from feiqian.payments import postings, rules, store
from feiqian.payments.events import PaymentClosed, PaymentConflicted, PaymentsSucceeded
from feiqian.payments.model import (
    Actor,
    Happened,
    NewPayment,
    NotClosable,
    NoticeUnmatched,
    Payment,
    PaymentEvent,
    PaymentState,
)


async def create_payment(
    tx: Transaction,
    *,
    now: datetime,
    platform: UUID,
    channel: str,
    notify_url: str,
    fee_rate: Decimal,
    asked: NewPayment,
) -> Payment:
    """Record what a buyer is to pay. The same order again returns the first.

    ``notify_url`` is kept with it: the channel takes an order again only with the content that it has, also after
    our address has changed.

    Raises: what rules.check_new raises, MerchantUnknown, ShareNegative, ReplayAltered.
    """
    rules.check_new(asked)
    merchants = await require_merchants(
        tx, platform=platform, merchant_nos=list(dict.fromkeys(line.merchant_no for line in asked.lines))
    )
    fee = rules.fee_of(asked.amount, fee_rate)
    shares = rules.shares_of(asked, fee, {no: merchant.id for no, merchant in merchants.items()})
    id = new_id(now)
    payment = Payment(
        id=id,
        platform=platform,
        order_no=asked.order_no,
        out_trade_no=show_id("P", id).replace("_", ""),
        channel=channel,
        method=f"{channel}_native",
        amount=asked.amount,
        currency=asked.currency,
        description=asked.description,
        notify_url=notify_url,
        buyer=asked.buyer,
        fee=fee,
        fee_rate=fee_rate,
        metadata=asked.metadata,
        state=PaymentState.CREATED,
        code_url=None,
        created_at=now,
        expires_at=datetime.fromtimestamp(int(now.timestamp()) + asked.expires_in_s, tz=now.tzinfo),
        paid_at=None,
        transaction_no=None,
        checks=0,
    )
    created = happened(payment.id, now, PaymentEvent.CREATED, Actor.PLATFORM)
    if await store.insert_payment(tx, payment, shares, created, next_check_at=rules.next_check(now, 0)):
        return payment
    had = await store.find_by_order(tx, platform, asked.order_no)
    assert had is not None, "nothing but the order's number can have been taken"
    rules.refuse_altered(asked, had, shares, (await store.read_shares(tx, [had.id]))[had.id])
    return had


async def record_prepaid(tx: Transaction, *, now: datetime, payment: Payment, prepaid: Prepaid) -> Payment:
    """The channel took the order: the buyer may pay."""
    assert isinstance(prepaid.next_step, ShowCode)
    code_url = prepaid.next_step.code_url
    issued = happened(payment.id, now, PaymentEvent.CODE_ISSUED, Actor.SCHEDULE)
    moved = await store.set_awaiting(tx, issued, code_url=code_url)
    if not moved:
        return await require_payment(tx, payment.id)
    return msgspec.structs.replace(payment, state=PaymentState.AWAITING_PAYMENT, code_url=code_url)


async def record_refused(tx: Transaction, *, now: datetime, payment: Payment, reason: str) -> Payment:
    """The channel did not take the order, for certain."""
    locked = await _lock(tx, payment.id)
    if locked.state is not PaymentState.CREATED:
        return locked
    await store.set_state(tx, payment.id, PaymentState.FAILED)
    await store.record(
        tx, [happened(payment.id, now, PaymentEvent.CHANNEL_REFUSED, Actor.CHANNEL, detail=reason)]
    )
    failed = msgspec.structs.replace(locked, state=PaymentState.FAILED)
    await tx.publish(PaymentClosed(failed, now))
    return failed


async def record_unanswered(tx: Transaction, *, now: datetime, payment: Payment, reason: str) -> Payment:
    """The channel may or may not have acted: it will be asked when the payment is due."""
    await store.set_checked(tx, payment.id, payment.checks + 1, rules.next_check(now, payment.checks))
    if payment.checks == 0:
        await store.record(
            tx, [happened(payment.id, now, PaymentEvent.CHANNEL_UNANSWERED, Actor.SCHEDULE, detail=reason)]
        )
    return payment


async def record_not_paid(tx: Transaction, *, now: datetime, payment: Payment) -> None:
    """The channel says that nobody has paid yet: ask again later, but not long after the order expires."""
    due = rules.next_check(now, payment.checks + 1)
    if payment.expires_at > now:
        due = min(due, payment.expires_at)
    await store.set_checked(tx, payment.id, payment.checks + 1, due)


async def record_closed(tx: Transaction, *, now: datetime, payment: Payment, actor: Actor) -> Payment:
    """The channel will not take money for this order any more.

    Raises: NotClosable when it was paid in the meantime.
    """
    locked = await _lock(tx, payment.id)
    if locked.state in (PaymentState.CLOSED, PaymentState.FAILED):
        return locked
    refuse_unclosable(locked)
    await store.set_state(tx, payment.id, PaymentState.CLOSED)
    await store.record(tx, [happened(payment.id, now, PaymentEvent.CLOSED, actor)])
    closed = msgspec.structs.replace(locked, state=PaymentState.CLOSED)
    await tx.publish(PaymentClosed(closed, now))
    return closed


def refuse_unclosable(payment: Payment) -> None:
    """Raises: NotClosable unless nobody has paid."""
    if payment.state in (PaymentState.SUCCEEDED, PaymentState.CONFLICTED):
        raise NotClosable(state=payment.state.value)


class Paid(msgspec.Struct, frozen=True):
    """A channel's word that an order was paid, and how we heard it."""

    order: ChannelPayment
    actor: Actor
    mchid: str
    """The merchant number that our orders are placed under."""
    appid: str
    """The application that our orders are placed in."""


async def confirm(tx: Transaction, *, now: datetime, paid: Sequence[Paid]) -> list[Payment | NoticeUnmatched]:
    """Post payments that a channel reports, state and ledger together. Many at once are one batch.

    Returns for each, in order, the payment as it stands afterwards, or a refusal when we have no such order. What
    was posted before is not posted again; what differs from the order is marked conflicted and not posted.
    """
    rows = await store.lock_payments_by_no(tx, [each.order.out_trade_no for each in paid])
    payments = {row.out_trade_no: row for row in rows}
    news: list[Happened] = []
    fresh: dict[UUID, Paid] = {}
    for each in paid:
        payment = payments.get(each.order.out_trade_no)
        if payment is None:
            continue
        payment, event = _judge(payment, each)
        payments[payment.out_trade_no] = payment
        if event is None:
            continue
        news.append(
            happened(
                payment.id,
                now,
                event,
                each.actor,
                detail=_difference(payment, each),
                body=msgspec.to_builtins(each.order),
            )
        )
        if event is PaymentEvent.PAID:
            fresh[payment.id] = each
        elif event is PaymentEvent.CONFLICTED:
            await store.set_conflicted(tx, payment.id, now)
            await tx.publish(PaymentConflicted(payment, now))
    await _post(tx, now, [payments[each.order.out_trade_no] for each in fresh.values()])
    await store.record(tx, news)
    return [
        payments.get(each.order.out_trade_no) or NoticeUnmatched(number=each.order.out_trade_no)
        for each in paid
    ]


async def _post(tx: Transaction, now: datetime, payments: Sequence[Payment]) -> None:
    if not payments:
        return
    shares = await store.read_shares(tx, [payment.id for payment in payments])
    transactions = []
    for payment in payments:
        assert payment.paid_at is not None
        transactions.append(
            postings.payment_succeeded(payment, shares[payment.id], paid_at=payment.paid_at, now=now)
        )
    await post_all(tx, now=now, transactions=transactions)
    await store.set_succeeded(
        tx, [(payment.id, payment.paid_at or now, payment.transaction_no or "") for payment in payments]
    )
    await tx.publish(PaymentsSucceeded(tuple(payments), now))


def _judge(payment: Payment, paid: Paid) -> tuple[Payment, PaymentEvent | None]:
    """What a channel's word does to a payment; None when it says nothing new."""
    order = paid.order
    if payment.state in (PaymentState.SUCCEEDED, PaymentState.CONFLICTED):
        repeated = payment.state is PaymentState.CONFLICTED or payment.transaction_no == order.transaction_no
        return payment, None if repeated else PaymentEvent.PAID_TWICE
    if _difference(payment, paid) is not None or order.paid_at is None or order.transaction_no is None:
        return msgspec.structs.replace(payment, state=PaymentState.CONFLICTED), PaymentEvent.CONFLICTED
    assert payment.state in rules.MAY_SUCCEED
    succeeded = msgspec.structs.replace(
        payment, state=PaymentState.SUCCEEDED, paid_at=order.paid_at, transaction_no=order.transaction_no
    )
    return succeeded, PaymentEvent.PAID


def _difference(payment: Payment, paid: Paid) -> str | None:
    """The first thing in which what was paid is not what was asked for."""
    order = paid.order
    compared = (
        ("amount", payment.amount, order.amount),
        ("currency", payment.currency, order.currency),
        ("mchid", paid.mchid, order.mchid),
        ("appid", paid.appid, order.appid),
    )
    for field, asked, said in compared:
        if asked != said:
            return f"{field}: asked {asked}, paid {said}"
    return None


def happened(
    payment: UUID,
    now: datetime,
    event: PaymentEvent,
    actor: Actor,
    *,
    detail: str | None = None,
    body: Any = None,
) -> Happened:
    """A line of a payment's history."""
    return Happened(
        payment=payment, id=new_id(now), at=now, event=event, actor=actor, detail=detail, body=body
    )


async def require_payment(tx: Transaction, id: UUID, *, platform: UUID | None = None) -> Payment:
    """A payment, of that platform when one is given.

    Raises: NotFound.
    """
    payment = await store.read_payment(tx, id)
    if payment is None or (platform is not None and payment.platform != platform):
        raise NotFound(what="payment", name=show_id("payment", id))
    return payment


async def _lock(tx: Transaction, id: UUID) -> Payment:
    payment = await store.lock_payment(tx, id)
    if payment is None:
        raise NotFound(what="payment", name=show_id("payment", id))
    return payment
