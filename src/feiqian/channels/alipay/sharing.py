"""Splits (分账) of paid orders at Alipay.

Source: the official pages of alipay.trade.royalty.relation.bind, alipay.trade.order.settle, alipay.trade.order.settle.query
and of alipay.trade.refund (refund_royalty_parameters).
"""

import hashlib
import re
from datetime import datetime

import msgspec

from feiqian.channels.alipay import wire
from feiqian.channels.alipay.errors import UNREADABLE, UNSUPPORTED, error_of
from feiqian.channels.alipay.gateway import Gateway
from feiqian.channels.alipay.terms import TERMS
from feiqian.channels.alipay.trading import one_line
from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import (
    ChannelSplit,
    ChannelSplitReturn,
    OrderKey,
    Receiver,
    SplitKey,
    SplitPart,
    SplitPartResult,
    SplitPartState,
    SplitRequest,
    SplitReturnRequest,
)
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

_DESCRIPTION_MAX = 1000
_MEMO_MAX = 300
_NUMBER = re.compile(r"[0-9A-Za-z_\-]{1,64}")

_bound = msgspec.json.Decoder(wire.Bound)
_settled = msgspec.json.Decoder(wire.Settled)
_settlement = msgspec.json.Decoder(wire.SettlementFound)


class _Royalty(msgspec.Struct, frozen=True, kw_only=True):
    trans_in: str
    trans_in_type: str
    amount: str
    desc: str
    royalty_type: str = "transfer"


class _Finish(msgspec.Struct, frozen=True):
    royalty_finish: str
    """true: what is still frozen of the order is ours."""


class _Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.trade.order.settle."""

    out_request_no: str
    trade_no: str
    extend_params: _Finish
    royalty_mode: str
    royalty_parameters: tuple[_Royalty, ...]


class _SettlementNo(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.trade.order.settle.query."""

    out_request_no: str
    trade_no: str


class _Entity(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    account: str
    name: str
    memo: str


class _Binding(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.trade.royalty.relation.bind."""

    out_request_no: str
    receiver_list: tuple[_Entity, ...]


class Sharing:
    """Splits paid orders among receivers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def add_receiver(self, receiver: Receiver, *, now: datetime) -> None:
        """Introduce a receiver by Alipay number, sign-in name or open id; again does no harm."""
        entity = _Entity(
            type=wire.kind_of_account(receiver.account_no).in_splits,
            account=receiver.account_no,
            name=receiver.name,
            memo=one_line(receiver.relation, _MEMO_MAX),
        )
        # The same content always goes under the same number, so that a repetition is recognised.
        number = hashlib.sha256(msgspec.json.encode(entity)).hexdigest()[:32]
        bound = await self._gateway.call(
            "alipay.trade.royalty.relation.bind",
            _Binding(out_request_no=number, receiver_list=(entity,)),
            _bound,
            now=now,
        )
        if bound.result_code != "SUCCESS":
            raise error_of(UNREADABLE, message=f"result_code is {bound.result_code!r}")

    async def split(self, request: SplitRequest, *, now: datetime) -> ChannelSplit:
        """Ask for a split; it is carried out later, and a query says how each part ended.

        Raises: ChannelFailed without parts: Alipay documents no way to give only the rest back.
        """
        terms = TERMS.splits
        if terms is not None and len(request.parts) > terms.parts_max:
            raise InvalidRequest(field="parts", reason=f"must be at most {terms.parts_max} at Alipay")
        if not request.parts:
            raise error_of(UNSUPPORTED, message="the rest is given back with the last part, not by itself")
        content = _Settlement(
            out_request_no=_split_no(request.out_split_no),
            trade_no=_trade_no(request.order),
            royalty_parameters=tuple(_royalty(part) for part in request.parts),
            extend_params=_Finish("true" if request.finish else "false"),
            royalty_mode="async",
        )
        settled = await self._gateway.call("alipay.trade.order.settle", content, _settled, now=now)
        if settled.trade_no not in (None, content.trade_no):
            raise error_of(UNREADABLE, message=f"the answer is about {settled.trade_no}")
        return ChannelSplit(
            out_split_no=request.out_split_no,
            known=True,
            channel_split_no=settled.settle_no,
            parts=tuple(
                SplitPartResult(account_no=part.account_no, amount=part.amount, state=SplitPartState.PENDING)
                for part in request.parts
            ),
        )

    async def query_split(self, split: SplitKey, *, now: datetime) -> ChannelSplit:
        """Where a split stands."""
        content = _SettlementNo(out_request_no=_split_no(split.out_split_no), trade_no=_trade_no(split.order))
        try:
            found = await self._gateway.call("alipay.trade.order.settle.query", content, _settlement, now=now)
        except ChannelFailed as error:
            # Which code says so is not documented; a repetition under the same number does no harm.
            if error.channel_code.endswith("_NOT_EXIST"):
                return ChannelSplit(out_split_no=split.out_split_no, known=False)
            raise
        if found.out_request_no not in (None, split.out_split_no):
            raise error_of(UNREADABLE, message=f"the answer is about split {found.out_request_no}")
        try:
            parts = tuple(
                wire.part_of(detail)
                for detail in found.royalty_detail_list
                if detail.operation_type == "transfer"
            )
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        return ChannelSplit(
            out_split_no=split.out_split_no,
            known=True,
            finished=bool(parts) and all(part.state is not SplitPartState.PENDING for part in parts),
            parts=parts,
        )

    async def return_split(
        self,
        request: SplitReturnRequest,
        *,
        now: datetime,  # noqa: ARG002 (nothing is sent)
    ) -> ChannelSplitReturn:
        """Raises: ChannelFailed. Alipay takes a part back only together with a refund of the order.

        Payments by code give parts back in proportion by themselves when they are refunded.
        """
        raise error_of(
            UNSUPPORTED, message=f"{request.account_no} gives a part back only when the order is refunded"
        )

    async def query_split_return(
        self,
        request: SplitReturnRequest,  # noqa: ARG002 (nothing is sent)
        *,
        now: datetime,  # noqa: ARG002
    ) -> ChannelSplitReturn | None:
        """None: there is no such thing at Alipay."""
        return None


def _royalty(part: SplitPart) -> _Royalty:
    return _Royalty(
        trans_in=part.account_no,
        trans_in_type=wire.kind_of_account(part.account_no).in_splits,
        amount=wire.yuan(check_amount(part.amount)),
        desc=one_line(part.description, _DESCRIPTION_MAX),
    )


def _trade_no(order: OrderKey) -> str:
    if not order.transaction_no:
        raise InvalidRequest(field="transaction_no", reason="must be given: Alipay splits by its own number")
    return order.transaction_no


def _split_no(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(field="out_split_no", reason="must be 1 to 64 letters, digits, _ or -")
    return text
