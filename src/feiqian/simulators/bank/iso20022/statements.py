"""camt.053, a day's statement, and camt.052, the day so far.

Source: the message definition reports of bank to customer statement and account report.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from feiqian.kernel.money import format_major
from feiqian.simulators.bank.accounts import Account, Entry, balance_before, entries_of
from feiqian.simulators.bank.iso20022 import parts
from feiqian.simulators.bank.iso20022.entries import account_part, entry_part
from feiqian.simulators.bank.iso20022.reading import NAMESPACE
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.bank.xml import Part, build
from feiqian.simulators.kit.books import Books


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One account on one date. Amounts in minor units; closing is opening and all entries."""

    account: Account
    day: date
    opening: int
    entries: Sequence[Entry]

    @property
    def closing(self) -> int:
        return self.opening + sum(entry.amount for entry in self.entries)


def day_of(books: Books, account: Account, day: date) -> Day:
    """The day as the books have it."""
    name = day.isoformat()
    return Day(
        account=account,
        day=day,
        opening=balance_before(books, account, name),
        entries=entries_of(books, account, name, name),
    )


def statement(profile: Profile, shown: Day, now_ms: int) -> bytes:
    """camt.053: balances OPBD and CLBD, every entry, totals."""
    account, day = shown.account, shown.day.isoformat()
    content: list[Part] = [
        ("Id", f"S{shown.day:%Y%m%d}-{account.number}"[:35]),
        ("ElctrncSeqNb", str(shown.day.timetuple().tm_yday)),
        parts.moment("CreDtTm", now_ms),
        _period(shown.day),
        account_part(profile, account),
        _balance("OPBD", shown.opening, account.currency, ("Dt", day)),
        _balance("CLBD", shown.closing, account.currency, ("Dt", day)),
        _totals(shown.entries, account.currency),
        *(entry_part(entry, account.currency) for entry in shown.entries),
    ]
    name, message_id = profile.iso20022.statement, f"STM{shown.day:%Y%m%d}{account.number[-19:]}"
    return _document(name, "BkToCstmrStmt", message_id, now_ms, ("Stmt", content))


def account_report(profile: Profile, shown: Day, now_ms: int) -> bytes:
    """camt.052: balances OPBD, ITBD (booked so far) and ITAV (what of it is not reserved), every entry, totals."""
    account = shown.account
    as_of = parts.moment("DtTm", now_ms)
    content: list[Part] = [
        ("Id", f"R{shown.day:%Y%m%d}-{account.number}"[:35]),
        parts.moment("CreDtTm", now_ms),
        account_part(profile, account),
        _balance("OPBD", shown.opening, account.currency, ("Dt", shown.day.isoformat())),
        _balance("ITBD", shown.closing, account.currency, as_of),
        _balance("ITAV", shown.closing - account.reserved, account.currency, as_of),
        _totals(shown.entries, account.currency),
        *(entry_part(entry, account.currency) for entry in shown.entries),
    ]
    name, message_id = profile.iso20022.report, f"RPT{now_ms}{account.number[-19:]}"
    return _document(name, "BkToCstmrAcctRpt", message_id, now_ms, ("Rpt", content))


def _document(name: str, message: str, message_id: str, now_ms: int, content: Part) -> bytes:
    header: Part = ("GrpHdr", [("MsgId", message_id), parts.moment("CreDtTm", now_ms)])
    return build(NAMESPACE + name, ("Document", [(message, [header, content])]))


def _period(day: date) -> Part:
    return (
        "FrToDt",
        [("FrDtTm", f"{day.isoformat()}T00:00:00+08:00"), ("ToDtTm", f"{day.isoformat()}T23:59:59+08:00")],
    )


def _balance(code: str, value: int, currency: str, as_of: Part) -> Part:
    return (
        "Bal",
        [
            ("Tp", [("CdOrPrtry", [("Cd", code)])]),
            parts.amount(value, currency),
            parts.direction(value),
            ("Dt", [as_of]),
        ],
    )


def _totals(entries: Sequence[Entry], currency: str) -> Part:
    credits = [entry.amount for entry in entries if entry.amount > 0]
    debits = [-entry.amount for entry in entries if entry.amount < 0]
    net = sum(credits) - sum(debits)
    whole: Part = (
        "TtlNtries",
        [
            ("NbOfNtries", str(len(entries))),
            ("Sum", format_major(sum(credits) + sum(debits), currency)),
            ("TtlNetNtry", [("Amt", format_major(abs(net), currency)), parts.direction(net)]),
        ],
    )
    return (
        "TxsSummry",
        [whole, _total("TtlCdtNtries", credits, currency), _total("TtlDbtNtries", debits, currency)],
    )


def _total(tag: str, amounts: Sequence[int], currency: str) -> Part:
    return (tag, [("NbOfNtries", str(len(amounts))), ("Sum", format_major(sum(amounts), currency))])
