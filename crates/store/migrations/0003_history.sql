-- What the telephone system showed without our doing is recorded too. A CHECK can't be changed in place.
CREATE TABLE recorded (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    instance TEXT NOT NULL,
    account TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('decided', 'written', 'shown')),
    dimension TEXT NOT NULL,
    before TEXT,
    after TEXT,
    event TEXT,
    reason TEXT NOT NULL
) STRICT;
INSERT INTO recorded SELECT number, at, instance, account, what, dimension, before, after, event, reason FROM history;
DROP TABLE history;
ALTER TABLE recorded RENAME TO history;
CREATE INDEX history_of_an_account ON history (instance, account, at);
CREATE INDEX history_by_time ON history (at);
