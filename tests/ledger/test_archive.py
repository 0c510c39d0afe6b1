"""The archive: months leave the database, and the books go on as if nothing had happened."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet
import pytest

from feiqian.cli.main import main
from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Action,
    ArchivedBlock,
    ArchiveFailed,
    NewTransaction,
    Outcome,
    Result,
    Verified,
    archive_months,
    balances,
    code_balances,
    find_archive_faults,
    post,
    seal,
    statement,
    verify,
    verify_all,
)
from tests.ledger.test_posting import AVAILABLE, CHANNEL, FEE, PENDING, transaction
from tests.ledger.test_seals import CAPITAL, CASH

FUNDER = AccountRef(PLATFORM_BOOK, AccountCode.FUNDER_AVAILABLE, "F1", "CNY")
JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 10, 4, tzinfo=UTC) for month in (1, 2, 3))
EXISTS = (Outcome.EXISTS, "")
EVERY = (CHANNEL, PENDING, AVAILABLE, FEE, FUNDER, CASH)


async def ask_at(database: Database, moment: datetime, *transactions: NewTransaction) -> list[Result]:
    return await database.run(lambda tx: post(tx, now=moment, transactions=transactions))


def dated(
    name: str, moment: datetime, *legs: tuple[AccountRef, AccountRef, int], **more: object
) -> NewTransaction:
    fields = {"kind": "trade", "business_date": business_date(moment), "effective_at": moment, **more}
    return transaction(name, *legs, **fields)


SALE = dated("sale", JANUARY, (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60), metadata={"a": 1.0, "店": "S10"})
HOLD = dated("hold", JANUARY, (CHANNEL, AVAILABLE, 50), action=Action.HOLD)
BOTH_BOOKS = dated("put in", JANUARY, (CHANNEL, FUNDER, 500), (CASH, CAPITAL, 500))
BACK = dated("back", FEBRUARY, (PENDING, CHANNEL, 940), reverses=SALE.id)


def capture(name: str, moment: datetime, amount: int | None) -> NewTransaction:
    return NewTransaction(
        id=derived_id(name),
        kind="capture",
        action=Action.CAPTURE,
        hold=HOLD.id,
        amount=amount,
        business_date=business_date(moment),
        effective_at=moment,
    )


async def three_months(database: Database) -> None:
    """January and February with a hold that stays open over both, and a day of March."""
    await ask_at(database, JANUARY, SALE, HOLD, BOTH_BOOKS)
    await database.run(lambda tx: seal(tx, now=JANUARY))
    await ask_at(database, JANUARY + timedelta(days=2), capture("first capture", JANUARY, 20))
    await ask_at(database, FEBRUARY, BACK, dated("settle", FEBRUARY, (PENDING, AVAILABLE, 3_000)))
    await ask_at(database, MARCH, dated("march sale", MARCH, (CHANNEL, PENDING, 70)))


async def archived(urls: tuple[str, str], directory: Path, through: datetime) -> list[ArchivedBlock]:
    async with Database(urls[1], role=None) as owner:
        clock = ManualClock(MARCH + timedelta(days=1))
        return await archive_months(owner, directory=directory, through=through.date(), clock=clock)


async def verified(database: Database) -> Verified:
    async with database.transaction() as tx:
        assert [finding.name for finding in await verify(tx) if finding.violations] == []
    return await verify_all(database, jobs=2, progress=lambda done, total: None)


async def in_files(database: Database, directory: Path) -> list[str]:
    async with database.transaction() as tx:
        return [fault async for fault in find_archive_faults(tx, directory)]


async def shown(database: Database) -> list[int]:
    async with database.transaction() as tx:
        found = await balances(tx, refs=EVERY)
    return [found[ref] for ref in EVERY]


def differs(field: str) -> tuple[Outcome, str]:
    return Outcome.REFUSED, field


async def heard(database: Database, asked: NewTransaction) -> tuple[Outcome, str]:
    """What becomes of a request, and the field in which it differs from what was posted."""
    (result,) = await ask_at(database, MARCH + timedelta(hours=1), asked)
    return result.outcome, str(result.refusal.facts["field"]) if result.refusal else ""


async def legs_left(database: Database) -> int:
    async with database.transaction() as tx:
        return await tx.one(int, "SELECT count(*) FROM ledger.leg")


@pytest.mark.anyio
class TestAnArchivedMonth:
    async def test_leaves_the_database_for_a_file_of_each_book_and_month(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        rows = await archived(database_urls, tmp_path, FEBRUARY)
        assert [(row.book, row.month, row.block, row.legs) for row in rows] == [
            ("funder:F1", date(2026, 1, 1), 1, 1),
            ("platform", date(2026, 1, 1), 1, 4),
            ("platform", date(2026, 1, 1), 2, 1),
            ("platform", date(2026, 2, 1), 3, 2),
        ]
        assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == [
            "cell=1/book=funder%3AF1/month=2026-01/blocks-000000001-000000001.parquet",
            "cell=1/book=platform/month=2026-01/blocks-000000001-000000002.parquet",
            "cell=1/book=platform/month=2026-02/blocks-000000003-000000003.parquet",
        ]
        assert await legs_left(database) == 1
        january = pyarrow.parquet.ParquetFile(tmp_path / rows[1].file).read().to_pylist()
        assert (
            sum(row["amount"] for row in january if row["kind"] == "trade" and row["action"] == 0) == 10_500
        )

    async def test_changes_no_balance_and_is_verified_clean(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        before = await shown(database)
        assert (await verified(database)).faults == []
        await archived(database_urls, tmp_path, FEBRUARY)
        found = await verified(database)
        assert (found.faults, found.entries, found.sound) == ([], 2, True)
        assert await in_files(database, tmp_path) == []
        assert await shown(database) == before
        async with database.transaction() as tx:
            totals = {
                (row.book, row.code): row.balance
                for row in await code_balances(tx, through=business_date(FEBRUARY))
            }
            assert totals[PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE] == before[0] - 70
            lines = await statement(tx, ref=PENDING)
        assert [(line.sequence, line.amount, line.balance) for line in lines] == [(4, 70, 6_070)]

    async def test_lets_posting_go_on_from_where_it_was(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        await archived(database_urls, tmp_path, FEBRUARY)
        results = await ask_at(
            database,
            MARCH + timedelta(hours=1),
            dated("more", MARCH, (CHANNEL, PENDING, 30)),
            capture("the rest", MARCH, None),
            dated("too much", MARCH, (AVAILABLE, CHANNEL, 3_051)),
        )
        assert [result.outcome for result in results] == [Outcome.POSTED, Outcome.POSTED, Outcome.REFUSED]
        await database.run(lambda tx: seal(tx, now=MARCH + timedelta(hours=2)))
        assert (await verified(database)).faults == []
        async with database.transaction() as tx:
            lines = await statement(tx, ref=PENDING)
        assert [(line.sequence, line.balance) for line in lines] == [(5, 6_100), (4, 6_070)]

    async def test_is_not_posted_twice(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        sale_of = (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60)
        table = [
            # what comes again                                                  what is said of it
            (SALE, EXISTS),
            (dated("sale", MARCH, *sale_of, metadata={"店": "S10", "a": 1}), EXISTS),
            (dated("sale", JANUARY, *sale_of), differs("metadata")),
            (HOLD, EXISTS),
            (BOTH_BOOKS, EXISTS),
            (dated("put in", JANUARY, (CHANNEL, FUNDER, 500)), differs("amount")),
            (BACK, EXISTS),
            (dated("back", JANUARY, (PENDING, CHANNEL, 940)), differs("reverses")),
            (capture("first capture", JANUARY, None), EXISTS),
            (capture("first capture", JANUARY, 21), differs("amount")),
        ]
        await three_months(database)
        before = await shown(database)
        for asked, said in table:
            assert await heard(database, asked) == said
        await archived(database_urls, tmp_path, FEBRUARY)
        for asked, said in table:
            assert await heard(database, asked) == said
        assert await shown(database) == before

    async def test_is_archived_once_and_the_next_month_after_it(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        assert len(await archived(database_urls, tmp_path, JANUARY)) == 3
        assert await archived(database_urls, tmp_path, JANUARY) == []
        assert (await verified(database)).faults == []
        assert [row.block for row in await archived(database_urls, tmp_path, FEBRUARY)] == [3]
        assert (await verified(database)).faults == []
        assert await in_files(database, tmp_path) == []

    async def test_that_is_not_over_stays(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        with pytest.raises(ArchiveFailed, match="2026-03 is not over yet"):
            await archived(database_urls, tmp_path, MARCH)
        assert await legs_left(database) == 9

    async def test_that_is_not_what_was_sealed_stays(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(b"UPDATE ledger.leg SET memo = 'forged' WHERE kind = 'trade' AND action = 1")
        with pytest.raises(
            ArchiveFailed, match=r"block 1: transaction_.* leg 0 differs from its seal; nothing"
        ):
            await archived(database_urls, tmp_path, FEBRUARY)
        # The funder's book came first and is not at fault.
        assert await legs_left(database) == 8

    async def test_that_was_interrupted_is_taken_up_again(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        await database.run(lambda tx: seal(tx, now=MARCH))
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(
                b"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.block = 2 THEN RAISE"
                b" EXCEPTION 'stop'; END IF; RETURN NEW; END $$"
            )
            admin.execute(
                b"CREATE TRIGGER stop BEFORE INSERT ON ledger.archive FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
            with pytest.raises(psycopg.Error, match="stop"):
                await archived(database_urls, tmp_path, FEBRUARY)
            assert (await verified(database)).faults == []
            admin.execute(b"DROP TRIGGER stop ON ledger.archive")
        assert [row.block for row in await archived(database_urls, tmp_path, FEBRUARY)] == [2, 3]
        assert (await verified(database)).faults == []
        assert await in_files(database, tmp_path) == []


@pytest.mark.anyio
class TestATamperedArchive:
    async def test_is_found_in_its_files(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await three_months(database)
        rows = await archived(database_urls, tmp_path, FEBRUARY)
        path = tmp_path / rows[-1].file
        whole = path.read_bytes()
        table = pyarrow.parquet.ParquetFile(path).read()
        place = table.column_names.index("amount")
        amounts = [value + 1 for value in table.column("amount").to_pylist()]
        forged = table.set_column(place, table.schema.field(place), [amounts])
        pyarrow.parquet.write_table(forged, path)
        (fault, *_) = await in_files(database, tmp_path)
        assert "block 3: transaction_" in fault
        assert fault.endswith("differs from its seal")
        pyarrow.parquet.write_table(table.slice(0, 1), path)
        assert "legs" in (await in_files(database, tmp_path))[0]
        path.write_bytes(whole[: len(whole) // 2])
        assert "cannot be read" in (await in_files(database, tmp_path))[0]
        path.unlink()
        assert await in_files(database, tmp_path) == [f"{path} is missing"]

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger.opening SET debits = debits + 1, credits = credits + 1",
            "UPDATE ledger.opening SET sequence = sequence - 1",
            "DELETE FROM ledger.opening",
            "DELETE FROM ledger.archive",
        ],
    )
    async def test_is_found_in_what_history_begins_with(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path, change: str
    ) -> None:
        await three_months(database)
        await archived(database_urls, tmp_path, FEBRUARY)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(change.encode())
        assert not (await verify_all(database, jobs=1, progress=lambda done, total: None)).sound


Run = Callable[[str], int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_urls: tuple[str, str]) -> Run:
    """Run `feiqian ledger` with these arguments; its exit code."""
    monkeypatch.setenv("FEIQIAN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FEIQIAN_DATABASE_URL", database_urls[0])
    monkeypatch.setenv("FEIQIAN_DATABASE_ADMIN_URL", database_urls[1])

    def run(command: str) -> int:
        monkeypatch.setattr(sys, "argv", ["feiqian", "ledger", *command.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


class TestTheCommands:
    def test_seal_prove_archive_and_verify(
        self, run: Run, database_urls: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        proof = tmp_path / "january.proof"
        period = f"proof --book platform --from 2026-01-01 --through 2026-01-31 --with-legs --output {proof}"
        asyncio.run(in_a_database(database_urls[0], three_months))
        assert run("seal") == 0
        assert "platform  block 2  1 legs  root " in capsys.readouterr().out
        assert run(period) == 0
        public_key = capsys.readouterr().out.split()[-1]
        assert (tmp_path / "seal-key.pem").stat().st_mode & 0o777 == 0o600

        assert run(f"check-proof {proof} --public-key {public_key}") == 0
        said = capsys.readouterr().out
        assert said.startswith(f"PROVEN  signed by {public_key}")
        assert "blocks 1 to 2 follow each other" in said
        assert "5 legs are those that were sealed" in said
        assert run(f"check-proof {proof} --public-key {'0' * 64}") == 1
        assert capsys.readouterr().err.startswith("NOT PROVEN")

        assert run("archive --through 2026-02") == 0
        assert capsys.readouterr().out.endswith("8 legs archived.\n")
        assert run("archive --through 2099-01") == 1
        assert "2099-01 is not over yet" in capsys.readouterr().err
        assert run(period) == 1
        assert "has 4 legs, 0 are in the database" in capsys.readouterr().err

        assert run(f"verify --jobs 2 --archive {tmp_path / 'archive'} --json") == 0
        assert "holds   ledger         ledger_archive_holds" in capsys.readouterr().out
        for file in (tmp_path / "archive").rglob("*.parquet"):
            file.unlink()
        assert run(f"verify --archive {tmp_path / 'archive'} --json") == 1
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert told["broken"] == ["ledger_archive_holds"]
        assert len(told["faults"]) == 3


async def in_a_database(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    async with Database(url) as database:
        await work(database)
