"""The day's figures: what is shown is what the ledger says."""

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, fen, keep_picture
from tests.browser.sandbox import FIRST_DATE, LAST_DATE, TODAY, Sandbox

pytestmark = pytest.mark.timeout(300)


class TestTheOverview:
    def test_shows_the_figures_of_its_day_as_the_api_and_the_payments_say(self, desk: Desk) -> None:
        desk.open(f"/?date={LAST_DATE}")
        said = desk.api(f"/overview?date={LAST_DATE}")
        rows = desk.api(f"/payments?from={LAST_DATE}&to={LAST_DATE}&state=succeeded&limit=200")["items"]
        assert said["today"]["paid"] == sum(row["amount"] for row in rows) > 0
        assert said["today"]["fees"] == sum(row["fee"] for row in rows)
        assert said["today"]["buyers"] == len({row["buyer"] for row in rows})
        assert {
            "paid": fen(desk.figure("收款金额")),
            "payments": int(desk.figure("支付笔数")),
            "refunded": fen(desk.figure(f"退款金额（{said['today']['refunds']} 笔）")),
            "fees": fen(desk.figure("手续费")),
            "buyers": int(desk.figure("付款买家")),
        } == {name: said["today"][name] for name in ("paid", "payments", "refunded", "fees", "buyers")}
        assert desk.figure("支付成功率") == "100%"
        keep_picture(desk.page, "dashboard")

    def test_adds_up_over_the_days_to_what_the_story_told(self, desk: Desk, sandbox: Sandbox) -> None:
        desk.open(f"/?date={LAST_DATE}")
        told = sandbox.summary
        days = desk.api(f"/overview?date={LAST_DATE}")["days"]
        assert [day["date"] for day in days] == [FIRST_DATE, "2026-11-02", LAST_DATE]
        for name in ("paid", "payments", "refunded", "fees", "settled"):
            assert sum(day[name] for day in days) == told[name], name

    def test_shows_balances_that_equal_the_trial_balance_and_the_merchants(
        self, desk: Desk, sandbox: Sandbox
    ) -> None:
        desk.open(f"/?date={LAST_DATE}")
        shown = {
            item.locator("a").inner_text(): fen(item.locator(".money").inner_text())
            for item in desk.page.locator(".balances li").all()
        }
        closing = {
            row["subject_chinese"]: row["ledger_closing"]
            for row in desk.api(f"/trial-balance?date={LAST_DATE}&book=platform")["rows"]
        }
        assert shown["渠道在途（应收）"] == closing["应收账款－支付渠道"]
        assert shown["银行存款"] == closing["银行存款－备付金"]
        assert shown["商户待结算"] == closing["其他应付款－商户待结算"]
        assert shown["商户可用余额"] == closing["其他应付款－商户可用余额"]
        assert shown["手续费收入"] == closing["主营业务收入－手续费"]

        desk.open(f"/?date={TODAY}")
        merchants = desk.api("/merchants?limit=200")["items"]
        now = desk.api(f"/overview?date={TODAY}")["balances"]
        assert now["merchants_available"] == sum(
            sandbox.ask("GET", f"/v1/merchants/{merchant['merchant_no']}/balance")["available"]
            for merchant in merchants
        )
        assert now["loans_outstanding"] == sandbox.summary["outstanding"]

    def test_opens_on_a_day_with_trade(self, desk: Desk) -> None:
        desk.open("/")
        assert fen(desk.figure("收款金额")) > 0

    def test_turns_to_the_day_before_and_keeps_it_in_the_address(self, desk: Desk) -> None:
        desk.open(f"/?date={LAST_DATE}")
        desk.page.get_by_role("button", name="前一天").click()
        expect(desk.page).to_have_url(f"{desk.url}/console/?date=2026-11-02")
        expected = desk.api("/overview?date=2026-11-02")["today"]["paid"]
        expect(desk.page.locator(".figure [data-minor]").first).to_have_attribute("data-minor", str(expected))

    def test_has_an_exact_table_behind_each_chart(self, desk: Desk) -> None:
        desk.open(f"/?date={LAST_DATE}")
        desk.page.get_by_role("button", name="近 30 个交易日", exact=False).click()
        table = desk.page.get_by_role("region", name="近 30 个交易日")
        paid = [fen(cell) for cell in table.locator("tbody tr td:nth-child(2)").all_inner_texts()]
        assert paid == [day["paid"] for day in desk.api(f"/overview?date={LAST_DATE}")["days"]]

    def test_leads_from_a_figure_to_the_list_behind_it(self, desk: Desk) -> None:
        desk.open(f"/?date={LAST_DATE}")
        paid = fen(desk.figure("收款金额"))
        desk.page.locator("a.figure").first.click()
        expect(desk.page.get_by_role("heading", level=1, name="支付")).to_be_visible()
        desk.settle()
        assert fen(desk.fact("收款金额")) == paid
