"""When a notification is sent again, and when an endpoint is given up: rules as data."""

from datetime import datetime, timedelta

MINUTE_S = 60
HOUR_S = 3_600

RETRY_AFTER_S = (
    5, 30, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 20 * MINUTE_S, 30 * MINUTE_S,
    1 * HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 4 * HOUR_S, 6 * HOUR_S, 8 * HOUR_S, 10 * HOUR_S, 12 * HOUR_S,
)  # fmt: skip
"""The pause after each failed attempt: sixteen attempts in 47 hours and some minutes."""
ATTEMPTS_MAX = len(RETRY_AFTER_S) + 1

DISABLED_AFTER_EVENTS = 3
"""An endpoint is disabled once so many events in a row were given up …"""
DISABLED_AFTER = timedelta(days=3)
"""… and nothing was taken for so long."""

ROTATION_OVERLAP = timedelta(hours=24)
"""How long the secret before goes on signing beside the new one."""


def next_attempt(now: datetime, made: int) -> datetime | None:
    """When to try again after ``made`` attempts that failed; None when the last was made."""
    return now + timedelta(seconds=RETRY_AFTER_S[made - 1]) if made < ATTEMPTS_MAX else None
