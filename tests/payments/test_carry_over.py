"""Payments that were made when each had one order: carried over into attempts, and they go on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from feiqian.channels import ChannelIdentity, ChannelPayment, ChannelPaymentState, ShowCode
from feiqian.infra.database import Database
from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.payments import Actor, count_states, read_attempts, read_payments, read_refunds
from feiqian.payments.confirming import Paid, confirm
from feiqian.payments.store import due_attempts, due_refunds

THEN = datetime(2026, 1, 5, 3, tzinfo=UTC)
OLD = (
    # state, checks, code, paid, conflicted, open; and the state of its attempt
    ("created", 0, False, False, False, True, "created"),
    ("created", 2, False, False, False, True, "unknown"),
    ("awaiting_payment", 1, True, False, False, True, "awaiting_payment"),
    ("succeeded", 0, True, True, False, False, "succeeded"),
    ("closed", 3, True, False, False, False, "closed"),
    ("failed", 0, False, False, False, False, "failed"),
    ("conflicted", 0, True, False, True, False, "conflicted"),
)


@pytest.fixture
def old_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The administrator's URL of a database as it was before, with a payment in every state and a refund."""
    control = postgres.admin_url.replace("/feiqian?", "/postgres?")
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute("CREATE DATABASE before_attempts")
    url = postgres.admin_url.replace("/feiqian?", "/before_attempts?")
    migrate(url, revision="0013")
    with psycopg.connect(url, autocommit=True) as admin:
        write_history(admin)
    yield url
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute("DROP DATABASE before_attempts WITH (FORCE)")


def id_of(number: int) -> UUID:
    return UUID(int=number + 1)


def write_history(admin: psycopg.Connection) -> None:
    for number, (state, checks, code, paid, conflicted, open_, _) in enumerate(OLD):
        admin.execute(
            "INSERT INTO payments.payment (cell, id, platform, order_no, out_trade_no, channel, method, amount, currency,"
            " description, notify_url, fee, fee_rate, metadata, state, code_url, created_at, expires_at, paid_at,"
            " transaction_no, conflicted_at, checks, next_check_at) VALUES (1, %s, %s, %s, %s, 'wechatpay',"
            " 'wechatpay_native', 1000, 'CNY', 'tea', 'https://old.test/callbacks/wechatpay', 6, 0.006, '{}', %s, %s, %s,"
            " %s, %s, %s, %s, %s, %s)",
            (
                id_of(number),
                id_of(0),
                str(number),
                f"P{number}",
                state,
                "weixin://x" if code else None,
                THEN,
                THEN + timedelta(hours=2),
                THEN if paid else None,
                "T3" if paid else None,
                THEN if conflicted else None,
                checks,
                THEN if open_ else None,
            ),
        )
        admin.execute(
            "INSERT INTO payments.share (cell, payment, position, merchant, amount, fee) VALUES (1, %s, 0, %s, 1000, 6)",
            (id_of(number), id_of(0)),
        )
    admin.execute(
        "INSERT INTO payments.refund (cell, id, payment, platform, refund_no, out_refund_no, amount, currency, reason, fee,"
        " parts, state, created_at, next_check_at)"
        " VALUES (1, %s, %s, %s, 'r', 'R1', 10, 'CNY', '', 0, '{10}', 'processing', %s, %s)",
        (id_of(9), id_of(3), id_of(0), THEN, THEN),
    )


@pytest.mark.anyio
class TestPaymentsFromBefore:
    async def test_have_their_order_as_first_attempt_and_go_on(
        self, old_database: str, postgres: EmbeddedPostgres
    ) -> None:
        migrate(old_database)
        ids = [id_of(number) for number in range(len(OLD))]
        async with Database(postgres.url.replace("/feiqian?", "/before_attempts?")) as database:
            async with database.transaction() as tx:
                payments = {payment.id: payment for payment in await read_payments(tx, ids)}
                attempts = await read_attempts(tx, ids)
                (refund,) = (await read_refunds(tx, [id_of(3)]))[id_of(3)]
                due = await due_attempts(tx, "wechatpay", THEN, 10)
                refunds_due = await due_refunds(tx, "wechatpay", THEN, 10)
                attention = await count_states(tx)
            for number, (state, checks, code, paid, _, _, now) in enumerate(OLD):
                payment, (attempt,) = payments[id_of(number)], attempts[id_of(number)]
                assert (payment.state.value, attempt.state.value, attempt.checks) == (state, now, checks)
                assert (payment.current, payment.attempts) == (attempt, 1)
                assert (attempt.out_trade_no, attempt.channel) == (f"P{number}", "wechatpay")
                assert attempt.notify_url == "https://old.test/callbacks/wechatpay"
                assert attempt.next_step == (ShowCode("weixin://x") if code else None)
                assert (attempt.placed_at, attempt.expires_at) == (THEN, THEN + timedelta(hours=2))
                assert attempt.transaction_no == ("T3" if paid else None)
            assert sorted(due) == [(id_of(number), 1) for number in range(3)]
            assert refunds_due == [refund.id]
            assert (refund.channel, refund.attempt) == ("wechatpay", 1)
            assert attention == {"conflicted": 1, "duplicate": 0, "refund_failed": 0}
            paid_now = await self._paid(database, "P2")
            assert paid_now == "succeeded"

    async def _paid(self, database: Database, out_trade_no: str) -> str:
        """The state of an old payment that is paid now."""
        word = ChannelPayment(
            out_trade_no=out_trade_no,
            state=ChannelPaymentState.PAID,
            transaction_no="T-new",
            amount=1000,
            currency="CNY",
            mchid="M",
            appid="A",
            paid_at=THEN,
        )
        paid = Paid(order=word, actor=Actor.CHANNEL, channel="wechatpay", identity=ChannelIdentity("M", "A"))
        await database.run(lambda tx: confirm(tx, now=THEN, paid=[paid]))
        async with database.transaction() as tx:
            found = await read_payments(tx, [id_of(2)])
        return found[0].state.value
