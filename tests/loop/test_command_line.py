"""The command `feiqian`: its help, its exit codes, and what `ledger verify` finds."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

import feiqian
from feiqian.app.invariants import check_all
from feiqian.cli import main
from feiqian.infra.database import Database, EventBus, Transaction
from tests.clearing.trade import Trade, open_trade

Run = Callable[..., int]

COMMANDS = (
    "",
    "serve",
    "worker",
    "migrate",
    "demo",
    "bench",
    "setup",
    "setup platform",
    "setup api-key",
    "setup staff",
    "setup funder",
    "simulate",
    "simulate wechatpay",
    "ledger",
    "ledger verify",
    "ledger seal",
    "ledger proof",
    "ledger check-proof",
    "ledger archive",
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `feiqian` with these arguments and settings; its exit code."""

    def run(command: str, **settings: str) -> int:
        monkeypatch.setenv("FEIQIAN_DATA_DIR", str(tmp_path))
        for name, value in settings.items():
            monkeypatch.setenv(f"FEIQIAN_{name.upper()}", value)
        monkeypatch.setattr(sys, "argv", ["feiqian", *command.split()])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return run


class TestTheCommand:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_says_how_it_is_used(self, run: Run, capsys: pytest.CaptureFixture[str], command: str) -> None:
        assert run(f"{command} --help") == 0
        output = capsys.readouterr().out
        assert output.startswith(f"usage: feiqian {command}".rstrip())
        assert "--help" in output

    def test_lists_all_of_them(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        run("--help")
        output = capsys.readouterr().out
        for name in {command.partition(" ")[0] for command in COMMANDS if command}:
            assert f"\n    {name} " in output

    def test_tells_its_version(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("--version") == 0
        assert capsys.readouterr().out == f"feiqian {feiqian.__version__}\n"

    @pytest.mark.parametrize("command", ["", "nonsense", "ledger", "ledger nonsense", "demo --days many"])
    def test_refuses_what_it_does_not_know(
        self, run: Run, capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        assert run(command) == 2
        assert "usage: feiqian" in capsys.readouterr().err

    def test_names_a_wrong_setting(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("ledger verify", port="eighty") == 2
        assert capsys.readouterr().err.startswith("feiqian: FEIQIAN_PORT is 'eighty'")

    def test_says_when_the_database_is_not_there(
        self, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("feiqian.infra.database.OPEN_WITHIN_S", 0.5)
        for command in ("migrate", "ledger verify"):
            assert run(command, database_url="postgresql://nobody@127.0.0.1:1/nothing") == 1
            assert "The database is not reachable" in capsys.readouterr().err

    def test_says_when_the_database_was_never_migrated(
        self, run: Run, capsys: pytest.CaptureFixture[str], database_urls: tuple[str, str]
    ) -> None:
        with psycopg.connect(database_urls[1], autocommit=True) as admin:
            admin.execute("DROP SCHEMA ledger CASCADE")
        assert run("ledger verify", database_url=database_urls[0]) == 1
        assert "feiqian migrate" in capsys.readouterr().err

    @pytest.mark.parametrize("orders", ["nothing.csv", "bad.csv"])
    def test_says_what_is_wrong_with_an_orders_file(
        self, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path, orders: str
    ) -> None:
        (tmp_path / "bad.csv").write_text("InvoiceNo,StockCode\n1,2\n")
        assert run(f"demo --orders {tmp_path / orders}") == 1
        assert capsys.readouterr().err.startswith("feiqian: ")


TAMPERINGS = {
    "UPDATE ledger.account SET debits = debits + 1 WHERE code = 'channel.receivable'": {
        "ledger.ledger_counters_equal_entries",
        "ledger.ledger_books_balance",
    },
    "UPDATE ledger.leg SET debit_balance = debit_balance + 1 WHERE kind = 'payment' AND number = 0": {
        "ledger.ledger_balances_run"
    },
    "UPDATE ledger.leg SET amount = amount + 1 WHERE kind = 'payment' AND number = 0": {
        "ledger.ledger_counters_equal_entries",
        "ledger.ledger_balances_run",
        "payments.payments_equal_ledger",
    },
    "DELETE FROM ledger.leg WHERE kind = 'payment'": {
        "ledger.ledger_counters_equal_entries",
        "ledger.ledger_balances_run",
        "payments.payments_equal_ledger",
    },
    "UPDATE ledger.account SET debits = debits + 701 WHERE code = 'merchant.available'": {
        "ledger.ledger_counters_equal_entries",
        "ledger.ledger_books_balance",
        "ledger.ledger_no_overdraft",
    },
    "UPDATE payments.payment SET state = 'succeeded'": {
        "payments.payments_equal_ledger",
        "payments.payments_follow_attempts",
    },
    "UPDATE payments.payment SET state = 'closed'": {
        "payments.payments_equal_ledger",
        "payments.payments_follow_attempts",
        "payments.payments_have_one_way",
    },
    "UPDATE payments.attempt SET amount = amount + 1 WHERE state = 'succeeded'": {
        "payments.payments_follow_attempts"
    },
    "UPDATE payments.attempt SET state = 'succeeded'": {"payments.payments_follow_attempts"},
    "UPDATE payments.attempt SET state = 'duplicate', attention_at = now() WHERE state = 'created'": {
        "payments.suspense_equals_duplicates"
    },
    "UPDATE payments.payment SET state = 'requires_method' WHERE state = 'created'": {
        "payments.payments_have_one_way"
    },
    "UPDATE payments.share SET amount = amount + 1": {"payments.payment_shares_add_up"},
    "UPDATE payments.share SET fee = fee + 1": {"payments.payment_shares_add_up"},
    "UPDATE payments.refund SET amount = 1001, parts = ARRAY[1001::bigint] WHERE state = 'succeeded'": {
        "payments.refunds_within_payment"
    },
    "UPDATE payments.refund SET parts = ARRAY[1::bigint] WHERE state = 'succeeded'": {
        "payments.refund_parts_add_up"
    },
    "UPDATE payments.refund SET state = 'failed' WHERE state = 'pending'": {
        "payments.transit_equals_open_refunds"
    },
    "UPDATE clearing.settlement SET amount = amount - 1": {
        "clearing.settlements_equal_ledger",
        "clearing.closed_days_add_up",
    },
    "DELETE FROM clearing.settlement": {
        "clearing.settlements_equal_ledger",
        "clearing.closed_days_add_up",
    },
    "UPDATE clearing.day SET merchants = merchants + 1": {"clearing.closed_days_add_up"},
}
"""What somebody with a superuser's hands may do to the books, and the invariants that say so."""


async def history(database: Database) -> Trade:
    """A sale of 1000 with 300 given back, settled; a refund of 100 under way; an order that nobody paid."""
    trade = await open_trade(database)
    await trade.sale("1", "mon", 1000)
    await trade.refund("1", "mon", 300)
    await trade.close("mon")
    await trade.shop.refund(trade.payment("1"), "under way", 100)
    await trade.shop.order("never paid", 500)
    return trade


class TestVerifying:
    @pytest.mark.anyio
    async def test_finds_every_kind_of_tampering_and_nothing_else(
        self, database: Database, database_urls: tuple[str, str]
    ) -> None:
        await history(database)
        async with await psycopg.AsyncConnection.connect(database_urls[1]) as admin:
            tx = Transaction(admin, EventBus(), 1)
            assert await broken(tx) == set()
            for tampering, expected in TAMPERINGS.items():
                assert (await admin.execute(tampering.encode())).rowcount > 0, tampering
                assert await broken(tx) == expected, tampering
                await admin.rollback()
            assert await broken(tx) == set()

    @pytest.mark.anyio
    async def test_history_cannot_be_changed_by_the_application(self, database: Database) -> None:
        await history(database)
        for table in (
            "ledger.leg",
            "payments.event",
            "payments.share",
            "clearing.settlement",
        ):
            for change in (f"DELETE FROM {table}", f"UPDATE {table} SET cell = cell", f"TRUNCATE {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    async with database.transaction() as tx:
                        await tx.connection.execute(change.encode())

    def test_ends_with_0_when_all_holds_and_with_1_and_the_name_when_not(
        self, run: Run, capsys: pytest.CaptureFixture[str], database_urls: tuple[str, str]
    ) -> None:
        url, admin_url = database_urls
        assert run("ledger verify --json", database_url=url) == 0
        *_, last = capsys.readouterr().out.splitlines()
        assert json.loads(last) | {"seconds": 0} == {
            "transactions": 0, "entries": 0, "blocks": 0, "verified": True, "broken": [], "faults": [], "seconds": 0,
        }  # fmt: skip
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute(
                "INSERT INTO clearing.day (cell, trade_date, currency, merchants, amount, closed_at)"
                " VALUES (1, '2026-03-02', 'CNY', 1, 100, now())"
            )
        assert run("ledger verify --json", database_url=url) == 1
        *table, last = capsys.readouterr().out.splitlines()
        assert json.loads(last)["broken"] == ["closed_days_add_up"]
        assert [line.split()[2] for line in table if line.startswith("BROKEN")] == ["closed_days_add_up"]


async def broken(tx: Transaction) -> set[str]:
    return {f"{finding.domain}.{finding.name}" for finding in await check_all(tx) if finding.violations}
