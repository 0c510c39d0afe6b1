"""Deciding about a line, told as tables: facts in, outcome, limit and reasons out."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feiqian.credit import Comparison, FactName, Facts, LimitFormula, Outcome, Rule, RuleSet
from feiqian.credit.rules import check_rules, decide, facts_from
from feiqian.kernel.errors import InvalidRequest
from feiqian.ledger import DayTotal

DAY = date(2026, 3, 4)


def rule(code: str, fact: FactName, comparison: Comparison, threshold: str) -> Rule:
    return Rule(
        code=code,
        fact=fact,
        comparison=comparison,
        threshold=Decimal(threshold),
        english="{value} against {threshold} in {window_days} days",
        chinese="{window_days} 天 {value} 对 {threshold}",
    )


RULES = RuleSet(
    window_days=30,
    valid_days=30,
    rules=(
        rule("active_days_too_few", FactName.ACTIVE_DAYS, Comparison.AT_LEAST, "3"),
        rule("volume_too_small", FactName.VOLUME, Comparison.AT_LEAST, "200000"),
        rule("refund_rate_too_high", FactName.REFUND_RATE, Comparison.AT_MOST, "0.20"),
    ),
    limit=LimitFormula(share=Decimal("0.30"), multiple_of=10_000, amount_min=50_000, amount_max=50_000_000),
)
GOOD = Facts(
    window_days=30,
    through=DAY,
    volume=1_234_567,
    gross=1_300_000,
    refunded=65_433,
    refund_rate=Decimal("0.050334"),
    active_days=3,
    trading_days=3,
)


def facts(**changes: object) -> Facts:
    return msgspec.structs.replace(GOOD, **changes)


class TestALimit:
    @pytest.mark.parametrize(
        ("volume", "limit"),
        [
            # fen settled in 30 days    30 %, down to whole 100 yuan
            (1_234_567, 370_000),
            (200_000, 60_000),
            (233_333, 60_000),  # 69,999.9 fen
            (233_334, 70_000),  # 70,000.2 fen
            (166_666_666, 49_990_000),
            (166_666_667, 50_000_000),
            (999_999_999_999, 50_000_000),  # never above 500,000 yuan
        ],
    )
    def test_is_a_share_of_thirty_days_trade_in_whole_hundreds(self, volume: int, limit: int) -> None:
        verdict = decide(facts(volume=volume), RULES, "CNY")
        assert (verdict.outcome, verdict.limit) == (Outcome.APPROVED, limit)

    def test_of_a_longer_window_is_scaled_to_thirty_days(self) -> None:
        verdict = decide(facts(volume=3_000_000, window_days=90), RULES, "CNY")
        assert verdict.limit == 300_000

    def test_below_the_smallest_line_is_declined_with_its_own_reason(self) -> None:
        modest = msgspec.structs.replace(
            RULES, limit=msgspec.structs.replace(RULES.limit, amount_min=70_000, share=Decimal("0.30"))
        )
        verdict = decide(facts(volume=200_000), modest, "CNY")
        assert (verdict.outcome, verdict.limit) == (Outcome.DECLINED, 0)
        assert [(r.code, r.value, r.threshold) for r in verdict.reasons if not r.passed] == [
            ("limit_too_small", Decimal(60_000), Decimal(70_000))
        ]

    @given(st.integers(min_value=200_000, max_value=10**15), st.integers(min_value=0, max_value=10**12))
    def test_never_falls_when_trade_grows(self, volume: int, more: int) -> None:
        before = decide(facts(volume=volume), RULES, "CNY")
        after = decide(facts(volume=volume + more), RULES, "CNY")
        assert before.limit <= after.limit <= 50_000_000
        assert after.limit % 10_000 == 0
        assert after.limit * 10 <= (volume + more) * 3


class TestADecision:
    @pytest.mark.parametrize(
        ("changes", "outcome", "not_passed"),
        [
            ({}, Outcome.APPROVED, []),
            ({"active_days": 2}, Outcome.DECLINED, ["active_days_too_few"]),
            ({"volume": 199_999}, Outcome.DECLINED, ["volume_too_small"]),
            ({"volume": -5_000}, Outcome.DECLINED, ["volume_too_small"]),
            ({"refund_rate": Decimal("0.200000")}, Outcome.APPROVED, []),
            ({"refund_rate": Decimal("0.200001")}, Outcome.DECLINED, ["refund_rate_too_high"]),
            # All that is wrong is said at once.
            ({"active_days": 1, "volume": 10}, Outcome.DECLINED, ["active_days_too_few", "volume_too_small"]),
            # What is missing refers; it is not taken for zero.
            ({"refund_rate": None}, Outcome.REFERRED, ["refund_rate_too_high"]),
            ({"volume": None}, Outcome.REFERRED, ["volume_too_small"]),
            # A rule that fails declines, whatever else is missing.
            (
                {"active_days": 2, "volume": None},
                Outcome.DECLINED,
                ["active_days_too_few", "volume_too_small"],
            ),
        ],
    )
    def test_names_every_rule_that_was_not_passed(
        self, changes: dict[str, object], outcome: Outcome, not_passed: list[str]
    ) -> None:
        verdict = decide(facts(**changes), RULES, "CNY")
        assert verdict.outcome is outcome
        assert [reason.code for reason in verdict.reasons if not reason.passed] == not_passed
        assert (verdict.limit > 0) == (outcome is Outcome.APPROVED)

    def test_without_a_rule_on_volume_refers_when_volume_is_missing(self) -> None:
        lenient = msgspec.structs.replace(RULES, rules=RULES.rules[:1])
        verdict = decide(facts(volume=None), lenient, "CNY")
        assert (verdict.outcome, verdict.reasons[-1].value) == (Outcome.REFERRED, None)

    def test_speaks_in_yuan_and_percent(self) -> None:
        verdict = decide(GOOD, RULES, "CNY")
        assert [reason.english for reason in verdict.reasons] == [
            "3 against 3 in 30 days",
            "CNY 12,345.67 against CNY 2,000.00 in 30 days",
            "5.0334 % against 20 % in 30 days",
            "The trade supports a line of CNY 3,700.00; lines begin at CNY 500.00.",
        ]
        assert verdict.reasons[0].chinese == "30 天 3 对 3"


class TestFacts:
    def test_are_what_the_accounts_moved_in_the_window(self) -> None:
        day, next_day = date(2026, 3, 2), date(2026, 3, 3)
        pending = [
            DayTotal(business_date=day, kind="payment", amount=100_000, entries=4),
            DayTotal(business_date=day, kind="refund_requested", amount=-20_000, entries=1),
            DayTotal(business_date=next_day, kind="settlement", amount=-80_000, entries=1),
            DayTotal(business_date=next_day, kind="payment", amount=50_001, entries=1),
            DayTotal(business_date=next_day, kind="refund_failed", amount=5_000, entries=1),
        ]
        available = [
            DayTotal(business_date=next_day, kind="settlement", amount=80_000, entries=1),
            DayTotal(business_date=next_day, kind="loan_draw", amount=999, entries=1),
        ]
        assert facts_from(
            pending=pending,
            available=available,
            first_sale=date(2026, 2, 1),
            first_settlement=next_day,
            window_days=30,
            through=DAY,
        ) == Facts(
            window_days=30,
            through=DAY,
            volume=80_000,
            gross=150_001,
            refunded=15_000,
            refund_rate=Decimal("0.100000"),  # 0.0999993 rounded up
            active_days=2,
            trading_days=32,
        )

    def test_of_a_merchant_without_trade_are_missing_not_zero(self) -> None:
        nothing = facts_from(
            pending=[], available=[], first_sale=None, first_settlement=None, window_days=30, through=DAY
        )
        assert nothing == Facts(
            window_days=30,
            through=DAY,
            volume=None,
            gross=None,
            refunded=None,
            refund_rate=None,
            active_days=None,
            trading_days=None,
        )
        assert decide(nothing, RULES, "CNY").outcome is Outcome.REFERRED

    def test_of_a_merchant_that_stopped_trading_are_zero_but_its_refund_rate_is_missing(self) -> None:
        long_ago = date(2025, 1, 1)
        idle = facts_from(
            pending=[],
            available=[],
            first_sale=long_ago,
            first_settlement=long_ago,
            window_days=30,
            through=DAY,
        )
        assert (idle.volume, idle.gross, idle.active_days, idle.refund_rate) == (0, 0, 0, None)
        assert decide(idle, RULES, "CNY").outcome is Outcome.DECLINED


class TestRulesToPublish:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"limit": msgspec.structs.replace(RULES.limit, share=Decimal("1.01"))}, "limit.share"),
            ({"limit": msgspec.structs.replace(RULES.limit, share=Decimal(0))}, "limit.share"),
            ({"limit": msgspec.structs.replace(RULES.limit, amount_min=50_000_001)}, "limit.amount_min"),
            ({"rules": (*RULES.rules, RULES.rules[0])}, "rules.code"),
            (
                {"rules": (rule("limit_too_small", FactName.VOLUME, Comparison.AT_LEAST, "1"),)},
                "rules.code",
            ),
            (
                {"rules": (msgspec.structs.replace(RULES.rules[0], english="{colour}"),)},
                "rules.active_days_too_few.english",
            ),
            (
                {"rules": (msgspec.structs.replace(RULES.rules[0], chinese="{value"),)},
                "rules.active_days_too_few.chinese",
            ),
        ],
    )
    def test_are_refused_by_field(self, changes: dict[str, object], field: str) -> None:
        with pytest.raises(InvalidRequest) as refused:
            check_rules(msgspec.structs.replace(RULES, **changes))
        assert refused.value.facts["field"] == field

    @pytest.mark.parametrize(
        "text",
        [
            '{"window_days": 0, "valid_days": 30, "rules": [], "limit": %s}',
            '{"window_days": 30, "valid_days": 30, "rules": [], "limit": %s, "colour": 1}',
            '{"window_days": 30, "valid_days": 30, "rules": [{"code": "x", "fact": "height"}], "limit": %s}',
        ],
    )
    def test_are_of_the_schema(self, text: str) -> None:
        limit = msgspec.json.encode(RULES.limit).decode()
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text.replace("%s", limit), type=RuleSet)
