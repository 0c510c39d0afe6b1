"""The ledger's own pages: accounts, statements, holds, the trial balance at any moment, seals. Reads only."""

from typing import Any

from litestar import Router
from litestar.di import Provide

from feiqian.console.ledger.accounts import AccountController, provide_wanted
from feiqian.console.ledger.exports import export_accounts
from feiqian.console.ledger.holds import HoldController
from feiqian.console.ledger.seals import SealController
from feiqian.console.ledger.statements import StatementController
from feiqian.console.ledger.trial_balance import ledger_trial_balance

LEDGER_HANDLERS: list[Any] = [
    Router(
        "/",
        route_handlers=[AccountController, export_accounts],
        dependencies={"wanted": Provide(provide_wanted, sync_to_thread=False)},
    ),
    StatementController,
    HoldController,
    ledger_trial_balance,
    SealController,
]
"""Below /console/api."""
