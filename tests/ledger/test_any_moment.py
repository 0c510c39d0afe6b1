"""Every moment's balance is that of a replay of all legs."""

import asyncio
from datetime import date, datetime, timedelta
from itertools import count, pairwise
from typing import NamedTuple
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feiqian.infra.database import Database
from feiqian.kernel.calendar import end_of
from feiqian.ledger import (
    AccountRef,
    Booked,
    Days,
    Moment,
    Period,
    balance_curve,
    balances_at,
    code_balances,
    funder_book,
    trial_balance,
)
from tests.conftest import NOW
from tests.ledger.town import (
    at,
    booked,
    day,
)


class Row(NamedTuple):
    """A leg as it stands in the table."""

    debit: UUID
    credit: UUID
    amount: int
    booked_at: datetime
    business_date: date


class Replay:
    """Every leg of some accounts, added up one by one."""

    def __init__(self, refs: list[AccountRef], legs: list[Row]) -> None:
        self.refs = [ref for ref in refs if any(ref.id in leg[:2] for leg in legs)]
        self.legs = legs

    def balance(self, ref: AccountRef, moment: Moment) -> int:
        debits, credits = self.moved(ref, self.until(moment))
        return SIGNS[ref.code] * (debits - credits)

    def moved(self, ref: AccountRef, legs: list[Row]) -> tuple[int, int]:
        return (
            sum(leg.amount for leg in legs if leg.debit == ref.id),
            sum(leg.amount for leg in legs if leg.credit == ref.id),
        )

    def until(self, moment: Moment) -> list[Row]:
        if isinstance(moment, datetime):
            return [leg for leg in self.legs if leg.booked_at < moment]
        return [leg for leg in self.legs if leg.business_date <= moment]

    def trial(self, since: Moment | None, until: Moment) -> list[tuple[str, int, int, int, int]]:
        before = [] if since is None else self.until(since)
        between = [leg for leg in self.until(until) if leg not in before]
        rows = [
            (
                str(ref.code),
                0 if since is None else self.balance(ref, since),
                *self.moved(ref, between),
                self.balance(ref, until),
            )
            for ref in self.refs
        ]
        return sorted(row for row in rows if any(row[1:]))


SIGNS = {"bank.custody": 1, "channel.receivable": 1, "merchant.pending": -1, "platform.fee_income": -1}

Step = tuple[int, int, int, int, int]
"""(debited account, credited account, amount, hours since the step before, days that the business date is off)."""
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.integers(1, 1_000), st.integers(-3, 30), st.integers(-3, 2)
    ).filter(lambda step: step[0] != step[1]),
    min_size=1,
    max_size=12,
)
_numbers = count()


async def play(database: Database, steps: list[Step]) -> tuple[str, Replay]:
    """Post the steps in a book of their own; its name, and its legs as the table has them."""
    book = funder_book(f"any-{next(_numbers)}")
    refs = [AccountRef(book, code, "a", "CNY") for code in SIGNS]
    now = NOW
    for number, (debit, credit, amount, hours, off) in enumerate(steps):
        now += timedelta(hours=hours)
        day_of_it = day((now - NOW).days + off)
        legs = (refs[debit], refs[credit], amount)
        await booked(database, f"{book}/{number}", legs, now=now, business_date=day_of_it)
    async with database.transaction() as tx:
        found = await tx.connection.execute(
            "SELECT debit, credit, amount, booked_at, business_date FROM ledger.leg WHERE debit = ANY(%s)",
            ([ref.id for ref in refs],),
        )
        return book, Replay(refs, [Row(*row) for row in await found.fetchall()])


async def assert_agrees(database: Database, steps: list[Step], hours: list[int]) -> None:
    book, replay = await play(database, steps)
    ids = [ref.id for ref in replay.refs]
    moments: list[Moment] = [*(at(hour) for hour in hours), *(day(hour // 24) for hour in hours)]
    async with database.transaction() as tx:

        async def trial(period: Period) -> list[tuple[str, int, int, int, int]]:
            rows = await trial_balance(tx, period=period, book=book)
            return [(r.code, r.opening, r.debits, r.credits, r.closing) for r in rows]

        for moment in moments:
            found = await balances_at(tx, accounts=ids, moment=moment)
            assert [row.balance for row in found] == [replay.balance(ref, moment) for ref in replay.refs]
            through = Booked(until=moment) if isinstance(moment, datetime) else Days(last=moment)
            assert await trial(through) == replay.trial(None, moment)
            if not isinstance(moment, datetime):
                sums = await code_balances(tx, through=moment)
                assert {row.code: row.balance for row in sums if row.book == book and row.balance} == {
                    str(ref.code): replay.balance(ref, moment)
                    for ref in replay.refs
                    if replay.balance(ref, moment)
                }
        for first, last in pairwise(sorted(hours)):
            assert await trial(Booked(since=at(first), until=at(last))) == replay.trial(at(first), at(last))
            days = Days(first=day(first // 24), last=day(last // 24))
            assert await trial(days) == replay.trial(day(first // 24 - 1), day(last // 24))
        for point in await balance_curve(tx, account=ids[0], first=day(-2), last=day(9), points_max=6):
            assert point.balance == replay.balance(replay.refs[0], end_of(point.day))


class TestAnyMoment:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(steps=STEPS, hours=st.lists(st.integers(-5, 200), min_size=2, max_size=4))
    def test_agrees_with_a_replay_of_every_leg(
        self, database_urls: tuple[str, str], steps: list[Step], hours: list[int]
    ) -> None:
        async def story() -> None:
            async with Database(database_urls[0], connections_max=2) as database:
                await assert_agrees(database, steps, hours)

        asyncio.run(story())
