"""Counters and timings for Prometheus, at /metrics."""

import time
from typing import Any

from litestar import Litestar
from prometheus_client import Counter, Histogram

REQUESTS = Histogram(
    "feiqian_http_request_seconds",
    "Time to answer a request, by handler and status.",
    ["handler", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
NOTICES = Counter(
    "feiqian_notices_total", "Channel callbacks, by what became of them.", ["channel", "outcome"]
)
JOBS = Counter("feiqian_jobs_total", "Jobs worked off, by name and outcome.", ["job", "outcome"])
DAYS = Counter(
    "feiqian_day_steps_total", "Steps of the day's close, by step and outcome.", ["step", "outcome"]
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
