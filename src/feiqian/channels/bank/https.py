"""Signed calls to a bank's front over HTTP; an answer is believed only when its signature holds."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec
from cryptography.exceptions import InvalidSignature

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.errors import UNANSWERED, UNREACHABLE, UNREADABLE, UNTRUSTED, ErrorTable, error_of
from feiqian.channels.bank.forms import Https
from feiqian.channels.bank.nodes import ValueNode
from feiqian.channels.bank.signing import (
    UNREADABLE_KEY,
    BankKey,
    Signer,
    Verifier,
    read_certificates,
    serial_of,
)
from feiqian.channels.bank.templates import Values, fill
from feiqian.channels.errors import NoticeFault
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable

CALL_TIMEOUT_S = 20.0
STATEMENT_TIMEOUT_S = 300.0
ANSWER_BYTES_MAX = 5_000_000
STATEMENT_BYTES_MAX = 100_000_000


class BankHttp:
    """Our side of the front over HTTP. Keys are parsed here, once. Raises: InvalidRequest naming the setting."""

    def __init__(
        self, *, config: BankConfig, form: Https, errors: ErrorTable, http: HttpClient, timeout_s: float
    ) -> None:
        self._form = form
        self._errors = errors
        self._http = http
        self._timeout_s = timeout_s
        self._base = config.base_url.rstrip("/")
        self._own = {"customer": config.customer_no, "serial": config.certificate_serial_no}
        self._authority = config.authority()
        self._signer = Signer(form.signature, config.key())
        self.verifier = Verifier(form.signature, config.bank_keys())

    async def call(
        self,
        method: str,
        address: str,
        values: Values,
        *,
        body: bytes = b"",
        now: datetime,
        large: bool = False,
    ) -> HttpAnswer:
        """A signed call whose answer is the bank's; a refusal of the front itself is raised by its code."""
        answer = await self._signed(method, target_of(address, values), body, now=now, large=large)
        fault = self.verifier.fault(headers=answer.headers, body=answer.body, now=now)
        if fault is NoticeFault.SERIAL_UNKNOWN and self._form.signature.certificates and self._authority:
            await self._take_certificate(self.verifier.serial(answer.headers), now=now)
            fault = self.verifier.fault(headers=answer.headers, body=answer.body, now=now)
        if fault is NoticeFault.HEADER_MISSING and answer.status >= 500:
            # A gateway on the way speaks for itself: nobody knows what is behind it.
            raise error_of(UNANSWERED, message=f"HTTP {answer.status}")
        if fault is not None:
            raise error_of(UNTRUSTED, code=fault.value, message=fault.value)
        if code := self._refusal(answer, self._form.refusal_code):
            raise self._errors.error(code, self._refusal(answer, self._form.refusal_message))
        return answer

    async def send(
        self, method: str, target: str, *, headers: Mapping[str, str], body: bytes, large: bool = False
    ) -> HttpAnswer:
        """Without a signature of ours or the bank's: for a front that has its own."""
        try:
            return await self._http.request(
                method=method,
                url=self._base + target,
                headers={"User-Agent": "feiqian", **headers},
                body=body,
                timeout_s=STATEMENT_TIMEOUT_S if large else self._timeout_s,
                response_bytes_max=STATEMENT_BYTES_MAX if large else ANSWER_BYTES_MAX,
            )
        except HttpUnreachable as error:
            raise error_of(UNREACHABLE, message=str(error)) from error
        except HttpUnknown as error:
            raise error_of(UNANSWERED, message=str(error)) from error

    async def _signed(
        self, method: str, target: str, body: bytes, *, now: datetime, large: bool
    ) -> HttpAnswer:
        values = {**self._own, "method": method, "target": target}
        headers = self._signer.headers(values=values, body=body, now=now)
        if body:
            headers["Content-Type"] = self._form.content_type
        return await self.send(method, target, headers=headers, body=body, large=large)

    def _refusal(self, answer: HttpAnswer, path: str) -> str:
        if answer.status < 400 or not answer.body.startswith(b"{"):
            return ""
        try:
            return ValueNode(msgspec.json.decode(answer.body)).text(path)
        except msgspec.DecodeError as error:
            raise error_of(UNREADABLE, message=f"HTTP {answer.status}: {error}") from error

    async def _take_certificate(self, serial_no: str, *, now: datetime) -> None:
        """Fetch the certificate with which the bank signs from now on.

        Believed because of who issued it to whom; others' certificates of the same authority are not the bank's.
        """
        form = self._form.signature
        answer = await self._signed("GET", form.certificates, b"", now=now, large=False)
        try:
            listed = ValueNode(msgspec.json.decode(answer.body)).all(form.certificate_list)
            for pem in (each.text(form.certificate) for each in listed):
                for certificate in read_certificates(pem):
                    assert self._authority is not None, "it is only fetched where an authority is configured"
                    if serial_of(certificate) != serial_no:
                        continue
                    certificate.verify_directly_issued_by(self._authority)
                    if certificate.subject.public_bytes() in self.verifier.subjects:
                        self.verifier.add(BankKey(serial_no, certificate))
        except (*UNREADABLE_KEY, InvalidSignature, msgspec.DecodeError) as error:
            raise error_of(UNTRUSTED, code=NoticeFault.SERIAL_UNKNOWN.value, message=str(error)) from error


def target_of(address: str, values: Values) -> str:
    """The path and query of a template, values percent-encoded."""
    return fill(address, {name: quote(value, safe="") for name, value in values.items()})
