"""The demo's house: server, worker and simulator on the story's own clock."""

import asyncio
import shutil
from pathlib import Path
from typing import TextIO

import msgspec
import uvloop

from feiqian import reconciliation
from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.app.invariants import check_all
from feiqian.app.run import free_port, serving
from feiqian.app.sandbox import (
    REFUND_WITHIN_DAYS,
    SandboxPlaces,
    contracts_in,
    offset_of,
    open_simulators,
    set_up,
    write_state,
)
from feiqian.app.services import Services, open_services
from feiqian.channels import ChannelKind
from feiqian.clearing import total_settled
from feiqian.demo import Connection, Facts, Story, StoryError, StoryOptions, Summary, open_story, tell
from feiqian.finance import count_vouchers
from feiqian.infra.migrations import migrate
from feiqian.infra.settings import Settings
from feiqian.infra.vault import KEY_FILE
from feiqian.kernel.clock import ManualClock
from feiqian.ledger import count_transactions

OWNED = ("postgres", "postgres.new", *(f"{kind.value}-sandbox" for kind in ChannelKind))
"""What a story leaves in the data directory beside its files."""


def forget(data_dir: Path) -> None:
    """Remove what a story left, and nothing else."""
    for name in OWNED:
        shutil.rmtree(data_dir / name, ignore_errors=True)
    for path in (
        *data_dir.glob("demo-*"),
        *data_dir.glob("*.log"),
        data_dir / "sandbox.json",
        data_dir / KEY_FILE,
    ):
        path.unlink(missing_ok=True)


def open_told(settings: Settings, options: StoryOptions, *, fresh: bool) -> Story:
    """The story in the data directory, begun anew if ``fresh``.

    Raises: DirectoryInUse, OrdersFileError, StoryError.
    """
    if fresh and settings.database_url is not None:
        raise StoryError(
            "--fresh empties the data directory, not the database of FEIQIAN_DATABASE_URL. Give an empty database,"
            " or unset it to use the embedded one."
        )
    if fresh:
        forget(settings.data_dir)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return open_story(options, directory=settings.data_dir)


async def tell_story(
    settings: Settings, urls: DatabaseUrls, story: Story, *, places: SandboxPlaces, progress: TextIO
) -> Summary:
    """Tell it to its end, through the public API; afterwards the sandbox's clock goes on from there."""
    clock = ManualClock(story.starts_at)
    settings = msgspec.structs.replace(
        settings, public_url=None, port=free_port(), refund_within_days=REFUND_WITHIN_DAYS
    )
    async with open_services(
        settings=settings,
        urls=urls,
        clock=clock,
        contracts=contracts_in(places),
        sandbox=places,
    ) as services:
        state = await set_up(services.database, settings.data_dir, clock.now())
        async with serving(services, with_days=False) as url:
            connection = Connection(
                partner_url=url,
                api_key=state.api_key,
                sandbox_urls={kind.value: places.url(kind) for kind in places.addresses},
                advance=clock.advance_to,
                facts=lambda: _facts(services),
            )
            summary = await tell(story, connection=connection, progress=progress)
        write_state(settings.data_dir, msgspec.structs.replace(state, offset_s=offset_of(clock.now())))
    story.keep_summary(summary.json().encode())
    return summary


def tell_whole(settings: Settings, story: Story, *, progress: TextIO) -> Summary:
    """Start what the story needs, tell it, and stop everything; a story that is told already is not told again."""
    kept = story.kept_summary()
    if kept is not None:
        return msgspec.json.decode(kept, type=Summary)
    with (
        open_database(settings) as urls,
        open_simulators(settings.data_dir) as places,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        migrate(urls.admin_url)
        return runner.run(tell_story(settings, urls, story, places=places, progress=progress))


async def _facts(services: Services) -> Facts:
    async with services.database.transaction() as tx:
        findings = await check_all(tx)
        bills = await reconciliation.totals(tx)
        return Facts(
            ledger_transactions=await count_transactions(tx),
            ledger_verified=all(finding.violations == 0 for finding in findings),
            settled=await total_settled(tx, services.settings.currency),
            bill_lines=bills.bill_lines,
            matched=bills.matched,
            carried_over=bills.carried_over,
            unexplained=bills.unexplained,
            vouchers=await count_vouchers(tx),
        )
