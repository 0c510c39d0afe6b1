"""Notifications: several endpoints for a platform, secrets by version, every attempt on a row of its own.

What was there before is carried over: a platform's address becomes its endpoint, what is in the outbox an event with its
notification. The outbox and the columns of the platform stay, unwritten, so that the version before can still read what
it wrote; it finds nothing due any more.
"""

from alembic import op
from sqlalchemy import text

from feiqian.kernel.ids import derived_id

revision = "0018"
down_revision = "0017"

TABLES = """
SET LOCAL lock_timeout = '10s';

-- An address of a platform that is told of events.
CREATE TABLE openapi.endpoint (
  cell            smallint    NOT NULL,
  id              uuid        NOT NULL,  -- derived from the platform for the one that the operator sets up
  platform        uuid        NOT NULL,
  url             text        NOT NULL,
  description     text        NOT NULL,  -- the platform's own words
  topics          text[]      NOT NULL,  -- what it listens to; all when empty
  state           text        NOT NULL,  -- EndpointState
  disabled_reason text,                  -- DisabledReason, while it is disabled
  failing_since   timestamptz,           -- first failed attempt since the last that was taken
  given_up        integer     NOT NULL DEFAULT 0,  -- events given up since then
  created_at      timestamptz NOT NULL,
  changed_at      timestamptz NOT NULL,  -- when its state changed last
  deleted_at      timestamptz,           -- nothing is sent there any more; the row stays for what was
  PRIMARY KEY (cell, id),
  CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL))
);
CREATE UNIQUE INDEX endpoint_by_url ON openapi.endpoint (cell, platform, url) WHERE deleted_at IS NULL;

-- What deliveries to an endpoint are signed with; each that is valid adds a signature.
CREATE TABLE openapi.endpoint_secret (
  cell        smallint    NOT NULL,
  endpoint    uuid        NOT NULL,
  version     integer     NOT NULL,  -- 1, 2 … within the endpoint
  secret      text        NOT NULL,  -- whsec_ and base64
  created_at  timestamptz NOT NULL,
  signs_until timestamptz,           -- NULL: until it is rotated
  PRIMARY KEY (cell, endpoint, version)
);

-- Something that a platform is told, written in the transaction of the fact. Never changed.
CREATE TABLE openapi.event (
  cell        smallint    NOT NULL,
  id          uuid        NOT NULL,  -- webhook-id: receivers drop what they have seen
  platform    uuid        NOT NULL,
  topic       text        NOT NULL,  -- Topic
  object      text        NOT NULL,  -- outside id of what it is about
  version     integer     NOT NULL,  -- 1, 2, 3 … for each object, in the order in which it happened
  payload     jsonb       NOT NULL,  -- the object as it was then
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (cell, id),
  UNIQUE (cell, object, version)
);
CREATE INDEX event_by_platform ON openapi.event (cell, platform, id);

-- How far an event has come at one endpoint.
CREATE TABLE openapi.notification (
  cell         smallint    NOT NULL,
  event        uuid        NOT NULL,
  endpoint     uuid        NOT NULL,
  object       text        NOT NULL,  -- the event's, for the order
  version      integer     NOT NULL,  -- the event's
  state        text        NOT NULL,  -- NotificationState
  attempts     integer     NOT NULL DEFAULT 0,  -- ever begun
  step         integer     NOT NULL DEFAULT 0,  -- begun since somebody last asked for it: its place in the schedule
  asked_by     text        NOT NULL DEFAULT 'schedule',  -- who asked for the next attempt: schedule, platform, a person
  next_at      timestamptz,           -- when it is tried next; NULL unless pending
  taken_until  timestamptz,           -- a worker sends it; others leave it alone until then
  delivered_at timestamptz,           -- when it was taken first
  last_error   text,
  PRIMARY KEY (cell, event, endpoint),
  CHECK ((state = 'pending') = (next_at IS NOT NULL))
);
CREATE INDEX notification_due ON openapi.notification (cell, endpoint, next_at, event) WHERE next_at IS NOT NULL;
CREATE INDEX notification_in_order ON openapi.notification (cell, endpoint, object, version) WHERE next_at IS NOT NULL;
CREATE INDEX notification_taken ON openapi.notification (cell, endpoint, taken_until) WHERE taken_until IS NOT NULL;
CREATE INDEX notification_asked ON openapi.notification (cell, endpoint) WHERE asked_by <> 'schedule';
CREATE INDEX notification_undelivered ON openapi.notification (cell, state, event) WHERE state <> 'delivered';

-- One attempt to deliver.
CREATE TABLE openapi.delivery (
  cell     smallint    NOT NULL,
  event    uuid        NOT NULL,
  endpoint uuid        NOT NULL,
  attempt  integer     NOT NULL,  -- 1, 2, 3 … of the event at the endpoint
  asked_by text        NOT NULL,  -- schedule, platform, or the e-mail address of a member of staff
  at       timestamptz NOT NULL,
  outcome  text        NOT NULL,  -- Outcome
  status   integer,               -- HTTP status of the answer
  error    text,                  -- why it did not count
  answer   text,                  -- its first 1,000 characters
  took_ms  integer,
  PRIMARY KEY (cell, event, endpoint, attempt)
);
CREATE INDEX delivery_by_endpoint ON openapi.delivery (cell, endpoint, at);

GRANT SELECT, INSERT, UPDATE ON openapi.endpoint, openapi.notification, openapi.delivery TO feiqian_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON openapi.endpoint_secret TO feiqian_app;
GRANT SELECT, INSERT ON openapi.event TO feiqian_app;
"""

