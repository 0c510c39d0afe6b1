"""Payment links and shops' codes as buyers see them: what is to be paid, and the payment that is made for it."""

import asyncio
from typing import Any

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from feiqian.console.access import require_own_origin
from feiqian.console.cashier.codes import drawn
from feiqian.console.cashier.turns import Turns
from feiqian.console.cashier.visits import VISIT, GivenVisit, Visit
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import parse_id
from feiqian.links import Link, LinkKind, payment_of, refuse_closed, require_link, take_use
from feiqian.members import read_platform

USES_FROM_ONE_PLACE_A_MINUTE = 60
"""A shop's customers share one address."""
USES_OF_ONE_LINK_A_MINUTE = 300


class OfferView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be paid here; ``amount`` in minor units, none where the buyer types it."""

    kind: LinkKind
    payee: str
    shop: str | None
    description: str
    amount: int | None
    currency: str


class Begun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody wants to pay."""

    key: str
    """The page's own: tapping twice is one payment."""
    amount: int | None = None
    """What was typed, minor units."""


class BegunView(msgspec.Struct, frozen=True):
    """Where the payment is paid: a path of this site."""

    cashier: str


class LinkController(Controller):
    """One link. Whoever has it may pay."""

    path = "/pay/api/{token:str}"
    guards = (require_own_origin,)
    dependencies = VISIT

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self._of_place = Turns(count_max=USES_FROM_ONE_PLACE_A_MINUTE, period_s=60)
        self._of_link = Turns(count_max=USES_OF_ONE_LINK_A_MINUTE, period_s=60)

    @get()
    async def read(self, token: FromPath[str], visit: GivenVisit) -> OfferView:
        """Raises: NotFound, LinkClosed."""
        link = await _link(visit, token)
        refuse_closed(link, visit.clock.now())
        async with visit.database.reading() as tx:
            platform = await read_platform(tx, link.platform)
        return OfferView(
            kind=link.kind,
            payee=platform.name if platform else "",
            shop=link.shop,
            description=link.description,
            amount=link.amount,
            currency=link.currency,
        )

    @get("/code.svg")
    async def picture(self, token: FromPath[str], visit: GivenVisit) -> Response[bytes]:
        """The link's address as a QR code, for print."""
        link = await _link(visit, token)
        return drawn(f"{visit.settings.base_url}/pay/{link.token}")

    @post(status_code=200)
    async def begin(self, token: FromPath[str], data: JSONBody[Begun], visit: GivenVisit) -> BegunView:
        """Make the payment, and say where it is paid.

        Raises: TooManyTries, what links.take_use raises.
        """
        self._of_place.take(visit.address)
        self._of_link.take(token)
        link, now = await _link(visit, token), visit.clock.now()
        use = await visit.database.run(
            lambda tx: take_use(tx, now=now, link=link, key=data.key, typed=data.amount)
        )
        asked = payment_of(link, use.number, use.amount)
        payment = await asyncio.shield(visit.gateway.create(platform=link.platform, asked=asked))
        return BegunView(cashier=f"/cashier/{payment.shown_id.removeprefix('payment_')}")


async def _link(visit: Visit, token: str) -> Link:
    """Raises: NotFound, also when the token is malformed."""
    try:
        id = parse_id("link", f"link_{token}")
    except InvalidRequest as error:
        raise NotFound(what="payment link", name=token) from error
    async with visit.database.reading() as tx:
        return await require_link(tx, id)
