"""The trade bill: read only when it is whole."""

import io
import zipfile
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from tests.channels.alipay import peer
from tests.channels.alipay.peer import NOW, Peer, failure, success

from feiqian.channels import (
    Alipay,
    Bill,
    BillDamaged,
    BillFault,
    BillKind,
    BillMissing,
    BillState,
    BillSummary,
    ChannelUnknown,
)
from feiqian.channels.alipay.bills import parse_bill

DAY = date(2026, 3, 1)
ACCOUNT = f"{peer.SELLER_ID}0156"
PERIOD = "#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]"
TITLES = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,"
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
)
PAYMENT = (
    "2026030122001\t,P1\t,交易\t,口红,2026-03-01 23:59:00,2026-03-01 23:59:59,\t,\t,\t,\t,*杨(137****2600)\t,100.00,98.00,"
    "0.00,0.00,0.00,2.00,0.00,,0.00\t,0.00,\t,-0.60,0.00,"
)
REFUND = (
    "2026022822000\t,P0\t,退款\t,茶,2026-02-28 09:00:00,2026-03-01 00:00:00,\t,\t,\t,\t,*杨(137****2600)\t,-33.34,-33.34,"
    "0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,R1,0.20,0.00,"
)
END = "#-----------------------------------------业务明细列表结束------------------------------------"
PAYMENTS_TOTAL = "#交易合计：1笔，商家实收共98.00元，商家优惠共2.00元"
REFUNDS_TOTAL = "#退款合计：1笔，商家实收退款共-33.34元，商家优惠退款共0.00元"
EXPORTED = "#导出时间：[2026年03月02日 05:46:49]"
SUMMARY_TITLES = (
    "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,"
    "分润（元）,实收净额（元）"
)
TOTALS = "合计\t,\t,1,1,66.66,64.66,0.00,2.00,0.00,-0.40,0.00,64.26"
DETAILS = (PAYMENT, REFUND, END, PAYMENTS_TOTAL, REFUNDS_TOTAL, EXPORTED)


def details(*lines: str, account: str = ACCOUNT, period: str = PERIOD, titles: str = TITLES) -> str:
    head = ("#支付宝业务明细查询", f"#账号：[{account}]", period, "#---业务明细列表---", titles)
    return "\r\n".join([*head, *lines]) + "\r\n"


def summary(totals: str = TOTALS, *, period: str = PERIOD, end: bool = True) -> str:
    head = ("#支付宝业务汇总查询", f"#账号：[{ACCOUNT}]", period, "#---业务汇总列表---", SUMMARY_TITLES)
    tail = ["#---业务汇总列表结束---", EXPORTED] if end else []
    return "\r\n".join([*head, totals, *tail]) + "\r\n"


class NamedInGbk(zipfile.ZipInfo):
    """An entry whose name is GBK and not marked as UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (zipfile's own)
        return self.filename.encode("gbk"), 0


def packed(*texts: str, encoding: str = "gbk") -> bytes:
    """A zip as Alipay writes it: names and contents GBK, the names not marked as UTF-8."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number, text in enumerate(texts):
            entry = NamedInGbk(f"{ACCOUNT}_20260301_业务明细{'(汇总)' * number}.csv")
            archive.writestr(entry, text.encode(encoding), zipfile.ZIP_DEFLATED)
    return content.getvalue()


def flipped(content: bytes) -> bytes:
    """With one bit of the packed lines turned over."""
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


def read(*lines: str, totals: str = TOTALS) -> Bill:
    return parse_bill(packed(details(*lines), summary(totals)), day=DAY, seller_id=peer.SELLER_ID)


def damage(content: bytes) -> BillFault:
    with pytest.raises(BillDamaged) as damaged:
        parse_bill(content, day=DAY, seller_id=peer.SELLER_ID)
    return damaged.value.fault


