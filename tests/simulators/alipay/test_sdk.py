"""Alipay's own client for Python drives every method; it checks each answer's signature over the raw text itself."""

import io
import json
import zipfile
from urllib.parse import parse_qsl, urlsplit

from tests.simulators.alipay.merchant import Inbox, Sandbox, Sdk


class TestTheOfficialClient:
    def test_precreates_queries_and_closes(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        placed = sdk.call("AlipayTradePrecreate", sandbox.order(number, "88.88"))
        assert placed.is_success()
        assert placed.qr_code.startswith("https://qr.alipay.com/bax")
        assert sdk.call("AlipayTradeQuery", {"out_trade_no": number}).sub_code == "ACQ.TRADE_NOT_EXIST"
        sandbox.sandbox("scan", {"qr_code": placed.qr_code})
        shown = sdk.call("AlipayTradeQuery", {"out_trade_no": number})
        assert (shown.trade_status, shown.total_amount) == ("WAIT_BUYER_PAY", "88.88")
        assert sdk.call("AlipayTradeClose", {"trade_no": shown.trade_no}).out_trade_no == number
        assert sdk.call("AlipayTradeQuery", {"out_trade_no": number}).trade_status == "TRADE_CLOSED"

    def test_scans_the_buyers_code(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        order = sandbox.order(number, "0.01", scene="bar_code", auth_code="287621290623100107")
        paid = sdk.call("AlipayTradePay", order)
        assert paid.code == "10000"
        assert (paid.total_amount, paid.receipt_amount) == ("0.01", "0.01")
        assert paid.gmt_payment == "2026-03-02 12:00:00"
        assert paid.buyer_user_id == sandbox.credentials["buyer_id"]

    def test_creates_for_a_known_buyer_and_cancels(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        order = sandbox.order(number, "20.00", buyer_id=sandbox.credentials["buyer_id"])
        created = sdk.call("AlipayTradeCreate", order)
        assert created.trade_no
        sandbox.sandbox("pay", {"out_trade_no": number})
        undone = sdk.call("AlipayTradeCancel", {"out_trade_no": number})
        assert (undone.action, undone.retry_flag, undone.trade_no) == ("refund", "N", created.trade_no)

    def test_leads_the_buyer_to_the_cashier(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        order = sandbox.order(number, "5.00", product_code="FAST_INSTANT_TRADE_PAY")
        request = sdk.request("AlipayTradePagePay", order, return_url="http://127.0.0.1:9/done")
        link = urlsplit(sdk.client.page_execute(request, http_method="GET"))
        answer = sandbox.send("GET", f"{link.path}?{link.query}")
        assert answer.status == 302
        assert answer.headers["location"].startswith("/cashier/")
        wap = sandbox.order(f"{number}-w", "6.00", product_code="QUICK_WAP_WAY")
        link = urlsplit(sdk.client.page_execute(sdk.request("AlipayTradeWapPay", wap), http_method="GET"))
        assert sandbox.send("GET", f"{link.path}?{link.query}").status == 302

    def test_signs_what_the_app_hands_over(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        order = sandbox.order(number, "7.00", product_code="QUICK_MSECURITY_PAY")
        order_string = sdk.client.sdk_execute(sdk.request("AlipayTradeAppPay", order))
        invoked = sandbox.sandbox("invoke", {"order_string": order_string, "pays": True})
        assert invoked["resultStatus"] == "9000"
        assert sdk.call("AlipayTradeQuery", {"out_trade_no": number}).trade_status == "TRADE_SUCCESS"

    def test_refunds_and_asks_about_it(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        sandbox.paid(number, "49.99")
        wanted = {"out_trade_no": number, "refund_amount": "9.99", "out_request_no": "r1"}
        assert sdk.call("AlipayTradeRefund", wanted).fund_change == "Y"
        asked = sdk.call("AlipayTradeFastpayRefundQuery", {"out_trade_no": number, "out_request_no": "r1"})
        assert (asked.refund_status, asked.refund_amount) == ("REFUND_SUCCESS", "9.99")

    def test_binds_a_receiver_and_shares(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        trade_no = sandbox.paid(number, "100.00")
        payee = sandbox.credentials["payee_id"]
        relation = {"receiver_list": [{"type": "userId", "account": payee}], "out_request_no": "bind1"}
        assert sdk.call("AlipayTradeRoyaltyRelationBind", relation).result_code == "SUCCESS"
        listed = sdk.call("AlipayTradeRoyaltyRelationBatchquery", {"out_request_no": "bind1"})
        assert [receiver.account for receiver in listed.receiver_list] == [payee]
        shares = [{"trans_in": payee, "trans_in_type": "userId", "amount": "10.00"}]
        wanted = {"out_request_no": f"{number}-s", "trade_no": trade_no, "royalty_parameters": shares}
        settled = sdk.call("AlipayTradeOrderSettle", wanted)
        asked = sdk.call("AlipayTradeOrderSettleQuery", {"settle_no": settled.settle_no})
        assert [(part.amount, part.state) for part in asked.royalty_detail_list] == [("10.00", "SUCCESS")]

    def test_transfers_and_asks_about_it(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        wanted = {
            "out_biz_no": number,
            "trans_amount": "1.68",
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "payee_info": {"identity": sandbox.credentials["payee_id"], "identity_type": "ALIPAY_USER_ID"},
        }
        assert sdk.call("AlipayFundTransUniTransfer", wanted).sub_code == "isv.missing-app-cert-sn"
        sandbox.behave(transfer="without_certificate", only_next=1)  # the client knows no certificates
        sent = sdk.call("AlipayFundTransUniTransfer", wanted)
        asked = sdk.call("AlipayFundTransCommonQuery", {"out_biz_no": number})
        assert (sent.status, asked.status, asked.trans_amount) == ("SUCCESS", "SUCCESS", "1.68")
        assert asked.order_id == sent.order_id

    def test_downloads_the_bill(self, sandbox: Sandbox, sdk: Sdk, number: str) -> None:
        sandbox.paid(number, "49.99")
        sandbox.sandbox("clock", {"now": "2026-03-03T09:00:00+08:00"})
        wanted = {"bill_type": "trade", "bill_date": "2026-03-02"}
        link = sdk.call("AlipayDataDataserviceBillDownloadurlQuery", wanted).bill_download_url
        assert link.startswith(sandbox.url)
        file = sandbox.send("GET", link.removeprefix(sandbox.url)).body
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            assert archive.testzip() is None

    def test_accepts_a_notification(self, sandbox: Sandbox, sdk: Sdk, inbox: Inbox, number: str) -> None:
        order = sandbox.order(number, "0.01", subject="飞钱+玫瑰 & 面霜 - 1 50%")
        sdk.call("AlipayTradePrecreate", order, notify_url=inbox.url)
        sandbox.sandbox("pay", {"out_trade_no": number})
        said = inbox.next()
        assert sdk.is_signed(said)
        assert said["subject"] == "飞钱+玫瑰 & 面霜 - 1 50%"
        assert json.loads(said["fund_bill_list"]) == [{"amount": "0.01", "fundChannel": "ALIPAYACCOUNT"}]

    def test_comes_back_from_the_cashier_with_signed_parameters(
        self, sandbox: Sandbox, sdk: Sdk, number: str
    ) -> None:
        order = sandbox.order(number, "5.00", product_code="FAST_INSTANT_TRADE_PAY")
        request = sdk.request("AlipayTradePagePay", order, return_url="http://127.0.0.1:9/done?shop=1")
        link = urlsplit(sdk.client.page_execute(request, http_method="GET"))
        cashier = sandbox.send("GET", f"{link.path}?{link.query}").headers["location"]
        assert sandbox.send("POST", f"{cashier}/pay").headers["location"] == cashier
        back = sandbox.send("GET", cashier).headers["refresh"].removeprefix("3; url=")
        said = dict(parse_qsl(urlsplit(back).query))
        assert said.pop("shop") == "1"
        assert sdk.is_signed(said)
        assert said["method"] == "alipay.trade.page.pay.return"
