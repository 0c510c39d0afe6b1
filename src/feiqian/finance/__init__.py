"""Finance: the accountants' view of the ledger.

Owns vouchers (记账凭证) and their numbers. For every business date that is over there is one voucher for each book,
kind of ledger transaction and currency; its lines are the sums by subject, debits first. A voucher is written once;
facts that reach the ledger after their date was written get supplementary vouchers. Balances are not kept: the trial
balance is computed from voucher lines and laid beside the ledger's own closing.

Invariants (``INVARIANTS``): every voucher balances; numbers have no gaps within a book's month; the voucher lines of
every date equal the ledger, subject by subject.
"""

from feiqian.finance.invariants import INVARIANTS
from feiqian.finance.model import (
    Book,
    DayNotOver,
    DayVouchers,
    LedgerContradictsVouchers,
    Month,
    TrialBalance,
    TrialBalanceRow,
    TrialBalanceTotals,
    Voucher,
    VoucherDocument,
    VoucherKey,
    VoucherLine,
)
from feiqian.finance.operations import write_day
from feiqian.finance.queries import (
    books,
    count_vouchers,
    months,
    trial_balance,
    voucher,
    vouchers,
    written_through,
)

__all__ = [
    "INVARIANTS",
    "Book",
    "DayNotOver",
    "DayVouchers",
    "LedgerContradictsVouchers",
    "Month",
    "TrialBalance",
    "TrialBalanceRow",
    "TrialBalanceTotals",
    "Voucher",
    "VoucherDocument",
    "VoucherKey",
    "VoucherLine",
    "books",
    "count_vouchers",
    "months",
    "trial_balance",
    "voucher",
    "vouchers",
    "write_day",
    "written_through",
]
