"""Legs as rows of COPY's binary format. Pure."""

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache

import msgspec

from feiqian.infra.arrays import NULL, copy_rows, field
from feiqian.ledger.model import NewTransaction
from feiqian.ledger.positions import Row

COLUMNS = (
    "amount, debit_sequence, credit_sequence, debit_balance, credit_balance, effective_at, booked_at, business_date,"
    " cell, number, action, debit_sign, credit_sign, transaction, debit, credit, kind, reference, memo, reverses, hold,"
    " metadata"
)
"""Of ledger.leg, in the order in which rows are packed."""

_FIXED = struct.Struct(">h" + "iq" * 7 + "ii" + "ih" * 5 + "i16s" * 3)
_FIELD_COUNT = 22
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(2000, 1, 1).toordinal()
_JSONB_VERSION = b"\x01"
_NOTHING = NULL * 3


def pack_legs(
    transactions: Sequence[NewTransaction], rows: Sequence[Row], *, cell: int, booked_at: datetime
) -> bytes:
    """The rows of a batch as one COPY of ``COLUMNS``."""
    booked = _microseconds(booked_at)
    pack = _FIXED.pack
    packed: list[bytes] = []
    for row in rows:
        index, number, action, debit, credit, amount, debit_at, credit_at, debit_after, credit_after = row
        transaction = transactions[index]
        fixed = pack(
            _FIELD_COUNT, 8, amount, 8, debit_at, 8, credit_at, 8, debit_after, 8, credit_after,
            8, _microseconds(transaction.effective_at), 8, booked,
            4, transaction.business_date.toordinal() - _EPOCH_DAY,
            2, cell, 2, number, 2, action, 2, debit.sign, 2, credit.sign,
            16, transaction.id.bytes, 16, debit.key, 16, credit.key,
        )  # fmt: skip
        packed.append(fixed + _texts(transaction.kind, transaction.reference, transaction.memo))
        packed.append(_optional(transaction, number))
    return copy_rows(packed)


def _optional(transaction: NewTransaction, number: int) -> bytes:
    reverses, hold, metadata = transaction.reverses, transaction.hold, transaction.metadata
    if reverses is None and hold is None and metadata is None:
        return _NOTHING
    return (
        (NULL if reverses is None else field(reverses.bytes))
        + (NULL if hold is None else field(hold.bytes))
        + (NULL if metadata is None or number else field(_JSONB_VERSION + msgspec.json.encode(metadata)))
    )


def _texts(kind: str, reference: str, memo: str) -> bytes:
    return _name(kind) + field(reference.encode()) + (field(memo.encode()) if memo else b"\0\0\0\0")


@lru_cache(maxsize=1_000)
def _name(kind: str) -> bytes:
    return field(kind.encode())


def _microseconds(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
