"""Accounts as things of their own: opened, limited, frozen, closed, grouped, listed."""

from typing import Any
from uuid import uuid4

import pytest

from feiqian.infra.database import Database, Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound, Refusal, ReplayAltered
from feiqian.ledger import (
    PLATFORM_BOOK,
    Account,
    AccountRef,
    Action,
    ChangeKind,
    Frozen,
    Side,
    account_by_id,
    account_changes,
    add_to_group,
    close_account,
    define_subject,
    find_accounts,
    freeze,
    groups,
    groups_of,
    open_account,
    remove_from_group,
    set_overdraft,
    subjects,
    trial_balance,
)
from feiqian.ledger.queries import Days
from tests.conftest import NOW
from tests.ledger.town import AVAILABLE, BY, CHANNEL, PENDING, TODAY, at, booked, resolved

TILL = AccountRef("own:mall:tills", "own.till", "shop-1", "CNY")
OWED = AccountRef("own:mall:tills", "own.owed", "shop-1", "CNY")


async def defined(tx: Transaction) -> None:
    for code, side, overdraft, chinese, english in [
        ("own.till", Side.DEBIT, 0, "收银机现金", "Cash in tills"),
        ("own.owed", Side.CREDIT, None, "应付店主", "Owed to shops"),
    ]:
        await define_subject(
            tx, now=NOW, code=code, side=side, overdraft=overdraft, chinese=chinese, english=english
        )


async def read(database: Database, ref: AccountRef) -> Account:
    async with database.transaction() as tx:
        return await account_by_id(tx, id=ref.id)


async def changes(database: Database, ref: AccountRef) -> list[tuple[ChangeKind, int | None, int | None]]:
    async with database.transaction() as tx:
        return [(c.what, c.before, c.after) for c in await account_changes(tx, account=ref.id)][::-1]


@pytest.mark.anyio
class TestASubjectOfAPlatformsOwn:
    async def test_is_defined_once(self, database: Database) -> None:
        await database.run(defined)
        await database.run(defined)
        async with database.transaction() as tx:
            rows = [(s.code, s.side, s.overdraft, s.chinese) for s in await subjects(tx)]
        assert rows == [
            ("own.owed", Side.CREDIT, None, "应付店主"),
            ("own.till", Side.DEBIT, 0, "收银机现金"),
        ]

    @pytest.mark.parametrize(
        ("altered", "field"),
        [
            ({"side": Side.CREDIT}, "side"),
            ({"overdraft": 5}, "overdraft"),
            ({"chinese": "其他"}, "chinese"),
            ({"english": "Other"}, "english"),
        ],
    )
    async def test_is_not_defined_otherwise(
        self, database: Database, altered: dict[str, Any], field: str
    ) -> None:
        first: dict[str, Any] = {
            "code": "own.till",
            "side": Side.DEBIT,
            "overdraft": 0,
            "chinese": "收银",
            "english": "Till",
        }
        await database.run(lambda tx: define_subject(tx, now=NOW, **first))
        with pytest.raises(ReplayAltered) as refused:
            await database.run(lambda tx: define_subject(tx, now=NOW, **{**first, **altered}))
        assert refused.value.facts["field"] == field

    @pytest.mark.parametrize(
        "code",
        ["till", "own.", "own.Till", "own.1", "own.a..b", "own.a.", "merchant.available", "own." + "a" * 61],
    )
    async def test_is_named_own(self, database: Database, code: str) -> None:
        with pytest.raises(InvalidRequest):
            await database.run(
                lambda tx: define_subject(
                    tx, now=NOW, code=code, side=Side.DEBIT, overdraft=0, chinese="一", english="One"
                )
            )


