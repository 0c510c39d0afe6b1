"""Payments: created, paid in another way, asked about, called off."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from feiqian.channels import ChannelError, PaymentMethod
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, Refusal
from feiqian.kernel.ids import new_id
from feiqian.payments import operations, rules, store
from feiqian.payments.events import AttemptRouted
from feiqian.payments.gateway.orders import Orders
from feiqian.payments.gateway.ports import ChannelAsk, Choice
from feiqian.payments.model import (
    Actor,
    ChosenMethod,
    NewPayment,
    Payment,
    PaymentEnded,
    PaymentState,
    Standing,
)

log = structlog.get_logger(__name__)


class Placing(Orders):
    """The part of the gateway that deals with a payment and its attempts."""

    async def create(self, *, platform: UUID, asked: NewPayment) -> Payment:
        """Record a payment and, where the way to pay is known, place its order. Without a certain answer it stays
        ``created`` and is asked about later.

        Raises: what operations.create_payment raises, InvalidRequest for another currency, what ``Channels.choose``
        raises.
        """
        if asked.currency != self.terms.currency:
            raise InvalidRequest(field="currency", reason=f"must be {self.terms.currency}")
        now = self._clock.now()
        id = new_id(now)
        method = asked.method or (None if asked.methods else self.terms.method)
        choice, route = None, None
        if method is not None:
            chosen = ChosenMethod(method=method, payer=asked.payer)
            ask = ChannelAsk(
                payment=id,
                platform=platform,
                merchant_nos=tuple(dict.fromkeys(line.merchant_no for line in asked.lines)),
                method=method,
                amount=asked.amount,
                currency=asked.currency,
                buyer=asked.buyer,
                hints=asked.payer,
            )
            rules.check_new(asked)
            try:
                choice = self._channels.choose(ask, now=now)
            except Refusal:
                # Whoever asks again is answered as the first time, whatever could be chosen now.
                had = await self._repeated(platform, asked, chosen)
                if had is None:
                    raise
                return had
            route = self.route_to(choice.codes, chosen, choice.decision)

        async def operation(tx: Transaction) -> Payment:
            payment = await operations.create_payment(
                tx,
                now=now,
                id=id,
                platform=platform,
                fee_rate=self.terms.fee_rate,
                asked=asked,
                route=route,
            )
            if payment.id == id and choice is not None:
                await tx.publish(AttemptRouted(payment.order, choice.decision, choice.trace, now))
            return payment

        payment = await self._database.run(operation)
        if payment.state is not PaymentState.CREATED:
            return payment
        return await self.place(payment) if payment.id == id else await self._resume(payment)

    async def attempt(self, payment: Payment, chosen: ChosenMethod, *, actor: Actor) -> Payment:
        """Have a payment paid in this way. What was open before is closed at its channel first: only when it can certainly
        not be paid any more, another order is placed. The same method again, or under the same key, is the same attempt.

        Raises: PaymentEnded (also when the buyer has just paid: the payment has succeeded then), MethodNotAllowed,
        TooManyAttempts, InvalidRequest, what ``Channels.choose`` raises, ChannelError when what is open cannot be closed
        for certain.
        """
        rules.check_hints(chosen.payer)
        while True:
            now = self._clock.now()
            async with self._database.reading() as tx:
                payment = await operations.require_payment(tx, payment.id)
                attempts = (await store.read_attempts(tx, [payment.id]))[payment.id]
            if rules.is_repeated(chosen, payment, attempts):
                return await self._resume(payment)
            rules.refuse_choice(payment, chosen.method, now)
            choice = self._channels.choose(_ask_about(payment, chosen), now=now)
            if payment.current is not None and payment.current.open:
                payment = await self.end(payment.current, actor=actor, standing=Standing.OPEN)
                if payment.state in operations.PAID:
                    raise PaymentEnded(state=payment.state.value)
            added = await self._add(payment, choice, chosen, actor)
            if added is not None:
                return await self.place(added)

    def payable(self, payment: Payment, ways: Sequence[ChosenMethod]) -> list[PaymentMethod]:
        """The methods of these that ``attempt`` would take now: allowed, and with a connection; nothing is asked of anybody."""
        now = self._clock.now()
        found: list[PaymentMethod] = []
        for chosen in ways:
            try:
                rules.refuse_choice(payment, chosen.method, now)
                self._channels.choose(_ask_about(payment, chosen), now=now)
            except Refusal:
                continue
            found.append(chosen.method)
        return found

    async def query(self, payment: Payment) -> Payment:
        """Ask the channel where a payment's order stands and record the answer.

        Raises: ChannelError when the channel gives no answer.
        """
        if payment.current is None:
            return payment
        return await self.ask(payment, payment.current)

    async def close(self, payment: Payment, *, actor: Actor) -> Payment:
        """Make an unpaid payment unpayable.

        Raises: NotClosable when it is paid, ChannelError when the channel gives no certain answer.
        """
        if payment.state in operations.ENDED:
            return payment
        operations.refuse_unclosable(payment)
        if payment.current is not None and payment.current.open:
            ended = await self.end(payment.current, actor=actor, standing=Standing.ENDED)
            operations.refuse_unclosable(ended)
            if ended.state is not PaymentState.REQUIRES_METHOD:
                return ended
            payment = ended
        now = self._clock.now()
        return await self._database.run(
            lambda tx: operations.end_payment(tx, now=now, payment=payment, actor=actor)
        )

    async def _repeated(self, platform: UUID, asked: NewPayment, chosen: ChosenMethod) -> Payment | None:
        return await self._database.run(
            lambda tx: operations.repeat_payment(
                tx, platform=platform, fee_rate=self.terms.fee_rate, asked=asked, method=chosen.method
            )
        )

    async def _add(
        self, payment: Payment, choice: Choice, chosen: ChosenMethod, actor: Actor
    ) -> Payment | None:
        """None when somebody else has made an attempt meanwhile."""
        now, route = self._clock.now(), self.route_to(choice.codes, chosen, choice.decision)

        async def operation(tx: Transaction) -> Payment | None:
            added = await operations.add_attempt(tx, now=now, payment=payment, route=route, actor=actor)
            if added is not None:
                await tx.publish(AttemptRouted(added.order, choice.decision, choice.trace, now))
            return added

        return await self._database.run(operation)

    async def _resume(self, payment: Payment) -> Payment:
        """Go on where it was left: somebody asks again for what may never have reached its channel."""
        if payment.state is not PaymentState.CREATED:
            return payment
        try:
            return await self.ask(payment, payment.order)
        except ChannelError as error:
            log.info("payment_still_unknown", payment=payment.shown_id, error=str(error))
            return payment


def _ask_about(payment: Payment, chosen: ChosenMethod) -> ChannelAsk:
    return ChannelAsk(
        payment=payment.id,
        platform=payment.platform,
        merchant_nos=(),
        method=chosen.method,
        amount=payment.amount,
        currency=payment.currency,
        buyer=payment.buyer,
        hints=chosen.payer,
    )
