"""What the buyer does on the bank's page, for persons and for companies, and what a query says of it."""

import re

import pytest
from tests.simulators.unionpay.inbox import Inbox
from tests.simulators.unionpay.merchant import API, FORM, Sandbox, form_of, posted

NOWHERE = "http://127.0.0.1:9/none"


def press(sandbox: Sandbox, page: str, which: int = 0, **fields: str) -> str:
    """Submit one of a page's forms; returns the page it leads to."""
    form = page.split("<form")[1 + which]
    address, hidden = form_of(f"<form{form}")
    body = "&".join(f"{name}={value}" for name, value in (hidden | fields).items()).encode()
    answer = sandbox.send("POST", address, body, FORM)
    assert answer.status == 303, answer.text
    return sandbox.send("GET", answer.headers["location"]).text


class TestAPurchaseByAPerson:
    def test_is_paid_on_the_page_and_leads_back_with_the_signed_outcome(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        fields = sandbox.order(number, 123456, inbox.url, reqReserved="A1|B2")
        address = sandbox.open(fields)
        page = sandbox.send("GET", address).text
        assert "1,234.56" in page
        back, said = form_of(press(sandbox, page))
        assert back == "https://shop.example.com/paid"
        assert sandbox.holds(said)
        expected = {
            "respCode": "00", "respMsg": "成功[0000000]", "txnAmt": "123456", "settleAmt": "123456",
            "currencyCode": "156", "orderId": number, "txnTime": fields["txnTime"], "settleDate": "0302",
            "merId": sandbox.mer_id, "reqReserved": "A1|B2", "accNo": "6226********0048",
        }  # fmt: skip
        assert {name: said[name] for name in expected} == expected
        notice = inbox.next()
        assert notice == said

    def test_says_in_a_query_what_the_notice_says(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        fields = sandbox.order(number, 100, inbox.url)
        sandbox.open(fields)
        sandbox.sandbox("pay", {"order_id": number})
        notice = inbox.next()
        said = sandbox.query(number, fields["txnTime"])
        assert (said["respCode"], said["origRespCode"]) == ("00", "00")
        told_alike = (
            "queryId",
            "traceNo",
            "traceTime",
            "txnAmt",
            "settleAmt",
            "settleDate",
            "txnType",
            "txnTime",
        )
        assert {name: said[name] for name in told_alike} == {name: notice[name] for name in told_alike}

    def test_is_05_while_nobody_has_paid(self, sandbox: Sandbox, number: str) -> None:
        fields = sandbox.order(number, 100, NOWHERE)
        sandbox.open(fields)
        said = sandbox.query(number, fields["txnTime"])
        assert (said["respCode"], said["origRespCode"], said["settleAmt"]) == ("00", "05", "0")
        assert "settleDate" not in said

    def test_is_known_by_number_and_time_only(self, sandbox: Sandbox, number: str) -> None:
        fields = sandbox.order(number, 100, NOWHERE)
        sandbox.open(fields)
        assert sandbox.outcome(number, "20260302115959") == "respCode 34"

    def test_has_failed_once_its_time_is_over(self, sandbox: Sandbox, number: str) -> None:
        fields = sandbox.order(number, 100, NOWHERE, payTimeout="20260302121500")
        page = sandbox.send("GET", sandbox.open(fields)).text
        sandbox.sandbox("clock", {"now": "2026-03-02T12:15:00+08:00"})
        assert sandbox.outcome(number, fields["txnTime"]) == "01"
        address, hidden = form_of(page)
        refused = sandbox.send("POST", address, f"code={hidden['code']}".encode(), FORM)
        assert "[39]" in refused.text
        assert sandbox.sandbox(f"orders/{number}")["order"]["state"] == "waiting"
        assert "已超过支付时间" in sandbox.send("GET", sandbox_page(hidden["code"])).text

    def test_is_paid_once_however_often_the_button_is_pressed(
        self, sandbox: Sandbox, inbox: Inbox, number: str
    ) -> None:
        page = sandbox.send("GET", sandbox.open(sandbox.order(number, 100, inbox.url))).text
        press(sandbox, page)
        press(sandbox, page)
        inbox.next()
        assert len(sandbox.callbacks(number)) == 1

    def test_that_was_declined_is_not_notified(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"payment": "declined", "only_next": 1})
        fields = sandbox.order(number, 100, inbox.url)
        page = press(sandbox, sandbox.send("GET", sandbox.open(fields)).text)
        assert "支付未成功" in page
        assert 'href="https://shop.example.com/paid"' in page
        assert sandbox.outcome(number, fields["txnTime"]) == "30"
        assert sandbox.callbacks(number) == []

    def test_that_the_bank_charged_too_late_says_42(self, sandbox: Sandbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"payment": "late_charge", "only_next": 1})
        paid = sandbox.paid(number, 100, NOWHERE)
        assert (paid["state"], paid["resp_code"]) == ("failed", "42")

    def test_may_wait_for_the_bank(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        sandbox.sandbox("behaviour", {"payment": "processing", "only_next": 1})
        paid = sandbox.paid(number, 100, inbox.url)
        assert sandbox.outcome(number, paid["txn_time"]) == "05"
        sandbox.sandbox(f"orders/{number}/settle", {"resp_code": "00"})
        assert inbox.next()["respCode"] == "00"
        assert sandbox.outcome(number, paid["txn_time"]) == "00"


def sandbox_page(code: str) -> str:
    return f"/gateway/bank?code={code}"


class TestAPurchaseByACompany:
    def order(self, sandbox: Sandbox, number: str, back_url: str, **changes: str) -> dict[str, str]:
        return sandbox.order(number, 5_000_000, back_url, bizType="000202", **changes)

    def test_takes_a_maker_and_a_checker(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        fields = self.order(sandbox, number, inbox.url)
        page = sandbox.send("GET", sandbox.open(fields)).text
        assert "经办人录入" in page
        page = press(sandbox, page, bank="CMB")
        assert "复核人确认" in page
        assert "招商银行" in page
        assert sandbox.outcome(number, fields["txnTime"]) == "05"
        assert inbox.received.empty()
        _, said = form_of(press(sandbox, page))
        assert said["bizType"] == "000202"
        assert inbox.next() == said
        assert sandbox.outcome(number, fields["txnTime"]) == "00"

    def test_that_the_checker_rejects_has_failed(self, sandbox: Sandbox, inbox: Inbox, number: str) -> None:
        fields = self.order(sandbox, number, inbox.url)
        page = press(sandbox, sandbox.send("GET", sandbox.open(fields)).text, bank="ICBC")
        assert "支付未成功" in press(sandbox, page, which=1)
        assert sandbox.outcome(number, fields["txnTime"]) == "30"
        assert sandbox.callbacks(number) == []

    def test_cannot_be_confirmed_before_it_was_entered(self, sandbox: Sandbox, number: str) -> None:
        sandbox.open(self.order(sandbox, number, NOWHERE))
        answer = sandbox.send("POST", "/sandbox/pay", f'{{"order_id":"{number}","step":"confirm"}}'.encode())
        assert (answer.status, answer.json["code"]) == (409, "35")
        assert sandbox.sandbox(f"orders/{number}")["order"]["state"] == "waiting"

    def test_comes_with_the_bank_that_the_merchant_asked_for(self, sandbox: Sandbox, number: str) -> None:
        page = sandbox.send("GET", sandbox.open(self.order(sandbox, number, NOWHERE, issInsCode="BOC"))).text
        assert '<option value="BOC" selected>' in page

    def test_can_be_paid_through_the_sandbox_in_steps(self, sandbox: Sandbox, number: str) -> None:
        sandbox.open(self.order(sandbox, number, NOWHERE))
        entered = sandbox.sandbox("pay", {"order_id": number, "step": "enter", "bank": "CCB"})
        assert (entered["state"], entered["bank"]) == ("entered", "CCB")
        assert sandbox.sandbox("pay", {"order_id": number, "step": "confirm"})["state"] == "succeeded"


class TestAnOrderNumber:
    def test_sent_again_unaltered_leads_to_the_same_page(self, sandbox: Sandbox, number: str) -> None:
        fields = sandbox.order(number, 100, NOWHERE)
        assert sandbox.open(fields) == sandbox.open(fields)

    @pytest.mark.parametrize(
        "change", [{"txnAmt": "101"}, {"txnTime": "20260302115900"}, {"backUrl": f"{NOWHERE}2"}]
    )
    def test_sent_again_altered_is_refused(
        self, sandbox: Sandbox, number: str, change: dict[str, str]
    ) -> None:
        fields = sandbox.order(number, 100, NOWHERE)
        sandbox.open(fields)
        assert "[12]" in sandbox.post(f"{API}/frontTransReq.do", fields | change).text
        assert sandbox.sandbox(f"orders/{number}")["order"]["amount"] == 100

    def test_that_was_paid_cannot_be_sent_again(self, sandbox: Sandbox, number: str) -> None:
        fields = sandbox.order(number, 100, NOWHERE)
        sandbox.open(fields)
        sandbox.sandbox("pay", {"order_id": number})
        assert "[12]" in sandbox.post(f"{API}/frontTransReq.do", fields).text

    def test_may_be_used_again_on_another_day(self, sandbox: Sandbox, number: str) -> None:
        sandbox.open(sandbox.order(number, 100, NOWHERE))
        sandbox.sandbox("clock", {"now": "2026-03-03T12:00:00+08:00"})
        sandbox.open(sandbox.order(number, 200, NOWHERE))


class TestAFrontMessage:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"txnAmt": "0"}, "10"),
            ({"txnAmt": "1.5"}, "10"),
            ({"txnAmt": "1000000000000"}, "10"),
            ({"currencyCode": "840"}, "10"),
            ({"backUrl": "shop"}, "10"),
            ({"payTimeout": "20260302115959"}, "10"),
            ({"issInsCode": "XXX"}, "10"),
            ({"frontUrl": ""}, "13"),
            ({"bizType": "000301"}, "32"),
            ({"txnType": "02", "bizType": "000202"}, "32"),
        ],
    )
    def test_that_breaks_a_rule_shows_the_code_to_the_buyer(
        self, sandbox: Sandbox, number: str, changes: dict[str, str], code: str
    ) -> None:
        fields = {
            name: value for name, value in (sandbox.order(number, 1, NOWHERE) | changes).items() if value
        }
        page = sandbox.post(f"{API}/frontTransReq.do", fields)
        assert f"[{code}]" in page.text
        assert sandbox.outcome(number, sandbox.txn_time()) == "respCode 34"


