"""The boundary of a transaction: retried where nothing was committed, and never more than the application may."""

import asyncio

import psycopg
import pytest

from feiqian.infra.database import Database, DatabaseUnavailable, Transaction
from feiqian.members import register_merchant, register_platform
from tests.conftest import NOW


@pytest.mark.anyio
class TestAnOperation:
    async def test_that_deadlocks_with_another_is_run_again(self, database: Database) -> None:
        platform = await database.run(lambda tx: register_platform(tx, now=NOW, name="p"))
        for number in ("a", "b"):
            await database.run(
                lambda tx, number=number: register_merchant(
                    tx, now=NOW, platform=platform, merchant_no=number, name=number
                )
            )
        both_hold_one = asyncio.Barrier(2)
        runs: list[str] = []

        async def lock(tx: Transaction, first: str, second: str) -> None:
            runs.append(first)
            sql = "SELECT 1 FROM members.merchant WHERE merchant_no = %s FOR UPDATE"
            await tx.execute(sql, (first,))
            if runs.count(first) == 1:
                await both_hold_one.wait()
            await tx.execute(sql, (second,))

        await asyncio.gather(
            database.run(lambda tx: lock(tx, "a", "b")), database.run(lambda tx: lock(tx, "b", "a"))
        )
        assert len(runs) == 3

    async def test_that_fails_leaves_nothing(self, database: Database) -> None:
        async def fails(tx: Transaction) -> None:
            await register_platform(tx, now=NOW, name="gone")
            raise RuntimeError("after the insert")

        with pytest.raises(RuntimeError, match="after the insert"):
            await database.run(fails)
        async with database.reading() as tx:
            assert await tx.one(int, "SELECT count(*) FROM members.platform") == 0

    async def test_cannot_change_the_schema(self, database: Database) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await database.run(lambda tx: tx.execute("ALTER TABLE members.platform ADD COLUMN x int"))

    async def test_runs_as_the_application_even_where_the_owner_signs_in(
        self, database_urls: tuple[str, str]
    ) -> None:
        async with Database(database_urls[1]) as database, database.reading() as tx:
            assert await tx.one(str, "SELECT current_user::text") == "feiqian_app"

    async def test_without_a_database_is_refused_as_retryable(self, database_urls: tuple[str, str]) -> None:
        database = Database(database_urls[0])
        async with database:
            with psycopg.connect(database_urls[1], autocommit=True) as admin:
                sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                admin.execute(sql + " AND datname = current_database()")
            with pytest.raises(DatabaseUnavailable) as refusal:
                await database.run(lambda tx: tx.one(int, "SELECT 1"))
            assert refusal.value.retryable
            assert refusal.value.status == 503
