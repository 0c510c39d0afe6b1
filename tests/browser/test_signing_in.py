"""Who may come in, and what the others see."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import FINANCE, SESSION, Window
from tests.browser.desk import Desk
from tests.browser.sandbox import Sandbox

pytestmark = pytest.mark.timeout(300)
API = "/console/api"


def fill_in(page: Page, password: str) -> None:
    page.get_by_label("邮箱").fill(FINANCE)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录").click()


class TestSigningIn:
    def test_refuses_a_wrong_password_and_lets_the_right_one_in(
        self, window: Window, sandbox: Sandbox
    ) -> None:
        page, watch = window()
        watch.expect(401, SESSION)
        page.goto(f"{sandbox.url}/")
        fill_in(page, "not the password")
        expect(page.get_by_role("alert")).to_have_text("邮箱或密码不正确，请核对后重试。")
        expect(page).to_have_url(re.compile(r"/console/sign-in"))
        fill_in(page, sandbox.password)
        expect(page.get_by_role("heading", level=1, name="概览")).to_be_visible()
        expect(page).to_have_url(f"{sandbox.url}/console/")

    def test_leads_back_to_the_page_that_was_asked_for(self, window: Window, sandbox: Sandbox) -> None:
        page, watch = window()
        watch.expect(401, SESSION)
        page.goto(f"{sandbox.url}/console/payments?state=succeeded")
        expect(page).to_have_url(re.compile(r"/console/sign-in\?next="))
        fill_in(page, sandbox.password)
        expect(page).to_have_url(f"{sandbox.url}/console/payments?state=succeeded")
        expect(page.get_by_role("heading", level=1, name="支付")).to_be_visible()

    def test_says_what_is_missing(self, window: Window, sandbox: Sandbox) -> None:
        page, watch = window()
        watch.expect(401, SESSION)
        page.goto(f"{sandbox.url}/console/sign-in")
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_text("请填写邮箱")).to_be_visible()
        expect(page.get_by_text("请填写密码")).to_be_visible()


class TestWithoutASession:
    @pytest.mark.parametrize(
        "path", ["/overview", "/payments", "/merchants", "/vouchers", "/loans", "/invariants", "/search?q=1"]
    )
    def test_the_api_answers_401(self, window: Window, sandbox: Sandbox, path: str) -> None:
        page, _ = window()
        answer = page.request.get(sandbox.url + API + path)
        assert answer.status == 401
        assert answer.headers["content-type"].startswith("application/problem+json")

    def test_a_session_that_ends_in_mid_work_leads_to_signing_in_and_back(
        self, window: Window, sandbox: Sandbox
    ) -> None:
        page, watch = window()
        watch.expect(401, SESSION)
        page.goto(f"{sandbox.url}/console/")
        fill_in(page, sandbox.password)
        expect(page.get_by_role("heading", level=1, name="概览")).to_be_visible()

        watch.expect(401, f"{API}/vouchers")
        page.context.clear_cookies()
        page.get_by_role("link", name="记账凭证").click()
        expect(page).to_have_url(re.compile(r"/console/sign-in\?.*ended=1"))
        expect(page.get_by_role("status")).to_be_visible()
        fill_in(page, sandbox.password)
        expect(page.get_by_role("heading", level=1, name="记账凭证")).to_be_visible()

    def test_signing_out_ends_the_session_on_the_server_too(self, window: Window, sandbox: Sandbox) -> None:
        page, watch = window()
        watch.expect(401, SESSION)
        page.goto(f"{sandbox.url}/console/")
        fill_in(page, sandbox.password)
        expect(page.get_by_role("heading", level=1, name="概览")).to_be_visible()
        cookies = page.context.cookies()
        page.get_by_role("button", name=re.compile("财务")).click()
        page.get_by_role("menuitem", name="退出登录").click()
        expect(page.get_by_role("button", name="登录")).to_be_visible()
        page.context.add_cookies([{**cookie} for cookie in cookies])
        assert page.request.get(sandbox.url + SESSION).status == 401


class TestASignedInMember:
    def test_is_named_on_every_page(self, desk: Desk) -> None:
        desk.open("/loans")
        expect(desk.page.get_by_role("button", name=re.compile("财务 Finance"))).to_be_visible()
