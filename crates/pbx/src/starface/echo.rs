//! Own changes, told from a person's. The bridge says by whom a change was (`by=`), but it speaks of itself, not of us:
//! another program may use it too, and a PBX may make something else of a value than was written. So a change is an echo
//! only if the bridge made it **and** it has the value that we wrote last. Everything else is read again, which does no
//! harm.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use busylamp_core::ids::AccountId;

use super::bridge::message::{Changed, Setting};

/// What we wrote last through the bridge, by account. It is noted before it leaves, since its echo may be faster than
/// its answer.
#[derive(Default)]
pub(super) struct Written(Mutex<BTreeMap<AccountId, Setting>>);

impl Written {
    /// These settings are about to leave.
    pub(super) fn note(&self, settings: &[(AccountId, Setting)]) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, setting) in settings {
            let last = written.entry(account.clone()).or_default();
            last.dnd = setting.dnd.or(last.dnd);
            last.presence = setting.presence.or(last.presence);
            last.text = setting.text.clone().or_else(|| last.text.take());
        }
    }

    /// Whether a change is what we wrote.
    pub(super) fn is_echo(&self, change: &Changed) -> bool {
        let Changed { account, by_bridge: true, state: Some(state) } = change else { return false };
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = written.get(account) else { return false };
        state.dnd.is_none_or(|dnd| last.dnd == Some(dnd))
            && state.presence.is_none_or(|presence| last.presence == Some(presence))
            && (state.text.is_none() || state.text == last.text)
    }

    /// Forgets those who are no users any more.
    pub(super) fn keep_only(&self, accounts: &BTreeSet<AccountId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|account, _| accounts.contains(account));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::bridge::message::UserState, *};

    #[test]
    fn an_echo_is_from_the_bridge_and_has_the_value_written_last() {
        let written = Written::default();
        let setting = |dnd, text: Option<&str>| Setting { dnd, text: text.map(Into::into), ..Setting::default() };
        written.note(&[("7".into(), setting(Some(true), Some("Jour fixe")))]);
        written.note(&[("7".into(), setting(Some(false), None))]);
        let change = |account: &str, by_bridge, dnd, text: Option<&str>| Changed {
            account: account.into(),
            by_bridge,
            state: Some(UserState { dnd, text: text.map(Into::into), ..UserState::default() }),
        };
        assert!(written.is_echo(&change("7", true, Some(false), None)));
        assert!(written.is_echo(&change("7", true, None, Some("Jour fixe"))));
        for (case, foreign) in [
            ("somebody else's", change("7", false, Some(false), None)),
            ("an older value of ours", change("7", true, Some(true), None)),
            ("a text that was cut", change("7", true, Some(false), Some("Jour"))),
            ("an account that we never wrote to", change("8", true, Some(false), None)),
            ("one that can't be understood", Changed { state: None, ..change("7", true, None, None) }),
        ] {
            assert!(!written.is_echo(&foreign), "{case}");
        }
    }
}
