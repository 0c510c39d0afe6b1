"""The ledger's accounts as finance asks for them: which, how much, since when, who changed what."""

import re
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import show_id
from feiqian.ledger import AccountRef
from tests.console import wallets
from tests.console.conftest import Client, every_row, sign_in
from tests.console.shop import Shop

LIST = "/console/api/ledger/accounts"
ENGLISH = {"Accept-Language": "en"}


def shown(ref: AccountRef) -> str:
    return show_id("account", ref.id)


async def get(console: Client, path: str, **query: str) -> Any:
    answer = await console.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def desk(console: Client, shop: Shop, clock: ManualClock) -> Client:
    """The evening after the wallets' day, with a little trade beside them."""
    await shop.pay("100", {"S10": 30_000})
    await shop.database.run(wallets.tell)
    clock.advance_to(wallets.EVENING)
    await sign_in(console)
    return console


@pytest.mark.anyio
class TestTheListOfAccounts:
    async def test_has_each_once_by_book_subject_and_owner(self, desk: Client) -> None:
        rows = await every_row(desk, LIST)
        names = [(row["book"], row["code"], row["owner"], row["currency"]) for row in rows]
        assert names == sorted(names)
        assert len(set(names)) == len(names) == 14

    async def test_filters_and_sums_what_is_filtered_by_currency(self, desk: Client) -> None:
        for query, owners in (
            ({"code": "own.wallet", "currency": "CNY"}, ["alice", "bravo", "charlie", "delta", "echo"]),
            ({"group": wallets.GROUP}, ["alice", "echo"]),
            ({"state": "frozen"}, ["charlie"]),
            ({"state": "closed"}, ["delta"]),
            ({"q": "user-al"}, ["alice", "alice"]),
            ({"q": shown(wallets.ECHO)}, ["echo"]),
            (
                {"code": "own.wallet", "currency": "CNY", "non_zero": "1"},
                ["alice", "bravo", "charlie", "echo"],
            ),
            ({"q": "nobody"}, []),
            ({"q": "account_nonsense"}, []),
        ):
            page = await get(desk, LIST, **query)
            assert [row["owner"].removeprefix("user-") for row in page["items"]] == owners, query
            for total in page["totals"]:
                ours = [row for row in page["items"] if row["currency"] == total["currency"]]
                assert total["accounts"] == len(ours)
                net = sum(row["balance"] if row["side"] == "debit" else -row["balance"] for row in ours)
                assert total["debit_balance"] - total["credit_balance"] == net
                assert total["held"] == sum(row["held"] for row in ours)

    async def test_of_a_whole_book_is_in_balance(self, desk: Client) -> None:
        for total in (await get(desk, LIST, book=wallets.BOOK))["totals"]:
            assert total["debit_balance"] == total["credit_balance"] > 0

    async def test_finds_a_merchants_accounts_by_its_name(self, desk: Client) -> None:
        (row,) = (await get(desk, LIST, q="春来"))["items"]
        assert (row["code"], row["owner_name"], row["subject_number"]) == (
            "merchant.pending",
            "春来茶行",
            "224101",
        )

    async def test_says_what_may_still_be_taken_out(self, desk: Client) -> None:
        rows = {
            (row["owner"], row["currency"]): row
            for row in (await get(desk, LIST, code="own.wallet"))["items"]
        }
        alice, echo = rows["user-alice", "CNY"], rows["user-echo", "CNY"]
        assert alice["held"] == 300_000 - 4_250 - 80_000 - 50_000
        assert alice["available"] == alice["balance"] - alice["held"]
        assert (echo["balance"], echo["overdraft"], echo["available"]) == (-45_600, 100_000, 54_400)

    async def test_is_exported_as_it_is_filtered(self, desk: Client) -> None:
        wallets_only = {"code": "own.wallet", "currency": "CNY"}
        answer = await desk.get(f"{LIST}.xlsx", params=wallets_only, headers=ENGLISH)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].endswith("accounts-2026-11-03.xlsx")
        with ZipFile(BytesIO(answer.content)) as book:
            texts = book.read("xl/sharedStrings.xml").decode()
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert sheet.count("<row ") == 1 + 5
        assert "user-alice" in texts
        assert "Receives only" in texts
        assert re.search(r"<v>-456(\.0+)?</v>", sheet)


