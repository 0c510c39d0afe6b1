"""Reads of payments for the faces, reconciliation and invariants."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Transaction
from feiqian.kernel.calendar import ZONE
from feiqian.kernel.ids import first_id_at, show_id
from feiqian.payments.model import ChannelLine, ChannelLineKind, Happened, PaymentEvent, Refund
from feiqian.payments.store import REFUND


class PaymentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments are meant; every field that is None lets all pass."""

    id: UUID | None = None
    platform: UUID | None = None
    order_no: str | None = None
    state: str | None = None
    merchant: UUID | None = None
    amount: int | None = None
    """Exactly so many minor units."""
    text: str | None = None
    """Part of an order number, the beginning of a channel's number, our number at a channel, or a buyer."""
    first: datetime | None = None
    """Created at or after."""
    end: datetime | None = None
    """Created before."""


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in a list."""

    id: UUID
    order_no: str
    state: str
    amount: int
    currency: str
    fee: int
    buyer: str | None
    created_at: datetime
    paid_at: datetime | None
    transaction_no: str | None
    refunded: int
    """Refunds that did not fail."""
    merchants: int


class PaymentTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over a filter; ``amount``, ``refunded`` and ``fee`` of the paid ones only."""

    count: int
    amount: int
    refunded: int
    fee: int


class HourTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid in one hour of a period."""

    hour: int
    payments: int
    paid: int


class TradeTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the payments of a period."""

    created: int
    """Payments created in the period."""
    created_paid: int
    """Those of them that are paid."""
    payments: int
    """Payments that were paid in the period."""
    paid: int
    fees: int
    buyers: int


class RefundTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What reached buyers in a period."""

    refunds: int
    refunded: int


class DayTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid and given back on one business date, by the channel's times."""

    day: date
    payments: int
    paid: int
    fees: int
    refunded: int


class MerchantTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What one merchant sold in a period, gross."""

    merchant: UUID
    payments: int
    paid: int


class PlatformNo(msgspec.Struct, frozen=True, kw_only=True):
    """The platform's own number of a payment or refund, and the payment that it belongs to."""

    id: UUID
    no: str
    """order_no or refund_no."""
    payment: UUID


class _LineRow(msgspec.Struct, frozen=True, kw_only=True):
    kind: ChannelLineKind
    our_no: str
    id: UUID
    channel_no: str | None
    amount: int
    currency: str
    state: str
    occurred_at: datetime

    def line(self) -> ChannelLine:
        return ChannelLine(
            kind=self.kind,
            our_no=self.our_no,
            our_id=show_id(self.kind.value, self.id),
            channel_no=self.channel_no,
            amount=self.amount,
            currency=self.currency,
            state=self.state,
            occurred_at=self.occurred_at,
        )


_WHERE = (
    " WHERE p.cell = %(cell)s"
    " AND (%(id)s::uuid IS NULL OR p.id = %(id)s)"
    " AND (%(platform)s::uuid IS NULL OR p.platform = %(platform)s)"
    " AND (%(order_no)s::text IS NULL OR p.order_no = %(order_no)s)"
    " AND (%(state)s::text IS NULL OR p.state = %(state)s)"
    " AND (%(merchant)s::uuid IS NULL OR EXISTS (SELECT 1 FROM payments.share s"
    "      WHERE s.cell = p.cell AND s.payment = p.id AND s.merchant = %(merchant)s))"
    " AND (%(amount)s::bigint IS NULL OR p.amount = %(amount)s)"
    " AND (%(text)s::text IS NULL OR p.order_no ILIKE '%%' || %(text)s || '%%' OR p.buyer = %(text)s"
    "      OR EXISTS (SELECT 1 FROM payments.attempt a WHERE a.cell = p.cell AND a.payment = p.id"
    "         AND (a.transaction_no LIKE %(text)s || '%%' OR a.out_trade_no = %(text)s)))"
    " AND (%(first)s::uuid IS NULL OR p.id >= %(first)s)"
    " AND (%(end)s::uuid IS NULL OR p.id < %(end)s)"
)
_ATTEMPT = " LEFT JOIN payments.attempt a ON a.cell = p.cell AND a.payment = p.id AND a.position = p.attempt"
_PAID_BY = " JOIN payments.attempt a ON a.cell = p.cell AND a.payment = p.id AND a.position = p.attempt"
_REFUNDED = (
    " CROSS JOIN LATERAL (SELECT coalesce(sum(r.amount), 0)::bigint AS refunded FROM payments.refund r"
    " WHERE r.cell = p.cell AND r.payment = p.id AND r.state <> 'failed') r"
)


