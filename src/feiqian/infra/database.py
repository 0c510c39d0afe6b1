"""PostgreSQL: the pool, the transaction that operations are given, and the retry at its boundary."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, LiteralString, TypeVar, cast
from uuid import UUID

import msgspec
import psycopg
import structlog
from psycopg.abc import Params, PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from feiqian.kernel.errors import InvalidRequest, Refusal

__all__ = [
    "APPLICATION_ROLE",
    "Database",
    "DatabaseUnavailable",
    "EventBus",
    "Jsonb",
    "SchemaOutdated",
    "Transaction",
    "read_rows",
]

T = TypeVar("T")
log = structlog.get_logger(__name__)

APPLICATION_ROLE = "feiqian_app"
"""The role every statement of the application runs as: it owns nothing and cannot change a table's shape."""

RETRY_COUNT_MAX = 5
OPEN_WITHIN_S = 60.0
"""How long a program waits at its start for PostgreSQL, which may be recovering from a crash."""
ANSWER_MARGIN_S = 5
"""PostgreSQL ends a statement at its time-out. If nothing is heard so much later, it is the way there that is cut."""
_LINK = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How soon a dead network is noticed; what the URL says itself goes before it. Unknown to Unix sockets."""
_LINK_OF_SERVER = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""The same from the other end: locks of a caller that was cut off must not outlast it for long."""
_NATIVE = (datetime, date, UUID, Decimal, bytes)

set_json_dumps(msgspec.json.encode)
set_json_loads(msgspec.json.decode)


class DatabaseUnavailable(Refusal):
    """PostgreSQL could not be reached, or the answer to a commit was lost; the same request may be sent again."""

    code = "database_unavailable"
    status = 503
    english = "The database is not reachable right now. Send the same request again in a moment."
    chinese = "数据库暂时不可用，请稍后按原请求重试。"
    retryable = True


class SchemaOutdated(Refusal):
    """The database lacks a table or column of this version."""

    code = "schema_outdated"
    status = 503
    english = "The database's schema is not of this version. Run `feiqian migrate`."
    chinese = "数据库结构与当前版本不符，请运行 feiqian migrate。"


class _Connection(psycopg.AsyncConnection[Any]):
    """A connection that waits for an answer only as long as one may come.

    A network that swallows what is sent tells nobody: without a limit of ours the caller would wait for ever.
    """

    answer_within_s: float | None = None
    """For one exchange with the server; None without limit."""

    async def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return await super().wait(gen, interval, timeout or self.answer_within_s)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                # Its state is not known, so nobody may use it again.
                self.pgconn.finish()
            raise


class Transaction:
    """One open database transaction: what an operation receives. It never outlives its operation."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], events: "EventBus", cell: int) -> None:
        self.connection = connection
        self.cell = cell
        self._events = events

    async def execute(self, sql: LiteralString, params: Params | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        return (await self.connection.execute(sql, params)).rowcount

    async def all(self, kind: type[T], sql: LiteralString, params: Params | None = None) -> list[T]:
        """Every row as a ``kind``: a struct by column names, or a plain type for one column."""
        cursor = await self.connection.execute(sql, params)
        return read_rows(kind, cursor, await cursor.fetchall())

    async def tuples(self, sql: LiteralString, params: Params | None = None) -> list[tuple[Any, ...]]:
        """Every row as a plain tuple, received in binary: for many rows."""
        cursor = self.connection.cursor(binary=True)
        await cursor.execute(sql, params)
        return await cursor.fetchall()

    async def copy_in(self, sql: LiteralString, data: bytes) -> None:
        """Send ``data`` to a COPY … FROM STDIN in one write."""
        async with self.connection.cursor().copy(sql) as copy:
            await copy.write(data)

    async def maybe(self, kind: type[T], sql: LiteralString, params: Params | None = None) -> T | None:
        """The only row, or None."""
        rows = await self.all(kind, sql, params)
        if len(rows) > 1:
            raise LookupError(f"expected at most one row, got {len(rows)}")
        return rows[0] if rows else None

    async def one(self, kind: type[T], sql: LiteralString, params: Params | None = None) -> T:
        """The only row.

        Raises: LookupError when there is none or more than one.
        """
        row = await self.maybe(kind, sql, params)
        if row is None:
            raise LookupError("expected one row, got none")
        return row

    async def publish(self, event: object) -> None:
        """Tell the floors above what happened; they act inside this same transaction."""
        await self._events.publish(self, event)


Handler = Callable[[Transaction, Any], Awaitable[None]]


class EventBus:
    """Who is told of which event. Filled once by the wiring; a handler's failure rolls the whole fact back."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Handler]] = {}

    def subscribe(self, event: type, handler: Handler) -> None:
        """Call ``handler(tx, fact)`` for every published fact of that type, in order of subscription."""
        self._handlers.setdefault(event, []).append(handler)

    async def publish(self, tx: Transaction, event: object) -> None:
        for handler in self._handlers.get(type(event), ()):
            await handler(tx, event)


