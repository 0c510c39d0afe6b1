"""Posting, told as tables: what was asked, what each account shows after it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Leg,
    NewTransaction,
    Outcome,
    Result,
    balances,
    balances_at_close,
    funder_book,
    post,
    post_all,
    statement,
    verify,
)
from tests.conftest import NOW

CHANNEL = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY")
PENDING = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, "S10", "CNY")
AVAILABLE = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, "S10", "CNY")
FEE = AccountRef(PLATFORM_BOOK, AccountCode.PLATFORM_FEE, "platform", "CNY")
EVERY = (CHANNEL, PENDING, AVAILABLE, FEE)


def transaction(name: str, *legs: tuple[AccountRef, AccountRef, int], **more: Any) -> NewTransaction:
    fields: dict[str, Any] = {
        "id": derived_id(name),
        "kind": "payment",
        "legs": tuple(Leg(*leg) for leg in legs),
        "business_date": business_date(NOW),
        "effective_at": NOW,
        "reference": name,
    }
    return NewTransaction(**{**fields, **more})


async def ask(database: Database, *transactions: NewTransaction) -> list[Result]:
    return await database.run(lambda tx: post(tx, now=NOW, transactions=transactions))


async def shown(database: Database, *refs: AccountRef) -> list[int]:
    async with database.transaction() as tx:
        found = await balances(tx, refs=refs)
    return [found[ref] for ref in refs]


async def sound(database: Database) -> bool:
    async with database.transaction() as tx:
        return all(finding.violations == 0 for finding in await verify(tx))


@pytest.mark.anyio
class TestAPosting:
    async def test_moves_every_account_it_names(self, database: Database) -> None:
        table = [
            # what                                                         channel pending available fee
            (transaction("sale", (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60)), [10_000, 9_940, 0, 60]),
            (transaction("settle", (PENDING, AVAILABLE, 9_940)), [10_000, 0, 9_940, 60]),
            (transaction("refund", (PENDING, CHANNEL, 994), (FEE, CHANNEL, 6)), [9_000, -994, 9_940, 54]),
        ]
        for asked, expected in table:
            assert [r.outcome for r in await ask(database, asked)] == [Outcome.POSTED]
            assert await shown(database, *EVERY) == expected
        assert await sound(database)

    async def test_shows_the_balance_after_every_entry(self, database: Database) -> None:
        await ask(
            database,
            transaction("a", (CHANNEL, PENDING, 500)),
            transaction("b", (PENDING, CHANNEL, 200)),
            transaction("c", (PENDING, CHANNEL, 400)),
        )
        async with database.transaction() as tx:
            lines = await statement(tx, ref=PENDING)
        assert [(line.sequence, line.amount, line.balance) for line in lines] == [
            (3, -400, -100),
            (2, -200, 300),
            (1, 500, 500),
        ]

    async def test_of_the_same_id_and_content_again_moves_nothing(self, database: Database) -> None:
        asked = transaction("sale", (CHANNEL, PENDING, 100))
        await ask(database, asked)
        assert [r.outcome for r in await ask(database, asked)] == [Outcome.EXISTS]
        assert await shown(database, CHANNEL, PENDING) == [100, 100]

    @pytest.mark.parametrize(
        ("altered", "field"),
        [
            (transaction("sale", (CHANNEL, PENDING, 101)), "amount"),
            (transaction("sale", (CHANNEL, FEE, 100)), "credit_account"),
            (transaction("sale", (AVAILABLE, PENDING, 100)), "debit_account"),
            (transaction("sale", (CHANNEL, PENDING, 100), kind="refund"), "kind"),
            (transaction("sale", (CHANNEL, PENDING, 100), reference="other"), "reference"),
        ],
    )
    async def test_of_the_same_id_with_other_content_is_refused_by_name(
        self, database: Database, altered: NewTransaction, field: str
    ) -> None:
        await ask(database, transaction("sale", (CHANNEL, PENDING, 100)))
        (result,) = await ask(database, altered)
        assert result.refusal is not None
        assert (result.refusal.code, result.refusal.facts["field"]) == (
            "exists_with_different_content",
            field,
        )
        assert await shown(database, *EVERY) == [100, 100, 0, 0]

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            (transaction("none"), "no_legs"),
            (transaction("zero", (CHANNEL, PENDING, 0)), "amount_invalid"),
            (transaction("negative", (CHANNEL, PENDING, -1)), "amount_invalid"),
            (transaction("huge", (CHANNEL, PENDING, 2**63)), "amount_invalid"),
            (transaction("same", (CHANNEL, CHANNEL, 1)), "same_account"),
            (
                transaction("currency", (CHANNEL, AccountRef(PLATFORM_BOOK, PENDING.code, "S10", "USD"), 1)),
                "currency_mismatch",
            ),
            (
                transaction("book", (CHANNEL, AccountRef(funder_book("a"), PENDING.code, "S10", "CNY"), 1)),
                "book_mismatch",
            ),
            (transaction("overdrawn", (AVAILABLE, CHANNEL, 1)), "insufficient_funds"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_that_is_refused_moves_nothing(
        self, database: Database, asked: NewTransaction, code: str
    ) -> None:
        await ask(database, transaction("before", (CHANNEL, PENDING, 7)))
        (result,) = await ask(database, asked)
        assert result.outcome is Outcome.REFUSED
        assert result.refusal is not None
        assert result.refusal.code == code
        assert await shown(database, *EVERY) == [7, 7, 0, 0]
        assert await sound(database)

    async def test_refused_in_a_batch_leaves_the_others_standing(self, database: Database) -> None:
        results = await ask(
            database,
            transaction("in", (CHANNEL, AVAILABLE, 50)),
            transaction("too-much", (AVAILABLE, CHANNEL, 51)),
            transaction("out", (AVAILABLE, CHANNEL, 50)),
        )
        assert [r.outcome for r in results] == [Outcome.POSTED, Outcome.REFUSED, Outcome.POSTED]
        assert await shown(database, AVAILABLE) == [0]

    async def test_of_a_whole_refuses_the_whole(self, database: Database) -> None:
        good, bad = (
            transaction("in", (CHANNEL, AVAILABLE, 50)),
            transaction("too-much", (AVAILABLE, CHANNEL, 51)),
        )
        with pytest.raises(Exception, match="insufficient_funds"):
            await database.run(lambda tx: post_all(tx, now=NOW, transactions=[good, bad]))
        assert await shown(database, *EVERY) == [0, 0, 0, 0]


@pytest.mark.anyio
class TestManyAtOnce:
    async def test_on_one_hot_account_lose_nothing(self, database: Database) -> None:
        async def one(number: int) -> None:
            await ask(database, transaction(f"sale-{number}", (CHANNEL, PENDING, number + 1)))

        await asyncio.gather(*(one(number) for number in range(40)))
        assert await shown(database, CHANNEL, PENDING) == [820, 820]
        assert await sound(database)

    async def test_of_the_same_id_post_once(self, database: Database) -> None:
        asked = transaction("once", (CHANNEL, PENDING, 5))
        results = await asyncio.gather(*(ask(database, asked) for _ in range(12)))
        assert sorted(r.outcome.value for (r,) in results) == ["exists"] * 11 + ["posted"]
        assert await shown(database, PENDING) == [5]

    async def test_in_opposite_directions_never_deadlock(self, database: Database) -> None:
        await ask(database, transaction("start", (CHANNEL, AVAILABLE, 10_000), (CHANNEL, PENDING, 10_000)))

        async def one(number: int) -> Result:
            way = (AVAILABLE, PENDING, 1) if number % 2 else (PENDING, AVAILABLE, 1)
            return (await ask(database, transaction(f"swing-{number}", way)))[0]

        results = await asyncio.gather(*(one(number) for number in range(60)))
        assert {result.outcome for result in results} == {Outcome.POSTED}
        assert await shown(database, AVAILABLE, PENDING) == [10_000, 10_000]


@pytest.mark.anyio
class TestABalanceAtTheClose:
    async def test_ignores_what_was_booked_on_later_days(self, database: Database) -> None:
        today = business_date(NOW)
        await ask(
            database,
            transaction("today", (CHANNEL, PENDING, 300)),
            transaction("tomorrow", (CHANNEL, PENDING, 40), business_date=today + timedelta(days=1)),
        )
        async with database.transaction() as tx:
            rows = await balances_at_close(tx, code=AccountCode.MERCHANT_PENDING, currency="CNY", day=today)
        assert [(row.owner, row.balance) for row in rows] == [("S10", 300)]


@pytest.mark.anyio
class TestVerify:
    @pytest.mark.parametrize(
        ("tampering", "found_by"),
        [
            (
                "UPDATE ledger.leg SET amount = amount + 1 WHERE debit_sequence = 1",
                "ledger_counters_equal_entries",
            ),
            (
                "UPDATE ledger.leg SET debit_balance = debit_balance + 1 WHERE debit_sequence = 1",
                "ledger_balances_run",
            ),
            (
                "UPDATE ledger.leg SET booked_at = booked_at - interval '1 day' WHERE debit_sequence = 2",
                "ledger_balances_run",
            ),
            ("UPDATE ledger.leg SET number = 1 WHERE debit_sequence = 1", "ledger_legs_agree"),
            ("UPDATE ledger.leg SET debit_sign = -1 WHERE debit_sequence = 1", "ledger_legs_agree"),
            (
                "UPDATE ledger.account SET debits = debits + 5 WHERE code = 'channel.receivable'",
                "ledger_books_balance",
            ),
            ("DELETE FROM ledger.leg WHERE debit_sequence = 2", "ledger_counters_equal_entries"),
        ],
    )
    async def test_finds_tampering(
        self, database: Database, database_urls: tuple[str, str], tampering: str, found_by: str
    ) -> None:
        import psycopg

        await ask(database, transaction("a", (CHANNEL, PENDING, 7)), transaction("b", (CHANNEL, PENDING, 8)))
        assert await sound(database)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(tampering.encode())
        async with database.transaction() as tx:
            broken = {f.name for f in await verify(tx) if f.violations}
        assert found_by in broken

    async def test_is_beyond_the_application_to_change_history(self, database: Database) -> None:
        await ask(database, transaction("a", (CHANNEL, PENDING, 7)))
        with pytest.raises(Exception, match="permission denied"):
            await database.run(lambda tx: tx.execute("UPDATE ledger.leg SET amount = 1"))


def test_an_account_id_depends_on_nothing_but_its_name() -> None:
    assert CHANNEL.id == AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY").id
    assert isinstance(CHANNEL.id, UUID)
    assert CHANNEL.id.version == 8
    assert len({ref.id for ref in EVERY}) == len(EVERY)
