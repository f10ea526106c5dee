-- Who may look and who may change, and who changed what.

CREATE TABLE people (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'viewer')),
    language TEXT CHECK (language IN ('de', 'en')),
    -- A PHC string: the algorithm, its cost, salt and hash.
    password TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    -- The token's SHA-256: who reads the store can't take over a session.
    token BLOB NOT NULL PRIMARY KEY CHECK (length(token) = 32),
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    begun INTEGER NOT NULL,
    seen INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_a_person ON sessions (person);

-- It outlives the people in it, hence their names.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    person TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
