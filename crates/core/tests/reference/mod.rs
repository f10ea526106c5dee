//! A second reading of the semantics, §1 to §5, written from the text alone: slow, literal, without a shared line
//! of code with the core. Where both agree on random calendars, both read the same rules.

pub(crate) mod calendars;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use unicode_segmentation::UnicodeSegmentation;

/// An event as somebody wrote it. Empty words are left out of the JSON, so that its defaults are tested too.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) when: When,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) sensitivity: String,
    pub(crate) response: String,
    pub(crate) cancelled: bool,
    pub(crate) draft: bool,
    pub(crate) series_master: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum When {
    /// Seconds since 1970, UTC.
    Timed {
        start: i64,
        end: i64,
    },
    AllDay {
        first: Date,
        last: Date,
    },
}

/// The policy keys that the decision reads. `None` and empty: the key is absent.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) actions: BTreeMap<&'static str, &'static str>,
    pub(crate) presences: BTreeMap<&'static str, &'static str>,
    pub(crate) forward_internal_calls: bool,
    pub(crate) change_during_event: bool,
    pub(crate) keep_declined: bool,
    pub(crate) masked: Option<Vec<&'static str>>,
    /// Effect and word.
    pub(crate) extra_keywords: Vec<(&'static str, &'static str)>,
    pub(crate) set_presence: bool,
    pub(crate) title_as_text: bool,
    pub(crate) show_begin: bool,
    pub(crate) show_end: bool,
    pub(crate) show_duration: bool,
    pub(crate) no_text_when_free: bool,
    pub(crate) join_parallel_titles: bool,
    pub(crate) mask_word: Option<String>,
    pub(crate) max_text_length: Option<usize>,
}

/// One latched action (§4.4).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Latch {
    pub(crate) event: String,
    pub(crate) dnd: Option<bool>,
    pub(crate) forward: Option<bool>,
}

/// Everything that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) policy: Policy,
    pub(crate) zone: &'static str,
    pub(crate) german: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) latch: Option<Latch>,
}

/// What is wanted at an instant: the six fields of the interface.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) winner: Option<String>,
    pub(crate) action_from: Option<String>,
    pub(crate) dnd: Option<bool>,
    pub(crate) external: Option<bool>,
    pub(crate) internal: Option<bool>,
    pub(crate) presence: Option<String>,
    pub(crate) text: Option<String>,
}

impl Decision {
    /// Reads the six fields; every one must be there.
    pub(crate) fn from_json(value: &Value) -> Self {
        let field = |name: &str| value.get(name).unwrap_or_else(|| panic!("no field {name} in {value}")).clone();
        let forward = field("forward");
        let word = |value: Value| value.as_str().map(str::to_owned);
        Self {
            winner: word(field("winner")),
            action_from: word(field("action_from")),
            dnd: field("dnd").as_bool(),
            external: forward.get("external").expect("forward.external").as_bool(),
            internal: forward.get("internal").expect("forward.internal").as_bool(),
            presence: word(field("presence")),
            text: word(field("text")),
        }
    }
}

impl Event {
    pub(crate) fn to_json(&self, zone: &TimeZone) -> Value {
        let mut json = json!({"id": self.id});
        match &self.when {
            When::Timed { start, end } => {
                // The offset of the zone, as a calendar writes it; the instant is what counts.
                json["start"] = json!(written_at(*start, zone));
                json["end"] = json!(instant(*end).to_string());
            }
            When::AllDay { first, last } => {
                json["all_day"] = json!(true);
                json["first_day"] = json!(first.to_string());
                json["last_day"] = json!(last.to_string());
            }
        }
        for (key, word) in [
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("sensitivity", &self.sensitivity),
            ("response", &self.response),
        ] {
            if !word.is_empty() {
                json[key] = json!(word);
            }
        }
        for (key, on) in [("cancelled", self.cancelled), ("draft", self.draft), ("series_master", self.series_master)] {
            if on {
                json[key] = json!(true);
            }
        }
        json
    }
}

