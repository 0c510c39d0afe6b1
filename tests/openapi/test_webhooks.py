"""What a platform is told: signed, at least once, in order where that is possible, and never at the cost of others."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from feiqian.kernel.clock import ManualClock
from feiqian.openapi import AddressRule
from feiqian.openapi.webhooks import (
    DisabledReason,
    EndpointChange,
    EndpointState,
    NotificationState,
    Outcome,
    Topic,
    change_endpoint,
    resend,
    rotate_secret,
    verify,
)
from feiqian.payments import PaymentsSucceeded
from tests.conftest import NOW
from tests.loop.house import House, eventually, open_house
from tests.openapi.post_office import PLATFORM, SANDBOX, PostOffice, open_post_office
from tests.openapi.receiver import Receiver, Told, status

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SCHEDULE_S = (5, 30, 120, 300, 600, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 28800, 36000, 43200)
"""The pauses after each failed attempt: two days less 52 minutes in all."""


@pytest.fixture
def receivers() -> Iterator[list[Receiver]]:
    opened: list[Receiver] = []
    yield opened
    for each in opened:
        each.close()


@pytest.fixture
def receiver(receivers: list[Receiver]) -> Receiver:
    receivers.append(Receiver())
    return receivers[0]


@pytest.fixture
async def office(database_urls: tuple[str, str]) -> AsyncIterator[PostOffice]:
    async with open_post_office(database_urls[0]) as opened:
        yield opened


def genuine(told: Told, secret: str, office: PostOffice) -> bool:
    return verify(secret=secret, headers=told.headers, body=told.body, now=office.clock.now()) == told.id


class TestAnEvent:
    async def test_is_told_once_signed_with_its_version(self, office: PostOffice, receiver: Receiver) -> None:
        _, secret = await office.add(receiver.url)
        await office.tell("payment_a", "payment_b", "payment_a")
        assert await office.webhooks.deliver_due() == 2
        assert await office.webhooks.deliver_due() == 1
        assert await office.webhooks.deliver_due() == 0
        assert all(genuine(told, secret, office) for told in receiver.told)
        assert sorted((told.content["object"], told.content["version"]) for told in receiver.told) == [
            ("payment_a", 1),
            ("payment_a", 2),
            ("payment_b", 1),
        ]
        first = receiver.told[0]
        assert first.content["type"] == "payment.succeeded"
        assert first.content["timestamp"] == NOW.isoformat()
        assert first.content["data"] == {"id": first.content["object"]}
        assert first.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
        assert len({told.id for told in receiver.told}) == 3

    async def test_goes_to_every_endpoint_that_listens(
        self, office: PostOffice, receivers: list[Receiver]
    ) -> None:
        receivers += [Receiver(), Receiver(), Receiver()]
        everything, refunds, payments = receivers
        await office.add(everything.url)
        await office.add(refunds.url, Topic.REFUND_SUCCEEDED, Topic.REFUND_FAILED)
        await office.add(payments.url, Topic.PAYMENT_SUCCEEDED)
        await office.tell("payment_a")
        await office.tell("refund_a", topic="refund.failed")
        await office.webhooks.deliver_due()
        assert {told.content["object"] for told in everything.told} == {"payment_a", "refund_a"}
        assert [told.content["object"] for told in refunds.told] == ["refund_a"]
        assert [told.content["object"] for told in payments.told] == ["payment_a"]
        # Each endpoint has a secret of its own.
        assert (
            everything.told[0].headers["webhook-signature"] != payments.told[0].headers["webhook-signature"]
        )

    async def test_is_not_written_for_a_platform_that_only_asks(self, office: PostOffice) -> None:
        await office.tell("payment_a")
        assert await office.notifications() == []

    async def test_gets_its_versions_without_gaps_however_many_write_at_once(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        await office.add(receiver.url)
        await asyncio.gather(*(office.tell("payment_a") for _ in range(4)))
        assert sorted(event.version for event in await office.events()) == [1, 2, 3, 4]


class TestAnAttempt:
    @pytest.mark.parametrize("code", [500, 404, 301, 302, 307, 199 + 200])
    async def test_that_is_answered_otherwise_is_made_again_when_it_is_due(
        self, office: PostOffice, receiver: Receiver, receivers: list[Receiver], code: int
    ) -> None:
        receivers.append(Receiver())
        receiver.answers = [status(code, b"what?", Location=receivers[1].url), status(204)]
        await office.add(receiver.url)
        await office.tell("payment_a")
        await office.webhooks.deliver_due()
        (one,) = await office.notifications()
        assert (one.state, one.attempts, one.last_error) == ("pending", 1, f"answered {code}")
        assert one.next_at == NOW + timedelta(seconds=5)
        office.later(seconds=4)
        assert await office.webhooks.deliver_due() == 0
        office.later(seconds=1)
        assert await office.webhooks.deliver_due() == 1
        (one,) = await office.notifications()
        assert (one.state, one.attempts, one.last_error, one.next_at) == ("delivered", 2, None, None)
        # The same event under the same id, with a time stamp of its own; nobody was led elsewhere.
        assert len({(told.id, told.body) for told in receiver.told}) == 1
        assert len({told.headers["webhook-timestamp"] for told in receiver.told}) == 2
        assert receivers[1].told == []
        first, second = await office.attempts(one.event)
        assert (first.outcome, first.status, first.answer) == (Outcome.REFUSED, code, "what?")
        assert (second.outcome, second.status, second.error) == (Outcome.DELIVERED, 204, None)

    async def test_is_made_sixteen_times_over_two_days(self, office: PostOffice, receiver: Receiver) -> None:
        receiver.usual = status(503)
        await office.add(receiver.url)
        await office.tell("payment_a")
        for number, pause_s in enumerate(SCHEDULE_S, start=1):
            assert await office.webhooks.deliver_due() == 1
            (one,) = await office.notifications()
            assert (one.attempts, one.next_at) == (number, office.clock.now() + timedelta(seconds=pause_s))
            assert one.next_at is not None
            office.at(one.next_at)
        await office.webhooks.deliver_due()
        (one,) = await office.notifications()
        assert (one.state, one.attempts, one.next_at) == ("failed", 16, None)
        assert timedelta(days=2, hours=-1) < office.clock.now() - NOW < timedelta(days=2)
        assert len(await office.attempts(one.event)) == 16
        office.later(days=7)
        assert await office.webhooks.deliver_due() == 0

    async def test_counts_by_the_status_although_the_answer_is_cut(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        receiver.answers = [status(200, b"x" * 10_000_000), status(500, "钱".encode() * 5_000_000)]
        await office.add(receiver.url)
        await office.tell("payment_a", "payment_b")
        await office.webhooks.deliver_due()
        assert {one.state for one in await office.notifications()} == {"delivered", "pending"}
        answers = [
            each.answer for one in await office.notifications() for each in await office.attempts(one.event)
        ]
        assert sorted(len(answer or "") for answer in answers) == [1_000, 1_000]

    async def test_keeps_an_answer_that_is_no_text(self, office: PostOffice, receiver: Receiver) -> None:
        receiver.answers = [status(500, b"\x00\xff\xfe")]
        await office.add(receiver.url)
        await office.tell("payment_a")
        await office.webhooks.deliver_due()
        (one,) = await office.notifications()
        assert [each.answer for each in await office.attempts(one.event)] == ["\ufffd" * 3]

    async def test_at_a_server_that_is_down_is_made_again(
        self, office: PostOffice, receivers: list[Receiver]
    ) -> None:
        gone = Receiver()
        gone.close()
        await office.add(gone.url)
        await office.tell("payment_a")
        await office.webhooks.deliver_due()
        (one,) = await office.notifications()
        (made,) = await office.attempts(one.event)
        assert (one.state, made.outcome, made.status) == ("pending", Outcome.UNREACHABLE, None)

    async def test_never_reaches_this_machine_outside_the_sandbox(
        self, office: PostOffice, receiver: Receiver, database_urls: tuple[str, str]
    ) -> None:
        await office.add(receiver.url)
        await office.tell("payment_a")
        async with open_post_office(
            database_urls[0], clock=office.clock, rule=AddressRule(loopback=False)
        ) as strict:
            await strict.webhooks.deliver_due()
        (one,) = await office.notifications()
        assert receiver.told == []
        assert one.last_error is not None
        assert "https://" in one.last_error


class TestAReceiverThatHangs:
    async def test_delays_nobody_else(
        self,
        office: PostOffice,
        receiver: Receiver,
        receivers: list[Receiver],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        receivers.append(Receiver())
        receiver.usual = receiver.hang
        await office.add(receiver.url)
        await office.add(receivers[1].url)
        objects = [f"payment_{number:03}" for number in range(40)]
        await office.tell(*objects)
        worker = asyncio.create_task(office.webhooks.deliver_forever(every_s=0.05))
        try:
            told = await receivers[1].heard(40)
            assert {each.content["object"] for each in told} == set(objects)
            # Forty wait for the one that hangs, eight are with it.
            assert receiver.most_at_once == len(receiver.told) == 8
            receiver.released.set()
            await receiver.heard(40)
            await eventually(office.notifications, lambda all: {one.state for one in all} == {"delivered"})
        finally:
            worker.cancel()
            with suppress(asyncio.CancelledError):
                await worker
        assert receiver.most_at_once == 8

    async def test_is_timed_out_and_then_has_one_place_only(
        self, office: PostOffice, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feiqian.openapi.webhooks.delivery.TIMEOUT_S", 0.3)
        receiver.usual = receiver.hang
        endpoint, _ = await office.add(receiver.url)
        await office.tell("payment_a")
        await office.webhooks.deliver_due()
        (one,) = await office.notifications()
        (made,) = await office.attempts(one.event)
        assert (made.outcome, made.status, made.error) == (Outcome.TIMED_OUT, None, "no answer within 0.3 s")
        assert (await office.endpoint(endpoint.id)).failing_since == NOW
        await office.tell(*(f"payment_{number}" for number in range(5)))
        assert await office.webhooks.deliver_due() == 1
        receiver.released.set()
        assert await office.webhooks.deliver_due() == 1
        assert (await office.endpoint(endpoint.id)).failing_since is None
        assert await office.webhooks.deliver_due() == 3


class TestTheOrder:
    async def test_of_an_object_is_kept_while_the_first_is_tried_for_the_first_time(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        receiver.answers = [receiver.hang]
        await office.add(receiver.url)
        await office.tell("payment_a", "payment_a")
        first = asyncio.create_task(office.webhooks.deliver_due())
        await receiver.heard(1)
        await office.tell("payment_b")
        # The second of payment_a waits for the first, which is under way; payment_b does not.
        assert await office.webhooks.deliver_due() == 1
        assert await office.webhooks.deliver_due() == 0
        receiver.released.set()
        assert await first == 1
        assert await office.webhooks.deliver_due() == 1
        versions = [
            told.content["version"] for told in receiver.told if told.content["object"] == "payment_a"
        ]
        assert versions == [1, 2]

    async def test_is_given_up_when_the_first_attempt_fails(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        receiver.answers = [status(500)]
        await office.add(receiver.url)
        await office.tell("payment_a", "payment_a")
        assert await office.webhooks.deliver_due() == 1
        assert await office.webhooks.deliver_due() == 1
        office.later(seconds=5)
        assert await office.webhooks.deliver_due() == 1
        assert [told.content["version"] for told in receiver.told] == [1, 2, 1]

    async def test_goes_on_when_the_worker_of_the_first_died(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        receiver.answers = [receiver.hang]
        await office.add(receiver.url)
        await office.tell("payment_a", "payment_a")
        died = asyncio.create_task(office.webhooks.deliver_due())
        await receiver.heard(1)
        died.cancel()
        await asyncio.gather(died, return_exceptions=True)
        office.later(seconds=59)
        assert await office.webhooks.deliver_due() == 0
        office.later(seconds=1)
        while await office.webhooks.deliver_due():
            pass
        assert sorted(told.content["version"] for told in receiver.told) == [1, 1, 2]
        assert {one.state for one in await office.notifications()} == {NotificationState.DELIVERED}

    async def test_of_what_waited_in_a_pause_is_that_of_the_versions(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        endpoint, _ = await office.add(receiver.url)
        for state in (EndpointState.PAUSED, EndpointState.ACTIVE):
            change = EndpointChange(state=state)
            await office.database.run(
                lambda tx, change=change: change_endpoint(
                    tx, now=NOW, platform=PLATFORM, id=endpoint.id, change=change, rule=SANDBOX
                )
            )
            if state is EndpointState.PAUSED:
                for _ in range(3):
                    office.later(seconds=1)
                    await office.tell("payment_a")
                assert await office.webhooks.deliver_due() == 0
        while await office.webhooks.deliver_due():
            pass
        assert [told.content["version"] for told in receiver.told] == [1, 2, 3]


class TestManyWorkers:
    async def test_never_send_an_attempt_twice(
        self, office: PostOffice, receiver: Receiver, database_urls: tuple[str, str]
    ) -> None:
        await office.add(receiver.url)
        await office.tell(*(f"payment_{number:02}" for number in range(30)))
        async with AsyncExitStack() as opened:
            others = [
                await opened.enter_async_context(open_post_office(database_urls[0], clock=office.clock))
                for _ in range(3)
            ]

            async def work(one: PostOffice) -> None:
                while any(each.next_at for each in await office.notifications()):
                    await one.webhooks.deliver_due()

            await asyncio.gather(*(work(each) for each in (office, *others)))
        assert len(receiver.told) == len({told.id for told in receiver.told}) == 30
        assert receiver.most_at_once <= 8
        assert {one.attempts for one in await office.notifications()} == {1}

    async def test_make_up_for_one_that_is_killed_between_sending_and_noting(
        self, office: PostOffice, receiver: Receiver, database_urls: tuple[str, str]
    ) -> None:
        """At least once: what the killed one had sent comes again under the same id, and both attempts are listed."""
        receiver.answers = [receiver.hang]
        await office.add(receiver.url)
        await office.tell("payment_a")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.openapi.lone_worker", database_urls[0], cwd=ROOT
        )
        await receiver.heard(1)
        process.kill()
        await process.wait()
        receiver.released.set()
        (one,) = await office.notifications()
        assert [each.outcome for each in await office.attempts(one.event)] == [Outcome.UNDER_WAY]
        office.later(seconds=60)
        assert await office.webhooks.deliver_due() == 1
        assert len({told.id for told in receiver.told}) == 1
        assert len(receiver.told) == 2
        (one,) = await office.notifications()
        assert one.state is NotificationState.DELIVERED
        assert [each.outcome for each in await office.attempts(one.event)] == ["under_way", "delivered"]


class TestRotation:
    async def test_signs_with_both_secrets_for_a_day(self, office: PostOffice, receiver: Receiver) -> None:
        endpoint, old = await office.add(receiver.url)
        made = await office.database.run(
            lambda tx: rotate_secret(tx, now=NOW, platform=PLATFORM, id=endpoint.id)
        )
        assert (made.version, made.previous_signs_until) == (2, NOW + timedelta(hours=24))
        await office.tell("payment_a")
        await office.webhooks.deliver_due()
        office.later(hours=23, minutes=59)
        await office.tell("payment_b")
        await office.webhooks.deliver_due()
        office.later(minutes=1)
        await office.tell("payment_c")
        await office.webhooks.deliver_due()
        counts = [len(told.headers["webhook-signature"].split(" ")) for told in receiver.told]
        assert counts == [2, 2, 1]
        for told in receiver.told:
            at = ManualClock(
                NOW + timedelta(seconds=int(told.headers["webhook-timestamp"]) - NOW.timestamp())
            )
            assert verify(secret=made.secret, headers=told.headers, body=told.body, now=at.now()) == told.id
        old_signature = receiver.told[0].headers["webhook-signature"].split(" ")[1]
        assert verify(
            secret=old,
            headers={**receiver.told[0].headers, "webhook-signature": old_signature},
            body=receiver.told[0].body,
            now=NOW,
        )


class TestAnEndpoint:
    async def test_that_is_gone_is_disabled_at_once(self, office: PostOffice, receiver: Receiver) -> None:
        receiver.usual = status(410)
        endpoint, _ = await office.add(receiver.url)
        await office.tell("payment_a", "payment_a")
        await office.webhooks.deliver_due()
        seen = await office.endpoint(endpoint.id)
        assert (seen.state, seen.disabled_reason) == (EndpointState.DISABLED, DisabledReason.GONE)
        assert {one.state for one in await office.notifications()} == {NotificationState.FAILED}
        await office.tell("payment_b")
        assert len(await office.notifications()) == 2
        assert await office.webhooks.deliver_due() == 0
        # What happened meanwhile is kept, and can be had.
        assert len(await office.events()) == 3

    async def test_that_took_nothing_for_three_days_is_disabled(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        receiver.usual = status(500)
        endpoint, _ = await office.add(receiver.url)
        states: dict[int, EndpointState] = {}
        for hour in range(24 * 4):
            if hour % 12 == 0:
                await office.tell(f"payment_{hour}")
            while await office.webhooks.deliver_due():
                pass
            states[hour] = (await office.endpoint(endpoint.id)).state
            office.later(hours=1)
        assert states[71] is EndpointState.ACTIVE
        seen = await office.endpoint(endpoint.id)
        assert (seen.state, seen.disabled_reason) == (EndpointState.DISABLED, DisabledReason.FAILURES)
        assert seen.given_up >= 3
        assert {one.state for one in await office.notifications()} == {NotificationState.FAILED}

    async def test_that_is_active_again_begins_anew_and_takes_what_is_resent(
        self, office: PostOffice, receiver: Receiver
    ) -> None:
        receiver.answers = [status(410)]
        endpoint, _ = await office.add(receiver.url)
        await office.tell("payment_a")
        await office.webhooks.deliver_due()
        (event,) = await office.events()
        # One that is disabled is sent what somebody asks for, and nothing else.
        await office.database.run(
            lambda tx: resend(
                tx, now=office.clock.now(), event=event, endpoint=endpoint.id, asked_by="a@feiqian.dev"
            )
        )
        assert await office.webhooks.deliver_due() == 1
        assert (await office.endpoint(endpoint.id)).state is EndpointState.DISABLED
        change = EndpointChange(state=EndpointState.ACTIVE)
        changed = await office.database.run(
            lambda tx: change_endpoint(
                tx, now=NOW, platform=PLATFORM, id=endpoint.id, change=change, rule=SANDBOX
            )
        )
        assert (changed.state, changed.disabled_reason, changed.given_up) == ("active", None, 0)
        assert [each.asked_by for each in await office.attempts(event.id)] == ["schedule", "a@feiqian.dev"]


@pytest.fixture
async def house(
    database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str, receiver: Receiver
) -> AsyncIterator[House]:
    async with open_house(
        urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW, webhook_url=receiver.url
    ) as opened:
        yield opened
        assert await opened.broken() == []


async def topics(house: House) -> list[tuple[str, int, str]]:
    """(topic, version, state at the only endpoint) of every event, in order."""
    found = (await house.ask("GET", "/v1/events"))["items"]
    return [(each["topic"], each["version"], each["notifications"][0]["state"]) for each in found][::-1]


class TestAFact:
    async def test_is_told_as_the_api_shows_it(self, house: House, receiver: Receiver) -> None:
        payment = await house.paid("1", 600, 400)
        refund = await house.refunded(payment, "r1", 500)
        told = await receiver.heard(2)
        assert {each.content["type"]: each.content["data"]["id"] for each in told} == {
            "payment.succeeded": payment["id"],
            "refund.succeeded": refund["id"],
        }
        (first,) = [each for each in told if each.content["type"] == "payment.succeeded"]
        assert first.content["data"] == json.loads(json.dumps(payment))
        for each in told:
            secret = "a secret of the mall"
            assert verify(secret=secret, headers=each.headers, body=each.body, now=NOW) == each.id

    async def test_that_is_closed_or_conflicts_is_told(self, house: House, receiver: Receiver) -> None:
        closed = await house.create("1", 1000)
        await house.ask("POST", f"/v1/payments/{closed['id']}/close")
        conflicted = await house.create("2", 1000)
        await house.behave(callback="wrong_amount", only_next=1)
        await house.pay(conflicted)
        await house.payment_in("conflicted", conflicted)
        told = await receiver.heard(2)
        assert {each.content["type"] for each in told} == {"payment.closed", "payment.conflicted"}

    async def test_is_told_once_however_often_the_channel_said_it(
        self, house: House, receiver: Receiver
    ) -> None:
        payment = await house.create("1", 1000)
        await house.behave(callback="duplicated", only_next=1)
        await house.pay(payment)
        await receiver.heard(1)
        await eventually(lambda: house.attempts(payment), lambda seen: len(seen) == 2)
        assert [topic for topic, *_ in await topics(house)] == ["payment.succeeded"]

    async def test_that_is_rolled_back_leaves_no_event(self, house: House, receiver: Receiver) -> None:
        async def fail(*_: object) -> None:
            raise RuntimeError("after the event was written")

        house.database.events.subscribe(PaymentsSucceeded, fail)
        payment = await house.create("1", 1000)
        await house.pay(payment)
        await eventually(lambda: house.attempts(payment), bool)
        assert (await house.payment(payment))["state"] == "awaiting_payment"
        assert await topics(house) == []
        assert receiver.told == []

    async def test_costs_one_question_where_nobody_listens(
        self, database_urls: tuple[str, str], channel_dir: Path, sandbox_url: str
    ) -> None:
        async with open_house(
            urls=database_urls, data_dir=channel_dir, sandbox_url=sandbox_url, now=NOW
        ) as house:
            await house.paid("1", 1000)
            assert await topics(house) == []
