"""The fund flow bill, whole and damaged."""

from datetime import UTC, date, datetime

import pytest

from feiqian.channels import BillDamaged, BillFault
from feiqian.channels.wechatpay import FlowDirection, FlowLine
from feiqian.channels.wechatpay.fundflow import parse_fund_flow

DAY = date(2026, 3, 1)
TITLES = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,"
    "资金变更提交申请人,备注,业务凭证号"
)
PAYMENT = (
    "`2026-03-01 10:00:00,`4200000001,`flow-1,`交易,`交易,`收入,`100.00,`100.00,`system,`结算,`茶`,`order-1"
)
FEE = "`2026-03-01 10:00:00,`4200000001,`flow-2,`交易,`扣除交易手续费,`支出,`0.60,`99.40,`system,`,`order-1"
TOTAL_TITLES = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
TOTALS = "`2.0,`1.0,`100.00,`1.0,`0.60"


def bill(*texts: str) -> bytes:
    return ("\ufeff" + "\r\n".join(texts) + "\r\n").encode()


class TestAFundFlowBill:
    def test_is_read_line_by_line(self) -> None:
        flow = parse_fund_flow(bill(TITLES, PAYMENT, FEE, TOTAL_TITLES, TOTALS), day=DAY)
        assert flow.lines == (
            FlowLine(
                booked_at=datetime(2026, 3, 1, 2, tzinfo=UTC),
                channel_no="4200000001",
                flow_no="flow-1",
                business="交易",
                kind="交易",
                direction=FlowDirection.IN,
                amount=10_000,
                balance=10_000,
                memo="结算,`茶`",
                voucher_no="order-1",
            ),
            FlowLine(
                booked_at=datetime(2026, 3, 1, 2, tzinfo=UTC),
                channel_no="4200000001",
                flow_no="flow-2",
                business="交易",
                kind="扣除交易手续费",
                direction=FlowDirection.OUT,
                amount=60,
                balance=9_940,
                memo="",
                voucher_no="order-1",
            ),
        )

    def test_of_a_quiet_day_is_empty(self) -> None:
        empty = bill(TITLES, TOTAL_TITLES, "`0.0,`0.0,`0.00,`0.0,`0.00")
        assert parse_fund_flow(empty, day=DAY).lines == ()

    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            (b"", BillFault.HEADER_UNKNOWN),
            (bill(TITLES.replace("备注", "附言"), PAYMENT), BillFault.HEADER_UNKNOWN),
            (bill(TITLES, PAYMENT), BillFault.SUMMARY_MISSING),
            (bill(TITLES, PAYMENT, TOTAL_TITLES), BillFault.SUMMARY_MISSING),
            (bill(TITLES, FEE, TOTAL_TITLES, TOTALS), BillFault.TOTAL_DIFFERS),
            (
                bill(TITLES, PAYMENT, FEE, TOTAL_TITLES, TOTALS.replace("`2.0", "`3.0")),
                BillFault.COUNT_DIFFERS,
            ),
            (
                bill(TITLES, PAYMENT, FEE, TOTAL_TITLES, TOTALS.replace("0.60", "0.61")),
                BillFault.TOTAL_DIFFERS,
            ),
            (
                bill(TITLES, PAYMENT.replace("03-01", "03-02"), FEE, TOTAL_TITLES, TOTALS),
                BillFault.OTHER_DAY,
            ),
            (
                bill(TITLES, PAYMENT.replace("收入", "进账"), FEE, TOTAL_TITLES, TOTALS),
                BillFault.LINE_UNREADABLE,
            ),
            (
                bill(TITLES, PAYMENT.replace("`100.00,", "`1e2,", 1), FEE, TOTAL_TITLES, TOTALS),
                BillFault.LINE_UNREADABLE,
            ),
            (bill(TITLES, "`2026-03-01 10:00:00,`42", TOTAL_TITLES, TOTALS), BillFault.LINE_UNREADABLE),
            (bill(TITLES, "2026-03-01", TOTAL_TITLES, TOTALS), BillFault.LINE_UNREADABLE),
            (bill(TITLES, PAYMENT, FEE, TOTAL_TITLES, TOTALS, PAYMENT), BillFault.LINE_UNREADABLE),
            (bill(TITLES, PAYMENT, FEE, TOTAL_TITLES, TOTALS)[:-12], BillFault.SUMMARY_MISSING),
            (b"\xff\xfe\x00", BillFault.LINE_UNREADABLE),
        ],
    )
    def test_is_refused_when_damaged(self, content: bytes, fault: BillFault) -> None:
        with pytest.raises(BillDamaged) as damage:
            parse_fund_flow(content, day=DAY)
        assert damage.value.fault is fault, damage.value