@pytest.mark.anyio
class TestAnAccount:
    async def test_shows_its_state_groups_holds_and_changes(self, desk: Client) -> None:
        page = await get(desk, f"{LIST}/{shown(wallets.CHARLIE)}")
        assert page["account"]["state"] == "receive_only"
        assert [(change["what"], change["after"], change["reason"]) for change in page["changes"]] == [
            ("frozen", 1, "法院协助执行通知"),
            ("opened", 0, "opened with the book"),
        ]
        assert page["changes"][0]["changed_by"] == wallets.BY
        alice = await get(desk, f"{LIST}/{shown(wallets.ALICE)}")
        assert alice["groups"] == [wallets.GROUP]
        assert [(hold["left"], hold["state"]) for hold in alice["holds"]] == [(165_750, "open")]
        assert alice["balance_by_day"][-1]["balance"] == alice["account"]["balance"]
        assert "ride_fee" in alice["kinds"]

    async def test_leads_to_its_owner(self, desk: Client) -> None:
        (row,) = (await get(desk, LIST, q="春来"))["items"]
        assert (await get(desk, f"{LIST}/{row['id']}"))["owner_link"] == "/merchants/S10"

    async def test_says_what_it_had_at_any_moment(self, desk: Client) -> None:
        path = f"{LIST}/{shown(wallets.ALICE_USD)}/balance"
        for query, balance in (
            ({"at": "2026-11-03 09:00:00"}, 0),
            ({"at": "2026-11-03 10:00:00"}, 75_000),
            ({"at": "2026-11-03T04:00:00Z"}, 85_000),
            ({"on": "2026-11-01"}, 0),
            ({"on": "2026-11-02"}, 75_000),
            ({"on": "2026-11-03"}, 85_000),
        ):
            assert await get(desk, path, **query) == {"balance": balance, "currency": "USD"}, query
        for query in (
            {},
            {"at": "yesterday"},
            {"on": "2026-13-01"},
            {"at": "2026-11-03", "on": "2026-11-03"},
        ):
            assert (await desk.get(path, params=query)).status_code == 400, query

    async def test_that_never_was_is_not_found(self, desk: Client) -> None:
        nobody = shown(wallets.ref("own.wallet", "nobody"))
        for path in (f"{LIST}/{nobody}", f"{LIST}/{nobody}/statement", f"{LIST}/{nobody}/statement.csv"):
            assert (await desk.get(path)).status_code == 404, path
        assert (await desk.get(f"{LIST}/100")).status_code == 400


@pytest.mark.anyio
class TestAStatement:
    async def test_follows_from_entry_to_entry(self, desk: Client) -> None:
        account = (await get(desk, f"{LIST}/{shown(wallets.ALICE)}"))["account"]
        rows = await every_row(desk, f"{LIST}/{shown(wallets.ALICE)}/statement")
        assert [row["sequence"] for row in rows] == list(range(account["entries"], 0, -1))
        balance = held = 0
        for row in reversed(rows):
            balance += row["credit"] - row["debit"]
            held += row["held"]
            assert (row["balance"], row["incoming"]) == (balance, 0), row
        assert (balance, held) == (account["balance"], account["held"])
        assert {row["counter"]["code"] for row in rows} == {"own.cash", "own.sales", "own.position"}

    async def test_filters_by_day_kind_and_amount(self, desk: Client) -> None:
        path = f"{LIST}/{shown(wallets.ALICE)}/statement"
        for query, references in (
            ({"kind": "ride_fee"}, ["capture-2", "capture-1"]),
            ({"min": "8800", "max": "12800"}, ["sale-2", "sale-1-back", "sale-1"]),
            ({"from": "2026-11-04"}, []),
            ({"to": "2026-11-02"}, []),
            ({"from": "2026-11-03", "to": "2026-11-03", "kind": "top_up"}, ["top-up-1"]),
        ):
            rows = await every_row(desk, path, **query)
            assert [row["reference"] for row in rows] == references, query

    async def test_is_taken_along_as_a_file(self, desk: Client) -> None:
        path = f"{LIST}/{shown(wallets.ALICE)}/statement"
        for suffix, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
            answer = await desk.get(f"{path}.{suffix}", params={"from": "2026-11-03"}, headers=ENGLISH)
            assert answer.status_code == 200, answer.text
            assert answer.content.startswith(begins)
            assert answer.headers["content-disposition"].endswith(f".{suffix}")
            assert answer.headers["cache-control"] == "no-store"
        text = (await desk.get(f"{path}.csv")).content.decode("utf-8-sig")
        assert "top-up-1" in text

    async def test_refuses_days_that_no_book_has(self, desk: Client) -> None:
        path = f"{LIST}/{shown(wallets.ALICE)}"
        for query in ({"from": "0001-01-01"}, {"to": "9999-12-31"}, {"from": "soon"}, {"min": "-1"}):
            assert (await desk.get(f"{path}/statement", params=query)).status_code == 400, query
        for query in ({"at": "9999-12-31 23:59:59"}, {"on": "0001-01-01"}):
            assert (await desk.get(f"{path}/balance", params=query)).status_code == 400, query

    async def test_is_for_staff_only(self, visitor: Client) -> None:
        for path in (LIST, f"{LIST}.xlsx", "/console/api/ledger/choices", "/console/api/ledger/seals"):
            assert (await visitor.get(path)).status_code == 401, path
