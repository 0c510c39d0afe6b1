"""A statement as a file: read again as a finance person's programs would."""

import csv
import io
from datetime import date
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import typst

from feiqian.infra.database import Database
from feiqian.kernel.errors import NotFound
from feiqian.ledger import AccountRef, Booked, Days, Period, account_by_id
from feiqian.ledger.exports import (
    FontsMissing,
    StatementTooLong,
    pdf,
    statement_csv,
    statement_file_name,
    statement_pdf,
    statement_xlsx,
    typesetting,
)
from feiqian.ledger.exports.content import open_content
from tests.ledger.town import CHANNEL, FEE, PENDING, at, booked, day

WORDED = {"payment": "支付收款", "refund": "退款"}


async def a_month(database: Database) -> None:
    await booked(database, "before", (CHANNEL, PENDING, 100_000), now=at(-48))
    await booked(
        database, "S-1", (CHANNEL, PENDING, 123_456), (CHANNEL, FEE, 1), now=at(0), memo="口红, 两支"
    )
    await booked(database, "=1+1", (PENDING, CHANNEL, 300_000), kind="refund", now=at(1), memo='@"quoted"')
    await booked(database, "backdated", (CHANNEL, PENDING, 7), now=at(72), business_date=day(0))
    await booked(database, "after", (CHANNEL, PENDING, 5), now=at(73))


MONTH = Days(first=day(0), last=day(1))


async def as_csv(database: Database, period: Period, language: str = "zh") -> list[list[str]]:
    async with database.transaction() as tx:
        parts = [
            part
            async for part in statement_csv(
                tx, account=PENDING.id, period=period, language=language, kinds=WORDED
            )
        ]
    text = b"".join(parts).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.anyio
class TestAStatementAsCsv:
    async def test_lies_between_its_opening_and_closing_balance(self, database: Database) -> None:
        await a_month(database)
        rows = await as_csv(database, MONTH)
        assert rows[0] == [
            "序号", "记账时间", "业务日期", "业务类型", "对方账户", "业务单号", "摘要", "借方", "贷方", "余额", "交易号",
        ]  # fmt: skip
        assert [(row[0], row[2], row[3], row[5], row[6], *row[7:10]) for row in rows[1:]] == [
            ("", "", "", "", "期初余额", "", "", "1000.00"),
            ("2", "2026-03-02", "支付收款", "S-1", "口红, 两支", "", "1234.56", "2234.56"),
            ("3", "2026-03-02", "退款", "'=1+1", '\'@"quoted"', "3000.00", "", "-765.44"),
            ("4", "2026-03-02", "支付收款", "backdated", "", "", "0.07", "-765.37"),
            ("", "", "", "", "期末余额", "3000.00", "1234.63", "-765.37"),
        ]
        assert rows[2][1] == "2026-03-02 12:00:00"
        assert rows[2][4] == "应收账款－支付渠道 wechatpay"
        assert rows[2][10].startswith("transaction_")

    async def test_by_booking_time_goes_by_when_it_was_booked(self, database: Database) -> None:
        await a_month(database)
        rows = await as_csv(database, Booked(since=at(1), until=at(73)), "en")
        assert [(row[5], row[6], row[9]) for row in rows[1:]] == [
            ("", "Opening balance", "2234.56"),
            ("'=1+1", '\'@"quoted"', "-765.44"),
            ("backdated", "", "-765.37"),
            ("", "Closing balance", "-765.37"),
        ]

    async def test_of_the_whole_history_begins_with_nothing(self, database: Database) -> None:
        await a_month(database)
        rows = await as_csv(database, Days(last=day(9)))
        assert (rows[1][9], rows[-1][9], len(rows)) == ("0.00", "-765.32", 8)

    async def test_of_an_unknown_account_is_refused_before_anything_is_sent(self, database: Database) -> None:
        async with database.transaction() as tx:
            with pytest.raises(NotFound):
                await anext(statement_csv(tx, account=PENDING.id, period=MONTH, language="zh"))

    async def test_has_a_name_that_every_file_system_takes(self, database: Database) -> None:
        odd = AccountRef("platform", "merchant.pending", "../S:10 店", "CNY")
        await booked(database, "odd", (CHANNEL, odd, 1))
        async with database.transaction() as tx:
            account = await account_by_id(tx, id=odd.id)
        assert (
            statement_file_name(account, period=MONTH, language="zh", suffix="csv")
            == "对账单_..-S-10-店_merchant.pending_CNY_2026-03-03.csv"
        )


SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(file: bytes) -> list[list[str]]:
    """The texts and numbers of the first sheet, as the file has them; a formula would be an error."""
    with ZipFile(io.BytesIO(file)) as parts:
        root = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    assert not list(root.iter(f"{SHEET}f"))
    return [["".join(cell.itertext()) for cell in row.iter(f"{SHEET}c")] for row in root.iter(f"{SHEET}row")]


async def as_xlsx(database: Database, period: Period = MONTH, language: str = "zh") -> bytes:
    async with database.transaction() as tx:
        return await statement_xlsx(
            tx, account=PENDING.id, period=period, now=at(100), language=language, kinds=WORDED
        )


