"""Refunds: set aside, asked of the channel, settled. Each function works in the one transaction it is given."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from feiqian.channels import ChannelRefund, ChannelRefundState, PaymentMethod
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from feiqian.kernel.ids import new_id, show_id
from feiqian.kernel.money import check_amount
from feiqian.ledger import post_all
from feiqian.payments import postings, rules, store
from feiqian.payments.events import RefundRequested, RefundSettled
from feiqian.payments.model import (
    Actor,
    NoticeUnmatched,
    NotRefundable,
    Payment,
    PaymentEvent,
    PaymentState,
    Refund,
    RefundExceedsPayment,
    RefundState,
    RefundTooLate,
    TooManyRefunds,
)
from feiqian.payments.operations import happened


async def request_refund(
    tx: Transaction,
    *,
    now: datetime,
    platform: UUID,
    payment_id: UUID,
    refund_no: str,
    amount: int,
    reason: str,
    within: timedelta,
    count_max: int = rules.REFUND_COUNT_MAX,
) -> Refund:
    """Set a refund's money aside and have the channel asked. The same number again returns the first.

    ``within`` is how old a payment the channel still refunds, ``count_max`` how often.
    Raises: InvalidRequest, NotFound, ReplayAltered, NotRefundable, RefundExceedsPayment, TooManyRefunds, RefundTooLate.
    """
    check_amount(amount)
    if not 1 <= len(refund_no) <= 64 or not refund_no.isprintable():
        raise InvalidRequest(field="refund_no", reason="must be 1 to 64 printable characters")
    if len(reason) > 80 or not reason.isprintable():
        raise InvalidRequest(field="reason", reason="must be at most 80 printable characters")
    payment = await store.lock_payment(tx, payment_id)
    if payment is None or payment.platform != platform:
        raise NotFound(what="payment", name=show_id("payment", payment_id))
    had = await store.find_refund_by_no(tx, platform, refund_no)
    if had is not None:
        _refuse_altered(had, payment_id, amount, reason)
        return had
    refunds = (await store.read_refunds(tx, [payment.id]))[payment.id]
    _refuse_unrefundable(payment, refunds, amount=amount, now=now, within=within, count_max=count_max)
    shares = (await store.read_shares(tx, [payment.id]))[payment.id]
    fee, *parts = rules.split_refund(amount, payment, shares, refunds)
    id = new_id(now)
    refund = Refund(
        id=id,
        payment=payment.id,
        attempt=payment.order.position,
        channel=payment.channel,
        platform=platform,
        refund_no=refund_no,
        out_refund_no=show_id("R", id).replace("_", ""),
        amount=amount,
        currency=payment.currency,
        reason=reason,
        fee=fee,
        parts=tuple(parts),
        state=RefundState.PENDING,
        created_at=now,
        succeeded_at=None,
        channel_refund_no=None,
        error=None,
        checks=0,
    )
    due = rules.next_check(now, 0, rules.refund_pace(payment.order.method))
    await store.insert_refund(tx, refund, next_check_at=due)
    posting = postings.refund_requested(refund, payment, shares, now=now)
    await post_all(tx, now=now, transactions=[posting])
    await _record(tx, refund, now, PaymentEvent.REFUND_REQUESTED, Actor.PLATFORM, detail=refund_no)
    await tx.publish(RefundRequested(refund.id))
    return refund


def _refuse_altered(had: Refund, payment_id: UUID, amount: int, reason: str) -> None:
    compared = (
        ("payment", payment_id, had.payment),
        ("amount", amount, had.amount),
        ("reason", reason, had.reason),
    )
    for field, new, old in compared:
        if new != old:
            raise ReplayAltered(key=f"refund_no {had.refund_no}", field=field)


def _refuse_unrefundable(
    payment: Payment,
    refunds: list[Refund],
    *,
    amount: int,
    now: datetime,
    within: timedelta,
    count_max: int,
) -> None:
    if payment.state is not PaymentState.SUCCEEDED or payment.paid_at is None:
        raise NotRefundable(state=payment.state.value)
    left = rules.left_to_refund(payment, refunds)
    if amount > left:
        raise RefundExceedsPayment(amount=amount, left=left)
    if len(refunds) >= count_max:
        raise TooManyRefunds(count=len(refunds))
    if now - payment.paid_at > within:
        raise RefundTooLate(days=within.days)


async def record_refund(
    tx: Transaction, *, now: datetime, channel: str, said: ChannelRefund, actor: Actor
) -> Refund:
    """Move a refund to where its connection says it is; when it succeeded, post it. Said twice, it moves once.

    Raises: NoticeUnmatched when we have no such refund there.
    """
    found = await store.find_refund_by_out_no(tx, said.out_refund_no)
    if found is None or found.channel != channel:
        raise NoticeUnmatched(number=said.out_refund_no)
    payment = await store.lock_payment(tx, found.payment)
    refund = await store.lock_refund(tx, found.id)
    assert payment is not None
    assert refund is not None
    if refund.state in (RefundState.SUCCEEDED, RefundState.FAILED):
        return refund
    if said.amount is not None and said.amount != refund.amount:
        return await _abnormal(
            tx,
            now=now,
            refund=refund,
            said=said,
            actor=actor,
            reason=f"amount: asked {refund.amount}, said {said.amount}",
        )
    match said.state:
        case ChannelRefundState.SUCCEEDED:
            return await _succeed(tx, now=now, refund=refund, said=said, actor=actor)
        case ChannelRefundState.CLOSED:
            return await _fail(
                tx,
                now=now,
                payment=payment,
                refund=refund,
                no=said.channel_refund_no,
                actor=actor,
                reason="closed by the channel",
            )
        case ChannelRefundState.ABNORMAL:
            return await _abnormal(
                tx,
                now=now,
                refund=refund,
                said=said,
                actor=actor,
                reason="the buyer's account does not take the money",
            )
        case ChannelRefundState.PROCESSING:
            return await _processing(tx, now=now, payment=payment, refund=refund, said=said, actor=actor)
        case ChannelRefundState.UNKNOWN_TO_CHANNEL:
            return refund


async def record_refund_refused(tx: Transaction, *, now: datetime, refund_id: UUID, reason: str) -> Refund:
    """The channel refused for good: what was set aside goes back."""
    refund = await store.read_refund(tx, refund_id)
    assert refund is not None
    payment = await store.lock_payment(tx, refund.payment)
    refund = await store.lock_refund(tx, refund_id)
    assert payment is not None
    assert refund is not None
    if refund.state is not RefundState.PENDING:
        return refund
    return await _fail(
        tx, now=now, payment=payment, refund=refund, no=None, actor=Actor.CHANNEL, reason=reason
    )


async def postpone_refund(tx: Transaction, *, now: datetime, refund: Refund, method: PaymentMethod) -> None:
    """No certain answer: ask again when it is due. ``method`` is how the payment was paid."""
    due = rules.next_check(now, refund.checks, rules.refund_pace(method))
    await store.set_refund_checked(tx, refund.id, refund.checks + 1, due)


async def _succeed(
    tx: Transaction, *, now: datetime, refund: Refund, said: ChannelRefund, actor: Actor
) -> Refund:
    at = said.succeeded_at or now
    await post_all(tx, now=now, transactions=[postings.refund_succeeded(refund, succeeded_at=at, now=now)])
    await store.set_refund(
        tx, refund.id, RefundState.SUCCEEDED, channel_refund_no=said.channel_refund_no, succeeded_at=at
    )
    await _record(tx, refund, now, PaymentEvent.REFUND_SUCCEEDED, actor, said=said)
    done = msgspec.structs.replace(
        refund,
        state=RefundState.SUCCEEDED,
        succeeded_at=at,
        channel_refund_no=said.channel_refund_no or refund.channel_refund_no,
    )
    await tx.publish(RefundSettled(done, now))
    return done


async def _fail(
    tx: Transaction,
    *,
    now: datetime,
    payment: Payment,
    refund: Refund,
    no: str | None,
    actor: Actor,
    reason: str,
) -> Refund:
    shares = (await store.read_shares(tx, [payment.id]))[payment.id]
    await post_all(tx, now=now, transactions=[postings.refund_failed(refund, payment, shares, now=now)])
    await store.set_refund(tx, refund.id, RefundState.FAILED, channel_refund_no=no, error=reason)
    await _record(tx, refund, now, PaymentEvent.REFUND_FAILED, actor, detail=reason)
    failed = msgspec.structs.replace(refund, state=RefundState.FAILED, error=reason)
    await tx.publish(RefundSettled(failed, now))
    return failed


async def _abnormal(
    tx: Transaction, *, now: datetime, refund: Refund, said: ChannelRefund, actor: Actor, reason: str
) -> Refund:
    if refund.state is not RefundState.ABNORMAL:
        await _record(tx, refund, now, PaymentEvent.REFUND_ABNORMAL, actor, detail=reason, said=said)
    await store.set_refund(
        tx, refund.id, RefundState.ABNORMAL, channel_refund_no=said.channel_refund_no, error=reason
    )
    return msgspec.structs.replace(refund, state=RefundState.ABNORMAL, error=reason)


async def _processing(
    tx: Transaction,
    *,
    now: datetime,
    payment: Payment,
    refund: Refund,
    said: ChannelRefund,
    actor: Actor,
) -> Refund:
    if refund.state is RefundState.ABNORMAL and actor is Actor.SCHEDULE:
        # Nobody asks about an abnormal refund: this answer was on its way when the channel told of it.
        return refund
    if refund.state is RefundState.PENDING:
        await _record(tx, refund, now, PaymentEvent.REFUND_ACCEPTED, actor, said=said)
    due = rules.next_check(now, refund.checks, rules.refund_pace(payment.order.method))
    await store.set_refund(
        tx,
        refund.id,
        RefundState.PROCESSING,
        channel_refund_no=said.channel_refund_no,
        next_check_at=due,
    )
    await store.set_refund_checked(tx, refund.id, refund.checks + 1, due)
    return msgspec.structs.replace(refund, state=RefundState.PROCESSING)


async def _record(
    tx: Transaction,
    refund: Refund,
    now: datetime,
    event: PaymentEvent,
    actor: Actor,
    *,
    detail: str | None = None,
    said: ChannelRefund | None = None,
) -> None:
    body = msgspec.to_builtins(said) if said is not None else None
    line = happened(refund.payment, now, event, actor, detail=detail or refund.refund_no, body=body)
    await store.record(tx, [line])
