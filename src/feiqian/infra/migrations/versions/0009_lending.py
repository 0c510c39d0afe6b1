"""Lending: products, funders and their deposits, loans, repayments; and the product that a new house starts with."""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
CREATE SCHEMA lending;
GRANT USAGE ON SCHEMA lending TO feiqian_app;

-- The terms on which is lent, by date: a change is a new row, and a loan keeps the terms of the day it was drawn on.
-- Reference data, the same in every cell.
CREATE TABLE lending.product (
  code            text          NOT NULL,
  valid_from      date          NOT NULL,  -- loans drawn on that business date and later, until the next row
  name_chinese    text          NOT NULL,
  name_english    text          NOT NULL,
  annual_rate     numeric(9, 8) NOT NULL CHECK (annual_rate > 0),
  penalty_rate    numeric(9, 8) NOT NULL CHECK (penalty_rate >= annual_rate),  -- in its place on what is overdue
  day_count       text          NOT NULL CHECK (day_count IN ('ACT/365')),
  term_days       integer       NOT NULL CHECK (term_days > 0),
  repayment_share numeric(9, 8) NOT NULL CHECK (repayment_share > 0 AND repayment_share <= 1),  -- of each settlement
  amount_min      bigint        NOT NULL CHECK (amount_min > 0),               -- smallest draw, fen
  PRIMARY KEY (code, valid_from)
);

-- Who lends.
CREATE TABLE lending.funder (
  cell       smallint    NOT NULL,
  funder_no  text        NOT NULL,  -- owns its ledger accounts and names its book
  name       text        NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (cell, funder_no)
);

-- Money that a funder has put in.
CREATE TABLE lending.deposit (
  cell         smallint    NOT NULL,
  funder_no    text        NOT NULL,
  deposit_no   text        NOT NULL,  -- the funder's number: the idempotency key
  currency     text        NOT NULL,
  amount       bigint      NOT NULL CHECK (amount > 0),
  deposited_at timestamptz NOT NULL,
  PRIMARY KEY (cell, funder_no, deposit_no)
);

-- A draw and its terms. What is owed is in the ledger, on the accounts that the loan's id owns.
CREATE TABLE lending.loan (
  cell               smallint       NOT NULL,
  id                 uuid           NOT NULL,
  platform           uuid           NOT NULL,
  loan_no            text           NOT NULL,  -- the platform's number: the idempotency key
  merchant           uuid           NOT NULL,
  funder_no          text           NOT NULL,
  currency           text           NOT NULL,
  principal          bigint         NOT NULL CHECK (principal > 0),  -- as drawn
  product            text           NOT NULL,
  annual_rate        numeric(9, 8)  NOT NULL,
  penalty_rate       numeric(9, 8)  NOT NULL,
  day_count          text           NOT NULL,
  repayment_share    numeric(9, 8)  NOT NULL,
  drawn_at           timestamptz    NOT NULL,
  drawn_on           date           NOT NULL,  -- business date; the first day that bears interest
  due_on             date           NOT NULL,  -- the first day that bears penalty interest if it is not repaid
  decision           uuid           NOT NULL,  -- the credit decision it was drawn under
  line_limit         bigint         NOT NULL,  -- that decision's limit
  state              text           NOT NULL CHECK (state IN ('active', 'overdue', 'repaid')),
  accrued_through    date,                     -- last day whose interest is posted; null before the first
  interest_numerator numeric(40, 0) NOT NULL DEFAULT 0,  -- exact interest so far, in fen / (365 x 10^8)
  penalty_numerator  numeric(40, 0) NOT NULL DEFAULT 0,  -- exact penalty interest so far, likewise
  repaid_on          date,
  PRIMARY KEY (cell, id),
  UNIQUE (cell, platform, loan_no),
  CHECK ((state = 'repaid') = (repaid_on IS NOT NULL))
);
CREATE INDEX loan_of_merchant ON lending.loan (cell, merchant);
CREATE INDEX loan_open ON lending.loan (cell, merchant) WHERE state <> 'repaid';

-- An instruction to repay; which part of what it paid is in the ledger.
CREATE TABLE lending.repayment (
  cell          smallint    NOT NULL,
  id            uuid        NOT NULL,  -- derived from the settlement, or from the loan and the repayment's number
  source        text        NOT NULL CHECK (source IN ('settlement', 'merchant')),
  merchant      uuid        NOT NULL,
  loan          uuid,                  -- null: every open loan of the merchant, oldest first
  repayment_no  text,                  -- the merchant's number; null for a settlement
  settlement    uuid,                  -- the settlement whose share this is
  amount        bigint      NOT NULL CHECK (amount >= 0),  -- the most that it may take
  repaid_at     timestamptz NOT NULL,
  PRIMARY KEY (cell, id)
);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA lending TO feiqian_app;
GRANT UPDATE (state, accrued_through, interest_numerator, penalty_numerator, repaid_on) ON lending.loan TO feiqian_app;
"""

# 0.03 % a day; penalty 1.5 times the rate, the most that 银发〔2003〕251号 allows (30 % to 50 % on top).
FIRST_PRODUCT = """
INSERT INTO lending.product VALUES
  ('merchant_flow', DATE '2000-01-01', '商户流水贷', 'Trade-flow loan', 0.1095, 0.16425, 'ACT/365', 30, 0.20, 10000);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FIRST_PRODUCT)
