"""Jobs: deferred on the transaction of the fact that wants them, worked off by `feiqian worker` or inside `serve`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException

from feiqian.infra.database import Database, Transaction
from feiqian.infra.metrics import JOBS

JobHandler = Callable[..., Awaitable[None]]

ATTEMPTS_MAX = 8
"""A job that fails is tried again after 2, 4, 8 … seconds; what still fails is kept as failed for a person."""

CONNECT_WITHIN_S = 10.0
"""How long the worker waits for PostgreSQL before it counts as lost."""
RESTART_AFTER_S = 1.0
"""A worker that lost PostgreSQL is begun anew this much later."""

log = structlog.get_logger(__name__)


class Jobs:
    """The queue in the application's own database. State and job commit together or not at all."""

    def __init__(self, database: Database) -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=database.url,
            kwargs=database.connecting,
            min_size=1,
            max_size=4,
            timeout=CONNECT_WITHIN_S,
        )
        self._app = procrastinate.App(connector=connector)

    async def __aenter__(self) -> "Jobs":
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    def register(self, name: str, handler: JobHandler) -> None:
        """What to do for jobs of that name; ``handler(**arguments)`` must bear to be run twice."""
        retry = procrastinate.RetryStrategy(max_attempts=ATTEMPTS_MAX, exponential_wait=2)

        async def counted(**arguments: Any) -> None:
            try:
                await handler(**arguments)
            except Exception:
                JOBS.labels(job=name, outcome="failed").inc()
                raise
            JOBS.labels(job=name, outcome="done").inc()

        self._app.task(name=name, retry=retry)(counted)

    async def defer(self, tx: Transaction, name: str, **arguments: Any) -> None:
        """Have a job done once this transaction has committed; if it rolls back there is no job."""
        await self._app.configure_task(name, connection=tx.connection).defer_async(**arguments)

    async def work(self) -> None:
        """Work jobs off until cancelled. The worker ends when it loses PostgreSQL, and is begun anew until that is back."""
        while True:
            try:
                await self._app.run_worker_async(
                    concurrency=4,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    fetch_job_polling_interval=2,
                )
                log.warning("worker_ended")
            except ConnectorException as error:
                log.warning("worker_ended", error=str(error.__cause__ or error))
            await asyncio.sleep(RESTART_AFTER_S)
