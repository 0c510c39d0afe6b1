"""`feiqian ledger verify`: every balance recomputed from the entries and legs alone."""

from feiqian.infra.database import Transaction
from feiqian.infra.invariants import Finding, check
from feiqian.ledger.chart import CHART, Overdraft, Side
from feiqian.ledger.invariants import INVARIANTS

PARAMETERS = {
    "debit_codes": [code.value for code, subject in CHART.items() if subject.side is Side.DEBIT],
    "covered_codes": [code.value for code, subject in CHART.items() if subject.overdraft is Overdraft.NONE],
}
"""What the invariants need to know of the chart."""


async def verify(tx: Transaction) -> list[Finding]:
    """Check every invariant of the ledger over the whole history. A sound ledger has no violations."""
    return await check(tx, domain="ledger", invariants=INVARIANTS, parameters=PARAMETERS)
