//! Time zones as rules: what Exchange tells of a zone, and what it understands of a client's.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use jiff::{
    Timestamp,
    civil::{DateTime, Weekday},
    tz::{Dst, TimeZone},
};
use roxmltree::Node;

use super::{
    item::weekday,
    soap::{Call, MESSAGES, TYPES, Trouble},
    xml::Xml,
};
use crate::{graph::zones, http::Reply, world::World};

/// An instant of 2026, for names that don't depend on the day.
const NEAR: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// When the clocks change: the day by month, weekday and its number in the month (5 is the last), and the wall time
/// at which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    month: i8,
    /// From 1 to 5.
    order: i8,
    weekday: Weekday,
    at: (i8, i8, i8),
}

/// A zone in a year: minutes that lead from local time to UTC, and the changes to and from daylight saving time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// Standard time: UTC is local time plus this.
    bias: i32,
    /// What daylight saving time adds to that (negative), with the changes to standard and to daylight saving time.
    daylight: Option<(i32, Change, Change)>,
}

impl Rules {
    /// The rules of a zone in the year about an instant.
    pub(super) fn of(zone: &TimeZone, near: Timestamp) -> Self {
        let offset = |instant: Timestamp| zone.to_offset_info(instant).offset().seconds();
        let year = zone.to_datetime(near).year();
        let in_year = |instant: &Timestamp| zone.to_datetime(*instant).year() == year;
        let start = TimeZone::UTC.to_timestamp(DateTime::constant(year, 1, 1, 0, 0, 0, 0)).unwrap_or(near);
        let mut to_standard = None;
        let mut to_daylight = None;
        for transition in zone.following(start).map(|t| t.timestamp()).take_while(in_year).take(4) {
            let before = transition.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(transition);
            let wall = zone.to_offset_info(before).offset().to_datetime(transition);
            let daylight = zone.to_offset_info(transition).dst() == Dst::Yes;
            let change = Some((Change::at(wall), offset(transition)));
            *(if daylight { &mut to_daylight } else { &mut to_standard }) = change;
        }
        match (to_standard, to_daylight) {
            (Some((standard, seconds)), Some((daylight, ahead))) => {
                Self { bias: -seconds / 60, daylight: Some(((seconds - ahead) / 60, standard, daylight)) }
            }
            _ => Self { bias: -offset(near) / 60, daylight: None },
        }
    }

    /// Reads the `TimeZone` of a request for availability.
    pub(super) fn read(node: Node<'_, '_>) -> Option<Self> {
        let bias = number(node, "Bias")?;
        let (standard, daylight) = (child(node, "StandardTime")?, child(node, "DaylightTime")?);
        let (standard_bias, daylight_bias) = (number(standard, "Bias")?, number(daylight, "Bias")?);
        let changes = Change::read(standard).zip(Change::read(daylight));
        let daylight = changes.filter(|_| standard_bias != daylight_bias);
        let daylight = daylight.map(|(standard, daylight)| (daylight_bias - standard_bias, standard, daylight));
        Some(Self { bias: bias + standard_bias, daylight })
    }

    /// The zone that has these rules in every year.
    pub(super) fn zone(&self) -> Option<TimeZone> {
        let offset = |minutes: i32| {
            format!("{}{}:{:02}", if minutes < 0 { "-" } else { "" }, minutes.abs() / 60, minutes.abs() % 60)
        };
        let mut text = format!("<STD>{}", offset(self.bias));
        if let Some((more, standard, daylight)) = self.daylight {
            text.push_str(&format!("<DST>{},{},{}", offset(self.bias + more), daylight.posix(), standard.posix()));
        }
        TimeZone::posix(&text).ok()
    }

    /// As `TimeZone` of working hours.
    pub(super) fn write(&self, xml: &mut Xml) {
        xml.open("TimeZone").value("Bias", self.bias);
        let (more, standard, daylight) = match self.daylight {
            Some((more, standard, daylight)) => (more, Some(standard), Some(daylight)),
            None => (0, None, None),
        };
        for (tag, bias, change) in [("StandardTime", 0, standard), ("DaylightTime", more, daylight)] {
            let at = change.map_or((0, 0, 0), |change| change.at);
            xml.open(tag).value("Bias", bias);
            xml.value("Time", format_args!("{:02}:{:02}:{:02}", at.0, at.1, at.2));
            xml.value("DayOrder", change.map_or(0, |change| change.order));
            xml.value("Month", change.map_or(0, |change| change.month));
            xml.value("DayOfWeek", change.map_or("Sunday", |change| weekday(change.weekday))).close(tag);
        }
        xml.close("TimeZone");
    }
}

