"""From facts to a decision. Pure: the same facts and rules always decide the same."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal

import msgspec

from feiqian.credit.model import Comparison, FactName, Facts, LimitFormula, Outcome, Reason, Rule, RuleSet
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import Rounding, format_grouped, to_minor
from feiqian.ledger import DayTotal

LIMIT_DAYS = 30
"""The limit is a share of this many days' trade, however long the window is."""
LIMIT_TOO_SMALL = "limit_too_small"

_MONEY = {FactName.VOLUME, FactName.GROSS}
_SETTLEMENT = "settlement"
_SALE = "payment"
_REFUND = {"refund_requested", "refund_failed"}
_RATE_PLACES = Decimal("0.000001")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say: ``limit`` is 0 unless approved."""

    outcome: Outcome
    limit: int
    reasons: tuple[Reason, ...]


def facts_from(
    *,
    pending: Sequence[DayTotal],
    available: Sequence[DayTotal],
    first_sale: date | None,
    first_settlement: date | None,
    window_days: int,
    through: date,
) -> Facts:
    """The facts that a merchant's ledger accounts show.

    ``pending`` and ``available`` are what merchant.pending and merchant.available moved in the window, by date and
    kind. A failed refund comes back under its own kind and so is not counted as refunded.
    """
    sales = [row for row in pending if row.kind == _SALE]
    gross = sum(row.amount for row in sales)
    refunded = -sum(row.amount for row in pending if row.kind in _REFUND)
    has_sold = first_sale is not None
    return Facts(
        window_days=window_days,
        through=through,
        volume=sum(row.amount for row in available if row.kind == _SETTLEMENT) if first_settlement else None,
        gross=gross if has_sold else None,
        refunded=refunded if has_sold else None,
        refund_rate=_refund_rate(refunded, gross) if gross > 0 else None,
        active_days=len({row.business_date for row in sales}) if has_sold else None,
        trading_days=(through - first_sale).days + 1 if first_sale else None,
    )


def _refund_rate(refunded: int, gross: int) -> Decimal:
    return (Decimal(refunded) / Decimal(gross)).quantize(_RATE_PLACES, rounding=ROUND_CEILING)


def decide(facts: Facts, rules: RuleSet, currency: str) -> Verdict:
    """Apply every rule, so that a decline names all that is wrong, then the formula of the limit."""
    reasons = [_judge(rule, facts, currency) for rule in rules.rules]
    limit = None if facts.volume is None else _limit(facts.volume, rules.limit, facts.window_days)
    if all(reason.passed for reason in reasons):
        reasons.append(_judge_limit(limit, rules.limit, currency))
    if any(not reason.passed and reason.value is not None for reason in reasons):
        outcome = Outcome.DECLINED
    elif not all(reason.passed for reason in reasons):
        outcome = Outcome.REFERRED
    else:
        outcome = Outcome.APPROVED
    granted = limit if limit is not None and outcome is Outcome.APPROVED else 0
    return Verdict(outcome=outcome, limit=granted, reasons=tuple(reasons))


def _limit(volume: int, formula: LimitFormula, window_days: int) -> int:
    exact = Decimal(max(volume, 0)) * formula.share * LIMIT_DAYS / window_days
    rounded = to_minor(exact, Rounding.FLOOR) // formula.multiple_of * formula.multiple_of
    return min(rounded, formula.amount_max)


def _judge(rule: Rule, facts: Facts, currency: str) -> Reason:
    value = facts.value(rule.fact)
    at_least = rule.comparison is Comparison.AT_LEAST
    passed = value is not None and (value >= rule.threshold if at_least else value <= rule.threshold)
    days = str(facts.window_days)
    return Reason(
        code=rule.code,
        fact=rule.fact.value,
        value=value,
        threshold=rule.threshold,
        passed=passed,
        english=rule.english.format(
            value="unknown" if value is None else _show(rule.fact, value, currency),
            threshold=_show(rule.fact, rule.threshold, currency),
            window_days=days,
        ),
        chinese=rule.chinese.format(
            value="未知" if value is None else _show_chinese(rule.fact, value, currency),
            threshold=_show_chinese(rule.fact, rule.threshold, currency),
            window_days=days,
        ),
    )


def _judge_limit(limit: int | None, formula: LimitFormula, currency: str) -> Reason:
    needed = formula.amount_min
    shown = "?" if limit is None else _english(limit, currency)
    shown_chinese = "？" if limit is None else _chinese(limit, currency)
    return Reason(
        code=LIMIT_TOO_SMALL,
        fact="limit",
        value=None if limit is None else Decimal(limit),
        threshold=Decimal(formula.amount_min),
        passed=limit is not None and limit >= formula.amount_min,
        english=f"The trade supports a line of {shown}; lines begin at {_english(needed, currency)}.",
        chinese=f"按交易额可授信 {shown_chinese}，最低授信额度为 {_chinese(needed, currency)}。",
    )


def _english(amount: int, currency: str) -> str:
    return f"{currency} {format_grouped(amount, currency)}"


def _chinese(amount: int, currency: str) -> str:
    return f"{format_grouped(amount, currency)} {'元' if currency == 'CNY' else currency}"


def _show_chinese(fact: FactName, value: Decimal, currency: str) -> str:
    return _chinese(int(value), currency) if fact in _MONEY else _show(fact, value, currency)


def _show(fact: FactName, value: Decimal, currency: str) -> str:
    """A fact as a person reads it: money in major units, rates in percent, days as they are."""
    if fact in _MONEY:
        return _english(int(value), currency)
    if fact is FactName.REFUND_RATE:
        return f"{(value * 100).normalize():f} %"
    return f"{value.normalize():f}"


def check_rules(content: RuleSet) -> RuleSet:
    """Return a rule set that may be published.

    Raises: InvalidRequest naming the field: a share outside 0 … 1, a smallest line above the largest, a reason code
    used twice, or a sentence with an unknown word in braces.
    """
    formula = content.limit
    if not 0 < formula.share <= 1:
        raise InvalidRequest(field="limit.share", reason="must be above 0 and at most 1")
    if formula.amount_min > formula.amount_max:
        raise InvalidRequest(field="limit.amount_min", reason="must not be above limit.amount_max")
    codes = [rule.code for rule in content.rules]
    if len(set(codes)) < len(codes) or LIMIT_TOO_SMALL in codes:
        raise InvalidRequest(
            field="rules.code", reason=f"must differ from each other and from {LIMIT_TOO_SMALL}"
        )
    for rule in content.rules:
        for field, sentence in (("english", rule.english), ("chinese", rule.chinese)):
            try:
                sentence.format(value="", threshold="", window_days="")
            except (KeyError, IndexError, ValueError, AttributeError) as error:
                raise InvalidRequest(
                    field=f"rules.{rule.code}.{field}",
                    reason="may use {value}, {threshold} and {window_days} only",
                ) from error
    return content
