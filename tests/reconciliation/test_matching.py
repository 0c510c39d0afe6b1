"""The matcher over any two sides: nothing is lost, nothing counts twice, only equal lines are confirmed."""

from collections import Counter
from datetime import date, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from feiqian.channels import BillKind, BillState
from feiqian.kernel.calendar import start_of
from feiqian.reconciliation import UNEXPLAINED, Note, Status
from feiqian.reconciliation.model import (
    Confirmation,
    Item,
    Key,
    Matching,
    OpenItem,
    Ours,
    Place,
    Theirs,
)
from feiqian.reconciliation.rules import OurLines, Terms, match_day, sort_ours

DAY = date(2026, 3, 2)
YESTERDAY, TOMORROW = DAY - timedelta(days=1), DAY + timedelta(days=1)

numbers = st.sampled_from(["1", "2", "3", "4", "5", "6"])
keys = st.tuples(st.sampled_from(BillKind), numbers)
channel_nos = st.sampled_from(["c", "d"])
amounts = st.integers(1, 3)


def moments(first: date, days: int) -> st.SearchStrategy[datetime]:
    minutes = st.integers(0, days * 24 * 60 - 1)
    return minutes.map(lambda minute: start_of(first) + timedelta(minutes=minute))


def ours_in(first: date, days: int, states: st.SearchStrategy[str]) -> st.SearchStrategy[Ours]:
    return st.builds(
        Ours,
        id=st.just("payment_1"),
        channel_no=channel_nos | st.none(),
        amount=amounts,
        currency=st.sampled_from(["CNY", "USD"]),
        state=states,
        at=moments(first, days),
    )


def theirs_in(day: date) -> st.SearchStrategy[Theirs]:
    return st.builds(
        Theirs,
        channel_no=channel_nos,
        amount=amounts,
        currency=st.sampled_from(["CNY", "USD"]),
        state=st.sampled_from(BillState),
        fee=st.integers(-2, 2),
        at=moments(day, 1),
    )


bills = st.lists(st.tuples(keys, theirs_in(DAY)), max_size=12)
succeeded = st.dictionaries(keys, ours_in(DAY - timedelta(days=3), 4, st.just("succeeded")), max_size=12)
found = st.dictionaries(
    keys, ours_in(YESTERDAY, 3, st.sampled_from(["created", "succeeded", "processing", "failed"])), max_size=6
)
days_compared = st.sets(st.sampled_from([DAY - timedelta(days=2), YESTERDAY, TOMORROW]))


@st.composite
def open_items(draw: st.DrawFn) -> list[OpenItem]:
    """What other days left open: lines of ours, or of their bill, that wait or are unexplained."""
    found: list[OpenItem] = []
    for line, (kind, no) in enumerate(draw(st.lists(keys, max_size=6, unique=True)), 1):
        day = draw(st.sampled_from([YESTERDAY, TOMORROW]))
        is_ours = draw(st.booleans())
        one_sided = Status.OURS_ONLY if is_ours else Status.THEIRS_ONLY
        found.append(
            OpenItem(
                place=Place(day=day, run=1, line=line),
                item=Item(
                    kind=kind,
                    no=no,
                    status=draw(st.sampled_from([one_sided, Status.CARRIED_OVER])),
                    ours=draw(ours_in(day, 1, st.just("succeeded"))) if is_ours else None,
                    theirs=None if is_ours else draw(theirs_in(day)),
                    in_ours=is_ours,
                    in_bill=not is_ours,
                ),
            )
        )
    return found


@st.composite
def confirmations(draw: st.DrawFn) -> dict[Key, Confirmation]:
    days = st.sampled_from([YESTERDAY, DAY, TOMORROW])
    return {
        key: Confirmation(
            kind=key[0],
            no=key[1],
            bill_day=draw(days),
            our_day=draw(days),
            resolved_on=draw(days),
            amount=1,
            currency="CNY",
            fee=0,
        )
        for key in draw(st.sets(keys, max_size=4))
    }


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Two sides and what is known of other days."""

    bill: list[tuple[Key, Theirs]]
    succeeded: dict[Key, Ours]
    found: dict[Key, Ours]
    compared: set[date]
    confirmed: dict[Key, Confirmation]
    open_items: list[OpenItem]

    def ours(self) -> OurLines:
        return sort_ours(
            self.succeeded,
            found=self.found,
            day=DAY,
            compared=self.compared,
            confirmed=self.confirmed,
            open_items=self.open_items,
        )

    def match(self) -> Matching:
        terms = Terms(
            day=DAY,
            cut=timedelta(minutes=30),
            before_is_open=YESTERDAY not in self.compared,
            after_is_open=TOMORROW not in self.compared,
        )
        return match_day(
            terms=terms,
            bill=self.bill,
            ours=self.ours(),
            confirmed=self.confirmed,
            open_items=self.open_items,
        )


cases = st.builds(
    Case,
    bill=bills,
    succeeded=succeeded,
    found=found,
    compared=days_compared,
    confirmed=confirmations(),
    open_items=open_items(),
)


@settings(deadline=None)
@given(cases)
def test_every_line_of_both_sides_is_accounted_for_once(case: Case) -> None:
    ours, result = case.ours(), case.match()
    assert [(item.key, item.theirs) for item in result.items if item.in_bill] == case.bill
    listed_before = {each.place for each in case.open_items if each.item.in_ours}
    listed = [item.key for item in result.items if item.in_ours]
    listed += [
        change.item.key
        for change in result.changes
        if change.item.in_ours and change.place not in listed_before
    ]
    assert Counter(listed) == Counter([*ours.of_day, *ours.late])
    assert len({change.place for change in result.changes}) == len(result.changes)


@settings(deadline=None)
@given(cases)
def test_only_equal_lines_are_confirmed_and_each_once(case: Case) -> None:
    result = case.match()
    names = [each.key for each in result.confirmations]
    assert len(set(names)) == len(names)
    assert not set(names) & set(case.confirmed)
    explained = [
        item for item in result.items if item.status is Status.MATCHED or item.resolved_on is not None
    ]
    explained += [change.item for change in result.changes if change.item.resolved_on is not None]
    for item in explained:
        if item.ours is not None and item.theirs is not None:
            assert (item.ours.amount, item.ours.currency) == (item.theirs.amount, item.theirs.currency)
            assert item.ours.channel_no in (None, item.theirs.channel_no)


@settings(deadline=None)
@given(cases)
def test_what_is_neither_matched_nor_awaited_nor_resolved_is_unexplained(case: Case) -> None:
    for item in case.match().items:
        if item.ours is None or item.theirs is None:
            assert item.status in UNEXPLAINED or item.status is Status.CARRIED_OVER
        if item.status is Status.CARRIED_OVER and item.resolved_on is None:
            assert item.note in (Note.AWAITED, Note.UNDER_WAY)
