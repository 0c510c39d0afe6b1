"""A day's vouchers, as an accountant reads them: subject, debit, credit."""

import asyncio
from datetime import date, timedelta

import psycopg
import pytest

from feiqian.finance import DayNotOver, LedgerContradictsVouchers, VoucherKey, months, vouchers, write_day
from feiqian.infra.database import Database, Transaction
from feiqian.kernel.calendar import end_of, local
from feiqian.ledger import AccountCode
from tests.finance.books import FUNDER, Move, broken, fact, listed, numbers, sale, settled, write

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)
MORNING = local(NEXT, 10, 5)


@pytest.mark.anyio
class TestADaysVouchers:
    async def test_sum_each_kind_by_subject_debits_first(self, database: Database) -> None:
        await fact(database, "sale-1", "payment", DAY, *sale(9_940, 60))
        await fact(database, "sale-2", "payment", DAY, *sale(4_970, 30))
        await fact(
            database,
            "asked",
            "refund_requested",
            DAY,
            Move(AccountCode.MERCHANT_PENDING, AccountCode.REFUND_IN_TRANSIT, 994),
            Move(AccountCode.PLATFORM_FEE, AccountCode.REFUND_IN_TRANSIT, 6),
        )
        await fact(
            database,
            "paid-back",
            "refund_succeeded",
            DAY,
            Move(AccountCode.REFUND_IN_TRANSIT, AccountCode.CHANNEL_RECEIVABLE, 1_000),
        )
        await fact(database, "close", "settlement", DAY, *settled(5_000))
        written = await write(database, DAY, at=MORNING)
        assert (written.count, written.trial_balance_ok) == (4, True)
        shown = [
            (document.voucher.number, line.subject, line.subject_chinese, line.debit, line.credit)
            for document in await listed(database)
            for line in document.lines
        ]
        assert shown == [
            ("记-2026-03-0001", "112201", "应收账款－支付渠道", 15_000, 0),
            ("记-2026-03-0001", "224101", "其他应付款－商户待结算", 0, 14_910),
            ("记-2026-03-0001", "600101", "主营业务收入－手续费", 0, 90),
            ("记-2026-03-0002", "224101", "其他应付款－商户待结算", 994, 0),
            ("记-2026-03-0002", "600101", "主营业务收入－手续费", 6, 0),
            ("记-2026-03-0002", "224103", "其他应付款－在途退款", 0, 1_000),
            ("记-2026-03-0003", "224103", "其他应付款－在途退款", 1_000, 0),
            ("记-2026-03-0003", "112201", "应收账款－支付渠道", 0, 1_000),
            ("记-2026-03-0004", "224101", "其他应付款－商户待结算", 5_000, 0),
            ("记-2026-03-0004", "224102", "其他应付款－商户可用余额", 0, 5_000),
        ]
        assert await broken(database) == set()

    async def test_say_what_they_stand_for(self, database: Database) -> None:
        await fact(database, "sale-1", "payment", DAY, *sale(9_940, 60))
        await fact(database, "sale-2", "payment", DAY, *sale(4_970, 30))
        await fact(database, "odd", "correction", DAY, *settled(1))
        await write(database, DAY, at=MORNING)
        first, second = (document.voucher for document in await listed(database))
        assert (first.day, first.kind, first.total, first.transactions, first.lines) == (
            DAY,
            "payment",
            15_000,
            2,
            3,
        )
        assert first.summary_chinese == "支付收款 2 笔"
        assert first.summary_english == "Payments received, 2 transactions"
        assert second.summary_chinese == "其他业务 correction 1 笔"

    async def test_keep_books_and_currencies_apart(self, database: Database) -> None:
        await fact(database, "cny", "payment", DAY, *sale(99, 1))
        await fact(database, "usd", "payment", DAY, *sale(198, 2, "USD"))
        await fact(
            database,
            "deposit",
            "funder_deposit",
            DAY,
            Move(AccountCode.BANK_CUSTODY, AccountCode.FUNDER_AVAILABLE, 500),
            Move(AccountCode.FUNDER_CASH, AccountCode.FUNDER_CAPITAL, 500, FUNDER),
        )
        await write(database, DAY, at=MORNING)
        shown = [
            (d.voucher.book, d.voucher.number, d.voucher.currency, d.voucher.total)
            for d in await listed(database)
        ]
        assert sorted(shown) == [
            (FUNDER, "记-2026-03-0001", "CNY", 500),
            ("platform", "记-2026-03-0001", "CNY", 100),
            ("platform", "记-2026-03-0002", "USD", 200),
            ("platform", "记-2026-03-0003", "CNY", 500),
        ]
        assert await broken(database) == set()

    async def test_are_written_once(self, database: Database) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        first = await write(database, DAY, at=MORNING)
        before = await listed(database)
        assert await write(database, DAY, at=MORNING + timedelta(days=3)) == first
        assert await listed(database) == before

    async def test_are_written_once_by_many_writers(self, database: Database) -> None:
        for number in range(3):
            await fact(database, f"sale-{number}", "payment", DAY + timedelta(days=number), *sale(99, 1))
        last = DAY + timedelta(days=2)
        results = await asyncio.gather(*(write(database, last, at=end_of(last)) for _ in range(6)))
        assert {(result.count, result.trial_balance_ok) for result in results} == {(1, True)}
        assert await numbers(database) == ["记-2026-03-0001", "记-2026-03-0002", "记-2026-03-0003"]
        assert await broken(database) == set()

    async def test_of_a_day_without_trade_are_none(self, database: Database) -> None:
        written = await write(database, DAY, at=MORNING)
        assert (written.count, written.trial_balance_ok) == (0, True)
        assert await broken(database) == set()

    async def test_are_refused_until_the_day_is_over(self, database: Database) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        for day in (DAY, NEXT):
            with pytest.raises(DayNotOver) as refused:
                await write(database, day, at=end_of(DAY) - timedelta(seconds=1))
            assert refused.value.code == "day_not_over"
        assert await listed(database) == []
        assert (await write(database, DAY, at=end_of(DAY))).count == 1

    async def test_cannot_be_changed_by_the_application(self, database: Database) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        await write(database, DAY, at=MORNING)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await database.run(lambda tx: tx.execute("UPDATE finance.voucher_line SET debit = 1"))


