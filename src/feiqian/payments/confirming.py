"""What becomes of payments that channels report as paid: state and ledger together, in the one transaction given."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from feiqian.channels import ChannelIdentity, ChannelPayment
from feiqian.infra.database import Transaction
from feiqian.ledger import NewTransaction, post_all
from feiqian.payments import postings, rules, store
from feiqian.payments.events import PaymentConflicted, PaymentsSucceeded
from feiqian.payments.model import (
    Actor,
    Attempt,
    AttemptState,
    Happened,
    NoticeUnmatched,
    Payment,
    PaymentEvent,
    PaymentState,
)
from feiqian.payments.operations import happened


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's word that an order was paid, and how we heard it."""

    order: ChannelPayment
    actor: Actor
    channel: str
    """Code of the connection that says so."""
    identity: ChannelIdentity
    """As whom our orders are placed there."""


async def confirm(tx: Transaction, *, now: datetime, paid: Sequence[Paid]) -> list[Payment | NoticeUnmatched]:
    """Post payments that channels report, state and ledger together. Many at once are one batch.

    A payment that differs from its order becomes conflicted and nothing is posted; money for a payment that has
    succeeded by another attempt is posted to payment.suspense; what is said again changes nothing.
    """
    batch = _Batch(now)
    for reported in await store.lock_reported(tx, sorted({each.order.out_trade_no for each in paid})):
        batch.attempts[reported.attempt.out_trade_no] = reported.attempt
        batch.take(reported.payment)
    matched = [batch.judge(each) for each in paid]
    for attempt in batch.attention:
        await store.set_attention(tx, attempt, now)
    for payment in batch.conflicted:
        await store.set_conflicted(tx, payment.order)
        await tx.publish(PaymentConflicted(payment, now))
    await _post(tx, now, batch)
    await store.record(tx, batch.news)
    return [
        batch.payments[found] if found is not None else NoticeUnmatched(number=each.order.out_trade_no)
        for found, each in zip(matched, paid, strict=True)
    ]


class _Batch:
    """What was said in one batch, and what it comes to."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.payments: dict[UUID, Payment] = {}
        self.attempts: dict[str, Attempt] = {}
        self.succeeded: dict[UUID, Attempt] = {}
        self.attention: list[Attempt] = []
        """Conflicted, and duplicates."""
        self.conflicted: list[Payment] = []
        self.news: list[Happened] = []

    def take(self, payment: Payment) -> None:
        """Remember a payment; of several rows about it, the one with the attempt that counts."""
        if payment.id not in self.payments or payment.current is not None:
            self.payments[payment.id] = payment

    def judge(self, paid: Paid) -> UUID | None:
        """Take one word; the payment that it is about, None where it is about no order of that connection."""
        attempt = self.attempts.get(paid.order.out_trade_no)
        if attempt is None or attempt.channel != paid.channel:
            return None
        payment = self.payments[attempt.payment]
        verdict = rules.judge(attempt, payment.state, paid.order, paid.identity)
        if verdict.event is None:
            return payment.id
        after = verdict.attempt
        self.attempts[after.out_trade_no] = after
        self.news.append(
            happened(
                payment.id,
                self.now,
                verdict.event,
                paid.actor,
                detail=after.error if verdict.event is PaymentEvent.CONFLICTED else _named(after),
                body=msgspec.to_builtins(paid.order),
            )
        )
        if verdict.event is PaymentEvent.PAID:
            payment = msgspec.structs.replace(
                payment, state=verdict.state, paid_at=after.paid_at, current=after
            )
            self.succeeded[payment.id] = after
        elif verdict.state is PaymentState.CONFLICTED:
            payment = msgspec.structs.replace(payment, state=verdict.state, current=after)
            self.conflicted.append(payment)
        if after.state in (AttemptState.CONFLICTED, AttemptState.DUPLICATE):
            self.attention.append(after)
        self.payments[payment.id] = payment
        return payment.id


async def _post(tx: Transaction, now: datetime, batch: _Batch) -> None:
    transactions: list[NewTransaction] = []
    succeeded = [batch.payments[id] for id in batch.succeeded]
    if succeeded:
        shares = await store.read_shares(tx, [payment.id for payment in succeeded])
        transactions += [
            postings.payment_succeeded(payment, shares[payment.id], paid_at=payment.paid_at or now, now=now)
            for payment in succeeded
        ]
    for attempt in batch.attention:
        if attempt.state is AttemptState.DUPLICATE:
            order_no = batch.payments[attempt.payment].order_no
            transactions.append(postings.payment_duplicate(attempt, order_no=order_no, now=now))
    if transactions:
        await post_all(tx, now=now, transactions=transactions)
    if succeeded:
        await store.set_succeeded(tx, list(batch.succeeded.values()))
        await tx.publish(PaymentsSucceeded(tuple(succeeded), now))
    several = [payment.id for payment in (*succeeded, *batch.conflicted) if payment.attempts > 1]
    if several:
        await store.hasten(tx, several, now)


def _named(attempt: Attempt) -> str | None:
    """Which attempt is meant; nothing for the first, which most payments have alone."""
    return None if attempt.position == 1 else f"{attempt.position} {attempt.method.value} {attempt.channel}"
