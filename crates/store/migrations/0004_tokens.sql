-- What programs show in place of a person's name and password.

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'viewer')),
    -- The token's SHA-256: who reads the store can't use it.
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    made INTEGER NOT NULL,
    -- The first instant at which it is not good any more.
    expires INTEGER,
    used INTEGER
) STRICT;
