"""Refunds: never above what is left, done once, and what they do to the merchant's balance."""

from typing import Any

import pytest
from tests.simulators.alipay.merchant import Sandbox


def refund(sandbox: Sandbox, number: str, amount: str, request: str = "", **others: Any) -> dict[str, Any]:
    wanted = {"out_trade_no": number, "refund_amount": amount} | others
    return sandbox.call("alipay.trade.refund", wanted | ({"out_request_no": request} if request else {}))


def asked(sandbox: Sandbox, number: str, request: str) -> dict[str, Any]:
    content = {"out_trade_no": number, "out_request_no": request}
    return sandbox.call("alipay.trade.fastpay.refund.query", content)


class TestARefund:
    def test_in_whole_closes_the_trade(self, sandbox: Sandbox, number: str) -> None:
        before = sandbox.balance_fen()
        sandbox.paid(number, "100.00")
        answered = refund(sandbox, number, "100.00")
        assert (answered["fund_change"], answered["refund_fee"]) == ("Y", "100.00")
        assert answered["gmt_refund_pay"] == "2026-03-02 12:00:00"
        assert sandbox.query(number)["trade_status"] == "TRADE_CLOSED"
        assert sandbox.balance_fen() == before
        assert asked(sandbox, number, number)["refund_status"] == "REFUND_SUCCESS"

    def test_in_parts_says_what_was_given_back_so_far(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        assert refund(sandbox, number, "30.00", "r1")["refund_fee"] == "30.00"
        second = refund(sandbox, number, "20.00", "r2")
        assert (second["refund_fee"], second["send_back_fee"]) == ("50.00", "20.00")
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"
        assert asked(sandbox, number, "r2")["refund_amount"] == "20.00"

    def test_never_exceeds_what_is_left(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        refund(sandbox, number, "60.00", "r1")
        before = sandbox.balance_fen()
        answered = refund(sandbox, number, "40.01", "r2")
        assert (answered["code"], answered["sub_code"]) == ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        assert sandbox.balance_fen() == before
        assert "refund_status" not in asked(sandbox, number, "r2")
        assert refund(sandbox, number, "40.00", "r2")["refund_fee"] == "100.00"

    def test_asked_for_again_is_done_once(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        refund(sandbox, number, "30.00", "r1")
        before = sandbox.balance_fen()
        again = refund(sandbox, number, "30.00", "r1")
        assert (again["code"], again["fund_change"], again["refund_fee"]) == ("10000", "N", "30.00")
        assert sandbox.balance_fen() == before

    def test_asked_for_again_is_known_after_the_trade_is_closed(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        refund(sandbox, number, "100.00", "r1")
        assert refund(sandbox, number, "100.00", "r1")["fund_change"] == "N"
        assert refund(sandbox, number, "1.00", "r2")["sub_code"] == "ACQ.TRADE_HAS_CLOSE"

    def test_altered_is_refused(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        refund(sandbox, number, "30.00", "r1")
        assert refund(sandbox, number, "30.01", "r1")["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"

    def test_in_part_needs_a_number(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        assert refund(sandbox, number, "30.00")["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"

    def test_returns_the_fee_in_proportion_and_all_of_it_at_last(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "10.00")
        for request, amount in (("r1", "3.33"), ("r2", "3.33"), ("r3", "3.34")):
            refund(sandbox, number, amount, request)
        refunds = sandbox.sandbox(f"orders/{number}")["refunds"]
        assert [made["fee_returned"] for made in refunds] == ["0.02", "0.02", "0.02"]

    def test_of_an_unpaid_trade_is_refused(self, sandbox: Sandbox, number: str) -> None:
        sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"))
        assert refund(sandbox, number, "1.00")["sub_code"] == "ACQ.TRADE_STATUS_ERROR"
        sandbox.call("alipay.trade.close", {"out_trade_no": number})
        assert refund(sandbox, number, "1.00")["sub_code"] == "ACQ.TRADE_HAS_CLOSE"
        assert refund(sandbox, f"{number}-none", "1.00")["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_needs_funds(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        sandbox.sandbox("balance", {"balance_fen": 9_999})
        answered = refund(sandbox, number, "100.00")
        assert answered["sub_code"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"
        assert sandbox.balance_fen() == 9_999
        sandbox.sandbox("balance", {"balance_fen": 10_000})
        assert refund(sandbox, number, "100.00")["fund_change"] == "Y"


class TestAQuery:
    def test_of_a_refund_that_never_was_has_no_status(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number)
        answered = asked(sandbox, number, "never")
        assert answered["code"] == "10000"
        assert "refund_status" not in answered

    def test_of_an_unknown_trade_is_refused(self, sandbox: Sandbox, number: str) -> None:
        assert asked(sandbox, number, "r1")["sub_code"] == "ACQ.TRADE_NOT_EXIST"


class TestARefundThatTakesTime:
    def test_has_no_status_until_it_is_settled(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        before = sandbox.balance_fen()
        sandbox.behave(refund="processing", only_next=1)
        assert refund(sandbox, number, "30.00", "r1")["fund_change"] == "N"
        assert "refund_status" not in asked(sandbox, number, "r1")
        assert refund(sandbox, number, "70.01", "r2")["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
        assert sandbox.balance_fen() == before
        sandbox.sandbox("refunds/r1", {"out_trade_no": number, "status": "SUCCESS"})
        assert asked(sandbox, number, "r1")["refund_status"] == "REFUND_SUCCESS"
        assert sandbox.balance_fen() == before - 3000 + 18

    def test_may_fail_and_be_asked_for_again(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        sandbox.behave(refund="processing", only_next=1)
        refund(sandbox, number, "30.00", "r1")
        sandbox.sandbox("refunds/r1", {"out_trade_no": number, "status": "FAIL"})
        assert "refund_status" not in asked(sandbox, number, "r1")
        assert refund(sandbox, number, "30.00", "r1")["fund_change"] == "Y"
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"

    def test_does_not_end_twice(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        refund(sandbox, number, "30.00", "r1")
        body = b'{"out_trade_no":"%s","status":"FAIL"}' % number.encode()
        assert sandbox.send("POST", "/sandbox/refunds/r1", body).status == 400


class TestAMisbehavingChannel:
    @pytest.mark.parametrize(
        ("mode", "said", "is_done"),
        [
            ("error", ("20000", "isp.unknow-error"), False),
            ("system_error", ("40004", "ACQ.SYSTEM_ERROR"), False),
            ("system_error_after", ("40004", "ACQ.SYSTEM_ERROR"), True),
            ("short_of_funds", ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"), False),
        ],
    )
    def test_says_one_thing_and_does_another(
        self, sandbox: Sandbox, number: str, mode: str, said: tuple[str, str], is_done: bool
    ) -> None:
        sandbox.paid(number, "100.00")
        sandbox.behave(refund=mode, only_next=1)
        answered = refund(sandbox, number, "30.00", "r1")
        assert (answered["code"], answered["sub_code"]) == said
        assert ("refund_status" in asked(sandbox, number, "r1")) is is_done
        assert refund(sandbox, number, "30.00", "r1")["refund_fee"] == "30.00"

    def test_is_silent_after_it_has_refunded(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        sandbox.behave(refund="timeout_after_success", only_next=1)
        wanted = {"out_trade_no": number, "refund_amount": "100.00"}
        with pytest.raises(TimeoutError):
            sandbox.call("alipay.trade.refund", wanted, timeout_s=0.3)
        assert asked(sandbox, number, number)["refund_status"] == "REFUND_SUCCESS"
