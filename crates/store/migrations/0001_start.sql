-- Instants are microseconds since 1970-01-01T00:00:00Z. Columns named `sealed` hold envelopes (see `seal`).

-- "BSLP": tells a store of ours from any other SQLite database.
PRAGMA application_id = 1112755280;

-- The one row about the store itself.
CREATE TABLE store (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key_id BLOB NOT NULL CHECK (length(key_id) = 8),
    -- The activation number given out last; never given twice.
    activations INTEGER NOT NULL
) STRICT;

CREATE TABLE instances (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    configuration TEXT NOT NULL CHECK (json_valid(configuration)),
    phase TEXT NOT NULL CHECK (phase IN ('active', 'closing', 'inactive', 'removing')),
    activation INTEGER UNIQUE
) STRICT;

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- What is held for a user. An instance can't be deleted while it holds something.
CREATE TABLE states (
    instance TEXT NOT NULL REFERENCES instances (id),
    account TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (instance, account)
) STRICT;

CREATE TABLE agendas (
    instance TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    mailbox TEXT NOT NULL,
    read_at INTEGER NOT NULL,
    -- The fingerprint of how subjects were read.
    reading INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (instance, mailbox)
) STRICT;

-- What was decided and written. It outlives its instance, and no text ever stands in it.
CREATE TABLE history (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    instance TEXT NOT NULL,
    account TEXT NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('decided', 'written')),
    dimension TEXT NOT NULL,
    before TEXT,
    after TEXT,
    event TEXT,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX history_of_an_account ON history (instance, account, at);
CREATE INDEX history_by_time ON history (at);

-- Small things to remember; scope is an instance, or empty for the whole program.
CREATE TABLE facts (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL CHECK (json_valid(value)),
    PRIMARY KEY (scope, name)
) STRICT;
