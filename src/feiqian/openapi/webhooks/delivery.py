"""Sending: signed, at least once, each endpoint by itself.

An attempt is taken and noted in one transaction, sent outside of any, and its result noted in another. A worker that dies
in between leaves the attempt ``under_way``; when its time is over, another one follows under the same ``webhook-id``.
"""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from feiqian.infra.collapse import Collapser
from feiqian.infra.database import Database, Transaction
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable
from feiqian.infra.metrics import WEBHOOK_ATTEMPTS, WEBHOOK_PENDING, WEBHOOK_PENDING_AGE, WEBHOOK_SECONDS
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.ids import show_id
from feiqian.openapi.webhooks.addresses import AddressRule
from feiqian.openapi.webhooks.facts import Facts
from feiqian.openapi.webhooks.model import Attempt, DisabledReason, Outcome, Result, Topic
from feiqian.openapi.webhooks.schedule import DISABLED_AFTER, DISABLED_AFTER_EVENTS, next_attempt
from feiqian.openapi.webhooks.signing import sign_with_all
from feiqian.openapi.webhooks.store import reading, sending
from feiqian.openapi.webhooks.store.endpoints import give_up_waiting

log = structlog.get_logger(__name__)

TIMEOUT_S = 15.0
TAKEN_FOR = timedelta(seconds=60)
"""Longer than an attempt takes with the noting of its result: until then nobody else sends it."""
AT_ONCE_MAX = 256
"""Attempts under way in one process, over all endpoints."""
ANSWER_BYTES_MAX = 8_000
"""So much of an answer is read; the rest is cut."""
ANSWER_CHARACTERS_KEPT = 1_000
MEASURED_EVERY_S = 15.0
GONE = 410


