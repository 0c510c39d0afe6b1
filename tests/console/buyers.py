"""A house with several simulated channels, and buyers at its cashier over real HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from feiqian.app.databases import DatabaseUrls
from feiqian.app.run import free_port, serving
from feiqian.app.sandbox import SandboxPlaces, contracts_in
from feiqian.app.services import open_services
from feiqian.channels import ChannelKind
from feiqian.infra.http import HttpClient
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import ManualClock
from tests.conftest import NOW
from tests.loop.house import Answer, House, eventually, set_up

DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
)
WECHAT = PHONE + " MicroMessenger/8.0.50(0x1800323d) NetType/WIFI Language/zh_CN"
ALIPAY = PHONE + " AliApp(AP/10.6.50) AlipayClient/10.6.50 Language/zh-Hans"
UNIONPAY = PHONE + " UnionPay/1.0 CloudPay"
EVERY_WAY = [
    "wechatpay_native", "wechatpay_jsapi", "wechatpay_h5", "wechatpay_app", "wechatpay_barcode",
    "alipay_page", "alipay_wap", "alipay_app", "alipay_qr", "alipay_barcode",
    "unionpay_b2c", "unionpay_b2b", "bank_transfer", "balance",
]  # fmt: skip


class Cashier:
    """The cashier of a house, seen by whoever has a link."""

    def __init__(self, house: House, places: SandboxPlaces) -> None:
        self.house = house
        self.places = places

    async def order(self, order_no: str, amount: int = 1000, **more: object) -> Any:
        """A payment whose buyer chooses."""
        return await self.house.create(order_no, amount, **{"methods": EVERY_WAY, **more})

    async def send(
        self, method: str, path: str, body: object = None, *, agent: str = DESKTOP, **headers: str
    ) -> Answer:
        """One request of a browser."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.house.send(
            method, path, body, headers={"User-Agent": agent, "Authorization": "", **named}
        )

    async def look(self, payment: Any, *, agent: str = DESKTOP) -> Any:
        """What the page is told."""
        answer = await self.send("GET", api(payment), agent=agent)
        assert answer.status == 200, answer
        return answer.json

    async def choose(self, payment: Any, method: str, *, agent: str = DESKTOP, **headers: str) -> Answer:
        """The buyer taps a method."""
        return await self.send("POST", f"{api(payment)}/attempts", {"method": method}, agent=agent, **headers)

    async def chosen(self, payment: Any, method: str, *, agent: str = DESKTOP) -> Any:
        answer = await self.choose(payment, method, agent=agent)
        assert answer.status == 200, answer
        return answer.json

    async def turned(self, payment: Any, state: str) -> Any:
        """What the page is told once the payment is in a state."""
        return await eventually(lambda: self.look(payment), lambda seen: seen["state"] == state)

    async def control(self, kind: ChannelKind, path: str, body: object = None) -> Answer:
        """A request to a simulator's controls."""
        answer = await self.house.send(
            "GET" if body is None else "POST", path, body, base_url=self.places.url(kind)
        )
        assert answer.status == 200, answer
        return answer


def api(payment: Any) -> str:
    """Where a payment's page asks."""
    return f"/cashier/api/{payment['id'].removeprefix('payment_')}"


@asynccontextmanager
async def open_cashier(*, urls: tuple[str, str], places: SandboxPlaces) -> AsyncGenerator[Cashier]:
    """A house over a migrated database that is connected to every simulator that runs."""
    settings = Settings(data_dir=places.data_dir, port=free_port(), connections_max=8)
    async with (
        HttpClient() as http,
        open_services(
            settings=settings,
            urls=DatabaseUrls(*urls),
            clock=ManualClock(NOW),
            contracts=contracts_in(places),
            sandbox=places,
        ) as services,
    ):
        api_key = await set_up(services.database, NOW, None)
        async with serving(services, with_days=False) as url:
            house = House(services, url=url, api_key=api_key, http=http)
            cashier = Cashier(house, places)
            for kind in places.addresses:
                await cashier.control(kind, "/sandbox/clock", {"now": NOW})
            yield cashier
