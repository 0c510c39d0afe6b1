"""Reversals: a transaction is taken back whole or in parts, and never beyond what it moved."""

import asyncio

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import AccountRef
from tests.ledger.books import (
    PURSE,
    SHOP,
    TAB,
    TILL,
    ask,
    asked,
    assert_steps,
    capture,
    findings,
    hold,
    request,
    reversal,
    said,
    show,
)

SALE = request("sale", (TILL, PURSE, 90), (TILL, SHOP, 10))


@pytest.mark.anyio
class TestAReversal:
    async def test_takes_back_the_whole_once(self, database: Database) -> None:
        table = [
            # what is asked                                    becomes             purse          shop
            (asked(SALE), "posted", (90, 0, 90), (10, 0, 10)),
            (
                asked(reversal("r", "sale", (PURSE, TILL, 90), (SHOP, TILL, 10))),
                "posted",
                (0, 0, 0),
                (0, 0, 0),
            ),
            (
                asked(reversal("r", "sale", (PURSE, TILL, 90), (SHOP, TILL, 10))),
                "exists",
                (0, 0, 0),
                (0, 0, 0),
            ),
            (asked(request("fill", (TILL, PURSE, 50))), "posted", (50, 0, 50), (0, 0, 0)),
            (asked(reversal("again", "sale", (PURSE, TILL, 1))), "reversal_exceeded", (50, 0, 50), (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE, SHOP), table)

    async def test_takes_back_in_parts_up_to_the_original(self, database: Database) -> None:
        table = [
            (asked(SALE), "posted", (90, 0, 90), (10, 0, 10)),
            (asked(reversal("r1", "sale", (PURSE, TILL, 40))), "posted", (50, 0, 50), (10, 0, 10)),
            (asked(reversal("r2", "sale", (PURSE, TILL, 51))), "reversal_exceeded", (50, 0, 50), (10, 0, 10)),
            (asked(reversal("r3", "sale", (PURSE, TILL, 49), (SHOP, TILL, 10))), "posted", (1, 0, 1), (0, 0, 0)),
            (asked(reversal("r4", "sale", (PURSE, TILL, 1), (SHOP, TILL, 1))), "reversal_exceeded", (1, 0, 1), (0, 0, 0)),
            (asked(reversal("r5", "sale", (PURSE, TILL, 1))), "posted", (0, 0, 0), (0, 0, 0)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE, SHOP), table)

    async def test_counts_legs_between_the_same_accounts_together(self, database: Database) -> None:
        table = [
            (asked(request("twice", (TILL, PURSE, 30), (TILL, PURSE, 20))), "posted", (50, 0, 50)),
            (
                asked(reversal("r1", "twice", (PURSE, TILL, 25), (PURSE, TILL, 26))),
                "reversal_exceeded",
                (50, 0, 50),
            ),
            (asked(reversal("r2", "twice", (PURSE, TILL, 45))), "posted", (5, 0, 5)),
            (asked(reversal("r3", "twice", (PURSE, TILL, 5))), "posted", (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE,), table)

    @pytest.mark.parametrize(
        "legs",
        [
            ((TILL, PURSE, 1),),
            ((PURSE, SHOP, 1),),
            ((PURSE, TILL, 1), (TILL, SHOP, 1)),
            ((TAB, TILL, 1),),
        ],
        ids=["the same way round", "between two receivers", "one right, one wrong", "of a stranger"],
    )
    async def test_of_other_legs_than_the_original_has_is_refused(
        self, database: Database, legs: tuple[tuple[AccountRef, AccountRef, int], ...]
    ) -> None:
        table = [
            (asked(SALE), "posted", (90, 0, 90), (10, 0, 10)),
            (asked(reversal("r", "sale", *legs)), "reversal_mismatch", (90, 0, 90), (10, 0, 10)),
        ]
        await assert_steps(database, (PURSE, SHOP), table)

    async def test_cannot_be_reversed_itself(self, database: Database) -> None:
        table = [
            (asked(SALE, reversal("r", "sale", (PURSE, TILL, 40))), "posted posted", (50, 0, 50)),
            (asked(reversal("rr", "r", (TILL, PURSE, 40))), "reversal_mismatch", (50, 0, 50)),
            (
                asked(reversal("r2", "sale", (PURSE, TILL, 1)), reversal("rr2", "r2", (TILL, PURSE, 1))),
                "posted reversal_mismatch",
                (49, 0, 49),
            ),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_of_what_was_never_posted_is_refused_and_remembered(self, database: Database) -> None:
        table = [
            (asked(reversal("early", "sale", (PURSE, TILL, 1))), "reversed_unknown", (0, 0, 0)),
            (asked(SALE), "posted", (90, 0, 90)),
            (asked(reversal("early", "sale", (PURSE, TILL, 1))), "reversed_unknown", (90, 0, 90)),
            (asked(request("poor", (SHOP, PURSE, 99))), "insufficient_funds", (90, 0, 90)),
            (asked(reversal("r", "poor", (PURSE, SHOP, 1))), "reversed_unknown", (90, 0, 90)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_of_a_hold_is_no_reversal_but_of_its_capture_is(self, database: Database) -> None:
        batch = (SALE, hold("h", PURSE, SHOP, 60), reversal("r", "h", (SHOP, PURSE, 5)))
        back = (reversal("back", "c", (SHOP, PURSE, 20)), reversal("beyond", "c", (SHOP, PURSE, 31)))
        table = [
            (asked(*batch), "posted posted reversed_unknown", (90, 60, 30)),
            (asked(reversal("r2", "h", (SHOP, PURSE, 5))), "reversed_unknown", (90, 60, 30)),
            (asked(capture("c", "h", 50), *back), "posted posted reversal_exceeded", (60, 10, 50)),
            (asked(reversal("rest", "c", (SHOP, PURSE, 30))), "posted", (90, 10, 80)),
            (asked(reversal("over", "c", (SHOP, PURSE, 1))), "reversal_exceeded", (90, 10, 80)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_in_the_batch_of_its_original_is_within_it_too(self, database: Database) -> None:
        batch = (
            reversal("too early", "sale", (PURSE, TILL, 1)),
            SALE,
            reversal("r1", "sale", (PURSE, TILL, 60)),
            reversal("r2", "sale", (PURSE, TILL, 31)),
            reversal("r3", "sale", (PURSE, TILL, 30)),
        )
        table = [
            (asked(*batch), "reversed_unknown posted posted reversal_exceeded posted", (0, 0, 0)),
            (asked(*batch), "reversed_unknown exists exists reversal_exceeded exists", (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_cannot_take_what_has_been_spent(self, database: Database) -> None:
        table = [
            (asked(SALE, request("spend", (PURSE, TAB, 80))), "posted posted", (10, 0, 10)),
            (asked(reversal("r", "sale", (PURSE, TILL, 11))), "insufficient_funds", (10, 0, 10)),
            (asked(reversal("r2", "sale", (PURSE, TILL, 10))), "posted", (0, 0, 0)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_of_two_at_once_only_goes_as_far_as_the_original(self, database: Database) -> None:
        await ask(database, SALE, request("fill", (TILL, PURSE, 500)))
        wishes = [reversal(f"r{number}", "sale", (PURSE, TILL, 40)) for number in range(6)]
        answers = await asyncio.gather(*(ask(database, wish) for wish in wishes))
        words = sorted(word for answer in answers for word in said(answer))
        assert words == ["posted"] * 2 + ["reversal_exceeded"] * 4
        assert await show(database, PURSE) == (510, 0, 510)
        assert await findings(database) == []
