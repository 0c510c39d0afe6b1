"""Signing in and out."""

import asyncio
import math
from typing import Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, SkipValidation

from feiqian.console.access import COOKIE, COOKIE_PATH, TOKEN_LENGTH_MAX, staff_of
from feiqian.console.given import GivenClock, GivenDatabase, GivenSettings
from feiqian.infra.database import Transaction
from feiqian.members import (
    SESSION_LASTS,
    Role,
    SignInLocked,
    SignInRefused,
    StaffSecret,
    close_session,
    find_staff_to_sign_in,
    open_session,
    password_fits,
    record_failure,
)

SIGN_INS_AT_ONCE = 2
"""Comparing a password takes 64 MB and holds a connection: a flood of sign-ins waits, everybody else goes on."""
PASSWORD_LENGTH_MAX = 1024

Request_ = Request[Any, Any, Any]


class SignIn(msgspec.Struct, frozen=True):
    """What a person types."""

    email: str
    password: str


class StaffView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in."""

    email: str
    name: str
    role: Role


class SessionController(Controller):
    """The session of one browser."""

    path = "/session"

    @post(status_code=200)
    async def sign_in(
        self,
        data: JSONBody[SignIn],
        database: GivenDatabase,
        clock: GivenClock,
        settings: GivenSettings,
        turnstile: NamedDependency[SkipValidation[asyncio.Semaphore]],
    ) -> Response[StaffView]:
        """Raises: SignInRefused, SignInLocked."""
        now = clock.now()

        async def compare(tx: Transaction) -> tuple[StaffSecret, str] | None:
            """The row stays locked while the password is compared, so that guesses at once are counted one by one.

            Returns instead of raising when the password is wrong: the failure it has counted must be kept.
            """
            secret = await find_staff_to_sign_in(tx, email=data.email)
            if secret is not None and secret.locked_until is not None and secret.locked_until > now:
                wait_s = (secret.locked_until - now).total_seconds()
                raise SignInLocked(minutes=math.ceil(wait_s / 60))
            password = data.password[:PASSWORD_LENGTH_MAX]
            fits = await asyncio.to_thread(password_fits, secret, password)
            if secret is None:
                return None
            if not fits:
                await record_failure(tx, now=now, secret=secret)
                return None
            return secret, await open_session(tx, now=now, secret=secret)

        async with turnstile:
            opened = await database.run(compare)
        if opened is None:
            raise SignInRefused
        secret, token = opened
        cookie = Cookie(
            key=COOKIE,
            value=token,
            path=COOKIE_PATH,
            max_age=int(SESSION_LASTS.total_seconds()),
            secure=settings.base_url.startswith("https:"),
            httponly=True,
            samesite="strict",
        )
        return Response(StaffView(email=secret.email, name=secret.name, role=secret.role), cookies=[cookie])

    @get()
    async def who(self, request: Request_, database: GivenDatabase, clock: GivenClock) -> StaffView:
        """Raises: NotSignedIn."""
        staff = await staff_of(request, database, clock)
        return StaffView(email=staff.email, name=staff.name, role=staff.role)

    @delete()
    async def sign_out(self, request: Request_, database: GivenDatabase) -> Response[None]:
        """Also where nobody is signed in: the browser's cookie goes in any case."""
        token = request.cookies.get(COOKIE, "")[:TOKEN_LENGTH_MAX]
        await database.run(lambda tx: close_session(tx, token=token))
        response = Response[None](None)
        response.delete_cookie(COOKIE, path=COOKIE_PATH)
        return response


def provide_turnstile() -> Provide:
    """Lets few sign-ins through at a time; one for each application."""
    semaphore = asyncio.Semaphore(SIGN_INS_AT_ONCE)
    return Provide(lambda: semaphore, sync_to_thread=False)
