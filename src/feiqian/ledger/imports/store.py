"""SQL of imports' writes."""

from collections.abc import Sequence
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.ledger.imports.model import Import, ImportRefusal
from feiqian.ledger.imports.queries import IMPORT


async def begin_import(tx: Transaction, row: Import) -> None:
    """Write an import down, unless its id is known."""
    await tx.execute(
        "INSERT INTO ledger.import (cell, id, book, format, opens_accounts, state, fingerprint, started_by,"
        " started_at, progressed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (
            tx.cell,
            row.id,
            row.book,
            row.format.value,
            row.opens_accounts,
            row.state.value,
            row.fingerprint,
            row.started_by,
            row.started_at,
            row.progressed_at,
        ),
    )


async def lock_import(tx: Transaction, id: UUID) -> Import:
    """The import, behind its lock."""
    await tx.execute("SELECT FROM ledger.import WHERE cell = %s AND id = %s FOR NO KEY UPDATE", (tx.cell, id))
    return await tx.one(Import, IMPORT + " WHERE cell = %s AND id = %s", (tx.cell, id))


async def write_progress(tx: Transaction, row: Import) -> None:
    """How far an import has come."""
    await tx.execute(
        "UPDATE ledger.import SET state = %s, lines = %s, size_bytes = %s, fingerprint = %s, posted = %s,"
        " existing = %s, refused = %s, progressed_at = %s, finished_at = %s WHERE cell = %s AND id = %s",
        (
            row.state.value,
            row.lines,
            row.size_bytes,
            row.fingerprint,
            row.posted,
            row.existing,
            row.refused,
            row.progressed_at,
            row.finished_at,
            tx.cell,
            row.id,
        ),
    )


async def write_refusals(tx: Transaction, id: UUID, rows: Sequence[ImportRefusal]) -> None:
    """Keep the lines that were refused."""
    await tx.execute(
        "INSERT INTO ledger.import_refusal (cell, import, line, code, english, chinese, content)"
        " SELECT %s, %s, r.* FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS r",
        (
            tx.cell,
            id,
            [row.line for row in rows],
            [row.code for row in rows],
            [row.english for row in rows],
            [row.chinese for row in rows],
            [row.content for row in rows],
        ),
    )
