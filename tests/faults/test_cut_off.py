"""The network between the application and PostgreSQL is cut while the ledger is loaded."""

from pathlib import Path

import pytest

from feiqian.infra.database import Database
from tests.faults.network import Network, open_network
from tests.faults.settling import Load, assert_settled, loading

pytestmark = pytest.mark.anyio

COMMITS = 4


def answers_after_a_loss(load: Load) -> list[set[str]]:
    """What became of every batch that was told to retry, when it was asked again: of what is not refused for good."""
    lines = load.journal.lines()
    lost = {line.batch for line in lines if line.what == "refused"}
    return [
        set(line.outcomes) & {"posted", "exists"}
        for line in lines
        if line.what == "acknowledged" and line.batch in lost
    ]


async def torn(network: Network, load: Load) -> None:
    """Connections end somewhere in the middle of what is sent, and all at once."""
    for size in (700, 5_000, 1, 12_000):
        network.bytes_left = size
        await load.refused(1)
        await load.acknowledged(2)
    network.cut()
    await load.refused(1)


class TestANetworkThatIsCut:
    async def test_in_the_middle_of_statements_loses_nothing_and_doubles_nothing(
        self, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        async with open_network(database_urls[0]) as (network, url):
            with loading(url, tmp_path) as load:
                await load.acknowledged(6)
                await torn(network, load)
                await load.acknowledged(6)
                await load.finish()
        assert set(load.journal.refusals()) == {"database_unavailable"}
        async with Database(database_urls[0]) as database:
            await assert_settled(database, load.journal)

    @pytest.mark.parametrize(("lost", "found"), [("lost_commits", "posted"), ("lost_answers", "exists")])
    async def test_at_the_commit_leaves_to_the_retry_what_nobody_knows(
        self, database_urls: tuple[str, str], tmp_path: Path, lost: str, found: str
    ) -> None:
        async with open_network(database_urls[0]) as (network, url):
            with loading(url, tmp_path) as load:
                await load.acknowledged(6)
                setattr(network, lost, COMMITS)
                await load.refused(COMMITS)
                await load.acknowledged(6)
                await load.finish()
        assert getattr(network, lost) == 0
        answers = answers_after_a_loss(load)
        assert answers
        assert all(answer == {found} for answer in answers)
        async with Database(database_urls[0]) as database:
            await assert_settled(database, load.journal)

    async def test_without_a_word_makes_nobody_wait_for_ever(
        self, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        async with open_network(database_urls[0]) as (network, url):
            with loading(url, tmp_path, statement_timeout_s=2) as load:
                await load.acknowledged(6)
                network.swallow()
                await load.refused(3)
                network.heal()
                # What was swallowed arrives late, and the same calls have been sent again meanwhile.
                await load.acknowledged(12)
                await load.finish()
        assert set(load.journal.refusals()) == {"database_unavailable"}
        async with Database(database_urls[0]) as database:
            await assert_settled(database, load.journal)
