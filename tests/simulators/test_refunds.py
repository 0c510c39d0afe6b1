"""Refunds: never above what is left, the same again for the same number."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.simulators.merchant import Inbox, Sandbox


def application(number: str, refund_no: str, refund: int, total: int, **changes: Any) -> dict[str, Any]:
    amount = {"refund": refund, "total": total, "currency": "CNY"}
    return {
        "out_trade_no": number,
        "out_refund_no": refund_no,
        "amount": amount,
        "reason": "商品已售完",
    } | changes


def refund_of(sandbox: Sandbox, refund_no: str) -> dict[str, Any]:
    return sandbox.call("GET", f"/v3/refund/domestic/refunds/{refund_no}").json


def refunded(sandbox: Sandbox, number: str) -> int:
    """What the books say was given back of an order."""
    refunds = sandbox.sandbox(f"orders/{number}")["refunds"]
    return sum(refund["amount"]["refund"] for refund in refunds if refund["status"] != "CLOSED")


class TestARefund:
    def test_is_accepted_then_succeeds(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        transaction_id = sandbox.paid(number, 1000, inbox.url)
        accepted = sandbox.refund(application(number, f"{number}-r1", 300, 1000)).json
        assert accepted["status"] == "PROCESSING"
        succeeded = refund_of(sandbox, f"{number}-r1")
        assert succeeded["status"] == "SUCCESS"
        assert succeeded["success_time"] == "2026-03-02T12:00:00+08:00"
        assert succeeded["transaction_id"] == transaction_id
        assert succeeded["refund_id"] == accepted["refund_id"]
        assert succeeded["amount"] == {
            "currency": "CNY",
            "discount_refund": 0,
            "from": [],
            "payer_refund": 300,
            "payer_total": 1000,
            "refund": 300,
            "refund_fee": 1,
            "settlement_refund": 300,
            "settlement_total": 1000,
            "total": 1000,
        }
        assert sandbox.query(number).json["trade_state"] == "REFUND"

    def test_never_exceeds_what_is_left(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 1000, inbox.url)
        steps = [(600, 200), (401, 400), (400, 200), (1, 400)]
        for step, (amount, status) in enumerate(steps):
            answer = sandbox.refund(application(number, f"{number}-{step}", amount, 1000))
            assert answer.status == status, answer.body.decode()
        assert refunded(sandbox, number) == 1000

    def test_never_exceeds_what_is_left_when_many_come_at_once(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.paid(number, 1000, inbox.url)
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda n: sandbox.refund(application(number, f"{number}-{n}", 300, 1000)), range(8))
            )
        assert sorted(answer.status for answer in answers) == [200] * 3 + [400] * 5
        assert refunded(sandbox, number) == 900

    def test_again_under_the_same_number_is_the_same_refund(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.paid(number, 1000, inbox.url)
        again = application(number, f"{number}-r", 300, 1000, notify_url=inbox.url)
        answers = [sandbox.refund(again).json for _ in range(3)]
        assert [answer["status"] for answer in answers] == ["PROCESSING", "SUCCESS", "SUCCESS"]
        assert len({answer["refund_id"] for answer in answers}) == 1
        assert refunded(sandbox, number) == 300
        assert len(sandbox.callbacks(number)) == 2

    @pytest.mark.parametrize(
        "change", [{"reason": "其他"}, {"amount": {"refund": 301, "total": 1000, "currency": "CNY"}}]
    )
    def test_again_with_another_content_is_refused(
        self, sandbox: Sandbox, inbox: Inbox, number: str, change: dict[str, Any]
    ) -> None:
        sandbox.paid(number, 1000, inbox.url)
        sandbox.refund(application(number, f"{number}-r", 300, 1000))
        altered = application(number, f"{number}-r", 300, 1000) | change
        assert sandbox.refund(altered).refusal == (400, "INVALID_REQUEST")
        assert refunded(sandbox, number) == 300

    def test_is_possible_fifty_times(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 1000, inbox.url)
        for step in range(50):
            assert sandbox.refund(application(number, f"{number}-{step}", 1, 1000)).status == 200
        assert sandbox.refund(application(number, f"{number}-50", 1, 1000)).refusal == (
            400,
            "INVALID_REQUEST",
        )
        assert refunded(sandbox, number) == 50

    def test_is_possible_for_a_year(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 1000, inbox.url)
        sandbox.sandbox("clock", {"now": "2027-03-02T12:00:00+08:00"})
        assert sandbox.refund(application(number, f"{number}-1", 1, 1000)).status == 200
        sandbox.sandbox("clock", {"now": "2027-03-02T12:00:01+08:00"})
        assert sandbox.refund(application(number, f"{number}-2", 1, 1000)).refusal == (400, "INVALID_REQUEST")
        assert refunded(sandbox, number) == 1

    def test_by_transaction_is_the_same(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        body = application(number, f"{number}-r", 1000, 1000)
        del body["out_trade_no"]
        assert sandbox.refund(body | {"transaction_id": sandbox.paid(number, 1000, inbox.url)}).status == 200
        assert refunded(sandbox, number) == 1000


class TestARefundThatCannotBe:
    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"amount": {"refund": 0, "total": 1000, "currency": "CNY"}}, (400, "PARAM_ERROR")),
            ({"amount": {"refund": -1, "total": 1000, "currency": "CNY"}}, (400, "PARAM_ERROR")),
            ({"amount": {"refund": 1, "total": 1000, "currency": "USD"}}, (400, "PARAM_ERROR")),
            ({"amount": {"refund": 1, "total": 1000}}, (400, "PARAM_ERROR")),
            ({"amount": {"refund": 1, "total": 999, "currency": "CNY"}}, (400, "INVALID_REQUEST")),
            ({"amount": {"refund": 1001, "total": 1000, "currency": "CNY"}}, (400, "INVALID_REQUEST")),
            ({"out_refund_no": "has space"}, (400, "PARAM_ERROR")),
            ({"out_refund_no": "x" * 65}, (400, "PARAM_ERROR")),
            ({"reason": "长" * 81}, (400, "PARAM_ERROR")),
            ({"out_trade_no": "never-placed"}, (404, "RESOURCE_NOT_EXISTS")),
            ({"transaction_id": "4200000000202603020000000001"}, (400, "PARAM_ERROR")),
        ],
    )
    def test_is_refused_and_nothing_moves(
        self, sandbox: Sandbox, inbox: Inbox, number: str, change: dict[str, Any], refusal: tuple[int, str]
    ) -> None:
        sandbox.paid(number, 1000, inbox.url)
        assert sandbox.refund(application(number, f"{number}-r", 1, 1000) | change).refusal == refusal
        assert sandbox.query(number).json["trade_state"] == "SUCCESS"
        assert refunded(sandbox, number) == 0

    def test_of_an_unpaid_order_is_refused(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.prepay(sandbox.order(number, 1000, inbox.url))
        answer = sandbox.refund(application(number, f"{number}-r", 1, 1000))
        assert answer.refusal == (404, "RESOURCE_NOT_EXISTS")

    def test_is_unknown_to_a_query(self, sandbox: Sandbox) -> None:
        answer = sandbox.call("GET", "/v3/refund/domestic/refunds/never-applied")
        assert answer.refusal == (404, "RESOURCE_NOT_EXISTS")


class TestARefundAtABadChannel:
    def test_times_out_although_it_was_made(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 1000, inbox.url)
        sandbox.sandbox("behaviour", {"refund": "timeout_after_success", "only_next": 1})
        body = application(number, f"{number}-r", 300, 1000)
        with pytest.raises(TimeoutError):
            sandbox.refund(body, timeout_s=0.5)
        assert sandbox.refund(body).json["status"] == "SUCCESS"
        assert refunded(sandbox, number) == 300

    def test_fails_without_a_trace(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 1000, inbox.url)
        sandbox.sandbox("behaviour", {"refund": "error", "only_next": 1})
        body = application(number, f"{number}-r", 300, 1000)
        assert sandbox.refund(body).refusal == (500, "SYSTEM_ERROR")
        assert refunded(sandbox, number) == 0
        assert sandbox.refund(body).status == 200

    @pytest.mark.parametrize(("status", "left"), [("SUCCESS", 700), ("ABNORMAL", 700), ("CLOSED", 1000)])
    def test_stays_processing_until_it_is_settled(
        self, sandbox: Sandbox, inbox: Inbox, number: str, status: str, left: int
    ) -> None:
        sandbox.paid(number, 1000, inbox.url)
        assert inbox.next().envelope["event_type"] == "TRANSACTION.SUCCESS"
        sandbox.sandbox("behaviour", {"refund": "processing", "only_next": 1})
        sandbox.refund(application(number, f"{number}-r", 300, 1000, notify_url=inbox.url))
        assert refund_of(sandbox, f"{number}-r")["status"] == "PROCESSING"
        assert len(sandbox.callbacks(number)) == 1

        sandbox.sandbox(f"refunds/{number}-r", {"status": status})
        callback = inbox.next().envelope
        assert callback["event_type"] == f"REFUND.{status}"
        assert sandbox.unseal(callback["resource"])["refund_status"] == status
        assert refund_of(sandbox, f"{number}-r")["status"] == status
        assert sandbox.refund(application(number, f"{number}-1", left + 1, 1000)).status == 400
        assert sandbox.refund(application(number, f"{number}-2", left, 1000)).status == 200

        again = sandbox.send("POST", f"/sandbox/refunds/{number}-r", b'{"status":"SUCCESS"}')
        assert again.refusal == (400, "INVALID_REQUEST")

    def test_turns_abnormal(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 1000, inbox.url)
        inbox.next()
        sandbox.sandbox("behaviour", {"refund": "abnormal", "only_next": 1})
        sandbox.refund(application(number, f"{number}-r", 300, 1000, notify_url=inbox.url))
        callback = inbox.next().envelope
        assert (callback["event_type"], callback["summary"]) == ("REFUND.ABNORMAL", "退款异常")
        assert "success_time" not in sandbox.unseal(callback["resource"])
