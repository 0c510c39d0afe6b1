"""The ground: the application's role, the job queue's tables, the outbox, idempotency keys."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'feiqian_app') THEN
    CREATE ROLE feiqian_app NOLOGIN NOSUPERUSER;
  END IF;
  IF NOT pg_has_role(current_user, 'feiqian_app', 'SET') THEN
    EXECUTE format('GRANT feiqian_app TO %I', current_user);
  END IF;
END $$;
"""

TABLES = """
CREATE SCHEMA openapi;
GRANT USAGE ON SCHEMA openapi TO feiqian_app;

-- What the outside world is to be told, written in the transaction of the fact and delivered at least once after it.
CREATE TABLE openapi.outbox (
  cell         smallint    NOT NULL,
  id           uuid        NOT NULL,  -- the event's id; receivers drop what they have seen
  platform     uuid        NOT NULL,  -- who is told
  topic        text        NOT NULL,  -- payment.succeeded, refund.succeeded ...
  payload      jsonb       NOT NULL,
  occurred_at  timestamptz NOT NULL,
  attempts     integer     NOT NULL DEFAULT 0,
  next_at      timestamptz,           -- when to try next; null when delivered, given up, or nobody listens
  delivered_at timestamptz,
  last_error   text,
  PRIMARY KEY (cell, id)
);
CREATE INDEX outbox_due ON openapi.outbox (cell, next_at) WHERE next_at IS NOT NULL;

-- The first answer to an Idempotency-Key; a replay gets it again, an altered replay is refused.
CREATE TABLE openapi.idempotency (
  cell        smallint    NOT NULL,
  platform    uuid        NOT NULL,
  key         text        NOT NULL,
  fingerprint bytea       NOT NULL,  -- SHA-256 over method, path and body
  resource    text        NOT NULL,  -- method and path, so that a refusal can say what the key was used for
  created_at  timestamptz NOT NULL,
  PRIMARY KEY (cell, platform, key)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA openapi TO feiqian_app;
"""

JOBS_GRANTS = """
GRANT USAGE ON SCHEMA jobs TO feiqian_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO feiqian_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO feiqian_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(ROLE)
    op.execute(TABLES)
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path = jobs")
    # The job queue's own script uses % and : freely, which SQLAlchemy would read as parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        cursor.execute(SchemaManager.get_schema().encode())
    op.execute("SET LOCAL search_path = public")
    op.execute(JOBS_GRANTS)
