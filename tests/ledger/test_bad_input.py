"""Bad input: each has a refusal of its own, nothing moves, and the rest of the batch is posted."""

from typing import Any
from uuid import UUID, uuid1, uuid4

import msgspec
import pytest

from feiqian.infra.database import Database
from feiqian.ledger import AccountCode, NewTransaction
from feiqian.ledger.rules import COUNTER_MAX
from tests.conftest import NOW
from tests.ledger.books import (
    LOAN,
    OWN,
    PURSE,
    SHOP,
    TAB,
    TILL,
    account,
    ask,
    asked,
    assert_steps,
    capture,
    closed,
    findings,
    hold,
    id_of,
    limited,
    release,
    request,
    said,
)


def deep(levels: int) -> object:
    nested: object = 1
    for _ in range(levels):
        nested = [nested]
    return nested


def pay(**more: Any) -> NewTransaction:
    return request("bad", (TILL, PURSE, 1), **more)


def to(owner: str, currency: str = "CNY", book: str = "platform") -> NewTransaction:
    ours = account(AccountCode.CHANNEL_RECEIVABLE, "till", currency, book)
    return request("bad", (ours, account(AccountCode.MERCHANT_PENDING, owner, currency, book), 1))


BAD: list[tuple[str, NewTransaction, str]] = [
    ("an amount of zero", request("bad", (TILL, PURSE, 0)), "amount_invalid"),
    ("a negative amount", request("bad", (TILL, PURSE, -1)), "amount_invalid"),
    ("an amount of 2^63", request("bad", (TILL, PURSE, 2**63)), "amount_invalid"),
    ("an amount of 10^30", request("bad", (TILL, PURSE, 10**30)), "amount_invalid"),
    ("one bad amount of two", request("bad", (TILL, PURSE, 5), (TILL, PURSE, -5)), "amount_invalid"),
    ("a hold of zero", hold("bad", TILL, PURSE, 0), "amount_invalid"),
    ("a hold of 2^63", hold("bad", TILL, PURSE, 2**63), "amount_invalid"),
    ("a capture of zero", capture("bad", "h", 0), "amount_invalid"),
    ("a capture of 2^63", capture("bad", "h", 2**63), "amount_invalid"),
    ("a release of less than zero", release("bad", "h", -1), "amount_invalid"),
    ("the same account on both sides", request("bad", (TILL, TILL, 1)), "same_account"),
    ("the same account in a hold", hold("bad", PURSE, PURSE, 1), "same_account"),
    ("two currencies in a leg", request("bad", (TILL, account(TAB.code, "x", "USD"), 1)), "currency_mismatch"),
    ("two books in a leg", request("bad", (TILL, account(TAB.code, "x", book="funder:a"), 1)), "book_mismatch"),
    ("no legs", request("bad"), "no_legs"),
    ("a hold without legs", request("bad", action=hold("h", TILL, PURSE, 1).action), "no_legs"),
    ("100,000 legs", request("bad", *[(TILL, PURSE, 1)] * 100_000), "too_many_legs"),
    ("1,001 legs", request("bad", *[(TILL, PURSE, 1)] * 1_001), "too_many_legs"),
    ("an id of version 4", pay(id=uuid4()), "id_invalid"),
    ("an id of version 1", pay(id=uuid1()), "id_invalid"),
    ("an id of zeros", pay(id=UUID(int=0)), "id_invalid"),
    ("an id of ones", pay(id=UUID(int=2**128 - 1)), "id_invalid"),
    ("a version 7 of another variant", pay(id=UUID(int=7 << 76)), "id_invalid"),
    ("no kind", pay(kind=""), "text_invalid"),
    ("a long kind", pay(kind="k" * 65), "text_invalid"),
    ("a long reference", pay(reference="r" * 129), "text_invalid"),
    ("a long memo", pay(memo="忆" * 513), "text_invalid"),
    ("NUL in a kind", pay(kind="a\0"), "text_invalid"),
    ("NUL in a reference", pay(reference="\0"), "text_invalid"),
    ("NUL in a memo", pay(memo="a\0b"), "text_invalid"),
    ("half a surrogate pair in a memo", pay(memo="a\ud83db"), "text_invalid"),
    ("half a surrogate pair in a kind", pay(kind="\udc00"), "text_invalid"),
    ("metadata over its limit", pay(metadata={"a": "x" * 4_090}), "metadata_invalid"),
    ("NUL in metadata", pay(metadata={"a": ["\0"]}), "metadata_invalid"),
    ("NUL in a name of metadata", pay(metadata={"a\0": 1}), "metadata_invalid"),
    ("half a surrogate pair in metadata", pay(metadata={"a": "\ud83d"}), "metadata_invalid"),
    ("metadata that is no JSON", pay(metadata={"a": object()}), "metadata_invalid"),
    ("metadata nested very deep", pay(metadata={"a": deep(1_900)}), "metadata_invalid"),
    ("a hold's amount in a posting", pay(amount=5), "action_invalid"),
    ("a hold's expiry in a posting", pay(expires_at=NOW), "action_invalid"),
    ("a capture of no hold", request("bad", action=capture("c", "h").action), "action_invalid"),
    ("a capture with legs", request("bad", (TILL, PURSE, 1), action=capture("c", "h").action, hold=id_of("h")),
     "action_invalid"),
    ("a hold of two legs", request("bad", (TILL, PURSE, 1), (TILL, SHOP, 1), action=hold("h", TILL, SHOP, 1).action),
     "action_invalid"),
    ("a hold that reverses", hold("bad", TILL, PURSE, 1, reverses=id_of("fill")), "action_invalid"),
    ("an account that is not open", request("bad", (OWN, account("own.x", "x", book=OWN.book), 1)), "account_unknown"),
    ("a code of no chart", request("bad", (TILL, account("no.such", "x"), 1)), "account_unknown"),
    ("NUL in an account's name", to("a\0b"), "account_invalid"),
    ("a line break in an account's name", to("a\nb"), "account_invalid"),
    ("an account without an owner", to(""), "account_invalid"),
    ("a very long owner", to("o" * 100_000), "account_invalid"),
    ("a currency that is none", to("x", "XYZ"), "account_invalid"),
    ("a currency in small letters", to("x", "cny"), "account_invalid"),
    ("a book without a name", to("x", book=""), "account_invalid"),
]  # fmt: skip


