//! What outlives the process: configuration, secrets, holds, agendas at rest, history. SQLite.
