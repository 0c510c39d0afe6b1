"""Verification: whatever is altered, removed or put in is found, and the first row at fault is named."""

from datetime import timedelta

import psycopg
import pytest

from feiqian.infra.database import Database
from feiqian.kernel.ids import derived_id, show_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Action,
    NewTransaction,
    Verified,
    seal,
    verify,
    verify_all,
)
from feiqian.ledger.verification import Fault, operations, search
from tests.conftest import NOW
from tests.ledger.test_posting import AVAILABLE, CHANNEL, FEE, PENDING, ask, transaction
from tests.ledger.test_seals import CAPITAL, CASH, LATER, post_at, seal_now

FUNDER = AccountRef(PLATFORM_BOOK, AccountCode.FUNDER_AVAILABLE, "F1", "CNY")
SALE, SETTLE, HOLD, CAPTURE, BACK, UNSEALED = "sale", "settle", "hold", "capture", "back", "unsealed"


async def history(database: Database) -> None:
    """Two sealed blocks of the platform's book, one of a funder's, and a transaction that is not sealed yet."""
    hold = transaction(HOLD, (CHANNEL, AVAILABLE, 50), action=Action.HOLD)
    capture = NewTransaction(
        id=derived_id(CAPTURE),
        kind="capture",
        action=Action.CAPTURE,
        hold=hold.id,
        amount=20,
        business_date=hold.business_date,
        effective_at=NOW,
    )
    await ask(
        database,
        transaction(SALE, (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60), metadata={"shop": "S10"}, memo="茶"),
        transaction("put in", (CHANNEL, FUNDER, 500), (CASH, CAPITAL, 500)),
        transaction(SETTLE, (PENDING, AVAILABLE, 5_000)),
    )
    await seal_now(database)
    await ask(
        database,
        hold,
        capture,
        transaction(BACK, (PENDING, CHANNEL, 994), reverses=derived_id(SALE)),
        transaction("later sale", (CHANNEL, PENDING, 70)),
    )
    await seal_now(database)
    await ask(
        database, transaction(UNSEALED, (CHANNEL, PENDING, 30)), transaction("newest", (CHANNEL, PENDING, 1))
    )


async def verified(database: Database, jobs: int = 2) -> Verified:
    return await verify_all(database, jobs=jobs, progress=lambda done, total: None)


async def first_fault(database: Database, admin_url: str, *statements: str) -> Fault:
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for statement in statements:
            assert admin.execute(statement.encode()).rowcount > 0
    found = await verified(database)
    assert not found.sound
    return found.faults[0]


def leg(name: str, number: int = 0) -> str:
    return f"transaction = '{derived_id(name)}' AND number = {number}"


