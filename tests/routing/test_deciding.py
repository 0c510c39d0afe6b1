"""Which connection takes a payment: each table is one stage of the decision."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feiqian.channels import MethodTerms, OpenHours, PaymentMethod
from feiqian.routing import Candidate, Condition, Health, Rule, RuleInvalid, check_rules, decide
from tests.routing.asks import NOW, ask, candidate, compiled, costs, decided, removed

TERMS = MethodTerms(amount_min=100, amount_max=5_000_000, lifetime_max=timedelta(hours=2))
NIGHT = OpenHours(time(23), time(6))


class TestAConnectionIsOutWhen:
    @pytest.mark.parametrize(
        ("is_so", "asked", "reason"),
        [
            ({"active": False}, {}, "paused"),
            ({"terms": None}, {}, "method_not_offered"),
            ({"platforms": frozenset({"platform_2"})}, {}, "platform_not_allowed"),
            ({"merchants": frozenset({"shop-2"})}, {}, "merchant_not_allowed"),
            (
                {"merchants": frozenset({"shop-1"})},
                {"merchants": ("shop-1", "shop-2")},
                "merchant_not_allowed",
            ),
            ({"terms": TERMS}, {"currency": "USD"}, "currency"),
            ({"terms": TERMS}, {"amount": 99}, "amount_too_small"),
            ({"terms": TERMS}, {"amount": 5_000_001}, "amount_too_large"),
            ({"left_today": 9_999}, {}, "day_used_up"),
            (
                {"terms": MethodTerms(amount_max=5_000_000, lifetime_max=timedelta(1), hours=NIGHT)},
                {},
                "closed_now",
            ),
            (
                {"terms": MethodTerms(amount_max=5_000_000, lifetime_max=timedelta(1), needs=("openid",))},
                {},
                "hint_missing",
            ),
            ({}, {"hold": True}, "cannot_hold"),
            ({}, {"shared": True}, "cannot_split"),
        ],
    )
    def test_it_cannot_take_the_payment(
        self, is_so: dict[str, Any], asked: dict[str, Any], reason: str
    ) -> None:
        able = candidate("b", holds=True, splits=True, terms=_anything())
        decision = decided(candidate("a", **is_so), able, **asked)
        assert removed(decision) == {"a": reason}
        assert decision.order == ("b",)

    @pytest.mark.parametrize(
        ("is_so", "asked"),
        [
            ({"terms": TERMS}, {"amount": 100}),
            ({"terms": TERMS}, {"amount": 5_000_000}),
            ({"left_today": 10_000}, {}),
            ({"platforms": frozenset({"platform_1"})}, {}),
            ({"merchants": frozenset({"shop-1", "shop-2"})}, {}),
            (
                {"terms": MethodTerms(amount_max=5_000_000, lifetime_max=timedelta(1), needs=("openid",))},
                {"given": frozenset({"openid", "client_ip"})},
            ),
        ],
    )
    def test_and_in_right_up_to_the_limit(self, is_so: dict[str, Any], asked: dict[str, Any]) -> None:
        assert decided(candidate("a", **is_so), **asked).order == ("a",)

    def test_nobody_left_is_said_with_every_reason(self) -> None:
        decision = decided(candidate("a", active=False), candidate("b", terms=None))
        assert decision.order == ()
        assert decision.reasons() == "a: paused, b: method_not_offered"


class TestARule:
    @pytest.mark.parametrize(
        ("when", "asked", "applies"),
        [
            (Condition(), {}, True),
            (Condition(merchants=frozenset({"shop-1"})), {}, True),
            (Condition(merchants=frozenset({"shop-2"})), {}, False),
            (Condition(merchants=frozenset({"shop-2"})), {"merchants": ("shop-1", "shop-2")}, True),
            (Condition(platforms=frozenset({"platform_2"})), {}, False),
            (Condition(methods=frozenset({PaymentMethod.ALIPAY_QR})), {}, True),
            (Condition(methods=frozenset({PaymentMethod.ALIPAY_APP})), {}, False),
            (Condition(amount_min=10_000), {}, True),
            (Condition(amount_min=10_001), {}, False),
            (Condition(amount_below=10_000), {}, False),
            (Condition(amount_below=10_001), {}, True),
            (Condition(currencies=frozenset({"USD"})), {}, False),
            (Condition(buyers=frozenset({"b-7"})), {"buyer": "b-7"}, True),
            (Condition(buyers=frozenset({"b-7"})), {}, False),
            (Condition(hours=OpenHours(time(12), time(13))), {}, True),
            (Condition(hours=OpenHours(time(11), time(12))), {}, False),
            (Condition(weekdays=frozenset({1})), {}, True),
            (Condition(weekdays=frozenset({6, 7})), {}, False),
            (Condition(merchants=frozenset({"shop-1"}), amount_min=20_000), {}, False),
        ],
    )
    def test_applies_when_all_it_says_holds(
        self, when: Condition, asked: dict[str, Any], applies: bool
    ) -> None:
        rule = Rule(name="b first", when=when, prefer=("b",))
        order = decided(candidate("a"), candidate("b"), rules=(rule,), **asked).order
        assert order == (("b", "a") if applies else ("a", "b"))

    def test_night_reaches_over_midnight(self) -> None:
        rule = Rule(name="night", when=Condition(hours=NIGHT), only=("b",))
        before_six = datetime(2026, 3, 1, 21, 59, tzinfo=UTC)
        at_six = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
        assert decided(candidate("a"), candidate("b"), rules=(rule,), now=before_six).order == ("b",)
        assert decided(candidate("a"), candidate("b"), rules=(rule,), now=at_six).order == ("a", "b")

    def test_of_several_all_prohibitions_count_and_the_first_order(self) -> None:
        rules = (
            Rule(name="not a", never=("a",)),
            Rule(name="c first", prefer=("c", "b")),
            Rule(name="d first", prefer=("d",)),
            Rule(name="only these", only=("a", "b", "c")),
        )
        decision = decided(*(candidate(code) for code in "abcd"), rules=rules)
        assert decision.order == ("c", "b")
        assert removed(decision) == {"a": "rule", "d": "rule"}

    def test_that_prefers_only_what_is_not_there_leaves_the_order_to_the_next(self) -> None:
        rules = (Rule(name="gone", prefer=("z",)), Rule(name="b first", prefer=("b",)))
        assert decided(candidate("a"), candidate("b"), rules=rules).order == ("b", "a")

    def test_about_two_merchants_of_one_payment_counts_once(self) -> None:
        rule = Rule(name="both", when=Condition(merchants=frozenset({"shop-1", "shop-2"})), never=("a",))
        decision = decided(candidate("a"), candidate("b"), rules=(rule,), merchants=("shop-1", "shop-2"))
        assert [each.code for step in decision.steps for each in step.removed] == ["a"]

    @pytest.mark.parametrize(
        "rule",
        [
            Rule(name="", prefer=("a",)),
            Rule(name="says nothing"),
            Rule(name="nobody", prefer=("nobody",)),
            Rule(name="both", prefer=("a",), split={"b": 1}),
            Rule(name="minus", split={"a": -1, "b": 2}),
            Rule(name="nothing", split={"a": 0}),
            Rule(name="empty", when=Condition(amount_min=5, amount_below=5), prefer=("a",)),
            Rule(name="eighth day", when=Condition(weekdays=frozenset({8})), prefer=("a",)),
        ],
    )
    def test_that_cannot_be_is_refused(self, rule: Rule) -> None:
        with pytest.raises(RuleInvalid):
            check_rules([Rule(name="good", prefer=("a",)), rule], frozenset("ab"))


class TestTheVolume:
    def test_is_split_by_weights(self) -> None:
        heavy, light, spare = candidate("a", weight=70), candidate("b", weight=30), candidate("c", weight=0)
        first = [decided(heavy, light, spare, draw=number / 1000).order[0] for number in range(1000)]
        assert (first.count("a"), first.count("b"), first.count("c")) == (700, 300, 0)

    def test_is_split_by_a_rule_before_the_weights(self) -> None:
        rule = Rule(name="a tenth to b", split={"a": 9, "b": 1})
        first = [
            decided(
                candidate("a", weight=0), candidate("b"), candidate("c"), rules=(rule,), draw=n / 100
            ).order[0]
            for n in range(100)
        ]
        assert (first.count("a"), first.count("b"), first.count("c")) == (90, 10, 0)

    def test_leaves_the_others_as_what_is_tried_next(self) -> None:
        decision = decided(candidate("a", weight=70), candidate("b", weight=30), draw=0.9)
        assert decision.order == ("b", "a")


class TestTheSuccessRate:
    def test_puts_who_does_clearly_worse_behind(self) -> None:
        health = {"a": Health(100, 60), "b": Health(100, 99)}
        assert decided(candidate("a", weight=90), candidate("b", weight=10), health=health).order == (
            "b",
            "a",
        )

    def test_within_five_points_changes_nothing(self) -> None:
        health = {"a": Health(100, 95), "b": Health(100, 99)}
        assert decided(candidate("a", weight=90), candidate("b", weight=10), health=health).order == (
            "a",
            "b",
        )

    def test_needs_evidence(self) -> None:
        health = {"a": Health(1, 0), "b": Health(0, 0)}
        assert decided(candidate("a", weight=90), candidate("b", weight=10), health=health).order == (
            "b",
            "a",
        )
        health = {"a": Health(100, 91), "b": Health(1, 1)}
        assert decided(candidate("a", weight=90), candidate("b", weight=10), health=health).order == (
            "a",
            "b",
        )

    def test_does_not_overrule_a_preference(self) -> None:
        rule = Rule(name="a first", prefer=("a",))
        health = {"a": Health(100, 60), "b": Health(100, 99)}
        assert decided(candidate("a"), candidate("b"), rules=(rule,), health=health).order == ("a", "b")


class TestAFailingConnection:
    def test_is_out_even_where_a_rule_prefers_it(self) -> None:
        rule = Rule(name="a first", prefer=("a",))
        decision = decided(candidate("a"), candidate("b"), rules=(rule,), health={"a": Health(open=True)})
        assert decision.order == ("b",)
        assert removed(decision) == {"a": "failing"}

    def test_leaves_nobody_where_it_was_the_only_one(self) -> None:
        assert decided(candidate("a"), health={"a": Health(open=True)}).order == ()


class TestTheCost:
    @pytest.mark.parametrize(
        ("amount", "cheapest"),
        [(100, "rate"), (10_000, "rate"), (20_000, "fixed"), (100_000, "fixed")],
    )
    def test_decides_between_equals(self, amount: int, cheapest: str) -> None:
        # 0.6 % against 0.2 % and 50 fen: equal at 12,500 fen.
        order = decided(costs("rate", "0.006"), costs("fixed", "0.002", 50), amount=amount).order
        assert order[0] == cheapest

    def test_does_not_overrule_a_split(self) -> None:
        rule = Rule(name="half and half", split={"dear": 1, "cheap": 1})
        assert decided(costs("dear", "0.01"), costs("cheap", "0.001"), rules=(rule,)).order[0] == "dear"

    def test_does_not_bring_back_who_does_worse(self) -> None:
        health = {"cheap": Health(100, 50), "dear": Health(100, 100)}
        assert decided(costs("dear", "0.01"), costs("cheap", "0.001"), health=health).order == (
            "dear",
            "cheap",
        )


class TestADecision:
    def test_says_stage_by_stage_what_happened(self) -> None:
        rule = Rule(name="no c", never=("c",))
        decision = decided(
            costs("a", "0.006"),
            costs("b", "0.002"),
            candidate("c"),
            candidate("d", active=False),
            rules=(rule,),
        )
        assert [(step.stage.value, step.order) for step in decision.steps] == [
            ("eligible", ("a", "b", "c")),
            ("rules", ("a", "b")),
            ("volume", ("a", "b")),
            ("cost", ("b", "a")),
        ]

    @given(
        st.lists(
            st.builds(
                candidate,
                st.sampled_from("abcdefgh"),
                active=st.booleans(),
                weight=st.integers(0, 5),
                left_today=st.none() | st.integers(0, 20_000),
            ),
            max_size=8,
            unique_by=lambda each: each.code,
        ),
        st.lists(
            st.builds(
                Rule,
                name=st.just("r"),
                only=st.lists(st.sampled_from("abcdefgh"), max_size=3).map(tuple),
                never=st.lists(st.sampled_from("abcdefgh"), max_size=2).map(tuple),
                prefer=st.lists(st.sampled_from("abcdefgh"), max_size=3).map(tuple),
            ),
            max_size=4,
        ),
        st.dictionaries(
            st.sampled_from("abcdefgh"), st.builds(Health, st.just(20), st.integers(0, 20), st.booleans())
        ),
        st.floats(0, 1, exclude_max=True),
    )
    def test_never_loses_or_invents_a_connection(
        self, candidates: list[Candidate], rules: list[Rule], health: dict[str, Health], draw: float
    ) -> None:
        made = decide(ask(), candidates, rules=compiled(*rules), health=health, now=NOW, draw=draw)
        out = [each.code for step in made.steps for each in step.removed]
        assert sorted([*made.order, *out]) == sorted(each.code for each in candidates)
        again = decide(ask(), candidates, rules=compiled(*rules), health=health, now=NOW, draw=draw)
        assert again == made


def _anything() -> MethodTerms:
    return MethodTerms(amount_max=10**12, currencies=("CNY", "USD"), lifetime_max=timedelta(days=1))
