-- The bank's books. Money is in minor units of the account's currency; moments are milliseconds since 1970, UTC;
-- dates are Beijing's, 2026-03-02.

CREATE TABLE accounts (
    number     TEXT PRIMARY KEY,
    name       TEXT NOT NULL,               -- of its owner
    kind       TEXT NOT NULL,               -- corporate (the platform's), virtual (a number under a corporate account),
                                            -- other (somebody else's with this bank), settlement (all other banks)
    parent     TEXT REFERENCES accounts,    -- of a virtual one: where its money really is
    currency   TEXT NOT NULL,
    status     TEXT NOT NULL,               -- open, frozen, closed
    balance    INTEGER NOT NULL DEFAULT 0,  -- of a virtual one: what came under its number, also part of the parent's
    reserved   INTEGER NOT NULL DEFAULT 0,  -- sum of the payouts that are accepted and not yet paid
    notify_url TEXT NOT NULL DEFAULT ''     -- where camt.054 goes; empty: nowhere
) WITHOUT ROWID;

CREATE TABLE messages (                     -- every pain.001 whose orders were looked at, not those rejected as a whole
    message_id TEXT PRIMARY KEY,            -- GrpHdr/MsgId
    name       TEXT NOT NULL,               -- pain.001.001.09
    count      INTEGER NOT NULL,
    total      TEXT NOT NULL,               -- sum of the amounts, a decimal without regard to currencies
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE transfers (
    id               INTEGER PRIMARY KEY,
    front            TEXT NOT NULL,         -- iso20022, socket, soap
    message_id       TEXT NOT NULL,         -- MsgId, or the terminal, or the SOAP user
    payment_id       TEXT NOT NULL,         -- PmtInfId; empty at the other fronts
    instruction_id   TEXT NOT NULL,         -- InstrId; empty where there is none
    end_to_end_id    TEXT NOT NULL,         -- the customer's number: EndToEndId, RequestId, or terminal, date and STAN
    debit_account    TEXT NOT NULL,
    creditor_name    TEXT NOT NULL,
    creditor_account TEXT NOT NULL,
    creditor_bank    TEXT NOT NULL,         -- CNAPS number or BIC; empty: this bank's, if it knows the account
    amount           INTEGER NOT NULL,
    currency         TEXT NOT NULL,
    memo             TEXT NOT NULL,
    status           TEXT NOT NULL,         -- received, accepted, settled, rejected, returned, reversed
    reason           TEXT NOT NULL,         -- ISO 20022 code of a rejection or a return
    detail           TEXT NOT NULL,
    reference        TEXT NOT NULL UNIQUE,  -- the bank's number
    mode             TEXT NOT NULL,         -- how the sandbox wants it to go
    created_at       INTEGER NOT NULL,
    settled_at       INTEGER,
    next_step        TEXT,                  -- accept, settle, reject, return; null: nothing more happens by itself
    next_at          INTEGER
);
CREATE INDEX transfers_by_message ON transfers (front, message_id);
CREATE INDEX transfers_by_number ON transfers (end_to_end_id);
CREATE INDEX transfers_due ON transfers (next_at) WHERE next_step IS NOT NULL;

CREATE TABLE entries (
    id              INTEGER PRIMARY KEY,
    account         TEXT NOT NULL REFERENCES accounts,
    virtual         TEXT REFERENCES accounts, -- under which number the money came
    kind            TEXT NOT NULL,          -- opening, payout, incoming, return, reversal
    amount          INTEGER NOT NULL,       -- above zero: credit
    booked_at       INTEGER NOT NULL,
    booked_on       TEXT NOT NULL,
    reference       TEXT NOT NULL,          -- AcctSvcrRef: the same on both sides of a movement
    counter_name    TEXT NOT NULL,
    counter_account TEXT NOT NULL,
    counter_bank    TEXT NOT NULL,
    memo            TEXT NOT NULL,
    transfer_id     INTEGER REFERENCES transfers,
    reason          TEXT NOT NULL           -- of a return
);
CREATE INDEX entries_by_account ON entries (account, booked_on, id);
CREATE INDEX entries_by_virtual ON entries (virtual, booked_on, id) WHERE virtual IS NOT NULL;

CREATE TABLE exchanges (                    -- what a terminal asked over the socket, so that a repetition is recognised
    terminal   TEXT NOT NULL,
    day        TEXT NOT NULL,               -- the date that the terminal wrote as MMDD
    stan       TEXT NOT NULL,
    digest     TEXT NOT NULL,               -- of what was asked; empty: reversed before it arrived
    code       TEXT NOT NULL,               -- field 39 of the answer
    transfer_id INTEGER REFERENCES transfers,
    PRIMARY KEY (terminal, day, stan)
) WITHOUT ROWID;
