"""Members: platforms, their API keys, merchants, staff and their sessions."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE SCHEMA members;
GRANT USAGE ON SCHEMA members TO feiqian_app;

-- A business that runs its trade on us: the partner of the API.
CREATE TABLE members.platform (
  cell           smallint    NOT NULL,
  id             uuid        NOT NULL,
  name           text        NOT NULL,
  webhook_url    text,                  -- where its events are delivered; null: it only asks
  webhook_secret text,                  -- signs those deliveries
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (cell, id)
);

-- A key of the partner API. Only its SHA-256 is kept: 256 random bits need no slow hash.
CREATE TABLE members.api_key (
  cell       smallint    NOT NULL,
  hash       bytea       NOT NULL,
  platform   uuid        NOT NULL,
  label      text        NOT NULL,
  scopes     text[]      NOT NULL,     -- payments, lending, operations
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (cell, hash)
);

-- A supplier that sells on a platform.
CREATE TABLE members.merchant (
  cell        smallint    NOT NULL,
  id          uuid        NOT NULL,    -- also the owner of its ledger accounts
  platform    uuid        NOT NULL,
  merchant_no text        NOT NULL,    -- the platform's own number for it
  name        text        NOT NULL,
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (cell, id),
  UNIQUE (cell, platform, merchant_no)
);

-- People who work at the operator.
CREATE TABLE members.staff (
  cell          smallint    NOT NULL,
  id            uuid        NOT NULL,
  email         text        NOT NULL,  -- lower case; the sign-in name
  name          text        NOT NULL,
  role          text        NOT NULL,  -- admin, finance, operations
  password_hash text        NOT NULL,  -- argon2id
  created_at    timestamptz NOT NULL,
  failures      integer     NOT NULL DEFAULT 0,  -- wrong passwords since the last right one
  locked_until  timestamptz,           -- no sign-in before this moment
  PRIMARY KEY (cell, id),
  UNIQUE (cell, email)
);

-- A signed-in browser. The cookie holds a random token; only its SHA-256 is kept.
CREATE TABLE members.session (
  cell       smallint    NOT NULL,
  hash       bytea       NOT NULL,
  staff      uuid        NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (cell, hash)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA members TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
