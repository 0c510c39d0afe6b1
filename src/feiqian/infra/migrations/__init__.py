"""Schema migrations: hand-written SQL under Alembic, run by `feiqian migrate` as the owner of the schema."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool


def migrate(admin_url: str) -> None:
    """Bring the schema to the newest revision. Two at once wait for each other."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(admin_url), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
