"""One test's day at the WeChat Pay simulator: its clock, its levers, the callbacks that it sends us."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from tests.channels.wechat import Wechat

from feiqian.channels import (
    BuyerHints,
    ChannelPayment,
    InvokeApp,
    Notice,
    OrderKey,
    PaymentMethod,
    PrepayRequest,
    Redirect,
    RefundKey,
    RefundRequest,
    ShowCode,
    SubMerchant,
    WechatPay,
    WechatPayConfig,
    config_from_sandbox,
)
from feiqian.infra.http import HttpClient

WELL = {
    "answer": "normal",
    "callback": "normal",
    "prepay": "normal",
    "refund": "normal",
    "sharing": "normal",
    "sharing_return": "normal",
    "transfer": "normal",
    "bill": "normal",
    "answer_path": "",
}
BUYER = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
HINTS = BuyerHints(openid=BUYER, client_ip="14.23.150.211", return_url="https://shop.example/done?a=1")

_days = count()


@contextmanager
def simulating(place: Path) -> Generator[tuple[str, Path]]:
    """(address, credentials) of a simulator in its own process."""
    command = [sys.executable, "-m", "feiqian.simulators.wechatpay", "--port", "0", "--data-dir", str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            word, address = process.stdout.readline().split()
            assert word == "ready"
            yield address, place / "wechatpay-sandbox" / "credentials.json"
        finally:
            process.terminate()


def config(address: str, credentials: Path, **changes: object) -> WechatPayConfig:
    """Our access, with a scene for transfers."""
    given = config_from_sandbox(credentials, address)
    scene = {"transfer_scene_id": "1005", "transfer_scene_report": "岗位类型=配送员;报酬说明=三月配送费"}
    return msgspec.structs.replace(given, **{**scene, **changes})


class Sandbox:
    """A day of its own, so that bills hold what one test did."""

    def __init__(
        self, *, address: str, credentials: Path, http: HttpClient, ours: Wechat, channel: WechatPay
    ) -> None:
        self.address = address
        self.credentials: dict[str, Any] = msgspec.json.decode(credentials.read_bytes())
        self.channel = channel
        self._http = http
        self._ours = ours
        self._numbers = count(1)
        self.day = date(2026, 3, 2) + timedelta(days=2 * next(_days))
        self.now = datetime(self.day.year, self.day.month, self.day.day, 4, tzinfo=UTC)
        self.notify_url = f"{ours.base_url}/callbacks/wechatpay"

    def number(self, word: str = "n") -> str:
        """A number that no other test uses, of letters and digits."""
        return f"{word}{self.day:%Y%m%d}x{next(self._numbers)}"

    def sub_merchant(self, *, appid: bool = False) -> SubMerchant:
        """A merchant behind us as a service provider."""
        given = self.credentials["sub_merchants"][0]
        return SubMerchant(mchid=given["sub_mchid"], appid=given["sub_appid"] if appid else None)

    async def post(self, path: str, content: object) -> Any:
        answer = await self._http.request(
            method="POST",
            url=self.address + path,
            headers={"Content-Type": "application/json"},
            body=json.dumps(content).encode(),
            timeout_s=30,
        )
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    async def state(self) -> Any:
        answer = await self._http.request(
            method="GET", url=f"{self.address}/sandbox/state", headers={}, body=b"", timeout_s=30
        )
        return json.loads(answer.body)

    async def available(self, mchid: str = "") -> int:
        """What a merchant has at WeChat Pay and may use; ours without a number."""
        balances = (await self.state())["balances"]
        return balances.get(mchid or self.credentials["mchid"], {"available": 0})["available"]

    async def set_clock(self, moment: datetime) -> None:
        self.now = moment
        await self.post("/sandbox/clock", {"now": moment.isoformat()})

    async def later(self, **passed: float) -> None:
        await self.set_clock(self.now + timedelta(**passed))

    async def next_morning(self) -> None:
        """11:00 of the next day in Beijing, when the bill is ready."""
        await self.set_clock(self.now + timedelta(hours=23))

    async def behave(self, **behaviour: object) -> None:
        await self.post("/sandbox/behaviour", behaviour)

    async def behave_well(self) -> None:
        await self.post("/sandbox/behaviour", WELL)

    def order(self, out_trade_no: str, amount: int = 10_000, **changes: object) -> PrepayRequest:
        order = PrepayRequest(
            out_trade_no=out_trade_no,
            method=PaymentMethod.WECHATPAY_NATIVE,
            placed_at=self.now,
            amount=amount,
            currency="CNY",
            description="口红,`茶 × 2",
            expires_at=self.now + timedelta(hours=2),
            notify_url=self.notify_url,
            buyer=HINTS,
        )
        return msgspec.structs.replace(order, **changes)

    def key(self, out_trade_no: str, **changes: object) -> OrderKey:
        key = OrderKey(out_trade_no=out_trade_no, method=PaymentMethod.WECHATPAY_NATIVE, placed_at=self.now)
        return msgspec.structs.replace(key, **changes)

    async def pay(self, out_trade_no: str, amount: int = 10_000, **changes: object) -> ChannelPayment:
        """Place an order, let the buyer pay it, and see it paid."""
        order = self.order(out_trade_no, amount, **changes)
        await self.channel.prepay(order, now=self.now)
        await self.post("/sandbox/pay", {"out_trade_no": out_trade_no})
        key = self.key(out_trade_no, sub_merchant=order.sub_merchant)
        return await self.channel.query(key, now=self.now)

    async def buyer_takes(self, step: object) -> None:
        """The buyer goes on as the step says, and pays."""
        match step:
            case ShowCode(code_url):
                await self.post("/sandbox/pay", {"code_url": code_url})
            case InvokeApp(parameters):
                kind = "app" if "partnerid" in parameters else "jsapi"
                await self.post("/sandbox/invoke", {kind: parameters})
            case Redirect(url):
                await self._pay_on_page(url)
            case _:
                raise AssertionError(f"the buyer cannot go on with {step}")

    async def _pay_on_page(self, url: str) -> None:
        page = await self._http.request(method="GET", url=url, headers={}, body=b"", timeout_s=30)
        assert page.status == 200
        assert "shop.example/done" in page.body.decode()
        prepay_id = url.partition("prepay_id=")[2].partition("&")[0]
        paid = await self._http.request(
            method="POST",
            url=f"{self.address}/phone/pay",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=f"code_url={prepay_id}&lang=zh".encode(),
            timeout_s=30,
        )
        assert paid.status == 303, paid.body

    def refund_of(
        self, order: OrderKey, out_refund_no: str, amount: int, *, total: int = 10_000
    ) -> RefundRequest:
        return RefundRequest(
            order=order,
            out_refund_no=out_refund_no,
            amount=amount,
            total=total,
            currency="CNY",
            requested_at=self.now,
            reason="退货",
            notify_url=self.notify_url,
        )

    def refund_key(self, order: OrderKey, out_refund_no: str) -> RefundKey:
        return RefundKey(order=order, out_refund_no=out_refund_no, requested_at=self.now)

    async def callbacks(self, count: int = 1) -> list[tuple[bytes, dict[str, str]]]:
        """Wait for so many callbacks; (body, headers) of each."""
        async with asyncio.timeout(20):
            await self._ours.received(count)
        return [(body, headers) for _, _, body, headers in self._ours.requests]

    async def notice(self, count: int = 1) -> Notice:
        """The newest of so many callbacks, believed."""
        body, headers = (await self.callbacks(count))[-1]
        return self.channel.read_notice(headers=headers, body=body, now=self.now)
