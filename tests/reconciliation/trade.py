"""Trade on our side through the payments domain, and bills as a channel would write them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
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
)
from feiqian.infra.database import Database
from feiqian.infra.invariants import check
from feiqian.kernel.calendar import local
from feiqian.kernel.ids import new_id, parse_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, balances
from feiqian.members import register_merchant, register_platform
from feiqian.payments import Actor, NewLine, NewPayment, Payment, find_channel_lines, request_refund
from feiqian.payments.confirming import Paid, confirm
from feiqian.payments.model import Route
from feiqian.payments.operations import create_payment
from feiqian.payments.refunds import record_refund, record_refund_refused
from feiqian.reconciliation import INVARIANTS, ReconciledDay, ReconciledItem, items, reconcile_day

CHANNEL = "wechatpay"
ROUTE = Route(
    method=PaymentMethod.WECHATPAY_NATIVE,
    channels=(CHANNEL,),
    notify_url="https://feiqian.test/callbacks/wechatpay",
    lifetime_max=timedelta(days=7),
)
MONDAY = date(2026, 3, 2)
TUESDAY = MONDAY + timedelta(days=1)
WEDNESDAY = MONDAY + timedelta(days=2)
NOON = local(MONDAY, 12)
LAST_MINUTE = local(MONDAY, 23, 59)
FIRST_MINUTE = local(TUESDAY, 0, 1)


class Trade:
    """What happened on our side. Every payment and refund has a short name, which is also its order or refund number."""

    def __init__(self, database: Database, platform: UUID) -> None:
        self.database = database
        self._platform = platform
        self._payments: dict[str, Payment] = {}
        self._nos: dict[str, str] = {}

    def no(self, name: str) -> str:
        """Our number at the channel; a name that was never used here is its own number."""
        return self._nos.get(name, name)

    def name(self, no: str) -> str:
        return next((name for name, known in self._nos.items() if known == no), no)

    async def order(self, name: str, amount: int, at: datetime = NOON) -> None:
        """An order that nobody has paid yet."""
        asked = NewPayment(
            order_no=name,
            amount=amount,
            currency="CNY",
            description=name,
            lines=[NewLine(merchant_no="S10", amount=amount)],
        )
        payment = await self.database.run(
            lambda tx: create_payment(
                tx,
                now=at,
                platform=self._platform,
                id=new_id(at),
                fee_rate=Decimal("0.006"),
                asked=asked,
                route=ROUTE,
            )
        )
        self._payments[name] = payment
        self._nos[name] = payment.out_trade_no

    async def pay(self, name: str, at: datetime = NOON, heard: datetime | None = None) -> None:
        """The channel says that the buyer paid, at its own time; we hear of it then or later."""
        payment = self._payments[name]
        said = ChannelPayment(
            out_trade_no=payment.out_trade_no,
            state=ChannelPaymentState.PAID,
            transaction_no=f"channel-{name}",
            amount=payment.amount,
            currency="CNY",
            mchid="1900000001",
            appid="wx1",
            paid_at=at,
        )
        identity = ChannelIdentity("1900000001", "wx1")
        paid = Paid(order=said, actor=Actor.CHANNEL, channel=CHANNEL, identity=identity)
        await self.database.run(lambda tx: confirm(tx, now=heard or at, paid=[paid]))

    async def sale(self, name: str, amount: int, at: datetime = NOON) -> None:
        """An order that was paid."""
        await self.order(name, amount, at)
        await self.pay(name, at)

    async def ask_refund(self, name: str, of: str, amount: int, at: datetime = NOON) -> None:
        """A refund that the channel has not confirmed."""
        refund = await self.database.run(
            lambda tx: request_refund(
                tx,
                now=at,
                platform=self._platform,
                payment_id=self._payments[of].id,
                refund_no=name,
                amount=amount,
                reason="returned",
                within=timedelta(days=365),
            )
        )
        self._nos[name] = refund.out_refund_no

    async def refunded(self, name: str, at: datetime = NOON, heard: datetime | None = None) -> None:
        """The channel says that the buyer has the money."""
        said = ChannelRefund(
            out_refund_no=self._nos[name],
            state=ChannelRefundState.SUCCEEDED,
            channel_refund_no=f"channel-{name}",
            succeeded_at=at,
        )
        await self.database.run(
            lambda tx: record_refund(tx, now=heard or at, channel=CHANNEL, said=said, actor=Actor.CHANNEL)
        )

    async def refund_refused(self, name: str, at: datetime = NOON) -> None:
        """The channel refused a refund for good."""
        async with self.database.transaction() as tx:
            (line,) = await find_channel_lines(
                tx, channel=CHANNEL, payment_nos=[], refund_nos=[self._nos[name]]
            )
        id = parse_id("refund", line.our_id)
        await self.database.run(lambda tx: record_refund_refused(tx, now=at, refund_id=id, reason="refused"))

    async def refund(self, name: str, of: str, amount: int, at: datetime = NOON) -> None:
        """A refund that succeeded."""
        await self.ask_refund(name, of, amount, at)
        await self.refunded(name, at)

    def paid(
        self, name: str, amount: int, *, fee: int = 0, at: datetime = NOON, channel_no: str | None = None
    ) -> BillLine:
        """A payment on the bill."""
        return self._line(BillKind.PAYMENT, name, amount, fee=fee, at=at, channel_no=channel_no)

    def returned(
        self,
        name: str,
        amount: int,
        *,
        fee: int = 0,
        at: datetime = NOON,
        state: BillState = BillState.SUCCEEDED,
    ) -> BillLine:
        """A refund on the bill."""
        return self._line(BillKind.REFUND, name, amount, fee=fee, at=at, state=state)

    def _line(
        self,
        kind: BillKind,
        name: str,
        amount: int,
        *,
        fee: int,
        at: datetime,
        channel_no: str | None = None,
        state: BillState = BillState.SUCCEEDED,
    ) -> BillLine:
        return BillLine(
            kind=kind,
            out_no=self.no(name),
            channel_no=channel_no or f"channel-{name}",
            out_trade_no=self.no(name),
            transaction_no=f"channel-{name}",
            amount=amount,
            currency="CNY",
            state=state,
            fee=fee,
            rate="0.60%",
            occurred_at=at,
        )

    async def reconcile(self, day: date, *lines: BillLine, at: datetime | None = None) -> ReconciledDay:
        """Compare a day with a bill of these lines, at 10:05 on the day after."""
        now = at or local(day + timedelta(days=1), 10, 5)
        whole = bill(day, *lines)
        return await self.database.run(
            lambda tx: reconcile_day(tx, now=now, channel=CHANNEL, day=day, bill=whole)
        )

    async def items(self, day: date) -> list[ReconciledItem]:
        async with self.database.transaction() as tx:
            return await items(tx, channel=CHANNEL, day=day, limit=1_000)

    async def table(self, day: date) -> list[tuple[object, ...]]:
        """A day's items as (name, status, our amount, their amount, resolved on)."""
        return [
            (self.name(row.no), row.status.value, row.our_amount, row.their_amount, row.resolved_on)
            for row in await self.items(day)
        ]

    async def notes(self, day: date) -> dict[str, str | None]:
        return {self.name(row.no): row.note and row.note.value for row in await self.items(day)}

    async def books(self) -> dict[str, int]:
        """What the accounts that a channel's settlement moves show now."""
        refs = {
            "channel": AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, CHANNEL, "CNY"),
            "bank": AccountRef(PLATFORM_BOOK, AccountCode.BANK_CUSTODY, "bank", "CNY"),
            "cost": AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_COST, CHANNEL, "CNY"),
        }
        async with self.database.transaction() as tx:
            found = await balances(tx, refs=list(refs.values()))
        return {name: found[ref] for name, ref in refs.items()}

    async def broken(self) -> set[str]:
        """Names of the invariants that do not hold."""
        async with self.database.transaction() as tx:
            findings = await check(tx, domain="reconciliation", invariants=INVARIANTS)
        return {finding.name for finding in findings if finding.violations}


async def open_trade(database: Database) -> Trade:
    """A platform with one merchant, before its first order."""
    platform = await database.run(lambda tx: register_platform(tx, now=NOON, name="mall"))
    await database.run(
        lambda tx: register_merchant(tx, now=NOON, platform=platform, merchant_no="S10", name="Supplier 10")
    )
    return Trade(database, platform)


def bill(day: date, *lines: BillLine) -> Bill:
    """A whole bill of these lines."""
    payments = [line for line in lines if line.kind is BillKind.PAYMENT]
    refunds = [line for line in lines if line.kind is BillKind.REFUND]
    return Bill(
        day=day,
        lines=lines,
        summary=BillSummary(
            line_count=len(lines),
            payment_amount=sum(line.amount for line in payments),
            refund_amount=sum(line.amount for line in refunds),
            fee=sum(line.fee for line in lines),
        ),
    )
