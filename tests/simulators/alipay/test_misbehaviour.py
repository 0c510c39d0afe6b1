"""Answers as a broken network or a broken channel gives them, and what the sandbox does not let itself be told."""

import json
from urllib.parse import urlencode

import pytest
from tests.simulators.alipay.merchant import Answer, Sandbox

CREATE = "alipay.trade.create"


def create(sandbox: Sandbox, number: str) -> Answer:
    return sandbox.post(sandbox.parameters(CREATE, sandbox.order(number, "1.00")))


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("mode", "code", "sub_code"),
        [("error", "20000", "isp.unknow-error"), ("rate_limited", "40005", "isv.app-call-limited")],
    )
    def test_may_refuse_before_anything_was_done(
        self, sandbox: Sandbox, number: str, mode: str, code: str, sub_code: str
    ) -> None:
        sandbox.behave(answer=mode, only_next=1)
        refused = sandbox.call(CREATE, sandbox.order(number, "1.00"))
        assert (refused["code"], refused["sub_code"]) == (code, sub_code)
        assert sandbox.query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    @pytest.mark.parametrize("mode", ["garbage", "huge", "empty"])
    def test_may_be_unreadable_though_it_was_done(self, sandbox: Sandbox, number: str, mode: str) -> None:
        sandbox.behave(answer=mode, only_next=1)
        answer = create(sandbox, number)
        assert b"alipay_trade_create_response" not in answer.body
        assert len(answer.body) == {"garbage": 202, "huge": 10 * 1024 * 1024, "empty": 0}[mode]
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"

    def test_may_never_come(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(answer="lost", only_next=1)
        with pytest.raises(TimeoutError):
            sandbox.call(CREATE, sandbox.order(number, "1.00"), timeout_s=0.3)
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"

    def test_may_carry_a_signature_that_is_not_its_own(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(signature="tampered", only_next=1)
        answer = create(sandbox, number)
        assert answer.json["alipay_trade_create_response"]["altered"] == "1"
        with pytest.raises(AssertionError, match="does not hold"):
            sandbox.opened(CREATE, answer.text)

    def test_may_carry_no_signature(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(signature="missing", only_next=1)
        assert "sign" not in create(sandbox, number).json

    @pytest.mark.parametrize("kind", ["place", "query", "close"])
    @pytest.mark.parametrize("mode", ["system_error", "system_error_after", "error"])
    def test_of_one_call_may_be_wrong(self, sandbox: Sandbox, number: str, kind: str, mode: str) -> None:
        methods = {"place": CREATE, "query": "alipay.trade.query", "close": "alipay.trade.close"}
        order = sandbox.order(number, "1.00")
        if kind != "place":
            sandbox.call(CREATE, order)
        sandbox.behave(**{kind: mode}, only_next=1)
        refused = sandbox.call(methods[kind], order)
        assert refused["sub_code"] == ("isp.unknow-error" if mode == "error" else "ACQ.SYSTEM_ERROR")
        is_done = mode == "system_error_after"
        expected = {
            "place": "WAIT_BUYER_PAY" if is_done else None,
            "query": "WAIT_BUYER_PAY",
            "close": "TRADE_CLOSED" if is_done else "WAIT_BUYER_PAY",
        }
        assert sandbox.query(number).get("trade_status") == expected[kind]


class TestTheSandbox:
    @pytest.mark.parametrize(
        ("path", "content"),
        [
            ("pay", {"out_trade_no": "none"}),
            ("pay", {"qr_code": "https://qr.alipay.com/baxnone"}),
            ("pay", {"colour": "red"}),
            ("scan", {}),
            ("refunds/r1", {"out_trade_no": "none", "status": "SUCCESS"}),
            ("settlements/none", {}),
            ("transfers/none", {"status": "SUCCESS"}),
            ("transfers/none", {"status": "WELL"}),
            ("balance", {"balance_fen": "much"}),
            ("invoke", {"order_string": "method=alipay.trade.app.pay"}),
            ("behaviour", {"callback": "rude"}),
            ("clock", {"now": "noon"}),
        ],
    )
    def test_refuses_what_it_does_not_know(
        self, sandbox: Sandbox, path: str, content: dict[str, object]
    ) -> None:
        answer = sandbox.send("POST", f"/sandbox/{path}", json.dumps(content).encode())
        assert answer.status == 400
        assert set(answer.json) == {"code", "message"}

    def test_invokes_only_what_is_signed_for_an_app(self, sandbox: Sandbox, number: str) -> None:
        for method, expected in (
            ("alipay.trade.create", "isv.invalid-method"),
            ("", "isv.invalid-signature"),
        ):
            parameters = sandbox.parameters("alipay.trade.app.pay", sandbox.order(number, "1.00"))
            if method:
                parameters = sandbox.parameters(method, sandbox.order(number, "1.00"))
            else:
                parameters["sign"] = "AAAA"
            content = {"order_string": urlencode(parameters)}
            answer = sandbox.send("POST", "/sandbox/invoke", json.dumps(content).encode())
            assert (answer.status, answer.json["code"]) == (400, expected)
        assert sandbox.query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_counts_what_is_in_the_books(self, own_sandbox: Sandbox) -> None:
        own_sandbox.paid("order-1", "1.00")
        own_sandbox.call("alipay.trade.refund", {"out_trade_no": "order-1", "refund_amount": "1.00"})
        own_sandbox.paid("order-2", "1.00")
        state = own_sandbox.sandbox("state")
        assert state["orders"] == {"TRADE_CLOSED": 1, "TRADE_SUCCESS": 1}
        assert state["refunds"] == {"SUCCESS": 1}
        assert state["balance_fen"] == 100_000_000 + 99
        assert state["clock"] == {"now": "2026-03-02T04:00:00Z", "standing": True}
