"""A bank's socket front: messages of ISO 8583 after a profile, sealed under a session key, many in flight.

A session belongs to a terminal: whoever signs on with the same terminal elsewhere gets a new key, and the one before
stops to hold. So a terminal is for one process at a time.
"""

import asyncio
import re
from collections.abc import Hashable, Mapping
from datetime import datetime
from itertools import count

import iso8583
import msgspec

from feiqian.channels.bank.config import BankConfig
from feiqian.channels.bank.errors import (
    UNANSWERED,
    UNREACHABLE,
    UNREADABLE,
    UNSUPPORTED,
    UNTRUSTED,
    ErrorTable,
    error_of,
)
from feiqian.channels.bank.forms import Socket, SocketMessage
from feiqian.channels.bank.macs import KeyRefused, mac, unwrap
from feiqian.channels.bank.outgoing import Writer
from feiqian.channels.bank.templates import Values, fill
from feiqian.channels.errors import ChannelError
from feiqian.infra.sockets import FramedConnection, SocketUnknown, SocketUnreachable

CONNECT_TIMEOUT_S = 5.0
_HEADER = "h"
_TYPE = "t"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")

Fields = Mapping[str, str]


class Sealed(msgspec.Struct, frozen=True):
    """A message as it goes over the line."""

    content: bytes
    key: Hashable
    """By which its answer is known."""


