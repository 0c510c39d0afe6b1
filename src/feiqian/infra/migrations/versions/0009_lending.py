"""Lending."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
CREATE SCHEMA lending;
GRANT USAGE ON SCHEMA lending TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
