"""Notifications: what they say, how often they come, and what can be wrong with them."""

import time
from datetime import datetime, timedelta

import pytest
from tests.simulators.alipay.merchant import Inbox, Sandbox

RETRIES_S = (240, 600, 600, 3600, 7200, 21600, 54000)


class TestANotification:
    def test_of_a_payment_says_what_was_paid(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        extras = {"passback_params": "shop=1&desk=2", "body": "面霜"}
        trade_no = sandbox.paid(number, "49.99", inbox.url, **extras)
        said = inbox.next()
        assert sandbox.is_signed(said)
        said.pop("sign")
        said.pop("notify_id")
        assert said == {
            "app_id": sandbox.credentials["app_id"],
            "auth_app_id": sandbox.credentials["app_id"],
            "body": "面霜",
            "buyer_id": sandbox.credentials["buyer_id"],
            "buyer_logon_id": "fei***@sandbox.com",
            "buyer_pay_amount": "49.99",
            "charset": "utf-8",
            "fund_bill_list": '[{"amount":"49.99","fundChannel":"ALIPAYACCOUNT"}]',
            "gmt_create": "2026-03-02 12:00:00",
            "gmt_payment": "2026-03-02 12:00:00",
            "invoice_amount": "49.99",
            "notify_time": "2026-03-02 12:00:00",
            "notify_type": "trade_status_sync",
            "out_trade_no": number,
            "passback_params": "shop=1&desk=2",
            "point_amount": "0.00",
            "receipt_amount": "49.99",
            "seller_id": sandbox.credentials["seller_id"],
            "sign_type": "RSA2",
            "subject": "玫瑰面霜 50ml",
            "total_amount": "49.99",
            "trade_no": trade_no,
            "trade_status": "TRADE_SUCCESS",
            "version": "1.0",
        }

    def test_of_a_partial_refund_says_success_and_what_was_given_back(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.paid(number, "49.99", inbox.url)
        inbox.next()
        for request, amount, given_back in (("r1", "9.99", "9.99"), ("r2", "10.00", "19.99")):
            wanted = {"out_trade_no": number, "refund_amount": amount, "out_request_no": request}
            sandbox.call("alipay.trade.refund", wanted)
            said = inbox.next()
            assert sandbox.is_signed(said)
            assert said["trade_status"] == "TRADE_SUCCESS"
            assert (said["refund_fee"], said["out_biz_no"]) == (given_back, request)
            assert said["gmt_refund"] == "2026-03-02 12:00:00.000"
            assert "gmt_close" not in said

    def test_of_a_whole_refund_says_closed(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, "49.99", inbox.url)
        inbox.next()
        sandbox.call("alipay.trade.refund", {"out_trade_no": number, "refund_amount": "49.99"})
        said = inbox.next()
        assert (said["trade_status"], said["refund_fee"], said["gmt_close"]) == (
            "TRADE_CLOSED",
            "49.99",
            "2026-03-02 12:00:00",
        )

    def test_of_the_end_says_finished(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, "49.99", inbox.url)
        inbox.next()
        sandbox.sandbox("clock", {"now": "2027-03-02T12:00:00+08:00"})
        said = inbox.next()
        assert (said["out_trade_no"], said["trade_status"]) == (number, "TRADE_FINISHED")
        assert "refund_fee" not in said

    def test_is_not_sent_for_what_was_closed_unpaid(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"), notify_url=inbox.url)
        sandbox.call("alipay.trade.close", {"out_trade_no": number})
        assert sandbox.callbacks(number) == []


class TestANotificationThatIsNotAcknowledged:
    @pytest.mark.parametrize(
        "answer", [(200, b"fail"), (200, b""), (200, b'"success"'), (500, b"success"), (302, b"success")]
    )
    def test_comes_again_under_the_same_id(
        self, sandbox: Sandbox, inbox: Inbox, number: str, answer: tuple[int, bytes]
    ) -> None:
        inbox.answers.put(answer)
        sandbox.paid(number, "1.00", inbox.url)
        first = inbox.next()
        sandbox.wait_for(number, state="waiting", attempts=1, next_at="2026-03-02T12:04:00+08:00")
        sandbox.sandbox("clock", {"now": "2026-03-02T12:04:00+08:00"})
        second = inbox.next()
        assert second["notify_id"] == first["notify_id"]
        assert second["notify_time"] == "2026-03-02 12:04:00"
        assert sandbox.is_signed(second)
        sandbox.wait_for(number, state="delivered", attempts=2)

    def test_is_tried_for_a_day_and_then_given_up(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        for _ in range(len(RETRIES_S) + 1):
            inbox.answers.put((200, b"fail"))
        sandbox.paid(number, "1.00", inbox.url)
        moment = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
        for attempts, pause_s in enumerate(RETRIES_S, start=1):
            inbox.next()
            moment += timedelta(seconds=pause_s)
            sandbox.wait_for(number, state="waiting", attempts=attempts, next_at=moment.isoformat())
            sandbox.sandbox("clock", {"now": moment.isoformat()})
        inbox.next()
        sandbox.wait_for(number, state="abandoned", attempts=8)


class TestAMisbehavingChannel:
    @pytest.mark.parametrize(
        ("mode", "field"),
        [("wrong_amount", "total_amount"), ("wrong_app", "app_id"), ("wrong_seller", "seller_id")],
    )
    def test_lies_under_a_valid_signature(
        self, sandbox: Sandbox, inbox: Inbox, number: str, mode: str, field: str
    ) -> None:
        sandbox.behave(callback=mode, only_next=1)
        sandbox.paid(number, "49.99", inbox.url)
        said = inbox.next()
        assert sandbox.is_signed(said)
        assert said[field] != (sandbox.credentials | {"total_amount": "49.99"})[field]
        assert sandbox.query(number)["total_amount"] == "49.99"

    def test_lies_about_a_refund(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, "49.99", inbox.url)
        inbox.next()
        sandbox.behave(callback="wrong_amount", only_next=1)
        wanted = {"out_trade_no": number, "refund_amount": "9.99", "out_request_no": "r1"}
        sandbox.call("alipay.trade.refund", wanted)
        said = inbox.next()
        assert (said["refund_fee"], said["total_amount"]) == ("10.00", "49.99")

    def test_alters_a_notification_on_its_way(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.behave(callback="tampered", only_next=1)
        inbox.answers.put((200, b"fail"))
        sandbox.paid(number, "49.99", inbox.url)
        assert not sandbox.is_signed(inbox.next())
        sandbox.wait_for(number, state="waiting", attempts=1)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:04:00+08:00"})
        assert sandbox.is_signed(inbox.next())

    def test_is_late(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.behave(callback="late", late_s=90, only_next=1)
        sandbox.paid(number, "49.99", inbox.url)
        sandbox.wait_for(number, state="waiting", attempts=0, next_at="2026-03-02T12:01:30+08:00")
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:30+08:00"})
        assert inbox.next()["gmt_payment"] == "2026-03-02 12:00:00"

    def test_loses_a_notification(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.behave(callback="lost", only_next=1)
        sandbox.paid(number, "49.99", inbox.url)
        assert sandbox.callbacks(number)[0]["state"] == "lost"
        sandbox.sandbox("clock", {"now": "2026-03-04T12:00:00+08:00"})
        time.sleep(0.2)
        assert inbox.received.empty()

    def test_sends_a_notification_twice(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.behave(callback="duplicated", only_next=1)
        sandbox.paid(number, "49.99", inbox.url)
        assert inbox.next() == inbox.next()

    def test_lets_a_refund_overtake_its_payment(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.behave(callback="reordered", only_next=1)
        sandbox.paid(number, "49.99", inbox.url)
        sandbox.call("alipay.trade.refund", {"out_trade_no": number, "refund_amount": "49.99"})
        assert [inbox.next()["trade_status"] for _ in range(2)] == ["TRADE_CLOSED", "TRADE_SUCCESS"]


class TestAKill:
    def test_between_payment_and_notification_delivers_it_after_the_restart(
        self, own_sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        own_sandbox.behave(callback="late", late_s=60)
        trade_no = own_sandbox.paid(number, "1.00", inbox.url)
        own_sandbox.kill()
        own_sandbox.start("--clock", "2026-03-02T12:01:00+08:00")
        said = inbox.next()
        assert said["trade_no"] == trade_no
        assert own_sandbox.is_signed(said)
        assert own_sandbox.balance_fen() == 100_000_000 + 100 - 1