class Database:
    """The application's pool. ``run`` is how an operation becomes one transaction."""

    def __init__(
        self,
        url: str,
        *,
        events: EventBus | None = None,
        cell: int = 1,
        role: str | None = APPLICATION_ROLE,
        connections_max: int = 10,
        statement_timeout_s: int = 30,
        lock_timeout_s: int = 10,
    ) -> None:
        """``role`` is what every statement runs as; None leaves the URL's own, for an administrator's work."""
        self.events = events or EventBus()
        self.cell = cell
        options = (
            f"{f'-c role={role} ' if role else ''}-c search_path=jobs -c timezone=UTC"
            f" -c statement_timeout={statement_timeout_s}s -c lock_timeout={lock_timeout_s}s"
            f" -c idle_in_transaction_session_timeout=60s {_LINK_OF_SERVER}"
        )
        said = conninfo_to_dict(url)
        self.url = url
        self.connecting: dict[str, Any] = {
            "options": options,
            "application_name": "feiqian",
            **{name: value for name, value in _LINK.items() if name not in said},
        }
        """What a connection is opened with, beside the URL."""
        self._answer_within_s = statement_timeout_s + ANSWER_MARGIN_S
        self._pool = AsyncConnectionPool(
            url,
            connection_class=_Connection,
            kwargs={**self.connecting, "autocommit": True},
            configure=self._configure,
            min_size=2,
            max_size=connections_max,
            timeout=15,
            open=False,
        )

    async def __aenter__(self) -> "Database":
        try:
            await self._pool.open(wait=True, timeout=OPEN_WITHIN_S)
        except PoolTimeout as error:
            await self._pool.close()
            log.warning("database_unavailable", error=str(error))
            raise DatabaseUnavailable from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        """A transaction without retry: reads, and callers with a boundary of their own.

        Raises: DatabaseUnavailable, SchemaOutdated, InvalidRequest for text that PostgreSQL cannot hold.
        """
        with _translated(retried=True):
            async with self._pool.connection() as connection, connection.transaction():
                yield Transaction(connection, self.events, self.cell)

    @asynccontextmanager
    async def inspecting(self, *, statement_timeout_s: int) -> AsyncGenerator[Transaction]:
        """A transaction that only reads and whose statements may take long. Each sees what is committed when it begins.

        Raises: as ``transaction``.
        """
        async with self.transaction() as tx:
            await tx.execute("SET TRANSACTION READ ONLY")
            await tx.one(
                str, "SELECT set_config('statement_timeout', %s, true)", (f"{statement_timeout_s}s",)
            )
            connection = cast(_Connection, tx.connection)
            connection.answer_within_s = statement_timeout_s + ANSWER_MARGIN_S
            try:
                yield tx
            finally:
                connection.answer_within_s = self._answer_within_s

    @asynccontextmanager
    async def snapshot(self, of: str | None = None) -> AsyncGenerator[Transaction]:
        """A transaction that only reads, all of it at one moment; with ``of`` at the moment that another transaction, still
        open, has given out by ``pg_export_snapshot()``."""
        async with self.transaction() as tx:
            await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if of is not None:
                await tx.connection.execute(SQL("SET TRANSACTION SNAPSHOT {}").format(of))
            yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Transaction]:
        """For reads that need no common moment: each statement sees what is committed when it begins, as in a
        READ COMMITTED transaction, and the two round trips that open and close one are spared. Never for writes."""
        with _translated(retried=False):
            async with self._pool.connection() as connection:
                yield Transaction(connection, self.events, self.cell)

    async def _configure(self, connection: _Connection) -> None:
        connection.answer_within_s = self._answer_within_s

    async def run(self, operation: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run one operation as one transaction; serialisation failures and deadlocks start it again.

        Raises: DatabaseUnavailable when PostgreSQL is away; whatever the operation raises, after a rollback.
        """
        for attempt in range(1, RETRY_COUNT_MAX + 1):
            try:
                async with self.transaction() as tx:
                    return await operation(tx)
            except psycopg.Error as error:
                if error.sqlstate not in _RETRYABLE or attempt == RETRY_COUNT_MAX:
                    raise
                log.info("transaction_retried", sqlstate=error.sqlstate, attempt=attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")


_RETRYABLE = {"40001", "40P01", "23505"}
"""serialization_failure, deadlock_detected, and unique_violation: a race for the same number was lost, and on the next
run the operation finds what the winner wrote. Nothing was committed, so the same operation may run again."""

_LAST_WORDS = {"FATAL", "PANIC"}
"""Severities with which a session or the whole server ends. Whatever the code beside them: the answer to what was under
way is not known."""

_OF_ANOTHER_VERSION = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
)


@contextmanager
def _translated(*, retried: bool) -> Generator[None]:
    """What PostgreSQL says, as refusals. With ``retried``, what ``run`` begins again is let through."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InternalError, PoolTimeout) as error:
        if isinstance(error, psycopg.Error) and retried and error.sqlstate in _RETRYABLE:
            raise
        if isinstance(error, psycopg.InternalError) and error.diag.severity_nonlocalized not in _LAST_WORDS:
            raise
        log.warning("database_unavailable", error=str(error))
        raise DatabaseUnavailable from error
    except psycopg.DataError as error:
        _refuse_unstorable(error)
        raise
    except _OF_ANOTHER_VERSION as error:
        raise SchemaOutdated from error


def _refuse_unstorable(error: psycopg.DataError) -> None:
    """Text with the character U+0000, which a caller may send and PostgreSQL holds neither as text nor as JSON."""
    found_here = error.sqlstate is None and "NUL" in str(error)
    if found_here or isinstance(error, psycopg.errors.UntranslatableCharacter):
        raise InvalidRequest(field="text", reason="must not contain the character U+0000") from error


def read_rows(kind: type[T], cursor: psycopg.AsyncCursor[Any], rows: Sequence[tuple[Any, ...]]) -> list[T]:
    """Rows of a cursor as structs; enums and JSON columns are converted and checked on the way."""
    names = [column.name for column in cursor.description or ()]
    if issubclass(kind, msgspec.Struct):
        return [
            msgspec.convert(dict(zip(names, row, strict=True)), kind, builtin_types=_NATIVE) for row in rows
        ]
    return [msgspec.convert(row[0], kind, builtin_types=_NATIVE) for row in rows]
