"""`feiqian ledger verify`."""

import argparse
import sys
import time

import msgspec

from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.app.invariants import check_all
from feiqian.cli.running import run
from feiqian.infra.database import Database
from feiqian.infra.invariants import Finding
from feiqian.infra.settings import Settings
from feiqian.ledger import count_transactions

STATEMENT_TIMEOUT_S = 3600


def verify(settings: Settings, arguments: argparse.Namespace) -> int:
    """Check every standing invariant over the whole history; 1 when one is broken."""
    begun = time.monotonic()
    with open_database(settings) as urls:
        transactions, findings = run(_verify(settings, urls))
    broken = [finding for finding in findings if finding.violations]
    for finding in findings:
        mark = "BROKEN" if finding.violations else "holds "
        print(f"{mark}  {finding.domain:<14} {finding.name:<32} {finding.english}")
        for sample in finding.sample:
            print(f"        {sample}")
    seconds = time.monotonic() - begun
    print(f"{transactions} transactions, {len(findings)} invariants, {len(broken)} broken, {seconds:.1f} s")
    if arguments.json:
        result = {
            "transactions": transactions,
            "verified": not broken,
            "broken": [finding.name for finding in broken],
            "seconds": round(seconds, 3),
        }
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 1 if broken else 0


async def _verify(settings: Settings, urls: DatabaseUrls) -> tuple[int, list[Finding]]:
    database = Database(urls.url, cell=settings.cell, statement_timeout_s=STATEMENT_TIMEOUT_S)
    async with database, database.transaction() as tx:
        return await count_transactions(tx), await check_all(tx)
