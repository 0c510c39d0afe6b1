"""Holds, related transactions, the ledger's trial balance and its seals."""

from itertools import pairwise
from uuid import UUID

import pytest

from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import show_id
from feiqian.ledger import seal_all
from tests.console import wallets
from tests.console.conftest import Client, every_row, sign_in
from tests.console.shop import Shop
from tests.console.test_ledger_accounts import get, shown

HOLDS = "/console/api/ledger/holds"
TRIAL = "/console/api/ledger/trial-balance"
SEALS = "/console/api/ledger/seals"
SUMS = ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")


@pytest.fixture
async def told(console: Client, shop: Shop, clock: ManualClock) -> dict[str, str]:
    """The evening after the wallets' day; the outside ids of what happened, by name."""
    ids: dict[str, UUID] = await shop.database.run(wallets.tell)
    clock.advance_to(wallets.EVENING)
    await sign_in(console)
    return {name: show_id("transaction", id) for name, id in ids.items()}


@pytest.mark.anyio
class TestHolds:
    async def test_are_each_listed_once_newest_first(self, console: Client, told: dict[str, str]) -> None:
        rows = await every_row(console, HOLDS)
        assert [(row["reference"], row["state"], row["amount"], row["left"]) for row in rows] == [
            ("hold-4", "expired", 7_000, 0),
            ("hold-3", "released", 6_000, 0),
            ("hold-2", "captured", 5_000, 0),
            ("hold-1", "open", 300_000, 165_750),
        ]
        for row in rows:
            assert row["amount"] == row["captured"] + row["released"] + row["left"]

    async def test_are_filtered_by_state_and_account(self, console: Client, told: dict[str, str]) -> None:
        for query, references in (
            ({"state": "open"}, ["hold-1"]),
            ({"account": shown(wallets.BRAVO)}, ["hold-4", "hold-3", "hold-2"]),
            ({"account": shown(wallets.SALES), "state": "captured"}, ["hold-2"]),
        ):
            rows = await every_row(console, HOLDS, **query)
            assert [row["reference"] for row in rows] == references, query
        assert (await console.get(HOLDS, params={"account": "alice"})).status_code == 400

    async def test_say_what_became_of_them_step_by_step(self, console: Client, told: dict[str, str]) -> None:
        page = await get(console, f"{HOLDS}/{told['hold-1']}")
        assert [(event["action"], event["amount"], event["left"]) for event in page["events"]] == [
            ("hold", 300_000, 300_000),
            ("capture", 4_250, 295_750),
            ("capture", 80_000, 215_750),
            ("release", 50_000, 165_750),
        ]
        assert page["hold"]["left"] == page["events"][-1]["left"]
        assert page["metadata"] == {"ride": "R-118"}
        assert (await console.get(f"{HOLDS}/{told['sale-1']}")).status_code == 404

    async def test_are_marked_when_their_time_is_over(
        self, console: Client, told: dict[str, str], clock: ManualClock
    ) -> None:
        assert (await get(console, f"{HOLDS}/{told['hold-1']}"))["hold"]["overdue"] is False
        clock.advance_to(wallets.BEGIN.replace(month=12, day=20))
        await sign_in(console)
        assert (await get(console, f"{HOLDS}/{told['hold-1']}"))["hold"]["overdue"] is True


@pytest.mark.anyio
class TestATransaction:
    async def test_knows_what_it_takes_back_and_what_took_it_back(
        self, console: Client, told: dict[str, str]
    ) -> None:
        for name, reversed_, related in (
            ("sale-1", "whole", [("reversal", "sale-1-back", 12_800)]),
            ("sale-2", "part", [("reversal", "sale-2-back", 1_500)]),
            ("sale-2-back", "none", [("original", "sale-2", 8_800)]),
            ("sale-3", "none", []),
        ):
            page = await get(console, f"/console/api/transactions/{told[name]}")
            assert page["reversed"] == reversed_, name
            assert [
                (each["relation"], each["id"], each["amounts"][0]["amount"]) for each in page["related"]
            ] == [(relation, told[other], amount) for relation, other, amount in related], name

    async def test_shows_the_hold_that_it_is_about(self, console: Client, told: dict[str, str]) -> None:
        for name, action in (("hold-1", "hold"), ("capture-1", "capture"), ("release-1", "release")):
            page = await get(console, f"/console/api/transactions/{told[name]}")
            assert (page["action"], page["hold"]["id"]) == (action, told["hold-1"]), name

    async def test_keeps_two_currencies_apart_and_the_callers_facts(
        self, console: Client, told: dict[str, str]
    ) -> None:
        page = await get(console, f"/console/api/transactions/{told['exchange-1']}")
        assert [(leg["currency"], leg["amount"]) for leg in page["legs"]] == [
            ("CNY", 71_050),
            ("USD", 10_000),
        ]
        assert page["metadata"]["quote"] == {"source": "desk", "valid_s": 30}
        late = await get(console, f"/console/api/transactions/{told['top-up-3']}")
        assert late["effective_at"] < late["booked_at"]
        assert late["business_date"] == "2026-11-02"