class TestABill:
    def test_is_read_line_by_line(self) -> None:
        payment, refund = read(*DETAILS).lines
        assert (payment.kind, payment.out_no, payment.channel_no) == (BillKind.PAYMENT, "P1", "2026030122001")
        assert (payment.amount, payment.fee, payment.rate) == (10_000, 60, "0.60%")
        assert payment.occurred_at == datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)
        assert (refund.kind, refund.out_no, refund.out_trade_no) == (BillKind.REFUND, "R1", "P0")
        assert (refund.amount, refund.fee, refund.state) == (3_334, -20, BillState.SUCCEEDED)
        assert refund.occurred_at == datetime(2026, 2, 28, 16, 0, tzinfo=UTC)

    def test_adds_up(self) -> None:
        assert read(*DETAILS).summary == BillSummary(
            line_count=2, payment_amount=10_000, refund_amount=3_334, fee=40
        )

    def test_of_a_day_on_which_nothing_moved_is_empty(self) -> None:
        totals = (
            END,
            "#交易合计：0笔，商家实收共0.00元，商家优惠共0.00元",
            "#退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元",
        )
        bill = read(*totals, totals="合计,,0,0" + ",0.00" * 8)
        assert bill.lines == ()

    def test_may_have_separators_in_the_merchants_words(self) -> None:
        line = PAYMENT.replace("口红", "口红,茶,米") + "谢谢,再来"
        assert read(line, *DETAILS[1:]).lines[0].amount == 10_000

    def test_of_a_cancellation_bears_the_orders_number(self) -> None:
        assert read(PAYMENT, REFUND.replace(",R1,", ",\t,"), *DETAILS[2:]).lines[1].out_no == "P0"

    def test_may_print_brackets_of_either_kind(self) -> None:
        plain = packed(details(*DETAILS, titles=TITLES.replace("（", "(").replace("）", ")")), summary())
        assert len(parse_bill(plain, day=DAY, seller_id=peer.SELLER_ID).lines) == 2


class TestADamagedBill:
    @pytest.mark.parametrize(
        ("content", "fault"),
        [
            pytest.param(b"PK garbage", BillFault.HASH_DIFFERS, id="no zip"),
            pytest.param(packed(details(*DETAILS), summary())[:-30], BillFault.HASH_DIFFERS, id="half a zip"),
            pytest.param(
                flipped(packed(details(*DETAILS), summary())), BillFault.HASH_DIFFERS, id="a bit less"
            ),
            pytest.param(packed(details(*DETAILS)), BillFault.SUMMARY_MISSING, id="no summary"),
            pytest.param(packed(summary()), BillFault.HEADER_UNKNOWN, id="no lines"),
            pytest.param(
                packed(details(*DETAILS), summary(), encoding="utf-8"), BillFault.LINE_UNREADABLE, id="no GBK"
            ),
            pytest.param(
                packed(details(*DETAILS, account="20881234567890120156"), summary()),
                BillFault.OTHER_MERCHANT,
                id="other merchant",
            ),
            pytest.param(
                packed(details(*DETAILS, period=PERIOD.replace("03月01日", "02月28日")), summary()),
                BillFault.OTHER_DAY,
                id="other day",
            ),
            pytest.param(
                packed(details(*DETAILS), summary(period=PERIOD.replace("03月01日", "02月28日"))),
                BillFault.OTHER_DAY,
                id="other day's summary",
            ),
            pytest.param(
                packed(
                    details(PAYMENT.replace("2026-03-01 23:59:59", "2026-03-02 00:00:00"), *DETAILS[1:]),
                    summary(),
                ),
                BillFault.OTHER_DAY,
                id="line of another day",
            ),
            pytest.param(
                packed(details(*DETAILS, titles=TITLES.replace("服务费", "费用")), summary()),
                BillFault.HEADER_UNKNOWN,
                id="a title is missing",
            ),
            pytest.param(packed(details(PAYMENT, REFUND), summary()), BillFault.SUMMARY_MISSING, id="no end"),
            pytest.param(
                packed(details(PAYMENT, REFUND, END, PAYMENTS_TOTAL), summary()),
                BillFault.SUMMARY_MISSING,
                id="no total of refunds",
            ),
            pytest.param(packed(details(*DETAILS[1:]), summary()), BillFault.COUNT_DIFFERS, id="a line less"),
            pytest.param(
                packed(details(PAYMENT, *DETAILS), summary()), BillFault.COUNT_DIFFERS, id="a line more"
            ),
            pytest.param(
                packed(details(PAYMENT.replace("98.00", "97.99"), *DETAILS[1:]), summary()),
                BillFault.TOTAL_DIFFERS,
                id="an amount differs",
            ),
            pytest.param(
                packed(details(PAYMENT.replace("100.00", "100.01"), *DETAILS[1:]), summary()),
                BillFault.TOTAL_DIFFERS,
                id="an amount that only the summary sums",
            ),
            pytest.param(
                packed(details(PAYMENT.replace("-0.60", "-0.61"), *DETAILS[1:]), summary()),
                BillFault.TOTAL_DIFFERS,
                id="a fee differs",
            ),
            pytest.param(
                packed(details(PAYMENT.replace("100.00", "1e2"), *DETAILS[1:]), summary()),
                BillFault.LINE_UNREADABLE,
                id="no plain number",
            ),
            pytest.param(
                packed(details(PAYMENT.replace("100.00", "100.001"), *DETAILS[1:]), summary()),
                BillFault.LINE_UNREADABLE,
                id="part of a fen",
            ),
            pytest.param(
                packed(details(PAYMENT.replace("100.00", "-100.00"), *DETAILS[1:]), summary()),
                BillFault.LINE_UNREADABLE,
                id="a negative payment",
            ),
            pytest.param(
                packed(details(PAYMENT.replace("交易", "充值"), *DETAILS[1:]), summary()),
                BillFault.LINE_UNREADABLE,
                id="unknown kind",
            ),
            pytest.param(
                packed(details(PAYMENT[:40], *DETAILS[1:]), summary()),
                BillFault.LINE_UNREADABLE,
                id="half a line",
            ),
            pytest.param(
                packed(details(*DETAILS), summary(TOTALS.replace("66.66", "66.67"))),
                BillFault.TOTAL_DIFFERS,
                id="summary differs",
            ),
            pytest.param(
                packed(details(*DETAILS), summary(TOTALS.replace("64.26", "64.27"))),
                BillFault.TOTAL_DIFFERS,
                id="net differs",
            ),
            pytest.param(
                packed(details(*DETAILS), summary(TOTALS.replace("1,1", "2,1"))),
                BillFault.COUNT_DIFFERS,
                id="summary counts otherwise",
            ),
            pytest.param(
                packed(details(*DETAILS), summary(end=False)), BillFault.SUMMARY_MISSING, id="half a summary"
            ),
            pytest.param(
                packed(details(*DETAILS), summary("\t,,1,1")), BillFault.SUMMARY_MISSING, id="no totals"
            ),
        ],
    )
    def test_is_not_used(self, content: bytes, fault: BillFault) -> None:
        assert damage(content) is fault

    def test_says_where(self) -> None:
        with pytest.raises(BillDamaged, match="details line 7"):
            read(PAYMENT, REFUND.replace("-33.34", "x", 1), *DETAILS[2:])


