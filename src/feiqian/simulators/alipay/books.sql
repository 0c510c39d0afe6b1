-- Alipay's books of one merchant. Money is in fen; moments are milliseconds since 1970, UTC.

CREATE TABLE trades (
    id               INTEGER PRIMARY KEY,
    out_trade_no     TEXT NOT NULL UNIQUE,    -- the merchant's number: the idempotency key
    method           TEXT NOT NULL,           -- the call that placed it, alipay.trade.precreate
    code             TEXT NOT NULL UNIQUE,    -- names it in the QR code and in the cashier's address
    request          BLOB NOT NULL,           -- the request in one canonical form: a repeated one must equal it
    subject          TEXT NOT NULL,
    body             TEXT NOT NULL,
    passback_params  TEXT NOT NULL,           -- given back in notifications as it came
    notify_url       TEXT NOT NULL,           -- empty: no notification
    return_url       TEXT NOT NULL,           -- empty: the buyer stays at the cashier
    charset          TEXT NOT NULL,           -- of the request; its notifications are written in it
    mode             TEXT NOT NULL,           -- key or certificate, as the call that placed it; its notifications too
    total            INTEGER NOT NULL,
    state            TEXT NOT NULL,           -- OFFERED (the buyer has not met it: unknown to queries),
                                              -- WAIT_BUYER_PAY, TRADE_SUCCESS, TRADE_FINISHED, TRADE_CLOSED;
                                              -- what expired is shown TRADE_CLOSED
    offered_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    trade_no         TEXT UNIQUE,             -- Alipay's number, from the moment the buyer met it
    created_at       INTEGER,                 -- gmt_create: that moment
    paid_at          INTEGER,                 -- from here on: null until paid
    closed_at        INTEGER,                 -- gmt_close: closed unpaid, or refunded in full, or finished
    buyer_id         TEXT,
    auth_code        TEXT,                    -- the buyer's payment code, where one was scanned
    fee              INTEGER NOT NULL DEFAULT 0,  -- the channel's fee at the rate of that moment
    finishes_at      INTEGER,                 -- when refunds are no longer taken and it becomes TRADE_FINISHED
    refunded         INTEGER NOT NULL DEFAULT 0,  -- sum of refunds that have not failed
    fee_returned     INTEGER NOT NULL DEFAULT 0,  -- what of the fee came back with refunds
    shared           INTEGER NOT NULL DEFAULT 0,  -- sum of royalties that have not failed
    shares_returned  INTEGER NOT NULL DEFAULT 0,  -- what of them came back with refunds
    shares_finished  INTEGER NOT NULL DEFAULT 0   -- 1: the merchant said that no more royalties follow
);
CREATE INDEX trades_by_payment ON trades (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX trades_finishing ON trades (finishes_at) WHERE state = 'TRADE_SUCCESS';
CREATE UNIQUE INDEX trades_by_auth_code ON trades (auth_code) WHERE auth_code IS NOT NULL;

CREATE TABLE refunds (
    id             INTEGER PRIMARY KEY,
    trade_id       INTEGER NOT NULL REFERENCES trades,
    out_request_no TEXT NOT NULL,             -- unique within the trade: the idempotency key
    amount         INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    royalties      BLOB NOT NULL,             -- what receivers give back, as JSON: [{trans_out, amount}]
    status         TEXT NOT NULL,             -- PROCESSING, SUCCESS, FAIL
    created_at     INTEGER NOT NULL,
    succeeded_at   INTEGER,
    fee            INTEGER NOT NULL DEFAULT 0, -- what of the channel's fee came back, at success
    UNIQUE (trade_id, out_request_no)
);
CREATE INDEX refunds_by_success ON refunds (succeeded_at) WHERE succeeded_at IS NOT NULL;

CREATE TABLE receivers (                      -- who may be given royalties
    type    TEXT NOT NULL,                    -- userId, loginName
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    memo    TEXT NOT NULL,
    PRIMARY KEY (type, account)
) WITHOUT ROWID;

CREATE TABLE settlements (                    -- one call of alipay.trade.order.settle
    id             INTEGER PRIMARY KEY,
    settle_no      TEXT NOT NULL UNIQUE,
    trade_id       INTEGER NOT NULL REFERENCES trades,
    out_request_no TEXT NOT NULL UNIQUE,
    request        BLOB NOT NULL,             -- canonical: a repeated one must equal it
    created_at     INTEGER NOT NULL
);
CREATE INDEX settlements_by_trade ON settlements (trade_id);

CREATE TABLE royalties (                      -- one receiver of a settlement
    id            INTEGER PRIMARY KEY,
    settlement_id INTEGER NOT NULL REFERENCES settlements,
    type          TEXT NOT NULL,              -- of the receiver's account: userId, loginName
    account       TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    returned      INTEGER NOT NULL DEFAULT 0, -- given back with refunds
    description   TEXT NOT NULL,
    state         TEXT NOT NULL,              -- PROCESSING, SUCCESS, FAIL
    ended_at      INTEGER
);
CREATE INDEX royalties_by_settlement ON royalties (settlement_id);

CREATE TABLE transfers (
    id         INTEGER PRIMARY KEY,
    out_biz_no TEXT NOT NULL UNIQUE,          -- the merchant's number: the idempotency key
    order_id   TEXT NOT NULL UNIQUE,
    request    BLOB NOT NULL,                 -- canonical: a repeated one must equal it
    amount     INTEGER NOT NULL,
    title      TEXT NOT NULL,
    identity   TEXT NOT NULL,                 -- the payee's user number, login or bank card
    status     TEXT NOT NULL,                 -- DEALING, SUCCESS, FAIL, REFUND (returned by the bank)
    created_at INTEGER NOT NULL,
    ended_at   INTEGER,
    turns_at   INTEGER,                       -- when the sandbox turns it into turns_into; null: never
    turns_into TEXT
);
CREATE INDEX transfers_turning ON transfers (turns_at) WHERE turns_at IS NOT NULL;

CREATE TABLE movements (                      -- every change of the merchant's balance, in order
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,                    -- as the account bill calls it: 在线支付, 收费 …
    trade_no TEXT NOT NULL,                   -- Alipay's number of what moved the money
    out_no  TEXT NOT NULL,                    -- the merchant's
    title   TEXT NOT NULL,
    other   TEXT NOT NULL,                    -- the other side's account
    amount  INTEGER NOT NULL,                 -- below zero: money left
    balance INTEGER NOT NULL                  -- after it
);
CREATE INDEX movements_by_time ON movements (at);
