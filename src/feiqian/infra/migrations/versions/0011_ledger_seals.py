"""Sealed blocks of the ledger, and the record of what was moved out of it into files.

A block covers, of each account that moved, the entries from where the block before ended; a leg is in the block that
covers the sequence of the account it debits. What a block covers lies in one calendar month.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

SEALS = """
CREATE TABLE ledger.block (
  cell      smallint    NOT NULL,
  book      text        NOT NULL,
  number    bigint      NOT NULL,  -- 1, 2, 3 ... in its book
  sealed_at timestamptz NOT NULL,
  first_at  timestamptz NOT NULL,  -- when the oldest entry in it was booked
  last_at   timestamptz NOT NULL,  -- when the newest entry in it was booked; in the same month
  legs      bigint      NOT NULL,
  accounts  bigint      NOT NULL,  -- rows of ledger.block_account
  previous  bytea       NOT NULL CHECK (length(previous) = 32),  -- root of the block before; of the first: 32 zero bytes
  content   bytea       NOT NULL CHECK (length(content) = 32),   -- SHA-256 over the SHA-256 of each of its accounts' rows
  root      bytea       NOT NULL CHECK (length(root) = 32),      -- SHA-256 over everything above
  PRIMARY KEY (cell, book, number)
);

CREATE TABLE ledger.block_account (
  cell         smallint    NOT NULL,
  account      uuid        NOT NULL,
  last         bigint      NOT NULL,  -- sequence of the newest entry that this row covers
  first        bigint      NOT NULL,  -- and of the oldest
  block        bigint      NOT NULL,
  debits       bigint      NOT NULL,  -- the account's counters after the entry `last`
  credits      bigint      NOT NULL,
  held_debits  bigint      NOT NULL,
  held_credits bigint      NOT NULL,
  booked_at    timestamptz NOT NULL,  -- of the entry `last`
  book         text        NOT NULL,
  digest       bytea       NOT NULL CHECK (length(digest) = 32),  -- SHA-256 over the SHA-256 of each leg that debits it
  marks        bytea       NOT NULL,  -- the first 8 bytes of the SHA-256 of each of these legs, so that one can be named
  PRIMARY KEY (cell, account, last)
);
CREATE UNIQUE INDEX block_account_by_block ON ledger.block_account (cell, book, block, account, last);
ALTER TABLE ledger.block_account ALTER COLUMN marks SET STORAGE EXTERNAL;

GRANT SELECT, INSERT ON ledger.block, ledger.block_account TO feiqian_app;
"""

ARCHIVE = """
CREATE TABLE ledger.archive (
  cell        smallint    NOT NULL,
  book        text        NOT NULL,
  block       bigint      NOT NULL,  -- whose legs were moved into a file
  month       date        NOT NULL,  -- first day of the month in which they were booked
  archived_at timestamptz NOT NULL,
  legs        bigint      NOT NULL,
  file        text        NOT NULL,  -- below the archive's directory
  PRIMARY KEY (cell, book, block)
);

CREATE TABLE ledger.opening (
  cell         smallint    NOT NULL,
  account      uuid        NOT NULL,
  sequence     bigint      NOT NULL,  -- of the newest entry that was archived: history goes on with the next
  debits       bigint      NOT NULL,  -- the counters after it
  credits      bigint      NOT NULL,
  held_debits  bigint      NOT NULL,
  held_credits bigint      NOT NULL,
  booked_at    timestamptz NOT NULL,
  PRIMARY KEY (cell, account)
);

CREATE TABLE ledger.archived_total (
  cell          smallint NOT NULL,
  account       uuid     NOT NULL,
  business_date date     NOT NULL,
  kind          text     NOT NULL,
  debits        bigint   NOT NULL,  -- what archived legs of that date and kind posted
  credits       bigint   NOT NULL,
  transactions  bigint   NOT NULL,
  PRIMARY KEY (cell, account, business_date, kind)
);
CREATE INDEX archived_total_by_date ON ledger.archived_total (cell, business_date);

CREATE TABLE ledger.archived_transaction (
  cell    smallint NOT NULL,
  id      uuid     NOT NULL,  -- stays taken: it is never posted again
  month   date     NOT NULL,  -- of the file that has it
  content bytea    NOT NULL,  -- 4 bytes of the hash of each field that is compared when the id comes again
  PRIMARY KEY (cell, id)
);

CREATE TABLE ledger.archived_hold (
  cell     smallint NOT NULL,
  id       uuid     NOT NULL,
  amount   bigint   NOT NULL DEFAULT 0,  -- what the archived leg that opened it held
  captured bigint   NOT NULL DEFAULT 0,  -- what archived legs captured of it
  released bigint   NOT NULL DEFAULT 0,  -- what archived legs let go
  PRIMARY KEY (cell, id)
);

CREATE VIEW ledger.moved AS
  SELECT cell, debit AS account, business_date, kind, amount AS debits, 0::bigint AS credits, transaction, booked_at
  FROM ledger.leg WHERE action IN (0, 2)
  UNION ALL
  SELECT cell, credit, business_date, kind, 0, amount, transaction, booked_at FROM ledger.leg WHERE action IN (0, 2)
  UNION ALL
  SELECT cell, account, business_date, kind, debits, credits, NULL, NULL FROM ledger.archived_total;
COMMENT ON VIEW ledger.moved IS
  'All that was ever posted, by account, business date and kind; archived postings as sums, without a transaction.';

GRANT SELECT ON ledger.moved TO feiqian_app;
GRANT SELECT ON ledger.archive, ledger.opening, ledger.archived_total, ledger.archived_transaction, ledger.archived_hold
  TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(SEALS)
    op.execute(ARCHIVE)
