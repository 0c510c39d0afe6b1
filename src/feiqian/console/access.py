"""Who may come in: members of staff with a session, from our own pages."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from feiqian.infra.database import Database
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


async def require_own_page(connection: Connection, _: BaseRouteHandler) -> None:
    """Against cross-site request forgery, beside the cookie's SameSite=Strict. Raises: ForeignPage."""
    safe = connection.scope["method"] in ("GET", "HEAD", "OPTIONS")  # pyright: ignore[reportGeneralTypeIssues]
    if not safe and connection.headers.get("x-feiqian") != "console":
        raise ForeignPage


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
