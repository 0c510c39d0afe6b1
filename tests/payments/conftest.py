"""A shop; when a test is over, every invariant of every domain holds."""

from collections.abc import AsyncIterator

import pytest

from feiqian.infra.database import Database
from tests.payments.counter import Counter
from tests.payments.shop import Shop, open_shop


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    opened = await open_shop(database)
    yield opened
    assert await opened.broken() == []


@pytest.fixture
async def counter(shop: Shop) -> Counter:
    """A gateway over connections on paper."""
    return Counter(shop)
