"""Finance."""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
CREATE SCHEMA finance;
GRANT USAGE ON SCHEMA finance TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
