"""Processes that must not outlive us: whatever ends the parent, also a kill, ends them."""

import ctypes
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(death: signal.Signals) -> Callable[[], None] | None:
    """For ``preexec_fn``: ask Linux to send ``death`` when the thread that starts the process ends.

    None where the system has no such thing; there a killed parent leaves its children, and the next start says so.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, death)
