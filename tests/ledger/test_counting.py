"""The ledger's metrics: what was decided, by outcome, and how large the batches were."""

import pytest
from prometheus_client import REGISTRY

from feiqian.infra.database import Database
from feiqian.ledger import post
from tests.conftest import NOW
from tests.faults.orders import Batch

OUTCOMES = ("posted", "exists", "insufficient_funds", "linked_failed")


def counted() -> dict[str, float]:
    found = {
        outcome: REGISTRY.get_sample_value("feiqian_ledger_transactions_total", {"outcome": outcome}) or 0
        for outcome in OUTCOMES
    }
    for name in ("feiqian_ledger_batch_transactions", "feiqian_ledger_batch_seconds"):
        found[name] = REGISTRY.get_sample_value(f"{name}_count") or 0
    found["sum"] = REGISTRY.get_sample_value("feiqian_ledger_batch_transactions_sum") or 0
    return found


@pytest.mark.anyio
class TestTheLedgersMetrics:
    async def test_count_every_transaction_by_what_became_of_it(self, database: Database) -> None:
        transactions = Batch(0, 0).transactions()
        accepted = Batch(0, 0).expected().count("posted")
        before = counted()
        for _ in range(2):
            await database.run(lambda tx: post(tx, now=NOW, transactions=transactions))
        await database.run(lambda tx: post(tx, now=NOW, transactions=[]))
        assert {name: value - before[name] for name, value in counted().items()} == {
            "posted": accepted,
            "exists": accepted,
            "insufficient_funds": 4,
            "linked_failed": 2,
            "feiqian_ledger_batch_transactions": 2,
            "feiqian_ledger_batch_seconds": 2,
            "sum": 2 * len(transactions),
        }
