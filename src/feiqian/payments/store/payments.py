"""SQL of payments with their shares and histories, and the locked reads that decisions are made on."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from feiqian.channels import PaymentMethod
from feiqian.infra.database import Jsonb, Transaction, read_rows
from feiqian.payments.model import (
    Attempt,
    Happened,
    NewShare,
    Payment,
    PaymentState,
    Share,
)
from feiqian.payments.store.attempts import ATTEMPT_COLUMNS, ATTEMPT_VALUES, attempt_parameters

_COLUMNS = (
    "SELECT p.id, p.platform, p.order_no, p.amount AS p_amount, p.currency AS p_currency, p.description, p.buyer, p.fee,"
    " p.fee_rate, p.metadata, p.method AS p_method, p.methods, p.state AS p_state, p.created_at,"
    " p.expires_at AS p_expires_at, p.paid_at AS p_paid_at, p.attempt, p.attempts, a.payment, a.position, a.channel,"
    " a.method, a.out_trade_no, a.amount, a.currency, a.state, a.next_step, a.hints, a.key, a.notify_url, a.next_channels,"
    " a.decision, a.placed_at, a.expires_at, a.paid_at, a.transaction_no, a.payer, a.error_code, a.error, a.checks"
)
_CURRENT = (
    _COLUMNS + " FROM payments.payment p LEFT JOIN payments.attempt a"
    " ON a.cell = p.cell AND a.payment = p.id AND a.position = p.attempt"
)
_REPORTED = (
    _COLUMNS + " FROM payments.attempt a JOIN payments.payment p ON p.cell = a.cell AND p.id = a.payment"
)


class Reported(msgspec.Struct, frozen=True):
    """An attempt that a channel speaks about, and its payment, whose ``current`` may be another attempt: then it is None."""

    payment: Payment
    attempt: Attempt


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """The payment's part of a row that has an attempt's beside it."""

    id: UUID
    platform: UUID
    order_no: str
    p_amount: int
    p_currency: str
    description: str
    buyer: str | None
    fee: int
    fee_rate: Decimal
    metadata: dict[str, str]
    p_method: PaymentMethod | None
    methods: tuple[PaymentMethod, ...]
    p_state: PaymentState
    created_at: datetime
    p_expires_at: datetime
    p_paid_at: datetime | None
    attempt: int | None
    attempts: int
    position: int | None

    def payment(self, beside: Attempt | None) -> Payment:
        """The payment, with the attempt beside it if that is the one that counts."""
        return Payment(
            id=self.id,
            platform=self.platform,
            order_no=self.order_no,
            amount=self.p_amount,
            currency=self.p_currency,
            description=self.description,
            buyer=self.buyer,
            fee=self.fee,
            fee_rate=self.fee_rate,
            metadata=self.metadata,
            method=self.p_method,
            methods=self.methods,
            state=self.p_state,
            created_at=self.created_at,
            expires_at=self.p_expires_at,
            paid_at=self.p_paid_at,
            attempts=self.attempts,
            current=beside if beside is not None and beside.position == self.attempt else None,
        )


async def _read(
    tx: Transaction, sql: LiteralString, params: Sequence[Any]
) -> list[tuple[Payment, Attempt | None]]:
    """Payments, each with the attempt that stands beside it in its row."""
    cursor = await tx.connection.execute(sql, params)
    found = await cursor.fetchall()
    rows = read_rows(_Row, cursor, found)
    with_attempt = [each for each, row in zip(found, rows, strict=True) if row.position is not None]
    attempts = iter(read_rows(Attempt, cursor, with_attempt))
    beside = [next(attempts) if row.position is not None else None for row in rows]
    return [(row.payment(attempt), attempt) for row, attempt in zip(rows, beside, strict=True)]


async def insert_payment(
    tx: Transaction,
    payment: Payment,
    shares: Sequence[NewShare],
    created: Happened,
    *,
    next_check_at: datetime,
) -> bool:
    """Store a payment with its shares, its first attempt if it has one, and its first event, in one statement; False when
    the order exists. ``next_check_at`` is the attempt's, or without one the end of the payment's time."""
    attempt = payment.current
    return bool(
        await tx.execute(
            "WITH p AS (INSERT INTO payments.payment (cell, id, platform, order_no, method, methods, amount, currency,"
            " description, buyer, fee, fee_rate, metadata, state, created_at, expires_at, attempt, attempts,"
            " next_check_at) VALUES (%(cell)s, %(id)s, %(platform)s, %(order_no)s, %(method)s, %(methods)s, %(amount)s,"
            " %(currency)s, %(description)s, %(buyer)s, %(fee)s, %(fee_rate)s, %(metadata)s, %(state)s, %(created_at)s,"
            " %(expires_at)s, %(position)s, %(attempts)s, %(next_check_at)s)"
            " ON CONFLICT DO NOTHING RETURNING cell, id),"
            " s AS (INSERT INTO payments.share (cell, payment, position, merchant, amount, fee)"
            " SELECT p.cell, p.id, s.position - 1, s.merchant, s.amount, s.fee"
            " FROM p, unnest(%(merchants)s::uuid[], %(amounts)s::bigint[], %(fees)s::bigint[])"
            " WITH ORDINALITY AS s (merchant, amount, fee, position)),"
            f" a AS (INSERT INTO payments.attempt ({ATTEMPT_COLUMNS}) SELECT p.cell, p.id, {ATTEMPT_VALUES} FROM p"
            " WHERE %(position)s::smallint IS NOT NULL),"
            " e AS (INSERT INTO payments.event (cell, payment, id, at, event, actor)"
            " SELECT p.cell, p.id, %(event_id)s::uuid, %(at)s::timestamptz, %(event)s::text, %(actor)s::text FROM p)"
            " SELECT id FROM p",
            {
                "cell": tx.cell,
                "id": payment.id,
                "platform": payment.platform,
                "order_no": payment.order_no,
                "method": payment.method.value if payment.method else None,
                "methods": [method.value for method in payment.methods],
                "amount": payment.amount,
                "currency": payment.currency,
                "description": payment.description,
                "buyer": payment.buyer,
                "fee": payment.fee,
                "fee_rate": payment.fee_rate,
                "metadata": Jsonb(payment.metadata),
                "state": payment.state.value,
                "created_at": payment.created_at,
                "expires_at": payment.expires_at,
                "attempts": payment.attempts,
                "next_check_at": None if attempt else next_check_at,
                **attempt_parameters(attempt, next_check_at=next_check_at),
                "merchants": [share.merchant for share in shares],
                "amounts": [share.amount for share in shares],
                "fees": [share.fee for share in shares],
                "event_id": created.id,
                "at": created.at,
                "event": created.event.value,
                "actor": created.actor.value,
            },
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
    found = await _read(
        tx,
        _CURRENT + " WHERE p.cell = %s AND p.platform = %s AND p.order_no = %s",
        (tx.cell, platform, order_no),
    )
    return found[0][0] if found else None


async def read_payment(tx: Transaction, id: UUID) -> Payment | None:
    found = await _read(tx, _CURRENT + " WHERE p.cell = %s AND p.id = %s", (tx.cell, id))
    return found[0][0] if found else None


async def read_payments(tx: Transaction, ids: Sequence[UUID]) -> list[Payment]:
    """Payments by id."""
    found = await _read(tx, _CURRENT + " WHERE p.cell = %s AND p.id = ANY(%s)", (tx.cell, list(ids)))
    return [payment for payment, _ in found]


async def lock_payment(tx: Transaction, id: UUID) -> Payment | None:
    """Lock a payment and with it its attempts, then read in a statement of its own, so that what a lock waited for is
    seen."""
    await tx.execute("SELECT id FROM payments.payment WHERE cell = %s AND id = %s FOR UPDATE", (tx.cell, id))
    return await read_payment(tx, id)


async def lock_reported(tx: Transaction, out_trade_nos: Sequence[str]) -> list[Reported]:
    """Lock the payments of orders in order of their ids, then read both in a statement of its own."""
    await tx.execute(
        "SELECT p.id FROM payments.payment p WHERE p.cell = %s AND p.id IN (SELECT payment FROM payments.attempt"
        " WHERE cell = %s AND out_trade_no = ANY(%s)) ORDER BY p.id FOR UPDATE",
        (tx.cell, tx.cell, list(out_trade_nos)),
    )
    found = await _read(
        tx,
        _REPORTED + " WHERE a.cell = %s AND a.out_trade_no = ANY(%s)",
        (tx.cell, list(out_trade_nos)),
    )
    return [Reported(payment, attempt) for payment, attempt in found if attempt is not None]


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


async def set_state(
    tx: Transaction, id: UUID, state: PaymentState, *, next_check_at: datetime | None = None
) -> None:
    """``next_check_at``: when its time ends, where no attempt is open."""
    await tx.execute(
        "UPDATE payments.payment SET state = %s, next_check_at = %s WHERE cell = %s AND id = %s",
        (state.value, next_check_at, tx.cell, id),
    )


async def set_conflicted(tx: Transaction, paid: Attempt) -> None:
    """The payment of an attempt that was paid otherwise than asked."""
    await tx.execute(
        "UPDATE payments.payment SET state = %s, attempt = %s, next_check_at = NULL WHERE cell = %s AND id = %s",
        (PaymentState.CONFLICTED.value, paid.position, tx.cell, paid.payment),
    )


async def set_succeeded(tx: Transaction, paid: Sequence[Attempt]) -> None:
    """The payments of attempts that were paid, and the attempts, in one statement."""
    rows: dict[str, Any] = {
        "cell": tx.cell,
        "succeeded": PaymentState.SUCCEEDED.value,
        "payments": [attempt.payment for attempt in paid],
        "positions": [attempt.position for attempt in paid],
        "moments": [attempt.paid_at for attempt in paid],
        "numbers": [attempt.transaction_no for attempt in paid],
        "payers": [attempt.payer for attempt in paid],
    }
    await tx.execute(
        "WITH n AS (SELECT * FROM unnest(%(payments)s::uuid[], %(positions)s::smallint[], %(moments)s::timestamptz[],"
        " %(numbers)s::text[], %(payers)s::text[]) AS n (id, position, paid_at, transaction_no, payer)),"
        " p AS (UPDATE payments.payment AS p SET state = %(succeeded)s, paid_at = n.paid_at, attempt = n.position,"
        " next_check_at = NULL FROM n WHERE p.cell = %(cell)s AND p.id = n.id)"
        " UPDATE payments.attempt AS a SET state = %(succeeded)s, paid_at = n.paid_at, transaction_no = n.transaction_no,"
        " payer = n.payer, error_code = NULL, error = NULL, next_check_at = NULL"
        " FROM n WHERE a.cell = %(cell)s AND a.payment = n.id AND a.position = n.position",
        rows,
    )


async def due_payments(tx: Transaction, now: datetime, limit: int) -> list[UUID]:
    """Payments whose time is over while no attempt is open, the longest waiting first."""
    return await tx.all(
        UUID,
        "SELECT id FROM payments.payment WHERE cell = %s AND next_check_at <= %s ORDER BY next_check_at LIMIT %s",
        (tx.cell, now, limit),
    )
