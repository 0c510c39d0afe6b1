"""Merchant transfers (商家转账) to WeChat wallets; most have to be confirmed by the person who gets the money.

Source: the official pages under /v3/fund-app/mch-transfer/transfer-bills: a code that is not listed says nothing about the
transfer, which may never be asked for under another number before a query has said that it failed.
"""

import re
from datetime import datetime

import msgspec

from feiqian.channels.errors import ChannelFailed
from feiqian.channels.model import (
    ChannelTransfer,
    ChannelTransferState,
    InvokeApp,
    PayeeKind,
    TransferKey,
    TransferRequest,
)
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.config import WechatPayConfig
from feiqian.channels.wechatpay.errors import NOT_CONFIGURED, UNLISTED_TRANSFER, UNREADABLE, error_of
from feiqian.channels.wechatpay.gateway import Gateway
from feiqian.channels.wechatpay.orders import check_currency, one_line
from feiqian.channels.wechatpay.signing import VerifyingKeys
from feiqian.channels.wechatpay.terms import NAME_ALLOWED_FROM, NAME_NEEDED_FROM, TRANSFER_MAX, TRANSFER_MIN
from feiqian.kernel.errors import InvalidRequest

BASE = "/v3/fund-app/mch-transfer/transfer-bills"
_MEMO_MAX = 32
_NUMBER = re.compile(r"[0-9A-Za-z]{1,32}")
_STATES = {
    "ACCEPTED": ChannelTransferState.PROCESSING,
    "PROCESSING": ChannelTransferState.PROCESSING,
    "WAIT_USER_CONFIRM": ChannelTransferState.PROCESSING,
    "TRANSFERING": ChannelTransferState.PROCESSING,
    "CANCELING": ChannelTransferState.PROCESSING,
    "SUCCESS": ChannelTransferState.SUCCEEDED,
    "FAIL": ChannelTransferState.FAILED,
    "CANCELLED": ChannelTransferState.FAILED,
}
"""state -> ours; the fourth is spelled as WeChat Pay spells it."""


class TransferToConfirm(ChannelTransfer, frozen=True, kw_only=True):
    """A transfer that waits for its payee: it fails after a day if nobody confirms."""

    confirm: InvokeApp
    """What opens the page of the confirmation inside WeChat (requestMerchantTransfer)."""


class _Report(msgspec.Struct, frozen=True):
    info_type: str
    info_content: str


