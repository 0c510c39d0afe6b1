"""What every simulator can do wrong with an answer, and callbacks that overtake each other."""

import sqlite3
import time

import pytest
from tests.simulators.merchant import Inbox, Sandbox


class TestAnAnswer:
    def test_is_lost_although_the_order_exists(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"answer": "lost", "answer_path": "/native", "only_next": 1})
        with pytest.raises(TimeoutError):
            sandbox.prepay(sandbox.order(number, 100, inbox.url), timeout_s=0.3)
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"

    def test_is_garbage(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"answer": "garbage", "only_next": 1})
        answer = sandbox.call_unverified(
            "POST", "/v3/pay/transactions/native", sandbox.order(number, 100, inbox.url)
        )
        assert (answer.status, "wechatpay-signature" in answer.headers) == (200, False)
        assert answer.body.startswith(b"\xff\xfe")
        assert sandbox.query(number).status == 200

    def test_is_ten_megabytes(self, sandbox: Sandbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"answer": "huge", "only_next": 1})
        target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={sandbox.credentials['mchid']}"
        assert len(sandbox.call_unverified("GET", target).body) == 10 * 1024 * 1024

    def test_is_empty(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"answer": "empty", "only_next": 1})
        answer = sandbox.call_unverified(
            "POST", "/v3/pay/transactions/native", sandbox.order(number, 100, inbox.url)
        )
        assert (answer.status, answer.body) == (200, b"")

    def test_is_slow(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"answer": "slow", "slow_s": 0.3, "only_next": 1})
        begun = time.monotonic()
        assert sandbox.prepay(sandbox.order(number, 100, inbox.url)).status == 200
        assert time.monotonic() - begun >= 0.3

    @pytest.mark.parametrize(
        ("mode", "refusal"), [("error", (500, "SYSTEM_ERROR")), ("rate_limited", (429, "FREQUENCY_LIMITED"))]
    )
    def test_is_a_refusal_and_nothing_was_done(
        self, sandbox: Sandbox, inbox: Inbox, number: str, mode: str, refusal: tuple[int, str]
    ) -> None:
        sandbox.sandbox("behaviour", {"answer": mode, "only_next": 1})
        order = sandbox.order(number, 100, inbox.url)
        answer = sandbox.call_unverified("POST", "/v3/pay/transactions/native", order)
        assert answer.refusal == refusal
        assert sandbox.query(number).refusal == (404, "ORDER_NOT_EXIST")

    def test_is_good_for_other_paths_and_for_the_sandbox_itself(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.sandbox("behaviour", {"answer": "error", "answer_path": "/refund/"})
        assert sandbox.prepay(sandbox.order(number, 100, inbox.url)).status == 200
        assert sandbox.sandbox("behaviour")["answer"] == "error"


class TestReorderedCallbacks:
    def test_come_after_what_happened_later(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "reordered", "only_next": 1})
        first, second = f"{number}-1", f"{number}-2"
        sandbox.paid(first, 100, inbox.url)
        sandbox.paid(second, 200, inbox.url)
        numbers = [sandbox.unseal(inbox.next().envelope["resource"])["out_trade_no"] for _ in range(2)]
        assert numbers == [second, first]
        assert sandbox.wait_for(first, state="delivered")["attempts"] == 1

    def test_come_in_their_own_time_when_nothing_else_happens(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.sandbox("behaviour", {"callback": "reordered", "late_s": 60, "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:00+08:00"})
        assert sandbox.unseal(inbox.next().envelope["resource"])["out_trade_no"] == number


class TestTheBooks:
    def test_of_another_version_are_not_opened(self, own_sandbox: Sandbox) -> None:
        own_sandbox.stop()
        path = own_sandbox.directory / "wechatpay-sandbox" / "books.sqlite"
        with sqlite3.connect(path) as books:
            books.execute("UPDATE settings SET value = 'older' WHERE name = 'schema'")
        books.close()
        with pytest.raises(RuntimeError, match="exit code 1"):
            own_sandbox.start()
