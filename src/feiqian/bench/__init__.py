"""Measuring, from outside: programs are started as a user would, driven over HTTP, and their processor time read.

``ledger`` posts batches and single calls; ``payments`` drives create -> callback -> posted; ``replay`` tells the days of an
orders file; ``routing`` decides in process, for a decision asks nobody.
"""

from feiqian.bench.ledger import LedgerResult, LedgerTerms, ScenarioResult, bench_ledger
from feiqian.bench.payments import PaymentsResult, bench_payments
from feiqian.bench.processes import BenchFailed
from feiqian.bench.replay import ReplayResult, bench_replay
from feiqian.bench.routing import RoutingResult, RoutingScenario, bench_routing

__all__ = [
    "BenchFailed",
    "LedgerResult",
    "LedgerTerms",
    "PaymentsResult",
    "ReplayResult",
    "RoutingResult",
    "RoutingScenario",
    "ScenarioResult",
    "bench_ledger",
    "bench_payments",
    "bench_replay",
    "bench_routing",
]
