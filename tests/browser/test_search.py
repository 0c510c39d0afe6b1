"""Ctrl-K finds anything, without the mouse."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, written
from tests.browser.sandbox import LAST_DATE

pytestmark = pytest.mark.timeout(300)


def search(desk: Desk, text: str) -> None:
    """Open the search and type, as soon as it listens."""
    desk.page.keyboard.press("Control+k")
    expect(desk.page.get_by_role("combobox", name="搜索")).to_be_focused()
    desk.page.keyboard.type(text)


class TestTheSearch:
    def test_finds_a_payment_by_its_order_number_and_loses_no_keystroke(self, desk: Desk) -> None:
        payment = desk.api(f"/payments?to={LAST_DATE}&limit=1")["items"][0]
        desk.open("/vouchers")
        desk.page.keyboard.press("Control+k")
        desk.page.keyboard.type(payment["order_no"])
        hit = desk.page.get_by_role("option").first
        expect(hit).to_contain_text(payment["order_no"])
        expect(hit).to_contain_text(written(payment["amount"]))
        desk.page.keyboard.press("Enter")
        desk.go(re.compile(f"/payments/{payment['id']}$"))
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text(payment["order_no"])

    @pytest.mark.parametrize(
        ("typed", "found"),
        [("S22", "/merchants/S22"), ("记-2026-11-0002", "/vouchers/voucher_"), ("L-S22", "/loans/loan_")],
    )
    def test_finds_a_merchant_a_voucher_and_a_loan(self, desk: Desk, typed: str, found: str) -> None:
        desk.open("/")
        search(desk, typed)
        expect(desk.page.get_by_role("option").first).to_contain_text(typed)
        desk.page.keyboard.press("Enter")
        desk.go(re.compile(found))

    def test_finds_payments_by_their_amount(self, desk: Desk) -> None:
        payment = desk.api(f"/payments?to={LAST_DATE}&limit=1")["items"][0]
        desk.open("/")
        search(desk, written(payment["amount"]))
        expect(desk.page.get_by_role("option").filter(has_text=payment["order_no"])).to_be_visible()

    def test_goes_to_a_page_by_its_name_with_the_arrows(self, desk: Desk) -> None:
        desk.open("/")
        desk.page.keyboard.press("Control+k")
        expect(desk.page.get_by_role("combobox", name="搜索")).to_be_focused()
        desk.page.keyboard.press("ArrowDown")
        second = desk.page.get_by_role("option").nth(1)
        expect(second).to_have_attribute("aria-selected", "true")
        name = second.locator(".search-title").inner_text()
        desk.page.keyboard.press("Enter")
        expect(desk.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    def test_says_when_nothing_is_found_and_closes_on_escape(self, desk: Desk) -> None:
        desk.open("/")
        search(desk, "没有这样的东西")
        expect(desk.page.locator(".search-none")).to_contain_text("没有这样的东西")
        desk.page.keyboard.press("Escape")
        expect(desk.page.get_by_role("dialog")).to_be_hidden()
