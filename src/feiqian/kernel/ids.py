"""Identifiers: UUIDv7 inside, TypeID (``payment_01h…``) outside.

Source: RFC 9562 section 5.7 and 5.8; the TypeID specification 0.3 (Crockford base32, 26 characters).
"""

import hashlib
import os
from datetime import datetime
from uuid import UUID

from feiqian.kernel.errors import InvalidRequest

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {character: index for index, character in enumerate(_ALPHABET)}


def new_id(now: datetime) -> UUID:
    """A UUIDv7 of that moment: sorts by time, 74 random bits."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    return _stamp(value, version=7)


def first_id_at(moment: datetime) -> UUID:
    """The lowest UUIDv7 of a moment: what was created in a period is a range of ids, found without another index."""
    return _stamp(int(moment.timestamp() * 1000) << 80, version=7)


def derived_id(*parts: str) -> UUID:
    """A UUIDv8 that is a function of its parts: the same name always gives the same id.

    Used where a fact must not be recorded twice: the id of what follows from a fact is derived from it.
    """
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return _stamp(int.from_bytes(digest[:16], "big"), version=8)


def derived_id_at(moment: datetime, *parts: str) -> UUID:
    """A UUIDv7 of that moment whose other bits are a function of its parts: sorts by time, and is the same each time."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    value = (int(moment.timestamp() * 1000) << 80) | int.from_bytes(digest[:10], "big")
    return _stamp(value, version=7)


def show_id(prefix: str, value: UUID) -> str:
    """``show_id("payment", u)`` is ``payment_`` and 26 characters."""
    number = value.int
    characters = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(characters)}"


def parse_id(prefix: str, text: str) -> UUID:
    """The id behind its outside form.

    Raises: InvalidRequest when the prefix or the characters are not of that kind.
    """
    head, _, tail = text.rpartition("_")
    if head != prefix or len(tail) != 26 or tail[0] > "7" or any(c not in _VALUE for c in tail):
        raise InvalidRequest(field="id", reason=f"must look like {prefix}_ and 26 letters or digits")
    number = 0
    for character in tail:
        number = (number << 5) | _VALUE[character]
    return UUID(int=number)


def _stamp(value: int, version: int) -> UUID:
    value = value & ~(0xF << 76) | (version << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)
