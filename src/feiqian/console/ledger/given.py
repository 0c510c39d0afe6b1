"""What people write into the addresses of the ledger's pages."""

from datetime import date, datetime
from typing import Annotated

from litestar.params import QueryParameter

from feiqian.kernel.calendar import ZONE, end_of, start_of
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger import Booked

YEAR_FIRST, YEAR_LAST = 1900, 9998

Text = Annotated[str | None, QueryParameter(max_length=200)]
From = Annotated[date | None, QueryParameter(name="from")]
To = Annotated[date | None, QueryParameter(name="to")]
Amount = Annotated[int | None, QueryParameter(ge=0)]


def moment_of(text: str, field: str) -> datetime:
    """``2026-03-01 09:00:00``, in the house's zone where none is said.

    Raises: InvalidRequest.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(field=field, reason="must look like 2026-03-01 09:00:00") from error
    _check_reach(moment.date(), field)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def day_of(text: str, field: str) -> date:
    """``2026-03-01``. Raises: InvalidRequest."""
    try:
        return _check_reach(date.fromisoformat(text), field)
    except ValueError as error:
        raise InvalidRequest(field=field, reason="must look like 2026-03-01") from error


def booked_between(first: date | None, last: date | None, *, now: datetime) -> Booked:
    """What was booked from the start of one day to the end of another; open ends reach to the beginning and to now.

    Raises: InvalidRequest.
    """
    return Booked(
        since=start_of(_check_reach(first, "from")) if first else None,
        until=end_of(_check_reach(last, "to")) if last else now,
    )


def _check_reach(day: date, field: str) -> date:
    """Days at the edge of the calendar have no moment in every zone."""
    if not YEAR_FIRST <= day.year <= YEAR_LAST:
        raise InvalidRequest(field=field, reason=f"must be in the years {YEAR_FIRST} to {YEAR_LAST}")
    return day
