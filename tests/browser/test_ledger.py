"""The ledger's pages as finance uses them: accounts, statements, holds, related transactions, trial balances, seals."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Download, expect

from feiqian.kernel.ids import show_id
from tests.browser.desk import Desk, fen, keep_picture
from tests.browser.sandbox import LAST_DATE
from tests.console import wallets

pytestmark = pytest.mark.timeout(300)
ACCOUNTS, STATEMENT, HOLDS = "账户", "账户流水", "资金冻结"


def account(ref: wallets.AccountRef) -> str:
    return f"/ledger/accounts/{show_id('account', ref.id)}"


def transaction(desk: Desk, reference: str) -> str:
    """The page of what was posted under that reference."""
    (hit,) = desk.api(f"/search?q={reference}")["items"]
    return hit["link"]


class TestTheListOfAccounts:
    def test_sums_what_is_filtered_and_keeps_the_filters_in_its_address(self, desk: Desk) -> None:
        desk.open("/ledger/accounts?book=platform&code=merchant.available")
        rows = desk.rows(ACCOUNTS)
        assert int(desk.fact("账户数")) == len(rows) > 5
        assert sum(fen(row["余额"]) for row in rows) == fen(desk.fact("贷方余额合计 元"))
        desk.page.get_by_role("checkbox", name="仅看有余额").check()
        expect(desk.page).to_have_url(re.compile("non_zero=1"))
        desk.page.get_by_role("button", name="清除筛选").click()
        expect(desk.page).to_have_url(re.compile("/ledger/accounts$"))

    def test_shows_frozen_closed_and_overdrawn_accounts_as_such(self, desk: Desk) -> None:
        desk.open("/ledger/accounts?code=own.wallet&currency=CNY")
        rows = {row["账户"].split("\n")[-1]: row for row in desk.rows(ACCOUNTS)}
        assert {name: row["状态"] for name, row in rows.items()} == {
            "user-alice": "正常",
            "user-bravo": "正常",
            "user-charlie": "只收不付",
            "user-delta": "已销户",
            "user-echo": "正常",
        }
        assert fen(rows["user-echo"]["余额"]) == -45_600
        assert fen(rows["user-echo"]["可用余额"]) == 54_400
        assert fen(rows["user-alice"]["冻结金额"]) == 165_750

    def test_finds_an_owner_by_name_and_leads_to_the_account(self, desk: Desk) -> None:
        name = desk.api("/merchants?limit=1")["items"][0]["name"]
        desk.open("/ledger/accounts")
        desk.page.get_by_role("textbox", name="账户编号 / 户主").fill(name)
        expect(desk.page).to_have_url(re.compile("q="))
        expect(desk.table(ACCOUNTS).locator("tbody tr")).to_have_count(2)
        desk.table(ACCOUNTS).locator("tbody a").first.click()
        desk.go(re.compile("/ledger/accounts/account_"))
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text(name)

    def test_is_taken_along_as_excel(self, desk: Desk, tmp_path: Path) -> None:
        desk.open("/ledger/accounts?code=own.wallet")
        with desk.page.expect_download() as coming:
            desk.page.get_by_role("button", name="导出 Excel").click()
        download: Download = coming.value
        assert download.suggested_filename.startswith("账户-2026-11-0")
        path = tmp_path / "accounts.xlsx"
        download.save_as(path)
        with ZipFile(path) as book:
            assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1 + 6


class TestAnAccount:
    def test_has_a_statement_that_follows_row_by_row(self, desk: Desk) -> None:
        desk.open(account(wallets.ALICE))
        rows = desk.rows(STATEMENT)
        assert [int(row["序号"]) for row in rows] == list(range(len(rows), 0, -1))
        balance = held = 0
        for row in reversed(rows):
            balance += fen(row["贷方"]) - fen(row["借方"])
            held += fen(row["冻结变动"])
            assert fen(row["余额"]) == balance, row
        assert balance == fen(desk.figure("余额"))
        assert held == fen(desk.figure("冻结金额"))
        assert balance - held == fen(desk.figure("可用余额"))
        keep_picture(desk.page, "account")

    def test_filters_its_statement_by_kind_and_amount(self, desk: Desk) -> None:
        desk.open(account(wallets.ALICE))
        desk.page.get_by_role("textbox", name="金额不低于").fill("88")
        desk.page.get_by_role("textbox", name="金额不高于").fill("1,000.00")
        desk.page.keyboard.press("Enter")
        expect(desk.page).to_have_url(re.compile("min=8800&max=100000"))
        expect(desk.table(STATEMENT).locator("tbody tr")).to_have_count(5)
        desk.page.get_by_role("textbox", name="金额不低于").fill("much")
        desk.page.keyboard.press("Enter")
        expect(desk.page.get_by_title("请填金额，如 1,234.50")).to_have_count(1)
        expect(desk.page).to_have_url(re.compile("min=8800"))

    def test_leads_to_the_account_on_the_other_side(self, desk: Desk) -> None:
        desk.open(account(wallets.CHARLIE))
        desk.table(STATEMENT).get_by_role("link", name="钱包备付金").click()
        desk.go(re.compile(re.escape(account(wallets.CASH))))

    def test_says_what_it_had_at_a_moment_of_the_past(self, desk: Desk) -> None:
        for query, balance in (
            ("at=2026-11-03+09:10:00", 1_234_567_890),
            ("at=2026-11-03+09:00:00", 0),
            ("on=2026-11-02", 0),
            ("on=2026-11-03", fen(written_balance(desk, wallets.ALICE))),
        ):
            desk.open(f"{account(wallets.ALICE)}?{query}")
            shown = desk.page.locator("output.moment-balance")
            assert fen(shown.inner_text().replace("\n", "")) == balance, query

    def test_says_who_froze_it_and_why(self, desk: Desk) -> None:
        desk.open(account(wallets.CHARLIE))
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text("只收不付")
        changes = desk.page.locator(".timeline").last
        expect(changes).to_contain_text("账户冻结：不冻结 → 冻结借方")
        expect(changes).to_contain_text("法院协助执行通知")
        expect(changes).to_contain_text(wallets.BY)

    @pytest.mark.parametrize(
        ("choice", "begins"), [("Excel", b"PK"), ("CSV", b"\xef\xbb\xbf"), ("PDF", b"%PDF")]
    )
    def test_is_taken_along_as_a_statement(
        self, desk: Desk, tmp_path: Path, choice: str, begins: bytes
    ) -> None:
        desk.open(account(wallets.ALICE))
        desk.page.get_by_role("button", name="下载").click()
        with desk.page.expect_download() as coming:
            desk.page.get_by_role("menuitem", name=choice).click()
        path = tmp_path / coming.value.suggested_filename
        coming.value.save_as(path)
        assert path.read_bytes().startswith(begins)


def written_balance(desk: Desk, ref: wallets.AccountRef) -> str:
    desk.open(account(ref))
    return desk.figure("余额")


class TestHolds:
    def test_are_listed_with_what_is_left(self, desk: Desk) -> None:
        desk.open("/ledger/holds")
        rows = desk.rows(HOLDS)
        for row in rows:
            assert fen(row["冻结金额"]) == fen(row["已扣款"]) + fen(row["已解冻"]) + fen(row["剩余"])
        rows = [row for row in rows if row["业务类型"] == "deposit"]
        assert [row["状态"] for row in rows] == ["已到期", "已解冻", "已扣款", "冻结中"]
        desk.open("/ledger/holds?state=open")
        assert {row["状态"] for row in desk.rows(HOLDS)} == {"冻结中"}
        assert [row["业务类型"] for row in desk.rows(HOLDS)].count("deposit") == 1

    def test_tell_their_captures_and_releases_in_order(self, desk: Desk) -> None:
        desk.open("/ledger/holds?state=open")
        desk.table(HOLDS).get_by_role("link", name="deposit").click()
        desk.go(re.compile("/ledger/holds/transaction_"))
        told = desk.page.locator(".timeline-title")
        expect(told).to_have_count(4)
        assert told.all_inner_texts() == ["冻结 3,000.00", "扣款 42.50", "扣款 800.00", "解冻 500.00"]
        assert fen(desk.figure("剩余")) == 165_750
        keep_picture(desk.page, "hold")


class TestATransaction:
    def test_draws_a_hold_dashed_and_leads_to_its_page(self, desk: Desk) -> None:
        desk.open(transaction(desk, "capture-1"))
        expect(desk.page.locator(".flow-held")).to_have_count(0)
        desk.open(transaction(desk, "release-1"))
        expect(desk.page.locator(".flow-held .flow-edge")).to_have_count(1)
        desk.table(HOLDS).locator("tbody a").first.click()
        desk.go(re.compile("/ledger/holds/transaction_"))

    def test_leads_from_a_reversal_to_the_original_and_back(self, desk: Desk) -> None:
        desk.open(transaction(desk, "sale-2-back"))
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text("冲正")
        desk.page.locator(".related a").click()
        desk.go(re.compile(re.escape(transaction(desk, "sale-2"))))
        expect(desk.page.get_by_role("heading", level=1)).to_contain_text("部分冲正")
        expect(desk.page.locator(".related")).to_contain_text("15.00")

    def test_keeps_currencies_apart(self, desk: Desk) -> None:
        desk.open(transaction(desk, "exchange-1"))
        amounts = desk.page.locator(".page-amount").all_inner_texts()
        assert [" ".join(text.split()) for text in amounts] == ["CNY 710.50", "USD 100.00"]
        assert sorted(desk.page.locator(".flow-edge text").all_text_contents()) == [
            "CNY 710.50",
            "USD 100.00",
        ]
        expect(desk.page.locator("pre")).to_contain_text('"rate": "7.105"')


class TestTheLedgersTrialBalance:
    @pytest.mark.parametrize(
        "query",
        [
            f"book=platform&to={LAST_DATE}",
            "book=funder:bank-a",
            f"book={wallets.BOOK}&by=booking&from=2026-11-03+09:30:00&to=2026-11-03+10:40:00",
        ],
    )
    def test_balances_in_every_column(self, desk: Desk, query: str) -> None:
        desk.open(f"/ledger/trial-balance?{query}")
        expect(desk.page.get_by_role("status")).to_contain_text("借贷平衡")
        for table in desk.page.locator("table.trial").all():
            rows = [
                [fen(text) for text in row.locator("td .money").all_inner_texts()]
                for row in table.locator("tbody tr").all()
            ]
            totals = [fen(text) for text in table.locator("tfoot .money").all_inner_texts()]
            assert [sum(column) for column in zip(*rows, strict=True)] == totals
            assert totals[0::2] == totals[1::2]

    def test_leads_to_the_accounts_behind_a_line(self, desk: Desk) -> None:
        desk.open("/ledger/trial-balance?book=platform")
        line = desk.page.locator("table.trial tbody tr").filter(has_text="商户可用余额")
        count, closing = line.locator("td").last.inner_text(), line.locator("td .money").nth(5).inner_text()
        line.get_by_role("link").click()
        desk.go(re.compile("/ledger/accounts.*code=merchant.available"))
        assert desk.fact("账户数") == count
        assert desk.fact("贷方余额合计 元") == closing
        keep_picture(desk.page, "accounts")


class TestSeals:
    def test_show_the_chain_of_a_book(self, desk: Desk) -> None:
        desk.open("/ledger/seals")
        desk.page.get_by_role("link", name="自有账套 wallet").click()
        expect(desk.page).to_have_url(re.compile("book="))
        expect(desk.table("区块列表").locator("tbody tr").first).to_be_visible()
        expect(desk.page.get_by_text("feiqian ledger verify")).to_be_visible()


class TestTheSearch:
    def test_finds_accounts_and_what_was_posted(self, desk: Desk) -> None:
        desk.open("/")
        desk.page.keyboard.press("Control+k")
        desk.page.keyboard.type("sale-2-back")
        expect(desk.page.get_by_role("option").first).to_contain_text("15.00")
        desk.page.keyboard.press("Enter")
        desk.go(re.compile("/transactions/transaction_"))
