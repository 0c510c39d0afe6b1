"""Many at once, each over a connection of its own: nothing is lost, nothing is done twice, no deadlock reaches a caller."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from feiqian.infra.database import Database, Transaction
from feiqian.ledger import AccountCode, AccountRef, NewTransaction, lock, post
from tests.conftest import NOW
from tests.ledger.books import (
    PURSE,
    SHOP,
    TAB,
    TILL,
    account,
    ask,
    findings,
    hold,
    request,
    said,
    show,
    tuples,
)


@pytest.fixture
async def database(database_urls: tuple[str, str]) -> AsyncIterator[Database]:
    async with Database(database_urls[0], connections_max=16) as opened:
        yield opened


def between_any(chance: random.Random, places: Sequence[AccountRef]) -> tuple[AccountRef, AccountRef, int]:
    """A leg of one fen between two of the accounts."""
    debit, credit = chance.sample(places, 2)
    return debit, credit, 1


async def at_once(database: Database, batches: Sequence[Sequence[NewTransaction]]) -> Counter[str]:
    """All batches side by side; how often each word was said."""
    answers = await asyncio.gather(*(ask(database, *batch) for batch in batches))
    return Counter(word for answer in answers for word in said(answer))


async def at_once_without_retry(
    database: Database, batches: Sequence[Sequence[NewTransaction]]
) -> Counter[str]:
    """The same, but a deadlock would be seen here instead of being tried again."""

    async def once(batch: Sequence[NewTransaction]) -> list[str]:
        async with database.transaction() as tx:
            return said(await post(tx, now=NOW, transactions=batch))

    answers = await asyncio.gather(*(once(batch) for batch in batches))
    return Counter(word for words in answers for word in words)


@pytest.mark.anyio
class TestManyCallersAtOnce:
    async def test_on_one_hot_account_lose_nothing(self, database: Database) -> None:
        batches = [[request(f"{n}-{m}", (TILL, TAB, n + 1)) for m in range(5)] for n in range(60)]
        assert await at_once_without_retry(database, batches) == {"posted": 300}
        assert await show(database, TAB) == (5 * 1_830, 0, None)
        assert await findings(database) == []

    async def test_never_spend_what_is_there_twice(self, database: Database) -> None:
        await ask(database, request("fill", (TILL, PURSE, 100)))
        spend = [[request(f"s{n}", (PURSE, TILL, 7))] for n in range(20)]
        keep = [[hold(f"h{n}", PURSE, SHOP, 7)] for n in range(20)]
        assert await at_once_without_retry(database, spend + keep) == {"posted": 14, "insufficient_funds": 26}
        posted, held, available = await show(database, PURSE)
        assert (posted - held, available) == (2, 2)
        assert await findings(database) == []

    async def test_in_opposite_directions_all_get_through(self, database: Database) -> None:
        await ask(database, request("fill", (TILL, PURSE, 1_000), (TILL, SHOP, 1_000)))
        there = [[request(f"a{n}", (PURSE, SHOP, 3), (TAB, TILL, 1))] for n in range(40)]
        back = [[request(f"b{n}", (TILL, TAB, 1), (SHOP, PURSE, 3))] for n in range(40)]
        assert await at_once_without_retry(database, there + back) == {"posted": 80}
        assert await show(database, PURSE) == (1_000, 0, 1_000)
        assert await findings(database) == []

    async def test_with_batches_that_overlap_in_any_order_all_get_through(self, database: Database) -> None:
        chance = random.Random(7)
        places = [account(AccountCode.MERCHANT_PENDING, f"m{n}") for n in range(12)]
        batches = [[request(f"{n}-{m}", between_any(chance, places)) for m in range(10)] for n in range(40)]
        assert await at_once_without_retry(database, batches) == {"posted": 400}
        assert sum([(await show(database, place))[0] for place in places]) == 0
        assert await findings(database) == []

    async def test_open_an_account_for_the_first_time_once(self, database: Database) -> None:
        chance = random.Random(11)
        places = [account(AccountCode.MERCHANT_PENDING, f"new {n}") for n in range(20)]
        batches = [[request(f"{n}-{m}", between_any(chance, places)) for m in range(6)] for n in range(40)]
        assert await at_once_without_retry(database, batches) == {"posted": 240}
        ((opened,),) = await tuples(database, "SELECT count(*) FROM ledger.account WHERE cell = %s")
        assert opened == 20
        assert await findings(database) == []


@pytest.mark.anyio
class TestTheSameIdAtOnce:
    async def test_of_the_same_content_is_posted_once(self, database: Database) -> None:
        words = await at_once(database, [[request("once", (TILL, TAB, 5))]] * 24)
        assert words == {"posted": 1, "exists": 23}
        assert await show(database, TAB) == (5, 0, None)
        assert await findings(database) == []

    async def test_with_other_amounts_is_posted_once_and_refused_otherwise(self, database: Database) -> None:
        words = await at_once(database, [[request("once", (TILL, TAB, 5 + n))] for n in range(24)])
        assert words == {"posted": 1, "exists_with_different_content": 23}
        ((count,),) = await tuples(database, "SELECT count(*) FROM ledger.leg WHERE cell = %s")
        assert count == 1
        assert await findings(database) == []

    async def test_over_other_accounts_is_posted_once_though_nobody_waits_for_a_lock(
        self, database: Database
    ) -> None:
        places = [account(AccountCode.MERCHANT_PENDING, f"p{n}") for n in range(24)]
        pairs = list(zip(places[::2], places[1::2], strict=True))
        words = await at_once(database, [[request("once", (*pair, 5))] for pair in pairs])
        assert words == {"posted": 1, "exists_with_different_content": 11}
        assert await findings(database) == []

    async def test_of_a_refusal_is_refused_once_and_for_all(self, database: Database) -> None:
        poor = request("poor", (PURSE, TILL, 1))
        fill = request("fill", (TILL, PURSE, 1))
        words = await at_once(database, [[poor]] * 8 + [[fill, poor]] * 8)
        assert words["posted"] in (1, 2)
        again = said(await ask(database, poor, fill))
        assert again in (["insufficient_funds", "exists"], ["exists", "exists"])
        assert words["insufficient_funds"] == (
            16 if again[0] == "insufficient_funds" else words["insufficient_funds"]
        )
        assert await findings(database) == []

    async def test_of_a_hold_holds_once(self, database: Database) -> None:
        await ask(database, request("fill", (TILL, PURSE, 100)))
        words = await at_once(database, [[hold("h", PURSE, SHOP, 60)]] * 12)
        assert words == {"posted": 1, "exists": 11}
        assert await show(database, PURSE) == (100, 60, 40)
        assert await findings(database) == []


@pytest.mark.anyio
class TestACallerThatHoldsLocks:
    async def test_is_waited_for_and_then_seen(self, database: Database) -> None:
        """What was read before the lock was free is not what is decided on."""
        await ask(database, request("fill", (TILL, PURSE, 10)))
        async with database.transaction() as first:
            await lock(first, refs=[PURSE, TILL])
            second = asyncio.create_task(ask(database, request("second", (PURSE, TILL, 10))))
            await _until_somebody_waits(database)
            assert said(await post(first, now=NOW, transactions=[request("first", (PURSE, TILL, 10))])) == [
                "posted"
            ]
        assert said(await second) == ["insufficient_funds"]
        assert await show(database, PURSE) == (0, 0, 0)

    async def test_that_goes_away_leaves_nothing_behind(self, database: Database) -> None:
        poor = request("poor", (SHOP, TILL, 1))
        lost = [request("lost", (TILL, PURSE, 10)), hold("lost hold", PURSE, SHOP, 5), poor]

        async def goes_away(tx: Transaction) -> None:
            words = said(await post(tx, now=NOW, transactions=lost))
            raise ConnectionAbortedError(" ".join(words))

        with pytest.raises(ConnectionAbortedError, match="posted posted insufficient_funds"):
            await database.run(goes_away)
        asks = [request("fill", (TILL, SHOP, 1)), poor, request("lost", (TILL, PURSE, 11))]
        assert said(await ask(database, *asks)) == ["posted"] * 3
        assert await findings(database) == []


async def _until_somebody_waits(database: Database) -> None:
    waiting = 0
    for _ in range(1_000):
        ((waiting,),) = await tuples(database, "SELECT count(*) FROM pg_locks WHERE NOT granted AND %s > 0")
        if waiting:
            break
        await asyncio.sleep(0.01)
    assert waiting
