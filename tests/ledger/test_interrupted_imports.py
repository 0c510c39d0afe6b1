"""An import that breaks off goes on where it was: nothing is lost, nothing is posted twice."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from feiqian.infra.database import Database
from feiqian.kernel.errors import Refusal
from feiqian.ledger import (
    Import,
    ImportBusy,
    ImportFormat,
    ImportState,
    import_of_id,
)
from tests.ledger.test_imports import (
    ALICE,
    BOOK,
    CASH,
    HEADER,
    ID,
    TOP_UP,
    counts,
    prepare,
    refused,
    send,
    shown,
    sound,
    text_of,
)

pytestmark = pytest.mark.anyio


class Broken(Exception):
    """The connection of a test broke."""


class TestAnImportThatWasInterrupted:
    async def test_goes_on_after_the_last_committed_row(self, database: Database) -> None:
        await prepare(database)
        lines = [TOP_UP.format(1, number) + "\n" for number in range(10_000)]

        def breaking() -> Iterable[str]:
            yield HEADER + "\n"
            yield "".join(lines[:9000])
            raise Broken

        with pytest.raises(Broken):
            await send(database, breaking())
        async with database.transaction() as tx:
            left = await import_of_id(tx, id=ID)
        assert (left.state, *counts(left)) == (ImportState.RUNNING, 8000, 8000, 0, 0)
        assert await shown(database, ALICE) == [8000]
        done = await send(database, [HEADER + "\n", *lines])
        assert (done.state, *counts(done)) == (ImportState.FINISHED, 10_000, 10_000, 0, 0)
        assert await shown(database, CASH, ALICE) == [10_000, 10_000]
        assert await sound(database)

    async def test_is_not_continued_with_another_file(self, database: Database) -> None:
        await prepare(database)
        lines = [TOP_UP.format(1, number) + "\n" for number in range(4000)]

        def breaking() -> Iterable[str]:
            yield HEADER + "\n"
            yield "".join(lines)
            raise Broken

        with pytest.raises(Broken):
            await send(database, breaking())
        other = [HEADER + "\n", TOP_UP.format(2, 0) + "\n", *lines[1:]]
        for content in (other, [HEADER + "\n", *lines[:10]], [HEADER + "\n"]):
            with pytest.raises(Refusal) as caught:
                await send(database, content)
            assert caught.value.code == "exists_with_different_request"
            assert caught.value.facts["field"] == "content"
        alterations: list[tuple[str, dict[str, Any]]] = [
            ("book", {"book": "own:mall:other"}),
            ("format", {"format": ImportFormat.NDJSON}),
            ("opens_accounts", {"opens_accounts": False}),
        ]
        for field, altered in alterations:
            with pytest.raises(Refusal) as caught:
                await send(database, [HEADER + "\n", *lines], **altered)
            assert caught.value.facts["field"] == field
        assert await shown(database, ALICE) == [4000]

    async def test_once_finished_answers_the_same_again(self, database: Database) -> None:
        await prepare(database)
        content = [text_of(TOP_UP.format(5, 1), "bad")]
        first = await send(database, content)
        assert await send(database, content) == first
        for altered in ([*content, TOP_UP.format(6, 2)], [text_of(TOP_UP.format(5, 1))]):
            with pytest.raises(Refusal) as caught:
                await send(database, altered)
            assert caught.value.facts["field"] == "content"
        assert await shown(database, ALICE) == [5]
        assert await refused(database) == [(3, "row_invalid")]

    async def test_is_sent_by_one_at_a_time(self, database: Database) -> None:
        await prepare(database)
        lines = [TOP_UP.format(1, number) + "\n" for number in range(12_000)]
        answers = await asyncio.gather(
            *(send(database, [HEADER + "\n", *lines]) for _ in range(3)), return_exceptions=True
        )
        finished = [answer for answer in answers if isinstance(answer, Import)]
        assert [counts(answer) for answer in finished] == [(12_000, 12_000, 0, 0)] * len(finished)
        assert finished
        assert all(isinstance(answer, Import | ImportBusy) for answer in answers)
        assert await shown(database, ALICE) == [12_000]

    async def test_by_a_kill_has_every_row_once(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        await prepare(database)
        count = 40_000
        path = tmp_path / "history.csv"
        path.write_text(text_of(*(TOP_UP.format(1, number) for number in range(count))), encoding="utf-8")
        command = [sys.executable, "-m", "feiqian.cli", "ledger", "import", str(path), "--book", BOOK]
        command += ["--open-accounts", "--json", "--id", str(ID)]
        environment = {
            **os.environ,
            "FEIQIAN_DATABASE_URL": database_urls[0],
            "FEIQIAN_DATABASE_ADMIN_URL": database_urls[1],
        }

        async def start() -> asyncio.subprocess.Process:
            pipe = asyncio.subprocess.PIPE
            return await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)

        process = await start()
        while await rows_done(database) < 8000:
            assert process.returncode is None, await process.communicate()
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        left = await rows_done(database)
        assert 8000 <= left < count
        assert await shown(database, ALICE) == [left]
        process = await start()
        output, errors = await process.communicate()
        assert process.returncode == 0, errors
        result = msgspec.json.decode(output.splitlines()[-1])
        assert (result["state"], result["rows"], result["posted"], result["refused"]) == (
            "finished",
            count,
            count,
            0,
        )
        assert await shown(database, CASH, ALICE) == [count, count]
        assert await sound(database)


async def rows_done(database: Database) -> int:
    async with database.transaction() as tx:
        try:
            return (await import_of_id(tx, id=ID)).rows
        except Refusal:
            return 0
