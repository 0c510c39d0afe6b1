"""A statement as CSV that opens in a spreadsheet as it is meant: UTF-8 with its mark, and no cell that is run."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.money import format_major
from feiqian.ledger.exports.content import Content, Line, open_content
from feiqian.ledger.queries import Period

_BYTE_ORDER_MARK = "\ufeff"
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula. Source: OWASP, CSV Injection."""


async def statement_csv(
    tx: Transaction, *, account: UUID, period: Period, language: str, kinds: Mapping[str, str] | None = None
) -> AsyncIterator[bytes]:
    """One account's entries of a period, oldest first, between its opening and its closing balance.

    Amounts are in major units with the currency's decimals, times on the house's clock. Yields the file in parts, as
    they are read; ``tx`` must stay open until then.
    Raises: NotFound, InvalidRequest, before the first part.
    """
    content = await open_content(tx, account=account, period=period, language=language, kinds=kinds)
    words = content.words
    yield (_BYTE_ORDER_MARK + _rows([words.columns, _balance_row(content, words.opening)])).encode()
    async for lines in content.lines():
        yield _rows(_row(line, content.account.currency) for line in lines).encode()
    yield _rows([_balance_row(content, words.closing, whole=True)]).encode()


def _row(line: Line, currency: str) -> list[str]:
    return [
        str(line.number),
        f"{line.booked_at:%Y-%m-%d %H:%M:%S}",
        str(line.business_date),
        disarm(line.kind),
        disarm(line.other),
        disarm(line.reference),
        disarm(line.memo),
        "" if line.debit is None else format_major(line.debit, currency),
        "" if line.credit is None else format_major(line.credit, currency),
        format_major(line.balance, currency),
        line.transaction_id,
    ]


def _balance_row(content: Content, name: str, *, whole: bool = False) -> list[str]:
    """The opening balance, or the closing one with what the period moved."""
    currency = content.account.currency
    return [
        *("", "", "", "", "", "", name),
        format_major(content.debits, currency) if whole else "",
        format_major(content.credits, currency) if whole else "",
        format_major(content.closing if whole else content.opening, currency),
        "",
    ]


def disarm(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe in front says that it is text."""
    return f"'{text}" if text.startswith(_RUN_BY_SPREADSHEETS) else text


def _rows(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
