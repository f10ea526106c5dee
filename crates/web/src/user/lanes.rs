//! A day's lanes, drawn: events, what is wanted, what was shown, each write. Lengths along the day are in percent, so
//! that the drawing fits every screen; heights are in pixels.

use busylamp_core::{account::Dimension, account::Presence, timeline::Stretch};
use busylamp_service::user::{By, EventView, ShownChange, UserView};
use busylamp_store::{Record, Recorded};
use jiff::Timestamp;

use super::{
    axis::{Day, Percent},
    words::{Tongue, class},
};
use crate::when::{date, hour, span};

/// The hours above the lanes.
const AXIS: u32 = 20;
/// A row of events.
const EVENT_ROW: u32 = 24;
/// A row of values.
const ROW: u32 = 15;
/// Between lanes.
const GAP: u32 = 9;
/// So many events beside each other are drawn; more are in the table only.
const EVENT_ROWS: usize = 5;
/// So many marks a day are drawn; more are in the table only.
const MARKS: usize = 200;

/// A day as it is drawn.
pub(super) struct Drawn {
    pub(super) heading: String,
    pub(super) is_today: bool,
    /// First instant and the first after it, in milliseconds since 1970: the script finds instants by them.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) height: u32,
    pub(super) nights: Vec<(Percent, Percent)>,
    pub(super) hours: Vec<Hour>,
    pub(super) lanes: Vec<Lane>,
    pub(super) bars: Vec<Bar>,
    pub(super) marks: Vec<Mark>,
    pub(super) now: Option<Percent>,
    pub(super) cursor: Option<Percent>,
}

pub(super) struct Hour {
    pub(super) x: Percent,
    pub(super) label: i8,
    /// Labelled on narrow screens too.
    pub(super) main: bool,
}

/// The name of a lane, or of a row in it.
pub(super) struct Lane {
    pub(super) y: u32,
    pub(super) name: &'static str,
    pub(super) row: &'static str,
}

pub(super) struct Bar {
    pub(super) x: Percent,
    pub(super) width: Percent,
    pub(super) y: u32,
    pub(super) height: u32,
    pub(super) class: String,
    pub(super) label: Option<String>,
    pub(super) tip: String,
    pub(super) at: Timestamp,
}

pub(super) struct Mark {
    pub(super) x: Percent,
    pub(super) y: u32,
    pub(super) class: &'static str,
    pub(super) tip: String,
    pub(super) at: Timestamp,
}

/// The rows of values. A row is drawn on every day if it is needed on one, so that days look alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Dnd,
    Diversion,
    Presence,
    Text,
}

impl Row {
    const ALL: [Self; 4] = [Self::Dnd, Self::Diversion, Self::Presence, Self::Text];

    /// The rows that these days need.
    pub(super) fn needed(view: &UserView, days: &[Day]) -> Vec<Self> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Vec::new() };
        let touches = |stretch: &&Stretch| stretch.from < last.to && stretch.to > first.from;
        let wanted = |row: Self| view.wanted.iter().filter(touches).any(|stretch| row.wants(stretch).is_some());
        let shown = |row: Self| {
            let mut all = view.shown.iter().filter(|change| row.is_of(&change.dimension) && change.at < last.to);
            all.any(|change| matches!(change.value, Some(value) if value != Recorded::Switch(false)))
        };
        // Presence is everybody's; it is of interest where the calendar has to do with it.
        Self::ALL
            .into_iter()
            .filter(|row| wanted(*row) || (matches!(row, Self::Dnd | Self::Diversion) && shown(*row)))
            .collect()
    }

    fn is_of(self, dimension: &Dimension) -> bool {
        match dimension {
            Dimension::Dnd => self == Self::Dnd,
            Dimension::Diversion(_) => self == Self::Diversion,
            Dimension::Presence => self == Self::Presence,
            Dimension::Text => self == Self::Text,
            Dimension::Label(_) => false,
        }
    }

    /// The class of what is wanted here, if anything is.
    fn wants(self, stretch: &Stretch) -> Option<&'static str> {
        let decision = &stretch.decision;
        let switch = |on: bool, class| if on { class } else { "off" };
        match self {
            Self::Dnd => decision.dnd.map(|on| switch(on, "dnd")),
            Self::Diversion => decision.forward.external.or(decision.forward.internal).map(|on| switch(on, "diverted")),
            Self::Presence => decision.presence.map(presence_class),
            Self::Text => decision.text.as_ref().map(|_| "text"),
        }
    }

    fn name(self, tongue: &Tongue<'_>) -> &'static str {
        match self {
            Self::Dnd => tongue.say("Nicht stören", "Do not disturb"),
            Self::Diversion => tongue.say("Umleitung", "Diversion"),
            Self::Presence => tongue.say("Chat-Status", "Chat presence"),
            Self::Text => tongue.say("Statustext", "Status text"),
        }
    }
}

