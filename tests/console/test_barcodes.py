"""A shop scans the code on the buyer's phone: by the partner API, over real HTTP, with both apps simulated."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from feiqian.app.sandbox import SandboxPlaces, open_simulators
from feiqian.channels import ChannelKind
from tests.console.buyers import Cashier, open_cashier
from tests.loop.house import out_trade_no

pytestmark = pytest.mark.anyio
_alipay_codes = count(280_000_000_000_500_001)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPlaces]:
    place: Path = tmp_path_factory.mktemp("channels")
    with open_simulators(place, [ChannelKind.WECHATPAY, ChannelKind.ALIPAY]) as opened:
        yield opened


@pytest.fixture
async def cashier(database_urls: tuple[str, str], places: SandboxPlaces) -> AsyncIterator[Cashier]:
    async with open_cashier(urls=database_urls, places=places) as opened:
        yield opened
        await opened.control(ChannelKind.ALIPAY, "/sandbox/behaviour", {"barcode": "normal"})
        assert await opened.house.broken() == []


async def scan(cashier: Cashier, kind: ChannelKind, *, amount: int = 1000, password: bool = False) -> Any:
    """The payment that the shop makes from the buyer's code; ``password``: the buyer must type it first."""
    if kind is ChannelKind.WECHATPAY:
        told = await cashier.control(kind, "/sandbox/auth-codes", {"password": password})
        code = told.json["auth_code"]
    else:
        mode = "waiting" if password else "normal"
        await cashier.control(kind, "/sandbox/behaviour", {"barcode": mode})
        code = str(next(_alipay_codes))
    return await cashier.house.create(
        f"counter-{kind.value}",
        amount,
        method=f"{kind.value}_barcode",
        payer={"auth_code": code, "client_ip": "127.0.0.1"},
        expires_in_s=60,
    )


async def confirm(cashier: Cashier, kind: ChannelKind, payment: Any) -> None:
    """The buyer types the password."""
    no = out_trade_no(payment)
    if kind is ChannelKind.WECHATPAY:
        await cashier.control(kind, f"/sandbox/password/{no}", {"typed": True})
    else:
        await cashier.control(kind, "/sandbox/pay", {"out_trade_no": no})


async def both_clocks(cashier: Cashier, seconds: int) -> None:
    await cashier.house.later(seconds=seconds)
    await cashier.control(ChannelKind.ALIPAY, "/sandbox/clock", {"now": cashier.house.clock.now()})


@pytest.mark.parametrize("kind", [ChannelKind.WECHATPAY, ChannelKind.ALIPAY])
class TestABuyerSCode:
    async def test_pays_in_the_same_call(self, cashier: Cashier, kind: ChannelKind) -> None:
        payment = await scan(cashier, kind)
        assert (payment["state"], payment["next_step"]) == ("succeeded", None)
        assert (await cashier.house.books())["A pending"] == 994

    async def test_pays_when_the_buyer_has_typed_the_password(
        self, cashier: Cashier, kind: ChannelKind
    ) -> None:
        payment = await scan(cashier, kind, password=True)
        assert (payment["state"], payment["next_step"]) == ("awaiting_payment", {"kind": "await_buyer"})
        seen = await cashier.look(payment)
        assert seen["current"]["next_step"] == {"kind": "await_buyer"}
        await confirm(cashier, kind, payment)
        await both_clocks(cashier, 10)
        await cashier.house.payment_in("succeeded", payment)
        assert (await cashier.house.books())["A pending"] == 994

    async def test_is_taken_back_when_nobody_types_it_in_time(
        self, cashier: Cashier, kind: ChannelKind
    ) -> None:
        payment = await scan(cashier, kind, password=True)
        await both_clocks(cashier, 61)
        ended = await cashier.house.payment_in("closed", payment)
        assert ended["attempts"][0]["state"] == "closed"
        assert await cashier.house.books() == {}
        told = await cashier.house.send(
            "POST",
            f"/sandbox/password/{out_trade_no(payment)}" if kind is ChannelKind.WECHATPAY else "/sandbox/pay",
            {"typed": True} if kind is ChannelKind.WECHATPAY else {"out_trade_no": out_trade_no(payment)},
            base_url=cashier.places.url(kind),
        )
        assert told.status >= 400

    async def test_is_taken_back_when_the_shop_calls_it_off(
        self, cashier: Cashier, kind: ChannelKind
    ) -> None:
        payment = await scan(cashier, kind, password=True)
        closed = await cashier.house.ask("POST", f"/v1/payments/{payment['id']}/close")
        assert closed["state"] == "closed"
        assert await cashier.house.books() == {}

    async def test_that_is_no_code_takes_nothing(self, cashier: Cashier, kind: ChannelKind) -> None:
        body = {
            "order_no": "wrong",
            "amount": 1000,
            "currency": "CNY",
            "description": "x",
            "lines": [{"merchant_no": "A", "amount": 1000}],
            "method": f"{kind.value}_barcode",
            "payer": {"auth_code": "123", "client_ip": "127.0.0.1"},
        }
        answer = await cashier.house.send("POST", "/v1/payments", body)
        assert answer.status >= 400 or answer.json["state"] == "failed", answer
        assert await cashier.house.books() == {}