impl Policy {
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({
            "forward_internal_calls": self.forward_internal_calls,
            "change_during_event": self.change_during_event,
            "declined": if self.keep_declined { "keep" } else { "ignore" },
            "set_presence": self.set_presence,
            "title_as_text": self.title_as_text,
            "show_begin": self.show_begin,
            "show_end": self.show_end,
            "show_duration": self.show_duration,
            "no_text_when_free": self.no_text_when_free,
            "join_parallel_titles": self.join_parallel_titles,
        });
        if !self.actions.is_empty() {
            json["actions"] = json!(self.actions);
        }
        if !self.presences.is_empty() {
            json["presences"] = json!(self.presences);
        }
        if let Some(masked) = &self.masked {
            json["masked"] = json!(masked);
        }
        if let Some(word) = &self.mask_word {
            json["mask_word"] = json!(word);
        }
        if let Some(length) = self.max_text_length {
            json["max_text_length"] = json!(length);
        }
        let mut words: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (effect, word) in &self.extra_keywords {
            words.entry(effect).or_default().push(word);
        }
        if !words.is_empty() {
            json["extra_keywords"] = json!(words);
        }
        json
    }
}

impl Question {
    pub(crate) fn time_zone(&self) -> TimeZone {
        TimeZone::get(self.zone).expect("a zone of the bundled database")
    }

    fn to_json(&self) -> Value {
        let zone = self.time_zone();
        let events: Vec<Value> = self.events.iter().map(|event| event.to_json(&zone)).collect();
        let mut json = json!({
            "policy": self.policy.to_json(),
            "zone": self.zone,
            "language": if self.german { "de" } else { "en" },
            "events": events,
        });
        if let Some(latch) = &self.latch {
            json["latch"] = json!({"event": latch.event, "dnd": latch.dnd, "forward": latch.forward});
        }
        json
    }

    pub(crate) fn at(&self, now: i64) -> String {
        let mut json = self.to_json();
        json["now"] = json!(instant(now).to_string());
        json.to_string()
    }

    pub(crate) fn span(&self, from: i64, to: i64) -> String {
        let mut json = self.to_json();
        json["from"] = json!(instant(from).to_string());
        json["to"] = json!(instant(to).to_string());
        json.to_string()
    }
}

pub(crate) fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a test stays within the calendar")
}

