"""Payments and their channel: every call happens between two transactions, never inside one.

The intent is recorded and committed, the channel is called, the outcome is recorded. Whatever stops us in between
leaves a payment or refund that is due for a question to the channel; ``check_due`` asks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from uuid import UUID

import msgspec
import structlog

from feiqian.channels import (
    ChannelError,
    ChannelFailed,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelUnknown,
    OrderKey,
    PaymentMethod,
    PrepayRequest,
    RefundKey,
    RefundRequest,
    TradeChannel,
)
from feiqian.infra.collapse import Collapser
from feiqian.infra.database import Database, DatabaseUnavailable
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest
from feiqian.payments import operations, refunds, store
from feiqian.payments.model import (
    Actor,
    NewPayment,
    NotClosable,
    NoticeUnmatched,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from feiqian.payments.operations import Paid

log = structlog.get_logger(__name__)

DUE_COUNT_MAX = 200
"""How many due payments one round asks about."""
CHECKS_AT_ONCE = 6


class GatewayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway is set up with."""

    channel_name: str
    """``wechatpay``: the owner of the channel's ledger accounts."""
    mchid: str
    appid: str
    notify_url: str
    """Where the channel sends its callbacks."""
    currency: str
    """The only one in which payments are taken."""
    fee_rate: Decimal
    """The platform's fee on a payment, such as 0.006."""


