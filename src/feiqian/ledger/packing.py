"""Legs as rows of COPY's binary format. Pure."""

import struct
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from feiqian.infra.arrays import EPOCH_DAY, NULL, copy_rows, field, microseconds
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
_JSONB_VERSION = b"\x01"
_NOTHING = NULL * 3


def pack_legs(
    transactions: Sequence[NewTransaction], rows: Sequence[Row], *, cell: int, booked_at: datetime
) -> bytes:
    """The rows of a batch as one COPY of ``COLUMNS``."""
    booked = microseconds(booked_at)
    pack = _FIXED.pack
    packed: list[bytes] = []
    effective_at, effective = booked_at, booked
    for row in rows:
        index, number, action, debit, credit, amount, debit_at, credit_at, debit_after, credit_after = row
        transaction = transactions[index]
        if transaction.effective_at is not effective_at:
            effective_at, effective = transaction.effective_at, microseconds(transaction.effective_at)
        fixed = pack(
            _FIELD_COUNT, 8, amount, 8, debit_at, 8, credit_at, 8, debit_after, 8, credit_after,
            8, effective, 8, booked,
            4, transaction.business_date.toordinal() - EPOCH_DAY,
            2, cell, 2, number, 2, action, 2, debit.sign, 2, credit.sign,
            16, transaction.id.bytes, 16, debit.key, 16, credit.key,
        )  # fmt: skip
        packed.append(fixed)
        packed.append(
            _texts(transaction) if transaction.reference or transaction.memo else _name(transaction.kind)
        )
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


def _texts(transaction: NewTransaction) -> bytes:
    reference, memo = transaction.reference.encode(), transaction.memo.encode()
    return field(transaction.kind.encode()) + field(reference) + field(memo)


@lru_cache(maxsize=1_000)
def _name(kind: str) -> bytes:
    """A kind without reference and memo."""
    return field(kind.encode()) + bytes(8)
