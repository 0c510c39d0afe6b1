"""A decision made to be looked at: as the router makes it, from what all processes saw."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from feiqian.connections import Offer
from feiqian.console.routing.views import Explained, Standing
from feiqian.routing import (
    BreakerRow,
    BreakerState,
    CompiledRules,
    Health,
    MinuteCount,
    RouteAsk,
    RuleSet,
    candidate_of,
    decide,
)

DRAWS = 100
"""So many even draws show how volume is shared."""


def explain(
    ask: RouteAsk,
    *,
    offers: Sequence[Offer],
    rules: RuleSet,
    counts: Iterable[MinuteCount],
    breakers: Iterable[BreakerRow],
    at: datetime,
    draw: float,
) -> Explained:
    """Decide, and say beside it what each connection costs and how often it would come first.

    Of the limit of a day nothing counts as used.
    """
    candidates = [candidate_of(offer) for offer in offers]
    compiled = CompiledRules(rules)
    health = health_of(ask, counts, breakers)
    first: Counter[str] = Counter()
    for number in range(DRAWS):
        decision = decide(ask, candidates, rules=compiled, health=health, now=at, draw=(number + 0.5) / DRAWS)
        first.update(decision.order[:1])
    return Explained(
        ask=ask,
        at=at,
        draw=draw,
        decision=decide(ask, candidates, rules=compiled, health=health, now=at, draw=draw),
        standings=[_standing(each, ask, health.get(each.code, Health()), first) for each in offers],
    )


def health_of(
    ask: RouteAsk, counts: Iterable[MinuteCount], breakers: Iterable[BreakerRow]
) -> dict[str, Health]:
    """How connections stand for a method, by the calls of all processes."""
    is_open = {each.code for each in breakers if each.state is not BreakerState.CLOSED}
    calls: Counter[str] = Counter()
    succeeded: Counter[str] = Counter()
    for each in counts:
        if each.method is ask.method:
            calls[each.code] += each.succeeded + each.refused + each.faults
            succeeded[each.code] += each.succeeded
    return {
        code: Health(calls[code], succeeded[code], code in is_open) for code in sorted({*calls, *is_open})
    }


def _standing(offer: Offer, ask: RouteAsk, health: Health, first: Counter[str]) -> Standing:
    return Standing(
        code=offer.code,
        weight=offer.weight,
        cost=offer.cost.of(ask.amount),
        calls=health.calls,
        succeeded=health.succeeded,
        open=health.open,
        first_percent=first[offer.code] * 100 // DRAWS,
    )
