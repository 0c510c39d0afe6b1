"""Bulk import: what a file says is in the books once, whatever happened on the way."""

import csv
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import date
from io import StringIO
from uuid import UUID

import msgspec
import pytest

from feiqian.infra.database import Database, Transaction
from feiqian.kernel.clock import ManualClock
from feiqian.kernel.errors import Refusal
from feiqian.kernel.ids import derived_id, show_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountRef,
    Import,
    Importer,
    ImportFormat,
    ImportState,
    NewImport,
    Poster,
    Side,
    balances,
    define_subject,
    import_refusals,
    open_account,
    statement,
    transactions,
    verify,
)
from tests.conftest import NOW

pytestmark = pytest.mark.anyio

BOOK = "own:mall:main"
ID = derived_id("test import")
CASH = AccountRef(BOOK, "own.cash", "bank", "CNY")
ALICE = AccountRef(BOOK, "own.wallet", "alice", "CNY")
BOB = AccountRef(BOOK, "own.wallet", "bob", "CNY")
HEADER = "kind,debit,credit,amount,currency,effective_at,reference"
TOP_UP = "top_up,own.cash/bank,own.wallet/alice,{},CNY,2019-05-01T09:00:00+08:00,r{}"


async def prepare(database: Database, *refs: AccountRef) -> None:
    """Two subjects, and the accounts."""

    async def operation(tx: Transaction) -> None:
        for code, side, overdraft in (("own.cash", Side.DEBIT, None), ("own.wallet", Side.CREDIT, 0)):
            await define_subject(
                tx, now=NOW, code=code, side=side, overdraft=overdraft, chinese=code, english=code
            )
        for ref in refs:
            await open_account(tx, now=NOW, ref=ref, by="test", reason="test")

    await database.run(operation)


async def send(
    database: Database,
    content: Iterable[str | bytes],
    *,
    format: ImportFormat = ImportFormat.CSV,
    opens_accounts: bool = True,
    id: UUID = ID,
    book: str = BOOK,
    progressed: Callable[[Import], None] = lambda _: None,
) -> Import:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in content:
            yield chunk.encode() if isinstance(chunk, str) else chunk

    clock = ManualClock(NOW)
    importer = Importer(database=database, clock=clock, poster=Poster(database=database, clock=clock))
    asked = NewImport(id=id, book=book, format=format, opens_accounts=opens_accounts, by="test")
    return await importer.run(asked, chunks(), progressed=progressed)


def text_of(*lines: str) -> str:
    return "".join(f"{line}\n" for line in (HEADER, *lines))


async def shown(database: Database, *refs: AccountRef) -> list[int]:
    async with database.transaction() as tx:
        found = await balances(tx, refs=refs)
    return [found[ref] for ref in refs]


async def refused(database: Database, id: UUID = ID) -> list[tuple[int, str]]:
    async with database.transaction() as tx:
        return [(row.line, row.code) for row in await import_refusals(tx, id=id, limit=1000)]


async def sound(database: Database) -> bool:
    async with database.transaction() as tx:
        return all(finding.violations == 0 for finding in await verify(tx))


def counts(done: Import) -> tuple[int, int, int, int]:
    return done.rows, done.posted, done.existing, done.refused


