"""A shop with merchants A, B and C, driven through the payments domain without a channel: what the channel says is given."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from feiqian.channels import (
    ChannelIdentity,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    PaymentMethod,
)
from feiqian.infra.database import Database
from feiqian.kernel.ids import new_id
from feiqian.ledger import count_transactions
from feiqian.members import register_merchant, register_platform
from feiqian.payments import Actor, NewLine, NewPayment, NoticeUnmatched, Payment, Refund, request_refund
from feiqian.payments.confirming import Paid, confirm
from feiqian.payments.model import Route
from feiqian.payments.operations import create_payment
from feiqian.payments.refunds import record_refund
from feiqian.payments.store import read_payment, read_refund
from tests.conftest import NOW
from tests.loop.house import books, broken

MCHID, APPID = "1900000001", "wx1"
IDENTITY = ChannelIdentity(MCHID, APPID)
NOTIFY_URL = "https://feiqian.test/callbacks/wechatpay"
ROUTE = Route(
    method=PaymentMethod.WECHATPAY_NATIVE,
    channels=("wechatpay",),
    notify_url=NOTIFY_URL,
    lifetime_max=timedelta(days=7),
)
FEE_RATE = Decimal("0.006")
MERCHANTS = ("A", "B", "C")


def asked(order_no: str, *amounts: int, **more: object) -> NewPayment:
    """An order whose lines belong to A, B and C in turn."""
    fields = {
        "order_no": order_no,
        "amount": sum(amounts),
        "currency": "CNY",
        "description": f"Order {order_no}",
        "lines": [
            NewLine(merchant_no=MERCHANTS[index % len(MERCHANTS)], amount=amount)
            for index, amount in enumerate(amounts)
        ],
    }
    return msgspec.convert(fields | more, NewPayment, from_attributes=True)


def said(payment: Payment, **otherwise: object) -> ChannelPayment:
    """The channel's word that the buyer paid what the order says, or otherwise."""
    fields = {
        "out_trade_no": payment.out_trade_no,
        "state": ChannelPaymentState.PAID,
        "transaction_no": f"T-{payment.order_no}",
        "amount": payment.amount,
        "currency": payment.currency,
        "mchid": MCHID,
        "appid": APPID,
        "paid_at": NOW,
    }
    return ChannelPayment(**{**fields, **otherwise})


class Shop:
    """One platform's payments."""

    def __init__(self, database: Database, platform: UUID, fee_rate: Decimal = FEE_RATE) -> None:
        self.database = database
        self.platform = platform
        self.fee_rate = fee_rate

    async def create(self, order: NewPayment, now: datetime = NOW) -> Payment:
        return await self.database.run(
            lambda tx: create_payment(
                tx,
                now=now,
                platform=self.platform,
                id=new_id(now),
                fee_rate=self.fee_rate,
                asked=order,
                route=ROUTE,
            )
        )

    async def order(self, order_no: str, *amounts: int, now: datetime = NOW) -> Payment:
        """An order that nobody has paid yet."""
        return await self.create(asked(order_no, *amounts), now)

    async def hear(self, *words: ChannelPayment, now: datetime = NOW) -> list[Payment | NoticeUnmatched]:
        """Take the channel's words as one batch."""
        heard = [
            Paid(order=word, actor=Actor.CHANNEL, channel="wechatpay", identity=IDENTITY) for word in words
        ]
        return await self.database.run(lambda tx: confirm(tx, now=now, paid=heard))

    async def paid(self, order_no: str, *amounts: int, now: datetime = NOW) -> Payment:
        """An order that was paid."""
        payment = await self.order(order_no, *amounts, now=now)
        await self.hear(said(payment, paid_at=now), now=now)
        return await self.payment(payment)

    async def payment(self, payment: Payment) -> Payment:
        """As it is now."""
        async with self.database.transaction() as tx:
            found = await read_payment(tx, payment.id)
        assert found is not None
        return found

    async def refund(
        self,
        payment: Payment,
        refund_no: str,
        amount: int,
        *,
        reason: str = "returned",
        now: datetime = NOW,
        platform: UUID | None = None,
    ) -> Refund:
        """Ask for a refund."""
        return await self.database.run(
            lambda tx: request_refund(
                tx,
                now=now,
                platform=platform or self.platform,
                payment_id=payment.id,
                refund_no=refund_no,
                amount=amount,
                reason=reason,
                within=timedelta(days=365),
            )
        )

    async def settle(
        self,
        refund: Refund,
        state: ChannelRefundState = ChannelRefundState.SUCCEEDED,
        *,
        amount: int | None = None,
        now: datetime = NOW,
        actor: Actor = Actor.CHANNEL,
    ) -> Refund:
        """Take the channel's word about a refund: by its notice, or as ``actor`` says."""
        word = ChannelRefund(
            out_refund_no=refund.out_refund_no,
            state=state,
            channel_refund_no=f"C-{refund.refund_no}",
            amount=amount if amount is not None else refund.amount,
            succeeded_at=now if state is ChannelRefundState.SUCCEEDED else None,
        )
        return await self.database.run(
            lambda tx: record_refund(tx, now=now, channel="wechatpay", said=word, actor=actor)
        )

    async def refund_now(self, refund: Refund) -> Refund:
        """As it is now."""
        async with self.database.transaction() as tx:
            found = await read_refund(tx, refund.id)
        assert found is not None
        return found

    async def books(self) -> dict[str, int]:
        """Every balance that is not zero."""
        async with self.database.transaction() as tx:
            return await books(tx)

    async def posted(self) -> int:
        """How many ledger transactions there are."""
        async with self.database.transaction() as tx:
            return await count_transactions(tx)

    async def broken(self) -> list[str]:
        """Invariants that do not hold."""
        async with self.database.transaction() as tx:
            return await broken(tx)


async def open_shop(database: Database, fee_rate: Decimal = FEE_RATE) -> Shop:
    platform = await database.run(lambda tx: register_platform(tx, now=NOW, name="mall"))
    for merchant_no in MERCHANTS:
        await database.run(
            lambda tx, merchant_no=merchant_no: register_merchant(
                tx, now=NOW, platform=platform, merchant_no=merchant_no, name=f"Merchant {merchant_no}"
            )
        )
    return Shop(database, platform, fee_rate)
