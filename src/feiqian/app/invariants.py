"""Every domain's standing invariants, checked together."""

from feiqian import clearing, credit, finance, lending, payments, reconciliation
from feiqian.infra.database import Transaction
from feiqian.infra.invariants import Finding, check
from feiqian.ledger import verify

DOMAINS = {
    "payments": payments.INVARIANTS,
    "clearing": clearing.INVARIANTS,
    "reconciliation": reconciliation.INVARIANTS,
    "finance": finance.INVARIANTS,
    "credit": credit.INVARIANTS,
    "lending": lending.INVARIANTS,
}


async def check_all(tx: Transaction) -> list[Finding]:
    """The ledger's first, for all the others read it."""
    findings = await verify(tx)
    for domain, invariants in DOMAINS.items():
        findings += await check(tx, domain=domain, invariants=invariants)
    return findings
