"""The cell rule, from PostgreSQL's own catalogue: what keeps the hot tables ready to be spread over machines."""

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import CITUS_URL

Admin = psycopg.Connection[tuple[str, ...]]
SCHEMAS = ["ledger", "payments"]
"""Whose tables hold money that moves."""


@pytest.fixture
def admin(database_urls: tuple[str, str]) -> Iterator[Admin]:
    with psycopg.connect(database_urls[1], autocommit=True) as connection:
        yield connection


def rows(admin: Admin, sql: str) -> list[tuple[str, ...]]:
    return admin.execute(sql.encode(), (SCHEMAS,)).fetchall()


class TestTheTablesOfTheLedger:
    def test_all_have_a_cell(self, admin: Admin) -> None:
        sql = """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'cell' AND a.attnotnull AND NOT a.attisdropped
            WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p') AND a.attname IS NULL
            """
        assert rows(admin, sql) == []

    def test_have_keys_that_begin_with_the_cell(self, admin: Admin) -> None:
        sql = """
            SELECT i.indexrelid::regclass::text, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
            WHERE n.nspname = ANY(%s) AND i.indisunique ORDER BY 1
            """
        found = rows(admin, sql)
        assert {"ledger.account_pkey", "ledger.leg_pkey", "ledger.leg_by_debit", "ledger.hold_pkey"} <= {
            name for name, _ in found
        }
        assert [name for name, first in found if first != "cell"] == []

    def test_have_a_primary_key(self, admin: Admin) -> None:
        sql = """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p')
              AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')
            """
        assert rows(admin, sql) == []

    def test_refer_to_each_other_within_a_cell(self, admin: Admin) -> None:
        sql = """
            SELECT k.conname, a.attname, b.attname FROM pg_constraint k
            JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace m ON m.oid = f.relnamespace
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
            JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
            WHERE k.contype = 'f' AND ARRAY[n.nspname, m.nspname]::text[] && %s
            """
        assert [row for row in rows(admin, sql) if row[1:] != ("cell", "cell")] == []

    def test_have_nothing_that_one_machine_must_decide(
        self, admin: psycopg.Connection[tuple[str, ...]]
    ) -> None:
        sql = """
            WITH tables AS (
              SELECT c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p'))
            SELECT t.relname, 'trigger ' || g.tgname FROM tables t JOIN pg_trigger g ON g.tgrelid = t.oid
              WHERE g.tgname !~ '^truncate_trigger_'  -- Citus's own
            UNION ALL
            SELECT t.relname, 'rule ' || r.rulename FROM tables t JOIN pg_rewrite r ON r.ev_class = t.oid
            UNION ALL
            SELECT t.relname, 'identity ' || a.attname FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
              WHERE a.attidentity <> ''
            UNION ALL
            SELECT t.relname, 'default ' || pg_get_expr(d.adbin, d.adrelid) FROM tables t JOIN pg_attrdef d ON d.adrelid = t.oid
              WHERE pg_get_expr(d.adbin, d.adrelid) ~ 'nextval|now\\(|random'
            UNION ALL
            SELECT t.relname, 'exclusion ' || k.conname FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid
              WHERE k.contype = 'x'
            """
        assert rows(admin, sql) == []

    def test_come_without_sequences(self, admin: Admin) -> None:
        sql = """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = ANY(%s) AND c.relkind = 'S'
            """
        assert rows(admin, sql) == []

    def test_let_the_application_neither_change_nor_delete_history(
        self, admin: psycopg.Connection[tuple[str, ...]]
    ) -> None:
        sql = """
            SELECT c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
            WHERE n.nspname = ANY(%s) AND c.relname = ANY(ARRAY['leg', 'refusal', 'account_change'])
              AND has_table_privilege('feiqian_app', c.oid, p.privilege)
            """
        assert rows(admin, sql) == []


def test_the_ledger_lies_where_it_should(admin: Admin) -> None:
    """On a cluster all tables are distributed by cell, side by side; anywhere else migrating leaves them as they are."""
    sql = "SELECT extname FROM pg_extension WHERE extname = 'citus' AND %s::text[] IS NOT NULL"
    if CITUS_URL not in os.environ:
        assert rows(admin, sql) == []
        return
    found = admin.execute(
        "SELECT c.relname, t.distribution_column, t.colocation_id FROM pg_class c"
        " LEFT JOIN citus_tables t ON t.table_name = c.oid::regclass"
        " WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p')"
    ).fetchall()
    assert {column for _, column, _ in found} == {"cell"}
    assert len({group for _, _, group in found}) == 1
