"""The standing invariants are checked while the ledger is loaded: a check sees no half of anything."""

from datetime import timedelta
from pathlib import Path

import pytest

from feiqian.app.invariants import check_all
from feiqian.infra.database import Database
from feiqian.infra.invariants import StandingInvariants
from tests.conftest import NOW
from tests.faults.settling import assert_settled, loading

pytestmark = pytest.mark.anyio


class TestACheckUnderLoad:
    async def test_finds_sound_books_sound(self, database_urls: tuple[str, str], tmp_path: Path) -> None:
        async with Database(database_urls[0]) as database:
            standing = StandingInvariants(database, check_all)
            with loading(database_urls[0], tmp_path) as load:
                for minute in range(4):
                    await load.acknowledged(3)
                    assert await standing.check(NOW + timedelta(minutes=minute))
                    report = await standing.latest()
                    assert [found.name for found in report.items if found.violations] == []
                await load.finish()
            await assert_settled(database, load.journal)
