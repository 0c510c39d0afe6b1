"""What attempts come to: the state of their payment, what a channel's word does to one, and what another may be. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.channels import ChannelIdentity, ChannelPayment, PaymentMethod
from feiqian.kernel.ids import show_id
from feiqian.payments.model import (
    OPEN,
    Attempt,
    AttemptState,
    ChosenMethod,
    MethodNotAllowed,
    Payment,
    PaymentEnded,
    PaymentEvent,
    PaymentState,
    Route,
    Standing,
    TooManyAttempts,
)

_OF_LAST = {
    AttemptState.CREATED: PaymentState.CREATED,
    AttemptState.UNKNOWN: PaymentState.CREATED,
    AttemptState.AWAITING_PAYMENT: PaymentState.AWAITING_PAYMENT,
    AttemptState.CLOSED: PaymentState.CLOSED,
    AttemptState.FAILED: PaymentState.FAILED,
}

ATTEMPT_COUNT_MAX = 30
CHOOSABLE = (PaymentState.REQUIRES_METHOD, PaymentState.CREATED, PaymentState.AWAITING_PAYMENT)
"""States of a payment in which another way to pay may be chosen."""


def payment_state(attempts: Sequence[AttemptState], standing: Standing) -> PaymentState:
    """Where a payment stands whose attempts, in order of their positions, stand there."""
    if AttemptState.SUCCEEDED in attempts:
        return PaymentState.SUCCEEDED
    if AttemptState.CONFLICTED in attempts:
        return PaymentState.CONFLICTED
    if standing is Standing.ENDED:
        return PaymentState.CLOSED
    if attempts and (attempts[-1] in OPEN or standing is Standing.FIXED):
        return _OF_LAST[attempts[-1]]
    return PaymentState.REQUIRES_METHOD


def standing_of(payment: Payment, now: datetime) -> Standing:
    """Whether another attempt may follow when one ends by itself."""
    if now >= payment.expires_at:
        return Standing.ENDED if payment.methods else Standing.FIXED
    return Standing.OPEN if payment.methods else Standing.FIXED


def trade_no(payment: UUID, position: int) -> str:
    """Our number of an attempt at its channel: never the same for two, at most 32 characters as every channel takes."""
    first = show_id("P", payment).replace("_", "")
    return first if position == 1 else f"{first}{position}"


def new_attempt(payment: Payment, route: Route, *, now: datetime) -> Attempt:
    """The next attempt of a payment, at the first connection of its route; the others are tried after it."""
    position = payment.attempts + 1
    return Attempt(
        payment=payment.id,
        position=position,
        channel=route.channels[0],
        method=route.method,
        out_trade_no=trade_no(payment.id, position),
        amount=payment.amount,
        currency=payment.currency,
        state=AttemptState.CREATED,
        next_step=None,
        hints=route.hints,
        key=route.key,
        notify_url=route.notify_url,
        next_channels=route.channels[1:],
        decision=route.decision,
        placed_at=now,
        expires_at=min(payment.expires_at, now + route.lifetime_max),
        paid_at=None,
        transaction_no=None,
        payer=None,
        error_code=None,
        error=None,
        checks=0,
    )


def refuse_choice(payment: Payment, method: PaymentMethod, now: datetime) -> None:
    """Raises: PaymentEnded, MethodNotAllowed, TooManyAttempts."""
    if payment.state not in CHOOSABLE:
        raise PaymentEnded(state=payment.state.value)
    if now >= payment.expires_at:
        raise PaymentEnded(state="expired")
    if payment.attempts >= ATTEMPT_COUNT_MAX:
        raise TooManyAttempts(count=payment.attempts)
    if payment.methods and method not in payment.methods:
        raise MethodNotAllowed(
            method=method.value, allowed=", ".join(allowed.value for allowed in payment.methods)
        )


def is_repeated(chosen: ChosenMethod, payment: Payment, attempts: Sequence[Attempt]) -> bool:
    """Whether the attempt that is asked for is there: under the same key, or without one the same method is open."""
    if chosen.key is not None:
        return any(each.method is chosen.method and each.key == chosen.key for each in attempts)
    current = payment.current
    return current is not None and current.open and current.method is chosen.method


class Verdict(msgspec.Struct, frozen=True):
    """What a channel's word makes of an attempt and of its payment."""

    attempt: Attempt
    state: PaymentState
    event: PaymentEvent | None
    """None: it says nothing new."""


def judge(
    attempt: Attempt, before: PaymentState, order: ChannelPayment, identity: ChannelIdentity
) -> Verdict:
    """Hold a channel's word that an order was paid against the attempt that placed it, while its payment is ``before``."""
    if attempt.state is AttemptState.CONFLICTED:
        return Verdict(attempt, before, None)
    if attempt.state in (AttemptState.SUCCEEDED, AttemptState.DUPLICATE):
        repeated = attempt.transaction_no == order.transaction_no
        return Verdict(attempt, before, None if repeated else PaymentEvent.PAID_TWICE)
    reported = msgspec.structs.replace(
        attempt,
        paid_at=order.paid_at,
        transaction_no=order.transaction_no,
        payer=order.payer,
        error_code=None,
        error=None,
    )
    differs = difference(attempt, order, identity)
    if differs is not None:
        conflicted = msgspec.structs.replace(
            reported, state=AttemptState.CONFLICTED, error_code="conflicted", error=differs
        )
        after = before if before is PaymentState.SUCCEEDED else PaymentState.CONFLICTED
        return Verdict(conflicted, after, PaymentEvent.CONFLICTED)
    if before is PaymentState.SUCCEEDED:
        duplicate = msgspec.structs.replace(reported, state=AttemptState.DUPLICATE)
        return Verdict(duplicate, before, PaymentEvent.PAID_AGAIN)
    succeeded = msgspec.structs.replace(reported, state=AttemptState.SUCCEEDED)
    return Verdict(succeeded, PaymentState.SUCCEEDED, PaymentEvent.PAID)


def difference(attempt: Attempt, order: ChannelPayment, identity: ChannelIdentity) -> str | None:
    """The first thing in which what was paid is not what was asked for.

    A channel that names no merchant or application in its answers has been asked as the one that we are there.
    """
    compared = (
        ("amount", attempt.amount, order.amount),
        ("currency", attempt.currency, order.currency),
        ("mchid", identity.mchid, order.mchid or identity.mchid),
        ("appid", identity.appid, order.appid or identity.appid),
    )
    for field, asked, said in compared:
        if asked != said and not (field == "appid" and asked is None):
            return f"{field}: asked {asked}, paid {said}"
    for field, value in (("paid_at", order.paid_at), ("transaction_no", order.transaction_no)):
        if value is None:
            return f"{field}: not said"
    return None