fn written_at(second: i64, zone: &TimeZone) -> String {
    let local = zone.to_datetime(instant(second));
    let minutes = zone.to_offset(instant(second)).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{local}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// What the model knows of an event after reading it once.
#[derive(Debug)]
struct Read {
    id: String,
    start: i64,
    end: i64,
    /// Local dates of an all-day event.
    dates: Option<(Date, Date)>,
    kind: &'static str,
    left_out: Option<&'static str>,
    /// A keyword was found, so the action is explicit (§2.3).
    explicit: bool,
    dnd: Option<bool>,
    forward: Option<bool>,
    title: String,
}

/// The model with a question read in.
pub(crate) struct Model {
    policy: Policy,
    zone: TimeZone,
    german: bool,
    events: Vec<Read>,
    given: Option<Latch>,
}

impl Model {
    pub(crate) fn new(question: &Question) -> Self {
        let zone = question.time_zone();
        let mut midnights = BTreeMap::new();
        let mut events: Vec<Read> = Vec::new();
        for event in &question.events {
            // §1.6: the later one of the same id wins.
            events.retain(|earlier| earlier.id != event.id);
            events.push(read(event, question, &zone, &mut midnights));
        }
        let policy = question.policy.clone();
        Self { policy, zone, german: question.german, events, given: question.latch.clone() }
    }

    /// Every instant at which an event begins or ends.
    pub(crate) fn edges(&self) -> Vec<i64> {
        let mut edges = BTreeSet::new();
        for event in &self.events {
            edges.insert(event.start);
            edges.insert(event.end);
        }
        edges.into_iter().collect()
    }

    /// The six fields at an instant. A latch that was given is the one of `asked_at`.
    pub(crate) fn decide(&self, asked_at: i64, now: i64) -> Decision {
        let latch = self.latch(asked_at, now);
        self.with_latch(latch.as_ref(), now)
    }

    /// The decisions from an instant on, each with the instant from which it holds, for as long as there are edges.
    pub(crate) fn future(&self, now: i64) -> Vec<(i64, Decision)> {
        let mut latch = self.latch(now, now);
        let mut future = vec![(now, self.with_latch(latch.as_ref(), now))];
        for edge in self.edges().into_iter().filter(|edge| *edge > now) {
            latch = self.next_latch(latch, edge);
            let decision = self.with_latch(latch.as_ref(), edge);
            if future.last().is_none_or(|(_, last)| *last != decision) {
                future.push((edge, decision));
            }
        }
        future
    }

    /// The rows of `considered`: id, verdict, by, rule, reason.
    pub(crate) fn considered(&self, now: i64) -> Vec<[Option<String>; 5]> {
        let row = |event: &Read, verdict: &str| [Some(event.id.clone()), Some(verdict.to_owned()), None, None, None];
        let running = self.running(now);
        let mut rows = Vec::new();
        for (place, event) in running.iter().enumerate() {
            if place == 0 {
                rows.push(row(event, "winner"));
            } else {
                let mut lost = row(event, "outranked");
                lost[2] = Some(running[0].id.clone());
                lost[3] = Some(format!("3.1.{}", compare(running[0], event).1));
                rows.push(lost);
            }
        }
        let mut others: Vec<&Read> =
            self.events.iter().filter(|event| !running.iter().any(|other| other.id == event.id)).collect();
        others.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
        for event in others {
            rows.push(match event.left_out {
                Some(reason) => {
                    let mut out = row(event, "left_out");
                    out[4] = Some(reason.to_owned());
                    out
                }
                None => row(event, "not_running"),
            });
        }
        rows
    }

    /// The running events, the most important first.
    fn running(&self, now: i64) -> Vec<&Read> {
        let mut running = Vec::new();
        for event in &self.events {
            if event.left_out.is_none() && event.start <= now && now < event.end {
                running.push(event);
            }
        }
        running.sort_by(|a, b| compare(a, b).0);
        running
    }

    /// Only the winner, for the sweep over large calendars.
    fn winner(&self, now: i64) -> Option<&Read> {
        let mut best: Option<&Read> = None;
        for event in &self.events {
            if event.left_out.is_none() && event.start <= now && now < event.end {
                let better = best.is_none_or(|best| compare(event, best).0.is_lt());
                if better {
                    best = Some(event);
                }
            }
        }
        best
    }

    fn action(&self, event: &Read) -> (Option<bool>, Option<bool>) {
        if event.explicit {
            return (event.dnd, event.forward);
        }
        let row = match self.policy.actions.get(event.kind) {
            Some(row) => row,
            None => "none",
        };
        match row {
            "none" => (None, None),
            "dnd" => (Some(true), None),
            "forward" => (None, Some(true)),
            other => panic!("no action {other}"),
        }
    }

    /// The latch in force at `now`: given at `asked_at` and gone on from there, or swept from the first event on.
    fn latch(&self, asked_at: i64, now: i64) -> Option<Latch> {
        if self.policy.change_during_event {
            return None;
        }
        let (mut latch, since) = match &self.given {
            Some(given) => (self.next_latch(Some(given.clone()), asked_at), asked_at),
            None => (None, i64::MIN),
        };
        for edge in self.edges() {
            if edge > since && edge <= now {
                latch = self.next_latch(latch, edge);
            }
        }
        latch
    }

    fn next_latch(&self, latch: Option<Latch>, now: i64) -> Option<Latch> {
        if self.policy.change_during_event {
            return None;
        }
        if let Some(latch) = latch {
            for event in &self.events {
                let runs = event.left_out.is_none() && event.start <= now && now < event.end;
                if event.id == latch.event && runs {
                    return Some(latch);
                }
            }
        }
        let winner = self.winner(now)?;
        match self.action(winner) {
            (None, None) => None,
            (dnd, forward) => Some(Latch { event: winner.id.clone(), dnd, forward }),
        }
    }

    fn with_latch(&self, latch: Option<&Latch>, now: i64) -> Decision {
        let running = self.running(now);
        let winner = running.first().copied();
        let (mut from, mut dnd, mut forward) = (None, None, None);
        if let Some(winner) = winner {
            (dnd, forward) = self.action(winner);
            from = Some(winner.id.clone());
        }
        if let Some(latch) = latch {
            (dnd, forward) = (latch.dnd, latch.forward);
            from = Some(latch.event.clone());
        }
        if dnd.is_none() && forward.is_none() {
            from = None;
        }
        let internal = match forward {
            Some(true) if self.policy.forward_internal_calls => Some(true),
            Some(true) | None => None,
            Some(false) => Some(false),
        };
        let presence = winner.filter(|_| self.policy.set_presence).and_then(|winner| self.presence(winner.kind));
        Decision {
            winner: winner.map(|winner| winner.id.clone()),
            action_from: from,
            dnd,
            external: forward,
            internal,
            presence,
            text: self.text(&running),
        }
    }

    fn presence(&self, kind: &str) -> Option<String> {
        let factory = match kind {
            "free" | "tentative" | "working_elsewhere" => "available",
            "busy" => "do_not_disturb",
            "out_of_office" => "extended_away",
            other => panic!("no kind {other}"),
        };
        let row = self.policy.presences.get(kind).copied().unwrap_or(factory);
        (row != "leave").then(|| row.to_owned())
    }

    fn text(&self, running: &[&Read]) -> Option<String> {
        let winner = running.first()?;
        let policy = &self.policy;
        if policy.no_text_when_free && winner.kind == "free" {
            return None;
        }
        let mut parts = Vec::new();
        if let Some(part) = self.times(winner) {
            parts.push(part);
        }
        if policy.show_duration {
            parts.push(self.duration(winner));
        }
        let bracket = parts.join(", ");
        if !policy.title_as_text {
            return if bracket.is_empty() { None } else { Some(bracket) };
        }
        let title = if policy.join_parallel_titles {
            let mut titles: Vec<&str> = Vec::new();
            for event in running {
                let out = policy.no_text_when_free && event.kind == "free";
                if !out && !titles.contains(&event.title.as_str()) {
                    titles.push(&event.title);
                }
            }
            titles.join(", ")
        } else {
            winner.title.clone()
        };
        let tail = if bracket.is_empty() { String::new() } else { format!(" ({bracket})") };
        let room = policy.max_text_length.unwrap_or(128) - clusters(&tail).len();
        let letters = clusters(&title);
        let title = if letters.len() > room {
            let mut short: String = letters[..room - 1].concat();
            while short.chars().last().is_some_and(is_white) {
                short.pop();
            }
            format!("{short}…")
        } else {
            title
        };
        Some(format!("{title}{tail}"))
    }

    /// Begin and end as far as they are switched on.
    fn times(&self, event: &Read) -> Option<String> {
        let (begin, end) = (self.policy.show_begin, self.policy.show_end);
        if !begin && !end {
            return None;
        }
        let (first, last) = match event.dates {
            Some((first, last)) => {
                if first == last {
                    return Some(self.say("ganztägig", "all day").to_owned());
                }
                let years = first.year() != last.year();
                (self.date(first, years), self.date(last, years))
            }
            None => {
                let start = self.zone.to_datetime(instant(event.start));
                let stop = self.zone.to_datetime(instant(event.end));
                let mut last_day = stop.date();
                let mut last_time = format!("{:02}:{:02}", stop.hour(), stop.minute());
                // §1.2 says what midnight is where the clocks are changed at it.
                let next_day = start.date().tomorrow().expect("a test stays within the calendar");
                if event.end == first_instant_of(next_day, &self.zone) {
                    last_day = start.date();
                    "24:00".clone_into(&mut last_time);
                }
                let first_time = format!("{:02}:{:02}", start.hour(), start.minute());
                if start.date() == last_day {
                    (first_time, last_time)
                } else {
                    let years = start.date().year() != last_day.year();
                    (
                        format!("{} {first_time}", self.date(start.date(), years)),
                        format!("{} {last_time}", self.date(last_day, years)),
                    )
                }
            }
        };
        Some(match (begin, end) {
            (true, true) => format!("{first}–{last}"),
            (true, false) => format!("{} {first}", self.say("ab", "from")),
            _ => format!("{} {last}", self.say("bis", "until")),
        })
    }

    fn date(&self, date: Date, year: bool) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (day, month) = (date.day(), usize::try_from(date.month()).expect("1 to 12"));
        match (self.german, year) {
            (true, false) => format!("{day:02}.{month:02}."),
            (true, true) => format!("{day:02}.{month:02}.{}", date.year()),
            (false, false) => format!("{day} {}", MONTHS[month - 1]),
            (false, true) => format!("{day} {} {}", MONTHS[month - 1], date.year()),
        }
    }

    fn duration(&self, event: &Read) -> String {
        if let Some((first, last)) = event.dates {
            let mut dates = 1;
            let mut day = first;
            while day < last {
                day = day.tomorrow().expect("a test stays within the calendar");
                dates += 1;
            }
            return self.days(dates);
        }
        let minutes = (event.end - event.start) / 60;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let mut parts = Vec::new();
        if days > 0 {
            parts.push(self.days(days));
        }
        if hours > 0 {
            parts.push(format!("{hours} {}", self.say("Std.", "h")));
        }
        if minutes > 0 || parts.is_empty() {
            parts.push(format!("{minutes} {}", self.say("Min.", "min")));
        }
        parts.join(" ")
    }

    fn days(&self, days: i64) -> String {
        match days {
            1 => self.say("1 Tag", "1 day").to_owned(),
            many => format!("{many} {}", self.say("Tage", "days")),
        }
    }

    fn say(&self, german: &'static str, english: &'static str) -> &'static str {
        if self.german { german } else { english }
    }
}

