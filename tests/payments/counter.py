"""A gateway over two connections on paper, and what a test does with it."""

from datetime import timedelta
from typing import Any

from feiqian.channels import BuyerHints, ChannelKind, PaymentMethod
from feiqian.infra.database import Database
from feiqian.kernel.clock import ManualClock
from feiqian.payments import (
    Actor,
    Attempt,
    ChosenMethod,
    Gateway,
    GatewayTerms,
    Payment,
    StaticChannels,
    history,
    read_attempts,
    require_payment,
)
from tests.conftest import NOW
from tests.payments.paper import PaperChannel
from tests.payments.shop import FEE_RATE, Shop, asked

NATIVE, JSAPI = PaymentMethod.WECHATPAY_NATIVE, PaymentMethod.WECHATPAY_JSAPI
SCAN, PAGE = PaymentMethod.ALIPAY_QR, PaymentMethod.ALIPAY_PAGE
BARCODE = PaymentMethod.ALIPAY_BARCODE


class Counter:
    """Connections: ``first`` and ``second`` take WeChat Pay, ``alipay`` takes Alipay."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.clock = ManualClock(NOW)
        self.first = PaperChannel(ChannelKind.WECHATPAY, NATIVE)
        self.second = PaperChannel(ChannelKind.WECHATPAY, NATIVE, mchid="M2")
        self.alipay = PaperChannel(ChannelKind.ALIPAY, SCAN, PAGE, BARCODE, mchid="2088", appid=None)
        self.channels = {"first": self.first, "second": self.second, "alipay": self.alipay}
        self.gateway = self.open(shop.database)

    def open(self, database: Database) -> Gateway:
        """A gateway as a process has one."""
        return Gateway(
            database=database,
            channels=StaticChannels(self.channels),
            clock=self.clock,
            terms=GatewayTerms(
                callback_url="https://feiqian.test/callbacks",
                currency="CNY",
                fee_rate=FEE_RATE,
                method=NATIVE,
            ),
        )

    async def create(self, order_no: str = "1", **more: Any) -> Payment:
        """A payment of 1,000 fen, 600 of them A's."""
        return await self.gateway.create(platform=self.shop.platform, asked=asked(order_no, 600, 400, **more))

    async def choosing(self, order_no: str = "1", *methods: PaymentMethod, **more: Any) -> Payment:
        """A payment whose buyer has yet to choose."""
        return await self.create(order_no, methods=methods or (NATIVE, SCAN, PAGE, BARCODE), **more)

    async def choose(
        self,
        payment: Payment,
        method: PaymentMethod,
        *,
        key: str | None = None,
        gateway: Gateway | None = None,
        **hints: str,
    ) -> Payment:
        chosen = ChosenMethod(method=method, key=key, payer=BuyerHints(**hints))
        return await (gateway or self.gateway).attempt(payment, chosen, actor=Actor.PLATFORM)

    async def now(self, payment: Payment) -> Payment:
        """As it is now."""
        return await self.shop.payment(payment)

    async def payment_of(self, attempt: Attempt) -> Payment:
        """As it is now."""
        async with self.shop.database.transaction() as tx:
            return await require_payment(tx, attempt.payment)

    async def attempts(self, payment: Payment) -> list[Attempt]:
        async with self.shop.database.transaction() as tx:
            return (await read_attempts(tx, [payment.id]))[payment.id]

    async def table(self, payment: Payment) -> list[tuple[str, str]]:
        """(connection, state) of every attempt."""
        return [(each.channel, each.state.value) for each in await self.attempts(payment)]

    async def events(self, payment: Payment) -> list[str]:
        async with self.shop.database.transaction() as tx:
            return [line.event.value for line in await history(tx, payment.id)]

    def pay(self, attempt: Attempt) -> None:
        """The buyer pays; nobody tells us."""
        self.channels[attempt.channel].pay(attempt.out_trade_no, self.clock.now())

    async def notice(self, attempt: Attempt, *, code: str | None = None) -> None:
        """The channel reports an order, perhaps by another connection."""
        await self.gateway.take_notice(code or attempt.channel, {}, attempt.out_trade_no.encode())

    async def paid(self, payment: Payment) -> Payment:
        """Paid by the attempt that counts, and reported."""
        self.pay(payment.order)
        await self.notice(payment.order)
        return await self.now(payment)

    async def later(self, gateway: Gateway | None = None, **how_much: float) -> int:
        """Let time pass, and ask about what is due; how much that was."""
        self.clock.advance_to(self.clock.now() + timedelta(**how_much))
        return await (gateway or self.gateway).check_due()

    def calls(self) -> list[str]:
        """Every call to every channel, by connection."""
        return [f"{code} {call.split()[0]}" for code, each in self.channels.items() for call in each.calls]
