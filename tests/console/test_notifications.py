"""Notifications in the console: how far each event has come, every attempt, and who may send one again."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.kernel.clock import ManualClock
from feiqian.members import Role, register_staff
from feiqian.openapi import AddressRule, NewEvent, Topic, Webhooks, tell_platforms
from feiqian.openapi.webhooks import Endpoint, NewEndpoint, create_endpoint
from tests.conftest import NOW
from tests.console.conftest import OWN_PAGE, Client, every_row
from tests.console.shop import PASSWORD, PLATFORM, Shop
from tests.openapi.receiver import Receiver, status

pytestmark = pytest.mark.anyio

LIST = "/console/api/notifications"
SANDBOX = AddressRule(loopback=True)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


@pytest.fixture
async def webhooks(database: Database, clock: ManualClock) -> AsyncIterator[Webhooks]:
    async with HttpClient(admits=SANDBOX.admits) as http:
        yield Webhooks(
            database=database, http=http, clock=clock, base_url="https://pay.example", rule=SANDBOX
        )


async def add(shop: Shop, url: str, *topics: Topic) -> Endpoint:
    endpoint, _ = await shop.database.run(
        lambda tx: create_endpoint(
            tx,
            now=shop.clock.now(),
            platform=shop.platform,
            asked=NewEndpoint(url=url, topics=topics),
            rule=SANDBOX,
        )
    )
    return endpoint


async def tell(shop: Shop, *objects: str, topic: str = "payment.succeeded") -> None:
    events = [
        NewEvent(platform=shop.platform, topic=topic, object=each, payload={"id": each}, at=shop.clock.now())
        for each in objects
    ]
    await shop.database.run(lambda tx: tell_platforms(tx, events))


async def get(console: Client, path: str, **query: str) -> Any:
    answer = await console.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sign_in_as(console: Client, shop: Shop, role: Role) -> None:
    email = f"{role.value}@feiqian.dev"
    await shop.database.run(
        lambda tx: register_staff(tx, now=NOW, email=email, name=role.value, role=role, password=PASSWORD)
    )
    answer = await console.post(
        "/console/api/session", json={"email": email, "password": PASSWORD}, headers=OWN_PAGE
    )
    assert answer.status_code == 200, answer.text


class TestTheList:
    async def test_shows_how_far_each_event_has_come(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver
    ) -> None:
        await add(shop, receiver.url)
        await tell(shop, "payment_a")
        receiver.answers = [status(500, b"later")]
        await webhooks.deliver_due()
        shop.clock.advance_to(NOW.replace(second=1))
        await tell(shop, "refund_a", topic="refund.succeeded")
        await webhooks.deliver_due()
        refund, payment = await every_row(console, LIST)
        assert (refund["topic"], refund["state"], refund["attempts"]) == ("refund.succeeded", "delivered", 1)
        assert (refund["endpoints"], refund["delivered"], refund["platform"]) == (1, 1, PLATFORM)
        assert (payment["state"], payment["last_error"]) == ("pending", "answered 500")
        assert payment["next_at"] == "2026-03-02T04:00:05Z"
        totals = (await get(console, LIST))["totals"]
        assert totals == {"pending": 1, "waiting_since": "2026-03-02T04:00:00Z", "given_up": 0}

    async def test_is_filtered_by_state_topic_endpoint_and_number(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver
    ) -> None:
        endpoint = await add(shop, receiver.url, Topic.PAYMENT_SUCCEEDED)
        await tell(shop, "payment_a", "payment_b")
        await tell(shop, "refund_a", topic="refund.succeeded")
        await webhooks.deliver_due()

        async def found(**query: str) -> list[str]:
            return [row["object"] for row in (await get(console, LIST, **query))["items"]]

        assert await found(state="delivered", topic="payment.succeeded", q="payment_b") == ["payment_b"]
        assert sorted(await found(endpoint=endpoint.shown_id)) == ["payment_a", "payment_b"]
        assert await found(state="pending") == []
        (refund,) = (await get(console, LIST, topic="refund.succeeded"))["items"]
        assert refund["state"] == "unheard"
        assert await found(q=refund["id"]) == ["refund_a"]
        assert await found(q="event_nonsense") == []


class TestAnEvent:
    async def test_shows_every_attempt_with_its_answer(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver
    ) -> None:
        endpoint = await add(shop, receiver.url)
        await tell(shop, "payment_a")
        receiver.answers = [status(500, "<b>坏了</b>".encode())]
        await webhooks.deliver_due()
        shop.clock.advance_to(NOW.replace(second=5))
        await webhooks.deliver_due()
        (row,) = (await get(console, LIST))["items"]
        page = await get(console, f"{LIST}/{row['id']}")
        assert page["data"] == {"id": "payment_a"}
        assert [(each["endpoint"], each["state"]) for each in page["notifications"]] == [
            (endpoint.shown_id, "delivered")
        ]
        first, second = page["attempts"]
        assert (first["outcome"], first["status"], first["answer"]) == ("refused", 500, "<b>坏了</b>")
        assert (second["outcome"], second["answer"], second["asked_by"]) == ("delivered", "ok", "schedule")
        assert (await console.get(f"{LIST}/event_00000000000000000000000000")).status_code == 404

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.OPERATIONS])
    async def test_is_sent_again_by_whoever_may(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver, role: Role
    ) -> None:
        await sign_in_as(console, shop, role)
        endpoint = await add(shop, receiver.url)
        await tell(shop, "payment_a")
        await webhooks.deliver_due()
        (row,) = (await get(console, LIST))["items"]
        assert (await get(console, f"{LIST}/{row['id']}"))["may_resend"]
        answer = await console.post(
            f"{LIST}/{row['id']}/resend", json={"endpoint": endpoint.shown_id}, headers=OWN_PAGE
        )
        assert (answer.status_code, answer.json()["event"]["state"]) == (200, "pending")
        await webhooks.deliver_due()
        assert [told.id for told in receiver.told] == [row["id"]] * 2
        page = await get(console, f"{LIST}/{row['id']}")
        assert [each["asked_by"] for each in page["attempts"]] == ["schedule", f"{role.value}@feiqian.dev"]

    async def test_is_not_sent_again_by_finance_or_from_another_page(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver
    ) -> None:
        await add(shop, receiver.url)
        await tell(shop, "payment_a")
        await webhooks.deliver_due()
        (row,) = (await get(console, LIST))["items"]
        path = f"{LIST}/{row['id']}/resend"
        assert not (await get(console, f"{LIST}/{row['id']}"))["may_resend"]
        refused = await console.post(path, json={}, headers=OWN_PAGE)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_missing")
        foreign = await console.post(path, json={})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "header_missing")
        assert await webhooks.deliver_due() == 0


class TestEndpoints:
    async def test_show_how_well_they_do(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver
    ) -> None:
        await add(shop, receiver.url)
        await tell(shop, "payment_a", "payment_b")
        await webhooks.deliver_due()
        receiver.usual = status(500)
        await tell(shop, "payment_c")
        await webhooks.deliver_due()
        (row,) = await get(console, "/console/api/endpoints")
        assert (row["url"], row["platform"], row["state"]) == (receiver.url, PLATFORM, "active")
        assert (row["attempts"], row["delivered"], row["pending"]) == (3, 2, 1)
        assert row["failing_since"] == row["waiting_since"] == row["last_delivered_at"]
        assert row["average_ms"] >= 0

    async def test_that_are_disabled_are_a_notice_on_the_first_page(
        self, console: Client, shop: Shop, webhooks: Webhooks, receiver: Receiver
    ) -> None:
        receiver.usual = status(410)
        await add(shop, receiver.url)
        await tell(shop, "payment_a")
        await webhooks.deliver_due()
        (row,) = await get(console, "/console/api/endpoints")
        assert (row["state"], row["disabled_reason"]) == ("disabled", "gone")
        attention = (await get(console, "/console/api/overview"))["attention"]
        assert {each["kind"]: (each["count"], each["link"]) for each in attention} == {
            "undelivered": (1, "/notifications?state=failed"),
            "endpoint_disabled": (1, "/endpoints"),
        }
