"""Clearing: which days are closed and what each merchant was settled."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE SCHEMA clearing;
GRANT USAGE ON SCHEMA clearing TO feiqian_app;

-- A trade date whose pending money has been settled. Dates are closed in order, once.
CREATE TABLE clearing.day (
  cell       smallint    NOT NULL,
  trade_date date        NOT NULL,
  currency   text        NOT NULL,
  merchants  integer     NOT NULL,  -- how many had something to settle
  amount     bigint      NOT NULL,  -- what became available, less what was taken back, minor units
  closed_at  timestamptz NOT NULL,
  PRIMARY KEY (cell, trade_date, currency)
);

-- One merchant's settlement of one trade date.
CREATE TABLE clearing.settlement (
  cell       smallint NOT NULL,
  id         uuid     NOT NULL,  -- also the ledger transaction
  trade_date date     NOT NULL,
  currency   text     NOT NULL,
  merchant   uuid     NOT NULL,
  amount     bigint   NOT NULL,  -- > 0: pending became available; < 0: refunds took available back
  settled_on date     NOT NULL,  -- the business date of the ledger transaction
  PRIMARY KEY (cell, id),
  UNIQUE (cell, trade_date, currency, merchant)
);
CREATE INDEX settlement_by_booking ON clearing.settlement (cell, settled_on);
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA clearing TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
