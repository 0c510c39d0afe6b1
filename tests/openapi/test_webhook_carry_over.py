"""Webhooks that were set and written before there were endpoints: carried over, and sent on."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.kernel.ids import derived_id, new_id
from feiqian.openapi.webhooks import verify
from tests.conftest import NOW
from tests.openapi.post_office import PLATFORM, open_post_office
from tests.openapi.receiver import Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUIET = derived_id("platform", "quiet")
OUTBOX = (
    # object, topic, attempts, due after minutes (None: not any more), delivered after minutes, last error
    ("payment_a", "payment.conflicted", 1, None, 1, None),
    ("payment_a", "payment.succeeded", 2, 10, None, "answered 500"),
    ("payment_b", "payment.succeeded", 17, None, None, "answered 404"),
    ("payment_c", "payment.succeeded", 0, 0, None, None),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
def old_database(postgres: EmbeddedPostgres, receiver: Receiver) -> Iterator[str]:
    """The administrator's URL of a database as it was before, with an outbox."""
    control = postgres.admin_url.replace("/feiqian?", "/postgres?")
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute("CREATE DATABASE before_endpoints")
    url = postgres.admin_url.replace("/feiqian?", "/before_endpoints?")
    migrate(url, revision="0013")
    with psycopg.connect(url, autocommit=True) as admin:
        for id, name, address in ((PLATFORM, "mall", receiver.url), (QUIET, "quiet", None)):
            admin.execute(
                "INSERT INTO members.platform (cell, id, name, webhook_url, webhook_secret, created_at)"
                " VALUES (1, %s, %s, %s, %s, %s)",
                (id, name, address, address and SECRET, NOW),
            )
        for minute, (about, topic, attempts, due, delivered, error) in enumerate(OUTBOX):
            at = NOW + timedelta(minutes=minute)
            admin.execute(
                "INSERT INTO openapi.outbox (cell, id, platform, topic, payload, occurred_at, attempts, next_at,"
                " delivered_at, last_error) VALUES (1, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    new_id(at),
                    PLATFORM,
                    topic,
                    Jsonb({"type": topic, "timestamp": at.isoformat(), "data": {"id": about}}),
                    at,
                    attempts,
                    None if due is None else at + timedelta(minutes=due),
                    None if delivered is None else at + timedelta(minutes=delivered),
                    error,
                ),
            )
    yield url
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute("DROP DATABASE before_endpoints WITH (FORCE)")


@pytest.mark.anyio
class TestWebhooksFromBefore:
    async def test_are_carried_over_and_sent_on(
        self, old_database: str, postgres: EmbeddedPostgres, receiver: Receiver
    ) -> None:
        migrate(old_database)
        with psycopg.connect(old_database) as admin:
            due = admin.execute("SELECT count(*) FROM openapi.outbox WHERE next_at IS NOT NULL").fetchone()
        assert due == (0,), "the version before would send them too"
        async with open_post_office(postgres.url.replace("/feiqian?", "/before_endpoints?")) as office:
            events = [(each.object, each.version, each.topic) for each in await office.events()]
            assert events == [
                ("payment_a", 1, "payment.conflicted"),
                ("payment_a", 2, "payment.succeeded"),
                ("payment_b", 1, "payment.succeeded"),
                ("payment_c", 1, "payment.succeeded"),
            ]
            found = await office.notifications()
            assert [(each.state, each.attempts, each.last_error) for each in found] == [
                ("delivered", 1, None),
                ("pending", 2, "answered 500"),
                ("failed", 17, "answered 404"),
                ("pending", 0, None),
            ]
            office.later(minutes=20)
            assert await office.webhooks.deliver_due() == 2
            assert await office.webhooks.deliver_due() == 0
            ids = {(await office.events())[index].shown_id for index in (1, 3)}
            assert {told.id for told in receiver.told} == ids
            for told in receiver.told:
                verify(secret=SECRET, headers=told.headers, body=told.body, now=office.clock.now())
                assert told.content["data"] == {"id": told.content["object"]}
            await office.tell("payment_a")
            assert (await office.events())[-1].version == 3
