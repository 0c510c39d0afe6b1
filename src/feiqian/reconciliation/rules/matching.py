"""Comparing a day's bill with our lines, in time proportional to their number."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from feiqian.channels import BillState
from feiqian.kernel.calendar import business_date, end_of, start_of
from feiqian.reconciliation.model import (
    OUR_SUCCESS,
    Change,
    Confirmation,
    Item,
    Key,
    Matching,
    Note,
    OpenItem,
    Ours,
    Place,
    Status,
    Theirs,
)
from feiqian.reconciliation.rules.lines import OurLines

DAY_CUT = timedelta(minutes=30)
"""How near midnight a line's other side may stand on the neighbouring day, where the channel's terms say nothing else."""

_SAME_STATE = {
    BillState.SUCCEEDED: frozenset({OUR_SUCCESS}),
    BillState.PROCESSING: frozenset({"pending", "processing"}),
    BillState.FAILED: frozenset({"failed"}),
}
"""Our states that say the same as a bill's."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Which day is compared, and what may still be awaited."""

    day: date
    cut: timedelta
    before_is_open: bool
    """The day before has not been compared yet."""
    after_is_open: bool
    """The day after has not been compared yet."""

    def may_await(self, moment: datetime) -> bool:
        """Whether a moment of the day is so near a midnight whose other side is still to come."""
        near_start = moment - start_of(self.day) < self.cut
        near_end = end_of(self.day) - moment <= self.cut
        return (near_start and self.before_is_open) or (near_end and self.after_is_open)


def match_day(
    *,
    terms: Terms,
    bill: Sequence[tuple[Key, Theirs]],
    ours: OurLines,
    confirmed: Mapping[Key, Confirmation],
    open_items: Sequence[OpenItem],
) -> Matching:
    """Compare a day. Every line of the bill, of the day's ours and of the late ones is accounted for exactly once.

    ``confirmed`` is what bills have confirmed before; ``open_items`` what the runs of other days left open.
    """
    matcher = _Matcher(terms=terms, ours=ours, confirmed=confirmed, open_items=open_items)
    matcher.take_bill(bill)
    matcher.take_ours()
    matcher.take_late()
    matcher.expire()
    return Matching(
        items=matcher.items, confirmations=matcher.confirmations, changes=list(matcher.changes.values())
    )


