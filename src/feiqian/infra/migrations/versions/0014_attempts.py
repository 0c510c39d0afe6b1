"""Payments become intents with attempts: what is on the wire moves from the payment to the order placed for it.

What was there before is carried over: every payment had one order, which becomes its first attempt. The columns that
moved stay on the payment, unwritten, so that the version before can still read what it wrote.
"""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
SET LOCAL lock_timeout = '10s';

-- One order at one connection for one payment.
CREATE TABLE payments.attempt (
  cell           smallint    NOT NULL,
  payment        uuid        NOT NULL,
  position       smallint    NOT NULL,  -- 1, 2, 3 ... in its payment
  channel        text        NOT NULL,  -- code of the connection: owner of its ledger accounts
  method         text        NOT NULL,  -- PaymentMethod
  out_trade_no   text        NOT NULL,  -- our number at the channel: P and the payment's id, from the second on with the position
  amount         bigint      NOT NULL CHECK (amount > 0),  -- minor units
  currency       text        NOT NULL,
  state          text        NOT NULL,  -- AttemptState
  next_step      jsonb,                 -- what the buyer's side does next: NextStep, by its kind
  hints          jsonb       NOT NULL,  -- what was known of the buyer: BuyerHints
  key            text,                  -- the asker's own key: asking again under it makes no other attempt
  notify_url     text        NOT NULL,  -- where the channel reports it: part of what a repetition must keep
  next_channels  text[]      NOT NULL,  -- connections that are tried next if this one refuses for a reason of its own
  decision       uuid,                  -- of routing: why this connection
  placed_at      timestamptz NOT NULL,  -- when it was made: the same in every repetition
  expires_at     timestamptz NOT NULL,  -- not payable from then on
  paid_at        timestamptz,           -- the channel's time
  transaction_no text,                  -- the channel's number
  payer          text,                  -- the channel's pseudonym of the buyer
  error_code     text,                  -- why it failed or conflicts: our code
  error          text,                  -- the same as a sentence, with the channel's own words
  attention_at   timestamptz,           -- when it became conflicted or a duplicate
  checks         smallint    NOT NULL DEFAULT 0,  -- how often the channel was asked
  next_check_at  timestamptz,           -- when to ask again; null when nothing is open
  PRIMARY KEY (cell, payment, position),
  UNIQUE (cell, out_trade_no)
) WITH (fillfactor = 70);
CREATE INDEX attempt_due ON payments.attempt (cell, channel, next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX attempt_attention ON payments.attempt (cell, attention_at) WHERE attention_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON payments.attempt TO feiqian_app;

ALTER TABLE payments.payment
  ADD COLUMN attempt  smallint,                       -- position of the attempt that counts: the newest, or the one that was paid
  ADD COLUMN attempts smallint NOT NULL DEFAULT 0,    -- how many were made
  ADD COLUMN methods  text[]   NOT NULL DEFAULT '{}', -- from which the buyer may choose; empty: the platform chose
  ALTER COLUMN out_trade_no DROP NOT NULL,
  ALTER COLUMN channel DROP NOT NULL,
  ALTER COLUMN method DROP NOT NULL,                  -- what the platform chose; null: the buyer chooses
  ALTER COLUMN notify_url DROP NOT NULL,
  DROP CONSTRAINT payment_cell_out_trade_no_key;
DROP INDEX payments.payment_conflicted;
COMMENT ON COLUMN payments.payment.next_check_at IS 'when its time ends, while no attempt is open';

ALTER TABLE payments.refund
  ADD COLUMN channel text,      -- code of the connection that was paid, and pays back
  ADD COLUMN attempt smallint;  -- position of the attempt that was paid
"""

CARRY_OVER = """
INSERT INTO payments.attempt (cell, payment, position, channel, method, out_trade_no, amount, currency, state, next_step,
    hints, notify_url, next_channels, placed_at, expires_at, paid_at, transaction_no, attention_at, checks, next_check_at)
  SELECT cell, id, 1, channel, method, out_trade_no, amount, currency,
         CASE WHEN state = 'created' AND checks > 0 THEN 'unknown' ELSE state END,
         CASE WHEN code_url IS NOT NULL THEN jsonb_build_object('kind', 'show_code', 'code_url', code_url) END,
         '{}', notify_url, '{}', created_at, expires_at, paid_at, transaction_no, conflicted_at, checks, next_check_at
  FROM payments.payment;
UPDATE payments.payment SET attempt = 1, attempts = 1, next_check_at = NULL;
UPDATE payments.refund AS r SET channel = p.channel, attempt = 1
  FROM payments.payment p WHERE p.cell = r.cell AND p.id = r.payment;
"""

AFTER = """
ALTER TABLE payments.refund ALTER COLUMN channel SET NOT NULL, ALTER COLUMN attempt SET NOT NULL;
DROP INDEX payments.refund_due;
CREATE INDEX refund_due ON payments.refund (cell, channel, next_check_at) WHERE next_check_at IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(CARRY_OVER)
    op.execute(AFTER)
