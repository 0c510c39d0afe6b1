"""The rules of comparing a day: what belongs to it, and what its lines say. Pure."""

from feiqian.reconciliation.rules.lines import LATE_DAYS, OurLines, ours_of, sort_ours, theirs_of
from feiqian.reconciliation.rules.matching import DAY_CUT, Terms, match_day

__all__ = [
    "DAY_CUT",
    "LATE_DAYS",
    "OurLines",
    "Terms",
    "match_day",
    "ours_of",
    "sort_ours",
    "theirs_of",
]
