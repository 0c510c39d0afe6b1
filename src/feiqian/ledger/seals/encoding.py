"""What is hashed, byte for byte, so that a seal can be recomputed in any language. Pure.

A record is the number of its fields (4 bytes), and for each field a type number (4 bytes), the length of its content
(4 bytes; -1 for no value) and the content. All numbers are big-endian and signed. Types: 20 a number of 8 bytes, 21 a
number of 2 bytes, 1082 a date as 4 bytes, days since 2000-01-01; 1184 a moment as 8 bytes, microseconds since
2000-01-01T00:00:00Z; 2950 an id of 16 bytes; 25 text in UTF-8; 17 bytes. This is also how PostgreSQL sends a row
(``record_send``), so that the database hashes a hundred thousand legs without a round trip.
"""

import hashlib
import struct
from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from feiqian.ledger.seals.model import Block, Head, SealedLeg

_SMALLINT, _BIGINT, _DATE, _MOMENT, _UUID, _TEXT, _BYTES = 21, 20, 1082, 1184, 2950, 25, 17
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()

Field = tuple[int, bytes | None]


def leg_hash(leg: SealedLeg) -> bytes:
    """SHA-256 of a leg's record: every column of it."""
    return _hash(
        _small(leg.cell),
        _id(leg.transaction),
        _small(leg.number),
        _small(leg.action),
        _id(leg.debit),
        _id(leg.credit),
        _big(leg.amount),
        _big(leg.debit_sequence),
        _big(leg.credit_sequence),
        _big(leg.debit_balance),
        _big(leg.credit_balance),
        _small(leg.debit_sign),
        _small(leg.credit_sign),
        _moment(leg.effective_at),
        _moment(leg.booked_at),
        (_DATE, struct.pack(">i", leg.business_date.toordinal() - _EPOCH_DAY)),
        _text(leg.kind),
        _text(leg.reference),
        _text(leg.memo),
        _id(leg.reverses),
        _id(leg.hold),
        _text(leg.metadata),
    )


def head_hash(head: Head) -> bytes:
    """SHA-256 of an account's row in a block."""
    return _hash(
        _id(head.account),
        _big(head.first),
        _big(head.last),
        _big(head.debits),
        _big(head.credits),
        _big(head.held_debits),
        _big(head.held_credits),
        _moment(head.booked_at),
        (_BYTES, head.digest),
    )


def content_hash(heads: Iterable[Head]) -> bytes:
    """SHA-256 over the hashes of a block's accounts, in order of account and sequence."""
    ordered = sorted(heads, key=lambda head: (head.account.bytes, head.last))
    return hashlib.sha256(b"".join(head_hash(head) for head in ordered)).digest()


def block_root(block: Block, *, cell: int) -> bytes:
    """SHA-256 of a block's header, which names the root of the block before."""
    return _hash(
        _small(cell),
        _text(block.book),
        _big(block.number),
        _moment(block.sealed_at),
        _moment(block.first_at),
        _moment(block.last_at),
        _big(block.legs),
        _big(block.accounts),
        (_BYTES, block.previous),
        (_BYTES, block.content),
    )


def _hash(*fields: Field) -> bytes:
    record = [struct.pack(">i", len(fields))]
    for kind, content in fields:
        record.append(struct.pack(">ii", kind, -1 if content is None else len(content)) + (content or b""))
    return hashlib.sha256(b"".join(record)).digest()


def _small(number: int) -> Field:
    return _SMALLINT, struct.pack(">h", number)


def _big(number: int) -> Field:
    return _BIGINT, struct.pack(">q", number)


def _id(value: UUID | None) -> Field:
    return _UUID, None if value is None else value.bytes


def _text(value: str | None) -> Field:
    return _TEXT, None if value is None else value.encode()


def _moment(moment: datetime) -> Field:
    since = moment - _EPOCH
    return _MOMENT, struct.pack(">q", (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
