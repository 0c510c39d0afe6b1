"""Reconciliation: days, their runs, every line of both sides, and what bills have confirmed."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE SCHEMA reconciliation;
GRANT USAGE ON SCHEMA reconciliation TO feiqian_app;

-- One row a channel: its lock makes runs follow one another, as neighbouring days look at each other's lines.
CREATE TABLE reconciliation.channel (
  cell    smallint NOT NULL,
  channel text     NOT NULL,  -- wechatpay
  PRIMARY KEY (cell, channel)
);

-- A day of a channel that was compared with its bill, or failed to be.
CREATE TABLE reconciliation.day (
  cell        smallint    NOT NULL,
  channel     text        NOT NULL,
  day         date        NOT NULL,  -- the channel's day: Beijing time
  runs        integer     NOT NULL,  -- how often it was tried
  run         integer,               -- the run whose lines count; null until one had a whole bill
  error_code  text,                  -- why the newest run failed; null when it did not
  error       text,
  finished_at timestamptz NOT NULL,  -- of the newest run
  PRIMARY KEY (cell, channel, day)
);

-- Every try, kept when a later one replaces it.
CREATE TABLE reconciliation.run (
  cell        smallint    NOT NULL,
  channel     text        NOT NULL,
  day         date        NOT NULL,
  run         integer     NOT NULL,  -- 1, 2, 3 ...
  bill_lines  integer,               -- lines of the bill; null when there was no whole bill
  settlement  uuid,                  -- the ledger transaction of what it confirmed; null when nothing new was
  error_code  text,
  error       text,
  finished_at timestamptz NOT NULL,
  PRIMARY KEY (cell, channel, day, run)
);

-- A line of the bill, of our books, or of both. Every line of either side is in exactly one item of its day.
CREATE TABLE reconciliation.item (
  cell           smallint NOT NULL,
  channel        text     NOT NULL,
  day            date     NOT NULL,
  run            integer  NOT NULL,
  line           integer  NOT NULL,  -- 1, 2, 3 ...: the bill in its order, then what only we have
  kind           text     NOT NULL,  -- payment, refund
  no             text     NOT NULL,  -- our number at the channel
  status         text     NOT NULL,  -- Status
  note           text,               -- Note: why
  in_ours        boolean  NOT NULL,  -- it stands for one of our lines of this day
  in_bill        boolean  NOT NULL,  -- it stands for a line of this day's bill
  our_id         text,               -- payment_..., refund_...; what we know of that number, of whatever day
  our_channel_no text,
  our_amount     bigint,             -- minor units
  our_currency   text,
  our_state      text,
  our_at         timestamptz,        -- the channel's time of success, else our creation
  channel_no     text,               -- the channel's number on the bill; this and below: the bill's, of whatever day
  their_amount   bigint,
  their_currency text,
  their_state    text,               -- BillState
  fee            bigint,             -- the channel's fee; negative where it is given back
  their_at       timestamptz,
  resolved_on    date,               -- the day whose run found the other side
  PRIMARY KEY (cell, channel, day, run, line)
);
-- What still waits for its other side, or for a person.
CREATE INDEX item_open ON reconciliation.item (cell, channel, day) WHERE status <> 'matched' AND resolved_on IS NULL;

-- Our lines that a bill has confirmed: once in the life of a line, so that its money is never settled twice.
CREATE TABLE reconciliation.confirmation (
  cell        smallint NOT NULL,
  channel     text     NOT NULL,
  kind        text     NOT NULL,
  no          text     NOT NULL,
  bill_day    date     NOT NULL,  -- the day of the bill that has the line
  our_day     date     NOT NULL,  -- the day among whose items our line is
  resolved_on date     NOT NULL,  -- the day whose run brought them together ...
  run         integer  NOT NULL,  -- ... and which of its runs
  amount      bigint   NOT NULL,
  currency    text     NOT NULL,
  fee         bigint   NOT NULL,
  PRIMARY KEY (cell, channel, kind, no)
);

GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA reconciliation TO feiqian_app;
GRANT UPDATE ON reconciliation.channel, reconciliation.day TO feiqian_app;
-- An open item may be explained later; what both sides said when it was written stays.
GRANT UPDATE (status, note, in_ours, our_id, our_channel_no, our_amount, our_currency, our_state, our_at, channel_no,
  their_amount, their_currency, their_state, fee, their_at, resolved_on) ON reconciliation.item TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
