"""Endpoints and events as a platform manages them over the API."""

from collections.abc import Iterator
from typing import Any

import pytest

from feiqian.members import Scope, issue_api_key, register_platform
from feiqian.openapi.webhooks import verify
from tests.conftest import NOW
from tests.loop.house import House, eventually
from tests.openapi.receiver import Receiver, status

pytestmark = pytest.mark.anyio

ENDPOINTS = "/v1/webhook-endpoints"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


async def add(house: House, url: str, **more: object) -> Any:
    return await house.ask("POST", ENDPOINTS, {"url": url, **more})


async def page(house: House, event: str) -> Any:
    return await house.ask("GET", f"/v1/events/{event}")


async def ended(house: House, event: str, attempts: int = 1) -> Any:
    """The event once so many attempts have ended."""
    return await eventually(
        lambda: page(house, event),
        lambda seen: [each["outcome"] != "under_way" for each in seen["attempts"]] == [True] * attempts,
    )


class TestAnEndpoint:
    async def test_is_made_once_and_its_secret_is_shown_once(self, house: House) -> None:
        asked = {"url": "https://shop.example/a", "topics": ["refund.failed", "payment.succeeded"]}
        made = await house.ask("POST", ENDPOINTS, asked)
        assert made["secret"].startswith("whsec_")
        assert made["endpoint"]["topics"] == ["payment.succeeded", "refund.failed"]
        again = await house.ask("POST", ENDPOINTS, asked)
        assert (again["endpoint"], again["secret"]) == (made["endpoint"], None)
        altered = await house.send("POST", ENDPOINTS, {**asked, "topics": []})
        assert altered.problem == (409, "exists_with_different_request")
        listed = (await house.ask("GET", ENDPOINTS))["items"]
        assert listed == [made["endpoint"]]
        assert await house.ask("GET", f"{ENDPOINTS}/{made['endpoint']['id']}") == made["endpoint"]

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"url": "http://shop.example/"},
            {"url": "https://10.0.0.1/"},
            {"url": "https://shop.example/", "topics": ["payment.unheard"]},
            {"url": "https://shop.example/", "topics": "payment.succeeded"},
            {"url": "https://shop.example/", "description": "x" * 201},
            {"url": "https://shop.example/", "description": "\u0000"},
            {"url": 5},
        ],
    )
    async def test_is_refused_when_it_is_malformed(self, house: House, asked: object) -> None:
        assert (await house.send("POST", ENDPOINTS, asked)).problem == (400, "invalid_request")
        assert (await house.ask("GET", ENDPOINTS))["items"] == []

    async def test_is_one_of_twenty_at_most(self, house: House) -> None:
        for number in range(20):
            await add(house, f"https://shop.example/{number}")
        refused = await house.send("POST", ENDPOINTS, {"url": "https://shop.example/20"})
        assert refused.problem == (409, "endpoints_too_many")
        assert len((await house.ask("GET", ENDPOINTS))["items"]) == 20

    async def test_is_changed_paused_and_deleted(self, house: House, receiver: Receiver) -> None:
        id = (await add(house, "https://shop.example/old"))["endpoint"]["id"]
        other = (await add(house, "https://shop.example/other"))["endpoint"]
        change = {"url": receiver.url, "description": "收银系统", "topics": ["payment.succeeded"]}
        changed = await house.ask("PATCH", f"{ENDPOINTS}/{id}", change)
        assert {name: changed[name] for name in change} == change
        taken = await house.send("PATCH", f"{ENDPOINTS}/{id}", {"url": other["url"]})
        assert taken.problem == (409, "endpoint_exists")
        for wrong in ({"state": "disabled"}, {"url": "http://shop.example"}, {"state": "off"}):
            assert (await house.send("PATCH", f"{ENDPOINTS}/{id}", wrong)).problem == (400, "invalid_request")
        paused = await house.ask("PATCH", f"{ENDPOINTS}/{id}", {"state": "paused"})
        assert (paused["state"], paused["url"]) == ("paused", receiver.url)
        await house.paid("1", 1000)
        (event,) = (await house.ask("GET", "/v1/events"))["items"]
        assert event["topic"] == "payment.succeeded"
        assert receiver.told == []
        assert (await house.send("DELETE", f"{ENDPOINTS}/{id}")).status == 204
        assert (await house.send("GET", f"{ENDPOINTS}/{id}")).problem == (404, "not_found")
        assert [each["id"] for each in (await house.ask("GET", ENDPOINTS))["items"]] == [other["id"]]
        (told,) = [
            each
            for each in (await page(house, event["id"]))["event"]["notifications"]
            if each["endpoint_id"] == id
        ]
        assert (told["state"], told["last_error"]) == ("failed", "the endpoint was deleted")

    async def test_takes_a_test_whatever_it_listens_to(self, house: House, receiver: Receiver) -> None:
        made = await add(house, receiver.url, topics=["refund.failed"])
        id = made["endpoint"]["id"]
        await house.ask("PATCH", f"{ENDPOINTS}/{id}", {"state": "paused"})
        receiver.answers = [status(500, b"not today")]
        event = await house.ask("POST", f"{ENDPOINTS}/{id}/test")
        assert (event["topic"], event["object"], event["version"]) == ("test.ping", id, 1)
        (told,) = await receiver.heard(1)
        assert verify(secret=made["secret"], headers=told.headers, body=told.body, now=NOW) == event["id"]
        assert told.content["data"] == {"id": id, "url": receiver.url, "description": ""}
        seen = await ended(house, event["id"])
        (attempt,) = seen["attempts"]
        assert (attempt["outcome"], attempt["status"]) == ("refused", 500)
        assert (attempt["answer"], attempt["asked_by"]) == ("not today", "platform")
        # A test is made once, and says nothing about the endpoint's health.
        assert seen["event"]["notifications"][0]["state"] == "failed"
        assert (await house.ask("GET", f"{ENDPOINTS}/{id}"))["failing_since"] is None

    async def test_gets_another_secret(self, house: House, receiver: Receiver) -> None:
        made = await add(house, receiver.url)
        id = made["endpoint"]["id"]
        rotated = await house.ask("POST", f"{ENDPOINTS}/{id}/secret")
        assert rotated["version"] == 2
        assert rotated["previous_signs_until"] == "2026-03-03T04:00:00Z"
        await house.ask("POST", f"{ENDPOINTS}/{id}/test")
        (told,) = await receiver.heard(1)
        for secret in (made["secret"], rotated["secret"]):
            verify(secret=secret, headers=told.headers, body=told.body, now=NOW)

    async def test_of_another_platform_is_not_found(self, house: House, receiver: Receiver) -> None:
        id = (await add(house, receiver.url))["endpoint"]["id"]
        event = (await house.ask("POST", f"{ENDPOINTS}/{id}/test"))["id"]
        platform = await house.database.run(lambda tx: register_platform(tx, now=NOW, name="other"))
        house.api_key = await house.database.run(
            lambda tx: issue_api_key(tx, now=NOW, platform=platform, label="k", scopes=[Scope.PAYMENTS])
        )
        for method, path, body in (
            ("GET", f"{ENDPOINTS}/{id}", None),
            ("PATCH", f"{ENDPOINTS}/{id}", {"state": "paused"}),
            ("DELETE", f"{ENDPOINTS}/{id}", None),
            ("POST", f"{ENDPOINTS}/{id}/secret", None),
            ("POST", f"{ENDPOINTS}/{id}/test", None),
            ("GET", f"/v1/events/{event}", None),
            ("POST", f"/v1/events/{event}/resend", {}),
        ):
            assert (await house.send(method, path, body)).problem == (404, "not_found"), path
        assert (await house.ask("GET", "/v1/events"))["items"] == []
        await receiver.heard(1)


