"""Counters and timings for Prometheus, at /metrics."""

import time
from typing import Any

from litestar import Litestar
from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Histogram(
    "feiqian_http_request_seconds",
    "Time to answer a request, by handler and status.",
    ["handler", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
NOTICES = Counter(
    "feiqian_notices_total", "Channel callbacks, by what became of them.", ["channel", "outcome"]
)
CHANNEL_CALLS = Histogram(
    "feiqian_channel_call_seconds",
    "Time of a call to a channel that was made for a payment, by connection, method and outcome.",
    ["channel", "method", "outcome"],
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CHANNEL_BREAKERS = Gauge(
    "feiqian_channel_breaker_open",
    "1 while a connection takes no new payments because it fails.",
    ["channel"],
)
JOBS = Counter("feiqian_jobs_total", "Jobs worked off, by name and outcome.", ["job", "outcome"])
DAYS = Counter(
    "feiqian_day_steps_total", "Steps of the day's close, by step and outcome.", ["step", "outcome"]
)
WEBHOOK_ATTEMPTS = Counter(
    "feiqian_webhook_attempts_total",
    "Attempts to deliver an event to a platform: delivered, refused, timed_out or unreachable.",
    ["outcome"],
)
WEBHOOK_SECONDS = Histogram(
    "feiqian_webhook_attempt_seconds",
    "Time that platforms took to answer an event.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)
WEBHOOK_PENDING = Gauge(
    "feiqian_webhook_pending", "Events that wait to be delivered, counted once for each endpoint."
)
WEBHOOK_PENDING_AGE = Gauge(
    "feiqian_webhook_pending_age_seconds", "How long ago the oldest of them happened; 0 when none waits."
)
LEDGER_TRANSACTIONS = Counter(
    "feiqian_ledger_transactions_total",
    "Transactions that the ledger decided: posted, exists, or the code of the refusal.",
    ["outcome"],
)
LEDGER_BATCH = Histogram(
    "feiqian_ledger_batch_transactions",
    "Transactions in one call of the ledger.",
    buckets=(1, 3, 10, 30, 100, 300, 1_000, 3_000, 8_000),
)
LEDGER_SECONDS = Histogram(
    "feiqian_ledger_batch_seconds",
    "Time of one call of the ledger, without the commit.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
LEDGER_HOLDS_EXPIRED = Counter(
    "feiqian_ledger_holds_expired_total", "Holds whose time was over and whose rest was let go."
)
INVARIANT_VIOLATIONS = Gauge(
    "feiqian_invariant_violations",
    "Rows that break a standing invariant, by the last check.",
    ["domain", "name"],
)
INVARIANTS_CHECKED = Gauge(
    "feiqian_invariants_checked_timestamp_seconds",
    "When the standing invariants were checked last (Unix time).",
)
INVARIANTS_CHECK_SECONDS = Gauge(
    "feiqian_invariants_check_seconds", "How long the last check of the standing invariants took."
)
CONNECTION_USABLE = Gauge(
    "feiqian_connection_usable",
    "1 where a connection that is active or paused can be used in this process, 0 where its credentials do not open.",
    ["channel"],
)
CONNECTION_EXPIRES = Gauge(
    "feiqian_connection_expiry_timestamp_seconds",
    "When the first certificate of a connection's credentials in force expires (Unix time).",
    ["channel"],
)


class Timed:
    """An application whose answers are timed by the handler's path and the status."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begun = time.perf_counter()
        try:
            await self._app(scope, receive, noted)
        finally:
            # The router leaves the template; a path that is nobody's has none, so strangers cannot add series.
            handler = scope.get("path_template", "")
            REQUESTS.labels(handler=handler, status=str(status)).observe(time.perf_counter() - begun)
