"""Callbacks to the merchant: kept in the books until they are acknowledged, encrypted and signed at every attempt.

Source: the merchant documentation's pages on the payment and refund callbacks and on handling callbacks.
"""

import asyncio
import heapq
import os
from base64 import b64encode
from typing import Any, Literal

import aiohttp
import msgspec

from feiqian.simulators.wechatpay.answers import encode
from feiqian.simulators.wechatpay.behaviour import Behaviour
from feiqian.simulators.wechatpay.books import Books
from feiqian.simulators.wechatpay.clock import SandboxClock
from feiqian.simulators.wechatpay.credentials import KeyRing
from feiqian.simulators.wechatpay.moments import beijing, rfc3339
from feiqian.simulators.wechatpay.signing import AEAD, SCHEME, answer_message, new_nonce, seal, sign

RETRY_AFTER_S = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
"""Pauses between an attempt that was not acknowledged and the next, on the simulator's clock."""

ANSWER_WITHIN_S = 5
AT_ONCE = 64
"""Most callbacks under way at the same time."""

STALE_S = 600
"""How old a stale callback's timestamp is: a merchant refuses five minutes."""

SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}

Kind = Literal["transaction", "refund"]
Form = Literal["good", "signtest", "tampered", "stale"]
"""How one POST is made: as it should be, a probe with a false signature, altered after signing, or long ago."""


class Callback(msgspec.Struct, frozen=True):
    """A row of ``callbacks``: what delivery needs of it."""

    id: int
    kind: Kind
    event_type: str
    resource: bytes
    notify_url: str
    serial: str
    mode: str
    created_at: int
    attempts: int


class Delivery(msgspec.Struct, frozen=True):
    """What came of one POST."""

    form: Form
    status: int | None
    detail: str

    @property
    def is_acknowledged(self) -> bool:
        return self.form != "signtest" and self.status in (200, 204)


