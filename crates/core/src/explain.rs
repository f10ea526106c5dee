//! Why (§9): what a step saw and did, in plain German and English sentences. Events are named by their hours and
//! kind, never by their titles.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    account::{Dimension, Value},
    event::{Kind, ReadKind, When},
    hold::{Act, Purpose, Why},
    keeper::{Flag, Line, Report},
    language::Language,
    precedence::{self, Rule},
    text::Placed,
    view::{LeftOut, View},
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
        let line = |(dimension, line): (&Dimension, &Line)| (dimension.clone(), self.line(line));
        let mut dimensions: Vec<_> = report.lines.iter().map(line).collect();
        if report.waits {
            let waits = self.say(
                "Die Telefonanlage wird gerade nicht gelesen oder ein Schreibvorgang läuft; entschieden wird danach.",
                "The telephone system can't be read just now, or a write is on its way; it is decided after that.",
            );
            dimensions.push((Dimension::Dnd, waits));
        }
        let until = match report.until {
            Some(until) => format!("{} {}.", self.say("Das gilt bis", "This holds until"), self.instant(until)),
            None => self.say("Danach kommt nichts mehr.", "Nothing comes after it."),
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

    fn events(&self, view: &View<'_>, now: Timestamp) -> (String, Vec<String>) {
        let Some(winner) = view.winner(now) else {
            let none = self.say("Es läuft kein Termin.", "No event is running.");
            return (none, self.others(view, now));
        };
        let decided = match view.running(now).nth(1) {
            None => self.say("er läuft allein", "it runs alone"),
            Some(second) => self.rule(precedence::compare(winner, second).1),
        };
        let sentence = format!("{}: {} ({decided}).", self.say("Es entscheidet", "What decides"), self.event(winner));
        (sentence, self.others(view, now))
    }

    /// Why the other events of this instant do not decide: those that run, and those that would but do not count.
    fn others(&self, view: &View<'_>, now: Timestamp) -> Vec<String> {
        let mut running = view.running(now);
        let winner = running.next();
        let outranked = running.filter_map(|placed| {
            let after = self.say("steht zurück", "stands behind");
            let (_, rule) = precedence::compare(winner?, placed);
            Some(format!("{} {after}: {}.", self.event(placed), self.rule(rule)))
        });
        let left_out = view.left_out.iter().filter_map(|(event, reason)| {
            let (start, end) = event.when.interval(self.zone);
            // What has no length runs at no instant; who asks at its begin wants to know.
            let concerned = start <= now && now < end.max(start.saturating_add(NOTICED).unwrap_or(Timestamp::MAX));
            let does_not_count = self.say("zählt nicht", "does not count");
            let placed = Placed { event, start, end };
            concerned.then(|| format!("{} {does_not_count}: {}.", self.event(&placed), self.left_out(*reason)))
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
            (true, true) => self.say("durch Schlüsselwort im Betreff", "by a keyword in its subject"),
            (true, false) => self.say("durch die Voreinstellung seiner Art", "by its kind's default action"),
        };
        format!("{}: {} ({source}).", self.say("Das Telefon folgt", "The telephone follows"), self.event(placed))
    }

    fn line(&self, line: &Line) -> String {
        let value = |value: &Option<Value>| match value {
            None => self.say("nichts", "nothing"),
            Some(value) => self.value(value),
        };
        let held = line.before.as_ref().map_or_else(String::new, |before| {
            format!("; {} {}", self.say("davor war", "before it was"), self.value(before))
        });
        format!(
            "{} {}, {} {}{held}: {}",
            self.say("Gewollt", "Wanted is"),
            value(&line.wants),
            self.say("gezeigt wird", "shown is"),
            value(&line.shows),
            self.act(&line.act)
        )
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Switch(true) => self.say("an", "on"),
            Value::Switch(false) => self.say("aus", "off"),
            Value::Presence(presence) => presence.word(self.language).to_owned(),
            Value::Text(text) if text.as_str().is_empty() => self.say("kein Text", "no text"),
            Value::Text(_) => self.say("ein Text", "a text"),
        }
    }

    fn act(&self, act: &Act<Value>) -> String {
        let why = match act {
            Act::Write { purpose: Purpose::GiveBack, .. } => {
                return self.say("wird zurückgegeben.", "it is given back.");
            }
            Act::Write { .. } => return self.say("wird geschrieben.", "it is written."),
            Act::Nothing(why) => why,
        };
        match why {
            Why::NothingWanted => self.say("nichts zu tun.", "nothing to do."),
            Why::AlreadyShown => self.say("schon so.", "it is so already."),
            Why::GivenBack => self.say("der eigene Wert ist zurück.", "the own value is back."),
            Why::LeftAlone => self.say("von anderer Hand geändert, bleibt so.", "changed by somebody else, it stays."),
            Why::Ended => self.say(
                "von Hand geändert: der Termin gilt hier als beendet.",
                "changed by hand: the event counts as ended here.",
            ),
            Why::Resting => self.say(
                "ruht, solange der eigene Status nicht neutral ist.",
                "rests while the user's own presence is not neutral.",
            ),
            Why::PutOff(at) => format!("{} {}.", self.say("aufgeschoben bis", "put off until"), self.instant(*at)),
            Why::RefusedTake => self.say("von der Anlage abgelehnt.", "refused by the telephone system."),
            Why::RefusedGiveBack(at) => format!(
                "{} {}.",
                self.say("Rückgabe abgelehnt, nächster Versuch", "giving back was refused, next try at"),
                self.instant(*at)
            ),
            Why::KeptUntil(at) => format!(
                "{} {}.",
                self.say("Kalender noch nie gelesen, gehalten bis", "calendar never read, kept until"),
                self.instant(*at)
            ),
            Why::NotReadable => self.say("nicht lesbar.", "not readable."),
            Why::NoJournal => self.say(
                "der Speicher nimmt nichts auf; bis dahin wird nichts übernommen.",
                "the store takes nothing down; until it does, nothing is taken over.",
            ),
        }
    }

    fn rule(&self, rule: Rule) -> String {
        let (german, english) = match rule {
            Rule::Keyword => ("ein Schlüsselwort geht vor", "a keyword goes first"),
            Rule::Kind => ("die wichtigere Art geht vor", "the more important kind goes first"),
            Rule::Timed => ("mit Uhrzeit geht vor ganztägig", "timed goes before all-day"),
            Rule::LaterStart => ("der spätere Beginn geht vor", "the later start goes first"),
            Rule::EarlierEnd => ("das frühere Ende geht vor", "the earlier end goes first"),
            Rule::SmallerId => ("sonst gleich, die kleinere Kennung geht vor", "else equal, the smaller id goes first"),
        };
        self.say(german, english)
    }

    fn left_out(&self, reason: LeftOut) -> String {
        let (german, english) = match reason {
            LeftOut::Cancelled => ("abgesagt", "it was cancelled"),
            LeftOut::Declined => ("die Einladung wurde abgelehnt", "the invitation was declined"),
            LeftOut::Draft => ("ein Entwurf", "it is a draft"),
            LeftOut::SeriesMaster => ("nur das Muster einer Serie", "it is the pattern of a series"),
            LeftOut::Empty => ("ohne Dauer", "it has no length"),
        };
        self.say(german, english)
    }

    /// An event by its hours and kind.
    fn event(&self, placed: &Placed<'_>) -> String {
        let kind = match placed.event.kind.kind() {
            Kind::Free => self.language.pick("frei", "free"),
            Kind::WorkingElsewhere => self.language.pick("an anderem Ort tätig", "working elsewhere"),
            Kind::Tentative => self.language.pick("mit Vorbehalt", "tentative"),
            Kind::Busy => self.language.pick("gebucht", "busy"),
            Kind::OutOfOffice => self.language.pick("außer Haus", "out of office"),
        };
        let when = match placed.event.when {
            When::Timed { .. } => format!("{}–{}", self.instant(placed.start), self.instant(placed.end)),
            When::AllDay { first, last } if first == last => first.to_string(),
            When::AllDay { first, last } => format!("{first}–{last}"),
        };
        let mut notes = String::new();
        if let ReadKind::Unrecognised(word) = &placed.event.kind {
            notes += &format!(", {} „{}“", self.say("unbekannte Art", "unrecognised kind"), word.escape_debug());
        }
        if placed.event.keywords.almost {
            notes += &format!(", {}", self.say("fast ein Schlüsselwort", "almost a keyword"));
        }
        format!("{} {when} ({kind}{notes})", self.say("Termin", "event"))
    }

    fn instant(&self, at: Timestamp) -> String {
        let local = self.zone.to_datetime(at);
        local.strftime(self.language.pick("%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")).to_string()
    }

    fn say(&self, german: &str, english: &str) -> String {
        self.language.pick(german, english).to_owned()
    }
}

#[cfg(test)]
mod tests;
