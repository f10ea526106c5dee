//! Where things are on the PBX.

use url::Url;

/// The PBX's address, to which paths are added.
#[derive(Clone, Debug)]
pub(crate) struct Address(Url);

/// A name from the PBX that can't stand in an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoSegment;

impl Address {
    /// Of a validated configuration.
    pub(crate) fn new(url: Url) -> Self {
        Self(url)
    }

    /// The address of a path and a query, everything escaped. A segment that is empty (but for the last) or made
    /// of dots would lead elsewhere and is refused.
    pub(crate) fn at(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, NoSegment> {
        let inner = path.len().saturating_sub(1);
        if path.iter().any(|segment| matches!(*segment, "." | "..")) || path[..inner].contains(&"") {
            return Err(NoSegment);
        }
        let mut url = self.0.clone();
        url.path_segments_mut().map_err(|()| NoSegment)?.pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: &str, path: &[&str], query: &[(&str, &str)]) -> Option<String> {
        Address::new(base.parse().unwrap()).at(path, query).ok().map(String::from)
    }

    #[test]
    fn paths_are_added_to_what_is_configured() {
        for (base, expected) in [
            ("https://pbx.example.com", "https://pbx.example.com/rest/users"),
            ("https://pbx.example.com/", "https://pbx.example.com/rest/users"),
            ("https://example.com/sf/", "https://example.com/sf/rest/users"),
        ] {
            assert_eq!(at(base, &["rest", "users"], &[]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn names_from_the_pbx_can_not_lead_elsewhere() {
        let base = "https://pbx.example.com";
        assert_eq!(
            at(base, &["rest", "redirects", "a/b?c#d"], &[("actOnBehalfOf", "1&x=2")]).as_deref(),
            Some("https://pbx.example.com/rest/redirects/a%2Fb%3Fc%23d?actOnBehalfOf=1%26x%3D2")
        );
        assert_eq!(at(base, &["rest", "redirects", ".."], &[]), None);
        assert_eq!(at(base, &["rest", "", "users"], &[]), None);
    }
}
