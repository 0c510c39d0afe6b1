"""Credit: how much a merchant may owe, decided from its own settled trade.

Owns rule sets (data, by version and date), decisions (immutable: the facts seen, every rule's outcome, the rules'
version) and lines. A line is the newest decision of a merchant while it is approved and valid: a later decline ends
it. A decision is

- ``declined`` when a rule fails, or the limit comes out too small: binding;
- ``referred`` when no rule fails but a fact is missing, for what is missing is not zero: a person decides;
- ``approved`` with a limit otherwise.

Facts are read from the ledger only. Invariants (``INVARIANTS``): a line names its merchant's newest decision; only a
decision whose every reason passed grants a limit.
"""

from feiqian.credit.invariants import INVARIANTS
from feiqian.credit.model import (
    Comparison,
    Decision,
    FactName,
    Facts,
    LimitFormula,
    Outcome,
    Reason,
    Rule,
    RuleSet,
    RuleSetMissing,
    ScheduledRules,
)
from feiqian.credit.operations import apply, lock_line, publish_rules
from feiqian.credit.queries import (
    decision_of_id,
    latest_decision,
    limits_in_force,
    line_in_force,
    read_facts,
    rules_in_force,
)

__all__ = [
    "INVARIANTS",
    "Comparison",
    "Decision",
    "FactName",
    "Facts",
    "LimitFormula",
    "Outcome",
    "Reason",
    "Rule",
    "RuleSet",
    "RuleSetMissing",
    "ScheduledRules",
    "apply",
    "decision_of_id",
    "latest_decision",
    "limits_in_force",
    "line_in_force",
    "lock_line",
    "publish_rules",
    "read_facts",
    "rules_in_force",
]
