"""Applying for a line, using it, and publishing the rules."""

from datetime import date, datetime, timedelta
from uuid import UUID

from feiqian.credit import queries, store
from feiqian.credit.model import Decision, Outcome, RuleSet, ScheduledRules
from feiqian.credit.rules import check_rules, decide
from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import new_id
from feiqian.kernel.money import check_currency


async def apply(tx: Transaction, *, now: datetime, merchant_id: UUID, currency: str) -> Decision:
    """Decide about a merchant's line from what the ledger shows now; no person takes part.

    The newest decision governs from this moment on. The same day, with the same facts and rules, the decision of
    that day is returned and nothing is written.

    Raises: InvalidRequest for an unknown currency; RuleSetMissing.
    """
    check_currency(currency)
    await store.open_line(tx, merchant=merchant_id, currency=currency)
    await store.lock_line(tx, merchant=merchant_id, currency=currency)
    today = business_date(now)
    rules = await queries.rules_in_force(tx, day=today)
    facts = await queries.read_facts(
        tx, merchant_id=merchant_id, currency=currency, through=today, window_days=rules.content.window_days
    )
    before = await queries.latest_decision(tx, merchant_id=merchant_id, currency=currency)
    if before is not None and (before.facts, before.rules_version) == (facts, rules.version):
        return before
    verdict = decide(facts, rules.content, currency)
    decision = Decision(
        id=new_id(now),
        merchant=merchant_id,
        currency=currency,
        outcome=verdict.outcome,
        limit=verdict.limit,
        facts=facts,
        reasons=verdict.reasons,
        rules_version=rules.version,
        decided_on=today,
        decided_at=now,
        valid_until=(
            now + timedelta(days=rules.content.valid_days) if verdict.outcome is Outcome.APPROVED else None
        ),
    )
    await store.insert_decision(tx, decision)
    await store.set_line(tx, decision)
    return decision


async def lock_line(tx: Transaction, *, now: datetime, merchant_id: UUID, currency: str) -> Decision | None:
    """The line in force, held until the transaction ends: who draws on it or decides about it waits in turn."""
    await store.lock_line(tx, merchant=merchant_id, currency=currency)
    return await queries.line_in_force(tx, now=now, merchant_id=merchant_id, currency=currency)


async def publish_rules(tx: Transaction, *, valid_from: date, content: RuleSet) -> ScheduledRules:
    """Add the next version of the rules, for decisions of that business date and later. Versions are never changed.

    Raises: InvalidRequest.
    """
    version = await store.newest_version(tx) + 1
    rules = ScheduledRules(version=version, valid_from=valid_from, content=check_rules(content))
    await store.insert_rules(tx, rules)
    return rules
