"""Payments: what buyers were asked to pay, how it is shared, refunds, and what happened when."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE SCHEMA payments;
GRANT USAGE ON SCHEMA payments TO feiqian_app;

CREATE TABLE payments.payment (
  cell           smallint    NOT NULL,
  id             uuid        NOT NULL,
  platform       uuid        NOT NULL,  -- whose order it is
  order_no       text        NOT NULL,  -- the platform's number: its idempotency key
  out_trade_no   text        NOT NULL,  -- our number at the channel
  channel        text        NOT NULL,  -- wechatpay
  method         text        NOT NULL,  -- wechatpay_native
  amount         bigint      NOT NULL CHECK (amount > 0),  -- minor units
  currency       text        NOT NULL,
  description    text        NOT NULL,
  notify_url     text        NOT NULL,  -- where the channel reports it: part of what a repetition must keep
  buyer          text,                  -- the platform's number for who pays
  fee            bigint      NOT NULL CHECK (fee >= 0),    -- the platform's fee, as it was when the order came
  fee_rate       numeric     NOT NULL,
  metadata       jsonb       NOT NULL,  -- the platform's own notes, returned unchanged
  state          text        NOT NULL,  -- PaymentState
  code_url       text,                  -- what the QR code says
  created_at     timestamptz NOT NULL,
  expires_at     timestamptz NOT NULL,  -- not payable from then on
  paid_at        timestamptz,           -- the channel's time
  transaction_no text,                  -- the channel's number
  conflicted_at  timestamptz,           -- when it became conflicted
  checks         smallint    NOT NULL DEFAULT 0,  -- how often the channel was asked
  next_check_at  timestamptz,           -- when to ask again; null when nothing is open
  PRIMARY KEY (cell, id),
  UNIQUE (cell, platform, order_no),
  UNIQUE (cell, out_trade_no)
) WITH (fillfactor = 70);
CREATE INDEX payment_due ON payments.payment (cell, next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX payment_paid ON payments.payment (cell, paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX payment_conflicted ON payments.payment (cell, conflicted_at) WHERE conflicted_at IS NOT NULL;

-- What each merchant gets of a payment.
CREATE TABLE payments.share (
  cell     smallint NOT NULL,
  payment  uuid     NOT NULL,
  position smallint NOT NULL,                      -- in order of the lines; the last takes remainders
  merchant uuid     NOT NULL,
  amount   bigint   NOT NULL CHECK (amount > 0),   -- sum of the merchant's lines
  fee      bigint   NOT NULL CHECK (fee >= 0),     -- its part of the fee; it is owed amount - fee
  PRIMARY KEY (cell, payment, position)
);
CREATE INDEX share_by_merchant ON payments.share (cell, merchant, payment DESC);

CREATE TABLE payments.refund (
  cell              smallint    NOT NULL,
  id                uuid        NOT NULL,
  payment           uuid        NOT NULL,
  platform          uuid        NOT NULL,
  refund_no         text        NOT NULL,  -- the platform's number: its idempotency key
  out_refund_no     text        NOT NULL,  -- our number at the channel
  amount            bigint      NOT NULL CHECK (amount > 0),
  currency          text        NOT NULL,
  reason            text        NOT NULL,
  fee               bigint      NOT NULL,  -- the part of the fee that is given back
  parts             bigint[]    NOT NULL,  -- what each share gives back, in the order of the payment's shares
  state             text        NOT NULL,  -- RefundState
  created_at        timestamptz NOT NULL,
  succeeded_at      timestamptz,           -- the channel's time
  channel_refund_no text,
  error             text,                  -- why it failed, in the channel's words
  checks            smallint    NOT NULL DEFAULT 0,
  next_check_at     timestamptz,
  PRIMARY KEY (cell, id),
  UNIQUE (cell, platform, refund_no),
  UNIQUE (cell, out_refund_no)
);
CREATE INDEX refund_by_payment ON payments.refund (cell, payment);
CREATE INDEX refund_due ON payments.refund (cell, next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX refund_attention ON payments.refund (cell, id) WHERE state IN ('failed', 'abnormal');
CREATE INDEX refund_succeeded ON payments.refund (cell, succeeded_at) WHERE succeeded_at IS NOT NULL;

-- What happened to a payment, by whom, with the raw message where a channel said it. Never changed.
CREATE TABLE payments.event (
  cell     smallint    NOT NULL,
  payment  uuid        NOT NULL,
  id       uuid        NOT NULL,
  at       timestamptz NOT NULL,
  event    text        NOT NULL,  -- PaymentEvent
  actor    text        NOT NULL,  -- platform, channel, schedule, staff
  detail   text,                  -- one line for people
  body     jsonb,                 -- the raw message for engineers
  PRIMARY KEY (cell, payment, id)
);

GRANT SELECT, INSERT, UPDATE ON payments.payment, payments.refund TO feiqian_app;
GRANT SELECT, INSERT ON payments.share, payments.event TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
