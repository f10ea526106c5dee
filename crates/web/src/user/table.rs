//! What is drawn, as a table: for screen readers, and for whoever wants the exact time.

use busylamp_service::user::{By, UserView};
use jiff::Timestamp;

use super::{axis::Day, words::Tongue};
use crate::when::{moment, span};

/// So many entries are listed.
const MOST: usize = 600;

/// One line.
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) when: String,
    pub(super) what: &'static str,
    pub(super) details: String,
}

/// All that is on these days, in order of time, and whether there is more.
pub(super) fn entries(view: &UserView, days: &[Day], tongue: &Tongue<'_>) -> (Vec<Entry>, bool) {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return (Vec::new(), false) };
    let (from, to) = (first.from, last.to);
    let touches = |begin: Timestamp, end: Timestamp| begin < to && end > from;
    let within = |at: Timestamp| from <= at && at < to;
    let exact = |at| moment(at, tongue.zone, tongue.language).words;
    let mut entries = Vec::new();
    for event in view.events.iter().filter(|event| touches(event.from, event.to)) {
        let (when, details) = (dated(event.from, event.to, event.all_day, tongue), tongue.event(event));
        entries.push(Entry { at: event.from.max(from), when, what: tongue.say("Termin", "Event"), details });
    }
    for stretch in view.wanted.iter().filter(|stretch| touches(stretch.from, stretch.to)) {
        let Some(details) = tongue.wanted(stretch) else { continue };
        let (at, when) = (stretch.from.max(from), dated(stretch.from, stretch.to, false, tongue));
        entries.push(Entry { at, when, what: tongue.say("Gewollt", "Wanted"), details });
    }
    for change in view.shown.iter().filter(|change| within(change.at)) {
        let by = match change.by {
            By::Ours => tongue.say("von Busylamp", "by Busylamp"),
            By::Foreign => tongue.say("von anderer Hand", "by somebody else"),
        };
        let details = format!("{}: {} ({by})", tongue.dimension(&change.dimension), tongue.value(change.value));
        entries.push(Entry { at: change.at, when: exact(change.at), what: tongue.say("Gezeigt", "Shown"), details });
    }
    for record in view.writes.iter().filter(|record| within(record.at)) {
        let (when, details) = (exact(record.at), tongue.write(record));
        entries.push(Entry { at: record.at, when, what: tongue.say("Geschrieben", "Written"), details });
    }
    entries.sort_by_key(|entry| entry.at);
    let cut = entries.len() > MOST;
    entries.truncate(MOST);
    (entries, cut)
}

/// A span with its date, since the table has no days.
fn dated(from: Timestamp, to: Timestamp, all_day: bool, tongue: &Tongue<'_>) -> String {
    let hours = span(from, to, tongue.zone, tongue.language);
    let begin = tongue.zone.to_datetime(from);
    let pattern = tongue.say("%d.%m.%Y", "%-d %b %Y");
    let last = tongue.zone.to_datetime(to).date().yesterday().unwrap_or(begin.date());
    match all_day {
        true if last <= begin.date() => begin.strftime(pattern).to_string(),
        true => format!("{}–{}", begin.strftime(pattern), last.strftime(pattern)),
        // The span has its dates if it needs two.
        false if hours.len() > "00:00–00:00".len() => hours,
        false => format!("{} {hours}", begin.strftime(pattern)),
    }
}
