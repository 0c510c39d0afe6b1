"""Choosing how to pay: what is offered where, by real HTTP, with the channels simulated beside the house."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from feiqian.app.sandbox import SandboxPlaces, open_simulators
from feiqian.channels import ChannelKind
from feiqian.kernel.ids import parse_id
from feiqian.payments import history
from tests.console.buyers import ALIPAY, DESKTOP, PHONE, UNIONPAY, WECHAT, Cashier, api, open_cashier

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


class TestTheMethods:
    @pytest.mark.parametrize(
        ("agent", "device", "offered"),
        [
            (DESKTOP, "desktop", ["wechatpay_native", "alipay_qr", "alipay_page"]),
            (PHONE, "mobile", ["wechatpay_h5", "alipay_wap", "wechatpay_native", "alipay_qr"]),
            (WECHAT, "wechat", ["wechatpay_native"]),
            (ALIPAY, "alipay", ["alipay_wap"]),
            (UNIONPAY, "unionpay", []),
            ("", "desktop", ["wechatpay_native", "alipay_qr", "alipay_page"]),
        ],
    )
    async def test_are_those_that_the_device_and_the_channels_can_do(
        self, cashier: Cashier, agent: str, device: str, offered: list[str]
    ) -> None:
        seen = await cashier.look(await cashier.order("1"), agent=agent)
        assert (seen["state"], seen["device"], seen["current"]) == ("requires_method", device, None)
        assert [way["method"] for way in seen["methods"]] == offered

    async def test_are_only_those_that_the_platform_allows(self, cashier: Cashier) -> None:
        payment = await cashier.order("1", methods=["alipay_page", "wechatpay_jsapi"])
        assert [way["method"] for way in (await cashier.look(payment))["methods"]] == ["alipay_page"]
        answer = await cashier.choose(payment, "wechatpay_native")
        assert answer.problem == (409, "way_closed")
        assert (await cashier.house.payment(payment))["attempts"] == []

    async def test_leave_the_platform_s_own_choice_alone(self, cashier: Cashier) -> None:
        payment = await cashier.house.create("1", 1000)
        seen = await cashier.look(payment)
        assert [way["method"] for way in seen["methods"]] == ["wechatpay_native"]
        assert (await cashier.choose(payment, "alipay_page")).problem == (409, "way_closed")

    async def test_end_with_the_payment(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        await cashier.house.ask("POST", f"/v1/payments/{payment['id']}/close")
        seen = await cashier.look(payment)
        assert (seen["state"], seen["methods"]) == ("closed", [])
        assert (await cashier.choose(payment, "alipay_page")).problem == (409, "payment_ended")


class TestABuyer:
    async def test_pays_by_the_code_that_was_chosen(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        seen = await cashier.chosen(payment, "wechatpay_native")
        current = seen["current"]
        assert (current["method"], current["standing"]) == ("wechatpay_native", "waiting")
        code = await cashier.send("GET", f"{api(payment)}/qr.svg")
        assert code.status == 200
        await cashier.control(
            ChannelKind.WECHATPAY, "/sandbox/pay", {"code_url": current["next_step"]["code_url"]}
        )
        paid = await cashier.turned(payment, "succeeded")
        assert (paid["current"]["standing"], paid["methods"]) == ("ended", [])
        async with cashier.house.database.transaction() as tx:
            told = await history(tx, parse_id("payment", payment["id"]))
        assert [(each.event.value, each.actor.value) for each in told][:2] == [
            ("created", "platform"),
            ("attempt_made", "buyer"),
        ]

    async def test_changes_to_another_way_and_pays_once(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        first = (await cashier.chosen(payment, "wechatpay_native"))["current"]["next_step"]["code_url"]
        second = await cashier.chosen(payment, "alipay_qr")
        assert second["current"]["kind"] == "alipay"
        refused = await cashier.house.send(
            "POST",
            "/sandbox/pay",
            {"code_url": first},
            base_url=cashier.places.url(ChannelKind.WECHATPAY),
        )
        assert refused.status >= 400
        code = second["current"]["next_step"]["code_url"]
        await cashier.control(ChannelKind.ALIPAY, "/sandbox/pay", {"qr_code": code})
        await cashier.turned(payment, "succeeded")
        states = [each["state"] for each in (await cashier.house.payment(payment))["attempts"]]
        assert states == ["closed", "succeeded"]

    async def test_comes_back_to_the_cashier_from_the_channel_s_page(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        for agent, method in ((DESKTOP, "alipay_page"), (PHONE, "wechatpay_h5")):
            seen = await cashier.chosen(payment, method, agent=agent)
            step = seen["current"]["next_step"]
            assert step["kind"] == "redirect"
            page = f"{cashier.house.url}/cashier/{payment['id'].removeprefix('payment_')}"
            assert page.replace(":", "%3A").replace("/", "%2F").rpartition("%2F")[2] in step["url"]
        answer = await cashier.send("POST", f"/cashier/{payment['id'].removeprefix('payment_')}")
        assert answer.status != 404

    async def test_taps_twice_and_has_one_order(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        await cashier.chosen(payment, "wechatpay_native")
        await cashier.chosen(payment, "wechatpay_native")
        assert len((await cashier.house.payment(payment))["attempts"]) == 1

    async def test_is_told_nothing_of_the_insides_when_a_channel_refuses(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        await cashier.house.behave(prepay="error")
        answer = await cashier.choose(payment, "wechatpay_native")
        seen = await cashier.look(payment)
        text = str(answer.json) + str(seen)
        for inside in ("error", "channel_code", "mchid", "P" + payment["id"].removeprefix("payment_")):
            assert inside not in text
        await cashier.house.behave(prepay="normal")
        assert (seen["state"], seen["current"]["standing"]) == ("created", "preparing")


class TestTheDoor:
    async def test_is_closed_to_pages_of_other_sites(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = await cashier.choose(payment, "wechatpay_native", **headers)
            assert answer.problem == (403, "origin_foreign")
        assert (await cashier.house.payment(payment))["attempts"] == []

    async def test_lets_nobody_choose_without_end(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        answers = [await cashier.choose(payment, "wechatpay_jsapi") for _ in range(12)]
        assert [answer.status for answer in answers] == [409] * 10 + [429] * 2
        assert answers[-1].json["retryable"] is True

    async def test_takes_a_method_and_nothing_else(self, cashier: Cashier) -> None:
        payment = await cashier.order("1")
        for body in ({"method": "cash"}, {"method": "alipay_page", "payer": {"openid": "x"}}, {}, []):
            answer = await cashier.send("POST", f"{api(payment)}/attempts", body)
            assert answer.problem == (400, "invalid_request"), body
