//! Which STARFACE it is. Only STARFACE 10 says it over REST; of the others the bridge may know.

use http::StatusCode;
use serde_json::Value;

use super::Rest;
use crate::starface::failure::Failure;

/// The longest version that is believed, in characters.
const MAX: usize = 40;

/// What the PBX says of itself; `None` if it doesn't, as before STARFACE 10.
pub(crate) async fn version(rest: &Rest) -> Result<Option<String>, Failure> {
    let answer = rest.get(&["server", "version"], &[]).await?;
    if answer.status() != StatusCode::OK {
        return Ok(None);
    }
    let told: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    Ok(told.as_str().or_else(|| told.get("version")?.as_str()).and_then(clean))
}

/// A version as it may be shown.
pub(crate) fn clean(version: &str) -> Option<String> {
    let version: String = version.trim().chars().filter(|c| !c.is_control()).take(MAX).collect();
    (!version.is_empty()).then_some(version)
}

/// The first number of a version.
pub(crate) fn major(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_the_version() {
        for (version, expected) in
            [("10.0.2.7", Some(10)), ("9", Some(9)), ("STARFACE 7.3", Some(7)), ("", None), ("99999999999.1", None)]
        {
            assert_eq!(major(version), expected, "{version}");
        }
    }
}