@pytest.mark.anyio
class TestAStatementAsExcel:
    async def test_has_money_as_numbers_and_text_as_text(self, database: Database) -> None:
        await a_month(database)
        rows = cells(await as_xlsx(database))
        assert rows[0] == ["账户对账单"]
        assert rows[1] == ["账户", "S10（merchant.pending）"]
        assert rows[4] == ["期间", "2026-03-02 – 2026-03-03 (按业务日期)"]
        assert rows[7] == ["期初余额", "1000.00"]
        assert [[row[0], *row[3:-1]] for row in rows[8:-1]] == [
            ["2", "支付收款", "应收账款－支付渠道 wechatpay", "S-1", "口红, 两支", "1234.56", "2234.56"],
            ["3", "退款", "应收账款－支付渠道 wechatpay", "=1+1", '@"quoted"', "3000.00", "-765.44"],
            ["4", "支付收款", "应收账款－支付渠道 wechatpay", "backdated", "", "0.07", "-765.37"],
        ]
        assert rows[-1] == ["期末余额", "3000.00", "1234.63", "-765.37"]

    async def test_has_dates_that_a_spreadsheet_knows(self, database: Database) -> None:
        await a_month(database)
        row = cells(await as_xlsx(database))[8]
        days = (date(2026, 3, 2) - date(1899, 12, 30)).days
        assert (float(row[1]), float(row[2])) == (days + 0.5, days)

    async def test_keeps_its_heading_in_sight(self, database: Database) -> None:
        await a_month(database)
        file = await as_xlsx(database, language="en")
        with ZipFile(io.BytesIO(file)) as parts:
            sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
        (pane,) = sheet.iter(f"{SHEET}pane")
        assert (pane.get("state"), pane.get("ySplit")) == ("frozen", "7")
        assert cells(file)[6][0] == "No."

    async def test_keeps_every_digit_of_what_a_number_cannot_hold(self, database: Database) -> None:
        await booked(database, "huge", (CHANNEL, PENDING, 2**62 + 1), now=at(0))
        rows = cells(await as_xlsx(database))
        assert rows[8][-3:-1] == ["46116860184273879.05", "46116860184273879.05"]


async def as_pdf(database: Database, period: Period = MONTH, language: str = "zh") -> bytes:
    async with database.transaction() as tx:
        return await statement_pdf(
            tx, account=PENDING.id, period=period, now=at(100), language=language, kinds=WORDED
        )


def page_count(printed: bytes) -> int:
    return printed.count(b"/Type/Page/") + printed.count(b"/Type/Page\n")


@pytest.mark.anyio
class TestAStatementOnPaper:
    @pytest.mark.parametrize("language", ["zh", "en"])
    async def test_is_an_archive_pdf(self, database: Database, language: str) -> None:
        await a_month(database)
        printed = await as_pdf(database, language=language)
        assert printed.startswith(b"%PDF-1.7")
        assert b"pdfaid" in printed

    async def test_says_what_the_statement_says(self, database: Database) -> None:
        await a_month(database)
        async with database.transaction() as tx:
            content = await open_content(tx, account=PENDING.id, period=MONTH, language="zh", kinds=WORDED)
            lines = [line async for chunk in content.lines() for line in chunk]
        data = pdf.show_printed(content, lines, now=at(100))
        assert data["opening"] == ["期初余额", "1,000.00"]
        other = "应收账款－支付渠道 wechatpay"
        today = "2026-03-02"
        assert data["lines"] == [
            [
                "2",
                f"{today} 12:00:00\n{today}",
                f"支付收款\n{other}",
                "S-1\n口红, 两支",
                "",
                "1,234.56",
                "2,234.56",
            ],
            [
                "3",
                f"{today} 13:00:00\n{today}",
                f"退款\n{other}",
                '=1+1\n@"quoted"',
                "3,000.00",
                "",
                "-765.44",
            ],
            ["4", f"2026-03-05 12:00:00\n{today}", f"支付收款\n{other}", "backdated", "", "0.07", "-765.37"],
        ]
        assert data["total"] == ["合计 · 笔数 3", "3,000.00", "1,234.63"]
        assert data["closing"] == ["期末余额", "-765.37"]

    async def test_has_a_page_also_without_entries(self, database: Database) -> None:
        await a_month(database)
        assert page_count(await as_pdf(database, Days(first=day(30), last=day(31)))) == 1

    async def test_is_refused_when_it_would_be_a_book(self, database: Database) -> None:
        legs = [(CHANNEL, PENDING, 1)] * 1_000
        for number in range(pdf.PRINTED_ENTRIES_MAX // 1_000):
            await booked(database, f"many {number}", *legs)
        await booked(database, "one more", (CHANNEL, PENDING, 1))
        with pytest.raises(StatementTooLong):
            await as_pdf(database)

    async def test_is_never_printed_with_boxes_for_letters(self, database: Database) -> None:
        await a_month(database)
        async with database.transaction() as tx:
            content = await open_content(tx, account=PENDING.id, period=MONTH, language="en", kinds={})
        data = pdf.show_printed(content, [], now=at(0))
        with pytest.raises(FontsMissing) as refused:
            await pdf.typeset({**data, "title": "\U0010fffd"}, language="en", now=at(0))
        assert (refused.value.code, refused.value.facts["text"]) == ("fonts_missing", r"\u{10fffd}")

    async def test_is_printed_without_chinese_fonts_unless_it_says_something_in_chinese(
        self, database: Database
    ) -> None:
        await a_month(database)
        bare = typst.Fonts(include_system_fonts=False)
        for language, printable in (("en", True), ("zh", False)):
            async with database.transaction() as tx:
                content = await open_content(
                    tx, account=PENDING.id, period=MONTH, language=language, kinds={}
                )
            data = pdf.show_printed(content, [], now=at(0))
            request = {"data": data, "language": language, "made_at": 0}
            if printable:
                assert typesetting.typeset(request, bare).startswith(b"%PDF")
            else:
                with pytest.raises(typesetting.Unprintable):
                    typesetting.typeset(request, bare)
