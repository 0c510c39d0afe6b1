"""The ledger: the one place that knows who has how much.

Owns accounts, transactions and entries. An account is named by (book, code, owner, currency) and opens on first use.
A transaction has legs, each one debit account, one credit account and an amount above zero, so it balances by
construction; it is posted whole or refused whole, under the caller's id, once. Entries are immutable and carry the
balance after them.

Invariants (``INVARIANTS``): counters equal entries; balances run; entries equal legs; every book balances; accounts
that must not be overdrawn are not.
"""

from feiqian.ledger.chart import CHART, AccountCode, Overdraft, Side, Subject
from feiqian.ledger.model import (
    PLATFORM_BOOK,
    Account,
    AccountRef,
    Action,
    Frozen,
    Hold,
    HoldState,
    Leg,
    NewTransaction,
    Outcome,
    PostedTransaction,
    Result,
    funder_book,
)
from feiqian.ledger.operations import expire_holds, lock, post, post_all
from feiqian.ledger.poster import OWN_BOOKS, Poster
from feiqian.ledger.queries import (
    CodeBalance,
    CodeTotal,
    DayTotal,
    OwnerBalance,
    StatementLine,
    accounts_named,
    balances,
    balances_at_close,
    balances_by_owner,
    closing_balances,
    code_balances,
    code_totals,
    count_transactions,
    day_totals,
    first_business_date,
    statement,
    transactions,
)
from feiqian.ledger.refusals import (
    PRECEDENCE,
    AccountUnknown,
    CurrencyMismatch,
    ExistsWithDifferent,
    HoldUnknown,
    InsufficientFunds,
    LedgerRefusal,
    LinkedFailed,
)
from feiqian.ledger.seals import Block, Sealed, SealState, seal, seal_all, seal_forever, seal_state
from feiqian.ledger.verification import verify
from feiqian.ledger.views import EntryView, show_entry

__all__ = [
    "CHART",
    "OWN_BOOKS",
    "PLATFORM_BOOK",
    "PRECEDENCE",
    "Account",
    "AccountCode",
    "AccountRef",
    "AccountUnknown",
    "Action",
    "Block",
    "CodeBalance",
    "CodeTotal",
    "CurrencyMismatch",
    "DayTotal",
    "EntryView",
    "ExistsWithDifferent",
    "Frozen",
    "Hold",
    "HoldState",
    "HoldUnknown",
    "InsufficientFunds",
    "LedgerRefusal",
    "Leg",
    "LinkedFailed",
    "NewTransaction",
    "Outcome",
    "Overdraft",
    "OwnerBalance",
    "PostedTransaction",
    "Poster",
    "Result",
    "SealState",
    "Sealed",
    "Side",
    "StatementLine",
    "Subject",
    "accounts_named",
    "balances",
    "balances_at_close",
    "balances_by_owner",
    "closing_balances",
    "code_balances",
    "code_totals",
    "count_transactions",
    "day_totals",
    "expire_holds",
    "first_business_date",
    "funder_book",
    "lock",
    "post",
    "post_all",
    "seal",
    "seal_all",
    "seal_forever",
    "seal_state",
    "show_entry",
    "statement",
    "transactions",
    "verify",
]
