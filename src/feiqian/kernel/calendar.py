"""Business dates: the day, in the house's time zone, to which a fact belongs in the books."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of every business date: channels cut their day here (bills run 00:00–24:00 Beijing time)."""


def business_date(moment: datetime) -> date:
    """The date of a moment in the house's zone."""
    return moment.astimezone(ZONE).date()


def start_of(day: date) -> datetime:
    """The first moment of a business date, in UTC."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def end_of(day: date) -> datetime:
    """The first moment after a business date: periods are half open."""
    return start_of(day + timedelta(days=1))


def local(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock moment of a business date, in UTC."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def days(first: date, last: date) -> Iterator[date]:
    """Every date from first to last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
