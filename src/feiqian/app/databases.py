"""Where the database is, found out once at start."""

from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from feiqian.infra.postgres import EmbeddedPostgres
from feiqian.infra.settings import Settings


class DatabaseUrls(msgspec.Struct, frozen=True):
    """How the application and how the owner of the schema connect."""

    url: str
    admin_url: str


@contextmanager
def open_database(settings: Settings) -> Generator[DatabaseUrls]:
    """The configured PostgreSQL, or the embedded one for as long as the context lasts.

    Raises: PostgresFailed.
    """
    if settings.database_url is not None:
        yield DatabaseUrls(settings.database_url, settings.database_admin_url or settings.database_url)
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(settings.data_dir) as server:
        yield DatabaseUrls(server.url, server.admin_url)
