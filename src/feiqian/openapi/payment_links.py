"""Payment links and shops' codes for partners."""

from datetime import datetime

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from feiqian.channels import PaymentMethod
from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import parse_id, show_id
from feiqian.links import Link, LinkKind, LinkLine, NewLink, close_link, create_link, require_link
from feiqian.members import Caller, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase, GivenSettings

WEB_METHODS = (
    PaymentMethod.WECHATPAY_NATIVE,
    PaymentMethod.WECHATPAY_H5,
    PaymentMethod.ALIPAY_QR,
    PaymentMethod.ALIPAY_WAP,
    PaymentMethod.ALIPAY_PAGE,
    PaymentMethod.UNIONPAY_B2C,
)
"""What a page can offer to anybody; which of it is open, the cashier says on each device."""


class NewPaymentLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to be made."""

    link_no: str
    """Your number for it: sending it again returns the first answer."""
    description: str
    """What the buyer reads on the phone, at most 127 characters."""
    lines: list[LinkLine]
    """Whose the money is; they add up to the amount. Without an amount: one line without one."""
    amount: int | None = None
    """Minor units; none: the buyer types it."""
    currency: str | None = None
    """The books' own when it is left out."""
    shop: str | None = None
    """What the buyer reads above, such as the shop's name; at most 64 characters."""
    methods: tuple[PaymentMethod, ...] = WEB_METHODS
    """From which the buyer chooses."""
    uses_max: int | None = 1
    """How many payments may succeed, at most 1,000; null: any number."""
    expires_at: datetime | None = None
    """Nobody begins to pay from then on."""


class NewPaymentCode(msgspec.Struct, frozen=True, kw_only=True):
    """A shop's code to be made, for print: the buyer types the amount."""

    code_no: str
    """Your number for it, such as the counter's: sending it again returns the first answer."""
    merchant_no: str
    shop: str
    """What the buyer reads above, such as the shop's name and counter; at most 64 characters."""
    description: str = "到店付款"
    """What the buyer reads on the phone and on the channel's bill."""
    methods: tuple[PaymentMethod, ...] = WEB_METHODS


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link or a shop's code."""

    id: str
    link_no: str
    url: str
    """What buyers open, and what the picture says."""
    picture_url: str
    """The QR code, as SVG."""
    amount: int | None
    currency: str
    description: str
    shop: str | None
    lines: list[LinkLine]
    methods: list[PaymentMethod]
    uses_max: int | None
    expires_at: datetime | None
    created_at: datetime
    closed_at: datetime | None


class PaymentLinkController(Controller):
    """Addresses that you send to buyers: each use makes a payment, whose ``metadata`` names the link."""

    path = "/v1/payment-links"
    tags = ("payment links",)
    opt = needs(Scope.PAYMENTS)

    @post(summary="Create a payment link")
    async def create(
        self,
        data: JSONBody[NewPaymentLink],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
    ) -> LinkView:
        """The same number with the same content again returns the first."""
        fields = {**msgspec.structs.asdict(data), "currency": data.currency or settings.currency}
        return await _create(LinkKind.LINK, NewLink(**fields), caller, database, clock, settings)

    @get("/{link_id:str}", summary="Get a payment link")
    async def read(
        self, link_id: FromPath[str], caller: GivenCaller, database: GivenDatabase, settings: GivenSettings
    ) -> LinkView:
        return _view(await _find(LinkKind.LINK, link_id, caller, database), settings)

    @post("/{link_id:str}/close", summary="Call a payment link off", status_code=200)
    async def close(
        self,
        link_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
    ) -> LinkView:
        """Who has begun to pay may end."""
        return await _close(LinkKind.LINK, link_id, caller, database, clock, settings)


class PaymentCodeController(Controller):
    """Codes for counters: one picture for WeChat, Alipay, UnionPay and browsers."""

    path = "/v1/payment-codes"
    tags = ("payment links",)
    opt = needs(Scope.PAYMENTS)

    @post(summary="Create a shop's code")
    async def create(
        self,
        data: JSONBody[NewPaymentCode],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
    ) -> LinkView:
        """The same number with the same content again returns the first."""
        asked = NewLink(
            link_no=data.code_no,
            currency=settings.currency,
            description=data.description,
            shop=data.shop,
            lines=[LinkLine(merchant_no=data.merchant_no)],
            methods=data.methods,
        )
        return await _create(LinkKind.CODE, asked, caller, database, clock, settings)

    @get("/{code_id:str}", summary="Get a shop's code")
    async def read(
        self, code_id: FromPath[str], caller: GivenCaller, database: GivenDatabase, settings: GivenSettings
    ) -> LinkView:
        return _view(await _find(LinkKind.CODE, code_id, caller, database), settings)

    @post("/{code_id:str}/close", summary="Take a shop's code out of use", status_code=200)
    async def close(
        self,
        code_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
    ) -> LinkView:
        """Who has begun to pay may end."""
        return await _close(LinkKind.CODE, code_id, caller, database, clock, settings)


async def _create(
    kind: LinkKind, asked: NewLink, caller: Caller, database: Database, clock: Clock, settings: Settings
) -> LinkView:
    if asked.currency != settings.currency:
        raise InvalidRequest(field="currency", reason=f"must be {settings.currency}")
    now = clock.now()
    link = await database.run(
        lambda tx: create_link(tx, now=now, platform=caller.platform, kind=kind, asked=asked)
    )
    return _view(link, settings)


async def _find(kind: LinkKind, id: str, caller: Caller, database: Database) -> Link:
    wanted = parse_id(kind.value, id)
    async with database.reading() as tx:
        return await require_link(tx, wanted, platform=caller.platform, kind=kind)


async def _close(
    kind: LinkKind, id: str, caller: Caller, database: Database, clock: Clock, settings: Settings
) -> LinkView:
    link, now = await _find(kind, id, caller, database), clock.now()
    return _view(await database.run(lambda tx: close_link(tx, now=now, link=link)), settings)


def _view(link: Link, settings: Settings) -> LinkView:
    return LinkView(
        id=show_id(link.kind.value, link.id),
        link_no=link.link_no,
        url=f"{settings.base_url}/pay/{link.token}",
        picture_url=f"{settings.base_url}/pay/api/{link.token}/code.svg",
        amount=link.amount,
        currency=link.currency,
        description=link.description,
        shop=link.shop,
        lines=link.lines,
        methods=list(link.methods),
        uses_max=link.uses_max,
        expires_at=link.expires_at,
        created_at=link.created_at,
        closed_at=link.closed_at,
    )