class _Transfer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v3/fund-app/mch-transfer/transfer-bills."""

    appid: str
    out_bill_no: str
    transfer_scene_id: str
    openid: str
    user_name: str | None = None
    transfer_amount: int
    transfer_remark: str
    notify_url: str | None = None
    transfer_scene_report_infos: tuple[_Report, ...]


_placed = msgspec.json.Decoder(wire.TransferPlaced)
_found = msgspec.json.Decoder(wire.TransferFound)


class Transferring:
    """Pays out to wallets, one by one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def transfer(self, request: TransferRequest, *, now: datetime) -> ChannelTransfer:
        """Ask for a transfer. ``out_transfer_no`` is 1 to 32 letters and digits.

        It is a ``TransferToConfirm`` where the payee has to confirm it. Raises also ChannelFailed with
        ``channel_not_configured`` for a merchant whose credentials name no scene for transfers.
        """
        keys = self._gateway.keys
        content = _content(request, self._gateway.config, keys)
        try:
            placed = await self._gateway.post(BASE, content, _placed, now=now, encrypted_for=keys.preferred)
        except ChannelFailed as error:
            if error.code == "channel_refused":
                raise error_of(
                    UNLISTED_TRANSFER, code=error.channel_code, message=error.channel_message
                ) from error
            raise
        if placed.out_bill_no != request.out_transfer_no:
            raise error_of(UNREADABLE, message=f"the answer is about transfer {placed.out_bill_no}")
        transfer = ChannelTransfer(
            out_transfer_no=placed.out_bill_no,
            state=_state(placed.state),
            channel_no=placed.transfer_bill_no,
            amount=request.amount,
            currency=request.currency,
            error_code=placed.fail_reason,
        )
        if not placed.package_info or transfer.state is not ChannelTransferState.PROCESSING:
            return transfer
        config = self._gateway.config
        confirm = {"mchId": config.mchid, "appId": config.appid, "package": placed.package_info}
        return TransferToConfirm(**msgspec.structs.asdict(transfer), confirm=InvokeApp(confirm))

    async def query_transfer(self, transfer: TransferKey, *, now: datetime) -> ChannelTransfer:
        """Where a transfer stands; WeChat Pay remembers it for thirty days."""
        number = _number(transfer.out_transfer_no)
        try:
            found = await self._gateway.get(f"{BASE}/out-bill-no/{number}", _found, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelTransfer(out_transfer_no=number, state=ChannelTransferState.UNKNOWN_TO_CHANNEL)
            raise
        if (found.out_bill_no, found.mch_id) != (number, self._gateway.config.mchid):
            raise error_of(UNREADABLE, message=f"the answer is about {found.out_bill_no} of {found.mch_id}")
        try:
            return transfer_of(found)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error


def transfer_of(found: wire.TransferFound) -> ChannelTransfer:
    """Raises: ValueError when the state is unknown."""
    state = _STATES.get(found.state)
    if state is None:
        raise ValueError(f"state {found.state!r} is not known")
    ended = state in (ChannelTransferState.SUCCEEDED, ChannelTransferState.FAILED)
    failed = state is ChannelTransferState.FAILED
    return ChannelTransfer(
        out_transfer_no=found.out_bill_no,
        state=state,
        channel_no=found.transfer_bill_no,
        amount=found.transfer_amount,
        currency="CNY",
        finished_at=wire.utc(found.update_time) if ended else None,
        error_code=(found.fail_reason or found.state) if failed else None,
    )


def _content(request: TransferRequest, config: WechatPayConfig, keys: VerifyingKeys) -> _Transfer:
    if request.payee.kind is not PayeeKind.WECHATPAY:
        raise InvalidRequest(field="payee.kind", reason="must be wechatpay at WeChat Pay")
    if not TRANSFER_MIN <= request.amount <= TRANSFER_MAX:
        raise InvalidRequest(field="amount", reason=f"must be {TRANSFER_MIN} to {TRANSFER_MAX} fen")
    check_currency(request.currency)
    name = request.payee.name
    if not name and request.amount >= NAME_NEEDED_FROM:
        raise InvalidRequest(field="payee.name", reason="must be given from 2,000 yuan on")
    scene, reports = _scene(config)
    return _Transfer(
        appid=config.appid,
        out_bill_no=_number(request.out_transfer_no),
        transfer_scene_id=scene,
        openid=request.payee.account_no,
        user_name=keys.encrypt(name) if name and request.amount >= NAME_ALLOWED_FROM else None,
        transfer_amount=request.amount,
        transfer_remark=one_line(request.memo, _MEMO_MAX),
        notify_url=request.notify_url,
        transfer_scene_report_infos=reports,
    )


def _state(said: str) -> ChannelTransferState:
    state = _STATES.get(said)
    if state is None:
        raise error_of(UNREADABLE, message=f"state {said!r} is not known")
    return state


def _scene(config: WechatPayConfig) -> tuple[str, tuple[_Report, ...]]:
    if not (config.transfer_scene_id and config.transfer_scene_report):
        raise error_of(
            NOT_CONFIGURED, code="transfer_scene_id", message="no scene for transfers is configured"
        )
    reports = tuple(_Report(kind, said) for kind, said in config.transfer_reports().items())
    return config.transfer_scene_id, reports


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise InvalidRequest(
            field="out_transfer_no", reason="must be 1 to 32 letters and digits at WeChat Pay"
        )
    return text
