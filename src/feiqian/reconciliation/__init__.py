"""Reconciliation: our books against the channels' bills, line by line, both ways.

Owns compared days, their runs and items, and confirmations. A day is balanced, has differences, or failed because
its bill was missing or damaged. A line near midnight whose other side is missing is carried over to the neighbouring
day; what is not found there is unexplained, and what is unexplained is listed until both sides agree. What a bill
newly confirms is settled in the ledger in the same transaction: the channel's net to the bank, its fee to cost.

A balanced day is final. Running any other again replaces its result and keeps the earlier runs; nothing is settled
twice, because a movement is confirmed once.

Invariants (``INVARIANTS``): every bill line is in exactly one item; none of ours is in two; explained lines have one
amount; settlements equal the lines confirmed with them.
"""

from feiqian.reconciliation.invariants import INVARIANTS
from feiqian.reconciliation.model import (
    UNEXPLAINED,
    BillOfOtherDay,
    DayKey,
    DayNotOver,
    DayState,
    Note,
    ReconciledDay,
    ReconciledItem,
    Status,
    StatusTotal,
    Totals,
)
from feiqian.reconciliation.operations import reconcile_day, record_failure
from feiqian.reconciliation.queries import items, reconciled_day, reconciled_days, require_day, totals
from feiqian.reconciliation.wording import WORDING

__all__ = [
    "INVARIANTS",
    "UNEXPLAINED",
    "WORDING",
    "BillOfOtherDay",
    "DayKey",
    "DayNotOver",
    "DayState",
    "Note",
    "ReconciledDay",
    "ReconciledItem",
    "Status",
    "StatusTotal",
    "Totals",
    "items",
    "reconcile_day",
    "reconciled_day",
    "reconciled_days",
    "record_failure",
    "require_day",
    "totals",
]
