"""Chains: linked transactions of a batch stand or fall together."""

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import NewTransaction
from tests.ledger.books import (
    OWN,
    PURSE,
    SHOP,
    TAB,
    TILL,
    account,
    asked,
    assert_steps,
    capture,
    hold,
    id_of,
    release,
    request,
    reversal,
    tuples,
)

FILL = request("fill", (TILL, PURSE, 100))
POOR = request("poor", (SHOP, TILL, 1))
"""Refused: the shop is empty."""


def linked(name: str, amount: int = 1) -> NewTransaction:
    return request(name, (PURSE, TAB, amount), linked=True)


@pytest.mark.anyio
class TestAChain:
    async def test_stands_when_all_of_it_does(self, database: Database) -> None:
        chain = (
            request("a", (PURSE, SHOP, 60), linked=True),
            request("b", (SHOP, TAB, 60), linked=True),
            request("c", (PURSE, TAB, 40)),
        )
        table = [
            (asked(FILL), "posted", (100, 0, 100), (0, 0, 0)),
            (asked(*chain), "posted posted posted", (0, 0, 0), (100, 0, None)),
            (asked(*chain), "exists exists exists", (0, 0, 0), (100, 0, None)),
        ]
        await assert_steps(database, (PURSE, TAB), table)

    @pytest.mark.parametrize("place", [0, 1, 2])
    async def test_falls_with_any_of_it_and_only_that_one_is_remembered(
        self, database: Database, place: int
    ) -> None:
        names = ["a", "b", "c"]
        chain = [request(name, (PURSE, TAB, 5), linked=name != "c") for name in names]
        chain[place] = request(names[place], (SHOP, TILL, 1), linked=names[place] != "c")
        words = ["linked_failed"] * 3
        words[place] = "insufficient_funds"
        rest = [request(name, (PURSE, TAB, 5)) for name in names if name != names[place]]
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(*chain), " ".join(words), (100, 0, 100)),
            (asked(request("gives", (TILL, SHOP, 9))), "posted", (100, 0, 100)),
            (asked(*chain), " ".join(words), (100, 0, 100)),
            (asked(*rest), "posted posted", (90, 0, 90)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_leaves_what_is_before_and_after_it_in_the_batch(self, database: Database) -> None:
        first = [request("a1", (PURSE, TAB, 1), linked=True), request("a2", (SHOP, TILL, 1))]
        second = [request("b1", (PURSE, TAB, 2), linked=True), request("b2", (PURSE, TAB, 4))]
        batch = [FILL, *first, request("alone", (PURSE, TAB, 8)), *second, request("last", (PURSE, TAB, 16))]
        words = "posted linked_failed insufficient_funds posted posted posted posted"
        table = [
            (asked(*batch), words, (70, 0, 70)),
            (asked(*batch), words.replace("posted", "exists"), (70, 0, 70)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_next_to_another_is_a_chain_of_its_own(self, database: Database) -> None:
        batch = [
            FILL,
            request("a1", (PURSE, TAB, 1), linked=True),
            request("a2", (PURSE, TAB, 2)),
            request("b1", (PURSE, TAB, 4), linked=True),
            request("b2", (SHOP, TILL, 1)),
            request("c1", (PURSE, TAB, 8), linked=True),
            request("c2", (PURSE, TAB, 16)),
        ]
        words = "posted posted posted linked_failed insufficient_funds posted posted"
        await assert_steps(database, (PURSE,), [(asked(*batch), words, (73, 0, 73))])

    async def test_that_falls_leaves_no_gap_in_any_sequence(self, database: Database) -> None:
        batch = [
            FILL,
            request("a", (PURSE, TAB, 1), (PURSE, SHOP, 1), linked=True),
            hold("h", PURSE, SHOP, 3, linked=True),
            request("b", (SHOP, TILL, 2)),
            request("c", (PURSE, TAB, 5)),
        ]
        words = "posted linked_failed linked_failed insufficient_funds posted"
        await assert_steps(database, (PURSE,), [(asked(*batch), words, (95, 0, 95))])
        rows = await tuples(
            database,
            "SELECT a.code, a.owner, array_agg(e.sequence ORDER BY e.sequence), max(a.sequence) FROM ledger.account a"
            " JOIN ledger.entry e ON e.cell = a.cell AND e.account = a.id WHERE a.cell = %s GROUP BY 1, 2 ORDER BY 1, 2",
        )
        assert rows == [
            ("channel.receivable", "till", [1], 1),
            ("merchant.available", "purse", [1, 2], 2),
            ("merchant.pending", "tab", [1], 1),
        ]

    async def test_that_falls_gives_back_what_it_took_of_holds(self, database: Database) -> None:
        chain = [
            capture("c", "h", 20, linked=True),
            release("r", "h", linked=True),
            hold("h2", PURSE, SHOP, 7, linked=True),
            capture("c2", "h2", 7, linked=True),
            request("bad", (SHOP, TILL, 999)),
        ]
        table = [
            (asked(FILL, hold("h", PURSE, SHOP, 60)), "posted posted", (100, 60, 40), (0, 0, 0)),
            (asked(*chain), "linked_failed " * 4 + "insufficient_funds", (100, 60, 40), (0, 0, 0)),
            (asked(capture("c3", "h2", 1)), "hold_unknown", (100, 60, 40), (0, 0, 0)),
            (asked(capture("c4", "h", 60)), "posted", (40, 0, 40), (60, 0, 60)),
        ]
        await assert_steps(database, (PURSE, SHOP), table)
        assert await tuples(database, "SELECT id, captured, state FROM ledger.hold WHERE cell = %s") == [
            (id_of("h"), 60, "captured")
        ]

    async def test_that_falls_gives_back_what_it_reversed(self, database: Database) -> None:
        chain = [
            reversal("r", "fill", (PURSE, TILL, 70), linked=True),
            request("new", (TILL, PURSE, 5), linked=True),
            reversal("r-new", "new", (PURSE, TILL, 5), linked=True),
            POOR,
        ]
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (
                asked(
                    *chain,
                    reversal("late", "new", (PURSE, TILL, 5)),
                    reversal("whole", "fill", (PURSE, TILL, 100)),
                ),
                "linked_failed " * 3 + "insufficient_funds reversed_unknown posted",
                (0, 0, 0),
            ),
        ]
        await assert_steps(database, (PURSE,), table)


@pytest.mark.anyio
class TestAMemberOfAChain:
    async def test_that_is_malformed_fails_it(self, database: Database) -> None:
        table = [
            (asked(FILL), "posted", (100, 0, 100)),
            (asked(linked("a"), request("bad")), "linked_failed no_legs", (100, 0, 100)),
            (asked(request("bad", linked=True), linked("a"), request("b", (PURSE, TAB, 1))),
             "no_legs linked_failed linked_failed", (100, 0, 100)),
            (asked(linked("a"), request("b", (OWN, account("own.b", "x", book=OWN.book), 1))),
             "linked_failed account_unknown", (100, 0, 100)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE,), table)

    async def test_that_was_posted_before_counts_as_standing(self, database: Database) -> None:
        done = request("done", (PURSE, TAB, 10), linked=True)
        last = request("last", (PURSE, TAB, 10))
        table = [
            (asked(FILL, request("done", (PURSE, TAB, 10))), "posted posted", (90, 0, 90)),
            (asked(linked("a"), done, request("b", (PURSE, TAB, 1))), "posted exists posted", (88, 0, 88)),
            (asked(linked("c"), done, POOR), "linked_failed exists insufficient_funds", (88, 0, 88)),
            (asked(request("poor2", (SHOP, TILL, 1), linked=True), done, last),
             "insufficient_funds exists linked_failed", (88, 0, 88)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE,), table)

    async def test_that_was_refused_before_fails_it(self, database: Database) -> None:
        table = [
            (asked(FILL, POOR, request("rich", (TILL, SHOP, 50))), "posted insufficient_funds posted", (100, 0, 100)),
            (asked(linked("a"), POOR), "linked_failed insufficient_funds", (100, 0, 100)),
            (asked(request("poor", (SHOP, TILL, 1), linked=True), request("b", (PURSE, TAB, 1))),
             "insufficient_funds linked_failed", (100, 0, 100)),
            (asked(linked("a"), request("fill", (TILL, PURSE, 101))),
             "linked_failed exists_with_different_content", (100, 0, 100)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE,), table)

    async def test_that_was_refused_earlier_in_the_same_batch_fails_it(self, database: Database) -> None:
        batch = [FILL, POOR, linked("a"), POOR]
        words = "posted insufficient_funds linked_failed insufficient_funds"
        await assert_steps(database, (PURSE,), [(asked(*batch), words, (100, 0, 100))])

    async def test_that_repeats_another_shares_its_fate(self, database: Database) -> None:
        table = [
            (asked(FILL, linked("a"), linked("a"), POOR),
             "posted linked_failed linked_failed insufficient_funds", (100, 0, 100)),
            (asked(linked("a"), linked("a"), request("b", (PURSE, TAB, 1))), "posted exists posted", (98, 0, 98)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE,), table)

    async def test_that_is_linked_with_nothing_fails_it(self, database: Database) -> None:
        table = [
            (asked(FILL, linked("a"), linked("b")), "posted linked_failed chain_open", (100, 0, 100)),
            (asked(linked("a")), "chain_open", (100, 0, 100)),
            (asked(linked("a"), linked("a")), "linked_failed chain_open", (100, 0, 100)),
            (asked(request("fill", (TILL, PURSE, 100), linked=True)), "chain_open", (100, 0, 100)),
            (asked(linked("a"), request("b", (PURSE, TAB, 1))), "posted posted", (98, 0, 98)),
        ]
        await assert_steps(database, (PURSE,), table)
