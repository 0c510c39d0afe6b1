"""`feiqian ledger import`."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, TextIO
from uuid import UUID

import msgspec

from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.cli.running import run
from feiqian.infra.database import Database
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import SystemClock
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import derived_id, parse_id, show_id
from feiqian.ledger import Import, Importer, ImportFormat, NewImport, Poster, import_refusals

STATEMENT_TIMEOUT_S = 300
CHUNK_BYTES = 1 << 18
BAR_WIDTH = 30
REDRAW_S = 0.2
SHOWN_REFUSALS = 10
STARTED_BY = "cli"


def add(actions: Any) -> None:
    """The command's arguments."""
    command = actions.add_parser(
        "import",
        help="import a file of transactions into a book",
        description="Posts a CSV or NDJSON file, 4,000 rows at a time. An import that was stopped goes on after the last"
        " committed row when the same command is given again.",
    )
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--book", required=True, help="platform, funder:<number> or own:<platform>:<name>; rows post into it"
    )
    command.add_argument(
        "--format", choices=[format.value for format in ImportFormat], help="default: by the file's name"
    )
    command.add_argument(
        "--id", help="of the import, import_… or a UUID (default: derived from the book and the file's name)"
    )
    command.add_argument(
        "--open-accounts", action="store_true", help="open accounts of own subjects that the file names"
    )
    command.add_argument("--json", action="store_true", help="one JSON object on the last line")
    command.set_defaults(run=import_file)


def import_file(settings: Settings, arguments: argparse.Namespace) -> int:
    """Import a file; 1 when rows were refused or the file cannot be read."""
    try:
        file = arguments.file.open("rb")
    except OSError as error:
        print(f"feiqian: {arguments.file} cannot be read: {error.strerror}", file=sys.stderr)
        return 1
    with file, open_database(settings) as urls:
        return run(_import(settings, urls, arguments, file))


async def _import(
    settings: Settings, urls: DatabaseUrls, arguments: argparse.Namespace, file: BinaryIO
) -> int:
    asked = NewImport(
        id=_id(arguments),
        book=arguments.book,
        format=ImportFormat(arguments.format) if arguments.format else _format_of(arguments.file),
        opens_accounts=arguments.open_accounts,
        by=STARTED_BY,
    )
    clock = SystemClock()
    async with Database(urls.url, cell=settings.cell, statement_timeout_s=STATEMENT_TIMEOUT_S) as database:
        importer = Importer(database=database, clock=clock, poster=Poster(database=database, clock=clock))
        bar = _Bar(sys.stderr, size_bytes=arguments.file.stat().st_size)
        try:
            done = await importer.run(asked, _chunks(file), progressed=bar.show)
        finally:
            bar.end()
        async with database.reading() as tx:
            refusals = await import_refusals(tx, id=done.id, limit=SHOWN_REFUSALS)
    for refusal in refusals:
        print(f"line {refusal.line}: {refusal.code}: {refusal.english}")
    if done.refused > len(refusals):
        print(f"… and {done.refused - len(refusals)} more in ledger.import_refusal")
    name = show_id("import", done.id)
    print(
        f"{name}: {done.rows} rows, {done.posted} posted, {done.existing} posted before, {done.refused} refused"
    )
    if arguments.json:
        result = {
            "id": name,
            "state": done.state.value,
            "rows": done.rows,
            "posted": done.posted,
            "existing": done.existing,
            "refused": done.refused,
        }
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 1 if done.refused else 0


def _id(arguments: argparse.Namespace) -> UUID:
    if arguments.id is None:
        return derived_id("import", arguments.book, arguments.file.name)
    try:
        return UUID(arguments.id) if "_" not in arguments.id else parse_id("import", arguments.id)
    except ValueError as error:
        raise InvalidRequest(field="--id", reason="must be import_… or a UUID") from error


def _format_of(path: Path) -> ImportFormat:
    return ImportFormat.CSV if path.suffix.lower() == ".csv" else ImportFormat.NDJSON


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk


class _Bar:
    """One line that moves while a person watches; nothing where nobody does."""

    def __init__(self, stream: TextIO, *, size_bytes: int) -> None:
        self._stream = stream
        self._size_bytes = max(size_bytes, 1)
        self._moves = stream.isatty()
        self._begun = monotonic()
        self._drawn = 0.0
        self._first_rows: int | None = None

    def show(self, progress: Import) -> None:
        """An import has come so far."""
        if self._first_rows is None:
            self._first_rows = progress.rows
        if not self._moves or monotonic() - self._drawn < REDRAW_S:
            return
        self._drawn = monotonic()
        part = min(progress.size_bytes / self._size_bytes, 1.0)
        rate = (progress.rows - self._first_rows) / max(self._drawn - self._begun, 0.001)
        filled = "█" * int(part * BAR_WIDTH)
        self._stream.write(
            f"\r\x1b[K{filled:░<{BAR_WIDTH}} {part:4.0%}  {progress.rows:,} rows  {rate:,.0f}/s"
            f"  {progress.refused:,} refused"
        )
        self._stream.flush()

    def end(self) -> None:
        """Leave the line, so that what is printed next begins on its own."""
        if self._drawn:
            self._stream.write("\n")
