"""How many decisions a second one process makes: 200 rules, 20 channels, nothing asked of anybody.

The payments differ in amount, merchant, platform and draw; the channels in weight, cost, limits and success rate; one of them
is out. Each decision is timed on its own, after a warm-up, on one core.
"""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from feiqian.bench.processes import percentile
from feiqian.channels import MethodTerms, PaymentMethod
from feiqian.routing import (
    Candidate,
    CompiledRules,
    Condition,
    Health,
    RouteAsk,
    Rule,
    RuleSet,
    decide,
    draw_of,
)

RULES = 200
CHANNELS = 20
MERCHANTS = 5_000
ASKS = 2_000
WARM_UP = 500
NOW = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
METHODS = (PaymentMethod.ALIPAY_QR, PaymentMethod.WECHATPAY_NATIVE, PaymentMethod.UNIONPAY_B2C)
CODES = tuple(f"channel-{number:02d}" for number in range(CHANNELS))


class RoutingScenario(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of rules."""

    scenario: str
    """general: each of the 200 rules is looked at for each payment; merchants: 190 of them are about single merchants."""
    decisions_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    decisions: int
    routed: int
    """Decisions that found at least one connection."""


class RoutingResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    rules: int
    channels: int
    scenarios: list[RoutingScenario]


def bench_routing(*, seconds: float) -> RoutingResult:
    """Measure each kind of rules for so long."""
    asks, candidates, health = _asks(), _candidates(), _health()
    kinds = {"general": _general(), "merchants": [*_of_merchants(RULES - 10), *_general()[:10]]}
    return RoutingResult(
        rules=RULES,
        channels=CHANNELS,
        scenarios=[
            _measure(
                name, asks=asks, candidates=candidates, health=health, rules=_compiled(rules), seconds=seconds
            )
            for name, rules in kinds.items()
        ],
    )


def _measure(
    name: str,
    *,
    asks: Sequence[tuple[RouteAsk, UUID]],
    candidates: Sequence[Candidate],
    health: dict[str, Health],
    rules: CompiledRules,
    seconds: float,
) -> RoutingScenario:
    for ask, payment in asks[:WARM_UP]:
        decide(ask, candidates, rules=rules, health=health, now=NOW, draw=draw_of(payment))
    took_ms: list[float] = []
    routed = 0
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for ask, payment in asks:
            before = time.perf_counter()
            decision = decide(ask, candidates, rules=rules, health=health, now=NOW, draw=draw_of(payment))
            took_ms.append((time.perf_counter() - before) * 1000)
            routed += bool(decision.order)
    lasted = time.perf_counter() - begun
    return RoutingScenario(
        scenario=name,
        decisions_per_s=round(len(took_ms) / lasted),
        p50_ms=round(percentile(took_ms, 50), 3),
        p95_ms=round(percentile(took_ms, 95), 3),
        p99_ms=round(percentile(took_ms, 99), 3),
        decisions=len(took_ms),
        routed=routed,
    )


def _compiled(rules: Sequence[Rule]) -> CompiledRules:
    return CompiledRules(RuleSet(version=1, rules=tuple(rules), note="", made_by="bench", made_at=NOW))


def _general() -> list[Rule]:
    """Rules by method, amount, platform and day: each must be looked at."""
    chance = random.Random(1)
    rules = []
    for number in range(RULES):
        least = chance.randrange(0, 5_000_000)
        condition = Condition(
            methods=frozenset({chance.choice(METHODS)}),
            amount_min=least,
            amount_below=least + 500_000,
            platforms=frozenset({f"platform_{chance.randrange(20)}"}) if number % 3 == 0 else frozenset(),
            weekdays=frozenset({1, 2, 3, 4, 5}) if number % 5 == 0 else frozenset(),
        )
        rules.append(_rule(number, condition, chance))
    return rules


def _of_merchants(count: int) -> list[Rule]:
    chance = random.Random(2)
    return [
        _rule(
            number,
            Condition(merchants=frozenset(f"M{chance.randrange(MERCHANTS)}" for _ in range(5))),
            chance,
        )
        for number in range(count)
    ]


def _rule(number: int, condition: Condition, chance: random.Random) -> Rule:
    """One in four of each kind."""
    some = tuple(chance.sample(CODES, 4))
    name = f"rule {number}"
    match number % 4:
        case 0:
            return Rule(name=name, when=condition, prefer=some)
        case 1:
            return Rule(name=name, when=condition, split={code: 1 + place for place, code in enumerate(some)})
        case 2:
            return Rule(name=name, when=condition, never=some[:2])
        case _:
            return Rule(name=name, when=condition, only=(*some, *CODES[:8]))


def _asks() -> list[tuple[RouteAsk, UUID]]:
    chance = random.Random(3)
    return [
        (
            RouteAsk(
                platform=f"platform_{chance.randrange(20)}",
                merchants=tuple(
                    f"M{chance.randrange(MERCHANTS)}" for _ in range(chance.choice((1, 1, 1, 3)))
                ),
                method=chance.choice(METHODS),
                amount=chance.randrange(1, 5_000_000),
                currency="CNY",
                buyer=f"buyer-{chance.randrange(10_000)}",
            ),
            UUID(int=chance.getrandbits(128)),
        )
        for _ in range(ASKS)
    ]


def _candidates() -> list[Candidate]:
    """Every channel offers the method; some are limited, one is paused."""
    chance = random.Random(4)
    return [
        Candidate(
            code=code,
            active=number != CHANNELS - 1,
            terms=MethodTerms(
                amount_min=1,
                amount_max=2_000_000 if number % 5 == 4 else 5_000_000,
                lifetime_max=timedelta(hours=2),
            ),
            weight=chance.choice((1, 1, 2, 5)),
            cost_rate=Decimal(chance.choice(("0.0038", "0.0055", "0.006"))),
            cost_fixed=chance.choice((0, 10)),
        )
        for number, code in enumerate(CODES)
    ]


def _health() -> dict[str, Health]:
    chance = random.Random(5)
    known = {code: Health(200, chance.randrange(150, 200)) for code in CODES}
    return known | {CODES[7]: Health(200, 40, True)}
