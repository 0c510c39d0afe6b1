"""`feiqian connections` and `feiqian vault`: for whoever sits at the server and not at the console."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from feiqian.connections import ConnectionEvent, ConnectionState
from feiqian.infra.vault import KEY_FILE
from tests.channels import wechat
from tests.channels.wechat import Handler
from tests.connections.office import CODE, Office


@pytest.fixture
def environment(database_urls: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FEIQIAN_DATABASE_URL", database_urls[0])
    monkeypatch.setenv("FEIQIAN_DATA_DIR", str(tmp_path))
    return tmp_path


async def feiqian(*arguments: str) -> tuple[int, str]:
    """(exit code, what it said)"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "feiqian.cli", *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


class TestConnections:
    async def test_are_listed_paused_and_resumed(self, office: Office, environment: Path) -> None:
        await office.connect()
        code, said = await feiqian("connections", "list")
        assert code == 0
        assert "wechatpay" in said
        assert "active" in said
        assert "expires 2027-03-02" in said
        assert await feiqian("connections", "pause", CODE, "--reason", "night") == (
            0,
            "wechatpay is paused.\n",
        )
        assert (await office.connection()).state is ConnectionState.PAUSED
        line = (await office.history())[0]
        assert (line.event, line.actor, line.staff) == (ConnectionEvent.PAUSED, "command line", None)
        assert (await feiqian("connections", "resume", CODE, "--reason", "morning"))[0] == 0
        assert (await office.connection()).state is ConnectionState.ACTIVE

    async def test_that_nobody_knows_are_refused(self, office: Office, environment: Path) -> None:
        code, said = await feiqian("connections", "pause", "nobody", "--reason", "x")
        assert code == 1
        assert "No channel connection nobody is known" in said

    async def test_are_tested_with_an_exit_code(self, office: Office, environment: Path) -> None:
        await office.connect()

        def answering(code: str, status: int) -> Handler:
            body = json.dumps({"code": code, "message": "from the channel"}).encode()

            async def answer(_: web.Request) -> web.StreamResponse:
                # The command takes the machine's time.
                headers = wechat.signed(body, moment=datetime.now(UTC))
                return wechat.answer(body, status=status, headers=headers)

            return answer

        office.server.handler = answering("SIGN_ERROR", 401)
        code, said = await feiqian("connections", "probe", CODE)
        assert (code, "failed" in said, "SIGN_ERROR" in said) == (1, True, True)
        assert wechat.API_V3_KEY not in said
        office.server.handler = answering("ORDER_NOT_EXIST", 404)
        code, said = await feiqian("connections", "probe", CODE, "--version", "1")
        assert (code, "succeeded" in said) == (0, True)


class TestTheVault:
    async def test_gets_a_new_master_key_under_a_running_house(
        self, office: Office, environment: Path
    ) -> None:
        await office.connect()
        before = office.vault.current
        code, said = await feiqian("vault", "rotate")
        assert code == 0
        assert f"Master key {before} stays in the file" in said
        assert len((environment / KEY_FILE).read_text().splitlines()) == 2
        assert (await office.version(1)).key_id != before
        assert (await office.live()).get(CODE).identity.mchid == wechat.MCHID

    async def test_without_its_key_file_says_so(self, office: Office, environment: Path) -> None:
        await office.connect()
        (environment / KEY_FILE).write_text("rubbish\n")
        code, said = await feiqian("vault", "rotate")
        assert code == 1
        assert "base64" in said
