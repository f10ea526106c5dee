//! The page "general".

use super::{Choice, Field, Kind, Section, choice, text};

const LANGUAGES: [Choice; 2] = [choice("de", "Deutsch", "German"), choice("en", "Englisch", "English")];

pub(super) const SECTIONS: [Section; 2] = [
    Section {
        title: text("Instanz", "Instance"),
        intro: None,
        folded: false,
        fields: &[
            Field::new(
                "name",
                Kind::Line { needed: true, example: "Zentrale" },
                text("Name", "Name"),
                text(
                    "So heißt die Instanz auf allen Seiten und im Protokoll. Keine zwei dürfen gleich heißen.",
                    "What the instance is called on all pages and in the log. No two may share a name.",
                ),
            ),
            Field::new(
                "description",
                Kind::Line { needed: false, example: "" },
                text("Beschreibung", "Description"),
                text("Für Sie und Ihre Kollegen; wirkt auf nichts.", "For you and your colleagues; it has no effect."),
            ),
            Field::new(
                "active",
                Kind::Switch,
                text("Instanz ist aktiv", "The instance is active"),
                text(
                    "Wird sie deaktiviert, so gibt sie alles zurück, was sie gesetzt hat, und tut dann nichts mehr.",
                    "When it is deactivated it gives back everything that it has set, and then does nothing any more.",
                ),
            ),
            Field::new(
                "language",
                Kind::Choice(&LANGUAGES),
                text("Sprache der Statustexte", "Language of status texts"),
                text(
                    "„bis 10:30“ oder “until 10:30”. Die Schlüsselwörter gelten immer in beiden Sprachen.",
                    "“until 10:30” or „bis 10:30“. Keywords work in both languages at all times.",
                ),
            ),
            Field::new(
                "zone",
                Kind::Zone,
                text("Zeitzone", "Time zone"),
                text(
                    "Gilt für Benutzer, deren Postfach keine eigene nennt; sie entscheidet, wann ein ganztägiger Termin \
                     beginnt und endet.",
                    "For users whose mailbox names none of its own; it decides when an all-day event begins and ends.",
                ),
            ),
        ],
    },
    Section {
        title: text("Wenn Kalender nicht lesbar sind", "When calendars can't be read"),
        intro: None,
        folded: false,
        fields: &[Field::new(
            "stale_after",
            Kind::Line { needed: true, example: "72h" },
            text("Letzter Stand gilt höchstens", "The last reading is believed for at most"),
            text(
                "Etwa 72h oder 30m. So lange geht es mit dem zuletzt gelesenen Kalender weiter; danach gilt er als \
                 unbekannt, und alles wird zurückgegeben.",
                "Such as 72h or 30m. For so long the calendar as it was last read stays in force; afterwards it counts as \
                 unknown, and everything is given back.",
            ),
        )],
    },
];
