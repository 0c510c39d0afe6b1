"""Money that comes in from another bank."""

import secrets

import msgspec

from feiqian.simulators.bank.accounts import (
    Entry,
    Movement,
    Party,
    account_named,
    entry_of,
    keep_account,
    move,
    settlement,
)
from feiqian.simulators.bank.context import Bank
from feiqian.simulators.bank.notices import notify
from feiqian.simulators.kit.moments import beijing


class Incoming(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The body of POST /sandbox/pay: somebody at another bank pays to an account or a virtual number."""

    account: str
    amount: int
    """In minor units of the account's currency."""
    payer_name: str = "沙盒付款人"
    payer_account: str = "6217000010000000001"
    payer_bank: str = "105100000017"
    """CNAPS number or BIC."""
    memo: str = ""


def pay_in(bank: Bank, incoming: Incoming, now_ms: int) -> Entry:
    """Credit the account and tell the platform. Raises: ValueError, and nothing has moved."""
    account = account_named(bank.books, bank.profile, incoming.account)
    if account is None or account.kind == "settlement":
        raise ValueError(f"there is no account {incoming.account}")
    if account.status != "open":
        raise ValueError(f"the account {incoming.account} is {account.status}")
    if incoming.amount <= 0:
        raise ValueError("amount must be above zero")
    with bank.books.atomically():
        if account.kind == "virtual":
            keep_account(bank.books, account)
        entry_id = move(
            bank.books,
            Movement(
                kind="incoming",
                debit=settlement(account.currency),
                credit=account.number,
                payer=Party(incoming.payer_account, incoming.payer_name, incoming.payer_bank),
                payee=Party(account.number, account.name, bank.profile.bank.clearing_number),
                amount=incoming.amount,
                memo=incoming.memo,
                reference=f"{beijing(now_ms, '%Y%m%d')}{bank.books.series}{secrets.randbelow(10**10):010d}",
            ),
            now_ms,
        )
        entry = entry_of(bank.books, entry_id)
        notify(bank, entry, now_ms)
    return entry
