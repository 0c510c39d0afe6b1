"""Payment links and shops' codes: what may be paid under one address, and every use of it."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLES = """
SET LOCAL lock_timeout = '10s';
CREATE SCHEMA links;
GRANT USAGE ON SCHEMA links TO feiqian_app;

-- An address under which payments are made, one for each use.
CREATE TABLE links.link (
  cell         smallint    NOT NULL,
  id           uuid        NOT NULL,  -- its random part is what the address hides
  platform     uuid        NOT NULL,
  kind         text        NOT NULL,  -- LinkKind
  link_no      text        NOT NULL,  -- the platform's own number
  description  text        NOT NULL,  -- what the buyer reads on the phone
  shop         text,                  -- what the buyer reads above: the shop's name and place
  amount       bigint,                -- minor units; NULL: the buyer types it
  currency     text        NOT NULL,
  lines        jsonb       NOT NULL,  -- LinkLine[]; whose it is
  methods      text[]      NOT NULL,  -- PaymentMethod, from which the buyer chooses
  uses_max     integer,               -- how many may be paid; NULL: any number
  expires_at   timestamptz,           -- nobody begins to pay from then on; NULL: never
  created_at   timestamptz NOT NULL,
  closed_at    timestamptz,           -- the platform called it off
  PRIMARY KEY (cell, id),
  UNIQUE (cell, platform, kind, link_no)
);

-- Somebody began to pay under a link: one payment.
CREATE TABLE links.use (
  cell       smallint    NOT NULL,
  link       uuid        NOT NULL,
  number     integer     NOT NULL,  -- 1, 2, 3 … in its link; the end of the payment's order number
  key        text        NOT NULL,  -- the page's own: the same tap makes one payment
  amount     bigint      NOT NULL,  -- minor units
  state      text        NOT NULL,  -- UseState
  created_at timestamptz NOT NULL,
  PRIMARY KEY (cell, link, number),
  UNIQUE (cell, link, key)
);
CREATE INDEX use_counted ON links.use (cell, link, state) WHERE state <> 'given_back';

GRANT SELECT, INSERT, UPDATE ON links.link, links.use TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
