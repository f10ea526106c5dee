//! Explanations of the past, the present and the future (§9), in plain sentences.

use busylamp_core::{
    account::{Dimension, NumberClass},
    decide::Decision,
    explain::Speaker,
    ids::EventId,
    keeper::{Report, Standing},
    language::Language,
    text::Placed,
};
use busylamp_store::{Record, Recorded, What};
use jiff::{SignedDuration, Timestamp};

use super::{Explanation, KnownFrom, past::Wanted};
use crate::engine::{BACK, Snapshot};

/// Whoever asks why it is so now names an instant that has just passed when the question arrives.
const JUST_NOW: SignedDuration = SignedDuration::from_secs(2);

impl Explanation {
    /// The explanation of an instant. `past` is what history tells from before the instant on, the earliest first.
    pub(crate) fn new(snapshot: &Snapshot, past: &[Record], at: Timestamp, language: Language) -> Self {
        let teller = Teller { snapshot, language, at };
        if at > snapshot.now {
            teller.future(at)
        } else if snapshot.now.duration_since(at) < JUST_NOW {
            teller.now()
        } else {
            teller.past(past, at)
        }
    }
}

struct Teller<'a> {
    snapshot: &'a Snapshot,
    language: Language,
    /// The instant that is asked about.
    at: Timestamp,
}

