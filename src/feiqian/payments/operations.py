"""What can be done to a payment before it is paid, each in the one transaction it is given."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from feiqian.channels import BuyerHints, NextStep, PaymentMethod
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import new_id, show_id
from feiqian.members import require_merchants
from feiqian.payments import rules, store
from feiqian.payments.events import PaymentClosed
from feiqian.payments.model import (
    Actor,
    Attempt,
    AttemptState,
    Happened,
    NewPayment,
    NewShare,
    NotClosable,
    Payment,
    PaymentEvent,
    PaymentState,
    Route,
    Standing,
)

ENDED = (PaymentState.CLOSED, PaymentState.FAILED)
PAID = (PaymentState.SUCCEEDED, PaymentState.CONFLICTED)


async def create_payment(
    tx: Transaction,
    *,
    now: datetime,
    id: UUID,
    platform: UUID,
    fee_rate: Decimal,
    asked: NewPayment,
    route: Route | None,
) -> Payment:
    """Record what a buyer is to pay, with its first attempt where the way to pay is known. The same order again returns
    the first, whose id is another.

    Raises: what rules.check_new raises, MerchantUnknown, ShareNegative, ReplayAltered.
    """
    rules.check_new(asked)
    shares, fee = await _shares(tx, platform, fee_rate, asked)
    payment = Payment(
        id=id,
        platform=platform,
        order_no=asked.order_no,
        amount=asked.amount,
        currency=asked.currency,
        description=asked.description,
        buyer=asked.buyer,
        fee=fee,
        fee_rate=fee_rate,
        metadata=asked.metadata,
        method=route.method if route else None,
        methods=asked.methods,
        state=PaymentState.REQUIRES_METHOD,
        created_at=now,
        expires_at=datetime.fromtimestamp(int(now.timestamp()) + asked.expires_in_s, tz=now.tzinfo),
        paid_at=None,
        attempts=0,
        current=None,
    )
    due = payment.expires_at
    if route is not None:
        payment = _with(payment, rules.new_attempt(payment, route, now=now))
        due = rules.next_check(now, 0, rules.attempt_pace(route.method, AttemptState.CREATED))
    created = happened(payment.id, now, PaymentEvent.CREATED, Actor.PLATFORM)
    if await store.insert_payment(tx, payment, shares, created, next_check_at=due):
        return payment
    had = await repeat_payment(
        tx, platform=platform, fee_rate=fee_rate, asked=asked, method=payment.method, shares=shares
    )
    assert had is not None, "nothing but the order's number can have been taken"
    return had


async def repeat_payment(
    tx: Transaction,
    *,
    platform: UUID,
    fee_rate: Decimal,
    asked: NewPayment,
    method: PaymentMethod | None,
    shares: Sequence[NewShare] | None = None,
) -> Payment | None:
    """The payment of an order that is there already, if it says the same.

    Raises: ReplayAltered, and as create_payment.
    """
    had = await store.find_by_order(tx, platform, asked.order_no)
    if had is None:
        return None
    if shares is None:
        shares, _ = await _shares(tx, platform, fee_rate, asked)
    attempts = (await store.read_attempts(tx, [had.id]))[had.id]
    rules.refuse_altered(
        asked,
        had,
        shares,
        (await store.read_shares(tx, [had.id]))[had.id],
        method=method,
        had_hints=attempts[0].hints if had.method is not None else BuyerHints(),
    )
    return had


async def add_attempt(
    tx: Transaction, *, now: datetime, payment: Payment, route: Route, actor: Actor
) -> Payment | None:
    """Make another attempt; None when somebody else has made one meanwhile that is open.

    Raises: PaymentEnded, MethodNotAllowed, TooManyAttempts.
    """
    locked = await _lock(tx, payment.id)
    rules.refuse_choice(locked, route.method, now)
    if locked.current is not None and locked.current.open:
        return None
    return await _insert(tx, now=now, payment=locked, route=route, actor=actor)


async def record_prepaid(tx: Transaction, *, now: datetime, payment: Payment, next_step: NextStep) -> Payment:
    """The channel took the order: the buyer may pay. Unchanged when something else has happened to it meanwhile."""
    attempt = payment.order
    before = rules.attempt_pace(attempt.method, AttemptState.CREATED)
    pace = rules.attempt_pace(attempt.method, AttemptState.AWAITING_PAYMENT)
    # As a rule the question that is due anyhow comes at the right time, and a row is spared a change of its index.
    unfit = pace != before or now >= rules.next_check(attempt.placed_at, 0, before)
    moved = await store.set_awaiting(
        tx,
        happened(payment.id, now, PaymentEvent.CODE_ISSUED, Actor.SCHEDULE),
        attempt=attempt,
        next_step=next_step,
        next_check_at=rules.next_check(now, 0, pace) if unfit else None,
    )
    if not moved:
        return await require_payment(tx, payment.id)
    awaiting = msgspec.structs.replace(attempt, state=AttemptState.AWAITING_PAYMENT, next_step=next_step)
    return msgspec.structs.replace(payment, state=PaymentState.AWAITING_PAYMENT, current=awaiting)


async def record_unanswered(
    tx: Transaction, *, now: datetime, attempt: Attempt, code: str, reason: str, unknown: bool
) -> None:
    """The channel may or may not have acted: it will be asked when the attempt is due. ``unknown``: it was told to place
    the order, and may have."""
    due = rules.next_check(now, attempt.checks, rules.attempt_pace(attempt.method, attempt.state))
    await store.set_checked(
        tx,
        attempt,
        attempt.checks + 1,
        due,
        state=AttemptState.UNKNOWN if unknown else None,
        error_code=code,
        error=reason,
    )
    if attempt.checks == 0:
        event = happened(attempt.payment, now, PaymentEvent.CHANNEL_UNANSWERED, Actor.SCHEDULE, detail=reason)
        await store.record(tx, [event])


async def record_not_paid(tx: Transaction, *, now: datetime, attempt: Attempt) -> None:
    """The channel says that nobody has paid yet: ask again later, but not long after the order expires."""
    due = rules.next_check(now, attempt.checks + 1, rules.attempt_pace(attempt.method, attempt.state))
    if attempt.expires_at > now:
        due = min(due, attempt.expires_at)
    await store.set_checked(tx, attempt, attempt.checks + 1, due)


async def record_refused(
    tx: Transaction,
    *,
    now: datetime,
    attempt: Attempt,
    code: str,
    reason: str,
    following: Route | None = None,
) -> Payment:
    """The channel did not take an order, for certain. ``following``: where it goes instead, in the same transaction."""
    locked = await _lock(tx, attempt.payment)
    mine = await _attempt(tx, attempt)
    if not mine.open:
        return locked
    await store.set_attempt_ended(tx, mine, AttemptState.FAILED, error_code=code, error=reason)
    refused = happened(locked.id, now, PaymentEvent.CHANNEL_REFUSED, Actor.CHANNEL, detail=reason)
    await store.record(tx, [refused])
    failed = msgspec.structs.replace(mine, state=AttemptState.FAILED, error_code=code, error=reason)
    locked = _changed(locked, failed)
    if following is not None and locked.state in rules.CHOOSABLE:
        return await _insert(tx, now=now, payment=locked, route=following, actor=Actor.SCHEDULE)
    return await _settle(tx, now=now, payment=locked, attempt=failed, standing=rules.standing_of(locked, now))


async def record_closed(
    tx: Transaction,
    *,
    now: datetime,
    attempt: Attempt,
    actor: Actor,
    standing: Standing | None = None,
) -> Payment:
    """The channel will not take money for this order any more; by ``standing``, or as the payment was made, it ends or
    goes on."""
    locked = await _lock(tx, attempt.payment)
    mine = await _attempt(tx, attempt)
    if not mine.open:
        return locked
    await store.set_attempt_ended(tx, mine, AttemptState.CLOSED)
    closed = msgspec.structs.replace(mine, state=AttemptState.CLOSED)
    settled = await _settle(
        tx,
        now=now,
        payment=_changed(locked, closed),
        attempt=closed,
        standing=standing or rules.standing_of(locked, now),
    )
    event = PaymentEvent.CLOSED if settled.state in ENDED else PaymentEvent.ATTEMPT_CLOSED
    await store.record(tx, [happened(locked.id, now, event, actor, detail=_named(closed, settled))])
    return settled


async def end_payment(tx: Transaction, *, now: datetime, payment: Payment, actor: Actor) -> Payment:
    """Nothing more will be paid: it was called off, or its time is over, while no attempt is open.

    Raises: NotClosable when it was paid in the meantime, or an attempt was made.
    """
    locked = await _lock(tx, payment.id)
    if locked.state in ENDED:
        return locked
    if locked.state is not PaymentState.REQUIRES_METHOD:
        raise NotClosable(state=locked.state.value)
    await store.set_state(tx, locked.id, PaymentState.CLOSED)
    await store.record(tx, [happened(locked.id, now, PaymentEvent.CLOSED, actor)])
    closed = msgspec.structs.replace(locked, state=PaymentState.CLOSED)
    await tx.publish(PaymentClosed(closed, now))
    return closed


def refuse_unclosable(payment: Payment) -> None:
    """Raises: NotClosable unless nobody has paid."""
    if payment.state in PAID:
        raise NotClosable(state=payment.state.value)


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


async def _shares(
    tx: Transaction, platform: UUID, fee_rate: Decimal, asked: NewPayment
) -> tuple[list[NewShare], int]:
    merchants = await require_merchants(
        tx, platform=platform, merchant_nos=list(dict.fromkeys(line.merchant_no for line in asked.lines))
    )
    fee = rules.fee_of(asked.amount, fee_rate)
    return rules.shares_of(asked, fee, {no: merchant.id for no, merchant in merchants.items()}), fee


async def _insert(tx: Transaction, *, now: datetime, payment: Payment, route: Route, actor: Actor) -> Payment:
    attempt = rules.new_attempt(payment, route, now=now)
    due = rules.next_check(now, 0, rules.attempt_pace(attempt.method, attempt.state))
    await store.insert_attempt(tx, attempt, next_check_at=due)
    detail = f"{attempt.position} {attempt.method.value} {attempt.channel}"
    await store.record(tx, [happened(payment.id, now, PaymentEvent.ATTEMPT_MADE, actor, detail=detail)])
    return _with(payment, attempt)


async def _settle(
    tx: Transaction, *, now: datetime, payment: Payment, attempt: Attempt, standing: Standing
) -> Payment:
    """Move a locked payment to where its attempts have brought it, now that one has ended unpaid."""
    if payment.state not in rules.CHOOSABLE or payment.order.position != attempt.position:
        return payment
    attempts = (await store.read_attempts(tx, [payment.id]))[payment.id]
    state = rules.payment_state([each.state for each in attempts], standing)
    over = state in ENDED
    await store.set_state(tx, payment.id, state, next_check_at=None if over else payment.expires_at)
    settled = msgspec.structs.replace(payment, state=state)
    if over:
        await tx.publish(PaymentClosed(settled, now))
    return settled


def _with(payment: Payment, attempt: Attempt) -> Payment:
    """The payment once the attempt is made."""
    return msgspec.structs.replace(
        payment, state=PaymentState.CREATED, attempts=attempt.position, current=attempt
    )


def _changed(payment: Payment, attempt: Attempt) -> Payment:
    """The payment with an attempt of its own that has changed, if that is the one that counts."""
    current = payment.current
    if current is None or current.position != attempt.position:
        return payment
    return msgspec.structs.replace(payment, current=attempt)


def _named(attempt: Attempt, payment: Payment) -> str | None:
    """Which attempt is meant, where there may be several."""
    if payment.attempts == 1 and payment.state in ENDED:
        return None
    return f"{attempt.position} {attempt.method.value} {attempt.channel}"


async def _attempt(tx: Transaction, attempt: Attempt) -> Attempt:
    """As it is now, under the lock of its payment."""
    attempts = (await store.read_attempts(tx, [attempt.payment]))[attempt.payment]
    return attempts[attempt.position - 1]


async def _lock(tx: Transaction, id: UUID) -> Payment:
    payment = await store.lock_payment(tx, id)
    if payment is None:
        raise NotFound(what="payment", name=show_id("payment", id))
    return payment
