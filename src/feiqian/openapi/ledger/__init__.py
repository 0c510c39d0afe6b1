"""The ledger for partners: their own books under /v1/ledger.

A platform posts and reads in books of its own only, which it calls by short names; inside they are
``own:<platform>:<name>``. What belongs to anybody else is unknown here.
"""

from feiqian.openapi.ledger.accounts import AccountController, SubjectController
from feiqian.openapi.ledger.books import BookController, GroupController
from feiqian.openapi.ledger.holds import HoldController
from feiqian.openapi.ledger.imports import ImportController
from feiqian.openapi.ledger.statements import StatementController
from feiqian.openapi.ledger.transactions import TransactionController

LEDGER_CONTROLLERS = (
    SubjectController,
    AccountController,
    StatementController,
    GroupController,
    BookController,
    TransactionController,
    HoldController,
    ImportController,
)
"""In the order of the document."""

__all__ = ["LEDGER_CONTROLLERS"]
