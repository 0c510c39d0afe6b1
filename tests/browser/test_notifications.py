"""Notifications as operations uses them: what was not taken, why, and the same again."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Window
from tests.browser.desk import Desk, keep_picture
from tests.browser.looks import ILLEGIBLE, STICKING_OUT, dictionary_keys, left_in_chinese, raw_words
from tests.browser.sandbox import Sandbox
from tests.browser.test_connections import OPERATIONS, PHONE, desk_of
from tests.openapi.receiver import Receiver, status

pytestmark = pytest.mark.timeout(300)
NAMES = {"锦程批发", "管理员", "财务", "运营", "中文", "订单系统", "数据仓库", "陈小姐", "龙井茶"}


@pytest.fixture(scope="module")
def receivers() -> Iterator[tuple[Receiver, Receiver, Receiver]]:
    opened = (Receiver(), Receiver(), Receiver())
    yield opened
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def event(sandbox: Sandbox, receivers: tuple[Receiver, Receiver, Receiver]) -> str:
    """An event that one endpoint took, another refuses, and for which a third is gone."""
    shop, warehouse, gone = receivers
    shop.usual = status(503, '{"error": "数据库维护中 database is down", "retry": true}'.encode())
    gone.usual = status(410, b"moved away")
    for receiver, description, topics in (
        (shop, "订单系统", []),
        (warehouse, "数据仓库", ["payment.closed", "refund.succeeded"]),
        (gone, "", ["payment.closed"]),
    ):
        sandbox.ask(
            "POST",
            "/v1/webhook-endpoints",
            {"url": receiver.url, "description": description, "topics": topics},
        )
    sandbox.merchant("notified", "春来茶行")
    payment = sandbox.payment("notified", 12_300, "龙井茶")
    sandbox.ask("POST", f"/v1/payments/{payment['id']}/close")
    return sandbox.ask("GET", f"/v1/events?object={payment['id']}")["items"][0]["id"]


class TestNotifications:
    def test_are_found_and_sent_again(
        self,
        window: Window,
        sandbox: Sandbox,
        event: str,
        receivers: tuple[Receiver, Receiver, Receiver],
    ) -> None:
        desk = desk_of(window, sandbox, OPERATIONS)
        page = desk.page
        desk.open("/notifications?topic=payment.closed")
        expect(page.locator("tbody tr").first).to_contain_text("支付关闭")
        page.locator("tbody tr").first.click()
        desk.go(re.compile(f"/notifications/{event}"))
        endpoints = desk.table("各地址进展")
        expect(endpoints).to_contain_text("answered 503")
        expect(endpoints).to_contain_text("answered 410")
        expect(desk.table("投递记录")).to_contain_text("database is down")
        desk.page.set_viewport_size({"width": 1440, "height": 1100})
        keep_picture(page, "notification")
        receivers[0].usual = status(200, b'{"taken": true}')
        row = endpoints.locator("tbody tr").filter(has_text=receivers[0].url)
        row.get_by_role("button", name="重新投递").click()
        expect(row).to_contain_text("已送达")
        expect(desk.table("投递记录")).to_contain_text(OPERATIONS)
        expect(desk.table("投递记录")).to_contain_text('{"taken": true}')

    def test_are_not_sent_again_by_finance(self, desk: Desk, event: str) -> None:
        desk.open(f"/notifications/{event}")
        expect(desk.table("各地址进展").locator("tbody tr")).to_have_count(3)
        expect(desk.page.get_by_role("button", name="重新投递")).to_have_count(0)

    def test_lead_from_the_overview_to_what_is_disabled(self, desk: Desk, event: str) -> None:
        desk.open("/")
        desk.page.locator(".attention").get_by_role("link", name="通知地址已停用").click()
        desk.go(re.compile("/endpoints$"))
        expect(desk.page.locator(".verdict")).to_contain_text("1 个地址已停用")
        expect(desk.table("通知地址")).to_contain_text("对方应答 410")
        keep_picture(desk.page, "endpoints")
        desk.open("/notifications")
        keep_picture(desk.page, "notifications")

    def test_are_whole_in_english_and_on_a_phone(self, window: Window, sandbox: Sandbox, event: str) -> None:
        keys = dictionary_keys()
        pages = (
            "/notifications",
            "/notifications?q=nothing",
            f"/notifications/{event}",
            "/endpoints",
        )
        for width, language in ((None, "zh"), (None, "en"), (PHONE, "zh"), (PHONE, "en")):
            desk = desk_of(window, sandbox, OPERATIONS, **({"viewport": width} if width else {}))
            desk.open("/notifications")
            desk.page.evaluate(f"localStorage.setItem('feiqian.language', '{language}')")
            for path in pages:
                desk.open(path)
                assert desk.page.evaluate(STICKING_OUT) == [], path
                assert desk.page.evaluate(ILLEGIBLE) == [], path
                assert raw_words(desk.page, keys) == set(), path
                if language == "en":
                    names = NAMES | {"数据库维护中"}
                    assert left_in_chinese(desk.page, names) == set(), path