@pytest.mark.anyio
class TestOpening:
    async def test_takes_limit_and_side_from_the_subject(self, database: Database) -> None:
        await database.run(defined)
        table = [
            # account                   sign overdraft
            (TILL, 1, 0),
            (OWED, -1, None),
            (CHANNEL, 1, None),
            (AVAILABLE, -1, 0),
        ]
        for ref, sign, overdraft in table:
            opened = await database.run(lambda tx, ref=ref: open_account(tx, now=NOW, ref=ref, **BY))
            assert (opened.ref, opened.sign, opened.overdraft) == (ref, sign, overdraft)
            assert await changes(database, ref) == [(ChangeKind.OPENED, None, overdraft)]

    async def test_again_is_the_same_account_also_when_its_limit_was_changed_since(
        self, database: Database
    ) -> None:
        async def ask(overdraft: int) -> Account:
            return await database.run(
                lambda tx: open_account(tx, now=NOW, ref=AVAILABLE, overdraft=overdraft, **BY)
            )

        first = await ask(500)
        await database.run(lambda tx: set_overdraft(tx, now=at(1), account=first.id, overdraft=900, **BY))
        again = await ask(500)
        assert (again.id, again.overdraft) == (first.id, 900)
        with pytest.raises(ReplayAltered) as refused:
            await ask(501)
        assert refused.value.facts["field"] == "overdraft"

    async def test_of_an_account_that_opened_on_first_use_finds_it(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 100))
        found = await database.run(lambda tx: open_account(tx, now=NOW, ref=AVAILABLE, overdraft=0, **BY))
        assert found.balance == 100
        assert await changes(database, AVAILABLE) == []

    @pytest.mark.parametrize(
        ("ref", "code"),
        [
            (AccountRef("own:mall:tills", "own.unknown", "a", "CNY"), "subject_unknown"),
            (AccountRef("own:mall:tills", "merchant.available", "a", "CNY"), "code_book_mismatch"),
            (AccountRef(PLATFORM_BOOK, "own.till", "a", "CNY"), "code_book_mismatch"),
            (AccountRef(PLATFORM_BOOK, "bank.nothing", "a", "CNY"), "subject_unknown"),
            (AccountRef("elsewhere", "bank.custody", "a", "CNY"), "invalid_request"),
            (AccountRef("own:mall", "own.till", "a", "CNY"), "invalid_request"),
            (AccountRef(PLATFORM_BOOK, "bank.custody", "", "CNY"), "invalid_request"),
            (AccountRef(PLATFORM_BOOK, "bank.custody", "a", "XXX"), "invalid_request"),
        ],
    )
    async def test_of_what_cannot_be_opens_nothing(
        self, database: Database, ref: AccountRef, code: str
    ) -> None:
        await database.run(defined)
        with pytest.raises(Refusal) as refused:
            await database.run(lambda tx: open_account(tx, now=NOW, ref=ref, **BY))
        assert refused.value.code == code
        async with database.transaction() as tx:
            assert await find_accounts(tx) == []

    async def test_must_be_done_before_own_accounts_are_posted_to(self, database: Database) -> None:
        await database.run(defined)
        with pytest.raises(Refusal, match="account_unknown"):
            await booked(database, "early", (TILL, OWED, 100))
        for ref in (TILL, OWED):
            await database.run(lambda tx, ref=ref: open_account(tx, now=NOW, ref=ref, **BY))
        await booked(database, "later", (TILL, OWED, 100))
        async with database.transaction() as tx:
            rows = await trial_balance(tx, period=Days(last=TODAY), book=TILL.book)
        assert [(r.code, r.closing_debit, r.closing_credit) for r in rows] == [
            ("own.owed", 0, 100),
            ("own.till", 100, 0),
        ]


