"""The fund flow bill of a day: every movement of the merchant's money at WeChat Pay, with the balance after it.

Source: the merchant documentation's page on applying for the fund flow bill.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import end_of, start_of
from feiqian.kernel.money import format_major
from feiqian.simulators.kit.moments import beijing, to_ms
from feiqian.simulators.wechatpay import bill_files
from feiqian.simulators.wechatpay.answers import Refused, parameter_error
from feiqian.simulators.wechatpay.behaviour import BillMode
from feiqian.simulators.wechatpay.bill_files import flat, joined, write_whole
from feiqian.simulators.wechatpay.context import of

AccountType = Literal["BASIC", "OPERATION", "FEES"]

COLUMNS = (
    "记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型", "收支金额(元)", "账户结余(元)",
    "资金变更提交申请人", "备注", "业务凭证号",
)  # fmt: skip
SUMMARY_COLUMNS = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")

FLOWS = """
    SELECT paid_at AS at, transaction_id AS number, 1 AS part, '交易' AS name, '交易' AS kind, total AS amount,
           out_trade_no AS voucher, '结算总金额' AS note
    FROM orders WHERE paid_at IS NOT NULL AND coalesce(nullif(sub_mchid, ''), :sp) = :merchant
    UNION ALL
    SELECT paid_at, transaction_id, 2, '扣除交易手续费', '扣除交易手续费', -fee, out_trade_no, ''
    FROM orders WHERE fee > 0 AND coalesce(nullif(sub_mchid, ''), :sp) = :merchant
    UNION ALL
    SELECT r.succeeded_at, r.refund_id, 3, '退款', '退款', -r.amount, replace(r.out_refund_no, 'revoked:', ''),
           '退款总金额' || printf('%.2f', r.amount / 100.0) || '元;含手续费' || printf('%.2f', r.fee / 100.0) || '元'
    FROM refunds r JOIN orders o ON o.id = r.order_id
    WHERE r.succeeded_at IS NOT NULL AND coalesce(nullif(o.sub_mchid, ''), :sp) = :merchant
    UNION ALL
    SELECT r.succeeded_at, r.refund_id, 4, '退还交易手续费', '退款', r.fee, replace(r.out_refund_no, 'revoked:', ''), ''
    FROM refunds r JOIN orders o ON o.id = r.order_id
    WHERE r.fee > 0 AND r.succeeded_at IS NOT NULL AND coalesce(nullif(o.sub_mchid, ''), :sp) = :merchant
    UNION ALL
    SELECT p.finished_at, s.sharing_id, 10 + p.id, '分账', '分账', -p.amount, s.out_order_no, p.description
    FROM sharing_parts p JOIN sharings s ON s.id = p.sharing_id JOIN orders o ON o.id = s.order_id
    WHERE p.result = 'SUCCESS' AND coalesce(nullif(o.sub_mchid, ''), :sp) = :merchant
    UNION ALL
    SELECT p.finished_at, s.sharing_id, 10 + p.id, '分账', '分账', p.amount, s.out_order_no, p.description
    FROM sharing_parts p JOIN sharings s ON s.id = p.sharing_id
    WHERE p.result = 'SUCCESS' AND p.type = 'MERCHANT_ID' AND p.account = :merchant
    UNION ALL
    SELECT t.finished_at, t.return_id, 5, '分账回退', '分账回退', t.amount, t.out_return_no, t.description
    FROM sharing_returns t JOIN sharing_parts p ON p.id = t.part_id JOIN sharings s ON s.id = p.sharing_id
         JOIN orders o ON o.id = s.order_id
    WHERE t.result = 'SUCCESS' AND coalesce(nullif(o.sub_mchid, ''), :sp) = :merchant
    UNION ALL
    SELECT t.finished_at, t.return_id, 6, '分账回退', '分账回退', -t.amount, t.out_return_no, t.description
    FROM sharing_returns t JOIN sharing_parts p ON p.id = t.part_id
    WHERE t.result = 'SUCCESS' AND p.account = :merchant
    UNION ALL
    SELECT updated_at, transfer_no, 7, '商家转账', '商家转账', -amount, out_no, remark
    FROM transfers WHERE state = 'SUCCESS' AND :merchant = :sp
    UNION ALL
    SELECT at, printf('1900%024d', id), 8, '充值', '充值', amount, printf('%d', id), ''
    FROM deposits WHERE mchid = :merchant
