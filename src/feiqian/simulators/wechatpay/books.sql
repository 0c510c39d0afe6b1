-- The simulator's own books. Money is in fen; moments are milliseconds since 1970, UTC.

CREATE TABLE orders (
    id             INTEGER PRIMARY KEY,
    out_trade_no   TEXT NOT NULL UNIQUE,    -- the merchant's number: the idempotency key
    code           TEXT NOT NULL UNIQUE,    -- the pr= of code_url
    code_issued_at INTEGER NOT NULL,        -- a code can be scanned for two hours
    request        BLOB NOT NULL,           -- the request in one canonical form: a repeated one must equal it
    description    TEXT NOT NULL,
    attach         TEXT NOT NULL,
    notify_url     TEXT NOT NULL,
    serial         TEXT NOT NULL,           -- the Wechatpay-Serial whose key signs the callbacks
    total          INTEGER NOT NULL,
    state          TEXT NOT NULL,           -- NOTPAY, SUCCESS, CLOSED; expired orders stay NOTPAY and are shown CLOSED
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    transaction_id TEXT UNIQUE,             -- from here on: null until paid
    paid_at        INTEGER,
    openid         TEXT,
    fee            INTEGER,                 -- the channel's fee at the rate of that moment
    fee_rate       TEXT,                    -- as a decimal, 0.0038
    refunded       INTEGER NOT NULL DEFAULT 0, -- sum of refunds that were not closed
    refunds        INTEGER NOT NULL DEFAULT 0  -- how many refunds were accepted
);
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL;

CREATE TABLE refunds (
    id            INTEGER PRIMARY KEY,
    out_refund_no TEXT NOT NULL UNIQUE,     -- the merchant's number: the idempotency key
    refund_id     TEXT NOT NULL UNIQUE,
    order_id      INTEGER NOT NULL REFERENCES orders,
    request       BLOB NOT NULL,            -- canonical, as for orders
    amount        INTEGER NOT NULL,
    notify_url    TEXT NOT NULL,            -- empty: no callback
    serial        TEXT NOT NULL,
    status        TEXT NOT NULL,            -- PROCESSING, SUCCESS, ABNORMAL, CLOSED
    created_at    INTEGER NOT NULL,
    succeeded_at  INTEGER,
    fee           INTEGER NOT NULL DEFAULT 0 -- what of the channel's fee came back, at success
);
CREATE INDEX refunds_by_order ON refunds (order_id);
CREATE INDEX refunds_by_success ON refunds (succeeded_at) WHERE succeeded_at IS NOT NULL;
