"""Refunds from several sources, without money, and to an account that cannot take them."""

from typing import Any

import pytest
from tests.simulators.merchant import Inbox, Sandbox
from tests.simulators.wechatpay.shop import available, encrypted
from tests.simulators.wechatpay.test_transfers import BILLS, bill

NOWHERE = "http://127.0.0.1:9/callbacks"


def wish(number: str, refund: int, total: int, sources: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    amount: dict[str, Any] = {"refund": refund, "total": total, "currency": "CNY"}
    if sources is not None:
        amount["from"] = sources
    return {"out_trade_no": number, "out_refund_no": f"r-{number}", "amount": amount}


class TestARefund:
    def test_names_the_sources_that_pay_for_it(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, 1000, NOWHERE)
        sources = [{"account": "AVAILABLE", "amount": 600}, {"account": "UNAVAILABLE", "amount": 400}]
        assert sandbox.refund(wish(number, 1000, 1000, sources)).json["amount"]["from"] == sources

    def test_whose_sources_do_not_add_up_is_refused(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, 1000, NOWHERE)
        before = available(sandbox)
        sources = [{"account": "AVAILABLE", "amount": 600}]
        assert sandbox.refund(wish(number, 1000, 1000, sources)).refusal == (400, "PARAM_ERROR")
        assert available(sandbox) == before

    def test_of_a_merchant_without_money_waits_for_a_deposit(self, own_sandbox: Sandbox, number: str) -> None:
        own_sandbox.paid(number, 1000_00, NOWHERE)
        rest = available(own_sandbox)
        own_sandbox.sandbox("behaviour", {"transfer": "confirmed_at_once"})
        own_sandbox.call("POST", BILLS, bill(own_sandbox, "t1", rest))
        assert own_sandbox.refund(wish(number, 1000_00, 1000_00)).refusal == (403, "NOT_ENOUGH")
        assert own_sandbox.query(number).json["trade_state"] == "SUCCESS"
        own_sandbox.sandbox("deposits", {"amount": rest})
        assert own_sandbox.refund(wish(number, 1000_00, 1000_00)).status == 200
        assert available(own_sandbox) == 0


class TestAnAbnormalRefund:
    def abnormal(self, sandbox: Sandbox, number: str, notify_url: str) -> str:
        sandbox.paid(number, 1000, NOWHERE)
        sandbox.sandbox("behaviour", {"refund": "abnormal", "only_next": 1})
        return sandbox.refund(wish(number, 700, 1000) | {"notify_url": notify_url}).json["refund_id"]

    def test_goes_to_the_buyers_card_after_all(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        refund_id = self.abnormal(sandbox, number, inbox.url)
        assert inbox.next().envelope["event_type"] == "REFUND.ABNORMAL"
        card = {"type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT"}
        secrets = {name: encrypted(sandbox, "6222020000001234") for name in ("bank_account", "real_name")}
        target = f"/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"
        answer = sandbox.call("POST", target, {"out_refund_no": f"r-{number}"} | card | secrets)
        assert answer.json["status"] == "PROCESSING"
        said = sandbox.unseal(inbox.next().envelope["resource"])
        assert (said["refund_status"], said["user_received_account"]) == ("SUCCESS", "ICBC_DEBIT1234")
        again = sandbox.call("POST", target, {"out_refund_no": f"r-{number}"} | card | secrets)
        assert again.refusal == (400, "INVALID_REQUEST")

    @pytest.mark.parametrize("secrets", [{}, {"bank_account": "6222020000001234", "real_name": "张三"}])
    def test_needs_a_card_that_can_be_read(
        self, sandbox: Sandbox, inbox: Inbox, number: str, secrets: dict[str, str]
    ) -> None:
        refund_id = self.abnormal(sandbox, number, inbox.url)
        target = f"/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"
        body = {"out_refund_no": f"r-{number}", "type": "USER_BANK_CARD"} | secrets
        assert sandbox.call("POST", target, body).refusal == (400, "PARAM_ERROR")
