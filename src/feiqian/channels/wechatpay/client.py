"""The calls of one merchant to WeChat Pay API v3: sign, send, verify, translate.

Source: the official API pages; schemas from TheNorthMemory/wechatpay-openapi.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feiqian.channels.errors import BillMissing, ChannelError, ChannelFailed, NoticeFault
from feiqian.channels.model import (
    Bill,
    ChannelIdentity,
    ChannelPayment,
    ChannelPaymentState,
    ChannelRefund,
    ChannelRefundState,
    ChannelTerms,
    Notice,
    NoticeAnswer,
    OrderKey,
    PaymentMethod,
    Prepaid,
    PrepayRequest,
    RefundKey,
    RefundRequest,
    ShowCode,
)
from feiqian.channels.wechatpay import wire
from feiqian.channels.wechatpay.bills import check_hash, parse_bill
from feiqian.channels.wechatpay.callbacks import NoticeReader
from feiqian.channels.wechatpay.config import WechatPayConfig
from feiqian.channels.wechatpay.errors import (
    UNANSWERED,
    UNREACHABLE,
    UNREADABLE,
    UNTRUSTED,
    error_of,
    meaning_of,
)
from feiqian.channels.wechatpay.signing import VerifyingKeys, open_sealed, read_certificate
from feiqian.channels.wechatpay.terms import TERMS
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.errors import InvalidRequest
from feiqian.kernel.money import check_amount

CALL_TIMEOUT_S = 10.0
"""WeChat Pay answers within a second as a rule; it gives up on its own side well before this."""
BILL_TIMEOUT_S = 300.0
BILL_BYTES_MAX = 300_000_000
"""About 800,000 lines."""
_DESCRIPTION_MAX = 127
_REASON_MAX = 80
_ORDER_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")

_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode
_code_url = msgspec.json.Decoder(wire.CodeUrl)
_transaction = msgspec.json.Decoder(wire.Transaction)
_refund = msgspec.json.Decoder(wire.Refund)
_bill_link = msgspec.json.Decoder(wire.BillLink)
_certificates = msgspec.json.Decoder(wire.CertificateList)
_problem = msgspec.json.Decoder(wire.Problem)


class WechatPay:
    """WeChat Pay Native for one merchant; a ``Channel``. Keys are parsed here, once.

    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(
        self, *, config: WechatPayConfig, http: HttpClient, timeout_s: float = CALL_TIMEOUT_S
    ) -> None:
        config.check()
        self._config = config
        self._http = http
        self._timeout_s = timeout_s
        self._base_url = config.base_url.rstrip("/")
        self._signer = config.signer()
        self._public_keys = config.public_keys()
        self._keys = VerifyingKeys({**config.certificate_keys(), **self._public_keys})
        self._key = AESGCM(config.api_v3_key.encode())
        self._notices = NoticeReader(
            mchid=config.mchid, appid=config.appid, api_v3_key=config.api_v3_key.encode()
        )
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "feiqian",
        }

    async def prepay(self, request: PrepayRequest, *, now: datetime) -> Prepaid:
        """Place a Native order. ``out_trade_no`` is 6 to 32 of ``0-9A-Za-z_-|*``."""
        check_amount(request.amount)
        _check_currency(request.currency)
        order = wire.NativeOrder(
            appid=self._config.appid,
            mchid=self._config.mchid,
            description=_one_line(request.description, _DESCRIPTION_MAX),
            out_trade_no=_order_no(request.out_trade_no),
            time_expire=request.expires_at.astimezone(ZONE).isoformat(timespec="seconds"),
            notify_url=request.notify_url,
            amount=wire.OrderAmount(request.amount, request.currency),
            attach=request.attach,
        )
        answer = await self._call("POST", "/v3/pay/transactions/native", body=_encode(order), now=now)
        return Prepaid(ShowCode(_decode(_code_url, answer).code_url))

    async def query(self, order: OrderKey, *, now: datetime) -> ChannelPayment:
        """Where an order stands."""
        out_trade_no = order.out_trade_no
        target = f"{_order_target(out_trade_no)}?mchid={self._config.mchid}"
        try:
            answer = await self._call("GET", target, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelPayment(out_trade_no=out_trade_no, state=ChannelPaymentState.UNKNOWN_TO_CHANNEL)
            raise
        transaction = _decode(_transaction, answer)
        if (transaction.out_trade_no, transaction.mchid) != (out_trade_no, self._config.mchid):
            raise error_of(UNREADABLE, message=f"the answer is about order {transaction.out_trade_no}")
        try:
            return wire.payment_of(transaction)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def close(self, order: OrderKey, *, now: datetime) -> None:
        """Make an unpaid order unpayable."""
        target = f"{_order_target(order.out_trade_no)}/close"
        body = _encode(wire.CloseOrder(self._config.mchid))
        try:
            await self._call("POST", target, body=body, now=now)
        except ChannelFailed as error:
            if error.code != "channel_order_closed":
                raise

    async def refund(self, request: RefundRequest, *, now: datetime) -> ChannelRefund:
        """Ask for a refund. ``out_refund_no`` is 1 to 64 of ``0-9A-Za-z_-|*@``."""
        check_amount(request.amount)
        _check_currency(request.currency)
        order = wire.RefundOrder(
            out_trade_no=_order_no(request.order.out_trade_no),
            out_refund_no=_refund_no(request.out_refund_no),
            amount=wire.RefundOrderAmount(request.amount, request.total, request.currency),
            reason=_one_line(request.reason, _REASON_MAX) if request.reason else None,
            notify_url=request.notify_url,
        )
        answer = await self._call("POST", "/v3/refund/domestic/refunds", body=_encode(order), now=now)
        return self._read_refund(answer, request.out_refund_no)

    async def query_refund(self, refund: RefundKey, *, now: datetime) -> ChannelRefund:
        """Where a refund stands."""
        out_refund_no = refund.out_refund_no
        target = f"/v3/refund/domestic/refunds/{quote(_refund_no(out_refund_no), safe='')}"
        try:
            answer = await self._call("GET", target, now=now)
        except ChannelFailed as error:
            if error.code == "channel_order_unknown":
                return ChannelRefund(out_refund_no=out_refund_no, state=ChannelRefundState.UNKNOWN_TO_CHANNEL)
            raise
        return self._read_refund(answer, out_refund_no)

    async def download_bill(self, day: date, *, now: datetime) -> Bill:
        """The trade bill of a day, ready from 10:00 Beijing time of the next day, kept three months.

        Raises: BillMissing, BillDamaged, ChannelFailed, ChannelUnknown.
        """
        target = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL"
        try:
            link = _decode(_bill_link, await self._call("GET", target, now=now))
        except ChannelFailed as error:
            if error.code == "bill_missing":
                raise BillMissing(
                    day=day,
                    channel_code=error.channel_code,
                    nothing_moved=error.channel_code == "NO_STATEMENT_EXIST",
                ) from error
            raise
        # Only path and query are taken, so that our signature is never sent to another host.
        target = urlsplit(link.download_url)._replace(scheme="", netloc="", fragment="").geturl()
        if not target.startswith("/"):
            raise error_of(UNREADABLE, message=f"download_url is {link.download_url!r}")
        answer = await self._send(
            "GET",
            target,
            now=now,
            timeout_s=BILL_TIMEOUT_S,
            response_bytes_max=BILL_BYTES_MAX,
        )
        if answer.status != 200:
            raise self._error(answer, now)
        # The file itself is not signed: its hash is, in the answer before.
        return await asyncio.to_thread(self._read_bill, answer.body, link, day)

    @property
    def terms(self) -> ChannelTerms:
        """What WeChat Pay allows."""
        return TERMS

    @property
    def identity(self) -> ChannelIdentity:
        """Our merchant number and application."""
        return ChannelIdentity(self._config.mchid, self._config.appid)

    async def probe(self, *, now: datetime) -> None:
        """Ask about an order that does not exist: an answer shows that both sides' keys work."""
        key = OrderKey(out_trade_no="probe-of-the-keys", method=PaymentMethod.WECHATPAY_NATIVE, placed_at=now)
        await self.query(key, now=now)

    def answer_notice(self, refusal: str | None) -> NoticeAnswer:
        """204 without a body, or WeChat Pay's own shape of an error."""
        if refusal is None:
            return NoticeAnswer(204, b"", "application/json")
        return NoticeAnswer(400, _encode({"code": "FAIL", "message": refusal}), "application/json")

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """The notice behind a callback. Raises: NoticeRefused."""
        return self._notices.read(headers=headers, body=body, keys=self._keys, now=now)

    async def refresh_certificates(self, *, now: datetime) -> tuple[str, ...]:
        """Take the platform certificates in force for those known so far; returns all serials that now count.

        The list may be signed by a certificate that it brings: it is believed because only WeChat Pay can
        seal content with our APIv3 key.
        """
        answer = await self._send("GET", "/v3/certificates", now=now)
        if answer.status != 200:
            raise self._error(answer, now)
        try:
            found = {
                entry.serial_no: read_certificate(
                    open_sealed(entry.encrypt_certificate, self._key).decode(), entry.serial_no
                )
                for entry in sorted(_decode(_certificates, answer).data, key=lambda e: e.effective_time)
            }
        except (ValueError, TypeError) as error:
            raise error_of(UNTRUSTED, message=str(error)) from error
        if not found:
            raise error_of(UNREADABLE, message="the list of certificates is empty")
        keys = VerifyingKeys({**found, **self._public_keys})
        fault = keys.fault(headers=answer.headers, body=answer.body, now=now)
        if fault is not None:
            raise error_of(UNTRUSTED, code=fault.value)
        self._keys = keys
        return keys.serials

    def _read_bill(self, content: bytes, link: wire.BillLink, day: date) -> Bill:
        check_hash(content, day=day, hash_type=link.hash_type, hash_value=link.hash_value)
        return parse_bill(content, day=day, mchid=self._config.mchid)

    def _read_refund(self, answer: HttpAnswer, out_refund_no: str) -> ChannelRefund:
        refund = _decode(_refund, answer)
        if refund.out_refund_no != out_refund_no:
            raise error_of(UNREADABLE, message=f"the answer is about refund {refund.out_refund_no}")
        try:
            return wire.refund_of(refund)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    async def _call(self, method: str, target: str, *, body: bytes = b"", now: datetime) -> HttpAnswer:
        """Send, and believe the answer only when its signature holds; everything but 2xx is raised."""
        answer = await self._send(method, target, body=body, now=now)
        fault = self._keys.fault(headers=answer.headers, body=answer.body, now=now)
        if fault is not None or not 200 <= answer.status < 300:
            raise self._error(answer, now, fault)
        return answer

    async def _send(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        now: datetime,
        timeout_s: float | None = None,
        response_bytes_max: int = 1_000_000,
    ) -> HttpAnswer:
        authorization = self._signer.authorization(
            method=method, target=target, body=body, nonce=secrets.token_hex(16), now=now
        )
        try:
            return await self._http.request(
                method=method,
                url=self._base_url + target,
                headers={
                    **self._headers,
                    "Wechatpay-Serial": self._keys.preferred,
                    "Authorization": authorization,
                },
                body=body,
                timeout_s=timeout_s or self._timeout_s,
                response_bytes_max=response_bytes_max,
            )
        except HttpUnreachable as error:
            raise error_of(UNREACHABLE, message=str(error)) from error
        except HttpUnknown as error:
            raise error_of(UNANSWERED, message=str(error)) from error

    def _error(self, answer: HttpAnswer, now: datetime, fault: NoticeFault | None = None) -> ChannelError:
        """What an answer that is no success, or no trusted one, means."""
        try:
            problem = _problem.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            problem = wire.Problem(message=f"HTTP {answer.status}")
        fault = fault or self._keys.fault(headers=answer.headers, body=answer.body, now=now)
        if fault is None:
            return error_of(
                meaning_of(problem.code, answer.status), code=problem.code, message=problem.message
            )
        if answer.status >= 500 and fault is NoticeFault.HEADER_MISSING:
            # A gateway on the way speaks for itself: nobody knows what is behind it.
            return error_of(UNANSWERED, message=problem.message)
        said = f"{fault.value}; HTTP {answer.status} {problem.code} {problem.message}".rstrip()
        return error_of(UNTRUSTED, code=fault.value, message=said)


def _decode(decoder: "msgspec.json.Decoder[_T]", answer: HttpAnswer) -> _T:
    try:
        return decoder.decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise error_of(UNREADABLE, message=str(error)) from error


def _order_target(out_trade_no: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(_order_no(out_trade_no), safe='')}"


def _order_no(text: str) -> str:
    if not _ORDER_NO.fullmatch(text):
        raise InvalidRequest(field="out_trade_no", reason="must be 6 to 32 letters, digits or _ - | *")
    return text


def _refund_no(text: str) -> str:
    if not _REFUND_NO.fullmatch(text):
        raise InvalidRequest(field="out_refund_no", reason="must be 1 to 64 letters, digits or _ - | * @")
    return text


def _check_currency(currency: str) -> None:
    if currency != "CNY":
        raise InvalidRequest(field="currency", reason="must be CNY at WeChat Pay")


def _one_line(text: str, length_max: int) -> str:
    """Words for the buyer as WeChat Pay accepts them: printable and not too long."""
    return "".join(c if c.isprintable() else " " for c in text)[:length_max]
