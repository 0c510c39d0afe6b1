"""SQL of the ledger's bench: entries that are already there when it begins, and the sizes of tables."""

from collections.abc import Sequence

import msgspec

from feiqian.bench.ledger.scenarios import ACCOUNT_COUNT, AMOUNT, account
from feiqian.infra.database import Database, Transaction


class Index(msgspec.Struct, frozen=True):
    """An index that is taken off and built again."""

    name: str
    definition: str


_PRELOAD = """
INSERT INTO ledger.leg (cell, transaction, number, action, debit, credit, amount, debit_sign, credit_sign, debit_sequence,
    credit_sequence, debit_balance, credit_balance, effective_at, booked_at, business_date, kind, reference, memo)
  SELECT 1,
         (lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0'))::uuid,
         0, 0, a.ids[1 + i %% a.count], a.ids[1 + (i + 1) %% a.count], a.amount, -1, -1,
         CASE WHEN i %% a.count = 0 THEN 1 ELSE 2 END + 2 * (i / a.count),
         CASE WHEN (i + 1) %% a.count = 0 THEN 2 ELSE 1 END + 2 * (i / a.count),
         CASE WHEN i %% a.count = 0 THEN -a.amount ELSE 0 END,
         CASE WHEN (i + 1) %% a.count = 0 THEN 0 ELSE a.amount END,
         t.at, t.at, (t.at AT TIME ZONE 'Asia/Shanghai')::date, 'payment', '', ''
  FROM (SELECT %(ids)s::uuid[] AS ids, %(count)s::bigint AS count, %(amount)s::bigint AS amount) a
  CROSS JOIN generate_series(%(first)s::bigint, %(last)s::bigint) AS i
  CROSS JOIN LATERAL (SELECT now() - interval '365 days' + i * (interval '364 days' / %(legs)s) AS at) t
"""
"""Money that goes around in a ring of accounts: leg i takes it from account i to the next, so every sequence and every
balance is known without looking, and the ring ends balanced after whole rounds."""

_ACCOUNTS = """
INSERT INTO ledger.account (cell, id, sign, book, code, owner, currency, debits, credits, sequence, booked_at, opened_at)
  SELECT 1, a.id, -1, %(book)s, %(code)s, a.owner, %(currency)s, %(moved)s, %(moved)s, %(sequence)s,
         now() - interval '1 day', now() - interval '365 days'
  FROM unnest(%(ids)s::uuid[], %(owners)s::text[]) AS a (id, owner)
"""
"""The ring's accounts, as they are when the money has gone around."""
CHUNK_COUNT = 1_000_000


async def preload(admin: Database, *, entries: int) -> int:
    """Fill an empty table with about so many entries (two a leg) of ten thousand accounts without limit; returns how many.

    Secondary indexes are taken off while it runs and built again, which takes a third of the time.
    """
    legs = entries // 2 // ACCOUNT_COUNT * ACCOUNT_COUNT
    refs = [account(number, limited=False) for number in range(ACCOUNT_COUNT)]
    ids = [ref.id for ref in refs]
    async with admin.reading() as tx:
        indexes = await tx.all(
            Index,
            "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index"
            " WHERE indrelid = 'ledger.leg'::regclass AND NOT indisprimary",
        )
        await tx.execute("SET maintenance_work_mem = '512MB'")
        for index in indexes:
            await tx.connection.execute(f"DROP INDEX {index.name}".encode())
        for first in range(0, legs, CHUNK_COUNT):
            parameters = {
                "ids": ids,
                "count": ACCOUNT_COUNT,
                "amount": AMOUNT,
                "first": first,
                "last": min(first + CHUNK_COUNT, legs) - 1,
                "legs": legs,
            }
            await tx.execute(_PRELOAD, parameters)
        for index in indexes:
            await tx.connection.execute(index.definition.encode())
        rounds = legs // ACCOUNT_COUNT
        opened = {
            "ids": ids,
            "owners": [ref.owner for ref in refs],
            "book": refs[0].book,
            "code": str(refs[0].code),
            "currency": refs[0].currency,
            "moved": rounds * AMOUNT,
            "sequence": 2 * rounds,
        }
        await tx.execute(_ACCOUNTS, opened)
        await tx.execute("VACUUM ANALYZE ledger.leg")
    await settle(admin)
    return 2 * legs


async def leg_bytes(admin: Database) -> int:
    """Size of the legs' table with everything that belongs to it: heap, indexes, maps."""
    async with admin.reading() as tx:
        return await tx.one(int, "SELECT pg_total_relation_size('ledger.leg')")


async def settle(admin: Database) -> None:
    """Between scenarios: statistics and a checkpoint, so that one does not pay for another."""
    async with admin.reading() as tx:
        await tx.execute("VACUUM ANALYZE ledger.account")
        await tx.execute("ANALYZE ledger.leg")
        await tx.execute("CHECKPOINT")


async def install_pgledger(admin: Database, scripts: Sequence[str], *, accounts: int) -> list[str]:
    """Run pgledger's scripts in a schema of its own and open accounts; returns their ids."""
    async with admin.transaction() as tx:
        await tx.execute("CREATE SCHEMA pgledger")
        await tx.execute("SET LOCAL search_path = pgledger")
        for script in scripts:
            await tx.connection.execute(script.encode())
        return await tx.all(
            str,
            "SELECT a.id FROM generate_series(1, %s) AS n"
            " CROSS JOIN LATERAL pgledger_create_account('bench-' || n, 'CNY') AS a",
            (accounts,),
        )


async def pgledger_transfer(
    tx: Transaction, from_accounts: Sequence[str], to_accounts: Sequence[str], amount: int
) -> None:
    """Its own way of taking many at once: an array of requests."""
    await tx.execute("SET LOCAL search_path = pgledger")
    await tx.execute(
        "SELECT count(*) FROM pgledger_create_transfers((SELECT array_agg((f, t, %s)::transfer_request)"
        " FROM unnest(%s::text[], %s::text[]) AS r (f, t)))",
        (amount, list(from_accounts), list(to_accounts)),
    )


async def pgledger_bytes(admin: Database) -> int:
    """Size of its tables and indexes."""
    async with admin.reading() as tx:
        return await tx.one(
            int,
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'pgledger' AND c.relkind = 'r'",
        )