@pytest.mark.anyio
class TestNumbers:
    async def test_run_without_gaps_in_each_month_and_earlier_days_come_first(
        self, database: Database
    ) -> None:
        days = [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1)]
        for day in days:
            await fact(database, f"sale-{day}", "payment", day, *sale(99, 1))
            await fact(database, f"close-{day}", "settlement", day, *settled(50))
        await write(database, days[-1], at=MORNING)
        assert [(d.voucher.day, d.voucher.number) for d in await listed(database)] == [
            (date(2026, 1, 30), "记-2026-01-0001"),
            (date(2026, 1, 30), "记-2026-01-0002"),
            (date(2026, 1, 31), "记-2026-01-0003"),
            (date(2026, 1, 31), "记-2026-01-0004"),
            (date(2026, 2, 1), "记-2026-02-0001"),
            (date(2026, 2, 1), "记-2026-02-0002"),
            (date(2026, 2, 28), "记-2026-02-0003"),
            (date(2026, 2, 28), "记-2026-02-0004"),
            (date(2026, 3, 1), "记-2026-03-0001"),
            (date(2026, 3, 1), "记-2026-03-0002"),
        ]
        assert await broken(database) == set()

    async def test_of_a_writing_that_failed_are_given_to_the_next(self, database: Database) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))

        async def fail(tx: Transaction) -> None:
            await write_day(tx, now=MORNING, day=DAY)
            raise ConnectionAbortedError

        with pytest.raises(ConnectionAbortedError):
            await database.run(fail)
        assert await numbers(database) == []
        await write(database, DAY, at=MORNING)
        assert await numbers(database) == ["记-2026-03-0001"]


