"""Arrays and rows in PostgreSQL's binary formats, for statements that take thousands of values at once.

The driver's own writers convert value by value; a batch of the ledger packs with ``struct`` and sends one write, which
was measured several times as fast. Source: PostgreSQL 18 documentation, COPY "Binary Format", and ``array_recv``.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
"""A field without a value."""

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""From which PostgreSQL counts microseconds, and days."""
EPOCH_DAY = date(2000, 1, 1).toordinal()

_UUID, _BIGINT = 2950, 20
_UUID_ARRAY, _BIGINT_ARRAY = 2951, 1016


class UuidArray(bytes):
    """``uuid[]`` as PostgreSQL receives it."""


class BigintArray(bytes):
    """``bigint[]`` as PostgreSQL receives it."""


def uuid_array(keys: Sequence[bytes]) -> UuidArray:
    """Ids, each as its 16 bytes."""
    head = struct.pack(">iiiii", 1, 0, _UUID, len(keys), 1)
    return UuidArray(head + b"".join([b"\0\0\0\x10" + key for key in keys]))


def bigint_array(values: Sequence[int]) -> BigintArray:
    """Whole numbers of 64 bits, each behind its length of 8: laid out column by column, without a step a value."""
    numbers = array("q", values)
    if sys.byteorder == "little":
        numbers.byteswap()
    packed = numbers.tobytes()
    laid = bytearray(12 * len(values))
    laid[3::12] = b"\x08" * len(values)
    for place in range(8):
        laid[4 + place :: 12] = packed[place::8]
    return BigintArray(struct.pack(">iiiii", 1, 0, _BIGINT, len(values), 1) + bytes(laid))


def field(content: bytes) -> bytes:
    """One field of a row: its length and its bytes."""
    return struct.pack(">i", len(content)) + content


def copy_rows(rows: Iterable[bytes]) -> bytes:
    """Whole rows, each with its field count, as what COPY … FROM STDIN (FORMAT binary) reads."""
    return b"".join([COPY_HEADER, *rows, COPY_TRAILER])


class _UuidArrayDumper(Dumper):
    format = Format.BINARY
    oid = _UUID_ARRAY

    def dump(self, obj: UuidArray) -> bytes:
        return bytes(obj)


class _BigintArrayDumper(Dumper):
    format = Format.BINARY
    oid = _BIGINT_ARRAY

    def dump(self, obj: BigintArray) -> bytes:
        return bytes(obj)


psycopg.adapters.register_dumper(UuidArray, _UuidArrayDumper)
psycopg.adapters.register_dumper(BigintArray, _BigintArrayDumper)


def raw_cursor(connection: psycopg.AsyncConnection[Any]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """A cursor for many rows: ids come as their 16 bytes, moments as microseconds since ``EPOCH``."""
    cursor = connection.cursor(binary=True)
    cursor.adapters.register_loader("uuid", ByteaBinaryLoader)
    cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
    return cursor


def microseconds(moment: datetime) -> int:
    """Since ``EPOCH``."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(microseconds: int) -> datetime:
    """What ``microseconds`` were made from."""
    return EPOCH + timedelta(microseconds=microseconds)
