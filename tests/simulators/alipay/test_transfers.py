"""Transfers: done once, from funds that are there, and sometimes not in the end."""

from typing import Any

import pytest
from tests.simulators.alipay.merchant import PATIENCE_S, Sandbox

TRANSFER = "alipay.fund.trans.uni.transfer"


def wanted(sandbox: Sandbox, number: str, amount: str = "100.00", **changes: Any) -> dict[str, Any]:
    return {
        "out_biz_no": number,
        "trans_amount": amount,
        "product_code": "TRANS_ACCOUNT_NO_PWD",
        "biz_scene": "DIRECT_TRANSFER",
        "order_title": "货款",
        "payee_info": {
            "identity": sandbox.credentials["payee_id"],
            "identity_type": "ALIPAY_USER_ID",
            "name": "张三",
        },
    } | changes


def send(sandbox: Sandbox, content: dict[str, Any], *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
    """Transfers are taken in certificate mode only."""
    return sandbox.call(TRANSFER, content, mode="certificate", timeout_s=timeout_s)


def status(sandbox: Sandbox, number: str) -> str:
    return sandbox.call("alipay.fund.trans.common.query", {"out_biz_no": number})["status"]


class TestATransfer:
    def test_leaves_the_balance(self, sandbox: Sandbox, number: str) -> None:
        sent = send(sandbox, wanted(sandbox, number))
        assert (sent["status"], sent["trans_date"]) == ("SUCCESS", "2026-03-02 12:00:00")
        assert sandbox.balance_fen() == 100_000_000 - 10_000
        content = {"order_id": sent["order_id"]}
        shown = sandbox.call("alipay.fund.trans.common.query", content)
        assert (shown["out_biz_no"], shown["trans_amount"]) == (number, "100.00")
        assert shown["pay_fund_order_id"] == sent["pay_fund_order_id"]

    def test_is_refused_in_key_mode(self, sandbox: Sandbox, number: str) -> None:
        refused = sandbox.call(TRANSFER, wanted(sandbox, number))
        assert (refused["code"], refused["sub_code"]) == ("40002", "isv.missing-app-cert-sn")
        assert sandbox.balance_fen() == 100_000_000

    def test_to_a_bank_card(self, sandbox: Sandbox, number: str) -> None:
        card = {"identity": "6222021234567890123", "identity_type": "BANKCARD_ACCOUNT", "name": "张三"}
        content = wanted(sandbox, number, product_code="TRANS_BANKCARD_NO_PWD", payee_info=card)
        assert send(sandbox, content)["status"] == "SUCCESS"
        other = wanted(sandbox, f"{number}-2", payee_info=card)
        assert send(sandbox, other)["sub_code"] == "INVALID_PARAMETER"

    def test_asked_for_again_is_done_once(self, sandbox: Sandbox, number: str) -> None:
        first = send(sandbox, wanted(sandbox, number))
        assert send(sandbox, wanted(sandbox, number)) == first
        assert sandbox.balance_fen() == 100_000_000 - 10_000

    def test_altered_is_refused(self, sandbox: Sandbox, number: str) -> None:
        send(sandbox, wanted(sandbox, number))
        altered = send(sandbox, wanted(sandbox, number, "100.01"))
        assert altered["sub_code"] == "PAYMENT_INFO_INCONSISTENCY"
        assert sandbox.balance_fen() == 100_000_000 - 10_000

    def test_needs_funds(self, sandbox: Sandbox, number: str) -> None:
        sandbox.sandbox("balance", {"balance_fen": 9_999})
        refused = send(sandbox, wanted(sandbox, number))
        assert refused["sub_code"] == "PAYER_BALANCE_NOT_ENOUGH"
        assert sandbox.balance_fen() == 9_999
        answered = sandbox.call("alipay.fund.trans.common.query", {"out_biz_no": number})
        assert answered["sub_code"] == "ORDER_NOT_EXIST"

    def test_below_the_least_or_to_oneself_is_refused(self, sandbox: Sandbox, number: str) -> None:
        answered = send(sandbox, wanted(sandbox, number, "0.09"))
        assert answered["sub_code"] == "EXCEED_LIMIT_SM_MIN_AMOUNT"
        oneself = {"identity": sandbox.credentials["seller_id"], "identity_type": "ALIPAY_USER_ID"}
        answered = send(sandbox, wanted(sandbox, number, payee_info=oneself))
        assert answered["sub_code"] == "PAYER_PAYEE_CANNOT_SAME"


class TestAMisbehavingChannel:
    @pytest.mark.parametrize(
        ("mode", "sub_code", "is_done"),
        [
            ("payee_not_exist", "PAYEE_NOT_EXIST", False),
            ("name_differs", "PAYEE_USER_INFO_ERROR", False),
            ("error", "isp.unknow-error", False),
            ("system_error", "ACQ.SYSTEM_ERROR", False),
            ("system_error_after", "ACQ.SYSTEM_ERROR", True),
        ],
    )
    def test_refuses(self, sandbox: Sandbox, number: str, mode: str, sub_code: str, is_done: bool) -> None:
        sandbox.behave(transfer=mode, only_next=1)
        assert send(sandbox, wanted(sandbox, number))["sub_code"] == sub_code
        assert sandbox.balance_fen() == 100_000_000 - (10_000 if is_done else 0)

    def test_is_silent_after_it_has_paid(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(transfer="timeout_after_success", only_next=1)
        with pytest.raises(TimeoutError):
            send(sandbox, wanted(sandbox, number), timeout_s=0.3)
        assert status(sandbox, number) == "SUCCESS"

    def test_leaves_it_under_way_for_ever(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(transfer="processing", only_next=1)
        assert send(sandbox, wanted(sandbox, number))["status"] == "DEALING"
        assert sandbox.balance_fen() == 100_000_000 - 10_000
        sandbox.sandbox("clock", {"now": "2026-03-09T12:00:00+08:00"})
        assert status(sandbox, number) == "DEALING"
        sandbox.sandbox(f"transfers/{number}", {"status": "SUCCESS"})
        assert status(sandbox, number) == "SUCCESS"
        assert sandbox.balance_fen() == 100_000_000 - 10_000

    def test_fails_what_it_had_accepted(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(transfer="fails", only_next=1)
        assert send(sandbox, wanted(sandbox, number))["status"] == "DEALING"
        assert status(sandbox, number) == "DEALING"
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:00+08:00"})
        shown = sandbox.call("alipay.fund.trans.common.query", {"out_biz_no": number})
        assert (shown["status"], shown["error_code"]) == ("FAIL", "PAYEE_CARD_INFO_ERROR")
        assert sandbox.balance_fen() == 100_000_000

    def test_returns_what_had_arrived(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(transfer="returned", only_next=1)
        assert send(sandbox, wanted(sandbox, number))["status"] == "SUCCESS"
        assert sandbox.balance_fen() == 100_000_000 - 10_000
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:00+08:00"})
        assert status(sandbox, number) == "REFUND"
        assert sandbox.balance_fen() == 100_000_000

    def test_does_not_fail_what_has_arrived(self, sandbox: Sandbox, number: str) -> None:
        send(sandbox, wanted(sandbox, number))
        assert sandbox.send("POST", f"/sandbox/transfers/{number}", b'{"status":"FAIL"}').status == 400
        assert status(sandbox, number) == "SUCCESS"
