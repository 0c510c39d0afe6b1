"""Profit sharing (分账) of paid orders at WeChat Pay.

Source: the official pages under /v3/profitsharing and the guide on profit sharing: FINISHED only says that it was tried,
each receiver's result says what became of it; what is not shared must be set free.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec

from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import (
    ChannelSplit,
    ChannelSplitReturn,
    OrderKey,
    Receiver,
    ReceiverKind,
    SplitKey,
    SplitPart,
    SplitPartResult,
    SplitPartState,
    SplitRequest,
    SplitReturnRequest,
    SubMerchant,
)
from feiqian.channels.wechatpay.errors import UNREADABLE, error_of
from feiqian.channels.wechatpay.gateway import Gateway
from feiqian.channels.wechatpay.orders import one_line
from feiqian.channels.wechatpay.terms import SPLITS
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

BASE = "/v3/profitsharing"
RELATIONS = frozenset(
    {
        "SERVICE_PROVIDER",
        "STORE",
        "STAFF",
        "STORE_OWNER",
        "PARTNER",
        "HEADQUARTER",
        "BRAND",
        "DISTRIBUTOR",
        "USER",
        "SUPPLIER",
    }
)
"""relation_type; any other word goes as a relation of our own."""
_RELATION_MAX = 10
_DESCRIPTION_MAX = 80
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
_PART_STATES = {
    "PENDING": SplitPartState.PENDING,
    "SUCCESS": SplitPartState.SUCCEEDED,
    "CLOSED": SplitPartState.FAILED,
}
"""result of a receiver -> ours."""
_RETURN_STATES = {
    "PROCESSING": SplitPartState.PENDING,
    "SUCCESS": SplitPartState.SUCCEEDED,
    "FAILED": SplitPartState.FAILED,
}
"""result of a return -> ours."""


class _Receiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/profitsharing/receivers/add."""

    appid: str
    sub_mchid: str | None = None
    sub_appid: str | None = None
    type: str
    account: str
    relation_type: str
    name: str | None = None
    custom_relation: str | None = None


class _Added(msgspec.Struct, frozen=True):
    account: str


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    account: str
    amount: int
    description: str


