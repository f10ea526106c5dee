//! What can go wrong with the store, in German: pages show it beside the English of the log.

use std::io;

use busylamp_core::said::Said;

use crate::{StoreError, Unreadable};

impl StoreError {
    /// What happened and what the administrator can do about it, in either language.
    pub fn said(&self) -> Said {
        Said::new(
            format!("{}. {}", self.happened_in_german(), self.advice_in_german()),
            format!("{self}. {}", self.advice()),
        )
    }

    fn happened_in_german(&self) -> String {
        match self {
            Self::NoFolder { path } => format!("Den Ordner {} gibt es nicht", path.display()),
            Self::File { path, source, .. } => {
                format!("Der Zugriff auf {} ist gescheitert („{}“)", path.display(), source.kind())
            }
            Self::InUse { path } => format!("Der Speicher {} wird von einem anderen Prozess benutzt", path.display()),
            Self::OldSqlite { found, needed } => {
                format!("SQLite {found} ist zu alt, nötig ist mindestens {needed}")
            }
            Self::NotOurs { path } => format!("{} ist die Datenbank eines anderen Programms", path.display()),
            Self::NewerSchema { found, known } => format!(
                "Den Speicher hat eine neuere Version von Busylamp geschrieben (Struktur {found}, diese Version kennt \
                 höchstens {known})"
            ),
            Self::Migration(_) => "Die Struktur des Speichers lässt sich nicht auf den neuen Stand bringen".to_owned(),
            Self::WrongKey => "Dieser Speicher wurde mit einem anderen Schlüssel angelegt".to_owned(),
            Self::Damaged { detail } => format!("Der Speicher ist beschädigt („{detail}“)"),
            Self::DiskFull => "Der Datenträger mit dem Speicher ist voll".to_owned(),
            Self::ReadOnly => "In den Speicher lässt sich nicht schreiben: er ist schreibgeschützt".to_owned(),
            Self::Busy => "Der Speicher ist zu lange belegt".to_owned(),
            Self::Disk { code } => {
                format!("Der Datenträger mit dem Speicher meldet einen Fehler (SQLite-Code {code})")
            }
            Self::Closed => "Der Speicher ist geschlossen".to_owned(),
            Self::NoRandomness(_) => "Das Betriebssystem liefert keine Zufallszahlen".to_owned(),
            Self::UnknownInstance(id) => format!("Eine Instanz „{id}“ gibt es nicht"),
            Self::InstanceExists(id) => format!("Eine Instanz „{id}“ gibt es schon"),
            Self::StillHeld(id) => format!("Die Instanz „{id}“ hält noch Werte von Benutzern"),
            Self::NameTaken { name } => format!("Zwei Instanzen haben den Namen „{name}“"),
            Self::Unreadable { what, why } => format!("Ein Eintrag („{what}“) ist nicht zu lesen: {}", why.in_german()),
            Self::NotStorable { what } => format!("Ein Eintrag („{what}“) lässt sich nicht als JSON schreiben"),
            Self::Sql(_) => "Die Datenbank lehnt ab".to_owned(),
        }
    }

