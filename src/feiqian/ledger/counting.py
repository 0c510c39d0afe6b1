"""What the ledger does, as metrics: reckoned once a batch, so that a transaction costs nothing."""

from collections import Counter
from collections.abc import Sequence

from feiqian.infra.metrics import LEDGER_BATCH, LEDGER_SECONDS, LEDGER_TRANSACTIONS
from feiqian.ledger.model import Outcome, Result


def count_batch(results: Sequence[Result], took_s: float) -> None:
    """Count a decided batch. What the caller's transaction then rolls back was decided all the same."""
    if not results:
        return
    LEDGER_BATCH.observe(len(results))
    LEDGER_SECONDS.observe(took_s)
    outcomes = Counter([result.refusal.code for result in results if result.refusal is not None])
    outcomes["exists"] = [result.outcome for result in results].count(Outcome.EXISTS)
    outcomes["posted"] = len(results) - outcomes.total()
    for outcome, count in outcomes.items():
        if count:
            LEDGER_TRANSACTIONS.labels(outcome=outcome).inc(count)
