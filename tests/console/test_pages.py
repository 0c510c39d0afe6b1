"""The built pages: one page for every console path, assets for ever, and policies that hold scripts in."""

from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import ManualClock
from tests.console.conftest import PAGES, Client, application


@pytest.mark.anyio
class TestThePages:
    async def test_of_the_console_are_one_page_under_every_path(self, visitor: Client) -> None:
        for path in ("/console", "/console/", "/console/payments", "/console/payments/payment_1?x=1"):
            answer = await visitor.get(path)
            assert (answer.status_code, answer.text) == (200, PAGES["console/index.html"]), path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["cache-control"] == "no-cache"

    async def test_are_where_the_house_is_entered(self, visitor: Client) -> None:
        answer = await visitor.get("/", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (302, "/console/")

    async def test_of_the_cashier_are_the_same_for_every_token(self, visitor: Client) -> None:
        answer = await visitor.get("/cashier/01h455vb4pex5vsknk084sn02q")
        assert answer.text == PAGES["cashier/index.html"]
        assert answer.headers["referrer-policy"] == "no-referrer"

    async def test_run_only_our_own_scripts_and_stand_in_no_frame(self, visitor: Client) -> None:
        for path, inline in (("/console/", True), ("/cashier/x", False)):
            answer = await visitor.get(path)
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'self';")
            assert "frame-ancestors 'none'" in policy
            assert ("style-src 'self' 'unsafe-inline'" in policy) is inline
            assert "script-src" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"

    async def test_say_how_to_build_them_where_they_are_missing(
        self, database: Database, clock: ManualClock, tmp_path: Path
    ) -> None:
        app = application(database, clock, tmp_path / "none", settings=Settings(), sandbox_url=None)
        async with AsyncTestClient(app) as client:
            for path in ("/console/", "/cashier/x"):
                answer = await client.get(path)
                assert answer.status_code == 503
                assert "npm run build" in answer.text


@pytest.mark.anyio
class TestAssets:
    async def test_are_kept_for_ever_by_their_hashed_names(self, visitor: Client) -> None:
        for path, kind in (
            ("/console/assets/main-Ab3_x-9Z.js", "text/javascript; charset=utf-8"),
            ("/cashier/assets/main-00000000.css", "text/css; charset=utf-8"),
        ):
            answer = await visitor.get(path)
            assert (answer.status_code, answer.text) == (200, PAGES[path[1:]])
            assert answer.headers["content-type"] == kind
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"

    async def test_are_nothing_but_files_of_the_build(self, visitor: Client, web_dist: Path) -> None:
        (web_dist / "secret-00000000.txt").write_text("secret", encoding="utf-8")
        (web_dist / "console" / "assets" / "plain.js").write_text("", encoding="utf-8")
        for name in (
            "plain.js",
            "gone-00000000.js",
            "..%2f..%2fsecret-00000000.txt",
            "%2e%2e/%2e%2e/secret-00000000.txt",
            "../../secret-00000000.txt",
        ):
            answer = await visitor.get(f"/console/assets/{name}")
            assert answer.text != "secret", name
            assert answer.status_code == 404 or answer.text == PAGES["console/index.html"], name

    async def test_and_pages_never_stand_in_for_an_unknown_api_address(self, visitor: Client) -> None:
        for path in ("/console/api/nothing", "/console/api"):
            answer = await visitor.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
