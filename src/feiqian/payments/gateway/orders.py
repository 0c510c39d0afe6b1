"""Orders at channels: placed, asked about, closed, and tried elsewhere when a channel refuses for a reason of its own."""

import time
from uuid import UUID

import structlog

from feiqian.channels import (
    METHODS,
    AlreadyPaid,
    AwaitBuyer,
    ChannelError,
    ChannelFailed,
    ChannelPayment,
    ChannelPaymentState,
    ChannelUnknown,
    OrderKey,
    PrepayRequest,
    Scene,
)
from feiqian.infra.collapse import Collapser
from feiqian.infra.database import Database, Transaction
from feiqian.kernel.clock import Clock
from feiqian.payments import confirming, operations, store
from feiqian.payments.confirming import Paid
from feiqian.payments.gateway.ports import Channels, GatewayTerms
from feiqian.payments.model import (
    Actor,
    Attempt,
    AttemptState,
    ChosenMethod,
    NoticeUnmatched,
    Payment,
    PaymentState,
    Route,
    Standing,
)

log = structlog.get_logger(__name__)

REFUSED_BY_BANK = "payment_refused"
"""Why an attempt failed whose order the channel had taken."""


class Orders:
    """The part of the gateway that deals with one order at a time."""

    def __init__(self, *, database: Database, channels: Channels, clock: Clock, terms: GatewayTerms) -> None:
        self.terms = terms
        self._database = database
        self._channels = channels
        self._clock = clock
        self._confirmations: Collapser[Paid, Payment | NoticeUnmatched] = Collapser(self._confirm_all)

    async def confirm(self, order: ChannelPayment, *, channel: str, actor: Actor) -> Payment:
        """Post a payment that a connection reports; those that arrive while a batch is being posted form the next.

        Raises: NoticeUnmatched.
        """
        identity = self._channels.get(channel).identity
        outcome = await self._confirmations.submit(
            Paid(order=order, actor=actor, channel=channel, identity=identity)
        )
        if isinstance(outcome, NoticeUnmatched):
            raise outcome
        if outcome.current is not None:
            return outcome
        # The word was about another attempt than the one that counts.
        async with self._database.reading() as tx:
            return await operations.require_payment(tx, outcome.id)

    async def _confirm_all(self, paid: list[Paid]) -> list[Payment | NoticeUnmatched]:
        now = self._clock.now()
        return await self._database.run(lambda tx: confirming.confirm(tx, now=now, paid=paid))

    def route_to(self, codes: tuple[str, ...], chosen: ChosenMethod, decision: UUID | None) -> Route:
        terms = self._channels.get(codes[0]).terms.methods[chosen.method]
        return Route(
            method=chosen.method,
            channels=codes,
            notify_url=self.callback_url(codes[0]),
            lifetime_max=terms.lifetime_max,
            decision=decision,
            hints=chosen.payer,
            key=chosen.key,
        )

    def callback_url(self, code: str) -> str:
        """Where a connection reports."""
        return f"{self.terms.callback_url}/{code}"

    async def place(self, payment: Payment, *, known: bool = False) -> Payment:
        """Place the order of a payment's attempt; at the next connection when this one refuses for a reason of its own.

        ``known``: the channel has just said that it has the order, so a refusal does not mean that nobody can pay it.
        """
        while True:
            attempt = payment.order
            now, begun = self._clock.now(), time.perf_counter()
            try:
                prepaid = await self._channels.get(attempt.channel).prepay(
                    _prepay_request(payment, attempt), now=now
                )
            except ChannelError as error:
                self._note(attempt, error, begun)
                payment, elsewhere = await self._not_placed(payment, error, known=known)
                if not elsewhere:
                    return payment
                known = False
                continue
            self._note(attempt, None, begun)
            if isinstance(prepaid.next_step, AlreadyPaid):
                return await self.confirm(
                    prepaid.next_step.payment, channel=attempt.channel, actor=Actor.SCHEDULE
                )
            taken = await self._database.run(
                lambda tx, now=now, payment=payment, step=prepaid.next_step: operations.record_prepaid(
                    tx, now=now, payment=payment, next_step=step
                )
            )
            if taken.state is not PaymentState.AWAITING_PAYMENT or taken.order.position != attempt.position:
                await self._take_back(attempt)
            return taken

    def _note(self, attempt: Attempt, error: ChannelError | None, begun: float) -> None:
        self._channels.note(
            attempt.channel,
            attempt.method,
            error=error,
            took_s=time.perf_counter() - begun,
            now=self._clock.now(),
        )

    async def _not_placed(
        self, payment: Payment, error: ChannelError, *, known: bool
    ) -> tuple[Payment, bool]:
        """What a call that did not succeed does to the order that it was to place, and whether there is another to be
        placed instead."""
        attempt, now = payment.order, self._clock.now()
        # str() of an error is read now: the lambdas run after the except block has ended.
        code, reason = error.code, str(error)
        elsewhere = error.switch and bool(attempt.next_channels)
        unknown = isinstance(error, ChannelUnknown) or error.query_first
        if unknown or (error.retryable and not elsewhere):
            return await self._unanswered(payment, code, reason, unknown=unknown), False
        if known:
            try:
                await self._channels.get(attempt.channel).close(order_key(attempt), now=now)
            except ChannelError:
                return await self._unanswered(payment, code, reason, unknown=True), False
        route: Route | None = None
        if elsewhere:
            chosen = ChosenMethod(method=attempt.method, payer=attempt.hints, key=attempt.key)
            route = self.route_to(attempt.next_channels, chosen, attempt.decision)
        after = await self._database.run(
            lambda tx: operations.record_refused(
                tx, now=now, attempt=attempt, code=code, reason=reason, following=route
            )
        )
        made = after.order.position == attempt.position + 1 and after.order.placed_at == now
        return after, route is not None and made

    async def _unanswered(self, payment: Payment, code: str, reason: str, *, unknown: bool) -> Payment:
        now = self._clock.now()

        async def operation(tx: Transaction) -> Payment:
            await operations.record_unanswered(
                tx, now=now, attempt=payment.order, code=code, reason=reason, unknown=unknown
            )
            return await operations.require_payment(tx, payment.id)

        return await self._database.run(operation)

    async def _take_back(self, attempt: Attempt) -> None:
        """The channel took an order that was given up while it was being placed: nobody is to pay it."""
        async with self._database.reading() as tx:
            attempts = (await store.read_attempts(tx, [attempt.payment]))[attempt.payment]
        if attempts[attempt.position - 1].state not in (AttemptState.CLOSED, AttemptState.FAILED):
            return
        try:
            await self._channels.get(attempt.channel).close(order_key(attempt), now=self._clock.now())
        except ChannelError as error:
            # Should it be paid after all, the money is taken as any that comes late.
            log.warning("order_left_open", order=attempt.out_trade_no, error=str(error))

    async def ask(self, payment: Payment, attempt: Attempt) -> Payment:
        """Ask the channel about one order and go on from its answer."""
        order = await self._query(attempt)
        now = self._clock.now()
        match order.state:
            case ChannelPaymentState.PAID | ChannelPaymentState.REFUNDED:
                return await self.confirm(order, channel=attempt.channel, actor=Actor.SCHEDULE)
            case ChannelPaymentState.CLOSED:
                return await self._closed(attempt, Actor.CHANNEL)
            case ChannelPaymentState.FAILED:
                return await self._refused_by_bank(attempt)
            case ChannelPaymentState.NOT_PAID | ChannelPaymentState.UNKNOWN_TO_CHANNEL:
                known = order.state is ChannelPaymentState.NOT_PAID
                if now >= attempt.expires_at or payment.state in operations.PAID:
                    if not known:
                        return await self._closed(attempt, Actor.SCHEDULE)
                    return await self.end(attempt, actor=Actor.SCHEDULE, standing=None)
                if attempt.state is AttemptState.AWAITING_PAYMENT:
                    await self._database.run(
                        lambda tx: operations.record_not_paid(tx, now=now, attempt=attempt)
                    )
                    return payment
                if known and METHODS[attempt.method].scene is Scene.BARCODE:
                    # The code was taken: the buyer has the phone in hand.
                    return await self._database.run(
                        lambda tx: operations.record_prepaid(
                            tx, now=now, payment=payment, next_step=AwaitBuyer()
                        )
                    )
                return await self.place(payment, known=known)

    async def end(self, attempt: Attempt, *, actor: Actor, standing: Standing | None) -> Payment:
        """Make an order certainly unpayable; if it turns out to be paid, the payment is that instead.

        Raises: ChannelError when the channel gives no certain answer.
        """
        waiting = attempt.state is AttemptState.AWAITING_PAYMENT
        if not waiting or METHODS[attempt.method].scene is Scene.BARCODE:
            # It may never have arrived; and a barcode order that is closed goes back to its buyer even when it is paid.
            settled = await self._settled(attempt, actor, standing)
            if settled is not None:
                return settled
        try:
            await self._channels.get(attempt.channel).close(order_key(attempt), now=self._clock.now())
        except ChannelFailed:
            # Most likely paid a moment ago.
            settled = await self._settled(attempt, actor, standing)
            if settled is None:
                raise
            return settled
        return await self._closed(attempt, actor, standing)

    async def _settled(self, attempt: Attempt, actor: Actor, standing: Standing | None) -> Payment | None:
        """The payment, if its channel says that the order is paid or cannot be paid any more; None while it can."""
        order = await self._query(attempt)
        match order.state:
            case ChannelPaymentState.PAID | ChannelPaymentState.REFUNDED:
                return await self.confirm(order, channel=attempt.channel, actor=Actor.SCHEDULE)
            case ChannelPaymentState.NOT_PAID:
                return None
            case _:
                return await self._closed(attempt, actor, standing)

    async def _query(self, attempt: Attempt) -> ChannelPayment:
        return await self._channels.get(attempt.channel).query(order_key(attempt), now=self._clock.now())

    async def _closed(self, attempt: Attempt, actor: Actor, standing: Standing | None = None) -> Payment:
        now = self._clock.now()
        return await self._database.run(
            lambda tx: operations.record_closed(tx, now=now, attempt=attempt, actor=actor, standing=standing)
        )

    async def _refused_by_bank(self, attempt: Attempt) -> Payment:
        now = self._clock.now()
        return await self._database.run(
            lambda tx: operations.record_refused(
                tx,
                now=now,
                attempt=attempt,
                code=REFUSED_BY_BANK,
                reason="The channel or the buyer's bank refused the payment.",
            )
        )


def _prepay_request(payment: Payment, attempt: Attempt) -> PrepayRequest:
    return PrepayRequest(
        out_trade_no=attempt.out_trade_no,
        method=attempt.method,
        amount=attempt.amount,
        currency=attempt.currency,
        description=payment.description,
        placed_at=attempt.placed_at,
        expires_at=attempt.expires_at,
        notify_url=attempt.notify_url,
        buyer=attempt.hints,
    )


def order_key(attempt: Attempt) -> OrderKey:
    """By what a channel finds an order."""
    return OrderKey(
        out_trade_no=attempt.out_trade_no,
        method=attempt.method,
        placed_at=attempt.placed_at,
        transaction_no=attempt.transaction_no,
    )


def defect(error: Exception) -> Exception | None:
    """What deserves its trace in the log: everything but a channel's refusal or silence."""
    return None if isinstance(error, ChannelError) else error
