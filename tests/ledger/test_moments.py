"""Balances and trial balances as they were at any moment, by booking time and by business date."""

import csv
from datetime import date, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from feiqian.infra.database import Database, Transaction
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.ledger import (
    AccountCode,
    AccountRef,
    Action,
    Booked,
    Days,
    Moment,
    MomentArchived,
    Period,
    Side,
    TransactionFilter,
    TrialRow,
    add_to_group,
    balance_curve,
    balances_at,
    balances_at_close,
    code_balances,
    code_totals,
    day_totals,
    define_subject,
    find_transactions,
    first_business_date,
    open_account,
    statement_csv,
    trial_balance,
)
from tests.conftest import NOW
from tests.ledger.town import (
    AVAILABLE,
    BANK,
    BY,
    CHANNEL,
    EVERY,
    FEE,
    PENDING,
    TODAY,
    at,
    booked,
    day,
    resolved,
)


async def three_days(database: Database) -> None:
    """Three days of trade; on the third day a fee of the first is put right, and a payment of the fourth is ahead."""
    await booked(database, "sale 1", (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60), now=at(0))
    await booked(database, "sale 2", (CHANNEL, PENDING, 500), now=at(24))
    await booked(database, "settle", (PENDING, AVAILABLE, 9_940), kind="settlement", now=at(25))
    await booked(
        database, "fee put right", (PENDING, FEE, 10), kind="correction", now=at(48), business_date=day(0)
    )
    await booked(database, "ahead", (CHANNEL, PENDING, 7), now=at(49), business_date=day(3))
    await booked(database, "bank", (BANK, CHANNEL, 10_000), kind="settlement", now=at(50))


async def shown(database: Database, moment: Moment) -> list[int]:
    async with database.transaction() as tx:
        return [
            row.balance for row in await balances_at(tx, accounts=[ref.id for ref in EVERY], moment=moment)
        ]


@pytest.mark.anyio
class TestABalanceAtAMoment:
    async def test_of_booking_is_what_had_been_booked_before_it(self, database: Database) -> None:
        await three_days(database)
        table: list[tuple[datetime, list[int]]] = [
            # moment                            channel pending available  fee    bank
            (at(0), [0, 0, 0, 0, 0]),
            (at(0) + timedelta(microseconds=1), [10_000, 9_940, 0, 60, 0]),
            (at(24), [10_000, 9_940, 0, 60, 0]),
            (at(25), [10_500, 10_440, 0, 60, 0]),
            (at(48), [10_500, 500, 9_940, 60, 0]),
            (at(49), [10_500, 490, 9_940, 70, 0]),
            (at(50), [10_507, 497, 9_940, 70, 0]),
            (at(51), [507, 497, 9_940, 70, 10_000]),
        ]
        for moment, expected in table:
            assert await shown(database, moment) == expected, moment

    async def test_of_business_is_what_belongs_to_the_date_or_before_whenever_it_was_booked(
        self, database: Database
    ) -> None:
        await three_days(database)
        table: list[tuple[date, list[int]]] = [
            # date    channel pending available  fee    bank
            (day(-1), [0, 0, 0, 0, 0]),
            (day(0), [10_000, 9_930, 0, 70, 0]),
            (day(1), [10_500, 490, 9_940, 70, 0]),
            (day(2), [500, 490, 9_940, 70, 10_000]),
            (day(3), [507, 497, 9_940, 70, 10_000]),
        ]
        for moment, expected in table:
            assert await shown(database, moment) == expected, moment

    async def test_is_not_moved_by_holds(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, AVAILABLE, 100))
        hold = await booked(database, "hold", (AVAILABLE, CHANNEL, 60), action=Action.HOLD, now=at(1))
        await resolved(database, "part", hold=hold, action=Action.CAPTURE, amount=20, now=at(2))
        await resolved(database, "rest", hold=hold, action=Action.RELEASE, amount=None, now=at(3))
        async with database.transaction() as tx:
            for hours, expected in [(1, 100), (2, 100), (3, 80), (4, 80)]:
                (row,) = await balances_at(tx, accounts=[AVAILABLE.id], moment=at(hours))
                assert row.balance == expected
            (row,) = await balances_at(tx, accounts=[AVAILABLE.id], moment=TODAY)
            assert row.balance == 80

    async def test_names_the_account_that_is_not_open(self, database: Database) -> None:
        await booked(database, "sale", (CHANNEL, PENDING, 100))
        async with database.transaction() as tx:
            for moment in (NOW, TODAY):
                with pytest.raises(NotFound):
                    await balances_at(tx, accounts=[PENDING.id, uuid4()], moment=moment)

    async def test_must_say_its_time_zone(self, database: Database) -> None:
        async with database.transaction() as tx:
            with pytest.raises(InvalidRequest):
                await balances_at(tx, accounts=[], moment=NOW.replace(tzinfo=None))