class _Matcher:
    """One pass over the bill, one over what is left of ours, one over what other days left open."""

    def __init__(
        self,
        *,
        terms: Terms,
        ours: OurLines,
        confirmed: Mapping[Key, Confirmation],
        open_items: Sequence[OpenItem],
    ) -> None:
        self.items: list[Item] = []
        self.confirmations: list[Confirmation] = []
        self.changes: dict[Place, Change] = {}
        self._terms = terms
        self._ours = ours.of_day
        self._late = ours.late
        self._known = {**ours.known, **ours.late, **ours.of_day}
        self._confirmed = confirmed
        self._open = open_items
        self._taken: set[Key] = set()
        self._open_ours: dict[Key, OpenItem] = {}
        self._open_theirs: dict[Key, OpenItem] = {}
        for each in self._open:
            if each.item.status is Status.AMOUNT_DIFFERS:
                continue
            if each.item.in_ours:
                self._open_ours.setdefault(each.item.key, each)
            elif each.item.note is not Note.DUPLICATE:
                self._open_theirs.setdefault(each.item.key, each)

    def take_bill(self, bill: Sequence[tuple[Key, Theirs]]) -> None:
        """Give every line of the bill its item; ours that it names are taken."""
        chosen = self._choose(bill)
        for index, (key, theirs) in enumerate(bill):
            ours = self._known.get(key)
            if ours is None:
                self.items.append(self._without_ours(key, theirs))
            elif chosen.get(key) != index:
                first = bill[chosen[key]][1] if key in chosen else None
                repeated = first is not None and first.channel_no == theirs.channel_no
                note = Note.DUPLICATE if repeated else Note.CHANNEL_NO_DIFFERS
                self.items.append(self._theirs_only(key, theirs, ours, note))
            else:
                self.items.append(self._compare(key, theirs, ours))

    def _choose(self, bill: Sequence[tuple[Key, Theirs]]) -> dict[Key, int]:
        """Which line of the bill speaks of each of our numbers: the first that names the movement we know."""
        chosen: dict[Key, int] = {}
        for index, (key, theirs) in enumerate(bill):
            ours = self._known.get(key)
            if ours is not None and ours.channel_no in (None, theirs.channel_no):
                chosen.setdefault(key, index)
        return chosen

    def _compare(self, key: Key, theirs: Theirs, ours: Ours) -> Item:
        """Lay the two sides beside each other."""
        before = self._confirmed.get(key)
        if before is not None and before.bill_day != self._terms.day:
            return self._theirs_only(key, theirs, ours, Note.CONFIRMED_ELSEWHERE)
        self._taken.add(key)
        if (ours.amount, ours.currency) != (theirs.amount, theirs.currency):
            return self._both(key, theirs, ours, Status.AMOUNT_DIFFERS)
        if ours.state not in _SAME_STATE[theirs.state]:
            return self._both(key, theirs, ours, Status.STATE_DIFFERS)
        if theirs.state is BillState.PROCESSING:
            return self._both(key, theirs, ours, Status.CARRIED_OVER, note=Note.UNDER_WAY)
        if theirs.state is BillState.FAILED:
            return self._both(key, theirs, ours, Status.MATCHED)
        if before is not None:
            return self._agreed(key, theirs, ours, before.resolved_on)
        awaited = self._open_ours.get(key)
        if awaited is not None:
            our_day = awaited.place.day
            self._resolve(awaited, ours, theirs, in_ours=False)
        elif key in self._ours or key in self._late:
            our_day = self._terms.day
        else:
            our_day = business_date(ours.at)
        self._confirm(key, theirs, bill_day=self._terms.day, our_day=our_day)
        return self._agreed(key, theirs, ours, self._terms.day)

    def _agreed(self, key: Key, theirs: Theirs, ours: Ours, resolved_on: date) -> Item:
        """Both sides say the same: on one day, or on two."""
        if key in self._ours:
            return self._both(
                key,
                theirs,
                ours,
                Status.MATCHED,
                resolved_on=None if resolved_on == self._terms.day else resolved_on,
            )
        return self._both(
            key, theirs, ours, Status.CARRIED_OVER, note=Note.OTHER_DAY, resolved_on=resolved_on
        )

    def _without_ours(self, key: Key, theirs: Theirs) -> Item:
        kind, no = key
        if self._terms.may_await(theirs.at):
            status, note = Status.CARRIED_OVER, Note.AWAITED
        else:
            status, note = Status.THEIRS_ONLY, Note.UNKNOWN_NUMBER
        return Item(kind=kind, no=no, status=status, note=note, theirs=theirs, in_bill=True)

    def _theirs_only(self, key: Key, theirs: Theirs, ours: Ours, note: Note) -> Item:
        kind, no = key
        return Item(
            kind=kind, no=no, status=Status.THEIRS_ONLY, note=note, ours=ours, theirs=theirs, in_bill=True
        )

    def _both(
        self,
        key: Key,
        theirs: Theirs,
        ours: Ours,
        status: Status,
        *,
        note: Note | None = None,
        resolved_on: date | None = None,
    ) -> Item:
        kind, no = key
        return Item(
            kind=kind,
            no=no,
            status=status,
            note=note,
            ours=ours,
            theirs=theirs,
            in_ours=key in self._ours or key in self._late,
            in_bill=True,
            resolved_on=resolved_on,
        )

    def take_ours(self) -> None:
        """Give every line of ours that the bill does not name its item."""
        for key, ours in self._ours.items():
            if key in self._taken:
                continue
            kind, no = key
            before = self._confirmed.get(key)
            theirs = None
            resolved_on = None
            if before is not None and before.bill_day != self._terms.day:
                status, note, resolved_on = Status.CARRIED_OVER, Note.OTHER_DAY, before.resolved_on
            elif before is not None:
                status, note = Status.OURS_ONLY, Note.VANISHED
            elif (awaited := self._awaited_theirs(key, ours)) is not None:
                status, note, resolved_on = Status.CARRIED_OVER, Note.OTHER_DAY, self._terms.day
                theirs = awaited.item.theirs
                self._settle_open(awaited, ours, in_ours=False)
            elif self._terms.may_await(ours.at):
                status, note = Status.CARRIED_OVER, Note.AWAITED
            else:
                status, note = Status.OURS_ONLY, Note.NOT_IN_BILL
            self.items.append(
                Item(
                    kind=kind,
                    no=no,
                    status=status,
                    note=note,
                    ours=ours,
                    theirs=theirs,
                    in_ours=True,
                    resolved_on=resolved_on,
                )
            )

    def take_late(self) -> None:
        """What became known after its day was compared completes an open line of a bill, or is listed here."""
        for key, ours in self._late.items():
            if key in self._taken:
                continue
            kind, no = key
            awaited = self._awaited_theirs(key, ours)
            if awaited is not None:
                self._settle_open(awaited, ours, in_ours=True)
                continue
            self.items.append(
                Item(
                    kind=kind,
                    no=no,
                    status=Status.OURS_ONLY,
                    note=Note.BECAME_KNOWN_LATE,
                    ours=ours,
                    in_ours=True,
                )
            )

    def _awaited_theirs(self, key: Key, ours: Ours) -> OpenItem | None:
        """The open line of another day's bill that says the same as a line of ours."""
        awaited = self._open_theirs.get(key)
        if awaited is None:
            return None
        theirs = awaited.item.theirs
        assert theirs is not None
        same = (
            theirs.state is not BillState.FAILED
            and (theirs.amount, theirs.currency) == (ours.amount, ours.currency)
            and ours.channel_no in (None, theirs.channel_no)
        )
        return awaited if same else None

    def _settle_open(self, awaited: OpenItem, ours: Ours, *, in_ours: bool) -> None:
        theirs = awaited.item.theirs
        assert theirs is not None
        our_day = awaited.place.day if in_ours else self._terms.day
        self._confirm(awaited.item.key, theirs, bill_day=awaited.place.day, our_day=our_day)
        self._resolve(awaited, ours, theirs, in_ours=in_ours)

    def _confirm(self, key: Key, theirs: Theirs, *, bill_day: date, our_day: date) -> None:
        kind, no = key
        self.confirmations.append(
            Confirmation(
                kind=kind,
                no=no,
                bill_day=bill_day,
                our_day=our_day,
                resolved_on=self._terms.day,
                amount=theirs.amount,
                currency=theirs.currency,
                fee=theirs.fee,
            )
        )

    def _resolve(self, awaited: OpenItem, ours: Ours, theirs: Theirs, *, in_ours: bool) -> None:
        """Another day's open item has found its other side."""
        same_day = in_ours and business_date(ours.at) == awaited.place.day
        self.changes[awaited.place] = Change(
            place=awaited.place,
            item=msgspec.structs.replace(
                awaited.item,
                status=Status.MATCHED if same_day else Status.CARRIED_OVER,
                note=Note.BECAME_KNOWN_LATE if same_day else Note.OTHER_DAY,
                ours=ours,
                theirs=theirs,
                in_ours=awaited.item.in_ours or in_ours,
                resolved_on=self._terms.day,
            ),
        )

    def expire(self) -> None:
        """What earlier days awaited and this one did not bring is unexplained from now on."""
        for each in self._open:
            item = each.item
            if item.status is not Status.CARRIED_OVER or each.place.day >= self._terms.day:
                continue
            if each.place in self.changes:
                continue
            if item.note is Note.UNDER_WAY:
                status, note = Status.STATE_DIFFERS, Note.UNDER_WAY
            else:
                status = Status.OURS_ONLY if item.in_ours else Status.THEIRS_ONLY
                note = Note.NOT_FOUND_NEXT_DAY
            self.changes[each.place] = Change(
                place=each.place, item=msgspec.structs.replace(item, status=status, note=note)
            )
