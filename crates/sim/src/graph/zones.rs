//! Names of time zones as Exchange uses them: those of Windows, and those of IANA.

use jiff::tz::TimeZone;

/// Windows names and the zone that each stands for without regard to a country (CLDR, windowsZones, territory 001).
const WINDOWS: [(&str, &str); 48] = [
    ("UTC", "Etc/UTC"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("Romance Standard Time", "Europe/Paris"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("FLE Standard Time", "Europe/Kiev"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("India Standard Time", "Asia/Calcutta"),
    ("Nepal Standard Time", "Asia/Katmandu"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("Lord Howe Standard Time", "Australia/Lord_Howe"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Samoa Standard Time", "Pacific/Apia"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("Mountain Standard Time", "America/Denver"),
    ("Central Standard Time", "America/Chicago"),
    ("Eastern Standard Time", "America/New_York"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Argentina Standard Time", "America/Buenos_Aires"),
];

/// The zone of a Windows or IANA name.
pub(crate) fn resolve(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("UTC") {
        return Some(TimeZone::UTC);
    }
    let iana = WINDOWS.iter().find(|(windows, _)| windows.eq_ignore_ascii_case(name)).map_or(name, |(_, iana)| iana);
    // A name without a region is none of Exchange's list, although the zone database has some.
    if iana.contains('/') { TimeZone::get(iana).ok() } else { None }
}

/// The names that Windows has for zones.
pub(crate) fn windows_names() -> impl Iterator<Item = &'static str> {
    WINDOWS.iter().map(|(windows, _)| *windows)
}

/// How Windows calls a zone; IANA's name if the table has none.
pub(crate) fn windows_name(zone: &TimeZone) -> &str {
    let iana = match zone.iana_name().unwrap_or("Etc/UTC") {
        // The table has the older spelling, as Windows' own lists do.
        "Asia/Kolkata" => "Asia/Calcutta",
        other => other,
    };
    WINDOWS.iter().find(|(_, name)| *name == iana).map_or(iana, |(windows, _)| windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_windows_name_stands_for_a_zone() {
        for (windows, iana) in WINDOWS {
            assert!(resolve(windows).is_some(), "{windows} = {iana}");
        }
        assert!(resolve("Europe/Berlin").is_some());
        assert!(resolve("tzone://Microsoft/Custom").is_none());
        assert!(resolve("").is_none());
    }

    #[test]
    fn zones_of_the_company_have_windows_names() {
        for (iana, windows) in [
            ("Europe/Berlin", "W. Europe Standard Time"),
            ("Asia/Kolkata", "India Standard Time"),
            ("America/New_York", "Eastern Standard Time"),
        ] {
            assert_eq!(windows_name(&TimeZone::get(iana).unwrap()), windows);
        }
    }
}
