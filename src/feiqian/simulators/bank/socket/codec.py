"""Messages and bytes: TPDU and header, ISO 8583 by the profile, the MAC at the end."""

import hmac

import iso8583
import msgspec

from feiqian.simulators.bank.socket.mac import MAC_BYTES, mac
from feiqian.simulators.bank.socket.profile import SocketProfile

TPDU_BYTES = 5

Fields = dict[str, str]
"""Field number -> value; ``t`` is the message type. Binary fields are hexadecimal."""


class Unreadable(ValueError):
    """Bytes that are no message of this profile."""


class Message(msgspec.Struct, frozen=True):
    """A message as it came."""

    tpdu: bytes
    fields: Fields
    sealed: bytes
    """What the MAC is over: from the type up to the MAC."""

    @property
    def type(self) -> str:
        return self.fields["t"]


class Codec:
    """Reads and writes the messages of one profile."""

    def __init__(self, profile: SocketProfile) -> None:
        self.profile = profile
        self._specification = profile.specification()
        self._header = bytes.fromhex(profile.frame.header)

    def read(self, content: bytes) -> Message:
        """What stands behind the length. Raises: Unreadable."""
        tpdu, body = content[:TPDU_BYTES], content[TPDU_BYTES + len(self._header) :]
        if len(tpdu) < TPDU_BYTES or tpdu[0] != int(self.profile.frame.tpdu_id, 16):
            raise Unreadable("the TPDU is not of this bank")
        try:
            fields, _ = iso8583.decode(body, self._specification)
        except (iso8583.DecodeError, ValueError, KeyError) as error:
            raise Unreadable(str(error)) from error
        kept = {name: value for name, value in fields.items() if name not in ("h", "p", "1")}
        return Message(tpdu, kept, body[:-MAC_BYTES])

    def write(self, tpdu: bytes, fields: Fields, mac_key: bytes | None) -> bytes:
        """A message with its length, sealed when there is a key.

        Raises: iso8583.EncodeError for a value that does not fit its field.
        """
        shaped = {number: self._shaped(number, value) for number, value in fields.items()}
        if mac_key is not None:
            shaped[str(self.profile.where.mac)] = "0" * (MAC_BYTES * 2)
        encoded, _ = iso8583.encode(shaped, self._specification)
        body = bytes(encoded)
        if mac_key is not None:
            body = body[:-MAC_BYTES] + mac(self.profile.mac.algorithm, mac_key, body[:-MAC_BYTES])
        content = tpdu + self._header + body
        return len(content).to_bytes(2, "big") + content

    def is_sealed(self, message: Message, mac_key: bytes) -> bool:
        """Whether the message's MAC holds."""
        stated = message.fields.get(str(self.profile.where.mac), "")
        expected = mac(self.profile.mac.algorithm, mac_key, message.sealed).hex().upper()
        return hmac.compare_digest(stated.upper().encode(), expected.encode())

    def has_digits(self, message: Message) -> bool:
        """Whether every numeric field has digits only: half a byte could also be A to F."""
        shapes = self.profile.fields
        return all(
            value.isdecimal() and value.isascii()
            for number, value in message.fields.items()
            if number in shapes and shapes[number].kind == "n"
        )

    def _shaped(self, number: str, value: str) -> str:
        """Fixed fields filled up: digits with zeros on the left, text with blanks on the right."""
        shape = self.profile.fields.get(number)
        if shape is None or shape.length != 0 or shape.kind == "b":
            return value
        return value.zfill(shape.max) if shape.kind == "n" else value.ljust(shape.max)


def answering_tpdu(tpdu: bytes) -> bytes:
    """Sender and receiver exchanged."""
    return tpdu[:1] + tpdu[3:5] + tpdu[1:3]
