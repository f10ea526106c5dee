//! Graph's address, and the links that it hands out.

use url::Url;

/// The longest link that is followed, in bytes.
const LONGEST_LINK: usize = 16 << 10;

/// Graph's address with its version.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    base: Url,
    /// Without a slash at its end.
    path: String,
}

impl Endpoint {
    pub(super) fn new(url: &Url) -> Self {
        Self { base: url.clone(), path: url.path().trim_end_matches('/').to_owned() }
    }

    /// The address to which batches go.
    pub(super) fn batch_url(&self) -> String {
        format!("{}{}/$batch", self.base.origin().ascii_serialization(), self.path)
    }

    /// A link relative to the address, as a batch wants it, otherwise verbatim. `None` when it leads elsewhere: to
    /// another host, or out of the path. It bears our token, so it must not.
    pub(super) fn relative(&self, link: &str) -> Option<String> {
        if link.len() > LONGEST_LINK || link.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return None;
        }
        let parsed = Url::parse(link).ok()?;
        let foreign = parsed.origin() != self.base.origin()
            || !parsed.username().is_empty()
            || parsed.password().is_some()
            || parsed.fragment().is_some();
        let prefix = format!("{}/", self.path);
        // The parsed path has its dots resolved, so it can't climb out of the prefix.
        if foreign || !parsed.path().starts_with(&prefix) {
            return None;
        }
        let (_, rest) = link.split_once("://")?;
        let verbatim = &rest[rest.find('/')?..];
        verbatim.strip_prefix(&self.path).filter(|relative| relative.starts_with('/')).map(str::to_owned)
    }
}

/// A part of a path or a query with everything encoded that could mean something there.
pub(super) fn encode(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'@') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new(&Url::parse("https://graph.microsoft.com/v1.0/").unwrap())
    }

    #[test]
    fn a_link_is_followed_verbatim() {
        let link =
            "https://graph.microsoft.com/v1.0/users/u/calendarView?startDateTime=2026-11-23T00%3a00%3a00Z&%24skip=10";
        assert_eq!(
            endpoint().relative(link).as_deref(),
            Some("/users/u/calendarView?startDateTime=2026-11-23T00%3a00%3a00Z&%24skip=10")
        );
        let spelt = "HTTPS://Graph.Microsoft.com:443/v1.0/users/u('x')/a?$skiptoken=ä";
        assert_eq!(endpoint().relative(spelt).as_deref(), Some("/users/u('x')/a?$skiptoken=ä"));
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_not_followed() {
        for link in [
            "https://graph.evil.example/v1.0/users/u",
            "http://graph.microsoft.com/v1.0/users/u",
            "https://graph.microsoft.com:444/v1.0/users/u",
            "https://graph.microsoft.com/beta/users/u",
            "https://graph.microsoft.com/v1.0/../beta/users/u",
            "https://graph.microsoft.com/v1.0/%2e%2e/beta/users/u",
            "https://graph.microsoft.com/v1.0\\..\\beta",
            "https://graph.microsoft.com/v1.0evil/users/u",
            "https://me@graph.microsoft.com/v1.0/users/u",
            "https://graph.microsoft.com\t/v1.0/users/u",
            "/users/u",
            "",
        ] {
            assert_eq!(endpoint().relative(link), None, "{link}");
        }
        let long = format!("https://graph.microsoft.com/v1.0/{}", "x".repeat(LONGEST_LINK));
        assert_eq!(endpoint().relative(&long), None);
    }

    #[test]
    fn parts_are_encoded() {
        assert_eq!(encode("o'brien+x@example.com"), "o%27brien%2Bx@example.com");
        assert_eq!(encode("a/../b?c#d"), "a%2F..%2Fb%3Fc%23d");
    }
}
