"""Native orders: what may be placed, again, paid and closed."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.simulators.merchant import Inbox, Sandbox


class TestAnOrder:
    def test_gives_a_code_to_scan(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        answer = sandbox.prepay(sandbox.order(number, 1, inbox.url))
        assert answer.status == 200
        assert answer.json["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")

    def test_is_not_paid_before_the_buyer_pays(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.prepay(sandbox.order(number, 4999, inbox.url))
        shown = sandbox.query(number).json
        assert (shown["trade_state"], shown["amount"]["total"]) == ("NOTPAY", 4999)
        assert "transaction_id" not in shown

    def test_is_paid_once(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        code_url = sandbox.prepay(sandbox.order(number, 4999, inbox.url, attach="A1")).json["code_url"]
        payments = [
            sandbox.sandbox("pay", {"code_url": code_url, "payer": "oBuyer01"}),
            sandbox.sandbox("pay", {"out_trade_no": number, "payer": "oBuyer02"}),
        ]
        assert payments[0] == payments[1]
        shown = sandbox.query(number).json
        assert shown == {
            "amount": {"total": 4999, "currency": "CNY", "payer_total": 4999, "payer_currency": "CNY"},
            "appid": sandbox.credentials["appid"],
            "attach": "A1",
            "bank_type": "OTHERS",
            "mchid": sandbox.credentials["mchid"],
            "out_trade_no": number,
            "payer": {"openid": "oBuyer01"},
            "promotion_detail": [],
            "success_time": "2026-03-02T12:00:00+08:00",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "trade_type": "NATIVE",
            "transaction_id": payments[0]["transaction_id"],
        }
        sandbox.wait_for(number, state="delivered")
        assert len(sandbox.callbacks(number)) == 1

    def test_is_paid_once_when_two_buyers_press_together(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.prepay(sandbox.order(number, 4999, inbox.url))
        with ThreadPoolExecutor(8) as pool:
            numbers = {
                paid["transaction_id"]
                for paid in pool.map(lambda _: sandbox.sandbox("pay", {"out_trade_no": number}), range(16))
            }
        assert len(numbers) == 1
        assert len(sandbox.callbacks(number)) == 1

    def test_is_found_by_its_transaction_too(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        transaction_id = sandbox.paid(number, 250, inbox.url)
        target = f"/v3/pay/transactions/id/{transaction_id}?mchid={sandbox.credentials['mchid']}"
        assert sandbox.call("GET", target).json["out_trade_no"] == number

    def test_expires_at_its_time(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, 250, inbox.url, time_expire="2026-03-02T12:05:00+08:00")
        sandbox.prepay(order)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:04:59+08:00"})
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"
        sandbox.sandbox("clock", {"now": "2026-03-02T12:05:00+08:00"})
        assert sandbox.query(number).json["trade_state"] == "CLOSED"
        assert sandbox.prepay(order).refusal == (400, "ORDER_CLOSED")
        assert sandbox.send("POST", "/sandbox/pay", f'{{"out_trade_no":"{number}"}}'.encode()).refusal == (
            400,
            "ORDER_CLOSED",
        )

    def test_has_a_code_for_two_hours_and_then_a_new_one(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        order = sandbox.order(number, 250, inbox.url)
        first = sandbox.prepay(order).json["code_url"]
        sandbox.sandbox("clock", {"now": "2026-03-02T14:00:00+08:00"})
        refused = sandbox.send("POST", "/sandbox/pay", f'{{"code_url":"{first}"}}'.encode())
        assert refused.refusal == (400, "ORDER_CLOSED")
        second = sandbox.prepay(order).json["code_url"]
        assert second != first
        assert sandbox.sandbox("pay", {"code_url": second})["state"] == "SUCCESS"


class TestAnOrderPlacedAgain:
    def test_gives_the_same_code(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, 250, inbox.url)
        assert sandbox.prepay(order).json == sandbox.prepay(order).json

    @pytest.mark.parametrize(
        "change",
        [
            {"amount": {"total": 251}},
            {"description": "另一件"},
            {"attach": "x"},
            {"notify_url": "http://127.0.0.1/b"},
        ],
    )
    def test_with_another_content_is_refused(
        self, sandbox: Sandbox, inbox: Inbox, number: str, change: dict[str, Any]
    ) -> None:
        sandbox.prepay(sandbox.order(number, 250, inbox.url))
        assert sandbox.prepay(sandbox.order(number, 250, inbox.url) | change).refusal == (
            400,
            "INVALID_REQUEST",
        )
        assert sandbox.query(number).json["amount"]["total"] == 250

    def test_after_payment_is_refused(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 250, inbox.url)
        assert sandbox.prepay(sandbox.order(number, 250, inbox.url)).refusal == (400, "ORDERPAID")

    def test_after_closing_is_refused(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.prepay(sandbox.order(number, 250, inbox.url))
        assert sandbox.close(number).status == 204
        assert sandbox.prepay(sandbox.order(number, 250, inbox.url)).refusal == (400, "ORDER_CLOSED")


class TestAMalformedOrder:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"amount": {"total": 0}}, "/amount/total"),
            ({"amount": {"total": -1}}, "/amount/total"),
            ({"amount": {"total": 10**15 + 1}}, "/amount/total"),
            ({"amount": {"total": "100"}}, "/amount/total"),
            ({"amount": {"total": 1.5}}, "/amount/total"),
            ({"amount": {"total": 100, "currency": "USD"}}, "/amount/currency"),
            ({"amount": {}}, "/amount"),
            ({"out_trade_no": "short"}, "/out_trade_no"),
            ({"out_trade_no": "x" * 33}, "/out_trade_no"),
            ({"out_trade_no": "no spaces"}, "/out_trade_no"),
            ({"out_trade_no": "订单000001"}, "/out_trade_no"),
            ({"description": ""}, "/description"),
            ({"description": "面" * 128}, "/description"),
            ({"attach": "x" * 129}, "/attach"),
            ({"notify_url": "http://127.0.0.1/callback?order=1"}, "/notify_url"),
            ({"notify_url": "http://127.0.0.1"}, "/notify_url"),
            ({"notify_url": "ftp://127.0.0.1/callback"}, "/notify_url"),
            ({"time_expire": "2026-03-02T12:00:00"}, "/time_expire"),
            ({"time_expire": "2026-03-02T12:00:00+08:00"}, "/time_expire"),
            ({"mchid": "1900000001"}, "/mchid"),
            ({"sub_mchid": "1900000001"}, "/sub_mchid"),
        ],
    )
    def test_is_refused_by_the_name_of_its_field(
        self, sandbox: Sandbox, inbox: Inbox, number: str, change: dict[str, Any], field: str
    ) -> None:
        answer = sandbox.prepay(sandbox.order(number, 100, inbox.url) | change)
        assert answer.refusal == (400, "PARAM_ERROR")
        assert answer.json["detail"]["field"] == field
        assert sandbox.query(number).refusal == (404, "ORDER_NOT_EXIST")

    def test_of_another_application_is_refused(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, 100, inbox.url, appid="wx0000000000000000")
        assert sandbox.prepay(order).refusal == (400, "APPID_MCHID_NOT_MATCH")

    def test_that_is_no_json_is_refused(self, sandbox: Sandbox) -> None:
        target, body = "/v3/pay/transactions/native", b"amount=100"
        header = sandbox.authorization("POST", target, body)
        answer = sandbox.send("POST", target, body, {"Authorization": header})
        assert answer.refusal == (400, "PARAM_ERROR")


class TestClosing:
    def test_makes_an_order_unpayable(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.prepay(sandbox.order(number, 100, inbox.url))
        assert [sandbox.close(number).status for _ in range(2)] == [204, 204]
        refused = sandbox.send("POST", "/sandbox/pay", f'{{"out_trade_no":"{number}"}}'.encode())
        assert refused.refusal == (400, "ORDER_CLOSED")
        assert sandbox.query(number).json["trade_state"] == "CLOSED"
        assert sandbox.callbacks(number) == []

    def test_a_paid_order_is_refused(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 100, inbox.url)
        assert sandbox.close(number).refusal == (400, "ORDERPAID")
        assert sandbox.query(number).json["trade_state"] == "SUCCESS"

    def test_an_unknown_order_is_refused(self, sandbox: Sandbox) -> None:
        assert sandbox.close("never-placed").refusal == (404, "ORDER_NOT_EXIST")


class TestPlacingAnOrderAtABadChannel:
    def test_times_out_although_the_order_exists(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"prepay": "timeout_after_success", "only_next": 1})
        order = sandbox.order(number, 100, inbox.url)
        with pytest.raises(TimeoutError):
            sandbox.prepay(order, timeout_s=0.5)
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"
        assert sandbox.prepay(order).status == 200

    @pytest.mark.parametrize(
        ("mode", "refusal"), [("error", (500, "SYSTEM_ERROR")), ("rate_limited", (429, "FREQUENCY_LIMITED"))]
    )
    def test_does_nothing_when_it_is_refused(
        self, sandbox: Sandbox, inbox: Inbox, number: str, mode: str, refusal: tuple[int, str]
    ) -> None:
        shown = sandbox.sandbox("behaviour", {"prepay": mode, "only_next": 2})
        assert (shown["prepay"], shown["left"]) == (mode, {"prepay": 2})
        order = sandbox.order(number, 100, inbox.url)
        assert [sandbox.prepay(order).refusal for _ in range(2)] == [refusal, refusal]
        assert sandbox.query(number).refusal == (404, "ORDER_NOT_EXIST")
        assert sandbox.prepay(order).status == 200


class TestWhatWasAnswered:
    def test_survives_a_kill(self, own_sandbox: Sandbox, inbox: Inbox) -> None:
        """Orders are placed at once until the process is killed: every one that was answered is there."""
        answered: list[str] = []

        def place(number: int) -> None:
            name = f"kill-{number:06d}"
            try:
                answer = own_sandbox.call_unverified(
                    "POST", "/v3/pay/transactions/native", own_sandbox.order(name, 100, inbox.url)
                )
            except (OSError, http.client.HTTPException):
                return
            if answer.status == 200:
                answered.append(name)
            if len(answered) == 40:
                own_sandbox.process.kill()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(place, range(400)))
        own_sandbox.kill()
        own_sandbox.start()
        assert len(answered) >= 40
        assert {own_sandbox.query(name).json["trade_state"] for name in answered} == {"NOTPAY"}