def _parameters(tx: Transaction, wanted: PaymentFilter) -> dict[str, object]:
    return {
        "cell": tx.cell,
        **msgspec.structs.asdict(wanted),
        "first": first_id_at(wanted.first) if wanted.first else None,
        "end": first_id_at(wanted.end) if wanted.end else None,
    }


async def list_payments(
    tx: Transaction, *, wanted: PaymentFilter, before: UUID | None, limit: int
) -> list[PaymentRow]:
    """Newest first, those with an id below ``before``."""
    return await tx.all(
        PaymentRow,
        "SELECT p.id, p.order_no, p.state, p.amount, p.currency, p.fee, p.buyer, p.created_at, p.paid_at,"
        " a.transaction_no, r.refunded, (SELECT count(*) FROM payments.share s"
        "   WHERE s.cell = p.cell AND s.payment = p.id)::int AS merchants"
        " FROM (SELECT p.* FROM payments.payment p"
        + _WHERE
        + " AND (%(before)s::uuid IS NULL OR p.id < %(before)s) ORDER BY p.id DESC LIMIT %(limit)s) p"
        + _ATTEMPT
        + _REFUNDED
        + " ORDER BY p.id DESC",
        {**_parameters(tx, wanted), "before": before, "limit": limit},
    )


async def total_payments(tx: Transaction, *, wanted: PaymentFilter) -> PaymentTotals:
    """Sums over everything that a list with this filter would show."""
    return await tx.one(
        PaymentTotals,
        "SELECT count(*)::bigint AS count,"
        " coalesce(sum(p.amount) FILTER (WHERE p.state = 'succeeded'), 0)::bigint AS amount,"
        " coalesce(sum(p.fee) FILTER (WHERE p.state = 'succeeded'), 0)::bigint AS fee,"
        " coalesce(sum(r.refunded), 0)::bigint AS refunded FROM payments.payment p"
        " LEFT JOIN (SELECT payment, sum(amount)::bigint AS refunded FROM payments.refund"
        "   WHERE cell = %(cell)s AND state <> 'failed' GROUP BY payment) r ON r.payment = p.id" + _WHERE,
        _parameters(tx, wanted),
    )


async def platform_nos(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, PlatformNo]:
    """What platforms call these payments and refunds, by their ids."""
    rows = await tx.all(
        PlatformNo,
        "SELECT id, order_no AS no, id AS payment FROM payments.payment WHERE cell = %s AND id = ANY(%s)"
        " UNION ALL SELECT id, refund_no, payment FROM payments.refund WHERE cell = %s AND id = ANY(%s)",
        (tx.cell, list(ids), tx.cell, list(ids)),
    )
    return {row.id: row for row in rows}


async def find_refund(tx: Transaction, *, platform: UUID, id: UUID) -> Refund | None:
    """A refund of that platform."""
    return await tx.maybe(
        Refund, REFUND + " WHERE cell = %s AND id = %s AND platform = %s", (tx.cell, id, platform)
    )


async def search_refunds(tx: Transaction, *, text: str, limit: int) -> list[Refund]:
    """Refunds with this in their number, or whose number at the channel begins with it; newest first."""
    return await tx.all(
        Refund,
        REFUND
        + " WHERE cell = %s AND (refund_no ILIKE '%%' || %s || '%%' OR channel_refund_no LIKE %s || '%%'"
        " OR out_refund_no = %s) ORDER BY id DESC LIMIT %s",
        (tx.cell, text, text, text, limit),
    )


async def failed_refunds(tx: Transaction, *, limit: int) -> list[Refund]:
    """Refunds that failed or wait for a person's decision, newest first: those that ``count_states`` counts."""
    return await tx.all(
        Refund,
        REFUND + " WHERE cell = %s AND state IN ('failed', 'abnormal') ORDER BY id DESC LIMIT %s",
        (tx.cell, limit),
    )


