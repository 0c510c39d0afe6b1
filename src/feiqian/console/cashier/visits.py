"""One request of a buyer: where it comes from, what it may choose, and what it is shown."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

from litestar import Request
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from feiqian.channels import BuyerHints, ChannelKind, PaymentMethod
from feiqian.console.cashier.devices import PAYABLE, Device, device_of
from feiqian.console.cashier.views import CashierView, show_payment
from feiqian.console.given import GivenClock, GivenDatabase, GivenGateway, GivenSandbox, GivenSettings
from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import parse_id
from feiqian.links import ASK_PREFIX, Ask, is_helped, require_ask
from feiqian.members import read_platform
from feiqian.payments import ChosenMethod, Gateway, Payment, read_payments


class Visit:
    """Somebody with a link, and the parts of the house that are needed to serve them."""

    def __init__(
        self,
        *,
        address: str,
        device: Device,
        database: Database,
        gateway: Gateway,
        clock: Clock,
        settings: Settings,
        phones: Mapping[ChannelKind, str],
    ) -> None:
        self.address = address
        """Where the request came from, as the server sees it."""
        self.device = device
        self.database = database
        self.gateway = gateway
        self.clock = clock
        self.settings = settings
        self._phones = phones

    async def payment(self, token: str) -> Payment:
        """Of a payment's own address, or of one for somebody who was asked to pay. Raises: NotFound."""
        ask = await self.ask(token)
        id = ask.payment if ask else parse_token(token)
        async with self.database.reading() as tx:
            found = await read_payments(tx, [id])
        if not found:
            raise NotFound(what="payment", name=token)
        return found[0]

    async def ask(self, token: str) -> Ask | None:
        """Who was asked to pay under this address; None where it is the payment's own. Raises: NotFound."""
        if not token.startswith(ASK_PREFIX):
            return None
        id = parse_token(token.removeprefix(ASK_PREFIX))
        async with self.database.reading() as tx:
            return await require_ask(tx, id)

    def page_url(self, token: str) -> str:
        """The cashier of a payment, for other devices and for the way back from a channel."""
        return f"{self.settings.base_url}/cashier/{token}"

    def ways(self, payment: Payment, token: str) -> list[ChosenMethod]:
        """What the platform left to the buyer and works on this device."""
        left = payment.methods or ((payment.method,) if payment.method else ())
        hints = BuyerHints(client_ip=self.address or None, return_url=self.page_url(token))
        return [ChosenMethod(method=each, payer=hints) for each in PAYABLE[self.device] if each in left]

    def open_methods(self, payment: Payment, token: str) -> list[PaymentMethod]:
        """Those of them for which there is a channel now."""
        return self.gateway.payable(payment, self.ways(payment, token))

    async def show(self, payment: Payment, token: str) -> CashierView:
        ask = await self.ask(token)
        async with self.database.reading() as tx:
            platform = await read_platform(tx, payment.platform)
            helped = await is_helped(tx, payment)
        return show_payment(
            payment,
            payee=platform.name if platform else "",
            device=self.device,
            open_methods=self.open_methods(payment, token),
            phones=self._phones,
            now=self.clock.now(),
            ask=ask,
            helped=helped,
        )


def parse_token(token: str) -> UUID:
    """The payment's id. Raises: NotFound, also when the token is malformed."""
    try:
        return parse_id("payment", f"payment_{token}")
    except InvalidRequest as error:
        raise NotFound(what="payment", name=token) from error


def _visit(
    request: Request[Any, Any, Any],
    database: GivenDatabase,
    gateway: GivenGateway,
    clock: GivenClock,
    settings: GivenSettings,
    sandbox_url: GivenSandbox,
) -> Visit:
    return Visit(
        address=request.client.host if request.client else "",
        device=device_of(request.headers.get("user-agent", "")),
        database=database,
        gateway=gateway,
        clock=clock,
        settings=settings,
        phones={ChannelKind.WECHATPAY: sandbox_url} if sandbox_url else {},
    )


GivenVisit: TypeAlias = NamedDependency[SkipValidation[Visit]]
"""``visit``: who asks, and what for."""
VISIT = {"visit": Provide(_visit, sync_to_thread=False)}
"""What a controller of the cashier declares as its dependencies."""
