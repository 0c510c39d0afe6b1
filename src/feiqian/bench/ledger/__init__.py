"""How fast the ledger is: batches in process, single calls over HTTP, statements, verification, beside others."""

from feiqian.bench.ledger.batches import ScenarioResult
from feiqian.bench.ledger.run import LedgerResult, LedgerTerms, bench_ledger

__all__ = ["LedgerResult", "LedgerTerms", "ScenarioResult", "bench_ledger"]
