"""What happens by itself: holds expire when their time is over, and the invariants are checked on a schedule."""

import asyncio
from datetime import datetime, timedelta

import psycopg
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from feiqian.app.invariants import check_all
from feiqian.app.standing import expire_due_holds, is_due, watch_invariants
from feiqian.infra.database import Database, Transaction
from feiqian.infra.invariants import Finding, InvariantReport, StandingInvariants
from feiqian.kernel.calendar import business_date
from feiqian.kernel.ids import derived_id
from feiqian.ledger import PLATFORM_BOOK, AccountCode, AccountRef, Action, Leg, NewTransaction, post_all
from tests.conftest import NOW
from tests.loop.house import House, eventually

pytestmark = pytest.mark.anyio

CHANNEL = AccountRef(PLATFORM_BOOK, AccountCode.CHANNEL_RECEIVABLE, "wechatpay", "CNY")
PENDING = AccountRef(PLATFORM_BOOK, AccountCode.MERCHANT_PENDING, "S10", "CNY")
MINUTE = timedelta(minutes=1)


async def hold(database: Database, *, count: int, expires_at: datetime | None) -> None:
    """So many holds of 1 fen each."""
    holds = [
        NewTransaction(
            id=derived_id("hold", str(expires_at), str(number)),
            kind="hold",
            legs=(Leg(CHANNEL, PENDING, 1),),
            business_date=business_date(NOW),
            effective_at=NOW,
            action=Action.HOLD,
            expires_at=expires_at,
        )
        for number in range(count)
    ]
    await database.run(lambda tx: post_all(tx, now=NOW, transactions=holds))


async def held(database: Database) -> tuple[int, list[str]]:
    """(what is held of the channel's account, the states of all holds)"""
    async with database.reading() as tx:
        amount = await tx.one(int, "SELECT held_debits FROM ledger.account WHERE id = %s", (CHANNEL.id,))
        return amount, await tx.all(str, "SELECT DISTINCT state FROM ledger.hold ORDER BY state")


def metric(metric_name: str, /, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(metric_name, labels)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The house that is opened next looks for such holds without pause."""
    monkeypatch.setattr("feiqian.app.run.HOLDS_EVERY_S", 0.1)


class TestHoldsWhoseTimeIsOver:
    async def test_are_let_go_to_the_last_however_many_there_are(self, database: Database) -> None:
        await hold(database, count=2_300, expires_at=NOW + MINUTE)
        await hold(database, count=1, expires_at=NOW + 2 * MINUTE)
        await hold(database, count=1, expires_at=None)
        before = metric("feiqian_ledger_holds_expired_total") or 0
        assert await expire_due_holds(database, NOW + MINUTE - timedelta(microseconds=1)) == 0
        assert await held(database) == (2_302, ["open"])
        assert await expire_due_holds(database, NOW + MINUTE) == 2_300
        assert await held(database) == (2, ["expired", "open"])
        assert metric("feiqian_ledger_holds_expired_total") == before + 2_300
        assert await expire_due_holds(database, NOW + MINUTE) == 0

    async def test_are_let_go_by_several_workers_at_once_only_once(self, database: Database) -> None:
        await hold(database, count=1_500, expires_at=NOW)
        counts = await asyncio.gather(*(expire_due_holds(database, NOW) for _ in range(3)))
        assert sum(counts) == 1_500
        assert await held(database) == (0, ["expired"])

    async def test_are_let_go_by_a_running_house(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        await hold(house.database, count=1, expires_at=NOW + MINUTE)
        await house.later(seconds=60)

        async def left() -> int:
            amount, _ = await held(house.database)
            return amount

        await eventually(left, lambda amount: amount == 0)


def report(**given: object) -> InvariantReport:
    fields: dict[str, object] = {"checked_at": NOW, "took_ms": 1_000, "running": False, "items": []}
    return InvariantReport(**{**fields, **given})  # pyright: ignore[reportArgumentType]


class TestACheckOfTheInvariants:
    @pytest.mark.parametrize(
        ("last", "after", "due"),
        [
            (report(checked_at=None), timedelta(), True),
            (report(), timedelta(seconds=599), False),
            (report(), timedelta(seconds=600), True),
            # The clock was set back.
            (report(), timedelta(seconds=-1), True),
            # It took five minutes: it rests for twenty.
            (report(took_ms=300_000), timedelta(seconds=1_199), False),
            (report(took_ms=300_000), timedelta(seconds=1_200), True),
        ],
    )
    def test_is_due(self, last: InvariantReport, after: timedelta, due: bool) -> None:
        assert is_due(last, NOW + after, every_s=600) is due

    async def test_is_kept_for_every_process_and_shown_as_metrics(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await hold(database, count=1, expires_at=None)
        one, other = (StandingInvariants(database, check_all) for _ in range(2))
        await watch_invariants(one, NOW, every_s=0)
        assert (await one.latest()).checked_at is None
        await watch_invariants(one, NOW, every_s=600)
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute("UPDATE ledger.account SET held_debits = held_debits + 5 WHERE held_debits > 0")
        await watch_invariants(other, NOW + MINUTE, every_s=600)
        name = "ledger_counters_equal_entries"
        assert metric("feiqian_invariant_violations", domain="ledger", name=name) == 0
        assert metric("feiqian_invariants_checked_timestamp_seconds") == NOW.timestamp()
        with capture_logs() as logs:
            await watch_invariants(other, NOW + 10 * MINUTE, every_s=600)
        assert metric("feiqian_invariant_violations", domain="ledger", name=name) == 1
        (line,) = [line for line in logs if line["event"] == "invariant_broken"]
        assert (line["name"], line["violations"]) == (name, 1)
        assert "channel.receivable" in line["sample"][0]
        found = await one.latest()
        assert found.checked_at == NOW + 10 * MINUTE
        assert [each.name for each in found.items if each.violations] == [name]

    async def test_is_never_made_twice_at_once_and_changes_nothing(self, database: Database) -> None:
        begun, released = asyncio.Event(), asyncio.Event()

        async def slow(tx: Transaction) -> list[Finding]:
            begun.set()
            await released.wait()
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await tx.execute("DELETE FROM standing.invariant")
            raise RuntimeError("as far as it goes")

        one, other = StandingInvariants(database, slow), StandingInvariants(database, check_all)
        first = asyncio.create_task(one.check(NOW))
        await begun.wait()
        assert (await other.latest()).running
        assert not await other.check(NOW)
        released.set()
        with pytest.raises(RuntimeError, match="as far as it goes"):
            await first
        assert not (await other.latest()).running
        assert await other.check(NOW)
        assert (await other.latest()).checked_at == NOW
