"""Lists of accounts and holds: what they are filtered by, and that their pages follow one another."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from feiqian.infra.database import Database
from feiqian.kernel.errors import NotFound
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountFilter,
    AccountRef,
    Action,
    Frozen,
    HoldFilter,
    HoldState,
    account_key,
    account_totals,
    add_to_group,
    books,
    close_account,
    find_accounts,
    find_holds,
    freeze,
    funder_book,
    hold_history,
)
from tests.conftest import NOW
from tests.ledger.town import AVAILABLE, BY, CHANNEL, PENDING, at, booked, resolved


@pytest.mark.anyio
class TestAListOfAccounts:
    async def test_finds_by_what_is_asked(self, database: Database) -> None:
        dollars = AccountRef(PLATFORM_BOOK, "merchant.available", "T20", "USD")
        channel_in_dollars = AccountRef(PLATFORM_BOOK, "channel.receivable", "visa", "USD")
        await booked(database, "sale", (CHANNEL, PENDING, 100), (CHANNEL, AVAILABLE, 20))
        await booked(database, "abroad", (channel_in_dollars, dollars, 5))
        await booked(database, "refund", (PENDING, CHANNEL, 100))
        await database.run(lambda tx: freeze(tx, now=NOW, account=AVAILABLE.id, frozen=Frozen.DEBITS, **BY))
        await database.run(lambda tx: close_account(tx, now=NOW, account=PENDING.id, **BY))
        await database.run(lambda tx: add_to_group(tx, name="g", accounts=[dollars.id]))
        table: list[tuple[AccountFilter, list[AccountRef]]] = [
            (AccountFilter(book="platform", currency="USD"), [channel_in_dollars, dollars]),
            (AccountFilter(code="merchant.available"), [AVAILABLE, dollars]),
            (AccountFilter(owner="S10"), [AVAILABLE, PENDING]),
            (AccountFilter(owners=["S10", "T20"], book="platform"), [AVAILABLE, dollars, PENDING]),
            (AccountFilter(owner_prefix="S1"), [AVAILABLE, PENDING]),
            (AccountFilter(owner_prefix="%"), []),
            (AccountFilter(frozen=True), [AVAILABLE]),
            (AccountFilter(closed=True), [PENDING]),
            (AccountFilter(closed=False, currency="CNY"), [CHANNEL, AVAILABLE]),
            (AccountFilter(non_zero=False), [PENDING]),
            (AccountFilter(group="g"), [dollars]),
            (AccountFilter(book="funder:x"), []),
        ]
        async with database.transaction() as tx:
            for only, expected in table:
                assert [row.ref for row in await find_accounts(tx, only=only)] == expected, only
            assert await books(tx) == ["platform"]

    async def test_adds_up_by_currency(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100), (CHANNEL, AVAILABLE, 20))
        await booked(database, "refund", (PENDING, CHANNEL, 130))
        await booked(database, "hold", (AVAILABLE, CHANNEL, 15), action=Action.HOLD)
        async with database.transaction() as tx:
            for only, expected in [
                (AccountFilter(), [("CNY", 3, 30, 30, 30)]),
                (AccountFilter(owner="S10"), [("CNY", 2, 30, 20, 15)]),
                (AccountFilter(currency="USD"), []),
            ]:
                rows = await account_totals(tx, only=only)
                assert [
                    (t.currency, t.accounts, t.debit_balance, t.credit_balance, t.held) for t in rows
                ] == expected

    async def test_pages_through_every_account_once(self, database: Database) -> None:
        refs = [AccountRef(PLATFORM_BOOK, "merchant.pending", f"S{n:02}", "CNY") for n in range(7)]
        await booked(database, "sales", *[(CHANNEL, ref, 10) for ref in refs])
        theirs = [
            AccountRef(funder_book("f"), code, "f", "CNY") for code in ("funder.capital", "funder.cash")
        ]
        await booked(database, "deposit", (theirs[1], theirs[0], 10))
        seen: list[AccountRef] = []
        async with database.transaction() as tx:
            page = await find_accounts(tx, limit=3)
            while page:
                seen += [row.ref for row in page]
                page = await find_accounts(tx, after=account_key(page[-1]), limit=3)
        assert seen == [*theirs, CHANNEL, *refs]


@pytest.mark.anyio
class TestAListOfHolds:
    async def test_finds_by_account_state_and_expiry(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 1_000))
        names = {"a": at(1), "b": at(5), "c": None}
        held: dict[str, UUID] = {
            name: await booked(
                database, name, (AVAILABLE, CHANNEL, 100), action=Action.HOLD, expires_at=expires
            )
            for name, expires in names.items()
        }
        incoming = await booked(database, "in", (CHANNEL, PENDING, 5), action=Action.HOLD)
        await resolved(database, "c1", hold=held["c"], action=Action.CAPTURE, amount=60)
        await resolved(database, "c2", hold=held["c"], action=Action.RELEASE, amount=40)
        table: list[tuple[HoldFilter, set[UUID]]] = [
            (HoldFilter(), {*held.values(), incoming}),
            (HoldFilter(account=AVAILABLE.id), set(held.values())),
            (HoldFilter(account=PENDING.id), {incoming}),
            (HoldFilter(account=CHANNEL.id), {*held.values(), incoming}),
            (HoldFilter(account=AVAILABLE.id, state=HoldState.OPEN), {held["a"], held["b"]}),
            (HoldFilter(state=HoldState.RELEASED), {held["c"]}),
            (HoldFilter(expires_before=at(2)), {held["a"]}),
        ]
        async with database.transaction() as tx:
            for only, expected in table:
                found = [hold.id for hold in await find_holds(tx, only=only)]
                assert set(found) == expected, only
                assert found == sorted(found, reverse=True)
            first = await find_holds(tx, only=HoldFilter(account=CHANNEL.id), limit=2)
            rest = await find_holds(tx, only=HoldFilter(account=CHANNEL.id), before=first[-1].id)
            assert {h.id for h in [*first, *rest]} == {*held.values(), incoming}
            assert len(first) + len(rest) == 4

    async def test_tells_what_became_of_each(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 1_000))
        hold = await booked(database, "hold", (AVAILABLE, CHANNEL, 100), action=Action.HOLD)
        await resolved(database, "part", hold=hold, action=Action.CAPTURE, amount=60, now=at(1))
        await resolved(database, "rest", hold=hold, action=Action.RELEASE, amount=None, now=at(2))
        async with database.transaction() as tx:
            history = await hold_history(tx, id=hold)
            with pytest.raises(NotFound):
                await hold_history(tx, id=uuid4())
        assert (history.hold.captured, history.hold.released, history.hold.left) == (60, 40, 0)
        assert [(t.action, t.amounts, t.booked_at - NOW) for t in history.transactions] == [
            (Action.HOLD, (100,), timedelta()),
            (Action.CAPTURE, (60,), timedelta(hours=1)),
            (Action.RELEASE, (40,), timedelta(hours=2)),
        ]
