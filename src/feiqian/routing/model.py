"""Values of routing: what is asked, what may be chosen from, rules as data, and the trace of a decision."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec

from feiqian.channels import MethodTerms, OpenHours, PaymentMethod
from feiqian.kernel.errors import Refusal


class RouteAsk(msgspec.Struct, frozen=True, kw_only=True):
    """The payment for which a connection is looked for."""

    platform: str
    """platform_…"""
    merchants: tuple[str, ...]
    """Numbers of the merchants who share it."""
    method: PaymentMethod
    amount: int
    """Minor units."""
    currency: str
    buyer: str | None = None
    """The platform's number for who pays."""
    given: frozenset[str] = frozenset()
    """Names of ``BuyerHints`` that are known."""
    hold: bool = False
    """Only reserve the amount."""
    shared: bool = False
    """The channel will be asked to split it."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A connection as routing sees it, for one method."""

    code: str
    active: bool
    """False: paused or retired."""
    terms: MethodTerms | None
    """What channel and contract allow for the method; None: it does not offer it."""
    weight: int = 1
    """Its part of the volume where no rule says otherwise; 0: only when the others cannot."""
    cost_rate: Decimal = Decimal(0)
    """What the channel charges of the amount."""
    cost_fixed: int = 0
    """What it charges for a payment, minor units."""
    holds: bool = False
    splits: bool = False
    platforms: frozenset[str] = frozenset()
    """Who may use it; empty: everybody."""
    merchants: frozenset[str] = frozenset()
    """For whom: every merchant who shares the payment must be among them; empty: everybody."""
    left_today: int | None = None
    """How much it may still take today, minor units; None: no limit."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a rule applies: everything that is said must hold; what is left out always does."""

    platforms: frozenset[str] = frozenset()
    merchants: frozenset[str] = frozenset()
    """Merchant numbers; one of those who share the payment is enough."""
    methods: frozenset[PaymentMethod] = frozenset()
    currencies: frozenset[str] = frozenset()
    buyers: frozenset[str] = frozenset()
    amount_min: int | None = None
    """Minor units, included."""
    amount_below: int | None = None
    """Minor units, excluded."""
    hours: OpenHours | None = None
    """Time of day in Beijing, half-open."""
    weekdays: frozenset[int] = frozenset()
    """1 is Monday, 7 is Sunday."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One line of the rules. ``only`` and ``never`` of every rule that applies count; of ``prefer`` and ``split`` the first."""

    name: str
    when: Condition = Condition()
    only: tuple[str, ...] = ()
    """No other connection may be used."""
    never: tuple[str, ...] = ()
    """These may not be used."""
    prefer: tuple[str, ...] = ()
    """These first, in this order."""
    split: Mapping[str, int] = {}
    """These share the volume by their weights."""


class Stage(StrEnum):
    """The steps of a decision, in their order."""

    ELIGIBLE = "eligible"
    """What channel and contract allow for this payment."""
    RULES = "rules"
    """What the rules demand, forbid and prefer."""
    VOLUME = "volume"
    """Whose turn it is by weights."""
    SUCCESS_RATE = "success_rate"
    """Which of them have answered well lately."""
    ELIMINATION = "elimination"
    """Which are out because they fail."""
    COST = "cost"
    """Which is the cheapest of those that do equally well."""


class Reason(StrEnum):
    """Why a connection was taken out."""

    PAUSED = "paused"
    """Switched off by a person."""
    METHOD_NOT_OFFERED = "method_not_offered"
    """Channel or contract has no such method."""
    PLATFORM_NOT_ALLOWED = "platform_not_allowed"
    """The contract is not for this platform."""
    MERCHANT_NOT_ALLOWED = "merchant_not_allowed"
    """The contract is not for every merchant who shares the payment."""
    CURRENCY = "currency"
    """It takes other currencies."""
    AMOUNT_TOO_SMALL = "amount_too_small"
    """Below what it takes in one order."""
    AMOUNT_TOO_LARGE = "amount_too_large"
    """Above what it takes in one order."""
    CLOSED_NOW = "closed_now"
    """Outside its hours."""
    DAY_USED_UP = "day_used_up"
    """Its limit for today would be passed."""
    HINT_MISSING = "hint_missing"
    """It must know something of the buyer that was not given."""
    CANNOT_HOLD = "cannot_hold"
    """It cannot reserve an amount first."""
    CANNOT_SPLIT = "cannot_split"
    """It cannot split a payment."""
    RULE = "rule"
    """A rule forbids it, or demands others."""
    FAILING = "failing"
    """Its circuit breaker is open."""


class Removed(msgspec.Struct, frozen=True):
    """A connection that a stage took out."""

    code: str
    reason: Reason
    detail: str = ""
    """The rule's name, the limit, what is missing."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one stage did."""

    stage: Stage
    order: tuple[str, ...]
    """What is left, best first."""
    removed: tuple[Removed, ...] = ()
    note: str = ""
    """The rule that ordered, the draw, the rates."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Which connections may be used, best first; empty when there is none."""

    order: tuple[str, ...]
    steps: tuple[Step, ...]
    rules_version: int

    def reasons(self) -> str:
        """Why each was taken out, for the sentence of a refusal."""
        gone = [each for step in self.steps for each in step.removed]
        return ", ".join(f"{each.code}: {each.reason.value}" for each in gone) or "nothing is configured"


class StoredDecision(msgspec.Struct, frozen=True, kw_only=True):
    """A row of routing.decision."""

    id: UUID
    payment: UUID
    at: datetime
    ask: RouteAsk
    decision: Decision


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """A row of routing.rule_set: all rules as they were from then on."""

    version: int
    rules: tuple[Rule, ...]
    note: str
    """Why it was changed."""
    made_by: str
    made_at: datetime | None
    """None: nobody has set any rules yet."""


class MinuteCount(msgspec.Struct, frozen=True, kw_only=True):
    """A row of routing.minute: calls to a connection in one minute, for one method, of all processes."""

    minute: datetime
    code: str
    method: PaymentMethod
    succeeded: int
    refused: int
    faults: int
    took_ms: int
    """Of all calls together."""


NO_RULES = RuleSet(version=0, rules=(), note="", made_by="", made_at=None)


class NoRoute(Refusal):
    """No connection may take the payment."""

    code = "no_route"
    status = 422
    english = "No channel can take this payment by {method} now ({reasons}). Choose another method or amount."
    chinese = "当前没有渠道可以通过 {method} 受理该笔支付（{reasons}），请更换支付方式或金额。"


class RuleInvalid(Refusal):
    """A rule says something that cannot be."""

    code = "routing_rule_invalid"
    status = 422
    english = "Rule {number} ({name}): {reason}"
    chinese = "第 {number} 条规则（{name}）有误：{reason}"


class RulesChanged(Refusal):
    """Somebody else has set rules since they were read."""

    code = "routing_rules_changed"
    english = "The rules are at version {version} by now. Read them again and make the change there."
    chinese = "规则已更新到第 {version} 版，请重新读取后再修改。"
