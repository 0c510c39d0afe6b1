"""The same id again: the same content changes nothing, other content is named by its field."""

from datetime import timedelta

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import NewTransaction, post
from tests.conftest import NOW
from tests.ledger.books import (
    PURSE,
    SHOP,
    TAB,
    TILL,
    ask,
    asked,
    assert_steps,
    capture,
    everything,
    findings,
    hold,
    id_of,
    release,
    request,
    reversal,
    said,
)

FILL = request("fill", (TILL, PURSE, 100), (TILL, SHOP, 10), metadata={"order": "7", "lines": [1, 2.5, None]})
LATER = NOW + timedelta(days=1)


ALTERED: list[tuple[NewTransaction, str]] = [
    (request("fill", (TILL, PURSE, 100), (TILL, SHOP, 11), metadata=FILL.metadata), "amount"),
    (request("fill", (TILL, PURSE, 100), metadata=FILL.metadata), "amount"),
    (request("fill", (TILL, SHOP, 10), (TILL, PURSE, 100), metadata=FILL.metadata), "amount"),
    (request("fill", (TILL, PURSE, 100), (TAB, SHOP, 10), metadata=FILL.metadata), "debit_account"),
    (request("fill", (TILL, PURSE, 100), (TILL, TAB, 10), metadata=FILL.metadata), "credit_account"),
    (request("fill", *[(TILL, PURSE, 1)], metadata={"order": "8"}), "metadata"),
    (request("fill", *[(TILL, PURSE, 1)]), "metadata"),
    (request("fill", (TILL, PURSE, 100), reverses=id_of("x")), "reverses"),
    (request("fill", (TILL, PURSE, 100), reference="other"), "reference"),
    (request("fill", (TILL, PURSE, 100), kind="other"), "kind"),
    (hold("fill", TILL, PURSE, 100), "action"),
    (release("fill", "h"), "action"),
    (hold("h", PURSE, TAB, 49), "amount"),
    (hold("h", PURSE, SHOP, 50), "credit_account"),
    (request("h", (PURSE, TAB, 50)), "action"),
    (capture("part", "h", 21), "amount"),
    (capture("part", "fill", 20), "hold"),
    (release("part", "h", 20), "action"),
    (capture("rest", "h", 31), "amount"),
    (reversal("back", "h", (PURSE, TILL, 5)), "reverses"),
    (reversal("back", "fill", (PURSE, TILL, 6)), "amount"),
]
"""Requests under ids that were used, and the first field that differs."""


