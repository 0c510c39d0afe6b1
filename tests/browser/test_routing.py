"""Routing in the console: who does how well, rules as sentences, a decision tried out, earlier rules."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Window
from tests.browser.desk import Desk, keep_picture
from tests.browser.looks import ILLEGIBLE, STICKING_OUT, dictionary_keys, left_in_chinese, raw_words
from tests.browser.routing_house import NAMES, NOTES, OPERATIONS, PASSWORD, RULES
from tests.browser.sandbox import ROOT
from tests.console.shop import EMAIL

pytestmark = pytest.mark.timeout(300)
PHONE = {"width": 390, "height": 844}
DATA = NAMES | {
    "中文",
    *NOTES,
    *(rule["name"] for rule in RULES),
    "恢复为第 2 版",
    "明前龙井 两斤",
    "春来茶行",
    "路由",
    "财务",
}
"""Chinese by nature: what people wrote."""
OWN_HEADER = {"X-Feiqian": "console"}


@pytest.fixture(scope="module")
def house() -> Iterator[dict[str, str]]:
    """``url``, and ``payment`` with a decision."""
    serving = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.routing_house"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with serving:
        assert serving.stdout is not None
        told = next((line for line in serving.stdout if line.startswith("{")), None)
        assert told is not None, f"the house ended with {serving.wait()}"
        yield json.loads(told)
        serving.communicate()


def desk_of(window: Window, house: dict[str, str], email: str = OPERATIONS, **options: Any) -> Desk:
    """Somebody signed in at a browser of their own."""
    page, watch = window(**options)
    watch.expect(422, "/console/api/routing/explain")
    watch.expect(409, "/console/api/routing/rules")
    answer = page.context.request.post(
        house["url"] + "/console/api/session",
        data={"email": email, "password": PASSWORD},
        headers=OWN_HEADER,
    )
    assert answer.ok, answer.text()
    return Desk(page, url=house["url"])


def rule(page: Page, name: str) -> Locator:
    return page.locator(".rule").filter(has=page.get_by_role("heading", name=name, exact=True))


def names(page: Page) -> list[str]:
    return page.locator(".rule h3").all_inner_texts()


def choose(page: Page, dialog: Locator, label: str, *codes: str) -> None:
    """Several of a list, in that order."""
    box = dialog.get_by_label(label, exact=True)
    box.click()
    for code in codes:
        box.fill(code)
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def in_force(desk: Desk) -> list[dict[str, Any]]:
    """The rules, their sets in order."""
    rules = desk.api("/routing")["rules"]["rules"]
    for each in rules:
        for name, value in each.get("when", {}).items():
            each["when"][name] = sorted(value) if isinstance(value, list) else value
    return rules


def put(desk: Desk, rules: list[dict[str, Any]], note: str) -> None:
    """As somebody else does meanwhile."""
    version = desk.api("/routing")["rules"]["version"]
    answer = desk.page.request.put(
        f"{desk.url}/console/api/routing/rules",
        data={"rules": rules, "note": note, "based_on": version},
        headers=OWN_HEADER,
    )
    assert answer.ok, answer.text()


@pytest.fixture
def desk(window: Window, house: dict[str, str]) -> Desk:
    """Operations, with the rules as they were at first."""
    desk = desk_of(window, house)
    if in_force(desk) != RULES:
        put(desk, RULES, NOTES[-1])
    return desk


class TestTheHealthOfConnections:
    def test_shows_breakers_rates_and_an_hour_of_calls(self, desk: Desk) -> None:
        desk.open("/routing")
        rows = {row["渠道连接"].splitlines()[0]: row for row in desk.rows("渠道状况")}
        failing = rows["微信支付 直连"]
        assert "已熔断" in failing["状态"]
        assert "连续 5 次异常" in failing["状态"]
        shown = desk.api("/routing")["connections"][0]
        rate = shown["minutes_5"]["success_rate"]
        assert failing["近 5 分钟成功率"].startswith(f"{rate * 100:.1f}%")
        assert {"微信扫码支付", "微信内支付"} <= rows.keys()
        assert "已暂停" in rows["微信支付 华北"]["状态"]
        expect(desk.page.locator(".spark canvas")).to_have_count(3)
        keep_picture(desk.page, "routing-health")


class TestRules:
    def test_read_as_sentences(self, desk: Desk) -> None:
        desk.open("/routing?tab=rules")
        assert names(desk.page) == [each["name"] for each in RULES]
        words = [" ".join(text.split()) for text in desk.page.locator(".rule-words").all_inner_texts()]
        assert words == [
            "商户 S10，金额 ≥ 1,000.00 元 → 优先 wechatpay-2，其次 wechatpay",
            "22:00–06:00 → 不用 wechatpay-north",
            "微信扫码支付，100.00 元 ≤ 金额 < 1,000.00 元 → 分流 wechatpay 70%、wechatpay-2 30%",
            "商户 S20、S21、S22 等 40 个，周一至周五 → 只用 wechatpay、wechatpay-south、wechatpay-spare",
            "所有支付 → 不用 wechatpay-old",
        ]
        keep_picture(desk.page, "routing-rules")

    def test_are_written_checked_and_put_in_force_with_a_note(self, desk: Desk) -> None:
        page = desk.page
        desk.open("/routing?tab=rules")
        page.get_by_role("button", name="新增规则").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="确定").click()
        expect(dialog.get_by_text("请指定先后，或选择只用、不用哪些连接")).to_be_visible()
        dialog.get_by_label("规则名称").fill("小额走华南")
        dialog.get_by_label("金额低于（元）").fill("50")
        dialog.get_by_text("指定优先顺序").click()
        choose(page, dialog, "优先使用", "wechatpay-south", "wechatpay-2")
        expect(dialog.locator(".rule-preview")).to_have_text(
            "金额 < 50.00 元 → 优先 wechatpay-south，其次 wechatpay-2"
        )
        keep_picture(page, "routing-form")
        dialog.get_by_role("button", name="确定").click()
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="上移 小额走华南").click()
        page.get_by_role("button", name="删除 旧签约不再用").click()
        expect(page.locator(".draft-bar")).to_contain_text("2 处改动")
        assert in_force(desk) == RULES

        page.get_by_role("button", name="核对并生效").click()
        dialog = page.get_by_role("dialog")
        changes = dialog.locator(".changes li")
        expect(changes).to_have_count(2)
        expect(changes.first).to_contain_text("小额走华南")
        expect(changes.last.locator("del")).to_contain_text("不用 wechatpay-old")
        keep_picture(page, "routing-diff")
        dialog.get_by_role("button", name="生效", exact=True).click()
        expect(dialog.get_by_text("请说明为什么改动")).to_be_visible()
        dialog.get_by_label("改动说明").fill(NOTES[0])
        dialog.get_by_role("button", name="生效", exact=True).click()
        expect(dialog).to_have_count(0)
        expect(page.locator(".draft-bar")).to_have_count(0)
        kept = desk.api("/routing")["rules"]
        assert [each["name"] for each in kept["rules"]] == [
            *(each["name"] for each in RULES[:4]),
            "小额走华南",
        ]
        assert kept["rules"][-1] == {
            "name": "小额走华南",
            "when": {"amount_below": 5_000},
            "prefer": ["wechatpay-south", "wechatpay-2"],
        }

    def test_are_dragged_to_another_place(self, desk: Desk) -> None:
        desk.open("/routing?tab=rules")
        handle = rule(desk.page, "旧签约不再用").locator(".rule-handle")
        handle.drag_to(rule(desk.page, "春来茶行大额"))
        expect(desk.page.locator(".rule h3").first).to_have_text("旧签约不再用")
        expect(desk.page.locator(".draft-bar")).to_contain_text("1 处改动")

    def test_that_somebody_else_changed_are_compared_again(self, desk: Desk) -> None:
        page = desk.page
        desk.open("/routing?tab=rules")
        page.get_by_role("button", name="删除 旧签约不再用").click()
        put(desk, RULES[:-2] + RULES[-1:], NOTES[1])
        page.get_by_role("button", name="核对并生效").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("改动说明").fill(NOTES[0])
        dialog.get_by_role("button", name="生效", exact=True).click()
        expect(dialog.get_by_text("routing_rules_changed")).to_be_visible()
        dialog.get_by_role("button", name="读取最新规则").click()
        expect(dialog.locator(".changes li")).to_have_count(2)
        expect(dialog.locator(".changes")).to_contain_text("连锁门店专线")
        dialog.get_by_role("button", name="生效", exact=True).click()
        expect(dialog).to_have_count(0)
        assert in_force(desk) == RULES[:-1]

    def test_of_earlier_versions_are_restored(self, desk: Desk) -> None:
        page = desk.page
        desk.open("/routing?tab=history")
        table = desk.table("历史版本")
        table.get_by_role("link", name="第 2 版", exact=True).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator(".changes li")).to_have_count(2)
        keep_picture(page, "routing-history")
        dialog.get_by_role("button", name="恢复为此版").click()
        desk.go(re.compile("tab=rules"))
        assert names(page) == [each["name"] for each in RULES[:3]]
        page.get_by_role("button", name="核对并生效").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_label("改动说明")).to_have_value("恢复为第 2 版")
        dialog.get_by_role("button", name="生效", exact=True).click()
        expect(dialog).to_have_count(0)
        assert in_force(desk) == RULES[:3]

    def test_cannot_be_changed_by_finance(self, window: Window, house: dict[str, str]) -> None:
        desk = desk_of(window, house, EMAIL)
        desk.open("/routing?tab=rules")
        expect(desk.page.locator(".rule").first).to_be_visible()
        expect(desk.page.locator(".rule-actions, .rule-handle")).to_have_count(0)
        expect(desk.page.get_by_role("button", name="新增规则")).to_have_count(0)

    def test_stay_usable_when_there_are_two_hundred(self, desk: Desk) -> None:
        many = [
            {
                "name": f"商户 {number:03}",
                "when": {"merchants": [f"M{number:03}"]},
                "never": ["wechatpay-old"],
            }
            for number in range(200)
        ]
        put(desk, many, NOTES[0])
        page = desk.page
        desk.open("/routing?tab=rules")
        expect(page.locator(".rule")).to_have_count(25)
        keep_picture(page, "routing-many")
        page.get_by_role("textbox", name="搜索规则、商户、渠道").fill("m187")
        expect(page.locator(".rule")).to_have_count(1)
        expect(page.locator(".rules-bar")).to_contain_text("找到 1 条，共 200 条")
        page.get_by_role("button", name="修改 商户 187").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("顺序", exact=True).fill("1")
        dialog.get_by_role("button", name="确定").click()
        expect(dialog).to_have_count(0)
        expect(page.locator(".rule-number")).to_have_text("1")
        expect(page.locator(".draft-bar")).to_contain_text("1 处改动")


class TestTryingIt:
    def test_shows_who_was_taken_out_and_why(self, desk: Desk) -> None:
        page = desk.page
        desk.open("/routing?tab=try")
        page.get_by_label("金额（元）").fill("2,580")
        merchants = page.get_by_label("商户号", exact=True)
        merchants.fill("S10")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="试算", exact=True).click()
        verdict = page.locator(".trace .verdict")
        expect(verdict).to_contain_text("先用 微信支付 服务商。")
        gone = " ".join(page.locator(".trace-removed").all_inner_texts())
        for reason in (
            "wechatpay-north 已暂停",
            "wechatpay-south 高于单笔上限 500.00 元",
            "wechatpay-old 签约不对该商户开放",
            "wechatpay 已熔断",
        ):
            assert reason in " ".join(gone.split()), reason
        expect(page.locator(".trace-note").first).to_have_text("按规则“春来茶行大额”排定先后")
        keep_picture(page, "routing-trace")
        rows = {row["渠道连接"].split()[-1]: row for row in desk.rows("候选连接")}
        assert rows["wechatpay-2"]["首选占比"] == "100%"
        assert rows["wechatpay-2"]["本笔成本"] == "9.80"

    def test_follows_the_draw_and_changes_that_are_not_in_force(self, desk: Desk) -> None:
        page = desk.page
        desk.open("/routing?tab=rules")
        page.get_by_role("button", name="删除 春来茶行大额").click()
        page.get_by_role("link", name="试算", exact=True).click()
        page.get_by_label("金额（元）").fill("300")
        page.get_by_role("button", name="试算", exact=True).click()
        expect(page.locator(".trace-rules")).to_have_text("按未生效的改动推算")
        slider = page.get_by_role("slider", name="抽签")
        slider.focus()
        page.keyboard.press("End")
        expect(page.locator(".draw")).to_contain_text("抽签 0.99")
        expect(page.locator(".trace-note").nth(1)).to_contain_text("抽签 0.9900 × 总权重")
        assert in_force(desk) == RULES


class TestAPayment:
    def test_shows_why_it_went_where_it_went(self, desk: Desk, house: dict[str, str]) -> None:
        desk.open(f"/payments/{house['payment']}")
        panel = desk.page.locator(".panel").filter(
            has=desk.page.get_by_role("heading", name="路由", exact=True)
        )
        expect(panel.locator("summary")).to_contain_text("第 1 次尝试 wechatpay-2 已创建")
        expect(panel.locator(".verdict")).to_contain_text("先用 wechatpay-2。")
        expect(panel.locator(".trace-note")).to_have_text("按规则“春来茶行大额”排定先后")
        panel.scroll_into_view_if_needed()
        keep_picture(desk.page, "routing-payment")


class TestTheRoutingPages:
    @pytest.mark.parametrize("size", ["desktop", "phone"])
    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_are_whole(self, window: Window, house: dict[str, str], language: str, size: str) -> None:
        keys = dictionary_keys()
        options: dict[str, Any] = {"viewport": PHONE} if size == "phone" else {}
        desk = desk_of(window, house, **options)
        put(desk, RULES, NOTES[-1])
        page = desk.page
        desk.open("/routing")
        page.evaluate(f"localStorage.setItem('feiqian.language', '{language}')")
        go = {"zh": "试算", "en": "Decide"}[language]
        amount = {"zh": "金额（元）", "en": "Amount (CNY)"}[language]
        paths = ["/routing", "/routing?tab=rules", "/routing?tab=try", "/routing?tab=history"]
        for path in [*paths, f"/payments/{house['payment']}"]:
            desk.open(path)
            if path.endswith("try"):
                page.get_by_label(amount).fill("2,580")
                page.get_by_role("button", name=go).click()
                page.mouse.move(0, 0)
                expect(page.locator(".trace-stage")).to_have_count(6)
            if path == "/routing":
                expect(page.locator(".spark canvas")).to_have_count(3)
            name = re.split("[=/]", path)[-1].partition("_")[0]
            keep_picture(page, f"routing-{name}-{language}-{size}")
            assert page.evaluate(STICKING_OUT) == [], path
            assert page.evaluate(ILLEGIBLE) == [], path
            assert raw_words(page, keys) == set(), path
            if language == "en":
                assert left_in_chinese(page, DATA) == set(), path
