"""Which facts platforms are told, written in the transaction of the fact."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from feiqian.infra.database import EventBus, Transaction
from feiqian.members import WebhookSet
from feiqian.openapi.webhooks.model import NewEvent
from feiqian.openapi.webhooks.operations import take_webhook
from feiqian.openapi.webhooks.store.endpoints import listening
from feiqian.openapi.webhooks.store.writing import tell_platforms
from feiqian.payments import (
    Payment,
    PaymentClosed,
    PaymentConflicted,
    PaymentsSucceeded,
    RefundSettled,
    show_payments,
    show_refunds,
)


def follow_members(events: EventBus) -> None:
    """Listen to what the members domain says about a platform's address."""
    events.subscribe(WebhookSet, take_webhook)


class Facts:
    """Turns facts into events for the platforms that listen; for the others it costs one question."""

    def __init__(self, *, base_url: str) -> None:
        self._base_url = base_url

    def subscribe(self, events: EventBus) -> None:
        """Listen to what platforms are told of."""
        follow_members(events)
        events.subscribe(PaymentsSucceeded, self._succeeded)
        events.subscribe(PaymentClosed, self._payment)
        events.subscribe(PaymentConflicted, self._payment)
        events.subscribe(RefundSettled, self._refund)

    async def _succeeded(self, tx: Transaction, fact: PaymentsSucceeded) -> None:
        await self._tell(tx, fact.payments, fact.at)

    async def _payment(self, tx: Transaction, fact: PaymentClosed | PaymentConflicted) -> None:
        await self._tell(tx, [fact.payment], fact.at)

    async def _tell(self, tx: Transaction, payments: Sequence[Payment], at: datetime) -> None:
        """However many payments were posted together: one question, their views, one insert."""
        heard = await listening(tx, list({payment.platform for payment in payments}))
        told = [payment for payment in payments if payment.platform in heard]
        if not told:
            return
        views = await show_payments(tx, told, base_url=self._base_url)
        await tell_platforms(
            tx,
            [
                NewEvent(
                    platform=payment.platform,
                    topic=f"payment.{view.state}",
                    object=view.id,
                    payload=msgspec.to_builtins(view),
                    at=at,
                )
                for payment, view in zip(told, views, strict=True)
            ],
        )

    async def _refund(self, tx: Transaction, fact: RefundSettled) -> None:
        if not await listening(tx, [fact.refund.platform]):
            return
        (view,) = await show_refunds(tx, [fact.refund])
        await tell_platforms(
            tx,
            [
                NewEvent(
                    platform=fact.refund.platform,
                    topic=f"refund.{view.state}",
                    object=view.id,
                    payload=msgspec.to_builtins(view),
                    at=fact.at,
                )
            ],
        )