class TestEvents:
    async def test_are_found_by_topic_object_and_state(self, house: House, receiver: Receiver) -> None:
        await add(house, receiver.url)
        first, second = await house.paid("1", 1000), await house.paid("2", 500)
        refund = await house.refunded(first, "r1", 300)
        await receiver.heard(3)

        async def found(query: str) -> list[tuple[str, str]]:
            items = (await house.ask("GET", f"/v1/events{query}"))["items"]
            return [(each["topic"], each["object"]) for each in items]

        await eventually(lambda: found("?state=delivered"), lambda seen: len(seen) == 3)
        assert await found("?topic=refund.succeeded") == [("refund.succeeded", refund["id"])]
        assert await found(f"?object={first['id']}") == [("payment.succeeded", first["id"])]
        assert await found("?state=failed") == []
        assert {object for _, object in await found("?topic=payment.succeeded")} == {
            first["id"],
            second["id"],
        }
        listed: list[str] = []
        cursor = ""
        while True:
            part = await house.ask("GET", f"/v1/events?limit=2{cursor}")
            listed += [each["id"] for each in part["items"]]
            if part["next_cursor"] is None:
                break
            cursor = f"&cursor={part['next_cursor']}"
        assert len(set(listed)) == 3
        assert (await house.send("GET", "/v1/events?topic=nothing")).problem == (400, "invalid_request")

    async def test_are_sent_again_to_one_or_to_all(self, house: House, receiver: Receiver) -> None:
        second = Receiver()
        one = (await add(house, receiver.url))["endpoint"]["id"]
        await add(house, second.url, topics=["payment.succeeded"])
        await house.paid("1", 1000)
        await receiver.heard(1)
        await second.heard(1)
        (event,) = (await house.ask("GET", "/v1/events"))["items"]
        seen = await ended(house, event["id"], 2)
        assert seen["data"]["order_no"] == "1"
        assert (
            await house.send("POST", f"/v1/events/{event['id']}/resend", {"endpoint_id": one})
        ).status == 202
        await receiver.heard(2)
        await ended(house, event["id"], 3)
        await house.ask("POST", f"/v1/events/{event['id']}/resend", {})
        await receiver.heard(3)
        await second.heard(2)
        seen = await ended(house, event["id"], 5)
        assert len({(told.id, told.body) for told in [*receiver.told, *second.told]}) == 1
        asked = [(each["endpoint_id"] == one, each["asked_by"]) for each in seen["attempts"]]
        assert sorted(asked) == [
            (False, "platform"),
            (False, "schedule"),
            (True, "platform"),
            (True, "platform"),
            (True, "schedule"),
        ]
        second.close()

    async def test_are_sent_nowhere_when_nobody_listens(self, house: House, receiver: Receiver) -> None:
        id = (await add(house, receiver.url, topics=["refund.failed"]))["endpoint"]["id"]
        await house.paid("1", 1000)
        (event,) = (await house.ask("GET", "/v1/events"))["items"]
        assert event["notifications"] == []
        refused = await house.send("POST", f"/v1/events/{event['id']}/resend", {})
        assert refused.problem == (409, "endpoint_not_active")
        await house.ask("POST", f"/v1/events/{event['id']}/resend", {"endpoint_id": id})
        (told,) = await receiver.heard(1)
        assert told.id == event["id"]
