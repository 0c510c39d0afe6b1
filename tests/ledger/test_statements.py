"""An account's statement: pages, ranges, streams; and transactions found by what is known about them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from feiqian.infra.database import Database
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    Action,
    EntryFilter,
    TransactionFilter,
    find_transactions,
    show_entry,
    show_posted,
    statement,
    statement_lines,
    transaction_by_id,
)
from tests.conftest import NOW
from tests.ledger.town import AVAILABLE, BANK, CHANNEL, FEE, PENDING, at, booked, day, resolved


async def a_week(database: Database) -> None:
    """Six entries of PENDING: on both sides, of several kinds, sizes and days, one of them backdated."""
    await booked(database, "sale 1", (CHANNEL, PENDING, 1_000), now=at(0))
    await booked(database, "sale 2", (CHANNEL, PENDING, 50), (CHANNEL, FEE, 1), now=at(1))
    await booked(database, "refund 1", (PENDING, CHANNEL, 30), kind="refund", now=at(24))
    await booked(database, "settle", (PENDING, AVAILABLE, 1_020), kind="settlement", now=at(26))
    await booked(database, "sale 3", (CHANNEL, PENDING, 700), now=at(48), business_date=day(1))
    hold = await booked(database, "hold", (PENDING, BANK, 200), action=Action.HOLD, kind="payout", now=at(49))
    await resolved(database, "pay", hold=hold, action=Action.CAPTURE, amount=150, now=at(50))
    await resolved(database, "rest", hold=hold, action=Action.RELEASE, amount=None, now=at(51))


@pytest.mark.anyio
class TestAStatement:
    async def test_shows_every_entry_newest_first_with_the_balance_after_it(self, database: Database) -> None:
        await a_week(database)
        async with database.transaction() as tx:
            lines = await statement(tx, ref=PENDING)
        assert [
            (x.sequence, x.reference, x.is_debit, x.amount, x.balance, x.held, x.other_code) for x in lines
        ] == [
            (8, "rest", True, 0, 550, -50, "bank.custody"),
            (7, "pay", True, -150, 550, -150, "bank.custody"),
            (6, "hold", True, 0, 700, 200, "bank.custody"),
            (5, "sale 3", False, 700, 700, 0, "channel.receivable"),
            (4, "settle", True, -1_020, 0, 0, "merchant.available"),
            (3, "refund 1", True, -30, 1_020, 0, "channel.receivable"),
            (2, "sale 2", False, 50, 1_050, 0, "channel.receivable"),
            (1, "sale 1", False, 1_000, 1_000, 0, "channel.receivable"),
        ]
        assert (lines[1].hold, lines[1].action, lines[0].action) == (
            derived_id("hold"),
            Action.CAPTURE,
            Action.RELEASE,
        )

    async def test_pages_through_every_entry_once(self, database: Database) -> None:
        await a_week(database)
        for ref in (PENDING, CHANNEL, PENDING.id):
            seen: list[int] = []
            async with database.transaction() as tx:
                page = await statement(tx, ref=ref, limit=3)
                while page:
                    seen += [line.sequence for line in page]
                    page = await statement(tx, ref=ref, before=seen[-1], limit=3)
            assert seen == list(range(seen[0], 0, -1))

    @pytest.mark.parametrize(
        ("only", "expected"),
        [
            (EntryFilter(since=at(1), until=at(26)), [3, 2]),
            (EntryFilter(since=at(26)), [8, 7, 6, 5, 4]),
            (EntryFilter(until=at(0)), []),
            (EntryFilter(first=day(1), last=day(1)), [5, 4, 3]),
            (EntryFilter(last=day(0)), [2, 1]),
            (EntryFilter(first=day(2)), [8, 7, 6]),
            (EntryFilter(kind="payment", moved=True), [7, 5, 2, 1]),
            (EntryFilter(kind="payout"), [6]),
            (EntryFilter(amount_min=700), [5, 4, 1]),
            (EntryFilter(amount_min=30, amount_max=50), [3, 2]),
            (EntryFilter(moved=True), [7, 5, 4, 3, 2, 1]),
            (EntryFilter(moved=False), [8, 6]),
            (EntryFilter(since=at(1), first=day(1), kind="payment", amount_min=200), [5]),
        ],
    )
    async def test_is_narrowed_to_what_is_asked(
        self, database: Database, only: EntryFilter, expected: list[int]
    ) -> None:
        await a_week(database)
        async with database.transaction() as tx:
            assert [line.sequence for line in await statement(tx, ref=PENDING, only=only)] == expected
            page = await statement(tx, ref=PENDING, only=only, before=5)
            assert [line.sequence for line in page] == [n for n in expected if n < 5]
            streamed = [
                line.sequence
                async for lines in statement_lines(tx, account=PENDING.id, only=only, chunk=2)
                for line in lines
            ]
            assert streamed == expected[::-1]

    async def test_of_an_account_never_used_is_empty_and_of_none_is_refused_as_a_stream(
        self, database: Database
    ) -> None:
        async with database.transaction() as tx:
            assert await statement(tx, ref=PENDING) == []
            assert await statement(tx, ref=PENDING, only=EntryFilter(since=at(1))) == []
            with pytest.raises(NotFound):
                _ = [lines async for lines in statement_lines(tx, account=PENDING.id)]

    async def test_must_say_the_time_zone_of_its_range(self, database: Database) -> None:
        async with database.transaction() as tx:
            with pytest.raises(InvalidRequest):
                await statement(tx, ref=PENDING, only=EntryFilter(since=NOW.replace(tzinfo=None)))

    async def test_stream_ends_at_what_was_the_newest_entry_when_it_began(self, database: Database) -> None:
        await a_week(database)
        seen: list[int] = []
        async with database.reading() as tx:
            async for lines in statement_lines(tx, account=PENDING.id, chunk=3):
                seen += [line.sequence for line in lines]
                await booked(database, f"meanwhile {len(seen)}", (CHANNEL, PENDING, 1), now=at(60))
        assert seen == list(range(1, 9))

    async def test_line_is_shown_with_outside_ids(self, database: Database) -> None:
        await a_week(database)
        async with database.transaction() as tx:
            shown = show_entry((await statement(tx, ref=PENDING, limit=2))[1])
        assert (shown.action, shown.side, shown.amount, shown.balance) == ("capture", "debit", -150, 550)
        assert shown.transaction_id.startswith("transaction_")
        assert shown.other_account_id.startswith("account_")
        assert shown.hold_id is not None


@pytest.mark.anyio
class TestAListOfTransactions:
    async def known(self, database: Database) -> dict[str, UUID]:
        return {
            name: await booked(database, name, (CHANNEL, PENDING, 10), now=NOW, **more)
            for name, more in {
                "a": {"metadata": {"order": {"no": "T1", "lines": [1, 2]}, "shop": "上海"}},
                "b": {"metadata": {"order": {"no": "T2"}}, "business_date": day(1)},
                "c": {"kind": "top_up", "reference": "a", "business_date": day(2)},
                "d": {"reference": "", "business_date": day(2)},
            }.items()
        }

    async def test_finds_by_what_is_asked(self, database: Database) -> None:
        known = await self.known(database)
        table: list[tuple[TransactionFilter, str]] = [
            (TransactionFilter(), "abcd"),
            (TransactionFilter(reference="a"), "ac"),
            (TransactionFilter(kind="top_up"), "c"),
            (TransactionFilter(metadata={"order": {"no": "T1"}}), "a"),
            (TransactionFilter(metadata={"shop": "上海", "order": {"lines": [2]}}), "a"),
            (TransactionFilter(metadata={"order": {"no": "T3"}}), ""),
            (TransactionFilter(first=day(1)), "bcd"),
            (TransactionFilter(first=day(1), last=day(1)), "b"),
            (TransactionFilter(kind="payment", last=day(0)), "a"),
            (TransactionFilter(action=Action.HOLD), ""),
        ]
        async with database.transaction() as tx:
            for only, expected in table:
                found = await find_transactions(tx, only=only)
                assert {row.id for row in found} == {known[name] for name in expected}, only
                days = [row.business_date for row in found]
                assert days == sorted(days, reverse=True)

    async def test_finds_what_takes_a_transaction_back(self, database: Database) -> None:
        sale = await booked(database, "sale", (CHANNEL, PENDING, 100))
        back = await booked(database, "back", (PENDING, CHANNEL, 40), reverses=sale)
        async with database.transaction() as tx:
            found = await find_transactions(tx, only=TransactionFilter(reverses=sale))
        assert [row.id for row in found] == [back]

    async def test_pages_through_every_transaction_once(self, database: Database) -> None:
        known = await self.known(database)
        seen: list[UUID] = []
        async with database.transaction() as tx:
            page = await find_transactions(tx, limit=1)
            while page:
                seen += [row.id for row in page]
                page = await find_transactions(tx, before=(page[-1].business_date, page[-1].id), limit=1)
        assert sorted(seen) == sorted(known.values())

    async def test_shows_one_with_its_legs_and_metadata(self, database: Database) -> None:
        sale = await booked(
            database, "sale", (CHANNEL, PENDING, 99), (CHANNEL, FEE, 1), metadata={"门店": "一号"}
        )
        async with database.transaction() as tx:
            shown = show_posted(await transaction_by_id(tx, id=sale))
            with pytest.raises(NotFound):
                await transaction_by_id(tx, id=uuid4())
        assert ([leg.amount for leg in shown.legs], shown.metadata) == ([99, 1], {"门店": "一号"})
        assert shown.booked_at - NOW == timedelta()
