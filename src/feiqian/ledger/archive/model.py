"""Values of the archive."""

import hashlib
from datetime import date
from uuid import UUID

import msgspec

from feiqian.ledger.rules import AS_READ_BACK
from feiqian.ledger.seals.model import Head

FIELDS = (
    "action",
    "kind",
    "reference",
    "hold",
    "reverses",
    "metadata",
    "amount",
    "debit_account",
    "credit_account",
)
"""What is compared when an id comes again, in the order in which its hashes are kept; as ``rules.posted_content``."""
_HASH_BYTES = 4


class ArchiveFailed(Exception):
    """Nothing was deleted beyond what is safely in files; the message says why it stopped."""


class ArchivedContent(dict[str, object]):
    """The content of an archived transaction by field, each as a short hash: enough to tell a replay from another request."""


class ArchivedBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.archive: a sealed block whose legs are in a file."""

    book: str
    block: int
    month: date
    legs: int
    file: str


class MarkedHead(Head, frozen=True, kw_only=True):
    """An account's row of a block with what names its legs."""

    block: int
    marks: bytes


class ArchivedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ledger.archived_transaction."""

    id: UUID
    content: bytes


def short_hashes(content: dict[str, object]) -> ArchivedContent:
    """The content of a request or of what was posted, as the archive keeps it."""
    return ArchivedContent({field: _hash(value) for field, value in content.items()})


def pack_content(content: dict[str, object]) -> bytes:
    """The hashes of all fields, one after the other."""
    return b"".join(_hash(content[field]) for field in FIELDS)


def unpack_content(packed: bytes) -> ArchivedContent:
    """The hashes by field."""
    return ArchivedContent(
        {field: packed[at * _HASH_BYTES : (at + 1) * _HASH_BYTES] for at, field in enumerate(FIELDS)}
    )


def _hash(value: object) -> bytes:
    same = AS_READ_BACK.decode(msgspec.json.encode(value))
    return hashlib.sha256(msgspec.json.encode(same, order="sorted")).digest()[:_HASH_BYTES]
