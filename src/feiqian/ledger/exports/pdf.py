"""A statement as it is printed: A4, with the heading on the first page and numbered pages, typeset by typst."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.infra.children import die_with_parent
from feiqian.infra.database import Transaction
from feiqian.kernel.money import format_grouped
from feiqian.ledger.exports import typesetting
from feiqian.ledger.exports.content import Content, Line, open_content, show_moment
from feiqian.ledger.exports.refusals import FontsMissing, StatementTooLong
from feiqian.ledger.queries import Period

PRINTED_ENTRIES_MAX = 2_000
"""Of one PDF, some eighty pages: typesetting needs about 75 kB of memory an entry."""


async def statement_pdf(
    tx: Transaction,
    *,
    account: UUID,
    period: Period,
    now: datetime,
    language: str,
    kinds: Mapping[str, str] | None = None,
) -> bytes:
    """One account's entries of a period as a printed statement (PDF/A), with opening, totals and closing.

    Raises: NotFound, InvalidRequest, StatementTooLong, FontsMissing.
    """
    content = await open_content(tx, account=account, period=period, language=language, kinds=kinds)
    lines: list[Line] = []
    async for chunk in content.lines():
        lines += chunk
        if len(lines) > PRINTED_ENTRIES_MAX:
            raise StatementTooLong(limit=PRINTED_ENTRIES_MAX)
    data = show_printed(content, lines, now=now)
    return await typeset(data, now=now, language=language)


def show_printed(content: Content, lines: list[Line], *, now: datetime) -> dict[str, object]:
    """What the template prints."""
    words, account = content.words, content.account
    number, booked, business, kind, other, reference, memo, debit, credit, balance, _ = words.columns

    def money(amount: int | None) -> str:
        return "" if amount is None else format_grouped(amount, account.currency)

    return {
        "title": words.title,
        "facts": [
            [words.account, content.account_name],
            [words.subject, content.subject],
            [words.book, account.book],
            [words.currency, account.currency],
            [words.period, content.period_text],
            [words.made_at, show_moment(now)],
        ],
        "columns": [
            number,
            f"{booked}\n{business}",
            f"{kind}\n{other}",
            f"{reference}\n{memo}",
            debit,
            credit,
            balance,
        ],
        "opening": [words.opening, money(content.opening)],
        "lines": [
            [
                str(line.number),
                f"{line.booked_at:%Y-%m-%d %H:%M:%S}\n{line.business_date}",
                _legible(f"{line.kind}\n{line.other}"),
                _legible(f"{line.reference}\n{line.memo}".strip("\n")),
                money(line.debit),
                money(line.credit),
                money(line.balance),
            ]
            for line in lines
        ],
        "none": words.none,
        "total": [
            f"{words.total} · {words.entries} {content.entries}",
            money(content.debits),
            money(content.credits),
        ],
        "closing": [words.closing, money(content.closing)],
        "page": words.page,
    }


async def typeset(data: dict[str, object], *, now: datetime, language: str) -> bytes:
    """The printed statement, typeset in a process of its own.

    Raises: FontsMissing.
    """
    request = {
        "data": data,
        "language": "zh" if language.startswith("zh") else "en",
        "made_at": int(now.timestamp()),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-X",
        "utf8",
        typesetting.__file__,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    try:
        printed, said = await process.communicate(msgspec.json.encode(request))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == typesetting.UNPRINTABLE:
        raise FontsMissing(text=said.decode())
    if process.returncode:
        raise RuntimeError(f"typesetting ended with {process.returncode}: {said.decode(errors='replace')}")
    return printed


def _legible(text: str) -> str:
    """Without the control characters that no font shows, and with places to break long numbers at."""
    shown = "".join(character for character in text if character == "\n" or character.isprintable())
    return _LONG_NUMBER.sub(lambda found: _BREAK.join(_FOUR.findall(found[0])), shown)


_LONG_NUMBER = re.compile(r"[!-~]{13,}")
_FOUR = re.compile(r".{1,4}")
_BREAK = "\u200b"
"""ZERO WIDTH SPACE: a line may end here."""
