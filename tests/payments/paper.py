"""A channel on paper: it keeps orders and refunds as any channel does, and can be told how to answer.

What is tested with it is what the gateway makes of answers; the wires are tested with the channels themselves.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta

import msgspec

from feiqian.channels import (
    METHODS,
    AlreadyPaid,
    AwaitBuyer,
    Bill,
    BillMissing,
    ChannelFailed,
    ChannelIdentity,
    ChannelKind,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTerms,
    ChannelUnknown,
    Meaning,
    MethodTerms,
    NextStep,
    Notice,
    NoticeAnswer,
    OrderKey,
    PaymentMethod,
    Prepaid,
    PrepayRequest,
    Redirect,
    RefundKey,
    RefundRequest,
    RefundTerms,
    Scene,
    ShowCode,
)

DOWN = Meaning(our_code="channel_down", english="It is down.", chinese="渠道停机。", switch=True)
"""Refused for a reason of the channel: another may take it."""
BAD = Meaning(our_code="channel_bad_order", english="The order is wrong.", chinese="订单有误。")
"""Refused for good, wherever it goes."""
BUSY = Meaning(our_code="channel_busy", english="Too many calls.", chinese="请求过多。", retryable=True)
SILENT = Meaning(our_code="channel_silent", english="No answer.", chinese="无应答。", query_first=True)
PAID_ALREADY = Meaning(our_code="order_paid", english="It is paid.", chinese="订单已支付。", query_first=True)


Answer = Meaning | str
"""How a call is answered: refused, or ``lost`` (it never arrives), ``unheard`` (done, not answered), ``at_once`` (paid)."""


class PaperOrder(msgspec.Struct):
    """An order as the channel has it."""

    request: PrepayRequest
    state: ChannelPaymentState = ChannelPaymentState.NOT_PAID
    paid_at: datetime | None = None


async def nothing(_: str) -> None:
    """What happens between the steps of a call where nothing is to happen."""


class PaperChannel:
    """One contract with one channel."""

    def __init__(
        self, kind: ChannelKind, *methods: PaymentMethod, mchid: str = "M1", appid: str | None = "A1"
    ) -> None:
        each = MethodTerms(amount_max=10**10, lifetime_max=timedelta(days=1))
        self.terms = ChannelTerms(
            kind=kind,
            methods=dict.fromkeys(methods, each),
            refunds=RefundTerms(within=timedelta(days=365), count_max=50),
        )
        self.identity = ChannelIdentity(mchid, appid)
        self.orders: dict[str, PaperOrder] = {}
        self.refunds: dict[str, RefundRequest] = {}
        self.prepay_answers: list[Answer] = []
        self.close_answers: list[Answer] = []
        """Of the next calls; after them all goes well."""
        self.calls: list[str] = []
        self.between: Callable[[str], Awaitable[None]] = nothing
        """Called before a call arrives (``prepay``) and before its answer goes out (``prepay answered``)."""

    def pay(self, out_trade_no: str, at: datetime) -> None:
        """The buyer pays."""
        order = self.orders[out_trade_no]
        assert order.state is ChannelPaymentState.NOT_PAID, order.state
        order.state, order.paid_at = ChannelPaymentState.PAID, at

    def word(self, out_trade_no: str) -> ChannelPayment:
        """What it says of an order."""
        order = self.orders.get(out_trade_no)
        if order is None:
            return ChannelPayment(out_trade_no=out_trade_no, state=ChannelPaymentState.UNKNOWN_TO_CHANNEL)
        paid = order.state is ChannelPaymentState.PAID
        return ChannelPayment(
            out_trade_no=out_trade_no,
            state=order.state,
            transaction_no=f"T-{out_trade_no}" if paid else None,
            amount=order.request.amount if paid else None,
            currency=order.request.currency if paid else None,
            mchid=self.identity.mchid,
            appid=self.identity.appid,
            paid_at=order.paid_at,
        )

    def taken(self) -> int:
        """What buyers have paid here."""
        return sum(
            order.request.amount for order in self.orders.values() if order.state is ChannelPaymentState.PAID
        )

    async def probe(self, *, now: datetime) -> None:
        self.calls.append("probe")

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        self.calls.append(f"prepay {request.out_trade_no}")
        await self.between("prepay")
        answer = self.prepay_answers.pop(0) if self.prepay_answers else ""
        if isinstance(answer, Meaning):
            raise ChannelFailed(answer)
        if answer == "lost":
            raise ChannelUnknown(SILENT)
        had = self.orders.setdefault(request.out_trade_no, PaperOrder(request))
        assert had.request == request, "an order number was used for another order"
        if answer == "at_once":
            self.pay(request.out_trade_no, now)
        await self.between("prepay answered")
        if answer == "unheard":
            raise ChannelUnknown(SILENT)
        return Prepaid(self._step(request))

    def _step(self, request: PrepayRequest) -> NextStep:
        word = self.word(request.out_trade_no)
        if word.state is ChannelPaymentState.PAID:
            return AlreadyPaid(word)
        match METHODS[request.method].scene:
            case Scene.BARCODE:
                return AwaitBuyer()
            case Scene.QR:
                return ShowCode(f"code:{request.out_trade_no}")
            case _:
                return Redirect(f"https://pay.test/{request.out_trade_no}")

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        self.calls.append(f"query {order.out_trade_no}")
        await self.between("query")
        word = self.word(order.out_trade_no)
        await self.between("query answered")
        return word

    async def close(self, order: OrderKey, *, now: datetime) -> None:
        self.calls.append(f"close {order.out_trade_no}")
        await self.between("close")
        answer = self.close_answers.pop(0) if self.close_answers else ""
        if isinstance(answer, Meaning):
            raise ChannelFailed(answer)
        had = self.orders.get(order.out_trade_no)
        if had is not None and had.state is ChannelPaymentState.PAID:
            raise ChannelFailed(PAID_ALREADY)
        if had is not None:
            had.state = ChannelPaymentState.CLOSED
        await self.between("close answered")
        if answer == "unheard":
            raise ChannelUnknown(SILENT)

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        self.calls.append(f"refund {request.out_refund_no}")
        assert self.orders[request.order.out_trade_no].state is ChannelPaymentState.PAID
        self.refunds[request.out_refund_no] = request
        return self._refunded(request, now)

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        self.calls.append(f"query_refund {refund.out_refund_no}")
        request = self.refunds.get(refund.out_refund_no)
        if request is None:
            return ChannelRefund(
                out_refund_no=refund.out_refund_no, state=ChannelRefundState.UNKNOWN_TO_CHANNEL
            )
        return self._refunded(request, now)

    def _refunded(self, request: RefundRequest, now: datetime) -> ChannelRefund:
        return ChannelRefund(
            out_refund_no=request.out_refund_no,
            state=ChannelRefundState.SUCCEEDED,
            out_trade_no=request.order.out_trade_no,
            channel_refund_no=f"C-{request.out_refund_no}",
            amount=request.amount,
            currency=request.currency,
            succeeded_at=now,
        )

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        raise BillMissing(day=day, channel_code="PAPER")

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """The body is the number of an order."""
        return Notice(id="N1", event_type="paid", payments=(self.word(body.decode()),))

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        return NoticeAnswer(200, (refusal or "success").encode(), "text/plain")
