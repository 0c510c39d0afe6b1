"""Where ``now`` comes from. Faces and jobs ask a clock once and pass the moment down."""

from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """Gives the present moment, aware, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own time, shifted for a sandbox that goes on where its story ended."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class ManualClock:
    """Stands still until it is told the time: stories and tests. Never goes back."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        return self._moment

    def advance_to(self, moment: datetime) -> None:
        """Move to ``moment``; an earlier one changes nothing."""
        self._moment = max(self._moment, moment.astimezone(UTC))
