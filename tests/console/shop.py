"""A platform that trades: orders, refunds, closes, bills, made by the domains' own operations."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

from feiqian.channels import (
    Bill,
    BillKind,
    BillLine,
    BillState,
    BillSummary,
    ChannelIdentity,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    PaymentMethod,
    ShowCode,
)
from feiqian.clearing import close_day
from feiqian.infra.database import Database
from feiqian.kernel.calendar import end_of, start_of
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import new_id
from feiqian.members import Merchant, Role, register_merchant, register_platform, register_staff
from feiqian.payments import (
    Actor,
    ChannelLine,
    NewLine,
    NewPayment,
    Payment,
    Refund,
    channel_lines,
    request_refund,
    require_payment,
)
from feiqian.payments.confirming import Paid, confirm
from feiqian.payments.model import Route, Standing
from feiqian.payments.operations import add_attempt, create_payment, record_closed, record_prepaid
from feiqian.payments.refunds import record_refund, record_refund_refused
from feiqian.reconciliation import ReconciledDay, reconcile_day

EMAIL = "finance@feiqian.dev"
PASSWORD = "a good long password"
PLATFORM = "飞钱商城"
FEE_RATE = Decimal("0.006")
CHANNEL = "wechatpay"
MCHID, APPID = "1900000001", "wx0000000000000001"
IDENTITY = ChannelIdentity(MCHID, APPID)
ROUTE = Route(
    method=PaymentMethod.WECHATPAY_NATIVE,
    channels=(CHANNEL,),
    notify_url="https://feiqian.test/callbacks/wechatpay",
    lifetime_max=timedelta(days=7),
)


class Shop:
    """Every amount in fen; every moment is given."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.merchants: dict[str, Merchant] = {}
        self._numbers = count(1)
        self.platform: UUID

    async def open(self, merchants: Mapping[str, str]) -> "Shop":
        """Register the platform, a member of staff and merchants (number -> name)."""
        now = self.clock.now()
        self.platform = await self.database.run(lambda tx: register_platform(tx, now=now, name=PLATFORM))
        await self.database.run(
            lambda tx: register_staff(
                tx, now=now, email=EMAIL, name="财务", role=Role.FINANCE, password=PASSWORD
            )
        )
        for merchant_no, name in merchants.items():
            await self.add_merchant(merchant_no, name)
        return self

    async def add_merchant(self, merchant_no: str, name: str) -> None:
        now = self.clock.now()
        self.merchants[merchant_no] = await self.database.run(
            lambda tx: register_merchant(
                tx, now=now, platform=self.platform, merchant_no=merchant_no, name=name
            )
        )

    async def order(
        self, order_no: str, lines: Mapping[str, int], *, at: datetime | None = None, buyer: str = "17850"
    ) -> Payment:
        """An order whose code has been issued."""
        now = at or self.clock.now()
        asked = NewPayment(
            order_no=order_no,
            amount=sum(lines.values()),
            currency="CNY",
            description=f"订单 {order_no}",
            lines=[NewLine(merchant_no=no, amount=amount) for no, amount in lines.items()],
            buyer=buyer,
        )
        payment = await self.database.run(
            lambda tx: create_payment(
                tx,
                now=now,
                platform=self.platform,
                id=new_id(now),
                fee_rate=FEE_RATE,
                asked=asked,
                route=ROUTE,
            )
        )
        step = ShowCode(f"weixin://wxpay/bizpayurl?pr={order_no}&x=1")
        return await self.database.run(
            lambda tx: record_prepaid(tx, now=now, payment=payment, next_step=step)
        )

    async def pay(
        self,
        order_no: str,
        lines: Mapping[str, int],
        *,
        at: datetime | None = None,
        buyer: str = "17850",
        paid: int | None = None,
    ) -> Payment:
        """An order that its buyer paid at once, possibly with another amount than asked."""
        payment = await self.order(order_no, lines, at=at, buyer=buyer)
        return await self._hear(payment, at or self.clock.now(), payment.amount if paid is None else paid)

    async def pay_by_another_order(self, payment: Payment) -> Payment:
        """Its order was closed, and the buyer paid the next."""
        now = self.clock.now()
        closed = await self.database.run(
            lambda tx: record_closed(
                tx, now=now, attempt=payment.order, actor=Actor.PLATFORM, standing=Standing.OPEN
            )
        )
        again = await self.database.run(
            lambda tx: add_attempt(tx, now=now, payment=closed, route=ROUTE, actor=Actor.PLATFORM)
        )
        assert again is not None
        return await self._hear(again, now, again.amount)

    async def _hear(self, payment: Payment, now: datetime, amount: int) -> Payment:
        """The channel says that it was paid."""
        word = ChannelPayment(
            out_trade_no=payment.out_trade_no,
            state=ChannelPaymentState.PAID,
            transaction_no=f"42000{next(self._numbers):09d}",
            amount=amount,
            currency="CNY",
            mchid=MCHID,
            appid=APPID,
            paid_at=now,
        )
        said = Paid(order=word, actor=Actor.CHANNEL, channel=CHANNEL, identity=IDENTITY)
        await self.database.run(lambda tx: confirm(tx, now=now, paid=[said]))
        async with self.database.transaction() as tx:
            return await require_payment(tx, payment.id)

    async def refund(
        self, payment: Payment, refund_no: str, amount: int, *, at: datetime | None = None
    ) -> Refund:
        """A refund that the channel has accepted at once and paid."""
        now = at or self.clock.now()
        refund = await self.ask_refund(payment, refund_no, amount, at=now)
        said = ChannelRefund(
            out_refund_no=refund.out_refund_no,
            state=ChannelRefundState.SUCCEEDED,
            channel_refund_no=f"50300{next(self._numbers):09d}",
            amount=amount,
            succeeded_at=now,
        )
        return await self.database.run(
            lambda tx: record_refund(tx, now=now, channel=CHANNEL, said=said, actor=Actor.CHANNEL)
        )

    async def ask_refund(
        self, payment: Payment, refund_no: str, amount: int, *, at: datetime | None = None
    ) -> Refund:
        """A refund that nobody has answered yet."""
        now = at or self.clock.now()
        return await self.database.run(
            lambda tx: request_refund(
                tx,
                now=now,
                platform=self.platform,
                payment_id=payment.id,
                refund_no=refund_no,
                amount=amount,
                reason="坏了",
                within=timedelta(days=365),
            )
        )

    async def refuse_refund(self, refund: Refund) -> None:
        """The channel will not do it."""
        now = self.clock.now()
        await self.database.run(
            lambda tx: record_refund_refused(tx, now=now, refund_id=refund.id, reason="NOT_ENOUGH")
        )

    async def close(self, day: date) -> None:
        """The day's close, five minutes after midnight."""
        now = end_of(day) + timedelta(minutes=5)
        await self.database.run(lambda tx: close_day(tx, now=now, day=day, currency="CNY"))

    async def reconcile(self, day: date, *, without: str | None = None) -> ReconciledDay:
        """Compare a day with a bill that says what we say, but for one of our numbers."""
        async with self.database.transaction() as tx:
            ours = await channel_lines(tx, channel=CHANNEL, first=start_of(day), end=end_of(day))
        lines = tuple(_bill_line(line) for line in ours if line.our_no != without)
        payments = [line.amount for line in lines if line.kind is BillKind.PAYMENT]
        summary = BillSummary(
            line_count=len(lines),
            payment_amount=sum(payments),
            refund_amount=sum(line.amount for line in lines) - sum(payments),
            fee=0,
        )
        now = end_of(day) + timedelta(hours=10)
        bill = Bill(day=day, lines=lines, summary=summary)
        return await self.database.run(
            lambda tx: reconcile_day(tx, now=now, channel=CHANNEL, day=day, bill=bill)
        )


def _bill_line(line: ChannelLine) -> BillLine:
    return BillLine(
        kind=BillKind(line.kind.value),
        out_no=line.our_no,
        channel_no=line.channel_no or "",
        out_trade_no=line.our_no,
        transaction_no=line.channel_no or "",
        amount=line.amount,
        currency=line.currency,
        state=BillState.SUCCEEDED,
        fee=0,
        rate="0.60%",
        occurred_at=line.occurred_at,
    )
