"""SQL of the payments domain's writes and the locked reads they decide on."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.infra.database import Jsonb, Transaction
from feiqian.payments.model import Happened, NewShare, Payment, PaymentState, Refund, RefundState, Share

PAYMENT = (
    "SELECT id, platform, order_no, out_trade_no, channel, method, amount, currency, description, notify_url, buyer, fee,"
    " fee_rate, metadata, state, code_url, created_at, expires_at, paid_at, transaction_no, checks FROM payments.payment"
)
REFUND = (
    "SELECT id, payment, platform, refund_no, out_refund_no, amount, currency, reason, fee, parts, state, created_at,"
    " succeeded_at, channel_refund_no, error, checks FROM payments.refund"
)


async def insert_payment(
    tx: Transaction,
    payment: Payment,
    shares: Sequence[NewShare],
    created: Happened,
    *,
    next_check_at: datetime,
) -> bool:
    """Store a payment with its shares and its first event, in one statement; False when the order exists."""
    return bool(
        await tx.execute(
            "WITH p AS (INSERT INTO payments.payment (cell, id, platform, order_no, out_trade_no, channel, method,"
            " amount, currency, description, notify_url, buyer, fee, fee_rate, metadata, state, created_at, expires_at,"
            " next_check_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING cell, id),"
            " s AS (INSERT INTO payments.share (cell, payment, position, merchant, amount, fee)"
            " SELECT p.cell, p.id, s.position - 1, s.merchant, s.amount, s.fee"
            " FROM p, unnest(%s::uuid[], %s::bigint[], %s::bigint[])"
            " WITH ORDINALITY AS s (merchant, amount, fee, position)),"
            " e AS (INSERT INTO payments.event (cell, payment, id, at, event, actor)"
            " SELECT p.cell, p.id, %s::uuid, %s::timestamptz, %s::text, %s::text FROM p)"
            " SELECT id FROM p",
            (
                tx.cell,
                payment.id,
                payment.platform,
                payment.order_no,
                payment.out_trade_no,
                payment.channel,
                payment.method,
                payment.amount,
                payment.currency,
                payment.description,
                payment.notify_url,
                payment.buyer,
                payment.fee,
                payment.fee_rate,
                Jsonb(payment.metadata),
                payment.state.value,
                payment.created_at,
                payment.expires_at,
                next_check_at,
                [share.merchant for share in shares],
                [share.amount for share in shares],
                [share.fee for share in shares],
                created.id,
                created.at,
                created.event.value,
                created.actor.value,
            ),
        )
    )


async def record(tx: Transaction, happened: Sequence[Happened]) -> None:
    """Add to the payments' histories."""
    if not happened:
        return
    await tx.execute(
        "INSERT INTO payments.event (cell, payment, id, at, event, actor, detail, body)"
        " SELECT %s, e.payment, e.id, e.at, e.event, e.actor, e.detail, e.body::jsonb"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[])"
        " AS e (payment, id, at, event, actor, detail, body)",
        (
            tx.cell,
            [each.payment for each in happened],
            [each.id for each in happened],
            [each.at for each in happened],
            [each.event.value for each in happened],
            [each.actor.value for each in happened],
            [each.detail for each in happened],
            [None if each.body is None else msgspec.json.encode(each.body).decode() for each in happened],
        ),
    )


async def find_by_order(tx: Transaction, platform: UUID, order_no: str) -> Payment | None:
    return await tx.maybe(
        Payment,
        PAYMENT + " WHERE cell = %s AND platform = %s AND order_no = %s",
        (tx.cell, platform, order_no),
    )


async def read_payment(tx: Transaction, id: UUID) -> Payment | None:
    return await tx.maybe(Payment, PAYMENT + " WHERE cell = %s AND id = %s", (tx.cell, id))


