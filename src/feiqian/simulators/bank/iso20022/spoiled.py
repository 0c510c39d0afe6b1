"""Statements as the sandbox was told to spoil them."""

import re
from datetime import date, timedelta

import msgspec

from feiqian.kernel.calendar import start_of
from feiqian.simulators.bank.accounts import Account, Entry
from feiqian.simulators.bank.iso20022.statements import Day, day_of
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.moments import to_ms

EXTRA_AMOUNT = 8_800
_FIRST_AMOUNT = re.compile(rb"(<Ntry>.*?<Amt [^>]*>)(\d+)\.(\d\d)(</Amt>)", re.DOTALL)


def spoiled_day(books: Books, account: Account, day: date, mode: str) -> Day:
    """The day from the books, with other entries when the mode of the switch ``statement`` says so."""
    if mode == "other_day":
        return msgspec.structs.replace(day_of(books, account, day - timedelta(days=1)), day=day)
    shown = day_of(books, account, day)
    if mode == "extra_entry":
        return msgspec.structs.replace(shown, entries=[*shown.entries, _made_up(shown)])
    return shown


def spoiled_document(document: bytes, mode: str) -> bytes:
    """The document cut off, or with a first entry one fen higher; as it is in every other mode."""
    if mode == "truncated":
        return document[: len(document) * 7 // 10]
    if mode == "amount_differs":
        return _FIRST_AMOUNT.sub(_one_more, document, count=1)
    return document


def _one_more(found: re.Match[bytes]) -> bytes:
    whole, rest = divmod(int(found[2] + found[3]) + 1, 100)
    return found[1] + b"%d.%02d" % (whole, rest) + found[4]


def _made_up(shown: Day) -> Entry:
    return Entry(
        id=999_999_999,
        account=shown.account.parent or shown.account.number,
        virtual=shown.account.number if shown.account.parent else None,
        kind="incoming",
        amount=EXTRA_AMOUNT,
        booked_at=to_ms(start_of(shown.day)) + 43_200_000,
        booked_on=shown.day.isoformat(),
        reference=f"EXTRA{shown.day:%Y%m%d}",
        counter_name="来源不明",
        counter_account="6200000000000000000",
        counter_bank="",
        memo="",
        transfer_id=None,
        reason="",
    )
