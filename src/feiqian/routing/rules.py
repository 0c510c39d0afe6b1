"""How a connection is chosen. Pure: the same question, rules, health and draw give the same decision.

eligible -> rules -> volume -> success rate -> elimination -> cost; what is left, in its order, is tried one after the other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import msgspec

from feiqian.kernel.calendar import ZONE
from feiqian.routing.model import (
    Candidate,
    Condition,
    Decision,
    Reason,
    Removed,
    RouteAsk,
    Rule,
    RuleInvalid,
    RuleSet,
    Stage,
    Step,
)

RULE_COUNT_MAX = 1_000
BEHIND_PERCENT = 5
"""Who succeeds so much less often than the best goes behind; within it cost decides."""
PRIOR_CALLS = 10
PRIOR_PERCENT = 95
"""Before there is evidence a channel counts as one that succeeded so often in so many calls."""


class Health(msgspec.Struct, frozen=True):
    """How a connection did lately."""

    calls: int = 0
    succeeded: int = 0
    open: bool = False
    """Its circuit breaker is open."""

    @property
    def percent(self) -> float:
        """Its success rate, drawn towards the prior while there is little evidence."""
        return (self.succeeded * 100 + PRIOR_CALLS * PRIOR_PERCENT) / (self.calls + PRIOR_CALLS)


WELL = Health()
Choice: TypeAlias = list[Candidate]


class CompiledRules:
    """Rules made ready for many decisions: those about single merchants are found by merchant."""

    def __init__(self, rule_set: RuleSet) -> None:
        self.version = rule_set.version
        self._general: list[tuple[int, Rule]] = []
        self._of_merchant: dict[str, list[tuple[int, Rule]]] = {}
        for number, rule in enumerate(rule_set.rules):
            if not rule.when.merchants:
                self._general.append((number, rule))
            for merchant in rule.when.merchants:
                self._of_merchant.setdefault(merchant, []).append((number, rule))

    def applying(self, ask: RouteAsk, local: datetime) -> list[Rule]:
        """The rules whose conditions hold, in their order. ``local`` is Beijing time."""
        found = self._general
        for merchant in ask.merchants:
            own = self._of_merchant.get(merchant)
            if own:
                found = found + own
        if found is not self._general:
            # A payment shared by two merchants of one rule finds it twice.
            found = sorted(dict(found).items())
        return [rule for _, rule in found if holds(rule.when, ask, local)]


def holds(when: Condition, ask: RouteAsk, local: datetime) -> bool:
    """Whether a payment meets a condition, apart from its merchants. ``local`` is Beijing time."""
    return not (
        (when.methods and ask.method not in when.methods)
        or (when.amount_min is not None and ask.amount < when.amount_min)
        or (when.amount_below is not None and ask.amount >= when.amount_below)
        or (when.platforms and ask.platform not in when.platforms)
        or (when.currencies and ask.currency not in when.currencies)
        or (when.buyers and ask.buyer not in when.buyers)
        or (when.weekdays and local.isoweekday() not in when.weekdays)
        or (when.hours is not None and not when.hours.contains(local.time()))
    )


def decide(
    ask: RouteAsk,
    candidates: Sequence[Candidate],
    *,
    rules: CompiledRules,
    health: Mapping[str, Health],
    now: datetime,
    draw: float,
) -> Decision:
    """Choose. ``draw`` is a number of [0, 1) that decides whose turn it is by weights."""
    local = now.astimezone(ZONE)
    steps: list[Step] = []
    left = _eligible(ask, candidates, local, steps)
    left, ordering = _apply_rules(left, rules.applying(ask, local), steps)
    if len(left) > 1 and not (ordering and ordering.prefer):
        left = _by_volume(left, ordering, draw, steps)
    if len(left) > 1:
        left = _by_success(left, health, steps, keep_first=bool(ordering and ordering.prefer))
    left = _eliminate(left, health, steps)
    if len(left) > 1 and not ordering:
        left = _by_cost(left, ask.amount, health, steps)
    return Decision(
        order=tuple([each.code for each in left]), steps=tuple(steps), rules_version=rules.version
    )


def draw_of(id: UUID) -> float:
    """The draw for a payment: even over many, and the same whenever its decision is explained."""
    return (id.int & 0xFFFF_FFFF) / 0x1_0000_0000


def cost_of(candidate: Candidate, amount: int) -> Decimal:
    """What the channel charges for a payment, unrounded minor units: only compared, never booked."""
    return amount * candidate.cost_rate + candidate.cost_fixed


def check_rules(rules: Sequence[Rule], known: frozenset[str]) -> None:
    """``known`` are the codes of all connections.

    Raises: RuleInvalid for the first rule that says something that cannot be.
    """
    if len(rules) > RULE_COUNT_MAX:
        raise RuleInvalid(number=RULE_COUNT_MAX + 1, name="", reason=f"at most {RULE_COUNT_MAX} rules")
    for number, rule in enumerate(rules, start=1):
        reason = _fault(rule, known)
        if reason:
            raise RuleInvalid(number=number, name=rule.name, reason=reason)


def _fault(rule: Rule, known: frozenset[str]) -> str | None:
    named = {*rule.only, *rule.never, *rule.prefer, *rule.split}
    when = rule.when
    if not 1 <= len(rule.name) <= 100:
        return "a name of 1 to 100 characters is needed"
    if not named:
        return "it must say only, never, prefer or split"
    if named - known:
        return f"no connection is called {', '.join(sorted(named - known))}"
    if rule.prefer and rule.split:
        return "prefer and split exclude each other"
    if any(weight < 0 for weight in rule.split.values()) or (rule.split and not any(rule.split.values())):
        return "the weights of a split must be 0 or more and not all 0"
    if when.amount_min is not None and when.amount_below is not None and when.amount_min >= when.amount_below:
        return "amount_min must be less than amount_below"
    if any(not 1 <= day <= 7 for day in when.weekdays):
        return "weekdays are 1 (Monday) to 7 (Sunday)"
    return None


def _eligible(ask: RouteAsk, candidates: Sequence[Candidate], local: datetime, steps: list[Step]) -> Choice:
    left: Choice = []
    removed: list[Removed] = []
    for candidate in candidates:
        obstacle = _obstacle(ask, candidate, local)
        if obstacle is None:
            left.append(candidate)
        else:
            removed.append(obstacle)
    steps.append(_step(Stage.ELIGIBLE, left, removed))
    return left


def _obstacle(ask: RouteAsk, candidate: Candidate, local: datetime) -> Removed | None:
    terms, code = candidate.terms, candidate.code
    if terms is None:
        return Removed(code, Reason.METHOD_NOT_OFFERED)
    if not candidate.active:
        return Removed(code, Reason.PAUSED)
    if candidate.platforms and ask.platform not in candidate.platforms:
        return Removed(code, Reason.PLATFORM_NOT_ALLOWED)
    if candidate.merchants and not candidate.merchants.issuperset(ask.merchants):
        return Removed(code, Reason.MERCHANT_NOT_ALLOWED)
    if ask.currency not in terms.currencies:
        return Removed(code, Reason.CURRENCY, ask.currency)
    if ask.amount < terms.amount_min:
        return Removed(code, Reason.AMOUNT_TOO_SMALL, str(terms.amount_min))
    if ask.amount > terms.amount_max:
        return Removed(code, Reason.AMOUNT_TOO_LARGE, str(terms.amount_max))
    if candidate.left_today is not None and ask.amount > candidate.left_today:
        return Removed(code, Reason.DAY_USED_UP, str(candidate.left_today))
    if terms.hours is not None and not terms.hours.contains(local.time()):
        return Removed(code, Reason.CLOSED_NOW)
    missing = [name for name in terms.needs if name not in ask.given]
    if missing:
        return Removed(code, Reason.HINT_MISSING, ", ".join(missing))
    if ask.hold and not candidate.holds:
        return Removed(code, Reason.CANNOT_HOLD)
    if ask.shared and not candidate.splits:
        return Removed(code, Reason.CANNOT_SPLIT)
    return None


def _apply_rules(left: Choice, applying: Sequence[Rule], steps: list[Step]) -> tuple[Choice, Rule | None]:
    """What rules leave, and the rule that orders it if one does."""
    removed: list[Removed] = []
    ordering: Rule | None = None
    for rule in applying:
        if rule.only or rule.never:
            out = [
                each for each in left if (rule.only and each.code not in rule.only) or each.code in rule.never
            ]
            removed += [Removed(each.code, Reason.RULE, rule.name) for each in out]
            left = [each for each in left if each not in out]
        if ordering is None and any(each.code in rule.prefer or each.code in rule.split for each in left):
            ordering = rule
    if ordering is not None and ordering.prefer:
        place = {code: number for number, code in enumerate(ordering.prefer)}
        left = sorted(left, key=lambda each: place.get(each.code, len(place)))
    if applying:
        steps.append(_step(Stage.RULES, left, removed, ordering.name if ordering else ""))
    return left, ordering


def _by_volume(left: Choice, ordering: Rule | None, draw: float, steps: list[Step]) -> Choice:
    """The one whose turn it is goes first; the rest follow by weight, those of weight 0 last."""
    if ordering is not None:
        weights = [(ordering.split.get(each.code, 0), each) for each in left]
    else:
        weights = [(each.weight, each) for each in left]
    total = sum(weight for weight, _ in weights)
    if not total:
        return left
    point = draw * total
    first = weights[0][1]
    for weight, each in weights:
        if weight and point < weight:
            first = each
            break
        point -= weight
    rest = sorted((pair for pair in weights if pair[1] is not first), key=lambda pair: -pair[0])
    left = [first, *(each for _, each in rest)]
    steps.append(_step(Stage.VOLUME, left, (), f"draw {draw:.4f} of {total}"))
    return left


def _by_success(left: Choice, health: Mapping[str, Health], steps: list[Step], *, keep_first: bool) -> Choice:
    """Those that answered clearly worse than the best go behind; a preference by rule stands."""
    if keep_first:
        return left
    percents = {each.code: health.get(each.code, WELL).percent for each in left}
    behind = _behind(percents)
    if not behind:
        return left
    left = [
        *(each for each in left if each.code not in behind),
        *sorted((each for each in left if each.code in behind), key=lambda each: -percents[each.code]),
    ]
    rates = ", ".join(f"{code} {percent:.1f}%" for code, percent in percents.items())
    steps.append(_step(Stage.SUCCESS_RATE, left, (), rates))
    return left


def _behind(percents: Mapping[str, float]) -> set[str]:
    bound = max(percents.values()) - BEHIND_PERCENT
    return {code for code, percent in percents.items() if percent < bound}


def _eliminate(left: Choice, health: Mapping[str, Health], steps: list[Step]) -> Choice:
    """Those whose breaker is open are out."""
    failing = [each for each in left if health.get(each.code, WELL).open]
    if not failing:
        return left
    left = [each for each in left if each not in failing]
    steps.append(_step(Stage.ELIMINATION, left, [Removed(each.code, Reason.FAILING) for each in failing]))
    return left


def _by_cost(left: Choice, amount: int, health: Mapping[str, Health], steps: list[Step]) -> Choice:
    """Among those of the first one's weight that succeed as well as it the cheapest goes first."""
    behind = _behind({each.code: health.get(each.code, WELL).percent for each in left})
    head = left[0]
    equals = [
        each for each in left if each.weight == head.weight and (each.code in behind) == (head.code in behind)
    ]
    costs = [cost_of(each, amount) for each in equals]
    if min(costs) == max(costs):
        return left
    ordered = [each for _, each in sorted(zip(costs, equals, strict=True), key=lambda pair: pair[0])]
    left = [*ordered, *(each for each in left if each not in equals)]
    note = ", ".join(f"{each.code} {cost:f}" for cost, each in zip(costs, equals, strict=True))
    steps.append(_step(Stage.COST, left, (), note))
    return left


def _step(stage: Stage, left: Choice, removed: Sequence[Removed], note: str = "") -> Step:
    return Step(stage, tuple([each.code for each in left]), tuple(removed), note)
