"""The trade bill of a day: a line for each payment and each refund.

Source: the merchant documentation's pages on applying for and downloading bills; the SDKs' sample of the file. Values
are not quoted: what separates them is a comma and a backtick.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import end_of, start_of
from feiqian.kernel.money import format_major
from feiqian.simulators.kit.moments import beijing, to_ms
from feiqian.simulators.wechatpay import bill_files
from feiqian.simulators.wechatpay.answers import parameter_error
from feiqian.simulators.wechatpay.behaviour import BillMode
from feiqian.simulators.wechatpay.bill_files import flat, joined, write_whole
from feiqian.simulators.wechatpay.context import of
from feiqian.simulators.wechatpay.refunds import REVOKED

BillType = Literal["ALL", "SUCCESS", "REFUND"]

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
    SELECT paid_at, transaction_id, out_trade_no, openid, total, fee, '', '', 0, description, attach, fee_rate, 0,
           trade_type, appid, sub_mchid
    FROM orders WHERE paid_at >= :start AND paid_at < :end AND :type IN ('ALL', 'SUCCESS')
      AND :sub_mchid IN ('', sub_mchid)
    UNION ALL
    SELECT r.succeeded_at, o.transaction_id, o.out_trade_no, o.openid, 0, -r.fee, r.refund_id, r.out_refund_no,
           r.amount, o.description, o.attach, o.fee_rate, r.created_at, o.trade_type, o.appid, o.sub_mchid
    FROM refunds r JOIN orders o ON o.id = r.order_id
    WHERE r.succeeded_at >= :start AND r.succeeded_at < :end AND :type IN ('ALL', 'REFUND')
      AND :sub_mchid IN ('', o.sub_mchid)
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
    trade_type: str
    appid: str
    sub_mchid: str


class BillRequest(msgspec.Struct, frozen=True):
    """What decides a bill's content."""

    day: date
    type: BillType
    mode: BillMode
    mchid: str
    sub_mchid: str
    """Only this merchant's lines; empty for all."""
    series: str


async def answer_tradebill(request: web.Request) -> web.Response:
    """GET /v3/bill/tradebill?bill_date=2019-06-11&bill_type=ALL&tar_type=GZIP&sub_mchid=…"""
    simulator = of(request)
    wanted = bill_files.wanted(request)
    try:
        bill_type = msgspec.convert(request.query.get("bill_type", "ALL"), BillType)
    except msgspec.ValidationError as error:
        raise parameter_error("/bill_type", str(error), "query") from error
    mode = bill_files.mode_of_next(simulator)
    sub_mchid = request.query.get("sub_mchid", "")
    bill = BillRequest(wanted.day, bill_type, mode, simulator.keys.mchid, sub_mchid, simulator.books.series)
    name = f"{bill.day}-{bill_type}-{sub_mchid or 'all'}-{mode}"
    return await bill_files.offer(
        request, wanted, mode, name, lambda path: write_bill(simulator.books.path, bill, path)
    )


def write_bill(database: Path, bill: BillRequest, path: Path) -> int:
    """Write the day's file, streaming from the books. Returns how many lines it has; 0 writes none."""

    def write(file: BinaryIO) -> int:
        with closing(sqlite3.connect(database)) as connection:
            return _write(file, _misstated(_lines(connection, bill), bill), bill)

    return write_whole(path, write, truncated=bill.mode == "truncated")


def _lines(connection: sqlite3.Connection, bill: BillRequest) -> Iterator[Line]:
    bounds = {
        "start": to_ms(start_of(bill.day)),
        "end": to_ms(end_of(bill.day)),
        "type": bill.type,
        "sub_mchid": bill.sub_mchid,
    }
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
            trade_type=last.trade_type,
            appid=last.appid,
            sub_mchid=last.sub_mchid,
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
        file.write(joined(_of_type(_values(line, bill), bill.type, times)))
    file.write((",".join(SUMMARY_COLUMNS) + "\r\n").encode())
    paid, returned, charged = format_major(total), format_major(refund), format_major(fee)
    file.write(joined([f"{count}.0", paid, returned, "0.0", charged, paid, returned]))
    return count


def _values(line: Line, bill: BillRequest) -> list[str]:
    is_refund = bool(line.refund_id)
    is_revoked = line.out_refund_no.startswith(REVOKED)
    total, refund = format_major(line.total), format_major(line.refund)
    return [
        beijing(line.at, "%Y-%m-%d %H:%M:%S"),
        line.appid,
        bill.mchid,
        line.sub_mchid or "0",
        "",
        line.transaction_id,
        line.out_trade_no,
        line.openid,
        line.trade_type,
        "SUCCESS" if not is_refund else "REVOKED" if is_revoked else "REFUND",
        "OTHERS",
        "CNY",
        total,
        "0.00",
        line.refund_id or "0",
        line.out_refund_no.removeprefix(REVOKED) or "0",
        refund,
        "0.00",
        "ORIGINAL" if is_refund else "",
        "SUCCESS" if is_refund else "",
        flat(line.description),
        flat(line.attach),
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
