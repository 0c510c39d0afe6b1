"""The cashier and the buyer's phone, as a browser meets them without a script."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from tests.simulators.alipay.merchant import FORM, Answer, Inbox, Sandbox

RETURN_URL = "http://127.0.0.1:9/done?shop=1"


def browse(sandbox: Sandbox, number: str, *, method: str = "page", **others: str) -> Answer:
    """The buyer's browser follows what the merchant gave it."""
    changes = {"subject": others.pop("subject", "<b>面霜</b> & 水")}
    parameters = sandbox.parameters(
        f"alipay.trade.{method}.pay", sandbox.order(number, "1234.50", **changes), **others
    )
    return sandbox.send("GET", f"/gateway.do?{urlencode(parameters)}")


class TestTheCashier:
    @pytest.mark.parametrize("method", ["page", "wap"])
    def test_takes_the_payment_and_sends_the_buyer_back(
        self, sandbox: Sandbox, inbox: Inbox, number: str, method: str
    ) -> None:
        urls = {"return_url": RETURN_URL, "notify_url": inbox.url}
        cashier = browse(sandbox, number, method=method, **urls).headers["location"]
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"
        page = sandbox.send("GET", cashier).text
        assert "收银台" in page
        assert "1,234.50" in page
        assert "&lt;b&gt;面霜&lt;/b&gt; &amp; 水" in page
        assert "width=device-width" in page
        assert f'action="{cashier}/pay"' in page
        paid = sandbox.send("POST", f"{cashier}/pay", b"", {"Content-Type": FORM})
        assert (paid.status, paid.headers["location"]) == (303, cashier)
        done = sandbox.send("GET", cashier)
        assert "支付成功" in done.text
        said = dict(parse_qsl(urlsplit(done.headers["refresh"].removeprefix("3; url=")).query))
        assert said.pop("shop") == "1"
        assert sandbox.is_signed(said)
        assert (said["method"], said["total_amount"]) == (f"alipay.trade.{method}.pay.return", "1234.50")
        assert inbox.next()["trade_status"] == "TRADE_SUCCESS"

    def test_takes_a_form_that_the_page_posts(self, sandbox: Sandbox, number: str) -> None:
        parameters = sandbox.parameters("alipay.trade.page.pay", sandbox.order(number, "5.00"))
        assert sandbox.post(parameters).status == 302

    def test_without_a_return_url_keeps_the_buyer(self, sandbox: Sandbox, number: str) -> None:
        cashier = browse(sandbox, number).headers["location"]
        sandbox.send("POST", f"{cashier}/pay", b"", {"Content-Type": FORM})
        assert "refresh" not in sandbox.send("GET", cashier).headers

    def test_refuses_on_a_page(self, sandbox: Sandbox, number: str) -> None:
        parameters = sandbox.parameters("alipay.trade.page.pay", sandbox.order(number, "5.00"))
        answer = sandbox.post(parameters | {"return_url": "http://127.0.0.1:9/evil"})
        assert "isv.invalid-signature" in answer.text
        assert sandbox.query(number)["sub_code"] == "ACQ.TRADE_NOT_EXIST"

    def test_takes_nothing_twice(self, sandbox: Sandbox, number: str) -> None:
        cashier = browse(sandbox, number).headers["location"]
        before = sandbox.balance_fen()
        for _ in range(2):
            sandbox.send("POST", f"{cashier}/pay", b"", {"Content-Type": FORM})
        assert sandbox.balance_fen() == before + 123450 - 741
        assert "ACQ.TRADE_HAS_SUCCESS" in browse(sandbox, number).text

    def test_takes_nothing_for_what_is_closed(self, sandbox: Sandbox, number: str) -> None:
        cashier = browse(sandbox, number).headers["location"]
        sandbox.call("alipay.trade.close", {"out_trade_no": number})
        before = sandbox.balance_fen()
        assert sandbox.send("POST", f"{cashier}/pay", b"", {"Content-Type": FORM}).status == 303
        assert "交易已关闭" in sandbox.send("GET", cashier).text
        assert sandbox.balance_fen() == before

    def test_does_not_know_other_addresses(self, sandbox: Sandbox) -> None:
        assert "无法识别的二维码" in sandbox.send("GET", "/cashier/none").text

    def test_speaks_english(self, sandbox: Sandbox, number: str) -> None:
        cashier = browse(sandbox, number).headers["location"]
        assert "Pay now" in sandbox.send("GET", f"{cashier}?lang=en").text


class TestThePhone:
    def test_lists_what_can_be_paid_and_shows_a_payment_code(self, sandbox: Sandbox, number: str) -> None:
        qr_code = sandbox.call("alipay.trade.precreate", sandbox.order(number, "5.00"))["qr_code"]
        page = sandbox.send("GET", "/phone").text
        assert number in page
        assert quote(qr_code, safe="") in page
        assert "付款码" in page

    def test_scans_and_pays(self, sandbox: Sandbox, number: str) -> None:
        qr_code = sandbox.call("alipay.trade.precreate", sandbox.order(number, "5.00"))["qr_code"]
        page = sandbox.send("GET", f"/phone?{urlencode({'code': qr_code})}").text
        assert "确认付款 ¥5.00" in page
        assert sandbox.query(number)["trade_status"] == "WAIT_BUYER_PAY"
        form = urlencode({"code": qr_code, "lang": "en"}).encode()
        paid = sandbox.send("POST", "/phone/pay", form, {"Content-Type": FORM})
        assert "Paid" in sandbox.send("GET", paid.headers["location"]).text
        assert sandbox.query(number)["trade_status"] == "TRADE_SUCCESS"

    def test_says_what_cannot_be_paid(self, sandbox: Sandbox, number: str) -> None:
        assert "无法识别的二维码" in sandbox.send("GET", "/phone?code=rubbish").text
        qr_code = sandbox.call("alipay.trade.precreate", sandbox.order(number, "5.00"))["qr_code"]
        sandbox.call("alipay.trade.cancel", {"out_trade_no": number})
        assert "交易已关闭" in sandbox.send("GET", f"/phone?{urlencode({'code': qr_code})}").text

    def test_has_its_style(self, sandbox: Sandbox) -> None:
        assert sandbox.send("GET", "/phone/phone.css").headers["content-type"] == "text/css"