class TestTheBankPage:
    def test_runs_no_script_but_the_way_back(self, sandbox: Sandbox, number: str) -> None:
        address = sandbox.open(sandbox.order(number, 100, NOWHERE))
        before = sandbox.send("GET", address)
        assert "<script" not in before.text
        assert "script-src" not in before.headers["content-security-policy"]
        sandbox.sandbox("pay", {"order_id": number})
        after = sandbox.send("GET", address)
        policy = after.headers["content-security-policy"]
        assert "form-action https://shop.example.com;" in policy
        nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
        assert nonce is not None
        assert f'<script nonce="{nonce[1]}">' in after.text

    def test_has_its_style(self, sandbox: Sandbox) -> None:
        for path in ("/phone/phone.css", "/gateway/bank.css"):
            assert sandbox.send("GET", path).headers["content-type"].startswith("text/css")

    def test_of_an_unknown_order_says_34(self, sandbox: Sandbox) -> None:
        assert "[34]" in sandbox.send("GET", "/gateway/bank?code=unknown").text


class TestTheListOfOpenOrders:
    def test_shows_what_waits_in_both_languages(self, sandbox: Sandbox, number: str) -> None:
        sandbox.open(sandbox.order(number, 4200, NOWHERE))
        assert number in sandbox.send("GET", "/phone").text
        english = sandbox.send("GET", "/phone?lang=en").text
        assert "Personal online banking" in english
        sandbox.sandbox("pay", {"order_id": number})
        assert number not in sandbox.send("GET", "/phone").text


class TestAQuery:
    @pytest.mark.parametrize(
        ("mode", "outcome"), [("lagging", "05"), ("not_found", "respCode 34"), ("too_often", "respCode 37")]
    )
    def test_may_know_less_than_what_happened(
        self, sandbox: Sandbox, number: str, mode: str, outcome: str
    ) -> None:
        paid = sandbox.paid(number, 100, NOWHERE)
        sandbox.sandbox("behaviour", {"query": mode, "only_next": 1})
        assert sandbox.outcome(number, paid["txn_time"]) == outcome
        assert sandbox.outcome(number, paid["txn_time"]) == "00"


def test_a_form_post_is_read_as_it_was_meant() -> None:
    assert posted(b"a=%2B+%26") == {"a": "+ &"}
