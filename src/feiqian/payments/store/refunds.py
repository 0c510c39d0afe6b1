"""SQL of refunds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from feiqian.infra.database import Transaction
from feiqian.payments.model import Refund, RefundState

REFUND = (
    "SELECT id, payment, attempt, channel, platform, refund_no, out_refund_no, amount, currency, reason, fee, parts, state,"
    " created_at, succeeded_at, channel_refund_no, error, checks FROM payments.refund"
)


async def insert_refund(tx: Transaction, refund: Refund, *, next_check_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO payments.refund (cell, id, payment, attempt, channel, platform, refund_no, out_refund_no, amount,"
        " currency, reason, fee, parts, state, created_at, next_check_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            tx.cell,
            refund.id,
            refund.payment,
            refund.attempt,
            refund.channel,
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


async def due_refunds(tx: Transaction, channel: str, now: datetime, limit: int) -> list[UUID]:
    """Open refunds about which a channel is to be asked, the longest waiting first."""
    return await tx.all(
        UUID,
        "SELECT id FROM payments.refund WHERE cell = %s AND channel = %s AND next_check_at <= %s"
        " ORDER BY next_check_at LIMIT %s",
        (tx.cell, channel, now, limit),
    )
