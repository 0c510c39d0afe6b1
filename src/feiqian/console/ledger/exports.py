"""The list of accounts as a file: exactly what is filtered."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import xlsxwriter
from litestar import Request, Response, get

from feiqian import ledger
from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.console.ledger.accounts import GivenWanted, filter_of
from feiqian.console.ledger.naming import name_accounts
from feiqian.console.ledger.rows import AccountRow, AccountState, account_row
from feiqian.console.wording import Wording
from feiqian.infra.database import Transaction
from feiqian.infra.web import XLSX, file_response, language_of
from feiqian.kernel.calendar import ZONE, business_date
from feiqian.kernel.errors import Refusal
from feiqian.kernel.money import MINOR_DIGITS, format_major
from feiqian.ledger import AccountFilter, AccountKey, Side

ROWS_MAX = 200_000
"""Of one file; a sheet of Excel ends at 1,048,576, a person's patience earlier."""
CHUNK_ROWS = 1_000

HEADS = (
    (Wording("账户编号", "Account id"), 34),
    (Wording("账套", "Book"), 14),
    (Wording("科目代码", "Code"), 22),
    (Wording("会计科目", "Subject"), 28),
    (Wording("户主", "Owner"), 22),
    (Wording("币种", "Currency"), 8),
    (Wording("余额方向", "Normal side"), 10),
    (Wording("余额", "Balance"), 18),
    (Wording("冻结金额", "Held"), 16),
    (Wording("待入金额", "Incoming"), 16),
    (Wording("可用余额", "Available"), 18),
    (Wording("透支限额", "Overdraft limit"), 16),
    (Wording("状态", "State"), 12),
    (Wording("分录数", "Entries"), 10),
    (Wording("最近入账", "Last entry"), 20),
    (Wording("开户时间", "Opened"), 20),
)
SIDES = {Side.DEBIT: Wording("借", "Debit"), Side.CREDIT: Wording("贷", "Credit")}
STATES = {
    AccountState.ACTIVE: Wording("正常", "Active"),
    AccountState.RECEIVE_ONLY: Wording("只收不付", "Receives only"),
    AccountState.PAY_ONLY: Wording("只付不收", "Pays only"),
    AccountState.FROZEN: Wording("不收不付", "Frozen"),
    AccountState.CLOSED: Wording("已销户", "Closed"),
}
UNLIMITED = Wording("不限", "Unlimited")


class TooManyAccounts(Refusal):
    """More accounts than a file may have."""

    code = "too_many_accounts"
    status = 422
    english = "More than {count} accounts match. Narrow the filters and export in parts."
    chinese = "符合条件的账户超过 {count} 个，请缩小筛选范围后分批导出。"


@get("/ledger/accounts.xlsx")
async def export_accounts(
    request: Request[Any, Any, Any], database: GivenDatabase, clock: GivenClock, wanted: GivenWanted
) -> Response[bytes]:
    """Everything that is filtered, amounts in major units.

    Raises: TooManyAccounts.
    """
    language = language_of(request)
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"})
    sheet = _Sheet(book, language)
    async with database.reading() as tx:
        only = await filter_of(tx, wanted)
        async for row in _rows(tx, only, language):
            if sheet.count == ROWS_MAX:
                raise TooManyAccounts(count=ROWS_MAX)
            sheet.add(row)
    book.close()
    stem = "账户" if language == "zh" else "accounts"
    name = f"{stem}-{business_date(clock.now())}.xlsx"
    return file_response(content.getvalue(), name=name, media_type=XLSX)


async def _rows(tx: Transaction, only: AccountFilter, language: str) -> AsyncIterator[AccountRow]:
    after: AccountKey | None = None
    while True:
        found = await ledger.find_accounts(tx, only=only, after=after, limit=CHUNK_ROWS)
        naming = await name_accounts(tx, found, language=language)
        for account in found:
            yield account_row(account, naming)
        if len(found) < CHUNK_ROWS:
            return
        after = ledger.account_key(found[-1])


class _Sheet:
    """One row an account, under a head that stays in sight."""

    def __init__(self, book: xlsxwriter.Workbook, language: str) -> None:
        self.count = 0
        self._book = book
        self._chinese = language == "zh"
        self._sheet = book.add_worksheet(self._say(Wording("账户", "Accounts")))
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})
        self._amounts: dict[str, Any] = {}
        bold = book.add_format({"bold": True, "bottom": 1})
        for column, (head, width) in enumerate(HEADS):
            self._sheet.write_string(0, column, self._say(head), bold)
            self._sheet.set_column(column, column, width)
        self._sheet.freeze_panes(1, 1)

    def add(self, row: AccountRow) -> None:
        self.count += 1
        cells: list[Any] = [
            row.id,
            row.book,
            row.subject_number or row.code,
            row.chinese if self._chinese else row.english,
            row.owner_name or "",
            row.currency,
            self._say(SIDES[row.side]),
        ]
        for column, text in enumerate(cells):
            self._sheet.write_string(self.count, column, text)
        amounts = (row.balance, row.held, row.incoming, row.available, row.overdraft)
        for column, minor in enumerate(amounts, start=len(cells)):
            self._write_amount(column, minor, row.currency)
        column = len(cells) + len(amounts)
        self._sheet.write_string(self.count, column, self._say(STATES[row.state]))
        self._sheet.write_number(self.count, column + 1, row.entries)
        for place, moment in enumerate((row.booked_at, row.opened_at), start=column + 2):
            local = moment.astimezone(ZONE).replace(tzinfo=None)
            self._sheet.write_datetime(self.count, place, local, self._moment)

    def _write_amount(self, column: int, minor: int | None, currency: str) -> None:
        if minor is None:
            self._sheet.write_string(self.count, column, self._say(UNLIMITED))
            return
        places = MINOR_DIGITS[currency]
        if currency not in self._amounts:
            pattern = "#,##0" + ("." + "0" * places if places else "")
            self._amounts[currency] = self._book.add_format({"num_format": pattern})
        exact = float(format_major(minor, currency))
        self._sheet.write_number(self.count, column, exact, self._amounts[currency])

    def _say(self, wording: Wording) -> str:
        return wording.chinese if self._chinese else wording.english
