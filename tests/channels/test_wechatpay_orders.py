"""What is sent for every way to pay, what the buyer's side gets, and answers that nobody documented."""

import base64
import json
from collections.abc import Mapping

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from tests.channels import wechat
from tests.channels.orders import order_key
from tests.channels.wechat import NOW, ORDER, Wechat, answer

from feiqian.channels import (
    AlreadyPaid,
    AwaitBuyer,
    BuyerHints,
    ChannelFailed,
    ChannelPaymentState,
    ChannelUnknown,
    InvokeApp,
    OrderKey,
    PaymentMethod,
    PrepayRequest,
    Redirect,
    SubMerchant,
    WechatPay,
)
from feiqian.kernel.errors import InvalidRequest

pytestmark = pytest.mark.anyio

HINTS = BuyerHints(
    openid="oBuyer", client_ip="14.23.150.211", auth_code="134650987654321098", terminal_no="till-1"
)
MERCHANT = SubMerchant(mchid="1800000001", appid="wxsub0000000001")
PREPAY_ID = {"prepay_id": "wx201410272009395522657a690389285100"}


def order(method: PaymentMethod, **changes: object) -> PrepayRequest:
    return msgspec.structs.replace(ORDER, **{"method": method, "buyer": HINTS, **changes})


def key(method: PaymentMethod, sub_merchant: SubMerchant | None = None) -> OrderKey:
    return msgspec.structs.replace(order_key("order-000001"), method=method, sub_merchant=sub_merchant)


def signed_by_us(signature: str, *lines: str) -> bool:
    public = wechat.key_named("merchant").public_key()
    message = "".join(f"{line}\n" for line in lines).encode()
    public.verify(base64.b64decode(signature), message, padding.PKCS1v15(), hashes.SHA256())
    return True


def charged(**changes: object) -> Mapping[str, object]:
    return wechat.transaction(**{"trade_type": "MICROPAY", **changes})


