"""Payment links and shops' codes: made by a partner, paid by whoever opens them, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from feiqian.app.sandbox import SandboxPlaces, open_simulators
from feiqian.channels import ChannelKind
from tests.conftest import NOW
from tests.console.buyers import ALIPAY, Cashier, open_cashier
from tests.loop.house import Answer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPlaces]:
    place: Path = tmp_path_factory.mktemp("channels")
    with open_simulators(place, [ChannelKind.WECHATPAY, ChannelKind.ALIPAY]) as opened:
        yield opened


@pytest.fixture
async def cashier(database_urls: tuple[str, str], places: SandboxPlaces) -> AsyncIterator[Cashier]:
    async with open_cashier(urls=database_urls, places=places) as opened:
        yield opened
        assert await opened.house.broken() == []


async def a_link(cashier: Cashier, link_no: str = "L1", **more: object) -> Any:
    lines = [{"merchant_no": "A", "amount": 700}, {"merchant_no": "B", "amount": 300}]
    body = {"link_no": link_no, "amount": 1000, "description": "茶会门票", "lines": lines, **more}
    return await cashier.house.ask("POST", "/v1/payment-links", body)


async def a_code(cashier: Cashier, code_no: str = "C1") -> Any:
    body = {"code_no": code_no, "merchant_no": "A", "shop": "春来茶行 一号柜台"}
    return await cashier.house.ask("POST", "/v1/payment-codes", body)


def place(link: Any) -> str:
    return "/pay/api/" + link["url"].rpartition("/")[2]


async def begin(cashier: Cashier, link: Any, key: str, **body: object) -> Answer:
    return await cashier.send("POST", place(link), {"key": key, **body})


async def begun(cashier: Cashier, link: Any, key: str, **body: object) -> Any:
    """The payment that a use made."""
    answer = await begin(cashier, link, key, **body)
    assert answer.status == 200, answer
    return {"id": "payment_" + answer.json["cashier"].rpartition("/")[2]}


async def pay(cashier: Cashier, payment: Any) -> None:
    seen = await cashier.chosen(payment, "wechatpay_native")
    code_url = seen["current"]["next_step"]["code_url"]
    await cashier.control(ChannelKind.WECHATPAY, "/sandbox/pay", {"code_url": code_url})
    await cashier.turned(payment, "succeeded")


class TestALink:
    async def test_makes_the_payment_that_was_agreed_and_shares_it(self, cashier: Cashier) -> None:
        link = await a_link(cashier)
        offer = await cashier.send("GET", place(link))
        assert offer.json == {
            "kind": "payment_link",
            "payee": "mall",
            "shop": None,
            "description": "茶会门票",
            "amount": 1000,
            "currency": "CNY",
        }
        payment = await begun(cashier, link, "k1")
        await pay(cashier, payment)
        paid = await cashier.house.payment(payment)
        assert (paid["amount"], paid["metadata"]["link_no"]) == (1000, "L1")
        assert [(each["merchant_no"], each["amount"]) for each in paid["shares"]] == [("A", 700), ("B", 300)]

    async def test_for_one_payment_is_paid_once(self, cashier: Cashier) -> None:
        link = await a_link(cashier)
        first, same, another = [await begun(cashier, link, key) for key in ("k1", "k1", "k2")]
        assert first == same == another
        await pay(cashier, first)
        assert (await begin(cashier, link, "k3")).problem == (409, "link_used_up")

    async def test_is_one_payment_however_many_open_it_at_once(self, cashier: Cashier) -> None:
        link = await a_link(cashier)
        found = await asyncio.gather(*(begun(cashier, link, f"k{number}") for number in range(6)))
        assert len({payment["id"] for payment in found}) == 1

    async def test_for_two_payments_keeps_a_third_waiting_until_one_ends(self, cashier: Cashier) -> None:
        link = await a_link(cashier, uses_max=2)
        first, second = [await begun(cashier, link, key) for key in ("k1", "k2")]
        assert first != second
        assert (await begin(cashier, link, "k3")).problem == (409, "link_busy")
        await cashier.house.ask("POST", f"/v1/payments/{first['id']}/close")
        third = await begun(cashier, link, "k3")
        await pay(cashier, second)
        await pay(cashier, third)
        assert (await begin(cashier, link, "k4")).problem == (409, "link_used_up")

    async def test_ends_at_its_time_or_when_it_is_called_off(self, cashier: Cashier) -> None:
        timed = await a_link(cashier, "L1", expires_at=NOW + timedelta(hours=1))
        called_off = await a_link(cashier, "L2")
        assert (await cashier.send("GET", place(timed))).status == 200
        await cashier.house.ask("POST", f"/v1/payment-links/{called_off['id']}/close")
        await cashier.house.later(hours=1)
        for link in (timed, called_off):
            assert (await cashier.send("GET", place(link))).problem == (409, "link_closed")
            assert (await begin(cashier, link, "k")).problem == (409, "link_closed")

    @pytest.mark.parametrize(
        ("field", "change"),
        [
            ("lines", {"amount": 999}),
            ("lines", {"amount": None}),
            ("amount", {"amount": 10**30}),
            ("lines", {"lines": []}),
            ("lines", {"lines": [{"merchant_no": "A", "amount": 10**30}]}),
            ("lines", {"lines": [{"merchant_no": "A", "amount": 1000, "description": "\t"}]}),
            ("link_no", {"link_no": "\t"}),
            ("uses_max", {"uses_max": 0}),
            ("methods", {"methods": []}),
            ("expires_at", {"expires_at": NOW - timedelta(seconds=1)}),
            ("currency", {"currency": "USD"}),
            ("description", {"description": ""}),
        ],
    )
    async def test_is_refused_where_it_could_not_be_paid(
        self, cashier: Cashier, field: str, change: dict[str, object]
    ) -> None:
        body = {
            "link_no": "L1",
            "amount": 1000,
            "description": "x",
            "lines": [{"merchant_no": "A", "amount": 1000}],
        }
        answer = await cashier.house.send("POST", "/v1/payment-links", {**body, **change})
        assert answer.problem == (400, "invalid_request")
        assert answer.json["detail"].startswith(field)

    async def test_asked_for_twice_is_one_and_altered_is_refused(self, cashier: Cashier) -> None:
        first, second = await a_link(cashier), await a_link(cashier)
        assert first == second
        body = {"link_no": "L1", "description": "茶会门票", "lines": [{"merchant_no": "A"}]}
        answer = await cashier.house.send("POST", "/v1/payment-links", body)
        assert answer.problem == (409, "exists_with_different_request")


class TestAShopSCode:
    async def test_takes_what_the_buyer_types_again_and_again(self, cashier: Cashier) -> None:
        code = await a_code(cashier)
        offer = (await cashier.send("GET", place(code))).json
        assert (offer["kind"], offer["shop"], offer["amount"]) == ("payment_code", "春来茶行 一号柜台", None)
        for key, amount in (("k1", 1), ("k2", 25_000)):
            payment = await begun(cashier, code, key, amount=amount)
            await pay(cashier, payment)
            paid = await cashier.house.payment(payment)
            assert (paid["amount"], paid["shares"][0]["merchant_no"]) == (amount, "A")

    async def test_refuses_what_nobody_means_to_pay(self, cashier: Cashier) -> None:
        code = await a_code(cashier)
        for amount in (None, 0, -1, 5_000_001):
            assert (await begin(cashier, code, "k", amount=amount)).problem == (422, "link_amount")
        assert (await cashier.house.ask("GET", "/v1/payments"))["items"] == []

    async def test_serves_each_app_in_its_own_way(self, cashier: Cashier) -> None:
        payment = await begun(cashier, await a_code(cashier), "k", amount=100)
        inside = await cashier.look(payment, agent=ALIPAY)
        assert [way["method"] for way in inside["methods"]] == ["alipay_wap"]
        assert (await cashier.chosen(payment, "alipay_wap", agent=ALIPAY))["current"]["next_step"][
            "kind"
        ] == "redirect"

    async def test_is_drawn_for_print(self, cashier: Cashier) -> None:
        code = await a_code(cashier)
        answer = await cashier.send("GET", f"{place(code)}/code.svg")
        assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")

    async def test_of_nobody_is_not_found(self, cashier: Cashier) -> None:
        for token in ("0" * 26, "short"):
            assert (await cashier.send("GET", f"/pay/api/{token}")).problem == (404, "not_found")
