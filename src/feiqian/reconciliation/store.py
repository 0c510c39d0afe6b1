"""SQL of reconciliation's writes, and of what a run needs to know of other days."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from feiqian.channels import BillKind, BillState
from feiqian.infra.database import Transaction
from feiqian.reconciliation.model import (
    Change,
    Confirmation,
    Item,
    Key,
    Note,
    OpenItem,
    Ours,
    Place,
    Status,
    Theirs,
)


async def lock_channel(tx: Transaction, channel: str) -> None:
    """Become the only run of a channel until the transaction ends."""
    await tx.execute(
        "INSERT INTO reconciliation.channel (cell, channel) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (tx.cell, channel),
    )
    await tx.execute(
        "SELECT 1 FROM reconciliation.channel WHERE cell = %s AND channel = %s FOR UPDATE", (tx.cell, channel)
    )


async def read_compared_days(tx: Transaction, channel: str, *, first: date, last: date) -> set[date]:
    """Days from first to last that have been compared with a whole bill."""
    rows = await tx.all(
        date,
        "SELECT day FROM reconciliation.day WHERE cell = %s AND channel = %s AND day BETWEEN %s AND %s"
        " AND run IS NOT NULL",
        (tx.cell, channel, first, last),
    )
    return set(rows)


async def read_confirmed(tx: Transaction, channel: str, keys: Iterable[Key]) -> dict[Key, Confirmation]:
    """Those of the movements that a bill has confirmed."""
    keys = list(keys)
    rows = await tx.all(
        Confirmation,
        "SELECT kind, no, bill_day, our_day, resolved_on, amount, currency, fee FROM reconciliation.confirmation"
        " WHERE cell = %s AND channel = %s"
        " AND ((kind = 'payment' AND no = ANY(%s)) OR (kind = 'refund' AND no = ANY(%s)))",
        (
            tx.cell,
            channel,
            [no for kind, no in keys if kind is BillKind.PAYMENT],
            [no for kind, no in keys if kind is BillKind.REFUND],
        ),
    )
    return {row.key: row for row in rows}


class _OpenRow(msgspec.Struct, frozen=True):
    """A row of reconciliation.item."""

    day: date
    run: int
    line: int
    kind: BillKind
    no: str
    status: Status
    note: Note | None
    in_ours: bool
    in_bill: bool
    our_id: str | None
    our_channel_no: str | None
    our_amount: int | None
    our_currency: str | None
    our_state: str | None
    our_at: datetime | None
    channel_no: str | None
    their_amount: int | None
    their_currency: str | None
    their_state: BillState | None
    fee: int | None
    their_at: datetime | None
    resolved_on: date | None

    def open_item(self) -> OpenItem:
        ours = theirs = None
        if self.our_id is not None and self.our_at is not None:
            ours = Ours(
                id=self.our_id,
                channel_no=self.our_channel_no,
                amount=self.our_amount or 0,
                currency=self.our_currency or "",
                state=self.our_state or "",
                at=self.our_at,
            )
        if self.channel_no is not None and self.their_state is not None and self.their_at is not None:
            theirs = Theirs(
                channel_no=self.channel_no,
                amount=self.their_amount or 0,
                currency=self.their_currency or "",
                state=self.their_state,
                fee=self.fee or 0,
                at=self.their_at,
            )
        return OpenItem(
            place=Place(day=self.day, run=self.run, line=self.line),
            item=Item(
                kind=self.kind,
                no=self.no,
                status=self.status,
                note=self.note,
                ours=ours,
                theirs=theirs,
                in_ours=self.in_ours,
                in_bill=self.in_bill,
                resolved_on=self.resolved_on,
            ),
        )


async def read_open_items(tx: Transaction, channel: str, *, except_day: date) -> list[OpenItem]:
    """What the runs that count left open on all other days, oldest first."""
    rows = await tx.all(
        _OpenRow,
        "SELECT i.day, i.run, i.line, i.kind, i.no, i.status, i.note, i.in_ours, i.in_bill, i.our_id,"
        " i.our_channel_no, i.our_amount, i.our_currency, i.our_state, i.our_at, i.channel_no, i.their_amount,"
        " i.their_currency, i.their_state, i.fee, i.their_at, i.resolved_on"
        " FROM reconciliation.item i JOIN reconciliation.day d"
        " ON d.cell = i.cell AND d.channel = i.channel AND d.day = i.day AND d.run = i.run"
        " WHERE i.cell = %s AND i.channel = %s AND i.day <> %s AND i.status <> 'matched' AND i.resolved_on IS NULL"
        " ORDER BY i.day, i.line",
        (tx.cell, channel, except_day),
    )
    return [row.open_item() for row in rows]


async def start_run(
    tx: Transaction, channel: str, day: date, *, now: datetime, error_code: str | None, error: str | None
) -> int:
    """Count a try on a day; one without an error is from now on the run that counts. Returns its number."""
    return await tx.one(
        int,
        "INSERT INTO reconciliation.day AS d (cell, channel, day, runs, run, error_code, error, finished_at)"
        " VALUES (%(cell)s, %(channel)s, %(day)s, 1, CASE WHEN %(code)s::text IS NULL THEN 1 END, %(code)s, %(error)s,"
        " %(now)s)"
        " ON CONFLICT (cell, channel, day) DO UPDATE SET runs = d.runs + 1,"
        " run = CASE WHEN excluded.error_code IS NULL THEN d.runs + 1 ELSE d.run END,"
        " error_code = excluded.error_code, error = excluded.error, finished_at = excluded.finished_at"
        " RETURNING runs",
        {"cell": tx.cell, "channel": channel, "day": day, "code": error_code, "error": error, "now": now},
    )


async def insert_run(
    tx: Transaction,
    channel: str,
    day: date,
    run: int,
    *,
    now: datetime,
    bill_lines: int | None = None,
    settlement: UUID | None = None,
    error_code: str | None = None,
    error: str | None = None,
) -> None:
    """Keep what became of a try."""
    await tx.execute(
        "INSERT INTO reconciliation.run"
        " (cell, channel, day, run, bill_lines, settlement, error_code, error, finished_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (tx.cell, channel, day, run, bill_lines, settlement, error_code, error, now),
    )


async def insert_items(tx: Transaction, channel: str, day: date, run: int, items: Sequence[Item]) -> None:
    """Write a run's items in their order."""
    await tx.execute(
        "INSERT INTO reconciliation.item (cell, channel, day, run, line, kind, no, status, note, in_ours, in_bill,"
        " resolved_on, our_id, our_channel_no, our_amount, our_currency, our_state, our_at, channel_no, their_amount,"
        " their_currency, their_state, fee, their_at)"
        " SELECT %s, %s, %s, %s, i.line, i.kind, i.no, i.status, i.note, i.in_ours, i.in_bill, i.resolved_on, i.our_id,"
        " i.our_channel_no, i.our_amount, i.our_currency, i.our_state, i.our_at, i.channel_no, i.their_amount,"
        " i.their_currency, i.their_state, i.fee, i.their_at"
        " FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::date[],"
        " %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::bigint[],"
        " %s::text[], %s::text[], %s::bigint[], %s::timestamptz[]) WITH ORDINALITY"
        " AS i (kind, no, status, note, in_ours, in_bill, resolved_on, our_id, our_channel_no, our_amount,"
        " our_currency, our_state, our_at, channel_no, their_amount, their_currency, their_state, fee, their_at, line)",
        (
            tx.cell,
            channel,
            day,
            run,
            [item.kind.value for item in items],
            [item.no for item in items],
            *_columns(items),
        ),
    )