class Callbacks:
    """The queue: the books hold it, the heap orders it."""

    def __init__(self, books: Books, keys: KeyRing, clock: SandboxClock, behaviour: Behaviour) -> None:
        self._books = books
        self._keys = keys
        self._clock = clock
        self._behaviour = behaviour
        self._changed = asyncio.Event()
        self._heap: list[tuple[int, int]] = []
        """(due at, callback id) of every callback that waits."""

    def enqueue(
        self,
        *,
        order_id: int,
        kind: Kind,
        event_type: str,
        resource: dict[str, Any],
        notify_url: str,
        serial: str,
        now_ms: int,
    ) -> None:
        """Keep a callback with the change that it reports; it leaves once that is on disk.

        Only inside ``atomically``.
        """
        mode = self._behaviour.take_callback()
        due_at = now_ms + round(self._behaviour.late_s * 1000) if mode == "late" else now_ms
        callback_id = self._books.write(
            "INSERT INTO callbacks (order_id, kind, event_type, resource, notify_url, serial, mode, created_at, state,"
            " next_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            order_id,
            kind,
            event_type,
            encode(_misstated(resource, kind, mode)),
            notify_url,
            serial,
            mode,
            now_ms,
            "lost" if mode == "lost" else "waiting",
            due_at,
        )
        if mode != "lost":
            self._books.after_commit(lambda: self._schedule(due_at, callback_id))

    def look_at_the_clock(self) -> None:
        """The clock was set: what is due by now goes out."""
        self._changed.set()

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
                timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Mozilla/4.0", "Accept": "*/*"},
            ) as session,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                self._changed.clear()
                now_ms = self._clock.now_ms()
                while self._heap and self._heap[0][0] <= now_ms:
                    _, callback_id = heapq.heappop(self._heap)
                    tasks.create_task(self._deliver(session, places, callback_id))
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
        row = self._books.row(
            "SELECT id, kind, event_type, resource, notify_url, serial, mode, created_at, attempts"
            " FROM callbacks WHERE id = ?",
            callback_id,
        )
        assert row is not None, "a callback is never deleted"
        callback = Callback(*row)
        async with places:
            deliveries = await self._attempt(session, callback)
        self._record(callback, deliveries)

    async def _attempt(self, session: aiohttp.ClientSession, callback: Callback) -> list[Delivery]:
        if callback.mode == "duplicated":
            return await asyncio.gather(*(self._post(session, callback, "good") for _ in range(2)))
        if callback.attempts == 0 and callback.mode == "signtest":
            return [
                await self._post(session, callback, "signtest"),
                await self._post(session, callback, "good"),
            ]
        if callback.attempts == 0 and callback.mode == "tampered":
            return [await self._post(session, callback, "tampered")]
        if callback.attempts == 0 and callback.mode == "stale":
            return [await self._post(session, callback, "stale")]
        return [await self._post(session, callback, "good")]

    async def _post(self, session: aiohttp.ClientSession, callback: Callback, form: Form) -> Delivery:
        body, headers = self._message(callback, form)
        try:
            async with session.post(
                callback.notify_url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                detail = await answer.content.read(500)
                return Delivery(form, answer.status, detail.decode("utf-8", "replace"))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Delivery(form, None, f"{type(error).__name__}: {error}"[:500])

    def _message(self, callback: Callback, form: Form) -> tuple[bytes, dict[str, str]]:
        body = self._body(callback)
        timestamp = str(self._clock.now_ms() // 1000 - (STALE_S if form == "stale" else 0))
        nonce = new_nonce()
        if form == "signtest":
            signature = "WECHATPAY/SIGNTEST/" + b64encode(os.urandom(256)).decode()
        else:
            key = self._keys.signer(callback.serial) or self._keys.signer(self._keys.default_serial)
            assert key is not None, "the default key is always there"
            signature = sign(key, answer_message(timestamp, nonce, body))
        if form == "tampered":
            body = _tampered(body)
        return body, {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": callback.serial,
        }

    def _body(self, callback: Callback) -> bytes:
        nonce = new_nonce(12)
        stamp = beijing(callback.created_at, "%Y%m%d%H%M%S")
        return encode(
            {
                "id": f"EV-{stamp}{self._books.series}{callback.id}",
                "create_time": rfc3339(callback.created_at),
                "resource_type": "encrypt-resource",
                "event_type": callback.event_type,
                "summary": SUMMARIES[callback.event_type],
                "resource": {
                    "original_type": callback.kind,
                    "algorithm": AEAD,
                    "ciphertext": seal(self._keys.api_v3_key, nonce, callback.kind, callback.resource),
                    "associated_data": callback.kind,
                    "nonce": nonce,
                },
            }
        )

    def _record(self, callback: Callback, deliveries: list[Delivery]) -> None:
        now_ms = self._clock.now_ms()
        due_at = now_ms
        if any(delivery.is_acknowledged for delivery in deliveries):
            state = "delivered"
        elif callback.attempts < len(RETRY_AFTER_S):
            state = "waiting"
            due_at = now_ms + RETRY_AFTER_S[callback.attempts] * 1000
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
                    delivery.detail,
                )
            if state == "waiting":
                self._books.after_commit(lambda: self._schedule(due_at, callback.id))


def _misstated(resource: dict[str, Any], kind: Kind, mode: str) -> dict[str, Any]:
    if mode == "wrong_mchid":
        return {**resource, "mchid": str(int(resource["mchid"]) + 1)}
    if mode == "wrong_amount":
        amount = dict(resource["amount"])
        for name in ("total", "payer_total") if kind == "transaction" else ("refund", "payer_refund"):
            amount[name] += 1
        return {**resource, "amount": amount}
    return resource


def _tampered(body: bytes) -> bytes:
    """The same message with one letter of its ciphertext changed."""
    mark = b'"ciphertext":"'
    at = body.index(mark) + len(mark)
    return body[:at] + (b"B" if body[at : at + 1] == b"A" else b"A") + body[at + 1 :]
