"""Pre-authorisation (预授权) at UnionPay: what was held is captured once, in part or whole, or released whole.

Nobody is notified of either: they are asked for, and the caller repeats the call with the same number until it is done.
"""

from datetime import datetime

import msgspec

from feiqian.channels.errors import ChannelError
from feiqian.channels.model import ChannelPayment, ChannelPaymentState, OrderKey
from feiqian.channels.unionpay.errors import ORDER_UNKNOWN, UNREADABLE, error_of, meaning_of
from feiqian.channels.unionpay.gateway import BACK, Gateway
from feiqian.channels.unionpay.messages import order_no
from feiqian.channels.unionpay.orders import biz_type, find
from feiqian.channels.unionpay.outcomes import payment_of
from feiqian.kernel.money import check_amount

CAPTURE, RELEASE = "03", "32"
"""txnType of what follows a hold."""
_REPEATED = "12"


async def capture(
    gateway: Gateway, order: OrderKey, *, capture_no: str, amount: int, requested_at: datetime, now: datetime
) -> ChannelPayment:
    """Take a part of what is held; the rest is free.

    PAID says that it is done: ``transaction_no`` and ``amount`` are then the capture's, and refunds go by them. NOT_PAID says
    that it is under way, FAILED that it was refused afterwards and the amount is still held.
    """
    query_id = order.transaction_no or (await _held(gateway, order, now=now))["queryId"]
    return await _follow(
        gateway,
        order,
        kind=CAPTURE,
        number=order_no(capture_no, "capture_no"),
        amount=check_amount(amount),
        query_id=query_id,
        at=requested_at,
        now=now,
    )


async def release(
    gateway: Gateway, order: OrderKey, *, release_no: str, requested_at: datetime, now: datetime
) -> ChannelPayment:
    """Let all of it go. CLOSED says that it is done, NOT_PAID that it is under way, FAILED that it was refused."""
    held = await _held(gateway, order, now=now)
    followed = await _follow(
        gateway,
        order,
        kind=RELEASE,
        number=order_no(release_no, "release_no"),
        amount=int(held["txnAmt"]),
        query_id=held["queryId"],
        at=requested_at,
        now=now,
    )
    if followed.state is not ChannelPaymentState.PAID:
        return followed
    return ChannelPayment(
        out_trade_no=order.out_trade_no, state=ChannelPaymentState.CLOSED, mchid=followed.mchid
    )


async def _held(gateway: Gateway, order: OrderKey, *, now: datetime) -> dict[str, str]:
    """The hold as UnionPay has it: its queryId, and its amount, which a release has to name."""
    said = await find(gateway, order_no(order.out_trade_no), at=order.placed_at, now=now)
    if said is None:
        raise error_of(ORDER_UNKNOWN)
    if not said.get("queryId") or not said.get("txnAmt", "").isdecimal():
        raise error_of(UNREADABLE, message="the hold has no queryId or amount")
    return said


async def _follow(
    gateway: Gateway,
    order: OrderKey,
    *,
    kind: str,
    number: str,
    amount: int,
    query_id: str,
    at: datetime,
    now: datetime,
) -> ChannelPayment:
    """Ask, and look how it stands: the answer says only that it was accepted, now or before."""
    fields = gateway.common(kind, "00", biz_type(order.method), at=at) | {
        "orderId": number,
        "origQryId": query_id,
        "txnAmt": str(amount),
        "backUrl": gateway.silent_url,
    }
    try:
        await gateway.call(BACK, fields, now=now)
    except ChannelError as error:
        if error.channel_code != _REPEATED:
            raise
    said = await find(gateway, number, at=at, now=now)
    if said is None:
        # Accepted a moment ago and not in what queries see yet.
        return ChannelPayment(out_trade_no=order.out_trade_no, state=ChannelPaymentState.NOT_PAID)
    if said.get("origQryId", query_id) != query_id:
        raise error_of(meaning_of(_REPEATED), code=_REPEATED, message=f"{number} goes back to another hold")
    try:
        payment = payment_of(said, said["origRespCode"])
    except (ValueError, KeyError) as error:
        raise error_of(UNREADABLE, message=str(error)) from error
    # CLOSED is for the caller to say: here every way of not being done is a refusal.
    refused = payment.state is ChannelPaymentState.CLOSED
    state = ChannelPaymentState.FAILED if refused else payment.state
    return msgspec.structs.replace(payment, out_trade_no=order.out_trade_no, state=state)