async def change_items(tx: Transaction, channel: str, changes: Sequence[Change]) -> None:
    """Write what open items of other days have become."""
    if not changes:
        return
    await tx.execute(
        "UPDATE reconciliation.item AS i SET status = n.status, note = n.note, in_ours = n.in_ours,"
        " resolved_on = n.resolved_on, our_id = n.our_id, our_channel_no = n.our_channel_no,"
        " our_amount = n.our_amount, our_currency = n.our_currency, our_state = n.our_state, our_at = n.our_at,"
        " channel_no = n.channel_no, their_amount = n.their_amount, their_currency = n.their_currency,"
        " their_state = n.their_state, fee = n.fee, their_at = n.their_at"
        " FROM unnest(%s::date[], %s::integer[], %s::integer[], %s::text[], %s::text[], %s::boolean[], %s::boolean[],"
        " %s::date[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[],"
        " %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])"
        " AS n (day, run, line, status, note, in_ours, in_bill, resolved_on, our_id, our_channel_no, our_amount,"
        " our_currency, our_state, our_at, channel_no, their_amount, their_currency, their_state, fee, their_at)"
        " WHERE i.cell = %s AND i.channel = %s AND i.day = n.day AND i.run = n.run AND i.line = n.line",
        (
            [change.place.day for change in changes],
            [change.place.run for change in changes],
            [change.place.line for change in changes],
            *_columns([change.item for change in changes]),
            tx.cell,
            channel,
        ),
    )


def _columns(items: Sequence[Item]) -> list[list[Any]]:
    """From status to their_at, column by column."""
    ours = [item.ours for item in items]
    theirs = [item.theirs for item in items]
    return [
        [item.status.value for item in items],
        [item.note and item.note.value for item in items],
        [item.in_ours for item in items],
        [item.in_bill for item in items],
        [item.resolved_on for item in items],
        [side and side.id for side in ours],
        [side and side.channel_no for side in ours],
        [side and side.amount for side in ours],
        [side and side.currency for side in ours],
        [side and side.state for side in ours],
        [side and side.at for side in ours],
        [side and side.channel_no for side in theirs],
        [side and side.amount for side in theirs],
        [side and side.currency for side in theirs],
        [side and side.state.value for side in theirs],
        [side and side.fee for side in theirs],
        [side and side.at for side in theirs],
    ]


async def insert_confirmations(
    tx: Transaction, channel: str, run: int, confirmations: Sequence[Confirmation]
) -> None:
    """Write what a run newly confirmed. A second confirmation of a movement breaks the key and undoes the run."""
    await tx.execute(
        "INSERT INTO reconciliation.confirmation (cell, channel, kind, no, bill_day, our_day, resolved_on, run, amount,"
        " currency, fee)"
        " SELECT %s, %s, c.kind, c.no, c.bill_day, c.our_day, c.resolved_on, %s, c.amount, c.currency, c.fee"
        " FROM unnest(%s::text[], %s::text[], %s::date[], %s::date[], %s::date[], %s::bigint[], %s::text[],"
        " %s::bigint[]) AS c (kind, no, bill_day, our_day, resolved_on, amount, currency, fee)",
        (
            tx.cell,
            channel,
            run,
            [each.kind.value for each in confirmations],
            [each.no for each in confirmations],
            [each.bill_day for each in confirmations],
            [each.our_day for each in confirmations],
            [each.resolved_on for each in confirmations],
            [each.amount for each in confirmations],
            [each.currency for each in confirmations],
            [each.fee for each in confirmations],
        ),
    )
