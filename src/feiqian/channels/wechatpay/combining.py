"""Combined orders (合单): several orders, of one merchant or of several, that the buyer pays at once.

Source: the official pages under /v3/combine-transactions. Paid, each is an order of its own that can be refunded and
shared under its own number; until then only the whole can be asked about and closed.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

import msgspec

from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import ChannelPayment, OrderKey, Prepaid, PrepayRequest
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.config import WechatPayConfig
from feiqian.channels.wechatpay.errors import UNREADABLE, error_of
from feiqian.channels.wechatpay.gateway import Gateway
from feiqian.channels.wechatpay.orders import PLACES, next_step, order_no, order_of, scene_of
from feiqian.channels.wechatpay.terms import COMBINED_MAX, COMBINED_MIN
from feiqian.kernel.errors import InvalidRequest

BASE = "/v3/combine-transactions"

_encode = msgspec.json.Encoder().encode
_placed = msgspec.json.Decoder(wire.Placed)
_found = msgspec.json.Decoder(wire.Combined)


class _Amount(msgspec.Struct, frozen=True):
    total_amount: int
    currency: str


class _SubOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    mchid: str
    attach: str
    amount: _Amount
    out_trade_no: str
    description: str
    sub_mchid: str | None = None
    sub_appid: str | None = None
    settle_info: wire.Settlement | None = None


class _Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/combine-transactions/{native,jsapi,h5,app}."""

    combine_appid: str
    combine_mchid: str
    combine_out_trade_no: str
    sub_orders: tuple[_SubOrder, ...]
    time_expire: str | None
    notify_url: str | None
    scene_info: wire.Scene | None = None
    combine_payer_info: wire.OrderPayer | None = None


class _Closed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    mchid: str
    out_trade_no: str
    sub_mchid: str | None = None
    sub_appid: str | None = None


class _Closing(msgspec.Struct, frozen=True):
    """POST /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close; answered 204."""

    combine_appid: str
    sub_orders: tuple[_Closed, ...]


class Combining:
    """Takes the money of several orders at once."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def prepay_combined(
        self, combined_no: str, requests: Sequence[PrepayRequest], *, now: datetime
    ) -> Prepaid:
        """Place several orders under a number of their own; buyer, times and address of notices are the first one's.

        Raises: as ``prepay``, and InvalidRequest for too few, too many, or different ways to pay.
        """
        if not COMBINED_MIN <= len(requests) <= COMBINED_MAX:
            raise InvalidRequest(field="requests", reason=f"must be {COMBINED_MIN} to {COMBINED_MAX} orders")
        first, config = requests[0], self._gateway.config
        if PLACES.get(first.method) in (None, "codepay") or any(
            one.method is not first.method for one in requests
        ):
            raise InvalidRequest(field="method", reason="must be the same for all and no payment code")
        placed_first = order_of(first, config)
        payer = placed_first.payer
        content = _Order(
            combine_appid=config.appid,
            combine_mchid=config.mchid,
            combine_out_trade_no=order_no(combined_no),
            sub_orders=tuple(_sub_order(one, config) for one in requests),
            time_expire=placed_first.time_expire,
            notify_url=placed_first.notify_url,
            scene_info=scene_of(first.method, first.buyer, config.mchid),
            combine_payer_info=wire.OrderPayer(
                openid=payer.openid or payer.sp_openid, sub_openid=payer.sub_openid
            )
            if payer
            else None,
        )
        placed = await self._gateway.post(f"{BASE}/{PLACES[first.method]}", content, _placed, now=now)
        # Whoever combines is the one that the buyer's app is opened for.
        whole = msgspec.structs.replace(first, sub_merchant=None)
        try:
            step = next_step(placed, whole, config=config, signer=self._gateway.signer, now=now)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        return Prepaid(step)

    async def query_combined(self, combined_no: str, *, now: datetime) -> tuple[ChannelPayment, ...]:
        """Where each of them stands; none when the number was never placed."""
        try:
            found = await self._gateway.get(_target(combined_no), _found, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ()
            raise
        config = self._gateway.config
        if (found.combine_out_trade_no, found.combine_mchid) != (combined_no, config.mchid):
            raise error_of(UNREADABLE, message=f"the answer is about {found.combine_out_trade_no}")
        try:
            return wire.payments_of(found)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def close_combined(self, combined_no: str, orders: Sequence[OrderKey], *, now: datetime) -> None:
        """Make all of them unpayable: all must be named. Closing twice is no error."""
        config = self._gateway.config
        content = _Closing(
            combine_appid=config.appid,
            sub_orders=tuple(
                _Closed(
                    mchid=config.mchid,
                    out_trade_no=order_no(one.out_trade_no),
                    sub_mchid=one.sub_merchant.mchid if one.sub_merchant else None,
                    sub_appid=one.sub_merchant.appid if one.sub_merchant else None,
                )
                for one in orders
            ),
        )
        try:
            await self._gateway.call("POST", f"{_target(combined_no)}/close", body=_encode(content), now=now)
        except ChannelFailed as error:
            if error.code != "channel_order_closed":
                raise


def _sub_order(request: PrepayRequest, config: WechatPayConfig) -> _SubOrder:
    order, sub = order_of(request, config), request.sub_merchant
    return _SubOrder(
        mchid=config.mchid,
        # Must be given here, unlike elsewhere.
        attach=order.attach or order.out_trade_no,
        amount=_Amount(order.amount.total, order.amount.currency),
        out_trade_no=order.out_trade_no,
        description=order.description,
        sub_mchid=sub.mchid if sub else None,
        sub_appid=sub.appid if sub else None,
        settle_info=order.settle_info,
    )


def _target(combined_no: str) -> str:
    return f"{BASE}/out-trade-no/{quote(order_no(combined_no), safe='')}"
