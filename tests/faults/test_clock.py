"""The machine's clock jumps back and forth: time of booking never does."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import AccountRef, Leg, NewTransaction, post
from tests.conftest import NOW
from tests.faults.orders import BANK, CHANNEL, FEE, Batch
from tests.faults.settling import assert_settled, broken, loading

pytestmark = pytest.mark.anyio

HOUR, MONTH, SECOND = timedelta(hours=1), timedelta(days=31), timedelta(seconds=1)


async def booked(database: Database, account: AccountRef) -> list[datetime]:
    """When each entry of an account was booked, in order."""
    async with database.reading() as tx:
        rows = await tx.tuples(
            "SELECT booked_at FROM ledger.entry WHERE account = %s ORDER BY sequence", (account.id,)
        )
    return [moment for (moment,) in rows]


class TestAClockThatJumpsBack:
    async def test_books_no_entry_before_the_one_it_follows(self, database: Database) -> None:
        table = [
            # the clock says     debit    credit  booked at
            (NOW, CHANNEL, FEE, NOW),
            (NOW - HOUR, CHANNEL, FEE, NOW),
            (NOW - MONTH, BANK, CHANNEL, NOW),
            (NOW - MONTH, CHANNEL, FEE, NOW),
            (NOW + SECOND, CHANNEL, FEE, NOW + SECOND),
            (NOW - SECOND, BANK, FEE, NOW + SECOND),
        ]
        for number, (now, debit, credit, _) in enumerate(table):
            (asked, *_) = Batch(0, number).transactions()
            transaction = NewTransaction(
                id=asked.id,
                kind=asked.kind,
                legs=(Leg(debit, credit, 1),),
                business_date=asked.business_date,
                effective_at=asked.effective_at,
            )
            await database.run(partial(post, now=now, transactions=[transaction]))
        for account in (CHANNEL, FEE, BANK):
            expected = [moment for _, debit, credit, moment in table if account in (debit, credit)]
            assert await booked(database, account) == expected
        assert await broken(database) == []

    async def test_loses_nothing_and_doubles_nothing_under_load(
        self, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        with loading(database_urls[0], tmp_path, clock="jumping") as load:
            await load.acknowledged(40)
            await load.finish()
        async with Database(database_urls[0]) as database:
            moments = await booked(database, CHANNEL)
            assert moments == sorted(moments)
            assert len(set(moments)) < len(load.journal.acknowledged()) < len(moments)
            await assert_settled(database, load.journal)