@pytest.mark.anyio
class TestAnOverdraftLimit:
    async def test_lets_an_account_go_that_far_and_no_further(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 100))
        await database.run(lambda tx: set_overdraft(tx, now=NOW, account=AVAILABLE.id, overdraft=50, **BY))
        await booked(database, "spend", (AVAILABLE, CHANNEL, 150))
        with pytest.raises(Refusal, match="insufficient_funds"):
            await booked(database, "more", (AVAILABLE, CHANNEL, 1))
        account = await read(database, AVAILABLE)
        assert (account.balance, account.available) == (-50, 0)

    async def test_is_not_lowered_below_what_is_used_with_holds(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 100))
        await database.run(lambda tx: set_overdraft(tx, now=NOW, account=AVAILABLE.id, overdraft=200, **BY))
        await booked(database, "spend", (AVAILABLE, CHANNEL, 150))
        await booked(database, "hold", (AVAILABLE, CHANNEL, 30), action=Action.HOLD)
        with pytest.raises(Refusal) as refused:
            await database.run(
                lambda tx: set_overdraft(tx, now=NOW, account=AVAILABLE.id, overdraft=79, **BY)
            )
        assert (refused.value.code, refused.value.facts["used"]) == ("overdraft_in_use", 80)
        assert (await read(database, AVAILABLE)).overdraft == 200
        await database.run(lambda tx: set_overdraft(tx, now=at(1), account=AVAILABLE.id, overdraft=80, **BY))
        assert await changes(database, AVAILABLE) == [
            (ChangeKind.OVERDRAFT, 0, 200),
            (ChangeKind.OVERDRAFT, 200, 80),
        ]

    @pytest.mark.parametrize("overdraft", [-1, 2**63])
    async def test_is_a_number_of_63_bits(self, database: Database, overdraft: int) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 100))
        with pytest.raises(InvalidRequest):
            await database.run(
                lambda tx: set_overdraft(tx, now=NOW, account=AVAILABLE.id, overdraft=overdraft, **BY)
            )


@pytest.mark.anyio
class TestAFreeze:
    async def test_is_kept_until_it_is_taken_back(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100))
        table = [
            # frozen           credited  debited
            (Frozen.DEBITS, True, False),
            (Frozen.CREDITS, False, True),
            (Frozen.BOTH, False, False),
            (Frozen.NO, True, True),
        ]
        for number, (frozen, credited, debited) in enumerate(table):
            await database.run(
                lambda tx, frozen=frozen, number=number: freeze(
                    tx, now=at(number), account=PENDING.id, frozen=frozen, **BY
                )
            )
            for name, legs, allowed in [
                (f"in-{number}", (CHANNEL, PENDING, 10), credited),
                (f"out-{number}", (PENDING, CHANNEL, 10), debited),
            ]:
                before = (await read(database, PENDING)).balance
                if allowed:
                    await booked(database, name, legs)
                else:
                    with pytest.raises(Refusal, match="account_frozen"):
                        await booked(database, name, legs)
                    assert (await read(database, PENDING)).balance == before
        assert await changes(database, PENDING) == [
            (ChangeKind.FROZEN, 0, 1),
            (ChangeKind.FROZEN, 1, 2),
            (ChangeKind.FROZEN, 2, 3),
            (ChangeKind.FROZEN, 3, 0),
        ]

    async def test_asked_twice_is_written_down_once_with_who_and_why(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100))
        for hours in (0, 1):
            await database.run(
                lambda tx, hours=hours: freeze(
                    tx,
                    now=at(hours),
                    account=PENDING.id,
                    frozen=Frozen.BOTH,
                    reason="案件 17",
                    by="staff:risk",
                )
            )
        async with database.transaction() as tx:
            (change,) = await account_changes(tx, account=PENDING.id)
        assert (change.reason, change.changed_by, change.changed_at) == ("案件 17", "staff:risk", NOW)

    @pytest.mark.parametrize(("reason", "by"), [(" ", "staff"), ("why", ""), ("x" * 513, "staff")])
    async def test_must_say_who_and_why(self, database: Database, reason: str, by: str) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100))
        with pytest.raises(InvalidRequest):
            await database.run(
                lambda tx: freeze(tx, now=NOW, account=PENDING.id, frozen=Frozen.BOTH, reason=reason, by=by)
            )
        assert (await read(database, PENDING)).frozen is Frozen.NO

    async def test_of_an_unknown_account_is_refused(self, database: Database) -> None:
        with pytest.raises(NotFound):
            await database.run(lambda tx: freeze(tx, now=NOW, account=uuid4(), frozen=Frozen.BOTH, **BY))


