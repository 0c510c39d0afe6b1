"""The server of the socket front: frames, connections with many messages in flight, misbehaviour on wish."""

import asyncio
import logging
import os
from contextlib import suppress

from feiqian.simulators.bank.context import Bank
from feiqian.simulators.bank.socket.codec import Message, Unreadable, answering_tpdu
from feiqian.simulators.bank.socket.mac import MAC_BYTES
from feiqian.simulators.bank.socket.work import answer, refused
from feiqian.simulators.bank.transfers import work_on_what_is_due

LENGTH_BYTES = 2
IN_FLIGHT = 256
"""Most messages of one connection that are worked on at the same time; more wait unread."""

logger = logging.getLogger(__name__)


async def listen(bank: Bank, host: str, port: int) -> asyncio.Server:
    """Take connections until the server is closed."""

    running: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(Connection(bank, reader, writer).run())
        running.add(task)
        task.add_done_callback(running.discard)

    return await asyncio.start_server(connected, host, port)


class Connection:
    """One line to a terminal. Messages are answered as they are decided, not as they came."""

    def __init__(self, bank: Bank, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._bank = bank
        self._reader = reader
        self._writer = writer
        self._places = asyncio.Semaphore(IN_FLIGHT)
        self._next_has_gone = asyncio.Event()
        """Set when an answer has gone: what is to be overtaken waits for it."""

    async def run(self) -> None:
        """Read until the other side hangs up, sends what has no length, or is silent for too long."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while (content := await self._frame()) is not None:
                    await self._places.acquire()
                    task = tasks.create_task(self._work(content))
                    task.add_done_callback(lambda _: self._places.release())
        except* (ConnectionError, asyncio.IncompleteReadError) as broken:
            logger.debug("a connection broke: %s", broken.exceptions[0])
        finally:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _frame(self) -> bytes | None:
        frame = self._bank.codec.profile.frame
        try:
            async with asyncio.timeout(frame.idle_s):
                length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
                if not 0 < length <= frame.message_max:
                    return None
                return await self._reader.readexactly(length)
        except (TimeoutError, asyncio.IncompleteReadError):
            return None

    async def _work(self, content: bytes) -> None:
        bank = self._bank
        try:
            message = bank.codec.read(content)
        except Unreadable as error:
            # Nobody can be answered: the number of what came is not known.
            logger.warning("unreadable message on the socket front: %s", error)
            self._writer.close()
            return
        mode = bank.sandbox.behaviour.take("socket")
        if mode == "dropped":
            self._writer.close()
            return
        sent = self._decided(message, mode)
        await bank.books.durable()
        await self._send(sent, mode)

    def _decided(self, message: Message, mode: str) -> bytes:
        bank = self._bank
        work_on_what_is_due(bank, bank.now_ms())
        if mode in ("code_05", "code_55", "code_91", "code_96"):
            fields, key = refused(bank, message, mode.removeprefix("code_"))
        else:
            try:
                fields, key = answer(bank, message, bank.now_ms())
            except Exception:
                logger.exception("a message of the socket front failed")
                fields, key = refused(bank, message, "96")
        if mode == "code_68":
            fields, key = refused(bank, message, "68")
        sent = bank.codec.write(answering_tpdu(message.tpdu), fields, key)
        if mode == "bad_mac" and key is not None:
            sent = sent[:-MAC_BYTES] + bytes(byte ^ 0xFF for byte in sent[-MAC_BYTES:])
        return sent

    async def _send(self, sent: bytes, mode: str) -> None:
        behaviour = self._bank.sandbox.behaviour
        if mode == "silent":
            return
        if mode == "dropped_after":
            self._writer.close()
            return
        if mode == "late":
            await asyncio.sleep(behaviour.seconds("slow_s"))
        elif mode == "overtaken":
            self._next_has_gone.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(behaviour.seconds("late_s")):
                    await self._next_has_gone.wait()
        elif mode == "garbage":
            sent = LENGTH_BYTES.to_bytes(2, "big") + os.urandom(LENGTH_BYTES)
        if not self._writer.is_closing():
            self._writer.write(sent)
            await self._writer.drain()
            self._next_has_gone.set()
