"""Routing: which connection takes a payment, why, and how the connections do.

Owns the rules as data (whole sets with a version each), what calls to channels came to minute by minute, the circuit
breakers that all processes share, and the decision for every payment with its trace.

A decision is made in memory by a pure function (``decide``) from the question, the candidates, the rules in force and
the health of the last minutes; the draw that splits volume follows from the payment's id, so that every decision can
be explained again. Breakers: closed -> open -> half_open -> closed | open, documented at ``BreakerState``.
"""

from feiqian.routing.candidates import candidate_of
from feiqian.routing.health import Breaker, BreakerState, CallOutcome, HealthBook
from feiqian.routing.model import (
    NO_RULES,
    Candidate,
    Condition,
    Decision,
    MinuteCount,
    NoRoute,
    Reason,
    Removed,
    RouteAsk,
    Rule,
    RuleInvalid,
    RulesChanged,
    RuleSet,
    Stage,
    Step,
    StoredDecision,
)
from feiqian.routing.operations import record_decision, rules_in_force, set_rules
from feiqian.routing.router import Probe, Router
from feiqian.routing.rules import CompiledRules, Health, check_rules, decide, draw_of
from feiqian.routing.store import (
    BreakerRow,
    counts_since,
    decisions_of,
    list_rule_sets,
    read_breakers,
    read_rule_set,
)

__all__ = [
    "NO_RULES",
    "Breaker",
    "BreakerRow",
    "BreakerState",
    "CallOutcome",
    "Candidate",
    "CompiledRules",
    "Condition",
    "Decision",
    "Health",
    "HealthBook",
    "MinuteCount",
    "NoRoute",
    "Probe",
    "Reason",
    "Removed",
    "RouteAsk",
    "Router",
    "Rule",
    "RuleInvalid",
    "RuleSet",
    "RulesChanged",
    "Stage",
    "Step",
    "StoredDecision",
    "candidate_of",
    "check_rules",
    "counts_since",
    "decide",
    "decisions_of",
    "draw_of",
    "list_rule_sets",
    "read_breakers",
    "read_rule_set",
    "record_decision",
    "rules_in_force",
    "set_rules",
]
