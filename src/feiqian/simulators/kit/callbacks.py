"""Callbacks to the merchant: kept in the books until they are acknowledged, made anew for every attempt."""

import asyncio
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from feiqian.simulators.kit.behaviour import Behaviour
from feiqian.simulators.kit.books import Books
from feiqian.simulators.kit.clock import SandboxClock
from feiqian.simulators.kit.moments import rfc3339

AT_ONCE = 64
"""Most callbacks under way at the same time."""

GOOD = "good"
"""The form of a message as it should be."""


class Callback(msgspec.Struct, frozen=True):
    """A row of ``callbacks``, where its columns are explained."""

    id: int
    about: str
    kind: str
    content: bytes
    url: str
    signed_by: str
    mode: str
    created_at: int
    state: str
    attempts: int
    next_at: int


COLUMNS = ", ".join(Callback.__struct_fields__)


class Delivery(msgspec.Struct, frozen=True):
    """What came of one POST."""

    form: str
    status: int | None
    body: bytes
    """The answer's beginning, or why there was none."""


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """What is a channel's own about its callbacks."""

    make: Callable[[Callback, str], tuple[bytes, dict[str, str]]]
    """(callback, form) -> (body, headers) of one attempt, signed now. The form is ``good``, or one of ``forms``."""
    is_acknowledged: Callable[[int, bytes], bool]
    """(HTTP status, body) of the merchant's answer."""
    retry_after_s: tuple[float, ...]
    """Pauses between an attempt that was not acknowledged and the next, on the simulator's clock."""
    answer_within_s: float
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"tampered": ("tampered",)})
    """Mode -> forms of the first attempt's POSTs, one after the other. Later attempts are good."""
    probes: frozenset[str] = frozenset()
    """Forms whose answer does not count."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of every POST."""


