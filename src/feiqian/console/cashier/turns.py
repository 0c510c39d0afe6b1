"""How often a public page may be asked to do something, counted in this process."""

import time
from collections import OrderedDict

from feiqian.kernel.errors import Refusal

KEPT_MAX = 50_000


class TooManyTries(Refusal):
    """Somebody asks the cashier to act without end."""

    code = "too_many_tries"
    status = 429
    english = "Too many tries in a short time. Wait a minute, then try again."
    chinese = "操作过于频繁，请一分钟后再试。"
    retryable = True


class Turns:
    """``count_max`` acts under one key within ``period_s``: a bucket that fills again evenly."""

    def __init__(self, *, count_max: int, period_s: float) -> None:
        self._count_max = count_max
        self._per_s = count_max / period_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Raises: TooManyTries."""
        now = time.monotonic()
        left, seen = self._left.pop(key, (float(self._count_max), now))
        left = min(self._count_max, left + (now - seen) * self._per_s)
        if len(self._left) >= KEPT_MAX:
            self._left.popitem(last=False)
        if left < 1:
            self._left[key] = (left, now)
            raise TooManyTries
        self._left[key] = (left - 1, now)
