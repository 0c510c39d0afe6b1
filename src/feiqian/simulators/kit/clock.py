"""The simulator's clock: system time with an offset, or standing still until it is set again."""

from datetime import datetime, timedelta

import msgspec

from feiqian.kernel.clock import Clock, ManualClock, SystemClock
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.moments import to_ms


class ClockSetting(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What the clock was told; exactly one of the two is given."""

    now: datetime | None = None
    """It stands at this moment."""
    offset_s: float | None = None
    """It runs, this many seconds ahead of the system's time."""


class SandboxClock:
    """Unlike the house's clocks it may be set back: it does what the person at the sandbox says."""

    def __init__(self, setting: ClockSetting) -> None:
        self.set(setting)

    def set(self, setting: ClockSetting) -> None:
        """Follow a new setting from now on. Raises: ValueError unless exactly one way is given, with a zone."""
        if (setting.now is None) == (setting.offset_s is None):
            raise ValueError("give either now or offset_s")
        clock: Clock
        if setting.now is not None:
            if setting.now.tzinfo is None:
                raise ValueError("now needs a zone, such as 2010-12-01T08:00:00+08:00")
            clock = ManualClock(setting.now)
        else:
            clock = SystemClock(timedelta(seconds=setting.offset_s or 0))
        self._clock = clock
        self.setting = setting

    @property
    def is_standing(self) -> bool:
        return self.setting.now is not None

    def now(self) -> datetime:
        return self._clock.now()

    def now_ms(self) -> int:
        return to_ms(self._clock.now())


def keep_clock(books: Books, setting: ClockSetting) -> None:
    """Remember what the clock was told over a restart."""
    with books.atomically():
        books.keep_setting("clock", msgspec.json.encode(setting).decode())


def kept_clock(books: Books) -> ClockSetting:
    """What the clock was last told; system time when it was never told anything."""
    kept = books.setting("clock")
    return ClockSetting(offset_s=0) if kept is None else msgspec.json.decode(kept, type=ClockSetting)
