"""Asking channels about what is open there, each on its own: one that hangs delays no other."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from feiqian.infra.database import DatabaseUnavailable
from feiqian.payments import operations, store
from feiqian.payments.gateway.orders import defect
from feiqian.payments.gateway.placing import Placing
from feiqian.payments.gateway.refunding import Refunding
from feiqian.payments.model import Actor, NotClosable, Payment

log = structlog.get_logger(__name__)

DUE_COUNT_MAX = 200
"""About how many payments, and how many refunds, one round asks a connection."""
CHECKS_AT_ONCE = 6
"""Calls to one connection side by side: each may wait long for its channel, and holds a database connection at its end."""


class Checking(Placing, Refunding):
    """The part of the gateway that asks by itself."""

    async def check_due(self) -> int:
        """One round about everything that is due; returns how much that was."""
        ended = await self.end_overdue()
        asked = await asyncio.gather(*(self.check_channel(code) for code in await self.due_channels()))
        return ended + sum(asked)

    async def due_channels(self) -> list[str]:
        """Connections that are to be asked about something now."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            return await store.due_channels(tx, now)

    async def check_channel(self, code: str) -> int:
        """Ask one connection about everything that is due there, a few things at a time; returns how much that was."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            attempts = await store.due_attempts(tx, code, now, DUE_COUNT_MAX)
            refund_ids = await store.due_refunds(tx, code, now, DUE_COUNT_MAX)
        turn = asyncio.Semaphore(CHECKS_AT_ONCE)

        async def in_turn(check: Callable[[], Awaitable[None]]) -> None:
            async with turn:
                await check()

        async with asyncio.TaskGroup() as group:
            for payment, position in attempts:
                group.create_task(in_turn(lambda p=payment, n=position: self.check_attempt(p, n)))
            for refund in refund_ids:
                group.create_task(in_turn(lambda r=refund: self.check_refund(r)))
        return len(attempts) + len(refund_ids)

    async def check_attempt(self, payment_id: UUID, position: int) -> None:
        """Ask the channel where an open order stands; whatever goes wrong, it is asked again later."""
        async with self._database.reading() as tx:
            payment = await operations.require_payment(tx, payment_id)
            attempts = (await store.read_attempts(tx, [payment_id]))[payment_id]
        attempt = attempts[position - 1]
        if not attempt.open:
            return
        try:
            await self.ask(payment, attempt)
        except DatabaseUnavailable:
            raise
        except Exception as error:
            # Whatever one order's trouble is, the others are asked about, and it is not the first in every round.
            now, code, reason = self._clock.now(), getattr(error, "code", "defect"), str(error)
            log.warning(
                "payment_check_failed", payment=payment.shown_id, error=reason, exc_info=defect(error)
            )
            await self._database.run(
                lambda tx: operations.record_unanswered(
                    tx, now=now, attempt=attempt, code=code, reason=reason, unknown=False
                )
            )

    async def end_overdue(self) -> int:
        """Close payments whose time is over while nobody has chosen how to pay; returns how many."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            overdue = await store.read_payments(tx, await store.due_payments(tx, now, DUE_COUNT_MAX))
        for payment in overdue:
            await self._end_overdue(payment)
        return len(overdue)

    async def _end_overdue(self, payment: Payment) -> None:
        now = self._clock.now()
        try:
            await self._database.run(
                lambda tx: operations.end_payment(tx, now=now, payment=payment, actor=Actor.SCHEDULE)
            )
        except NotClosable as error:
            # Somebody has chosen a moment ago: the attempt is looked after from now on.
            log.info("payment_goes_on", payment=payment.shown_id, reason=str(error))


async def check_forever(gateway: Checking, *, every_s: float) -> None:
    """Ask about what is due until cancelled. A connection that is still being asked is not asked again; the others are.

    A round that fails is logged, the next one goes on.
    """
    lanes: dict[str, asyncio.Task[int]] = {}

    async def lane(code: str) -> int:
        try:
            return await gateway.check_channel(code)
        except Exception:
            log.exception("check_channel_failed", channel=code)
            return 0

    try:
        while True:
            try:
                await gateway.end_overdue()
                for code in await gateway.due_channels():
                    if code not in lanes or lanes[code].done():
                        lanes[code] = asyncio.create_task(lane(code))
            except Exception:
                log.exception("check_due_failed")
            await asyncio.sleep(every_s)
    finally:
        for task in lanes.values():
            task.cancel()
        await asyncio.gather(*lanes.values(), return_exceptions=True)