impl Change {
    fn at(wall: DateTime) -> Self {
        let last = wall.day() + 7 > wall.date().days_in_month();
        Self {
            month: wall.month(),
            order: if last { 5 } else { (wall.day() - 1) / 7 + 1 },
            weekday: wall.weekday(),
            at: (wall.hour(), wall.minute(), wall.second()),
        }
    }

    fn read(node: Node<'_, '_>) -> Option<Self> {
        let small = |name: &str, most: i32| i8::try_from(number(node, name).filter(|n| (1..=most).contains(n))?).ok();
        let mut time = text(node, "Time")?.split(':').map(|part| part.trim().parse::<i8>());
        let mut part = || time.next().and_then(Result::ok).filter(|part| (0..60).contains(part)).unwrap_or(0);
        let at = (part(), part(), part());
        let name = text(node, "DayOfWeek")?;
        let day = (1..=7).filter_map(|n| Weekday::from_monday_one_offset(n).ok()).find(|day| weekday(*day) == name)?;
        Some(Self { month: small("Month", 12)?, order: small("DayOrder", 5)?, weekday: day, at })
    }

    fn posix(&self) -> String {
        let Self { month, order, weekday, at } = self;
        format!("M{month}.{order}.{}/{}:{:02}:{:02}", weekday.to_sunday_zero_offset(), at.0, at.1, at.2)
    }
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn text<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim)
}

fn number(node: Node<'_, '_>, name: &str) -> Option<i32> {
    text(node, name)?.parse().ok().filter(|number: &i32| number.abs() <= 2000)
}

/// Reads the zone of a `TimeZoneDefinition`: by its name, or by a single rule that it carries.
pub(super) fn read_definition(node: Node<'_, '_>) -> Option<TimeZone> {
    if let Some(zone) = node.attribute("Id").and_then(zones::resolve) {
        return Some(zone);
    }
    // A zone of the client's own is known by its first period only; nobody asks for more here.
    let period = node.descendants().find(|node| node.tag_name().name() == "Period")?;
    let bias: jiff::Span = period.attribute("Bias")?.parse().ok()?;
    let minutes = bias.total((jiff::Unit::Minute, jiff::SpanRelativeTo::days_are_24_hours())).ok()?;
    #[allow(clippy::cast_possible_truncation, reason = "minutes of a bias are whole and few")]
    Rules { bias: minutes as i32, daylight: None }.zone()
}

/// How a zone is shown to people.
pub(super) fn display_name(zone: &TimeZone) -> Cow<'static, str> {
    static KNOWN: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        let zones = zones::windows_names().filter_map(zones::resolve);
        zones.filter_map(|zone| Some((zone.iana_name()?.to_owned(), shown(&zone)))).collect()
    });
    let known = zone.iana_name().and_then(|name| KNOWN.get(name));
    known.map_or_else(|| Cow::Owned(shown(zone)), |name| Cow::Borrowed(name.as_str()))
}

/// The offset in winter and the city by which the zone is known.
fn shown(zone: &TimeZone) -> String {
    let minutes = -Rules::of(zone, NEAR).bias;
    let city = zone.iana_name().and_then(|name| name.rsplit_once('/'));
    let city = city.map_or("Coordinated Universal Time", |(_, city)| city);
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("(UTC{sign}{:02}:{:02}) {}", minutes.abs() / 60, minutes.abs() % 60, city.replace('_', " "))
}

