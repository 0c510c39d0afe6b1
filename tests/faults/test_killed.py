"""The application and PostgreSQL are killed while the ledger is loaded."""

import os
import signal
from pathlib import Path

import pytest

from feiqian.infra.database import Database
from feiqian.infra.postgres import EmbeddedPostgres
from tests.faults.settling import assert_settled, loading

pytestmark = pytest.mark.anyio


class TestAnApplicationThatIsKilled:
    async def test_has_posted_what_it_acknowledged_and_nothing_twice(
        self, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        with loading(database_urls[0], tmp_path) as load:
            for batches in (12, 1, 7):
                await load.acknowledged(batches)
                load.kill()
                load.begin()
            await load.acknowledged(6)
            load.kill()
        async with Database(database_urls[0]) as database:
            await assert_settled(database, load.journal)


class TestPostgresThatIsKilled:
    async def test_has_what_it_acknowledged_when_it_is_back(
        self, server: EmbeddedPostgres, tmp_path: Path
    ) -> None:
        with loading(server.url, tmp_path) as load:
            for _ in range(3):
                await load.acknowledged(10)
                assert server.process_id is not None
                os.kill(server.process_id, signal.SIGKILL)
                await load.refused(1)
                server.stop()
                server.start()
            await load.acknowledged(10)
            await load.finish()
        assert set(load.journal.refusals()) == {"database_unavailable"}
        async with Database(server.url) as database:
            await assert_settled(database, load.journal)
