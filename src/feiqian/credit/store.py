"""SQL of credit."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.credit.model import Decision, Facts, Outcome, Reason, RuleSet, ScheduledRules
from feiqian.infra.database import Transaction

_json = msgspec.json.Encoder(decimal_format="string")
_DECISION = (
    "SELECT d.id, d.merchant, d.currency, d.outcome, d.line_limit, d.facts::text AS facts, d.reasons::text AS reasons,"
    " d.rules_version, d.decided_on, d.decided_at, d.valid_until FROM credit.decision d"
)


class _DecisionRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    merchant: UUID
    currency: str
    outcome: Outcome
    line_limit: int
    facts: str
    reasons: str
    rules_version: int
    decided_on: date
    decided_at: datetime
    valid_until: datetime | None

    def decision(self) -> Decision:
        return Decision(
            id=self.id,
            merchant=self.merchant,
            currency=self.currency,
            outcome=self.outcome,
            limit=self.line_limit,
            facts=msgspec.json.decode(self.facts, type=Facts),
            reasons=msgspec.json.decode(self.reasons, type=tuple[Reason, ...]),
            rules_version=self.rules_version,
            decided_on=self.decided_on,
            decided_at=self.decided_at,
            valid_until=self.valid_until,
        )


class _RuleSetRow(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    valid_from: date
    content: str

    def rules(self) -> ScheduledRules:
        return ScheduledRules(
            version=self.version,
            valid_from=self.valid_from,
            content=msgspec.json.decode(self.content, type=RuleSet),
        )


async def read_rules(tx: Transaction, day: date) -> ScheduledRules | None:
    row = await tx.maybe(
        _RuleSetRow,
        "SELECT version, valid_from, content::text AS content FROM credit.rule_set"
        " WHERE valid_from <= %s ORDER BY version DESC LIMIT 1",
        (day,),
    )
    return row.rules() if row else None


async def newest_version(tx: Transaction) -> int:
    return await tx.one(int, "SELECT coalesce(max(version), 0) FROM credit.rule_set")


async def insert_rules(tx: Transaction, rules: ScheduledRules) -> None:
    await tx.execute(
        "INSERT INTO credit.rule_set (version, valid_from, content) VALUES (%s, %s, %s::jsonb)",
        (rules.version, rules.valid_from, _json.encode(rules.content).decode()),
    )


async def open_line(tx: Transaction, *, merchant: UUID, currency: str) -> None:
    await tx.execute(
        "INSERT INTO credit.line (cell, merchant, currency) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (tx.cell, merchant, currency),
    )


async def lock_line(tx: Transaction, *, merchant: UUID, currency: str) -> None:
    await tx.execute(
        "SELECT decision FROM credit.line WHERE cell = %s AND merchant = %s AND currency = %s FOR UPDATE",
        (tx.cell, merchant, currency),
    )


async def set_line(tx: Transaction, decision: Decision) -> None:
    await tx.execute(
        "UPDATE credit.line SET decision = %s WHERE cell = %s AND merchant = %s AND currency = %s",
        (decision.id, tx.cell, decision.merchant, decision.currency),
    )


async def insert_decision(tx: Transaction, decision: Decision) -> None:
    await tx.execute(
        "INSERT INTO credit.decision (cell, id, merchant, currency, outcome, line_limit, facts, reasons,"
        " rules_version, decided_on, decided_at, valid_until)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s)",
        (
            tx.cell,
            decision.id,
            decision.merchant,
            decision.currency,
            decision.outcome.value,
            decision.limit,
            _json.encode(decision.facts).decode(),
            _json.encode(decision.reasons).decode(),
            decision.rules_version,
            decision.decided_on,
            decision.decided_at,
            decision.valid_until,
        ),
    )


async def read_decision(tx: Transaction, id: UUID) -> Decision | None:
    row = await tx.maybe(_DecisionRow, _DECISION + " WHERE d.cell = %s AND d.id = %s", (tx.cell, id))
    return row.decision() if row else None


async def read_governing(tx: Transaction, *, merchants: Sequence[UUID], currency: str) -> list[Decision]:
    rows = await tx.all(
        _DecisionRow,
        _DECISION + " JOIN credit.line l ON l.cell = d.cell AND l.decision = d.id"
        " WHERE l.cell = %s AND l.merchant = ANY(%s) AND l.currency = %s",
        (tx.cell, list(merchants), currency),
    )
    return [row.decision() for row in rows]
