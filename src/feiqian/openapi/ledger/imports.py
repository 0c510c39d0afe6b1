"""Bulk import of history into a partner's own books."""

import csv
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from feiqian.infra.database import Database, Transaction
from feiqian.infra.paging import Cursor, Limit, Page, read_cursor, show_cursor
from feiqian.infra.web import language_of
from feiqian.kernel.errors import InvalidRequest, NotFound
from feiqian.kernel.ids import parse_id, show_id
from feiqian.ledger import (
    Import,
    Importer,
    ImportFormat,
    NewImport,
    import_of_id,
    import_refusals,
    imports_into,
)
from feiqian.members import Caller, Scope
from feiqian.openapi.access import needs
from feiqian.openapi.given import GivenCaller, GivenClock, GivenDatabase
from feiqian.openapi.ledger.given import (
    UUID_LENGTH,
    GivenPoster,
    PartnerRequest,
    books_of,
    own_name,
    owns,
    platform_named,
)

DOWNLOAD_ROWS = 1_000
LINE_MAX = 2**62


class ImportView(msgspec.Struct, frozen=True, kw_only=True):
    """An import and how far it has come."""

    id: str
    book: str
    format: str
    open_accounts: bool
    state: str
    """running: the same file may be sent again to go on; finished: every row is posted or refused."""
    lines: int
    """Lines of the file that are done, a header and empty ones among them."""
    size_bytes: int
    """Of those lines."""
    rows: int
    """posted + existing + refused."""
    posted: int
    existing: int
    """Rows that had been posted before under their id."""
    refused: int
    started_at: datetime
    progressed_at: datetime
    finished_at: datetime | None


class RefusedRowView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the file that was not posted."""

    line: int
    """Of the file, from 1."""
    code: str
    detail: str
    content: str
    """The line, or its first 2,000 characters."""


class ImportController(Controller):
    """Files of transactions, streamed."""

    path = "/v1/ledger/imports"
    tags = ("ledger",)
    opt = needs(Scope.LEDGER)

    @post(summary="Import a file of transactions", status_code=200, request_max_body_size=None)
    async def send(
        self,
        request: PartnerRequest,
        caller: GivenCaller,
        database: GivenDatabase,
        clock: GivenClock,
        poster: GivenPoster,
        import_id: Annotated[str, QueryParameter(name="id", description="yours: import_… or a UUID")],
        book: Annotated[str, QueryParameter(description="one of your books")],
        written_as: Annotated[ImportFormat, QueryParameter(name="format")] = ImportFormat.CSV,
        open_accounts: FromQuery[bool] = False,
    ) -> ImportView:
        """The body is the file, one row a line, of any length; it is posted while it arrives, 4,000 rows at a time, and
        answered when all of it is done. If the connection breaks, send the same file again under the same id: it goes
        on after the last committed row. Rows that cannot be posted are refused by themselves and kept."""
        importer = Importer(database=database, clock=clock, poster=poster)
        asked = NewImport(
            id=read_import_id(import_id),
            book=own_name(caller, book),
            format=written_as,
            opens_accounts=open_accounts,
            by=platform_named(caller),
        )
        return show_import(caller, await importer.run(asked, request.stream()))

    @get(summary="List the imports into a book")
    async def list(
        self,
        caller: GivenCaller,
        database: GivenDatabase,
        book: FromQuery[str],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ImportView]:
        before = None if cursor is None else read_import_id(cursor, field="cursor")
        async with database.reading() as tx:
            rows = await imports_into(tx, book=own_name(caller, book), before=before, limit=limit + 1)
        items = [show_import(caller, row) for row in rows[:limit]]
        return Page(items=items, next_cursor=items[-1].id if len(rows) > limit else None)

    @get("/{import_id:str}", summary="Get an import")
    async def read(
        self, import_id: FromPath[str], caller: GivenCaller, database: GivenDatabase
    ) -> ImportView:
        """Also while it is running."""
        async with database.reading() as tx:
            return show_import(caller, await _own_import(tx, caller, import_id))

    @get("/{import_id:str}/refusals", summary="List the rows that were refused")
    async def refusals(
        self,
        request: PartnerRequest,
        import_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[RefusedRowView]:
        """In the order of the file."""
        after = min(read_cursor(cursor, int) or 0, LINE_MAX)
        async with database.reading() as tx:
            found = await _own_import(tx, caller, import_id)
            rows = await import_refusals(tx, id=found.id, after=after, limit=limit + 1)
        chinese = language_of(request) == "zh"
        items = [
            RefusedRowView(
                line=row.line,
                code=row.code,
                detail=row.chinese if chinese else row.english,
                content=row.content,
            )
            for row in rows[:limit]
        ]
        return Page(items=items, next_cursor=show_cursor(items[-1].line) if len(rows) > limit else None)

    @get(
        "/{import_id:str}/refusals.csv", summary="Download the rows that were refused", media_type="text/csv"
    )
    async def download(
        self,
        request: PartnerRequest,
        import_id: FromPath[str],
        caller: GivenCaller,
        database: GivenDatabase,
    ) -> Stream:
        """CSV with the columns line, code, detail, content."""
        async with database.reading() as tx:
            found = await _own_import(tx, caller, import_id)
        return Stream(
            _refusals_csv(database, found.id, chinese=language_of(request) == "zh"), media_type="text/csv"
        )


def read_import_id(text: str, *, field: str = "id") -> UUID:
    """The id behind ``import_…`` or a plain UUID.

    Raises: InvalidRequest.
    """
    try:
        return UUID(text) if len(text) == UUID_LENGTH else parse_id("import", text)
    except (ValueError, InvalidRequest) as error:
        raise InvalidRequest(
            field=field, reason="must be import_ and 26 letters or digits, or a UUID"
        ) from error


def show_import(caller: Caller, row: Import) -> ImportView:
    """An import with the caller's own name of the book."""
    return ImportView(
        id=show_id("import", row.id),
        book=row.book.removeprefix(books_of(caller)),
        format=row.format.value,
        open_accounts=row.opens_accounts,
        state=row.state.value,
        lines=row.lines,
        size_bytes=row.size_bytes,
        rows=row.rows,
        posted=row.posted,
        existing=row.existing,
        refused=row.refused,
        started_at=row.started_at,
        progressed_at=row.progressed_at,
        finished_at=row.finished_at,
    )


async def _own_import(tx: Transaction, caller: Caller, name: str) -> Import:
    """Raises: NotFound, also for imports of others."""
    found = await import_of_id(tx, id=read_import_id(name))
    if not owns(caller, found.book):
        raise NotFound(what="import", name=show_id("import", found.id))
    return found


async def _refusals_csv(database: Database, id: UUID, *, chinese: bool) -> AsyncIterator[str]:
    after, header = 0, [("line", "code", "detail", "content")]
    yield _csv(header)
    while True:
        async with database.reading() as tx:
            rows = await import_refusals(tx, id=id, after=after, limit=DOWNLOAD_ROWS)
        if not rows:
            return
        yield _csv(
            [(row.line, row.code, row.chinese if chinese else row.english, row.content) for row in rows]
        )
        after = rows[-1].line


def _csv(rows: Sequence[tuple[object, ...]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
