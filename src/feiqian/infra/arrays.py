"""Arrays and rows in PostgreSQL's binary formats, for statements that take thousands of values at once.

The driver's own writers convert value by value; a batch of the ledger packs with ``struct`` and sends one write, which
was measured several times as fast. Source: PostgreSQL 18 documentation, COPY "Binary Format", and ``array_recv``.
"""

import struct
from collections.abc import Iterable, Sequence

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
"""A field without a value."""

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
    """Whole numbers of 64 bits."""
    interleaved = [8] * (2 * len(values))
    interleaved[1::2] = values
    return BigintArray(
        struct.pack(">iiiii" + "iq" * len(values), 1, 0, _BIGINT, len(values), 1, *interleaved)
    )


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
