"""Notices: how they come back, and every way the sandbox can spoil them."""

import time
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from tests.simulators.unionpay.inbox import Inbox
from tests.simulators.unionpay.merchant import Sandbox, is_signed

RETRIES_S = [0, 60, 120, 240]
"""Facts of the channel: pauses between its five attempts."""


class TestANoticeThatIsNotAcknowledged:
    @pytest.mark.parametrize("status", [204, 301, 400, 500])
    def test_comes_again_at_once_then_after_1_2_and_4_minutes(
        self, sandbox: Sandbox, inbox: Inbox, number: str, status: int
    ) -> None:
        for _ in range(5):
            inbox.answers.put(status)
        sandbox.paid(number, 100, inbox.url)
        moment = datetime.fromisoformat("2026-03-02T12:00:00+08:00")
        first = inbox.next()
        for attempts, pause_s in enumerate(RETRIES_S, start=1):
            moment += timedelta(seconds=pause_s)
            if pause_s:
                sandbox.wait_for(number, state="waiting", attempts=attempts, next_at=moment.isoformat())
                sandbox.sandbox("clock", {"now": moment.isoformat()})
            assert inbox.next() == first
        sandbox.wait_for(number, state="abandoned", attempts=5)

    @pytest.mark.parametrize("status", [200, 302])
    def test_is_no_longer_sent_once_it_was(
        self, sandbox: Sandbox, inbox: Inbox, number: str, status: int
    ) -> None:
        inbox.answers.put(500)
        inbox.answers.put(status)
        sandbox.paid(number, 100, inbox.url)
        inbox.next()
        inbox.next()
        sandbox.wait_for(number, state="delivered", attempts=2)

    def test_is_signed_anew_after_a_rotation_in_flight(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        inbox.answers.put(500)
        inbox.answers.put(500)
        sandbox.paid(number, 100, inbox.url)
        first, _ = inbox.next(), inbox.next()
        sandbox.wait_for(number, state="waiting", attempts=2)
        sandbox.sandbox("certificate", {"use": "next"})
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:00+08:00"})
        third = inbox.next()
        assert third["signPubKeyCert"] != first["signPubKeyCert"]
        assert sandbox.holds(third)


class TestASpoiltNotice:
    @pytest.mark.parametrize(
        ("mode", "misstated"),
        [
            ("wrong_amount", {"txnAmt": "101", "settleAmt": "101"}),
            ("wrong_currency", {"currencyCode": "840"}),
        ],
    )
    def test_misstates_under_a_valid_signature(
        self, sandbox: Sandbox, inbox: Inbox, number: str, mode: str, misstated: dict[str, str]
    ) -> None:
        sandbox.sandbox("behaviour", {"callback": mode, "only_next": 1})
        paid = sandbox.paid(number, 100, inbox.url)
        notice = inbox.next()
        assert sandbox.holds(notice)
        assert {name: notice[name] for name in misstated} == misstated
        said = sandbox.query(number, paid["txn_time"])
        assert {name: said[name] for name in ("txnAmt", "settleAmt", "currencyCode")} == {
            "txnAmt": "100",
            "settleAmt": "100",
            "currencyCode": "156",
        }

    def test_may_name_another_merchant(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "wrong_merid", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        notice = inbox.next()
        assert sandbox.holds(notice)
        assert notice["merId"] != sandbox.mer_id

    @pytest.mark.parametrize("mode", ["tampered", "expired_certificate", "foreign_certificate"])
    def test_is_spoilt_once_and_then_good(
        self, sandbox: Sandbox, inbox: Inbox, number: str, mode: str
    ) -> None:
        inbox.answers.put(400)
        sandbox.sandbox("behaviour", {"callback": mode, "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        bad, good = inbox.next(), inbox.next()
        assert not sandbox.holds(bad)
        certificate = x509.load_pem_x509_certificate(bad["signPubKeyCert"].encode())
        assert is_signed(bad, certificate) == (mode != "tampered")
        assert sandbox.holds(good)

    def test_may_be_lost(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "lost", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        sandbox.wait_for(number, state="lost", attempts=0)
        time.sleep(0.1)
        assert inbox.received.empty()

    def test_may_be_late(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "late", "late_s": 90, "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        sandbox.wait_for(number, state="waiting", next_at="2026-03-02T12:01:30+08:00")
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:30+08:00"})
        assert inbox.next()["orderId"] == number

    def test_may_come_twice(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "duplicated", "only_next": 1})
        sandbox.paid(number, 100, inbox.url)
        assert inbox.next() == inbox.next()

    def test_may_be_overtaken(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"callback": "reordered", "only_next": 1})
        paid = sandbox.paid(number, 100, inbox.url)
        sandbox.back(sandbox.follow("04", f"{number}r", 100, paid["query_id"], inbox.url))
        assert [inbox.next()["txnType"] for _ in range(2)] == ["04", "01"]