@pytest.mark.anyio
class TestASupplementaryVoucher:
    @pytest.mark.parametrize("asked_for", [DAY, NEXT], ids=["when its day is asked for", "with the next day"])
    async def test_says_what_came_late(self, database: Database, asked_for: date) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        await write(database, DAY, at=MORNING)
        await fact(database, "late", "payment", DAY, *sale(198, 2), booked=MORNING)
        await fact(database, "next", "payment", NEXT, *sale(990, 10))
        written = await write(database, asked_for, at=end_of(NEXT))
        assert (written.count, written.trial_balance_ok) == (2 if asked_for == DAY else 1, True)
        shown = [
            (d.voucher.number, d.voucher.supplement, d.voucher.total, d.voucher.summary_chinese)
            for d in await listed(database, day=DAY)
        ]
        assert shown[0] == ("记-2026-03-0001", 0, 100, "支付收款 1 笔")
        assert shown[1][1:] == (1, 200, "补充凭证：支付收款 1 笔")
        assert await broken(database) == set()

    async def test_can_bring_a_kind_and_a_subject_that_the_day_did_not_have(self, database: Database) -> None:
        await fact(
            database,
            "sale",
            "payment",
            DAY,
            Move(AccountCode.CHANNEL_RECEIVABLE, AccountCode.MERCHANT_PENDING, 7),
        )
        await write(database, DAY, at=MORNING)
        await fact(database, "late", "payment", DAY, *sale(198, 2))
        await fact(database, "close", "settlement", DAY, *settled(5))
        assert (await write(database, DAY, at=MORNING)).count == 3
        assert [
            (d.voucher.kind, d.voucher.supplement, line.subject, line.debit, line.credit)
            for d in await listed(database)
            for line in d.lines
        ][2:] == [
            ("payment", 1, "112201", 200, 0),
            ("payment", 1, "224101", 0, 198),
            ("payment", 1, "600101", 0, 2),
            ("settlement", 0, "224101", 5, 0),
            ("settlement", 0, "224102", 0, 5),
        ]
        assert await broken(database) == set()

    async def test_reaches_back_before_the_first_voucher(self, database: Database) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        await write(database, DAY, at=MORNING)
        await fact(database, "older", "payment", DAY - timedelta(days=40), *sale(198, 2))
        assert (await write(database, DAY, at=MORNING)).trial_balance_ok
        assert await numbers(database) == ["记-2026-01-0001", "记-2026-03-0001"]
        assert await broken(database) == set()

    async def test_is_found_long_after(self, database: Database) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        much_later = DAY + timedelta(days=60)
        await write(database, DAY, at=local(much_later, 9))
        await fact(database, "late", "payment", DAY, *sale(198, 2))
        assert (await write(database, DAY + timedelta(days=1), at=local(much_later, 10))).trial_balance_ok
        assert await numbers(database) == ["记-2026-03-0001", "记-2026-03-0002"]


@pytest.mark.anyio
class TestTampering:
    @pytest.mark.parametrize(
        ("tampering", "found_by"),
        [
            ("UPDATE finance.voucher_line SET debit = debit + 1 WHERE debit > 0", "finance_vouchers_balance"),
            ("DELETE FROM finance.voucher WHERE sequence = 1", "finance_numbers_without_gaps"),
            ("UPDATE finance.voucher_counter SET newest = newest + 1", "finance_numbers_without_gaps"),
            ("DELETE FROM finance.voucher_line", "finance_vouchers_equal_ledger"),
            ("UPDATE ledger.leg SET amount = amount + 1", "finance_vouchers_equal_ledger"),
        ],
    )
    async def test_is_found(
        self, database: Database, database_urls: tuple[str, str], tampering: str, found_by: str
    ) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        await fact(database, "close", "settlement", DAY, *settled(50))
        await write(database, DAY, at=MORNING)
        assert await broken(database) == set()
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute(tampering.encode())
        assert found_by in await broken(database)

    async def test_of_history_is_refused_not_vouchered(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await fact(database, "sale", "payment", DAY, *sale(99, 1))
        await write(database, DAY, at=MORNING)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute("UPDATE ledger.leg SET amount = 50 WHERE number = 0")
        with pytest.raises(LedgerContradictsVouchers):
            await write(database, DAY, at=MORNING)


@pytest.mark.anyio
class TestLists:
    async def test_page_by_number_newest_first(self, database: Database) -> None:
        for day in (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)):
            await fact(database, f"sale-{day}", "payment", day, *sale(99, 1))
            await fact(database, f"close-{day}", "settlement", day, *settled(50))
        await write(database, date(2026, 3, 1), at=MORNING)
        seen: list[str] = []
        key: VoucherKey | None = None
        while True:
            async with database.transaction() as tx:
                page = await vouchers(tx, after=key, limit=4)
            seen += [row.number for row in page]
            if len(page) < 4:
                break
            key = page[-1].key
        assert seen == [f"记-2026-03-000{n}" for n in (2, 1)] + [f"记-2026-02-000{n}" for n in (4, 3, 2, 1)]

    async def test_choose_a_month_or_a_date(self, database: Database) -> None:
        for day in (date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)):
            await fact(database, f"sale-{day}", "payment", day, *sale(99, 1))
        await write(database, date(2026, 3, 1), at=MORNING)
        assert await numbers(database, month=date(2026, 2, 14)) == ["记-2026-02-0001", "记-2026-02-0002"]
        assert await numbers(database, day=date(2026, 2, 28)) == ["记-2026-02-0002"]
        async with database.transaction() as tx:
            assert [(m.month, m.vouchers, m.total) for m in await months(tx)] == [
                (date(2026, 3, 1), 1, 100),
                (date(2026, 2, 1), 2, 200),
            ]
