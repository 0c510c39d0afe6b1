"""Statements, reports and notices of an account: read by the paths of a profile, and checked. No I/O."""

import re
from datetime import date, datetime

import msgspec

from feiqian.channels.bank.forms import AccountParts, EntryKind, Parts
from feiqian.channels.bank.nodes import Node
from feiqian.channels.errors import BillDamaged, BillFault
from feiqian.channels.model import IncomingCredit
from feiqian.kernel.calendar import ZONE, business_date, start_of
from feiqian.kernel.money import MINOR_DIGITS, parse_major

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class StatementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One movement on our account."""

    channel_no: str
    """The bank's number of the movement: the same in notice and statement."""
    kind: EntryKind
    amount: int
    """Minor units; negative: it went out."""
    currency: str
    booked_at: datetime
    timed: bool = True
    """The bank says the time of day; else ``booked_at`` is the day's beginning."""
    number: str | None = None
    """Our number of the transfer or refund, where the bank says it."""
    refund: bool = False
    """A transfer of ours that gave a buyer's money back."""
    credited_no: str | None = None
    """The account or sub-account that the money was meant for."""
    payer_name: str | None = None
    payer_account_no: str | None = None
    payer_bank_code: str | None = None
    memo: str | None = None
    reason: str | None = None
    """Why it came back, in the bank's code."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account's part of a message."""

    account_no: str
    currency: str
    opening: int | None
    closing: int | None
    balance_days: frozenset[str]
    """The days that the balances name."""
    count: int | None
    entries: tuple[StatementEntry, ...]


class BankStatement(msgspec.Struct, frozen=True, kw_only=True):
    """An account's day: opening and the entries give closing."""

    account_no: str
    day: date
    """Beijing time."""
    currency: str
    opening: int
    closing: int
    entries: tuple[StatementEntry, ...]


def amount_of(text: str, currency: str) -> int:
    """Minor units of an amount as banks write it. Raises: ValueError."""
    if currency not in MINOR_DIGITS or not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{0,6})?", text):
        raise ValueError(f"not an amount of {currency}: {text!r}")
    return parse_major(text, currency)


def moment_of(text: str) -> datetime:
    """A moment as banks write it: without a zone it is Beijing time, a bare date is its beginning. Raises: ValueError."""
    if _DATE.fullmatch(text):
        return start_of(date.fromisoformat(text))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def read_account(
    root: Node, account: AccountParts, parts: Parts, *, currency: str, asked_no: str = ""
) -> Account:
    """The account's part of a message; ``asked_no`` where the message does not name the account. Raises: ValueError."""
    places = root.all(account.path)
    if len(places) != 1:
        raise ValueError(f"it is about {len(places)} accounts")
    place = places[0]
    currency = place.text(account.currency) or currency
    opening = closing = None
    days: set[str] = set()
    if account.balance:
        for balance in place.all(account.balance):
            kind = balance.text(account.balance_kind)
            if kind in (account.opening, account.closing):
                amount = _directed(
                    balance.text(account.balance_amount),
                    balance.text(account.balance_direction),
                    parts,
                    currency,
                )
                opening = amount if kind == account.opening else opening
                closing = amount if kind == account.closing else closing
                days.add(balance.text(account.balance_day)[:10])
    elif account.opening and account.closing:
        opening = amount_of(place.text(account.opening), currency)
        closing = amount_of(place.text(account.closing), currency)
    count = place.text(account.count)
    return Account(
        account_no=place.text(account.account) if account.account else asked_no,
        currency=currency,
        opening=opening,
        closing=closing,
        balance_days=frozenset(days - {""}),
        count=int(count) if count else None,
        entries=tuple(_entry(node, parts, currency) for node in place.all(parts.entry)),
    )


def _entry(node: Node, parts: Parts, currency: str) -> StatementEntry:
    currency = node.text(parts.currency) or currency
    amount = _directed(node.text(parts.amount), node.text(parts.direction), parts, currency)
    channel_no = node.text(parts.channel_no)
    if not channel_no:
        raise ValueError("an entry has no number of the bank")
    word = node.text(parts.kind)
    kind: EntryKind = parts.kinds.get(word, "credit" if amount > 0 else "transfer")
    # What a stranger wrote beside money that came in names no transfer of ours.
    number = "" if kind == "credit" else node.text(parts.number)
    if parts.number_pattern:
        found = re.search(parts.number_pattern, number)
        number = found[1] if found else ""
    mark = node.text(parts.refund)
    booked_at = node.text(parts.booked_at)
    return StatementEntry(
        channel_no=channel_no,
        kind=kind,
        amount=amount,
        currency=currency,
        booked_at=moment_of(booked_at),
        timed=not _DATE.fullmatch(booked_at),
        number=number or None,
        refund=kind == "transfer" and bool(parts.refund_starts) and mark.startswith(parts.refund_starts),
        credited_no=node.text(parts.sub_account) or None,
        payer_name=node.text(parts.payer_name) or None,
        payer_account_no=node.text(parts.payer_account) or None,
        payer_bank_code=node.text(parts.payer_bank) or None,
        memo=node.text(parts.memo) or None,
        reason=node.text(parts.reason) or None,
    )


def _directed(text: str, direction: str, parts: Parts, currency: str) -> int:
    """The amount, negative for a debit."""
    amount = amount_of(text, currency)
    if not parts.direction:
        return amount
    if amount < 0 or direction not in (parts.credit, parts.debit):
        raise ValueError(f"an amount is {text!r} {direction!r}")
    return amount if direction == parts.credit else -amount


def statement_of(account: Account, *, account_no: str, day: date) -> BankStatement:
    """The statement of a day, whose balances and entries add up. Raises: BillDamaged."""
    if account.account_no != account_no:
        raise BillDamaged(day=day, fault=BillFault.OTHER_MERCHANT, detail=f"of account {account.account_no}")
    if account.opening is None or account.closing is None:
        raise BillDamaged(
            day=day, fault=BillFault.SUMMARY_MISSING, detail="without opening or closing balance"
        )
    others = [each for each in account.entries if business_date(each.booked_at) != day]
    if others or account.balance_days - {day.isoformat()}:
        shown = others[0].booked_at.isoformat() if others else ", ".join(sorted(account.balance_days))
        raise BillDamaged(day=day, fault=BillFault.OTHER_DAY, detail=f"it is about {shown}")
    if account.count is not None and account.count != len(account.entries):
        detail = f"{len(account.entries)} entries, {account.count} counted by the bank"
        raise BillDamaged(day=day, fault=BillFault.COUNT_DIFFERS, detail=detail)
    if any(entry.currency != account.currency for entry in account.entries):
        raise BillDamaged(day=day, fault=BillFault.LINE_UNREADABLE, detail="an entry in another currency")
    moved = sum(entry.amount for entry in account.entries)
    if account.opening + moved != account.closing:
        detail = f"{account.opening} and entries of {moved} are not {account.closing}"
        raise BillDamaged(day=day, fault=BillFault.TOTAL_DIFFERS, detail=detail)
    return BankStatement(
        account_no=account_no,
        day=day,
        currency=account.currency,
        opening=account.opening,
        closing=account.closing,
        entries=account.entries,
    )


def credit_of(entry: StatementEntry, account_no: str) -> IncomingCredit:
    """Money that came in, as the house knows it."""
    return IncomingCredit(
        channel_no=entry.channel_no,
        account_no=entry.credited_no or account_no,
        amount=entry.amount,
        currency=entry.currency,
        booked_at=entry.booked_at,
        payer_name=entry.payer_name,
        payer_account_no=entry.payer_account_no,
        memo=entry.memo,
    )
