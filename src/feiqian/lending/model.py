"""Values of lending: products, funders, loans, what is owed, refusals."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal

LENDING_CURRENCY = "CNY"
"""Loans are in yuan."""
DEFAULT_PRODUCT = "merchant_flow"
"""The code of the product that is drawn when none is named."""


class DayCount(StrEnum):
    """How the yearly interest is divided into days."""

    ACT_365 = "ACT/365"
    """Every calendar day bears 1/365 of it, in leap years too (ISDA: Actual/365 Fixed)."""

    @property
    def days(self) -> int:
        """The divisor."""
        return 365


class LoanState(StrEnum):
    """Where a loan stands: active -> overdue -> repaid, or active -> repaid. Nothing leaves ``repaid``."""

    ACTIVE = "active"
    """Owed and not overdue. Ends when all is paid, or when the close of the due date finds principal unpaid."""
    OVERDUE = "overdue"
    """Principal stood at the close of the due date and bears the penalty rate from then on. Ends when all is paid."""
    REPAID = "repaid"
    """All is paid, interest through the day before ``repaid_on`` included; nothing accrues any more."""


class RepaymentSource(StrEnum):
    """Who asked for a repayment."""

    SETTLEMENT = "settlement"
    """The set share of a settlement, taken by the house."""
    MERCHANT = "merchant"
    """The merchant itself, under a repayment number."""


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """Terms of lending from a date on; a loan copies those of the day it is drawn on."""

    code: str
    valid_from: date
    name_chinese: str
    name_english: str
    annual_rate: Decimal
    """A part of one: ``0.1095`` is 10.95 % a year."""
    penalty_rate: Decimal
    """In place of the annual rate from the due date on."""
    day_count: DayCount
    term_days: int
    """Days that bear the annual rate: the due date is the date of the draw plus these."""
    repayment_share: Decimal
    """Of each settlement, while anything is owed."""
    amount_min: int
    """Smallest draw, fen."""


class Funder(msgspec.Struct, frozen=True, kw_only=True):
    """Who lends. ``funder_no`` owns its ledger accounts."""

    funder_no: str
    name: str
    created_at: datetime


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a funder put in."""

    funder_no: str
    deposit_no: str
    currency: str
    amount: int
    deposited_at: datetime


class Loan(msgspec.Struct, frozen=True, kw_only=True):
    """A draw with its terms, as lending.loan keeps it. What is owed is in the ledger."""

    id: UUID
    platform: UUID
    loan_no: str
    merchant: UUID
    funder_no: str
    currency: str
    principal: int
    """As drawn."""
    product: str
    annual_rate: Decimal
    penalty_rate: Decimal
    day_count: DayCount
    repayment_share: Decimal
    drawn_at: datetime
    drawn_on: date
    due_on: date
    decision: UUID
    """The credit decision it was drawn under."""
    line_limit: int
    """That decision's limit."""
    state: LoanState
    accrued_through: date | None
    """Last day whose interest is posted; None before the first."""
    interest_numerator: Decimal
    """Exact interest through that day, a whole number of fen / (days of the year x 10^8); beyond 64 bits."""
    penalty_numerator: Decimal
    """Exact penalty interest, likewise."""
    repaid_on: date | None


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed, or a payment divided in the same way; minor units."""

    penalty: int = 0
    interest: int = 0
    principal: int = 0

    @property
    def total(self) -> int:
        return self.penalty + self.interest + self.principal


class Repayment(msgspec.Struct, frozen=True, kw_only=True):
    """What a repayment asked for by the merchant did."""

    id: UUID
    loan: UUID
    repayment_no: str
    amount: int
    """The most that it might take."""
    paid: Debt
    """What it took: never more than was owed."""
    repaid_at: datetime


class AccrualResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one business date earned, as the ledger has it; minor units."""

    day: date
    interest: int
    penalty: int
    loans: int
    """Loans on which interest or penalty interest of that day was posted."""


class LendingRefusal(Refusal):
    """A request to lending was refused; nothing moved."""


class ProductUnknown(LendingRefusal):
    """No terms of that product are valid on the day."""

    code = "loan_product_unknown"
    status = 422
    english = "The loan product {product} has no terms on {day}."
    chinese = "{day} 没有有效的贷款产品 {product}。"


class NoCreditLine(LendingRefusal):
    """The merchant has no line in force: never applied, not approved, or expired."""

    code = "no_credit_line"
    english = "The merchant has no credit line in force. Apply for one first."
    chinese = "该商户没有有效的授信额度，请先申请。"


class OverCreditLine(LendingRefusal):
    """The draw is more than the line has left. ``available`` fen are left of ``limit``."""

    code = "over_credit_line"
    english = "The draw of {amount} fen is above the {available} left of the line of {limit}. Draw less or repay first."
    chinese = "支用金额 {amount} 超过可用额度 {available}（总额度 {limit}，单位：分），请减少金额或先还款。"


class DrawTooSmall(LendingRefusal):
    """The draw is below the product's smallest amount."""

    code = "draw_too_small"
    status = 422
    english = "The draw of {amount} is below the smallest of {amount_min} fen."
    chinese = "支用金额 {amount} 低于最低金额 {amount_min} 分。"


class BorrowerOverdue(LendingRefusal):
    """The merchant has a loan that should have been repaid."""

    code = "borrower_overdue"
    english = "Loan {loan_no} was due on {due_on}. Repay it before drawing again."
    chinese = "借款 {loan_no} 已于 {due_on} 到期未还，请先还款再支用。"


class LoanRepaid(LendingRefusal):
    """The loan owes nothing."""

    code = "loan_repaid"
    english = "Loan {loan_no} was repaid on {repaid_on}; nothing is owed."
    chinese = "借款 {loan_no} 已于 {repaid_on} 还清，无需再还。"
