"""Measuring, from outside: programs are started as a user would, driven over HTTP, and their processor time read.

``ledger`` posts batches and single calls; ``payments`` drives create -> callback -> posted; ``replay`` tells the days of an
orders file.
"""

from feiqian.bench.ledger import LedgerResult, LedgerTerms, ScenarioResult, bench_ledger
from feiqian.bench.payments import PaymentsResult, bench_payments
from feiqian.bench.processes import BenchFailed
from feiqian.bench.replay import ReplayResult, bench_replay

__all__ = [
    "BenchFailed",
    "LedgerResult",
    "LedgerTerms",
    "PaymentsResult",
    "ReplayResult",
    "ScenarioResult",
    "bench_ledger",
    "bench_payments",
    "bench_replay",
]
