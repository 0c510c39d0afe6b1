"""Combined orders: paid at once, each its own afterwards."""

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.simulators.merchant import Answer, Inbox, Sandbox
from tests.simulators.wechatpay.shop import SCENE, available, bill_lines, download, sub_mchid

BASE = "/v3/combine-transactions"


def together(sandbox: Sandbox, number: str, notify_url: str, *totals: int, **more: Any) -> dict[str, Any]:
    return {
        "combine_appid": sandbox.credentials["appid"],
        "combine_mchid": sandbox.credentials["mchid"],
        "combine_out_trade_no": number,
        "notify_url": notify_url,
        "sub_orders": [
            {
                "mchid": sandbox.credentials["mchid"],
                "attach": "A",
                "amount": {"total_amount": total, "currency": "CNY"},
                "out_trade_no": f"{number}-{index}",
                "description": f"第{index}件",
            }
            for index, total in enumerate(totals)
        ],
    } | more


def query(sandbox: Sandbox, number: str) -> Answer:
    return sandbox.call("GET", f"{BASE}/out-trade-no/{number}")


class TestACombinedOrder:
    def test_is_paid_whole_and_told_in_one_callback(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        before = available(sandbox)
        code_url = sandbox.call(
            "POST", f"{BASE}/native", together(sandbox, number, inbox.url, 1000, 500)
        ).json
        sandbox.sandbox("pay", code_url)
        said = sandbox.unseal(inbox.next().envelope["resource"])
        assert said == query(sandbox, number).json
        assert [one["amount"]["total_amount"] for one in said["sub_orders"]] == [1000, 500]
        assert {one["trade_state"] for one in said["sub_orders"]} == {"SUCCESS"}
        assert available(sandbox) == before + 1500 - 4 - 2
        assert len(sandbox.sandbox(f"callbacks/{number}")["callbacks"]) == 1

    def test_shows_its_parts_as_orders_that_can_be_refunded(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.call("POST", f"{BASE}/native", together(sandbox, number, inbox.url, 1000, 500))
        sandbox.sandbox("pay", {"out_trade_no": number})
        amount = {"refund": 500, "total": 500, "currency": "CNY"}
        sandbox.refund({"out_trade_no": f"{number}-1", "out_refund_no": f"r{number}", "amount": amount})
        states = [one["trade_state"] for one in query(sandbox, number).json["sub_orders"]]
        assert states == ["SUCCESS", "REFUND"]
        assert sandbox.query(f"{number}-1").json["trade_state"] == "REFUND"

    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            ("jsapi", {"combine_payer_info": {"openid": "oBuyer"}}),
            ("app", {}),
            ("h5", {"scene_info": SCENE}),
        ],
    )
    def test_is_placed_in_every_way(
        self, sandbox: Sandbox, inbox: Inbox, number: str, kind: str, more: dict[str, Any]
    ) -> None:
        order = together(sandbox, number, inbox.url, 1, 2, **more)
        given = sandbox.call("POST", f"{BASE}/{kind}", order).json
        assert list(given) == ["h5_url" if kind == "h5" else "prepay_id"]
        assert sandbox.call("POST", f"{BASE}/{kind}", order).status == 200

    def test_of_several_merchants_brings_each_its_own(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = together(sandbox, number, inbox.url, 1000, 2000)
        for index, one in enumerate(order["sub_orders"]):
            one["sub_mchid"] = sub_mchid(sandbox, index)
        before = [available(sandbox, sub_mchid(sandbox, index)) for index in range(2)]
        sandbox.call("POST", f"{BASE}/native", order)
        sandbox.sandbox("pay", {"out_trade_no": number})
        after = [available(sandbox, sub_mchid(sandbox, index)) for index in range(2)]
        assert [new - old for new, old in zip(after, before, strict=True)] == [996, 1992]

    def test_stands_in_the_bill_by_its_parts(self, own_sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        own_sandbox.call("POST", f"{BASE}/native", together(own_sandbox, number, inbox.url, 1000, 500))
        own_sandbox.sandbox("pay", {"out_trade_no": number})
        own_sandbox.sandbox("clock", {"now": "2026-03-03T10:00:00+08:00"})
        lines = bill_lines(download(own_sandbox, "/v3/bill/tradebill?bill_date=2026-03-02"))
        assert [(line[6], line[12]) for line in lines] == [(f"{number}-0", "10.00"), (f"{number}-1", "5.00")]

    def test_is_paid_on_one_page_of_the_phone(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = together(sandbox, number, inbox.url, 1000, 500)
        code_url = sandbox.call("POST", f"{BASE}/native", order).json["code_url"]
        query_string = urlencode({"code_url": code_url})
        assert "15.00" in sandbox.send("GET", f"/phone?{query_string}").body.decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert sandbox.send("POST", "/phone/pay", query_string.encode(), headers).status == 303
        assert "支付成功" in sandbox.send("GET", f"/phone?{query_string}").body.decode()
        assert {one["trade_state"] for one in query(sandbox, number).json["sub_orders"]} == {"SUCCESS"}


class TestACombinedOrderThatCannotBe:
    def test_is_not_paid_in_part(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.call("POST", f"{BASE}/native", together(sandbox, number, inbox.url, 1000, 500))
        body = f'{{"out_trade_no": "{number}-0"}}'.encode()
        assert sandbox.send("POST", "/sandbox/pay", body).refusal == (400, "INVALID_REQUEST")
        assert sandbox.query(f"{number}-0").json["trade_state"] == "NOTPAY"

    def test_is_closed_whole(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = together(sandbox, number, inbox.url, 1000, 500)
        sandbox.call("POST", f"{BASE}/native", order)
        named = [{"mchid": one["mchid"], "out_trade_no": one["out_trade_no"]} for one in order["sub_orders"]]
        target, appid = f"{BASE}/out-trade-no/{number}/close", sandbox.credentials["appid"]
        some = sandbox.call("POST", target, {"combine_appid": appid, "sub_orders": named[:1]})
        assert some.refusal == (400, "INVALID_REQUEST")
        assert sandbox.call("POST", target, {"combine_appid": appid, "sub_orders": named}).status == 204
        assert {one["trade_state"] for one in query(sandbox, number).json["sub_orders"]} == {"CLOSED"}
        body = f'{{"out_trade_no": "{number}"}}'.encode()
        assert sandbox.send("POST", "/sandbox/pay", body).refusal == (400, "ORDER_CLOSED")

    def test_uses_no_number_twice(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.prepay(sandbox.order(f"{number}-1", 1, inbox.url))
        order = together(sandbox, number, inbox.url, 1000, 500)
        assert sandbox.call("POST", f"{BASE}/native", order).refusal == (403, "OUT_TRADE_NO_USED")
        assert query(sandbox, number).refusal == (404, "ORDER_NOT_EXIST")
        assert sandbox.query(f"{number}-0").refusal == (404, "ORDER_NOT_EXIST")

    def test_is_not_altered_by_placing_it_again(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.call("POST", f"{BASE}/native", together(sandbox, number, inbox.url, 1000))
        altered = together(sandbox, number, inbox.url, 1001)
        assert sandbox.call("POST", f"{BASE}/native", altered).refusal == (400, "INVALID_REQUEST")
