"""What can be done to routing, each in the one transaction it is given."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.routing import store
from feiqian.routing.model import NO_RULES, Decision, RouteAsk, Rule, RulesChanged, RuleSet
from feiqian.routing.rules import check_rules


async def set_rules(
    tx: Transaction,
    *,
    now: datetime,
    by: str,
    rules: Sequence[Rule],
    note: str,
    based_on: int,
    known: frozenset[str],
) -> RuleSet:
    """Put rules into force, as a whole; every process follows within a second or two.

    ``based_on`` is the version that was changed, ``known`` the codes of all connections.
    Raises: RuleInvalid, RulesChanged.
    """
    check_rules(rules, known)
    newest = await store.newest_version(tx)
    if newest != based_on:
        raise RulesChanged(version=newest)
    made = RuleSet(version=newest + 1, rules=tuple(rules), note=note, made_by=by, made_at=now)
    if not await store.insert_rule_set(tx, made):
        raise RulesChanged(version=newest + 1)
    return made


async def rules_in_force(tx: Transaction) -> RuleSet:
    """The newest rules; none before any were set."""
    found = await store.read_rule_set(tx, await store.newest_version(tx))
    return found or NO_RULES


async def record_decision(
    tx: Transaction, *, now: datetime, id: UUID, payment: UUID, ask: RouteAsk, decision: Decision
) -> None:
    """Keep why a payment went where it went."""
    await store.insert_decision(tx, id=id, payment=payment, at=now, ask=ask, decision=decision)
