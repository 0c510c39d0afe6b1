"""A trade over days; when a test is over, every invariant of every domain holds."""

from collections.abc import AsyncIterator

import pytest

from feiqian.infra.database import Database
from tests.clearing.trade import Trade, open_trade


@pytest.fixture
async def trade(database: Database) -> AsyncIterator[Trade]:
    opened = await open_trade(database)
    yield opened
    assert await opened.shop.broken() == []
