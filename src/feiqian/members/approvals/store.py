"""SQL of maker and checker."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.members.approvals.model import Proposal, ProposalEvent, ProposalState, ProposalStep
from feiqian.members.model import Staff

_PROPOSAL = (
    "SELECT p.id, p.kind, p.subject, p.payload, p.reason, p.state, p.maker, m.name AS maker_name, p.made_at,"
    " p.checker, c.name AS checker_name, p.closed_at, p.note FROM members.proposal p"
    " JOIN members.staff m ON m.cell = p.cell AND m.id = p.maker"
    " LEFT JOIN members.staff c ON c.cell = p.cell AND c.id = p.checker"
)


async def insert_proposal(
    tx: Transaction,
    *,
    id: UUID,
    kind: str,
    subject: str,
    payload: dict[str, Any],
    reason: str,
    maker: UUID,
    now: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO members.proposal (cell, id, kind, subject, payload, reason, state, maker, made_at)"
        " VALUES (%s, %s, %s, %s, %s::jsonb, %s, 'proposed', %s, %s)",
        (tx.cell, id, kind, subject, msgspec.json.encode(payload).decode(), reason, maker, now),
    )


async def lock_proposal(tx: Transaction, id: UUID) -> None:
    await tx.execute("SELECT 1 FROM members.proposal WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))


async def read_proposal(tx: Transaction, id: UUID) -> Proposal:
    """One proposal. Raises: NotFound."""
    proposal = await tx.maybe(Proposal, _PROPOSAL + " WHERE p.cell = %s AND p.id = %s", (tx.cell, id))
    if proposal is None:
        raise NotFound(what="proposal", name=str(id))
    return proposal


async def find_proposals(
    tx: Transaction,
    *,
    state: ProposalState | None = None,
    kind: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Proposal]:
    """Newest first, from before a proposal on."""
    return await tx.all(
        Proposal,
        _PROPOSAL + " WHERE p.cell = %s AND (%s::text IS NULL OR p.state = %s)"
        " AND (%s::text IS NULL OR p.kind = %s) AND (%s::uuid IS NULL OR p.id < %s)"
        " ORDER BY p.id DESC LIMIT %s",
        (tx.cell, state, state, kind, kind, before, before, limit),
    )


async def open_proposals_of(tx: Transaction, *, kind: str, subject: str) -> list[Proposal]:
    """What still waits for a checker about one subject, oldest first."""
    return await tx.all(
        Proposal,
        _PROPOSAL
        + " WHERE p.cell = %s AND p.kind = %s AND p.subject = %s AND p.state = 'proposed' ORDER BY p.id",
        (tx.cell, kind, subject),
    )


async def close_proposal(
    tx: Transaction,
    *,
    id: UUID,
    state: ProposalState,
    checker: UUID | None,
    note: str | None,
    now: datetime,
) -> None:
    await tx.execute(
        "UPDATE members.proposal SET state = %s, checker = %s, note = %s, closed_at = %s WHERE cell = %s AND id = %s",
        (state.value, checker, note, now, tx.cell, id),
    )


async def insert_step(
    tx: Transaction,
    *,
    proposal: UUID,
    event: ProposalEvent,
    staff: Staff,
    note: str | None,
    now: datetime,
) -> None:
    await tx.execute(
        "INSERT INTO members.proposal_step (cell, proposal, number, at, event, staff, role, note)"
        " SELECT %s, %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s, %s FROM members.proposal_step"
        " WHERE cell = %s AND proposal = %s",
        (tx.cell, proposal, now, event.value, staff.id, staff.role.value, note, tx.cell, proposal),
    )


async def proposal_steps(tx: Transaction, *, proposal: UUID) -> list[ProposalStep]:
    """What happened to a proposal, in order."""
    return await tx.all(
        ProposalStep,
        "SELECT t.at, t.event, t.staff, s.name AS staff_name, t.role, t.note FROM members.proposal_step t"
        " JOIN members.staff s ON s.cell = t.cell AND s.id = t.staff"
        " WHERE t.cell = %s AND t.proposal = %s ORDER BY t.number",
        (tx.cell, proposal),
    )