/// §3.1: the order, and the number of the first rule that tells the two apart.
fn compare(a: &Read, b: &Read) -> (std::cmp::Ordering, u8) {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let names_dimension = |event: &Read| event.explicit && (event.dnd.is_some() || event.forward.is_some());
    match (names_dimension(a), names_dimension(b)) {
        (true, false) => return (Less, 1),
        (false, true) => return (Greater, 1),
        _ => {}
    }
    let rank = |event: &Read| match event.kind {
        "out_of_office" => 1,
        "busy" => 2,
        "tentative" => 3,
        "working_elsewhere" => 4,
        "free" => 5,
        other => panic!("no kind {other}"),
    };
    if rank(a) != rank(b) {
        return (rank(a).cmp(&rank(b)), 2);
    }
    match (a.dates.is_some(), b.dates.is_some()) {
        (false, true) => return (Less, 3),
        (true, false) => return (Greater, 3),
        _ => {}
    }
    if a.start > b.start {
        return (Less, 4);
    }
    if a.start < b.start {
        return (Greater, 4);
    }
    if a.end < b.end {
        return (Less, 5);
    }
    if a.end > b.end {
        return (Greater, 5);
    }
    match a.id.as_bytes().cmp(b.id.as_bytes()) {
        Less => (Less, 6),
        Equal => (Equal, 0),
        Greater => (Greater, 6),
    }
}

