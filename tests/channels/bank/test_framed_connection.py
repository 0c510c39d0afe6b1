"""The driver of connections that stay open: answers in any order, breaks, silence, garbage."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from feiqian.infra.sockets import FramedConnection, SocketUnknown, SocketUnreachable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def framed(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


async def take(reader: asyncio.StreamReader) -> bytes:
    """One message without its length."""
    size = int.from_bytes(await reader.readexactly(2), "big")
    return await reader.readexactly(size)


def key_of(content: bytes) -> str:
    """The first letter; garbage begins with a question mark."""
    if content.startswith(b"?"):
        raise ValueError("garbage")
    return content[:1].decode()


@asynccontextmanager
async def connected(handler: Handler, **options: float) -> AsyncGenerator[FramedConnection, None]:
    """A connection to a server that does what the test says."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    echoed = options.pop("echoes", 0)

    async def echo() -> None:
        await connection.ask(b"e", key="e", timeout_s=0.1, is_echo=True)

    connection = FramedConnection(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        length_bytes=2,
        key_of=key_of,
        connect_timeout_s=1.0,
        echo=echo if echoed else None,
        **options,
    )
    try:
        yield connection
    finally:
        await connection.close()
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says everything back, twice."""
    while True:
        content = await take(reader)
        writer.write(framed(content * 2))


class TestAQuestion:
    async def test_gets_its_own_answer_in_any_order(self) -> None:
        async def backwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked = [await take(reader) for _ in range(3)]
            for content in reversed(asked):
                writer.write(framed(content + b"!"))
            await reader.read()

        async with connected(backwards) as connection:
            answers = await asyncio.gather(
                *(connection.ask(letter.encode(), key=letter, timeout_s=2) for letter in "abc")
            )
            assert answers == [b"a!", b"b!", b"c!"]

    async def test_gets_an_answer_that_comes_in_pieces(self) -> None:
        async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for byte in framed(await take(reader)):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.001)
            await reader.read()

        async with connected(slowly) as connection:
            assert await connection.ask(b"a long one", key="a", timeout_s=2) == b"a long one"

    async def test_without_an_answer_is_unknown_and_others_go_on(self) -> None:
        async def choosy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                if (content := await take(reader)) != b"a":
                    writer.write(framed(b"a late") + framed(content))

        async with connected(choosy) as connection:
            with pytest.raises(SocketUnknown):
                await connection.ask(b"a", key="a", timeout_s=0.05)
            assert await connection.ask(b"b", key="b", timeout_s=2) == b"b"
            assert connection.is_open

    async def test_is_not_sent_twice_at_once(self) -> None:
        async with connected(answering) as connection:
            first = asyncio.create_task(connection.ask(b"a", key="a", timeout_s=2))
            await asyncio.sleep(0)
            await connection.open()
            if connection.is_waiting("a"):
                with pytest.raises(SocketUnreachable):
                    await connection.ask(b"a", key="a", timeout_s=2)
            assert await first == b"aa"

    async def test_that_was_given_up_leaves_the_line_usable(self) -> None:
        async with connected(answering) as connection:
            given_up = asyncio.create_task(connection.ask(b"a", key="a", timeout_s=5))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            assert await connection.ask(b"b", key="b", timeout_s=2) == b"bb"

    async def test_too_large_or_empty_is_not_sent(self) -> None:
        async with connected(answering) as connection:
            for content in (b"", b"a" * 65_536):
                with pytest.raises(SocketUnreachable):
                    await connection.ask(content, key="a", timeout_s=2)

    async def test_to_nobody_is_certainly_not_sent(self) -> None:
        connection = FramedConnection(
            host="127.0.0.1", port=9, length_bytes=2, key_of=key_of, connect_timeout_s=1.0
        )
        with pytest.raises(SocketUnreachable):
            await connection.ask(b"a", key="a", timeout_s=2)


class TestABreak:
    async def test_leaves_what_is_under_way_unknown_and_the_next_question_connects_again(self) -> None:
        connections = 0

        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            if connections > 1:
                await answering(reader, writer)
            await take(reader)
            await take(reader)

        async with connected(once) as connection:
            ends = await asyncio.gather(
                *(connection.ask(letter.encode(), key=letter, timeout_s=5) for letter in "ab"),
                return_exceptions=True,
            )
            assert [type(end) for end in ends] == [SocketUnknown, SocketUnknown]
            assert not connection.is_open
            assert await connection.ask(b"a", key="a", timeout_s=2) == b"aa"
            assert connections == 2

    @pytest.mark.parametrize("content", [b"\x00\x00", b"\x00\x00\x00\x05hello"])
    async def test_follows_a_length_that_cannot_be(self, content: bytes) -> None:
        async def wild(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await take(reader)
            writer.write(content)
            await reader.read()

        async with connected(wild) as connection:
            with pytest.raises(SocketUnknown):
                await connection.ask(b"a", key="a", timeout_s=5)
            assert not connection.is_open

    async def test_does_not_follow_a_message_that_nobody_understands(self) -> None:
        async def mumbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                writer.write(framed(b"?????") + framed(await take(reader)))

        async with connected(mumbling) as connection:
            assert await connection.ask(b"a", key="a", timeout_s=2) == b"a"

    async def test_that_we_make_tells_who_waits(self) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with connected(silent) as connection:
            asked = asyncio.create_task(connection.ask(b"a", key="a", timeout_s=5))
            await asyncio.sleep(0.05)
            await connection.close()
            with pytest.raises(SocketUnknown):
                await asked


class TestSilence:
    async def test_is_broken_by_an_echo(self) -> None:
        heard: list[bytes] = []
        enough = asyncio.Event()

        async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                heard.append(await take(reader))
                writer.write(framed(heard[-1]))
                if heard.count(b"e") == 3:
                    enough.set()

        async with connected(counting, echo_every_s=0.05, echoes=1) as connection:
            await connection.ask(b"a", key="a", timeout_s=2)
            await asyncio.wait_for(enough.wait(), 5)
            assert connection.is_open

    async def test_after_an_echo_ends_the_connection(self) -> None:
        ended = asyncio.Event()

        async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(framed(await take(reader)))
            await reader.read()
            ended.set()

        async with connected(deaf, echo_every_s=0.05, echoes=1) as connection:
            await connection.ask(b"a", key="a", timeout_s=2)
            await asyncio.wait_for(ended.wait(), 5)
            assert not connection.is_open
