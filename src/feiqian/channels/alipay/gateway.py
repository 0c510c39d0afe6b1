"""One application's wire to Alipay's gateway: parameters signed, answers believed only when their signature holds.

Source: the official guides on calling the gateway and on verifying its answers. The signature of an answer is over the
text of its inner object exactly as it came, so that text is cut out, never written anew.
"""

import base64
import binascii
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import msgspec

from feiqian.channels.alipay import wire
from feiqian.channels.alipay.config import AlipayConfig
from feiqian.channels.alipay.errors import (
    AWAITING_BUYER,
    SUCCESS,
    UNANSWERED,
    UNREACHABLE,
    UNREADABLE,
    UNTRUSTED,
    error_of,
    meaning_of,
)
from feiqian.channels.alipay.signing import (
    SIGN_TYPE,
    UNREADABLE_KEY,
    VerifyingKeys,
    cert_sn,
    check_issued,
    read_certificates,
    read_roots,
    verifying_key,
)
from feiqian.channels.errors import ChannelError, NoticeFault
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable

PATH = "/gateway.do"
CALL_TIMEOUT_S = 10.0
"""Alipay answers within a second as a rule."""
_CONTENT_TYPE = "application/x-www-form-urlencoded;charset=utf-8"
_ERROR = "error_response"
"""The name of the inner object where the gateway refused before it knew the method."""

_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
_status = msgspec.json.Decoder(wire.Status)
_certificate = msgspec.json.Decoder(wire.DownloadedCertificate)


class SignedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an answer, as they stand in it."""

    content: bytes
    """The inner object, byte for byte."""
    signature: str
    """Empty where there is none."""
    cert_sn: str | None
    """The certificate that the signer names; None in key mode."""


def cut(body: bytes, method: str) -> SignedAnswer:
    """The signed part of an answer to ``method``, without a change.

    Raises: ValueError when the body is not of the documented form.
    """
    try:
        members = _members.decode(body)
        names = [name for name in (wire.response_name(method), _ERROR) if name in members]
        if len(names) != 1:
            raise ValueError(f"the answer has no {wire.response_name(method)}")
        content = bytes(members[names[0]])
        if not content.startswith(b"{"):
            raise ValueError(f"{names[0]} is no object")
        sign, serial = members.get("sign"), members.get("alipay_cert_sn")
        return SignedAnswer(
            content=content,
            signature=_text.decode(sign) if sign is not None else "",
            cert_sn=_text.decode(serial) if serial is not None else None,
        )
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


class Gateway:
    """Calls in the name of one application. Keys are parsed here, once.

    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(self, *, config: AlipayConfig, http: HttpClient, timeout_s: float) -> None:
        config.check()
        self.config = config
        self.http = http
        self.url = config.base_url.rstrip("/") + PATH
        self._timeout_s = timeout_s
        self._signer = config.signer()
        self._numbers = config.certificate_numbers()
        self._verifying = config.verifying_keys()
        self.keys = VerifyingKeys(self._verifying)

    def signed(
        self,
        method: str,
        content: msgspec.Struct,
        *,
        now: datetime,
        notify_url: str | None = None,
        return_url: str | None = None,
    ) -> dict[str, str]:
        """All parameters of a call, the signature among them."""
        parameters = {
            "app_id": self.config.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": SIGN_TYPE,
            "timestamp": wire.beijing(now),
            "version": "1.0",
            "biz_content": _encode(content).decode(),
        }
        if notify_url:
            parameters["notify_url"] = notify_url
        if return_url:
            parameters["return_url"] = return_url
        if self._numbers is not None:
            parameters["app_cert_sn"] = self._numbers.app_cert_sn
            parameters["alipay_root_cert_sn"] = self._numbers.alipay_root_cert_sn
        parameters["sign"] = self._signer.sign(parameters)
        return parameters

    async def call(
        self,
        method: str,
        content: msgspec.Struct,
        decoder: "msgspec.json.Decoder[_T]",
        *,
        now: datetime,
        notify_url: str | None = None,
    ) -> _T:
        """Send, and believe the answer only when its signature holds; everything but success is raised.

        Of alipay.trade.pay, that the buyer has to confirm counts as success: the answer's code says which it is.
        """
        answer = await self._send(method, content, now=now, notify_url=notify_url)
        inner = await self._believed(answer, method, now=now)
        status = _decode(_status, inner)
        awaiting = status.code == AWAITING_BUYER and method == wire.BARCODE_PAY
        if status.code != SUCCESS and not awaiting:
            raise error_of(
                meaning_of(status.code, status.sub_code),
                code=status.sub_code or status.code,
                message=status.sub_msg or status.msg,
            )
        return _decode(decoder, inner)

    async def _believed(self, answer: HttpAnswer, method: str, *, now: datetime) -> bytes:
        try:
            parts = cut(answer.body, method)
        except ValueError as error:
            if answer.status >= 500:
                # A gateway on the way speaks for itself: nobody knows what is behind it.
                raise error_of(UNANSWERED, message=f"HTTP {answer.status}") from error
            raise error_of(UNREADABLE, message=f"HTTP {answer.status}: {error}") from error
        fault = self._fault(parts)
        if fault is NoticeFault.SERIAL_UNKNOWN and parts.cert_sn and method != wire.CERTIFICATE_DOWNLOAD:
            await self.take_certificate(parts.cert_sn, now=now)
            fault = self._fault(parts)
        if fault is not None:
            raise self._untrusted(fault, parts)
        return parts.content

    async def take_certificate(self, sn: str, *, now: datetime) -> None:
        """Fetch the certificate with which Alipay signs from now on; believed because of who issued it.

        Raises: ChannelUnknown when it cannot be had or was issued by nobody whom we know.
        """
        answer = await self._send(
            wire.CERTIFICATE_DOWNLOAD, wire.CertificateQuery(alipay_cert_sn=sn), now=now, notify_url=None
        )
        try:
            content = _certificate.decode(cut(answer.body, wire.CERTIFICATE_DOWNLOAD).content)
            found = read_certificates(base64.b64decode(content.alipay_cert_content).decode())
            named = next(each for each in found if cert_sn(each) == sn)
            held = [
                *read_roots(self.config.alipay_root_certificate or ""),
                *read_certificates(self.config.alipay_certificate or ""),
            ]
            check_issued(named, held)
            added = verifying_key(named)
        except (*UNREADABLE_KEY, binascii.Error, msgspec.MsgspecError, StopIteration) as error:
            raise error_of(UNTRUSTED, code=NoticeFault.SERIAL_UNKNOWN.value, message=str(error)) from error
        self._verifying = [*self._verifying, added]
        self.keys = VerifyingKeys(self._verifying)

    def _fault(self, parts: SignedAnswer) -> NoticeFault | None:
        return self.keys.fault(parts.content, signature=parts.signature, cert_sn=parts.cert_sn)

    def _untrusted(self, fault: NoticeFault, parts: SignedAnswer) -> ChannelError:
        status = _decode(_status, parts.content)
        said = " ".join(
            part for part in (status.sub_code or status.code, status.sub_msg or status.msg) if part
        )
        return error_of(UNTRUSTED, code=fault.value, message=f"{fault.value}; {said}")

    async def _send(
        self, method: str, content: msgspec.Struct, *, now: datetime, notify_url: str | None
    ) -> HttpAnswer:
        parameters = self.signed(method, content, now=now, notify_url=notify_url)
        business = {"biz_content": parameters.pop("biz_content")}
        try:
            return await self.http.request(
                method="POST",
                url=f"{self.url}?{urlencode(parameters)}",
                headers={
                    "Accept": "application/json",
                    "Content-Type": _CONTENT_TYPE,
                    "User-Agent": "feiqian",
                },
                body=urlencode(business).encode(),
                timeout_s=self._timeout_s,
            )
        except HttpUnreachable as error:
            raise error_of(UNREACHABLE, message=str(error)) from error
        except HttpUnknown as error:
            raise error_of(UNANSWERED, message=str(error)) from error


def _decode(decoder: "msgspec.json.Decoder[_T]", content: bytes) -> _T:
    try:
        return decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise error_of(UNREADABLE, message=str(error)) from error
