"""camt.054: the bank tells the platform that money came in, signed, again and again until it is heard.

Source: the message definition report of bank to customer debit credit notification.
"""

import msgspec

from feiqian.simulators.bank.accounts import ACCOUNT_COLUMNS, Account, Entry
from feiqian.simulators.bank.context import Bank
from feiqian.simulators.bank.credentials import KeyRing
from feiqian.simulators.bank.iso20022 import parts
from feiqian.simulators.bank.iso20022.entries import account_part, entry_part
from feiqian.simulators.bank.iso20022.reading import NAMESPACE
from feiqian.simulators.bank.iso20022.signing import answer_headers
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.bank.xml import build
from feiqian.simulators.kit.callbacks import Callback, Protocol
from feiqian.simulators.kit.clock import SandboxClock

RETRY_AFTER_S = (30, 60, 180, 600, 1800, 3600, 7200, 21600, 43200)
"""Pauses between an attempt that was not answered with 200 or 204 and the next."""

ANSWER_WITHIN_S = 10
STALE_S = 600
"""How old a stale notification's timestamp is."""


def notify(bank: Bank, entry: Entry, now_ms: int) -> None:
    """Tell the platform of a credit to one of its accounts, if it gave an address. Only inside ``atomically``."""
    row = bank.books.row(f"SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE number = ?", entry.account)
    assert row is not None, "an entry is on an account"
    account = Account(*row)
    if account.kind != "corporate" or not account.notify_url:
        return

    def content(mode: str) -> bytes:
        said, where, currency = entry, account, account.currency
        if mode == "wrong_amount":
            said = msgspec.structs.replace(entry, amount=entry.amount + 1)
        elif mode == "wrong_account":
            where = msgspec.structs.replace(account, number=_neighbour(account.number))
            said = msgspec.structs.replace(entry, account=where.number, virtual=None)
        elif mode == "wrong_currency":
            where, currency = msgspec.structs.replace(account, currency="USD"), "USD"
        return notification(bank.profile, account=where, entry=said, currency=currency, now_ms=now_ms)

    bank.callbacks.enqueue(
        about=entry.reference, kind="camt.054", url=account.notify_url, content=content, now_ms=now_ms
    )


def notification(profile: Profile, *, account: Account, entry: Entry, currency: str, now_ms: int) -> bytes:
    """The document about one credit."""
    number = f"N{entry.id:012d}"
    content = [
        ("Id", number),
        parts.moment("CreDtTm", now_ms),
        account_part(profile, account),
        entry_part(entry, currency),
    ]
    header = ("GrpHdr", [("MsgId", number), parts.moment("CreDtTm", now_ms)])
    return build(
        NAMESPACE + profile.iso20022.notification,
        ("Document", [("BkToCstmrDbtCdtNtfctn", [header, ("Ntfctn", content)])]),
    )


def protocol(keys: KeyRing, clock: SandboxClock) -> Protocol:
    """How notifications are signed, acknowledged and repeated."""

    def make(callback: Callback, form: str) -> tuple[bytes, dict[str, str]]:
        moment_s = clock.now_ms() // 1000 - (STALE_S if form == "stale" else 0)
        body = b"\x00\xff camt" if form == "garbage" else callback.content
        headers = answer_headers(keys, body, moment_s)
        if form == "tampered":
            body = body.replace(b"</BkToCstmrDbtCdtNtfctn>", b" </BkToCstmrDbtCdtNtfctn>")
        return body, {"Content-Type": "application/xml; charset=utf-8", **headers}

    return Protocol(
        make=make,
        is_acknowledged=lambda status, _: status in (200, 204),
        retry_after_s=RETRY_AFTER_S,
        answer_within_s=ANSWER_WITHIN_S,
        forms={"tampered": ("tampered",), "stale": ("stale",), "garbage": ("garbage",)},
    )


def _neighbour(number: str) -> str:
    return number[:-1] + str((int(number[-1]) + 1) % 10)
