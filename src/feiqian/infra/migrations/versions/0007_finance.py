"""Finance: accounting vouchers and their numbers."""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
CREATE SCHEMA finance;
GRANT USAGE ON SCHEMA finance TO feiqian_app;

-- How far vouchers are written. Its lock lets one writer at a time compare the ledger with what is written.
CREATE TABLE finance.progress (
  cell            smallint NOT NULL PRIMARY KEY,
  written_through date,         -- every date up to this one has its vouchers; null before the first
  checked_at      timestamptz   -- when the vouchers last equalled the ledger; later facts await the next writing
);

-- The newest number of each book and month: taken with its row locked, so that numbers have no gaps.
CREATE TABLE finance.voucher_counter (
  cell   smallint NOT NULL,
  book   text     NOT NULL,
  month  date     NOT NULL,  -- its first day
  newest integer  NOT NULL,
  PRIMARY KEY (cell, book, month)
);

-- An accounting voucher (记账凭证): what one kind of ledger transaction moved on one business date.
CREATE TABLE finance.voucher (
  cell            smallint    NOT NULL,
  id              uuid        NOT NULL,  -- derived from book, day, kind, currency and supplement
  book            text        NOT NULL,  -- whose books: 'platform' or 'funder:<number>'
  month           date        NOT NULL,  -- first day of the month in which it is numbered
  sequence        integer     NOT NULL CHECK (sequence > 0),  -- 1, 2, 3 ... in book and month
  day             date        NOT NULL,  -- the business date of its ledger transactions
  kind            text        NOT NULL,  -- the kind of its ledger transactions
  currency        text        NOT NULL,
  supplement      integer     NOT NULL CHECK (supplement >= 0),  -- 0: the day's own; 1, 2 ...: facts that came later
  summary_chinese text        NOT NULL,
  summary_english text        NOT NULL,
  total           bigint      NOT NULL CHECK (total > 0),  -- of its debits, equal to that of its credits
  transactions    integer     NOT NULL,  -- how many ledger transactions it stands for
  written_at      timestamptz NOT NULL,
  PRIMARY KEY (cell, id),
  UNIQUE (cell, month, sequence, book),
  UNIQUE (cell, day, book, kind, currency, supplement)
);

CREATE TABLE finance.voucher_line (
  cell    smallint NOT NULL,
  voucher uuid     NOT NULL,
  line    integer  NOT NULL,  -- 1, 2, 3 ...; debits first
  code    text     NOT NULL,  -- the ledger's account code
  subject text     NOT NULL,  -- the accountants' number for it when this was written
  debit   bigint   NOT NULL CHECK (debit >= 0),
  credit  bigint   NOT NULL CHECK (credit >= 0),
  memo    text     NOT NULL,
  PRIMARY KEY (cell, voucher, line),
  CHECK ((debit > 0) <> (credit > 0))
);

GRANT SELECT, INSERT ON finance.voucher, finance.voucher_line TO feiqian_app;
GRANT SELECT, INSERT, UPDATE ON finance.progress, finance.voucher_counter TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