WHOLE = packed(details(*DETAILS), summary())


@pytest.mark.anyio
class TestADownload:
    def link(self, server: Peer) -> dict[str, object]:
        return success(bill_download_url=f"{server.base_url}/bills/x?token=x")

    async def test_asks_for_the_address_and_fetches_it(self, server: Peer, channel: Alipay) -> None:
        server.answers(self.link(server))
        server.files = [web.Response(body=WHOLE)]
        assert len((await channel.download_bill(DAY, now=NOW)).lines) == 2
        (call,) = server.calls
        assert call.method == "alipay.data.dataservice.bill.downloadurl.query"
        assert call.content == {"bill_date": "2026-03-01", "bill_type": "trade"}

    @pytest.mark.parametrize("expired", [(403, b""), (200, b"<html>expired</html>")])
    async def test_asks_anew_when_the_address_has_expired(
        self, server: Peer, channel: Alipay, expired: tuple[int, bytes]
    ) -> None:
        server.answers(*[self.link(server)] * 2)
        server.files = [web.Response(status=expired[0], body=expired[1]), web.Response(body=WHOLE)]
        assert len((await channel.download_bill(DAY, now=NOW)).lines) == 2
        assert len(server.calls) == 2

    async def test_gives_up_when_every_address_has_expired(self, server: Peer, channel: Alipay) -> None:
        server.answers(*[self.link(server)] * 3)
        server.files = [web.Response(status=403) for _ in range(3)]
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.download_bill(DAY, now=NOW)
        assert unknown.value.code == "channel_unreadable"

    @pytest.mark.parametrize("code", ["isp.bill_not_exist", "BILL_NOT_EXIST", "NO_BILL_DATA"])
    async def test_of_a_day_without_a_bill_says_so(self, server: Peer, channel: Alipay, code: str) -> None:
        server.answers(failure(code))
        with pytest.raises(BillMissing):
            await channel.download_bill(DAY, now=NOW)

    @pytest.mark.parametrize("url", ["", "file:///etc/passwd", "/bills/x"])
    async def test_follows_no_address_that_is_none(self, server: Peer, channel: Alipay, url: str) -> None:
        server.answers(success(bill_download_url=url))
        with pytest.raises(ChannelUnknown) as unknown:
            await channel.download_bill(DAY, now=NOW)
        assert unknown.value.code == "channel_unreadable"

    async def test_that_is_damaged_is_not_used(self, server: Peer, channel: Alipay) -> None:
        server.answers(self.link(server))
        server.files = [web.Response(body=WHOLE[:-30])]
        with pytest.raises(BillDamaged):
            await channel.download_bill(DAY, now=NOW)
