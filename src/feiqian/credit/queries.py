"""Reads of credit for lending and the faces."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from feiqian.credit import store
from feiqian.credit.model import Decision, Facts, RuleSetMissing, ScheduledRules
from feiqian.credit.rules import facts_from
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, day_totals, statement


async def rules_in_force(tx: Transaction, *, day: date) -> ScheduledRules:
    """The rules of a business date: the highest version that is valid by then.

    Raises: RuleSetMissing.
    """
    rules = await store.read_rules(tx, day)
    if rules is None:
        raise RuleSetMissing(day=day)
    return rules


async def read_facts(
    tx: Transaction, *, merchant_id: UUID, currency: str, through: date, window_days: int
) -> Facts:
    """What the ledger shows of a merchant's trade over the ``window_days`` business dates that end with ``through``."""
    owner = str(merchant_id)
    first = through - timedelta(days=window_days - 1)
    pending, available = AccountCode.MERCHANT_PENDING, AccountCode.MERCHANT_AVAILABLE
    return facts_from(
        pending=await day_totals(tx, code=pending, owner=owner, first=first, last=through),
        available=await day_totals(tx, code=available, owner=owner, first=first, last=through),
        first_sale=await _first_entry(tx, AccountRef(PLATFORM_BOOK, pending, owner, currency)),
        first_settlement=await _first_entry(tx, AccountRef(PLATFORM_BOOK, available, owner, currency)),
        window_days=window_days,
        through=through,
    )


async def _first_entry(tx: Transaction, ref: AccountRef) -> date | None:
    """When an account was first used. Pending money begins with a sale, available money with a settlement."""
    lines = await statement(tx, ref=ref, before=2, limit=1)
    return lines[0].business_date if lines else None


async def latest_decision(tx: Transaction, *, merchant_id: UUID, currency: str) -> Decision | None:
    """The merchant's newest decision, whatever it says and however old; None when it never applied."""
    found = await store.read_governing(tx, merchants=[merchant_id], currency=currency)
    return found[0] if found else None


async def line_in_force(
    tx: Transaction, *, now: datetime, merchant_id: UUID, currency: str
) -> Decision | None:
    """The decision under which the merchant may draw now; None when there is none, or it ended, or was replaced."""
    decision = await latest_decision(tx, merchant_id=merchant_id, currency=currency)
    return decision if decision is not None and decision.in_force(now) else None


async def limits_in_force(
    tx: Transaction, *, now: datetime, merchants: Sequence[UUID], currency: str
) -> dict[UUID, int]:
    """Limits of the merchants that have a line now, in minor units."""
    decisions = await store.read_governing(tx, merchants=merchants, currency=currency)
    return {decision.merchant: decision.limit for decision in decisions if decision.in_force(now)}


async def decision_of_id(tx: Transaction, *, id: UUID) -> Decision:
    """One decision, as it was made.

    Raises: NotFound.
    """
    decision = await store.read_decision(tx, id)
    if decision is None:
        raise NotFound(what="credit decision", name=id)
    return decision
