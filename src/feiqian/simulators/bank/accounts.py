"""Accounts and their entries: every movement of money debits one account and credits another."""

from datetime import date

import msgspec

from feiqian.kernel.calendar import business_date, start_of
from feiqian.simulators.bank.profile import Profile
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.moments import from_ms, to_ms

SETTLEMENT = "SETTLEMENT"
"""Stands for all other banks: what came from them less what went to them, negated."""

OPENED_MS = to_ms(start_of(date(2000, 1, 1)))
"""When the first balances were booked: before whatever a sandbox's clock tells."""


class Account(msgspec.Struct, frozen=True):
    """A row of ``accounts``; its columns are explained there."""

    number: str
    name: str
    kind: str
    parent: str | None
    currency: str
    status: str
    balance: int = 0
    reserved: int = 0
    notify_url: str = ""

    @property
    def available(self) -> int:
        return self.balance - self.reserved


class Entry(msgspec.Struct, frozen=True):
    """A row of ``entries``, with what its transfer says about itself."""

    id: int
    account: str
    virtual: str | None
    kind: str
    amount: int
    booked_at: int
    booked_on: str
    reference: str
    counter_name: str
    counter_account: str
    counter_bank: str
    memo: str
    transfer_id: int | None
    reason: str
    message_id: str | None = None
    payment_id: str | None = None
    instruction_id: str | None = None
    end_to_end_id: str | None = None
    front: str | None = None


class Party(msgspec.Struct, frozen=True):
    """One side of a movement as the other side's entry shows it."""

    account: str
    name: str
    bank: str


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of money: ``payer`` and ``payee`` as the entries name them."""

    kind: str
    debit: str
    """The account that is debited, or SETTLEMENT."""
    credit: str
    payer: Party
    payee: Party
    amount: int
    memo: str
    reference: str
    transfer_id: int | None = None
    reason: str = ""


ACCOUNT_COLUMNS = ", ".join(Account.__struct_fields__)
_ENTRY_COLUMNS = ", ".join(f"e.{name}" for name in Entry.__struct_fields__[:14])
_SELECT_ENTRIES = (
    f"SELECT {_ENTRY_COLUMNS}, t.message_id, t.payment_id, t.instruction_id, t.end_to_end_id, t.front"
    " FROM entries e LEFT JOIN transfers t ON t.id = e.transfer_id"
)


def open_accounts(books: Books, profile: Profile) -> None:
    """The accounts of the profile and the settlement accounts, the first time."""
    if books.row("SELECT 1 FROM accounts") is not None:
        return
    with books.atomically():
        for currency in sorted({account.currency for account in profile.accounts}):
            number = settlement(currency)
            keep_account(books, Account(number, "其他银行", SETTLEMENT.lower(), None, currency, "open"))
        for opened in profile.accounts:
            account = Account(opened.number, opened.name, opened.kind, None, opened.currency, opened.status)
            keep_account(books, account)
            if opened.balance:
                _pay_opening(books, profile, account, opened.balance)


def settlement(currency: str) -> str:
    """The settlement account of a currency."""
    return f"{SETTLEMENT}-{currency}"


def account_named(books: Books, profile: Profile, number: str) -> Account | None:
    """An account, also a virtual one that nobody used yet; None when there is no such number."""
    row = books.row(f"SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE number = ?", number)
    if row is not None:
        return Account(*row)
    if not profile.virtual.contains(number):
        return None
    parent = next(account for account in profile.accounts if account.kind == "corporate")
    return Account(number, parent.name, "virtual", parent.number, parent.currency, "open")


def accounts_of_platform(books: Books) -> list[Account]:
    """The corporate accounts and the virtual ones that were used, by number."""
    rows = books.rows(
        f"SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE kind IN ('corporate', 'virtual') ORDER BY number"
    )
    return [Account(*row) for row in rows]


def keep_account(books: Books, account: Account) -> None:
    """Open an account, or change name, status and notify_url of one. Only inside ``atomically``."""
    books.write(
        f"INSERT INTO accounts ({ACCOUNT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?) ON CONFLICT DO UPDATE SET"
        " name = excluded.name, status = excluded.status, notify_url = excluded.notify_url",
        account.number,
        account.name,
        account.kind,
        account.parent,
        account.currency,
        account.status,
        account.notify_url,
    )


def reserve(books: Books, number: str, amount: int) -> None:
    """Set an amount aside, or give it free when negative. Only inside ``atomically``."""
    books.write("UPDATE accounts SET reserved = reserved + ? WHERE number = ?", amount, number)


def move(books: Books, movement: Movement, now_ms: int) -> int:
    """Debit and credit; returns the id of the credit's entry. Only inside ``atomically``.

    A virtual account is credited together with its parent, whose entry names it.
    """
    payer, payee = movement.payer, movement.payee
    _enter(books, movement, now_ms, number=movement.debit, amount=-movement.amount, counter=payee)
    return _enter(books, movement, now_ms, number=movement.credit, amount=movement.amount, counter=payer)


def entry_of(books: Books, entry_id: int) -> Entry:
    """One entry. Raises: KeyError."""
    row = books.row(f"{_SELECT_ENTRIES} WHERE e.id = ?", entry_id)
    if row is None:
        raise KeyError(entry_id)
    return Entry(*row)


def entries_of(books: Books, account: Account, first: str, last: str) -> list[Entry]:
    """The entries of a period, both dates included, in the order in which they were booked."""
    column = "virtual" if account.kind == "virtual" else "account"
    rows = books.rows(
        f"{_SELECT_ENTRIES} WHERE e.{column} = ? AND e.amount <> 0 AND e.booked_on BETWEEN ? AND ?"
        " ORDER BY e.booked_on, e.id",
        account.number,
        first,
        last,
    )
    return [Entry(*row) for row in rows]


def balance_before(books: Books, account: Account, day: str) -> int:
    """The balance with which a date opened."""
    column = "virtual" if account.kind == "virtual" else "account"
    row = books.row(
        f"SELECT coalesce(sum(amount), 0) FROM entries WHERE {column} = ? AND booked_on < ?",
        account.number,
        day,
    )
    assert row is not None, "a sum always has a row"
    return row[0]


def _enter(books: Books, movement: Movement, now_ms: int, *, number: str, amount: int, counter: Party) -> int:
    row = books.row(f"SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE number = ?", number)
    assert row is not None, "accounts are opened before money moves on them"
    account = Account(*row)
    books.write("UPDATE accounts SET balance = balance + ? WHERE number = ?", amount, number)
    virtual = None
    if account.parent is not None:
        virtual, number = number, account.parent
        books.write("UPDATE accounts SET balance = balance + ? WHERE number = ?", amount, number)
    return books.write(
        "INSERT INTO entries (account, virtual, kind, amount, booked_at, booked_on, reference, counter_name,"
        " counter_account, counter_bank, memo, transfer_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        number,
        virtual,
        movement.kind,
        amount,
        now_ms,
        business_date(from_ms(now_ms)).isoformat(),
        movement.reference,
        counter.name,
        counter.account,
        counter.bank,
        movement.memo,
        movement.transfer_id,
        movement.reason,
    )


def _pay_opening(books: Books, profile: Profile, account: Account, balance: int) -> None:
    move(
        books,
        Movement(
            kind="opening",
            debit=settlement(account.currency),
            credit=account.number,
            payer=Party("", "其他银行", ""),
            payee=Party(account.number, account.name, profile.bank.clearing_number),
            amount=balance,
            memo="期初余额",
            reference=f"OPEN{account.number}",
        ),
        OPENED_MS,
    )
