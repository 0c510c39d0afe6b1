"""Finding payments, and reading one to the last fen."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, fen
from tests.browser.sandbox import LAST_DATE, Sandbox

pytestmark = pytest.mark.timeout(300)
LIST, SHARES, REFUNDS = "支付", "分账", "退款"
AMOUNT = "金额"


def pages(desk: Desk) -> list[dict[str, str]]:
    """Every row of a list, page by page until it ends."""
    rows = desk.rows(LIST)
    following = desk.page.get_by_role("button", name="下一页")
    while following.count():
        last = rows[-1]["订单号"]
        following.click()
        expect(desk.page.get_by_role("link", name=last, exact=True)).to_have_count(0)
        rows += desk.rows(LIST)
    return rows


def choose(desk: Desk, label: str, option: str) -> None:
    desk.page.get_by_role("combobox", name=label).click()
    desk.page.locator(".ant-select-item-option").get_by_text(option, exact=True).click()


class TestTheListOfPayments:
    def test_pages_through_every_row_of_a_filter_and_totals_them(self, desk: Desk) -> None:
        desk.open(f"/payments?state=succeeded&from={LAST_DATE}&to={LAST_DATE}")
        count, amount = int(desk.fact("笔数")), fen(desk.fact("收款金额"))
        rows = pages(desk)
        assert len(rows) == len({row["订单号"] for row in rows}) == count > 50
        assert sum(fen(row[AMOUNT]) for row in rows) == amount
        assert (
            sum(fen(row["手续费"]) for row in rows)
            == desk.api(f"/overview?date={LAST_DATE}")["today"]["fees"]
        )

    def test_filters_by_state_from_the_keyboard_or_the_mouse(self, desk: Desk, sandbox: Sandbox) -> None:
        sandbox.merchant("SILK", "苏州丝绸行")
        waiting = sandbox.payment("SILK", 31_415, "丝巾")
        desk.open("/payments")
        choose(desk, "状态", "待支付")
        expect(desk.page).to_have_url(re.compile("state=awaiting_payment"))
        row = desk.page.get_by_role("row").filter(has_text=waiting["order_no"])
        expect(row).to_contain_text("314.15")
        desk.settle()
        assert {row["状态"] for row in desk.rows(LIST)} == {"待支付"}

    def test_filters_by_merchant_and_by_text(self, desk: Desk) -> None:
        everything = desk.api("/payments?merchant_no=S47&limit=200")["items"]
        desk.open("/payments")
        desk.page.get_by_role("textbox", name="商户号").fill("S47")
        expect(desk.page).to_have_url(re.compile("merchant_no=S47"))
        expect(desk.page.locator(".totals")).to_contain_text(str(len(everything)))
        wanted = everything[0]["order_no"]
        desk.page.get_by_role("textbox", name="订单号").fill(wanted)
        expect(desk.page).to_have_url(re.compile(f"q={wanted}"))
        expect(desk.page.locator("tbody tr")).to_have_count(1)
        assert desk.rows(LIST)[0]["订单号"] == wanted
        desk.page.get_by_role("button", name="清除筛选").click()
        expect(desk.page).to_have_url(f"{desk.url}/console/payments")

    def test_says_when_nothing_is_found_and_what_to_do(self, desk: Desk) -> None:
        desk.open("/payments?q=no-such-order")
        expect(desk.page.locator(".blank")).to_be_visible()
        assert desk.page.locator(".blank").inner_text().count("\n") >= 1


class TestAPayment:
    def test_shows_shares_entries_and_a_timeline_that_agree(self, desk: Desk) -> None:
        rows = desk.api("/payments?state=succeeded&limit=200")["items"]
        most = max(rows, key=lambda row: row["merchants"])
        desk.open(f"/payments?q={most['order_no']}")
        desk.page.get_by_role("link", name=most["order_no"], exact=True).click()
        desk.go(re.compile(f"/payments/{most['id']}"))
        amount = fen(desk.page.locator(".page-amount").inner_text())
        assert amount == most["amount"]

        shares = desk.rows(SHARES)
        assert sum(fen(share["应收"]) for share in shares) == amount
        assert sum(fen(share["手续费"]) for share in shares) == most["fee"]
        for share in shares:
            assert fen(share["净额"]) == fen(share["应收"]) - fen(share["手续费"])

        captured = desk.page.locator("article.transaction").first
        assert sum(desk.flow()) == amount
        assert len(desk.flow()) == most["merchants"] + 1
        captured.get_by_text("借贷明细").click()
        assert fen(captured.locator("tfoot .money").inner_text()) == amount

        told = desk.page.locator(".timeline-title").all_inner_texts()
        assert told == ["平台创建支付", "渠道受理，待买家支付", "支付成功，已入账"]

    def test_shows_what_a_refund_took_from_whom(self, desk: Desk) -> None:
        rows = desk.api("/payments?state=succeeded&limit=200")["items"]
        refunded = next(row for row in rows if 0 < row["refunded"] < row["amount"])
        desk.open(f"/payments/{refunded['id']}")
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text("部分退款")
        assert fen(desk.fact("已退款")) == refunded["refunded"]
        refunds = desk.rows(REFUNDS)
        assert sum(fen(refund[AMOUNT]) for refund in refunds) == refunded["refunded"]
        taken = sum(fen(share["已退款"]) for share in desk.rows(SHARES))
        assert taken + sum(fen(refund["退回手续费"]) for refund in refunds) == refunded["refunded"]

    def test_leads_to_the_ledger_transaction_and_to_the_merchant(self, desk: Desk) -> None:
        newest = desk.api(f"/payments?state=succeeded&to={LAST_DATE}&limit=1")["items"][0]
        desk.open(f"/payments/{newest['id']}")
        desk.page.locator("article.transaction h3 a").first.click()
        desk.go(re.compile("/transactions/transaction_"))
        assert fen(desk.page.locator(".page-amount").inner_text()) == newest["amount"]
        desk.page.get_by_role("link", name=newest["order_no"]).click()
        desk.go(re.compile(newest["id"]))
        desk.table(SHARES).locator("tbody a").first.click()
        desk.go(re.compile("/merchants/S"))
