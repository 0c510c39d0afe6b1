"""What people write into the addresses of the ledger's pages."""

from datetime import date, datetime
from typing import Annotated

from litestar.params import QueryParameter

from feiqian.kernel.calendar import ZONE, end_of, start_of
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger import Booked

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
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def day_of(text: str, field: str) -> date:
    """``2026-03-01``. Raises: InvalidRequest."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(field=field, reason="must look like 2026-03-01") from error


def booked_between(first: date | None, last: date | None, *, now: datetime) -> Booked:
    """What was booked from the start of one day to the end of another; open ends reach to the beginning and to now."""
    return Booked(since=start_of(first) if first else None, until=end_of(last) if last else now)