class _Split(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/profitsharing/orders."""

    appid: str
    sub_mchid: str | None = None
    sub_appid: str | None = None
    transaction_id: str
    out_order_no: str
    receivers: tuple[_Part, ...]
    unfreeze_unsplit: bool


class _Unfreezing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/profitsharing/orders/unfreeze."""

    sub_mchid: str | None = None
    transaction_id: str
    out_order_no: str
    description: str


class _PartFound(msgspec.Struct, frozen=True, kw_only=True):
    account: str
    amount: int
    result: str
    fail_reason: str | None = None
    detail_id: str | None = None


class _SplitFound(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to all of them."""

    transaction_id: str
    out_order_no: str
    order_id: str
    state: str
    receivers: list[_PartFound] = []


class _Return(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/profitsharing/return-orders."""

    sub_mchid: str | None = None
    out_order_no: str
    out_return_no: str
    return_mchid: str
    amount: int
    description: str


class _ReturnFound(msgspec.Struct, frozen=True, kw_only=True):
    out_order_no: str
    out_return_no: str
    return_id: str
    return_mchid: str
    amount: int
    result: str
    fail_reason: str | None = None


_added = msgspec.json.Decoder(_Added)
_split = msgspec.json.Decoder(_SplitFound)
_return = msgspec.json.Decoder(_ReturnFound)


class Sharing:
    """Splits paid orders among receivers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def add_receiver(
        self, receiver: Receiver, *, sub_merchant: SubMerchant | None = None, now: datetime
    ) -> None:
        """Introduce a receiver by merchant number or openid, as a service provider to one of our merchants.

        Again does no harm. WeChat Pay compares the name: a merchant's full name must be given, a person's may.
        """
        if receiver.kind is ReceiverKind.MERCHANT and not receiver.name:
            raise InvalidRequest(
                field="name", reason="must be given: WeChat Pay compares it with the merchant's"
            )
        known, keys = receiver.relation in RELATIONS, self._gateway.keys
        content = _Receiver(
            appid=self._gateway.config.appid,
            sub_mchid=sub_merchant.mchid if sub_merchant else None,
            sub_appid=sub_merchant.appid if sub_merchant else None,
            type=_kind(receiver.kind, sub_merchant),
            account=receiver.account_no,
            name=keys.encrypt(receiver.name) if receiver.name else None,
            relation_type=receiver.relation if known else "CUSTOM",
            custom_relation=None if known else one_line(receiver.relation, _RELATION_MAX),
        )
        added = await self._gateway.post(
            f"{BASE}/receivers/add", content, _added, now=now, encrypted_for=keys.preferred
        )
        if added.account != receiver.account_no:
            raise error_of(UNREADABLE, message=f"the answer is about receiver {added.account}")

    async def split(self, request: SplitRequest, *, now: datetime) -> ChannelSplit:
        """Ask for a split, or without parts for the rest to be set free. It is carried out later: a query says how."""
        sub = request.order.sub_merchant
        number, transaction_id = _number(request.out_split_no, "out_split_no"), _transaction(request.order)
        if not request.parts:
            if not request.finish:
                raise InvalidRequest(
                    field="parts", reason="must be given unless the split finishes the order"
                )
            freeing = _Unfreezing(
                sub_mchid=sub.mchid if sub else None,
                transaction_id=transaction_id,
                out_order_no=number,
                description="解冻全部剩余资金",
            )
            found = await self._gateway.post(f"{BASE}/orders/unfreeze", freeing, _split, now=now)
            return self._read_split(found, request.order, number)
        self._check_parts(request.parts, sub)
        content = _Split(
            appid=self._gateway.config.appid,
            sub_mchid=sub.mchid if sub else None,
            sub_appid=sub.appid if sub else None,
            transaction_id=transaction_id,
            out_order_no=number,
            receivers=tuple(_part(part, sub) for part in request.parts),
            unfreeze_unsplit=request.finish,
        )
        found = await self._gateway.post(f"{BASE}/orders", content, _split, now=now)
        return self._read_split(found, request.order, number)

    async def query_split(self, split: SplitKey, *, now: datetime) -> ChannelSplit:
        """Where a split stands."""
        number = _number(split.out_split_no, "out_split_no")
        asking = {"transaction_id": _transaction(split.order), **_sub(split.order.sub_merchant)}
        target = f"{BASE}/orders/{quote(number, safe='')}?{_query(asking)}"
        try:
            found = await self._gateway.get(target, _split, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelSplit(out_split_no=number, known=False)
            raise
        return self._read_split(found, split.order, number)

    async def return_split(self, request: SplitReturnRequest, *, now: datetime) -> ChannelSplitReturn:
        """Ask a merchant's part back; WeChat Pay knows no way to ask a person."""
        sub = request.split.order.sub_merchant
        content = _Return(
            sub_mchid=sub.mchid if sub else None,
            out_order_no=_number(request.split.out_split_no, "out_split_no"),
            out_return_no=_number(request.out_return_no, "out_return_no"),
            return_mchid=request.account_no,
            amount=check_amount(request.amount),
            description=one_line(request.reason, _DESCRIPTION_MAX),
        )
        found = await self._gateway.post(f"{BASE}/return-orders", content, _return, now=now)
        return _read_return(found, request)

    async def query_split_return(
        self, request: SplitReturnRequest, *, now: datetime
    ) -> ChannelSplitReturn | None:
        """Where a return stands; None when it was never accepted."""
        number = _number(request.out_return_no, "out_return_no")
        asking = {
            "out_order_no": _number(request.split.out_split_no, "out_split_no"),
            **_sub(request.split.order.sub_merchant),
        }
        target = f"{BASE}/return-orders/{quote(number, safe='')}?{_query(asking)}"
        try:
            found = await self._gateway.get(target, _return, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return None
            raise
        return _read_return(found, request)

    def _check_parts(self, parts: tuple[SplitPart, ...], sub: SubMerchant | None) -> None:
        if len(parts) > SPLITS.parts_max:
            raise InvalidRequest(field="parts", reason=f"must be at most {SPLITS.parts_max} at WeChat Pay")
        if len({part.account_no for part in parts}) < len(parts):
            raise InvalidRequest(field="parts", reason="must name each receiver once at WeChat Pay")
        payer = sub.mchid if sub else self._gateway.config.mchid
        if any(part.account_no == payer for part in parts):
            raise InvalidRequest(
                field="parts", reason="must be for others: the rest is the merchant's anyway"
            )

    def _read_split(self, found: _SplitFound, order: OrderKey, number: str) -> ChannelSplit:
        if (found.out_order_no, found.transaction_id) != (number, order.transaction_no):
            raise error_of(UNREADABLE, message=f"the answer is about split {found.out_order_no}")
        # What is set free is listed as a part of the merchant itself.
        payer = order.sub_merchant.mchid if order.sub_merchant else self._gateway.config.mchid
        try:
            parts = tuple(_result(one) for one in found.receivers if one.account != payer)
            if found.state not in ("PROCESSING", "FINISHED"):
                raise ValueError(f"state {found.state!r} is not known")
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        return ChannelSplit(
            out_split_no=number,
            known=True,
            finished=found.state == "FINISHED",
            channel_split_no=found.order_id,
            parts=parts,
        )


def _read_return(found: _ReturnFound, request: SplitReturnRequest) -> ChannelSplitReturn:
    said = (found.out_return_no, found.out_order_no, found.return_mchid)
    if said != (request.out_return_no, request.split.out_split_no, request.account_no):
        raise error_of(UNREADABLE, message=f"the answer is about return {found.out_return_no}")
    state = _RETURN_STATES.get(found.result)
    if state is None:
        raise error_of(UNREADABLE, message=f"result {found.result!r} is not known")
    return ChannelSplitReturn(
        out_return_no=found.out_return_no,
        state=state,
        amount=found.amount,
        channel_return_no=found.return_id,
        error_code=found.fail_reason if state is SplitPartState.FAILED else None,
    )


def _part(part: SplitPart, sub: SubMerchant | None) -> _Part:
    return _Part(
        type=_kind(part.kind, sub),
        account=part.account_no,
        amount=check_amount(part.amount),
        description=one_line(part.description, _DESCRIPTION_MAX),
    )


def _result(found: _PartFound) -> SplitPartResult:
    state = _PART_STATES.get(found.result)
    if state is None:
        raise ValueError(f"result {found.result!r} is not known")
    return SplitPartResult(
        account_no=found.account,
        amount=found.amount,
        state=state,
        channel_no=found.detail_id,
        error_code=found.fail_reason if state is SplitPartState.FAILED else None,
    )


def _kind(kind: ReceiverKind, sub: SubMerchant | None) -> str:
    """A person's openid belongs to an application: the merchant's where one is named."""
    if kind is ReceiverKind.MERCHANT:
        return "MERCHANT_ID"
    return "PERSONAL_SUB_OPENID" if sub and sub.appid else "PERSONAL_OPENID"


def _sub(sub: SubMerchant | None) -> dict[str, str]:
    return {"sub_mchid": sub.mchid} if sub else {}


def _query(asking: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in asking.items())


def _transaction(order: OrderKey) -> str:
    if not order.transaction_no:
        raise InvalidRequest(
            field="transaction_no", reason="must be given: WeChat Pay shares by its own number"
        )
    return order.transaction_no


def _number(text: str, field: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(field=field, reason="must be 1 to 64 letters, digits or _ - | * @")
    return text