class TestWhatIsSent:
    @pytest.mark.parametrize(
        ("method", "place", "more"),
        [
            (PaymentMethod.WECHATPAY_JSAPI, "jsapi", {"payer": {"openid": "oBuyer"}}),
            (PaymentMethod.WECHATPAY_APP, "app", {}),
            (
                PaymentMethod.WECHATPAY_H5,
                "h5",
                {
                    "scene_info": {
                        "payer_client_ip": "14.23.150.211",
                        "device_id": "till-1",
                        "h5_info": {"type": "Wap"},
                    }
                },
            ),
        ],
    )
    async def test_is_what_its_page_documents(
        self,
        server: Wechat,
        channel: WechatPay,
        method: PaymentMethod,
        place: str,
        more: dict[str, object],
    ) -> None:
        server.answers(answer({**PREPAY_ID, "h5_url": "https://wx.tenpay.com/x?prepay_id=1"}))
        await channel.prepay(order(method, shared=True), now=NOW)
        _, target, body, _ = server.requests[0]
        assert target == f"/v3/pay/transactions/{place}"
        assert json.loads(body) == {
            "appid": wechat.APPID,
            "mchid": wechat.MCHID,
            "description": "口红 × 2",
            "out_trade_no": "order-000001",
            "time_expire": "2026-03-02T14:00:00+08:00",
            "notify_url": "https://pay.example.com/callbacks/wechatpay",
            "amount": {"total": 100, "currency": "CNY"},
            "attach": "cell 1",
            "settle_info": {"profit_sharing": True},
            **more,
        }

    async def test_for_a_payment_code_has_neither_end_nor_address(
        self, server: Wechat, channel: WechatPay
    ) -> None:
        server.answers(answer(charged()))
        await channel.prepay(order(PaymentMethod.WECHATPAY_BARCODE, attach=None), now=NOW)
        _, target, body, _ = server.requests[0]
        assert target == "/v3/pay/transactions/codepay"
        assert json.loads(body) == {
            "appid": wechat.APPID,
            "mchid": wechat.MCHID,
            "description": "口红 × 2",
            "out_trade_no": "order-000001",
            "amount": {"total": 100, "currency": "CNY"},
            "payer": {"auth_code": "134650987654321098"},
            "scene_info": {
                "device_id": "till-1",
                "device_ip": "14.23.150.211",
                "store_info": {"out_id": "till-1"},
            },
        }

    @pytest.mark.parametrize(
        ("merchant", "named", "payer"),
        [
            (MERCHANT, {"sub_appid": "wxsub0000000001"}, {"sub_openid": "oBuyer"}),
            (SubMerchant(mchid="1800000001"), {}, {"sp_openid": "oBuyer"}),
        ],
        ids=["its own application", "ours"],
    )
    async def test_by_a_service_provider_names_both(
        self,
        server: Wechat,
        channel: WechatPay,
        merchant: SubMerchant,
        named: dict[str, str],
        payer: dict[str, str],
    ) -> None:
        server.answers(answer(PREPAY_ID))
        request = order(PaymentMethod.WECHATPAY_JSAPI, sub_merchant=merchant)
        step = (await channel.prepay(request, now=NOW)).next_step
        _, target, body, _ = server.requests[0]
        assert target == "/v3/pay/partner/transactions/jsapi"
        sent = json.loads(body)
        assert "mchid" not in sent
        assert "appid" not in sent
        assert sent["payer"] == payer
        expected = {"sp_mchid": wechat.MCHID, "sp_appid": wechat.APPID, "sub_mchid": "1800000001", **named}
        assert {name: sent[name] for name in sent if name.startswith(("sp_", "sub_"))} == expected
        assert isinstance(step, InvokeApp)
        assert step.parameters["appId"] == (merchant.appid or wechat.APPID)

    @pytest.mark.parametrize(
        ("method", "changes", "field"),
        [
            (PaymentMethod.WECHATPAY_JSAPI, {"buyer": BuyerHints()}, "openid"),
            (PaymentMethod.WECHATPAY_H5, {"buyer": BuyerHints()}, "client_ip"),
            (PaymentMethod.WECHATPAY_BARCODE, {"buyer": BuyerHints()}, "auth_code"),
            (
                PaymentMethod.WECHATPAY_BARCODE,
                {"buyer": BuyerHints(auth_code="284650987654321098")},
                "auth_code",
            ),
            (PaymentMethod.WECHATPAY_APP, {"hold": True}, "hold"),
            (PaymentMethod.WECHATPAY_APP, {"amount": 10_000_000_001}, "amount"),
            (PaymentMethod.ALIPAY_QR, {}, "method"),
        ],
    )
    async def test_is_nothing_when_it_cannot_be(
        self,
        server: Wechat,
        channel: WechatPay,
        method: PaymentMethod,
        changes: dict[str, object],
        field: str,
    ) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            await channel.prepay(order(method, **changes), now=NOW)
        assert refusal.value.facts["field"] == field
        assert server.requests == []