class Callbacks:
    """The queue: the books hold it, the heap orders it."""

    def __init__(self, books: Books, clock: SandboxClock, behaviour: Behaviour, protocol: Protocol) -> None:
        self._books = books
        self._clock = clock
        self._behaviour = behaviour
        self._protocol = protocol
        self._changed = asyncio.Event()
        self._heap: list[tuple[int, int]] = []
        """(due at, callback id) of every callback that waits."""
        self._held: list[int] = []
        """Callbacks that let the next one overtake them."""

    def enqueue(
        self,
        *,
        about: str,
        kind: str,
        url: str,
        content: Callable[[str], bytes],
        now_ms: int,
        signed_by: str = "",
    ) -> None:
        """Keep a callback with the change that it reports; it leaves once that is on disk.

        ``content`` is called with the mode that the switch ``callback`` has for it, so that it can misstate.
        Only inside ``atomically``.
        """
        mode = self._behaviour.take("callback")
        due_at = now_ms
        if mode in ("late", "reordered"):
            due_at += round(self._behaviour.seconds("late_s") * 1000)
        callback_id = self._books.write(
            "INSERT INTO callbacks (about, kind, content, url, signed_by, mode, created_at, state, next_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            about,
            kind,
            content(mode),
            url,
            signed_by,
            mode,
            now_ms,
            "lost" if mode == "lost" else "waiting",
            due_at,
        )
        if mode != "lost":
            self._books.after_commit(lambda: self._schedule(due_at, callback_id))
        if mode == "reordered":
            self._books.after_commit(lambda: self._held.append(callback_id))

    def look_at_the_clock(self) -> None:
        """The clock was set: what is due by now goes out."""
        self._changed.set()

    def recorded(self, about: str) -> list[dict[str, Any]]:
        """Everything that was or will be sent about a number, with every attempt: for GET /sandbox/orders/{no}."""
        rows = self._books.rows(f"SELECT {COLUMNS} FROM callbacks WHERE about = ? ORDER BY id", about)
        return [self._shown(Callback(*row)) for row in rows]

    async def deliver_forever(self) -> None:
        """Send what is due, from the books' backlog on, until cancelled."""
        self._heap = [
            (due_at, callback_id)
            for due_at, callback_id in self._books.rows(
                "SELECT next_at, id FROM callbacks WHERE state = 'waiting'"
            )
        ]
        heapq.heapify(self._heap)
        places = asyncio.Semaphore(AT_ONCE)
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE * 2),
                timeout=aiohttp.ClientTimeout(total=self._protocol.answer_within_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=dict(self._protocol.headers),
            ) as session,
            asyncio.TaskGroup() as tasks,
        ):
            under_way: set[int] = set()
            while True:
                self._changed.clear()
                now_ms = self._clock.now_ms()
                while self._heap and self._heap[0][0] <= now_ms:
                    _, callback_id = heapq.heappop(self._heap)
                    if callback_id not in under_way:
                        under_way.add(callback_id)
                        task = tasks.create_task(self._deliver(session, places, callback_id))
                        task.add_done_callback(lambda _, sent=callback_id: under_way.discard(sent))
                await self._wait(now_ms)

    async def _wait(self, now_ms: int) -> None:
        pause_s = None
        if self._heap and not self._clock.is_standing:
            pause_s = (self._heap[0][0] - now_ms) / 1000
        try:
            async with asyncio.timeout(pause_s):
                await self._changed.wait()
        except TimeoutError:
            return

    def _schedule(self, due_at: int, callback_id: int) -> None:
        heapq.heappush(self._heap, (due_at, callback_id))
        self._changed.set()

    async def _deliver(
        self, session: aiohttp.ClientSession, places: asyncio.Semaphore, callback_id: int
    ) -> None:
        row = self._books.row(f"SELECT {COLUMNS} FROM callbacks WHERE id = ?", callback_id)
        assert row is not None, "a callback is never deleted"
        callback = Callback(*row)
        if callback.state != "waiting" or callback.next_at > self._clock.now_ms():
            return  # it overtook itself: a callback that was let go early is still in the heap under its old time
        async with places:
            deliveries = await self._attempt(session, callback)
        self._record(callback, deliveries)

    async def _attempt(self, session: aiohttp.ClientSession, callback: Callback) -> list[Delivery]:
        if callback.mode == "duplicated":
            return await asyncio.gather(*(self._post(session, callback, GOOD) for _ in range(2)))
        forms = self._protocol.forms.get(callback.mode, (GOOD,)) if callback.attempts == 0 else (GOOD,)
        return [await self._post(session, callback, form) for form in forms]

    async def _post(self, session: aiohttp.ClientSession, callback: Callback, form: str) -> Delivery:
        body, headers = self._protocol.make(callback, form)
        try:
            async with session.post(
                callback.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return Delivery(form, answer.status, await answer.content.read(500))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Delivery(form, None, f"{type(error).__name__}: {error}".encode()[:500])

    def _record(self, callback: Callback, deliveries: list[Delivery]) -> None:
        now_ms = self._clock.now_ms()
        due_at = now_ms
        retries = self._protocol.retry_after_s
        if any(self._is_acknowledged(delivery) for delivery in deliveries):
            state = "delivered"
        elif callback.attempts < len(retries):
            state = "waiting"
            due_at = now_ms + round(retries[callback.attempts] * 1000)
        else:
            state = "abandoned"
        with self._books.atomically():
            self._books.write(
                "UPDATE callbacks SET attempts = attempts + 1, state = ?, next_at = ? WHERE id = ?",
                state,
                due_at,
                callback.id,
            )
            for delivery in deliveries:
                self._books.write(
                    "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?)",
                    callback.id,
                    now_ms,
                    delivery.form,
                    delivery.status,
                    delivery.body.decode("utf-8", "replace"),
                )
            if state == "waiting":
                self._books.after_commit(lambda: self._schedule(due_at, callback.id))
            self._let_go(callback.id, now_ms)

    def _is_acknowledged(self, delivery: Delivery) -> bool:
        if delivery.status is None or delivery.form in self._protocol.probes:
            return False
        return self._protocol.is_acknowledged(delivery.status, delivery.body)

    def _let_go(self, delivered: int, now_ms: int) -> None:
        held, self._held = self._held, []
        for callback_id in held:
            if callback_id == delivered:
                continue
            self._books.write(
                "UPDATE callbacks SET next_at = ? WHERE id = ? AND state = 'waiting' AND next_at > ?",
                now_ms,
                callback_id,
                now_ms,
            )
            self._books.after_commit(lambda due=callback_id: self._schedule(now_ms, due))

    def _shown(self, callback: Callback) -> dict[str, Any]:
        deliveries = self._books.rows(
            "SELECT at, form, status, detail FROM deliveries WHERE callback_id = ? ORDER BY rowid",
            callback.id,
        )
        return {
            "event_type": callback.kind,
            "behaviour": callback.mode,
            "state": callback.state,
            "attempts": callback.attempts,
            "next_at": rfc3339(callback.next_at) if callback.state == "waiting" else None,
            "deliveries": [
                {"at": rfc3339(at), "form": form, "status": status, "detail": detail}
                for at, form, status, detail in deliveries
            ],
        }
