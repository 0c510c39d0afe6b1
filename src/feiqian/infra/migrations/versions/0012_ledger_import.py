"""Bulk imports of history into the ledger: how far each has come, and the rows that were refused."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
CREATE TABLE ledger.import (
  cell           smallint    NOT NULL,
  id             uuid        NOT NULL,  -- the caller's
  book           text        NOT NULL,  -- that it posts into
  format         text        NOT NULL,  -- csv, ndjson
  opens_accounts boolean     NOT NULL,  -- whether accounts that are missing are opened
  state          text        NOT NULL,  -- running: the same file may be sent again to go on; finished: all of it is done
  lines          bigint      NOT NULL DEFAULT 0,  -- lines of the file that are done, a header and empty ones among them
  size_bytes     bigint      NOT NULL DEFAULT 0,  -- of those lines
  fingerprint    bytea       NOT NULL,            -- SHA-256 of those lines
  posted         bigint      NOT NULL DEFAULT 0,  -- rows that moved counters
  existing       bigint      NOT NULL DEFAULT 0,  -- rows that had been posted before
  refused        bigint      NOT NULL DEFAULT 0,  -- rows that were refused, each with a row in ledger.import_refusal
  started_by     text        NOT NULL,            -- who asked, as they are known outside
  started_at     timestamptz NOT NULL,
  progressed_at  timestamptz NOT NULL,
  finished_at    timestamptz,
  PRIMARY KEY (cell, id)
);
CREATE INDEX import_by_book ON ledger.import (cell, book, id);

CREATE TABLE ledger.import_refusal (
  cell    smallint NOT NULL,
  import  uuid     NOT NULL,
  line    bigint   NOT NULL,  -- of the file, from 1
  code    text     NOT NULL,
  english text     NOT NULL,  -- why, and what to do
  chinese text     NOT NULL,
  content text     NOT NULL,  -- the line, or its beginning
  PRIMARY KEY (cell, import, line)
);

GRANT SELECT, INSERT ON ledger.import, ledger.import_refusal TO feiqian_app;
GRANT UPDATE (state, lines, size_bytes, fingerprint, posted, existing, refused, progressed_at, finished_at)
  ON ledger.import TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
