"""The lines of both sides by their key, and which of ours a day's run has to account for."""

from collections.abc import Container, Iterable, Mapping
from datetime import date

import msgspec

from feiqian.channels import BillKind, BillLine
from feiqian.kernel.calendar import business_date
from feiqian.payments import ChannelLine
from feiqian.reconciliation.model import Confirmation, Key, OpenItem, Ours, Theirs

LATE_DAYS = 7
"""So many days back a run looks for lines of ours that became known after their day was compared."""


def ours_of(line: ChannelLine) -> tuple[Key, Ours]:
    """A line of the payments domain by its key."""
    return (BillKind(line.kind), line.our_no), Ours(
        id=line.our_id,
        channel_no=line.channel_no,
        amount=line.amount,
        currency=line.currency,
        state=line.state,
        at=line.occurred_at,
    )


def theirs_of(line: BillLine) -> tuple[Key, Theirs]:
    """A line of a bill by its key."""
    return (line.kind, line.out_no), Theirs(
        channel_no=line.channel_no,
        amount=line.amount,
        currency=line.currency,
        state=line.state,
        fee=line.fee,
        at=line.occurred_at,
    )


class OurLines(msgspec.Struct, frozen=True, kw_only=True):
    """What we know of the movements of a day, sorted by what its run has to do with them."""

    of_day: Mapping[Key, Ours]
    """Succeeded on the day."""
    late: Mapping[Key, Ours]
    """Succeeded on an earlier day that was compared before we knew of it."""
    known: Mapping[Key, Ours]
    """Listed on another day, or not succeeded: only to be looked up."""


def sort_ours(
    succeeded: Mapping[Key, Ours],
    *,
    found: Mapping[Key, Ours],
    day: date,
    compared: Container[date],
    confirmed: Mapping[Key, Confirmation],
    open_items: Iterable[OpenItem],
) -> OurLines:
    """Sort our ``succeeded`` lines up to the end of a day; ``found`` is what else we know by the bill's numbers.

    A line that another day lists already is left to that day; one of an earlier, ``compared`` day that no run has
    seen became known late and is this run's.
    """
    listed = {each.item.key for each in open_items if each.item.in_ours}
    of_day: dict[Key, Ours] = {}
    late: dict[Key, Ours] = {}
    known = dict(found)
    for key, ours in succeeded.items():
        our_day = business_date(ours.at)
        before = confirmed.get(key)
        if key in listed or (before is not None and before.our_day != day):
            known[key] = ours
        elif our_day == day:
            of_day[key] = ours
        elif before is None and our_day in compared:
            late[key] = ours
        else:
            known[key] = ours
    return OurLines(of_day=of_day, late=late, known=known)
