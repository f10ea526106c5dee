//! Explanations of the past, the present and the future (§9), in plain sentences.

use busylamp_core::{
    account::Dimension,
    decide::Decision,
    explain::Speaker,
    ids::EventId,
    keeper::{Report, Standing},
    language::Language,
};
use busylamp_store::{Record, Recorded, What};
use jiff::Timestamp;

use super::{Explanation, KnownFrom, past::Wanted};
use crate::engine::Snapshot;

impl Explanation {
    /// The explanation of an instant. `past` is what history tells from before the instant on, the earliest first.
    pub(crate) fn new(snapshot: &Snapshot, past: &[Record], at: Timestamp, language: Language) -> Self {
        let teller = Teller { snapshot, language };
        if at < snapshot.now {
            teller.past(past, at)
        } else if at == snapshot.now {
            teller.now()
        } else {
            teller.future(at)
        }
    }
}

struct Teller<'a> {
    snapshot: &'a Snapshot,
    language: Language,
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
        let after = at.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
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
            Some(event) => format!("{}: {}.", self.say("Entschieden hat", "What decided was"), self.event(event)),
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
                format!("{held} {}. {then} {} – {}.", self.instant(next.at), next.dimension, self.value(next.after))
            }
            None => self.say("Das gilt noch.", "It still holds."),
        };
        Explanation { at, from: KnownFrom::History, winner, events: Vec::new(), action, dimensions, until }
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
            let paused = self.say("Die Synchronisation ist ausgesetzt bis", "Synchronisation is paused until");
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
            None => self.say("Danach kommt nichts mehr.", "Nothing comes after it."),
        }
    }

    /// What a decision wants, in a few words.
    fn decision(&self, decision: &Decision) -> String {
        let wanted: Vec<String> = wanted_of(decision)
            .into_iter()
            .map(|(dimension, value)| match value {
                Recorded::Text => self.say("ein Statustext", "a status text"),
                Recorded::Switch(_) | Recorded::Presence(_) => format!("{dimension} {}", value.name()),
            })
            .collect();
        if wanted.is_empty() { self.say("nichts gewollt", "nothing is wanted") } else { wanted.join(", ") }
    }

    fn dimensions(&self, decision: &Decision) -> Vec<(Dimension, String)> {
        let will = self.say("Gewollt ist", "Wanted is");
        let sentence = |(_, value)| format!("{will} {}.", self.value(Some(value)));
        let named = |name: &str| Dimension::try_from(name.to_owned()).ok();
        wanted_of(decision)
            .into_iter()
            .filter_map(|(name, value)| Some((named(name)?, sentence((name, value)))))
            .collect()
    }

    /// An event by its hours and kind, if the calendar still has it.
    fn event(&self, id: &EventId) -> String {
        let agenda = self.snapshot.agenda.as_ref();
        let found = agenda.and_then(|(agenda, _)| agenda.events().iter().find(|event| event.id == *id));
        let Some(event) = found else {
            let gone = self.say("nicht mehr im gelesenen Kalender", "no longer in the calendar that is read");
            return format!("{} {id} ({gone})", self.say("Termin", "event"));
        };
        let (from, to) = event.when.interval(&self.snapshot.zone);
        let kind = event.kind.kind().name();
        format!("{} {}–{} ({kind})", self.say("Termin", "event"), self.instant(from), self.instant(to))
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
            "paused" => ("die Synchronisation war ausgesetzt", "synchronisation was paused"),
            "left" => ("der Benutzer gehörte nicht mehr dazu", "the user was not a member any more"),
            "held_by_another_instance" => ("eine andere Instanz war zuständig", "another instance was in charge"),
            "closing" => ("die Instanz war abgeschaltet", "the instance was switched off"),
            other => return other.to_owned(),
        };
        self.say(german, english)
    }

    fn value(&self, value: Option<Recorded>) -> String {
        match value {
            None => self.say("nichts", "nothing"),
            Some(Recorded::Text) => self.say("ein Text", "a text"),
            Some(value) => value.name().to_owned(),
        }
    }

    fn speaker(&self) -> Speaker<'_> {
        Speaker { language: self.language, zone: &self.snapshot.zone }
    }

    fn instant(&self, at: Timestamp) -> String {
        let local = self.snapshot.zone.to_datetime(at);
        local.strftime(self.language.pick("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")).to_string()
    }

    fn say(&self, german: &str, english: &str) -> String {
        self.language.pick(german, english).to_owned()
    }
}

/// What a decision wants, by the names of dimensions; `forward` for the diversions.
fn wanted_of(decision: &Decision) -> Vec<(&'static str, Recorded)> {
    let forward = decision.forward.external;
    [
        decision.dnd.map(|on| ("dnd", Recorded::Switch(on))),
        forward.map(|on| ("forward", Recorded::Switch(on))),
        decision.presence.map(|presence| ("presence", Recorded::Presence(presence))),
        decision.text.as_ref().map(|_| ("text", Recorded::Text)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
