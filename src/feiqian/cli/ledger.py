"""`feiqian ledger …`: verify, seal, prove, archive."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import msgspec

from feiqian.app.databases import DatabaseUrls, open_database
from feiqian.app.invariants import DOMAINS
from feiqian.cli.running import run
from feiqian.infra.database import Database
from feiqian.infra.invariants import SAMPLE_COUNT_MAX, Finding, check
from feiqian.infra.settings import Settings
from feiqian.kernel.clock import SystemClock
from feiqian.ledger import (
    KEY_FILE,
    ArchivedBlock,
    ArchiveFailed,
    Block,
    KeyUnusable,
    ProofInvalid,
    SigningKey,
    Verified,
    archive_months,
    check_proof,
    count_transactions,
    find_archive_faults,
    load_key,
    read_public_key,
    seal_all,
    verify_all,
    write_proof,
)

STATEMENT_TIMEOUT_S = 3600
FAULTS_SHOWN = 20
BAR_CELLS = 40
LINES_EVERY_S = 10.0
"""How often progress is told where nobody watches a bar."""


def verify(settings: Settings, arguments: argparse.Namespace) -> int:
    """Recompute the ledger and check every domain's invariants over the whole history; 1 when something is broken."""
    begun = time.monotonic()
    jobs = arguments.jobs or os.cpu_count() or 1
    with open_database(settings) as urls:
        transactions, verified, others, in_files = run(_verify(settings, urls, jobs, arguments.archive))
    findings = [*verified.findings, *others]
    if arguments.archive:
        findings.append(_archive_finding(in_files))
    broken = [finding for finding in findings if finding.violations]
    for finding in findings:
        mark = "BROKEN" if finding.violations else "holds "
        print(f"{mark}  {finding.domain:<14} {finding.name:<32} {finding.english}")
        for sample in finding.sample:
            print(f"        {sample}")
    seconds = time.monotonic() - begun
    if verified.faults:
        print(f"First fault: {verified.faults[0]}")
    print(
        f"{transactions} transactions, {verified.entries} entries, {verified.blocks} blocks, {len(findings)} invariants,"
        f" {len(broken)} broken, {seconds:.1f} s"
    )
    if arguments.json:
        result = {
            "transactions": transactions,
            "entries": verified.entries,
            "blocks": verified.blocks,
            "verified": not broken,
            "broken": [finding.name for finding in broken],
            "faults": [*(str(fault) for fault in verified.faults), *in_files][:FAULTS_SHOWN],
            "seconds": round(seconds, 3),
        }
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
    return 1 if broken else 0


async def _verify(
    settings: Settings, urls: DatabaseUrls, jobs: int, archive_directory: Path | None
) -> tuple[int, Verified, list[Finding], list[str]]:
    database = Database(
        urls.url, cell=settings.cell, connections_max=jobs + 1, statement_timeout_s=STATEMENT_TIMEOUT_S
    )
    async with database:
        verified = await verify_all(database, jobs=jobs, progress=_shown())
        async with database.transaction() as tx:
            others = [
                finding
                for domain, invariants in DOMAINS.items()
                for finding in await check(tx, domain=domain, invariants=invariants)
            ]
            in_files = (
                [fault async for fault in find_archive_faults(tx, archive_directory)]
                if archive_directory
                else []
            )
            return await count_transactions(tx), verified, others, in_files


def _archive_finding(faults: list[str]) -> Finding:
    return Finding(
        name="ledger_archive_holds",
        domain="ledger",
        english="Every archived leg is in its file as it was sealed.",
        chinese="每条归档分录与其封存时一致。",
        violations=len(faults),
        sample=faults[:SAMPLE_COUNT_MAX],
    )


def seal(settings: Settings, _: argparse.Namespace) -> int:
    """Seal now what has been posted since the last block."""
    with open_database(settings) as urls:
        blocks = run(_seal(settings, urls))
    for block in blocks:
        print(f"{block.book}  block {block.number}  {block.legs} legs  root {block.root.hex()}")
    print(f"{len(blocks)} blocks sealed.")
    return 0


async def _seal(settings: Settings, urls: DatabaseUrls) -> list[Block]:
    async with Database(urls.url, cell=settings.cell, statement_timeout_s=STATEMENT_TIMEOUT_S) as database:
        return await seal_all(database, clock=SystemClock())


