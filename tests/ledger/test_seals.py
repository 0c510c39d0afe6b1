"""Seals: which blocks are written, what they cover, and that nothing is left out or covered twice."""

import asyncio
import hashlib
import io
import json
import stat
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Action,
    Block,
    KeyUnusable,
    NewTransaction,
    ProofInvalid,
    check_proof,
    funder_book,
    load_key,
    post,
    read_public_key,
    seal,
    seal_all,
    seal_state,
    write_proof,
)
from feiqian.ledger.seals.encoding import block_root, content_hash, leg_hash
from feiqian.ledger.seals.model import GENESIS, Head, SealedLeg
from tests.conftest import NOW
from tests.ledger.test_posting import AVAILABLE, CHANNEL, FEE, PENDING, ask, transaction

CASH = AccountRef(funder_book("F1"), AccountCode.FUNDER_CASH, "F1", "CNY")
CAPITAL = AccountRef(funder_book("F1"), AccountCode.FUNDER_CAPITAL, "F1", "CNY")
LATER = NOW + timedelta(minutes=1)


async def post_at(database: Database, moment: datetime, *transactions: NewTransaction) -> None:
    await database.run(lambda tx: post(tx, now=moment, transactions=transactions))


async def seal_now(database: Database, moment: datetime = LATER) -> list[Block]:
    return (await database.run(lambda tx: seal(tx, now=moment))).blocks


async def read_legs(database: Database) -> list[SealedLeg]:
    async with database.transaction() as tx:
        return await tx.all(
            SealedLeg,
            "SELECT cell, transaction, number, action, debit, credit, amount, debit_sequence, credit_sequence,"
            " debit_balance, credit_balance, debit_sign, credit_sign, effective_at, booked_at, business_date, kind,"
            " reference, memo, reverses, hold, metadata::text FROM ledger.leg ORDER BY debit, debit_sequence",
        )


async def read_heads(database: Database, block: Block) -> list[Head]:
    async with database.transaction() as tx:
        return await tx.all(
            Head,
            "SELECT account, first, last, debits, credits, held_debits, held_credits, booked_at, digest"
            " FROM ledger.block_account WHERE book = %s AND block = %s",
            (block.book, block.number),
        )


def covered_once(legs: Sequence[SealedLeg], heads: Sequence[Head]) -> bool:
    """Every leg is in exactly one block by its debit, and its credit is covered by exactly one as well."""
    sides = [(leg.debit, leg.debit_sequence) for leg in legs] + [
        (leg.credit, leg.credit_sequence) for leg in legs
    ]
    spans = [(head.account, sequence) for head in heads for sequence in range(head.first, head.last + 1)]
    return sorted(sides, key=str) == sorted(spans, key=str)


