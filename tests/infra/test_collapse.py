"""Callers that come while a batch is in flight form the next one."""

import asyncio

import pytest

from feiqian.infra.collapse import Collapser


@pytest.mark.anyio
class TestCollapsing:
    async def test_gathers_those_that_wait_and_answers_each_with_its_own(self) -> None:
        batches: list[list[int]] = []

        async def double(items: list[int]) -> list[int]:
            batches.append(items)
            await asyncio.sleep(0)
            return [item * 2 for item in items]

        collapser = Collapser(double)
        results = await asyncio.gather(*(collapser.submit(number) for number in range(20)))
        assert results == [number * 2 for number in range(20)]
        assert len(batches) < 20
        assert sorted(item for batch in batches for item in batch) == list(range(20))

    async def test_keeps_one_callers_trouble_from_the_others(self) -> None:
        async def refuse_three(items: list[int]) -> list[int]:
            if 3 in items:
                raise ValueError("three")
            return items

        collapser = Collapser(refuse_three)
        results = await asyncio.gather(
            *(collapser.submit(number) for number in range(6)), return_exceptions=True
        )
        assert [r for r in results if not isinstance(r, BaseException)] == [0, 1, 2, 4, 5]
        assert isinstance(results[3], ValueError)

    async def test_goes_on_when_a_caller_has_gone(self) -> None:
        begun = asyncio.Event()
        release = asyncio.Event()

        async def wait(items: list[int]) -> list[int]:
            begun.set()
            await release.wait()
            return items

        collapser = Collapser(wait)
        gone = asyncio.create_task(collapser.submit(1))
        await begun.wait()
        gone.cancel()
        after = asyncio.create_task(collapser.submit(2))
        release.set()
        assert await after == 2
