"""Values of the ledger: accounts, legs, transactions, entries, refusals."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import derived_id
from feiqian.ledger.chart import CHART, AccountCode, Side

PLATFORM_BOOK = "platform"
"""The operator's own book: everybody's money that it holds."""


def funder_book(funder_no: str) -> str:
    """The book of one funder."""
    return f"funder:{funder_no}"


class AccountRef(msgspec.Struct, frozen=True):
    """The natural name of an account. Its id is derived from it, so that postings need no look-up."""

    book: str
    code: AccountCode
    owner: str
    currency: str

    @property
    def id(self) -> UUID:
        return derived_id("account", self.book, self.code.value, self.owner, self.currency)


class Leg(msgspec.Struct, frozen=True):
    """One movement: ``amount`` > 0 minor units from one account's debit to another's credit, in one book and currency."""

    debit: AccountRef
    credit: AccountRef
    amount: int


class NewTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks to post. ``id`` is the idempotency key: the same id with the same content changes nothing."""

    id: UUID
    kind: str
    """What happened, for statements and vouchers: payment, refund, settlement, loan_draw …"""
    legs: tuple[Leg, ...]
    business_date: date
    """The day it belongs to in the books."""
    effective_at: datetime
    """When it happened outside; booked_at says when we learned of it."""
    reference: str = ""
    """What it is about, in the outside form of that object's id."""
    memo: str = ""
    reverses: UUID | None = None
    """The transaction that this one takes back."""


class Outcome(StrEnum):
    """What became of a transaction in a batch."""

    POSTED = "posted"
    """It moved the balances now."""
    EXISTS = "exists"
    """The same content was posted before under this id; nothing moved now."""
    REFUSED = "refused"
    """Nothing moved; the refusal says why."""


class Result(msgspec.Struct, frozen=True):
    """Outcome of one transaction, in the order asked."""

    id: UUID
    outcome: Outcome
    refusal: Refusal | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.account."""

    id: UUID
    book: str
    code: AccountCode
    owner: str
    currency: str
    debits: int
    credits: int
    sequence: int

    @property
    def ref(self) -> AccountRef:
        return AccountRef(self.book, self.code, self.owner, self.currency)

    @property
    def balance(self) -> int:
        """In the account's own direction: positive is normal."""
        net = self.debits - self.credits
        return net if CHART[self.code].side is Side.DEBIT else -net


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's owner sees of a transaction. Immutable."""

    account: UUID
    sequence: int
    """1, 2, 3 … without gaps in each account."""
    transaction: UUID
    amount: int
    """Signed in the account's own direction: positive raises the balance."""
    balance: int
    """After this entry."""
    business_date: date


class PostedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.transaction with its legs."""

    id: UUID
    kind: str
    business_date: date
    effective_at: datetime
    booked_at: datetime
    reference: str
    memo: str
    reverses: UUID | None
    debits: tuple[UUID, ...]
    credits: tuple[UUID, ...]
    amounts: tuple[int, ...]


class LedgerRefusal(Refusal):
    """A transaction was refused; nothing moved."""

    status = 409


class NoLegs(LedgerRefusal):
    """A transaction must move something."""

    code = "no_legs"
    status = 422
    english = "A transaction needs at least one leg."
    chinese = "交易至少需要一条分录。"


class AmountInvalid(LedgerRefusal):
    """A leg's amount is not 1 … 10^15."""

    code = "amount_invalid"
    status = 422
    english = "The amount {amount} is not between 1 and {limit} minor units."
    chinese = "金额 {amount} 必须在 1 到 {limit} 之间（最小货币单位）。"


class SameAccount(LedgerRefusal):
    """Debit and credit of a leg are one account."""

    code = "same_account"
    status = 422
    english = "A leg cannot debit and credit the same account."
    chinese = "同一分录的借贷不能是同一账户。"


class CurrencyMismatch(LedgerRefusal):
    """The two accounts of a leg differ in currency."""

    code = "currency_mismatch"
    status = 422
    english = "The accounts of a leg are in {first} and {second}; use one currency."
    chinese = "分录两端币种分别为 {first} 与 {second}，必须一致。"


class BookMismatch(LedgerRefusal):
    """The two accounts of a leg belong to different books."""

    code = "book_mismatch"
    status = 422
    english = "The accounts of a leg are in the books {first} and {second}; each book must balance by itself."
    chinese = "分录两端属于不同账套 {first} 与 {second}，每个账套必须自平。"


class ExistsWithDifferent(LedgerRefusal):
    """The id was posted before with other content."""

    code = "exists_with_different_content"
    english = "Transaction {id} was posted before with a different {field}."
    chinese = "交易 {id} 已入账，但 {field} 不同。"


class InsufficientFunds(LedgerRefusal):
    """An account that may not be overdrawn would be."""

    code = "insufficient_funds"
    english = "{account} has {available} minor units available, {needed} are needed."
    chinese = "账户 {account} 可用 {available}，需要 {needed}。"
    retryable = True


class CounterOverflow(LedgerRefusal):
    """A counter would leave 63 bits."""

    code = "counter_overflow"
    english = "{account} cannot hold more; close it and open another."
    chinese = "账户 {account} 计数器已达上限，请更换账户。"