@pytest.mark.anyio
class TestASeal:
    async def test_covers_what_was_posted_in_one_block_a_book(self, database: Database) -> None:
        await ask(
            database,
            transaction("sale", (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60)),
            transaction("settle", (PENDING, AVAILABLE, 9_940)),
            transaction("put in", (CASH, CAPITAL, 500)),
        )
        blocks = await seal_now(database)
        assert [(b.book, b.number, b.legs, b.accounts, b.previous) for b in blocks] == [
            ("funder:F1", 1, 1, 2, GENESIS),
            ("platform", 1, 3, 4, GENESIS),
        ]
        heads = [head for block in blocks for head in await read_heads(database, block)]
        counters = {head.account: (head.first, head.last, head.debits, head.credits) for head in heads}
        assert [counters[ref.id] for ref in (CHANNEL, PENDING, AVAILABLE, FEE, CASH)] == [
            (1, 2, 10_000, 0),
            (1, 2, 9_940, 9_940),
            (1, 1, 0, 9_940),
            (1, 1, 0, 60),
            (1, 1, 500, 0),
        ]
        assert covered_once(await read_legs(database), heads)

    async def test_follows_the_block_before(self, database: Database) -> None:
        await ask(database, transaction("a", (CHANNEL, PENDING, 1)))
        (first,) = await seal_now(database)
        await ask(database, transaction("b", (CHANNEL, PENDING, 2)), transaction("c", (CHANNEL, FEE, 4)))
        (second,) = await seal_now(database)
        assert (second.number, second.previous, second.legs) == (2, first.root, 2)
        heads = await read_heads(database, second)
        assert {(head.account, head.first, head.last, head.debits) for head in heads} == {
            (CHANNEL.id, 2, 3, 7),
            (PENDING.id, 2, 2, 0),
            (FEE.id, 1, 1, 0),
        }

    async def test_of_nothing_new_writes_no_block(self, database: Database) -> None:
        assert await seal_now(database) == []
        await ask(database, transaction("a", (CHANNEL, PENDING, 1)))
        assert len(await seal_now(database)) == 1
        assert await seal_now(database) == []

    async def test_is_recomputed_in_another_language_than_sql(self, database: Database) -> None:
        """Every column takes part: texts beyond ASCII, empty ones, metadata, holds, a reversal."""
        hold = transaction("hold", (CHANNEL, AVAILABLE, 50), action=Action.HOLD, memo="冻结")
        capture = NewTransaction(
            id=derived_id("capture"),
            kind="capture",
            action=Action.CAPTURE,
            hold=hold.id,
            amount=20,
            business_date=hold.business_date,
            effective_at=NOW - timedelta(days=800, microseconds=7),
        )
        sale = transaction(
            "sale", (CHANNEL, PENDING, 9), (CHANNEL, FEE, 1), metadata={"店": "S10", "n": [1.5, None]}
        )
        taken_back = transaction("back", (PENDING, CHANNEL, 4), reverses=sale.id)
        await ask(database, sale, hold, capture, taken_back)
        (block,) = await seal_now(database)
        legs, heads = await read_legs(database), await read_heads(database, block)
        assert len(legs) == 5
        for head in heads:
            mine = [leg for leg in legs if leg.debit == head.account]
            assert head.digest == hashlib.sha256(b"".join(leg_hash(leg) for leg in mine)).digest()
        held = next(head for head in heads if head.account == CHANNEL.id)
        assert (held.debits, held.credits, held.held_debits, held.held_credits) == (30, 4, 30, 0)
        assert block.content == content_hash(heads)
        assert block.root == block_root(block, cell=1)

    async def test_of_a_backlog_is_cut_where_it_is_full_and_stays_balanced(self, database: Database) -> None:
        for number in range(30):
            debit, credit = ((CHANNEL, PENDING), (CHANNEL, FEE), (PENDING, CHANNEL))[number % 3]
            await post_at(
                database,
                NOW + timedelta(seconds=number),
                transaction(f"t{number}", (debit, credit, number + 1)),
            )
        blocks = await seal_all(database, clock=ManualClock(LATER), legs_max=7)
        assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
        assert len(blocks) >= 4
        assert sum(block.legs for block in blocks) == 30
        heads = [head for block in blocks for head in await read_heads(database, block)]
        assert covered_once(await read_legs(database), heads)
        for block in blocks:
            mine = await read_heads(database, block)
            assert sum(head.last - head.first + 1 for head in mine) == 2 * block.legs
        assert [later.first_at > earlier.last_at for earlier, later in pairwise(blocks)] == [True] * (
            len(blocks) - 1
        )

    async def test_never_reaches_over_the_end_of_a_month(self, database: Database) -> None:
        midnight = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
        for name, moment in [
            ("march", midnight - timedelta(microseconds=1)),
            ("april", midnight),
            ("may", datetime(2026, 5, 2, tzinfo=UTC)),
        ]:
            await post_at(database, moment, transaction(name, (CHANNEL, PENDING, 1)))
        blocks = await seal_all(database, clock=ManualClock(datetime(2026, 5, 3, tzinfo=UTC)))
        assert [(block.first_at, block.last_at, block.legs) for block in blocks] == [
            (midnight - timedelta(microseconds=1), midnight - timedelta(microseconds=1), 1),
            (midnight, midnight, 1),
            (datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC), 1),
        ]

    async def test_under_load_leaves_nothing_out_and_takes_nothing_twice(self, database: Database) -> None:
        refs = [AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, f"S{n}", "CNY") for n in range(8)]

        async def post_some(worker: int) -> None:
            for number in range(12):
                debit, credit = refs[(worker + number) % 8], refs[(worker * 3 + number * 5 + 1) % 8]
                if debit != credit:
                    asked = transaction(f"{worker}-{number}", (debit, credit, 1), (CHANNEL, credit, 2))
                    await ask(database, asked)

        async def seal_often() -> list[Block]:
            found: list[Block] = []
            for _ in range(15):
                found += await seal_now(database)
                await asyncio.sleep(0.005)
            return found

        async with asyncio.TaskGroup() as group:
            sealers = [group.create_task(seal_often()) for _ in range(2)]
            for worker in range(6):
                group.create_task(post_some(worker))
        found = [block for sealer in sealers for block in sealer.result()]
        blocks = sorted([*found, *await seal_now(database)], key=lambda block: block.number)
        assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
        assert [block.previous for block in blocks[1:]] == [block.root for block in blocks[:-1]]
        heads = [head for block in blocks for head in await read_heads(database, block)]
        assert covered_once(await read_legs(database), heads)

    async def test_is_beyond_the_application_to_change(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await ask(database, transaction("a", (CHANNEL, PENDING, 1)))
        await seal_now(database)
        for statement in (
            b"UPDATE ledger.block SET legs = 2",
            b"DELETE FROM ledger.block",
            b"UPDATE ledger.block_account SET debits = 2",
            b"DELETE FROM ledger.block_account",
        ):
            with (
                psycopg.connect(database_urls[0], options="-c role=feiqian_app") as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(statement)


@pytest.mark.anyio
class TestTheSealState:
    async def test_says_how_far_each_book_is_sealed(self, database: Database) -> None:
        await ask(database, transaction("a", (CHANNEL, PENDING, 1), (CHANNEL, FEE, 1)))
        (block,) = await seal_now(database)
        await ask(
            database,
            transaction("b", (CHANNEL, PENDING, 1)),
            transaction("put in", (CASH, CAPITAL, 5)),
        )
        async with database.transaction() as tx:
            states = await seal_state(tx)
        assert [(s.book, s.number, s.sealed_at, s.root, s.unsealed_legs) for s in states] == [
            ("funder:F1", 0, None, "", 1),
            ("platform", 1, LATER, block.root.hex(), 1),
        ]


DAY = business_date(NOW)


async def proof_of(
    database: Database, folder: Path, *, with_legs: bool, first: date = DAY, last: date = DAY
) -> list[bytes]:
    output = io.BytesIO()
    key = load_key(folder / "key.pem", make=True)
    async with database.snapshot() as tx:
        await write_proof(
            tx,
            book=PLATFORM_BOOK,
            first=first,
            last=last,
            with_legs=with_legs,
            now=LATER,
            key=key,
            output=output,
        )
    return output.getvalue().splitlines(keepends=True)


async def three_blocks(database: Database) -> list[Block]:
    hold = transaction("hold", (CHANNEL, AVAILABLE, 50), action=Action.HOLD)
    blocks: list[Block] = []
    for day, asked in enumerate(
        [
            transaction("sale", (CHANNEL, PENDING, 9_940), (CHANNEL, FEE, 60), metadata={"店": 1}),
            hold,
            transaction("settle", (PENDING, AVAILABLE, 9_940)),
        ]
    ):
        await post_at(database, NOW + timedelta(days=day), asked)
        blocks += await seal_now(database)
    return blocks


@pytest.mark.anyio
class TestAProof:
    @pytest.mark.parametrize("with_legs", [True, False])
    async def test_is_checked_with_nothing_but_the_public_key(
        self, database: Database, tmp_path: Path, with_legs: bool
    ) -> None:
        blocks = await three_blocks(database)
        lines = await proof_of(database, tmp_path, with_legs=with_legs, last=DAY + timedelta(days=2))
        proven = check_proof(lines, public_key=load_key(tmp_path / "key.pem", make=False).public)
        assert (proven.first_block, proven.last_block, proven.accounts) == (1, 3, 4)
        assert (proven.previous, proven.root) == (GENESIS, blocks[-1].root)
        assert proven.legs == (4 if with_legs else 0)

    async def test_of_some_days_has_the_blocks_of_these_days(
        self, database: Database, tmp_path: Path
    ) -> None:
        blocks = await three_blocks(database)
        day = DAY + timedelta(days=1)
        lines = await proof_of(database, tmp_path, with_legs=True, first=day, last=day)
        proven = check_proof(lines, public_key=load_key(tmp_path / "key.pem", make=False).public)
        assert (proven.first_block, proven.last_block, proven.previous) == (2, 2, blocks[0].root)
        nothing = await proof_of(
            database, tmp_path, with_legs=True, first=DAY - timedelta(days=9), last=DAY - timedelta(days=8)
        )
        assert check_proof(nothing, public_key=proven.public_key).first_block == 0

    async def test_signed_by_another_is_refused(self, database: Database, tmp_path: Path) -> None:
        await three_blocks(database)
        lines = await proof_of(database, tmp_path, with_legs=True)
        other = load_key(tmp_path / "other.pem", make=True)
        with pytest.raises(ProofInvalid, match="signed by another key"):
            check_proof(lines, public_key=other.public)

    async def test_of_which_any_value_was_altered_is_refused(
        self, database: Database, tmp_path: Path
    ) -> None:
        """Every value of every line, one at a time; the signature finds what the hashes do not cover."""
        await three_blocks(database)
        lines = await proof_of(database, tmp_path, with_legs=True, last=DAY + timedelta(days=2))
        key = load_key(tmp_path / "key.pem", make=False).public
        altered = 0
        for place, raw in enumerate(lines):
            ((kind, values),) = json.loads(raw).items()
            for name, value in values.items():
                other = {**values, name: other_value(value)}
                changed = json.dumps({kind: other}, ensure_ascii=False).encode() + b"\n"
                with pytest.raises(ProofInvalid):
                    check_proof([*lines[:place], changed, *lines[place + 1 :]], public_key=key)
                altered += 1
        assert altered > 150

    async def test_of_which_a_line_was_dropped_or_doubled_is_refused(
        self, database: Database, tmp_path: Path
    ) -> None:
        await three_blocks(database)
        lines = await proof_of(database, tmp_path, with_legs=True, last=DAY + timedelta(days=2))
        key = load_key(tmp_path / "key.pem", make=False).public
        for place in range(len(lines)):
            for changed in ([], [lines[place]] * 2):
                with pytest.raises(ProofInvalid):
                    check_proof([*lines[:place], *changed, *lines[place + 1 :]], public_key=key)

    async def test_that_was_signed_anew_after_a_leg_was_altered_is_refused_by_the_seal(
        self, database: Database, database_urls: tuple[str, str], tmp_path: Path
    ) -> None:
        """The owner of the key cannot prove another history either: the legs must be those of the roots."""
        await three_blocks(database)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(b"UPDATE ledger.leg SET memo = 'forged' WHERE kind = 'payment' AND number = 1")
        lines = await proof_of(database, tmp_path, with_legs=True)
        with pytest.raises(ProofInvalid, match="legs are not those that were sealed"):
            check_proof(lines, public_key=load_key(tmp_path / "key.pem", make=False).public)


def other_value(value: object) -> object:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return str(derived_id("other"))
    text = str(value)
    return ("2" if text.startswith("1") else "1") + text[1:]


class TestTheSigningKey:
    def test_is_made_once_and_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "key.pem"
        made = load_key(path, make=True)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert load_key(path, make=True).public == made.public == read_public_key(made.public.hex())

    def test_that_is_named_and_missing_or_no_key_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "text").write_text("no key")
        for name in ("missing", "text"):
            with pytest.raises(KeyUnusable, match=name):
                load_key(tmp_path / name, make=False)
            with pytest.raises(KeyUnusable, match=name):
                read_public_key(str(tmp_path / name))
