"""Archived legs as Parquet, one file for the blocks of a book and a month: written whole, and checked against the seals."""

import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from feiqian.kernel.ids import show_id
from feiqian.ledger.archive.model import ArchiveFailed, MarkedHead
from feiqian.ledger.seals.encoding import leg_hash
from feiqian.ledger.seals.model import MARK_BYTES, Block, SealedLeg

_SMALL = ("cell", "number", "action", "debit_sign", "credit_sign")
_BIG = ("block", "amount", "debit_sequence", "credit_sequence", "debit_balance", "credit_balance")
_IDS = ("transaction", "debit", "credit", "reverses", "hold")
_TEXTS = ("kind", "reference", "memo", "metadata")
_MOMENTS = ("effective_at", "booked_at")
_FIELDS = SealedLeg.__struct_fields__


def file_name(*, cell: int, book: str, month: str, first: int, last: int) -> str:
    """Below the archive's directory, in the partitions that readers of Parquet know."""
    return f"cell={cell}/book={quote(book, safe='')}/month={month}/blocks-{first:09}-{last:09}.parquet"


@contextmanager
def writer(path: Path) -> Generator[Callable[[Block, Sequence[SealedLeg]], None]]:
    """Write a file block by block, each a row group; it has its name only when it is whole and on the disk."""
    pyarrow, parquet = _pyarrow()
    schema = _schema(pyarrow)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")

    def write(block: Block, legs: Sequence[SealedLeg]) -> None:
        columns: dict[str, list[Any]] = {
            name: [_plain(getattr(leg, name)) for leg in legs] for name in _FIELDS
        }
        columns["block"] = [block.number] * len(legs)
        file.write_table(pyarrow.table(columns, schema=schema))

    with parquet.ParquetWriter(unfinished, schema, compression="zstd") as file:
        yield write
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.rename(path)


def find_faults(path: Path, heads: Mapping[int, Sequence[MarkedHead]]) -> Iterator[str]:
    """What in a file is not what these blocks sealed; nothing when all of it is."""
    if not path.is_file():
        yield f"{path} is missing"
        return
    found: set[int] = set()
    try:
        for number, legs in _read(path):
            if number in heads:
                found.add(number)
                yield from (
                    f"{path}: block {number}: {fault}" for fault in _block_faults(legs, heads[number])
                )
    except (OSError, ValueError, msgspec.ValidationError) as error:
        yield f"{path} cannot be read: {error}"
        return
    for number in sorted(heads.keys() - found):
        yield f"{path}: block {number} is missing"


def _block_faults(legs: Sequence[SealedLeg], heads: Sequence[MarkedHead]) -> Iterator[str]:
    mine: dict[object, list[tuple[SealedLeg, bytes]]] = {head.account: [] for head in heads}
    for leg in legs:
        if leg.debit not in mine:
            yield f"{_row(leg)} debits an account that the block does not cover"
            return
        mine[leg.debit].append((leg, leg_hash(leg)))
    for head in heads:
        covered = [
            (leg, hash) for leg, hash in mine[head.account] if head.first <= leg.debit_sequence <= head.last
        ]
        if hashlib.sha256(b"".join(hash for _, hash in covered)).digest() == head.digest:
            continue
        marks = [head.marks[at : at + MARK_BYTES] for at in range(0, len(head.marks), MARK_BYTES)]
        if len(marks) != len(covered):
            yield f"account {head.account} has {len(covered)} legs, {len(marks)} were sealed"
        for (leg, hash), mark in zip(covered, marks, strict=False):
            if hash[:MARK_BYTES] != mark:
                yield f"{_row(leg)} differs from its seal"
                break


def _row(leg: SealedLeg) -> str:
    return f"{show_id('transaction', leg.transaction)} leg {leg.number}"


def _read(path: Path) -> Iterator[tuple[int, list[SealedLeg]]]:
    """The legs of a file by block."""
    _, parquet = _pyarrow()
    with parquet.ParquetFile(path) as file:
        rows = (row for batch in file.iter_batches(batch_size=20_000) for row in batch.to_pylist())
        for number, group in groupby(rows, key=lambda row: row["block"]):
            yield number, [msgspec.convert(_ids_from_bytes(row), SealedLeg) for row in group]


def _ids_from_bytes(row: dict[str, Any]) -> dict[str, Any]:
    for name in _IDS:
        if row[name] is not None:
            row[name] = row[name].hex()
    return row


def _schema(pyarrow: Any) -> Any:
    kinds: dict[str, Any] = {
        **dict.fromkeys(_SMALL, pyarrow.int16()),
        **dict.fromkeys(_BIG, pyarrow.int64()),
        **dict.fromkeys(_IDS, pyarrow.binary(16)),
        **dict.fromkeys(_TEXTS, pyarrow.string()),
        **dict.fromkeys(_MOMENTS, pyarrow.timestamp("us", tz="UTC")),
        "business_date": pyarrow.date32(),
    }
    return pyarrow.schema([(name, kinds[name]) for name in ("block", *_FIELDS)])


def _plain(value: object) -> object:
    return value.bytes if isinstance(value, UUID) else value


def _pyarrow() -> tuple[Any, Any]:
    """Loaded when an archive is touched, not with every command: it is large."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ArchiveFailed("pyarrow is not installed: the archive's files are Parquet") from error
    return pyarrow, pyarrow.parquet
