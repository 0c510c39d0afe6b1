"""Schema migrations: hand-written SQL under Alembic, run by `feiqian migrate` as the owner of the schema."""

from pathlib import Path

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from feiqian.infra.database import DatabaseUnavailable
from feiqian.infra.migrations.distribute import distribute

log = structlog.get_logger(__name__)


def migrate(admin_url: str, *, revision: str = "head") -> None:
    """Bring the schema to a revision, the newest unless told otherwise. Two at once wait for each other.

    Raises: DatabaseUnavailable.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(admin_url), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    try:
        connection = engine.connect()
    except OperationalError as error:
        log.warning("database_unavailable", error=str(error.orig))
        raise DatabaseUnavailable from error
    with connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        distribute(connection)
    engine.dispose()
