"""`feiqian ledger verify`: every balance recomputed from the entries and legs alone."""

from feiqian.infra.database import Transaction
from feiqian.infra.invariants import Finding, check
from feiqian.ledger.invariants import INVARIANTS


async def verify(tx: Transaction) -> list[Finding]:
    """Check every invariant of the ledger over the whole history. A sound ledger has no violations."""
    return await check(tx, domain="ledger", invariants=INVARIANTS)