class SocketLine:
    """One terminal's session. Raises: InvalidRequest naming the setting."""

    def __init__(
        self, *, config: BankConfig, form: Socket, writer: Writer, errors: ErrorTable, timeout_s: float
    ) -> None:
        host, _, port = config.socket_address.rpartition(":")
        self._form = form
        self._writer = writer
        self._errors = errors
        self._timeout_s = timeout_s
        self._master_key = bytes.fromhex(config.master_key)
        self._tpdu = bytes.fromhex(form.tpdu)
        self._tpdu_answer = bytes.fromhex(form.tpdu_answer)
        self._specification = {name: spec.as_pyiso8583() for name, spec in form.fields.items()}
        self._traces = count()
        self._key: bytes | None = None
        """Of the session; None before the sign-on."""
        self._signing_on = asyncio.Lock()
        self._now: datetime | None = None
        """Of the last question: an echo has no other moment to name."""
        self._connection = FramedConnection(
            host=host.strip("[]"),
            port=int(port),
            length_bytes=form.length_bytes,
            key_of=self._key_of,
            connect_timeout_s=min(CONNECT_TIMEOUT_S, timeout_s),
            echo=self._echo,
            echo_every_s=form.echo_every_s,
        )

    def own_trace(self) -> str:
        """A trace number for what is no transfer."""
        room = 10**self._form.trace_digits - self._form.own_traces_from
        return f"{self._form.own_traces_from + next(self._traces) % room:0{self._form.trace_digits}d}"

    async def ask(
        self, message: SocketMessage, values: Values, *, now: datetime, repeat: bool = False
    ) -> Fields:
        """The answer to a message, whose MAC holds.

        Raises: ChannelFailed when nothing was sent, ChannelUnknown when the answer is missing or cannot be believed.
        """
        self._now = now
        for last in (False, True):
            key = await self._session(now=now)
            answer = await self._exchange(message, values, now=now, key=key, repeat=repeat)
            if answer.get(self._form.code) not in self._form.relogin:
                return answer
            # The bank has not looked at the message: the session or its key is not good any more.
            self._forget(key)
            if last:
                break
        raise self._errors.error(answer[self._form.code], answer.get(self._form.detail, ""))

    async def close(self) -> None:
        """Hang up."""
        self._key = None
        await self._connection.close()

    def code_of(self, answer: Fields) -> str:
        """The response code. Raises: ChannelUnknown when there is none."""
        code = answer.get(self._form.code, "").strip()
        if not code:
            raise error_of(UNREADABLE, message="the answer has no response code")
        return code

    async def _session(self, *, now: datetime) -> bytes:
        """The session's key, after a sign-on where there is none. Raises: ChannelFailed."""
        async with self._signing_on:
            if self._key is None or not self._connection.is_open:
                try:
                    self._key = await self._sign_on(now=now)
                except ChannelError as error:
                    # Nothing that moves money has been sent.
                    raise error_of(UNREACHABLE, code=error.channel_code, message=str(error)) from error
            return self._key

    async def _sign_on(self, *, now: datetime) -> bytes:
        key: bytes | None = None
        for message in self._form.sign_on:
            values = {**self._writer.own, **self._writer.times(now), "trace": self.own_trace()}
            answer = await self._exchange(message, values, now=now, key=None)
            if (code := self.code_of(answer)) not in self._form.approved:
                raise self._errors.error(code, answer.get(self._form.detail, ""))
            if wrapped := answer.get(self._form.mac.key_field):
                key = self._unwrapped(wrapped)
        if key is None:
            raise error_of(UNREADABLE, message="no sign-on brought a key")
        return key

    def _unwrapped(self, wrapped: str) -> bytes:
        form = self._form.mac
        if not _HEX.fullmatch(wrapped):
            raise error_of(UNREADABLE, message="the session's key is not hexadecimal")
        try:
            return unwrap(
                form.wrapping,
                self._master_key,
                bytes.fromhex(wrapped),
                key_bytes=form.key_bytes,
                check_bytes=form.check_bytes,
            )
        except KeyRefused as error:
            raise error_of(UNTRUSTED, message=f"the session's key: {error}") from error

    def _forget(self, key: bytes | None) -> None:
        """Sign on before the next message, unless somebody has already."""
        if self._key == key:
            self._key = None

    async def _exchange(
        self,
        message: SocketMessage,
        values: Values,
        *,
        now: datetime,
        key: bytes | None,
        repeat: bool = False,
    ) -> Fields:
        kind = message.repeat if repeat else message.type
        sealed = self._seal(kind, message, {**self._writer.own, **self._writer.times(now), **values}, key)
        try:
            content = await self._connection.ask(
                sealed.content, key=sealed.key, timeout_s=self._timeout_s, is_echo=message is self._form.echo
            )
        except SocketUnreachable as error:
            raise error_of(UNREACHABLE, message=str(error)) from error
        except SocketUnknown as error:
            raise error_of(UNANSWERED, message=str(error)) from error
        try:
            answer, raw = self._decode(content)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        if key is not None and self._is_sealed(answer[_TYPE]) and not self._holds(answer, raw, key):
            self._forget(key)
            raise error_of(UNTRUSTED, message="the MAC does not hold")
        return answer

    async def _echo(self) -> None:
        assert self._now is not None, "the line is only open after a question"
        try:
            await self._exchange(self._form.echo, {"trace": self.own_trace()}, now=self._now, key=self._key)
        except ChannelError as error:
            raise SocketUnknown(str(error)) from error

    def _seal(self, kind: str, message: SocketMessage, values: Values, key: bytes | None) -> Sealed:
        """Raises: ChannelFailed for what the fields cannot hold; nothing is sent then."""
        form = self._form
        fields = {_TYPE: kind} | ({_HEADER: form.header} if form.header else {})
        for number, template in {**form.common, **message.fields}.items():
            if text := fill(template, values):
                fields[number] = self._sized(number, text)
        sealed = key is not None and self._is_sealed(kind)
        if sealed:
            fields[form.mac.field] = "00" * form.fields[form.mac.field].size
        try:
            encoded, _ = iso8583.encode(fields, self._specification)
        except (iso8583.EncodeError, ValueError) as error:
            raise error_of(UNSUPPORTED, message=str(error)) from error
        body = bytes(encoded)
        if sealed and key is not None:
            size = form.fields[form.mac.field].size
            body = body[:-size] + mac(form.mac.algorithm, key, body[len(form.header) // 2 : -size])
        return Sealed(self._tpdu + body, (message.answer, fields[form.trace], fields[form.terminal].strip()))

    def _sized(self, number: str, text: str) -> str:
        spec = self._form.fields.get(number)
        if spec is None or spec.length_bytes:
            return text
        return text.zfill(spec.size) if spec.zeros else text.ljust(spec.size)

    def _is_sealed(self, kind: str) -> bool:
        return not kind.startswith(self._form.mac.unsealed)

    def _holds(self, answer: Fields, raw: bytes, key: bytes) -> bool:
        form = self._form.mac
        size = self._form.fields[form.field].size
        expected = mac(form.algorithm, key, raw[len(self._form.header) // 2 : -size])
        return answer.get(form.field, "").upper() == expected.hex().upper()

    def _decode(self, content: bytes) -> tuple[dict[str, str], bytes]:
        """The fields, and the message without its TPDU. Raises: ValueError."""
        size = len(self._tpdu_answer)
        if content[:size] != self._tpdu_answer:
            raise ValueError("the message is not addressed to us")
        raw = content[size:]
        try:
            fields, _ = iso8583.decode(raw, self._specification)
        except (iso8583.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(str(error)) from error
        return fields, raw

    def _key_of(self, content: bytes) -> Hashable:
        fields, _ = self._decode(content)
        form = self._form
        return (fields[_TYPE], fields.get(form.trace, ""), fields.get(form.terminal, "").strip())
