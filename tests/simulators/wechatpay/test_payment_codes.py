"""The till scans the buyer's payment code: at once, after the password, or not at all; and reversals."""

from typing import Any

import pytest
from tests.simulators.merchant import Answer, Sandbox
from tests.simulators.wechatpay.shop import DIRECT, available, bill_lines, code_order, download

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def charged(sandbox: Sandbox, number: str, total: int, **wish: Any) -> Answer:
    code = sandbox.sandbox("auth-codes", wish)["auth_code"]
    return sandbox.call("POST", f"{DIRECT}/codepay", code_order(sandbox, number, total, code))


def reversed_(sandbox: Sandbox, number: str) -> Answer:
    parties = {"appid": sandbox.credentials["appid"], "mchid": sandbox.credentials["mchid"]}
    return sandbox.call("POST", f"{DIRECT}/out-trade-no/{number}/reverse", parties)


class TestAPaymentCode:
    def test_pays_at_once(self, sandbox: Sandbox, number: str) -> None:
        paid = charged(sandbox, number, 1000).json
        assert (paid["trade_state"], paid["trade_type"]) == ("SUCCESS", "MICROPAY")
        assert paid == sandbox.query(number).json
        assert sandbox.callbacks(number) == []

    @pytest.mark.parametrize(("total", "wish"), [(100, {"password": True}), (100_001, {})])
    @pytest.mark.parametrize("typed", [True, False])
    def test_waits_for_the_password(
        self, sandbox: Sandbox, number: str, total: int, wish: dict[str, Any], typed: bool
    ) -> None:
        before = available(sandbox)
        assert charged(sandbox, number, total, **wish).refusal == (202, "USERPAYING")
        assert sandbox.query(number).json["trade_state"] == "USERPAYING"
        assert available(sandbox) == before
        sandbox.sandbox(f"password/{number}", {"typed": typed})
        assert sandbox.query(number).json["trade_state"] == ("SUCCESS" if typed else "PAYERROR")
        assert (available(sandbox) > before) == typed

    def test_is_refused_when_the_buyer_is_short(self, sandbox: Sandbox, number: str) -> None:
        assert charged(sandbox, number, 100, balance=99).refusal == (403, "NOTENOUGH")
        assert sandbox.query(number).refusal == (404, "ORDER_NOT_EXIST")

    def test_pays_once_and_for_a_minute(self, sandbox: Sandbox, number: str) -> None:
        code = sandbox.sandbox("auth-codes", {})["auth_code"]
        order = code_order(sandbox, number, 100, code)
        first = sandbox.call("POST", f"{DIRECT}/codepay", order).json
        assert sandbox.call("POST", f"{DIRECT}/codepay", order).json == first
        other = code_order(sandbox, f"{number}-2", 100, code)
        assert sandbox.call("POST", f"{DIRECT}/codepay", other).refusal == (400, "AUTH_CODE_ERROR")
        late = code_order(sandbox, f"{number}-3", 100, sandbox.sandbox("auth-codes", {})["auth_code"])
        sandbox.sandbox("clock", {"now": "2026-03-02T12:01:00+08:00"})
        assert sandbox.call("POST", f"{DIRECT}/codepay", late).refusal == (400, "AUTHCODEEXPIRE")

    def test_that_nobody_shows_is_refused(self, sandbox: Sandbox, number: str) -> None:
        order = code_order(sandbox, number, 100, "130000000000000000")
        assert sandbox.call("POST", f"{DIRECT}/codepay", order).refusal == (400, "AUTH_CODE_INVALID")

    def test_may_time_out_although_it_paid(self, sandbox: Sandbox, number: str) -> None:
        code = sandbox.sandbox("auth-codes", {})["auth_code"]
        sandbox.sandbox("behaviour", {"prepay": "timeout_after_success", "only_next": 1})
        with pytest.raises(TimeoutError):
            sandbox.call("POST", f"{DIRECT}/codepay", code_order(sandbox, number, 1, code), timeout_s=0.3)
        assert sandbox.query(number).json["trade_state"] == "SUCCESS"


class TestTheBuyersPhone:
    def test_shows_a_code_and_takes_the_password(self, sandbox: Sandbox, number: str) -> None:
        page = sandbox.send("POST", "/phone/code", b"lang=en", FORM).body.decode()
        digits = page.partition('<p class="amount small">')[2].partition("</p>")[0].replace(" ", "")
        order = code_order(sandbox, number, 100_001, digits)
        assert sandbox.call("POST", f"{DIRECT}/codepay", order).refusal == (202, "USERPAYING")
        link = sandbox.send("GET", "/phone").body.decode().partition('<li><a href="')[2].partition('"')[0]
        assert "1,000.01" in sandbox.send("GET", link).body.decode()
        code = link.partition("code_url=")[2]
        assert sandbox.send("POST", "/phone/pay", f"code_url={code}".encode(), FORM).status == 303
        assert sandbox.query(number).json["trade_state"] == "SUCCESS"


class TestAReversal:
    def test_gives_a_paid_order_back_with_its_fee(self, sandbox: Sandbox, number: str) -> None:
        before = available(sandbox)
        charged(sandbox, number, 10_000)
        assert available(sandbox) == before + 10_000 - 38
        for _ in range(2):
            assert reversed_(sandbox, number).json["out_trade_no"] == number
            assert sandbox.query(number).json["trade_state"] == "REVOKED"
            assert available(sandbox) == before

    def test_ends_a_wait_for_the_password(self, sandbox: Sandbox, number: str) -> None:
        charged(sandbox, number, 100, password=True)
        assert reversed_(sandbox, number).status == 200
        assert sandbox.query(number).json["trade_state"] == "REVOKED"
        assert sandbox.send("POST", f"/sandbox/password/{number}", b"{}").status == 400

    def test_stands_in_the_bill_beside_its_payment(self, own_sandbox: Sandbox, number: str) -> None:
        charged(own_sandbox, number, 10_000)
        reversed_(own_sandbox, number)
        own_sandbox.sandbox("clock", {"now": "2026-03-03T10:00:00+08:00"})
        lines = bill_lines(download(own_sandbox, "/v3/bill/tradebill?bill_date=2026-03-02"))
        shown = [[line[8], line[9], line[12], line[16], line[15], line[22]] for line in lines]
        assert shown == [
            ["MICROPAY", "SUCCESS", "100.00", "0.00", "0", "0.38000"],
            ["MICROPAY", "REVOKED", "0.00", "100.00", number, "-0.38000"],
        ]

    def test_is_for_payment_codes_only(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, 100, "http://127.0.0.1:9/callbacks")
        assert reversed_(sandbox, number).refusal == (400, "INVALID_REQUEST")
