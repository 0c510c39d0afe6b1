"""Request collapsing: callers that arrive while a batch is in flight form the next one, so singles get batch speed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from feiqian.infra.database import DatabaseUnavailable

T = TypeVar("T")
R = TypeVar("R")

BATCH_COUNT_MAX = 500


class Collapser(Generic[T, R]):
    """Runs ``run(items)`` for whatever has gathered since the last run; gives each caller its own result.

    A batch that fails as a whole is run again one by one, so that one caller's trouble is not another's. Only where
    the database is away they are all told at once: each alone would find the same after a wait of its own.
    """

    def __init__(
        self, run: Callable[[list[T]], Awaitable[list[R]]], *, count_max: int = BATCH_COUNT_MAX
    ) -> None:
        self._run = run
        self._count_max = count_max
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> R:
        """Wait for the result of one item.

        Raises: what ``run`` raises for this item alone; DatabaseUnavailable.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._drain())
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._count_max], self._waiting[self._count_max :]
            try:
                results = await self._run([item for item, _ in batch])
            except DatabaseUnavailable:
                for _, future in batch:
                    _settle(future, DatabaseUnavailable())
            except Exception as error:
                if len(batch) == 1:
                    _settle(batch[0][1], error)
                else:
                    await self._one_by_one(batch)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)

    async def _one_by_one(self, batch: list[tuple[T, "asyncio.Future[R]"]]) -> None:
        for item, future in batch:
            try:
                (result,) = await self._run([item])
            except Exception as error:
                _settle(future, error)
            else:
                if not future.done():
                    future.set_result(result)


def _settle(future: "asyncio.Future[R]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
