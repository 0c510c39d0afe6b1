"""How the gateway answers: JSON in one object named after the method, signed over its raw text.

Source: the open platform's pages on common answers and error codes, and recorded answers: slashes are escaped, ``code``
and ``msg`` come first, the rest by name.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from feiqian.kernel.money import Rounding, format_major, to_minor

MESSAGES = {
    "10000": "Success",
    "10003": "order success pay inprocess",
    "20000": "Service Currently Unavailable",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
    "40005": "Call Limited",
    "40006": "Insufficient Permissions",
}
"""The gateway's codes and what it says beside them."""

TOTAL_MAX = Decimal(100_000_000)
"""Of one order, in yuan."""
FEN = Decimal("0.01")


class Refused(Exception):
    """A refusal in Alipay's words; nothing was done unless its code is 20000."""

    def __init__(self, code: str, sub_code: str, sub_msg: str, **fields: str) -> None:
        super().__init__(f"{code} {sub_code}: {sub_msg}")
        self.code = code
        """The gateway's: 20000, 40001 … 40006."""
        self.sub_code = sub_code
        """The business's: ACQ.TRADE_NOT_EXIST, isv.invalid-signature …"""
        self.sub_msg = sub_msg
        """For people, in Chinese as the real one's."""
        self.fields = fields
        """What the refusal says besides, such as the numbers of the order."""

    @property
    def content(self) -> dict[str, Any]:
        """As it is answered."""
        return {"code": self.code, "sub_code": self.sub_code, "sub_msg": self.sub_msg, **self.fields}


def business(sub_code: str, sub_msg: str, **fields: str) -> Refused:
    """40004: understood and refused."""
    return Refused("40004", sub_code, sub_msg, **fields)


def invalid(field: str, issue: str) -> Refused:
    """A field of biz_content that breaks the documentation's rules."""
    return business("ACQ.INVALID_PARAMETER", f"参数无效：{field} {issue}")


def unknown_trade() -> Refused:
    """Nothing is known under that number, or the buyer has never met it."""
    return business("ACQ.TRADE_NOT_EXIST", "交易不存在")


def system_error() -> Refused:
    """It may have been done or not: the documentation says to ask or to repeat."""
    return business("ACQ.SYSTEM_ERROR", "系统错误")


def raw(content: Mapping[str, Any], charset: str) -> bytes:
    """The inner object's text, which the signature covers."""
    code = str(content.get("code", "10000"))
    ordered = {"code": code, "msg": MESSAGES[code]}
    ordered |= {name: content[name] for name in sorted(content) if name != "code"}
    return msgspec.json.encode(ordered).replace(b"/", rb"\/").decode().encode(charset, "replace")


def node_of(method: str) -> str:
    """``alipay.trade.query`` is answered in ``alipay_trade_query_response``."""
    return method.replace(".", "_") + "_response"


Content = TypeVar("Content", bound=msgspec.Struct)


def parse(biz_content: str, kind: type[Content]) -> Content:
    """``biz_content`` as ``kind``; what the kind does not know is ignored, as Alipay does. Raises: Refused."""
    try:
        return msgspec.json.decode(biz_content, type=kind)
    except msgspec.ValidationError as error:
        issue, _, path = str(error).partition(" - at `$.")
        raise invalid(path.rstrip("`") or "biz_content", issue) from error
    except msgspec.DecodeError as error:
        raise Refused("40002", "isv.invalid-parameter", "biz_content 不是合法的 JSON") from error


def fen(amount: Decimal, field: str) -> int:
    """An amount in yuan as given. Raises: Refused when it is not a sum above zero with at most two places."""
    if not amount.is_finite() or amount <= 0:
        raise invalid(field, "金额必须大于零")
    if amount > TOTAL_MAX:
        raise business("ACQ.TOTAL_FEE_EXCEED", "订单总金额不在允许范围内")
    whole = amount.quantize(FEN)
    if whole != amount:
        raise invalid(field, "金额最多两位小数")
    return int(whole.scaleb(2))


def fee_of(amount: int, rate: Decimal) -> int:
    """The channel's fee of an amount in fen, rounded half up to whole fen."""
    return to_minor(amount * rate, Rounding.HALF_UP)


yuan = format_major
"""Fen as the gateway writes them: ``88.00``."""
