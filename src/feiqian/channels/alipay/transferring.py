"""Transfers out of the merchant's balance at Alipay.

Source: the official pages of alipay.fund.trans.uni.transfer and alipay.fund.trans.common.query. They need certificates
instead of bare keys. Of bank accounts only persons' cards are served: for companies the API wants province, city and
branch by name.
"""

import re
from datetime import datetime

import msgspec

from feiqian.channels.alipay import wire
from feiqian.channels.alipay.errors import UNREADABLE, error_of
from feiqian.channels.alipay.gateway import Gateway
from feiqian.channels.alipay.terms import TERMS
from feiqian.channels.alipay.trading import one_line
from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import (
    ChannelTransfer,
    ChannelTransferState,
    Payee,
    PayeeKind,
    TransferKey,
    TransferRequest,
)
from feiqian.kernel.errors import InvalidRequest

TO_WALLET = "TRANS_ACCOUNT_NO_PWD"
TO_CARD = "TRANS_BANKCARD_NO_PWD"
SCENE = "DIRECT_TRANSFER"
_MEMO_MAX = 128
_PERSON = "2"
_NUMBER = re.compile(r"[0-9A-Za-z_\-]{1,64}")

_transfer = msgspec.json.Decoder(wire.Transfer)


class _Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    account_type: str
    bank_code: str | None = None


class _Participant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    identity: str
    identity_type: str
    name: str
    bankcard_ext_info: _Card | None = None


class _Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.fund.trans.uni.transfer."""

    out_biz_no: str
    trans_amount: str
    product_code: str
    biz_scene: str
    order_title: str
    payee_info: _Participant
    remark: str


class _TransferNo(msgspec.Struct, frozen=True, kw_only=True):
    """biz_content of alipay.fund.trans.common.query."""

    out_biz_no: str
    product_code: str
    biz_scene: str = SCENE


class Transferring:
    """Pays out to wallets and to persons' bank cards, one by one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def transfer(self, request: TransferRequest, *, now: datetime) -> ChannelTransfer:
        """Ask for a transfer. ``out_transfer_no`` is 1 to 64 letters, digits, ``_`` and ``-``.

        To a wallet it ends at once; to a card it is under way, and may come back after it has succeeded.
        """
        terms = TERMS.transfers.get(request.payee.kind)
        if terms is None:
            raise InvalidRequest(field="payee.kind", reason="must be alipay or person_bank at Alipay")
        if not terms.amount_min <= request.amount <= terms.amount_max:
            raise InvalidRequest(
                field="amount", reason=f"must be {terms.amount_min} to {terms.amount_max} fen at Alipay"
            )
        if request.currency != wire.CURRENCY:
            raise InvalidRequest(field="currency", reason="must be CNY at Alipay")
        memo = one_line(request.memo, _MEMO_MAX)
        content = _Transfer(
            out_biz_no=_transfer_no(request.out_transfer_no),
            trans_amount=wire.yuan(request.amount),
            product_code=TO_WALLET if request.payee.kind is PayeeKind.ALIPAY else TO_CARD,
            biz_scene=SCENE,
            order_title=memo,
            payee_info=_participant(request.payee),
            remark=memo,
        )
        said = await self._gateway.call(
            "alipay.fund.trans.uni.transfer", content, _transfer, now=now, notify_url=request.notify_url
        )
        transfer = _read(said, request.out_transfer_no, now)
        if transfer.amount is None:
            return msgspec.structs.replace(transfer, amount=request.amount)
        return transfer

    async def query_transfer(self, transfer: TransferKey, *, now: datetime) -> ChannelTransfer:
        """Where a transfer stands. Alipay wants to be told whether it went to a wallet or a card, so both are tried."""
        number = _transfer_no(transfer.out_transfer_no)
        for product in (TO_WALLET, TO_CARD):
            content = _TransferNo(out_biz_no=number, product_code=product)
            try:
                said = await self._gateway.call("alipay.fund.trans.common.query", content, _transfer, now=now)
            except ChannelFailed as error:
                if error.code != "channel_order_unknown":
                    raise
                continue
            return _read(said, number, now)
        return ChannelTransfer(out_transfer_no=number, state=ChannelTransferState.UNKNOWN_TO_CHANNEL)


def _read(said: wire.Transfer, out_transfer_no: str, now: datetime) -> ChannelTransfer:
    try:
        return wire.transfer_of(said, out_transfer_no=out_transfer_no, now=now)
    except ValueError as error:
        raise error_of(UNREADABLE, message=str(error)) from error


def _participant(payee: Payee) -> _Participant:
    if not payee.name:
        raise InvalidRequest(field="payee.name", reason="must be given: Alipay compares it with the holder's")
    if payee.kind is PayeeKind.PERSON_BANK:
        return _Participant(
            identity=payee.account_no,
            identity_type="BANKCARD_ACCOUNT",
            name=payee.name,
            bankcard_ext_info=_Card(account_type=_PERSON, bank_code=payee.bank_code),
        )
    return _Participant(
        identity=payee.account_no,
        identity_type=wire.kind_of_account(payee.account_no).in_transfers,
        name=payee.name,
    )


def _transfer_no(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(field="out_transfer_no", reason="must be 1 to 64 letters, digits, _ or -")
    return text
