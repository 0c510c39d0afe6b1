"""Connections to channels in the console: paused at once, limited, given new credentials by two people."""

import json
import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Window
from tests.browser.desk import Desk, keep_picture
from tests.browser.looks import ILLEGIBLE, STICKING_OUT, dictionary_keys, left_in_chinese, raw_words
from tests.browser.sandbox import Sandbox

OPERATIONS, FINANCE = "operations@feiqian.dev", "finance@feiqian.dev"
SESSION = "/console/api/session"
PHONE = {"width": 390, "height": 844}
PAGES = ("/connections", "/connections/wechatpay", "/approvals")
REASONS = {"更换证书", "渠道维护", "维护结束"}
STAFF = {"管理员", "财务", "运营"}


def desk_of(window: Window, sandbox: Sandbox, email: str, **options: object) -> Desk:
    """Somebody signed in at a browser of their own."""
    page, _ = window(**options)
    answer = page.context.request.post(
        sandbox.url + SESSION,
        data={"email": email, "password": sandbox.password},
        headers={"X-Feiqian": "console"},
    )
    assert answer.ok, answer.text()
    return Desk(page, url=sandbox.url)


def say(page: Page, button: str, reason: str, *, label: str = "原因") -> None:
    """Press a button and confirm its dialog with a reason."""
    page.get_by_role("button", name=button, exact=True).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(label).fill(reason)
    dialog.get_by_role("button", name="提交").click()
    expect(dialog).to_have_count(0)


def credentials(sandbox: Sandbox) -> dict[str, str]:
    """What the simulator gave the merchant."""
    path = sandbox.data_dir / "wechatpay-sandbox" / "credentials.json"
    given = json.loads(path.read_text(encoding="utf-8"))
    return {
        "商户 API 私钥": given["merchant_private_key"],
        "APIv3 密钥": given["api_v3_key"],
        "微信支付公钥（": given["wechatpay_public_key"],
    }


class TestAConnection:
    def test_is_paused_and_resumed_at_once(self, window: Window, sandbox: Sandbox) -> None:
        desk = desk_of(window, sandbox, OPERATIONS)
        desk.open("/connections/wechatpay")
        say(desk.page, "暂停", "渠道维护")
        expect(desk.page.locator("h1")).to_contain_text("已暂停")
        expect(desk.page.locator(".timeline li").last).to_contain_text("渠道维护")
        say(desk.page, "恢复", "维护结束")
        expect(desk.page.locator("h1")).to_contain_text("启用中")

    def test_takes_limits_in_yuan(self, window: Window, sandbox: Sandbox) -> None:
        desk = desk_of(window, sandbox, OPERATIONS)
        desk.open("/connections/wechatpay")
        panel = desk.page.locator(".panel").filter(has=desk.page.get_by_role("heading", name="限额与时段"))
        panel.get_by_role("button", name="修改").click()
        dialog = desk.page.get_by_role("dialog")
        dialog.get_by_label("单日上限（元）").fill("2,000,000.50")
        dialog.get_by_label("单笔上限（元）").first.fill("50000")
        dialog.get_by_label("原因").fill("更换证书")
        dialog.get_by_role("button", name="提交").click()
        expect(dialog).to_have_count(0)
        expect(panel).to_contain_text("2,000,000.50")
        limits = desk.api("/connections/wechatpay")["limits"]
        assert limits["amount_per_day"] == 200_000_050
        assert limits["methods"]["wechatpay_native"]["amount_max"] == 5_000_000

    def test_gets_new_credentials_from_two_people(self, window: Window, sandbox: Sandbox) -> None:
        maker = desk_of(window, sandbox, OPERATIONS)
        maker.open("/connections/wechatpay")
        page = maker.page
        page.get_by_role("button", name="更换凭证").click()
        dialog = page.get_by_role("dialog")
        keep_picture(page, "credentials")
        for label, text in credentials(sandbox).items():
            dialog.get_by_label(re.compile("^" + re.escape(label))).first.fill(text)
        dialog.get_by_label("原因").fill("更换证书")
        dialog.get_by_role("button", name="提交").click()
        expect(dialog).to_have_count(0)
        newest = page.locator("details.version").first
        expect(newest).to_contain_text("待复核")
        expect(newest.get_by_role("button", name="通过")).to_have_count(0)
        newest.get_by_role("button", name="测试").click()
        expect(newest).to_contain_text("测试通过")

        checker = desk_of(window, sandbox, FINANCE)
        checker.open("/approvals?state=proposed")
        keep_picture(checker.page, "approvals")
        say(checker.page, "通过", "更换证书", label="意见")
        checker.open("/connections/wechatpay")
        keep_picture(checker.page, "connection")
        expect(checker.page.locator("details.version").first).to_contain_text("使用中")
        text = checker.page.content()
        key = credentials(sandbox)["商户 API 私钥"].splitlines()
        assert not any(line in text for line in key[1:-1])


class TestTheDesksPages:
    def test_are_whole_in_english_and_on_a_phone(self, window: Window, sandbox: Sandbox) -> None:
        keys = dictionary_keys()
        for width, language in ((None, "zh"), (None, "en"), (PHONE, "zh"), (PHONE, "en")):
            options = {"viewport": width} if width else {}
            desk = desk_of(window, sandbox, OPERATIONS, **options)
            desk.open("/connections")
            desk.page.evaluate(f"localStorage.setItem('feiqian.language', '{language}')")
            for path in PAGES:
                desk.open(path)
                assert desk.page.evaluate(STICKING_OUT) == [], path
                assert desk.page.evaluate(ILLEGIBLE) == [], path
                assert raw_words(desk.page, keys) == set(), path
                if language == "en":
                    names = {row["name"] for row in desk.api("/connections")["items"]}
                    assert left_in_chinese(desk.page, {"中文"} | names | REASONS | STAFF) == set(), path
