"""What the last check of the standing invariants found: seen by every process and after a restart."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLES = """
CREATE SCHEMA standing;
GRANT USAGE ON SCHEMA standing TO feiqian_app;

-- A rule of a domain, and what its last check found.
CREATE TABLE standing.invariant (
  cell         smallint    NOT NULL,
  name         text        NOT NULL,
  number       smallint    NOT NULL,  -- its place in the order of checking
  domain       text        NOT NULL,
  english      text        NOT NULL,
  chinese      text        NOT NULL,
  violations   bigint      NOT NULL,  -- rows that break it
  sample       jsonb       NOT NULL,  -- the first of them, as text
  broken_since timestamptz,           -- the first of the checks in a row that found it broken; NULL while it holds
  checked_at   timestamptz NOT NULL,
  took_ms      bigint      NOT NULL,  -- the check of all rules together
  PRIMARY KEY (cell, name)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON standing.invariant TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
