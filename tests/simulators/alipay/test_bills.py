"""The bills: a zip of GBK files that says what the books say, and the ways in which it can be wrong."""

import io
import zipfile
import zlib
from typing import Any

import pytest
from tests.simulators.alipay.merchant import Sandbox

METHOD = "alipay.data.dataservice.bill.downloadurl.query"
NEXT_MORNING = "2026-03-03T09:00:00+08:00"
TITLES = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


@pytest.fixture
def sandbox(own_sandbox: Sandbox) -> Sandbox:
    """Books with nothing but this test's trade in them."""
    return own_sandbox


def asked(sandbox: Sandbox, day: str = "2026-03-02", kind: str = "trade") -> dict[str, Any]:
    return sandbox.call(METHOD, {"bill_type": kind, "bill_date": day})


def downloaded(sandbox: Sandbox, answered: dict[str, Any]) -> bytes:
    link = answered["bill_download_url"]
    assert link.startswith(sandbox.url)
    answer = sandbox.send("GET", link.removeprefix(sandbox.url))
    assert answer.status == 200
    return answer.body


def files(archive: bytes) -> dict[str, str]:
    """Entry name, decoded as GBK, to text."""
    with zipfile.ZipFile(io.BytesIO(archive), metadata_encoding="gbk") as opened:
        assert all(entry.flag_bits & 0x800 == 0 for entry in opened.infolist())
        return {name: opened.read(name).decode("gbk") for name in opened.namelist()}


def rows(text: str) -> list[list[str]]:
    """The cells between titles and end mark, without their tabs."""
    lines = [line for line in text.split("\r\n") if line and not line.startswith("#")]
    return [[cell.rstrip("\t") for cell in line.split(",")] for line in lines[1:]]


def day_of_trade(sandbox: Sandbox) -> str:
    """Two payments and a refund on 2 March; then it is the next morning. Returns Alipay's number of the first."""
    trade_no = sandbox.paid("order-1", "100.00", subject="面霜, 50ml")
    sandbox.paid("order-2", "49.99")
    wanted = {"out_trade_no": "order-1", "refund_amount": "30.00", "out_request_no": "r1"}
    sandbox.call("alipay.trade.refund", wanted | {"refund_reason": "破损"})
    sandbox.sandbox("clock", {"now": NEXT_MORNING})
    return trade_no