fn presence_class(presence: Presence) -> &'static str {
    match presence {
        Presence::Available | Presence::FreeForChat => "available",
        Presence::Away | Presence::ExtendedAway => "away",
        Presence::DoNotDisturb => "dnd",
        Presence::Unavailable => "off",
    }
}

/// Draws one day of a view.
pub(super) fn draw(view: &UserView, day: Day, rows: &[Row], cursor: Option<Timestamp>, tongue: &Tongue<'_>) -> Drawn {
    let mut picture = Picture { day, tongue, y: AXIS, lanes: Vec::new(), bars: Vec::new(), marks: Vec::new() };
    picture.events(&view.events);
    picture.wanted(&view.wanted, rows);
    picture.shown(&view.shown, rows, view.now);
    picture.writes(&view.writes);
    let today = Day::new(tongue.zone.to_datetime(view.now).date(), tongue.zone).date;
    let named = match day.date {
        date if date == today => Some(tongue.say("Heute", "Today")),
        date if today.tomorrow().is_ok_and(|next| next == date) => Some(tongue.say("Morgen", "Tomorrow")),
        date if today.yesterday().is_ok_and(|last| last == date) => Some(tongue.say("Gestern", "Yesterday")),
        _ => None,
    };
    let full = date(day.date, tongue.language);
    let hours = day.hours(tongue.zone);
    Drawn {
        heading: named.map_or_else(|| full.clone(), |named| format!("{named}, {full}")),
        is_today: day.date == today,
        from: day.from.as_millisecond(),
        to: day.to.as_millisecond(),
        height: picture.y + 4,
        nights: day.nights(tongue.zone),
        hours: hours
            .into_iter()
            .map(|(at, hour)| Hour { x: day.place(at), label: hour, main: hour % 6 == 0 })
            .collect(),
        now: day.contains(view.now).then(|| day.place(view.now)),
        cursor: cursor.filter(|at| day.contains(*at)).map(|at| day.place(at)),
        lanes: picture.lanes,
        bars: picture.bars,
        marks: picture.marks,
    }
}

struct Picture<'a> {
    day: Day,
    tongue: &'a Tongue<'a>,
    y: u32,
    lanes: Vec<Lane>,
    bars: Vec<Bar>,
    marks: Vec<Mark>,
}

