"""The trade bill of a day: asked for, generated off the event loop, downloaded by a token.

Source: the merchant documentation's pages on applying for and downloading bills; the SDKs' sample of the file. Values
are not quoted: what separates them is a comma and a backtick.
"""

import asyncio
import gzip
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import business_date, end_of, local, start_of
from feiqian.kernel.money import format_major
from feiqian.simulators.kit import files
from feiqian.simulators.kit.moments import beijing, to_ms
from feiqian.simulators.wechatpay.answers import Refused, answer, parameter_error
from feiqian.simulators.wechatpay.behaviour import BillMode
from feiqian.simulators.wechatpay.context import of

BillType = Literal["ALL", "SUCCESS", "REFUND"]
READY_HOUR = 10
"""Beijing time, on the day after."""
KEPT_FOR = timedelta(days=92)
LINK_LIVES_MS = 5 * 60 * 1000

# fmt: off
COLUMNS: tuple[str, ...] = (
    "交易时间", "公众账号ID", "商户号", "特约商户号", "设备号", "微信订单号", "商户订单号",
    "用户标识", "交易类型", "交易状态", "付款银行", "货币种类", "应结订单金额", "代金券金额",
    "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态", "商品名称",
    "商户数据包", "手续费", "费率", "订单金额", "申请退款金额", "费率备注",
)
SUMMARY_COLUMNS = (
    "总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额"
)
# fmt: on
REFUND_COLUMNS = slice(14, 20)
"""What a bill of successful payments leaves out, together with 申请退款金额."""
APPLIED_COLUMN = 25

_LINES = """
    SELECT paid_at, transaction_id, out_trade_no, openid, total, fee, '', '', 0, description, attach, fee_rate, 0
    FROM orders WHERE paid_at >= :start AND paid_at < :end AND :type IN ('ALL', 'SUCCESS')
    UNION ALL
    SELECT r.succeeded_at, o.transaction_id, o.out_trade_no, o.openid, 0, -r.fee, r.refund_id, r.out_refund_no,
           r.amount, o.description, o.attach, o.fee_rate, r.created_at
    FROM refunds r JOIN orders o ON o.id = r.order_id
    WHERE r.succeeded_at >= :start AND r.succeeded_at < :end AND :type IN ('ALL', 'REFUND')
    ORDER BY 1, 2, 7
"""


class Line(msgspec.Struct):
    """One payment or one refund of the day, in fen."""

    at: int
    transaction_id: str
    out_trade_no: str
    openid: str
    total: int
    """0 for a refund."""
    fee: int
    """Negative for a refund: it comes back."""
    refund_id: str
    out_refund_no: str
    refund: int
    description: str
    attach: str
    fee_rate: str
    applied_at: int


class BillRequest(msgspec.Struct, frozen=True):
    """What decides a bill's content."""

    day: date
    type: BillType
    mode: BillMode
    appid: str
    mchid: str
    series: str