@pytest.mark.anyio
class TestASoundLedger:
    async def test_has_no_fault(self, database: Database) -> None:
        await history(database)
        found = await verified(database)
        assert (found.sound, found.faults, found.entries, found.blocks) == (True, [], 22, 3)
        assert {finding.name: finding.violations for finding in found.findings} == {
            finding.name: 0 for finding in found.findings
        }

    async def test_has_none_however_it_is_cut(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every account is busy, and history is taken up in the middle, from a seal."""
        monkeypatch.setattr(search, "ENTRIES_PER_STRETCH", 1)
        await history(database)
        for jobs in (1, 3):
            assert (await verified(database, jobs)).faults == []

    async def test_says_how_far_it_is(self, database: Database) -> None:
        await history(database)
        told: list[tuple[int, int]] = []
        await verify_all(database, jobs=2, progress=lambda done, total: told.append((done, total)))
        assert (told[0], told[-1]) == ((0, 22), (22, 22))


SEALED_COLUMNS = [
    # column, tampered value, the field that arithmetic names
    ("amount", "amount + 1", "amount"),
    ("debit_balance", "debit_balance + 1", "debit_balance"),
    ("credit_balance", "credit_balance + 1", "credit_balance"),
    ("booked_at", "booked_at - interval '1 day'", None),
    ("booked_at", "booked_at + interval '1 microsecond'", None),
    ("effective_at", "effective_at + interval '1 second'", ""),
    ("business_date", "business_date + 1", ""),
    ("debit_sign", "-1", None),
    ("credit_sign", "1", None),
    ("kind", "'loan'", ""),
    ("reference", "'another order'", ""),
    ("memo", "'a remark'", ""),
    ("metadata", '\'{"shop": "S11"}\'', ""),
    ("metadata", "NULL", ""),
    ("reverses", "'01890000-0000-7000-8000-000000000001'", ""),
    ("hold", "'01890000-0000-7000-8000-000000000001'", ""),
    ("action", "1", None),
]


@pytest.mark.anyio
class TestATamperedLeg:
    @pytest.mark.parametrize(("column", "value", "field"), SEALED_COLUMNS)
    async def test_is_named_by_its_transaction(
        self, database: Database, database_urls: tuple[str, str], column: str, value: str, field: str | None
    ) -> None:
        await history(database)
        fault = await first_fault(
            database, database_urls[1], f"UPDATE ledger.leg SET {column} = {value} WHERE {leg(SALE)}"
        )
        assert (fault.transaction, fault.number, fault.book) == (derived_id(SALE), 0, "platform")
        assert fault.block == 1
        assert field is None or fault.field == field
        assert show_id("transaction", derived_id(SALE)) + " leg 0" in str(fault)

    @pytest.mark.parametrize("column", ["amount", "debit_balance", "credit_balance"])
    async def test_that_is_not_sealed_yet_is_named_by_arithmetic(
        self, database: Database, database_urls: tuple[str, str], column: str
    ) -> None:
        await history(database)
        change = f"UPDATE ledger.leg SET {column} = {column} + 1 WHERE {leg(UNSEALED)}"
        fault = await first_fault(database, database_urls[1], change)
        assert (fault.transaction, fault.field, fault.block) == (derived_id(UNSEALED), column, None)

    @pytest.mark.parametrize(
        "column", ["transaction", "number", "debit", "credit", "debit_sequence", "credit_sequence"]
    )
    async def test_under_another_key_is_found(
        self, database: Database, database_urls: tuple[str, str], column: str
    ) -> None:
        await history(database)
        values = {
            "transaction": f"'{derived_id('other')}'",
            "number": "7",
            "debit": f"'{CAPITAL.id}'",
            "credit": f"'{CASH.id}'",
        }
        value = values.get(column, f"{column} + 1000")
        fault = await first_fault(
            database, database_urls[1], f"UPDATE ledger.leg SET {column} = {value} WHERE {leg(SETTLE)}"
        )
        assert fault.block == 1

    async def test_is_the_first_that_is_named_of_several(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await history(database)
        fault = await first_fault(
            database,
            database_urls[1],
            f"UPDATE ledger.leg SET memo = 'x' WHERE {leg(BACK)}",
            f"UPDATE ledger.leg SET memo = 'x' WHERE {leg(SETTLE)}",
            f"UPDATE ledger.leg SET amount = amount + 1 WHERE {leg(UNSEALED)}",
        )
        assert fault.transaction == derived_id(SETTLE)
        found = await verified(database)
        assert [one.transaction for one in found.faults] == [
            derived_id(name) for name in (SETTLE, BACK, UNSEALED)
        ]

    async def test_is_the_first_however_many_there_are(
        self, database: Database, database_urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(operations, "NAMED_MAX", 1)
        sales = [transaction(f"sale {n}", (CHANNEL, PENDING, n + 1)) for n in range(5)]
        for number, sale in enumerate(sales):
            await post_at(database, NOW + timedelta(seconds=number), sale)
            await seal_now(database)
        fault = await first_fault(database, database_urls[1], "UPDATE ledger.leg SET memo = 'x'")
        assert (fault.transaction, fault.block) == (sales[0].id, 1)


@pytest.mark.anyio
class TestALegThatIs:
    async def test_deleted_is_named_by_its_place(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await history(database)
        fault = await first_fault(database, database_urls[1], f"DELETE FROM ledger.leg WHERE {leg(SETTLE)}")
        assert fault.what == "is missing"
        assert (fault.account, fault.sequence) in {(PENDING.id, 2), (AVAILABLE.id, 1)}
        assert fault.block == 1

    async def test_deleted_as_the_newest_is_named(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await history(database)
        fault = await first_fault(database, database_urls[1], f"DELETE FROM ledger.leg WHERE {leg('newest')}")
        assert (fault.what, fault.block) == ("is missing", None)

    async def test_put_in_is_named(self, database: Database, database_urls: tuple[str, str]) -> None:
        await history(database)
        columns = (
            "amount, debit_balance, credit_balance, effective_at, booked_at, business_date, cell, number, action,"
            " debit_sign, credit_sign, debit, credit, kind, reference, memo"
        )
        fault = await first_fault(
            database,
            database_urls[1],
            f"INSERT INTO ledger.leg ({columns}, transaction, debit_sequence, credit_sequence)"
            f" SELECT {columns}, '{derived_id('forged')}', debit_sequence + 1, credit_sequence + 1 FROM ledger.leg"
            f" WHERE {leg('newest')}",
        )
        assert (fault.transaction, fault.what) == (
            derived_id("forged"),
            "was put in behind the account's newest entry",
        )


@pytest.mark.anyio
class TestATamperedCounter:
    @pytest.mark.parametrize("field", ["debits", "credits", "held_debits", "held_credits", "sequence"])
    async def test_is_named(self, database: Database, database_urls: tuple[str, str], field: str) -> None:
        await history(database)
        fault = await first_fault(
            database,
            database_urls[1],
            f"UPDATE ledger.account SET {field} = {field} + 3 WHERE id = '{CHANNEL.id}'",
        )
        assert (fault.account, fault.transaction) == (CHANNEL.id, None)
        assert fault.field == ("" if field == "sequence" else field)


@pytest.mark.anyio
class TestATamperedSeal:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            (
                "block SET sealed_at = sealed_at + interval '1 hour' WHERE number = 1 AND book = 'platform'",
                "root",
            ),
            (
                "block SET first_at = first_at - interval '1 hour' WHERE number = 1 AND book = 'platform'",
                "root",
            ),
            (
                "block SET last_at = last_at + interval '1 hour' WHERE number = 1 AND book = 'platform'",
                "root",
            ),
            ("block SET legs = legs + 1 WHERE number = 1 AND book = 'platform'", "root"),
            ("block SET accounts = accounts + 1 WHERE number = 1 AND book = 'platform'", "root"),
            ("block SET previous = sha256('x') WHERE number = 1 AND book = 'platform'", "previous"),
            ("block SET content = sha256('x') WHERE number = 1 AND book = 'platform'", "root"),
            ("block SET root = sha256('x') WHERE number = 1 AND book = 'platform'", "root"),
            ("block_account SET debits = debits + 1, credits = credits + 1", "debits"),
            ("block_account SET credits = credits + 1", "credits"),
            ("block_account SET held_debits = held_debits + 1", "held_debits"),
            ("block_account SET held_credits = held_credits + 1", "held_credits"),
            ("block_account SET booked_at = booked_at + interval '1 second'", "booked_at"),
            ("block_account SET first = first - 1", "first"),
            ("block_account SET digest = sha256('x')", "digest"),
            ("block_account SET marks = substr(marks, 1, length(marks) - 1) || '\\x00'::bytea", ""),
        ],
    )
    async def test_is_named(
        self, database: Database, database_urls: tuple[str, str], change: str, field: str
    ) -> None:
        await history(database)
        if "WHERE" not in change:
            change += f" WHERE block = 1 AND account = '{CHANNEL.id}'"
        fault = await first_fault(database, database_urls[1], f"UPDATE ledger.{change}")
        assert (fault.book, fault.block) == ("platform", 1)
        found = await verified(database)
        assert not field or field in [one.field for one in found.faults if one.block == 1]

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM ledger.block WHERE number = 1 AND book = 'platform'",
            "DELETE FROM ledger.block WHERE number = 2 AND book = 'platform'",
            f"DELETE FROM ledger.block_account WHERE block = 2 AND account = '{CHANNEL.id}'",
            f"UPDATE ledger.block_account SET last = last - 1 WHERE block = 1 AND account = '{CHANNEL.id}'",
            f"UPDATE ledger.block_account SET block = 1 WHERE block = 2 AND account = '{CHANNEL.id}'",
            f"UPDATE ledger.block_account SET book = 'other' WHERE block = 2 AND account = '{CHANNEL.id}'",
            "UPDATE ledger.block SET number = 5 WHERE number = 2",
            "UPDATE ledger.block SET book = 'other' WHERE number = 2",
        ],
    )
    async def test_that_is_removed_or_moved_is_found(
        self, database: Database, database_urls: tuple[str, str], change: str
    ) -> None:
        await history(database)
        fault = await first_fault(database, database_urls[1], change)
        assert fault.block is not None

    async def test_is_seen_in_the_standing_invariants_too(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await history(database)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(b"UPDATE ledger.block SET legs = legs + 1 WHERE number = 1 AND book = 'platform'")
        async with database.transaction() as tx:
            broken = {finding.name for finding in await verify(tx) if finding.violations}
        assert broken == {"ledger_seals_hold"}

    async def test_is_found_when_a_whole_block_was_sealed_anew_over_forged_legs(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        """Whoever forges a leg and its block must forge every later block as well."""
        await history(database)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(f"UPDATE ledger.leg SET memo = 'x' WHERE {leg(SALE)}".encode())
            admin.execute(b"CREATE TABLE kept AS SELECT * FROM ledger.block WHERE number = 2")
            admin.execute(b"CREATE TABLE kept_account AS SELECT * FROM ledger.block_account WHERE block = 2")
            for table in (b"block", b"block_account"):
                admin.execute(b"DELETE FROM ledger." + table + b" WHERE book = 'platform'")
            await database.run(lambda tx: seal(tx, now=LATER, book="platform"))
            admin.execute(b"UPDATE ledger.block SET number = 1 WHERE book = 'platform'")
            admin.execute(b"INSERT INTO ledger.block SELECT * FROM kept")
        found = await verified(database)
        assert (2, "previous") in [(fault.block, fault.field) for fault in found.faults]
