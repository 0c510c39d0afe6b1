"""Payments and refunds as partners and staff are shown them: outside ids, merchants by their numbers."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feiqian.channels import NextStep
from feiqian.infra.database import Transaction
from feiqian.kernel.ids import show_id
from feiqian.members import read_merchants
from feiqian.payments import store
from feiqian.payments.model import Attempt, Payment, PaymentState, Refund, RefundState, Share


class ShareView(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's part of a payment; minor units."""

    merchant_no: str
    amount: int
    """Sum of the merchant's lines."""
    fee: int
    """Its part of the platform's fee."""
    net: int
    """What it is owed: amount less fee."""
    refunded: int
    """What refunds took of the net."""


class AttemptError(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt failed or is conflicted, or why its channel's answer is not certain."""

    code: str
    message: str


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One order at one channel; minor units of the payment's currency, times in UTC."""

    position: int
    """1, 2, 3 … in its payment."""
    state: str
    """created, unknown, awaiting_payment, succeeded, closed, failed, conflicted or duplicate."""
    method: str
    channel: str
    """The connection that takes it."""
    amount: int
    out_trade_no: str
    """Our number at the channel."""
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    """The channel's time."""
    channel_transaction_no: str | None
    error: AttemptError | None


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment. Amounts are minor units of ``currency``; times are UTC."""

    id: str
    order_no: str
    state: str
    """requires_method, created, awaiting_payment, succeeded, closed, failed or conflicted."""
    amount: int
    currency: str
    refunded: int
    """Refunds that did not fail, whether or not they have arrived."""
    fee: int
    """The platform's fee as charged; refunds give their part of it back."""
    description: str
    buyer: str | None
    method: str | None
    """Of the attempt that counts: the newest, or the one that was paid. Empty while nobody has chosen."""
    methods: list[str]
    """From which the buyer may choose; empty when the platform chose."""
    next_step: NextStep | None
    """What the buyer's side does next, by its ``kind``, while the buyer may pay."""
    code_url: str | None
    """What the QR code says, while the buyer may pay by one."""
    cashier_url: str
    """A page that shows the QR code and turns to paid by itself."""
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    """The channel's time."""
    channel_transaction_no: str | None
    attempts: list[AttemptView]
    """Every order that was placed for it, oldest first."""
    shares: list[ShareView]
    metadata: dict[str, str]


class RefundShareView(msgspec.Struct, frozen=True, kw_only=True):
    """What a refund takes back from one merchant; minor units."""

    merchant_no: str
    amount: int


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """A refund. Amounts are minor units of ``currency``; times are UTC."""

    id: str
    refund_no: str
    payment_id: str
    state: str
    """pending, processing, succeeded, failed or abnormal."""
    amount: int
    currency: str
    reason: str
    fee_returned: int
    """The part of the platform's fee that is given back."""
    shares: list[RefundShareView]
    created_at: datetime
    succeeded_at: datetime | None
    channel_refund_no: str | None
    error: str | None


async def show_payments(tx: Transaction, payments: Sequence[Payment], *, base_url: str) -> list[PaymentView]:
    """Payments with their shares, in the order given."""
    ids = [payment.id for payment in payments]
    shares = await store.read_shares(tx, ids)
    # Only what was paid can have refunds; the rest is spared the question.
    paid = [payment.id for payment in payments if payment.state is PaymentState.SUCCEEDED]
    refunds = await store.read_refunds(tx, paid) if paid else {}
    # Most payments have one attempt, which they carry themselves.
    several = [payment.id for payment in payments if payment.attempts > 1]
    attempts = await store.read_attempts(tx, several) if several else {}
    names = await _merchant_nos(tx, [share for rows in shares.values() for share in rows])
    return [
        _payment(
            each,
            attempts=attempts.get(each.id) or ([each.current] if each.current else []),
            shares=shares[each.id],
            refunds=refunds.get(each.id, []),
            names=names,
            base_url=base_url,
        )
        for each in payments
    ]


async def show_refunds(tx: Transaction, refunds: Sequence[Refund]) -> list[RefundView]:
    """Refunds with what each merchant gives back, in the order given."""
    shares = await store.read_shares(tx, list({refund.payment for refund in refunds}))
    names = await _merchant_nos(tx, [share for rows in shares.values() for share in rows])
    return [_refund(refund, shares[refund.payment], names) for refund in refunds]


async def _merchant_nos(tx: Transaction, shares: Sequence[Share]) -> dict[object, str]:
    merchants = await read_merchants(tx, list({share.merchant for share in shares}))
    return {merchant.id: merchant.merchant_no for merchant in merchants}


def _payment(
    payment: Payment,
    *,
    attempts: Sequence[Attempt],
    shares: Sequence[Share],
    refunds: Sequence[Refund],
    names: dict[object, str],
    base_url: str,
) -> PaymentView:
    standing = [refund for refund in refunds if refund.state is not RefundState.FAILED]
    return PaymentView(
        id=payment.shown_id,
        order_no=payment.order_no,
        state=payment.state.value,
        amount=payment.amount,
        currency=payment.currency,
        refunded=sum(refund.amount for refund in standing),
        fee=payment.fee,
        description=payment.description,
        buyer=payment.buyer,
        method=payment.current.method.value if payment.current else None,
        methods=[method.value for method in payment.methods],
        next_step=payment.next_step,
        code_url=payment.code_url,
        cashier_url=f"{base_url}/cashier/{payment.shown_id.removeprefix('payment_')}",
        created_at=payment.created_at,
        expires_at=payment.expires_at,
        paid_at=payment.paid_at,
        channel_transaction_no=payment.transaction_no,
        attempts=[_attempt(each) for each in attempts],
        shares=[
            ShareView(
                merchant_no=names[share.merchant],
                amount=share.amount,
                fee=share.fee,
                net=share.net,
                refunded=sum(refund.parts[index] for refund in standing),
            )
            for index, share in enumerate(shares)
        ],
        metadata=payment.metadata,
    )


def _attempt(attempt: Attempt) -> AttemptView:
    error = attempt.error_code and AttemptError(code=attempt.error_code, message=attempt.error or "")
    return AttemptView(
        position=attempt.position,
        state=attempt.state.value,
        method=attempt.method.value,
        channel=attempt.channel,
        amount=attempt.amount,
        out_trade_no=attempt.out_trade_no,
        created_at=attempt.placed_at,
        expires_at=attempt.expires_at,
        paid_at=attempt.paid_at,
        channel_transaction_no=attempt.transaction_no,
        error=error or None,
    )


def _refund(refund: Refund, shares: Sequence[Share], names: dict[object, str]) -> RefundView:
    return RefundView(
        id=refund.shown_id,
        refund_no=refund.refund_no,
        payment_id=show_id("payment", refund.payment),
        state=refund.state.value,
        amount=refund.amount,
        currency=refund.currency,
        reason=refund.reason,
        fee_returned=refund.fee,
        shares=[
            RefundShareView(merchant_no=names[share.merchant], amount=part)
            for share, part in zip(shares, refund.parts, strict=True)
            if part
        ],
        created_at=refund.created_at,
        succeeded_at=refund.succeeded_at,
        channel_refund_no=refund.channel_refund_no,
        error=refund.error,
    )
