"""What the sandbox was told to do wrong, and for how long.

A simulator declares its switches as data: ``{"refund": {"normal": "as it should", "error": "nothing done"}, …}``, every
kind with the mode ``normal``, and its settings with their defaults: ``{"late_s": 60.0}``.
"""

from collections.abc import Mapping
from typing import Any

Switches = Mapping[str, Mapping[str, str]]
"""Kind of event, its modes, and what each does."""

NORMAL = "normal"

CALLBACK_MODES: Mapping[str, str] = {
    NORMAL: "as the channel should",
    "late": "the first attempt comes late_s seconds late on the simulator's clock",
    "lost": "never sent",
    "duplicated": "every attempt is sent twice at the same time",
    "reordered": "goes out after the next callback has, or after late_s seconds",
    "tampered": "the first attempt was altered after it was signed; retries are good",
}
"""What Callbacks does by itself; a simulator adds what its messages can misstate."""

CALLBACK_SETTINGS: Mapping[str, float | str] = {"late_s": 60.0}

ANSWER_MODES: Mapping[str, str] = {
    NORMAL: "as the channel should",
    "lost": "everything is done, the answer never comes",
    "garbage": "done; the answer is bytes that are of no known format",
    "huge": "done; the answer has 10 MB",
    "empty": "done; the answer has status 200 and no body",
    "slow": "done; the answer comes after slow_s seconds",
    "error": "nothing done, the channel's own system error",
    "rate_limited": "nothing done, the channel's own refusal of too many requests",
}
"""What kit.hostility does to the answers of calls whose path contains the setting answer_path."""

ANSWER_SETTINGS: Mapping[str, float | str] = {"slow_s": 10.0, "answer_path": ""}


class Behaviour:
    """The present behaviour. A restarted simulator behaves well."""

    def __init__(self, switches: Switches, settings: Mapping[str, float | str]) -> None:
        self._switches = switches
        self._modes = dict.fromkeys(switches, NORMAL)
        self.settings = dict(settings)
        self._left: dict[str, int] = {}
        """Of each kind that was limited by only_next: how many are left."""

    def take(self, kind: str) -> str:
        """How the next event of this kind behaves; counts it."""
        mode = self._modes[kind]
        if kind in self._left:
            self._left[kind] -= 1
            if self._left[kind] == 0:
                del self._left[kind]
                self._modes[kind] = NORMAL
        return mode

    def seconds(self, setting: str) -> float:
        """A setting that is a duration."""
        return float(self.settings[setting])

    def change(self, change: Mapping[str, Any]) -> None:
        """Take over what was given; what is left out stays. ``only_next`` counts for the kinds beside it.

        Raises: ValueError naming what is not known or makes no sense; nothing was changed.
        """
        change = dict(change)
        only_next = change.pop("only_next", None)
        if only_next is not None and (type(only_next) is not int or only_next < 1):
            raise ValueError("only_next must be a whole number, at least 1")
        for name, value in change.items():
            self._check(name, value)
        for name, value in change.items():
            if name in self.settings:
                self.settings[name] = value
                continue
            self._modes[name] = value
            self._left.pop(name, None)
            if only_next is not None:
                self._left[name] = only_next

    def reset(self) -> None:
        """Every kind is normal again; settings stay."""
        self._modes = dict.fromkeys(self._switches, NORMAL)
        self._left.clear()

    def view(self) -> dict[str, Any]:
        """Modes, settings, and how many are left of what is limited."""
        return {**self._modes, **self.settings, "left": dict(self._left)}

    def _check(self, name: str, value: Any) -> None:
        if name in self._switches:
            if value not in self._switches[name]:
                raise ValueError(f"{name} must be one of {', '.join(self._switches[name])}")
        elif name not in self.settings:
            raise ValueError(f"{name} is not a switch of this simulator")
        elif isinstance(self.settings[name], str):
            if not isinstance(value, str):
                raise ValueError(f"{name} must be a text")
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name} must be a number, at least 0")