class TestAnImport:
    async def test_posts_every_row_on_the_day_that_it_happened(self, database: Database) -> None:
        await prepare(database)
        done = await send(
            database,
            [
                text_of(
                    TOP_UP.format(500, 1),
                    "pay,own.wallet/alice,own.wallet/bob,120,CNY,2019-05-02T23:30:00+08:00,r2",
                )
            ],
        )
        assert counts(done) == (2, 2, 0, 0)
        assert (done.state, done.lines, done.finished_at) == (ImportState.FINISHED, 3, NOW)
        assert await shown(database, CASH, ALICE, BOB) == [500, 380, 120]
        async with database.transaction() as tx:
            lines = await statement(tx, ref=ALICE)
        assert [(line.business_date, line.amount, line.balance, line.booked_at) for line in lines] == [
            (date(2019, 5, 2), -120, 380, NOW),
            (date(2019, 5, 1), 500, 500, NOW),
        ]
        assert await sound(database)

    async def test_takes_what_a_row_may_say(self, database: Database) -> None:
        await prepare(database)
        id = UUID("01900000-0000-7000-8000-000000000001")
        file = StringIO()
        writer = csv.writer(file)
        writer.writerow(
            ["id", "kind", "debit", "credit", "amount", "currency", "business_date", "memo", "metadata"]
        )
        writer.writerow(
            [show_id("transaction", id), "top_up", show_id("account", CASH.id), "own.wallet/alice", "7", "CNY",
             "2018-12-31", 'said "yes", twice', '{"till":"3"}']
        )  # fmt: skip
        await send(database, [text_of(TOP_UP.format(1, 1))], id=derived_id("first"))
        done = await send(database, ["\ufeff" + file.getvalue()])
        assert counts(done) == (1, 1, 0, 0)
        async with database.transaction() as tx:
            (posted,) = await transactions(tx, ids=[id])
        assert (posted.memo, posted.metadata, posted.business_date) == (
            'said "yes", twice',
            {"till": "3"},
            date(2018, 12, 31),
        )

    async def test_takes_json_lines_with_several_legs(self, database: Database) -> None:
        await prepare(database)
        rows = [
            {
                "kind": "sale",
                "legs": [
                    {"debit": "own.cash/bank", "credit": "own.wallet/alice", "amount": 90, "currency": "CNY"},
                    {"debit": "own.cash/bank", "credit": "own.wallet/bob", "amount": 10, "currency": "CNY"},
                ],
                "effective_at": "2020-01-01T00:00:00Z",
            },
            {
                "kind": "top_up",
                "debit": "own.cash/bank",
                "credit": "own.wallet/bob",
                "amount": 5,
                "currency": "CNY",
                "business_date": "2020-01-02",
            },
        ]
        content = b"\n".join(msgspec.json.encode(row) for row in rows)
        done = await send(database, [content], format=ImportFormat.NDJSON)
        assert counts(done) == (2, 2, 0, 0)
        assert await shown(database, CASH, ALICE, BOB) == [105, 90, 15]

    async def test_of_the_house_keeps_to_its_chart(self, database: Database) -> None:
        lines = text_of(
            "payment,channel.receivable/wechatpay,merchant.pending/S1,100,CNY,2019-01-01T00:00:00Z,a",
            "payment,channel.receivable/wechatpay,own.wallet/x,100,CNY,2019-01-01T00:00:00Z,b",
            "payment,channel.receivable/wechatpay,merchant.pending/S1,100,XXX,2019-01-01T00:00:00Z,c",
        )
        done = await send(database, [lines], book=PLATFORM_BOOK, opens_accounts=False)
        assert counts(done) == (3, 1, 0, 2)
        assert await refused(database) == [(3, "account_unknown"), (4, "row_invalid")]

    async def test_cut_anywhere_on_its_way_is_the_same(self, database: Database) -> None:
        await prepare(database)
        content = text_of(*(TOP_UP.format(number, f"钱{number}") for number in range(1, 40))).encode()
        done = await send(database, [content[place : place + 7] for place in range(0, len(content), 7)])
        assert counts(done) == (39, 39, 0, 0)
        assert await shown(database, ALICE) == [sum(range(1, 40))]

    @pytest.mark.parametrize(
        ("header", "format"),
        [
            ("", ImportFormat.CSV),
            ("kind,debit,colour", ImportFormat.CSV),
            ("kind,kind", ImportFormat.CSV),
            ("debit,credit", ImportFormat.CSV),
        ],
    )
    async def test_with_a_wrong_header_imports_nothing(
        self, database: Database, header: str, format: ImportFormat
    ) -> None:
        with pytest.raises(Refusal) as caught:
            await send(database, [header], format=format)
        assert caught.value.code == "invalid_request"
        assert caught.value.facts["field"] == "header"
        # A file with a good header may take its place.
        await prepare(database)
        assert counts(await send(database, [text_of(TOP_UP.format(1, 1))])) == (1, 1, 0, 0)


