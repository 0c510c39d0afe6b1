"""Payments."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE SCHEMA payments;
GRANT USAGE ON SCHEMA payments TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
