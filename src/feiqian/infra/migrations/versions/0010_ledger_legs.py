"""The ledger, whole: one row a leg instead of a transaction and its entries; holds, limits, freezes, remembered refusals.

What was posted before is carried over: every leg gets its number in the sequence of both its accounts, in the order of
the old entries. ``ledger.transaction`` and ``ledger.entry`` stay as views over the legs.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

BEFORE = """
ALTER SCHEMA ledger RENAME TO ledger_before;
CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO feiqian_app;
"""

TABLES = """
CREATE TABLE ledger.account (
  cell         smallint    NOT NULL,
  sign         smallint    NOT NULL,            -- 1: debits raise it (assets, costs), -1: credits raise it
  frozen       smallint    NOT NULL DEFAULT 0,  -- 0 no, 1 debits, 2 credits, 3 both are refused
  id           uuid        NOT NULL,            -- derived from book, code, owner, currency (UUIDv8)
  debits       bigint      NOT NULL DEFAULT 0 CHECK (debits >= 0),        -- all debits ever posted, minor units
  credits      bigint      NOT NULL DEFAULT 0 CHECK (credits >= 0),       -- all credits ever posted
  held_debits  bigint      NOT NULL DEFAULT 0 CHECK (held_debits >= 0),   -- debits that open holds may still post
  held_credits bigint      NOT NULL DEFAULT 0 CHECK (held_credits >= 0),  -- credits that open holds may still post
  sequence     bigint      NOT NULL DEFAULT 0,  -- number of its newest entry
  overdraft    bigint      CHECK (overdraft >= 0),  -- how far below zero it may go; 0 never; NULL without limit
  booked_at    timestamptz NOT NULL,            -- when its newest entry was booked; never runs backwards
  opened_at    timestamptz NOT NULL,
  closed_at    timestamptz,                     -- closed accounts take nothing more
  book         text        NOT NULL,  -- whose books: 'platform', 'funder:<number>', 'own:<platform>:<name>'
  code         text        NOT NULL,  -- what it is for: the chart of accounts
  owner        text        NOT NULL,  -- whose account of that kind
  currency     text        NOT NULL,  -- ISO 4217
  PRIMARY KEY (cell, id)
) WITH (fillfactor = 50);
CREATE INDEX account_by_code ON ledger.account (cell, code, owner);
CREATE INDEX account_by_book ON ledger.account (cell, book, code, owner);

CREATE TABLE ledger.leg (
  amount          bigint      NOT NULL CHECK (amount > 0),  -- minor units
  debit_sequence  bigint      NOT NULL,  -- 1, 2, 3 ... without gaps in the account that is debited
  credit_sequence bigint      NOT NULL,  -- the same in the account that is credited
  debit_balance   bigint      NOT NULL,  -- of the debited account after this leg, in its own direction
  credit_balance  bigint      NOT NULL,  -- of the credited account after this leg, in its own direction
  effective_at    timestamptz NOT NULL,  -- when it happened outside
  booked_at       timestamptz NOT NULL,  -- when it was posted here
  business_date   date        NOT NULL,  -- the day it belongs to in the books
  cell            smallint    NOT NULL,
  number          smallint    NOT NULL,  -- 0, 1, 2 ... in its transaction
  action          smallint    NOT NULL,  -- 0 post, 1 hold, 2 capture, 3 release, 4 expire; 0 and 2 move posted counters
  debit_sign      smallint    NOT NULL,  -- sign of the debited account
  credit_sign     smallint    NOT NULL,  -- sign of the credited account
  transaction     uuid        NOT NULL,  -- the caller's id: the idempotency key
  debit           uuid        NOT NULL,
  credit          uuid        NOT NULL,
  kind            text        NOT NULL,  -- payment, refund, settlement, loan_draw ...
  reference       text        NOT NULL,  -- the object it is about
  memo            text        NOT NULL,
  reverses        uuid,                  -- the transaction it takes back, in whole or in part
  hold            uuid,                  -- the hold that a capture, release or expiry resolves
  metadata        jsonb,                 -- the caller's own facts; on the first leg only
  PRIMARY KEY (cell, transaction, number)
);
CREATE UNIQUE INDEX leg_by_debit ON ledger.leg (cell, debit, debit_sequence);
CREATE UNIQUE INDEX leg_by_credit ON ledger.leg (cell, credit, credit_sequence);
CREATE INDEX leg_by_date ON ledger.leg (cell, business_date);
CREATE INDEX leg_by_reference ON ledger.leg (cell, reference) WHERE reference <> '';
CREATE INDEX leg_by_reversed ON ledger.leg (cell, reverses) WHERE reverses IS NOT NULL;
CREATE INDEX leg_by_hold ON ledger.leg (cell, hold) WHERE hold IS NOT NULL;
CREATE INDEX leg_by_metadata ON ledger.leg USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;

