//! What became of one dimension: a sentence or two.

use jiff::Timestamp;

use super::Speaker;
use crate::{
    account::Value,
    hold::{Act, Purpose, Why},
    keeper::Line,
};

impl Speaker<'_> {
    /// What is wanted, shown and held, and why something was or was not written.
    pub(super) fn line(&self, line: &Line, now: Timestamp) -> String {
        let shows = line.shows.as_ref().map_or_else(String::new, |value| self.value(value));
        let before = line.before.as_ref().map_or_else(String::new, |value| self.value(value));
        let first = match (&line.act, &line.wants) {
            (Act::Write { purpose: Purpose::GiveBack, .. }, _) => return self.gives_back(&shows, &before),
            (Act::Nothing(Why::NothingWanted), _) => {
                return self.sentence(
                    format!("Kein Termin will hier etwas; es bleibt, wie es ist: {shows}"),
                    format!("No event wants anything here; it stays as it is: {shows}"),
                );
            }
            (Act::Nothing(Why::AlreadyShown), Some(value)) if line.shows.as_ref() == Some(value) => self.sentence(
                format!("Gewollt ist {shows}, und so ist es schon"),
                format!("{shows} is wanted, and so it is already"),
            ),
            (_, Some(value)) => {
                let value = self.value(value);
                self.sentence(
                    format!("Gewollt ist {value}, gezeigt wird {shows}"),
                    format!("{value} is wanted, {shows} is shown"),
                )
            }
            (_, None) => self.sentence(format!("Gezeigt wird {shows}"), format!("{shows} is shown")),
        };
        let why = match &line.act {
            Act::Write { .. } => Some(self.say("Es wird jetzt umgestellt.", "It is being set now.")),
            Act::Nothing(why) => self.why(*why, &before, now),
        };
        let differs = |before: &&Value| line.shows.as_ref() != Some(*before) || matches!(line.act, Act::Write { .. });
        let afterwards = line.before.as_ref().filter(differs);
        let afterwards = afterwards.filter(|_| line.wants.is_some()).map(|before| {
            let before = self.value(before);
            self.sentence(format!("Danach wieder {before}"), format!("Afterwards {before} again"))
        });
        // What the telephone system does not tell can't be repeated.
        let first = line.shows.is_some().then_some(first);
        [first, why, afterwards].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn gives_back(&self, shows: &str, before: &str) -> String {
        self.sentence(
            format!("Der eigene Wert wird jetzt zurückgegeben: {before} statt {shows}"),
            format!("The user's own value is being given back: {before} in place of {shows}"),
        )
    }

    /// Why nothing is written, where that is not said yet.
    fn why(&self, why: Why, before: &str, now: Timestamp) -> Option<String> {
        let sentence = match why {
            Why::NothingWanted | Why::AlreadyShown => return None,
            Why::GivenBack => self.say("Der eigene Wert ist zurück.", "The user's own value is back."),
            Why::LeftAlone => self.say(
                "Das hat jemand anderes so eingestellt, und es bleibt so.",
                "Somebody else has set it so, and so it stays.",
            ),
            Why::Ended => self.say(
                "Es wurde von Hand geändert: der Termin gilt hier als beendet.",
                "It was changed by hand: the event counts as ended here.",
            ),
            Why::Resting => self.say(
                "Es ruht, solange der eigene Chat-Status nicht neutral ist.",
                "It rests while the user's own presence is not neutral.",
            ),
            Why::PutOff(at) => {
                let at = self.moment(at, now);
                self.sentence(
                    format!("Jemand anderes hat es geändert; überschrieben wird es frühestens um {at}"),
                    format!("Somebody else has changed it; it is written over at {at} at the earliest"),
                )
            }
            Why::RefusedTake => self.say(
                "Die Telefonanlage hat es abgelehnt; erst wenn sich etwas ändert, wird es noch einmal versucht.",
                "The telephone system has refused it; it is tried again only when something changes.",
            ),
            Why::RefusedGiveBack(at) => {
                let at = self.moment(at, now);
                self.sentence(
                    format!("Die Telefonanlage hat die Rückgabe ({before}) abgelehnt; nächster Versuch um {at}"),
                    format!("The telephone system has refused to take it back ({before}); the next try is at {at}"),
                )
            }
            Why::KeptUntil(at) => {
                let at = self.moment(at, now);
                self.sentence(
                    format!("Der Kalender ist seit dem Start noch nicht gelesen; bis {at} bleibt es so"),
                    format!("The calendar has not been read since the start; until {at} it stays so"),
                )
            }
            Why::NotReadable => self.say(
                "Die Telefonanlage sagt nicht, was sie hier zeigt.",
                "The telephone system does not tell what it shows here.",
            ),
            Why::NoJournal => self.say(
                "Der Speicher nimmt nichts auf; bis er es tut, wird nichts übernommen.",
                "The store takes nothing down; until it does, nothing is taken over.",
            ),
        };
        Some(sentence)
    }

    /// In one of the languages, with a capital letter and a full stop.
    fn sentence(&self, german: String, english: String) -> String {
        let words = self.language.pick(german, english);
        let mut letters = words.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        format!("{first}{}.", letters.as_str())
    }
}