"""
"""Every movement there ever was; a day's part of it is its bill, and what is before it the opening balance."""


class Flow(msgspec.Struct):
    """One movement, in fen."""

    at: int
    number: str
    part: int
    """Tells apart what has the same number."""
    name: str
    kind: str
    amount: int
    """Above zero when it comes in."""
    voucher: str
    note: str


class FlowRequest(msgspec.Struct, frozen=True):
    """What decides a bill's content."""

    day: date
    mode: BillMode
    mchid: str


async def answer_fundflow(request: web.Request) -> web.Response:
    """GET /v3/bill/fundflowbill?bill_date=2019-06-11&account_type=BASIC&tar_type=GZIP"""
    simulator = of(request)
    asked = bill_files.wanted(request)
    try:
        account = msgspec.convert(request.query.get("account_type", "BASIC"), AccountType)
    except msgspec.ValidationError as error:
        raise parameter_error("/account_type", str(error), "query") from error
    mode = bill_files.mode_of_next(simulator)
    if account != "BASIC":
        raise Refused(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在")
    bill = FlowRequest(asked.day, mode, simulator.keys.mchid)
    return await bill_files.offer(
        request,
        asked,
        mode,
        f"{asked.day}-flow-{mode}",
        lambda path: write_flows(simulator.books.path, bill, path),
    )


def write_flows(database: Path, bill: FlowRequest, path: Path) -> int:
    """Write the day's file. Returns how many lines it has; 0 writes none."""

    def write(file: BinaryIO) -> int:
        with closing(sqlite3.connect(database)) as connection:
            names = {"sp": bill.mchid, "merchant": bill.mchid, "start": to_ms(start_of(bill.day))}
            query = f"SELECT coalesce(sum(amount), 0) FROM ({FLOWS}) WHERE at < :start"
            opening: int = connection.execute(query, names).fetchone()[0]
            rows = connection.execute(
                f"SELECT * FROM ({FLOWS}) WHERE at >= :start AND at < :end ORDER BY at, number, part",
                names | {"end": to_ms(end_of(bill.day))},
            )
            return _write(file, _misstated((Flow(*row) for row in rows), bill), opening)

    return write_whole(path, write, truncated=bill.mode == "truncated")


def _misstated(flows: Iterator[Flow], bill: FlowRequest) -> Iterator[Flow]:
    last = None
    for flow in flows:
        if bill.mode == "other_day":
            flow.at -= 24 * 3600 * 1000
        if bill.mode == "amount_differs" and last is None:
            flow.amount += 1
        last = flow
        yield flow
    if bill.mode == "extra_line" and last is not None:
        number = f"4200{bill.day:%Y%m%d}99999999999999"
        yield Flow(last.at, number, 1, "交易", "交易", 100, f"unknown{bill.day:%Y%m%d}", "")


def _write(file: BinaryIO, flows: Iterator[Flow], balance: int) -> int:
    file.write(("\ufeff" + ",".join(COLUMNS) + "\r\n").encode())
    came: list[int] = []
    went: list[int] = []
    for flow in flows:
        balance += flow.amount
        (came if flow.amount > 0 else went).append(abs(flow.amount))
        values = [
            beijing(flow.at, "%Y-%m-%d %H:%M:%S"),
            flow.number,
            f"{flow.number}{flow.part:04d}",
            flow.name,
            flow.kind,
            "收入" if flow.amount > 0 else "支出",
            format_major(abs(flow.amount)),
            format_major(balance),
            "system",
            flat(flow.note),
            flow.voucher,
        ]
        file.write(joined(values))
    file.write((",".join(SUMMARY_COLUMNS) + "\r\n").encode())
    count = len(came) + len(went)
    sums = [
        f"{count}.0",
        f"{len(came)}.0",
        format_major(sum(came)),
        f"{len(went)}.0",
        format_major(sum(went)),
    ]
    file.write(joined(sums))
    return count