CREATE TABLE ledger.hold (
  cell       smallint    NOT NULL,
  id         uuid        NOT NULL,  -- of the transaction that opened it
  debit      uuid        NOT NULL,
  credit     uuid        NOT NULL,
  amount     bigint      NOT NULL CHECK (amount > 0),
  captured   bigint      NOT NULL DEFAULT 0 CHECK (captured >= 0),
  released   bigint      NOT NULL DEFAULT 0 CHECK (released >= 0),  -- let go by a release or at expiry
  expires_at timestamptz,           -- from then on what is left is let go; NULL: never by itself
  opened_at  timestamptz NOT NULL,
  state      text        NOT NULL,  -- open; captured, released, expired: nothing is left, by its last act
  PRIMARY KEY (cell, id),
  CHECK (captured + released <= amount),
  CHECK ((state = 'open') = (captured + released < amount))
);
CREATE INDEX hold_open_by_expiry ON ledger.hold (cell, expires_at) WHERE state = 'open';
CREATE INDEX hold_by_debit ON ledger.hold (cell, debit, id);
CREATE INDEX hold_by_credit ON ledger.hold (cell, credit, id);

CREATE TABLE ledger.refusal (
  cell       smallint    NOT NULL,
  id         uuid        NOT NULL,  -- of the transaction that was refused: it stays refused
  refused_at timestamptz NOT NULL,
  code       text        NOT NULL,
  facts      jsonb       NOT NULL,  -- what the refusal's sentence is filled with
  request    jsonb       NOT NULL,  -- what was asked, so that another request under this id is named
  PRIMARY KEY (cell, id)
);

CREATE TABLE ledger.subject (
  cell       smallint    NOT NULL,
  code       text        NOT NULL,  -- of accounts in books of a platform's own: 'own.<name>'
  sign       smallint    NOT NULL,  -- of its accounts
  overdraft  bigint,                -- that its accounts open with
  chinese    text        NOT NULL,
  english    text        NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (cell, code)
);

CREATE TABLE ledger.account_change (
  cell       smallint    NOT NULL,
  account    uuid        NOT NULL,
  id         uuid        NOT NULL,  -- UUIDv7 of the change
  changed_at timestamptz NOT NULL,
  what       text        NOT NULL,  -- opened, frozen, overdraft, closed
  before     bigint,
  after      bigint,
  reason     text        NOT NULL,
  changed_by text        NOT NULL,  -- who asked: staff or platform, as they are known outside
  PRIMARY KEY (cell, account, id)
);

CREATE TABLE ledger.account_group (
  cell    smallint NOT NULL,
  name    text     NOT NULL,
  account uuid     NOT NULL,
  PRIMARY KEY (cell, name, account)
);
CREATE INDEX account_group_by_account ON ledger.account_group (cell, account, name);
"""

VIEWS = """
CREATE VIEW ledger.entry AS
  SELECT cell, debit AS account, debit_sequence AS sequence, transaction, number, action, true AS is_debit, credit AS other,
         CASE WHEN action IN (0, 2) THEN debit_sign * amount ELSE 0 END AS amount, debit_balance AS balance,
         CASE action WHEN 0 THEN 0 WHEN 1 THEN amount ELSE -amount END AS held,
         business_date, effective_at, booked_at, kind, reference, memo, reverses, hold
  FROM ledger.leg
  UNION ALL
  SELECT cell, credit, credit_sequence, transaction, number, action, false, debit,
         CASE WHEN action IN (0, 2) THEN -credit_sign * amount ELSE 0 END, credit_balance,
         CASE action WHEN 0 THEN 0 WHEN 1 THEN amount ELSE -amount END,
         business_date, effective_at, booked_at, kind, reference, memo, reverses, hold
  FROM ledger.leg;
COMMENT ON VIEW ledger.entry IS 'A leg as one of its two accounts sees it; amount is signed in its direction, 0 for holds.';

CREATE VIEW ledger.transaction AS
  SELECT cell, transaction AS id, kind, business_date, effective_at, booked_at, reference, memo, reverses,
         array_agg(debit ORDER BY number) AS debits, array_agg(credit ORDER BY number) AS credits,
         array_agg(amount ORDER BY number) AS amounts
  FROM ledger.leg WHERE action IN (0, 2)
  GROUP BY cell, transaction, kind, business_date, effective_at, booked_at, reference, memo, reverses;
