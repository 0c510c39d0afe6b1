"""The simulator as a widely used client meets it: wechatpayv3 signs, encrypts and verifies by its own reading."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.simulators.merchant import Inbox, Received, Sandbox
from tests.simulators.wechatpay.shop import sub_mchid
from wechatpayv3 import WeChatPay, WeChatPayType

SHOP = "1800000777"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sandbox on the machine's time, which is the client's."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sdk"), "--clock-offset-s", "0")
    yield sandbox
    assert sandbox.stop() == 0


def client(sandbox: Sandbox, notify_url: str, **options: Any) -> Any:
    """By public key, unless ``cert_dir`` is given."""
    credentials = sandbox.credentials
    if "cert_dir" not in options:
        options["public_key"] = credentials["wechatpay_public_key"]
        options["public_key_id"] = credentials["wechatpay_public_key_id"]
    made: Any = WeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=credentials["mchid"],
        private_key=credentials["merchant_private_key"],
        cert_serial_no=credentials["merchant_serial_no"],
        appid=credentials["appid"],
        apiv3_key=credentials["api_v3_key"],
        notify_url=notify_url,
        timeout=(5, 20),
        **options,
    )
    made._core._gate_way = sandbox.url
    return made


def good(answer: tuple[int, str], status: int = 200) -> Any:
    assert answer[0] == status, answer
    return json.loads(answer[1]) if answer[1] else None


def said(wechat: Any, received: Received) -> Any:
    """What a callback says, when the client believes it."""
    content = wechat.callback(received.headers, received.body)
    assert content is not None
    return content["resource"]


class TestTheClient:
    def test_pays_refunds_and_believes_both_callbacks(
        self, running: Sandbox, inbox: Inbox, number: str
    ) -> None:
        wechat = client(running, inbox.url)
        amount = {"total": 1000, "currency": "CNY"}
        code_url = good(wechat.pay(description="面霜", out_trade_no=number, amount=amount))["code_url"]
        running.sandbox("pay", {"code_url": code_url})
        paid = said(wechat, inbox.next())
        assert paid == good(wechat.query(out_trade_no=number))
        assert paid == good(wechat.query(transaction_id=paid["transaction_id"]))
        back = {"refund": 400, "total": 1000, "currency": "CNY"}
        wish = {"out_refund_no": f"r{number}", "amount": back, "out_trade_no": number}
        assert good(wechat.refund(**wish))["status"] == "PROCESSING"
        assert said(wechat, inbox.next())["refund_status"] == "SUCCESS"
        assert good(wechat.query_refund(f"r{number}"))["amount"]["refund"] == 400

    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            (WeChatPayType.JSAPI, {"payer": {"openid": "oBuyer"}}),
            (WeChatPayType.MINIPROG, {"payer": {"openid": "oBuyer"}}),
            (WeChatPayType.APP, {}),
        ],
    )
    def test_signs_what_opens_the_payment(
        self, running: Sandbox, inbox: Inbox, number: str, kind: Any, more: dict[str, Any]
    ) -> None:
        wechat = client(running, inbox.url)
        placed = wechat.pay(description="x", out_trade_no=number, amount={"total": 1}, pay_type=kind, **more)
        prepay_id, appid = good(placed)["prepay_id"], running.credentials["appid"]
        stamp = str(int(running.now().timestamp()))
        if kind is WeChatPayType.APP:
            given = {"appid": appid, "timestamp": stamp, "noncestr": "N", "prepayid": prepay_id}
            fixed = {"partnerid": running.credentials["mchid"], "package": "Sign=WXPay"}
            invocation = {"app": given | fixed | {"sign": wechat.sign([appid, stamp, "N", prepay_id])}}
        else:
            package = f"prepay_id={prepay_id}"
            given = {"appId": appid, "timeStamp": stamp, "nonceStr": "N", "package": package}
            signature = wechat.sign([appid, stamp, "N", package])
            invocation = {"jsapi": given | {"signType": "RSA", "paySign": signature}}
        running.sandbox("invoke", invocation)
        assert said(wechat, inbox.next())["out_trade_no"] == number

    def test_charges_a_payment_code_and_takes_it_back(
        self, running: Sandbox, inbox: Inbox, number: str
    ) -> None:
        wechat = client(running, inbox.url)
        wish = {
            "description": "x",
            "out_trade_no": number,
            "amount": {"total": 300},
            "scene_info": {"store_info": {"id": "0001"}},
            "pay_type": WeChatPayType.CODEPAY,
        }
        code = running.sandbox("auth-codes", {"password": True})
        assert good(wechat.pay(payer=code, **wish), 202)["code"] == "USERPAYING"
        running.sandbox(f"password/{number}", {})
        assert good(wechat.query(out_trade_no=number))["trade_state"] == "SUCCESS"
        assert good(wechat.codepay_reverse(number))["out_trade_no"] == number
        assert good(wechat.query(out_trade_no=number))["trade_state"] == "REVOKED"

    def test_places_pays_and_closes_combined_orders(
        self, running: Sandbox, inbox: Inbox, number: str
    ) -> None:
        wechat = client(running, inbox.url)
        orders = [
            {
                "mchid": running.credentials["mchid"],
                "attach": "A",
                "amount": {"total_amount": 100, "currency": "CNY"},
                "out_trade_no": f"{number}-{index}",
                "description": "x",
            }
            for index in range(2)
        ]
        running.sandbox("pay", good(wechat.combine_pay(number, orders)))
        assert said(wechat, inbox.next()) == good(wechat.combine_query(number))
        more = [order | {"out_trade_no": f"{order['out_trade_no']}x"} for order in orders]
        good(wechat.combine_pay(f"{number}x", more))
        named = [{"mchid": order["mchid"], "out_trade_no": order["out_trade_no"]} for order in more]
        good(wechat.combine_close(f"{number}x", named), 204)

    def test_shares_and_takes_back_with_an_encrypted_name(
        self, running: Sandbox, inbox: Inbox, number: str
    ) -> None:
        wechat = client(running, inbox.url)
        settle = {"profit_sharing": True}
        wish = {
            "description": "x",
            "out_trade_no": number,
            "amount": {"total": 10_000},
            "settle_info": settle,
        }
        paid = running.sandbox("pay", good(wechat.pay(**wish)))
        good(wechat.profitsharing_add_receiver("MERCHANT_ID", SHOP, "STORE", name="示例商户"))
        running.sandbox("clock", {"offset_s": 61})
        part = {"type": "MERCHANT_ID", "account": SHOP, "amount": 900, "description": "分给门店"}
        transaction_id = paid["transaction_id"]
        good(wechat.profitsharing_order(transaction_id, f"s{number}", [part], False))
        shown = good(wechat.profitsharing_order_query(transaction_id, f"s{number}"))
        assert (shown["state"], shown["receivers"][0]["result"]) == ("FINISHED", "SUCCESS")
        assert good(wechat.profitsharing_amount_query(transaction_id))["unsplit_amount"] == 10_000 - 38 - 900
        returning = {"return_mchid": SHOP, "amount": 900, "description": "退", "out_order_no": f"s{number}"}
        good(wechat.profitsharing_return(out_return_no=f"b{number}", **returning))
        assert good(wechat.profitsharing_return_query(f"s{number}", f"b{number}"))["result"] == "SUCCESS"
        good(wechat.profitsharing_unfreeze(transaction_id, f"u{number}", "解冻"))
        assert good(wechat.profitsharing_amount_query(transaction_id))["unsplit_amount"] == 0
        good(wechat.profitsharing_delete_receiver("MERCHANT_ID", SHOP))
        running.sandbox("clock", {"offset_s": 0})

    def test_transfers_with_an_encrypted_name(self, running: Sandbox, inbox: Inbox, number: str) -> None:
        wechat = client(running, inbox.url)
        no = number.replace("-", "")
        running.sandbox("deposits", {"amount": 10_000_00})
        report = [{"info_type": "活动名称", "info_content": "注册有礼"}]
        asked = good(
            wechat.mch_transfer_bills(
                no, "1000", "oReceiver", 3000_00, "奖励", user_name="张三", transfer_scene_report_infos=report
            )
        )
        running.sandbox(f"transfers/{no}", {"package_info": asked["package_info"]})
        assert said(wechat, inbox.next())["state"] == "SUCCESS"
        assert good(wechat.mch_transfer_bills_query(out_bill_no=no))["state"] == "SUCCESS"
        detail = {"out_detail_no": f"{no}d", "transfer_amount": 500, "transfer_remark": "奖", "openid": "oR"}
        good(wechat.transfer_batch(f"{no}b", "三月", "三月", 500, 1, [detail | {"user_name": "李四"}]))
        assert said(wechat, inbox.next())["batch_status"] == "FINISHED"
        shown = good(wechat.transfer_query_out_batch_no(f"{no}b", need_query_detail=True))
        assert shown["transfer_detail_list"][0]["detail_status"] == "SUCCESS"

    def test_speaks_for_a_merchant_behind_a_service_provider(
        self, running: Sandbox, inbox: Inbox, number: str
    ) -> None:
        wechat = client(running, inbox.url, partner_mode=True)
        merchant = {"sub_mchid": sub_mchid(running)}
        placed = wechat.pay(description="x", out_trade_no=number, amount={"total": 100}, **merchant)
        running.sandbox("pay", good(placed))
        assert said(wechat, inbox.next()) == good(wechat.query(out_trade_no=number, **merchant))
        back = {"refund": 100, "total": 100, "currency": "CNY"}
        good(wechat.refund(f"r{number}", back, out_trade_no=number, **merchant))
        assert good(wechat.query_refund(f"r{number}", **merchant))["status"] == "SUCCESS"

    def test_learns_a_new_platform_certificate_when_one_signs(
        self, own_sandbox: Sandbox, inbox: Inbox, number: str, tmp_path: Path
    ) -> None:
        own_sandbox.sandbox("clock", {"offset_s": 0})
        (tmp_path / "keys").mkdir()
        (tmp_path / "keys" / "first.pem").write_text(own_sandbox.credentials["platform_certificate"])
        wechat = client(own_sandbox, inbox.url, cert_dir=str(tmp_path / "keys"))
        for step in ("announce", "switch"):
            own_sandbox.sandbox("rotation", {"kind": "platform_certificate", "step": step})
        serial = own_sandbox.sandbox("rotation", {"kind": "platform_certificate", "step": "switch"})["newest"]
        old = own_sandbox.credentials["platform_certificate_serial_no"]
        own_sandbox.prepay(own_sandbox.order(number, 100, inbox.url), serial=old)
        own_sandbox.sandbox("pay", {"out_trade_no": number})
        received = inbox.next()
        assert received.headers["wechatpay-serial"] == serial
        assert said(wechat, received)["out_trade_no"] == number
