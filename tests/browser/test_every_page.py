"""What holds on every page: both languages whole, nothing sticks out, everything can be read, nothing goes wrong."""

import pytest
from playwright.sync_api import expect

from tests.browser import looks
from tests.browser.desk import Desk
from tests.browser.sandbox import LAST_DATE
from tests.console import wallets

pytestmark = pytest.mark.timeout(300)
WIDTHS = (360, 390, 768, 1440, 2560)
HEIGHT = 900
PAGES = (
    "overview", "payments", "no payments", "payment", "refunded payment", "merchants", "merchant", "statement",
    "transaction", "reconciliation", "reconciled day", "vouchers", "voucher", "trial balance", "loans", "loan",
    "funders", "invariants", "ledger accounts", "no ledger accounts", "ledger account", "merchant account", "ledger holds",
    "ledger hold", "exchange", "reversal", "ledger trial balance", "trial balance of moments", "ledger seals",
)  # fmt: skip

_addresses: dict[str, str] = {}


def addresses(desk: Desk) -> dict[str, str]:
    """Where each page is; of an object, with the busiest one of its kind, whose page has the most on it."""
    if not _addresses:
        rows = desk.api(f"/payments?state=succeeded&to={LAST_DATE}&limit=200")["items"]
        busiest = max(rows, key=lambda row: row["merchants"])["id"]
        refunded = max(rows, key=lambda row: row["refunded"])["id"]
        loan = desk.api("/loans")["items"][0]
        voucher = max(desk.api("/vouchers")["items"], key=lambda row: row["lines"])
        transaction = desk.api(f"/payments/{busiest}")["transactions"][0]
        _addresses.update(
            {name: f"/{name.replace(' ', '-')}" for name in PAGES}
            | {
                "overview": f"/?date={LAST_DATE}",
                "no payments": "/payments?q=none",
                "payment": f"/payments/{busiest}",
                "refunded payment": f"/payments/{refunded}",
                "merchant": f"/merchants/{loan['merchant_no']}",
                "statement": f"/merchants/{loan['merchant_no']}?account=pending",
                "transaction": f"/transactions/{transaction['id']}",
                "reconciled day": f"/reconciliation/{LAST_DATE}",
                "voucher": f"/vouchers/{voucher['id']}",
                "loan": f"/loans/{loan['id']}",
                **ledger_addresses(desk),
            }
        )
    return _addresses


def ledger_addresses(desk: Desk) -> dict[str, str]:
    """The ledger's pages, with the book that has every state of accounts and holds."""
    search = {
        text: desk.api(f"/search?q={text}")["items"][0]["link"] for text in ("exchange-1", "sale-2-back")
    }
    hold = desk.api("/ledger/holds?state=open")["items"][0]
    own = desk.api("/ledger/accounts?q=user-charlie")["items"][0]
    merchant = desk.api("/ledger/accounts?code=merchant.pending")["items"][0]
    return {
        "ledger accounts": f"/ledger/accounts?book={wallets.BOOK}",
        "no ledger accounts": "/ledger/accounts?q=none",
        "ledger account": f"/ledger/accounts/{own['id']}?on={LAST_DATE}",
        "merchant account": f"/ledger/accounts/{merchant['id']}",
        "ledger holds": "/ledger/holds",
        "ledger hold": f"/ledger/holds/{hold['id']}",
        "exchange": search["exchange-1"],
        "reversal": search["sale-2-back"],
        "ledger trial balance": "/ledger/trial-balance?book=platform",
        "trial balance of moments": f"/ledger/trial-balance?book={wallets.BOOK}&by=booking",
        "ledger seals": f"/ledger/seals?book={wallets.BOOK}",
    }


def names(desk: Desk) -> set[str]:
    """What people are called, and what is Chinese by nature: data in every language."""
    found = {each["name"] for each in desk.api("/merchants?limit=200")["items"]}
    found |= {each["name"] for each in desk.api("/funders")["items"]}
    return found | wallets.NAMES | {"财务 Finance", "记-", "中文", "陈小姐"}


@pytest.mark.parametrize("name", PAGES)
class TestEveryPage:
    def test_is_whole_and_legible_in_both_languages_by_day_and_by_night(self, desk: Desk, name: str) -> None:
        page, keys = desk.page, looks.dictionary_keys()
        assert len(keys) > 200
        desk.open(addresses(desk)[name])
        assert looks.raw_words(page, keys) == set()
        assert page.evaluate(looks.ILLEGIBLE) == []
        page.get_by_role("button", name="English").click()
        page.emulate_media(color_scheme="dark")
        desk.open(addresses(desk)[name])
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert looks.left_in_chinese(page, names(desk)) == set()
        assert looks.raw_words(page, keys) == set()
        assert page.evaluate(looks.ILLEGIBLE) == []

    def test_fits_from_a_small_phone_to_a_wide_screen(self, desk: Desk, name: str) -> None:
        desk.page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
        desk.open(addresses(desk)[name])
        for width in WIDTHS:
            desk.page.set_viewport_size({"width": width, "height": HEIGHT})
            desk.settle()
            assert desk.page.evaluate(looks.STICKING_OUT) == [], f"at {width} px"