class TestARow:
    async def test_that_cannot_be_posted_is_kept_with_its_line_and_the_others_go_on(
        self, database: Database
    ) -> None:
        await prepare(database)
        pay = "pay,own.wallet/{},own.wallet/bob,{},CNY,2019-05-02T09:00:00+08:00,x"
        table = [
            (TOP_UP.format(500, 1), None),
            (pay.format("alice", "501"), "insufficient_funds"),
            (pay.format("alice", "1.50"), "row_invalid"),
            (pay.format("alice", "-1"), "row_invalid"),
            (pay.format("alice", "0"), "amount_invalid"),
            (pay.format("alice", "99999999999999999999"), "row_invalid"),
            (pay.format("alice", "9999999999999999999"), "amount_invalid"),
            (pay.format("bob", "1"), "same_account"),
            (pay.replace("2019-05-02T09:00:00+08:00", "yesterday").format("alice", 1), "row_invalid"),
            (pay.replace("2019-05-02T09:00:00+08:00", "2019-05-02T09:00:00").format("alice", 1), "row_invalid"),
            (pay.replace("2019-05-02T09:00:00+08:00", "").format("alice", 1), "row_invalid"),
            (pay.replace("2019-05-02T09:00:00+08:00", "9999-12-31T23:59:00-08:00").format("alice", 1), "row_invalid"),
            (pay.replace("CNY", "cny").format("alice", 1), "row_invalid"),
            ("", None),
            ("a,b", "row_invalid"),
            ('pay,"own.wallet/alice,own.wallet/bob,1,CNY,2019-05-02T09:00:00+08:00,x', "row_invalid"),
            (pay.replace("own.wallet/bob", "merchant.available/bob").format("alice", 1), "account_unknown"),
            (pay.replace("own.wallet/bob", "own.nothing/bob").format("alice", 1), "subject_unknown"),
            (pay.replace("own.wallet/bob", show_id("account", UUID(int=1))).format("alice", 1), "account_unknown"),
            (pay.format("a\0b", 1), "account_unknown"),
            ("x" * 65 + pay[3:].format("alice", 1), "text_invalid"),
            (pay.format("alice", "20"), None),
        ]  # fmt: skip
        done = await send(database, [text_of(*(line for line, _ in table))])
        expected = [(number, code) for number, (_, code) in enumerate(table, 2) if code is not None]
        assert await refused(database) == expected
        assert counts(done) == (21, 2, 0, len(expected))
        assert await shown(database, CASH, ALICE, BOB) == [500, 480, 20]
        assert await sound(database)

    async def test_that_is_no_text_or_endless_is_refused_in_bounded_memory(self, database: Database) -> None:
        await prepare(database)

        def content() -> Iterable[bytes]:
            yield (text_of(TOP_UP.format(1, 1))).encode()
            yield b"\xff\xfe\n"
            for _ in range(40):
                yield b"x" * 100_000
            yield b"\n"
            yield (TOP_UP.format(2, 2) + "\n").encode()

        done = await send(database, content())
        assert counts(done) == (4, 2, 0, 2)
        assert await refused(database) == [(3, "row_invalid"), (4, "row_invalid")]
        assert await shown(database, ALICE) == [3]
        assert counts(await send(database, content())) == (4, 2, 0, 2)

    async def test_one_that_is_bad_in_a_hundred_thousand_is_found(self, database: Database) -> None:
        await prepare(database)
        bad = 77_777

        def content() -> Iterable[str]:
            yield HEADER + "\n"
            for first in range(1, 100_001, 1000):
                yield "".join(
                    TOP_UP.format("oops" if number == bad else 1, number) + "\n"
                    for number in range(first, first + 1000)
                )

        steps: list[int] = []
        done = await send(database, content(), progressed=lambda progress: steps.append(progress.rows))
        assert counts(done) == (100_000, 99_999, 0, 1)
        assert steps == [0, *range(4000, 100_001, 4000), 100_000]
        async with database.transaction() as tx:
            (row,) = await import_refusals(tx, id=ID)
        assert (row.line, row.code, row.content) == (bad + 1, "row_invalid", TOP_UP.format("oops", bad))
        assert await shown(database, CASH, ALICE) == [99_999, 99_999]

    async def test_without_an_open_account_is_refused_unless_it_may_be_opened(
        self, database: Database
    ) -> None:
        await prepare(database, CASH)
        content = [text_of(TOP_UP.format(5, 1))]
        done = await send(database, content, opens_accounts=False)
        assert counts(done) == (1, 0, 0, 1)
        assert await refused(database) == [(2, "account_unknown")]
        done = await send(database, content, id=derived_id("second"))
        assert counts(done) == (1, 1, 0, 0)
        assert await shown(database, ALICE) == [5]