fn read(event: &Event, question: &Question, zone: &TimeZone, midnights: &mut BTreeMap<Date, i64>) -> Read {
    let policy = &question.policy;
    let mut midnight = |date: Date| *midnights.entry(date).or_insert_with(|| first_instant_of(date, zone));
    let (start, end, dates) = match event.when {
        When::Timed { start, end } => (start, end, None),
        When::AllDay { first, last } => {
            let after = last.tomorrow().expect("a test stays within the calendar");
            (midnight(first), midnight(after), Some((first, last)))
        }
    };
    let left_out = if event.cancelled {
        Some("cancelled")
    } else if event.response == "declined" && !policy.keep_declined {
        Some("declined")
    } else if event.draft {
        Some("draft")
    } else if event.series_master {
        Some("series_master")
    } else if start >= end {
        Some("empty")
    } else {
        None
    };
    let (mut effects, subject) = split_keywords(&event.subject, &policy.extra_keywords);
    let mut title = clean(&subject);
    if event.response == "not_responded" {
        effects.clear();
        title.clear();
    }
    if title.is_empty() {
        title = if question.german { "Termin".to_owned() } else { "Appointment".to_owned() };
    }
    let masked = match event.sensitivity.as_str() {
        "private" | "confidential" => true,
        "personal" => policy.masked.as_ref().is_none_or(|set| set.contains(&"personal")),
        _ => false,
    };
    if masked {
        title = match &policy.mask_word {
            Some(word) => clean(word),
            None if question.german => "Privat".to_owned(),
            None => "Private".to_owned(),
        };
    }
    // The effects stand rightmost first, so the first that names a dimension counts.
    let named = |on: &str, off: &str| {
        let effect = effects.iter().find(|effect| **effect == on || **effect == off)?;
        Some(*effect == on)
    };
    Read {
        id: event.id.clone(),
        start,
        end,
        dates,
        kind: match event.kind.as_str() {
            "" | "busy" => "busy",
            "out_of_office" => "out_of_office",
            "tentative" => "tentative",
            "working_elsewhere" => "working_elsewhere",
            _ => "free",
        },
        left_out,
        explicit: !effects.is_empty(),
        dnd: named("dnd_on", "dnd_off"),
        forward: named("forward_on", "forward_off"),
        title,
    }
}

