"""The disk is full: PostgreSQL can write no more, and later can again.

No file system is filled, which would need rights that a test may not have. Where the write-ahead log has no room, the
kernel's limit on the size of files refuses the server's writes; where a table has none, its file leads to /dev/full.
"""

import contextlib
import resource
import subprocess
from collections.abc import Generator
from pathlib import Path

import psutil
import psycopg
import pytest

from feiqian.infra.database import Database, DatabaseUnavailable
from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.ledger import post
from tests.conftest import NOW
from tests.faults.orders import Batch
from tests.faults.settling import assert_settled, loading, recorded

pytestmark = pytest.mark.anyio

SEGMENT_BYTES = 16 << 20
"""Of the log."""
FILE_BYTES_MAX = 4 << 20
"""More than any table has here, less than the log has written of its segment."""


def fill_log(server: EmbeddedPostgres) -> None:
    """Let no more of the log's segment be written: every process of the server is limited to what tables need."""
    with psycopg.connect(server.admin_url) as admin:
        row = admin.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint").fetchone()
        assert row is not None
        ahead = (SEGMENT_BYTES // 2 - row[0]) % SEGMENT_BYTES
        admin.execute("SELECT pg_logical_emit_message(false, 'fill', repeat('x', %s), true)", (ahead,))
    limit_files(server, FILE_BYTES_MAX)


def limit_files(server: EmbeddedPostgres, size_bytes: int | None) -> None:
    """No process of the server may write beyond so many bytes of a file; None: as far as it likes."""
    assert server.process_id is not None
    postmaster = psutil.Process(server.process_id)
    pids = [postmaster.pid, *(child.pid for child in postmaster.children(recursive=True))]

    def limit() -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(
                    pid, resource.RLIMIT_FSIZE, (most if size_bytes is None else size_bytes, most)
                )

    # A process may limit others of its own user and group: that is who this child is when it does.
    user, group = postmaster.uids().real, postmaster.gids().real
    subprocess.run(["true"], user=user, group=group, preexec_fn=limit, check=True, cwd="/")


@contextlib.contextmanager
def without_room_for(server: EmbeddedPostgres, table: str) -> Generator[None]:
    """An empty table whose file cannot grow. The server is stopped to make it so, and to make it grow again."""
    with psycopg.connect(server.admin_url) as admin:
        row = admin.execute(
            "SELECT current_setting('data_directory'), pg_relation_filepath(%s)", (table,)
        ).fetchone()
    assert row is not None
    file = Path(row[0]) / row[1]
    aside = file.with_name("aside")
    server.stop()
    assert file.stat().st_size == 0
    file.rename(aside)
    file.symlink_to("/dev/full")
    server.start()
    try:
        yield
    finally:
        server.stop()
        file.unlink()
        aside.rename(file)
        server.start()


class TestADiskThatIsFull:
    async def test_of_the_log_stops_the_server_until_there_is_room(
        self, server: EmbeddedPostgres, public_dir: Path, tmp_path: Path
    ) -> None:
        with loading(server.url, tmp_path) as load:
            await load.acknowledged(10)
            fill_log(server)
            await load.refused(1)
            assert "PANIC:  could not write to log file" in (public_dir / "postgres.log").read_text()
            # Nobody does more than make room: the server tries to recover until it can.
            limit_files(server, None)
            await load.acknowledged(10)
            await load.finish()
        assert set(load.journal.refusals()) == {"database_unavailable"}
        async with Database(server.url) as database:
            await assert_settled(database, load.journal)

    async def test_of_a_table_refuses_what_has_no_room_and_takes_it_later(
        self, server: EmbeddedPostgres, tmp_path: Path
    ) -> None:
        with without_room_for(server, "ledger.leg"):
            async with Database(server.url) as database:
                transactions = Batch(0, 0).transactions()
                with pytest.raises(DatabaseUnavailable) as refusal:
                    await database.run(lambda tx: post(tx, now=NOW, transactions=transactions))
                assert "No space left on device" in str(refusal.value.__cause__)
                assert await recorded(database) == {}
            with loading(server.url, tmp_path) as load:
                await load.refused(6)
                load.kill()
        with loading(server.url, tmp_path) as load:
            await load.acknowledged(12)
            await load.finish()
        async with Database(server.url) as database:
            await assert_settled(database, load.journal)
