"""Payouts (代付) of UnionPay: one by one, and many in a file.

Sources: UnionPay's payout demo (fields, which codes decide nothing, the batch file DF…I.txt), and the batch file
interface as published with it.
"""

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from feiqian.channels.errors import ChannelError
from feiqian.channels.model import (
    ChannelTransfer,
    ChannelTransferState,
    Payee,
    PayeeKind,
    TransferBatch,
    TransferKey,
    TransferRequest,
)
from feiqian.channels.unionpay.batch_file import (
    CARD,
    COMPANY_ACCOUNT,
    BatchLine,
    ResultLine,
    read_results,
    write_batch,
)
from feiqian.channels.unionpay.errors import ORDER_UNKNOWN, UNREADABLE, error_of
from feiqian.channels.unionpay.gateway import BACK, BATCH, FILE_BYTES_MAX, Gateway
from feiqian.channels.unionpay.messages import (
    AMOUNT_MAX,
    CURRENCY,
    CURRENCY_CODE,
    braced,
    moment_near,
    order_no,
    pack,
    plain_words,
    unpack,
)
from feiqian.channels.unionpay.orders import find
from feiqian.channels.unionpay.outcomes import transfer_of, transfer_state
from feiqian.channels.unionpay.signing import encrypted
from feiqian.channels.unionpay.terms import BATCH_MAX
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

BIZ_TYPE = "000401"
_ACCOUNT_TYPES = {PayeeKind.PERSON_BANK: CARD, PayeeKind.COMPANY_BANK: COMPANY_ACCOUNT}
_ACCOUNT_NO = re.compile(r"[0-9]{6,32}")
_BATCH_NO = re.compile(r"(?!0000)[0-9]{4}")
_MEMO_MAX = 40
_NAME_MAX = 40
_UNFINISHED = frozenset({"03", "04", "05", "41"})
"""A batch's own respCode while its result cannot be had."""


async def transfer(gateway: Gateway, request: TransferRequest, *, now: datetime) -> ChannelTransfer:
    """Ask for a payout; UnionPay accepts it first and reports the outcome later."""
    _check(request)
    answer = await gateway.call(BACK, _payout_fields(gateway, request), now=now, payout=True)
    return ChannelTransfer(
        out_transfer_no=request.out_transfer_no,
        state=ChannelTransferState.PROCESSING,
        channel_no=answer.get("queryId"),
        amount=request.amount,
        currency=CURRENCY,
    )


async def query_transfer(gateway: Gateway, key: TransferKey, *, now: datetime) -> ChannelTransfer:
    """Where a payout stands."""
    number = order_no(key.out_transfer_no, "out_transfer_no")
    said = await find(gateway, number, at=key.requested_at, now=now)
    if said is None:
        return ChannelTransfer(out_transfer_no=number, state=ChannelTransferState.UNKNOWN_TO_CHANNEL)
    try:
        return transfer_of(said, said["origRespCode"], said.get("origRespMsg"))
    except (ValueError, KeyError) as error:
        raise error_of(UNREADABLE, message=str(error)) from error


async def transfer_batch(gateway: Gateway, batch: TransferBatch, *, now: datetime) -> None:
    """Hand a batch over."""
    if not 1 <= len(batch.transfers) <= BATCH_MAX:
        raise InvalidRequest(field="transfers", reason=f"must be 1 to {BATCH_MAX} at UnionPay")
    for each in batch.transfers:
        _check(each)
    if len({each.out_transfer_no for each in batch.transfers}) != len(batch.transfers):
        raise InvalidRequest(field="transfers", reason="must have a number of its own each")
    lines = [
        BatchLine(
            order_no=each.out_transfer_no,
            amount=each.amount,
            account_type=_ACCOUNT_TYPES[each.payee.kind],
            account_no=each.payee.account_no,
            name=_name(each.payee),
            memo=plain_words(each.memo, _MEMO_MAX),
        )
        for each in batch.transfers
    ]
    fields = gateway.common("21", "03", BIZ_TYPE, at=batch.requested_at) | {
        "batchNo": batch_number(batch.batch_no),
        "totalQty": str(len(lines)),
        "totalAmt": str(sum(line.amount for line in lines)),
        "fileContent": await asyncio.to_thread(lambda: pack(write_batch(lines))),
    }
    await gateway.call(BATCH, fields, now=now, payout=True)


