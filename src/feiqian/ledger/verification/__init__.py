"""Verification: balances, counters, sequences and seals recomputed from the legs alone, and the rows at fault named."""

from feiqian.ledger.verification.model import Fault, Progress, Rule
from feiqian.ledger.verification.operations import Verified, verify, verify_all

__all__ = ["Fault", "Progress", "Rule", "Verified", "verify", "verify_all"]
