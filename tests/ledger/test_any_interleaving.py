"""Whatever is asked, in whatever order: after every step all counters are those of a ledger kept on paper."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from feiqian.infra.database import Database
from feiqian.kernel.calendar import business_date
from feiqian.ledger import AccountCode, AccountRef, Action, Frozen, Leg, NewTransaction, expire_holds, post
from tests.conftest import NOW
from tests.ledger.books import account, findings, id_of, tuples
from tests.ledger.model import Paper, Terms

ACCOUNTS: dict[AccountRef, Terms] = {
    account(AccountCode.CHANNEL_RECEIVABLE, "till"): Terms(sign=1, overdraft=None),
    account(AccountCode.MERCHANT_PENDING, "tab"): Terms(sign=-1, overdraft=None),
    account(AccountCode.MERCHANT_AVAILABLE, "purse"): Terms(sign=-1, overdraft=0),
    account(AccountCode.MERCHANT_AVAILABLE, "shop"): Terms(sign=-1, overdraft=0),
    account(AccountCode.LOAN_PRINCIPAL, "loan"): Terms(sign=1, overdraft=0),
    account(AccountCode.CHANNEL_RECEIVABLE, "till", "USD"): Terms(sign=1, overdraft=None),
    account(AccountCode.MERCHANT_AVAILABLE, "purse", "USD"): Terms(sign=-1, overdraft=0),
}
REFS = list(ACCOUNTS)


accounts = st.sampled_from(REFS)
WELL = [
    (debit, credit)
    for debit in REFS
    for credit in REFS
    if debit != credit and debit.currency == credit.currency
]
TERMS = ["frozen", "unfrozen", "unfrozen", "limit", "limit", "closed", "opened", "opened", "opened"]
STRAY = [(REFS[0], REFS[0]), (REFS[0], REFS[-1])]
"""The same account twice, and two currencies."""
amounts = st.one_of(st.integers(1, 60), st.sampled_from([1, 100, 10_000]))
some = st.integers(0, 30)
"""Which of those asked earlier is meant, counted from the newest."""


@st.composite
def a_leg(draw: st.DrawFn) -> Leg:
    debit, credit = draw(st.sampled_from(WELL))
    return Leg(debit, credit, draw(amounts))


@st.composite
def a_wild_leg(draw: st.DrawFn) -> Leg:
    """Now and then with the same account twice, two currencies, or an amount that is none."""
    if draw(st.integers(0, 9)):
        return draw(a_leg())
    debit, credit = draw(st.sampled_from(WELL + STRAY))
    return Leg(debit, credit, draw(st.sampled_from([0, -1, 5, 2**63 - 1, 2**63])))


@st.composite
def wishes(draw: st.DrawFn) -> dict[str, Any]:
    """What is asked, before it is known what it can be about."""
    do = draw(st.sampled_from(["post", "post", "hold", "capture", "release", "reverse", "replay", "alter"]))
    match do:
        case "post":
            return {"do": do, "legs": draw(st.lists(a_wild_leg(), min_size=1, max_size=3))}
        case "hold":
            return {"do": do, "leg": draw(a_leg()), "minutes": draw(st.sampled_from([None, None, 5, 30]))}
        case "reverse":
            strays = draw(st.sampled_from([False, False, False, True]))
            amount = draw(st.none() | amounts)
            return {
                "do": do,
                "which": draw(some),
                "amount": amount,
                "stray": draw(a_leg()) if strays else None,
            }
        case "alter":
            fields = ["kind", "reference", "amount", "legs", "metadata"]
            return {"do": do, "which": draw(some), "field": draw(st.sampled_from(fields))}
        case _:
            return {"do": do, "which": draw(some), "amount": draw(st.none() | amounts)}


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[dict[str, Any], bool]]:
    """Wishes, each with whether it is linked with the next; the last is so only by mistake."""
    size = draw(st.integers(1, 5))
    links = [draw(st.sampled_from([False, False, False, True])) for _ in range(size - 1)]
    return [(draw(wishes()), linked) for linked in [*links, draw(st.integers(0, 19)) == 19]]


RUNS = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


class Interleaving(RuleBasedStateMachine):
    """Steps against the database and on paper; each run has a cell of the database for itself."""

    run: Callable[[Any], Any]
    database: Database
    cells: Any

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.database.cell = next(self.cells)
        self.paper = Paper({ref: replace(terms) for ref, terms in ACCOUNTS.items()})
        self.asked: list[NewTransaction] = []
        self.number = count(1)

    @initialize()
    def fill(self) -> None:
        till, _, purse, _, loan, dollars, purse_dollars = REFS
        opening = (Leg(till, purse, 100), Leg(loan, till, 50), Leg(dollars, purse_dollars, 20))
        self.post([self.request(legs=opening)])

    @rule(batch=batches())
    def post_any(self, batch: list[tuple[dict[str, Any], bool]]) -> None:
        asks: list[NewTransaction] = []
        for wish, linked in batch:
            asks.append(msgspec.structs.replace(self.wished(wish, asks), linked=linked))
        self.post(asks)

    @rule(batch=batches())
    def post_more(self, batch: list[tuple[dict[str, Any], bool]]) -> None:
        self.post_any(batch)

    @rule(wish=wishes())
    def post_one(self, wish: dict[str, Any]) -> None:
        self.post([self.wished(wish, [])])

    @rule(minutes=st.integers(-20, 40), expires=st.booleans())
    def let_time_pass(self, minutes: int, expires: bool) -> None:
        self.now += timedelta(minutes=minutes)
        if expires:
            count = self.run(self.database.run(lambda tx: expire_holds(tx, now=self.now)))
            assert count == self.paper.expire(self.now)

    @rule(
        ref=accounts,
        what=st.sampled_from(TERMS),
        data=st.data(),
    )
    def change_terms(self, ref: AccountRef, what: str, data: st.DataObject) -> None:
        terms = self.paper.terms[ref]
        if what == "limit":
            # A limit is only raised: who lowers it below what was drawn makes the account break its own rule.
            higher = [limit for limit in (40, 500) if terms.overdraft is not None and limit > terms.overdraft]
            if higher and self.change(ref, "overdraft", higher[0]):
                terms.overdraft = higher[0]
        elif what in ("closed", "opened"):
            if self.change(ref, "closed_at", self.now if what == "closed" else None):
                terms.is_closed = what == "closed"
        else:
            how = Frozen.NO if what == "unfrozen" else data.draw(st.sampled_from(Frozen))
            if self.change(ref, "frozen", int(how)):
                terms.no_debits = how in (Frozen.DEBITS, Frozen.BOTH)
                terms.no_credits = how in (Frozen.CREDITS, Frozen.BOTH)

    @invariant()
    def every_counter_is_that_of_the_paper(self) -> None:
        sql = "SELECT id, debits, credits, held_debits, held_credits, sequence FROM ledger.account WHERE cell = %s"
        rows = self.run(tuples(self.database, sql))
        shown = {row[0]: row[1:] for row in rows if row[5]}
        paper = {ref.id: self.paper.counters(ref) for ref in REFS}
        assert shown == {id: counters for id, counters in paper.items() if counters[4]}

    @invariant()
    def every_hold_has_left_what_the_paper_says(self) -> None:
        sql = "SELECT id, amount - captured - released FROM ledger.hold WHERE cell = %s"
        rows: list[tuple[UUID, int]] = self.run(tuples(self.database, sql))
        held = [line.asked.id for line in self.paper.journal if line.asked.action is Action.HOLD]
        assert dict(rows) == {id: self.paper.left_of_hold(id) for id in held}

    @invariant()
    def the_ledger_is_sound(self) -> None:
        assert self.run(findings(self.database)) == []

    def post(self, batch: list[NewTransaction]) -> None:
        results = self.run(self.database.run(lambda tx: post(tx, now=self.now, transactions=batch)))
        words = [result.refusal.code if result.refusal else result.outcome.value for result in results]
        assert words == self.paper.post(batch, self.now)
        assert [result.id for result in results] == [asked.id for asked in batch]
        self.asked += batch

    def wished(self, wish: dict[str, Any], before: list[NewTransaction]) -> NewTransaction:
        """A wish as a request about what was asked so far, in this batch too."""
        earlier = [*self.asked, *before]
        match wish["do"]:
            case "post":
                return self.request(legs=tuple(wish["legs"]))
            case "hold":
                minutes = wish["minutes"]
                expires_at = None if minutes is None else self.now + timedelta(minutes=minutes)
                return self.request(action=Action.HOLD, legs=(wish["leg"],), expires_at=expires_at)
            case "capture" | "release":
                holds = [each for each in earlier if each.action is Action.HOLD] or [earlier[0]]
                open_holds = [
                    each for each in holds if each in before or self.paper.left_of_hold(each.id)
                ] or holds
                hold = ([*holds, *open_holds * 3])[-1 - wish["which"] % (len(holds) + len(open_holds) * 3)]
                action = Action.CAPTURE if wish["do"] == "capture" else Action.RELEASE
                return self.request(action=action, hold=hold.id, amount=wish["amount"])
            case "reverse":
                original = earlier[-1 - wish["which"] % len(earlier)]
                back = [Leg(leg.credit, leg.debit, wish["amount"] or leg.amount) for leg in original.legs[:2]]
                if wish["stray"] is not None or not back:
                    back.append(wish["stray"] or Leg(REFS[0], REFS[2], 1))
                return self.request(legs=tuple(back), reverses=original.id)
            case "replay":
                return earlier[-1 - wish["which"] % len(earlier)]
            case _:
                return _altered(earlier[-1 - wish["which"] % len(earlier)], wish["field"])

    def request(self, **fields: Any) -> NewTransaction:
        name = str(next(self.number))
        return NewTransaction(
            id=id_of(name),
            kind="test",
            reference=name,
            business_date=business_date(self.now),
            effective_at=self.now,
            **fields,
        )

    def change(self, ref: AccountRef, column: str, value: object) -> bool:
        """Whether the account was open, so that it could be changed."""
        sql: Any = f"UPDATE ledger.account SET {column} = %s WHERE cell = %s AND id = %s"
        count = self.run(self.database.run(lambda tx: tx.execute(sql, (value, tx.cell, ref.id))))
        return count == 1


def _altered(asked: NewTransaction, field: str) -> NewTransaction:
    if field == "kind":
        return msgspec.structs.replace(asked, kind="altered")
    if field == "reference":
        return msgspec.structs.replace(asked, reference="altered")
    if field == "metadata":
        return msgspec.structs.replace(asked, metadata={"altered": True})
    if field == "amount" and asked.amount is not None:
        return msgspec.structs.replace(asked, amount=asked.amount + 1)
    turned = tuple(Leg(leg.credit, leg.debit, leg.amount) for leg in asked.legs)
    return msgspec.structs.replace(asked, legs=turned)


@pytest.mark.timeout(300)
def test_any_interleaving_is_that_of_a_ledger_kept_on_paper(database_urls: tuple[str, str]) -> None:
    async def opened() -> Database:
        return await Database(database_urls[0]).__aenter__()

    with asyncio.Runner() as runner:
        database = runner.run(opened())
        # A class of its own, because the machine is made anew for every run and takes no arguments.
        machine = type("Machine", (Interleaving,), {})
        machine.run, machine.database, machine.cells = staticmethod(runner.run), database, count(2)
        try:
            run_state_machine_as_test(machine, settings=RUNS)
        finally:
            runner.run(database.__aexit__())
