"""Lending: funders' money drawn by merchants on their credit lines, repaid out of their trade.

Owns products (terms by date; a loan copies those of its day), funders and their deposits, loans and repayments. What
is owed is on the ledger accounts that a loan's id owns, in the funder's book; a loan's row keeps its terms, its state
and the exact interest from which the posted one is rounded. A draw, a repayment, a deposit moves the platform's book
and the funder's book in one transaction.

States of a loan: active -> overdue -> repaid, or active -> repaid (``LoanState``). The rules of interest are in
``rules``. ``repay_from_settlement`` is subscribed to clearing.MerchantSettled by the wiring.

Invariants (``INVARIANTS``): the ledger shows every loan as drawn; the interest posted is the exact interest, recomputed
from the principal's entries, rounded; a repaid loan owes nothing and an open one something; no draw went over its line;
funders' capital is their deposits; no repayment took more than it might.
"""

from feiqian.lending.invariants import INVARIANTS
from feiqian.lending.model import (
    DEFAULT_PRODUCT,
    LENDING_CURRENCY,
    AccrualResult,
    BorrowerOverdue,
    DayCount,
    Debt,
    Deposit,
    DrawTooSmall,
    Funder,
    Loan,
    LoanRepaid,
    LoanState,
    NoCreditLine,
    OverCreditLine,
    Product,
    ProductUnknown,
    Repayment,
)
from feiqian.lending.operations import (
    accrue_day,
    deposit,
    draw,
    publish_product,
    register_funder,
    repay,
    repay_from_settlement,
)
from feiqian.lending.queries import (
    FunderView,
    LendingTotals,
    LoanMovement,
    LoanPosition,
    LoanTotals,
    debts,
    funder_of_no,
    funders,
    lending_totals,
    loan_movements,
    loan_of_id,
    loan_totals,
    loan_transactions,
    loans,
    repaid_on,
)
from feiqian.lending.views import DecisionView, LoanView, ReasonView, show_decision, show_loan

__all__ = [
    "DEFAULT_PRODUCT",
    "INVARIANTS",
    "LENDING_CURRENCY",
    "AccrualResult",
    "BorrowerOverdue",
    "DayCount",
    "Debt",
    "DecisionView",
    "Deposit",
    "DrawTooSmall",
    "Funder",
    "FunderView",
    "LendingTotals",
    "Loan",
    "LoanMovement",
    "LoanPosition",
    "LoanRepaid",
    "LoanState",
    "LoanTotals",
    "LoanView",
    "NoCreditLine",
    "OverCreditLine",
    "Product",
    "ProductUnknown",
    "ReasonView",
    "Repayment",
    "accrue_day",
    "debts",
    "deposit",
    "draw",
    "funder_of_no",
    "funders",
    "lending_totals",
    "loan_movements",
    "loan_of_id",
    "loan_totals",
    "loan_transactions",
    "loans",
    "publish_product",
    "register_funder",
    "repaid_on",
    "repay",
    "repay_from_settlement",
    "show_decision",
    "show_loan",
]
