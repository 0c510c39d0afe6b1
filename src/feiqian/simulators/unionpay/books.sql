-- The gateway's books, beside the tables of every simulator. Money is in fen; moments are milliseconds since 1970, UTC.

CREATE TABLE transactions (
    id           INTEGER PRIMARY KEY,
    order_id     TEXT NOT NULL,              -- with txn_time the merchant's key of a transaction
    txn_time     TEXT NOT NULL,              -- YYYYMMDDhhmmss as the merchant sent it
    txn_type     TEXT NOT NULL,              -- 01 purchase, 02 pre-authorisation, 03 its completion, 04 refund, 12 payout,
                                             -- 21 a line of a batch payout, 31 32 33 voids of 01 02 03
    txn_sub_type TEXT NOT NULL,
    biz_type     TEXT NOT NULL,              -- 000201 B2C, 000202 B2B, 000401 payouts
    request      BLOB NOT NULL,              -- the fields as they came: a front request repeated must equal it
    amount       INTEGER NOT NULL,
    front_url    TEXT NOT NULL DEFAULT '',
    back_url     TEXT NOT NULL DEFAULT '',   -- empty: no notice
    reserved     TEXT NOT NULL DEFAULT '',   -- reqReserved, given back in answers and notices
    code         TEXT UNIQUE,                -- of front transactions: names the bank page
    state        TEXT NOT NULL,              -- waiting for the buyer; entered (B2B: the maker did, the checker has not);
                                             -- processing; succeeded; failed
    resp_code    TEXT NOT NULL,              -- how it stands: 05 until it has ended; then 00, A6 or why it failed
    query_id     TEXT NOT NULL UNIQUE,       -- the gateway's number, 21 digits
    trace_no     TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,                    -- payTimeout of a front transaction
    ended_at     INTEGER,
    settled_on   TEXT,                       -- ISO date of the settlement day (23:00 to 23:00) once it succeeded
    fee          INTEGER NOT NULL DEFAULT 0, -- what the merchant is charged; negative when it comes back
    original_id  INTEGER REFERENCES transactions, -- what is refunded, completed or voided
    used         INTEGER NOT NULL DEFAULT 0, -- of a payment or completion: refunded or under refund; of a
                                             -- pre-authorisation: completed
    is_voided    INTEGER NOT NULL DEFAULT 0, -- taken back by a 31, 32 or 33
    account      TEXT NOT NULL DEFAULT '',   -- the payer's card, or the account that a payout goes to
    account_type TEXT NOT NULL DEFAULT '01', -- accType: 01 card, 02 passbook, 04 company
    bank         TEXT NOT NULL DEFAULT '',   -- short name of the payer's bank (issInsCode)
    batch_id     INTEGER REFERENCES batches,
    line_no      INTEGER,                    -- within the batch file, from 1
    returned_on  TEXT                        -- ISO date on which a paid payout came back from the bank
);
CREATE UNIQUE INDEX transactions_by_order ON transactions (order_id, txn_time) WHERE batch_id IS NULL;
CREATE INDEX transactions_by_name ON transactions (order_id);
CREATE INDEX transactions_by_original ON transactions (original_id) WHERE original_id IS NOT NULL;
CREATE INDEX transactions_by_settlement ON transactions (settled_on) WHERE settled_on IS NOT NULL;
CREATE INDEX transactions_returned ON transactions (returned_on) WHERE returned_on IS NOT NULL;
CREATE INDEX transactions_by_batch ON transactions (batch_id, line_no) WHERE batch_id IS NOT NULL;

CREATE TABLE batches (
    id         INTEGER PRIMARY KEY,
    batch_no   TEXT NOT NULL,                -- 0001 to 9999, the merchant's
    day        TEXT NOT NULL,                -- YYYYMMDD of txn_time: a batch_no is used once a day
    txn_time   TEXT NOT NULL,
    titles     TEXT NOT NULL,                -- the second line of the file: the columns' names
    header     TEXT NOT NULL,                -- its first line
    total      INTEGER NOT NULL,
    lines      INTEGER NOT NULL,
    mode       TEXT NOT NULL,                -- how the sandbox wants it to go
    state      TEXT NOT NULL,                -- processing, not_ready or done
    created_at INTEGER NOT NULL,
    UNIQUE (batch_no, day)
);
