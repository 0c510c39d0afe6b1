"""A simulator's SQLite books, with group commit.

All writing happens on the event loop's thread in one open transaction. The first write schedules its commit for the
end of the loop's turn, so that requests which came meanwhile share it; nobody is answered before ``durable``. WAL with
``synchronous=NORMAL`` keeps what is committed through a kill of the process.
"""

import asyncio
import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMON_SCHEMA = Path(__file__).with_name("books.sql").read_text("utf-8")
"""Settings and callbacks, which every simulator has."""

CHECKPOINT_EVERY_S = 5
"""How often the log is folded into the database file, off the event loop: only this waits for the disk."""


class InUse(RuntimeError):
    """Another process has these books open."""


class OtherVersion(RuntimeError):
    """The books were made by a simulator with other tables."""


class Books:
    """One process's hold on the books in ``directory``, with the tables of ``schema`` beside the common ones.

    Raises: InUse, OtherVersion.
    """

    def __init__(self, directory: Path, schema: str) -> None:
        self.path = directory / "books.sqlite"
        self._lock = _lock(directory / "lock.sqlite")
        self._connection = sqlite3.connect(self.path, isolation_level=None, cached_statements=256)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._define(COMMON_SCHEMA + schema)
        self._group: asyncio.Future[None] | None = None
        self._after: list[Callable[[], None]] = []
        self.series = self.setting("series") or self._new_series()

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        return self._connection.execute(sql, values).fetchone()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows."""
        return self._connection.execute(sql, values).fetchall()

    def write(self, sql: str, *values: Any) -> int:
        """One change; the new row's id after an INSERT. Only inside ``atomically``."""
        return self._connection.execute(sql, values).lastrowid or 0

    @contextmanager
    def atomically(self) -> Generator[None]:
        """What is written inside happens whole or not at all. Never await inside."""
        if self._group is None:
            self._connection.execute("BEGIN IMMEDIATE")
            loop = asyncio.get_running_loop()
            self._group = loop.create_future()
            loop.call_soon(self._commit)
        self._connection.execute("SAVEPOINT operation")
        waiting = len(self._after)
        try:
            yield
        except BaseException:
            del self._after[waiting:]
            self._connection.execute("ROLLBACK TO operation")
            raise
        finally:
            self._connection.execute("RELEASE operation")

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do this once what is being written is on disk."""
        self._after.append(action)

    async def durable(self) -> None:
        """Return when everything written or read so far is on disk. Raises: sqlite3.Error when that failed."""
        if self._group is not None:
            await asyncio.shield(self._group)

    def setting(self, name: str) -> str | None:
        """A named value that outlives the process."""
        row = self.row("SELECT value FROM settings WHERE name = ?", name)
        return None if row is None else row[0]

    def keep_setting(self, name: str, value: str) -> None:
        """Set a named value. Only inside ``atomically``."""
        self.write(
            "INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value
        )

    async def fold_forever(self) -> None:
        """Checkpoint the log from time to time until cancelled."""
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY_S)
            await asyncio.to_thread(self._fold)

    def close(self) -> None:
        """Commit what is open and let go of the files."""
        if self._group is not None:
            self._commit()
        self._connection.close()
        self._lock.close()

    def _commit(self) -> None:
        group, actions = self._group, self._after
        if group is None:
            return
        self._group, self._after = None, []
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            group.set_exception(error)
            group.exception()  # seen here, also when nobody waits
            return
        group.set_result(None)
        for action in actions:
            action()

    def _fold(self) -> None:
        connection = sqlite3.connect(self.path)
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            connection.close()

    def _define(self, schema: str) -> None:
        digest = hashlib.sha256(schema.encode()).hexdigest()
        is_new = self.row("SELECT 1 FROM sqlite_schema WHERE name = 'settings'") is None
        if not is_new and self.setting("schema") != digest:
            self._connection.close()
            self._lock.close()
            raise OtherVersion(f"{self.path} was made by another version: give another data directory")
        if is_new:
            self._connection.executescript(
                f"BEGIN;{schema}INSERT INTO settings VALUES ('schema', '{digest}');COMMIT;"
            )

    def _new_series(self) -> str:
        series = f"{secrets.randbelow(10**6):06d}"
        self._connection.execute("INSERT INTO settings VALUES ('series', ?)", (series,))
        return series


def _lock(path: Path) -> sqlite3.Connection:
    """Held until the process ends, however it ends."""
    lock = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise InUse(f"another simulator has {path.parent} open") from error
    return lock