class TestWhatTheBuyersSideGets:
    async def test_in_a_page_is_signed_over_four_lines(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(PREPAY_ID))
        step = (await channel.prepay(order(PaymentMethod.WECHATPAY_JSAPI), now=NOW)).next_step
        assert isinstance(step, InvokeApp)
        given = step.parameters
        assert sorted(given) == ["appId", "nonceStr", "package", "paySign", "signType", "timeStamp"]
        assert (given["appId"], given["signType"], given["timeStamp"]) == (
            wechat.APPID,
            "RSA",
            str(int(NOW.timestamp())),
        )
        assert given["package"] == f"prepay_id={PREPAY_ID['prepay_id']}"
        lines = (given["appId"], given["timeStamp"], given["nonceStr"], given["package"])
        assert signed_by_us(given["paySign"], *lines)

    async def test_in_an_app_is_signed_over_the_bare_number(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer(PREPAY_ID))
        step = (await channel.prepay(order(PaymentMethod.WECHATPAY_APP), now=NOW)).next_step
        assert isinstance(step, InvokeApp)
        given = step.parameters
        assert (given["partnerid"], given["package"]) == (wechat.MCHID, "Sign=WXPay")
        assert given["prepayid"] == PREPAY_ID["prepay_id"]
        lines = (given["appid"], given["timestamp"], given["noncestr"], given["prepayid"])
        assert signed_by_us(given["sign"], *lines)

    @pytest.mark.parametrize(
        ("return_url", "end"),
        [
            (None, ""),
            (
                "https://shop.example/完成?a=1&b",
                "&redirect_url=https%3A%2F%2Fshop.example%2F%E5%AE%8C%E6%88%90%3Fa%3D1%26b",
            ),
        ],
    )
    async def test_in_a_browser_leads_back(
        self, server: Wechat, channel: WechatPay, return_url: str | None, end: str
    ) -> None:
        server.answers(answer({"h5_url": "https://wx.tenpay.com/checkmweb?prepay_id=wx1&package=1"}))
        hints = msgspec.structs.replace(HINTS, return_url=return_url)
        step = (await channel.prepay(order(PaymentMethod.WECHATPAY_H5, buyer=hints), now=NOW)).next_step
        assert step == Redirect(f"https://wx.tenpay.com/checkmweb?prepay_id=wx1&package=1{end}")

    @pytest.mark.parametrize(
        "method",
        [PaymentMethod.WECHATPAY_JSAPI, PaymentMethod.WECHATPAY_APP, PaymentMethod.WECHATPAY_H5],
    )
    @pytest.mark.parametrize("said", [{}, {"code_url": "weixin://x"}, {"prepay_id": "", "h5_url": ""}, []])
    async def test_is_unknown_without_what_the_method_needs(
        self, server: Wechat, channel: WechatPay, method: PaymentMethod, said: object
    ) -> None:
        server.answers(answer(said))
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.prepay(order(method), now=NOW)
        assert unknown.value.code == "channel_unreadable"


