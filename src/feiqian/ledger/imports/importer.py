"""Running an import: from a stream of bytes to posted batches, each committed together with the progress."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Database, Transaction
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest, Refusal, ReplayAltered
from feiqian.kernel.ids import show_id
from feiqian.ledger.accounts import open_account
from feiqian.ledger.accounts.given import OWN_CODE_PREFIX, check_book
from feiqian.ledger.imports import store
from feiqian.ledger.imports.lines import LINE_BYTES_MAX, Lines
from feiqian.ledger.imports.model import (
    Import,
    ImportBusy,
    ImportFormat,
    ImportRefusal,
    ImportState,
    NewImport,
    RowInvalid,
)
from feiqian.ledger.imports.rows import ReadLine, Row, account_names, as_transaction, reader_of
from feiqian.ledger.model import AccountRef, NewTransaction, Outcome, Result
from feiqian.ledger.operations import post
from feiqian.ledger.poster import Poster
from feiqian.ledger.store import read_accounts

BATCH_COUNT_MAX = 4_000
"""Rows that are posted and committed together."""
BATCH_BYTES_MAX = 16_000_000
"""Lines of that size together are a batch too."""
YIELD_EVERY = 500
"""Lines that are read before others get their turn in this process."""
CONTENT_LENGTH_MAX = 2_000
"""Characters of a refused line that are kept."""
BOM = b"\xef\xbb\xbf"


class _Line(msgspec.Struct, frozen=True):
    """A line that is a row."""

    number: int
    content: str
    row: Row | None
    refusal: Refusal | None = None


class Importer:
    """Imports files. Holds no state between them: what is done is in the database."""

    def __init__(self, *, database: Database, clock: Clock, poster: Poster) -> None:
        self._database = database
        self._clock = clock
        self._poster = poster

    async def run(
        self,
        asked: NewImport,
        content: AsyncIterable[bytes],
        *,
        progressed: Callable[[Import], None] = lambda _: None,
    ) -> Import:
        """Import a file from where it was left; ``progressed`` is told after each batch.

        When ``content`` breaks off with an exception, what was committed stays, and the same file goes on after it.
        Raises: ReplayAltered when the id was used for another book, format or content; ImportBusy; InvalidRequest for
        the book or the header; DatabaseUnavailable; whatever ``content`` raises.
        """
        check_book(asked.book)
        done = await self._database.run(lambda tx: self._begin(tx, asked))
        progressed(done)
        run = _Run(asked, done, self._database, self._clock, self._poster)
        lines, taken = Lines(), 0
        async for chunk in content:
            for piece in lines.feed(chunk):
                taken += run.take(*piece)
                if run.is_full:
                    progressed(await run.commit())
                if taken >= YIELD_EVERY:
                    taken = 0
                    await asyncio.sleep(0)
        for piece in lines.end():
            run.take(*piece)
        finished = await run.finish()
        progressed(finished)
        return finished

    async def _begin(self, tx: Transaction, asked: NewImport) -> Import:
        now = self._clock.now()
        await store.begin_import(
            tx,
            Import(
                id=asked.id,
                book=asked.book,
                format=asked.format,
                opens_accounts=asked.opens_accounts,
                state=ImportState.RUNNING,
                lines=0,
                size_bytes=0,
                fingerprint=hashlib.sha256().digest(),
                posted=0,
                existing=0,
                refused=0,
                started_by=asked.by,
                started_at=now,
                progressed_at=now,
                finished_at=None,
            ),
        )
        row = await store.lock_import(tx, asked.id)
        for field in ("book", "format", "opens_accounts"):
            if getattr(row, field) != getattr(asked, field):
                raise ReplayAltered(key=_key(asked.id), field=field)
        return row


class _Run:
    """One pass over one file."""

    def __init__(
        self, asked: NewImport, done: Import, database: Database, clock: Clock, poster: Poster
    ) -> None:
        self._asked = asked
        self._done = done
        self._database = database
        self._clock = clock
        self._poster = poster
        self._read: ReadLine | None = None
        self._lines: list[_Line] = []
        self._lines_bytes = 0
        self._number = 0
        self._size = 0
        self._hash = hashlib.sha256()
        self._too_long = False
        self._open: set[bytes] = set()
        self._not_opened: dict[bytes, Refusal] = {}

    @property
    def is_full(self) -> bool:
        """Whether it is time to commit."""
        return len(self._lines) >= BATCH_COUNT_MAX or self._lines_bytes >= BATCH_BYTES_MAX

    def take(self, piece: bytes, begins: bool, ends: bool) -> int:
        """Read a piece of the file; returns 1 for each line that ended.

        Raises: ReplayAltered when what was imported before began otherwise; InvalidRequest for the header.
        """
        self._hash.update(piece)
        self._size += len(piece)
        self._number += begins
        self._too_long = not (begins and ends) or len(piece) > LINE_BYTES_MAX
        if not ends:
            return 0
        text = b"" if self._too_long else piece.removeprefix(BOM) if self._number == 1 else piece
        if self._number == 1:
            self._read = reader_of(self._asked.format, text.decode(errors="replace").rstrip("\r\n"))
        is_header = self._number == 1 and self._asked.format is ImportFormat.CSV
        if self._number == self._done.lines:
            self._refuse_other_content()
        elif self._number > self._done.lines and not is_header:
            self._take_line(text)
        return 1

    def _refuse_other_content(self) -> None:
        if (self._size, self._hash.digest()) != (self._done.size_bytes, self._done.fingerprint):
            raise ReplayAltered(key=_key(self._asked.id), field="content")

    def _take_line(self, piece: bytes) -> None:
        if self._done.state is ImportState.FINISHED:
            raise ReplayAltered(key=_key(self._asked.id), field="content")
        if self._too_long:
            refusal = RowInvalid(field="row", reason=f"is longer than {LINE_BYTES_MAX} bytes")
            self._lines.append(_Line(self._number, "", None, refusal))
            return
        if not piece.strip():
            return
        self._lines_bytes += len(piece)
        row, refusal, text = None, None, piece.decode(errors="replace").rstrip("\r\n")
        assert self._read is not None
        try:
            row = self._read(piece.decode().rstrip("\r\n"))
        except UnicodeDecodeError:
            refusal = RowInvalid(field="row", reason="is not UTF-8")
        except Refusal as found:
            refusal = found
        self._lines.append(_Line(self._number, text, row, refusal))

    async def finish(self) -> Import:
        """Commit what is left; from then on the import is finished.

        Raises: ReplayAltered when the file is shorter than what was imported before; InvalidRequest without a header.
        """
        if self._number < self._done.lines:
            raise ReplayAltered(key=_key(self._asked.id), field="content")
        if self._done.state is ImportState.FINISHED:
            return self._done
        if self._read is None and self._asked.format is ImportFormat.CSV:
            raise InvalidRequest(field="header", reason="the first line must name the columns")
        return await self.commit(ended=True)

    async def commit(self, *, ended: bool = False) -> Import:
        """Post what was read and write down how far the file is done, in one transaction.

        Raises: ImportBusy when another has gone on in the meantime; DatabaseUnavailable.
        """
        lines, self._lines, self._lines_bytes = self._lines, [], 0
        names = {name for line in lines if line.row is not None for name in account_names(line.row)}
        accounts = await self._poster.accounts(names)
        asked = [self._transaction(line, accounts) for line in lines]
        named = _own_accounts(asked) if self._asked.opens_accounts else {}
        fingerprint = self._hash.digest()

        async def operation(tx: Transaction) -> Import:
            row = await store.lock_import(tx, self._asked.id)
            if row != self._done:
                raise ImportBusy(id=show_id("import", row.id))
            outcomes = await self._post(tx, asked, named)
            refusals = [
                _refused(line, outcome)
                for line, outcome in zip(lines, outcomes, strict=True)
                if isinstance(outcome, Refusal)
            ]
            if refusals:
                await store.write_refusals(tx, row.id, refusals)
            now = self._clock.now()
            progress = msgspec.structs.replace(
                row,
                state=ImportState.FINISHED if ended else ImportState.RUNNING,
                lines=self._number,
                size_bytes=self._size,
                fingerprint=fingerprint,
                posted=row.posted + outcomes.count(Outcome.POSTED),
                existing=row.existing + outcomes.count(Outcome.EXISTS),
                refused=row.refused + len(refusals),
                progressed_at=now,
                finished_at=now if ended else None,
            )
            await store.write_progress(tx, progress)
            return progress

        self._done = await self._database.run(operation)
        self._open |= named.keys() - self._not_opened.keys()
        return self._done

    def _transaction(self, line: _Line, accounts: Mapping[str, AccountRef]) -> NewTransaction | Refusal:
        if line.row is None:
            assert line.refusal is not None
            return line.refusal
        try:
            return as_transaction(
                line.row,
                line=line.number,
                import_id=self._asked.id,
                book=self._asked.book,
                accounts=accounts,
            )
        except Refusal as refusal:
            return refusal

    async def _post(
        self,
        tx: Transaction,
        asked: Sequence[NewTransaction | Refusal],
        to_open: Mapping[bytes, AccountRef],
    ) -> list[Outcome | Refusal]:
        now = self._clock.now()
        self._not_opened = await self._open_accounts(tx, now, to_open)
        outcomes: list[Outcome | Refusal | None] = []
        to_post: list[NewTransaction] = []
        for each in asked:
            refusal = each if isinstance(each, Refusal) else _not_open(each, self._not_opened)
            outcomes.append(refusal)
            if refusal is None and isinstance(each, NewTransaction):
                to_post.append(each)
        results = iter(await post(tx, now=now, transactions=to_post))
        return [outcome or _outcome(next(results)) for outcome in outcomes]

    async def _open_accounts(
        self, tx: Transaction, now: datetime, named: Mapping[bytes, AccountRef]
    ) -> dict[bytes, Refusal]:
        """Open what is missing of the platform's own accounts; those that cannot be opened, with why."""
        refs = {key: ref for key, ref in named.items() if key not in self._open}
        if not refs:
            return {}
        found = {row.id.bytes for row in await read_accounts(tx, [ref.id for ref in refs.values()])}
        failed: dict[bytes, Refusal] = {}
        for key in sorted(refs.keys() - found):
            try:
                await open_account(tx, now=now, ref=refs[key], by=self._asked.by, reason=_key(self._asked.id))
            except Refusal as refusal:
                failed[key] = refusal
        return failed


