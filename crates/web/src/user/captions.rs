//! The words of the page itself, as against those of what is drawn on it.

use busylamp_core::language::Language;

/// The headings, buttons and hints of the page.
pub(super) struct Captions {
    pub(super) board: &'static str,
    pub(super) until: &'static str,
    pub(super) paused: &'static str,
    pub(super) synchronisation: &'static str,
    pub(super) pause: &'static str,
    pub(super) pause_hint: &'static str,
    pub(super) hour: &'static str,
    pub(super) hours: &'static str,
    pub(super) tomorrow: &'static str,
    pub(super) until_when: &'static str,
    pub(super) resume: &'static str,
    pub(super) give_back: &'static str,
    pub(super) give_back_hint: &'static str,
    pub(super) check: &'static str,
    pub(super) check_hint: &'static str,
    pub(super) discard: &'static str,
    pub(super) discard_hint: &'static str,
    pub(super) line: &'static str,
    pub(super) previous: &'static str,
    pub(super) today: &'static str,
    pub(super) next: &'static str,
    pub(super) day: &'static str,
    pub(super) show: &'static str,
    pub(super) at: &'static str,
    pub(super) ask: &'static str,
    pub(super) keys: &'static str,
    pub(super) cursor: &'static str,
    pub(super) table: &'static str,
    pub(super) columns: [&'static str; 3],
    pub(super) why: &'static str,
    pub(super) cut: &'static str,
    pub(super) empty: &'static str,
    pub(super) holds: &'static str,
    pub(super) hold_columns: [&'static str; 5],
    pub(super) asleep: &'static str,
    pub(super) lost: &'static str,
}

impl Captions {
    pub(super) fn of(language: Language) -> Self {
        let say = |german: &'static str, english: &'static str| language.pick(german, english);
        Self {
            board: say("Tafel", "Board"),
            until: say("unverändert bis", "unchanged until"),
            paused: say("Angehalten bis", "Paused until"),
            synchronisation: say("Synchronisation", "Synchronisation"),
            pause: say("Anhalten", "Pause"),
            pause_hint: say(
                "Alles wird sofort zurückgegeben, und bis dahin wird nichts gestellt.",
                "Everything is given back at once, and nothing is set until then.",
            ),
            hour: say("1 Stunde", "1 hour"),
            hours: say("4 Stunden", "4 hours"),
            tomorrow: say("bis morgen", "until tomorrow"),
            until_when: say("Anhalten bis", "Pause until"),
            resume: say("Pause beenden", "End the pause"),
            give_back: say("Jetzt zurückgeben", "Give back now"),
            give_back_hint: say(
                "Für die Termine, die gerade laufen, wird nichts mehr gestellt; für die nächsten wieder.",
                "Nothing is set any more for the events that run now; for the next ones it is again.",
            ),
            check: say("Neu lesen", "Check again"),
            check_hint: say(
                "Kalender, Verzeichnis und Telefonanlage werden gleich gelesen.",
                "Calendar, directory and telephone system are read at once.",
            ),
            discard: say("Verwerfen", "Discard"),
            discard_hint: say(
                "Vergisst, was die Telefonanlage nicht zurücknimmt. Der Status bleibt dort, wie er ist.",
                "Forgets what the telephone system does not take back. The state stays there as it is.",
            ),
            line: say("Zeitleiste", "Time line"),
            previous: say("Einen Tag zurück", "One day back"),
            today: say("Heute", "Today"),
            next: say("Einen Tag vor", "One day on"),
            day: say("Tag", "Day"),
            show: say("Zeigen", "Show"),
            at: say("Zeitpunkt", "Instant"),
            ask: say("Warum?", "Why?"),
            keys: say(
                "Pfeiltasten bewegen den Zeiger um eine Viertelstunde, mit Umschalt um eine Minute; Bild auf und ab um einen Tag.",
                "Arrow keys move the cursor by a quarter of an hour, with Shift by a minute; Page Up and Down by a day.",
            ),
            cursor: say("Zeiger auf der Zeitleiste", "Cursor on the time line"),
            table: say("Als Tabelle", "As a table"),
            columns: language.pick(["Wann", "Was", "Einzelheiten"], ["When", "What", "Details"]),
            why: say("Warum?", "Why?"),
            cut: say("Es ist mehr geschehen, als hier steht.", "More has happened than is listed here."),
            empty: say("An diesen Tagen ist nichts.", "There is nothing on these days."),
            holds: say("Von Busylamp gestellt", "Set by Busylamp"),
            hold_columns: language.pick(
                ["Was", "Eigener Wert", "Unser Wert", "Seit", "Bis"],
                ["What", "Own value", "Our value", "Since", "Until"],
            ),
            asleep: say("ruht: von Hand beendet", "asleep: ended by hand"),
            lost: say(
                "Keine Verbindung zu Busylamp: die Seite zeigt, wie es zuletzt war.",
                "No connection to Busylamp: the page shows how it was last.",
            ),
        }
    }
}
