"""The buyer's phone: a page that shows what is paid for, and one button."""

from urllib.parse import urlencode

from tests.simulators.merchant import Answer, Inbox, Sandbox


def page(sandbox: Sandbox, **query: str) -> Answer:
    return sandbox.send("GET", f"/phone?{urlencode(query)}")


def press(sandbox: Sandbox, code_url: str, language: str = "zh") -> Answer:
    """The pay button, and where it leads."""
    body = urlencode({"code_url": code_url, "lang": language}).encode()
    answer = sandbox.send("POST", "/phone/pay", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 303
    return sandbox.send("GET", answer.headers["location"])


class TestThePhone:
    def test_shows_payee_goods_and_amount_and_pays(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        code_url = sandbox.prepay(sandbox.order(number, 123456, inbox.url)).json["code_url"]
        before = page(sandbox, code_url=code_url).body.decode()
        assert all(
            text in before for text in ("立即支付", "1,234.56", "玫瑰面霜 50ml", sandbox.credentials["mchid"])
        )
        assert sandbox.query(number).json["trade_state"] == "NOTPAY"

        after = press(sandbox, code_url).body.decode()
        shown = sandbox.query(number).json
        assert shown["trade_state"] == "SUCCESS"
        assert "支付成功" in after
        assert shown["transaction_id"] in after
        assert "<button" not in after
        assert sandbox.unseal(inbox.next().envelope["resource"])["out_trade_no"] == number

    def test_pays_once_however_often_it_is_pressed(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        code_url = sandbox.prepay(sandbox.order(number, 100, inbox.url)).json["code_url"]
        assert len({press(sandbox, code_url).body for _ in range(3)}) == 1
        assert len(sandbox.callbacks(number)) == 1

    def test_speaks_english_when_asked(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        code_url = sandbox.prepay(sandbox.order(number, 100, inbox.url)).json["code_url"]
        assert "Pay now" in page(sandbox, code_url=code_url, lang="en").body.decode()
        assert "Paid" in press(sandbox, code_url, "en").body.decode()

    def test_lists_what_waits_to_be_paid(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.prepay(sandbox.order(number, 100, inbox.url, description="<b>面霜</b>"))
        listed = page(sandbox).body.decode()
        assert number in listed
        assert "&lt;b&gt;面霜&lt;/b&gt;" in listed
        sandbox.sandbox("pay", {"out_trade_no": number})
        assert number not in page(sandbox).body.decode()

    def test_says_when_an_order_is_closed(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        code_url = sandbox.prepay(sandbox.order(number, 100, inbox.url)).json["code_url"]
        sandbox.close(number)
        assert "订单已关闭" in press(sandbox, code_url).body.decode()
        assert sandbox.query(number).json["trade_state"] == "CLOSED"

    def test_says_when_a_code_is_unknown_or_old(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        assert page(sandbox, code_url="weixin://wxpay/bizpayurl?pr=nothing").status == 404
        code_url = sandbox.prepay(sandbox.order(number, 100, inbox.url)).json["code_url"]
        sandbox.sandbox("clock", {"now": "2026-03-02T14:00:00+08:00"})
        assert "二维码已过期" in press(sandbox, code_url).body.decode()

    def test_runs_no_script_and_loads_nothing_from_elsewhere(self, sandbox: Sandbox) -> None:
        answer = page(sandbox)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in answer.body.decode() + policy
        assert sandbox.send("GET", "/phone/phone.css").headers["content-type"].startswith("text/css")
