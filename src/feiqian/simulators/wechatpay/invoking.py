"""The phone's side of JSAPI, mini programs and APP: what the merchant's server gave its client, checked as WeChat does.

Source: the merchant documentation's pages on invoking the payment.
"""

import msgspec
from aiohttp import web

from feiqian.simulators.wechatpay.answers import Refused, answer, parse
from feiqian.simulators.wechatpay.context import Simulator, of
from feiqian.simulators.wechatpay.gate import SKEW_S
from feiqian.simulators.wechatpay.orders import SANDBOX_BUYER, Order, pay, scan
from feiqian.simulators.wechatpay.signing import invocation_message, verify


class JsapiParameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What WeixinJSBridge's getBrandWCPayRequest and wx.requestPayment take."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    """``prepay_id=…``"""
    sign_type: str
    pay_sign: str


class AppParameters(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the open SDK's PayReq takes."""

    appid: str
    partnerid: str
    prepayid: str
    package: str
    noncestr: str
    timestamp: str
    sign: str


class Invocation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of POST /sandbox/invoke; one of the first two."""

    jsapi: JsapiParameters | None = None
    app: AppParameters | None = None
    payer: str = ""
    """The buyer's openid; when empty, whoever the order is for."""
    pays: bool = True
    """Whether the buyer goes on to pay."""


async def answer_invoke(request: web.Request) -> web.Response:
    """POST /sandbox/invoke: open the payment with the client's parameters, and pay."""
    simulator = of(request)
    invocation = parse(await request.read(), Invocation)
    if invocation.jsapi is not None:
        order = _jsapi(simulator, invocation.jsapi)
    elif invocation.app is not None:
        order = _app(simulator, invocation.app)
    else:
        raise Refused(400, "PARAM_ERROR", "give jsapi or app")
    if not invocation.pays:
        return answer({"out_trade_no": order.out_trade_no, "state": order.state})
    paid = pay(simulator, order, invocation.payer or order.payer or SANDBOX_BUYER)
    return answer({"transaction_id": paid.transaction_id, "state": "SUCCESS"})


def _jsapi(simulator: Simulator, given: JsapiParameters) -> Order:
    label, _, prepay_id = given.package.partition("=")
    if label != "prepay_id" or given.sign_type != "RSA":
        raise Refused(400, "INVALID_REQUEST", "package或signType错误")
    lines = (given.app_id, given.time_stamp, given.nonce_str, given.package)
    return _checked(simulator, lines, given.pay_sign, prepay_id, "JSAPI")


def _app(simulator: Simulator, given: AppParameters) -> Order:
    if given.package != "Sign=WXPay":
        raise Refused(400, "INVALID_REQUEST", "package必须为Sign=WXPay")
    lines = (given.appid, given.timestamp, given.noncestr, given.prepayid)
    order = _checked(simulator, lines, given.sign, given.prepayid, "APP")
    if given.partnerid != (order.sub_mchid or simulator.keys.mchid):
        raise Refused(400, "INVALID_REQUEST", "partnerid与下单商户号不一致")
    return order


def _checked(
    simulator: Simulator, lines: tuple[str, str, str, str], signature: str, prepay_id: str, trade_type: str
) -> Order:
    """The order, when the four lines are signed by the merchant, now, for this application. Raises: Refused."""
    appid, timestamp, nonce, last = lines
    if not verify(simulator.keys.merchant_key, invocation_message(appid, timestamp, nonce, last), signature):
        raise Refused(401, "SIGN_ERROR", "支付验证签名失败")
    if not timestamp.isdigit() or abs(simulator.clock.now_ms() / 1000 - int(timestamp)) > SKEW_S * 24:
        raise Refused(400, "INVALID_REQUEST", "支付签名已过期")
    order = scan(simulator, prepay_id)
    if order.trade_type != trade_type:
        raise Refused(400, "INVALID_REQUEST", "下单方式与调起方式不一致")
    if appid not in (order.appid, order.sub_appid):
        raise Refused(400, "INVALID_REQUEST", "调起支付的appid与下单不一致")
    return order
