"""Connections: our contracts with channels, their credentials by version, and what was done with them."""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = """
CREATE SCHEMA connections;
GRANT USAGE ON SCHEMA connections TO feiqian_app;

-- Our contract with a channel.
CREATE TABLE connections.connection (
  cell       smallint    NOT NULL,
  id         uuid        NOT NULL,
  code       text        NOT NULL CHECK (code ~ '^[a-z][a-z0-9-]{0,31}$'),
                                      -- owner of its ledger accounts, part of its callback address
  kind       text        NOT NULL,    -- ChannelKind: whose wire it speaks
  name       text        NOT NULL,
  state      text        NOT NULL,    -- ConnectionState
  weight     integer     NOT NULL CHECK (weight >= 0),  -- its part of the volume
  priority   integer     NOT NULL,    -- lower goes first where nothing else decides
  cost_rate  numeric     NOT NULL CHECK (cost_rate BETWEEN 0 AND 0.2),  -- what the channel charges of an amount
  cost_fixed bigint      NOT NULL CHECK (cost_fixed >= 0),              -- and for each payment, minor units
  limits     jsonb       NOT NULL,    -- Limits: narrows what the channel allows
  audience   jsonb       NOT NULL,    -- Audience: who may use it
  in_force   integer,                 -- version of the credentials that calls are signed with
  created_at timestamptz NOT NULL,
  PRIMARY KEY (cell, id),
  UNIQUE (cell, code),
  CHECK ((state IN ('active', 'paused')) <= (in_force IS NOT NULL))
);

-- Credentials. Once made, only its tests, its state and the wrapping of its data key change.
CREATE TABLE connections.version (
  cell           smallint    NOT NULL,
  connection     uuid        NOT NULL,
  number         integer     NOT NULL,  -- 1, 2 … within the connection
  state          text        NOT NULL,  -- VersionState
  sealed         bytea       NOT NULL,  -- the config, encrypted for this row only (infra.vault)
  key_id         text        NOT NULL,  -- the master key that wraps its data key
  shown          jsonb       NOT NULL,  -- what may be shown: fingerprints, endings, expiry
  made_by        text        NOT NULL,
  made_at        timestamptz NOT NULL,
  proposal       uuid,                  -- members.proposal; null: taken from the settings
  tested_at      timestamptz,
  test_outcome   text,                  -- Outcome of the last probe
  test_detail    text,                  -- what the channel said
  test_ms        integer,
  approved_by    text,
  in_force_since timestamptz,
  retired_at     timestamptz,           -- since when it is used for nothing any more
  PRIMARY KEY (cell, connection, number)
);
CREATE UNIQUE INDEX version_in_force ON connections.version (cell, connection) WHERE state = 'in_force';
CREATE UNIQUE INDEX version_proposed ON connections.version (cell, connection) WHERE state = 'proposed';

-- Who did what with a connection. Never changed.
CREATE TABLE connections.event (
  cell       smallint    NOT NULL,
  connection uuid        NOT NULL,
  number     integer     NOT NULL,  -- 1, 2 … within the connection
  at         timestamptz NOT NULL,
  event      text        NOT NULL,  -- ConnectionEvent
  actor      text        NOT NULL,  -- a person's name, or settings, or command line
  staff      uuid,                  -- members.staff
  detail     jsonb       NOT NULL,  -- version, reason, outcome, before and after; never a secret
  PRIMARY KEY (cell, connection, number)
);

-- Counts up with every change of the tables above: what running processes look at.
CREATE TABLE connections.revision (
  cell   smallint NOT NULL PRIMARY KEY,
  number bigint   NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON connections.connection, connections.version, connections.revision TO feiqian_app;
GRANT SELECT, INSERT ON connections.event TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
