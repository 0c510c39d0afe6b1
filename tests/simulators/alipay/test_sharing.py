"""Royalties: to bound receivers only, within the contract's part, and back with refunds."""

from typing import Any

import pytest
from tests.simulators.alipay.merchant import Sandbox


@pytest.fixture
def payee(sandbox: Sandbox) -> str:
    """A bound receiver."""
    payee = sandbox.credentials["payee_id"]
    bind(sandbox, payee)
    return payee


def bind(sandbox: Sandbox, *accounts: str, kind: str = "userId") -> dict[str, Any]:
    receivers = [{"type": kind, "account": account, "name": "测试"} for account in accounts]
    content = {"receiver_list": receivers, "out_request_no": "bind"}
    return sandbox.call("alipay.trade.royalty.relation.bind", content)


def settle(
    sandbox: Sandbox, trade_no: str, request: str, *shares: tuple[str, str], **extend: str
) -> dict[str, Any]:
    content = {
        "out_request_no": request,
        "trade_no": trade_no,
        "royalty_parameters": [
            {"royalty_type": "transfer", "trans_in_type": "userId", "trans_in": account, "amount": amount}
            for account, amount in shares
        ],
        "extend_params": extend,
    }
    return sandbox.call("alipay.trade.order.settle", content)


def details(sandbox: Sandbox, settle_no: str) -> list[tuple[str, str]]:
    answered = sandbox.call("alipay.trade.order.settle.query", {"settle_no": settle_no})
    return [(part["amount"], part["state"]) for part in answered["royalty_detail_list"]]