def columns(rows: list[TrialRow]) -> list[tuple[str, int, int, int, int, int, int]]:
    return [
        (
            row.code,
            row.opening_debit,
            row.opening_credit,
            row.debits,
            row.credits,
            row.closing_debit,
            row.closing_credit,
        )
        for row in rows
    ]


@pytest.mark.anyio
class TestATrialBalance:
    PERIODS: tuple[tuple[Period, list[tuple[str, int, int, int, int, int, int]]], ...] = (
        (
            Days(first=day(1), last=day(2)),
            [
                # code                opening dr, cr       moved dr, cr     closing dr, cr
                ("bank.custody", 0, 0, 10_000, 0, 10_000, 0),
                ("channel.receivable", 10_000, 0, 500, 10_000, 500, 0),
                ("merchant.available", 0, 0, 0, 9_940, 0, 9_940),
                ("merchant.pending", 0, 9_930, 9_940, 500, 0, 490),
                ("platform.fee_income", 0, 70, 0, 0, 0, 70),
            ],
        ),
        (
            Days(last=day(0)),
            [
                ("channel.receivable", 0, 0, 10_000, 0, 10_000, 0),
                ("merchant.pending", 0, 0, 10, 9_940, 0, 9_930),
                ("platform.fee_income", 0, 0, 0, 70, 0, 70),
            ],
        ),
        (
            Booked(since=at(24), until=at(49)),
            [
                ("channel.receivable", 10_000, 0, 500, 0, 10_500, 0),
                ("merchant.available", 0, 0, 0, 9_940, 0, 9_940),
                ("merchant.pending", 0, 9_940, 9_950, 500, 0, 490),
                ("platform.fee_income", 0, 60, 0, 10, 0, 70),
            ],
        ),
        (
            Booked(until=at(25)),
            [
                ("channel.receivable", 0, 0, 10_500, 0, 10_500, 0),
                ("merchant.pending", 0, 0, 0, 10_440, 0, 10_440),
                ("platform.fee_income", 0, 0, 0, 60, 0, 60),
            ],
        ),
    )

    @pytest.mark.parametrize(("period", "expected"), PERIODS)
    async def test_of_a_book_shows_opening_movement_and_closing(
        self, database: Database, period: Period, expected: list[tuple[str, int, int, int, int, int, int]]
    ) -> None:
        await three_days(database)
        async with database.transaction() as tx:
            rows = columns(await trial_balance(tx, period=period, book="platform"))
        assert rows == expected
        sums = [sum(column) for column in zip(*(row[1:] for row in rows), strict=True)]
        assert sums[0::2] == sums[1::2]

    async def test_of_a_group_shows_its_accounts_only(self, database: Database) -> None:
        await three_days(database)
        other = AccountRef(PENDING.book, PENDING.code, "S20", "CNY")
        await booked(database, "other", (CHANNEL, other, 1_000_000))
        await database.run(lambda tx: add_to_group(tx, name="S10", accounts=[PENDING.id, AVAILABLE.id]))
        async with database.transaction() as tx:
            rows = await trial_balance(tx, period=Days(first=day(1), last=day(1)), group="S10")
            assert [(r.code, r.accounts, r.opening, r.closing) for r in rows] == [
                ("merchant.available", 1, 0, 9_940),
                ("merchant.pending", 1, 9_930, 490),
            ]
            assert await trial_balance(tx, period=Days(last=day(9)), group="nobody") == []

    @pytest.mark.parametrize(
        ("period", "scope"),
        [
            (Days(last=TODAY), {}),
            (Days(last=TODAY), {"book": "platform", "group": "g"}),
            (Days(first=day(1), last=day(0)), {"book": "platform"}),
            (Booked(since=at(1), until=at(0)), {"book": "platform"}),
            (Days(last=date.max), {"book": "platform"}),
            (Days(first=date.min, last=TODAY), {"book": "platform"}),
        ],
    )
    async def test_must_have_one_scope_and_a_period(
        self, database: Database, period: Period, scope: dict[str, str]
    ) -> None:
        async with database.transaction() as tx:
            with pytest.raises(InvalidRequest):
                await trial_balance(tx, period=period, **scope)