COMMENT ON VIEW ledger.transaction IS 'What was posted, with leg i moving amounts[i] from debits[i] to credits[i].';

GRANT SELECT, INSERT ON ledger.account, ledger.leg, ledger.hold, ledger.refusal, ledger.subject, ledger.account_change,
  ledger.account_group TO feiqian_app;
GRANT SELECT ON ledger.entry, ledger.transaction TO feiqian_app;
-- Rows of history cannot be changed by the application; only counters and states can.
GRANT UPDATE (debits, credits, held_debits, held_credits, sequence, booked_at, frozen, overdraft, closed_at)
  ON ledger.account TO feiqian_app;
GRANT UPDATE (captured, released, state) ON ledger.hold TO feiqian_app;
GRANT DELETE ON ledger.account_group TO feiqian_app;
"""

CARRY_OVER = """
INSERT INTO ledger.account (cell, id, sign, overdraft, debits, credits, booked_at, opened_at, book, code, owner, currency)
  SELECT cell, id,
         CASE WHEN code = ANY(ARRAY['channel.receivable', 'bank.custody', 'platform.channel_cost', 'funder.cash',
                                    'loan.principal', 'loan.interest_receivable', 'loan.penalty_receivable'])
              THEN 1 ELSE -1 END,
         CASE WHEN code = ANY(ARRAY['merchant.available', 'refund.in_transit', 'funder.available', 'funder.cash',
                                    'funder.capital', 'loan.principal', 'loan.interest_receivable',
                                    'loan.penalty_receivable']) THEN 0 END,
         debits, credits, opened_at, opened_at, book, code, owner, currency
  FROM ledger_before.account;

INSERT INTO ledger.leg (cell, transaction, number, action, debit, credit, amount, debit_sign, credit_sign, debit_sequence,
    credit_sequence, debit_balance, credit_balance, effective_at, booked_at, business_date, kind, reference, memo, reverses)
  WITH leg AS (
    SELECT t.*, l.debit, l.credit, l.amount, (l.position - 1)::smallint AS number
    FROM ledger_before.transaction t
    CROSS JOIN LATERAL unnest(t.debits, t.credits, t.amounts) WITH ORDINALITY AS l (debit, credit, amount, position)
  ), side AS (
    SELECT l.cell, l.id, l.number, l.debit AS account, l.amount AS net, true AS is_debit FROM leg l
    UNION ALL SELECT l.cell, l.id, l.number, l.credit, -l.amount, false FROM leg l
  ), numbered AS (
    SELECT s.cell, s.id, s.number, s.is_debit, a.sign,
           row_number() OVER w AS sequence, (a.sign * sum(s.net) OVER w)::bigint AS balance
    FROM side s
    JOIN ledger.account a ON a.cell = s.cell AND a.id = s.account
    JOIN (SELECT cell, account, transaction, min(sequence) AS place FROM ledger_before.entry
          GROUP BY cell, account, transaction) e
      ON e.cell = s.cell AND e.account = s.account AND e.transaction = s.id
    WINDOW w AS (PARTITION BY s.cell, s.account ORDER BY e.place, s.number, s.is_debit DESC
                 ROWS UNBOUNDED PRECEDING)
  )
  SELECT l.cell, l.id, l.number, 0, l.debit, l.credit, l.amount, d.sign, c.sign, d.sequence, c.sequence, d.balance,
         c.balance, l.effective_at, l.booked_at, l.business_date, l.kind, l.reference, l.memo, l.reverses
  FROM leg l
  JOIN numbered d ON d.cell = l.cell AND d.id = l.id AND d.number = l.number AND d.is_debit
  JOIN numbered c ON c.cell = l.cell AND c.id = l.id AND c.number = l.number AND NOT c.is_debit;

UPDATE ledger.account a SET sequence = e.sequence, booked_at = e.booked_at
  FROM (SELECT cell, account, max(sequence) AS sequence, max(booked_at) AS booked_at FROM ledger.entry
        GROUP BY cell, account) e
  WHERE e.cell = a.cell AND e.account = a.id;

DROP SCHEMA ledger_before CASCADE;
"""


def upgrade() -> None:
    op.execute(BEFORE)
    op.execute(TABLES)
    op.execute(VIEWS)
    op.execute(CARRY_OVER)
