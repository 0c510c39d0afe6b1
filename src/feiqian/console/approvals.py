"""The inbox of what waits for a second person, and deciding it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter, SkipValidation

from feiqian.console.given import GivenClock, GivenDatabase
from feiqian.infra.database import Transaction
from feiqian.infra.paging import Cursor, Limit, Page
from feiqian.kernel.ids import parse_id, show_id
from feiqian.members import (
    Approvals,
    Permission,
    Proposal,
    ProposalState,
    ProposalStep,
    Staff,
    find_proposals,
    permissions_of,
    proposal_steps,
    read_proposal,
)

GivenApprovals = NamedDependency[SkipValidation[Approvals]]
"""``approvals``: how each kind of proposal is decided."""

Request_ = Request[Staff, Any, Any]


class ProposalView(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and what whoever looks may do with it."""

    id: str
    kind: str
    chinese: str
    """What the kind is called."""
    english: str
    subject: str
    payload: dict[str, Any]
    reason: str
    state: ProposalState
    maker: str
    made_at: datetime
    checker: str | None
    closed_at: datetime | None
    note: str | None
    may_check: bool
    may_withdraw: bool


class ProposalPage(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal with its audit trail, oldest first."""

    proposal: ProposalView
    steps: list[ProposalStep]


class Decided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said to a decision."""

    note: str | None = None


class Rejected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why not."""

    note: str


def show_proposal(proposal: Proposal, *, approvals: Approvals, staff: Staff) -> ProposalView:
    """A proposal as one member of staff sees it."""
    procedure = approvals.procedure(proposal.kind)
    may: list[Permission] = permissions_of(staff.role)
    waiting = proposal.state is ProposalState.PROPOSED
    own = proposal.maker == staff.id
    return ProposalView(
        id=show_id("proposal", proposal.id),
        kind=proposal.kind,
        chinese=procedure.chinese,
        english=procedure.english,
        subject=proposal.subject,
        payload=proposal.payload,
        reason=proposal.reason,
        state=proposal.state,
        maker=proposal.maker_name,
        made_at=proposal.made_at,
        checker=proposal.checker_name,
        closed_at=proposal.closed_at,
        note=proposal.note,
        may_check=waiting and not own and procedure.checker in may,
        may_withdraw=waiting and own and procedure.maker in may,
    )


class ApprovalController(Controller):
    """Maker and checker."""

    path = "/approvals"

    @get()
    async def list_all(
        self,
        request: Request_,
        database: GivenDatabase,
        approvals: GivenApprovals,
        in_state: Annotated[ProposalState | None, QueryParameter(name="state")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ProposalView]:
        """Newest first."""
        before = None if cursor is None else parse_id("proposal", cursor)
        async with database.reading() as tx:
            rows = await find_proposals(tx, state=in_state, before=before, limit=limit + 1)
        items = [show_proposal(row, approvals=approvals, staff=request.user) for row in rows[:limit]]
        return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)

    @get("/{proposal_id:str}")
    async def read(
        self,
        proposal_id: FromPath[str],
        request: Request_,
        database: GivenDatabase,
        approvals: GivenApprovals,
    ) -> ProposalPage:
        """Raises: NotFound."""
        id = parse_id("proposal", proposal_id)
        async with database.reading() as tx:
            proposal = await read_proposal(tx, id)
            steps = await proposal_steps(tx, proposal=id)
        return ProposalPage(
            proposal=show_proposal(proposal, approvals=approvals, staff=request.user), steps=steps
        )

    @post("/{proposal_id:str}/approve", status_code=200)
    async def approve(
        self,
        proposal_id: FromPath[str],
        data: JSONBody[Decided],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
        approvals: GivenApprovals,
    ) -> ProposalView:
        """Agree and do it. Raises: MakerChecks, PermissionMissing, ProposalClosed, and what doing it raises."""

        async def decide(tx: Transaction) -> Proposal:
            return await approvals.approve(
                tx,
                now=clock.now(),
                id=parse_id("proposal", proposal_id),
                checker=request.user,
                note=data.note,
            )

        return show_proposal(await database.run(decide), approvals=approvals, staff=request.user)

    @post("/{proposal_id:str}/reject", status_code=200)
    async def reject(
        self,
        proposal_id: FromPath[str],
        data: JSONBody[Rejected],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
        approvals: GivenApprovals,
    ) -> ProposalView:
        """Refuse. Raises: MakerChecks, PermissionMissing, ProposalClosed."""

        async def decide(tx: Transaction) -> Proposal:
            return await approvals.reject(
                tx,
                now=clock.now(),
                id=parse_id("proposal", proposal_id),
                checker=request.user,
                note=data.note,
            )

        return show_proposal(await database.run(decide), approvals=approvals, staff=request.user)

    @post("/{proposal_id:str}/withdraw", status_code=200)
    async def withdraw(
        self,
        proposal_id: FromPath[str],
        data: JSONBody[Decided],
        request: Request_,
        database: GivenDatabase,
        clock: GivenClock,
        approvals: GivenApprovals,
    ) -> ProposalView:
        """Take one's own back. Raises: PermissionMissing, ProposalClosed."""

        async def decide(tx: Transaction) -> Proposal:
            return await approvals.withdraw(
                tx,
                now=clock.now(),
                id=parse_id("proposal", proposal_id),
                maker=request.user,
                note=data.note,
            )

        return show_proposal(await database.run(decide), approvals=approvals, staff=request.user)