impl Teller<'_> {
    fn now(&self) -> Explanation {
        let snapshot = self.snapshot;
        let view = snapshot.view(self.language);
        let told = self.speaker().explain(view.as_ref(), &snapshot.report, snapshot.now);
        let (winner, events, action) = match self.not_followed(snapshot.now) {
            Some(why) => (why, Vec::new(), String::new()),
            None => (told.winner, told.events, told.action),
        };
        Explanation {
            at: snapshot.now,
            from: KnownFrom::Now,
            winner,
            events,
            action,
            dimensions: told.dimensions,
            until: self.until(snapshot.now),
        }
    }

    fn future(&self, at: Timestamp) -> Explanation {
        let snapshot = self.snapshot;
        let from = KnownFrom::Calendar;
        let empty = |winner| Explanation {
            at,
            from,
            winner,
            events: Vec::new(),
            action: String::new(),
            dimensions: Vec::new(),
            until: String::new(),
        };
        if let Some(why) = self.not_followed(at) {
            return empty(why);
        }
        let (Some(view), Some(read_until)) = (snapshot.view(self.language), snapshot.read_until()) else {
            return empty(self.say("Der Kalender ist unbekannt.", "The calendar is unknown."));
        };
        if at >= read_until {
            let so_far =
                self.say("So weit ist der Kalender noch nicht gelesen: nur bis", "The calendar is read only until");
            return empty(format!("{so_far} {}.", self.instant(read_until)));
        }
        let after = at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        let decision = snapshot.ahead(at, after).into_iter().next().map(|stretch| stretch.decision).unwrap_or_default();
        let report = Report { decision, ..Report::default() };
        let told = self.speaker().explain(Some(&view), &report, at);
        Explanation {
            at,
            from,
            winner: told.winner,
            events: told.events,
            action: told.action,
            dimensions: self.dimensions(&report.decision),
            until: self.until(at),
        }
    }

    fn past(&self, past: &[Record], at: Timestamp) -> Explanation {
        let wanted = Wanted::at(past, at);
        let decided: Vec<&Record> = wanted.decisions().collect();
        let deciding = decided.iter().find(|record| record.after.is_some());
        let known = past.first().is_some_and(|first| first.at <= at);
        let winner = match deciding.and_then(|record| record.event.as_ref()) {
            Some(event) => format!("{} {}.", self.say("Entschieden hat", "What decided was"), self.event(event)),
            None if known => self.say("Es war nichts gewollt.", "Nothing was wanted."),
            None => self.say(
                "Aus dieser Zeit ist nichts aufgeschrieben: es war nichts gewollt, oder das Programm lief noch nicht.",
                "Nothing was written down of that time: nothing was wanted, or the program did not run yet.",
            ),
        };
        let is_phone = |record: &&&Record| matches!(record.dimension, Dimension::Dnd | Dimension::Diversion(_));
        let action = decided.iter().find(|record| is_phone(record) && record.after.is_some());
        let action = action.map_or_else(
            || self.say("Am Telefon war nichts gewollt.", "Nothing was wanted of the telephone."),
            |record| format!("{}: {}.", self.say("Das Telefon folgte", "The telephone followed"), self.reason(record)),
        );
        let mut dimensions: Vec<(Dimension, String)> = Vec::new();
        for record in &decided {
            let since = self.say("seit", "since");
            let wanted = self.say("Gewollt war", "Wanted was");
            let sentence = format!(
                "{wanted} {} {since} {} ({}).",
                self.value(record.after),
                self.instant(record.at),
                self.reason(record)
            );
            let shown = self.last_change(past, &record.dimension, at);
            dimensions.push((
                record.dimension.clone(),
                [Some(sentence), shown].into_iter().flatten().collect::<Vec<_>>().join(" "),
            ));
        }
        let only_shown = past.iter().filter(|record| record.at <= at && record.what != What::Decided);
        for record in only_shown {
            if dimensions.iter().any(|(dimension, _)| *dimension == record.dimension) {
                continue;
            }
            if let Some(sentence) = self.last_change(past, &record.dimension, at) {
                dimensions.push((record.dimension.clone(), sentence));
            }
        }
        let next = past.iter().find(|record| record.at > at && record.what == What::Decided);
        let until = match next {
            Some(next) => {
                let (held, then) = (self.say("Das galt bis", "This held until"), self.say("Danach:", "Then:"));
                let what = self.named(&next.dimension, next.after);
                format!("{held} {}. {then} {what}.", self.instant(next.at))
            }
            None => self.say("Das gilt noch.", "It still holds."),
        };
        Explanation {
            at,
            from: KnownFrom::History,
            winner,
            events: self.events_of_today(at),
            action,
            dimensions,
            until,
        }
    }

    /// What ran at an instant that has passed, by the calendar as it is now: what was changed since is not known.
    fn events_of_today(&self, at: Timestamp) -> Vec<String> {
        let snapshot = self.snapshot;
        let (Some(view), Some((_, read_at))) = (snapshot.view(self.language), &snapshot.agenda) else {
            return Vec::new();
        };
        if at < read_at.saturating_sub(BACK).unwrap_or(Timestamp::MIN) {
            return Vec::new();
        }
        let told = self.speaker().explain(Some(&view), &Report::default(), at);
        let by_today = self.say("Nach dem Kalender von heute:", "By the calendar as it is today:");
        std::iter::once(told.winner).chain(told.events).map(|event| format!("{by_today} {event}")).collect()
    }

    /// The last write or foreign change up to an instant.
    fn last_change(&self, past: &[Record], dimension: &Dimension, at: Timestamp) -> Option<String> {
        let mut before = past.iter().rev().skip_while(|record| record.at > at);
        let change = before.find(|record| record.what != What::Decided && record.dimension == *dimension)?;
        let (when, value) = (self.instant(change.at), self.value(change.after));
        let sentence = match change.what {
            What::Written => match change.reason.as_str() {
                "give_back" => format!("{} {when}: {value}.", self.say("Zurückgegeben um", "Given back at")),
                _ => format!("{} {when}: {value}.", self.say("Geschrieben um", "Written at")),
            },
            What::Shown | What::Decided => {
                format!("{} {when}: {value}.", self.say("Von anderer Hand geändert um", "Changed by somebody else at"))
            }
        };
        Some(sentence)
    }

    /// Why the calendar is not followed at an instant that has not passed.
    fn not_followed(&self, at: Timestamp) -> Option<String> {
        let snapshot = self.snapshot;
        if let Some(until) = snapshot.lamp.paused_until
            && at < until
        {
            let paused = self.say("Die Synchronisation ist angehalten bis", "Synchronisation is paused until");
            return Some(format!("{paused} {}.", self.instant(until)));
        }
        match snapshot.standing {
            Standing::Member => None,
            Standing::Left if snapshot.lamp.paused_until.is_some() => None,
            Standing::Left => {
                Some(self.say(
                    "Der Benutzer gehört nicht mehr zur Gruppe.",
                    "The user is not a member of the group any more.",
                ))
            }
            Standing::HeldByAnother => {
                Some(self.say("Eine andere Instanz stellt diesen Benutzer.", "Another instance acts on this user."))
            }
            Standing::Closing { .. } => {
                Some(self.say("Die Instanz ist abgeschaltet.", "The instance is switched off."))
            }
        }
    }

    /// Until when it holds at an instant, and what follows.
    fn until(&self, at: Timestamp) -> String {
        let Some(read_until) = self.snapshot.read_until() else { return String::new() };
        let stretches = self.snapshot.ahead(at, read_until);
        match stretches.get(1) {
            Some(next) => {
                let (holds, then) = (self.say("Das gilt bis", "This holds until"), self.say("Danach:", "Then:"));
                format!("{holds} {}. {then} {}.", self.instant(next.from), self.decision(&next.decision))
            }
            None => self.speaker().nothing_comes(),
        }
    }

    /// What a decision wants, in a few words.
    fn decision(&self, decision: &Decision) -> String {
        let wanted: Vec<String> =
            self.wanted_of(decision).iter().map(|(dimension, value)| self.named(dimension, Some(*value))).collect();
        if wanted.is_empty() { self.say("nichts gewollt", "nothing is wanted") } else { wanted.join(", ") }
    }

    fn dimensions(&self, decision: &Decision) -> Vec<(Dimension, String)> {
        let is = self.say("Gewollt ist", "Wanted is");
        let wanted = self.wanted_of(decision).into_iter();
        wanted.map(|(dimension, value)| (dimension, format!("{is} {}.", self.value(Some(value))))).collect()
    }

    /// What a decision wants, by dimension, of the diversions that there are now.
    fn wanted_of(&self, decision: &Decision) -> Vec<(Dimension, Recorded)> {
        let entries = self.snapshot.shown.iter().filter_map(|shown| shown.diversions.as_ref()).flatten();
        let diversions = entries.filter_map(|(id, entry)| {
            let on = match entry.number {
                NumberClass::External => decision.forward.external,
                NumberClass::Internal => decision.forward.internal,
                NumberClass::Unknown => None,
            };
            let on = on.filter(|on| !on || entry.has_destination)?;
            Some((Dimension::Diversion(id.clone()), Recorded::Switch(on)))
        });
        let dnd = decision.dnd.map(|on| (Dimension::Dnd, Recorded::Switch(on)));
        let presence = decision.presence.map(|presence| (Dimension::Presence, Recorded::Presence(presence)));
        let text = decision.text.as_ref().map(|_| (Dimension::Text, Recorded::Text));
        dnd.into_iter().chain(diversions).chain(presence).chain(text).collect()
    }

    /// A dimension with its value.
    fn named(&self, dimension: &Dimension, value: Option<Recorded>) -> String {
        let (german, english) = match dimension {
            Dimension::Dnd => ("Nicht stören", "do not disturb"),
            Dimension::Diversion(_) => ("Umleitung", "diversion"),
            Dimension::Presence => ("Chat-Status", "presence"),
            Dimension::Text => ("Statustext", "status text"),
            Dimension::Label(_) => ("Tastenbeschriftung", "key label"),
        };
        let dimension = self.say(german, english);
        match value {
            None => format!("{dimension}: {}", self.say("nichts gewollt", "nothing is wanted")),
            // Which text it is does not matter here.
            Some(Recorded::Text) => dimension,
            Some(_) => format!("{dimension} {}", self.value(value)),
        }
    }

    /// An event by its hours and kind, if the calendar still has it.
    fn event(&self, id: &EventId) -> String {
        let agenda = self.snapshot.agenda.as_ref();
        let found = agenda.and_then(|(agenda, _)| agenda.events().iter().find(|event| event.id == *id));
        let Some(event) = found else {
            return self.say(
                "ein Termin, der nicht mehr im gelesenen Kalender steht",
                "an event that is no longer in the calendar as it was read",
            );
        };
        let (start, end) = event.when.interval(&self.snapshot.zone);
        let event = self.speaker().event(&Placed { event, start, end }, self.at);
        format!("{} {event}", self.say("der Termin", "the event"))
    }

    /// Why something was decided.
    fn reason(&self, record: &Record) -> String {
        let (german, english) = match record.reason.as_str() {
            "keyword" => ("durch Schlüsselwort im Betreff", "by a keyword in the subject"),
            "default_action" => ("durch die Voreinstellung der Art", "by the kind's default action"),
            "latched" => ("festgehalten seit dem Beginn des Termins", "latched since the event began"),
            "presence_of_kind" => ("durch die Art des Termins", "by the event's kind"),
            "status_text" => ("aus dem Termin", "from the event"),
            "nothing_wanted" => ("kein Termin wollte etwas", "no event wanted anything"),
            "calendar_unknown" => ("der Kalender war unbekannt", "the calendar was unknown"),
            "paused" => ("die Synchronisation war angehalten", "synchronisation was paused"),
            "left" => ("der Benutzer gehörte nicht mehr dazu", "the user was not a member any more"),
            "held_by_another_instance" => ("eine andere Instanz war zuständig", "another instance was in charge"),
            "closing" => ("die Instanz war abgeschaltet", "the instance was switched off"),
            other => return other.to_owned(),
        };
        self.say(german, english)
    }

    fn value(&self, value: Option<Recorded>) -> String {
        let (german, english) = match value {
            None => ("nichts", "nothing"),
            Some(Recorded::Text) => ("ein Text", "a text"),
            Some(Recorded::Switch(true)) => ("an", "on"),
            Some(Recorded::Switch(false)) => ("aus", "off"),
            Some(Recorded::Presence(presence)) => {
                let word = presence.word(self.language);
                return self.language.pick(format!("„{word}“"), format!("“{word}”"));
            }
        };
        self.say(german, english)
    }

    fn speaker(&self) -> Speaker<'_> {
        Speaker { language: self.language, zone: &self.snapshot.zone }
    }

    fn instant(&self, at: Timestamp) -> String {
        self.speaker().moment(at, self.at)
    }

    fn say(&self, german: &str, english: &str) -> String {
        self.language.pick(german, english).to_owned()
    }
}