PLATFORMS = """
SELECT cell, id, webhook_url, coalesce(nullif(webhook_secret, ''), 'unset'), created_at FROM members.platform
WHERE webhook_url IS NOT NULL
"""

ENDPOINT = """
INSERT INTO openapi.endpoint (cell, id, platform, url, description, topics, state, created_at, changed_at)
VALUES (:cell, :id, :platform, :url, '', '{}', 'active', :at, :at)
"""

SECRET = """
INSERT INTO openapi.endpoint_secret (cell, endpoint, version, secret, created_at)
VALUES (:cell, :id, 1, :secret, :at)
"""

NOTIFICATIONS = """
INSERT INTO openapi.notification
  (cell, event, endpoint, object, version, state, attempts, step, next_at, delivered_at, last_error)
SELECT o.cell, o.id, p.id, e.object, e.version,
  CASE WHEN o.delivered_at IS NOT NULL THEN 'delivered' WHEN o.next_at IS NULL THEN 'failed' ELSE 'pending' END,
  o.attempts, least(o.attempts, 15), CASE WHEN o.delivered_at IS NULL THEN o.next_at END, o.delivered_at, o.last_error
FROM openapi.outbox o
JOIN openapi.event e ON e.cell = o.cell AND e.id = o.id
JOIN openapi.endpoint p ON p.cell = o.cell AND p.platform = o.platform
"""

EVENTS = """
INSERT INTO openapi.event (cell, id, platform, topic, object, version, payload, occurred_at)
SELECT cell, id, platform, topic, payload->'data'->>'id',
  row_number() OVER (PARTITION BY cell, payload->'data'->>'id' ORDER BY occurred_at, id), payload->'data', occurred_at
FROM openapi.outbox
"""

NOTHING_DUE = "UPDATE openapi.outbox SET next_at = NULL WHERE next_at IS NOT NULL"


def upgrade() -> None:
    op.execute(TABLES)
    connection = op.get_bind()
    for cell, platform, url, secret, at in connection.execute(text(PLATFORMS)).all():
        values = {"cell": cell, "id": derived_id("endpoint", str(platform)), "at": at}
        connection.execute(text(ENDPOINT), {**values, "platform": platform, "url": url})
        connection.execute(text(SECRET), {**values, "secret": secret})
    op.execute(EVENTS)
    op.execute(NOTIFICATIONS)
    op.execute(NOTHING_DUE)
