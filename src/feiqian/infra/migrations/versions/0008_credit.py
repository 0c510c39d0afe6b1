"""Credit."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
CREATE SCHEMA credit;
GRANT USAGE ON SCHEMA credit TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