@pytest.mark.anyio
class TestABalanceCurve:
    async def test_has_the_balance_at_the_end_of_each_day(self, database: Database) -> None:
        await three_days(database)
        async with database.transaction() as tx:
            points = await balance_curve(tx, account=PENDING.id, first=day(-1), last=day(3))
        assert [(point.day, point.balance) for point in points] == [
            (day(-1), 0),
            (day(0), 9_940),
            (day(1), 500),
            (day(2), 497),
            (day(3), 497),
        ]

    async def test_of_many_days_is_thinned_out_and_ends_on_the_last(self, database: Database) -> None:
        await three_days(database)
        async with database.transaction() as tx:
            points = await balance_curve(tx, account=PENDING.id, first=day(-6), last=day(3), points_max=4)
            assert [point.day for point in points] == [day(-6), day(-3), day(0), day(3)]
            with pytest.raises(InvalidRequest):
                await balance_curve(tx, account=PENDING.id, first=day(1), last=day(0))


ARCHIVED = """
INSERT INTO ledger.archived_total (cell, account, business_date, kind, debits, credits, transactions)
  SELECT cell, account, business_date, kind, coalesce(sum(abs(amount)) FILTER (WHERE is_debit), 0),
         coalesce(sum(abs(amount)) FILTER (WHERE NOT is_debit), 0), count(DISTINCT transaction)
  FROM ledger.entry WHERE booked_at < %(before)s GROUP BY cell, account, business_date, kind;
INSERT INTO ledger.opening (cell, account, sequence, debits, credits, held_debits, held_credits, booked_at)
  SELECT cell, account, max(sequence), coalesce(sum(abs(amount)) FILTER (WHERE is_debit), 0),
         coalesce(sum(abs(amount)) FILTER (WHERE NOT is_debit), 0), 0, 0, max(booked_at)
  FROM ledger.entry WHERE booked_at < %(before)s GROUP BY cell, account;
DELETE FROM ledger.leg WHERE booked_at < %(before)s;
"""


