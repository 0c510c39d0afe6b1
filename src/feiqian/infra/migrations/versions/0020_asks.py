"""Asking somebody else to pay: a second address of a payment, which shows less."""

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = """
SET LOCAL lock_timeout = '10s';

-- A buyer asked somebody else to pay.
CREATE TABLE links.ask (
  cell       smallint    NOT NULL,
  id         uuid        NOT NULL,  -- its random part is what the address hides
  payment    uuid        NOT NULL,
  asker      text        NOT NULL,  -- how the buyer signs
  message    text        NOT NULL,  -- the buyer's words; may be empty
  created_at timestamptz NOT NULL,
  attempt    integer,               -- the payment's attempt that was chosen under this address last
  PRIMARY KEY (cell, id)
);
CREATE INDEX ask_by_payment ON links.ask (cell, payment);

GRANT SELECT, INSERT, UPDATE ON links.ask TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
