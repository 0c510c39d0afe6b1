"""Who may ask, and the signature of every answer."""

import re
from datetime import datetime

from aiohttp import web

from feiqian.kernel.calendar import ZONE
from feiqian.simulators.kit.moments import to_ms
from feiqian.simulators.unionpay.codes import TEXTS, Refused, Unreadable
from feiqian.simulators.unionpay.context import Simulator
from feiqian.simulators.unionpay.messages import SIGNATURE, Fields, parse_form, write_answer
from feiqian.simulators.unionpay.signing import SIGN_METHOD, VERSION, verify
from feiqian.simulators.unionpay.transactions import common

ALWAYS = (
    "version", "encoding", "certId", "signature", "signMethod", "txnType", "txnSubType", "bizType", "accessType",
    "merId", "txnTime",
)  # fmt: skip
"""What no message may lack."""

ECHOED = (
    "orderId",
    "txnTime",
    "txnType",
    "txnSubType",
    "bizType",
    "origQryId",
    "txnAmt",
    "reqReserved",
    "batchNo",
)
"""What an answer gives back of its request."""

_FORMS = {
    "orderId": re.compile(r"[0-9A-Za-z]{8,32}"),
    "txnAmt": re.compile(r"[1-9][0-9]{0,11}"),
    "txnTime": re.compile(r"[0-9]{14}"),
    "payTimeout": re.compile(r"[0-9]{14}"),
    "batchNo": re.compile(r"(?!0000)[0-9]{4}"),
    "totalQty": re.compile(r"[1-9][0-9]{0,5}"),
    "totalAmt": re.compile(r"[1-9][0-9]{0,11}"),
    "settleDate": re.compile(r"[0-9]{4}"),
    "backUrl": re.compile(r"https?://[^/\s]+/\S*"),
    "frontUrl": re.compile(r"https?://[^/\s]+/\S*"),
    "currencyCode": re.compile(r"156"),
    "accType": re.compile(r"0[124]"),
    "reqReserved": re.compile(r".{0,1024}", re.DOTALL),
}
"""Fields that have one form wherever they stand."""


async def message(request: web.Request) -> dict[str, str]:
    """The fields of a post. Raises: Unreadable."""
    try:
        return parse_form(await request.read())
    except ValueError as error:
        raise Unreadable(str(error)) from error


def check(simulator: Simulator, fields: Fields) -> None:
    """Let a message of the merchant pass. Raises: Refused with 13, 10, 31 or 11."""
    require(fields, *ALWAYS)
    if fields["version"] != VERSION or fields["encoding"].upper() != "UTF-8" or fields["accessType"] != "0":
        raise Refused("10")
    if fields["merId"] != simulator.keys.mer_id:
        raise Refused("31")
    if fields["signMethod"] != SIGN_METHOD or fields["certId"] != simulator.keys.merchant_cert_id:
        raise Refused("11")
    if not verify(simulator.keys.merchant_key, fields):
        raise Refused("11")
    for name, form in _FORMS.items():
        if fields.get(name) and form.fullmatch(fields[name]) is None:
            raise Refused("10", f"报文格式错误：{name}")
    moment(fields["txnTime"])


def require(fields: Fields, *names: str) -> None:
    """Raises: Refused 13 naming the first field that is not there."""
    for name in names:
        if not fields.get(name):
            raise Refused("13", f"报文交易要素缺失：{name}")


def moment(text: str) -> int:
    """``YYYYMMDDhhmmss`` in Beijing time, as milliseconds. Raises: Refused 10."""
    try:
        return to_ms(datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZONE))
    except ValueError as error:
        raise Refused("10", "报文格式错误：时间") from error


def answer(simulator: Simulator, fields: Fields, code: str, text: str = "", **more: str) -> web.Response:
    """A signed answer to a message, with what is given back of it."""
    said = {name: fields[name] for name in ECHOED if fields.get(name)}
    said |= common(simulator, fields) | {"respCode": code, "respMsg": text or TEXTS[code]} | more
    return signed(simulator, said)


def signed(simulator: Simulator, said: Fields) -> web.Response:
    """These fields, signed as the switch ``certificate`` wants it."""
    mode = simulator.take("certificate")
    signer = simulator.signer_in_use() if mode == "normal" else simulator.keys.signer(mode)
    body = write_answer(signer.signed({name: value for name, value in said.items() if name != SIGNATURE}))
    return web.Response(body=body, content_type="text/html", charset="UTF-8")
