//! From whom a request comes when it comes through somebody else.
//!
//! A proxy in front of the pages hides everybody's address behind its own; what it says in `X-Forwarded-For` is believed
//! if the administrator has named it, and from nobody else, or whoever guesses passwords could claim a new address for
//! each guess.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use axum::http::HeaderMap;

/// No more addresses are looked at.
const LONGEST_WAY: usize = 32;

/// Proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Arc<BTreeSet<IpAddr>>);

impl Proxies {
    pub(super) fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(Arc::new(addresses.into_iter().map(|address| address.to_canonical()).collect()))
    }

    /// The address nearest to us that is none of the proxies': whoever stands behind it may claim anything.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let claimed: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        for claim in claimed.into_iter().rev().take(LONGEST_WAY) {
            if !self.0.contains(&caller) {
                break;
            }
            let Ok(claim) = claim.trim().parse::<IpAddr>() else { break };
            caller = claim.to_canonical();
        }
        caller
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn caller(proxies: &[&str], peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        Proxies::new(proxies.iter().map(|text| address(text))).caller(address(peer), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_the_administrator_says_so() {
        assert_eq!(caller(&[], "127.0.0.1", &["192.0.2.7"]), "127.0.0.1");
        assert_eq!(caller(&["127.0.0.1"], "192.0.2.9", &["192.0.2.7"]), "192.0.2.9");
    }

    #[test]
    fn a_proxy_says_who_asks_and_whoever_asks_can_claim_nothing() {
        assert_eq!(caller(&["127.0.0.1"], "127.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(caller(&["127.0.0.1"], "127.0.0.1", &["198.51.100.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(caller(&["127.0.0.1"], "127.0.0.1", &["198.51.100.1", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(caller(&["127.0.0.1"], "::ffff:127.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn a_row_of_proxies_is_followed_as_far_as_they_are_known() {
        let proxies = ["127.0.0.1", "10.0.0.2"];
        assert_eq!(caller(&proxies, "127.0.0.1", &["192.0.2.7, 10.0.0.2"]), "192.0.2.7");
        assert_eq!(caller(&proxies, "127.0.0.1", &["192.0.2.7, 10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn what_is_no_address_is_not_followed() {
        for line in ["", "unknown", "192.0.2.7:4711", "_hidden", "192.0.2.7, x"] {
            assert_eq!(caller(&["127.0.0.1"], "127.0.0.1", &[line]), "127.0.0.1", "{line}");
        }
    }
}
