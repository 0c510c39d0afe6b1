"""One embedded PostgreSQL for the whole run; every test that asks for ``database`` gets a migrated one of its own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest

from feiqian.infra.database import Database
from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon in Shanghai on Monday 2 March 2026: the moment at which tests begin."""

_numbers = count(1)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    place = Path(tempfile.mkdtemp(prefix="feiqian-test-"))
    place.chmod(0o755)
    with EmbeddedPostgres(place) as server:
        migrate(server.admin_url)
        yield server
    shutil.rmtree(place)


@pytest.fixture
def database_urls(postgres: EmbeddedPostgres) -> Iterator[tuple[str, str]]:
    """(application URL, administrator's URL) of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    control = postgres.admin_url.replace("/feiqian?", "/postgres?")
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE feiqian STRATEGY file_copy".encode())
    yield postgres.url.replace("/feiqian?", f"/{name}?"), postgres.admin_url.replace("/feiqian?", f"/{name}?")
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
async def database(database_urls: tuple[str, str]) -> AsyncIterator[Database]:
    async with Database(database_urls[0]) as opened:
        yield opened