async def query_batch(
    gateway: Gateway, batch_no: str, *, requested_at: datetime, now: datetime
) -> Mapping[str, ChannelTransfer] | None:
    """The transfers of a batch by our number; empty while UnionPay has not finished it, None when it has no such batch."""
    asked = gateway.common("22", "03", BIZ_TYPE, at=requested_at)
    asked["batchNo"] = batch_number(batch_no)
    try:
        said = await gateway.call(BATCH, asked, now=now, bytes_max=FILE_BYTES_MAX)
    except ChannelError as error:
        if error.code == ORDER_UNKNOWN.our_code:
            return None
        if error.channel_code in _UNFINISHED:
            return {}
        raise
    content = said.get("fileContent", "")
    try:
        lines = await asyncio.to_thread(lambda: read_results(unpack(content, bytes_max=FILE_BYTES_MAX)))
        return {line.order_no: _result_of(line, requested_at) for line in lines}
    except ValueError as error:
        raise error_of(UNREADABLE, message=str(error)) from error


def _result_of(line: ResultLine, requested_at: datetime) -> ChannelTransfer:
    """Raises: ValueError."""
    state = transfer_state(line.code)
    succeeded = state is ChannelTransferState.SUCCEEDED
    finished_at = moment_near(line.processed, requested_at) if line.processed else requested_at
    return ChannelTransfer(
        out_transfer_no=line.order_no,
        state=state,
        channel_no=line.query_id or None,
        amount=line.amount,
        currency=CURRENCY,
        finished_at=None if state is ChannelTransferState.PROCESSING else finished_at,
        error_code=None if succeeded else line.code,
        error_message=None if succeeded else line.words,
    )


def batch_number(batch_no: str) -> str:
    """UnionPay's ``batchNo``, 0001 to 9999: ours where it is one, else a number that follows from it.

    UnionPay knows a batch by this number and the time of its request. Two of ours with one number in one second
    would be told apart by the numbers of their transfers, and the second is refused as a repetition.
    """
    if _BATCH_NO.fullmatch(batch_no):
        return batch_no
    digest = int.from_bytes(hashlib.sha256(batch_no.encode()).digest()[:8])
    return f"{digest % 9999 + 1:04d}"


def _payout_fields(gateway: Gateway, request: TransferRequest) -> dict[str, str]:
    payee = request.payee
    account_no, serial = payee.account_no, ""
    if gateway.encrypting is not None:
        serial, key = gateway.encrypting
        account_no = encrypted(account_no, key)
    name = _name(payee)
    fields = gateway.common("12", "00", BIZ_TYPE, at=request.requested_at) | {
        "orderId": request.out_transfer_no,
        "currencyCode": CURRENCY_CODE,
        "txnAmt": str(request.amount),
        "accType": _ACCOUNT_TYPES[payee.kind],
        "accNo": account_no,
        "encryptCertId": serial,
        # What the payee's bank prints beside the entry.
        "billNo": plain_words(request.memo, _MEMO_MAX),
        "backUrl": request.notify_url or gateway.silent_url,
    }
    if payee.kind is PayeeKind.COMPANY_BANK:
        return fields | {"reserved": braced({"comDebitCardAccName": name})}
    return fields | {"customerInfo": base64.b64encode(braced({"customerNm": name}).encode()).decode()}


def _check(request: TransferRequest) -> None:
    """Raises: InvalidRequest."""
    order_no(request.out_transfer_no, "out_transfer_no")
    if check_amount(request.amount) > AMOUNT_MAX:
        raise InvalidRequest(field="amount", reason=f"must be at most {AMOUNT_MAX} fen at UnionPay")
    if request.currency != CURRENCY:
        raise InvalidRequest(field="currency", reason="must be CNY at UnionPay")
    if request.payee.kind not in _ACCOUNT_TYPES:
        raise InvalidRequest(field="payee.kind", reason="must be a bank account at UnionPay")
    if not _ACCOUNT_NO.fullmatch(request.payee.account_no):
        raise InvalidRequest(field="payee.account_no", reason="must be digits")
    _name(request.payee)


def _name(payee: Payee) -> str:
    """The holder's name as it is compared: never shortened. Raises: InvalidRequest."""
    if not payee.name or plain_words(payee.name, len(payee.name)) != payee.name:
        raise InvalidRequest(field="payee.name", reason="must be words without & = { } [ ] | or quotes")
    if len(payee.name) > _NAME_MAX:
        raise InvalidRequest(field="payee.name", reason=f"must be at most {_NAME_MAX} characters")
    return payee.name
