"""Everything that matters is reached by Tab, and one sees where one is."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SESSION, Window
from tests.browser.desk import Desk
from tests.browser.sandbox import LAST_DATE, Sandbox

pytestmark = pytest.mark.timeout(300)
STOPS_MAX = 60

STOP = """async () => {
    const element = document.activeElement;
    const look = () => {
        const looks = [];
        for (let each = element, level = 0; each && level < 5; each = each.parentElement, level++) {
            const style = getComputedStyle(each);
            looks.push(style.outlineStyle === 'none' ? '' : style.outline, style.boxShadow, style.borderColor,
                       style.backgroundColor, style.clipPath, style.transform);
        }
        return looks.join('|');
    };
    if (element === document.body) return null;
    const focused = look();
    element.blur();
    await new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)));
    const visible = focused !== look();
    element.focus({focusVisible: true});
    return {name: element.getAttribute('aria-label') || element.placeholder || element.innerText.trim(), visible};
}"""
"""Where the keyboard is, and whether that can be seen."""


def stops(desk: Desk, *, until: str) -> list[str]:
    """Press Tab until something is reached; the names of all stops on the way."""
    passed: list[str] = []
    for _ in range(STOPS_MAX):
        desk.page.keyboard.press("Tab")
        stop = desk.page.evaluate(STOP)
        if stop is None:
            continue
        assert stop["visible"], f"no focus to be seen on {stop['name']!r}"
        passed.append(stop["name"])
        if stop["name"] == until:
            return passed
    raise AssertionError(f"{until!r} was not reached: {passed}")


class TestTheKeyboard:
    def test_reaches_the_menu_the_search_the_filters_and_the_rows_in_reading_order(self, desk: Desk) -> None:
        newest = desk.api(f"/payments?to={LAST_DATE}&limit=1")["items"][0]["order_no"]
        desk.open(f"/payments?to={LAST_DATE}")
        passed = stops(desk, until=newest)
        wanted = ["跳到正文", "概览", "账本自检", "主题", "English", "商户号", "开始日期", newest]
        places = [passed.index(name) for name in wanted]
        assert places == sorted(places), passed

    def test_skips_the_menu_on_demand(self, desk: Desk) -> None:
        desk.open("/payments")
        desk.page.keyboard.press("Tab")
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#content")).to_be_focused()

    def test_opens_a_row_with_enter(self, desk: Desk) -> None:
        newest = desk.api(f"/payments?to={LAST_DATE}&limit=1")["items"][0]
        desk.open(f"/payments?to={LAST_DATE}")
        stops(desk, until=newest["order_no"])
        desk.page.keyboard.press("Enter")
        desk.go(re.compile(f"/payments/{newest['id']}"))

    def test_jumps_to_the_lists_filter_with_a_slash(self, desk: Desk) -> None:
        desk.open("/payments")
        desk.page.keyboard.press("/")
        expect(desk.page.get_by_role("textbox", name="订单号")).to_be_focused()

    def test_works_the_page_of_a_payment(self, desk: Desk) -> None:
        newest = desk.api(f"/payments?state=succeeded&to={LAST_DATE}&limit=1")["items"][0]
        desk.open(f"/payments/{newest['id']}")
        passed = stops(desk, until="收款")
        assert "概览" in passed

    def test_signs_in_without_the_mouse(self, window: Window, sandbox: Sandbox) -> None:
        page, watch = window()
        watch.expect(401, SESSION)
        page.goto(f"{sandbox.url}/console/sign-in")
        expect(page.get_by_label("邮箱")).to_be_focused()
        page.keyboard.type("operations@feiqian.dev")
        page.keyboard.press("Tab")
        page.keyboard.type(sandbox.password)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1, name="概览")).to_be_visible()
