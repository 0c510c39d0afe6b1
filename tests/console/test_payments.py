"""Payments: the list with its filters and sums, and the page of one with everything that it moved."""

from datetime import timedelta
from typing import Any

import pytest

from feiqian.kernel.calendar import business_date, local
from feiqian.kernel.ids import derived_id, show_id
from tests.conftest import NOW
from tests.console.conftest import Client, every_row
from tests.console.shop import Shop

TODAY = business_date(NOW)
LIST = "/console/api/payments"


def orders(rows: list[dict[str, Any]]) -> list[str]:
    return [row["order_no"] for row in rows]


@pytest.mark.anyio
class TestTheList:
    async def test_shows_every_payment_once_newest_first(self, console: Client, shop: Shop) -> None:
        for number in range(7):
            await shop.pay(f"{number}", {"S10": 1_000 + number}, at=NOW + timedelta(seconds=number))
        assert orders(await every_row(console, LIST)) == ["6", "5", "4", "3", "2", "1", "0"]

    async def test_shows_what_was_paid_refunded_and_charged(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 10_000, "S20": 20_000})
        await shop.refund(paid, "R1", 3_000)
        (row,) = (await console.get(LIST)).json()["items"]
        assert row == {
            "id": paid.shown_id,
            "order_no": "100",
            "state": "succeeded",
            "amount": 30_000,
            "currency": "CNY",
            "refunded": 3_000,
            "fee": 180,
            "buyer": "17850",
            "merchants": 2,
            "created_at": "2026-03-02T04:00:00Z",
            "paid_at": "2026-03-02T04:00:00Z",
            "channel_transaction_no": paid.transaction_no,
        }

    async def test_sums_the_paid_ones_of_all_its_pages(self, console: Client, shop: Shop) -> None:
        for number in range(3):
            paid = await shop.pay(f"{number}", {"S10": 10_000})
            await shop.refund(paid, f"R{number}", 100)
        await shop.order("unpaid", {"S10": 5_555})
        page = (await console.get(LIST, params={"limit": 1})).json()
        assert page["totals"] == {"count": 4, "amount": 30_000, "refunded": 300, "fee": 180}

    async def test_shows_what_its_filters_ask_for(self, console: Client, shop: Shop) -> None:
        yesterday = TODAY - timedelta(days=1)
        await shop.pay("A-1", {"S10": 1_000}, at=local(yesterday, 23, 59), buyer="Li")
        tea = await shop.pay("A-2", {"S10": 2_000, "S20": 1}, at=local(TODAY, 0), buyer="Wang")
        await shop.order("B-3", {"S20": 3_000}, at=local(TODAY, 12))
        table: list[tuple[dict[str, str], list[str]]] = [
            ({"state": "awaiting_payment"}, ["B-3"]),
            ({"merchant_no": "S20"}, ["B-3", "A-2"]),
            ({"from": str(TODAY)}, ["B-3", "A-2"]),
            ({"to": str(yesterday)}, ["A-1"]),
            ({"from": str(yesterday), "to": str(yesterday)}, ["A-1"]),
            ({"q": "a-"}, ["A-2", "A-1"]),
            ({"q": "Wang"}, ["A-2"]),
            ({"q": tea.transaction_no or ""}, ["A-2"]),
            ({"q": tea.shown_id}, ["A-2"]),
            ({"q": "a-", "merchant_no": "S10", "to": str(yesterday), "state": "succeeded"}, ["A-1"]),
            ({"q": "nothing"}, []),
        ]
        for query, expected in table:
            assert orders(await every_row(console, LIST, **query)) == expected, query
            totals = (await console.get(LIST, params=query)).json()["totals"]
            assert totals["count"] == len(expected), query

    async def test_refuses_what_it_does_not_understand(self, console: Client) -> None:
        table = [
            ({"cursor": "rubbish"}, 400, "invalid_request"),
            ({"state": "lost"}, 400, "invalid_request"),
            ({"from": "yesterday"}, 400, "invalid_request"),
            ({"limit": "201"}, 400, "invalid_request"),
            ({"merchant_no": "S99"}, 404, "not_found"),
        ]
        for query, status, code in table:
            answer = await console.get(LIST, params=query)
            assert (answer.status_code, answer.json()["code"]) == (status, code), query


