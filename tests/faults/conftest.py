"""A PostgreSQL that a test may break."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from feiqian.infra.migrations import migrate
from feiqian.infra.postgres import EmbeddedPostgres

pytest.register_assert_rewrite("tests.faults.settling")


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A directory that the account which runs PostgreSQL may enter."""
    with tempfile.TemporaryDirectory(prefix="feiqian-test-") as name:
        place = Path(name)
        place.chmod(0o755)
        yield place


@pytest.fixture
def server(public_dir: Path) -> Iterator[EmbeddedPostgres]:
    """Of this test alone, migrated."""
    with EmbeddedPostgres(public_dir) as started:
        migrate(started.admin_url)
        yield started
