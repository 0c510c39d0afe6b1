"""One merchant's wire to WeChat Pay API v3: requests signed, answers believed only when their signature holds.

Source: the official guides on signing, on verifying answers and on encrypting sensitive fields.
"""

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feiqian.channels.errors import ChannelError, NoticeFault
from feiqian.channels.wechatpay import wire
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
from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable

CALL_TIMEOUT_S = 10.0
"""WeChat Pay answers within a second as a rule; it gives up on its own side well before this."""
REFRESH_PAUSE: Final = timedelta(minutes=1)
"""How long certificates are not asked for again: a stranger who signs with serials of his own causes no more."""
PUBLIC_KEY_PREFIX = "PUB_KEY_ID_"
"""So begins the serial of a WeChat Pay public key, which cannot be downloaded."""

_T = TypeVar("_T")

_encode = msgspec.json.Encoder().encode
_certificates = msgspec.json.Decoder(wire.CertificateList)
_problem = msgspec.json.Decoder(wire.Problem)


class Gateway:
    """Calls in the name of one merchant. Keys are parsed here, once.

    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(self, *, config: WechatPayConfig, http: HttpClient, timeout_s: float) -> None:
        config.check()
        self.config = config
        self.signer = config.signer()
        self._http = http
        self._timeout_s = timeout_s
        self._base_url = config.base_url.rstrip("/")
        self._public_keys = config.public_keys()
        self.keys = VerifyingKeys({**config.certificate_keys(), **self._public_keys})
        self._key = AESGCM(config.api_v3_key.encode())
        self._refreshing = asyncio.Lock()
        self._refreshed_at: datetime | None = None
        self._stale = False
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "feiqian",
        }

    async def get(self, target: str, decoder: "msgspec.json.Decoder[_T]", *, now: datetime) -> _T:
        """The answer to a question, as ``decoder`` reads it."""
        return self.decode(decoder, await self.call("GET", target, now=now))

    async def post(
        self,
        target: str,
        content: msgspec.Struct,
        decoder: "msgspec.json.Decoder[_T]",
        *,
        now: datetime,
        encrypted_for: str | None = None,
    ) -> _T:
        """The answer to what is asked for, as ``decoder`` reads it."""
        answer = await self.call("POST", target, body=_encode(content), now=now, encrypted_for=encrypted_for)
        return self.decode(decoder, answer)

    async def call(
        self, method: str, target: str, *, body: bytes = b"", now: datetime, encrypted_for: str | None = None
    ) -> HttpAnswer:
        """Send, and believe the answer only when its signature holds; everything but 2xx is raised.

        An answer that is signed with a certificate not known so far is believed once the certificate has been fetched.
        Where the request named a certificate that is no longer in force, it was refused for that: it is sent again with
        the new one, which does no harm because every request carries our number. Not so where the body holds fields
        ``encrypted_for`` that very serial.
        """
        if self._stale:
            # Whether it works or not: the keys that are known may still do for this call.
            await self._refresh_once(now)
        named = encrypted_for or self.keys.preferred
        answer = await self.send(method, target, body=body, key=named, now=now)
        fault, failure = self._fault(answer, now), None
        if fault is NoticeFault.SERIAL_UNKNOWN and self._can_be_fetched(
            answer.headers["Wechatpay-Serial"], named
        ):
            failure = await self._refresh_once(now)
            fault = self._fault(answer, now)
        replaced = encrypted_for is None and self.keys.preferred != named
        if replaced and (fault is not None or 400 <= answer.status < 500):
            answer = await self.send(method, target, body=body, key=self.keys.preferred, now=now)
            fault = self._fault(answer, now)
        if fault is not None or not 200 <= answer.status < 300:
            raise self.error(answer, now, fault) from failure
        return answer

    async def send(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        key: str | None = None,
        now: datetime,
        timeout_s: float | None = None,
        response_bytes_max: int = 1_000_000,
    ) -> HttpAnswer:
        """Send, and return whatever comes. ``target`` is path and query.

        ``key``: the serial of the key with which the answer shall be signed and sensitive fields are encrypted.
        """
        authorization = self.signer.authorization(
            method=method, target=target, body=body, nonce=secrets.token_hex(16), now=now
        )
        try:
            return await self._http.request(
                method=method,
                url=self._base_url + target,
                headers={
                    **self._headers,
                    **({"Wechatpay-Serial": key} if key else {}),
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

    def notice_came_with(self, serial: str) -> None:
        """A callback was signed with a serial that is not known: certificates are fetched before the next call.

        WeChat Pay signs answers with the key that a request names, but callbacks with its newest.
        """
        if self._can_be_fetched(serial, self.keys.preferred):
            self._stale = True

    async def refresh_certificates(self, *, now: datetime) -> tuple[str, ...]:
        """Take the platform certificates in force for those known so far; returns all serials that now count.

        The list may be signed by a certificate that it brings, or by a public key that we were not given: it is believed
        because only WeChat Pay can seal content with our APIv3 key.
        """
        self._refreshed_at, self._stale = now, False
        # No key is named: the one that we know may be the one that is no longer in force.
        answer = await self.send("GET", "/v3/certificates", now=now)
        if answer.status != 200:
            raise self.error(answer, now)
        try:
            found = {
                entry.serial_no: read_certificate(
                    open_sealed(entry.encrypt_certificate, self._key).decode(), entry.serial_no
                )
                for entry in sorted(
                    self.decode(_certificates, answer).data, key=lambda entry: entry.effective_time
                )
            }
        except (ValueError, TypeError) as error:
            raise error_of(UNTRUSTED, message=str(error)) from error
        if not found:
            raise error_of(UNREADABLE, message="the list of certificates is empty")
        keys = VerifyingKeys({**found, **self._public_keys})
        fault = keys.fault(headers=answer.headers, body=answer.body, now=now)
        by_public_key = answer.headers.get("Wechatpay-Serial", "").startswith(PUBLIC_KEY_PREFIX)
        if fault is not None and not (fault is NoticeFault.SERIAL_UNKNOWN and by_public_key):
            raise error_of(UNTRUSTED, code=fault.value)
        self.keys = keys
        return keys.serials

    def error(self, answer: HttpAnswer, now: datetime, fault: NoticeFault | None = None) -> ChannelError:
        """What an answer that is no success, or no trusted one, means."""
        try:
            problem = _problem.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            problem = wire.Problem(message=f"HTTP {answer.status}")
        fault = fault or self._fault(answer, now)
        if fault is None:
            return error_of(
                meaning_of(problem.code, answer.status), code=problem.code, message=problem.message
            )
        if answer.status >= 500 and fault is NoticeFault.HEADER_MISSING:
            # A gateway on the way speaks for itself: nobody knows what is behind it.
            return error_of(UNANSWERED, message=problem.message)
        said = f"{fault.value}; HTTP {answer.status} {problem.code} {problem.message}".rstrip()
        return error_of(UNTRUSTED, code=fault.value, message=said)

    def decode(self, decoder: "msgspec.json.Decoder[_T]", answer: HttpAnswer) -> _T:
        """Raises: ChannelUnknown when the answer is not of the documented form."""
        try:
            return decoder.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise error_of(UNREADABLE, message=str(error)) from error

    def _can_be_fetched(self, serial: str, named: str) -> bool:
        """Whether fetching certificates may help: one that is unknown, or instead of one that was named in vain."""
        return not (serial.startswith(PUBLIC_KEY_PREFIX) and named.startswith(PUBLIC_KEY_PREFIX))

    def _fault(self, answer: HttpAnswer, now: datetime) -> NoticeFault | None:
        return self.keys.fault(headers=answer.headers, body=answer.body, now=now)

    async def _refresh_once(self, now: datetime) -> ChannelError | None:
        """Many calls may find out at once: one of them asks. Returns why it failed; then the keys are as they were."""
        async with self._refreshing:
            if self._refreshed_at is not None and abs(now - self._refreshed_at) < REFRESH_PAUSE:
                return None
            try:
                await self.refresh_certificates(now=now)
            except ChannelError as error:
                return error
            return None
