"""The trade bill: the real file's form, the day's movements and no others, and every way it can be bad."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.simulators.merchant import Answer, Inbox, Sandbox

REAL_BILL = Path(__file__).parents[3] / "shared" / "data" / "wechatpay-tradebill-sample.csv"
_days = count(1)

# What a value looks like, by column; the real file and ours must both fit.
SHAPES = {
    "交易时间": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "公众账号ID": r"wx[0-9a-z]{16}",
    "商户号": r"\d{10}",
    "特约商户号": "0",
    "微信订单号": r"4200\d{24}",
    "交易状态": "SUCCESS|REFUND",
    "货币种类": "CNY",
    "应结订单金额": r"\d+\.\d\d",
    "代金券金额": r"\d+\.\d\d",
    "微信退款单号": r"0|50\d{27}",
    "退款金额": r"\d+\.\d\d",
    "充值券退款金额": r"\d+\.\d\d",
    "退款类型": "|ORIGINAL",
    "退款状态": "|SUCCESS|PROCESSING",
    "手续费": r"-?\d+\.\d{5}",
    "费率": r"\d+\.\d\d%",
    "订单金额": r"\d+\.\d\d",
    "申请退款金额": r"\d+\.\d\d",
    "费率备注": "",
}


@dataclass
class File:
    """A bill taken apart, without judging it."""

    columns: list[str]
    lines: list[dict[str, str]]
    summary: dict[str, str]

    def total(self, column: str) -> Decimal:
        return sum((Decimal(line[column]) for line in self.lines), Decimal())


def values(text: str) -> list[str]:
    assert text.startswith("`")
    return text[1:].split(",`")


def read(content: bytes) -> File:
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\r\n")
    first, *middle, titles, summary = content.decode("utf-8-sig").removesuffix("\r\n").split("\r\n")
    columns = first.split(",")
    lines = [dict(zip(columns, values(text), strict=True)) for text in middle]
    return File(columns, lines, dict(zip(titles.split(","), values(summary), strict=True)))


def ask(sandbox: Sandbox, day: str, **query: str) -> Answer:
    parameters = "".join(f"&{name}={value}" for name, value in query.items())
    return sandbox.call("GET", f"/v3/bill/tradebill?bill_date={day}{parameters}")


def download(sandbox: Sandbox, link: str) -> Answer:
    parts = urlsplit(link)
    return sandbox.call_unverified("GET", f"{parts.path}?{parts.query}")


def fetch(sandbox: Sandbox, day: str, **query: str) -> bytes:
    """The file, whose hash must be as announced."""
    announced = ask(sandbox, day, **query).json
    answer = download(sandbox, announced["download_url"])
    assert answer.status == 200
    assert "wechatpay-signature" not in answer.headers
    assert announced["hash_type"] == "SHA1"
    assert announced["hash_value"] == hashlib.sha1(answer.body).hexdigest()
    return answer.body


@dataclass
class Day:
    """A business date with trade of its own."""

    sandbox: Sandbox
    inbox: Inbox
    date: str
    number: str

    def at(self, clock: str, days_later: int = 0) -> None:
        day = int(self.date[-2:]) + days_later
        self.sandbox.sandbox("clock", {"now": f"{self.date[:-2]}{day:02d}T{clock}+08:00"})

    def pay(self, number: str, total: int, **changes: Any) -> str:
        return self.sandbox.paid(f"{self.number}-{number}", total, self.inbox.url, **changes)

    def refund(self, number: str, refund_no: str, amount: int, total: int) -> None:
        body = {
            "out_trade_no": f"{self.number}-{number}",
            "out_refund_no": f"{self.number}-{refund_no}",
            "amount": {"refund": amount, "total": total, "currency": "CNY"},
        }
        assert self.sandbox.refund(body).status == 200


@pytest.fixture
def day(sandbox: Sandbox, inbox: Inbox, number: str) -> Day:
    # A year of its own for each test, so that no bill shows what another test did.
    index = next(_days)
    day = Day(sandbox, inbox, f"20{index + 20:02d}-05-11", number)
    day.at("09:00:00")
    return day


@pytest.fixture
def trade(day: Day) -> Day:
    """Two payments and a refund, seen from noon of the day after."""
    day.pay("a", 10000)
    day.pay("b", 2550)
    day.refund("a", "r", 5000, 10000)
    day.at("12:00:00", days_later=1)
    return day


class TestTheBill:
    def test_lists_each_payment_and_refund_of_the_day(self, day: Day) -> None:
        first = day.pay("a", 10000, description="面霜, 50ml `新`", attach="批次1")
        day.at("10:30:00")
        second = day.pay("b", 2550)
        day.at("11:00:00")
        day.refund("a", "r1", 3333, 10000)
        day.at("12:00:00", days_later=1)
        file = read(fetch(day.sandbox, day.date))

        shown = [
            (
                line["交易时间"][11:],
                line["微信订单号"],
                line["交易状态"],
                line["订单金额"],
                line["申请退款金额"],
                line["手续费"],
            )
            for line in file.lines
        ]
        assert shown == [
            ("09:00:00", first, "SUCCESS", "100.00", "0.00", "0.38000"),
            ("10:30:00", second, "SUCCESS", "25.50", "0.00", "0.10000"),
            ("11:00:00", first, "REFUND", "0.00", "33.33", "-0.13000"),
        ]
        assert file.lines[0]["商品名称"] == "面霜, 50ml '新'"
        assert file.lines[0]["商户数据包"] == "批次1"
        assert file.lines[2]["商户退款单号"] == f"{day.number}-r1"
        assert file.summary == {
            "总交易单数": "3.0",
            "应结订单总金额": "125.50",
            "退款总金额": "33.33",
            "充值券退款总金额": "0.0",
            "手续费总金额": "0.35",
            "订单总金额": "125.50",
            "申请退款总金额": "33.33",
        }

    def test_cuts_the_day_at_midnight_in_beijing(self, day: Day) -> None:
        day.at("23:59:59")
        day.pay("late", 100)
        day.at("00:00:00", days_later=1)
        day.pay("early", 200)
        day.refund("late", "r", 100, 100)
        day.at("12:00:00", days_later=2)
        before = read(fetch(day.sandbox, day.date))
        after = read(fetch(day.sandbox, f"{day.date[:-2]}12"))
        assert [line["商户订单号"] for line in before.lines] == [f"{day.number}-late"]
        assert [line["订单金额"] for line in after.lines] == ["0.00", "2.00"]

    def test_leaves_out_what_was_not_paid_and_not_refunded(self, day: Day) -> None:
        day.pay("a", 1000)
        day.sandbox.prepay(day.sandbox.order(f"{day.number}-unpaid", 1000, day.inbox.url))
        day.sandbox.sandbox("behaviour", {"refund": "processing", "only_next": 1})
        day.refund("a", "r", 100, 1000)
        day.at("12:00:00", days_later=1)
        assert len(read(fetch(day.sandbox, day.date)).lines) == 1

    def test_gives_back_in_all_refunds_exactly_the_fee_that_was_taken(self, day: Day) -> None:
        day.pay("a", 1000)  # 3.8 fen: 4
        for step, amount in enumerate([300, 300, 300, 100]):
            day.refund("a", f"r{step}", amount, 1000)
        day.at("12:00:00", days_later=1)
        fees = [line["手续费"] for line in read(fetch(day.sandbox, day.date)).lines]
        assert fees == ["0.04000", "-0.01000", "-0.01000", "-0.01000", "-0.01000"]

    def test_of_one_type_has_its_lines_and_its_columns(self, trade: Day) -> None:
        payments = read(fetch(trade.sandbox, trade.date, bill_type="SUCCESS"))
        refunds = read(fetch(trade.sandbox, trade.date, bill_type="REFUND"))
        assert (len(payments.columns), len(payments.lines)) == (20, 2)
        assert (len(refunds.columns), len(refunds.lines)) == (29, 1)
        assert "申请退款金额" not in payments.columns
        assert refunds.lines[0]["退款成功时间"] == f"{trade.date} 09:00:00"

    def test_comes_packed_when_asked(self, trade: Day) -> None:
        announced = ask(trade.sandbox, trade.date, tar_type="GZIP").json
        content = gzip.decompress(download(trade.sandbox, announced["download_url"]).body)
        assert hashlib.sha1(content).hexdigest() == announced["hash_value"]
        assert content == fetch(trade.sandbox, trade.date)


class TestTheFormOfTheBill:
    def fits(self, file: File) -> None:
        for line in file.lines:
            for column, shape in SHAPES.items():
                assert re.fullmatch(shape, line[column]), (column, line[column])
        assert Decimal(file.summary["总交易单数"]) == len(file.lines)
        assert Decimal(file.summary["申请退款总金额"]) == file.total("申请退款金额")
        assert Decimal(file.summary["手续费总金额"]) == file.total("手续费")

    @pytest.mark.skipif(not REAL_BILL.exists(), reason="the real bill is not beside this checkout")
    def test_is_that_of_a_real_one(self, trade: Day) -> None:
        real, ours = read(REAL_BILL.read_bytes()), read(fetch(trade.sandbox, trade.date))
        assert ours.columns == real.columns
        assert list(ours.summary) == list(real.summary)
        self.fits(real)
        self.fits(ours)
        for states in ("SUCCESS", "REFUND"):
            theirs = [line for line in real.lines if line["交易状态"] == states]
            for line in (line for line in ours.lines if line["交易状态"] == states):
                for column in ("微信退款单号", "退款类型", "退款状态", "应结订单金额", "订单金额"):
                    zero_like = {"", "0", "0.00"}
                    assert (line[column] in zero_like) == (theirs[0][column] in zero_like), column

    def test_keeps_its_27_columns(self, trade: Day) -> None:
        file = read(fetch(trade.sandbox, trade.date))
        assert len(file.columns) == 27
        assert set(SHAPES) < set(file.columns)
        self.fits(file)


class TestABillThatIsNotThere:
    def test_is_created_until_ten_the_next_day(self, day: Day) -> None:
        day.pay("a", 100)
        day.at("09:59:59", days_later=1)
        assert ask(day.sandbox, day.date).refusal == (400, "STATEMENT_CREATING")
        day.at("10:00:00", days_later=1)
        assert ask(day.sandbox, day.date).status == 200

    def test_is_not_of_today_nor_older_than_three_months(self, trade: Day) -> None:
        assert ask(trade.sandbox, f"{trade.date[:-2]}12").refusal == (400, "INVALID_REQUEST")
        assert ask(trade.sandbox, f"{trade.date[:4]}-01-02").refusal == (400, "INVALID_REQUEST")

    def test_is_not_of_a_day_without_trade(self, day: Day) -> None:
        day.at("12:00:00", days_later=1)
        assert ask(day.sandbox, day.date).refusal == (400, "NO_STATEMENT_EXIST")

    @pytest.mark.parametrize("query", [{"bill_type": "SOME"}, {"tar_type": "ZIP"}])
    def test_is_not_of_an_unknown_type(self, trade: Day, query: dict[str, str]) -> None:
        assert ask(trade.sandbox, trade.date, **query).refusal == (400, "PARAM_ERROR")

    def test_is_not_of_something_that_is_no_date(self, sandbox: Sandbox) -> None:
        assert ask(sandbox, "20260301").status == 400

    def test_is_not_downloaded_with_another_token_or_too_late(self, trade: Day) -> None:
        link = ask(trade.sandbox, trade.date).json["download_url"]
        altered = link.replace("token=5b", "token=5c")
        assert download(trade.sandbox, altered).refusal == (400, "INVALID_REQUEST")
        trade.at("12:05:01", days_later=1)
        assert download(trade.sandbox, link).refusal == (400, "INVALID_REQUEST")

    def test_is_not_downloaded_without_a_signature(self, trade: Day) -> None:
        parts = urlsplit(ask(trade.sandbox, trade.date).json["download_url"])
        answer = trade.sandbox.send("GET", f"{parts.path}?{parts.query}")
        assert answer.refusal == (401, "SIGN_ERROR")


class TestABadBill:
    def fetched(self, trade: Day, mode: str) -> bytes:
        trade.sandbox.sandbox("behaviour", {"bill": mode, "only_next": 1})
        bad = fetch(trade.sandbox, trade.date)
        assert len(read(fetch(trade.sandbox, trade.date)).lines) == 3, "the next one is good again"
        return bad

    @pytest.mark.parametrize(
        ("mode", "code"), [("missing", "NO_STATEMENT_EXIST"), ("not_ready", "STATEMENT_CREATING")]
    )
    def test_is_missing(self, trade: Day, mode: str, code: str) -> None:
        trade.sandbox.sandbox("behaviour", {"bill": mode, "only_next": 1})
        assert ask(trade.sandbox, trade.date).refusal == (400, code)
        assert ask(trade.sandbox, trade.date).status == 200

    def test_is_truncated(self, trade: Day) -> None:
        cut, whole = self.fetched(trade, "truncated"), fetch(trade.sandbox, trade.date)
        assert len(cut) == len(whole) // 2
        assert whole.startswith(cut)

    def test_is_of_another_day(self, trade: Day) -> None:
        file = read(self.fetched(trade, "other_day"))
        assert {line["交易时间"][:10] for line in file.lines} == {f"{trade.date[:-2]}10"}

    def test_has_a_line_too_many(self, trade: Day) -> None:
        file = read(self.fetched(trade, "extra_line"))
        assert [line["商户订单号"] for line in file.lines][3:] == [f"unknown{trade.date.replace('-', '')}"]
        assert file.summary["总交易单数"] == "4.0"
        assert Decimal(file.summary["订单总金额"]) == file.total("订单金额") == Decimal("126.50")

    def test_has_an_amount_that_differs(self, trade: Day) -> None:
        file = read(self.fetched(trade, "amount_differs"))
        assert [line["订单金额"] for line in file.lines] == ["100.01", "0.00", "25.50"]
        assert file.summary["订单总金额"] == "125.51"

    def test_has_another_hash(self, trade: Day) -> None:
        trade.sandbox.sandbox("behaviour", {"bill": "bad_hash", "only_next": 1})
        announced = ask(trade.sandbox, trade.date).json
        content = download(trade.sandbox, announced["download_url"]).body
        assert hashlib.sha1(content).hexdigest() != announced["hash_value"]
        assert len(read(content).lines) == 3