class Webhooks:
    """Writes events with the facts and delivers them."""

    def __init__(
        self, *, database: Database, http: HttpClient, clock: Clock, base_url: str, rule: AddressRule
    ) -> None:
        """``http`` is a client that connects only where ``rule`` admits it."""
        self.rule = rule
        self._database = database
        self._http = http
        self._clock = clock
        self._facts = Facts(base_url=base_url)
        self._under_way: dict[tuple[UUID, UUID], asyncio.Task[None]] = {}
        self._results = Collapser(self._note)

    def subscribe(self) -> None:
        """Listen to what platforms are told."""
        self._facts.subscribe(self._database.events)

    async def deliver_due(self) -> int:
        """Try what is due now and wait for the answers; returns how many were tried."""
        started = await self._start_due()
        await asyncio.gather(*started)
        return len(started)

    async def deliver_forever(self, *, every_s: float) -> None:
        """Until cancelled: start what is due, look again when an attempt ends or a while has passed.

        Attempts do not wait for each other: an endpoint that hangs keeps its own places only.
        """
        loop = asyncio.get_running_loop()
        measured_at = loop.time() - MEASURED_EVERY_S
        try:
            while True:
                started: list[asyncio.Task[None]] = []
                try:
                    started = await self._start_due()
                    if loop.time() - measured_at >= MEASURED_EVERY_S:
                        measured_at = loop.time()
                        await self._measure()
                except Exception:
                    log.exception("webhook_round_failed")
                if started:
                    # The next look takes what became free meanwhile, a few at a time.
                    await asyncio.sleep(0)
                elif self._under_way:
                    await asyncio.wait(
                        self._under_way.values(), timeout=every_s, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(every_s)
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def _start_due(self) -> list[asyncio.Task[None]]:
        free = AT_ONCE_MAX - len(self._under_way)
        if free <= 0:
            return []
        taken = await self._database.run(lambda tx: self._take(tx, free))
        started: list[asyncio.Task[None]] = []
        for attempt in taken:
            key = (attempt.event, attempt.endpoint)
            task = asyncio.create_task(self._deliver(attempt))
            self._under_way[key] = task
            task.add_done_callback(lambda _, key=key: self._under_way.pop(key, None))
            started.append(task)
        return started

    async def _take(self, tx: Transaction, limit: int) -> list[Attempt]:
        now = self._clock.now()
        endpoints = await sending.lock_due_endpoints(tx, now=now)
        if not endpoints:
            return []
        return await sending.take_due(
            tx,
            endpoints=endpoints,
            now=now,
            until=now + TAKEN_FOR,
            limit=limit,
            under_way=list(self._under_way),
        )

    async def _deliver(self, attempt: Attempt) -> None:
        """Send once and note what became of it. A note that fails is a defect or a database that is away: the attempt
        is taken again when its time is over."""
        try:
            await self._results.submit(await self._send(attempt))
        except Exception:
            log.exception("webhook_attempt_failed", id=show_id("event", attempt.event))

    async def _send(self, attempt: Attempt) -> Result:
        loop = asyncio.get_running_loop()
        begun, answer = loop.time(), None
        try:
            self.rule.check(attempt.url)
            answer = await self._post(attempt)
            fine = 200 <= answer.status < 300
            outcome = Outcome.DELIVERED if fine else Outcome.REFUSED
            error = None if fine else f"answered {answer.status}"
        except HttpUnreachable as fault:
            outcome, error = Outcome.UNREACHABLE, str(fault)
        except InvalidRequest as refusal:
            outcome, error = Outcome.UNREACHABLE, refusal.sentence()
        except HttpUnknown as fault:
            timed_out = isinstance(fault.__cause__, TimeoutError)
            outcome = Outcome.TIMED_OUT if timed_out else Outcome.UNREACHABLE
            error = f"no answer within {TIMEOUT_S:g} s" if timed_out else str(fault)
        took_s = loop.time() - begun
        now = self._clock.now()
        test = attempt.topic == Topic.TEST_PING
        again = not test and outcome is not Outcome.DELIVERED
        result = Result(
            event=attempt.event,
            endpoint=attempt.endpoint,
            attempt=attempt.attempt,
            outcome=outcome,
            status=answer.status if answer else None,
            error=error,
            answer=_kept(answer.body) if answer else None,
            took_ms=round(took_s * 1000),
            at=now,
            next_at=next_attempt(now, attempt.step) if again else None,
            counts=not test,
        )
        WEBHOOK_ATTEMPTS.labels(outcome=outcome.value).inc()
        WEBHOOK_SECONDS.observe(took_s)
        if error is not None:
            log.warning(
                "webhook_undelivered",
                id=show_id("event", attempt.event),
                endpoint=show_id("endpoint", attempt.endpoint),
                attempt=attempt.attempt,
                error=error,
            )
        return result

    async def _post(self, attempt: Attempt) -> HttpAnswer:
        id = show_id("event", attempt.event)
        timestamp = str(int(self._clock.now().timestamp()))
        body = message_of(attempt)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Feiqian-Webhooks/1",
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign_with_all(attempt.secrets, id, timestamp, body),
        }
        return await self._http.request(
            method="POST",
            url=attempt.url,
            headers=headers,
            body=body,
            timeout_s=TIMEOUT_S,
            response_bytes_max=ANSWER_BYTES_MAX,
            cut=True,
        )

    async def _note(self, results: list[Result]) -> list[None]:
        """Results that came while others were being noted are noted together."""
        disabled = await self._database.run(lambda tx: self._record(tx, results))
        for endpoint, reason in disabled:
            log.warning("endpoint_disabled", endpoint=show_id("endpoint", endpoint), reason=reason.value)
        return [None] * len(results)

    async def _record(self, tx: Transaction, results: list[Result]) -> list[tuple[UUID, DisabledReason]]:
        now = self._clock.now()
        await sending.note_results(tx, results)
        await sending.note_health(tx, results)
        gone = [each.endpoint for each in results if each.status == GONE]
        given_up = [each.endpoint for each in results if each.given_up]
        disabled: list[tuple[UUID, DisabledReason]] = []
        if gone:
            ids = await sending.disable(tx, now=now, endpoints=gone, reason=DisabledReason.GONE)
            disabled += [(id, DisabledReason.GONE) for id in ids]
        if given_up:
            ids = await sending.disable(
                tx,
                now=now,
                endpoints=given_up,
                reason=DisabledReason.FAILURES,
                given_up=DISABLED_AFTER_EVENTS,
                failing_before=now - DISABLED_AFTER,
            )
            disabled += [(id, DisabledReason.FAILURES) for id in ids]
        if disabled:
            await give_up_waiting(tx, [id for id, _ in disabled], reason="the endpoint was disabled")
        return disabled

    async def _measure(self) -> None:
        async with self._database.reading() as tx:
            found = await reading.waiting(tx)
        age_s = (self._clock.now() - found.oldest_at).total_seconds() if found.oldest_at else 0.0
        WEBHOOK_PENDING.set(found.pending)
        WEBHOOK_PENDING_AGE.set(max(0.0, age_s))


def message_of(event: Attempt) -> bytes:
    """The body, the same bytes in every attempt."""
    return msgspec.json.encode(
        {
            "type": event.topic,
            "timestamp": event.occurred_at.isoformat(),
            "object": event.object,
            "version": event.version,
            "data": event.payload,
        }
    )


def _kept(body: bytes) -> str:
    """The beginning of an answer as text; PostgreSQL holds no U+0000."""
    return body.decode(errors="replace").replace("\x00", "\ufffd")[:ANSWER_CHARACTERS_KEPT]
