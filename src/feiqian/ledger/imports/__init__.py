"""Bulk import of history: a file of transactions, streamed into a book, batch by batch, from where it was left.

How far an import has come is written in the database transaction of each batch. An import that was interrupted goes on
when the same file is sent again under its id. A row that cannot be posted is refused by itself and kept with its line.
"""

from feiqian.ledger.imports.importer import Importer, NewImport
from feiqian.ledger.imports.model import Import, ImportBusy, ImportFormat, ImportRefusal, ImportState
from feiqian.ledger.imports.queries import import_of_id, import_refusals, imports_into

__all__ = [
    "Import",
    "ImportBusy",
    "ImportFormat",
    "ImportRefusal",
    "ImportState",
    "Importer",
    "NewImport",
    "import_of_id",
    "import_refusals",
    "imports_into",
]
