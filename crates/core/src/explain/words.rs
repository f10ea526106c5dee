//! The words for instants, events, values and reasons, of which sentences are made.

use jiff::{Timestamp, civil::Date};

use super::Speaker;
use crate::{
    account::Value,
    event::{Kind, ReadKind, When},
    precedence::Rule,
    text::Placed,
    view::LeftOut,
};

impl Speaker<'_> {
    /// An instant as somebody would say it who speaks about another one: the hour if both are on one date, else the date
    /// as well; seconds only where there are any.
    pub fn moment(&self, at: Timestamp, beside: Timestamp) -> String {
        let (at, beside) = (self.zone.to_datetime(at), self.zone.to_datetime(beside));
        let hour = at.strftime(if at.second() == 0 { "%H:%M" } else { "%H:%M:%S" });
        if at.date() == beside.date() { hour.to_string() } else { format!("{} {hour}", self.date(at.date())) }
    }

    /// An event by its hours and kind, never by its title: `09:00–10:00 (busy)`.
    pub fn event(&self, placed: &Placed<'_>, beside: Timestamp) -> String {
        let kind = match placed.event.kind.kind() {
            Kind::Free => self.language.pick("frei", "free"),
            Kind::WorkingElsewhere => self.language.pick("an anderem Ort tätig", "working elsewhere"),
            Kind::Tentative => self.language.pick("mit Vorbehalt", "tentative"),
            Kind::Busy => self.language.pick("gebucht", "busy"),
            Kind::OutOfOffice => self.language.pick("außer Haus", "out of office"),
        };
        let mut notes = String::new();
        if let ReadKind::Unrecognised(word) = &placed.event.kind {
            notes += &format!(", {} „{}“", self.say("unbekannte Art", "unrecognised kind"), word.escape_debug());
        }
        if placed.event.keywords.almost {
            notes += &format!(", {}", self.say("fast ein Schlüsselwort", "almost a keyword"));
        }
        format!("{} ({kind}{notes})", self.span(placed, beside))
    }

    fn span(&self, placed: &Placed<'_>, beside: Timestamp) -> String {
        match placed.event.when {
            When::Timed { .. } => {
                let (start, end) = (self.zone.to_datetime(placed.start), self.zone.to_datetime(placed.end));
                // The date once, if one is enough.
                let near = if start.date() == end.date() { placed.start } else { beside };
                format!("{}–{}", self.moment(placed.start, beside), self.moment(placed.end, near))
            }
            When::AllDay { first, last } if first == last => self.date(first),
            When::AllDay { first, last } => format!("{}–{}", self.date(first), self.date(last)),
        }
    }

    fn date(&self, date: Date) -> String {
        date.strftime(self.language.pick("%d.%m.%Y", "%-d %b %Y")).to_string()
    }

    /// A value. Texts are not repeated.
    pub(super) fn value(&self, value: &Value) -> String {
        match value {
            Value::Switch(true) => self.say("an", "on"),
            Value::Switch(false) => self.say("aus", "off"),
            Value::Presence(presence) => {
                let word = presence.word(self.language);
                self.language.pick(format!("„{word}“"), format!("“{word}”"))
            }
            Value::Text(text) if text.as_str().is_empty() => self.say("kein Text", "no text"),
            Value::Text(_) => self.say("ein Text", "a text"),
        }
    }

    pub(super) fn rule(&self, rule: Rule) -> String {
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

    pub(super) fn left_out(&self, reason: LeftOut) -> String {
        let (german, english) = match reason {
            LeftOut::Cancelled => ("er ist abgesagt", "it was cancelled"),
            LeftOut::Declined => ("die Einladung wurde abgelehnt", "the invitation was declined"),
            LeftOut::Draft => ("er ist ein Entwurf", "it is a draft"),
            LeftOut::SeriesMaster => ("er ist nur das Muster einer Serie", "it is the pattern of a series"),
            LeftOut::Empty => ("er hat keine Dauer", "it has no length"),
        };
        self.say(german, english)
    }

    pub(super) fn say(&self, german: &str, english: &str) -> String {
        self.language.pick(german, english).to_owned()
    }
}