@pytest.mark.anyio
class TestClosing:
    async def test_needs_an_empty_account(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100))
        with pytest.raises(Refusal) as refused:
            await database.run(lambda tx: close_account(tx, now=NOW, account=PENDING.id, **BY))
        assert (refused.value.code, refused.value.facts["balance"]) == ("account_not_empty", 100)

        await booked(database, "back", (PENDING, CHANNEL, 100))
        hold = await booked(database, "hold", (CHANNEL, PENDING, 7), action=Action.HOLD)
        with pytest.raises(Refusal) as refused:
            await database.run(lambda tx: close_account(tx, now=NOW, account=PENDING.id, **BY))
        assert refused.value.facts["held"] == 7

        await resolved(database, "let go", hold=hold, action=Action.RELEASE, amount=None)
        closed = await database.run(lambda tx: close_account(tx, now=at(1), account=PENDING.id, **BY))
        assert closed.closed_at == at(1)
        assert await changes(database, PENDING) == [(ChangeKind.CLOSED, None, None)]

    async def test_is_for_good(self, database: Database) -> None:
        await database.run(lambda tx: open_account(tx, now=NOW, ref=PENDING, **BY))
        for hours in (1, 2):
            closed = await database.run(
                lambda tx, hours=hours: close_account(tx, now=at(hours), account=PENDING.id, **BY)
            )
            assert closed.closed_at == at(1)
        for act in (
            lambda tx: open_account(tx, now=NOW, ref=PENDING, **BY),
            lambda tx: freeze(tx, now=NOW, account=PENDING.id, frozen=Frozen.BOTH, **BY),
            lambda tx: set_overdraft(tx, now=NOW, account=PENDING.id, overdraft=0, **BY),
        ):
            with pytest.raises(Refusal, match="account_closed"):
                await database.run(act)
        with pytest.raises(Refusal, match="account_closed"):
            await booked(database, "late", (CHANNEL, PENDING, 1))


@pytest.mark.anyio
class TestAGroup:
    async def test_gathers_accounts_until_they_are_taken_out(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100), (CHANNEL, AVAILABLE, 20))
        ids = [PENDING.id, AVAILABLE.id]
        for _ in range(2):
            await database.run(lambda tx: add_to_group(tx, name="商户 S10", accounts=ids))
        await database.run(lambda tx: add_to_group(tx, name="待结算", accounts=[PENDING.id]))
        async with database.transaction() as tx:
            assert {(g.name, g.accounts) for g in await groups(tx)} == {("商户 S10", 2), ("待结算", 1)}
            assert set(await groups_of(tx, account=PENDING.id)) == {"商户 S10", "待结算"}
            rows = await trial_balance(tx, period=Days(last=TODAY), group="商户 S10")
        assert [(r.code, r.closing) for r in rows] == [("merchant.available", 20), ("merchant.pending", 100)]

        await database.run(lambda tx: remove_from_group(tx, name="商户 S10", accounts=[*ids, CHANNEL.id]))
        async with database.transaction() as tx:
            assert [(g.name, g.accounts) for g in await groups(tx)] == [("待结算", 1)]

    async def test_takes_only_open_accounts_and_short_names(self, database: Database) -> None:
        with pytest.raises(NotFound):
            await database.run(lambda tx: add_to_group(tx, name="a", accounts=[PENDING.id]))
        for name in ("", "x" * 65, "a\0"):
            with pytest.raises(InvalidRequest):
                await database.run(lambda tx, name=name: add_to_group(tx, name=name, accounts=[]))
