"""What may be asked, fees, shares, what attempts come to, and when to ask a channel again. Pure."""

from feiqian.payments.rules.amounts import (
    REFUND_COUNT_MAX,
    check_hints,
    check_new,
    fee_of,
    left_to_refund,
    refuse_altered,
    shares_of,
    split_refund,
)
from feiqian.payments.rules.attempts import (
    CHOOSABLE,
    Verdict,
    difference,
    is_repeated,
    judge,
    new_attempt,
    payment_state,
    refuse_choice,
    standing_of,
    trade_no,
)
from feiqian.payments.rules.schedule import Pace, attempt_pace, next_check, refund_pace

__all__ = [
    "CHOOSABLE",
    "REFUND_COUNT_MAX",
    "Pace",
    "Verdict",
    "attempt_pace",
    "check_hints",
    "check_new",
    "difference",
    "fee_of",
    "is_repeated",
    "judge",
    "left_to_refund",
    "new_attempt",
    "next_check",
    "payment_state",
    "refund_pace",
    "refuse_altered",
    "refuse_choice",
    "shares_of",
    "split_refund",
    "standing_of",
    "trade_no",
]
