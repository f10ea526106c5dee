//! The structure of the store: forward only, applied in order of their numbers, never changed once published.
//!
//! They are named here one by one, and not by sqlx's macro: its macros would have SQLite and all of sqlx built a second
//! time, for the compiler.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// What each does and how, from the first, whose number is 1.
const SCRIPTS: [(&str, &str); 4] = [
    ("start", include_str!("../migrations/0001_start.sql")),
    ("people", include_str!("../migrations/0002_people.sql")),
    ("history", include_str!("../migrations/0003_history.sql")),
    ("tokens", include_str!("../migrations/0004_tokens.sql")),
];

/// The number of the newest.
pub(crate) const NEWEST: i64 = 4;

/// All of them.
pub(crate) fn all() -> Migrator {
    let migration = |(number, (what, script)): (i64, (&'static str, &'static str))| {
        Migration::new(number, what.into(), MigrationType::Simple, script.into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(SCRIPTS).map(migration).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_applied_under_its_number() {
        let mut files: Vec<String> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let named = all()
            .iter()
            .map(|migration| format!("{:04}_{}.sql", migration.version, migration.description))
            .collect::<Vec<_>>();
        assert_eq!(named, files);
        assert_eq!(all().iter().map(|migration| migration.version).max(), Some(NEWEST));
    }
}