@pytest.mark.anyio
class TestBadInput:
    async def test_is_refused_by_name_and_moves_nothing(self, database: Database) -> None:
        await ask(database, request("fill", (TILL, PURSE, 100)), hold("h", PURSE, SHOP, 10))
        for what, bad, code in BAD:
            assert (what, await asked(_of_its_own(what, bad))(database)) == (what, code)
        assert await findings(database) == []

    async def test_leaves_the_rest_of_its_batch_standing(self, database: Database) -> None:
        words: list[str] = []
        batch: list[NewTransaction] = []
        for number, (what, bad, code) in enumerate(BAD):
            batch.append(_of_its_own(what, bad))
            batch.append(request(f"good {number}", (TILL, PURSE, 1)))
            words += [code, "posted"]
        assert said(await ask(database, *batch)) == words
        assert await findings(database) == []

    async def test_up_to_the_limits_is_accepted(self, database: Database) -> None:
        limits = [
            request("legs", *[(TILL, PURSE, 1)] * 1_000),
            pay(kind="k" * 64, reference="号" * 128, memo="忆" * 512, metadata={"a": "x" * 4_088}),
            request("emoji", (TILL, PURSE, 1), memo="💰", metadata={"💰": "💰", "deep": deep(300)}),
            request("name", (TILL, account(TAB.code, "户" * 128), 1)),
        ]
        assert said(await ask(database, *limits)) == ["posted"] * 4
        assert said(await ask(database, *limits)) == ["exists"] * 4
        assert await findings(database) == []

    async def test_to_a_closed_account_is_refused(self, database: Database) -> None:
        table = [
            (asked(request("fill", (TILL, PURSE, 5))), "posted", (5, 0, 5)),
            (closed(PURSE), "", (5, 0, 5)),
            (asked(request("in", (TILL, PURSE, 5))), "account_closed", (5, 0, 5)),
            (asked(request("out", (PURSE, TILL, 5))), "account_closed", (5, 0, 5)),
            (asked(hold("held", PURSE, TILL, 5)), "account_closed", (5, 0, 5)),
        ]
        await assert_steps(database, (PURSE,), table)


