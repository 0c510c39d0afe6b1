"""Reads of imports."""

from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.kernel.ids import show_id
from feiqian.ledger.imports.model import Import, ImportRefusal

IMPORT = (
    "SELECT id, book, format, opens_accounts, state, lines, size_bytes, fingerprint, posted, existing, refused,"
    " started_by, started_at, progressed_at, finished_at FROM ledger.import"
)


async def import_of_id(tx: Transaction, *, id: UUID) -> Import:
    """An import and how far it has come. Raises: NotFound."""
    row = await tx.maybe(Import, IMPORT + " WHERE cell = %s AND id = %s", (tx.cell, id))
    if row is None:
        raise NotFound(what="import", name=show_id("import", id))
    return row


async def imports_into(
    tx: Transaction, *, book: str, before: UUID | None = None, limit: int = 50
) -> list[Import]:
    """Imports into a book, by id, newest first where ids are made of the time."""
    return await tx.all(
        Import,
        IMPORT + " WHERE cell = %s AND book = %s AND (%s::uuid IS NULL OR id < %s) ORDER BY id DESC LIMIT %s",
        (tx.cell, book, before, before, limit),
    )


async def import_refusals(
    tx: Transaction, *, id: UUID, after: int = 0, limit: int = 50
) -> list[ImportRefusal]:
    """The refused lines of an import below line ``after``, in the order of the file."""
    return await tx.all(
        ImportRefusal,
        "SELECT line, code, english, chinese, content FROM ledger.import_refusal"
        " WHERE cell = %s AND import = %s AND line > %s ORDER BY line LIMIT %s",
        (tx.cell, id, after, limit),
    )