/// `GetServerTimeZones`.
pub(super) fn get_server_time_zones(world: &World, call: &Call<'_>) -> Result<Reply, Trouble> {
    let full = call.operation.attribute("ReturnFullTimeZoneData").is_none_or(|text| matches!(text, "true" | "1"));
    let ids = call.operation.descendants().filter(|node| node.has_tag_name((TYPES, "Id")));
    let asked: Vec<&str> = ids.filter_map(|id| id.text()).map(str::trim).collect();
    let mut xml = Xml::default();
    xml.open_with("m:GetServerTimeZonesResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]);
    xml.open("m:ResponseMessages").open_with("m:GetServerTimeZonesResponseMessage", &[("ResponseClass", "Success")]);
    xml.value("m:ResponseCode", "NoError").open("m:TimeZoneDefinitions");
    for name in zones::windows_names().filter(|name| asked.is_empty() || asked.contains(name)) {
        if let Some(zone) = zones::resolve(name) {
            define(&mut xml, name, &zone, full, world.clock.now());
        }
    }
    xml.close("m:TimeZoneDefinitions").close("m:GetServerTimeZonesResponseMessage").close("m:ResponseMessages");
    xml.close("m:GetServerTimeZonesResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

fn define(xml: &mut Xml, name: &str, zone: &TimeZone, full: bool, now: Timestamp) {
    let shown = display_name(zone);
    let attributes = [("Id", name), ("Name", &*shown)];
    if !full {
        xml.empty("t:TimeZoneDefinition", &attributes);
        return;
    }
    let rules = Rules::of(zone, now);
    let period = |bias: i32| format!("{}PT{}M", if bias < 0 { "-" } else { "" }, bias.abs());
    xml.open_with("t:TimeZoneDefinition", &attributes).open("t:Periods");
    xml.empty("t:Period", &[("Bias", &period(rules.bias)), ("Name", "Standard"), ("Id", "std")]);
    if let Some((more, ..)) = rules.daylight {
        xml.empty("t:Period", &[("Bias", &period(rules.bias + more)), ("Name", "Daylight"), ("Id", "dlt")]);
    }
    xml.close("t:Periods").open("t:TransitionsGroups").open_with("t:TransitionsGroup", &[("Id", "0")]);
    match rules.daylight {
        Some((_, standard, daylight)) => {
            for (id, change) in [("dlt", daylight), ("std", standard)] {
                xml.open("t:RecurringDayTransition").open_with("t:To", &[("Kind", "Period")]).raw(id).close("t:To");
                let minutes = i32::from(change.at.0) * 60 + i32::from(change.at.1);
                xml.value("t:TimeOffset", format_args!("PT{minutes}M")).value("t:Month", change.month);
                xml.value("t:DayOfWeek", weekday(change.weekday));
                xml.value("t:Occurrence", if change.order == 5 { -1 } else { change.order });
                xml.close("t:RecurringDayTransition");
            }
        }
        None => {
            xml.open("t:Transition")
                .open_with("t:To", &[("Kind", "Period")])
                .raw("std")
                .close("t:To")
                .close("t:Transition");
        }
    }
    xml.close("t:TransitionsGroup").close("t:TransitionsGroups").open("t:Transitions").open("t:Transition");
    xml.open_with("t:To", &[("Kind", "Group")]).raw("0").close("t:To").close("t:Transition").close("t:Transitions");
    xml.close("t:TimeZoneDefinition");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(name: &str) -> Rules {
        Rules::of(&TimeZone::get(name).unwrap(), "2026-11-24T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn rules_are_those_of_the_zone_and_make_the_zone_again() {
        let berlin = rules("Europe/Berlin");
        let (more, standard, daylight) = berlin.daylight.unwrap();
        assert_eq!((berlin.bias, more), (-60, -60));
        assert_eq!(
            (standard.month, standard.order, standard.weekday, standard.at),
            (10, 5, Weekday::Sunday, (3, 0, 0))
        );
        assert_eq!((daylight.month, daylight.order, daylight.weekday, daylight.at), (3, 5, Weekday::Sunday, (2, 0, 0)));
        for name in
            ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "America/St_Johns", "Etc/UTC"]
        {
            let (zone, again) = (TimeZone::get(name).unwrap(), rules(name).zone().unwrap());
            for day in 0..365 {
                let instant = Timestamp::from_second(1_767_225_600 + day * 86_400).unwrap();
                assert_eq!(zone.to_datetime(instant), again.to_datetime(instant), "{name} {instant}");
            }
        }
    }

    #[test]
    fn rules_survive_being_written_and_read() {
        for name in ["Europe/Berlin", "America/New_York", "Asia/Kolkata"] {
            let mut xml = Xml::default();
            rules(name).write(&mut xml);
            let xml = xml.into_string();
            let document = roxmltree::Document::parse(&xml).unwrap();
            assert_eq!(Rules::read(document.root_element()), Some(rules(name)), "{xml}");
        }
    }
}
