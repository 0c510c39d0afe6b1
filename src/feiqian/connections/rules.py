"""What may become of what, and how our limits narrow the channel's terms."""

import re
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal

import msgspec

from feiqian.channels import METHODS, ChannelKind, ChannelTerms, MethodTerms, OpenHours, PaymentMethod
from feiqian.connections.model import (
    WEIGHT_MAX,
    Change,
    Connection,
    ConnectionState,
    ConnectionStateRefused,
    Limits,
    MethodLimits,
)
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import AMOUNT_MAX

COST_RATE_MAX = Decimal("0.2")
NAME_LENGTH_MAX = 64
AUDIENCE_MAX = 1_000
PRIORITY_MAX = 1_000
_CODE = re.compile(r"[a-z][a-z0-9-]{0,31}")
_DAY_S = 86_400

MOVES: Mapping[ConnectionState, frozenset[ConnectionState]] = {
    ConnectionState.DRAFT: frozenset({ConnectionState.TESTING, ConnectionState.RETIRED}),
    ConnectionState.TESTING: frozenset({ConnectionState.ACTIVE, ConnectionState.RETIRED}),
    ConnectionState.ACTIVE: frozenset({ConnectionState.PAUSED}),
    ConnectionState.PAUSED: frozenset({ConnectionState.ACTIVE, ConnectionState.RETIRED}),
    ConnectionState.RETIRED: frozenset(),
}
"""From a state to those that may follow. What takes payments is paused before it is retired."""


def check_move(connection: Connection, to: ConnectionState) -> None:
    """Raises: ConnectionStateRefused."""
    if to not in MOVES[connection.state]:
        needed = " / ".join(state.value for state in ConnectionState if to in MOVES[state])
        raise ConnectionStateRefused(connection=connection.code, state=connection.state.value, needed=needed)


def check_code(code: str) -> str:
    """Raises: InvalidRequest."""
    if not _CODE.fullmatch(code):
        raise InvalidRequest(
            field="code", reason="must be 1 to 32 lower-case letters, digits or hyphens, a letter first"
        )
    return code


def check_name(name: str) -> str:
    """Raises: InvalidRequest."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise InvalidRequest(field="name", reason=f"must be 1 to {NAME_LENGTH_MAX} printable characters")
    return name


def check_change(change: Change, kind: ChannelKind) -> None:
    """Raises: InvalidRequest naming the field."""
    if change.name is not None:
        check_name(change.name)
    _check_number("weight", change.weight, WEIGHT_MAX)
    _check_number("priority", change.priority, PRIORITY_MAX)
    if change.cost is not None:
        if not change.cost.rate.is_finite() or not 0 <= change.cost.rate <= COST_RATE_MAX:
            raise InvalidRequest(field="cost.rate", reason=f"must be 0 to {COST_RATE_MAX}")
        _check_number("cost.fixed", change.cost.fixed, AMOUNT_MAX)
    if change.limits is not None:
        _check_limits(change.limits, kind)
    if change.audience is not None:
        for field, names in (
            ("platforms", change.audience.platforms),
            ("merchants", change.audience.merchants),
        ):
            if len(names) > AUDIENCE_MAX or not all(1 <= len(name) <= 64 for name in names):
                raise InvalidRequest(
                    field=f"audience.{field}",
                    reason=f"must be at most {AUDIENCE_MAX}, each 1 to 64 characters",
                )


def _check_number(field: str, value: int | None, maximum: int) -> None:
    if value is not None and not 0 <= value <= maximum:
        raise InvalidRequest(field=field, reason=f"must be 0 to {maximum}")


def _check_limits(limits: Limits, kind: ChannelKind) -> None:
    for method, each in limits.methods.items():
        field = f"limits.methods.{method.value}"
        if METHODS[method].kind is not kind:
            raise InvalidRequest(field=field, reason=f"is no method of {kind.value}")
        _check_number(f"{field}.amount_min", each.amount_min, AMOUNT_MAX)
        _check_number(f"{field}.amount_max", each.amount_max, AMOUNT_MAX)
        if None not in (each.amount_min, each.amount_max) and (each.amount_min or 0) > (each.amount_max or 0):
            raise InvalidRequest(field=f"{field}.amount_max", reason="must not be below the minimum")
    _check_number("limits.amount_per_day", limits.amount_per_day, AMOUNT_MAX)
    if limits.hours is not None and limits.hours.since == limits.hours.until:
        raise InvalidRequest(field="limits.hours", reason="must begin and end at different times")


def narrow(terms: ChannelTerms, limits: Limits) -> ChannelTerms:
    """The channel's terms as far as our limits leave them. A method that nothing is left of is not offered."""
    methods: dict[PaymentMethod, MethodTerms] = {}
    for method, offered in terms.methods.items():
        narrowed = _narrow_method(offered, limits.methods.get(method, MethodLimits()), limits.hours)
        if narrowed is not None:
            methods[method] = narrowed
    return msgspec.structs.replace(terms, methods=methods)


def _narrow_method(terms: MethodTerms, limits: MethodLimits, hours: OpenHours | None) -> MethodTerms | None:
    amount_min = max(terms.amount_min, limits.amount_min or 0)
    amount_max = terms.amount_max if limits.amount_max is None else min(terms.amount_max, limits.amount_max)
    if not limits.on or amount_min > amount_max:
        return None
    both = [each for each in (terms.hours, hours) if each is not None]
    open_hours = both[0] if len(both) == 1 else None
    if len(both) == 2:
        open_hours = common_hours(both[0], both[1])
        if open_hours is None:
            return None
    return msgspec.structs.replace(terms, amount_min=amount_min, amount_max=amount_max, hours=open_hours)


def common_hours(one: OpenHours, other: OpenHours) -> OpenHours | None:
    """When both are open; None: never. Where that is two stretches of a day, the longer one."""
    stretches = [
        (max(since, start), min(until, end))
        for since, until in _stretches(one)
        for start, end in _stretches(other)
        if max(since, start) < min(until, end)
    ]
    longest = max(_joined(stretches), key=lambda stretch: stretch[1] - stretch[0], default=None)
    return None if longest is None else OpenHours(_time(longest[0]), _time(longest[1]))


def _stretches(hours: OpenHours) -> list[tuple[int, int]]:
    """Seconds of a day, without passing midnight."""
    since, until = _seconds(hours.since), _seconds(hours.until)
    if since <= until:
        return [(since, until)]
    return [(since, _DAY_S), (0, until)]


def _joined(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """A stretch that ends at midnight goes on with the one that begins there."""
    evening = next((each for each in stretches if each[1] == _DAY_S and each[0] > 0), None)
    morning = next((each for each in stretches if each[0] == 0 and each[1] < _DAY_S), None)
    if evening is None or morning is None:
        return list(stretches)
    rest = [each for each in stretches if each not in (evening, morning)]
    return [*rest, (evening[0], _DAY_S + morning[1])]


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _time(seconds: int) -> time:
    minutes, second = divmod(seconds % _DAY_S, 60)
    return time(minutes // 60, minutes % 60, second)


EXPIRES_SOON = timedelta(days=30)
"""How long before a certificate expires people are warned."""
