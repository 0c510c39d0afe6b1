"""Trades as a merchant's order system meets them."""

import itertools

import pytest
from tests.simulators.alipay.merchant import Sandbox

_codes = itertools.count(28_0000_0000_0000_0000)


def auth_code() -> str:
    """A payment code that no other test uses."""
    return str(next(_codes))


class TestAnOrder:
    def test_is_no_trade_before_the_buyer_scans(self, sandbox: Sandbox, number: str) -> None:
        qr_code = sandbox.call("alipay.trade.precreate", sandbox.order(number, "1.00"))["qr_code"]
        assert sandbox.query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"
        trade_no = sandbox.sandbox("scan", {"qr_code": qr_code})["trade_no"]
        shown = sandbox.query(number)
        assert (shown["trade_status"], shown["trade_no"]) == ("WAIT_BUYER_PAY", trade_no)
        assert (shown["total_amount"], shown["receipt_amount"]) == ("1.00", "0.00")

    def test_is_paid_once(self, sandbox: Sandbox, number: str) -> None:
        before = sandbox.balance_fen()
        trade_no = sandbox.paid(number, "100.00")
        assert sandbox.sandbox("pay", {"out_trade_no": number})["trade_no"] == trade_no
        assert sandbox.balance_fen() == before + 10000 - 60
        shown = sandbox.query(number)
        assert (shown["trade_status"], shown["receipt_amount"]) == ("TRADE_SUCCESS", "100.00")
        assert shown["send_pay_date"] == "2026-03-02 12:00:00"
        assert shown["fund_bill_list"] == [{"amount": "100.00", "fund_channel": "ALIPAYACCOUNT"}]

    @pytest.mark.parametrize(
        ("amount", "fee"), [("0.01", "0.00"), ("0.83", "0.00"), ("0.84", "0.01"), ("49.99", "0.30")]
    )
    def test_costs_six_per_mille_rounded_half_up(
        self, sandbox: Sandbox, number: str, amount: str, fee: str
    ) -> None:
        sandbox.paid(number, amount)
        assert sandbox.sandbox(f"orders/{number}")["fee"] == fee

    def test_is_found_by_alipays_number_first(self, sandbox: Sandbox, number: str) -> None:
        trade_no = sandbox.paid(number)
        content = {"trade_no": trade_no, "out_trade_no": "something else"}
        assert sandbox.call("alipay.trade.query", content)["out_trade_no"] == number

    def test_placed_again_is_the_same(self, sandbox: Sandbox, number: str) -> None:
        order = sandbox.order(number, "1.00")
        first = sandbox.call("alipay.trade.precreate", order)
        assert sandbox.call("alipay.trade.precreate", order) == first
        assert sandbox.call("alipay.trade.precreate", order | {"total_amount": 1}) == first

    @pytest.mark.parametrize("change", [{"total_amount": "1.01"}, {"subject": "other"}, {"body": "other"}])
    def test_altered_is_refused(self, sandbox: Sandbox, number: str, change: dict[str, str]) -> None:
        sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"))
        again = sandbox.call("alipay.trade.create", sandbox.order(number, "1.00") | change)
        assert (again["code"], again["sub_code"]) == ("40004", "ACQ.CONTEXT_INCONSISTENT")
        assert sandbox.query(number)["total_amount"] == "1.00"

    def test_that_is_paid_is_not_placed_again(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "1.00")
        for method in ("alipay.trade.precreate", "alipay.trade.create"):
            assert sandbox.call(method, sandbox.order(number, "1.00"))["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"

    def test_that_is_closed_is_not_placed_again(self, sandbox: Sandbox, number: str) -> None:
        sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"))
        sandbox.call("alipay.trade.close", {"out_trade_no": number})
        again = sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"))
        assert again["sub_code"] == "ACQ.TRADE_HAS_CLOSE"

    @pytest.mark.parametrize(
        "amount", ["0", "-1", "0.001", "1.234", "NaN", "abc", "1e-3", None, 0.30000000000000004]
    )
    def test_of_no_proper_amount_is_refused(self, sandbox: Sandbox, number: str, amount: object) -> None:
        answered = sandbox.call(
            "alipay.trade.precreate", sandbox.order(number, "1") | {"total_amount": amount}
        )
        assert (answered["code"], answered["sub_code"]) == ("40004", "ACQ.INVALID_PARAMETER")

    @pytest.mark.parametrize("amount", ["100000000.01", "1e30", "1e999999"])
    def test_above_the_limit_is_refused(self, sandbox: Sandbox, number: str, amount: str) -> None:
        answered = sandbox.call("alipay.trade.precreate", sandbox.order(number, amount))
        assert answered["sub_code"] == "ACQ.TOTAL_FEE_EXCEED"

    @pytest.mark.parametrize(
        "change",
        [
            {"out_trade_no": ""},
            {"out_trade_no": "a b"},
            {"out_trade_no": "x" * 65},
            {"subject": ""},
            {"subject": "x" * 257},
            {"timeout_express": "soon"},
            {"timeout_express": "999999d"},
            {"time_expire": "tomorrow"},
        ],
    )
    def test_with_a_bad_field_is_refused(self, sandbox: Sandbox, number: str, change: dict[str, str]) -> None:
        answered = sandbox.call("alipay.trade.precreate", sandbox.order(number, "1.00") | change)
        assert answered["sub_code"] == "ACQ.INVALID_PARAMETER"

    def test_for_another_seller_or_buyer_is_refused(self, sandbox: Sandbox, number: str) -> None:
        other = sandbox.order(number, "1.00", seller_id="2088000000000000")
        assert sandbox.call("alipay.trade.create", other)["sub_code"] == "ACQ.SELLER_NOT_EXIST"
        other = sandbox.order(number, "1.00", buyer_id="2088000000000000")
        assert sandbox.call("alipay.trade.create", other)["sub_code"] == "ACQ.BUYER_NOT_EXIST"


class TestTime:
    @pytest.mark.parametrize(
        ("limit", "until", "after"),
        [
            ({"timeout_express": "90m"}, "2026-03-02T13:29:59+08:00", "2026-03-02T13:30:00+08:00"),
            ({"timeout_express": "1c"}, "2026-03-02T23:59:59+08:00", "2026-03-03T00:00:00+08:00"),
            (
                {"time_expire": "2026-03-02 12:05:00"},
                "2026-03-02T12:04:59+08:00",
                "2026-03-02T12:05:00+08:00",
            ),
            ({}, "2026-03-17T11:59:59+08:00", "2026-03-17T12:00:00+08:00"),
        ],
    )
    def test_closes_what_was_not_paid(
        self, sandbox: Sandbox, number: str, limit: dict[str, str], until: str, after: str
    ) -> None:
        sandbox.call("alipay.trade.create", sandbox.order(number, "1.00") | limit)
        sandbox.sandbox("clock", {"now": until})
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"
        sandbox.sandbox("clock", {"now": after})
        assert sandbox.query(number)["trade_status"] == "TRADE_CLOSED"
        refused = sandbox.send("POST", "/sandbox/pay", b'{"out_trade_no":"%s"}' % number.encode())
        assert refused.json["code"] == "ACQ.TRADE_HAS_CLOSE"

    def test_before_now_is_refused(self, sandbox: Sandbox, number: str) -> None:
        order = sandbox.order(number, "1.00", time_expire="2026-03-02 11:59:59")
        answered = sandbox.call("alipay.trade.create", order)
        assert answered["sub_code"] == "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"

    def test_finishes_a_payment_after_a_year(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number)
        sandbox.sandbox("clock", {"now": "2027-03-02T12:00:00+08:00"})
        assert sandbox.query(number)["trade_status"] == "TRADE_FINISHED"
        wanted = {"out_trade_no": number, "refund_amount": "49.99"}
        assert sandbox.call("alipay.trade.refund", wanted)["sub_code"] == "ACQ.TRADE_HAS_FINISHED"
        cancelled = sandbox.call("alipay.trade.cancel", {"out_trade_no": number})
        assert cancelled["sub_code"] == "ACQ.TRADE_HAS_FINISHED"


class TestClosing:
    def test_ends_what_waits_for_the_buyer(self, sandbox: Sandbox, number: str) -> None:
        sandbox.call("alipay.trade.create", sandbox.order(number, "1.00"))
        assert sandbox.call("alipay.trade.close", {"out_trade_no": number})["code"] == "10000"
        assert sandbox.query(number)["trade_status"] == "TRADE_CLOSED"
        again = sandbox.call("alipay.trade.close", {"out_trade_no": number})
        assert again["sub_code"] == "ACQ.REASON_TRADE_STATUS_INVALID"

    def test_does_not_know_what_was_not_scanned(self, sandbox: Sandbox, number: str) -> None:
        sandbox.call("alipay.trade.precreate", sandbox.order(number, "1.00"))
        assert (
            sandbox.call("alipay.trade.close", {"out_trade_no": number})["sub_code"] == "ACQ.TRADE_NOT_EXIST"
        )

    def test_is_refused_for_a_payment(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number)
        answered = sandbox.call("alipay.trade.close", {"out_trade_no": number})
        assert answered["sub_code"] == "ACQ.REASON_TRADE_STATUS_INVALID"
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"

    def test_needs_a_number(self, sandbox: Sandbox) -> None:
        for method in ("query", "close", "cancel"):
            assert sandbox.call(f"alipay.trade.{method}", {})["sub_code"] == "ACQ.INVALID_PARAMETER"


class TestCancelling:
    def test_of_an_unknown_order_succeeds(self, sandbox: Sandbox, number: str) -> None:
        answered = sandbox.call("alipay.trade.cancel", {"out_trade_no": number})
        assert (answered["code"], answered["retry_flag"], "action" in answered) == ("10000", "N", False)

    def test_of_an_unscanned_code_makes_it_useless(self, sandbox: Sandbox, number: str) -> None:
        qr_code = sandbox.call("alipay.trade.precreate", sandbox.order(number, "1.00"))["qr_code"]
        assert sandbox.call("alipay.trade.cancel", {"out_trade_no": number})["action"] == "close"
        refused = sandbox.send("POST", "/sandbox/pay", b'{"qr_code":"%s"}' % qr_code.encode())
        assert (refused.status, refused.json["code"]) == (400, "ACQ.TRADE_HAS_CLOSE")

    def test_gives_a_payment_back_once(self, sandbox: Sandbox, number: str) -> None:
        before = sandbox.balance_fen()
        sandbox.paid(number, "100.00")
        for _ in range(2):
            assert sandbox.call("alipay.trade.cancel", {"out_trade_no": number})["action"] == "refund"
        assert sandbox.balance_fen() == before
        assert sandbox.query(number)["trade_status"] == "TRADE_CLOSED"

    def test_is_refused_after_a_partial_refund(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        part = {"out_trade_no": number, "refund_amount": "1.00", "out_request_no": "r1"}
        sandbox.call("alipay.trade.refund", part)
        answered = sandbox.call("alipay.trade.cancel", {"out_trade_no": number})
        assert answered["sub_code"] == "ACQ.REASON_TRADE_REFUND_FEE_ERR"

    def test_is_refused_after_a_day(self, sandbox: Sandbox, number: str) -> None:
        sandbox.paid(number, "100.00")
        sandbox.sandbox("clock", {"now": "2026-03-03T12:00:01+08:00"})
        answered = sandbox.call("alipay.trade.cancel", {"out_trade_no": number})
        assert answered["sub_code"] == "ACQ.TRADE_CANCEL_TIME_OUT"


class TestABarcode:
    def pay(self, sandbox: Sandbox, number: str, code: str) -> dict[str, str]:
        order = sandbox.order(number, "10.00", scene="bar_code", auth_code=code)
        return sandbox.call("alipay.trade.pay", order)

    def test_pays_at_once(self, sandbox: Sandbox, number: str) -> None:
        answered = self.pay(sandbox, number, auth_code())
        assert (answered["code"], answered["msg"]) == ("10000", "Success")
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"

    def test_waits_for_the_buyer(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(barcode="waiting", only_next=1)
        answered = self.pay(sandbox, number, auth_code())
        assert (answered["code"], answered["msg"]) == ("10003", "order success pay inprocess")
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"
        sandbox.sandbox("pay", {"out_trade_no": number})
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"

    def test_may_be_paid_though_the_answer_does_not_know(self, sandbox: Sandbox, number: str) -> None:
        sandbox.behave(barcode="unknown", only_next=1)
        answered = self.pay(sandbox, number, auth_code())
        assert (answered["code"], answered["sub_code"]) == ("20000", "isp.unknow-error")
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"

    def test_is_refused_and_another_code_may_be_tried(self, sandbox: Sandbox, number: str) -> None:
        before = sandbox.balance_fen()
        sandbox.behave(barcode="refused", only_next=1)
        assert self.pay(sandbox, number, auth_code())["sub_code"] == "ACQ.BUYER_BALANCE_NOT_ENOUGH"
        assert sandbox.balance_fen() == before
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"
        assert self.pay(sandbox, number, auth_code())["code"] == "10000"

    @pytest.mark.parametrize("code", ["", "12345", "99" + "0" * 16, "28abc", "28" + "0" * 30])
    def test_of_no_known_form_is_refused(self, sandbox: Sandbox, number: str, code: str) -> None:
        assert self.pay(sandbox, number, code)["sub_code"] == "ACQ.PAYMENT_AUTH_CODE_INVALID"
        assert sandbox.query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_pays_one_order_only(self, sandbox: Sandbox, number: str) -> None:
        code = auth_code()
        self.pay(sandbox, number, code)
        assert self.pay(sandbox, f"{number}-2", code)["sub_code"] == "ACQ.PAYMENT_AUTH_CODE_INVALID"
        assert self.pay(sandbox, number, code)["sub_code"] == "ACQ.TRADE_HAS_SUCCESS"