async def lock_payment(tx: Transaction, id: UUID) -> Payment | None:
    return await tx.maybe(Payment, PAYMENT + " WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))


async def lock_payments_by_no(tx: Transaction, out_trade_nos: Sequence[str]) -> list[Payment]:
    """Lock in order of id, then read in a statement of its own, so that what a lock waited for is seen."""
    await tx.execute(
        "SELECT id FROM payments.payment WHERE cell = %s AND out_trade_no = ANY(%s) ORDER BY id FOR UPDATE",
        (tx.cell, list(out_trade_nos)),
    )
    return await tx.all(
        Payment, PAYMENT + " WHERE cell = %s AND out_trade_no = ANY(%s)", (tx.cell, list(out_trade_nos))
    )


async def read_shares(tx: Transaction, payments: Sequence[UUID]) -> dict[UUID, list[Share]]:
    """The shares of payments, in order of their positions."""
    rows = await tx.all(
        Share,
        "SELECT payment, position, merchant, amount, fee FROM payments.share"
        " WHERE cell = %s AND payment = ANY(%s) ORDER BY payment, position",
        (tx.cell, list(payments)),
    )
    shares: dict[UUID, list[Share]] = {payment: [] for payment in payments}
    for row in rows:
        shares[row.payment].append(row)
    return shares


async def set_awaiting(tx: Transaction, issued: Happened, *, code_url: str) -> int:
    """Move a created payment on and record it, in one statement; 0 when it is no longer created.

    When to ask next stays as it was: a row whose indexed columns do not change is updated in its own page.
    """
    return await tx.execute(
        "WITH p AS (UPDATE payments.payment SET state = %s, code_url = %s"
        " WHERE cell = %s AND id = %s AND state = %s RETURNING cell, id),"
        " e AS (INSERT INTO payments.event (cell, payment, id, at, event, actor)"
        " SELECT p.cell, p.id, %s::uuid, %s::timestamptz, %s::text, %s::text FROM p)"
        " SELECT id FROM p",
        (
            PaymentState.AWAITING_PAYMENT.value,
            code_url,
            tx.cell,
            issued.payment,
            PaymentState.CREATED.value,
            issued.id,
            issued.at,
            issued.event.value,
            issued.actor.value,
        ),
    )


async def set_state(tx: Transaction, id: UUID, state: PaymentState) -> None:
    """A state in which nothing more is expected of the channel."""
    await tx.execute(
        "UPDATE payments.payment SET state = %s, next_check_at = NULL WHERE cell = %s AND id = %s",
        (state.value, tx.cell, id),
    )


async def set_checked(tx: Transaction, id: UUID, checks: int, next_check_at: datetime) -> None:
    await tx.execute(
        "UPDATE payments.payment SET checks = %s, next_check_at = %s"
        " WHERE cell = %s AND id = %s AND next_check_at IS NOT NULL",
        (checks, next_check_at, tx.cell, id),
    )


async def set_conflicted(tx: Transaction, id: UUID, now: datetime) -> None:
    await tx.execute(
        "UPDATE payments.payment SET state = %s, conflicted_at = %s, next_check_at = NULL WHERE cell = %s AND id = %s",
        (PaymentState.CONFLICTED.value, now, tx.cell, id),
    )


async def set_succeeded(tx: Transaction, rows: Sequence[tuple[UUID, datetime, str]]) -> None:
    """(payment, the channel's time, the channel's number) of those that were paid."""
    await tx.execute(
        "UPDATE payments.payment AS p SET state = %s, paid_at = n.paid_at, transaction_no = n.transaction_no,"
        " next_check_at = NULL"
        " FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[]) AS n (id, paid_at, transaction_no)"
        " WHERE p.cell = %s AND p.id = n.id",
        (
            PaymentState.SUCCEEDED.value,
            [row[0] for row in rows],
            [row[1] for row in rows],
            [row[2] for row in rows],
            tx.cell,
        ),
    )


async def due_payments(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Open payments whose channel is to be asked, the longest waiting first."""
    return await tx.all(
        UUID,
        "SELECT id FROM payments.payment WHERE cell = %s AND next_check_at <= %s ORDER BY next_check_at LIMIT %s",
        (tx.cell, now, limit),
    )


async def insert_refund(tx: Transaction, refund: Refund, *, next_check_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO payments.refund (cell, id, payment, platform, refund_no, out_refund_no, amount, currency, reason,"
        " fee, parts, state, created_at, next_check_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            tx.cell,
            refund.id,
            refund.payment,
            refund.platform,
            refund.refund_no,
            refund.out_refund_no,
            refund.amount,
            refund.currency,
            refund.reason,
            refund.fee,
            list(refund.parts),
            refund.state.value,
            refund.created_at,
            next_check_at,
        ),
    )


async def find_refund_by_no(tx: Transaction, platform: UUID, refund_no: str) -> Refund | None:
    return await tx.maybe(
        Refund,
        REFUND + " WHERE cell = %s AND platform = %s AND refund_no = %s",
        (tx.cell, platform, refund_no),
    )


async def find_refund_by_out_no(tx: Transaction, out_refund_no: str) -> Refund | None:
    return await tx.maybe(
        Refund, REFUND + " WHERE cell = %s AND out_refund_no = %s", (tx.cell, out_refund_no)
    )


async def read_refund(tx: Transaction, id: UUID) -> Refund | None:
    return await tx.maybe(Refund, REFUND + " WHERE cell = %s AND id = %s", (tx.cell, id))


async def lock_refund(tx: Transaction, id: UUID) -> Refund | None:
    return await tx.maybe(Refund, REFUND + " WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))


async def read_refunds(tx: Transaction, payments: Sequence[UUID]) -> dict[UUID, list[Refund]]:
    """The refunds of payments, oldest first."""
    rows = await tx.all(
        Refund,
        REFUND + " WHERE cell = %s AND payment = ANY(%s) ORDER BY payment, id",
        (tx.cell, list(payments)),
    )
    refunds: dict[UUID, list[Refund]] = {payment: [] for payment in payments}
    for row in rows:
        refunds[row.payment].append(row)
    return refunds


async def set_refund(
    tx: Transaction,
    id: UUID,
    state: RefundState,
    *,
    channel_refund_no: str | None,
    succeeded_at: datetime | None = None,
    error: str | None = None,
    next_check_at: datetime | None = None,
) -> None:
    await tx.execute(
        "UPDATE payments.refund SET state = %s, channel_refund_no = coalesce(%s, channel_refund_no), succeeded_at = %s,"
        " error = %s, next_check_at = %s WHERE cell = %s AND id = %s",
        (state.value, channel_refund_no, succeeded_at, error, next_check_at, tx.cell, id),
    )


async def set_refund_checked(tx: Transaction, id: UUID, checks: int, next_check_at: datetime) -> None:
    await tx.execute(
        "UPDATE payments.refund SET checks = %s, next_check_at = %s"
        " WHERE cell = %s AND id = %s AND next_check_at IS NOT NULL",
        (checks, next_check_at, tx.cell, id),
    )


async def due_refunds(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Open refunds whose channel is to be asked, the longest waiting first."""
    return await tx.all(
        UUID,
        "SELECT id FROM payments.refund WHERE cell = %s AND next_check_at <= %s ORDER BY next_check_at LIMIT %s",
        (tx.cell, now, limit),
    )