@pytest.mark.anyio
class TestWhatWasArchived:
    @pytest.fixture
    async def archived(self, database: Database, database_urls: tuple[str, str]) -> Database:
        """The three days, of which the first and the morning of the second are no longer in the tables."""
        await three_days(database)
        with psycopg.ClientCursor(psycopg.connect(database_urls[1], autocommit=True)) as admin:
            admin.execute(ARCHIVED, {"before": at(25)})
            admin.connection.close()
        return database

    async def test_counts_by_business_date_as_before(self, archived: Database) -> None:
        table: list[tuple[date, list[int]]] = [
            (day(-1), [0, 0, 0, 0, 0]),
            (day(0), [10_000, 9_930, 0, 70, 0]),
            (day(1), [10_500, 490, 9_940, 70, 0]),
            (day(3), [507, 497, 9_940, 70, 10_000]),
        ]
        for moment, expected in table:
            assert await shown(archived, moment) == expected, moment
            async with archived.transaction() as tx:
                sums = {row.code: row.balance for row in await code_balances(tx, through=moment)}
                pending = await balances_at_close(
                    tx, code=AccountCode.MERCHANT_PENDING, currency="CNY", day=moment
                )
            assert [sums.get(AccountCode(ref.code), 0) for ref in EVERY] == expected
            assert [row.balance for row in pending] == [expected[1]] * bool(expected[1])
        async with archived.transaction() as tx:
            for period, expected_rows in TestATrialBalance.PERIODS:
                if isinstance(period, Days):
                    rows = await trial_balance(tx, period=period, book="platform")
                    assert columns(rows) == expected_rows
            totals = {(t.kind, t.code): (t.debit, t.credit) for t in await code_totals(tx, day=day(0))}
            assert totals["payment", AccountCode.MERCHANT_PENDING] == (0, 9_940)
            assert totals["correction", AccountCode.MERCHANT_PENDING] == (10, 0)
            moved = await day_totals(
                tx, code=AccountCode.MERCHANT_PENDING, owner="S10", first=day(0), last=day(0)
            )
            assert [(t.kind, t.amount, t.entries) for t in moved] == [
                ("correction", -10, 1),
                ("payment", 9_940, 1),
            ]

    async def test_is_where_booking_times_begin(self, archived: Database) -> None:
        assert await shown(archived, at(24.5)) == [10_500, 10_440, 0, 60, 0]
        assert await shown(archived, at(49)) == [10_500, 490, 9_940, 70, 0]
        async with archived.transaction() as tx:
            rows = await trial_balance(tx, period=Booked(since=at(25), until=at(49)), book="platform")
            assert [(r.code, r.opening, r.closing) for r in rows] == [
                ("channel.receivable", 10_500, 10_500),
                ("merchant.available", 0, 9_940),
                ("merchant.pending", 10_440, 490),
                ("platform.fee_income", 60, 70),
            ]
            for refused in (
                balances_at(tx, accounts=[PENDING.id], moment=at(24)),
                trial_balance(tx, period=Booked(since=at(24), until=at(30)), book="platform"),
                balance_curve(tx, account=PENDING.id, first=day(0), last=day(2)),
                anext(statement_csv(tx, account=PENDING.id, period=Days(last=day(2)), language="zh")),
                anext(statement_csv(tx, account=PENDING.id, period=Booked(until=at(60)), language="zh")),
            ):
                with pytest.raises(MomentArchived):
                    await refused

    async def test_is_not_missed_by_a_statement_of_later_days(self, archived: Database) -> None:
        async with archived.transaction() as tx:
            period = Booked(since=at(24.5), until=at(60))
            text = b"".join(
                [p async for p in statement_csv(tx, account=PENDING.id, period=period, language="en")]
            )
        balances = [row[9] for row in csv.reader(text.decode().splitlines()[1:])]
        assert balances == ["104.40", "5.00", "4.90", "4.97", "4.97"]


@pytest.mark.anyio
class TestBooksOfAPlatformsOwn:
    async def test_are_no_business_of_the_house(self, database: Database) -> None:
        till, owed = (AccountRef("own:mall:tills", code, "a", "CNY") for code in ("own.till", "own.owed"))

        async def open_both(tx: Transaction) -> None:
            for ref, side in ((till, Side.DEBIT), (owed, Side.CREDIT)):
                await define_subject(
                    tx, now=NOW, code=ref.code, side=side, overdraft=None, chinese="自定", english="Own"
                )
                await open_account(tx, now=NOW, ref=ref, **BY)

        await database.run(open_both)
        await booked(database, "history", (till, owed, 100), business_date=day(-3_000))
        async with database.transaction() as tx:
            assert await first_business_date(tx) is None
            assert await code_totals(tx, day=day(-3_000)) == []
        await booked(database, "sale", (CHANNEL, PENDING, 5))
        async with database.transaction() as tx:
            assert await first_business_date(tx) == day(0)
            for through in (None, day(0)):
                assert {row.book for row in await code_balances(tx, through=through)} == {"platform"}
            found = await find_transactions(tx, only=TransactionFilter(book_prefix="own:mall:"))
            assert [row.reference for row in found] == ["history"]