    fn advice_in_german(&self) -> &'static str {
        match self {
            Self::NoFolder { .. } => {
                "Legen Sie den Ordner an, mit dem Benutzer, unter dem Busylamp läuft, als Eigentümer und den Rechten 0700, \
                 oder nennen Sie einen anderen."
            }
            Self::File { .. } if self.is_disk_full() => FREE_SPACE,
            Self::File { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => MAKE_WRITABLE,
            Self::File { .. } => {
                "Prüfen Sie, ob der Ordner und die Dateien darin dem Benutzer gehören, unter dem Busylamp läuft."
            }
            Self::InUse { .. } => {
                "Beenden Sie zuerst das andere Busylamp; ein Speicher dient nur einem Prozess auf einmal."
            }
            Self::OldSqlite { .. } => {
                "Benutzen Sie das veröffentlichte Programm, das sein eigenes SQLite mitbringt; ältere können eine Datenbank \
                 beschädigen."
            }
            Self::NotOurs { .. } => {
                "Nennen Sie die Datei, die Busylamp angelegt hat, oder eine, die es noch nicht gibt."
            }
            Self::NewerSchema { .. } => {
                "Starten Sie wieder die neuere Version, oder stellen Sie die Sicherung von vor dem Update wieder her."
            }
            Self::Migration(_) => {
                "Stellen Sie die Sicherung von vor dem Update wieder her, und melden Sie den Wortlaut aus dem Protokoll."
            }
            Self::WrongKey => {
                "Nennen Sie die Schlüsseldatei, mit der dieser Speicher angelegt wurde. Ohne sie sind seine Geheimnisse und \
                 gemerkten Werte verloren."
            }
            Self::Damaged { .. } => {
                "Beenden Sie Busylamp, heben Sie die beschädigten Dateien auf, prüfen Sie den Datenträger, und stellen Sie \
                 die letzte Sicherung wieder her."
            }
            Self::DiskFull => FREE_SPACE,
            Self::ReadOnly => MAKE_WRITABLE,
            Self::Busy => {
                "Beenden Sie andere Programme, die den Speicher geöffnet haben, etwa eine Datenbankkonsole oder einen \
                 Virenscanner."
            }
            Self::Disk { .. } => {
                "Prüfen Sie den Datenträger und das Systemprotokoll. Der Speicher darf nicht auf einer Netzfreigabe liegen."
            }
            Self::Closed => "Busylamp beendet sich gerade; es ist nichts zu tun.",
            Self::NoRandomness(_) => {
                "Prüfen Sie, ob das System dem Dienst getrandom oder /dev/urandom zur Verfügung stellt."
            }
            Self::UnknownInstance(_) => {
                "Prüfen Sie die Schreibweise; vielleicht wurde die Instanz inzwischen gelöscht."
            }
            Self::InstanceExists(_) => "Verwenden Sie eine andere Kennung.",
            Self::StillHeld(_) => {
                "Schalten Sie die Instanz ab und warten Sie, bis alles zurückgegeben ist, oder verwerfen Sie, was sie hält."
            }
            Self::NameTaken { .. } => "Geben Sie jeder Instanz einen eigenen Namen.",
            Self::Unreadable { why: Unreadable::OtherKey, .. } => {
                "Geben Sie den Wert neu ein, oder verwenden Sie den früheren Schlüssel."
            }
            Self::Unreadable { why: Unreadable::NewerFormat(_), .. } => "Starten Sie wieder die neuere Version.",
            Self::Unreadable { .. } => "Geben Sie den Wert neu ein, oder stellen Sie die letzte Sicherung wieder her.",
            Self::NotStorable { .. } | Self::Sql(_) => {
                "Melden Sie den Wortlaut aus dem Protokoll: es ist ein Fehler des Programms."
            }
        }
    }
}

const MAKE_WRITABLE: &str = "Prüfen Sie Eigentümer und Rechte (0600) der Datei, und ob ihr Datenträger zum Schreiben \
                             eingehängt ist.";

const FREE_SPACE: &str =
    "Schaffen Sie Platz auf dem Datenträger mit dem Speicher; Busylamp macht dann von selbst weiter.";

impl Unreadable {
    fn in_german(self) -> String {
        match self {
            Self::OtherKey => "er wurde mit einem anderen Schlüssel versiegelt".to_owned(),
            Self::Damaged => "er ist beschädigt".to_owned(),
            Self::NewerFormat(format) => format!("er hat das neuere Format {format}"),
            Self::OtherForm { line, column } => {
                format!("er hat eine andere Form, als diese Version erwartet (Zeile {line}, Spalte {column})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::{ids::InstanceId, language::Language};

    use super::*;

    #[test]
    fn every_failure_is_told_in_german_too() {
        let file = |kind: io::ErrorKind| StoreError::File { doing: "create", path: "/s".into(), source: kind.into() };
        let unreadable = |why| StoreError::Unreadable { what: "the secret `a`".to_owned(), why };
        let id = InstanceId::new("Köln");
        let errors = [
            StoreError::NoFolder { path: "/s".into() },
            file(io::ErrorKind::PermissionDenied),
            file(io::ErrorKind::StorageFull),
            file(io::ErrorKind::ReadOnlyFilesystem),
            StoreError::InUse { path: "/s".into() },
            StoreError::OldSqlite { found: "3.1".to_owned(), needed: "3.50" },
            StoreError::NotOurs { path: "/s".into() },
            StoreError::NewerSchema { found: 9, known: 4 },
            StoreError::Migration(sqlx::migrate::MigrateError::VersionMissing(3)),
            StoreError::WrongKey,
            StoreError::Damaged { detail: "page 3".to_owned() },
            StoreError::DiskFull,
            StoreError::ReadOnly,
            StoreError::Busy,
            StoreError::Disk { code: 10 },
            StoreError::Closed,
            StoreError::NoRandomness(getrandom::Error::UNSUPPORTED),
            StoreError::UnknownInstance(id.clone()),
            StoreError::InstanceExists(id.clone()),
            StoreError::StillHeld(id),
            StoreError::NameTaken { name: "Köln".to_owned() },
            unreadable(Unreadable::OtherKey),
            unreadable(Unreadable::Damaged),
            unreadable(Unreadable::NewerFormat(7)),
            unreadable(Unreadable::OtherForm { line: 1, column: 2 }),
            StoreError::NotStorable { what: "fact" },
            StoreError::Sql(sqlx::Error::RowNotFound),
        ];
        for error in errors {
            let said = error.said();
            let (german, english) = (said.speak(Language::German), said.speak(Language::English));
            assert!(german != english && german.ends_with('.') && english.ends_with('.'), "{said:?}");
            assert!(english.starts_with(&error.to_string()), "{english}");
        }
    }
}