@pytest.mark.anyio
class TestACounter:
    async def test_holds_up_to_63_bits_and_not_one_more(self, database: Database) -> None:
        table = [
            (asked(request("most", (TILL, TAB, COUNTER_MAX))), "posted", (COUNTER_MAX, 0, None)),
            (asked(request("one more", (TILL, SHOP, 1))), "counter_overflow", (COUNTER_MAX, 0, None)),
            (asked(request("into", (PURSE, TAB, 1))), "counter_overflow", (COUNTER_MAX, 0, None)),
            (asked(request("back", (TAB, TILL, COUNTER_MAX))), "posted", (0, 0, None)),
            (asked(request("again", (TILL, TAB, 1))), "counter_overflow", (0, 0, None)),
        ]
        await assert_steps(database, (TAB,), table)

    async def test_counts_what_is_held_as_posted(self, database: Database) -> None:
        most = COUNTER_MAX - 10
        table = [
            (asked(request("small", (TILL, TAB, 4))), "posted", (4, 0, None)),
            (asked(hold("h", TILL, TAB, most)), "posted", (4, 0, None)),
            (asked(request("over", (TILL, TAB, 7))), "counter_overflow", (4, 0, None)),
            (asked(hold("over held", TILL, TAB, 7)), "counter_overflow", (4, 0, None)),
            (asked(request("other receiver", (TILL, SHOP, 7))), "counter_overflow", (4, 0, None)),
            (asked(request("other payer", (LOAN, TAB, 7))), "counter_overflow", (4, 0, None)),
            (asked(request("two legs", (TILL, TAB, 3), (TILL, TAB, 4))), "counter_overflow", (4, 0, None)),
            (asked(request("just", (TILL, TAB, 6))), "posted", (10, 0, None)),
            (asked(capture("c", "h")), "posted", (COUNTER_MAX, 0, None)),
            (asked(request("full", (TILL, TAB, 1))), "counter_overflow", (COUNTER_MAX, 0, None)),
        ]
        await assert_steps(database, (TAB,), table)

    async def test_far_below_zero_is_still_told_exactly(self, database: Database) -> None:
        table = [
            (asked(request("fill", (TILL, TAB, 1))), "posted", (1, 0, None)),
            (asked(request("down", (TAB, TILL, COUNTER_MAX))), "posted", (1 - COUNTER_MAX, 0, None)),
            (asked(request("up", (SHOP, TAB, 1), (PURSE, SHOP, 1))), "insufficient_funds", (1 - COUNTER_MAX, 0, None)),
            (limited(TAB, COUNTER_MAX), "", (1 - COUNTER_MAX, 0, 1)),
            (asked(request("more", (TAB, PURSE, 1))), "counter_overflow", (1 - COUNTER_MAX, 0, 1)),
        ]  # fmt: skip
        await assert_steps(database, (TAB,), table)


def _of_its_own(what: str, bad: NewTransaction) -> NewTransaction:
    """Under an id of its own, where the id is not what is bad."""
    if bad.id != id_of("bad"):
        return bad
    return msgspec.structs.replace(bad, id=id_of(what))
