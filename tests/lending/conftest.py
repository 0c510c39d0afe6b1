"""A town with one merchant that has a line of 300,000.00 yuan, and a funder with 1,000,000.00 yuan to lend."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count

import psycopg
import pytest

from feiqian.infra.database import Database
from feiqian.infra.postgres import EmbeddedPostgres
from tests.lending.town import Town

NewDatabase = Callable[[], AbstractAsyncContextManager[Database]]

_numbers = count(1)


@pytest.fixture
async def town(database: Database) -> Town:
    made = await Town(database).found()
    await made.open_line()
    return made


@pytest.fixture
def new_database(postgres: EmbeddedPostgres) -> NewDatabase:
    """Opens one migrated database after another: each example of a property has its own."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Database]:
        name = f"story_{next(_numbers)}"
        control = postgres.admin_url.replace("/feiqian?", "/postgres?")
        with psycopg.connect(control, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE feiqian STRATEGY file_copy".encode())
            async with Database(postgres.url.replace("/feiqian?", f"/{name}?")) as database:
                yield database
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    return opened