class TestTheTradeBill:
    def test_is_a_zip_of_two_files_with_gbk_names(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        account = f"{sandbox.credentials['seller_id']}0156"
        assert list(files(downloaded(sandbox, asked(sandbox)))) == [
            f"{account}_20260302_业务明细.csv",
            f"{account}_20260302_业务明细(汇总).csv",
        ]

    def test_lists_payments_and_refunds(self, sandbox: Sandbox) -> None:
        trade_no = day_of_trade(sandbox)
        text = next(iter(files(downloaded(sandbox, asked(sandbox))).values()))
        lines = text.split("\r\n")
        assert lines[0] == "#支付宝业务明细查询"
        assert lines[1] == f"#账号：[{sandbox.credentials['seller_id']}0156]"
        assert lines[2] == "#起始日期：[2026年03月02日 00:00:00]   终止日期：[2026年03月03日 00:00:00]"
        assert lines[3].strip("#-") == "业务明细列表"
        assert lines[4] == TITLES
        assert lines[5].startswith(f"{trade_no}\t,order-1\t,交易\t,面霜， 50ml,2026-03-02 12:00:00,")
        cells = rows(text)
        assert {len(line) for line in cells} == {25}
        assert [(line[1], line[2], line[11], line[21], line[22]) for line in cells] == [
            ("order-1", "交易", "100.00", "", "-0.60"),
            ("order-1", "退款", "-30.00", "r1", "0.18"),
            ("order-2", "交易", "49.99", "", "-0.30"),
        ]
        assert cells[1][24] == "破损"
        assert lines[8].strip("#-") == "业务明细列表结束"
        assert lines[9] == "#交易合计：2笔，商家实收共149.99元，商家优惠共0.00元"
        assert lines[10] == "#退款合计：1笔，商家实收退款共-30.00元，商家优惠退款共0.00元"

    def test_sums_the_day(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        text = list(files(downloaded(sandbox, asked(sandbox))).values())[1]
        assert rows(text) == [
            ["合计", "", "2", "1", "119.99", "119.99", "0.00", "0.00", "0.00", "-0.72", "0.00", "119.27"]
        ]

    def test_agrees_with_the_balance(self, sandbox: Sandbox) -> None:
        before = sandbox.balance_fen()
        day_of_trade(sandbox)
        assert sandbox.balance_fen() - before == 11927

    def test_is_cut_at_midnight_in_shanghai(self, sandbox: Sandbox) -> None:
        sandbox.sandbox("clock", {"now": "2026-03-02T23:59:59.999+08:00"})
        sandbox.paid("order-1", "1.00")
        sandbox.sandbox("clock", {"now": "2026-03-03T00:00:00+08:00"})
        sandbox.paid("order-2", "2.00")
        sandbox.sandbox("clock", {"now": "2026-03-04T09:00:00+08:00"})
        for day, number in (("2026-03-02", "order-1"), ("2026-03-03", "order-2")):
            text = next(iter(files(downloaded(sandbox, asked(sandbox, day))).values()))
            assert [line[1] for line in rows(text)] == [number]

    @pytest.mark.parametrize(
        ("now", "day"),
        [
            ("2026-03-03T08:59:59+08:00", "2026-03-02"),
            ("2026-03-03T09:00:00+08:00", "2026-03-03"),
            ("2026-03-03T09:00:00+08:00", "2026-03-01"),
            ("2027-06-01T09:00:00+08:00", "2026-03-02"),
        ],
    )
    def test_is_not_there_before_nine_or_without_trade(self, sandbox: Sandbox, now: str, day: str) -> None:
        sandbox.paid("order-1", "1.00")
        sandbox.sandbox("clock", {"now": now})
        answered = asked(sandbox, day)
        assert (answered["code"], answered["sub_code"]) == ("40004", "isp.bill_not_exist")

    def test_of_an_unknown_kind_or_day_is_refused(self, sandbox: Sandbox) -> None:
        assert asked(sandbox, kind="air")["sub_code"] == "TYPE_NOT_SUPPORTED"
        assert asked(sandbox, "2 March")["sub_code"] == "invalid_arguments"

    def test_can_be_fetched_for_thirty_seconds(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        link = asked(sandbox)["bill_download_url"].removeprefix(sandbox.url)
        sandbox.sandbox("clock", {"now": "2026-03-03T09:00:30+08:00"})
        assert sandbox.send("GET", link).status == 200
        sandbox.sandbox("clock", {"now": "2026-03-03T09:00:31+08:00"})
        assert sandbox.send("GET", link).status == 403
        assert sandbox.send("GET", "/downloadBillFile.resource?token=5b.00").status == 403


class TestTheAccountBill:
    def test_lists_every_movement_with_its_balance(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        text = next(iter(files(downloaded(sandbox, asked(sandbox, kind="signcustomer"))).values()))
        assert text.startswith("#支付宝账务明细查询\r\n")
        assert [(line[2], line[6], line[7], line[8], line[10]) for line in rows(text)] == [
            ("order-1", "100.00", "0.00", "1000100.00", "在线支付"),
            ("order-1", "0.00", "-0.60", "1000099.40", "收费"),
            ("order-2", "49.99", "0.00", "1000149.39", "在线支付"),
            ("order-2", "0.00", "-0.30", "1000149.09", "收费"),
            ("r1", "0.00", "-30.00", "1000119.09", "交易退款"),
            ("r1", "0.18", "0.00", "1000119.27", "退费"),
        ]


class TestAMisbehavingChannel:
    @pytest.mark.parametrize("mode", ["missing", "not_ready"])
    def test_has_no_bill(self, sandbox: Sandbox, mode: str) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill=mode, only_next=1)
        assert asked(sandbox)["sub_code"] == "isp.bill_not_exist"
        assert asked(sandbox)["code"] == "10000"

    def test_cuts_the_file(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill="truncated", only_next=1)
        text = next(iter(files(downloaded(sandbox, asked(sandbox))).values()))
        assert "业务明细列表结束" not in text
        assert len(text.split("\r\n")[-1].split(",")) < 25

    def test_tells_another_day(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill="other_day", only_next=1)
        text = next(iter(files(downloaded(sandbox, asked(sandbox))).values()))
        assert {line[5][:10] for line in rows(text)} == {"2026-03-01"}

    def test_adds_a_line(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill="extra_line", only_next=1)
        text = next(iter(files(downloaded(sandbox, asked(sandbox))).values()))
        assert [line[1] for line in rows(text)][3:] == ["unknown20260302"]

    def test_names_another_amount(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill="amount_differs", only_next=1)
        text = next(iter(files(downloaded(sandbox, asked(sandbox))).values()))
        assert [line[11] for line in rows(text)] == ["100.01", "-30.00", "49.99"]

    def test_gives_a_url_that_is_over(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill="expired", only_next=1)
        link = asked(sandbox)["bill_download_url"].removeprefix(sandbox.url)
        assert sandbox.send("GET", link).status == 403

    def test_damages_the_archive(self, sandbox: Sandbox) -> None:
        day_of_trade(sandbox)
        sandbox.behave(bill="bad_zip", only_next=1)
        with pytest.raises((zipfile.BadZipFile, zlib.error)):
            files(downloaded(sandbox, asked(sandbox)))
