"""A connection that stays open and carries many messages at once, each with its length in front.

Answers come in any order: ``key_of`` says which question an answer belongs to. Made anywhere, used and closed in one
event loop. An answer that nobody waits for any more is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

FRAME_BYTES_MAX = 65_535
UNUSED_S = 600.0
"""A connection that has had no question for so long is closed; the next question opens another."""


class SocketUnreachable(Exception):
    """Nothing was sent: the call may be repeated safely."""


class SocketUnknown(Exception):
    """The question may have been received, but no answer came: ask what became of it."""


class FramedConnection:
    """One connection to ``host:port``. The next question after a break opens it again."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        length_bytes: int,
        key_of: Callable[[bytes], Hashable],
        connect_timeout_s: float,
        echo: Callable[[], Awaitable[None]] | None = None,
        echo_every_s: float = 60.0,
    ) -> None:
        """``key_of`` raises ValueError for what is no message; ``echo`` asks something after a silence."""
        self._host = host
        self._port = port
        self._length_bytes = length_bytes
        self._key_of = key_of
        self._connect_timeout_s = connect_timeout_s
        self._echo = echo
        self._echo_every_s = echo_every_s
        self._waiting: dict[Hashable, asyncio.Future[bytes]] = {}
        self._stream: _Stream | None = None
        self._opening = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._echoing: asyncio.Task[None] | None = None
        self._silent_since = 0.0
        self._unused_since = 0.0

    @property
    def is_open(self) -> bool:
        """Whether questions go out without connecting first."""
        return self._stream is not None

    def is_waiting(self, key: Hashable) -> bool:
        """Whether a question of that key is under way."""
        return key in self._waiting

    async def open(self) -> None:
        """Connect, unless it is. Raises: SocketUnreachable."""
        async with self._opening:
            if self._stream is not None:
                return
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(self._connect_timeout_s):
                    _, self._stream = await loop.create_connection(
                        lambda: _Stream(self), self._host, self._port
                    )
            except (TimeoutError, OSError) as error:
                raise SocketUnreachable(
                    f"{self._host}:{self._port}: {type(error).__name__} {error}"
                ) from error
            self._silent_since = self._unused_since = loop.time()
            self._listen_for_silence()

    async def ask(self, content: bytes, *, key: Hashable, timeout_s: float, is_echo: bool = False) -> bytes:
        """Send a message and wait for the answer with that key. Raises: SocketUnreachable, SocketUnknown."""
        if not 0 < len(content) <= min(FRAME_BYTES_MAX, 256**self._length_bytes - 1):
            raise SocketUnreachable(f"a message of {len(content)} bytes does not fit")
        await self.open()
        stream = self._stream
        if stream is None or key in self._waiting:
            raise SocketUnreachable(
                "the connection broke" if stream is None else f"{key} is under way already"
            )
        loop = asyncio.get_running_loop()
        if not is_echo:
            self._unused_since = loop.time()
        answer = self._waiting[key] = loop.create_future()
        stream.send(len(content).to_bytes(self._length_bytes, "big") + content)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as error:
            raise SocketUnknown(f"{self._host}:{self._port}: no answer within {timeout_s} s") from error
        finally:
            self._waiting.pop(key, None)

    async def close(self) -> None:
        """Hang up; whoever waits is told that the outcome is unknown."""
        if self._echoing is not None:
            self._echoing.cancel()
            await asyncio.gather(self._echoing, return_exceptions=True)
        self.hang_up("it was closed")

    def hang_up(self, reason: str) -> None:
        """Close at once."""
        stream, self._stream = self._stream, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if stream is not None:
            stream.hang_up()
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(SocketUnknown(f"{self._host}:{self._port}: {reason}"))

    def received(self, stream: "_Stream", buffer: bytearray) -> None:
        """Take every whole message off the front of what has come."""
        if stream is not self._stream:
            return
        self._silent_since = asyncio.get_running_loop().time()
        while len(buffer) >= self._length_bytes:
            size = int.from_bytes(buffer[: self._length_bytes], "big")
            if not 0 < size <= FRAME_BYTES_MAX:
                self.hang_up(f"it announced a message of {size} bytes")
                return
            end = self._length_bytes + size
            if len(buffer) < end:
                return
            content = bytes(buffer[self._length_bytes : end])
            del buffer[:end]
            self._deliver(content)

    def lost(self, stream: "_Stream", reason: str) -> None:
        """The other side hung up."""
        if stream is self._stream:
            self.hang_up(reason)

    def _deliver(self, content: bytes) -> None:
        try:
            key = self._key_of(content)
        except ValueError:
            # Nobody can tell whom it answers: whoever waits for it goes by the clock.
            return
        answer = self._waiting.get(key)
        if answer is not None and not answer.done():
            answer.set_result(content)

    def _listen_for_silence(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._echo_every_s, self._at_silence)

    def _at_silence(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._unused_since >= UNUSED_S:
            self.hang_up("nobody used it")
            return
        if self._echo is not None and loop.time() - self._silent_since >= self._echo_every_s:
            self._echoing = loop.create_task(self._ask_echo(self._echo))
        self._listen_for_silence()

    async def _ask_echo(self, echo: Callable[[], Awaitable[None]]) -> None:
        try:
            await echo()
        except (SocketUnreachable, SocketUnknown) as error:
            self.hang_up(f"no echo: {error}")


class _Stream(asyncio.Protocol):
    """The bytes of one connection."""

    def __init__(self, owner: FramedConnection) -> None:
        self._owner = owner
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._owner.received(self, self._buffer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.lost(self, f"the other side hung up{f': {exc}' if exc else ''}")

    def send(self, frame: bytes) -> None:
        assert self._transport is not None, "it is connected"
        self._transport.write(frame)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()