class TestARoyalty:
    def test_leaves_the_merchants_balance(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        before = sandbox.balance_fen()
        settled = settle(sandbox, trade_no, number, (payee, "10.00"))
        assert settled["trade_no"] == trade_no
        assert details(sandbox, settled["settle_no"]) == [("10.00", "SUCCESS")]
        assert sandbox.balance_fen() == before - 1000

    def test_is_found_by_the_merchants_number(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        settle_no = settle(sandbox, trade_no, number, (payee, "10.00"))["settle_no"]
        content = {"trade_no": trade_no, "out_request_no": number}
        assert sandbox.call("alipay.trade.order.settle.query", content)["settle_no"] == settle_no

    def test_by_percentage_floors(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "0.99")
        share = {"trans_in_type": "userId", "trans_in": payee, "amount_percentage": "10"}
        content = {"out_request_no": number, "trade_no": trade_no, "royalty_parameters": [share]}
        settled = sandbox.call("alipay.trade.order.settle", content)
        assert details(sandbox, settled["settle_no"]) == [("0.09", "SUCCESS")]

    def test_asked_for_again_is_done_once(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        first = settle(sandbox, trade_no, number, (payee, "10.00"))
        before = sandbox.balance_fen()
        assert settle(sandbox, trade_no, number, (payee, "10.00")) == first
        assert sandbox.balance_fen() == before
        altered = settle(sandbox, trade_no, number, (payee, "10.01"))
        assert altered["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"

    def test_ends_at_thirty_percent(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        settle(sandbox, trade_no, f"{number}-1", (payee, "20.00"))
        before = sandbox.balance_fen()
        refused = settle(sandbox, trade_no, f"{number}-2", (payee, "10.01"))
        assert refused["sub_code"] == "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR"
        assert sandbox.balance_fen() == before
        assert settle(sandbox, trade_no, f"{number}-2", (payee, "10.00"))["code"] == "10000"

    def test_needs_a_bound_receiver(self, sandbox: Sandbox, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        refused = settle(sandbox, trade_no, number, ("2088999999999999", "1.00"))
        assert refused["sub_code"] == "ACQ.ROYALTY_RECEIVER_INVALID"

    def test_needs_a_payment(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"))["trade_no"]
        assert settle(sandbox, trade_no, number, (payee, "0.10"))["sub_code"] == "ACQ.ILLEGAL_SETTLE_STATE"

    def test_follows_no_more_once_finished(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        settle(sandbox, trade_no, f"{number}-1", (payee, "1.00"), royalty_finish="true")
        refused = settle(sandbox, trade_no, f"{number}-2", (payee, "1.00"))
        assert refused["sub_code"] == "ACQ.ILLEGAL_SETTLE_STATE"

    def test_may_reach_only_some(self, sandbox: Sandbox, payee: str, number: str) -> None:
        bind(sandbox, "2088000000000001")
        trade_no = sandbox.paid(number, "100.00")
        before = sandbox.balance_fen()
        sandbox.behave(settle="part_fails", only_next=1)
        settled = settle(sandbox, trade_no, number, (payee, "10.00"), ("2088000000000001", "5.00"))
        assert settled["code"] == "10000"
        assert details(sandbox, settled["settle_no"]) == [("10.00", "SUCCESS"), ("5.00", "FAIL")]
        assert sandbox.balance_fen() == before - 1000

    def test_may_take_time(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        before = sandbox.balance_fen()
        sandbox.behave(settle="processing", only_next=1)
        settle_no = settle(sandbox, trade_no, number, (payee, "10.00"))["settle_no"]
        assert details(sandbox, settle_no) == [("10.00", "PROCESSING")]
        assert sandbox.balance_fen() == before
        for _ in range(2):
            sandbox.sandbox(f"settlements/{settle_no}", {})
        assert details(sandbox, settle_no) == [("10.00", "SUCCESS")]
        assert sandbox.balance_fen() == before - 1000

    def test_fails_when_the_funds_are_gone_before_its_end(
        self, sandbox: Sandbox, payee: str, number: str
    ) -> None:
        trade_no = sandbox.paid(number, "100.00")
        sandbox.behave(settle="processing", only_next=1)
        settle_no = settle(sandbox, trade_no, number, (payee, "10.00"))["settle_no"]
        sandbox.sandbox("balance", {"balance_fen": 999})
        sandbox.sandbox(f"settlements/{settle_no}", {})
        assert details(sandbox, settle_no) == [("10.00", "FAIL")]
        assert sandbox.balance_fen() == 999

    def test_that_never_was_is_not_found(self, sandbox: Sandbox, number: str) -> None:
        content = {"settle_no": "none"}
        assert sandbox.call("alipay.trade.order.settle.query", content)["sub_code"] == "ACQ.TRADE_NOT_EXIST"


class TestAReturn:
    def test_comes_back_with_a_refund(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        settle(sandbox, trade_no, number, (payee, "10.00"))
        before = sandbox.balance_fen()
        wanted = {
            "trade_no": trade_no,
            "refund_amount": "50.00",
            "out_request_no": "r1",
            "refund_royalty_parameters": [{"trans_out": payee, "amount": "5.00"}],
        }
        assert sandbox.call("alipay.trade.refund", wanted)["fund_change"] == "Y"
        assert sandbox.balance_fen() == before - 5000 + 30 + 500
        content = {"trade_no": trade_no, "out_request_no": "r1"}
        shown = sandbox.call("alipay.trade.fastpay.refund.query", content)
        assert [part["refund_amount"] for part in shown["refund_royaltys"]] == ["5.00"]
        assert sandbox.sandbox(f"orders/{number}")["shared"] == "5.00"

    def test_never_exceeds_what_the_receiver_has(self, sandbox: Sandbox, payee: str, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        settle(sandbox, trade_no, number, (payee, "10.00"))
        before = sandbox.balance_fen()
        wanted = {
            "trade_no": trade_no,
            "refund_amount": "50.00",
            "out_request_no": "r1",
            "refund_royalty_parameters": [{"trans_out": payee, "amount": "10.01"}],
        }
        assert sandbox.call("alipay.trade.refund", wanted)["sub_code"] == "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR"
        assert sandbox.balance_fen() == before
        assert sandbox.sandbox(f"orders/{number}")["refunds"] == []


class TestARelation:
    def test_is_listed_in_pages_until_it_is_unbound(self, sandbox: Sandbox) -> None:
        accounts = [f"login{index}@example.com" for index in range(3)]
        for _ in range(2):
            assert bind(sandbox, *accounts, kind="loginName")["result_code"] == "SUCCESS"
        content = {"out_request_no": "list", "page_num": 1, "page_size": 100}
        listed = sandbox.call("alipay.trade.royalty.relation.batchquery", content)
        assert {*accounts} <= {receiver["account"] for receiver in listed["receiver_list"]}
        receivers = [{"type": "loginName", "account": account} for account in accounts]
        content = {"receiver_list": receivers, "out_request_no": "unbind"}
        assert sandbox.call("alipay.trade.royalty.relation.unbind", content)["result_code"] == "SUCCESS"
        content = {"out_request_no": "list", "page_num": 1, "page_size": 100}
        listed = sandbox.call("alipay.trade.royalty.relation.batchquery", content)
        assert not {*accounts} & {receiver["account"] for receiver in listed["receiver_list"]}

    def test_names_somebody(self, sandbox: Sandbox) -> None:
        assert bind(sandbox)["sub_code"] == "ACQ.RECEIVER_LIST_EMPTY"
        assert bind(sandbox, *map(str, range(21)))["sub_code"] == "ACQ.RELATION_QUANTITY_LIMIT"
