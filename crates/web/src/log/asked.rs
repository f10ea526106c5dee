//! Which lines somebody wants, as it stands in an address.

use std::collections::BTreeSet;

use busylamp_core::ids::AccountId;
use busylamp_log::{Filter, Level, Of};
use busylamp_service::board::Board;
use form_urlencoded::Serializer;
use serde::Deserialize;

/// Which lines somebody wants. What is not understood is as if it were absent: an address that was typed in shows
/// something rather than nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    level: String,
    pub(super) user: String,
    pub(super) text: String,
    follow: String,
    after: String,
}

impl Asked {
    /// Lines that are as grave, or graver.
    pub(super) fn level(&self) -> Option<Level> {
        self.level.parse().ok()
    }

    /// Whether this level is asked for.
    pub(super) fn is(&self, level: &Level) -> bool {
        self.level() == Some(*level)
    }

    /// Whether the page shall go on by itself.
    pub(super) fn follows(&self) -> bool {
        !self.follow.is_empty()
    }

    /// The number after which lines are new.
    pub(super) fn after(&self) -> u64 {
        self.after.parse().unwrap_or_default()
    }

    /// The filter for lines after this number. Users are found by account or by a part of the name.
    pub(super) fn filter(&self, of: &Of, board: &Board, after: u64) -> Filter {
        let wanted = self.user.trim().to_lowercase();
        let accounts = (!wanted.is_empty()).then(|| {
            let lamps = board.lamps.iter().filter(|lamp| *of == Of::Instance(lamp.instance.clone()));
            let named = lamps.filter(|lamp| lamp.name.to_lowercase().contains(&wanted));
            let mut accounts: BTreeSet<_> = named.map(|lamp| lamp.account.clone()).collect();
            accounts.insert(AccountId::new(self.user.trim()));
            accounts
        });
        Filter { level: self.level(), accounts, text: self.text.clone(), after }
    }

    /// The same in an address, without what was not asked for.
    pub(super) fn query(&self) -> String {
        let parts = [("level", &self.level), ("user", &self.user), ("text", &self.text)];
        let parts = parts.into_iter().filter(|(_, value)| !value.is_empty());
        Serializer::new(String::new()).extend_pairs(parts).finish()
    }
}

/// One part of a path.
pub(super) fn escaped(part: &str) -> String {
    // A space is `+` in a query only.
    form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_of_any_name_has_a_path() {
        assert_eq!(escaped("Köln + a/b?"), "K%C3%B6ln%20%2B%20a%2Fb%3F");
    }

    #[test]
    fn what_is_asked_for_stands_in_the_address_and_nothing_else() {
        let asked = Asked { level: "warn".to_owned(), text: "a&b".to_owned(), ..Asked::default() };
        assert_eq!(asked.query(), "level=warn&text=a%26b");
        assert_eq!((asked.level(), Asked::default().level()), (Some(Level::Warn), None));
    }
}