async def history(tx: Transaction, payment: UUID) -> list[Happened]:
    """Everything that happened to a payment, oldest first; what shares a moment, in the order of its life."""
    rows = await tx.all(
        Happened,
        "SELECT payment, id, at, event, actor, detail, body FROM payments.event WHERE cell = %s AND payment = %s",
        (tx.cell, payment),
    )
    place = {event: number for number, event in enumerate(PaymentEvent)}
    return sorted(rows, key=lambda row: (row.at, place[row.event], row.id))


async def channel_lines(
    tx: Transaction, *, channel: str, first: datetime, end: datetime
) -> list[ChannelLine]:
    """Succeeded payments and refunds whose channel time lies in [first, end): what a bill should confirm."""
    rows = await tx.all(
        _LineRow,
        "SELECT 'payment' AS kind, a.out_trade_no AS our_no, p.id, a.transaction_no AS channel_no,"
        " a.amount, a.currency, p.state, a.paid_at AS occurred_at FROM payments.payment p"
        + _PAID_BY
        + " WHERE p.cell = %(cell)s AND a.channel = %(channel)s AND p.paid_at >= %(first)s AND p.paid_at < %(end)s"
        "   AND p.state = 'succeeded'"
        # A duplicate is money that came too: to the bill it is a payment as any other.
        " UNION ALL SELECT 'payment', out_trade_no, payment, transaction_no, amount, currency, 'succeeded', paid_at"
        " FROM payments.attempt WHERE cell = %(cell)s AND channel = %(channel)s AND attention_at IS NOT NULL"
        "   AND state = 'duplicate' AND paid_at >= %(first)s AND paid_at < %(end)s"
        " UNION ALL SELECT 'refund', out_refund_no, id, channel_refund_no, amount, currency, state, succeeded_at"
        " FROM payments.refund WHERE cell = %(cell)s AND channel = %(channel)s"
        "   AND succeeded_at >= %(first)s AND succeeded_at < %(end)s",
        {"cell": tx.cell, "channel": channel, "first": first, "end": end},
    )
    return [row.line() for row in rows]


async def find_channel_lines(
    tx: Transaction, *, channel: str, payment_nos: Sequence[str], refund_nos: Sequence[str]
) -> list[ChannelLine]:
    """Payments and refunds by our numbers at the channel, in whatever state they are."""
    rows = await tx.all(
        _LineRow,
        "SELECT 'payment' AS kind, out_trade_no AS our_no, payment AS id, transaction_no AS channel_no, amount, currency,"
        " CASE state WHEN 'duplicate' THEN 'succeeded' ELSE state END AS state, coalesce(paid_at, placed_at) AS occurred_at"
        " FROM payments.attempt WHERE cell = %s AND channel = %s AND out_trade_no = ANY(%s)"
        " UNION ALL SELECT 'refund', out_refund_no, id, channel_refund_no, amount, currency, state,"
        " coalesce(succeeded_at, created_at) FROM payments.refund"
        " WHERE cell = %s AND channel = %s AND out_refund_no = ANY(%s)",
        (tx.cell, channel, list(payment_nos), tx.cell, channel, list(refund_nos)),
    )
    return [row.line() for row in rows]


async def hour_totals(tx: Transaction, *, first: datetime, end: datetime) -> list[HourTotal]:
    """What was paid in each hour after ``first``; hours without a payment are absent."""
    return await tx.all(
        HourTotal,
        "SELECT floor(extract(epoch FROM paid_at - %(first)s) / 3600)::int AS hour, count(*)::bigint AS payments,"
        " sum(amount)::bigint AS paid FROM payments.payment"
        " WHERE cell = %(cell)s AND state = 'succeeded' AND paid_at >= %(first)s AND paid_at < %(end)s"
        " GROUP BY 1 ORDER BY 1",
        {"cell": tx.cell, "first": first, "end": end},
    )


async def trade_total(tx: Transaction, *, first: datetime, end: datetime) -> TradeTotal:
    """The figures of a period."""
    return await tx.one(
        TradeTotal,
        "SELECT (SELECT count(*) FROM payments.payment WHERE cell = %(cell)s AND id >= %(first_id)s"
        "   AND id < %(end_id)s)::bigint AS created,"
        " (SELECT count(*) FROM payments.payment WHERE cell = %(cell)s AND id >= %(first_id)s"
        "   AND id < %(end_id)s AND state = 'succeeded')::bigint AS created_paid,"
        " count(*)::bigint AS payments, coalesce(sum(amount), 0)::bigint AS paid,"
        " coalesce(sum(fee), 0)::bigint AS fees, count(DISTINCT buyer)::bigint AS buyers FROM payments.payment"
        " WHERE cell = %(cell)s AND state = 'succeeded' AND paid_at >= %(first)s AND paid_at < %(end)s",
        {
            "cell": tx.cell,
            "first": first,
            "end": end,
            "first_id": first_id_at(first),
            "end_id": first_id_at(end),
        },
    )


class ChannelTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid over one connection."""

    channel: str
    paid: int
    """Minor units."""


async def paid_by_channel(tx: Transaction, *, channels: Sequence[str], first: datetime) -> list[ChannelTotal]:
    """What was paid over each of these connections since a moment; those without a payment are left out."""
    return await tx.all(
        ChannelTotal,
        "SELECT a.channel, sum(a.amount)::bigint AS paid FROM payments.payment p"
        " JOIN payments.attempt a ON a.cell = p.cell AND a.payment = p.id AND a.position = p.attempt"
        " WHERE p.cell = %s AND p.paid_at >= %s AND a.channel = ANY(%s) GROUP BY a.channel",
        (tx.cell, first, list(channels)),
    )


async def refund_total(tx: Transaction, *, first: datetime, end: datetime) -> RefundTotal:
    """The refunds that succeeded in a period."""
    return await tx.one(
        RefundTotal,
        "SELECT count(*)::bigint AS refunds, coalesce(sum(amount), 0)::bigint AS refunded FROM payments.refund"
        " WHERE cell = %s AND state = 'succeeded' AND succeeded_at >= %s AND succeeded_at < %s",
        (tx.cell, first, end),
    )


async def day_totals(tx: Transaction, *, first: datetime, end: datetime, limit: int) -> list[DayTotal]:
    """The newest ``limit`` business dates of a period on which anything happened, oldest first."""
    return await tx.all(
        DayTotal,
        "SELECT * FROM (SELECT day, sum(payments)::bigint AS payments, sum(paid)::bigint AS paid,"
        "   sum(fees)::bigint AS fees, sum(refunded)::bigint AS refunded FROM ("
        "     SELECT (paid_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS payments, sum(amount) AS paid,"
        "     sum(fee) AS fees, 0 AS refunded FROM payments.payment WHERE cell = %(cell)s AND state = 'succeeded'"
        "     AND paid_at >= %(first)s AND paid_at < %(end)s GROUP BY 1"
        "     UNION ALL SELECT (succeeded_at AT TIME ZONE %(zone)s)::date, 0, 0, 0, sum(amount)"
        "     FROM payments.refund WHERE cell = %(cell)s AND state = 'succeeded'"
        "     AND succeeded_at >= %(first)s AND succeeded_at < %(end)s GROUP BY 1) each"
        "   GROUP BY day ORDER BY day DESC LIMIT %(limit)s) newest ORDER BY day",
        {"cell": tx.cell, "zone": ZONE.key, "first": first, "end": end, "limit": limit},
    )


async def merchant_totals(
    tx: Transaction, *, first: datetime, end: datetime, limit: int
) -> list[MerchantTotal]:
    """The merchants that sold most in a period."""
    return await tx.all(
        MerchantTotal,
        "SELECT s.merchant, count(*)::bigint AS payments, sum(s.amount)::bigint AS paid"
        " FROM payments.payment p JOIN payments.share s ON s.cell = p.cell AND s.payment = p.id"
        " WHERE p.cell = %s AND p.state = 'succeeded' AND p.paid_at >= %s AND p.paid_at < %s"
        " GROUP BY s.merchant ORDER BY paid DESC LIMIT %s",
        (tx.cell, first, end, limit),
    )


async def count_states(tx: Transaction) -> dict[str, int]:
    """How many payments need somebody: conflicted attempts, duplicates, and refunds that failed or are abnormal."""
    rows = await tx.connection.execute(
        "SELECT s.state, count(a.state) FROM unnest(ARRAY['conflicted', 'duplicate']) AS s (state)"
        " LEFT JOIN payments.attempt a ON a.cell = %(cell)s AND a.attention_at IS NOT NULL AND a.state = s.state"
        " GROUP BY s.state UNION ALL SELECT 'refund_failed', count(*) FROM payments.refund WHERE cell = %(cell)s"
        "   AND state IN ('failed', 'abnormal')",
        {"cell": tx.cell},
    )
    return dict(await rows.fetchall())
