"""Events for platforms: written with the fact, delivered at least once afterwards, signed.

Source: the Standard Webhooks specification (headers ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``).
"""

import asyncio
import base64
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from feiqian.infra.database import Database, Transaction
from feiqian.infra.http import HttpClient, HttpUnknown, HttpUnreachable
from feiqian.kernel.clock import Clock
from feiqian.kernel.ids import new_id, show_id
from feiqian.members import Platform, read_platform
from feiqian.openapi import store
from feiqian.openapi.store import OutboxEvent
from feiqian.payments import (
    Payment,
    PaymentClosed,
    PaymentConflicted,
    PaymentsSucceeded,
    RefundSettled,
    show_payments,
    show_refunds,
)

log = structlog.get_logger(__name__)

RETRY_AFTER_S = (60, 300, 300, 600, 600, 600, 600, 600, 3600, 3600, 3600, 3600, 3600, 21600, 21600, 21600)
"""After each failed delivery; after the last one an event is given up and stays listed with its error."""
TIMEOUT_S = 10
PREFIX = "whsec_"
TAKEN_FOR = timedelta(seconds=60)
BATCH_COUNT = 50


class Webhooks:
    """Writes events into the outbox and delivers them."""

    def __init__(self, *, database: Database, http: HttpClient, clock: Clock, base_url: str) -> None:
        self._database = database
        self._http = http
        self._clock = clock
        self._base_url = base_url

    def subscribe(self) -> None:
        """Listen to what platforms are told."""
        events = self._database.events
        events.subscribe(PaymentsSucceeded, self._succeeded)
        events.subscribe(PaymentClosed, self._payment)
        events.subscribe(PaymentConflicted, self._payment)
        events.subscribe(RefundSettled, self._refund)

    async def _succeeded(self, tx: Transaction, event: PaymentsSucceeded) -> None:
        for platform_id in {payment.platform for payment in event.payments}:
            told = [payment for payment in event.payments if payment.platform == platform_id]
            await self._tell(tx, told, event.at)

    async def _payment(self, tx: Transaction, event: PaymentClosed | PaymentConflicted) -> None:
        await self._tell(tx, [event.payment], event.at)

    async def _tell(self, tx: Transaction, payments: Sequence[Payment], at: datetime) -> None:
        """Write events about payments of one platform, if it wants to be told."""
        platform = await read_platform(tx, payments[0].platform)
        if platform is None or platform.webhook_url is None:
            return
        views = await show_payments(tx, payments, base_url=self._base_url)
        for payment, view in zip(payments, views, strict=True):
            await self._write(tx, platform, f"payment.{payment.state.value}", view, at)

    async def _refund(self, tx: Transaction, event: RefundSettled) -> None:
        platform = await read_platform(tx, event.refund.platform)
        if platform is None or platform.webhook_url is None:
            return
        (view,) = await show_refunds(tx, [event.refund])
        await self._write(tx, platform, f"refund.{event.refund.state.value}", view, event.at)

    async def _write(
        self, tx: Transaction, platform: Platform, topic: str, view: msgspec.Struct, at: datetime
    ) -> None:
        payload = {"type": topic, "timestamp": at.isoformat(), "data": msgspec.to_builtins(view)}
        await store.insert_event(
            tx,
            OutboxEvent(
                id=new_id(at), platform=platform.id, topic=topic, payload=payload, occurred_at=at, attempts=0
            ),
        )

    async def deliver_due(self) -> int:
        """Deliver what is due; returns how many were tried."""
        now = self._clock.now()
        events = await self._database.run(
            lambda tx: store.take_due(tx, now=now, until=now + TAKEN_FOR, limit=BATCH_COUNT)
        )
        for event in events:
            await self._deliver(event)
        return len(events)

    async def deliver_forever(self, *, every_s: float) -> None:
        """Round after round until cancelled. A round that fails is logged, the next one goes on."""
        while True:
            try:
                full = await self.deliver_due() == BATCH_COUNT
            except Exception:
                log.exception("webhook_round_failed")
                full = False
            if not full:
                await asyncio.sleep(every_s)

    async def _deliver(self, event: OutboxEvent) -> None:
        async with self._database.reading() as tx:
            platform = await read_platform(tx, event.platform)
        error = (
            await self._post(event, platform)
            if platform and platform.webhook_url
            else "no webhook_url is set"
        )
        now = self._clock.now()
        if error is None:
            await self._database.run(lambda tx: store.set_delivered(tx, [event.id], now))
            return
        wait = RETRY_AFTER_S[event.attempts - 1] if event.attempts <= len(RETRY_AFTER_S) else None
        next_at = None if wait is None else now + timedelta(seconds=wait)
        log.warning("webhook_undelivered", id=str(event.id), attempt=event.attempts, error=error)
        await self._database.run(lambda tx: store.set_undelivered(tx, event.id, error=error, next_at=next_at))

    async def _post(self, event: OutboxEvent, platform: Platform) -> str | None:
        """Deliver once; None when the platform answered 2xx, else what went wrong."""
        assert platform.webhook_url is not None
        id = show_id("event", event.id)
        timestamp = str(int(self._clock.now().timestamp()))
        body = msgspec.json.encode(event.payload)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign(platform.webhook_secret or "", id, timestamp, body),
        }
        try:
            answer = await self._http.request(
                method="POST", url=platform.webhook_url, headers=headers, body=body, timeout_s=TIMEOUT_S
            )
        except (HttpUnreachable, HttpUnknown) as error:
            return str(error)
        return None if 200 <= answer.status < 300 else f"answered {answer.status}"


def sign(secret: str, id: str, timestamp: str, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``; a ``whsec_`` secret is base64 of its key."""
    key = base64.b64decode(secret.removeprefix(PREFIX)) if secret.startswith(PREFIX) else secret.encode()
    digest = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(digest).decode()
