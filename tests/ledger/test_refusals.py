"""What is refused, why, in which order reasons are looked for, and what of it is remembered."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from feiqian.infra.database import Database
from feiqian.ledger import PRECEDENCE, AccountCode, Action, Frozen, NewTransaction
from feiqian.ledger.rules import COUNTER_MAX, LEG_COUNT_MAX
from tests.ledger.books import (
    OWN,
    PURSE,
    SHOP,
    TAB,
    TILL,
    Step,
    account,
    ask,
    asked,
    assert_steps,
    capture,
    closed,
    everything,
    frozen,
    hold,
    id_of,
    limited,
    request,
    reversal,
    said,
    show,
)

DOLLARS = account(AccountCode.MERCHANT_PENDING, "tab", "USD")
ELSEWHERE = account(AccountCode.MERCHANT_PENDING, "tab", book="funder:a")
NAMELESS = account(AccountCode.MERCHANT_PENDING, "a\0b")
CLOSED = account(AccountCode.MERCHANT_PENDING, "closed")
FROZEN = account(AccountCode.MERCHANT_PENDING, "frozen")
SPENT = request("spent", (PURSE, TILL, 1))
"""Refused on an empty purse."""

Breaking = Callable[[], list[NewTransaction]]
"""A batch whose last transaction breaks two rules."""

SETTING: list[tuple[Step, str]] = [
    (asked(request("fill", (TILL, PURSE, 100))), "posted"),
    (
        asked(request("to-closed", (TILL, CLOSED, 1)), request("to-frozen", (TILL, FROZEN, 1))),
        "posted posted",
    ),
    (asked(hold("ended", FROZEN, TAB, 5), capture("ends", "ended")), "posted posted"),
    (asked(hold("other ended", PURSE, TAB, 5), capture("ends other", "other ended")), "posted posted"),
    (asked(request("original", (TILL, TAB, 10), (TILL, SHOP, 10))), "posted"),
    (closed(CLOSED), ""),
    (frozen(FROZEN, Frozen.BOTH), ""),
]
"""What the pairs below find."""

PAIRS: dict[tuple[str, str], Breaking] = {
    ("id_invalid", "text_invalid"): lambda: [request("r", (TILL, PURSE, 1), id=uuid4(), kind="")],
    ("text_invalid", "metadata_invalid"): lambda: [
        request("r", (TILL, PURSE, 1), kind="", metadata={"a": "\0"})
    ],
    ("metadata_invalid", "no_legs"): lambda: [request("r", metadata={"a": "\0"})],
    ("no_legs", "action_invalid"): lambda: [request("r", hold=id_of("ended"))],
    ("too_many_legs", "action_invalid"): lambda: [
        request("r", *[(TILL, PURSE, 1)] * (LEG_COUNT_MAX + 1), hold=id_of("ended"))
    ],
    ("action_invalid", "amount_invalid"): lambda: [
        request("r", (TILL, PURSE, 0), (TILL, PURSE, 0), action=Action.HOLD)
    ],
    ("amount_invalid", "same_account"): lambda: [request("r", (TILL, TILL, 1), (TILL, PURSE, 0))],
    ("same_account", "currency_mismatch"): lambda: [request("r", (TILL, DOLLARS, 1), (TILL, TILL, 1))],
    ("currency_mismatch", "book_mismatch"): lambda: [request("r", (TILL, ELSEWHERE, 1), (TILL, DOLLARS, 1))],
    ("book_mismatch", "chain_open"): lambda: [request("r", (TILL, ELSEWHERE, 1), linked=True)],
    ("chain_open", "exists_with_different_content"): lambda: [
        request("fill", (TILL, PURSE, 101), linked=True)
    ],
    ("exists_with_different_content", "linked_failed"): lambda: [
        request("bad", (TILL, PURSE, 0), linked=True),
        request("fill", (TILL, PURSE, 101)),
    ],
    ("linked_failed", "hold_unknown"): lambda: [
        request("bad", (TILL, PURSE, 0), linked=True),
        capture("c", "no hold"),
    ],
    ("account_invalid", "account_unknown"): lambda: [request("r", (OWN, OWN_TOO, 1), (TILL, NAMELESS, 1))],
    ("account_unknown", "account_closed"): lambda: [request("r", (TILL, CLOSED, 1), (OWN, OWN_TOO, 1))],
    ("account_closed", "account_frozen"): lambda: [request("r", (TILL, FROZEN, 1), (TILL, CLOSED, 1))],
    ("account_frozen", "hold_ended"): lambda: [capture("c", "ended")],
    ("account_frozen", "reversed_unknown"): lambda: [reversal("r", "nothing", (FROZEN, TILL, 1))],
    ("hold_ended", "hold_exceeded"): lambda: [capture("c", "other ended", 6)],
    ("reversed_unknown", "counter_overflow"): lambda: [reversal("r", "nothing", (TAB, TILL, COUNTER_MAX))],
    ("reversal_mismatch", "reversal_exceeded"): lambda: [
        reversal("r", "original", (TAB, TILL, 11), (PURSE, TILL, 1))
    ],
    ("reversal_exceeded", "counter_overflow"): lambda: [
        reversal("r", "original", (TAB, TILL, COUNTER_MAX), (SHOP, TILL, 11))
    ],
    ("counter_overflow", "insufficient_funds"): lambda: [
        request("r", (PURSE, TAB, 1_000), (TILL, TAB, COUNTER_MAX))
    ],
}

OWN_TOO = account("own.debt", "anybody", book=OWN.book)

APART = {
    ("no_legs", "too_many_legs"): "none and too many",
    ("hold_unknown", "account_invalid"): "only a capture or release names a hold, and these name no account",
    ("hold_exceeded", "reversed_unknown"): "a capture reverses nothing",
    ("reversed_unknown", "reversal_mismatch"): "what is unknown has no legs to differ from",
}
"""Neighbours that one request cannot break both, and why."""


@pytest.mark.anyio
class TestTheOrderOfReasons:
    async def test_names_the_first_that_applies(self, database: Database) -> None:
        for cell, (pair, breaking) in enumerate(PAIRS.items(), 2):
            database.cell = cell
            for step, expected in SETTING:
                assert await step(database) == expected
            before = await everything(database)
            assert (pair, said(await ask(database, *breaking()))[-1]) == (pair, pair[0])
            assert await everything(database) == before

    def test_is_shown_for_every_two_neighbours(self) -> None:
        codes = [kind.code for kind in PRECEDENCE]
        assert len(set(codes)) == len(codes)
        assert set(pairwise(codes)) <= PAIRS.keys() | APART.keys()
        assert all(codes.index(first) < codes.index(second) for first, second in PAIRS)

    def test_is_the_one_that_the_guide_shows(self) -> None:
        page = (Path(__file__).parents[2] / "docs/guides/ledger-refusals.md").read_text()
        rows = [line for line in page.splitlines() if line.startswith("| ") and line[2].isdigit()]
        assert [tuple(cell.strip() for cell in row.strip("|").split("|"))[:4] for row in rows] == [
            (str(number), f"`{kind.code}`", str(kind.status), "yes" if kind.remembered else "")
            for number, kind in enumerate(PRECEDENCE, 1)
        ]


@pytest.mark.anyio
class TestARefusal:
    async def test_is_remembered_when_the_ledger_decided_it(self, database: Database) -> None:
        table = [
            # what is asked                                becomes                        purse         shop
            (asked(SPENT), "insufficient_funds", (0, 0, 0), (0, 0, 0)),
            (asked(request("fill", (TILL, PURSE, 9))), "posted", (9, 0, 9), (0, 0, 0)),
            (asked(SPENT), "insufficient_funds", (9, 0, 9), (0, 0, 0)),
            (asked(request("anew", (PURSE, TILL, 1))), "posted", (8, 0, 8), (0, 0, 0)),
            (closed(PURSE), "", (8, 0, 8), (0, 0, 0)),
            (asked(request("shut", (PURSE, SHOP, 1))), "account_closed", (8, 0, 8), (0, 0, 0)),
            (closed(PURSE, None), "", (8, 0, 8), (0, 0, 0)),
            (asked(request("shut", (PURSE, SHOP, 1))), "account_closed", (8, 0, 8), (0, 0, 0)),
            (frozen(PURSE, Frozen.DEBITS), "", (8, 0, 8), (0, 0, 0)),
            (asked(request("cold", (PURSE, SHOP, 1))), "account_frozen", (8, 0, 8), (0, 0, 0)),
            (frozen(PURSE, Frozen.NO), "", (8, 0, 8), (0, 0, 0)),
            (asked(request("cold", (PURSE, SHOP, 1))), "account_frozen", (8, 0, 8), (0, 0, 0)),
            (asked(capture("take", "h", 2)), "hold_unknown", (8, 0, 8), (0, 0, 0)),
            (asked(hold("h", PURSE, SHOP, 5)), "posted", (8, 5, 3), (0, 0, 0)),
            (asked(capture("take", "h", 2)), "hold_unknown", (8, 5, 3), (0, 0, 0)),
            (asked(capture("take-2", "h", 2)), "posted", (6, 3, 3), (2, 0, 2)),
        ]
        await assert_steps(database, (PURSE, SHOP), table)

    async def test_is_not_given_to_another_request_of_its_id(self, database: Database) -> None:
        table = [
            (request("spent", (PURSE, TILL, 2)), "amount"),
            (request("spent", (SHOP, TILL, 1)), "debit_account"),
            (request("spent", (PURSE, TAB, 1)), "credit_account"),
            (request("spent", (PURSE, TILL, 1), kind="other"), "kind"),
            (request("spent", (PURSE, TILL, 1), reference="other"), "reference"),
            (request("spent", (PURSE, TILL, 1), metadata={"a": 1}), "metadata"),
            (request("spent", (PURSE, TILL, 1), reverses=id_of("x")), "reverses"),
            (hold("spent", PURSE, TILL, 1), "action"),
            (capture("spent", "x", 1), "action"),
        ]
        assert said(await ask(database, SPENT)) == ["insufficient_funds"]
        await ask(database, request("fill", (TILL, PURSE, 9)))
        for altered, field in table:
            (result,) = await ask(database, altered)
            assert result.refusal is not None
            assert result.refusal.code == "exists_with_different_content"
            assert result.refusal.facts == {"id": SPENT.id, "field": field}
            assert await show(database, PURSE) == (9, 0, 9)

    async def test_that_lies_in_the_request_is_not_remembered(self, database: Database) -> None:
        good = request("try", (TILL, PURSE, 5))
        table = [
            (asked(request("try")), "no_legs", (0, 0, 0)),
            (asked(request("try", (TILL, PURSE, 0))), "amount_invalid", (0, 0, 0)),
            (asked(request("try", (TILL, NAMELESS, 5))), "account_invalid", (0, 0, 0)),
            (asked(request("try", (TILL, PURSE, 5), kind="")), "text_invalid", (0, 0, 0)),
            (asked(request("try", (TILL, PURSE, 5), linked=True)), "chain_open", (0, 0, 0)),
            (asked(good), "posted", (5, 0, 5)),
            (asked(request("try", (TILL, PURSE, 6))), "exists_with_different_content", (5, 0, 5)),
            (asked(good), "exists", (5, 0, 5)),
        ]
        await assert_steps(database, (PURSE,), table)

    async def test_says_the_same_when_it_is_given_again(self, database: Database) -> None:
        asks = [
            request("fill", (TILL, PURSE, 7), (TILL, TAB, 7)),
            request("poor", (PURSE, TILL, 8)),
            request("own", (OWN, OWN_TOO, 1)),
            capture("take", "no hold"),
            reversal("back", "nothing", (TILL, PURSE, 1)),
            reversal("beyond", "fill", (PURSE, TILL, 8)),
            reversal("far beyond", "fill", *[(TAB, TILL, COUNTER_MAX)] * 3),
            request("huge", (TILL, TAB, COUNTER_MAX)),
        ]
        first = await ask(database, *asks)
        again = await ask(database, *asks)
        for language in ("en", "zh"):
            sentences = [
                [result.refusal.sentence(language) for result in results if result.refusal]
                for results in (first, again)
            ]
            assert sentences[0] == sentences[1]
            assert len(sentences[0]) == 7
            assert not any("?" in sentence or "{" in sentence for sentence in sentences[0])

    async def test_says_what_is_available_and_what_was_needed(self, database: Database) -> None:
        await ask(database, request("fill", (TILL, PURSE, 100)), hold("h", PURSE, SHOP, 30))
        await limited(PURSE, 5)(database)
        (result,) = await ask(database, request("r", (PURSE, TILL, 50), (PURSE, SHOP, 40), (TILL, PURSE, 10)))
        assert result.refusal is not None
        assert result.refusal.facts == {"account": PURSE.name, "available": 75, "needed": 80}


@pytest.mark.anyio
class TestATransactionOfSeveralLegs:
    async def test_is_judged_by_what_it_does_to_each_account_as_a_whole(self, database: Database) -> None:
        table = [
            (asked(request("through", (PURSE, SHOP, 50), (TILL, PURSE, 50))), "posted", (0, 0, 0), (50, 0, 50)),
            (asked(request("short", (PURSE, SHOP, 51), (TILL, PURSE, 50))), "insufficient_funds", (0, 0, 0), (50, 0, 50)),
            (asked(request("twice", (SHOP, TILL, 30), (SHOP, PURSE, 30))), "insufficient_funds", (0, 0, 0), (50, 0, 50)),
            (asked(request("once", (SHOP, TILL, 30), (SHOP, PURSE, 20))), "posted", (20, 0, 20), (0, 0, 0)),
            (asked(request("circle", (PURSE, SHOP, 99), (SHOP, PURSE, 99))), "posted", (20, 0, 20), (0, 0, 0)),
        ]  # fmt: skip
        await assert_steps(database, (PURSE, SHOP), table)
