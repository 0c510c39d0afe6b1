"""One call of the gateway: its parameters, who signed it, and in which mode."""

import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from feiqian.simulators.alipay.answers import Refused
from feiqian.simulators.alipay.context import MOMENT, Simulator
from feiqian.simulators.alipay.credentials import KEY_MODE
from feiqian.simulators.alipay.signing import SIGN_TYPE, request_message, verify

CERTIFICATE_MODE = "certificate"
CHARSETS = ("utf-8", "gbk", "gb2312")
_URL = re.compile(r"https?://[^/?#\s]+(/[^#\s]*)?")


REQUIRED = (
    ("sign_type", "isv.missing-signature-type"),
    ("sign", "isv.missing-signature"),
    ("timestamp", "isv.missing-timestamp"),
    ("version", "isv.missing-version"),
)
"""Parameters that every call has, and what Alipay says without them."""


class Call(msgspec.Struct, frozen=True):
    """A call whose signature holds."""

    method: str
    parameters: dict[str, str]
    charset: str
    mode: str
    """``key`` or ``certificate``, and so is the answer."""

    @property
    def biz_content(self) -> str:
        return self.parameters.get("biz_content", "{}")

    @property
    def notify_url(self) -> str:
        return self.parameters.get("notify_url", "")

    @property
    def return_url(self) -> str:
        return self.parameters.get("return_url", "")


async def parameters_of(request: web.Request) -> dict[str, str]:
    """Query and form together, in the charset that the call names. Raises: Refused when that is not one of ours."""
    query = request.rel_url.raw_query_string
    if request.content_type.startswith("multipart/"):
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return read(query) | form
    return read(query + "&" + (await request.read()).decode("latin-1"))


def read(text: str) -> dict[str, str]:
    """URL-encoded parameters in the charset that they name themselves. Raises: Refused."""
    charset = dict(parse_qsl(text, encoding="latin-1")).get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise Refused("40002", "isv.invalid-charset", "字符集错误，目前支持 UTF-8 与 GBK")
    return dict(parse_qsl(text, keep_blank_values=True, encoding=charset, errors="replace"))


def check(simulator: Simulator, parameters: dict[str, str]) -> Call:
    """Let a call of the merchant pass. Raises: Refused 40001 or 40002 with what does not fit, the application first."""
    credentials = simulator.keys.credentials
    charset = parameters.get("charset", "utf-8").lower()
    _require(parameters, (("method", "isv.missing-method"), ("app_id", "isv.missing-app-id")))
    if parameters["app_id"] != credentials.app_id:
        raise Refused("40002", "isv.invalid-app-id", "无效的AppID参数")
    _require(parameters, REQUIRED)
    if parameters["sign_type"] != SIGN_TYPE:
        raise Refused("40002", "isv.invalid-signature-type", "无效的签名类型")
    if parameters.get("format", "JSON").upper() != "JSON":
        raise Refused("40002", "isv.invalid-format", "无效的数据格式")
    _check_timestamp(parameters["timestamp"])
    mode = _mode(simulator, parameters)
    if not verify(simulator.keys.app_key, request_message(parameters, charset), parameters["sign"]):
        raise Refused("40002", "isv.invalid-signature", "验签出错，请确认charset参数与待签名内容是否一致")
    for name in ("notify_url", "return_url"):
        if parameters.get(name) and _URL.fullmatch(parameters[name]) is None:
            raise Refused("40002", "isv.invalid-parameter", f"{name} 不是合法的网址")
    return Call(parameters["method"], parameters, charset, mode)


def _mode(simulator: Simulator, parameters: dict[str, str]) -> str:
    app_cert_sn = parameters.get("app_cert_sn", "")
    root_cert_sn = parameters.get("alipay_root_cert_sn", "")
    if not app_cert_sn and not root_cert_sn:
        return KEY_MODE
    if not app_cert_sn:
        raise without_certificate()
    if not root_cert_sn:
        raise Refused("40002", "isv.missing-alipay-root-cert-sn", "缺少支付宝根证书序列号")
    credentials = simulator.keys.credentials
    if app_cert_sn != credentials.app_cert_sn:
        raise Refused("40002", "isv.app-cert-not-exist", "应用公钥证书不存在")
    if root_cert_sn != credentials.alipay_root_cert_sn:
        raise Refused("40002", "isv.invalid-alipay-root-cert-sn", "支付宝根证书序列号错误")
    return CERTIFICATE_MODE


def without_certificate() -> Refused:
    """A call that certificate mode alone may make, or its SN was forgotten."""
    return Refused("40002", "isv.missing-app-cert-sn", "缺少应用公钥证书序列号")


def _require(parameters: dict[str, str], names: Iterable[tuple[str, str]]) -> None:
    for name, sub_code in names:
        if not parameters.get(name):
            raise Refused("40001", sub_code, f"缺少参数 {name}")


def _check_timestamp(text: str) -> None:
    try:
        datetime.strptime(f"{text} +0800", f"{MOMENT} %z")
    except ValueError as error:
        raise Refused("40002", "isv.invalid-timestamp", "非法的时间戳参数") from error
