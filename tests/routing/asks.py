"""Payments to be routed and connections to choose from, as the routing tests need them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from feiqian.channels import MethodTerms, PaymentMethod
from feiqian.routing import Candidate, CompiledRules, Decision, Health, RouteAsk, Rule, RuleSet, decide

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on a Monday."""


def ask(**changes: Any) -> RouteAsk:
    return RouteAsk(
        **{
            "platform": "platform_1",
            "merchants": ("shop-1",),
            "method": PaymentMethod.ALIPAY_QR,
            "amount": 10_000,
            "currency": "CNY",
            **changes,
        }
    )


def candidate(code: str, **changes: Any) -> Candidate:
    terms = MethodTerms(amount_min=1, amount_max=5_000_000, lifetime_max=timedelta(hours=2))
    return Candidate(**{"code": code, "active": True, "terms": terms, **changes})


def costs(code: str, rate: str, fixed: int = 0, **changes: Any) -> Candidate:
    return candidate(code, cost_rate=Decimal(rate), cost_fixed=fixed, **changes)


def compiled(*rules: Rule) -> CompiledRules:
    return CompiledRules(RuleSet(version=1, rules=rules, note="", made_by="", made_at=NOW))


def decided(
    *candidates: Candidate,
    rules: tuple[Rule, ...] = (),
    health: dict[str, Health] | None = None,
    now: datetime = NOW,
    draw: float = 0.0,
    **asked: Any,
) -> Decision:
    return decide(ask(**asked), candidates, rules=compiled(*rules), health=health or {}, now=now, draw=draw)


def removed(decision: Decision) -> dict[str, str]:
    """Who was taken out, and why."""
    return {each.code: each.reason.value for step in decision.steps for each in step.removed}
