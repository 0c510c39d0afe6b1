"""Routing: rules by version, calls by minute, breakers that all processes share, and every decision with its trace."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
CREATE SCHEMA routing;
GRANT USAGE ON SCHEMA routing TO feiqian_app;

-- All rules as they were from a moment on; the highest version is in force.
CREATE TABLE routing.rule_set (
  cell    smallint    NOT NULL,
  version integer     NOT NULL,  -- 1, 2, 3 ...
  rules   jsonb       NOT NULL,  -- Rule[], in their order
  note    text        NOT NULL,  -- why it was changed
  made_by text        NOT NULL,  -- e-mail of the member of staff
  made_at timestamptz NOT NULL,
  PRIMARY KEY (cell, version)
);

-- What calls to connections came to, minute by minute, all processes together.
CREATE TABLE routing.minute (
  cell      smallint    NOT NULL,
  minute    timestamptz NOT NULL,
  code      text        NOT NULL,  -- the connection
  method    text        NOT NULL,  -- PaymentMethod
  succeeded bigint      NOT NULL,
  refused   bigint      NOT NULL,  -- answered, and refused for a reason of its own
  faults    bigint      NOT NULL,  -- no answer, or none that can be trusted
  took_ms   bigint      NOT NULL,  -- of all calls together
  PRIMARY KEY (cell, minute, code, method)
);

-- The latest word of any process about a connection's circuit breaker.
CREATE TABLE routing.breaker (
  cell     smallint    NOT NULL,
  code     text        NOT NULL,
  state    text        NOT NULL,  -- BreakerState
  since    timestamptz NOT NULL,
  "until"  timestamptz,           -- when it may be probed; while open
  openings integer     NOT NULL,  -- how often in a row it opened
  reason   text        NOT NULL,
  PRIMARY KEY (cell, code)
);

-- Why a payment's attempt went where it went.
CREATE TABLE routing.decision (
  cell     smallint    NOT NULL,
  id       uuid        NOT NULL,
  payment  uuid        NOT NULL,
  at       timestamptz NOT NULL,
  ask      jsonb       NOT NULL,  -- RouteAsk
  decision jsonb       NOT NULL,  -- Decision: the order, and what each stage did
  PRIMARY KEY (cell, id)
);
CREATE INDEX decision_by_payment ON routing.decision (cell, payment);

GRANT SELECT, INSERT ON routing.rule_set, routing.decision TO feiqian_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON routing.minute TO feiqian_app;
GRANT SELECT, INSERT, UPDATE ON routing.breaker TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
