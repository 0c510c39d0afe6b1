"""A signed proof of a period: the file's lines, and the check that needs nothing but the file and a public key. Pure.

The file is NDJSON, each line an object with one member. ``proof`` opens it; then come the period's blocks in order of
their numbers: ``block``, and for each of its accounts ``account`` (when it is named for the first time), ``head``, and
where the proof has them the ``leg`` lines that debit it, in order of its sequence. ``signature`` ends it: Ed25519 over
the SHA-256 of every byte before that line. Bytes are base64; what is hashed is said in ``encoding``.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.ledger.model import AccountRef
from feiqian.ledger.seals.encoding import block_root, head_hash, leg_hash
from feiqian.ledger.seals.keys import is_signed
from feiqian.ledger.seals.model import GENESIS, AccountName, Block, Head, SealedLeg

FORMAT = "feiqian-ledger-proof-1"


class ProofInvalid(Exception):
    """A proof proves nothing; the message names the line and what is wrong with it."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What the proof is about."""

    format: str
    cell: int
    book: str
    first_date: date
    """In the house's zone, as ``last_date``; the blocks that touch these dates are in the proof whole."""
    last_date: date
    made_at: datetime
    with_legs: bool


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands for the lines before it."""

    public_key: bytes
    signature: bytes


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line: exactly one of these."""

    proof: Opening | None = None
    block: Block | None = None
    account: AccountName | None = None
    head: Head | None = None
    leg: SealedLeg | None = None
    signature: Signature | None = None


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What a sound proof proves."""

    opening: Opening
    first_block: int
    """0 when the period has no block."""
    last_block: int
    previous: bytes
    """Root that the first block follows."""
    root: bytes
    """Of the last block."""
    accounts: int
    legs: int
    public_key: bytes


def encode_line(line: Line) -> bytes:
    """A line as it stands in the file."""
    return msgspec.json.encode(line) + b"\n"


def check_proof(lines: Iterable[bytes], *, public_key: bytes) -> Proven:
    """Recompute everything that a proof says, and check who signed it.

    Raises: ProofInvalid.
    """
    hashed = hashlib.sha256()
    check: _Check | None = None
    signature: Signature | None = None
    for number, raw in enumerate(lines, 1):
        if signature is not None:
            raise ProofInvalid(f"line {number}: something follows the signature")
        try:
            line = msgspec.json.decode(raw, type=Line)
            if line.signature is not None:
                signature = line.signature
                continue
            hashed.update(raw)
            if check is None:
                check = _Check(_opening(line))
            else:
                check.take(line)
        except (msgspec.MsgspecError, _Wrong) as error:
            raise ProofInvalid(f"line {number}: {error}") from error
    if check is None or signature is None:
        raise ProofInvalid("the file ends before its signature")
    try:
        check.end_block()
    except _Wrong as error:
        raise ProofInvalid(str(error)) from error
    if signature.public_key != public_key:
        raise ProofInvalid(f"it is signed by another key, {signature.public_key.hex()}")
    if not is_signed(hashed.digest(), signature=signature.signature, public_key=public_key):
        raise ProofInvalid("the signature is not of these lines")
    return check.proven(public_key)


class _Wrong(Exception):
    """What is wrong with a line."""


def _opening(line: Line) -> Opening:
    if line.proof is None or line.proof.format != FORMAT:
        raise _Wrong(f"a proof begins with its format, {FORMAT}")
    return line.proof


class _Check:
    """What has been read of a proof so far."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._names: dict[UUID, AccountName] = {}
        self._newest: dict[UUID, Head] = {}
        self._first: Block | None = None
        self._before: Block | None = None
        self._block: Block | None = None
        self._content = hashlib.sha256()
        self._heads: list[Head] = []
        self._digest = hashlib.sha256()
        self._place = 0
        self._block_legs = 0
        self._legs = 0
        self._moved: dict[UUID, list[int]] = {}

    def take(self, line: Line) -> None:
        if line.block is not None:
            self.end_block()
            self._begin_block(line.block)
        elif line.account is not None:
            self._name(line.account)
        elif line.head is not None:
            self._end_head()
            self._begin_head(line.head)
        elif line.leg is not None:
            self._take_leg(line.leg)
        else:
            raise _Wrong("the line says nothing")

    def end_block(self) -> None:
        block = self._block
        if block is None:
            return
        self._end_head()
        if self._content.digest() != block.content:
            raise _Wrong(f"block {block.number}: its accounts are not those that were sealed")
        if len(self._heads) != block.accounts:
            raise _Wrong(
                f"block {block.number}: it has {block.accounts} accounts, the proof has {len(self._heads)}"
            )
        if self._opening.with_legs:
            self._compare_legs(block)
        self._newest.update({head.account: head for head in self._heads})
        self._before, self._block = block, None

    def proven(self, public_key: bytes) -> Proven:
        return Proven(
            opening=self._opening,
            first_block=self._first.number if self._first else 0,
            last_block=self._before.number if self._before else 0,
            previous=self._first.previous if self._first else GENESIS,
            root=self._before.root if self._before else GENESIS,
            accounts=len(self._newest),
            legs=self._legs,
            public_key=public_key,
        )

    def _begin_block(self, block: Block) -> None:
        if block.book != self._opening.book:
            raise _Wrong(f"block {block.number} is of book {block.book}")
        if block.root != block_root(block, cell=self._opening.cell):
            raise _Wrong(f"block {block.number}: its root is not the hash of its header")
        before = self._before
        if before is None:
            self._first = block
        elif (block.number, block.previous) != (before.number + 1, before.root):
            raise _Wrong(f"block {block.number} does not follow block {before.number}")
        self._block = block
        self._content, self._heads, self._block_legs, self._moved = hashlib.sha256(), [], 0, {}

    def _name(self, account: AccountName) -> None:
        ref = AccountRef(self._opening.book, account.code, account.owner, account.currency)
        if ref.id != account.id:
            raise _Wrong(f"account {account.id} is not {ref.name} {ref.currency}")
        self._names[account.id] = account

    def _begin_head(self, head: Head) -> None:
        if self._block is None or head.account not in self._names:
            raise _Wrong("an account's row comes before its block or its name")
        beside = self._heads[-1] if self._heads else None
        newest = beside if beside and beside.account == head.account else self._newest.get(head.account)
        if newest is not None and head.first != newest.last + 1:
            raise _Wrong(f"account {head.account}: entries {newest.last + 1} … {head.first - 1} are left out")
        self._content.update(head_hash(head))
        self._heads.append(head)
        self._digest, self._place = hashlib.sha256(), head.first - 1

    def _end_head(self) -> None:
        if not self._heads or not self._opening.with_legs:
            return
        head = self._heads[-1]
        if self._digest.digest() != head.digest:
            raise _Wrong(
                f"account {head.account}, entries {head.first} … {head.last}: the legs are not those that were sealed"
            )

    def _take_leg(self, leg: SealedLeg) -> None:
        head = self._heads[-1] if self._heads else None
        if head is None or leg.debit != head.account or not self._place < leg.debit_sequence <= head.last:
            raise _Wrong(f"leg {leg.number} of {leg.transaction} does not belong here")
        self._digest.update(leg_hash(leg))
        self._place = leg.debit_sequence
        self._block_legs += 1
        self._legs += 1
        posted = leg.amount if leg.action in (0, 2) else 0
        held = 0 if leg.action == 0 else leg.amount if leg.action == 1 else -leg.amount
        for account, moved in ((leg.debit, (posted, 0, held, 0)), (leg.credit, (0, posted, 0, held))):
            sums = self._moved.setdefault(account, [0, 0, 0, 0])
            for place, amount in enumerate(moved):
                sums[place] += amount

    def _compare_legs(self, block: Block) -> None:
        if self._block_legs != block.legs:
            raise _Wrong(f"block {block.number}: it has {block.legs} legs, the proof has {self._block_legs}")
        first = {head.account: head for head in reversed(self._heads)}
        last = {head.account: head for head in self._heads}
        if self._moved.keys() - last.keys():
            raise _Wrong(f"block {block.number}: a leg moves an account that the block does not cover")
        for account, head in last.items():
            before = self._newest.get(account)
            if before is None and first[account].first > 1:
                continue
            begun = _counters(before) if before else (0, 0, 0, 0)
            moved = self._moved.get(account, [0, 0, 0, 0])
            if _counters(head) != tuple(map(sum, zip(begun, moved, strict=True))):
                raise _Wrong(
                    f"block {block.number}: the legs do not lead to the counters of account {account}"
                )


def _counters(head: Head) -> tuple[int, int, int, int]:
    return head.debits, head.credits, head.held_debits, head.held_credits