async def answer_tradebill(request: web.Request) -> web.Response:
    """GET /v3/bill/tradebill?bill_date=2019-06-11&bill_type=ALL&tar_type=GZIP"""
    simulator = of(request)
    day, bill_type, packed = _parameters(request)
    mode = msgspec.convert(simulator.behaviour.take("bill"), BillMode)
    today = business_date(simulator.clock.now())
    if day >= today or day < today - KEPT_FOR:
        raise Refused(400, "INVALID_REQUEST", "账单日期无效，仅支持三个月内至昨日的账单")
    is_ready = simulator.clock.now() >= local(day + timedelta(days=1), READY_HOUR)
    if not is_ready or mode == "not_ready":
        raise Refused(400, "STATEMENT_CREATING", "账单生成中")
    bill = BillRequest(
        day, bill_type, mode, simulator.keys.appid, simulator.keys.mchid, simulator.books.series
    )
    await simulator.books.durable()
    path = simulator.directory / "bills" / f"{day}-{bill_type}-{mode}.csv"
    lines = 0 if mode == "missing" else await asyncio.to_thread(write_bill, simulator.books.path, bill, path)
    if lines == 0:
        raise Refused(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在")
    digest = await asyncio.to_thread(_sha1, path)
    if packed:
        await asyncio.to_thread(_pack, path)
    token = files.token(simulator.keys.api_v3_key, path.name, simulator.clock.now_ms() + LINK_LIVES_MS)
    link = f"{request.scheme}://{request.host}/v3/billdownload/file?token={token}"
    return answer(
        {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(digest.encode()).hexdigest() if mode == "bad_hash" else digest,
            "download_url": link + ("&tartype=gzip" if packed else ""),
        }
    )


async def answer_download(request: web.Request) -> web.StreamResponse:
    """GET /v3/billdownload/file?token=…: signed by the merchant as any request; the answer carries no signature."""
    simulator = of(request)
    name = files.named_by(simulator.keys.api_v3_key, request.query.get("token", ""), simulator.clock.now_ms())
    if name is None:
        raise Refused(400, "INVALID_REQUEST", "账单下载地址无效或已过期，请重新申请")
    path = simulator.directory / "bills" / name
    if request.query.get("tartype") == "gzip":
        path = _packed(path)
    return web.FileResponse(path, headers={"Content-Type": "text/plain"})


def _parameters(request: web.Request) -> tuple[date, BillType, bool]:
    query = request.query
    try:
        day = date.fromisoformat(query.get("bill_date", ""))
    except ValueError as error:
        raise parameter_error("/bill_date", "must look like 2019-06-11", "query") from error
    try:
        bill_type = msgspec.convert(query.get("bill_type", "ALL"), BillType)
        packed = msgspec.convert(query.get("tar_type", ""), Literal["", "GZIP"]) == "GZIP"
    except msgspec.ValidationError as error:
        raise parameter_error("/bill_type or /tar_type", str(error), "query") from error
    return day, bill_type, packed


def write_bill(database: Path, bill: BillRequest, path: Path) -> int:
    """Write the day's file, streaming from the books. Returns how many lines it has; 0 writes none."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with closing(sqlite3.connect(database)) as connection, unfinished.open("wb") as file:
        lines = _write(file, _misstated(_lines(connection, bill), bill), bill)
        if bill.mode == "truncated":
            file.truncate(file.tell() // 2)
    if lines:
        unfinished.replace(path)
    else:
        unfinished.unlink()
    return lines


def _lines(connection: sqlite3.Connection, bill: BillRequest) -> Iterator[Line]:
    bounds = {"start": to_ms(start_of(bill.day)), "end": to_ms(end_of(bill.day)), "type": bill.type}
    for row in connection.execute(_LINES, bounds):
        yield Line(*row)


def _misstated(lines: Iterator[Line], bill: BillRequest) -> Iterator[Line]:
    last = None
    for line in lines:
        if bill.mode == "other_day":
            line.at -= 24 * 3600 * 1000
            line.applied_at -= 24 * 3600 * 1000
        if bill.mode == "amount_differs" and last is None:
            if line.refund:
                line.refund += 1
            else:
                line.total += 1
        last = line
        yield line
    if bill.mode == "extra_line" and last is not None:
        yield Line(
            at=last.at,
            transaction_id=f"4200{bill.series}{bill.day:%Y%m%d}9999999999",
            out_trade_no=f"unknown{bill.day:%Y%m%d}",
            openid=last.openid,
            total=0 if bill.type == "REFUND" else 100,
            fee=0,
            refund_id=f"503{bill.series}{bill.day:%Y%m%d}999999999999" if bill.type == "REFUND" else "",
            out_refund_no=f"unknown{bill.day:%Y%m%d}" if bill.type == "REFUND" else "",
            refund=100 if bill.type == "REFUND" else 0,
            description="unknown",
            attach="",
            fee_rate=last.fee_rate,
            applied_at=last.at,
        )


def _write(file: BinaryIO, lines: Iterator[Line], bill: BillRequest) -> int:
    titles = _of_type(list(COLUMNS), bill.type, ["退款申请时间", "退款成功时间"])
    file.write(("\ufeff" + ",".join(titles) + "\r\n").encode())
    count = total = refund = fee = 0
    for line in lines:
        count += 1
        total += line.total
        refund += line.refund
        fee += line.fee
        times = [beijing(line.applied_at, "%Y-%m-%d %H:%M:%S"), beijing(line.at, "%Y-%m-%d %H:%M:%S")]
        file.write(_joined(_of_type(_values(line, bill), bill.type, times)))
    file.write((",".join(SUMMARY_COLUMNS) + "\r\n").encode())
    paid, returned, charged = format_major(total), format_major(refund), format_major(fee)
    file.write(_joined([f"{count}.0", paid, returned, "0.0", charged, paid, returned]))
    return count


def _values(line: Line, bill: BillRequest) -> list[str]:
    is_refund = bool(line.refund_id)
    total, refund = format_major(line.total), format_major(line.refund)
    return [
        beijing(line.at, "%Y-%m-%d %H:%M:%S"),
        bill.appid,
        bill.mchid,
        "0",
        "",
        line.transaction_id,
        line.out_trade_no,
        line.openid,
        "NATIVE",
        "REFUND" if is_refund else "SUCCESS",
        "OTHERS",
        "CNY",
        total,
        "0.00",
        line.refund_id or "0",
        line.out_refund_no or "0",
        refund,
        "0.00",
        "ORIGINAL" if is_refund else "",
        "SUCCESS" if is_refund else "",
        _flat(line.description),
        _flat(line.attach),
        f"{format_major(line.fee)}000",
        f"{Decimal(line.fee_rate) * 100:.2f}%",
        total,
        refund,
        "",
    ]


def _of_type(values: list[str], bill_type: BillType, times: list[str]) -> list[str]:
    """The 27 values of an ALL bill as the columns of this type: 20 for SUCCESS, 29 with two times for REFUND."""
    if bill_type == "SUCCESS":
        values = values[:APPLIED_COLUMN] + values[APPLIED_COLUMN + 1 :]
        return values[: REFUND_COLUMNS.start] + values[REFUND_COLUMNS.stop :]
    if bill_type == "REFUND":
        return values[: REFUND_COLUMNS.start] + times + values[REFUND_COLUMNS.start :]
    return values


def _joined(values: list[str]) -> bytes:
    return ("`" + ",`".join(values) + "\r\n").encode()


def _flat(text: str) -> str:
    """A value must not hold what separates values or lines."""
    return " ".join(text.replace("`", "'").split())


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def _packed(path: Path) -> Path:
    return path.with_suffix(".gzip")


def _pack(path: Path) -> None:
    with path.open("rb") as plain, gzip.open(_packed(path), "wb") as packed:
        shutil.copyfileobj(plain, packed)
