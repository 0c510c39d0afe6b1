"""Callbacks: what they say, how they come back, and every way the sandbox can spoil them."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.simulators.merchant import Inbox, Sandbox

RETRIES_S = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]
"""Facts of the channel: pauses between attempts."""


def content(sandbox: Sandbox, inbox: Inbox) -> dict[str, Any]:
    """What the next callback says; its signature must hold."""
    received = inbox.next()
    assert sandbox.is_signed(received.headers, received.body)
    return sandbox.unseal(received.envelope["resource"])


class TestACallback:
    def test_says_what_a_query_says(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.paid(number, 4999, inbox.url, attach="A1")
        received = inbox.next()
        envelope = received.envelope
        assert sandbox.is_signed(received.headers, received.body)
        assert received.headers["content-type"] == "application/json"
        assert received.headers["wechatpay-signature-type"] == "WECHATPAY2-SHA256-RSA2048"
        assert {
            name: envelope[name] for name in ("create_time", "resource_type", "event_type", "summary")
        } == {
            "create_time": "2026-03-02T12:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
        }
        assert envelope["resource"]["algorithm"] == "AEAD_AES_256_GCM"
        assert envelope["resource"]["associated_data"] == "transaction"
        assert sandbox.unseal(envelope["resource"]) == sandbox.query(number).json
        sandbox.wait_for(number, state="delivered", attempts=1)

    def test_of_a_refund_says_what_was_refunded(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        transaction_id = sandbox.paid(number, 4999, inbox.url)
        inbox.next()
        refund = sandbox.refund(
            {
                "out_trade_no": number,
                "out_refund_no": f"{number}-r",
                "amount": {"refund": 999, "total": 4999, "currency": "CNY"},
                "notify_url": inbox.url,
            }
        ).json
        assert content(sandbox, inbox) == {
            "mchid": sandbox.credentials["mchid"],
            "out_trade_no": number,
            "transaction_id": transaction_id,
            "out_refund_no": f"{number}-r",
            "refund_id": refund["refund_id"],
            "refund_status": "SUCCESS",
            "success_time": "2026-03-02T12:00:00+08:00",
            "user_received_account": "支付用户零钱",
            "amount": {"total": 4999, "refund": 999, "payer_total": 4999, "payer_refund": 999},
        }

    def test_is_signed_by_the_key_that_the_order_asked_for(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        serial = sandbox.credentials["platform_certificate_serial_no"]
        sandbox.prepay(sandbox.order(number, 100, inbox.url), serial=serial)
        sandbox.sandbox("pay", {"out_trade_no": number})
        received = inbox.next()
        assert received.headers["wechatpay-serial"] == serial
        assert sandbox.is_signed(received.headers, received.body)


class TestACallbackThatIsNotAcknowledged:
    @pytest.mark.parametrize("status", [201, 302, 400, 500])
    def test_comes_again_under_the_same_id(
        self, sandbox: Sandbox, inbox: Inbox, number: str, status: int
    ) -> None:
        inbox.answers.put(status)
        sandbox.paid(number, 100, inbox.url)
        first = inbox.next()
        sandbox.wait_for(number, state="waiting", attempts=1, next_at="2026-03-02T12:00:15+08:00")
        sandbox.sandbox("clock", {"now": "2026-03-02T12:00:15+08:00"})
        second = inbox.next()
        assert first.envelope["id"] == second.envelope["id"]
        assert sandbox.unseal(first.envelope["resource"]) == sandbox.unseal(second.envelope["resource"])
        assert sandbox.is_signed(second.headers, second.body)
        sandbox.wait_for(number, state="delivered", attempts=2)

    def test_is_tried_for_a_day_and_then_given_up(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        for _ in range(len(RETRIES_S) + 1):
            inbox.answers.put(500)
        sandbox.paid(number, 100, inbox.url)
        moment = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
        for attempts, pause_s in enumerate(RETRIES_S, start=1):
            inbox.next()
            moment += timedelta(seconds=pause_s)
            sandbox.wait_for(number, state="waiting", attempts=attempts, next_at=moment.isoformat())
            sandbox.sandbox("clock", {"now": moment.isoformat()})
        inbox.next()
        sandbox.wait_for(number, state="abandoned", attempts=16)

    def test_waits_for_its_time(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        inbox.answers.put(500)
        sandbox.paid(number, 100, inbox.url)
        inbox.next()
        sandbox.wait_for(number, state="waiting", attempts=1)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:00:14+08:00"})
        time.sleep(0.2)
        assert inbox.received.empty()

    def test_comes_again_by_itself_on_a_running_clock(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.sandbox("behaviour", {"callback": "late", "late_s": 0.3, "only_next": 1})
        sandbox.sandbox("clock", {"offset_s": 86400})
        sandbox.paid(number, 100, inbox.url)
        content(sandbox, inbox)
        assert sandbox.wait_for(number, state="delivered")["behaviour"] == "late"

    def test_survives_a_merchant_that_is_away(self, sandbox: Sandbox, number: str) -> None:
        away = Inbox()
        away.close()
        sandbox.paid(number, 100, away.url)
        callback = sandbox.wait_for(number, state="waiting", attempts=1)
        assert callback["deliveries"][0]["status"] is None


class TestAMisbehavingChannel:
    def test_is_late(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "late", "late_s": 90, "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        sandbox.wait_for(number, state="waiting", attempts=0, next_at="2026-03-02T12:01:30+08:00")
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:30+08:00"})
        assert content(sandbox, inbox)["success_time"] == "2026-03-02T12:00:00+08:00"

    def test_loses_a_callback(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "lost", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        assert sandbox.callbacks(number)[0]["state"] == "lost"
        sandbox.sandbox("clock", {"now": "2026-03-04T12:00:00+08:00"})
        time.sleep(0.2)
        assert inbox.received.empty()
        assert sandbox.query(number).json["trade_state"] == "SUCCESS"

    def test_sends_a_callback_twice(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "duplicated", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        first, second = inbox.next(), inbox.next()
        assert first.envelope["id"] == second.envelope["id"]
        assert first.headers["wechatpay-nonce"] != second.headers["wechatpay-nonce"]
        assert all(sandbox.is_signed(one.headers, one.body) for one in (first, second))
        assert len(sandbox.wait_for(number, state="delivered")["deliveries"]) == 2

    def test_names_a_wrong_amount_under_a_valid_signature(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.sandbox("behaviour", {"callback": "wrong_amount", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        assert content(sandbox, inbox)["amount"]["total"] == 101
        assert sandbox.query(number).json["amount"]["total"] == 100

    def test_names_a_wrong_merchant_under_a_valid_signature(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        sandbox.sandbox("behaviour", {"callback": "wrong_mchid", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        assert content(sandbox, inbox)["mchid"] != sandbox.credentials["mchid"]

    def test_probes_whether_signatures_are_checked(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "signtest", "only_next": 1})
        inbox.answers.put(401)
        sandbox.paid(number, 100, inbox.url)
        probe, good = inbox.next(), inbox.next()
        assert probe.headers["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
        assert not sandbox.is_signed(probe.headers, probe.body)
        assert sandbox.is_signed(good.headers, good.body)
        deliveries = sandbox.wait_for(number, state="delivered")["deliveries"]
        assert [(one["form"], one["status"]) for one in deliveries] == [("signtest", 401), ("good", 204)]

    def test_alters_a_callback_on_its_way(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "tampered", "only_next": 1})
        inbox.answers.put(401)
        sandbox.paid(number, 100, inbox.url)
        altered = inbox.next()
        assert not sandbox.is_signed(altered.headers, altered.body)
        sandbox.wait_for(number, state="waiting", attempts=1)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:00:15+08:00"})
        assert content(sandbox, inbox)["out_trade_no"] == number

    def test_sends_an_old_callback(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "stale", "only_next": 1})
        inbox.answers.put(401)
        sandbox.paid(number, 100, inbox.url)
        stale = inbox.next()
        noon = datetime.fromisoformat("2026-03-02T12:00:00+08:00").timestamp()
        assert int(stale.headers["wechatpay-timestamp"]) == noon - 600
        assert not sandbox.is_signed(stale.headers, stale.body)
        sandbox.wait_for(number, state="waiting", attempts=1)
        sandbox.sandbox("clock", {"now": "2026-03-02T12:00:15+08:00"})
        assert content(sandbox, inbox)["out_trade_no"] == number

    def test_behaves_again_after_the_given_number(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        shown = sandbox.sandbox("behaviour", {"callback": "wrong_amount", "only_next": 2})
        assert shown["left"] == {"callback": 2}
        for index in range(3):
            sandbox.paid(f"{number}-{index}", 100, inbox.url)
        assert sorted(content(sandbox, inbox)["amount"]["total"] for _ in range(3)) == [100, 101, 101]
        assert sandbox.sandbox("behaviour")["callback"] == "normal"

    @pytest.mark.parametrize(
        "change",
        [b'{"callback":"rude"}', b'{"only_next":0,"bill":"missing"}', b'{"late_s":-1}', b'{"mood":"bad"}'],
    )
    def test_is_not_told_what_it_does_not_know(self, sandbox: Sandbox, change: bytes) -> None:
        before = sandbox.sandbox("behaviour")
        assert sandbox.send("POST", "/sandbox/behaviour", change).refusal == (400, "PARAM_ERROR")
        assert sandbox.sandbox("behaviour") == before


class TestAKill:
    def test_between_payment_and_callback_delivers_the_callback_after_the_restart(
        self, own_sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        own_sandbox.sandbox("behaviour", {"callback": "late", "late_s": 60})
        transaction_id = own_sandbox.paid(number, 100, inbox.url)
        own_sandbox.kill()
        assert inbox.received.empty()
        own_sandbox.start("--clock", "2026-03-02T12:01:00+08:00")
        assert content(own_sandbox, inbox)["transaction_id"] == transaction_id
        own_sandbox.wait_for(number, state="delivered", attempts=1)

    def test_while_a_callback_is_under_way_sends_it_again(
        self, own_sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        inbox.answers.put(500)
        own_sandbox.paid(number, 100, inbox.url)
        first = inbox.next().envelope["id"]
        own_sandbox.kill()
        own_sandbox.start("--clock", "2026-03-02T12:05:00+08:00")
        received = inbox.next()
        assert received.envelope["id"] == first
        own_sandbox.wait_for(number, state="delivered")

    def test_leaves_the_clock_as_it_was_told(self, own_sandbox: Sandbox) -> None:
        own_sandbox.sandbox("clock", {"now": "2010-12-01T08:26:00Z"})
        own_sandbox.kill()
        own_sandbox.start()
        clock = own_sandbox.sandbox("state")["clock"]
        assert clock == {"now": "2010-12-01T08:26:00Z", "standing": True}