/// §1.2, by looking: the first minute whose local time has reached the date.
fn first_instant_of(date: Date, zone: &TimeZone) -> i64 {
    let around = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).expect("a test stays within the calendar").as_second();
    let mut minute = around - 30 * 3600;
    while zone.to_datetime(instant(minute)).date() < date {
        minute += 60;
    }
    minute
}

/// §2.2: effects of the keyword groups, rightmost first, and the subject before the leftmost of them.
fn split_keywords(subject: &str, own: &[(&'static str, &'static str)]) -> (Vec<&'static str>, String) {
    let letters: Vec<char> = subject.chars().collect();
    let mut effects = Vec::new();
    let mut cut = letters.len();
    let mut end = letters.len();
    loop {
        while end > 0 && (is_white(letters[end - 1]) || is_bidirectional(letters[end - 1])) {
            end -= 1;
        }
        if end == 0 || letters[end - 1] != ')' {
            break;
        }
        let mut open = end - 1;
        let mut found = false;
        while open > 0 && !found {
            open -= 1;
            if letters[open] == ')' {
                break;
            }
            found = letters[open] == '(';
        }
        if !found {
            break;
        }
        let group: String = letters[open..end].iter().collect();
        let effect = match group.as_str() {
            "(Ruhe)" | "(DND)" => "dnd_on",
            "(Keine Ruhe)" | "(No DND)" => "dnd_off",
            "(Anrufe weiterleiten)" | "(Call forwarding)" => "forward_on",
            "(Keine Anrufe weiterleiten)" | "(No call forwarding)" => "forward_off",
            "(Keine Aktion)" | "(No action)" => "no_action",
            other => match own.iter().find(|(_, word)| *word == other) {
                Some((effect, _)) => effect,
                None => break,
            },
        };
        effects.push(effect);
        cut = open;
        end = open;
    }
    (effects, letters[..cut].iter().collect())
}

/// §5.6.
fn clean(title: &str) -> String {
    let mut clean = String::new();
    let mut gap = false;
    for letter in title.chars() {
        if is_bidirectional(letter) {
            continue;
        }
        let control = matches!(u32::from(letter), 0x00..=0x1f | 0x7f..=0x9f);
        if control || is_white(letter) {
            gap = true;
            continue;
        }
        if gap && !clean.is_empty() {
            clean.push(' ');
        }
        gap = false;
        clean.push(letter);
    }
    clean
}

/// Unicode's `White_Space`, listed.
fn is_white(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x09..=0x0d | 0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000
    )
}

fn is_bidirectional(letter: char) -> bool {
    matches!(u32::from(letter), 0x061c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069)
}

pub(crate) fn clusters(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}
