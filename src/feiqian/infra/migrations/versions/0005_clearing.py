"""Clearing."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE SCHEMA clearing;
GRANT USAGE ON SCHEMA clearing TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
