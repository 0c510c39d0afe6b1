"""The text files of batch payouts: what a merchant sends, and what it gets back. No I/O.

Source: UnionPay's file interface (全渠道平台接入接口规范 第3部分 文件接口) and its public sample
``DF00000000777290058110097201507140002I.txt``: first line version|total amount|count|reserve|reserve, second line the
columns' names, then the lines, joined by ``|``.
"""

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from feiqian.simulators.unionpay.codes import Refused

VERSION = "5.0.0"
"""Of the file, also where messages are 5.1.0."""
LINES_MOST = 100_000
REQUIRED = ("orderId", "txnAmt", "accType", "accNo", "customerNm")
RESULT_TITLES = (
    "respCode", "respMsg", "queryId", "sysTraNo", "sysTm", "settleDate", "reserved1", "reserved2",
)  # fmt: skip
"""Columns that a result file has before those of the request."""


class BatchFile(msgspec.Struct, frozen=True):
    """A merchant's file."""

    header: str
    titles: list[str]
    lines: list[dict[str, str]]
    total: int
    """In fen."""


def unpack(content: str) -> str:
    """The text in ``fileContent``: base64 of zlib, UTF-8 or GBK. Raises: Refused 14."""
    try:
        raw = zlib.decompress(base64.b64decode(content, validate=True))
    except (ValueError, zlib.error) as error:
        raise Refused("14", "批量文件格式错误：不是base64编码的DEFLATE") from error
    for encoding in ("utf-8", "gbk"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused("14", "批量文件格式错误：编码应为UTF-8或GBK")


def pack(raw: bytes) -> str:
    """Bytes as ``fileContent``."""
    return base64.b64encode(zlib.compress(raw)).decode()


def parse(text: str) -> BatchFile:
    """The merchant's file. Raises: Refused 14 naming the line."""
    rows = [row for row in text.replace("\r\n", "\n").split("\n") if row]
    if len(rows) < 3:
        raise Refused("14", "批量文件格式错误：没有明细")
    header, titles = rows[0].split("|"), rows[1].split("|")
    if len(header) < 3 or header[0] != VERSION or not header[1].isdigit() or not header[2].isdigit():
        raise Refused("14", "批量文件格式错误：第1行")
    if len(set(titles)) != len(titles) or not set(REQUIRED) <= set(titles):
        raise Refused("14", "批量文件格式错误：第2行")
    lines = [_line(row, titles, number) for number, row in enumerate(rows[2:], start=3)]
    if len({line["orderId"] for line in lines}) != len(lines):
        raise Refused("14", "批量文件格式错误：订单号重复")
    total = sum(int(line["txnAmt"]) for line in lines)
    if int(header[1]) != total or int(header[2]) != len(lines) or len(lines) > LINES_MOST:
        raise Refused("14", "批量文件格式错误：总金额或总笔数不符")
    return BatchFile(header=rows[0], titles=titles, lines=lines, total=total)


def write_result(
    batch_header: str, titles: Sequence[str], results: Iterable[Mapping[str, str]], succeeded: Sequence[int]
) -> bytes:
    """The result file. ``succeeded`` are the amounts of the lines that succeeded."""
    header = [*batch_header.split("|"), "", ""][:5]
    rows = ["|".join([*header, str(sum(succeeded)), str(len(succeeded)), "", ""])]
    columns = [*RESULT_TITLES, *titles]
    rows.append("|".join(columns))
    rows += ["|".join(result.get(column, "") for column in columns) for result in results]
    return "\r\n".join(rows).encode()


def _line(row: str, titles: list[str], number: int) -> dict[str, str]:
    values = row.split("|")
    line = dict(zip(titles, values, strict=False))
    amount = line.get("txnAmt", "")
    is_good = (
        len(values) == len(titles)
        and 8 <= len(line["orderId"]) <= 32
        and line["orderId"].isalnum()
        and amount.isdigit()
        and len(amount) <= 12
        and int(amount) > 0
    )
    if not is_good:
        raise Refused("14", f"批量文件格式错误：第{number}行")
    return line
