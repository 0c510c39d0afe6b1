"""Who may come in: members of staff with a session, from our own pages."""

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import Refusal
from feiqian.members import NotSignedIn, Staff, find_session

COOKIE = "feiqian_session"
COOKIE_PATH = "/console"
TOKEN_LENGTH_MAX = 128

Connection = ASGIConnection[Any, Any, Any, Any]


class ForeignPage(Refusal):
    """A write that our own pages did not send: the header that no form of another site can set is missing."""

    code = "header_missing"
    status = 403
    english = "Send the header X-Feiqian: console with every call that is not a GET."
    chinese = "除 GET 外的请求必须带请求头 X-Feiqian: console。"


class ForeignOrigin(Refusal):
    """A write that a page of another site sent."""

    code = "origin_foreign"
    status = 403
    english = (
        "This call came from a page of {origin}. Use this page under its own address, FEIQIAN_PUBLIC_URL."
    )
    chinese = "该请求来自 {origin} 的页面。请从本页自己的地址（FEIQIAN_PUBLIC_URL）操作。"


async def require_own_page(connection: Connection, handler: BaseRouteHandler) -> None:
    """Against cross-site request forgery, beside the cookie's SameSite=Strict: the header that only scripts of our own
    origin can send, and what the browser itself says of the page's origin. Raises: ForeignPage, ForeignOrigin."""
    if _reads(connection):
        return
    if connection.headers.get("x-feiqian") != "console":
        raise ForeignPage
    await require_own_origin(connection, handler)


async def require_own_origin(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse a write that, as the browser says, a page of another site sent. Raises: ForeignOrigin."""
    if _reads(connection):
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise ForeignOrigin(origin=origin or site)
    elif origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
        settings: Settings = await handler.resolve_dependencies()["settings"]()
        if origin != settings.base_url:
            raise ForeignOrigin(origin=origin)


def _reads(connection: Connection) -> bool:
    return connection.scope["method"] in ("GET", "HEAD", "OPTIONS")  # pyright: ignore[reportGeneralTypeIssues]


async def require_staff(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let only signed-in members of staff pass. A guard, so that no handler can forget it. Raises: NotSignedIn."""
    given = handler.resolve_dependencies()
    database: Database = await given["database"]()
    clock: Clock = await given["clock"]()
    connection.scope["user"] = await staff_of(connection, database, clock)


async def staff_of(connection: Connection, database: Database, clock: Clock) -> Staff:
    """Who sent a request.

    Raises: NotSignedIn.
    """
    token = connection.cookies.get(COOKIE, "")
    if not 1 <= len(token) <= TOKEN_LENGTH_MAX:
        raise NotSignedIn
    async with database.reading() as tx:
        staff = await find_session(tx, now=clock.now(), token=token)
    if staff is None:
        raise NotSignedIn
    return staff
