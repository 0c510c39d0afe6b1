"""The network between the application and PostgreSQL: a TCP port that leads to the server's socket, and that can be cut."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK_BYTES = 4096
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER: close with a reset, and forget what was not sent."""


class Network:
    """Every connection through it, and what is to go wrong next."""

    def __init__(self, server: Path) -> None:
        self.server = server
        self.lost_commits = 0
        """COMMITs that the server shall never see: the next so many are cut before they arrive."""
        self.lost_answers = 0
        """COMMITs whose answers the application shall never see, though they are done."""
        self.bytes_left: int | None = None
        """After so many more bytes from the application the connection that carries the next is cut."""
        self.passing = asyncio.Event()
        self.passing.set()
        self._links: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Reset every connection."""
        for link in self._links:
            link.cancel()

    def swallow(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self.passing.clear()

    def heal(self) -> None:
        """What was swallowed arrives after all, late."""
        self.passing.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        linger = writer.get_extra_info("socket")
        linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await _Link(self, reader, writer).carry()
        self._links.discard(task)
        writer.close()


class _Link:
    """One connection."""

    def __init__(self, network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._network = network
        self._application = (reader, writer)
        self._muted = False

    async def carry(self) -> None:
        """Both ways, until one of them ends."""
        await self._network.passing.wait()
        reader, writer = self._application
        answers, questions = await asyncio.open_unix_connection(str(self._network.server))
        ways = [
            asyncio.create_task(self._ask(reader, questions)),
            asyncio.create_task(self._answer(answers, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            questions.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._network.passing.wait()
            passed = self._until_cut(chunk)
            writer.write(passed)
            await writer.drain()
            if len(passed) < len(chunk):
                return

    def _until_cut(self, chunk: bytes) -> bytes:
        """What of it still goes through."""
        network = self._network
        if b"COMMIT" in chunk and network.lost_commits:
            network.lost_commits -= 1
            return b""
        if b"COMMIT" in chunk and network.lost_answers:
            network.lost_answers -= 1
            self._muted = True
        if network.bytes_left is None:
            return chunk
        network.bytes_left -= len(chunk)
        if network.bytes_left >= 0:
            return chunk
        network.bytes_left = None
        return chunk[: len(chunk) // 2]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            await self._network.passing.wait()
            if self._muted:
                return
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def open_network(url: str) -> AsyncGenerator[tuple[Network, str]]:
    """(the network, the URL of the same database through it) for a URL with the directory of a socket."""
    head, _, directory = url.partition("?host=")
    network = Network(Path(directory) / ".s.PGSQL.5432")
    listener = await asyncio.start_server(network.accept, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    try:
        yield network, f"{head.replace('@/', f'@127.0.0.1:{port}/')}"
    finally:
        listener.close()
        network.heal()
        network.cut()
