"""Several currencies: each leg is of one currency, an exchange is two legs through position accounts, books balance each."""

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import AccountCode, AccountRef
from tests.ledger.books import account, asked, assert_steps, findings, hold, request, reversal, tuples


def of(code: str, owner: str, currency: str) -> AccountRef:
    return account(code, owner, currency)


TILL_CNY, TILL_USD = (of(AccountCode.CHANNEL_RECEIVABLE, "till", c) for c in ("CNY", "USD"))
PURSE_CNY, PURSE_USD = (of(AccountCode.MERCHANT_AVAILABLE, "purse", c) for c in ("CNY", "USD"))
POSITION_CNY, POSITION_USD = (of(AccountCode.MERCHANT_PENDING, "position", c) for c in ("CNY", "USD"))
"""What the house has given and taken of each currency in exchanges: it may stand on either side of zero."""


@pytest.mark.anyio
class TestAnExchange:
    async def test_is_one_transaction_with_a_leg_for_each_currency(self, database: Database) -> None:
        fill = request("fill", (TILL_CNY, PURSE_CNY, 71_900))
        # 100.00 dollars at 7.19 yuan.
        exchange = request("fx", (PURSE_CNY, POSITION_CNY, 71_900), (POSITION_USD, PURSE_USD, 10_000))
        back = reversal("fx back", "fx", (POSITION_CNY, PURSE_CNY, 7_190), (PURSE_USD, POSITION_USD, 1_000))
        table = [
            # asked        becomes   yuan                    dollars            position yuan, dollars
            (asked(fill), "posted", (71_900, 0, 71_900), (0, 0, 0), (0, 0, 0), (0, 0, 0)),
            (
                asked(exchange),
                "posted",
                (0, 0, 0),
                (10_000, 0, 10_000),
                (71_900, 0, None),
                (-10_000, 0, None),
            ),
            (
                asked(exchange),
                "exists",
                (0, 0, 0),
                (10_000, 0, 10_000),
                (71_900, 0, None),
                (-10_000, 0, None),
            ),
            (
                asked(back),
                "posted",
                (7_190, 0, 7_190),
                (9_000, 0, 9_000),
                (64_710, 0, None),
                (-9_000, 0, None),
            ),
        ]
        await assert_steps(database, (PURSE_CNY, PURSE_USD, POSITION_CNY, POSITION_USD), table)
        rows = await tuples(
            database,
            "SELECT currency, sum(debits)::bigint, sum(credits)::bigint FROM ledger.account WHERE cell = %s"
            " GROUP BY currency ORDER BY currency",
        )
        assert rows == [("CNY", 150_990, 150_990), ("USD", 11_000, 11_000)]

    async def test_falls_whole_when_one_currency_does_not_suffice(self, database: Database) -> None:
        fill = request("fill", (TILL_CNY, PURSE_CNY, 71_899))
        exchange = request("fx", (POSITION_USD, PURSE_USD, 10_000), (PURSE_CNY, POSITION_CNY, 71_900))
        table = [
            (asked(fill), "posted", (71_899, 0, 71_899), (0, 0, 0)),
            (asked(exchange), "insufficient_funds", (71_899, 0, 71_899), (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE_CNY, PURSE_USD), table)

    async def test_within_one_leg_is_refused(self, database: Database) -> None:
        mixed = request("mixed", (TILL_CNY, PURSE_CNY, 1), (TILL_CNY, PURSE_USD, 1))
        table = [
            (asked(mixed), "currency_mismatch", (0, 0, 0), (0, 0, 0)),
            (asked(hold("held", TILL_CNY, PURSE_USD, 1)), "currency_mismatch", (0, 0, 0), (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE_CNY, PURSE_USD), table)

    async def test_leaves_the_same_name_in_another_currency_alone(self, database: Database) -> None:
        table = [
            (asked(request("in", (TILL_USD, PURSE_USD, 5))), "posted", (0, 0, 0), (5, 0, 5)),
            (asked(request("out", (PURSE_CNY, TILL_CNY, 5))), "insufficient_funds", (0, 0, 0), (5, 0, 5)),
        ]
        await assert_steps(database, (PURSE_CNY, PURSE_USD), table)
        assert await findings(database) == []
