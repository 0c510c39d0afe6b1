"""The cashier: what a buyer sees of one payment, known by the unguessable part of its id."""

import io
from datetime import datetime
from urllib.parse import quote

import msgspec
import segno
from litestar import Controller, Response, get
from litestar.params import FromPath

from feiqian.console.given import GivenClock, GivenDatabase, GivenSandbox
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import parse_id
from feiqian.members import read_platform
from feiqian.payments import Payment, PaymentState, read_payments

QR_QUIET_ZONE = 4
"""Modules of white around the code: what ISO/IEC 18004 asks for."""


class CashierView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as its buyer sees it; ``amount`` in minor units."""

    state: PaymentState
    amount: int
    currency: str
    description: str
    payee: str
    order_no: str
    expires_at: datetime
    code_url: str | None
    """What the QR code says, while it may be paid."""
    paid_at: datetime | None
    now: datetime
    """By which the page counts down."""
    phone_url: str | None
    """The simulated buyer's phone; only in the sandbox."""


class CashierController(Controller):
    """Public: whoever has the link may look."""

    path = "/cashier/api/{token:str}"

    @get()
    async def read(
        self,
        token: FromPath[str],
        database: GivenDatabase,
        clock: GivenClock,
        sandbox_url: GivenSandbox,
    ) -> CashierView:
        async with database.reading() as tx:
            payment = await _payment(tx, token)
            platform = await read_platform(tx, payment.platform)
        code_url = payment.code_url
        phone = (
            f"{sandbox_url}/phone?code_url={quote(code_url, safe='')}" if sandbox_url and code_url else None
        )
        return CashierView(
            state=payment.state,
            amount=payment.amount,
            currency=payment.currency,
            description=payment.description,
            payee=platform.name if platform else "",
            order_no=payment.order_no,
            expires_at=payment.expires_at,
            code_url=code_url,
            paid_at=payment.paid_at,
            now=clock.now(),
            phone_url=phone,
        )

    @get("/qr.svg")
    async def code(self, token: FromPath[str], database: GivenDatabase) -> Response[bytes]:
        """The QR code of a payment that may be paid."""
        async with database.reading() as tx:
            code_url = (await _payment(tx, token)).code_url
        if code_url is None:
            raise NotFound(what="QR code", name=token)
        drawing = io.BytesIO()
        segno.make(code_url, error="m", micro=False).save(
            drawing,
            kind="svg",
            border=QR_QUIET_ZONE,
            light="#fff",
            omitsize=True,
            svgclass=None,
            lineclass=None,
        )
        return Response(drawing.getvalue(), media_type="image/svg+xml")


async def _payment(tx: Transaction, token: str) -> Payment:
    """Raises: NotFound, also when the token is malformed."""
    try:
        found = await read_payments(tx, [parse_id("payment", f"payment_{token}")])
    except InvalidRequest as error:
        raise NotFound(what="payment", name=token) from error
    if not found:
        raise NotFound(what="payment", name=token)
    return found[0]
