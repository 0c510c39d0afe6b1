"""Refunds at channels: asked for at the connection that was paid, whether or not it takes new orders."""

from datetime import timedelta
from uuid import UUID

import structlog

from feiqian.channels import (
    ChannelError,
    ChannelRefund,
    ChannelRefundState,
    ChannelUnknown,
    RefundKey,
    RefundRequest,
)
from feiqian.infra.database import DatabaseUnavailable
from feiqian.payments import operations, refunds, store
from feiqian.payments.gateway.orders import Orders, defect, order_key
from feiqian.payments.model import Actor, Attempt, Payment, Refund, RefundState

log = structlog.get_logger(__name__)

OPEN = (RefundState.PENDING, RefundState.PROCESSING)


class Refunding(Orders):
    """The part of the gateway that gives money back."""

    async def request_refund(
        self, *, platform: UUID, payment_id: UUID, refund_no: str, amount: int, reason: str
    ) -> Refund:
        """Set a refund's money aside, within what the channel that was paid allows; the channel is asked by a job.

        Raises: what refunds.request_refund raises.
        """
        async with self._database.reading() as tx:
            payment = await operations.require_payment(tx, payment_id, platform=platform)
        within, count_max = self._refund_limits(payment)
        now = self._clock.now()
        return await self._database.run(
            lambda tx: refunds.request_refund(
                tx,
                now=now,
                platform=platform,
                payment_id=payment_id,
                refund_no=refund_no,
                amount=amount,
                reason=reason,
                within=within,
                count_max=count_max,
            )
        )

    def _refund_limits(self, payment: Payment) -> tuple[timedelta, int]:
        """How old a payment may be, and how many refunds it may have."""
        if payment.current is None:
            return timedelta(), 0
        terms = self._channels.get(payment.channel).terms
        if terms.refunds is None:
            return timedelta(), 0
        return self.terms.refund_within or terms.refunds.within, terms.refunds.count_max

    async def submit_refund(self, refund_id: UUID) -> Refund:
        """Ask the channel for a refund that was recorded; again with the same number does no harm."""
        return await self._submit_refund(refund_id, queried=False)

    async def _submit_refund(self, refund_id: UUID, *, queried: bool) -> Refund:
        """``queried``: the channel has just said that it has no such refund, so a refusal now is its last word."""
        async with self._database.reading() as tx:
            refund = await store.read_refund(tx, refund_id)
            assert refund is not None
            attempts = (await store.read_attempts(tx, [refund.payment]))[refund.payment]
        if refund.state is not RefundState.PENDING:
            return refund
        attempt = attempts[refund.attempt - 1]
        request = RefundRequest(
            order=order_key(attempt),
            out_refund_no=refund.out_refund_no,
            amount=refund.amount,
            total=attempt.amount,
            currency=refund.currency,
            requested_at=refund.created_at,
            reason=refund.reason or None,
            notify_url=self.callback_url(refund.channel),
        )
        try:
            said = await self._channels.get(refund.channel).refund(request, now=self._clock.now())
        except ChannelError as error:
            return await self._refund_failed(refund, attempt, error, queried=queried)
        return await self._take_refund(refund, said)

    async def check_refund(self, refund_id: UUID) -> None:
        """Ask the channel where an open refund stands; whatever goes wrong, it is asked again later."""
        async with self._database.reading() as tx:
            refund = await store.read_refund(tx, refund_id)
            if refund is None or refund.state not in OPEN:
                return
            attempts = (await store.read_attempts(tx, [refund.payment]))[refund.payment]
        attempt = attempts[refund.attempt - 1]
        try:
            key = RefundKey(
                order=order_key(attempt),
                out_refund_no=refund.out_refund_no,
                requested_at=refund.created_at,
            )
            said = await self._channels.get(refund.channel).query_refund(key, now=self._clock.now())
            if said.state is ChannelRefundState.UNKNOWN_TO_CHANNEL:
                # It never arrived, so asking again under the same number is asking for the first time.
                await self._submit_refund(refund_id, queried=True)
            else:
                await self._take_refund(refund, said)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            log.warning(
                "refund_check_failed", refund=refund.shown_id, error=str(error), exc_info=defect(error)
            )
            await self._postpone(refund, attempt)

    async def _take_refund(self, refund: Refund, said: ChannelRefund) -> Refund:
        now = self._clock.now()
        return await self._database.run(
            lambda tx: refunds.record_refund(
                tx, now=now, channel=refund.channel, said=said, actor=Actor.SCHEDULE
            )
        )

    async def _refund_failed(
        self, refund: Refund, attempt: Attempt, error: ChannelError, *, queried: bool
    ) -> Refund:
        now, reason = self._clock.now(), str(error)
        if isinstance(error, ChannelUnknown) or error.retryable or (error.query_first and not queried):
            await self._postpone(refund, attempt)
            return refund
        return await self._database.run(
            lambda tx: refunds.record_refund_refused(tx, now=now, refund_id=refund.id, reason=reason)
        )

    async def _postpone(self, refund: Refund, attempt: Attempt) -> None:
        now = self._clock.now()
        await self._database.run(
            lambda tx: refunds.postpone_refund(tx, now=now, refund=refund, method=attempt.method)
        )
