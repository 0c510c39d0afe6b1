"""A proposal is decided once, by one person, and its trail cannot be changed."""

import asyncio
from collections import Counter

import psycopg
import pytest

from feiqian.connections import ConnectionEvent, VersionState
from feiqian.infra.database import Transaction
from feiqian.kernel.errors import InvalidRequest, Refusal
from feiqian.members import (
    Approvals,
    Permission,
    Procedure,
    Proposal,
    ProposalEvent,
    ProposalState,
    Role,
    permissions_of,
    proposal_steps,
)
from tests.connections.office import CODE, Office


class TestADecision:
    async def test_is_made_once_however_many_press_at_the_same_time(self, office: Office) -> None:
        version = await office.propose()
        await office.probe(version.number)
        proposal = version.proposal
        assert proposal is not None

        async def press(reject: bool) -> str:
            async def decide(tx: Transaction) -> Proposal:
                now, checker = office.clock.now(), (office.admin if reject else office.finance)
                if reject:
                    return await office.approvals.reject(
                        tx, now=now, id=proposal, checker=checker, note="不对"
                    )
                return await office.approvals.approve(tx, now=now, id=proposal, checker=checker)

            try:
                return (await office.database.run(decide)).state.value
            except Refusal as refusal:
                return refusal.code

        outcomes = Counter(await asyncio.gather(*(press(index % 2 == 0) for index in range(8))))
        assert outcomes.pop("proposal_closed") == 7
        (state,) = outcomes
        expected = VersionState.IN_FORCE if state == "approved" else VersionState.REJECTED
        assert (await office.version(1)).state is expected
        async with office.database.reading() as tx:
            steps = await proposal_steps(tx, proposal=proposal)
        assert [step.event for step in steps] == [ProposalEvent.PROPOSED, ProposalEvent(state)]

    async def test_that_cannot_be_done_is_not_made(self, office: Office) -> None:
        approvals = Approvals()

        async def fail(tx: Transaction, proposal: Proposal, now: object) -> None:
            raise InvalidRequest(field="payload", reason="cannot be done")

        async def nothing(tx: Transaction, proposal: Proposal, now: object) -> None:
            assert proposal.state is not ProposalState.APPROVED

        approvals.subscribe(
            Procedure(
                kind="test",
                chinese="测试",
                english="Test",
                maker=Permission.CREDENTIALS_PROPOSE,
                checker=Permission.CREDENTIALS_APPROVE,
                execute=fail,
                dismiss=nothing,
            )
        )
        now = office.clock.now()
        proposal = await office.database.run(
            lambda tx: approvals.propose(
                tx, now=now, maker=office.operations, kind="test", subject="x", payload={}, reason="试"
            )
        )
        with pytest.raises(InvalidRequest, match="cannot be done"):
            await office.database.run(
                lambda tx: approvals.approve(tx, now=now, id=proposal.id, checker=office.finance)
            )
        rejected = await office.database.run(
            lambda tx: approvals.reject(tx, now=now, id=proposal.id, checker=office.finance, note="做不了")
        )
        assert (rejected.state, rejected.checker_name) == (ProposalState.REJECTED, "陈财")

    async def test_of_a_kind_has_one_procedure(self, office: Office) -> None:
        with pytest.raises(ValueError, match="has a procedure"):
            office.approvals.subscribe(office.approvals.procedures[0])


class TestTheTrail:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE connections.event SET actor = 'somebody else'",
            "DELETE FROM connections.event",
            "UPDATE members.proposal_step SET note = 'nothing happened'",
            "DELETE FROM members.proposal_step",
            "DELETE FROM members.proposal",
            "DELETE FROM connections.version",
        ],
    )
    async def test_cannot_be_changed_by_the_application(self, statement: str, office: Office) -> None:
        await office.connect()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await office.database.run(lambda tx: tx.execute(statement))  # pyright: ignore[reportArgumentType]
        assert (await office.history())[-1].event is ConnectionEvent.CREATED

    async def test_holds_no_checker_who_is_the_maker(self, office: Office) -> None:
        await office.propose()
        with pytest.raises(psycopg.errors.CheckViolation):
            await office.database.run(
                lambda tx: tx.execute(
                    "UPDATE members.proposal SET state = 'approved', checker = maker, closed_at = made_at"
                )
            )

    async def test_has_one_version_in_force(self, office: Office) -> None:
        await office.connect()
        await office.connect(mchid="1900000222")
        with pytest.raises(psycopg.errors.UniqueViolation):
            await office.database.run(
                lambda tx: tx.execute("UPDATE connections.version SET state = 'in_force'")
            )
        assert (await office.connection(CODE)).in_force == 2


class TestARole:
    def test_may_what_the_table_says(self) -> None:
        assert permissions_of(Role.ADMIN) == list(Permission)
        assert permissions_of(Role.FINANCE) == [
            Permission.CONNECTIONS_COST,
            Permission.CREDENTIALS_APPROVE,
        ]
        assert permissions_of(Role.OPERATIONS) == [
            Permission.CONNECTIONS_SWITCH,
            Permission.CONNECTIONS_CONFIGURE,
            Permission.CREDENTIALS_PROPOSE,
            Permission.NOTIFICATIONS_RESEND,
        ]
