"""What stands in a bill: pure text, before it is GBK.

Source: samples of 业务明细, 业务明细(汇总) and 账务明细 published by others.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from feiqian.simulators.alipay.answers import yuan
from feiqian.simulators.alipay.context import MOMENT
from feiqian.simulators.alipay.trades import BUYER_LOGON_ID
from feiqian.simulators.kit.moments import beijing

# fmt: off
TRADE_COLUMNS = (
    "支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "门店编号", "门店名称", "操作员",
    "终端号", "对方账户", "订单金额（元）", "商家实收（元）", "支付宝红包（元）", "集分宝（元）", "支付宝优惠（元）",
    "商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）", "卡消费金额（元）", "退款批次号/请求号",
    "服务费（元）", "分润（元）", "备注",
)
SUMMARY_COLUMNS = (
    "门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数", "订单金额（元）", "商家实收（元）", "支付宝优惠（元）",
    "商家优惠（元）", "卡消费金额（元）", "服务费（元）", "分润（元）", "实收净额（元）",
)
ACCOUNT_COLUMNS = (
    "账务流水号", "业务流水号", "商户订单号", "商品名称", "发生时间", "对方账号", "收入金额（+元）", "支出金额（-元）",
    "账户余额（元）", "交易渠道", "业务类型", "备注",
)
# fmt: on
TABBED_COLUMNS = {0, 1, 2, 6, 7, 8, 9, 10, 19, 21}
"""Cells of 业务明细 that end in a tab, so that spreadsheets take them for text."""

RULE = "#-----------------------------------------{}----------------------------------------"
END_RULE = "#-----------------------------------------{}------------------------------------"
SUMMARY_END_RULE = "#----------------------------------------{}-------------------------------------"


class Line(msgspec.Struct):
    """One payment or one refund of the day, in fen; what leaves the merchant is below zero."""

    at: int
    trade_no: str
    out_trade_no: str
    kind: str
    """交易 or 退款"""
    subject: str
    begun_at: int
    amount: int
    fee: int
    """Below zero for a payment; what came back for a refund."""
    out_request_no: str
    remark: str


def trade_text(lines: Sequence[Line], account: str, day: date, now_ms: int) -> str:
    """业务明细: every payment and refund of the day."""
    payments = [line for line in lines if line.kind == "交易"]
    refunds = [line for line in lines if line.kind == "退款"]
    return _file(
        [
            *_head("支付宝业务明细查询", account, day),
            RULE.format("业务明细列表"),
            ",".join(TRADE_COLUMNS),
            *(_cells(_values(line), TABBED_COLUMNS) for line in lines),
            END_RULE.format("业务明细列表结束"),
            f"#交易合计：{len(payments)}笔，商家实收共{_sum(payments)}元，商家优惠共0.00元",
            f"#退款合计：{len(refunds)}笔，商家实收退款共{_sum(refunds)}元，商家优惠退款共0.00元",
            _exported(now_ms),
        ]
    )


def summary_text(lines: Sequence[Line], account: str, day: date, now_ms: int) -> str:
    """业务明细(汇总): the day's sums."""
    count = sum(line.kind == "交易" for line in lines)
    total, fee = sum(line.amount for line in lines), sum(line.fee for line in lines)
    values = [
        "合计", "", str(count), str(len(lines) - count), yuan(total), yuan(total), "0.00", "0.00", "0.00",
        yuan(fee), "0.00", yuan(total + fee),
    ]  # fmt: skip
    return _file(
        [
            *_head("支付宝业务汇总查询", account, day),
            RULE.format("业务汇总列表"),
            ",".join(SUMMARY_COLUMNS),
            _cells(values, {0, 1}),
            SUMMARY_END_RULE.format("业务汇总列表结束"),
            _exported(now_ms),
        ]
    )


def account_text(movements: Iterable[tuple[Any, ...]], account: str, day: date, now_ms: int) -> str:
    """账务明细: every change of the merchant's balance on the day, with the balance after it."""
    lines: list[str] = []
    incomes: list[int] = []
    expenses: list[int] = []
    for movement_id, trade_no, out_no, title, at, other, amount, balance, kind in movements:
        (incomes if amount > 0 else expenses).append(amount)
        values = [
            f"{movement_id:016d}", trade_no, out_no, _flat(title), beijing(at, MOMENT), other,
            yuan(max(amount, 0)), yuan(min(amount, 0)), yuan(balance), "支付宝", kind, "",
        ]  # fmt: skip
        lines.append(_cells(values, {0, 1, 2, 5}))
    return _file(
        [
            *_head("支付宝账务明细查询", account, day),
            RULE.format("账务明细列表"),
            ",".join(ACCOUNT_COLUMNS),
            *lines,
            END_RULE.format("账务明细列表结束"),
            f"#支出合计：{len(expenses)}笔，共{yuan(sum(expenses))}元",
            f"#收入合计：{len(incomes)}笔，共{yuan(sum(incomes))}元",
            _exported(now_ms),
        ]
    )


def _values(line: Line) -> list[str]:
    amount = yuan(line.amount)
    return [
        line.trade_no, line.out_trade_no, line.kind, _flat(line.subject), beijing(line.begun_at, MOMENT),
        beijing(line.at, MOMENT), "", "", "", "", BUYER_LOGON_ID, amount, amount, "0.00", "0.00", "0.00", "0.00",
        "0.00", "", "0.00", "0.00", line.out_request_no, yuan(line.fee), "0.00", _flat(line.remark),
    ]  # fmt: skip


def _cells(values: Sequence[str], tabbed: set[int]) -> str:
    return ",".join(f"{value}\t" if index in tabbed else value for index, value in enumerate(values))


def _head(title: str, account: str, day: date) -> list[str]:
    until = day + timedelta(days=1)
    return [
        f"#{title}",
        f"#账号：[{account}]",
        f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{until:%Y年%m月%d日} 00:00:00]",
    ]


def _exported(now_ms: int) -> str:
    return f"#导出时间：[{beijing(now_ms, '%Y年%m月%d日 %H:%M:%S')}]"


def _file(lines: Sequence[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _sum(lines: Sequence[Line]) -> str:
    return yuan(sum(line.amount for line in lines))


def _flat(text: str) -> str:
    """A value must not hold what separates values or lines."""
    return " ".join(text.replace(",", "，").split())
