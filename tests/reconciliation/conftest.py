"""A trade to reconcile."""

import pytest

from feiqian.infra.database import Database
from tests.reconciliation.trade import Trade, open_trade


@pytest.fixture
async def trade(database: Database) -> Trade:
    return await open_trade(database)
