"""Credit: rule sets, decisions, lines; and the rules that a new house starts with."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
CREATE SCHEMA credit;
GRANT USAGE ON SCHEMA credit TO feiqian_app;

-- The rules by which lines are granted, as data. Reference data, the same in every cell.
CREATE TABLE credit.rule_set (
  version    integer NOT NULL PRIMARY KEY CHECK (version > 0),
  valid_from date    NOT NULL,  -- decisions of that business date and later use it, until a higher version is valid
  content    jsonb   NOT NULL   -- credit.RuleSet: window, knock-out rules, formula of the limit, days of validity
);

-- What was decided about a merchant, with everything that the decision saw. Never changed.
CREATE TABLE credit.decision (
  cell          smallint    NOT NULL,
  id            uuid        NOT NULL,
  merchant      uuid        NOT NULL,
  currency      text        NOT NULL,
  outcome       text        NOT NULL CHECK (outcome IN ('approved', 'declined', 'referred')),
  line_limit    bigint      NOT NULL CHECK (line_limit >= 0),  -- minor units; 0 unless approved
  facts         jsonb       NOT NULL,  -- credit.Facts: what the ledger showed
  reasons       jsonb       NOT NULL,  -- every rule with the value it saw, its threshold, and whether it was passed
  rules_version integer     NOT NULL,
  decided_on    date        NOT NULL,  -- business date
  decided_at    timestamptz NOT NULL,
  valid_until   timestamptz,           -- end of the line; null unless approved
  PRIMARY KEY (cell, id),
  CHECK ((outcome = 'approved') = (line_limit > 0)),
  CHECK ((outcome = 'approved') = (valid_until IS NOT NULL))
);

-- Which decision governs a merchant now: its newest. The row is also the lock under which a line is used or decided.
CREATE TABLE credit.line (
  cell     smallint NOT NULL,
  merchant uuid     NOT NULL,
  currency text     NOT NULL,
  decision uuid,               -- null only inside the transaction of the first application
  PRIMARY KEY (cell, merchant, currency)
);

GRANT SELECT, INSERT ON credit.rule_set, credit.decision, credit.line TO feiqian_app;
GRANT UPDATE (decision) ON credit.line TO feiqian_app;
"""

# Amounts in fen: volume of at least 2,000 yuan; 30 % of 30 days' volume, whole hundreds of yuan, 500 to 500,000 yuan.
FIRST_RULES = """
INSERT INTO credit.rule_set (version, valid_from, content) VALUES (1, DATE '2000-01-01', $json$
{
  "window_days": 30,
  "valid_days": 30,
  "rules": [
    {"code": "active_days_too_few", "fact": "active_days", "comparison": "at_least", "threshold": "3",
     "english": "Sales on {value} days of the last {window_days}; at least {threshold} are needed.",
     "chinese": "近 {window_days} 天内有交易 {value} 天，至少需要 {threshold} 天。"},
    {"code": "volume_too_small", "fact": "volume", "comparison": "at_least", "threshold": "200000",
     "english": "Settled trade of {value} in the last {window_days} days; at least {threshold} is needed.",
     "chinese": "近 {window_days} 天已结算交易额 {value}，至少需要 {threshold}。"},
    {"code": "refund_rate_too_high", "fact": "refund_rate", "comparison": "at_most", "threshold": "0.20",
     "english": "{value} of sales in the last {window_days} days were refunded; at most {threshold} may be.",
     "chinese": "近 {window_days} 天退款率 {value}，不得高于 {threshold}。"}
  ],
  "limit": {"share": "0.30", "multiple_of": 10000, "amount_min": 50000, "amount_max": 50000000}
}
$json$);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FIRST_RULES)
