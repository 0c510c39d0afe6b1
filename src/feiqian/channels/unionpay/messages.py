"""UnionPay's messages as they stand on the wire, and its ways to write moments, currencies, numbers and files. No I/O.

Source: UnionPay's SDK and demos as published in playniuniu/python-unionpay and lokielse/omnipay-unionpay.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

from feiqian.kernel.calendar import ZONE
from feiqian.kernel.errors import InvalidRequest

CURRENCY = "CNY"
CURRENCY_CODE = "156"
_CURRENCIES = {CURRENCY_CODE: CURRENCY, "344": "HKD", "840": "USD", "978": "EUR", "826": "GBP", "392": "JPY"}
"""ISO 4217 numbers -> letters."""
AMOUNT_MAX = 999_999_999_999
"""txnAmt has at most twelve digits."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ORDER_NO = re.compile(r"[0-9A-Za-z]{8,32}")
_AMOUNT = re.compile(r"[0-9]{1,12}")
_MOMENT = re.compile(r"[0-9]{14}")
_FIELDS_MAX = 200


def read_answer(body: bytes) -> dict[str, str]:
    """The fields of an answer: ``name=value&name=value``, nothing percent-encoded.

    A value may hold ``=`` and ``&``, and within braces even ``&name=``. Raises: ValueError.
    """
    fields: dict[str, str] = {}
    last = ""
    for part in body.decode().split("&"):
        name, equals, value = part.partition("=")
        open_brace = bool(last) and fields[last].startswith("{") and not fields[last].endswith("}")
        if last and (open_brace or not equals or not _NAME.fullmatch(name)):
            fields[last] += f"&{part}"
            continue
        if not equals or not _NAME.fullmatch(name) or name in fields:
            raise ValueError("is not a list of fields")
        fields[name] = value
        last = name
    return fields


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a notice as it is posted. Raises: ValueError."""
    pairs = parse_qsl(
        body.decode("ascii"),
        keep_blank_values=True,
        strict_parsing=True,
        errors="strict",
        max_num_fields=_FIELDS_MAX,
    )
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field comes twice")
    return fields


def write_form(fields: Mapping[str, str]) -> bytes:
    """A request's body."""
    return urlencode(fields).encode()


def txn_time(moment: datetime) -> str:
    """Beijing time, YYYYMMDDhhmmss: with the order's number it is how UnionPay knows a transaction."""
    return moment.astimezone(ZONE).strftime("%Y%m%d%H%M%S")


def moment_of(text: str) -> datetime:
    """The moment of a ``txnTime``, UTC. Raises: ValueError."""
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"not a moment: {text!r}")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZONE).astimezone(UTC)


def moment_near(text: str, anchor: datetime) -> datetime:
    """The moment of MMDDhhmmss, which tells no year, that is nearest to ``anchor``; UTC. Raises: ValueError."""
    year = anchor.astimezone(ZONE).year
    found: list[datetime] = []
    for each in (year - 1, year, year + 1):
        if text[:4] == "0229" and (each % 4 or (each % 100 == 0 and each % 400)):
            continue
        found.append(moment_of(f"{each}{text}"))
    if not found:
        raise ValueError(f"{text} is in no year near {year}")
    return min(found, key=lambda moment: abs(moment - anchor))


def currency_of(code: str) -> str:
    """The letters of a currency; of one that the house does not know, UnionPay's own code."""
    return _CURRENCIES.get(code, code)


def amount_of(text: str) -> int:
    """Fen. Raises: ValueError."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"not an amount in fen: {text!r}")
    return int(text)


def order_no(text: str, field: str = "out_trade_no") -> str:
    """One of our numbers as UnionPay's ``orderId``, unchanged.

    Messages take 8 to 40 letters and digits; a settlement file shows 32 of them, so that is the limit here.
    Raises: InvalidRequest.
    """
    if not _ORDER_NO.fullmatch(text):
        raise InvalidRequest(field=field, reason="must be 8 to 32 letters or digits at UnionPay")
    return text


def braced(fields: Mapping[str, str]) -> str:
    """A value that holds fields of its own: ``{name=value&name=value}``."""
    return "{" + "&".join(f"{name}={value}" for name, value in fields.items()) + "}"


def plain_words(text: str, length_max: int) -> str:
    """Words for people without what has a meaning on the wire."""
    return "".join(c if c.isprintable() and c not in "&={}[]\"'|" else " " for c in text).strip()[:length_max]


def pack(content: bytes) -> str:
    """A file as ``fileContent``: base64 of zlib."""
    return base64.b64encode(zlib.compress(content)).decode()


def unpack(file_content: str, *, bytes_max: int) -> bytes:
    """The file in ``fileContent``. Raises: ValueError, also when it is larger than ``bytes_max``."""
    try:
        packed = base64.b64decode(file_content, validate=True)
        inflating = zlib.decompressobj()
        content = inflating.decompress(packed, bytes_max)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"fileContent is not base64 of zlib: {error}") from error
    if not inflating.eof:
        raise ValueError(f"fileContent ends early or holds more than {bytes_max} bytes")
    return content
