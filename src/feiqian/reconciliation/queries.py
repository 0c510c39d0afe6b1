"""Reads of reconciliation for the faces."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.errors import NotFound
from feiqian.reconciliation.model import (
    UNEXPLAINED,
    DayKey,
    DayState,
    ReconciledDay,
    ReconciledItem,
    Status,
    StatusTotal,
    Totals,
)


class _DayRow(msgspec.Struct, frozen=True):
    """A row of reconciliation.day."""

    channel: str
    day: date
    run: int | None
    runs: int
    error_code: str | None
    error: str | None
    finished_at: datetime


class _StatusRow(msgspec.Struct, frozen=True):
    """The items of one status of a day's run that counts."""

    channel: str
    day: date
    status: Status
    count: int
    amount: int
    bill_lines: int
    bill_amount: int
    our_amount: int
    fee: int


_DAY = "SELECT channel, day, run, runs, error_code, error, finished_at FROM reconciliation.day"


async def reconciled_days(
    tx: Transaction, *, channel: str | None = None, after: DayKey | None = None, limit: int = 50
) -> list[ReconciledDay]:
    """Days that were compared or failed to be, newest first, those after a key."""
    start = after or DayKey(day=date.max, channel="")
    rows = await tx.all(
        _DayRow,
        _DAY + " WHERE cell = %s AND (day, channel) < (%s, %s) AND (%s::text IS NULL OR channel = %s)"
        " ORDER BY day DESC, channel DESC LIMIT %s",
        (tx.cell, start.day, start.channel, channel, channel, limit),
    )
    return await _with_counts(tx, rows)


async def reconciled_day(tx: Transaction, *, channel: str, day: date) -> ReconciledDay | None:
    """One day of a channel; None when it was never tried."""
    rows = await tx.all(
        _DayRow, _DAY + " WHERE cell = %s AND channel = %s AND day = %s", (tx.cell, channel, day)
    )
    return next(iter(await _with_counts(tx, rows)), None)


async def require_day(tx: Transaction, *, channel: str, day: date) -> ReconciledDay:
    """One day of a channel.

    Raises: NotFound when it was never tried.
    """
    found = await reconciled_day(tx, channel=channel, day=day)
    if found is None:
        raise NotFound(what="reconciliation", name=f"{channel} {day}")
    return found


async def _with_counts(tx: Transaction, rows: Sequence[_DayRow]) -> list[ReconciledDay]:
    totals = await tx.all(
        _StatusRow,
        "SELECT i.channel, i.day, i.status, count(*) AS count, sum(i.sign * coalesce(i.their_amount, i.our_amount))"
        "::bigint AS amount, count(*) FILTER (WHERE i.in_bill) AS bill_lines,"
        " coalesce(sum(i.sign * i.their_amount) FILTER (WHERE i.in_bill AND i.their_state = 'succeeded'), 0)::bigint"
        " AS bill_amount, coalesce(sum(i.sign * i.our_amount) FILTER (WHERE i.in_ours), 0)::bigint AS our_amount,"
        " coalesce(sum(i.fee) FILTER (WHERE i.in_bill), 0)::bigint AS fee"
        " FROM unnest(%s::text[], %s::date[], %s::integer[]) AS d (channel, day, run)"
        " CROSS JOIN LATERAL (SELECT *, CASE kind WHEN 'refund' THEN -1 ELSE 1 END AS sign FROM reconciliation.item"
        "   WHERE cell = %s AND channel = d.channel AND day = d.day AND run = d.run) i"
        " GROUP BY i.channel, i.day, i.status",
        ([row.channel for row in rows], [row.day for row in rows], [row.run for row in rows], tx.cell),
    )
    by_day: dict[tuple[str, date], list[_StatusRow]] = {}
    for total in totals:
        by_day.setdefault((total.channel, total.day), []).append(total)
    return [_reconciled(row, by_day.get((row.channel, row.day), ())) for row in rows]


def _reconciled(row: _DayRow, totals: Iterable[_StatusRow]) -> ReconciledDay:
    by_status = {total.status: total for total in totals}
    unexplained = sum(total.count for status, total in by_status.items() if status in UNEXPLAINED)
    compared = DayState.DIFFERENCES if unexplained else DayState.BALANCED
    counts = {
        status: StatusTotal(count=by_status[status].count, amount=by_status[status].amount)
        if status in by_status
        else StatusTotal(count=0, amount=0)
        for status in Status
    }
    return ReconciledDay(
        channel=row.channel,
        day=row.day,
        state=DayState.FAILED if row.run is None else compared,
        run=row.run,
        runs=row.runs,
        bill_lines=sum(total.bill_lines for total in by_status.values()),
        matched=counts[Status.MATCHED].count,
        carried_over=counts[Status.CARRIED_OVER].count,
        unexplained=unexplained,
        bill_amount=sum(total.bill_amount for total in by_status.values()),
        our_amount=sum(total.our_amount for total in by_status.values()),
        channel_fee=sum(total.fee for total in by_status.values()),
        by_status=counts,
        error_code=row.error_code,
        error=row.error,
        finished_at=row.finished_at,
    )


async def items(
    tx: Transaction,
    *,
    channel: str,
    day: date,
    status: Status | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[ReconciledItem]:
    """Items of a day's run that counts, in order of their line, those after a line; of one status or of all."""
    return await tx.all(
        ReconciledItem,
        "SELECT i.channel, i.day, i.run, i.line, i.kind, i.no, i.status, i.note, i.our_id, i.our_amount, i.our_state,"
        " i.our_channel_no, i.channel_no, i.their_amount, i.their_state, i.fee,"
        " coalesce(i.their_at, i.our_at) AS occurred_at, i.resolved_on"
        " FROM reconciliation.day d JOIN reconciliation.item i"
        " ON i.cell = d.cell AND i.channel = d.channel AND i.day = d.day AND i.run = d.run"
        " WHERE d.cell = %s AND d.channel = %s AND d.day = %s AND i.line > %s AND (%s::text IS NULL OR i.status = %s)"
        " ORDER BY i.line LIMIT %s",
        (tx.cell, channel, day, after, status and status.value, status and status.value, limit),
    )


async def totals(tx: Transaction) -> Totals:
    """All days of all channels together."""
    return await tx.one(
        Totals,
        "SELECT (SELECT count(*) FROM reconciliation.day WHERE cell = %(cell)s) AS days,"
        " (SELECT count(*) FROM reconciliation.day WHERE cell = %(cell)s AND run IS NULL) AS failed_days,"
        " count(*) FILTER (WHERE i.in_bill) AS bill_lines,"
        " count(*) FILTER (WHERE i.status = 'matched') AS matched,"
        " count(*) FILTER (WHERE i.status = 'carried_over' AND (i.in_bill OR i.resolved_on IS NULL)) AS carried_over,"
        " count(*) FILTER (WHERE i.status = ANY(%(unexplained)s)) AS unexplained"
        " FROM reconciliation.day d JOIN reconciliation.item i"
        " ON i.cell = d.cell AND i.channel = d.channel AND i.day = d.day AND i.run = d.run"
        " WHERE d.cell = %(cell)s",
        {"cell": tx.cell, "unexplained": [status.value for status in UNEXPLAINED]},
    )
