"""What finance checks: statements, bills, vouchers, the trial balance, loans and the standing rules."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, fen, keep_picture
from tests.browser.sandbox import FIRST_DATE, LAST_DATE, Sandbox

pytestmark = pytest.mark.timeout(300)
STATEMENT, DAYS, SIDES, TRIAL = "账户流水", "对账", "对账", "试算平衡"


def busiest_merchant(desk: Desk) -> str:
    """Whose pending account has the most entries."""
    return desk.api(f"/overview?date={LAST_DATE}")["top_merchants"][0]["merchant_no"]


class TestAStatement:
    @pytest.mark.parametrize(("account", "figure"), [("available", "可用余额"), ("pending", "待结算")])
    def test_has_running_balances_that_follow_row_by_row(
        self, desk: Desk, sandbox: Sandbox, account: str, figure: str
    ) -> None:
        merchant_no = busiest_merchant(desk)
        desk.open(f"/merchants/{merchant_no}?account={account}")
        rows = desk.rows(STATEMENT)
        following = desk.page.get_by_role("button", name="下一页")
        while following.count():
            following.click()
            newest = desk.table(STATEMENT).locator("tbody tr:first-child td:last-child")
            expect(newest).to_have_text(str(int(rows[-1]["序号"]) - 1))
            rows += desk.rows(STATEMENT)

        assert [int(row["序号"]) for row in rows] == list(range(len(rows), 0, -1))
        balance = 0
        for row in reversed(rows):
            came, went = fen(row["收入"]), fen(row["支出"])
            assert (came > 0) != (went > 0), row
            balance += came - went
            assert fen(row["余额"]) == balance, row
        assert balance == fen(desk.figure(figure))
        assert balance == sandbox.ask("GET", f"/v1/merchants/{merchant_no}/balance")[account]

    def test_says_in_words_what_each_entry_is_about(self, desk: Desk) -> None:
        merchant_no = busiest_merchant(desk)
        desk.open(f"/merchants/{merchant_no}?account=pending")
        rows = desk.rows(STATEMENT)
        assert rows[0]["业务单号"] == f"{LAST_DATE} 交易结算"
        assert {row["摘要"] for row in rows} <= {"收款", "结算", "退款受理"}
        desk.page.set_viewport_size({"width": 1440, "height": 1200})
        keep_picture(desk.page, "statement")

    def test_changes_the_account_at_a_click(self, desk: Desk) -> None:
        desk.open(f"/merchants/{busiest_merchant(desk)}")
        desk.page.locator(".ant-segmented").get_by_text("待结算", exact=True).click()
        expect(desk.page).to_have_url(re.compile("account=pending"))
        expect(desk.table(STATEMENT)).to_contain_text("收款")


class TestReconciliation:
    def test_lists_every_day_as_balanced(self, desk: Desk, sandbox: Sandbox) -> None:
        desk.open("/reconciliation")
        rows = desk.rows(DAYS)
        assert sorted({row["业务日"] for row in rows}) == [FIRST_DATE, "2026-11-02", LAST_DATE]
        assert {row["渠道"] for row in rows} == {"微信支付", "支付宝", "银联"}
        assert {row["结果"] for row in rows} == {"对平"}
        assert sum(int(row["账单笔数"]) for row in rows) == sandbox.summary["bill_lines"]
        assert sum(int(row["已对平"]) for row in rows) == sandbox.summary["matched"]
        for row in rows:
            assert fen(row["渠道账单净额"]) == fen(row["我方净额"])
            assert fen(row["差额"]) == 0

    def test_shows_both_sides_of_every_line_of_a_day(self, desk: Desk) -> None:
        desk.open("/reconciliation")
        row = desk.table(DAYS).get_by_role("row").filter(has_text=FIRST_DATE).filter(has_text="微信支付")
        row.get_by_role("link").first.click()
        desk.go(re.compile(f"/reconciliation/{FIRST_DATE}\\?channel=wechatpay"))
        bill, lines = fen(desk.figure("渠道账单净额")), int(desk.figure("账单笔数"))
        seen, net = 0, 0
        while True:
            for row in desk.rows(SIDES):
                ours, theirs = fen(row["我方账 · 金额"]), fen(row["渠道账单 · 金额"])
                assert ours == theirs > 0, row
                assert row["我方账 · 状态"] in ("支付成功", "退款成功"), row
                assert row["渠道账单 · 状态"] in ("支付成功", "退款成功"), row
                assert re.fullmatch(r"C?\d{6}(-\d{6})?", row["我方账"]), row
                net += ours if row["类型"] == "支付" else -ours
                seen += 1
            following = desk.page.get_by_role("button", name="下一页")
            if not following.count():
                break
            number = desk.rows(SIDES)[-1]["渠道账单"]
            following.click()
            expect(desk.page.get_by_text(number)).to_have_count(0)
        assert (seen, net) == (lines, bill)

    def test_filters_a_day_by_status(self, desk: Desk) -> None:
        desk.open(f"/reconciliation/{FIRST_DATE}")
        desk.page.get_by_role("link", name=re.compile("金额不符")).click()
        expect(desk.page).to_have_url(re.compile("status=amount_differs"))
        expect(desk.page.locator(".blank")).to_be_visible()


class TestVouchers:
    def test_are_numbered_without_gaps_in_each_book(self, desk: Desk, sandbox: Sandbox) -> None:
        desk.open("/vouchers")
        rows = desk.rows("记账凭证")
        assert len(rows) == sandbox.summary["vouchers"]
        for book in {row["账套"] for row in rows}:
            numbers = sorted(row["凭证号"] for row in rows if row["账套"] == book)
            assert numbers == [f"记-2026-11-{n:04d}" for n in range(1, len(numbers) + 1)], book

    def test_balance_debit_against_credit_line_by_line(self, desk: Desk) -> None:
        for voucher in desk.api("/vouchers?limit=200")["items"]:
            desk.open(f"/vouchers/{voucher['id']}")
            sheet = desk.page.locator("article.voucher table")
            debits, credits_ = (
                [fen(text) for text in sheet.locator(f"tbody td:nth-child({column})").all_inner_texts()]
                for column in (3, 4)
            )
            assert sum(debits) == sum(credits_) == voucher["total"], voucher["number"]
            assert all((debit == 0) != (credit == 0) for debit, credit in zip(debits, credits_, strict=True))
            totals = [fen(text) for text in sheet.locator("tfoot .money").all_inner_texts()]
            assert totals == [voucher["total"]] * 2
            expect(desk.page.get_by_role("heading", level=1)).to_contain_text("借贷平衡")

    def test_filter_by_day(self, desk: Desk) -> None:
        desk.open(f"/vouchers?date={LAST_DATE}")
        assert {row["日期"] for row in desk.rows("记账凭证")} == {LAST_DATE}


class TestTheTrialBalance:
    @pytest.mark.parametrize("book", ["platform", "funder:bank-a"])
    def test_balances_in_every_column_and_agrees_with_the_ledger(self, desk: Desk, book: str) -> None:
        desk.open(f"/trial-balance?date={LAST_DATE}&book={book}")
        expect(desk.page.get_by_role("status")).to_contain_text("试算平衡，与账本一致")
        table = desk.table(TRIAL)
        rows = [
            [fen(text) for text in row.locator("td .money").all_inner_texts()]
            for row in table.locator("tbody tr").all()
        ]
        totals = [fen(text) for text in table.locator("tfoot .money").all_inner_texts()]
        assert [sum(column) for column in zip(*[row[:6] for row in rows], strict=True)] == totals
        opening_debit, opening_credit, debit, credit, closing_debit, closing_credit = totals
        assert (opening_debit, debit, closing_debit) == (opening_credit, credit, closing_credit)
        assert debit > 0
        for row in rows:
            assert row[0] - row[1] + row[2] - row[3] == row[4] - row[5]
            assert abs(row[4] - row[5]) == abs(row[6])
        assert set(table.locator("tbody .tag").all_inner_texts()) == {"一致"}


class TestLoans:
    def test_add_up_to_what_was_lent(self, desk: Desk, sandbox: Sandbox) -> None:
        desk.open("/loans")
        rows = desk.rows("贷款")
        assert len(rows) == int(desk.fact("笔数")) == sandbox.summary["loans"]
        assert (
            sum(fen(row["贷款本金"]) for row in rows) == fen(desk.fact("贷款本金")) == sandbox.summary["lent"]
        )
        assert sum(fen(row["未还合计"]) for row in rows) == sandbox.summary["outstanding"]

    def test_explain_why_a_line_was_granted_and_what_moved(self, desk: Desk) -> None:
        desk.open("/loans")
        first = desk.rows("贷款")[0]
        desk.page.get_by_role("link", name=first["贷款编号"], exact=True).click()
        desk.go(re.compile("/loans/loan_"))
        assert fen(desk.figure("未还合计")) == fen(first["未还合计"])
        assert desk.page.locator(".reasons li").count() == 4
        assert desk.page.locator(".reasons li.reason-passed").count() == 4
        moved = desk.rows("还款与计息")
        assert [row["类型"] for row in moved] == ["放款"]
        assert fen(moved[-1]["余额"]) == fen(first["未还合计"])
        assert desk.flow() == [fen(first["贷款本金"])] * 2

    def test_leave_the_funder_with_what_it_did_not_lend(self, desk: Desk, sandbox: Sandbox) -> None:
        desk.open("/funders")
        (funder,) = desk.rows("资金方")
        lent = fen(funder["在贷本金"])
        assert lent == sandbox.summary["outstanding"]
        assert fen(funder["累计存入"]) == fen(funder["可放款余额"]) + lent
        assert int(funder["在贷笔数"]) == sandbox.summary["loans"]


class TestTheStandingRules:
    def test_all_hold(self, desk: Desk) -> None:
        desk.open("/invariants")
        expect(desk.page.get_by_role("status")).to_contain_text("全部通过")
        rules = desk.page.locator("tbody tr")
        assert rules.count() >= 25
        assert desk.page.locator("tbody .tag-good").count() == rules.count()

    def test_are_checked_again_at_will(self, desk: Desk) -> None:
        desk.open("/invariants")
        verdict = desk.page.get_by_role("status").filter(has_text="上次检查")
        before = verdict.inner_text()
        desk.page.get_by_role("button", name="立即检查").click()
        expect(verdict).not_to_have_text(before)
        expect(verdict).to_contain_text("全部通过")
