"""Asking somebody else to pay, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from feiqian.app.sandbox import SandboxPlaces, open_simulators
from feiqian.channels import ChannelKind
from feiqian.kernel.ids import parse_id
from feiqian.payments import history
from tests.console.buyers import Cashier, api, open_cashier
from tests.loop.house import Answer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPlaces]:
    place: Path = tmp_path_factory.mktemp("channels")
    with open_simulators(place, [ChannelKind.WECHATPAY]) as opened:
        yield opened


@pytest.fixture
async def cashier(database_urls: tuple[str, str], places: SandboxPlaces) -> AsyncIterator[Cashier]:
    async with open_cashier(urls=database_urls, places=places) as opened:
        yield opened
        assert await opened.house.broken() == []


async def ask(cashier: Cashier, payment: Any, **body: object) -> Answer:
    return await cashier.send(
        "POST", f"{api(payment)}/asks", {"asker": "小陈", "message": "帮我付一下", **body}
    )


async def asked(cashier: Cashier, payment: Any) -> Any:
    """What the second address leads to, as if it were a payment's."""
    answer = await ask(cashier, payment)
    assert answer.status == 200, answer
    return {"id": "payment_" + answer.json["url"].rpartition("/")[2]}


class TestSomebodyWhoIsAsked:
    async def test_sees_who_asks_for_what_and_no_more(self, cashier: Cashier) -> None:
        payment = await cashier.order("secret-order-no")
        second = await asked(cashier, payment)
        seen = await cashier.look(second)
        assert seen["asked"] == {"asker": "小陈", "message": "帮我付一下"}
        assert (seen["amount"], seen["description"]) == (1000, "Order secret-order-no")
        assert seen["order_no"] is None
        assert payment["id"].removeprefix("payment_") not in str(seen)

    async def test_pays_and_the_asker_s_page_turns_to_paid(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        second = await asked(cashier, payment)
        code_url = (await cashier.chosen(second, "wechatpay_native"))["current"]["next_step"]["code_url"]
        await cashier.control(ChannelKind.WECHATPAY, "/sandbox/pay", {"code_url": code_url})
        own = await cashier.turned(payment, "succeeded")
        assert (own["helped"], own["asked"]) == (True, None)
        async with cashier.house.database.transaction() as tx:
            told = await history(tx, parse_id("payment", payment["id"]))
        assert ("attempt_made", "helper") in [(each.event.value, each.actor.value) for each in told]

    async def test_is_not_named_where_the_buyer_pays_after_all(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        await asked(cashier, payment)
        code_url = (await cashier.chosen(payment, "wechatpay_native"))["current"]["next_step"]["code_url"]
        await cashier.control(ChannelKind.WECHATPAY, "/sandbox/pay", {"code_url": code_url})
        assert (await cashier.turned(payment, "succeeded"))["helped"] is False

    async def test_cannot_ask_the_next(self, cashier: Cashier) -> None:
        second = await asked(cashier, await cashier.order("1"))
        assert (await ask(cashier, second)).problem == (404, "not_found")


class TestAsking:
    async def test_needs_a_name_and_few_words(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        for body in ({"asker": ""}, {"asker": "x" * 21}, {"message": "x" * 101}, {"message": "a\nb"}):
            assert (await ask(cashier, payment, **body)).problem == (400, "invalid_request"), body

    async def test_ends_with_the_payment(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        second = await asked(cashier, payment)
        await cashier.house.ask("POST", f"/v1/payments/{payment['id']}/close")
        assert (await ask(cashier, payment)).problem == (409, "ask_too_late")
        assert (await cashier.look(second))["state"] == "closed"

    async def test_is_not_done_without_end(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        answers = [await ask(cashier, payment) for _ in range(11)]
        assert [answer.status for answer in answers] == [200] * 10 + [429]
