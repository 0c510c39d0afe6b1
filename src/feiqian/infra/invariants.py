"""Standing invariants: SELECTs that must return no row. Each domain lists its own; tests, the demo and people run all."""

from collections.abc import Iterable, Mapping
from typing import LiteralString

import msgspec
from psycopg.rows import dict_row

from feiqian.infra.database import Transaction

SAMPLE_COUNT_MAX = 5


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """One statement about the data that must always be true. ``sql`` returns the rows that break it."""

    name: str
    english: str
    chinese: str
    sql: LiteralString


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Result of checking one invariant; ``violations`` is 0 when it holds."""

    name: str
    domain: str
    english: str
    chinese: str
    violations: int
    sample: list[str]


async def check(
    tx: Transaction,
    *,
    domain: str,
    invariants: Iterable[Invariant],
    parameters: Mapping[str, object] | None = None,
) -> list[Finding]:
    """Run the invariants of a domain. Their SQL may use ``%(cell)s`` and what ``parameters`` names."""
    findings: list[Finding] = []
    for invariant in invariants:
        async with tx.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(invariant.sql, {"cell": tx.cell, **(parameters or {})})
            rows = await cursor.fetchall()
        findings.append(
            Finding(
                name=invariant.name,
                domain=domain,
                english=invariant.english,
                chinese=invariant.chinese,
                violations=len(rows),
                sample=[", ".join(f"{k}={v}" for k, v in row.items()) for row in rows[:SAMPLE_COUNT_MAX]],
            )
        )
    return findings
