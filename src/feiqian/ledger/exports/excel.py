"""A statement as an Excel workbook, written row by row: only the packed file is held in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from feiqian.infra.database import Transaction
from feiqian.kernel.money import MINOR_DIGITS, format_major
from feiqian.ledger.exports.content import Content, Line, open_content, show_moment
from feiqian.ledger.queries import Period

_SHEET_ENTRIES_MAX = 1_000_000
"""A sheet of Excel has 1,048,576 rows."""
_EXACT_MAX = 10**15
"""Excel keeps 15 digits of a number; what is longer is written as text."""
_WIDTHS = (8, 19, 12, 18, 34, 24, 30, 16, 16, 18, 40)
"""Of the columns, in characters."""
_HEADING_ROWS = 7
_DEBIT, _CREDIT, _BALANCE = 7, 8, 9


async def statement_xlsx(
    tx: Transaction,
    *,
    account: UUID,
    period: Period,
    now: datetime,
    language: str,
    kinds: Mapping[str, str] | None = None,
) -> bytes:
    """One account's entries of a period, oldest first, with opening, totals and closing.

    Amounts are numbers in major units with the currency's decimals; times are on the house's clock. Text is never
    taken for a formula. More than a million entries go on in further sheets.
    Raises: NotFound, InvalidRequest.
    """
    content = await open_content(tx, account=account, period=period, language=language, kinds=kinds)
    file = BytesIO()
    book = _Book(file, content, now)
    try:
        async for lines in content.lines():
            await asyncio.to_thread(book.add, lines)
        book.end()
    finally:
        await asyncio.to_thread(book.close)
    return file.getvalue()


class _Book:
    """The workbook while it is written."""

    def __init__(self, file: BytesIO, content: Content, now: datetime) -> None:
        self._content = content
        self._now = now
        self._workbook = xlsxwriter.Workbook(file, {"constant_memory": True})
        digits = MINOR_DIGITS[content.account.currency]
        self._scale = Decimal(1).scaleb(-digits)
        self._balance = content.opening
        money = "#,##0" + ("." + "0" * digits if digits else "")
        self._money = self._workbook.add_format({"num_format": money})
        self._strong_money = self._workbook.add_format({"num_format": money, "bold": True})
        self._long_money = self._workbook.add_format({"align": "right"})
        self._moment = self._workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
        self._day = self._workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._title = self._workbook.add_format({"bold": True, "font_size": 14})
        self._strong = self._workbook.add_format({"bold": True})
        self._head = self._workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#F2F2F2"})
        self._sheet, self._row = self._begin()

    def _begin(self) -> tuple[Worksheet, int]:
        """A new sheet with its heading; the row where its entries begin."""
        content, words = self._content, self._content.words
        sheet: Worksheet = self._workbook.add_worksheet()
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(_HEADING_ROWS, 0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADING_ROWS - 1)
        sheet.write_string(0, 0, words.title, self._title)
        for row, (name, value) in enumerate(
            [
                (words.account, content.account_name),
                (words.subject, f"{content.subject} · {words.book} {content.account.book}"),
                (words.currency, content.account.currency),
                (words.period, content.period_text),
                (words.made_at, show_moment(self._now)),
            ],
            start=1,
        ):
            sheet.write_string(row, 0, name, self._strong)
            sheet.write_string(row, 1, value)
        for column, name in enumerate(words.columns):
            sheet.write_string(_HEADING_ROWS - 1, column, name, self._head)
        sheet.write_string(_HEADING_ROWS, _DEBIT - 1, words.opening, self._strong)
        self._write_money(sheet, _HEADING_ROWS, _BALANCE, self._balance, self._strong_money)
        return sheet, _HEADING_ROWS + 1

    def add(self, lines: Sequence[Line]) -> None:
        """Write entries; called in their order."""
        for line in lines:
            if self._row > _SHEET_ENTRIES_MAX:
                self._sheet, self._row = self._begin()
            self._add(line)

    def _add(self, line: Line) -> None:
        sheet, row = self._sheet, self._row
        sheet.write_number(row, 0, line.number)
        sheet.write_datetime(row, 1, line.booked_at, self._moment)
        sheet.write_datetime(row, 2, datetime.combine(line.business_date, time()), self._day)
        sheet.write_string(row, 3, line.kind)
        sheet.write_string(row, 4, line.other)
        sheet.write_string(row, 5, line.reference)
        sheet.write_string(row, 6, line.memo)
        if line.debit is not None:
            self._write_money(sheet, row, _DEBIT, line.debit, self._money)
        if line.credit is not None:
            self._write_money(sheet, row, _CREDIT, line.credit, self._money)
        self._write_money(sheet, row, _BALANCE, line.balance, self._money)
        sheet.write_string(row, 10, line.transaction_id)
        self._balance = line.balance
        self._row += 1

    def end(self) -> None:
        """Write the totals and the closing balance."""
        content, sheet, row = self._content, self._sheet, self._row
        sheet.write_string(row, _DEBIT - 1, content.words.closing, self._strong)
        self._write_money(sheet, row, _DEBIT, content.debits, self._strong_money)
        self._write_money(sheet, row, _CREDIT, content.credits, self._strong_money)
        self._write_money(sheet, row, _BALANCE, content.closing, self._strong_money)

    def close(self) -> None:
        self._workbook.close()

    def _write_money(self, sheet: Worksheet, row: int, column: int, amount: int, format: Format) -> None:
        if abs(amount) < _EXACT_MAX:
            sheet.write(row, column, amount * self._scale, format)
        else:
            sheet.write_string(
                row, column, format_major(amount, self._content.account.currency), self._long_money
            )
