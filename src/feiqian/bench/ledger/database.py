"""A database of the bench's own: tuned as docs/operating/database.md says for a machine of this size, thrown away after."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres

SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "wal_buffers": "64MB"}
"""Over the embedded defaults; fsync and synchronous_commit stay on."""


@contextmanager
def own_database() -> Generator[EmbeddedPostgres]:
    """A migrated database in a temporary place."""
    with tempfile.TemporaryDirectory(prefix="feiqian-bench-") as name:
        place = Path(name)
        # PostgreSQL may run under another account, which has to reach its files.
        place.chmod(0o755)
        with EmbeddedPostgres(place, settings=SETTINGS) as server:
            migrate(server.admin_url)
            yield server
