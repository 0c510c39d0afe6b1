"""SQL of attempts: the orders at channels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from feiqian.infra.database import Jsonb, Transaction
from feiqian.payments.model import OPEN, Attempt, AttemptState, Happened, PaymentState

ATTEMPT = (
    "SELECT payment, position, channel, method, out_trade_no, amount, currency, state, next_step, hints, key, notify_url,"
    " next_channels, decision, placed_at, expires_at, paid_at, transaction_no, payer, error_code, error, checks"
    " FROM payments.attempt"
)
_OPEN = sorted(state.value for state in OPEN)


def attempt_parameters(attempt: Attempt | None, *, next_check_at: datetime | None) -> dict[str, Any]:
    """What ``ATTEMPT_VALUES`` are filled with; all empty when there is none."""
    if attempt is None:
        return dict.fromkeys(_NEW)
    return {
        "position": attempt.position,
        "channel": attempt.channel,
        "attempt_method": attempt.method.value,
        "out_trade_no": attempt.out_trade_no,
        "attempt_amount": attempt.amount,
        "attempt_currency": attempt.currency,
        "attempt_state": attempt.state.value,
        "hints": Jsonb(
            {name: value for name, value in msgspec.structs.asdict(attempt.hints).items() if value}
        ),
        "key": attempt.key,
        "notify_url": attempt.notify_url,
        "next_channels": list(attempt.next_channels),
        "decision": attempt.decision,
        "placed_at": attempt.placed_at,
        "attempt_expires_at": attempt.expires_at,
        "attempt_next_check_at": next_check_at,
    }


ATTEMPT_COLUMNS = (
    "cell, payment, position, channel, method, out_trade_no, amount, currency, state, hints, key, notify_url, next_channels,"
    " decision, placed_at, expires_at, next_check_at"
)
ATTEMPT_VALUES = (
    "%(position)s::smallint, %(channel)s::text, %(attempt_method)s::text, %(out_trade_no)s::text, %(attempt_amount)s::bigint,"
    " %(attempt_currency)s::text, %(attempt_state)s::text, %(hints)s::jsonb, %(key)s::text, %(notify_url)s::text,"
    " %(next_channels)s::text[], %(decision)s::uuid, %(placed_at)s::timestamptz, %(attempt_expires_at)s::timestamptz,"
    " %(attempt_next_check_at)s::timestamptz"
)
_NEW = (
    "position",
    "channel",
    "attempt_method",
    "out_trade_no",
    "attempt_amount",
    "attempt_currency",
    "attempt_state",
    "hints",
    "key",
    "notify_url",
    "next_channels",
    "decision",
    "placed_at",
    "attempt_expires_at",
    "attempt_next_check_at",
)


async def insert_attempt(tx: Transaction, attempt: Attempt, *, next_check_at: datetime) -> None:
    """Store another attempt of a payment that is locked, and make it the one that counts."""
    await tx.execute(
        "WITH p AS (UPDATE payments.payment SET state = %(state)s, attempt = %(position)s, attempts = %(position)s,"
        " next_check_at = NULL WHERE cell = %(cell)s AND id = %(payment)s RETURNING cell, id)"
        f" INSERT INTO payments.attempt ({ATTEMPT_COLUMNS}) SELECT p.cell, p.id, {ATTEMPT_VALUES} FROM p",
        {
            "cell": tx.cell,
            "payment": attempt.payment,
            "state": PaymentState.CREATED.value,
            **attempt_parameters(attempt, next_check_at=next_check_at),
        },
    )


async def read_attempts(tx: Transaction, payments: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """The attempts of payments, in order of their positions."""
    rows = await tx.all(
        Attempt,
        ATTEMPT + " WHERE cell = %s AND payment = ANY(%s) ORDER BY payment, position",
        (tx.cell, list(payments)),
    )
    attempts: dict[UUID, list[Attempt]] = {payment: [] for payment in payments}
    for row in rows:
        attempts[row.payment].append(row)
    return attempts


async def set_awaiting(
    tx: Transaction, issued: Happened, *, attempt: Attempt, next_step: object, next_check_at: datetime | None
) -> int:
    """Move a payment and its attempt on and record it, in one statement; 0 when they are no longer where they were.

    ``next_check_at`` None leaves it as it was: a row whose indexed columns do not change is updated in its own page.
    """
    return await tx.execute(
        "WITH p AS (UPDATE payments.payment SET state = %(awaiting)s WHERE cell = %(cell)s AND id = %(payment)s"
        " AND state = %(created)s AND attempt = %(position)s RETURNING cell, id),"
        " a AS (UPDATE payments.attempt AS a SET state = %(awaiting)s, next_step = %(next_step)s,"
        " next_check_at = coalesce(%(next_check_at)s, a.next_check_at)"
        " FROM p WHERE a.cell = p.cell AND a.payment = p.id AND a.position = %(position)s),"
        " e AS (INSERT INTO payments.event (cell, payment, id, at, event, actor)"
        " SELECT p.cell, p.id, %(id)s::uuid, %(at)s::timestamptz, %(event)s::text, %(actor)s::text FROM p)"
        " SELECT id FROM p",
        {
            "cell": tx.cell,
            "payment": attempt.payment,
            "position": attempt.position,
            "awaiting": PaymentState.AWAITING_PAYMENT.value,
            "created": PaymentState.CREATED.value,
            "next_step": Jsonb(msgspec.to_builtins(next_step)),
            "next_check_at": next_check_at,
            "id": issued.id,
            "at": issued.at,
            "event": issued.event.value,
            "actor": issued.actor.value,
        },
    )


async def set_attempt_ended(
    tx: Transaction,
    attempt: Attempt,
    state: AttemptState,
    *,
    error_code: str | None = None,
    error: str | None = None,
) -> None:
    """A state in which nothing more is expected of the channel."""
    await tx.execute(
        "UPDATE payments.attempt SET state = %s, error_code = %s, error = %s, next_check_at = NULL"
        " WHERE cell = %s AND payment = %s AND position = %s",
        (state.value, error_code, error, tx.cell, attempt.payment, attempt.position),
    )


async def set_attention(tx: Transaction, attempt: Attempt, now: datetime) -> None:
    """Conflicted or a duplicate, with what the channel said."""
    await tx.execute(
        "UPDATE payments.attempt SET state = %s, error_code = %s, error = %s, paid_at = %s, transaction_no = %s, payer = %s,"
        " attention_at = %s, next_check_at = NULL WHERE cell = %s AND payment = %s AND position = %s",
        (
            attempt.state.value,
            attempt.error_code,
            attempt.error,
            attempt.paid_at,
            attempt.transaction_no,
            attempt.payer,
            now,
            tx.cell,
            attempt.payment,
            attempt.position,
        ),
    )


async def set_checked(
    tx: Transaction,
    attempt: Attempt,
    checks: int,
    next_check_at: datetime,
    *,
    state: AttemptState | None = None,
    error_code: str | None = None,
    error: str | None = None,
) -> None:
    """When to ask again, if it is still open; ``state`` where the call was a placing that may have been done."""
    await tx.execute(
        "UPDATE payments.attempt SET checks = %s, next_check_at = %s, error_code = %s, error = %s,"
        " state = CASE WHEN state = 'created' THEN coalesce(%s, state) ELSE state END"
        " WHERE cell = %s AND payment = %s AND position = %s AND next_check_at IS NOT NULL",
        (
            checks,
            next_check_at,
            error_code,
            error,
            state.value if state else None,
            tx.cell,
            attempt.payment,
            attempt.position,
        ),
    )


async def hasten(tx: Transaction, payments: Sequence[UUID], now: datetime) -> None:
    """Have the open attempts of payments that are paid looked at at once: they must not be paid too."""
    await tx.execute(
        "UPDATE payments.attempt SET next_check_at = %s WHERE cell = %s AND payment = ANY(%s) AND state = ANY(%s)",
        (now, tx.cell, list(payments), _OPEN),
    )


async def due_attempts(tx: Transaction, channel: str, now: datetime, limit: int) -> list[tuple[UUID, int]]:
    """Open attempts (payment, position) about which a channel is to be asked, the longest waiting first."""
    rows = await tx.connection.execute(
        "SELECT payment, position FROM payments.attempt WHERE cell = %s AND channel = %s AND next_check_at <= %s"
        " ORDER BY next_check_at LIMIT %s",
        (tx.cell, channel, now, limit),
    )
    return await rows.fetchall()


async def find_attempt(tx: Transaction, channel: str, out_trade_no: str) -> tuple[UUID, int] | None:
    """The attempt (payment, position) that placed an order at a connection."""
    rows = await tx.connection.execute(
        "SELECT payment, position FROM payments.attempt WHERE cell = %s AND out_trade_no = %s AND channel = %s",
        (tx.cell, out_trade_no, channel),
    )
    return await rows.fetchone()


async def expecting(tx: Transaction, channel: str, account_no: str) -> list[tuple[UUID, int]]:
    """Open attempts (payment, position) whose buyers were told to transfer to that account."""
    rows = await tx.connection.execute(
        "SELECT payment, position FROM payments.attempt WHERE cell = %s AND channel = %s AND next_check_at IS NOT NULL"
        " AND next_step->>'account_no' = %s ORDER BY payment",
        (tx.cell, channel, account_no),
    )
    return await rows.fetchall()


async def due_channels(tx: Transaction, now: datetime) -> list[str]:
    """Connections that are to be asked about something."""
    return await tx.all(
        str,
        "SELECT channel FROM payments.attempt WHERE cell = %s AND next_check_at <= %s"
        " UNION SELECT channel FROM payments.refund WHERE cell = %s AND next_check_at <= %s",
        (tx.cell, now, tx.cell, now),
    )
