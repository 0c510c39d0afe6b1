"""Payment and refund facts as ledger legs."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id, show_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Leg, NewTransaction
from feiqian.payments.model import Attempt, Payment, Refund, Share


def payment_succeeded(
    payment: Payment, shares: Sequence[Share], *, paid_at: datetime, now: datetime
) -> NewTransaction:
    """The channel owes us the amount; we owe each merchant its net share, and have earned the fee."""
    receivable = _channel(payment.channel, payment.currency)
    legs = [
        Leg(receivable, _pending(share.merchant, payment.currency), share.net)
        for share in shares
        if share.net
    ]
    if payment.fee:
        legs.append(Leg(receivable, _fee(payment.currency), payment.fee))
    return NewTransaction(
        id=succeeded_id(payment.id),
        kind="payment",
        legs=tuple(legs),
        business_date=business_date(now),
        effective_at=paid_at,
        reference=payment.shown_id,
        memo=payment.order_no,
    )


def payment_duplicate(attempt: Attempt, *, order_no: str, now: datetime) -> NewTransaction:
    """A buyer paid one payment by a second order too: the channel owes us that amount, and it is nobody's yet."""
    suspense = AccountRef(PLATFORM_BOOK, AccountCode.PAYMENT_SUSPENSE, attempt.channel, attempt.currency)
    receivable = _channel(attempt.channel, attempt.currency)
    return NewTransaction(
        id=duplicate_id(attempt.out_trade_no),
        kind="payment_duplicate",
        legs=(Leg(receivable, suspense, attempt.amount),),
        business_date=business_date(now),
        effective_at=attempt.paid_at or now,
        reference=show_id("payment", attempt.payment),
        memo=order_no,
    )


def refund_requested(
    refund: Refund, payment: Payment, shares: Sequence[Share], *, now: datetime
) -> NewTransaction:
    """The merchants' parts and the fee's part are set aside until the channel has paid the buyer."""
    transit = _transit(refund.channel, refund.currency)
    legs = [
        Leg(_pending(share.merchant, payment.currency), transit, part)
        for share, part in zip(shares, refund.parts, strict=True)
        if part
    ]
    if refund.fee:
        legs.append(Leg(_fee(payment.currency), transit, refund.fee))
    return _about(refund, "refund_requested", requested_id(refund.id), tuple(legs), now=now, effective_at=now)


def refund_succeeded(refund: Refund, *, succeeded_at: datetime, now: datetime) -> NewTransaction:
    """The channel paid the buyer out of what it owed us."""
    transit, receivable = _transit(refund.channel, refund.currency), _channel(refund.channel, refund.currency)
    legs = (Leg(transit, receivable, refund.amount),)
    return _about(
        refund, "refund_succeeded", refunded_id(refund.id), legs, now=now, effective_at=succeeded_at
    )


def refund_failed(
    refund: Refund, payment: Payment, shares: Sequence[Share], *, now: datetime
) -> NewTransaction:
    """What was set aside goes back to where it came from."""
    asked = refund_requested(refund, payment, shares, now=now)
    legs = tuple(Leg(leg.credit, leg.debit, leg.amount) for leg in asked.legs)
    return _about(
        refund, "refund_failed", failed_id(refund.id), legs, now=now, effective_at=now, reverses=asked.id
    )


def succeeded_id(payment: UUID) -> UUID:
    """The ledger transaction of a payment."""
    return derived_id("payment_succeeded", str(payment))


def duplicate_id(out_trade_no: str) -> UUID:
    """The ledger transaction of an order that was paid though its payment had succeeded by another."""
    return derived_id("payment_duplicate", out_trade_no)


def requested_id(refund: UUID) -> UUID:
    """The ledger transaction that set a refund's money aside."""
    return derived_id("refund_requested", str(refund))


def refunded_id(refund: UUID) -> UUID:
    """The ledger transaction of a refund that reached the buyer."""
    return derived_id("refund_succeeded", str(refund))


def failed_id(refund: UUID) -> UUID:
    """The ledger transaction that put a refund's money back."""
    return derived_id("refund_failed", str(refund))


def _about(
    refund: Refund,
    kind: str,
    id: UUID,
    legs: tuple[Leg, ...],
    *,
    now: datetime,
    effective_at: datetime,
    reverses: UUID | None = None,
) -> NewTransaction:
    return NewTransaction(
        id=id,
        kind=kind,
        legs=legs,
        business_date=business_date(now),
        effective_at=effective_at,
        reference=refund.shown_id,
        memo=refund.refund_no,
        reverses=reverses,
    )


def _channel(channel: str, currency: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, channel, currency)


def _transit(channel: str, currency: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, AccountCode.REFUND_IN_TRANSIT, channel, currency)


def _pending(merchant: UUID, currency: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, str(merchant), currency)


def _fee(currency: str) -> AccountRef:
    return AccountRef(PLATFORM_BOOK, AccountCode.PLATFORM_FEE, "platform", currency)
