"""Proposing, approving, rejecting, withdrawing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import new_id
from feiqian.members.approvals import store
from feiqian.members.approvals.model import (
    REASON_LENGTH_MAX,
    MakerChecks,
    Proposal,
    ProposalClosed,
    ProposalEvent,
    ProposalState,
    require_permission,
)
from feiqian.members.approvals.procedures import Procedure
from feiqian.members.model import Staff

_SAID = {
    ProposalState.APPROVED: ProposalEvent.APPROVED,
    ProposalState.REJECTED: ProposalEvent.REJECTED,
    ProposalState.WITHDRAWN: ProposalEvent.WITHDRAWN,
}


class Approvals:
    """The procedures of a house, filled once by the wiring."""

    def __init__(self) -> None:
        self._procedures: dict[str, Procedure] = {}

    def subscribe(self, procedure: Procedure) -> None:
        """Decide proposals of that kind by that procedure. Raises: ValueError for a kind that has one."""
        if procedure.kind in self._procedures:
            raise ValueError(f"{procedure.kind} has a procedure")
        self._procedures[procedure.kind] = procedure

    @property
    def procedures(self) -> list[Procedure]:
        """All of them."""
        return list(self._procedures.values())

    def procedure(self, kind: str) -> Procedure:
        """Raises: InvalidRequest for a kind that nobody subscribed."""
        procedure = self._procedures.get(kind)
        if procedure is None:
            raise InvalidRequest(field="kind", reason=f"no procedure for {kind} is known")
        return procedure

    async def propose(
        self,
        tx: Transaction,
        *,
        now: datetime,
        maker: Staff,
        kind: str,
        subject: str,
        payload: dict[str, Any],
        reason: str,
    ) -> Proposal:
        """Lay something before the checkers. ``payload`` is shown to them and must hold no secret.

        Raises: PermissionMissing, InvalidRequest.
        """
        require_permission(maker, self.procedure(kind).maker)
        id = new_id(now)
        await store.insert_proposal(
            tx,
            id=id,
            kind=kind,
            subject=subject,
            payload=payload,
            reason=_said(reason, field="reason"),
            maker=maker.id,
            now=now,
        )
        await store.insert_step(
            tx, proposal=id, event=ProposalEvent.PROPOSED, staff=maker, note=reason, now=now
        )
        return await store.read_proposal(tx, id)

    async def approve(
        self, tx: Transaction, *, now: datetime, id: UUID, checker: Staff, note: str | None = None
    ) -> Proposal:
        """Agree, and do it. Raises: MakerChecks, PermissionMissing, ProposalClosed, NotFound, and what doing it raises."""
        return await self._check(tx, now=now, id=id, checker=checker, state=ProposalState.APPROVED, note=note)

    async def reject(
        self, tx: Transaction, *, now: datetime, id: UUID, checker: Staff, note: str
    ) -> Proposal:
        """Refuse, and say why. Raises: MakerChecks, PermissionMissing, ProposalClosed, NotFound, InvalidRequest."""
        return await self._check(
            tx,
            now=now,
            id=id,
            checker=checker,
            state=ProposalState.REJECTED,
            note=_said(note, field="note"),
        )

    async def withdraw(
        self, tx: Transaction, *, now: datetime, id: UUID, maker: Staff, note: str | None = None
    ) -> Proposal:
        """Take one's own back. Raises: PermissionMissing, ProposalClosed, NotFound."""
        proposal = await self._open(tx, id)
        procedure = self.procedure(proposal.kind)
        require_permission(maker, procedure.maker)
        if maker.id != proposal.maker:
            raise InvalidRequest(
                field="id", reason="only who made a proposal may withdraw it; reject it instead"
            )
        return await self._close(tx, now, proposal, staff=maker, state=ProposalState.WITHDRAWN, note=note)

    async def _check(
        self,
        tx: Transaction,
        *,
        now: datetime,
        id: UUID,
        checker: Staff,
        state: ProposalState,
        note: str | None,
    ) -> Proposal:
        proposal = await self._open(tx, id)
        require_permission(checker, self.procedure(proposal.kind).checker)
        if checker.id == proposal.maker:
            raise MakerChecks
        return await self._close(tx, now, proposal, staff=checker, state=state, note=note)

    async def _open(self, tx: Transaction, id: UUID) -> Proposal:
        await store.lock_proposal(tx, id)
        proposal = await store.read_proposal(tx, id)
        if proposal.state is not ProposalState.PROPOSED:
            raise ProposalClosed(state=proposal.state.value)
        return proposal

    async def _close(
        self,
        tx: Transaction,
        now: datetime,
        proposal: Proposal,
        *,
        staff: Staff,
        state: ProposalState,
        note: str | None,
    ) -> Proposal:
        note = _said(note, field="note") if note else None
        await store.close_proposal(
            tx,
            id=proposal.id,
            state=state,
            checker=None if state is ProposalState.WITHDRAWN else staff.id,
            note=note,
            now=now,
        )
        await store.insert_step(tx, proposal=proposal.id, event=_SAID[state], staff=staff, note=note, now=now)
        closed = await store.read_proposal(tx, proposal.id)
        procedure = self.procedure(proposal.kind)
        act = procedure.execute if state is ProposalState.APPROVED else procedure.dismiss
        await act(tx, closed, now)
        return closed


def _said(text: str, *, field: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= REASON_LENGTH_MAX:
        raise InvalidRequest(field=field, reason=f"must be 1 to {REASON_LENGTH_MAX} characters")
    return text