@pytest.mark.anyio
class TestTheLedgersTrialBalance:
    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"from": "2026-11-03", "to": "2026-11-03"},
            {"by": "booking"},
            {"by": "booking", "from": "2026-11-03 09:30:00", "to": "2026-11-03 10:40:00"},
        ],
    )
    async def test_balances_in_every_currency_over_any_period(
        self, console: Client, told: dict[str, str], query: dict[str, str]
    ) -> None:
        page = await get(console, TRIAL, book=wallets.BOOK, **query)
        assert page["balanced"] is True
        assert {each["currency"] for each in page["currencies"]} == {"CNY", "USD"}
        for each in page["currencies"]:
            assert each["balanced"] is True
            for name in SUMS:
                assert each["totals"][name] == sum(row[name] for row in each["rows"])
            for row in each["rows"]:
                opening = row["opening_debit"] - row["opening_credit"]
                closing = row["closing_debit"] - row["closing_credit"]
                assert opening + row["debit"] - row["credit"] == closing, row

    async def test_counts_what_was_booked_late_where_it_belongs(
        self, console: Client, told: dict[str, str]
    ) -> None:
        for query, dollars in (
            ({"to": "2026-11-02"}, {"own.cash": 75_000, "own.wallet": -75_000}),
            ({"by": "booking", "to": "2026-11-03 09:00:00"}, {}),
        ):
            page = await get(console, TRIAL, book=wallets.BOOK, **query)
            closing = {
                row["code"]: row["closing_debit"] - row["closing_credit"]
                for each in page["currencies"]
                if each["currency"] == "USD"
                for row in each["rows"]
            }
            assert closing == dollars, query

    async def test_refuses_a_period_that_ends_before_it_begins(
        self, console: Client, told: dict[str, str]
    ) -> None:
        for query in (
            {"from": "2026-11-03", "to": "2026-11-02"},
            {"from": "soon"},
            {"by": "booking", "from": "2026-11-03 10:00", "to": "2026-11-03 09:00"},
            {"by": "heart"},
        ):
            assert (await console.get(TRIAL, params=query)).status_code == 400, query

    async def test_is_empty_for_a_book_without_accounts(self, console: Client) -> None:
        page = await get(console, TRIAL)
        assert (page["currencies"], page["balanced"]) == ([], True)


@pytest.mark.anyio
class TestSeals:
    async def test_say_how_far_each_book_is_sealed(
        self, console: Client, told: dict[str, str], shop: Shop, clock: ManualClock
    ) -> None:
        (before,) = (await get(console, SEALS))["items"]
        assert (before["book"], before["number"], before["root"]) == (wallets.BOOK, 0, "")
        assert before["unsealed_legs"] > 20
        await seal_all(shop.database, clock=clock, legs_max=10)
        (after,) = (await get(console, SEALS))["items"]
        assert after["unsealed_legs"] == 0
        blocks = await every_row(console, f"{SEALS}/blocks", book=wallets.BOOK)
        assert [block["number"] for block in blocks] == list(range(after["number"], 0, -1))
        assert blocks[0]["root"] == after["root"]
        assert blocks[-1]["previous"] == ""
        for newer, older in pairwise(blocks):
            assert newer["previous"] == older["root"]
        assert sum(block["legs"] for block in blocks) == before["unsealed_legs"]


@pytest.mark.anyio
class TestASearch:
    async def test_finds_accounts_transactions_and_holds(self, console: Client, told: dict[str, str]) -> None:
        account = shown(wallets.ALICE_USD)
        for text, kind, link, currency in (
            (account, "account", f"/ledger/accounts/{account}", "USD"),
            ("sale-2", "transaction", f"/transactions/{told['sale-2']}", "CNY"),
            (told["sale-2"], "transaction", f"/transactions/{told['sale-2']}", "CNY"),
            ("hold-1", "hold", f"/ledger/holds/{told['hold-1']}", "CNY"),
            (told["hold-1"], "hold", f"/ledger/holds/{told['hold-1']}", "CNY"),
        ):
            (hit,) = (await get(console, "/console/api/search", q=text))["items"]
            assert (hit["kind"], hit["link"], hit["currency"]) == (kind, link, currency), text

    async def test_never_adds_two_currencies(self, console: Client, told: dict[str, str]) -> None:
        (hit,) = (await get(console, "/console/api/search", q="exchange-1"))["items"]
        assert hit["amount"] is None
