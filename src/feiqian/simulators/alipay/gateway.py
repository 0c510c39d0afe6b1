"""The one address of the open API: a call is checked, done, and answered in an object named after its method.

Source: the open platform's pages on requests, answers, common error codes and certificate mode.
"""

import base64
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import msgspec
from aiohttp import web

from feiqian.simulators.alipay import bills, ordering, refunding, sharing, transferring
from feiqian.simulators.alipay.answers import Refused, node_of, parse, raw, system_error
from feiqian.simulators.alipay.calls import CERTIFICATE_MODE, Call, check, parameters_of
from feiqian.simulators.alipay.context import Simulator, of
from feiqian.simulators.alipay.credentials import KEY_MODE
from feiqian.simulators.alipay.pages import PAGE_METHODS, answer_page_call
from feiqian.simulators.alipay.paying import finish_due
from feiqian.simulators.alipay.signing import sign
from feiqian.simulators.alipay.switches import CALLS
from feiqian.simulators.kit.hostility import NeverAnswered

PATH = "/gateway.do"
BILL_METHOD = "alipay.data.dataservice.bill.downloadurl.query"

PARAMETERS = web.RequestKey("parameters", dict[str, str])
"""Of the call that a request carries."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
logger = logging.getLogger(__name__)


class CertificateName(msgspec.Struct):
    """biz_content of alipay.open.app.alipaycert.download."""

    alipay_cert_sn: str


def download_certificate(simulator: Simulator, call: Call) -> dict[str, Any]:
    """alipay.open.app.alipaycert.download: the certificate whose SN an answer named, after a rotation."""
    name = parse(call.biz_content, CertificateName)
    certificate = simulator.keys.certificate(name.alipay_cert_sn)
    if certificate is None:
        raise Refused("40002", "isv.alipay-cert-not-exist", "支付宝公钥证书不存在")
    return {"alipay_cert_content": base64.b64encode(certificate.encode()).decode()}


METHODS: Mapping[str, Callable[[Simulator, Call], dict[str, Any]]] = {
    "alipay.trade.precreate": ordering.precreate,
    "alipay.trade.create": ordering.create,
    "alipay.trade.query": ordering.query,
    "alipay.trade.close": ordering.close_trade,
    "alipay.trade.cancel": ordering.cancel,
    "alipay.trade.fastpay.refund.query": refunding.answer_query,
    "alipay.trade.royalty.relation.bind": sharing.bind,
    "alipay.trade.royalty.relation.unbind": sharing.unbind,
    "alipay.trade.royalty.relation.batchquery": sharing.bound,
    "alipay.trade.order.settle.query": sharing.answer_query,
    "alipay.fund.trans.common.query": transferring.answer_query,
    "alipay.open.app.alipaycert.download": download_certificate,
}
"""What a call does, where the sandbox can only disturb the call itself."""

STEERED: Mapping[str, Callable[[Simulator, Call, str], dict[str, Any]]] = {
    "alipay.trade.pay": ordering.pay_barcode,
    "alipay.trade.refund": refunding.apply,
    "alipay.trade.order.settle": sharing.settle,
    "alipay.fund.trans.uni.transfer": transferring.transfer,
}
"""What a call does, where the sandbox's mode also says how it turns out."""


@web.middleware
async def read_parameters(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Goes before the hostile answers, so that these too are given in the name of the call."""
    if request.path == PATH:
        try:
            request[PARAMETERS] = await parameters_of(request)
        except Refused as refused:
            return _unsigned(refused.content, "utf-8")
    return await handler(request)


async def answer_gateway(request: web.Request) -> web.StreamResponse:
    """GET and POST /gateway.do"""
    simulator, parameters = of(request), request[PARAMETERS]
    catch_up(simulator)
    if parameters.get("method") in PAGE_METHODS:
        return answer_page_call(simulator, parameters)
    method, charset = parameters.get("method", ""), parameters.get("charset", "utf-8").lower()
    is_known = method in METHODS or method in STEERED or method == BILL_METHOD
    mode = CERTIFICATE_MODE if parameters.get("app_cert_sn") else KEY_MODE
    try:
        call = check(simulator, parameters)
        if not is_known:
            raise Refused("40002", "isv.invalid-method", "不存在的方法名")
        content = await _do(simulator, call, request)
    except Refused as refused:
        if not is_known or refused.sub_code == "isv.invalid-app-id":
            return _unsigned(refused.content, charset)
        content = refused.content
    except NeverAnswered:
        raise
    except Exception:
        logger.exception("%s failed", method)
        content = Refused("20000", "isp.unknow-error", "系统繁忙").content
    return signed(simulator, node_of(method), content, charset=charset, mode=mode)


def signed(
    simulator: Simulator, node: str, content: Mapping[str, Any], *, charset: str, mode: str
) -> web.Response:
    """An answer, signed over the raw text of its inner object; in certificate mode it names the certificate."""
    inner = raw(content, charset)
    signed_by = simulator.signer_name(mode)
    parts = [f'{{"{node}":'.encode(), inner]
    if mode == CERTIFICATE_MODE:
        parts.append(f',"alipay_cert_sn":"{signed_by}"'.encode())
    wanted = simulator.behaviour.take("signature")
    if wanted != "missing":
        parts.append(f',"sign":"{sign(simulator.keys.signer(signed_by), inner)}"'.encode())
    if wanted == "tampered":
        parts[1] = inner[:-1] + b',"altered":"1"}'
    return _text(b"".join([*parts, b"}"]), charset)


def refuse(request: web.Request, mode: Literal["error", "rate_limited"]) -> web.Response:
    """Nothing was done: the gateway's own refusals, for kit.hostility."""
    if mode == "error":
        refused = Refused("20000", "isp.unknow-error", "系统繁忙")
    else:
        refused = Refused("40005", "isv.app-call-limited", "应用调用次数超限")
    parameters = request[PARAMETERS]
    node = node_of(parameters["method"]) if "method" in parameters else "error_response"
    mode_asked = CERTIFICATE_MODE if parameters.get("app_cert_sn") else KEY_MODE
    charset = parameters.get("charset", "utf-8").lower()
    return signed(of(request), node, refused.content, charset=charset, mode=mode_asked)


def catch_up(simulator: Simulator) -> None:
    """What became due on the simulator's clock since the last look."""
    finish_due(simulator)
    transferring.turn_due(simulator)


async def _do(simulator: Simulator, call: Call, request: web.Request) -> dict[str, Any]:
    if call.method == BILL_METHOD:
        return await bills.answer_download_url(
            simulator, call, f"{request.scheme}://{request.headers['Host']}"
        )
    mode = simulator.behaviour.take(CALLS[call.method]) if call.method in CALLS else "normal"
    if mode == "error":
        raise Refused("20000", "isp.unknow-error", "系统繁忙")
    if mode == "system_error":
        raise system_error()
    if call.method in STEERED:
        content = STEERED[call.method](simulator, call, mode)
    else:
        content = METHODS[call.method](simulator, call)
    if mode == "timeout_after_success":
        raise NeverAnswered
    if mode == "system_error_after":
        raise system_error()
    return content


def _unsigned(content: Mapping[str, Any], charset: str) -> web.Response:
    return _text(b'{"error_response":' + raw(content, charset) + b"}", charset)


def _text(body: bytes, charset: str) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": f"text/html;charset={charset}"})
