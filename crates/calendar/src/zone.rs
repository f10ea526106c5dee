//! Time zones under the names that Exchange and Graph give them: Windows' names, IANA's names, and the forms in
//! which UTC is written.

mod windows;

use jiff::tz::TimeZone;

/// The zone of this name; `None` for a name that nobody knows, among them those of a mailbox's own making
/// (`tzone://Microsoft/Custom`, `Customized Time Zone`).
pub fn named(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    if ["UTC", "Etc/UTC", "Z", "tzone://Microsoft/Utc"].iter().any(|utc| utc.eq_ignore_ascii_case(name)) {
        return Some(TimeZone::UTC);
    }
    if let Ok(index) = windows::ZONES.binary_search_by(|(windows, _)| windows.cmp(&name)) {
        return TimeZone::get(windows::ZONES[index].1).ok();
    }
    // The name comes from outside and may become part of a path.
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    (!name.is_empty() && name.len() <= 64 && name.chars().all(harmless)).then(|| TimeZone::get(name).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn windows_and_iana_names_are_known() {
        assert_eq!(named("W. Europe Standard Time").unwrap().iana_name(), Some("Europe/Berlin"));
        assert_eq!(named("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        assert_eq!(named("UTC"), Some(TimeZone::UTC));
        assert_eq!(named("tzone://Microsoft/Utc"), Some(TimeZone::UTC));
    }

    #[test]
    fn a_zone_of_a_mailboxes_own_making_is_unknown() {
        for name in ["tzone://Microsoft/Custom", "Customized Time Zone", "", "Europe/Atlantis", "../../etc/passwd"] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn every_windows_name_leads_to_a_zone() {
        assert!(windows::ZONES.is_sorted_by(|a, b| a.0 < b.0));
        for (windows, iana) in windows::ZONES {
            assert!(jiff::tz::TimeZoneDatabase::bundled().get(iana).is_ok(), "{windows} → {iana}");
        }
    }

    #[test]
    fn the_table_is_that_of_the_conformance_data() {
        let Some(file) = crate::conformance::file("timezones/windowsZones.cldr-48.2.0.json") else { return };
        let data: serde_json::Value = serde_json::from_slice(&file).unwrap();
        let rows = data["supplemental"]["windowsZones"]["mapTimezones"].as_array().unwrap();
        let expected: BTreeMap<&str, &str> = rows
            .iter()
            .map(|row| &row["mapZone"])
            .filter(|row| row["_territory"] == "001")
            .map(|row| (row["_other"].as_str().unwrap(), row["_type"].as_str().unwrap()))
            .collect();
        assert_eq!(windows::ZONES.iter().copied().collect::<BTreeMap<_, _>>(), expected);
    }
}
