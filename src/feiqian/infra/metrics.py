"""Counters and timings for Prometheus, at /metrics."""

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
