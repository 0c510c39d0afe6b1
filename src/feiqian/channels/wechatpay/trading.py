"""Orders at WeChat Pay, whichever way they are paid.

Source: the official pages on placing, querying, closing and taking back orders (basic payment and 付款码支付), for
direct merchants (/v3/pay/transactions) and for service providers (/v3/pay/partner/transactions).
"""

from datetime import datetime
from urllib.parse import quote

import msgspec

from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import (
    AlreadyPaid,
    AwaitBuyer,
    ChannelPayment,
    ChannelPaymentState,
    OrderKey,
    PaymentMethod,
    Prepaid,
    PrepayRequest,
    SubMerchant,
)
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.errors import BUYER_SHORT, ORDER_CLOSED, TRADE_REFUSED, UNREADABLE, error_of
from feiqian.channels.wechatpay.gateway import Gateway
from feiqian.channels.wechatpay.orders import PLACES, next_step, order_no, order_of, parties

ACCEPTED = 202
"""The HTTP status of a payment code whose owner has to type a password (USERPAYING)."""

_encode = msgspec.json.Encoder().encode
_placed = msgspec.json.Decoder(wire.Placed)
_transaction = msgspec.json.Decoder(wire.Transaction)
_reversed = msgspec.json.Decoder(wire.Reversed)


class Trading:
    """Takes money from buyers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        """Place an order. ``out_trade_no`` is 6 to 32 of ``0-9A-Za-z_-|*``.

        A payment code is charged by the call itself: it ends paid, or awaits the buyer's password.
        """
        order = order_of(request, self._gateway.config)
        target = f"{_base(request.sub_merchant)}/{PLACES[request.method]}"
        if request.method is PaymentMethod.WECHATPAY_BARCODE:
            return await self._charge(target, order, request, now)
        placed = await self._gateway.post(target, order, _placed, now=now)
        try:
            step = next_step(
                placed, request, config=self._gateway.config, signer=self._gateway.signer, now=now
            )
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        return Prepaid(step)

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """Where an order stands."""
        who = parties(self._gateway.config, order.sub_merchant)
        asking = "&".join(f"{name}={value}" for name, value in who.items() if name.endswith("mchid"))
        try:
            transaction = await self._gateway.get(f"{_target(order)}?{asking}", _transaction, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelPayment(
                    out_trade_no=order.out_trade_no, state=ChannelPaymentState.UNKNOWN_TO_CHANNEL
                )
            raise
        return self._read_payment(transaction, order)

    async def close(self, order: OrderKey, *, now: datetime) -> None:
        """Make an unpaid order unpayable. One by a payment code is taken back: if it was paid, the money goes back."""
        who = parties(self._gateway.config, order.sub_merchant)
        try:
            if order.method is PaymentMethod.WECHATPAY_BARCODE:
                said = await self._gateway.post(
                    f"{_target(order)}/reverse", wire.CloseOrder(**who), _reversed, now=now
                )
                _check_order(said.out_trade_no, order.out_trade_no)
                return
            numbers = {name: value for name, value in who.items() if name.endswith("mchid")}
            body = _encode(wire.CloseOrder(**numbers))
            await self._gateway.call("POST", f"{_target(order)}/close", body=body, now=now)
        except ChannelFailed as error:
            if error.code != "channel_order_closed":
                raise

    async def _charge(self, target: str, order: wire.Order, request: PrepayRequest, now: datetime) -> Prepaid:
        try:
            answer = await self._gateway.call("POST", target, body=_encode(order), now=now)
        except ChannelFailed as error:
            if error.code == "channel_buyer_paying":
                return Prepaid(AwaitBuyer())
            if error.code == "channel_balance_insufficient":
                # The same code as for a merchant without money, here about the buyer.
                raise error_of(BUYER_SHORT, code=error.channel_code, message=error.channel_message) from error
            raise
        if answer.status == ACCEPTED:
            return Prepaid(AwaitBuyer())
        transaction = self._gateway.decode(_transaction, answer)
        key = OrderKey(
            out_trade_no=request.out_trade_no,
            method=request.method,
            placed_at=request.placed_at,
            sub_merchant=request.sub_merchant,
        )
        payment = self._read_payment(transaction, key)
        match payment.state:
            case ChannelPaymentState.PAID | ChannelPaymentState.REFUNDED:
                return Prepaid(AlreadyPaid(payment))
            case ChannelPaymentState.CLOSED:
                raise error_of(ORDER_CLOSED, code=transaction.trade_state)
            case ChannelPaymentState.FAILED:
                raise error_of(TRADE_REFUSED, code=transaction.trade_state)
            case _:
                return Prepaid(AwaitBuyer())

    def _read_payment(self, transaction: wire.Transaction, order: OrderKey) -> ChannelPayment:
        """Raises: ChannelUnknown when the answer is about something else or not of its form."""
        config = self._gateway.config
        _check_order(transaction.out_trade_no, order.out_trade_no)
        asked = (config.mchid, order.sub_merchant.mchid if order.sub_merchant else None)
        if (transaction.account, transaction.sub_mchid) != asked:
            raise error_of(
                UNREADABLE, message=f"the answer is for {transaction.account} {transaction.sub_mchid or ''}"
            )
        try:
            return wire.payment_of(transaction, appid=config.appid)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error


def _base(sub_merchant: SubMerchant | None) -> str:
    return "/v3/pay/partner/transactions" if sub_merchant else "/v3/pay/transactions"


def _target(order: OrderKey) -> str:
    return f"{_base(order.sub_merchant)}/out-trade-no/{quote(order_no(order.out_trade_no), safe='')}"


def _check_order(said: str, asked: str) -> None:
    if said != asked:
        raise error_of(UNREADABLE, message=f"the answer is about order {said}")