class TestAPaymentCode:
    async def test_paid_at_once_says_what_was_paid(self, server: Wechat, channel: WechatPay) -> None:
        said = dict(charged())
        del said["appid"]
        server.answers(answer(said))
        step = (await channel.prepay(order(PaymentMethod.WECHATPAY_BARCODE), now=NOW)).next_step
        assert isinstance(step, AlreadyPaid)
        assert (step.payment.state, step.payment.amount, step.payment.appid) == (
            ChannelPaymentState.PAID,
            100,
            wechat.APPID,
        )

    @pytest.mark.parametrize(
        ("said", "status"),
        [
            ({"code": "USERPAYING", "message": "需要用户输入支付密码"}, 202),
            ({"code": "USERPAYING", "message": "需要用户输入支付密码"}, 400),
            ({"mchid": wechat.MCHID, "out_trade_no": "order-000001", "trade_state": "USERPAYING"}, 200),
        ],
    )
    async def test_awaits_the_buyers_password(
        self, server: Wechat, channel: WechatPay, said: object, status: int
    ) -> None:
        server.answers(answer(said, status=status))
        step = (await channel.prepay(order(PaymentMethod.WECHATPAY_BARCODE), now=NOW)).next_step
        assert step == AwaitBuyer()

    @pytest.mark.parametrize(
        ("said", "meant"),
        [
            ("403 NOTENOUGH", ("channel_buyer_cannot_pay", "failed", True)),
            ("403 NOT_ENOUGH", ("channel_buyer_cannot_pay", "failed", True)),
            ("400 NOTSUPORTCARD", ("channel_buyer_cannot_pay", "failed", True)),
            ("400 AUTHCODEEXPIRE", ("channel_auth_code_invalid", "failed", False)),
            ("400 ORDERREVERSED", ("channel_order_closed", "failed", False)),
            ("403 NO_AUTH", ("channel_not_configured", "failed", True)),
            ("500 SYSTEM_ERROR", ("channel_busy", "unknown", False)),
            ("500 BANK_ERROR", ("channel_busy", "unknown", False)),
        ],
    )
    async def test_is_refused_by_the_table(
        self, server: Wechat, channel: WechatPay, said: str, meant: tuple[str, str, bool]
    ) -> None:
        status, code = said.split()
        server.answers(answer({"code": code, "message": "x"}, status=int(status)))
        with pytest.raises((ChannelFailed, ChannelUnknown)) as raised:
            await channel.prepay(order(PaymentMethod.WECHATPAY_BARCODE), now=NOW)
        error = raised.value
        assert (error.code, error.outcome.value, error.switch) == meant

    @pytest.mark.parametrize(
        ("state", "ours"),
        [("PAYERROR", "channel_trade_refused"), ("REVOKED", "channel_order_closed")],
    )
    async def test_that_ended_otherwise_is_refused(
        self, server: Wechat, channel: WechatPay, state: str, ours: str
    ) -> None:
        server.answers(answer({"mchid": wechat.MCHID, "out_trade_no": "order-000001", "trade_state": state}))
        with pytest.raises(ChannelFailed) as failed:
            await channel.prepay(order(PaymentMethod.WECHATPAY_BARCODE), now=NOW)
        assert failed.value.code == ours

    @pytest.mark.parametrize(
        "change",
        [
            {"out_trade_no": "order-000002"},
            {"mchid": "1900000110"},
            {"trade_state": "ASLEEP"},
            {"transaction_id": None},
            {"amount": None},
            {"success_time": "2026-03-02 11:59:30"},
        ],
    )
    async def test_is_not_believed_of_something_else(
        self, server: Wechat, channel: WechatPay, change: dict[str, object]
    ) -> None:
        server.answers(answer(charged(**change)))
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.prepay(order(PaymentMethod.WECHATPAY_BARCODE), now=NOW)
        assert unknown.value.query_first

    async def test_is_taken_back_not_closed(self, server: Wechat, channel: WechatPay) -> None:
        server.answers(answer({"mchid": wechat.MCHID, "out_trade_no": "order-000001"}))
        await channel.close(key(PaymentMethod.WECHATPAY_BARCODE), now=NOW)
        _, target, body, _ = server.requests[0]
        assert target == "/v3/pay/transactions/out-trade-no/order-000001/reverse"
        assert json.loads(body) == {"appid": wechat.APPID, "mchid": wechat.MCHID}


class TestAServiceProvidersOrder:
    async def test_is_asked_about_and_closed_by_both_numbers(
        self, server: Wechat, channel: WechatPay
    ) -> None:
        said = wechat.transaction(
            sp_mchid=wechat.MCHID,
            sp_appid=wechat.APPID,
            sub_mchid="1800000001",
            payer={"sp_openid": "oOurs", "sub_openid": "oTheirs"},
        )
        del said["mchid"], said["appid"]
        server.answers(answer(said), answer(status=204))
        asked = key(PaymentMethod.WECHATPAY_NATIVE, MERCHANT)
        payment = await channel.query(asked, now=NOW)
        assert (payment.mchid, payment.appid, payment.payer) == ("1800000001", wechat.APPID, "oOurs")
        await channel.close(asked, now=NOW)
        base = "/v3/pay/partner/transactions/out-trade-no/order-000001"
        assert [target for _, target, _, _ in server.requests] == [
            f"{base}?sp_mchid={wechat.MCHID}&sub_mchid=1800000001",
            f"{base}/close",
        ]
        assert json.loads(server.requests[1][2]) == {"sp_mchid": wechat.MCHID, "sub_mchid": "1800000001"}

    @pytest.mark.parametrize("sub_mchid", ["1800000002", None])
    async def test_is_not_believed_for_another_merchant(
        self, server: Wechat, channel: WechatPay, sub_mchid: str | None
    ) -> None:
        server.answers(answer(wechat.transaction(sub_mchid=sub_mchid)))
        with pytest.raises(ChannelUnknown):
            await channel.query(key(PaymentMethod.WECHATPAY_NATIVE, MERCHANT), now=NOW)
