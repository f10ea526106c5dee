//! The service account and the settings of the pretended Exchange Server, with what tests want to know of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{HeaderName, HeaderValue};

use crate::http::Reply;

/// Windows' name of the company's domain.
pub(crate) const DOMAIN: &str = "SIM";
/// The service account's name in it.
pub(crate) const USER: &str = "svc-busylamp";
/// Wrong passwords in a row after which the account is locked, as many administrators set it.
const LOCKED_AFTER: u32 = 5;
/// Requests that one account may have under way ("EWS throttling": `EWSMaxConcurrency`).
const MAX_AT_ONCE: usize = 27;
/// Items that one caller may have found at a time ("EWS throttling": `EWSFindCountLimit`).
const MAX_FOUND: usize = 1000;

/// Whether a channel binding is looked at ("Configure Windows Extended Protection").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindingMode {
    None,
    /// One that is sent must be right.
    Allow,
    /// One must be sent, and be right.
    Require,
}

/// What Autodiscover answers in place of the server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// Ask there.
    Url(String),
    /// Ask for this address.
    Address(String),
}

/// What can be set, and what is counted.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) negotiate: bool,
    pub(crate) ntlm: bool,
    pub(crate) basic: bool,
    pub(crate) binding: BindingMode,
    pub(crate) password: String,
    pub(crate) locked: bool,
    pub(crate) concurrency: usize,
    pub(crate) find_count_limit: usize,
    pub(crate) redirect: Option<Redirect>,
    wrong_in_a_row: u32,
    /// Wrong passwords since the start.
    pub(crate) wrong_passwords: u64,
    /// Attempts with names that nobody has.
    pub(crate) unknown_names: u64,
    /// Passwords that were right.
    pub(crate) sign_ins: u64,
    /// Right passwords that were refused for their channel binding.
    pub(crate) refused_bindings: u64,
    /// Conversations that came with a right channel binding.
    pub(crate) bound: u64,
    /// Requests with `X-AnchorMailbox`, and without.
    pub(crate) anchored: u64,
    pub(crate) unanchored: u64,
    /// Requests of Autodiscover that carried credentials.
    pub(crate) autodiscover_with_credentials: u64,
}

/// What an account's password was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    Locked,
}

/// The pretended Exchange Server's own state.
#[derive(Debug)]
pub(crate) struct Ews {
    settings: Mutex<Settings>,
    /// Requests under way by whose budget they are charged to.
    under_way: Arc<Mutex<HashMap<String, usize>>>,
}

/// A request under way; ends when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    budget: String,
    under_way: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.budget) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.budget);
            }
        }
    }
}

impl Ews {
    pub(crate) fn new(password: String) -> Self {
        let settings = Settings {
            negotiate: true,
            ntlm: true,
            basic: true,
            binding: BindingMode::Allow,
            password,
            locked: false,
            concurrency: MAX_AT_ONCE,
            find_count_limit: MAX_FOUND,
            redirect: None,
            wrong_in_a_row: 0,
            wrong_passwords: 0,
            unknown_names: 0,
            sign_ins: 0,
            refused_bindings: 0,
            bound: 0,
            anchored: 0,
            unanchored: 0,
            autodiscover_with_credentials: 0,
        };
        Self { settings: Mutex::new(settings), under_way: Arc::default() }
    }

    pub(crate) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn password(&self) -> String {
        self.settings().password.clone()
    }

    pub(super) fn find_count_limit(&self) -> usize {
        self.settings().find_count_limit
    }

    /// Counts whether a request says whose mailbox it is about.
    pub(super) fn note_anchor(&self, anchor: Option<&str>) {
        let mut settings = self.settings();
        if anchor.is_some_and(|anchor| anchor.contains('@')) {
            settings.anchored += 1;
        } else {
            settings.unanchored += 1;
        }
    }

    /// A place among the requests of one budget, if there is one.
    pub(super) fn enter(&self, budget: String) -> Option<Place> {
        let most = self.settings().concurrency;
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(budget.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { budget, under_way: Arc::clone(&self.under_way) })
    }
}

impl Settings {
    /// Whether a name is the service account's, in any of the forms of Windows.
    pub(crate) fn is_account(name: &str) -> bool {
        let (domain, user) = match name.split_once('\\') {
            Some((domain, user)) => (domain, user),
            None => match name.split_once('@') {
                Some((user, suffix)) => (suffix, user),
                None => ("", name),
            },
        };
        let domains = ["", DOMAIN, "sim.lindenhof.example", crate::company::people::DOMAIN];
        user.eq_ignore_ascii_case(USER) && domains.iter().any(|known| domain.eq_ignore_ascii_case(known))
    }

    /// Judges a password that was compared, and counts it.
    pub(crate) fn judge(&mut self, right: bool) -> Verdict {
        if self.locked {
            // A locked account tells nobody whether the password was right.
            self.wrong_passwords += u64::from(!right);
            return Verdict::Locked;
        }
        if right {
            self.wrong_in_a_row = 0;
            self.sign_ins += 1;
            return Verdict::Right;
        }
        self.wrong_passwords += 1;
        self.wrong_in_a_row += 1;
        self.locked = self.wrong_in_a_row >= LOCKED_AFTER;
        Verdict::Wrong
    }

    /// Locks or unlocks the account.
    pub(crate) fn lock(&mut self, locked: bool) {
        self.locked = locked;
        self.wrong_in_a_row = 0;
    }

    /// Adds the schemes that are offered to an answer, one header each.
    pub(crate) fn challenge(&self, mut reply: Reply) -> Reply {
        let schemes = [
            (self.negotiate, "Negotiate"),
            (self.ntlm, "NTLM"),
            (self.basic, "Basic realm=\"mail.lindenhof.example\""),
        ];
        for (_, scheme) in schemes.into_iter().filter(|(offered, _)| *offered) {
            reply.headers.append(HeaderName::from_static("www-authenticate"), HeaderValue::from_static(scheme));
        }
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_wrong_password_in_a_row_locks_the_account_and_a_right_one_starts_anew() {
        let ews = Ews::new("right".to_owned());
        let mut settings = ews.settings();
        for _ in 0..4 {
            assert_eq!(settings.judge(false), Verdict::Wrong);
        }
        assert_eq!(settings.judge(true), Verdict::Right);
        for _ in 0..5 {
            assert_eq!(settings.judge(false), Verdict::Wrong);
        }
        assert_eq!(settings.judge(true), Verdict::Locked);
        settings.lock(false);
        assert_eq!((settings.judge(true), settings.wrong_passwords), (Verdict::Right, 9));
    }

    #[test]
    fn the_account_has_the_names_that_windows_gives_it() {
        for name in ["SIM\\svc-busylamp", "sim\\SVC-Busylamp", "svc-busylamp", "svc-busylamp@lindenhof.example"] {
            assert!(Settings::is_account(name), "{name}");
        }
        for name in ["OTHER\\svc-busylamp", "anna", "svc-busylamp@other.example", ""] {
            assert!(!Settings::is_account(name), "{name}");
        }
    }
}