def archive(settings: Settings, arguments: argparse.Namespace) -> int:
    """Move the legs of whole months, sealed and checked, into Parquet files."""
    directory = arguments.directory or settings.data_dir / "archive"
    try:
        with open_database(settings) as urls:
            rows = run(_archive(settings, urls, directory, arguments.through))
    except ArchiveFailed as error:
        print(f"feiqian: {error}", file=sys.stderr)
        return 1
    for name, group in groupby(rows, key=lambda row: row.file):
        members = list(group)
        print(f"{directory / name}  {len(members)} blocks, {sum(row.legs for row in members)} legs")
    print(f"{sum(row.legs for row in rows)} legs archived.")
    return 0


async def _archive(
    settings: Settings, urls: DatabaseUrls, directory: Path, through: date
) -> list[ArchivedBlock]:
    # The application may not delete history: only the owner of the schema may.
    database = Database(
        urls.admin_url, cell=settings.cell, role=None, statement_timeout_s=STATEMENT_TIMEOUT_S
    )
    async with database:
        return await archive_months(database, directory=directory, through=through, clock=SystemClock())


def proof(settings: Settings, arguments: argparse.Namespace) -> int:
    """Write a signed proof of a period of a book."""
    key_file = settings.seal_key_file or settings.data_dir / KEY_FILE
    unfinished = arguments.output.with_name(arguments.output.name + ".part")
    try:
        key = load_key(key_file, make=settings.seal_key_file is None)
        with open_database(settings) as urls, unfinished.open("wb") as output:
            blocks = run(_proof(settings, urls, arguments, key, output))
        unfinished.rename(arguments.output)
    except (KeyUnusable, ProofInvalid) as error:
        print(f"feiqian: {error}", file=sys.stderr)
        return 1
    print(f"{blocks} blocks of book {arguments.book} in {arguments.output}")
    print(f"public key {key.public.hex()}")
    return 0


async def _proof(
    settings: Settings, urls: DatabaseUrls, arguments: argparse.Namespace, key: SigningKey, output: BinaryIO
) -> int:
    database = Database(urls.url, cell=settings.cell, statement_timeout_s=STATEMENT_TIMEOUT_S)
    async with database, database.snapshot() as tx:
        return await write_proof(
            tx,
            book=arguments.book,
            first=arguments.first,
            last=arguments.last,
            with_legs=arguments.with_legs,
            now=SystemClock().now(),
            key=key,
            output=output,
        )


def check_proof_file(_: Settings, arguments: argparse.Namespace) -> int:
    """Check a proof without a database, and say what it proves; 1 when it proves nothing."""
    try:
        with arguments.file.open("rb") as lines:
            proven = check_proof(lines, public_key=read_public_key(arguments.public_key))
    except (KeyUnusable, ProofInvalid, OSError) as error:
        print(f"NOT PROVEN  {arguments.file}: {error}", file=sys.stderr)
        return 1
    opening = proven.opening
    print(f"PROVEN  signed by {proven.public_key.hex()}, made at {opening.made_at.isoformat()}")
    print(f"Book {opening.book} of cell {opening.cell}, {opening.first_date} to {opening.last_date}:")
    if not proven.first_block:
        print("  no block has an entry of these dates")
        return 0
    print(f"  blocks {proven.first_block} to {proven.last_block} follow each other without a gap")
    print(f"  from root {proven.previous.hex()}")
    print(f"  to root   {proven.root.hex()}")
    print(f"  the counters of {proven.accounts} accounts are those that were sealed")
    if opening.with_legs:
        print(f"  {proven.legs} legs are those that were sealed, and lead to these counters")
    return 0


def _shown() -> Callable[[int, int], None]:
    """Progress as a bar for a person at a terminal, else as a line now and then."""
    begun = told = time.monotonic()
    watched = sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        nonlocal told
        now = time.monotonic()
        speed = done / max(now - begun, 0.001)
        text = f"{done:,} of {total:,} entries, {speed:,.0f}/s"
        if watched:
            filled = BAR_CELLS * done // total if total else BAR_CELLS
            end = "\n" if done >= total else ""
            print(f"\r[{'#' * filled:<{BAR_CELLS}}] {text} ", end=end, file=sys.stderr, flush=True)
        elif now - told >= LINES_EVERY_S:
            told = now
            print(text, file=sys.stderr, flush=True)

    return show
