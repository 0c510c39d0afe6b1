"""UnionPay's online gateway 5.1.0 for one merchant: orders, refunds, holds, payouts, bills, notices.

Our numbers are UnionPay's ``orderId`` unchanged (8 to 32 letters and digits), one for each transaction: an order's
out_trade_no, a refund's out_refund_no, a payout's out_transfer_no, and the numbers of captures and releases. UnionPay
knows a transaction by that number and its ``txnTime``, which is when it was asked for (placed_at, requested_at): both must
be the same in every repetition and every query. A number that comes again is answered as a repetition, never done twice.
UnionPay takes a time near its own clock only: what could not be sent for long is refused (10) and needs a new number.

Sources: UnionPay's demos and SDK as published in playniuniu/python-unionpay, smartwalle/unionpay, lokielse/omnipay-unionpay.
"""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from feiqian.channels.errors import BillMissing, ChannelFailed
from feiqian.channels.model import (
    Bill,
    ChannelIdentity,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTerms,
    ChannelTransfer,
    Notice,
    NoticeAnswer,
    OrderKey,
    PaymentMethod,
    PostForm,
    Prepaid,
    PrepayRequest,
    RefundKey,
    RefundRequest,
    TransferBatch,
    TransferKey,
    TransferRequest,
)
from feiqian.channels.unionpay import holds, payouts
from feiqian.channels.unionpay.bills import bill_of
from feiqian.channels.unionpay.config import UnionPayConfig
from feiqian.channels.unionpay.errors import (
    FILE_MISSING,
    ORDER_LAPSED,
    ORDER_PAID,
    STILL_PAYABLE,
    UNREADABLE,
    error_of,
)
from feiqian.channels.unionpay.gateway import BACK, CALL_TIMEOUT_S, Gateway
from feiqian.channels.unionpay.messages import CURRENCY, order_no
from feiqian.channels.unionpay.notices import read_notice
from feiqian.channels.unionpay.orders import biz_type, find, front_fields
from feiqian.channels.unionpay.outcomes import payment_of, refund_of
from feiqian.channels.unionpay.settlement import Settlement, read_settlement
from feiqian.channels.unionpay.terms import TERMS
from feiqian.infra.http import HttpClient
from feiqian.kernel.calendar import local
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

_FILE_LATE = 12
"""Beijing hour of the next day from which a file that is not there is taken for a day on which nothing moved."""


