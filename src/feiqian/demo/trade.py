"""Buyers at work: orders are paid and refunded, and each is waited for until the books have it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from feiqian.demo.api import PartnerApi, Payment, Refund, Sandbox
from feiqian.demo.errors import OutcomeMissing, RequestRefused
from feiqian.demo.names import supplier_name
from feiqian.demo.plan import PlannedPayment, PlannedRefund

PATIENCE_S = 30.0
"""How long an outcome may take on the real clock: far above what a busy machine needs."""
SILENCE_S = 2.0
"""After so long on the real clock the story's clock moves on a little, so that retries and checks fall due."""
_POLL_FIRST_S = 0.004
_POLL_GROWTH = 1.5
_POLL_LONGEST_S = 0.2

T = TypeVar("T")
R = TypeVar("R")


async def all_of(act: Callable[[T], Awaitable[R]], items: Sequence[T], *, at_once: int) -> list[R]:
    """Apply ``act`` to every item, at most ``at_once`` at a time; the first fault stops the rest."""
    slots = asyncio.Semaphore(at_once)

    async def one(item: T) -> R:
        async with slots:
            return await act(item)

    if len(items) == 1:
        return [await act(items[0])]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from faults
    return [task.result() for task in tasks]


class Trade:
    """Makes planned payments and refunds happen."""

    def __init__(
        self,
        *,
        partner: PartnerApi,
        sandbox: Sandbox,
        let_time_pass: Callable[[], Awaitable[None]],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """``let_time_pass`` is called after every SILENCE_S in which an outcome did not come."""
        self._partner = partner
        self._sandbox = sandbox
        self._let_time_pass = let_time_pass
        self._patience_s = patience_s
        self._merchants: set[str] = set()
        """Suppliers that the platform has already made known."""

    async def welcome(self, suppliers: Sequence[str]) -> None:
        """Make suppliers known as merchants, each once."""
        for supplier in suppliers:
            if supplier not in self._merchants:
                await self._partner.ensure_merchant(merchant_no=supplier, name=supplier_name(supplier))
                self._merchants.add(supplier)

    async def pay(self, planned: PlannedPayment) -> Payment:
        """Create the payment, let the buyer pay it, and wait until it has succeeded.

        Raises: OutcomeMissing, RequestRefused, StoryError.
        """
        payment = await self._partner.create_payment(planned)
        if payment.state == "created":
            payment = await self._payment_after(payment, "created")
        if payment.state == "awaiting_payment" and payment.next_step is not None:
            try:
                await self._sandbox.pay(planned.method, payment.next_step)
            except RequestRefused as refusal:
                return await self._paid_before(payment, refusal)
            payment = await self._payment_after(payment, "awaiting_payment")
        if payment.state != "succeeded":
            raise OutcomeMissing(f"payment {payment.id} of order {payment.order_no} is {payment.state}")
        return payment

    async def request_refund(self, planned: PlannedRefund) -> tuple[str, Refund]:
        """Ask for a refund; it is on its way when this returns. With it, the channel over which it goes back."""
        payment = await self._partner.payment_of_order(planned.order_no)
        refund = await self._partner.create_refund(
            payment_id=payment.id,
            refund_no=planned.refund_no,
            amount=planned.amount,
            reason="Goods returned",
        )
        return payment.channel, refund

    async def refunded(self, asked: tuple[str, Refund]) -> tuple[str, Refund]:
        """Wait until a refund has succeeded.

        Raises: OutcomeMissing, RequestRefused, StoryError.
        """
        channel, refund = asked

        def under_way(seen: Refund) -> bool:
            return seen.state in {"pending", "processing"}

        look = partial(self._partner.refund, refund.id)
        refund = await self._poll(refund, under_way, look, nudge=look)
        if refund.state != "succeeded":
            raise OutcomeMissing(f"refund {refund.refund_no} ({refund.id}) is {refund.state}")
        return channel, refund

    async def _payment_after(self, payment: Payment, state: str) -> Payment:
        """The payment once it has left a state; in long silence the server is made to ask the channel."""
        look = partial(self._partner.payment, payment.id)
        ask = partial(self._partner.query_payment, payment.id)
        # What is not placed yet is left to the server: it asks soon.
        nudge = ask if state == "awaiting_payment" else look
        payment = await self._poll(payment, lambda seen: seen.state == state, look, nudge=nudge)
        return await ask() if payment.state == state else payment

    async def _paid_before(self, payment: Payment, refusal: RequestRefused) -> Payment:
        """A story that was stopped goes on: the buyer had paid, the server may not have heard."""
        payment = await self._partner.query_payment(payment.id)
        if payment.state != "succeeded":
            raise refusal
        return payment

    async def _poll(
        self,
        seen: T,
        waits: Callable[[T], bool],
        look: Callable[[], Awaitable[T]],
        *,
        nudge: Callable[[], Awaitable[T]],
    ) -> T:
        """Look again until ``waits`` is false or patience ends; what was seen last. ``nudge`` looks after a silence."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_s
        nudge_at = loop.time() + SILENCE_S
        delay_s = _POLL_FIRST_S
        while waits(seen) and loop.time() < deadline:
            if loop.time() > nudge_at:
                await self._let_time_pass()
                seen = await nudge()
                nudge_at = loop.time() + SILENCE_S
                continue
            await asyncio.sleep(delay_s)
            seen = await look()
            delay_s = min(delay_s * _POLL_GROWTH, _POLL_LONGEST_S)
        return seen
