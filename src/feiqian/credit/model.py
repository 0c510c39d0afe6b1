"""Values of credit: facts, rules, decisions."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from feiqian.kernel.errors import Refusal

Share = Annotated[Decimal, msgspec.Meta(description="a part of one, such as 0.30")]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class FactName(StrEnum):
    """What a rule may ask about; the members are the fields of Facts."""

    VOLUME = "volume"
    """Settled trade in the window, after fees and refunds; minor units."""
    GROSS = "gross"
    """Sales in the window, after fees, before refunds; minor units."""
    REFUND_RATE = "refund_rate"
    """Refunded as a part of gross."""
    ACTIVE_DAYS = "active_days"
    """Business dates in the window with at least one sale."""
    TRADING_DAYS = "trading_days"
    """Days since the first sale ever, that day included."""


class Comparison(StrEnum):
    """How a fact is held against a threshold."""

    AT_LEAST = "at_least"
    """Passed when the fact is the threshold or more."""
    AT_MOST = "at_most"
    """Passed when the fact is the threshold or less."""


class Outcome(StrEnum):
    """What a decision says."""

    APPROVED = "approved"
    """A line with a limit."""
    DECLINED = "declined"
    """No line; binding until the facts change."""
    REFERRED = "referred"
    """No line before a person has looked: a fact that a rule needs is missing."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger shows of a merchant's trade in a window. None: the ledger cannot know."""

    window_days: int
    """Length of the window; its last day is ``through``."""
    through: date
    volume: int | None
    """None when nothing of the merchant's has ever been settled."""
    gross: int | None
    """None when the merchant has never sold."""
    refunded: int | None
    """Refunds asked for and not failed, in the window, without the fee that the platform gave back."""
    refund_rate: Decimal | None
    """Six places, rounded up so that a rate above a threshold never looks like the threshold; None without sales."""
    active_days: int | None
    trading_days: int | None

    def value(self, name: FactName) -> Decimal | None:
        """The fact of that name as a number, None when it is missing."""
        fact: int | Decimal | None = getattr(self, name.value)
        return None if fact is None else Decimal(fact)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A knock-out rule. The sentences may use ``{value}``, ``{threshold}`` and ``{window_days}``."""

    code: Annotated[str, msgspec.Meta(pattern="^[a-z_]+$")]
    """The reason code: what it means to fail."""
    fact: FactName
    comparison: Comparison
    threshold: Decimal
    english: str
    chinese: str


class LimitFormula(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """volume x share x 30 / window_days, down to a multiple, at most ``amount_max``; no line below ``amount_min``."""

    share: Share
    """Of what the merchant settles in 30 days."""
    multiple_of: AtLeastOne
    """Minor units; the limit is rounded down to a multiple of it."""
    amount_min: AtLeastOne
    """A smaller line is not granted; minor units."""
    amount_max: AtLeastOne
    """The largest line; minor units."""


class RuleSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a line is decided: data, kept as JSON in credit.rule_set.content."""

    window_days: AtLeastOne
    """Facts are taken over this many business dates, the day of the decision included."""
    valid_days: AtLeastOne
    """How long a line lasts."""
    rules: tuple[Rule, ...]
    limit: LimitFormula


class ScheduledRules(msgspec.Struct, frozen=True, kw_only=True):
    """A rule set with its version and its first day."""

    version: int
    valid_from: date
    content: RuleSet


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule made of one fact."""

    code: str
    fact: str
    value: Decimal | None
    """What the rule saw; None when it was missing, and then the rule is neither passed nor failed."""
    threshold: Decimal
    passed: bool
    """False also when the value is missing."""
    english: str
    chinese: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to an application. Immutable."""

    id: UUID
    merchant: UUID
    currency: str
    outcome: Outcome
    limit: int
    """Minor units; 0 unless approved."""
    facts: Facts
    reasons: tuple[Reason, ...]
    rules_version: int
    decided_on: date
    decided_at: datetime
    valid_until: datetime | None
    """End of the line (not included); None unless approved."""

    def in_force(self, now: datetime) -> bool:
        """Whether it grants a line at that moment."""
        return self.valid_until is not None and self.decided_at <= now < self.valid_until


class RuleSetMissing(Refusal):
    """No rules are valid on that day."""

    code = "credit_rules_missing"
    status = 409
    english = "No credit rules are valid on {day}. Publish a rule set that begins on or before it."
    chinese = "{day} 没有有效的授信规则，请先发布生效日不晚于该日的规则。"
