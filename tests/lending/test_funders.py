"""Refusals around funders: nothing is written."""

from typing import Any

import pytest

from feiqian import lending
from feiqian.kernel.errors import InvalidRequest, NotFound, ReplayAltered
from tests.lending.town import Town, noon


@pytest.mark.anyio
class TestADeposit:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"amount": 0}, InvalidRequest),
            ({"amount": -5}, InvalidRequest),
            ({"amount": 10**15 + 1}, InvalidRequest),
            ({"currency": "USD"}, InvalidRequest),
            ({"currency": "XXX"}, InvalidRequest),
            ({"deposit_no": ""}, InvalidRequest),
            ({"funder_no": "F9"}, NotFound),
            ({"deposit_no": "D1"}, ReplayAltered),
        ],
    )
    async def test_is_refused_by_name(
        self, town: Town, changes: dict[str, Any], error: type[Exception]
    ) -> None:
        asked: dict[str, Any] = {
            "funder_no": "F1",
            "deposit_no": "D2",
            "amount": 5,
            "currency": "CNY",
            **changes,
        }
        before = await town.transactions()
        with pytest.raises(error):
            await town.database.run(lambda tx: lending.deposit(tx, now=noon(3), **asked))
        assert (await town.transactions(), await town.funder_available()) == (before, 100_000_000)
        await town.assert_sound()


@pytest.mark.anyio
class TestAFunder:
    async def test_is_registered_once(self, town: Town) -> None:
        async def register(name: str) -> lending.Funder:
            return await town.database.run(
                lambda tx: lending.register_funder(tx, now=noon(3), funder_no="F1", name=name)
            )

        first = await register("First Funder")
        assert await register("First Funder") == first
        with pytest.raises(ReplayAltered):
            await register("Another")
        with pytest.raises(InvalidRequest):
            await register("")

    async def test_that_is_unknown_is_named(self, town: Town) -> None:
        async with town.database.transaction() as tx:
            with pytest.raises(NotFound):
                await lending.funder_of_no(tx, funder_no="F9")
            assert [position.funder_no for position in await lending.funders(tx)] == ["F1"]
