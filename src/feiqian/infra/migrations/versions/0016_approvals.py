"""Maker and checker: proposals and their audit trail."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = """
-- What a member of staff wants to have done and another one must agree to.
CREATE TABLE members.proposal (
  cell      smallint    NOT NULL,
  id        uuid        NOT NULL,
  kind      text        NOT NULL,  -- which procedure it follows, such as connections.credentials
  subject   text        NOT NULL,  -- what it is about, such as a connection's code
  payload   jsonb       NOT NULL,  -- what exactly is to be done; never a secret
  reason    text        NOT NULL,
  state     text        NOT NULL,  -- ProposalState
  maker     uuid        NOT NULL,  -- members.staff
  made_at   timestamptz NOT NULL,
  checker   uuid,                  -- members.staff who approved or rejected
  closed_at timestamptz,
  note      text,                  -- what was said when it was closed
  PRIMARY KEY (cell, id),
  CHECK (checker <> maker),
  CHECK ((state IN ('approved', 'rejected')) = (checker IS NOT NULL)),
  CHECK ((state = 'proposed') = (closed_at IS NULL))
);
CREATE INDEX proposal_open ON members.proposal (cell, kind, subject) WHERE state = 'proposed';

-- Who did what with a proposal. Never changed.
CREATE TABLE members.proposal_step (
  cell     smallint    NOT NULL,
  proposal uuid        NOT NULL,
  number   integer     NOT NULL,  -- 1, 2 … within the proposal
  at       timestamptz NOT NULL,
  event    text        NOT NULL,  -- ProposalEvent
  staff    uuid        NOT NULL,
  role     text        NOT NULL,  -- the role that the person had then
  note     text,
  PRIMARY KEY (cell, proposal, number)
);

GRANT SELECT, INSERT, UPDATE ON members.proposal TO feiqian_app;
GRANT SELECT, INSERT ON members.proposal_step TO feiqian_app;
"""


def upgrade() -> None:
    op.execute(TABLES)
