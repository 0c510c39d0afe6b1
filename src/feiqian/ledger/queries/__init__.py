"""Reads of the ledger for other domains and the faces."""

from feiqian.ledger.queries.accounts import accounts_named, balances
from feiqian.ledger.queries.statements import StatementLine, closing_balances, statement
from feiqian.ledger.queries.totals import (
    CodeBalance,
    CodeTotal,
    DayTotal,
    OwnerBalance,
    balances_at_close,
    balances_by_owner,
    code_balances,
    code_totals,
    day_totals,
)
from feiqian.ledger.queries.transactions import count_transactions, first_business_date, transactions

__all__ = [
    "CodeBalance",
    "CodeTotal",
    "DayTotal",
    "OwnerBalance",
    "StatementLine",
    "accounts_named",
    "balances",
    "balances_at_close",
    "balances_by_owner",
    "closing_balances",
    "code_balances",
    "code_totals",
    "count_transactions",
    "day_totals",
    "first_business_date",
    "statement",
    "transactions",
]
