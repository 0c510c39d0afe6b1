"""Reconciliation."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE SCHEMA reconciliation;
GRANT USAGE ON SCHEMA reconciliation TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
