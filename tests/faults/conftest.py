"""A PostgreSQL that a test may break."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres

pytest.register_assert_rewrite("tests.faults.settling")


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Of this test alone, migrated, in a directory that the account which runs PostgreSQL may enter."""
    with tempfile.TemporaryDirectory(prefix="feiqian-test-") as name:
        Path(name).chmod(0o755)
        with EmbeddedPostgres(Path(name)) as started:
            migrate(started.admin_url)
            yield started