class UnionPay:
    """One merchant at UnionPay: a TradeChannel, a HoldingChannel, and both kinds of transferring.

    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(
        self, *, config: UnionPayConfig, http: HttpClient, timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        self._gateway = Gateway(config=config, http=http, timeout_s=timeout_s)

    @property
    def terms(self) -> ChannelTerms:
        """What UnionPay allows."""
        return TERMS

    @property
    def identity(self) -> ChannelIdentity:
        """Our merchant number; UnionPay knows no applications."""
        return ChannelIdentity(self._gateway.mer_id, None)

    async def probe(self, *, now: datetime) -> None:
        """Ask about an order that does not exist: an answer shows that both sides' keys work."""
        key = OrderKey(out_trade_no="probe00000", method=PaymentMethod.UNIONPAY_B2C, placed_at=now)
        await self.query(key, now=now)

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        """A form for the buyer's browser to post. Nothing is called: UnionPay hears of the order when it is posted.

        Until then a query answers ``unknown_to_channel``, and yet the form can be posted until the order's time is
        over: such an order is dead at ``expires_at``, not before.
        """
        fields = front_fields(self._gateway, request)
        if now >= request.expires_at:
            raise error_of(ORDER_LAPSED)
        url, signed = self._gateway.front_form(fields)
        return Prepaid(PostForm(url, signed))

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """Where an order stands. It stays PAID whatever is refunded; PAID of one that only reserves means: held."""
        said = await find(self._gateway, order_no(order.out_trade_no), at=order.placed_at, now=now)
        if said is None:
            return ChannelPayment(
                out_trade_no=order.out_trade_no, state=ChannelPaymentState.UNKNOWN_TO_CHANNEL
            )
        try:
            return payment_of(said, said["origRespCode"])
        except (ValueError, KeyError) as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def close(self, order: OrderKey, *, now: datetime) -> None:
        """Nothing can be closed at UnionPay: an order ends by itself when its time is over (payTimeout).

        So this asks, and returns when the order cannot be paid any more. While it may still be, also by a form that
        was handed out and not posted yet, it is refused as ``channel_order_still_payable``.
        """
        standing = await self.query(order, now=now)
        lapsed = now >= order.placed_at + TERMS.methods[order.method].lifetime_max
        match standing.state:
            case ChannelPaymentState.FAILED | ChannelPaymentState.CLOSED:
                return
            case ChannelPaymentState.PAID:
                raise error_of(ORDER_PAID)
            case ChannelPaymentState.UNKNOWN_TO_CHANNEL if lapsed:
                return
            case _:
                raise error_of(STILL_PAYABLE)

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Ask for a refund. It needs the order's ``transaction_no``: of an order that was held, the capture's."""
        check_amount(request.amount)
        if request.currency != CURRENCY:
            raise InvalidRequest(field="currency", reason="must be CNY at UnionPay")
        if not request.order.transaction_no:
            raise InvalidRequest(field="order.transaction_no", reason="must be given at UnionPay")
        kind = biz_type(request.order.method)
        fields = self._gateway.common("04", "00", kind, at=request.requested_at) | {
            "orderId": order_no(request.out_refund_no, "out_refund_no"),
            "origQryId": request.order.transaction_no,
            "txnAmt": str(request.amount),
            "backUrl": request.notify_url or self._gateway.silent_url,
        }
        answer = await self._gateway.call(BACK, fields, now=now)
        return ChannelRefund(
            out_refund_no=request.out_refund_no,
            state=ChannelRefundState.PROCESSING,
            out_trade_no=request.order.out_trade_no,
            channel_refund_no=answer.get("queryId"),
            amount=request.amount,
            currency=CURRENCY,
        )

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        """Where a refund stands."""
        number = order_no(refund.out_refund_no, "out_refund_no")
        said = await find(self._gateway, number, at=refund.requested_at, now=now)
        if said is None:
            return ChannelRefund(out_refund_no=number, state=ChannelRefundState.UNKNOWN_TO_CHANNEL)
        try:
            return refund_of(said, said["origRespCode"])
        except (ValueError, KeyError) as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def capture(
        self, order: OrderKey, *, capture_no: str, amount: int, requested_at: datetime, now: datetime
    ) -> ChannelPayment:
        """Take what was held, once and up to 115 % of it (02/01 → 03)."""
        return await holds.capture(
            self._gateway, order, capture_no=capture_no, amount=amount, requested_at=requested_at, now=now
        )

    async def release(
        self, order: OrderKey, *, release_no: str, requested_at: datetime, now: datetime
    ) -> ChannelPayment:
        """Let all that was held go (02/01 → 32)."""
        return await holds.release(
            self._gateway, order, release_no=release_no, requested_at=requested_at, now=now
        )

    async def transfer(self, request: TransferRequest, *, now: datetime) -> ChannelTransfer:
        """Ask for a payout to a card, or to a company's account; it is reported later."""
        return await payouts.transfer(self._gateway, request, now=now)

    async def query_transfer(self, transfer: TransferKey, *, now: datetime) -> ChannelTransfer:
        """Where a payout stands. ``requested_at`` of one that went out in a batch is the batch's.

        After ``unknown_to_channel`` only the same number may be sent again: UnionPay may know it after all.
        """
        return await payouts.query_transfer(self._gateway, transfer, now=now)

    async def transfer_batch(self, batch: TransferBatch, *, now: datetime) -> None:
        """Hand a batch over."""
        await payouts.transfer_batch(self._gateway, batch, now=now)

    async def query_batch(
        self, batch_no: str, *, requested_at: datetime, now: datetime
    ) -> Mapping[str, ChannelTransfer] | None:
        """The transfers of a batch by our number; empty while it is not finished, None when it was never accepted."""
        return await payouts.query_batch(self._gateway, batch_no, requested_at=requested_at, now=now)

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """Payments and refunds of the settlement day that ended at 23:00 of ``day``; from 09:00 of the next day.

        Raises: BillMissing, BillDamaged, ChannelFailed, ChannelUnknown.
        """
        return bill_of(await self.download_settlement(day, now=now))

    async def download_settlement(self, day: date, *, now: datetime) -> Settlement:
        """All of a settlement day: also the payouts, and what was corrected, such as payouts that came back.

        Raises: BillMissing, BillDamaged, ChannelFailed, ChannelUnknown.
        """
        asked = self._gateway.common("76", "01", "000000", at=now) | {
            "fileType": "00",
            "settleDate": f"{day:%m%d}",
        }
        try:
            answer = await self._gateway.download(asked, now=now)
        except ChannelFailed as error:
            if error.code != FILE_MISSING.our_code:
                raise
            final = now >= local(day + timedelta(days=1), _FILE_LATE)
            raise BillMissing(day=day, channel_code=error.channel_code, nothing_moved=final) from error
        content, mer_id = answer.get("fileContent", ""), self._gateway.mer_id
        return await asyncio.to_thread(lambda: read_settlement(content, day=day, mer_id=mer_id))

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """The notice behind a posted form. Raises: NoticeRefused."""
        del headers  # The signature stands in the form.
        return read_notice(self._gateway, body, now=now)

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        """200 is the only status that ends UnionPay's repetitions (after 0, 1, 2 and 4 minutes)."""
        if refusal is None:
            return NoticeAnswer(200, b"ok", "text/plain; charset=utf-8")
        return NoticeAnswer(400, refusal.encode(), "text/plain; charset=utf-8")
