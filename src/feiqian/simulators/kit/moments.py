"""Moments as the books keep them: whole milliseconds since 1970, shown to merchants in Beijing time."""

from datetime import UTC, datetime

from feiqian.kernel.calendar import ZONE


def to_ms(moment: datetime) -> int:
    """An aware moment as milliseconds since 1970-01-01T00:00Z."""
    return round(moment.timestamp() * 1000)


def from_ms(moment_ms: int) -> datetime:
    """The aware moment, in UTC."""
    return datetime.fromtimestamp(moment_ms / 1000, UTC)


def rfc3339(moment_ms: int) -> str:
    """In Beijing time, whole seconds: ``2018-06-08T10:34:56+08:00``."""
    return datetime.fromtimestamp(moment_ms // 1000, ZONE).isoformat()


def beijing(moment_ms: int, layout: str) -> str:
    """A moment in Beijing time by a strftime layout: bills and numbers that contain a date."""
    return datetime.fromtimestamp(moment_ms // 1000, ZONE).strftime(layout)
