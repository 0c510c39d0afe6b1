"""The ledger: accounts, transactions, entries. Every key starts with the cell; no sequences, triggers, EXCLUDE."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO feiqian_app;

CREATE TABLE ledger.account (
  cell      smallint NOT NULL,
  id        uuid     NOT NULL,  -- derived from book, code, owner, currency (UUIDv8)
  book      text     NOT NULL,  -- whose books: 'platform' or 'funder:<number>'
  code      text     NOT NULL,  -- what it is for: the chart of accounts
  owner     text     NOT NULL,  -- whose account of that kind
  currency  text     NOT NULL,  -- ISO 4217
  debits    bigint   NOT NULL DEFAULT 0 CHECK (debits >= 0),   -- all debits ever posted, minor units
  credits   bigint   NOT NULL DEFAULT 0 CHECK (credits >= 0),  -- all credits ever posted
  sequence  bigint   NOT NULL DEFAULT 0,                       -- number of its newest entry
  opened_at timestamptz NOT NULL,
  PRIMARY KEY (cell, id)
) WITH (fillfactor = 50);
CREATE INDEX account_by_code ON ledger.account (cell, code, owner);

CREATE TABLE ledger.transaction (
  cell          smallint    NOT NULL,
  id            uuid        NOT NULL,  -- the caller's: the idempotency key
  kind          text        NOT NULL,  -- payment, refund, settlement, loan_draw ...
  business_date date        NOT NULL,  -- the day it belongs to in the books
  effective_at  timestamptz NOT NULL,  -- when it happened outside
  booked_at     timestamptz NOT NULL,  -- when it was posted here
  reference     text        NOT NULL,  -- the object it is about
  memo          text        NOT NULL,
  reverses      uuid,                  -- the transaction it takes back
  debits        uuid[]      NOT NULL,  -- leg i moves amounts[i] from the debit of debits[i] ...
  credits       uuid[]      NOT NULL,  -- ... to the credit of credits[i]
  amounts       bigint[]    NOT NULL,
  PRIMARY KEY (cell, id)
);
CREATE INDEX transaction_by_date ON ledger.transaction (cell, business_date);

CREATE TABLE ledger.entry (
  cell          smallint NOT NULL,
  account       uuid     NOT NULL,
  sequence      bigint   NOT NULL,  -- 1, 2, 3 ... without gaps in the account
  transaction   uuid     NOT NULL,
  amount        bigint   NOT NULL,  -- signed in the account's own direction
  balance       bigint   NOT NULL,  -- after this entry
  business_date date     NOT NULL,
  PRIMARY KEY (cell, account, sequence)
);

GRANT SELECT, INSERT ON ledger.account, ledger.transaction, ledger.entry TO feiqian_app;
-- Rows of history cannot be changed by the application; only an account's counters can.
GRANT UPDATE (debits, credits, sequence) ON ledger.account TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