class Gateway:
    """Creates, asks, closes and refunds payments over one channel."""

    def __init__(
        self, *, database: Database, channel: TradeChannel, clock: Clock, terms: GatewayTerms
    ) -> None:
        self.terms = terms
        self._database = database
        self._channel = channel
        self._clock = clock
        self._confirmations: Collapser[Paid, Payment | NoticeUnmatched] = Collapser(self._confirm_all)

    async def create(self, *, platform: UUID, asked: NewPayment) -> Payment:
        """Record a payment and place its order. Without a certain answer it stays ``created`` and is asked about later.

        Raises: what operations.create_payment raises, InvalidRequest for another currency.
        """
        if asked.currency != self.terms.currency:
            raise InvalidRequest(field="currency", reason=f"must be {self.terms.currency}")
        now = self._clock.now()
        payment = await self._database.run(
            lambda tx: operations.create_payment(
                tx,
                now=now,
                platform=platform,
                channel=self.terms.channel_name,
                notify_url=self.terms.notify_url,
                fee_rate=self.terms.fee_rate,
                asked=asked,
            )
        )
        return await self._place(payment) if payment.state is PaymentState.CREATED else payment

    async def query(self, payment: Payment) -> Payment:
        """Ask the channel where a payment stands and record the answer.

        Raises: ChannelError when the channel gives no answer.
        """
        order = await self._channel.query(_order_key(payment), now=self._clock.now())
        return await self._take(payment, order)

    async def close(self, payment: Payment, *, actor: Actor) -> Payment:
        """Make an unpaid payment unpayable.

        Raises: NotClosable when it is paid, ChannelError when the channel gives no certain answer.
        """
        if payment.state in (PaymentState.CLOSED, PaymentState.FAILED):
            return payment
        operations.refuse_unclosable(payment)
        try:
            await self._channel.close(_order_key(payment), now=self._clock.now())
        except ChannelFailed as error:
            if not error.query_first:
                raise
            # Most likely paid a moment ago.
            queried = await self.query(payment)
            operations.refuse_unclosable(queried)
            raise
        now = self._clock.now()
        return await self._database.run(
            lambda tx: operations.record_closed(tx, now=now, payment=payment, actor=actor)
        )

    async def take_notice(self, headers: Mapping[str, str], body: bytes) -> None:
        """Record what a channel's callback says; it may come late, twice or never.

        Raises: NoticeRefused when it is not believed, NoticeUnmatched when it is about nothing of ours.
        """
        now = self._clock.now()
        notice = self._channel.read_notice(headers=headers, body=body, now=now)
        for order in notice.payments:
            await self.confirm(order, Actor.CHANNEL)
        if notice.refund is not None:
            said = notice.refund
            await self._database.run(
                lambda tx: refunds.record_refund(tx, now=now, said=said, actor=Actor.CHANNEL)
            )

    async def confirm(self, order: ChannelPayment, actor: Actor) -> Payment:
        """Post a payment that the channel reports; those that arrive while a batch is being posted form the next.

        Raises: NoticeUnmatched.
        """
        paid = Paid(order, actor, self.terms.mchid, self.terms.appid)
        outcome = await self._confirmations.submit(paid)
        if isinstance(outcome, NoticeUnmatched):
            raise outcome
        return outcome

    async def submit_refund(self, refund_id: UUID) -> Refund:
        """Ask the channel for a refund that was recorded; again with the same number does no harm."""
        return await self._submit_refund(refund_id, queried=False)

    async def _submit_refund(self, refund_id: UUID, *, queried: bool) -> Refund:
        """``queried``: the channel has just said that it has no such refund, so a refusal now is its last word."""
        async with self._database.reading() as tx:
            refund = await store.read_refund(tx, refund_id)
            assert refund is not None
            payment = await operations.require_payment(tx, refund.payment)
        if refund.state is not RefundState.PENDING:
            return refund
        request = RefundRequest(
            order=_order_key(payment),
            out_refund_no=refund.out_refund_no,
            amount=refund.amount,
            total=payment.amount,
            currency=refund.currency,
            requested_at=refund.created_at,
            reason=refund.reason or None,
            notify_url=self.terms.notify_url,
        )
        try:
            said = await self._channel.refund(request, now=self._clock.now())
        except ChannelError as error:
            return await self._refund_failed(refund, error, queried=queried)
        return await self._take_refund(said)

    async def check_due(self) -> int:
        """Ask the channel about everything that is due; returns how many were asked about."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            payment_ids = await store.due_payments(tx, now, DUE_COUNT_MAX)
            refund_ids = await store.due_refunds(tx, now, DUE_COUNT_MAX)
        # Side by side, for each may wait long for its channel; few at a time, for each holds a connection at its end.
        turn = asyncio.Semaphore(CHECKS_AT_ONCE)

        async def check(ask: Callable[[UUID], Awaitable[None]], id: UUID) -> None:
            async with turn:
                await ask(id)

        async with asyncio.TaskGroup() as group:
            for payment_id in payment_ids:
                group.create_task(check(self._check_payment, payment_id))
            for refund_id in refund_ids:
                group.create_task(check(self._check_refund, refund_id))
        return len(payment_ids) + len(refund_ids)

    async def _place(self, payment: Payment) -> Payment:
        request = PrepayRequest(
            out_trade_no=payment.out_trade_no,
            method=PaymentMethod(payment.method),
            placed_at=payment.created_at,
            amount=payment.amount,
            currency=payment.currency,
            description=payment.description,
            expires_at=payment.expires_at,
            notify_url=payment.notify_url,
        )
        now = self._clock.now()
        try:
            prepaid = await self._channel.prepay(request, now=now)
        except ChannelError as error:
            # str() of an error is read now: the lambdas run after the except block has ended.
            reason = str(error)
            if isinstance(error, ChannelUnknown) or error.retryable or error.query_first:
                return await self._database.run(
                    lambda tx: operations.record_unanswered(tx, now=now, payment=payment, reason=reason)
                )
            return await self._database.run(
                lambda tx: operations.record_refused(tx, now=now, payment=payment, reason=reason)
            )
        return await self._database.run(
            lambda tx: operations.record_prepaid(tx, now=now, payment=payment, prepaid=prepaid)
        )

    async def _confirm_all(self, paid: list[Paid]) -> list[Payment | NoticeUnmatched]:
        now = self._clock.now()
        return await self._database.run(lambda tx: operations.confirm(tx, now=now, paid=paid))

    async def _take(self, payment: Payment, order: ChannelPayment) -> Payment:
        """What the channel's answer to a question does to a payment."""
        now = self._clock.now()
        match order.state:
            case ChannelPaymentState.PAID | ChannelPaymentState.REFUNDED:
                return await self.confirm(order, Actor.SCHEDULE)
            case ChannelPaymentState.CLOSED | ChannelPaymentState.FAILED:
                return await self._database.run(
                    lambda tx: operations.record_closed(tx, now=now, payment=payment, actor=Actor.CHANNEL)
                )
            case ChannelPaymentState.NOT_PAID | ChannelPaymentState.UNKNOWN_TO_CHANNEL:
                if now >= payment.expires_at:
                    return await self._expire(payment, known=order.state is ChannelPaymentState.NOT_PAID)
                if payment.state is PaymentState.CREATED:
                    return await self._place(payment)
                await self._database.run(lambda tx: operations.record_not_paid(tx, now=now, payment=payment))
                return payment

    async def _expire(self, payment: Payment, *, known: bool) -> Payment:
        if known:
            return await self.close(payment, actor=Actor.SCHEDULE)
        now = self._clock.now()
        return await self._database.run(
            lambda tx: operations.record_closed(tx, now=now, payment=payment, actor=Actor.SCHEDULE)
        )

    async def _check_payment(self, payment_id: UUID) -> None:
        async with self._database.reading() as tx:
            payment = await operations.require_payment(tx, payment_id)
        if payment.state not in (PaymentState.CREATED, PaymentState.AWAITING_PAYMENT):
            return
        try:
            await self.query(payment)
        except NotClosable:
            # The buyer paid while it was being closed: that is recorded.
            return
        except DatabaseUnavailable:
            raise
        except Exception as error:
            # Whatever one payment's trouble is, the others are asked about, and it is not the first in every round.
            now, reason = self._clock.now(), str(error)
            log.warning(
                "payment_check_failed", payment=payment.shown_id, error=reason, exc_info=_defect(error)
            )
            await self._database.run(
                lambda tx: operations.record_unanswered(tx, now=now, payment=payment, reason=reason)
            )

    async def _check_refund(self, refund_id: UUID) -> None:
        async with self._database.reading() as tx:
            refund = await store.read_refund(tx, refund_id)
            payment = None if refund is None else await store.read_payment(tx, refund.payment)
        if (
            refund is None
            or payment is None
            or refund.state not in (RefundState.PENDING, RefundState.PROCESSING)
        ):
            return
        try:
            key = RefundKey(
                order=_order_key(payment),
                out_refund_no=refund.out_refund_no,
                requested_at=refund.created_at,
            )
            said = await self._channel.query_refund(key, now=self._clock.now())
            if said.state is ChannelRefundState.UNKNOWN_TO_CHANNEL:
                # It never arrived, so asking again under the same number is asking for the first time.
                await self._submit_refund(refund_id, queried=True)
            else:
                await self._take_refund(said)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            now = self._clock.now()
            log.warning(
                "refund_check_failed", refund=refund.shown_id, error=str(error), exc_info=_defect(error)
            )
            await self._database.run(lambda tx: refunds.postpone_refund(tx, now=now, refund=refund))

    async def _take_refund(self, said: ChannelRefund) -> Refund:
        now = self._clock.now()
        return await self._database.run(
            lambda tx: refunds.record_refund(tx, now=now, said=said, actor=Actor.SCHEDULE)
        )

    async def _refund_failed(self, refund: Refund, error: ChannelError, *, queried: bool) -> Refund:
        now, reason = self._clock.now(), str(error)
        if isinstance(error, ChannelUnknown) or error.retryable or (error.query_first and not queried):
            await self._database.run(lambda tx: refunds.postpone_refund(tx, now=now, refund=refund))
            return refund
        return await self._database.run(
            lambda tx: refunds.record_refund_refused(tx, now=now, refund_id=refund.id, reason=reason)
        )


def _order_key(payment: Payment) -> OrderKey:
    return OrderKey(
        out_trade_no=payment.out_trade_no,
        method=PaymentMethod(payment.method),
        placed_at=payment.created_at,
        transaction_no=payment.transaction_no,
    )


def _defect(error: Exception) -> Exception | None:
    """What deserves its trace in the log: everything but a channel's refusal or silence."""
    return None if isinstance(error, ChannelError) else error


async def check_forever(gateway: Gateway, *, every_s: float) -> None:
    """Ask about what is due, round after round, until cancelled. A round that fails is logged, the next one goes on."""
    while True:
        try:
            await gateway.check_due()
        except Exception:
            log.exception("check_due_failed")
        await asyncio.sleep(every_s)
