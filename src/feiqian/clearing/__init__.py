"""Clearing: trade of day T becomes money to spend on T+1.

Owns closed days and settlements. A day is closed once, in order, after its end; each merchant's settlement is one
ledger transaction, published as ``MerchantSettled`` inside the same database transaction.

Invariants (``INVARIANTS``): settlements equal the ledger's; a closed day is the sum of its settlements.
"""

from feiqian.clearing.events import MerchantSettled
from feiqian.clearing.invariants import INVARIANTS
from feiqian.clearing.model import ClosedDay, DayNotOver, DayOutOfOrder, Settlement
from feiqian.clearing.operations import close_day
from feiqian.clearing.store import newest_day, settled_by_day, total_settled

__all__ = [
    "INVARIANTS",
    "ClosedDay",
    "DayNotOver",
    "DayOutOfOrder",
    "MerchantSettled",
    "Settlement",
    "close_day",
    "newest_day",
    "settled_by_day",
    "total_settled",
]
