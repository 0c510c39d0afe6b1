-- Tables of every simulator's books. Moments are milliseconds since 1970, UTC.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY, -- series: six digits for the numbers this sandbox gives; clock: what the clock was told;
                            -- schema: a digest of the tables' definition
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE callbacks (
    id         INTEGER PRIMARY KEY,
    about      TEXT NOT NULL,               -- the merchant's number of the order or other thing: under it, it is found
    kind       TEXT NOT NULL,               -- the simulator's own word for the event
    content    BLOB NOT NULL,               -- what to say, before encryption and signature, misstated where wanted
    url        TEXT NOT NULL,
    signed_by  TEXT NOT NULL,               -- which of the channel's keys signs it; empty where there is one only
    mode       TEXT NOT NULL,               -- how the sandbox wants it delivered
    created_at INTEGER NOT NULL,
    state      TEXT NOT NULL,               -- waiting, delivered, abandoned (after the last retry), lost (by the sandbox)
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL
);
CREATE INDEX callbacks_by_about ON callbacks (about);
CREATE INDEX callbacks_waiting ON callbacks (next_at) WHERE state = 'waiting';

CREATE TABLE deliveries (     -- every POST of a callback and what came of it
    callback_id INTEGER NOT NULL REFERENCES callbacks,
    at          INTEGER NOT NULL,
    form        TEXT NOT NULL,              -- good, tampered, stale, or a form of the simulator's own
    status      INTEGER,                    -- HTTP status; null when there was no answer
    detail      TEXT NOT NULL               -- the answer's body, shortened, or why there was none
);
CREATE INDEX deliveries_by_callback ON deliveries (callback_id);
