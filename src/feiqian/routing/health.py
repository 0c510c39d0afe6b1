"""How connections did lately, and who is out because of it: kept in memory, told the time, no I/O.

A breaker is *closed* while a connection answers; too many faults *open* it: it takes no new payments. When its time
is over it is *half open*: a harmless call (``Channel.probe``) decides whether it closes or opens again for twice as
long, so that no buyer's payment is the experiment.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from feiqian.channels import PaymentMethod
from feiqian.routing.rules import Health

WINDOW_S = 300
"""Evidence older than this counts no more."""
BUCKET_S = 10
FAULTS_IN_A_ROW = 5
FAULT_CALLS_MIN = 10
FAULT_PERCENT = 50
"""A breaker opens after so many faults in a row, or when so many calls of the window were so often faults."""
OPEN_FOR = timedelta(seconds=30)
OPEN_FOR_MAX = timedelta(minutes=10)
CALM_AFTER = timedelta(minutes=10)
"""So long after closing again, the next opening is as short as the first."""


class CallOutcome(StrEnum):
    """What a call to a channel says about the channel."""

    SUCCEEDED = "succeeded"
    """It did what was asked."""
    REFUSED = "refused"
    """It answered, and refused for a reason of its own."""
    FAULT = "fault"
    """No answer, none that can be trusted, or an error inside it."""


class BreakerState(StrEnum):
    """Whether a connection takes new payments. closed -> open -> half_open -> closed | open."""

    CLOSED = "closed"
    """It does."""
    OPEN = "open"
    """It does not, until its time is over."""
    HALF_OPEN = "half_open"
    """It does not yet: a probe decides."""


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one connection's breaker."""

    state: BreakerState
    since: datetime
    until: datetime | None = None
    """When it may be probed; while open."""
    openings: int = 0
    """How often in a row it opened: each time twice as long."""
    reason: str = ""


class _Bucket(msgspec.Struct):
    number: int
    calls: int = 0
    succeeded: int = 0
    faults: int = 0


class Window:
    """Calls of the last minutes, in buckets."""

    def __init__(self) -> None:
        self._buckets: deque[_Bucket] = deque()
        self.calls = self.succeeded = self.faults = 0

    def add(self, outcome: CallOutcome, at_s: float) -> None:
        """Count a call."""
        self.forget(at_s)
        number = int(at_s // BUCKET_S)
        if not self._buckets or self._buckets[-1].number < number:
            self._buckets.append(_Bucket(number))
        bucket = self._buckets[-1]
        succeeded, faults = outcome is CallOutcome.SUCCEEDED, outcome is CallOutcome.FAULT
        bucket.calls += 1
        bucket.succeeded += succeeded
        bucket.faults += faults
        self.calls += 1
        self.succeeded += succeeded
        self.faults += faults

    def forget(self, at_s: float) -> None:
        """Let go what is too old."""
        oldest = int((at_s - WINDOW_S) // BUCKET_S)
        while self._buckets and self._buckets[0].number <= oldest:
            gone = self._buckets.popleft()
            self.calls -= gone.calls
            self.succeeded -= gone.succeeded
            self.faults -= gone.faults


class HealthBook:
    """What one process has seen of every connection, and what others told it about breakers."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, PaymentMethod], Window] = {}
        self._row: dict[str, int] = {}
        self._breakers: dict[str, Breaker] = {}

    @property
    def breakers(self) -> Mapping[str, Breaker]:
        """All that are or were open."""
        return self._breakers

    def note(
        self, code: str, method: PaymentMethod, outcome: CallOutcome, *, now: datetime
    ) -> Breaker | None:
        """Count a call; returns the breaker when this call opened it."""
        window = self._windows.setdefault((code, method), Window())
        window.add(outcome, now.timestamp())
        if outcome is not CallOutcome.FAULT:
            self._row[code] = 0
            return None
        self._row[code] = row = self._row.get(code, 0) + 1
        share = window.faults * 100 >= FAULT_PERCENT * window.calls and window.calls >= FAULT_CALLS_MIN
        breaker = self._breakers.get(code)
        if not (row >= FAULTS_IN_A_ROW or share) or (breaker and breaker.state is not BreakerState.CLOSED):
            return None
        reason = (
            f"{row} faults in a row" if row >= FAULTS_IN_A_ROW else f"{window.faults} of {window.calls} calls"
        )
        return self._open(code, reason, now=now)

    def probed(self, code: str, *, well: bool, now: datetime) -> Breaker:
        """What a probe of a half-open connection showed."""
        if not well:
            return self._open(code, "the probe failed", now=now)
        before = self._breakers.get(code)
        closed = Breaker(state=BreakerState.CLOSED, since=now, openings=before.openings if before else 0)
        self._breakers[code] = closed
        self._row[code] = 0
        for key in [key for key in self._windows if key[0] == code]:
            # What it did before it was well again is held against it no longer.
            del self._windows[key]
        return closed

    def due_for_probe(self, now: datetime) -> list[str]:
        """Connections whose time of being open is over; they are half open from now on."""
        due = []
        for code, breaker in self._breakers.items():
            if breaker.state is BreakerState.OPEN and breaker.until is not None and breaker.until <= now:
                due.append(code)
        for code in due:
            self._breakers[code] = msgspec.structs.replace(
                self._breakers[code], state=BreakerState.HALF_OPEN, until=None
            )
        return due

    def told(self, code: str, breaker: Breaker) -> None:
        """Another process opened or closed a breaker; the later word counts."""
        own = self._breakers.get(code)
        if own is None or breaker.since > own.since:
            self._breakers[code] = breaker
            self._row[code] = 0

    def of(self, codes: list[str], method: PaymentMethod, *, now: datetime) -> dict[str, Health]:
        """How connections stand for a method; those about which nothing is known are left out."""
        found: dict[str, Health] = {}
        for code in codes:
            window, breaker = self._windows.get((code, method)), self._breakers.get(code)
            is_open = breaker is not None and breaker.state is not BreakerState.CLOSED
            if window is not None:
                window.forget(now.timestamp())
                found[code] = Health(window.calls, window.succeeded, is_open)
            elif is_open:
                found[code] = Health(open=True)
        return found

    def _open(self, code: str, reason: str, *, now: datetime) -> Breaker:
        before = self._breakers.get(code)
        calm = before is None or (before.state is BreakerState.CLOSED and now - before.since > CALM_AFTER)
        openings = 1 if calm or before is None else before.openings + 1
        lasts = min(OPEN_FOR * 2 ** min(openings - 1, 10), OPEN_FOR_MAX)
        breaker = Breaker(
            state=BreakerState.OPEN, since=now, until=now + lasts, openings=openings, reason=reason
        )
        self._breakers[code] = breaker
        return breaker