def _own_accounts(asked: Sequence[NewTransaction | Refusal]) -> dict[bytes, AccountRef]:
    """The platform's own accounts that a batch names, by key."""
    return {
        ref.key: ref
        for each in asked
        if isinstance(each, NewTransaction)
        for leg in each.legs
        for ref in (leg.debit, leg.credit)
        if ref.code.startswith(OWN_CODE_PREFIX)
    }


def _not_open(transaction: NewTransaction, failed: Mapping[bytes, Refusal]) -> Refusal | None:
    if failed:
        for leg in transaction.legs:
            for ref in (leg.debit, leg.credit):
                if ref.key in failed:
                    return failed[ref.key]
    return None


def _outcome(result: Result) -> Outcome | Refusal:
    return result.outcome if result.refusal is None else result.refusal


def _refused(line: _Line, refusal: Refusal) -> ImportRefusal:
    def kept(text: str) -> str:
        return text[:CONTENT_LENGTH_MAX].replace("\0", "\ufffd")

    return ImportRefusal(
        line=line.number,
        code=refusal.code,
        english=kept(refusal.sentence("en")),
        chinese=kept(refusal.sentence("zh")),
        content=kept(line.content),
    )


def _key(id: UUID) -> str:
    return f"import {show_id('import', id)}"
