"""Books that were kept before one row a leg: carried over, every balance as it was, and posting goes on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from feiqian.infra.database import Database
from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import (
    PLATFORM_BOOK,
    AccountCode,
    AccountRef,
    Leg,
    NewTransaction,
    balances,
    post_all,
    statement,
    transactions,
    verify,
)

CHANNEL = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY")
PENDING = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, "S10", "CNY")
AVAILABLE = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_AVAILABLE, "S10", "CNY")
FEE = AccountRef(PLATFORM_BOOK, AccountCode.PLATFORM_FEE, "platform", "CNY")
THEN = datetime(2026, 1, 5, 3, tzinfo=UTC)

BEFORE = (
    # account, debits, credits, number of its newest entry
    (CHANNEL, 1_500, 100, 3),
    (PENDING, 590, 1_490, 4),
    (AVAILABLE, 0, 490, 1),
    (FEE, 0, 10, 1),
)
HISTORY = (
    # name, legs, and the entries that were kept: (account, sequence, amount, balance after)
    (
        "sale",
        ((CHANNEL, PENDING, 990), (CHANNEL, FEE, 10)),
        ((CHANNEL, 1, 1_000, 1_000), (PENDING, 1, 990, 990), (FEE, 1, 10, 10)),
    ),
    ("more", ((CHANNEL, PENDING, 500),), ((CHANNEL, 2, 500, 1_500), (PENDING, 2, 500, 1_490))),
    ("refund", ((PENDING, CHANNEL, 100),), ((PENDING, 3, -100, 1_390), (CHANNEL, 3, -100, 1_400))),
    ("settle", ((PENDING, AVAILABLE, 490),), ((PENDING, 4, -490, 900), (AVAILABLE, 1, 490, 490))),
)


@pytest.fixture
def old_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The administrator's URL of a database as it was before, with a little history."""
    control = postgres.admin_url.replace("/feiqian?", "/postgres?")
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute("CREATE DATABASE before_legs")
    url = postgres.admin_url.replace("/feiqian?", "/before_legs?")
    migrate(url, revision="0009")
    with psycopg.connect(url, autocommit=True) as admin:
        write_history(admin)
    yield url
    with psycopg.connect(control, autocommit=True) as admin:
        admin.execute("DROP DATABASE before_legs WITH (FORCE)")


def write_history(admin: psycopg.Connection) -> None:
    for ref, debits, credits, sequence in BEFORE:
        admin.execute(
            "INSERT INTO ledger.account (cell, id, book, code, owner, currency, debits, credits, sequence, opened_at)"
            " VALUES (1, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (ref.id, ref.book, str(ref.code), ref.owner, ref.currency, debits, credits, sequence, THEN),
        )
    for number, (name, legs, entries) in enumerate(HISTORY):
        booked_at = THEN + timedelta(minutes=number)
        admin.execute(
            "INSERT INTO ledger.transaction (cell, id, kind, business_date, effective_at, booked_at, reference, memo,"
            " debits, credits, amounts) VALUES (1, %s, 'payment', %s, %s, %s, %s, '', %s, %s, %s)",
            (
                derived_id(name),
                business_date(THEN),
                THEN,
                booked_at,
                name,
                [debit.id for debit, _, _ in legs],
                [credit.id for _, credit, _ in legs],
                [amount for _, _, amount in legs],
            ),
        )
        for ref, sequence, amount, balance in entries:
            admin.execute(
                "INSERT INTO ledger.entry (cell, account, sequence, transaction, amount, balance, business_date)"
                " VALUES (1, %s, %s, %s, %s, %s, %s)",
                (ref.id, sequence, derived_id(name), amount, balance, business_date(THEN)),
            )


@pytest.mark.anyio
class TestBooksFromBefore:
    async def test_are_carried_over_with_every_balance_and_go_on(
        self, old_database: str, postgres: EmbeddedPostgres
    ) -> None:
        migrate(old_database)
        sale = NewTransaction(
            id=derived_id("after"),
            kind="payment",
            legs=(Leg(CHANNEL, PENDING, 7),),
            business_date=business_date(THEN),
            effective_at=THEN,
        )
        async with Database(postgres.url.replace("/feiqian?", "/before_legs?")) as database:
            async with database.transaction() as tx:
                before = await balances(tx, refs=[CHANNEL, PENDING, AVAILABLE, FEE])
                (first,) = await transactions(tx, ids=[derived_id("sale")])
                lines = await statement(tx, ref=CHANNEL)
            await database.run(lambda tx: post_all(tx, now=THEN + timedelta(days=1), transactions=[sale]))
            async with database.transaction() as tx:
                after = await balances(tx, refs=[CHANNEL, PENDING])
                broken = [finding for finding in await verify(tx) if finding.violations]
        assert before == {CHANNEL: 1_400, PENDING: 900, AVAILABLE: 490, FEE: 10}
        assert (first.reference, first.amounts) == ("sale", (990, 10))
        # A sale of two legs has two entries on the channel's account now, one a leg.
        assert [(line.sequence, line.amount, line.balance) for line in lines] == [
            (4, -100, 1_400),
            (3, 500, 1_500),
            (2, 10, 1_000),
            (1, 990, 990),
        ]
        assert after == {CHANNEL: 1_407, PENDING: 907}
        assert broken == []
