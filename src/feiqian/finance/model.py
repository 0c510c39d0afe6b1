"""Values of finance: vouchers, their lines, the trial balance. Amounts are minor units."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import show_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """Either a debit or a credit of one subject."""

    code: AccountCode
    subject: str
    debit: int
    credit: int
    memo: str


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher that is about to get its number."""

    book: str
    day: date
    kind: str
    currency: str
    supplement: int
    """0 for the day's own voucher; 1, 2 … for facts that reached the ledger after it was written."""
    summary_chinese: str
    summary_english: str
    transactions: int
    lines: tuple[DraftLine, ...]

    @property
    def total(self) -> int:
        """Of its debits, equal to that of its credits."""
        return sum(line.debit for line in self.lines)


class WrittenTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What the vouchers of a day already say of one account code."""

    book: str
    kind: str
    currency: str
    code: AccountCode
    debit: int
    credit: int


class WrittenVouchers(msgspec.Struct, frozen=True, kw_only=True):
    """How often a day's facts of one kind have been vouchered, and how many transactions that covers."""

    book: str
    kind: str
    currency: str
    vouchers: int
    transactions: int


class CodeSum(msgspec.Struct, frozen=True, kw_only=True):
    """All voucher lines of one account code in one book."""

    book: str
    code: AccountCode
    currency: str
    debit: int
    credit: int


class DayVouchers(msgspec.Struct, frozen=True, kw_only=True):
    """Result of writing a day."""

    day: date
    count: int
    """Vouchers that carry this date, those written before included."""
    trial_balance_ok: bool
    """Everything vouchered so far equals the ledger's closing balances, subject by subject."""


class VoucherKey(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher's place in lists, newest first."""

    month: date
    sequence: int
    book: str


class Voucher(msgspec.Struct, frozen=True, kw_only=True):
    """A written voucher without its lines."""

    id: UUID
    book: str
    month: date
    sequence: int
    day: date
    kind: str
    currency: str
    supplement: int
    summary_chinese: str
    summary_english: str
    total: int
    transactions: int
    written_at: datetime
    lines: int

    @property
    def shown_id(self) -> str:
        return show_id("voucher", self.id)

    @property
    def number(self) -> str:
        """As accountants file it: ``记-2010-12-0001``; unique within its book."""
        return f"记-{self.month:%Y-%m}-{self.sequence:04d}"

    @property
    def key(self) -> VoucherKey:
        return VoucherKey(month=self.month, sequence=self.sequence, book=self.book)


class VoucherLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a voucher, with its subject's names."""

    line: int
    code: AccountCode
    subject: str
    subject_chinese: str
    subject_english: str
    debit: int
    credit: int
    memo: str


class VoucherDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher and its lines, debits first."""

    voucher: Voucher
    lines: Sequence[VoucherLine]


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A month of one book that has vouchers."""

    month: date
    book: str
    vouchers: int
    total: int
    """Sum over the vouchers; of all currencies, so meaningful where a book keeps one."""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """A set of books that has vouchers."""

    book: str

    @property
    def chinese(self) -> str:
        return "平台账套" if self.book == PLATFORM_BOOK else f"资金方账套 {self.book.partition(':')[2]}"

    @property
    def english(self) -> str:
        return (
            "The platform's book"
            if self.book == PLATFORM_BOOK
            else f"Book of funder {self.book.partition(':')[2]}"
        )


class SubjectTurnover(msgspec.Struct, frozen=True, kw_only=True):
    """What vouchers moved on an account code before and within a month, up to a date."""

    code: AccountCode
    opening_debit: int
    opening_credit: int
    debit: int
    credit: int


class TrialBalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One subject of a trial balance. Opening and closing stand net, on the side where they fall."""

    code: AccountCode
    subject: str
    subject_chinese: str
    subject_english: str
    opening_debit: int
    opening_credit: int
    debit: int
    credit: int
    closing_debit: int
    closing_credit: int
    ledger_closing: int
    """What the ledger itself says, signed in the subject's own direction."""
    agrees: bool


class TrialBalanceTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums of a trial balance; each pair of debit and credit is equal in sound books."""

    opening_debit: int
    opening_credit: int
    debit: int
    credit: int
    closing_debit: int
    closing_credit: int


class TrialBalance(msgspec.Struct, frozen=True, kw_only=True):
    """Opening of the month, month to date, closing; computed from vouchers and compared with the ledger."""

    day: date
    book: str
    currency: str
    written_through: date | None
    """A day after this one has no vouchers yet, and then the two cannot agree."""
    rows: Sequence[TrialBalanceRow]
    totals: TrialBalanceTotals
    agrees: bool
    """Every row equals the ledger, and every pair of totals is equal."""


class DayNotOver(Refusal):
    """Vouchers are written for whole days."""

    code = "day_not_over"
    english = "The business date {day} is not over; vouchers can be written from {from_day} on."
    chinese = "{day} 尚未结束，{from_day} 起方可生成凭证。"
    retryable = True


class LedgerContradictsVouchers(Refusal):
    """The ledger says less than vouchers that were written from it, or does not balance: history was changed."""

    code = "ledger_contradicts_vouchers"
    status = 500
    english = "The ledger of {day} ({book}, {kind}) contradicts its vouchers at {code}. Run `feiqian ledger verify`."
    chinese = "账本 {day}（{book}，{kind}）的 {code} 与已生成凭证矛盾，请运行 feiqian ledger verify。"
