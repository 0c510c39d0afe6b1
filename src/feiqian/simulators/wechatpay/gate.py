"""Who may ask: the checks of every /v3 request, and the signature of every answer.

Source: the merchant documentation's pages on signing requests and on answers' signatures.
"""

from aiohttp import web

from feiqian.simulators.wechatpay.answers import Refused
from feiqian.simulators.wechatpay.context import SERIAL, Simulator
from feiqian.simulators.wechatpay.signing import (
    answer_message,
    new_nonce,
    parse_authorization,
    request_message,
    sign,
    verify,
)

SKEW_S = 300
"""Most that a request's timestamp may differ from the simulator's clock."""


def check(simulator: Simulator, request: web.Request, body: bytes) -> None:
    """Let a request of the merchant pass. Raises: Refused, 401 SIGN_ERROR with what does not fit."""
    authorization = parse_authorization(request.headers.get("Authorization", ""))
    if authorization is None:
        raise _sign_error("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    if authorization.mchid != simulator.keys.mchid:
        raise _sign_error("商户号不存在")
    if authorization.serial_no != simulator.keys.credentials.merchant_serial_no:
        raise _sign_error("商户证书序列号有误，请使用签名私钥匹配的证书序列号")
    try:
        skew_s = abs(simulator.clock.now_ms() / 1000 - int(authorization.timestamp))
    except ValueError as error:
        raise _sign_error("Http头Authorization中的timestamp格式错误") from error
    if skew_s > SKEW_S:
        raise _sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    message = request_message(
        request.method, request.raw_path, authorization.timestamp, authorization.nonce_str, body
    )
    if not verify(simulator.keys.merchant_key, message, authorization.signature):
        raise _sign_error("签名错误，请检查后再试", message, request)
    if not simulator.nonces.is_new(authorization.nonce_str):
        raise _sign_error("Http头Authorization中的nonce_str已被使用")
    serial = request.headers.get("Wechatpay-Serial", simulator.keys.default_serial)
    if simulator.keys.signer(serial) is None:
        raise Refused(400, "PARAM_ERROR", "平台证书序列号Wechatpay-Serial错误")
    request[SERIAL] = serial


def sign_answer(simulator: Simulator, request: web.Request, response: web.Response) -> None:
    """Put the signature headers on an answer, under the serial that the merchant asked for."""
    serial = request.get(SERIAL, simulator.keys.default_serial)
    key = simulator.keys.signer(serial)
    assert key is not None, "checked when the request came"
    body = response.body if isinstance(response.body, bytes) else b""
    timestamp = str(simulator.clock.now_ms() // 1000)
    nonce = new_nonce()
    response.headers["Request-ID"] = new_nonce()
    response.headers["Wechatpay-Nonce"] = nonce
    response.headers["Wechatpay-Timestamp"] = timestamp
    response.headers["Wechatpay-Serial"] = serial
    response.headers["Wechatpay-Signature-Type"] = "WECHATPAY2-SHA256-RSA2048"
    response.headers["Wechatpay-Signature"] = sign(key, answer_message(timestamp, nonce, body))


def _sign_error(reason: str, message: bytes = b"", request: web.Request | None = None) -> Refused:
    if request is None:
        return Refused(401, "SIGN_ERROR", reason)
    return Refused(
        401,
        "SIGN_ERROR",
        reason,
        {
            "detail": {"issue": "sign not match"},
            "field": "signature",
            "location": "authorization",
            "sign_information": {
                "method": request.method,
                "sign_message_length": len(message),
                "truncated_sign_message": message.decode("utf-8", "replace")[:120],
                "url": request.raw_path,
            },
        },
    )
