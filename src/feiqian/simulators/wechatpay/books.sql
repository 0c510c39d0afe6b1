-- WeChat Pay's own books. Money is in fen; moments are milliseconds since 1970, UTC.

CREATE TABLE accounts (                     -- what WeChat Pay holds for a merchant
    mchid   TEXT PRIMARY KEY,
    balance INTEGER NOT NULL DEFAULT 0,
    frozen  INTEGER NOT NULL DEFAULT 0      -- part of the balance: money of orders that wait for profit sharing
) WITHOUT ROWID;

CREATE TABLE orders (
    id             INTEGER PRIMARY KEY,
    out_trade_no   TEXT NOT NULL UNIQUE,    -- the merchant's number: the idempotency key
    trade_type     TEXT NOT NULL,           -- NATIVE, JSAPI, MWEB (H5), APP, MICROPAY (payment code)
    code           TEXT NOT NULL UNIQUE,    -- the pr= of code_url, or the prepay_id; of no use in a combined order
    code_issued_at INTEGER NOT NULL,        -- a code can be scanned for two hours, a prepay_id lives as long
    request        BLOB NOT NULL,           -- the request in one canonical form: a repeated one must equal it
    description    TEXT NOT NULL,
    attach         TEXT NOT NULL,
    notify_url     TEXT NOT NULL,           -- empty for a payment by code
    serial         TEXT NOT NULL,           -- the Wechatpay-Serial whose key signs the callbacks
    total          INTEGER NOT NULL,
    appid          TEXT NOT NULL,           -- of the merchant, or of the service provider
    sub_mchid      TEXT NOT NULL,           -- the merchant behind a service provider; empty for a direct merchant
    sub_appid      TEXT NOT NULL,
    payer          TEXT NOT NULL,           -- the openid that has to pay; empty: whoever does
    combined_id    INTEGER REFERENCES combined,
    profit_sharing INTEGER NOT NULL,        -- 1: the money is frozen until it is shared or unfrozen
    state          TEXT NOT NULL,           -- NOTPAY, USERPAYING, SUCCESS, CLOSED, REVOKED, PAYERROR; expired ones stay
                                            -- NOTPAY and are shown CLOSED
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    transaction_id TEXT UNIQUE,             -- from here on: null until paid
    paid_at        INTEGER,
    openid         TEXT,
    fee            INTEGER,                 -- the channel's fee at the rate of that moment
    fee_rate       TEXT,                    -- as a decimal, 0.0038
    refunded       INTEGER NOT NULL DEFAULT 0, -- sum of refunds that were not closed
    refunds        INTEGER NOT NULL DEFAULT 0, -- how many refunds were accepted
    unsplit        INTEGER NOT NULL DEFAULT 0, -- still frozen for profit sharing
    shared         INTEGER NOT NULL DEFAULT 0, -- asked for and not failed, by all sharing calls
    sharings       INTEGER NOT NULL DEFAULT 0  -- how many sharing calls were accepted
);
CREATE INDEX orders_by_payment ON orders (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_by_combination ON orders (combined_id) WHERE combined_id IS NOT NULL;

CREATE TABLE combined (                     -- several orders that the buyer pays at once
    id             INTEGER PRIMARY KEY,
    out_trade_no   TEXT NOT NULL UNIQUE,    -- combine_out_trade_no
    trade_type     TEXT NOT NULL,
    code           TEXT NOT NULL UNIQUE,
    request        BLOB NOT NULL,
    notify_url     TEXT NOT NULL,
    serial         TEXT NOT NULL,
    payer          TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    transaction_id TEXT UNIQUE              -- combine_transaction_id; null until paid
);

CREATE TABLE auth_codes (                   -- what a buyer's phone shows at a till
    code       TEXT PRIMARY KEY,
    openid     TEXT NOT NULL,
    asks       INTEGER NOT NULL,            -- 1: the buyer has to type the password
    balance    INTEGER NOT NULL,            -- what the buyer can pay with
    created_at INTEGER NOT NULL,            -- it lives for a minute
    used_by    TEXT                         -- the out_trade_no that used it
) WITHOUT ROWID;

CREATE TABLE refunds (
    id            INTEGER PRIMARY KEY,
    out_refund_no TEXT NOT NULL UNIQUE,     -- the merchant's number: the idempotency key; of a reversal: revoked:{order}
    refund_id     TEXT NOT NULL UNIQUE,
    order_id      INTEGER NOT NULL REFERENCES orders,
    request       BLOB NOT NULL,            -- canonical, as for orders
    amount        INTEGER NOT NULL,
    unfrozen      INTEGER NOT NULL,         -- how much of it came from money frozen for profit sharing
    sources       BLOB NOT NULL,            -- JSON, amount.from of the request
    funds_account TEXT NOT NULL,            -- AVAILABLE or UNSETTLED
    notify_url    TEXT NOT NULL,            -- empty: no callback
    serial        TEXT NOT NULL,
    status        TEXT NOT NULL,            -- PROCESSING, SUCCESS, ABNORMAL, CLOSED
    created_at    INTEGER NOT NULL,
    succeeded_at  INTEGER,
    fee           INTEGER NOT NULL DEFAULT 0, -- what of the channel's fee came back, at success
    received_by   TEXT NOT NULL DEFAULT '支付用户零钱'
);
CREATE INDEX refunds_by_order ON refunds (order_id);
CREATE INDEX refunds_by_success ON refunds (succeeded_at) WHERE succeeded_at IS NOT NULL;

CREATE TABLE receivers (                    -- whom a merchant may share with
    mchid    TEXT NOT NULL,                 -- the sharing merchant
    type     TEXT NOT NULL,                 -- MERCHANT_ID, PERSONAL_OPENID, PERSONAL_SUB_OPENID
    account  TEXT NOT NULL,
    name     TEXT NOT NULL,                 -- decrypted; empty when it was not given
    relation TEXT NOT NULL,
    PRIMARY KEY (mchid, type, account)
) WITHOUT ROWID;

CREATE TABLE sharings (                     -- calls to share, and calls to unfreeze the rest
    id           INTEGER PRIMARY KEY,
    out_order_no TEXT NOT NULL UNIQUE,      -- the merchant's number: the idempotency key
    sharing_id   TEXT NOT NULL UNIQUE,      -- WeChat Pay's order_id
    order_id     INTEGER NOT NULL REFERENCES orders,
    request      BLOB NOT NULL,
    unfreezes    INTEGER NOT NULL,          -- 1: the rest goes to the merchant when this is finished
    unfrozen     INTEGER NOT NULL DEFAULT 0, -- how much that was
    state        TEXT NOT NULL,             -- PROCESSING, FINISHED: which is not success, see the parts
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER
);

CREATE TABLE sharing_parts (                -- one receiver of one sharing
    id          INTEGER PRIMARY KEY,
    sharing_id  INTEGER NOT NULL REFERENCES sharings,
    type        TEXT NOT NULL,
    account     TEXT NOT NULL,
    amount      INTEGER NOT NULL,
    description TEXT NOT NULL,
    result      TEXT NOT NULL,              -- PENDING, SUCCESS, CLOSED
    fail_reason TEXT NOT NULL,
    finished_at INTEGER,
    returned    INTEGER NOT NULL DEFAULT 0  -- sum of returns that did not fail
);
CREATE INDEX sharing_parts_by_sharing ON sharing_parts (sharing_id);

CREATE TABLE sharing_returns (
    id            INTEGER PRIMARY KEY,
    out_return_no TEXT NOT NULL UNIQUE,
    return_id     TEXT NOT NULL UNIQUE,
    part_id       INTEGER NOT NULL REFERENCES sharing_parts,
    request       BLOB NOT NULL,
    amount        INTEGER NOT NULL,
    description   TEXT NOT NULL,
    result        TEXT NOT NULL,            -- PROCESSING, SUCCESS, FAILED
    fail_reason   TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    finished_at   INTEGER
);

CREATE TABLE transfers (                    -- to a user: a bill that the user confirms, or one detail of a batch
    id           INTEGER PRIMARY KEY,
    out_no       TEXT NOT NULL,             -- out_bill_no, or out_detail_no within its batch
    transfer_no  TEXT NOT NULL UNIQUE,      -- transfer_bill_no or detail_id
    batch_id     INTEGER REFERENCES batches, -- null for a bill
    request      BLOB NOT NULL,
    openid       TEXT NOT NULL,
    user_name    TEXT NOT NULL,             -- decrypted; empty when it was not given
    amount       INTEGER NOT NULL,
    remark       TEXT NOT NULL,
    notify_url   TEXT NOT NULL,
    serial       TEXT NOT NULL,
    package_info TEXT NOT NULL,             -- what opens the confirmation in WeChat; empty for a batch's detail
    state        TEXT NOT NULL,             -- ACCEPTED, PROCESSING, WAIT_USER_CONFIRM, TRANSFERING, SUCCESS, FAIL, CANCELING,
                                            -- CANCELLED
    fail_reason  TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX transfers_by_number ON transfers (coalesce(batch_id, 0), out_no);
CREATE INDEX transfers_by_end ON transfers (updated_at) WHERE state = 'SUCCESS';

CREATE TABLE batches (
    id           INTEGER PRIMARY KEY,
    out_batch_no TEXT NOT NULL UNIQUE,
    batch_no     TEXT NOT NULL UNIQUE,      -- WeChat Pay's batch_id
    request      BLOB NOT NULL,
    name         TEXT NOT NULL,
    remark       TEXT NOT NULL,
    total        INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    notify_url   TEXT NOT NULL,
    serial       TEXT NOT NULL,
    state        TEXT NOT NULL,             -- ACCEPTED, PROCESSING, FINISHED, CLOSED
    close_reason TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
);

CREATE TABLE deposits (                     -- money that the merchant brought, for transfers and refunds
    id     INTEGER PRIMARY KEY,
    mchid  TEXT NOT NULL,
    amount INTEGER NOT NULL,
    at     INTEGER NOT NULL
);