impl Picture<'_> {
    fn events(&mut self, events: &[EventView]) {
        let name = self.tongue.say("Termine", "Events");
        self.lanes.push(Lane { y: self.y + 15, name, row: "" });
        // Each goes into the first row that is free again; whole days first, so that they lie above the hours.
        let mut today: Vec<&EventView> = events.iter().filter(|event| self.touches(event)).collect();
        today.sort_by_key(|event| (!event.all_day, event.from, event.to));
        let mut free_from: Vec<Timestamp> = Vec::new();
        for event in today {
            let (from, to) = (event.from.max(self.day.from), event.to.min(self.day.to).max(event.from));
            let row = free_from.iter().position(|free| *free <= from).unwrap_or(free_from.len());
            if row >= EVENT_ROWS {
                continue;
            }
            match free_from.get_mut(row) {
                Some(free) => *free = to,
                None => free_from.push(to),
            }
            let Some((x, width)) = self.day.stretch(from, to) else { continue };
            let (hours, what) = (self.tongue.hours(event), self.tongue.event(event));
            let left_out = if event.left_out.is_some() { " left-out" } else { "" };
            self.bars.push(Bar {
                x,
                width,
                y: self.y + u32::try_from(row).unwrap_or(0) * EVENT_ROW,
                height: EVENT_ROW - 3,
                class: format!("event-{}{left_out}", class(event.kind)),
                label: Some(event.title.clone().unwrap_or_else(|| self.tongue.kind(event.kind).to_owned())),
                tip: format!("{hours} {what}"),
                at: from,
            });
        }
        self.y += u32::try_from(free_from.len().max(1)).unwrap_or(1) * EVENT_ROW + GAP;
    }

    fn touches(&self, event: &EventView) -> bool {
        event.from < self.day.to && event.to > self.day.from
    }

    fn wanted(&mut self, wanted: &[Stretch], rows: &[Row]) {
        self.lane(self.tongue.say("Gewollt", "Wanted"), rows);
        for row in rows {
            for stretch in wanted {
                let place = self.day.stretch(stretch.from, stretch.to);
                let (Some(class), Some((x, width))) = (row.wants(stretch), place) else { continue };
                let hours = span(stretch.from, stretch.to, self.tongue.zone, self.tongue.language);
                let what = self.tongue.wanted(stretch).unwrap_or_default();
                let at = stretch.from.max(self.day.from);
                self.bar(x, width, format!("value {class}"), format!("{hours} {what}"), at);
            }
            self.y += ROW;
        }
        self.end_of_rows(rows);
    }

    fn shown(&mut self, shown: &[ShownChange], rows: &[Row], now: Timestamp) {
        self.lane(self.tongue.say("Gezeigt", "Shown"), rows);
        for row in rows {
            for (index, change) in shown.iter().enumerate().filter(|(_, change)| row.is_of(&change.dimension)) {
                let later = shown.iter().skip(index + 1);
                let next = later.filter(|other| other.dimension == change.dimension).map(|other| other.at).next();
                let to = next.unwrap_or(now).min(now);
                let what = format!("{}: {}", self.tongue.dimension(&change.dimension), self.tongue.value(change.value));
                let at = change.at.max(self.day.from);
                let place = self.day.stretch(change.at, to);
                if let (Some(class), Some((x, width))) = (shown_class(*row, change.value), place) {
                    let hours = span(change.at, to, self.tongue.zone, self.tongue.language);
                    self.bar(x, width, format!("value shown {class}"), format!("{hours} {what}"), at);
                }
                // What is known first is not a change.
                let changed = shown[..index].iter().any(|other| other.dimension == change.dimension);
                if changed && change.by == By::Foreign && self.day.contains(change.at) {
                    let hand = self.tongue.say("von anderer Hand", "by somebody else");
                    self.mark(change.at, "foreign", &format!("{what}, {hand}"));
                }
            }
            self.y += ROW;
        }
        self.end_of_rows(rows);
    }

    fn writes(&mut self, writes: &[Record]) {
        let name = self.tongue.say("Geschrieben", "Written");
        self.lanes.push(Lane { y: self.y + 11, name, row: "" });
        let day = self.day;
        for record in writes.iter().filter(|record| day.contains(record.at)).take(MARKS) {
            let class = if record.reason.as_str() == "give_back" { "back" } else { "write" };
            self.mark(record.at, class, &self.tongue.write(record));
        }
        self.y += ROW;
    }

    fn lane(&mut self, name: &'static str, rows: &[Row]) {
        if rows.is_empty() {
            self.lanes.push(Lane { y: self.y + 11, name, row: "" });
        }
        for (index, row) in (0_u32..).zip(rows) {
            let name = if index == 0 { name } else { "" };
            self.lanes.push(Lane { y: self.y + 11 + index * ROW, name, row: row.name(self.tongue) });
        }
    }

    fn end_of_rows(&mut self, rows: &[Row]) {
        self.y += if rows.is_empty() { ROW + GAP } else { GAP };
    }

    fn bar(&mut self, x: Percent, width: Percent, class: String, tip: String, at: Timestamp) {
        self.bars.push(Bar { x, width, y: self.y + 1, height: ROW - 4, class, label: None, tip, at });
    }

    fn mark(&mut self, at: Timestamp, class: &'static str, what: &str) {
        let tip = format!("{} {what}", hour(at, self.tongue.zone));
        self.marks.push(Mark { x: self.day.place(at), y: self.y + 7, class, tip, at });
    }
}

fn shown_class(row: Row, value: Option<Recorded>) -> Option<&'static str> {
    match value? {
        Recorded::Switch(false) => None,
        Recorded::Switch(true) if row == Row::Diversion => Some("diverted"),
        Recorded::Switch(true) => Some("dnd"),
        Recorded::Presence(presence) => Some(presence_class(presence)),
        // Which text it was is not kept, and an empty one is one too: a bar would say nothing.
        Recorded::Text => None,
    }
}
