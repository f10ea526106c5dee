//! Why (§9): what a step saw and did, in plain German and English sentences. Events are named by their hours and
//! kind, never by their titles.

mod line;
mod words;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    account::Dimension,
    hold::Purpose,
    keeper::{Flag, Line, Report},
    language::Language,
    precedence,
    text::Placed,
    view::View,
};

/// An event without length is spoken of for so long after its begin.
const NOTICED: SignedDuration = SignedDuration::from_mins(1);

/// An explanation, a sentence each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Who wins, and by which comparison.
    pub winner: String,
    /// Every other event and why it does not decide.
    pub events: Vec<String>,
    /// Where the telephone action comes from.
    pub action: String,
    /// By dimension: what is wanted, shown and held, and why something was or was not written.
    pub dimensions: Vec<(Dimension, String)>,
    /// Until when this holds.
    pub until: String,
}

/// Speaks about one user's instants in a language and a zone.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// The language of the sentences.
    pub language: Language,
    /// The user's zone.
    pub zone: &'a TimeZone,
}

impl Speaker<'_> {
    /// Explains a step. `view` is what the step looked at, `None` if the calendar is unknown.
    pub fn explain(&self, view: Option<&View<'_>>, report: &Report, now: Timestamp) -> Explanation {
        let (winner, events) = match view {
            Some(view) => self.events(view, now),
            None => (self.say("Der Kalender ist unbekannt.", "The calendar is unknown."), Vec::new()),
        };
        let action = view.map(|view| self.action(view, report, now)).unwrap_or_default();
        let line = |(dimension, line): (&Dimension, &Line)| (dimension.clone(), self.line(line, now));
        let mut dimensions: Vec<_> = report.lines.iter().map(line).collect();
        if report.waits {
            let waits = self.say(
                "Die Telefonanlage wird gerade nicht gelesen oder ein Schreibvorgang läuft; entschieden wird danach.",
                "The telephone system can't be read just now, or a write is on its way; it is decided after that.",
            );
            dimensions.push((Dimension::Dnd, waits));
        }
        let until = match report.until {
            Some(until) => format!("{} {}.", self.say("Das gilt bis", "This holds until"), self.moment(until, now)),
            None => self.nothing_comes(),
        };
        Explanation { winner, events, action, dimensions, until }
    }

    /// Why a write was made, in one sentence.
    pub fn write(&self, dimension: &Dimension, purpose: Purpose, report: &Report, line: &Line) -> String {
        let from = match dimension {
            Dimension::Dnd | Dimension::Diversion(_) => &report.decision.action_from,
            Dimension::Presence | Dimension::Text | Dimension::Label(_) => &report.decision.winner,
        };
        let event = from.as_ref().map_or_else(String::new, |id| format!(" {id}"));
        match (purpose, &line.wants) {
            (Purpose::Take, _) => self.say(
                &format!("Der Termin{event} will es so; der eigene Wert wird danach zurückgegeben."),
                &format!("Event{event} wants it; the user's own value is given back afterwards."),
            ),
            (Purpose::Change, _) => self.say(
                &format!("Der Termin{event} will jetzt etwas anderes."),
                &format!("Event{event} wants another value now."),
            ),
            (Purpose::Again, _) => self.say(
                "Der Wert wurde von anderer Hand geändert; das Programm führt hier oder der eigene Status ist neutral.",
                "Somebody else changed the value; the program leads here, or the user's own presence is neutral.",
            ),
            (Purpose::GiveBack, None) => self.say(
                "Kein Termin will hier mehr etwas: der eigene Wert kommt zurück.",
                "No event wants anything here any more: the user's own value comes back.",
            ),
            (Purpose::GiveBack, Some(_)) => self.say(
                "Der eigene Status ist nicht neutral oder der Termin gilt hier als beendet: der eigene Wert kommt zurück.",
                "The user's own presence is not neutral or the event counts as ended here: the own value comes back.",
            ),
        }
    }

    /// What a flag means and what to do.
    pub fn flag(&self, flag: Flag) -> &'static str {
        let (german, english) = match flag {
            Flag::NoDiversionConfigured => (
                "Umleiten ist gewollt, aber der Benutzer hat keine Immer-Umleitung mit Ziel eingerichtet.",
                "Diversion is wanted, but the user has no always-diversion with a destination.",
            ),
            Flag::CalendarUnknown => (
                "Der Kalender wurde zu lange nicht gelesen; es wird nichts mehr gestellt. Verbindung und Rechte prüfen.",
                "The calendar has not been read for too long; nothing is set any more. Check connection and rights.",
            ),
            Flag::CalendarStale => (
                "Der Kalender wurde eine Weile nicht gelesen; der letzte Stand gilt weiter. Verbindung prüfen.",
                "The calendar has not been read for a while; the last reading stands. Check the connection.",
            ),
            Flag::AnotherProgramIsWriting => (
                "Ein anderes Programm stellt denselben Status. Dort oder hier abschalten.",
                "Another program sets the same state. Switch it off there or here.",
            ),
            Flag::NoMailAddress => (
                "Der Benutzer hat in der Telefonanlage keine Mail-Adresse.",
                "The user has no mail address in the telephone system.",
            ),
            Flag::AmbiguousMailAddress => {
                ("Mehrere Postfächer haben diese Mail-Adresse.", "Several mailboxes have this mail address.")
            }
            Flag::MailboxNotFound => ("Kein Postfach hat diese Mail-Adresse.", "No mailbox has this mail address."),
            Flag::MailboxAccessDenied => (
                "Das Postfach darf nicht gelesen werden; Rechte der Anwendung prüfen.",
                "The mailbox may not be read; check the application's rights.",
            ),
            Flag::RefusedByPbx => (
                "Die Telefonanlage lehnt das Stellen ab; Rechte des Dienstkontos prüfen.",
                "The telephone system refuses the write; check the service account's rights.",
            ),
            Flag::HeldByAnotherInstance => {
                ("Eine andere Instanz stellt diesen Benutzer bereits.", "Another instance acts on this user already.")
            }
            Flag::NumberNotClassified => (
                "Bei einer Nummer ist nicht zu erkennen, ob sie intern oder extern ist; ihre Umleitung bleibt unberührt.",
                "A number can't be told internal from external; its diversion is left alone.",
            ),
            Flag::TextCut => ("Die Telefonanlage kürzt den Statustext.", "The telephone system cuts the status text."),
        };
        self.language.pick(german, english)
    }

    /// That what is decided at an instant goes on, as far as the calendar is read.
    pub fn nothing_comes(&self) -> String {
        self.say(
            "Das bleibt so, solange sich am Kalender nichts ändert.",
            "This stays so as long as nothing changes in the calendar.",
        )
    }

    fn events(&self, view: &View<'_>, now: Timestamp) -> (String, Vec<String>) {
        let Some(winner) = view.winner(now) else {
            let none = self.say("Es läuft kein Termin.", "No event is running.");
            return (none, self.others(view, now));
        };
        let decides = self.say("Es entscheidet der Termin", "What decides is the event");
        let event = self.event(winner, now);
        let sentence = match view.running(now).nth(1) {
            None => format!("{decides} {event}, {}.", self.say("der als einziger läuft", "the only one that runs")),
            Some(second) => format!("{decides} {event}: {}.", self.rule(precedence::compare(winner, second).1)),
        };
        (sentence, self.others(view, now))
    }

    /// Why the other events of this instant do not decide: those that run, and those that would but do not count.
    fn others(&self, view: &View<'_>, now: Timestamp) -> Vec<String> {
        let the_event = self.say("Der Termin", "The event");
        let mut running = view.running(now);
        let winner = running.next();
        let outranked = running.filter_map(|placed| {
            let after = self.say("steht zurück", "stands behind");
            let (_, rule) = precedence::compare(winner?, placed);
            Some(format!("{the_event} {} {after}: {}.", self.event(placed, now), self.rule(rule)))
        });
        let left_out = view.left_out.iter().filter_map(|(event, reason)| {
            let (start, end) = event.when.interval(self.zone);
            // What has no length runs at no instant; who asks at its begin wants to know.
            let concerned = start <= now && now < end.max(start.saturating_add(NOTICED).unwrap_or(Timestamp::MAX));
            let does_not_count = self.say("zählt nicht", "does not count");
            let event = self.event(&Placed { event, start, end }, now);
            concerned.then(|| format!("{the_event} {event} {does_not_count}: {}.", self.left_out(*reason)))
        });
        outranked.chain(left_out).collect()
    }

    fn action(&self, view: &View<'_>, report: &Report, now: Timestamp) -> String {
        let Some(id) = &report.decision.action_from else {
            return self.say("Am Telefon ist nichts gewollt.", "Nothing is wanted of the telephone.");
        };
        let Some(placed) = view.running_event(id, now) else { return String::new() };
        let source = match (report.decision.winner.as_ref() == Some(id), placed.event.keywords.explicit) {
            (false, _) => self.say("festgehalten seit seinem Beginn", "latched since it began"),
            (true, true) => self.say("wegen eines Schlüsselworts im Betreff", "because of a keyword in its subject"),
            (true, false) => self.say("wegen der Voreinstellung seiner Art", "because of its kind's default action"),
        };
        let follows = self.say("Das Telefon folgt dem Termin", "The telephone follows the event");
        format!("{follows} {}, {source}.", self.event(placed, now))
    }
}

#[cfg(test)]
mod tests;
