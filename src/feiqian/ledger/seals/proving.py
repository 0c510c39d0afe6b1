"""Writing a signed proof of a period."""

import hashlib
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import BinaryIO
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import end_of, start_of
from feiqian.ledger.seals import store
from feiqian.ledger.seals.keys import SigningKey
from feiqian.ledger.seals.model import Block, SealedLeg
from feiqian.ledger.seals.proof import FORMAT, Line, Opening, ProofInvalid, Signature, encode_line


async def write_proof(
    tx: Transaction,
    *,
    book: str,
    first: date,
    last: date,
    with_legs: bool,
    now: datetime,
    key: SigningKey,
    output: BinaryIO,
) -> int:
    """Write the proof of the blocks of a book that touch the dates first … last; returns how many these are.

    The transaction should be of one moment. Raises: ProofInvalid when legs are asked for that have been archived.
    """
    opening = Opening(
        format=FORMAT,
        cell=tx.cell,
        book=book,
        first_date=first,
        last_date=last,
        made_at=now,
        with_legs=with_legs,
    )
    blocks = await store.read_blocks(tx, book=book, begin=start_of(first), end=end_of(last))
    hashed = hashlib.sha256()

    def write(line: Line) -> None:
        raw = encode_line(line)
        hashed.update(raw)
        output.write(raw)

    named: set[UUID] = set()
    write(Line(proof=opening))
    for block in blocks:
        async for line in _block_lines(tx, block, named, with_legs=with_legs):
            write(line)
    write(Line(signature=Signature(public_key=key.public, signature=key.sign(hashed.digest()))))
    return len(blocks)


async def _block_lines(
    tx: Transaction, block: Block, named: set[UUID], *, with_legs: bool
) -> AsyncIterator[Line]:
    heads = await store.read_heads(tx, block)
    legs: dict[UUID, list[SealedLeg]] = {head.account: [] for head in heads}
    if with_legs:
        sealed = await store.read_sealed_legs(tx, block)
        if len(sealed) != block.legs:
            raise ProofInvalid(
                f"block {block.number} has {block.legs} legs, {len(sealed)} are in the database"
            )
        for leg in sealed:
            legs[leg.debit].append(leg)
    names = {name.id: name for name in await store.read_names(tx, list(legs.keys() - named))}
    yield Line(block=block)
    for head in heads:
        if head.account in names and head.account not in named:
            named.add(head.account)
            yield Line(account=names[head.account])
        yield Line(head=head)
        for leg in legs[head.account]:
            if head.first <= leg.debit_sequence <= head.last:
                yield Line(leg=leg)