@pytest.mark.anyio
class TestAReplay:
    async def test_of_anything_that_was_posted_changes_nothing(self, database: Database) -> None:
        done = (
            FILL,
            hold("h", PURSE, TAB, 50, expires_at=LATER),
            capture("part", "h", 20),
            release("let go", "h", 10),
            capture("rest", "h"),
            reversal("back", "fill", (PURSE, TILL, 5)),
        )
        table = [
            (asked(*done), " ".join(["posted"] * 6), (55, 0, 55)),
            (asked(*done), " ".join(["exists"] * 6), (55, 0, 55)),
            *[(asked(each), "exists", (55, 0, 55)) for each in done],
            (asked(capture("rest", "h", 20)), "exists", (55, 0, 55)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_that_was_altered_is_refused_by_field(self, database: Database) -> None:
        done = (
            FILL,
            hold("h", PURSE, TAB, 50),
            capture("part", "h", 20),
            capture("rest", "h"),
            reversal("back", "fill", (PURSE, TILL, 5)),
        )
        assert said(await ask(database, *done)) == ["posted"] * 5
        before = await everything(database)
        for altered, field in [*ALTERED, *ALTERED]:
            (result,) = await ask(database, altered)
            assert result.refusal is not None
            assert (result.refusal.code, result.refusal.facts["field"]) == (
                "exists_with_different_content",
                field,
            )
            assert await everything(database) == before

    async def test_may_describe_the_moment_anew(self, database: Database) -> None:
        await ask(database, FILL, hold("h", PURSE, TAB, 5, expires_at=LATER))
        anew = {
            "memo": "second try",
            "effective_at": LATER,
            "business_date": LATER.date(),
            "metadata": {"lines": [1, 2.5, None], "order": "7"},
        }
        again = request("fill", (TILL, PURSE, 100), (TILL, SHOP, 10), **anew)
        words = said(await ask(database, again, hold("h", PURSE, TAB, 5, expires_at=LATER + timedelta(1))))
        assert words == ["exists", "exists"]

    async def test_recognises_metadata_as_postgresql_gives_it_back(self, database: Database) -> None:
        numbers = [1e23, 1e300, -0.0, 2**70, float("nan"), 1.10, True, None]
        asks: list[NewTransaction] = []
        for number, value in enumerate([{}, "元", "\\u0000 in words", [], *numbers]):
            asks.append(request(f"m{number}", (TILL, TAB, 1), metadata={"a": value}))
            asks.append(request(f"poor{number}", (PURSE, TAB, 1), metadata={"a": {"一": value}}))
        assert said(await ask(database, *asks)) == ["posted", "insufficient_funds"] * 12
        assert said(await ask(database, *asks)) == ["exists", "insufficient_funds"] * 12


@pytest.mark.anyio
class TestAnIdTwiceInOneBatch:
    async def test_is_answered_as_if_it_came_later(self, database: Database) -> None:
        poor = request("poor", (SHOP, TILL, 11))
        table = [
            (asked(FILL, FILL), "posted exists", (100, 0, 100)),
            (asked(FILL, FILL), "exists exists", (100, 0, 100)),
            (asked(poor, request("more", (TILL, SHOP, 1)), poor),
             "insufficient_funds posted insufficient_funds", (100, 0, 100)),
            (asked(request("x", (TILL, PURSE, 1)), request("x", (TILL, PURSE, 2)), request("x", (TILL, PURSE, 1))),
             "posted exists_with_different_content exists", (101, 0, 101)),
            (asked(request("x", (TILL, PURSE, 2)), request("x", (TILL, PURSE, 1))),
             "exists_with_different_content exists", (101, 0, 101)),
            (asked(request("y", (TILL, PURSE, 0)), request("y", (TILL, PURSE, 1))),
             "amount_invalid posted", (102, 0, 102)),
            (asked(request("y", (TILL, PURSE, 1)), request("y", (TILL, PURSE, 0))),
             "exists amount_invalid", (102, 0, 102)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE,), table)

    async def test_holds_and_captures_once(self, database: Database) -> None:
        held, taken = hold("h", PURSE, TAB, 30), capture("c", "h", 10)
        words = "posted posted exists posted exists exists"
        table = [(asked(FILL, held, held, taken, taken, held), words, (90, 20, 70))]
        await assert_steps(database, (PURSE,), table)


@pytest.mark.anyio
class TestAnIdOfBothKinds:
    async def test_counts_as_posted_when_another_request_of_it_was_refused_meanwhile(
        self, database: Database
    ) -> None:
        # Over different accounts neither waits for the other; each decides before it sees what the other wrote.
        posted, refused = request("id", (TILL, PURSE, 7)), request("id", (SHOP, TAB, 7))
        async with database.transaction() as early:
            assert said(await post(early, now=NOW, transactions=[refused])) == ["insufficient_funds"]
            assert said(await ask(database, posted)) == ["posted"]
        assert said(await ask(database, posted, refused)) == ["exists", "exists_with_different_content"]
        assert await findings(database) == []


def test_every_field_that_may_not_change_has_a_row() -> None:
    """A new field of a transaction is compared in replays, or named here with those that are not."""
    compared = {"action", "kind", "reference", "hold", "reverses", "metadata", "amount", "legs"}
    describing = {"id", "business_date", "effective_at", "memo", "expires_at", "linked"}
    assert compared | describing == set(NewTransaction.__struct_fields__)
