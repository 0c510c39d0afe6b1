"""The cashier's API: public, for whoever has the link."""

import asyncio
from typing import Any

import msgspec
import structlog
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect

from feiqian.channels import ChannelError, PaymentMethod
from feiqian.console.access import require_own_origin
from feiqian.console.cashier.codes import drawn
from feiqian.console.cashier.turns import Turns
from feiqian.console.cashier.views import CashierView
from feiqian.console.cashier.visits import VISIT, GivenVisit, Visit, parse_token
from feiqian.kernel.errors import NotFound, Refusal
from feiqian.links import ASK_PREFIX, Ask, ask_to_pay, record_helper
from feiqian.payments import Actor, ChosenMethod, Payment

log = structlog.get_logger(__name__)

CHOICES_A_MINUTE = 10
"""Of one payment: each may close an order and place another."""
CHOICES_FROM_ONE_PLACE_A_MINUTE = 120
"""A shop's customers share one address."""
TOLD = frozenset({"payment_ended", "too_many_attempts", "database_unavailable"})
"""Refusals whose sentences are for buyers; of all others the reasons are the house's own."""


class WayClosed(Refusal):
    """The way that a buyer chose cannot be used: why is the house's own business."""

    code = "way_closed"
    status = 409
    english = "This way to pay is not available right now. Choose another, or try again in a moment."
    chinese = "该支付方式暂时不可用，请换一种方式，或稍后再试。"
    retryable = True


class Tapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a buyer chose."""

    method: PaymentMethod


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody else shall pay."""

    asker: str
    """How the buyer signs, at most 20 characters."""
    message: str = ""
    """At most 100 characters."""


class AskedView(msgspec.Struct, frozen=True):
    """What to send to whoever shall pay."""

    url: str
    picture: str
    """The path of its QR code."""


class CashierController(Controller):
    """One payment. Whoever has the link may look, and choose how to pay."""

    path = "/cashier/api/{token:str}"
    guards = (require_own_origin,)
    dependencies = VISIT

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self._of_payment = Turns(count_max=CHOICES_A_MINUTE, period_s=60)
        self._of_place = Turns(count_max=CHOICES_FROM_ONE_PLACE_A_MINUTE, period_s=60)

    @get()
    async def read(self, token: FromPath[str], visit: GivenVisit) -> CashierView:
        """The order, what is open to it on this device, and what to do next."""
        return await visit.show(await visit.payment(token), token)

    @get("/qr.svg")
    async def code(self, token: FromPath[str], visit: GivenVisit) -> Response[bytes]:
        """The channel's code of a payment that may be paid by one."""
        code_url = (await visit.payment(token)).code_url
        if code_url is None:
            raise NotFound(what="QR code", name=token)
        return drawn(code_url)

    @get("/page.svg")
    async def page_code(self, token: FromPath[str], visit: GivenVisit) -> Response[bytes]:
        """The aggregate code: this page's own address, which every app that scans it opens in its own browser."""
        await visit.payment(token)
        return drawn(visit.page_url(token))

    @post("/attempts", status_code=200)
    async def choose(self, token: FromPath[str], data: JSONBody[Tapped], visit: GivenVisit) -> CashierView:
        """Choose how to pay, or choose again; what was open before is closed first.

        Raises: TooManyTries, WayClosed, PaymentEnded, TooManyAttempts, NotFound.
        """
        self._of_place.take(visit.address)
        self._of_payment.take(token)
        payment, ask = await visit.payment(token), await visit.ask(token)
        way = next((way for way in visit.ways(payment, token) if way.method is data.method), None)
        if way is None:
            raise WayClosed
        try:
            # Once begun it goes to its end, also when the buyer leaves meanwhile.
            payment = await asyncio.shield(_attempt(visit, payment, way, ask))
        except Refusal as refusal:
            log.warning(
                "choice_refused",
                payment=payment.shown_id,
                method=data.method.value,
                reason=str(refusal),
                channel=isinstance(refusal, ChannelError),
            )
            if refusal.code in TOLD:
                raise
            raise WayClosed from refusal
        return await visit.show(payment, token)

    @post("/asks", status_code=200)
    async def ask(self, token: FromPath[str], data: JSONBody[Asking], visit: GivenVisit) -> AskedView:
        """Make an address for somebody who is to pay: it says who asks, for what and how much, and no more.

        Raises: TooManyTries, AskTooLate, TooManyAsks, InvalidRequest, NotFound.
        """
        self._of_place.take(visit.address)
        self._of_payment.take(token)
        if token.startswith(ASK_PREFIX):
            raise NotFound(what="payment", name=token)
        payment, now = await visit.payment(token), visit.clock.now()
        ask = await visit.database.run(
            lambda tx: ask_to_pay(tx, now=now, payment=payment, asker=data.asker, message=data.message)
        )
        return AskedView(url=visit.page_url(ask.token), picture=f"/cashier/api/{ask.token}/page.svg")


async def _attempt(visit: Visit, payment: Payment, way: ChosenMethod, ask: Ask | None) -> Payment:
    after = await visit.gateway.attempt(payment, way, actor=Actor.HELPER if ask else Actor.BUYER)
    if ask is not None:
        await visit.database.run(lambda tx: record_helper(tx, ask=ask, attempt=after.order.position))
    return after


class PageController(Controller):
    """What else happens at the page's own address."""

    path = "/cashier/{token:str}"

    @post(status_code=303)
    async def come_back(self, token: FromPath[str]) -> Redirect:
        """UnionPay sends the browser back by a form. What it says is not believed: the page asks for the payment."""
        parse_token(token.removeprefix(ASK_PREFIX))
        return Redirect(f"/cashier/{token}", status_code=303)
