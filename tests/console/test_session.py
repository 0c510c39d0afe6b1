"""Signing in, staying signed in, signing out; what happens to guesses and to foreign pages."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute
from litestar.testing import AsyncTestClient

from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import ManualClock
from feiqian.members import SESSION_LASTS
from tests.conftest import NOW
from tests.console.conftest import OWN_PAGE, Client, application
from tests.console.shop import EMAIL, PASSWORD, Shop

SESSION = "/console/api/session"


async def sign_in(client: Client, password: str = PASSWORD, email: str = EMAIL) -> tuple[int, str | None]:
    answer = await client.post(SESSION, json={"email": email, "password": password}, headers=OWN_PAGE)
    return answer.status_code, answer.json().get("code")


@pytest.mark.anyio
class TestSigningIn:
    async def test_tells_who_one_is(self, visitor: Client, shop: Shop) -> None:
        answer = await visitor.post(
            SESSION, json={"email": EMAIL.upper(), "password": PASSWORD}, headers=OWN_PAGE
        )
        who = {"email": EMAIL, "name": "财务", "role": "finance"}
        assert answer.json() == who
        assert (await visitor.get(SESSION)).json() == who

    async def test_gives_a_cookie_that_no_script_and_no_other_site_gets(
        self, visitor: Client, shop: Shop
    ) -> None:
        answer = await visitor.post(SESSION, json={"email": EMAIL, "password": PASSWORD}, headers=OWN_PAGE)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "path=/console" in cookie
        assert "secure" not in cookie

    async def test_sends_the_cookie_over_https_only_where_the_house_is_reached_so(
        self, database: Database, clock: ManualClock, web_dist: Path, shop: Shop
    ) -> None:
        settings = Settings(public_url="https://pay.example.com")
        app = application(database, clock, web_dist, settings=settings, sandbox_url=None)
        async with AsyncTestClient(app) as client:
            answer = await client.post(SESSION, json={"email": EMAIL, "password": PASSWORD}, headers=OWN_PAGE)
        assert "secure" in answer.headers["set-cookie"].lower()

    async def test_refuses_a_wrong_password_as_it_refuses_an_unknown_address(
        self, visitor: Client, shop: Shop
    ) -> None:
        assert await sign_in(visitor, "a wrong password") == (401, "sign_in_refused")
        assert await sign_in(visitor, email="nobody@feiqian.dev") == (401, "sign_in_refused")
        assert (await visitor.get(SESSION)).status_code == 401

    async def test_is_locked_for_a_quarter_of_an_hour_after_five_guesses(
        self, visitor: Client, shop: Shop, clock: ManualClock
    ) -> None:
        for _ in range(5):
            assert await sign_in(visitor, "a wrong password") == (401, "sign_in_refused")
        assert await sign_in(visitor) == (429, "sign_in_locked")
        clock.advance_to(NOW + timedelta(minutes=14, seconds=59))
        assert await sign_in(visitor) == (429, "sign_in_locked")
        clock.advance_to(NOW + timedelta(minutes=15))
        assert (await sign_in(visitor))[0] == 200

    async def test_counts_guesses_made_at_once(self, visitor: Client, shop: Shop) -> None:
        answers = await asyncio.gather(*(sign_in(visitor, f"wrong password {n}") for n in range(8)))
        assert sorted(status for status, _ in answers) == [401] * 5 + [429] * 3

    async def test_begins_a_new_count_after_the_right_password(self, visitor: Client, shop: Shop) -> None:
        for _ in range(4):
            await sign_in(visitor, "a wrong password")
        assert (await sign_in(visitor))[0] == 200
        assert await sign_in(visitor, "a wrong password") == (401, "sign_in_refused")
        assert (await sign_in(visitor))[0] == 200


@pytest.mark.anyio
class TestASession:
    async def test_ends_after_twelve_hours(self, console: Client, clock: ManualClock) -> None:
        clock.advance_to(NOW + SESSION_LASTS - timedelta(seconds=1))
        assert (await console.get("/console/api/overview")).status_code == 200
        clock.advance_to(NOW + SESSION_LASTS)
        answer = await console.get("/console/api/overview")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")

    async def test_ends_at_the_server_too_when_one_signs_out(self, console: Client) -> None:
        token = console.cookies["feiqian_session"]
        answer = await console.delete(SESSION, headers=OWN_PAGE)
        assert answer.status_code == 204
        console.cookies.set("feiqian_session", token, domain="testserver.local", path="/console")
        assert (await console.get(SESSION)).status_code == 401

    async def test_is_needed_for_every_address_below_the_api(self, visitor: Client, shop: Shop) -> None:
        asked = 0
        for route in visitor.app.routes:
            if not isinstance(route, HTTPRoute) or not route.path.startswith("/console/api/"):
                continue
            if route.path == SESSION:
                continue
            path = route.path_format.replace("{day}", "2026-03-02")
            method = "GET" if "GET" in route.methods else "POST"
            answer = await visitor.request(method, path, headers=OWN_PAGE)
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), path
            asked += 1
        assert asked == 35

    async def test_cannot_be_begun_or_ended_from_a_foreign_page(self, console: Client) -> None:
        for answer in (
            await console.post(SESSION, json={"email": EMAIL, "password": PASSWORD}),
            await console.delete(SESSION),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "header_missing")
        assert (await console.get(SESSION)).status_code == 200
