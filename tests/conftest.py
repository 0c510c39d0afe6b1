"""One embedded PostgreSQL for the whole run; every test that asks for ``database`` gets a migrated one of its own.

Where ``FEIQIAN_TEST_CITUS_URL`` is the administrator's URL of an empty database on a Citus cluster, the ledger's tests run
there: everything in that database is dropped first, and emptied between tests.
"""

import os
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

CITUS_URL = "FEIQIAN_TEST_CITUS_URL"
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


@pytest.fixture(scope="session")
def cluster() -> tuple[str, list[str]] | None:
    """The Citus cluster's URL, freshly migrated, and the tables that tests may fill; None where there is none."""
    url = os.environ.get(CITUS_URL)
    if url is None:
        return None
    ours = "n.nspname !~ '^(pg_|citus|columnar|information_schema|public)'"
    with psycopg.connect(url, autocommit=True) as admin:
        for (name,) in admin.execute(
            f"SELECT quote_ident(nspname) FROM pg_namespace n WHERE {ours}".encode()
        ):
            admin.execute(f"DROP SCHEMA {name} CASCADE".encode())
        admin.execute("DROP TABLE IF EXISTS public.schema_version")
    migrate(url)
    with psycopg.connect(url, autocommit=True) as admin:
        # Citus connects to its workers as the role that asks.
        admin.execute("ALTER ROLE feiqian_app LOGIN")
        tables = admin.execute(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE c.relkind IN ('r', 'p') AND {ours}".encode()
        ).fetchall()
        return url, [
            name for (name,) in tables if admin.execute(f"TABLE {name} LIMIT 1".encode()).rowcount == 0
        ]


@pytest.fixture
def database_urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(application URL, administrator's URL) of a fresh, migrated database."""
    cluster: tuple[str, list[str]] | None = request.getfixturevalue("cluster")
    if cluster is not None and "ledger" in request.path.parts:
        url, tables = cluster
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"TRUNCATE {', '.join(tables)} CASCADE".encode())
        yield url, url
        return
    postgres: EmbeddedPostgres = request.getfixturevalue("postgres")
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
