"""The trial balance: opening, month to date, closing, beside the ledger's own closing."""

from datetime import date

import pytest

from feiqian.finance import TrialBalance, books
from feiqian.infra.database import Database
from feiqian.kernel.calendar import local
from feiqian.ledger import AccountCode
from tests.finance.books import FUNDER, Move, balance, fact, sale, settled, write

JANUARY, FIRST, SECOND = date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)
LATER = local(date(2026, 2, 5), 10)


async def trade(database: Database) -> None:
    await fact(database, "sale-1", "payment", JANUARY, *sale(990, 10))
    await fact(database, "sale-2", "payment", FIRST, *sale(1_980, 20))
    await fact(database, "close-1", "settlement", FIRST, *settled(990))
    await fact(
        database,
        "too-much",
        "refund_succeeded",
        SECOND,
        Move(AccountCode.MERCHANT_PENDING, AccountCode.CHANNEL_RECEIVABLE, 3_500),
    )


def table(shown: TrialBalance) -> list[tuple[object, ...]]:
    return [
        (
            row.subject,
            row.opening_debit,
            row.opening_credit,
            row.debit,
            row.credit,
            row.closing_debit,
            row.closing_credit,
            row.ledger_closing,
        )
        for row in shown.rows
    ]


@pytest.mark.anyio
class TestATrialBalance:
    async def test_carries_last_months_closing_forward(self, database: Database) -> None:
        await trade(database)
        await write(database, SECOND, at=LATER)
        assert table(await balance(database, FIRST)) == [
            # subject  opening         month to date   closing         ledger
            ("112201", 1_000, 0, 2_000, 0, 3_000, 0, 3_000),
            ("224101", 0, 990, 990, 1_980, 0, 1_980, 1_980),
            ("224102", 0, 0, 0, 990, 0, 990, 990),
            ("600101", 0, 10, 0, 20, 0, 30, 30),
        ]

    async def test_shows_a_balance_on_the_side_where_it_falls(self, database: Database) -> None:
        await trade(database)
        await write(database, SECOND, at=LATER)
        shown = await balance(database, SECOND)
        assert table(shown) == [
            ("112201", 1_000, 0, 2_000, 3_500, 0, 500, -500),
            ("224101", 0, 990, 4_490, 1_980, 1_520, 0, -1_520),
            ("224102", 0, 0, 0, 990, 0, 990, 990),
            ("600101", 0, 10, 0, 20, 0, 30, 30),
        ]
        totals = shown.totals
        assert (totals.opening_debit, totals.opening_credit) == (1_000, 1_000)
        assert (totals.debit, totals.credit) == (6_490, 6_490)
        assert (totals.closing_debit, totals.closing_credit) == (1_520, 1_520)
        assert shown.agrees

    async def test_disagrees_where_facts_have_no_voucher_yet(self, database: Database) -> None:
        await trade(database)
        await write(database, FIRST, at=LATER)
        shown = await balance(database, SECOND)
        assert (shown.agrees, shown.written_through) == (False, FIRST)
        assert {row.subject: row.agrees for row in shown.rows} == {
            "112201": False,
            "224101": False,
            "224102": True,
            "600101": True,
        }
        assert (await balance(database, FIRST)).agrees

    async def test_is_kept_for_each_book(self, database: Database) -> None:
        await trade(database)
        await fact(
            database,
            "deposit",
            "funder_deposit",
            FIRST,
            Move(AccountCode.BANK_CUSTODY, AccountCode.FUNDER_AVAILABLE, 500),
            Move(AccountCode.FUNDER_CASH, AccountCode.FUNDER_CAPITAL, 500, FUNDER),
        )
        await write(database, SECOND, at=LATER)
        assert table(await balance(database, SECOND, FUNDER)) == [
            ("101201", 0, 0, 500, 0, 500, 0, 500),
            ("400101", 0, 0, 0, 500, 0, 500, 500),
        ]
        async with database.transaction() as tx:
            assert [(book.book, book.chinese) for book in await books(tx)] == [
                ("platform", "平台账套"),
                (FUNDER, "资金方账套 F1"),
            ]

    async def test_of_empty_books_agrees(self, database: Database) -> None:
        shown = await balance(database, FIRST)
        assert (shown.rows, shown.agrees, shown.written_through) == ([], True, None)