@pytest.mark.anyio
class TestThePage:
    async def test_shows_ledger_entries_that_add_up_to_the_payment(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 10_000, "S20": 20_000})
        await shop.refund(paid, "R1", 3_000)
        shop.clock.advance_to(NOW + timedelta(seconds=1))
        await shop.refuse_refund(await shop.ask_refund(paid, "R2", 500))
        page = (await console.get(f"{LIST}/{paid.shown_id}")).json()
        sums = [(each["kind"], sum(leg["amount"] for leg in each["legs"])) for each in page["transactions"]]
        assert sums == [
            ("payment", 30_000),
            ("refund_requested", 3_000),
            ("refund_succeeded", 3_000),
            ("refund_requested", 500),
            ("refund_failed", 500),
        ]
        shares = {share["merchant_no"]: share["net"] for share in page["payment"]["shares"]}
        owed = {leg["credit"]["owner_name"]: leg["amount"] for leg in page["transactions"][0]["legs"]}
        assert owed == {"春来茶行": shares["S10"], "北方瓷业": shares["S20"], None: page["payment"]["fee"]}
        assert page["payment"]["refunded"] == 3_000
        assert [refund["state"] for refund in page["refunds"]] == ["succeeded", "failed"]

    async def test_names_every_account_in_both_languages(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 10_000})
        table = [("zh-CN", "微信支付"), ("en", "WeChat Pay")]
        for language, channel in table:
            answer = await console.get(f"{LIST}/{paid.shown_id}", headers={"Accept-Language": language})
            (transaction,) = answer.json()["transactions"]
            account = transaction["legs"][0]["debit"]
            assert account.pop("id").startswith("account_")
            assert account == {
                "book": "platform",
                "code": "channel.receivable",
                "owner": "wechatpay",
                "owner_name": channel,
                "chinese": "应收账款－支付渠道",
                "english": "Receivable from channels",
            }

    async def test_tells_who_did_what_and_what_the_channel_said(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 10_000})
        refund = await shop.refund(paid, "R1", 500, at=NOW + timedelta(hours=1))
        page = (await console.get(f"{LIST}/{paid.shown_id}")).json()
        assert [(each["event"], each["actor"]) for each in page["timeline"]] == [
            ("created", "platform"),
            ("code_issued", "schedule"),
            ("paid", "channel"),
            ("refund_requested", "platform"),
            ("refund_succeeded", "channel"),
        ]
        assert all(each["chinese"] and each["english"] for each in page["timeline"])
        assert page["timeline"][3]["detail"] == "R1"
        assert [(each["kind"], each["english"], each["summary"]) for each in page["channel_events"]] == [
            ("paid", "Paid and posted", paid.transaction_no),
            ("refund_succeeded", "Refund reached the buyer", refund.channel_refund_no),
        ]
        assert list(page["merchant_names"]) == ["S10"]
        assert page["channel_events"][0]["body"]["amount"] == 10_000

    async def test_shows_every_attempt_with_its_way_and_is_found_by_either_number(
        self, console: Client, shop: Shop
    ) -> None:
        order = await shop.order("100", {"S10": 10_000})
        payment = await shop.pay_by_another_order(order)
        page = (await console.get(f"{LIST}/{payment.shown_id}")).json()
        assert [
            (each["position"], each["state"], each["channel"], each["out_trade_no"], each["amount"])
            for each in page["payment"]["attempts"]
        ] == [
            (1, "closed", "wechatpay", order.out_trade_no, 10_000),
            (2, "succeeded", "wechatpay", order.out_trade_no + "2", 10_000),
        ]
        assert [event["event"] for event in page["timeline"]][-1] == "paid"
        for number in (order.out_trade_no, payment.out_trade_no, payment.transaction_no):
            found = (await console.get(LIST, params={"q": number})).json()["items"]
            assert [row["id"] for row in found] == [payment.shown_id]

    async def test_of_an_unpaid_payment_has_no_entries(self, console: Client, shop: Shop) -> None:
        order = await shop.order("100", {"S10": 10_000})
        page = (await console.get(f"{LIST}/{order.shown_id}")).json()
        assert (page["payment"]["state"], page["transactions"], page["refunds"]) == (
            "awaiting_payment",
            [],
            [],
        )

    async def test_of_an_unknown_payment_is_not_found(self, console: Client) -> None:
        nobody = show_id("payment", derived_id("nobody"))
        assert (await console.get(f"{LIST}/{nobody}")).status_code == 404
        assert (await console.get(f"{LIST}/100")).status_code == 400


@pytest.mark.anyio
class TestATransaction:
    async def test_is_found_by_its_id(self, console: Client, shop: Shop) -> None:
        paid = await shop.pay("100", {"S10": 10_000})
        (posted,) = (await console.get(f"{LIST}/{paid.shown_id}")).json()["transactions"]
        page = (await console.get(f"/console/api/transactions/{posted['id']}")).json()
        assert {name: page[name] for name in posted} == posted
        unknown = show_id("transaction", derived_id("nobody"))
        assert (await console.get(f"/console/api/transactions/{unknown}")).status_code == 404
