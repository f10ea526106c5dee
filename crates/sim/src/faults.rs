//! What can go wrong on purpose: named faults with a rate, on for a while or until they are switched off.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::company::Dice;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Fault {
            const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name by which it is switched.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What it does, in a sentence.
            pub(crate) fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

faults! {
    /// Entra answers 503 to a token request.
    LoginUnavailable = "login_unavailable",
    /// Entra refuses the secret (AADSTS7000215), whatever it is.
    LoginRefused = "login_refused",
    /// Entra closes the connection without an answer.
    LoginReset = "login_reset",
    /// Graph tokens live for 60 seconds.
    ShortTokens = "short_tokens",
    /// Tokens have no `roles` claim, as without any consent.
    NoRoles = "no_roles",
    /// Tokens lack the role Calendars.Read.
    NoCalendarsRole = "no_calendars_role",
    /// Tokens lack Exchange's role full_access_as_app.
    NoExchangeRole = "no_exchange_role",
    /// Tokens lack the role User.Read.All.
    NoUsersRole = "no_users_role",
    /// Tokens lack the role MailboxSettings.Read.
    NoSettingsRole = "no_settings_role",
    /// Graph closes the connection without an answer.
    GraphReset = "graph_reset",
    /// Graph answers after ten seconds.
    GraphSlow = "graph_slow",
    /// Graph breaks the connection in the middle of an answer.
    GraphCut = "graph_cut",
    /// Graph answers 200 with a page of HTML.
    GraphGarbage = "graph_garbage",
    /// Graph answers 401: the token is taken for expired.
    GraphUnauthorized = "graph_unauthorized",
    /// Graph answers 403: access to OData is disabled.
    GraphForbidden = "graph_forbidden",
    /// Graph answers 429 with `Retry-After: 1`.
    GraphThrottled = "graph_throttled",
    /// Graph answers 429 without `Retry-After`.
    GraphThrottledBare = "graph_throttled_bare",
    /// Graph answers 503.
    GraphUnavailable = "graph_unavailable",
    /// Graph answers 504.
    GraphGatewayTimeout = "graph_gateway_timeout",
    /// Graph answers 500 with an empty message.
    GraphError = "graph_error",
    /// A further page answers 500: the reading stays incomplete.
    GraphPageError = "graph_page_error",
    /// A further page answers 404: the reading stays incomplete.
    GraphPageMissing = "graph_page_missing",
    /// A delta token is not known any more (410 SyncStateNotFound).
    DeltaLost = "delta_lost",
    /// Delta rounds have empty pages and tell items twice.
    DeltaRestless = "delta_restless",
    /// Exchange closes the connection without an answer.
    EwsReset = "ews_reset",
    /// Exchange answers after ten seconds.
    EwsSlow = "ews_slow",
    /// Exchange breaks the connection in the middle of an answer.
    EwsCut = "ews_cut",
    /// Exchange answers 200 with a page of HTML.
    EwsGarbage = "ews_garbage",
    /// Exchange answers 401 although the credentials are right, and forgets who signed in on the connection.
    EwsUnauthorized = "ews_unauthorized",
    /// Exchange answers 503.
    EwsUnavailable = "ews_unavailable",
    /// Exchange answers 302 to its error page.
    EwsErrorPage = "ews_error_page",
    /// A proxy in front of Exchange answers 302 to a form for signing in.
    EwsFormLogin = "ews_form_login",
    /// A proxy in front of Exchange answers 440: its session is over.
    EwsLoginTimeout = "ews_login_timeout",
    /// Exchange Online answers 403: EWS is blocked by policy.
    EwsBlocked = "ews_blocked",
    /// Exchange answers 500 with the page of a broken application.
    EwsServerError = "ews_server_error",
    /// Exchange is busy and says so in a fault, with a time to wait.
    EwsBusy = "ews_busy",
    /// Exchange is busy and says so for every mailbox of an answer 200.
    EwsBusyQuiet = "ews_busy_quiet",
    /// Exchange is busy and hides it in an internal server error of every mailbox.
    EwsBusyHidden = "ews_busy_hidden",
    /// Exchange is of 2010 and refuses newer versions in a fault.
    EwsOldServer = "ews_old_server",
    /// Exchange is of 2010 and refuses newer versions in plain text.
    EwsOldServerBare = "ews_old_server_bare",
    /// The mailbox is on a server of 2010, which refuses newer versions.
    EwsOldMailbox = "ews_old_mailbox",
    /// Every mailbox is on its way to another database.
    EwsMoving = "ews_moving",
    /// A request for several mailboxes takes Exchange too long.
    EwsTimeout = "ews_timeout",
    /// A request for several mailboxes opens more than Exchange allows.
    EwsTooManyObjects = "ews_too_many_objects",
    /// A request for several mailboxes is not passed on to other servers.
    EwsProxyRefused = "ews_proxy_refused",
    /// A request for several mailboxes finds more than one caller may hold.
    EwsFindCount = "ews_find_count",
    /// One mailbox of a request for several can't be read.
    EwsPartial = "ews_partial",
    /// Exchange's answer has 64 MB more than it needs.
    EwsGigantic = "ews_gigantic",
    /// Exchange's answer comes twice in one body.
    EwsDoubled = "ews_doubled",
    /// Subjects have characters that XML can't have.
    EwsInvalidCharacters = "ews_invalid_characters",
    /// The PBX closes the connection without an answer, before anything is done (REST, OAuth and bridge).
    StarfaceReset = "starface_reset",
    /// The PBX does what it is told and closes the connection without an answer (REST and bridge).
    StarfaceAnswerLost = "starface_answer_lost",
    /// The PBX answers after ten seconds (REST, OAuth and bridge).
    StarfaceSlow = "starface_slow",
    /// The PBX breaks the connection in the middle of an answer (REST, OAuth and bridge).
    StarfaceCut = "starface_cut",
    /// The PBX answers 503 (REST, OAuth and bridge).
    StarfaceUnavailable = "starface_unavailable",
    /// The PBX answers 500 (REST).
    StarfaceError = "starface_error",
    /// The PBX answers 401: the session is taken for over (REST and bridge).
    StarfaceUnauthorized = "starface_unauthorized",
    /// The PBX refuses every login.
    StarfaceLoginRefused = "starface_login_refused",
    /// The login has no rights to act for others (REST answers 403).
    StarfaceNotAdmin = "starface_not_admin",
    /// A diversion can't be written: REST answers 200, which means an error there.
    RedirectRefused = "redirect_refused",
    /// A phone can't be provisioned: 400.
    ProvisioningRefused = "provisioning_refused",
    /// The bridge closes the connection without an answer, before anything is done.
    BridgeReset = "bridge_reset",
    /// The bridge does what it is told and the answer is lost.
    BridgeAnswerLost = "bridge_answer_lost",
    /// The module is not there: calling it is an XML-RPC fault.
    BridgeMissing = "bridge_missing",
    /// The bridge fails as a whole with the code `internal`.
    BridgeInternal = "bridge_internal",
    /// The bridge's event queue has lost what was asked for.
    BridgeEventsLost = "bridge_events_lost",
    /// The bridge refuses records that write DND.
    BridgeRefusesDnd = "bridge_refuses_dnd",
    /// The bridge refuses records that write presence.
    BridgeRefusesPresence = "bridge_refuses_presence",
    /// The bridge refuses records that write the text.
    BridgeRefusesText = "bridge_refuses_text",
    /// The bridge found no way to set DND: the capability is missing, and it can't be read.
    BridgeWithoutDnd = "bridge_without_dnd",
    /// The PBX keeps only the first 100 characters of a status text.
    TextCut = "text_cut",
}

/// How often a fault strikes, and until when.
#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    rate: f64,
    until: Option<Instant>,
    struck: u64,
}

/// All faults with their settings. Which requests a rate strikes follows from the seed and their order.
#[derive(Debug)]
pub(crate) struct Faults(Mutex<(Dice, Vec<Setting>)>);

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new((Dice::new(seed, &[0xfa]), vec![Setting::default(); Fault::ALL.len()])))
    }

    /// Sets a fault's rate from 0 (never) to 1 (always). Errs if there is none of that name, naming the nearest.
    pub(crate) fn set(&self, name: &str, rate: f64, lasting: Option<Duration>) -> Result<(), String> {
        let Some(place) = Fault::ALL.iter().position(|fault| fault.name() == name) else {
            let nearest = crate::nearest(name, Fault::ALL.iter().map(|fault| fault.name()));
            return Err(format!("there is no fault `{name}`{nearest}"));
        };
        if !(0.0..=1.0).contains(&rate) {
            return Err(format!("the rate of `{name}` must be from 0 to 1"));
        }
        let until = lasting.and_then(|lasting| Instant::now().checked_add(lasting));
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1[place].rate = rate;
        inner.1[place].until = until;
        Ok(())
    }

    /// Whether a fault strikes this time.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (dice, settings) = &mut *inner;
        let setting = &mut settings[fault as usize];
        if setting.rate <= 0.0 || setting.until.is_some_and(|until| Instant::now() >= until) {
            return false;
        }
        // Three digits are as fine as anybody asks for.
        let per_million = 1_000_000.0 * setting.rate;
        let strikes = setting.rate >= 1.0 || f64::from(u32::try_from(dice.below(1_000_000)).unwrap_or(0)) < per_million;
        setting.struck += u64::from(strikes);
        strikes
    }

    /// Name, meaning, rate in force and how often it has struck, for all.
    pub(crate) fn list(&self) -> Vec<(Fault, f64, u64)> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let rate = |setting: &Setting| {
            if setting.until.is_some_and(|until| now >= until) { 0.0 } else { setting.rate }
        };
        Fault::ALL.iter().zip(&inner.1).map(|(fault, setting)| (*fault, rate(setting), setting.struck)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_strikes_about_as_often_as_it_says() {
        let faults = Faults::new(1);
        faults.set("graph_reset", 0.25, None).unwrap();
        let struck = (0..4000).filter(|_| faults.strikes(Fault::GraphReset)).count();
        assert!((800..1200).contains(&struck), "{struck}");
        assert!(!faults.strikes(Fault::GraphSlow));
    }

    #[test]
    fn a_misspelt_name_is_refused_with_the_nearest_one() {
        let refusal = Faults::new(1).set("graph_throtled", 1.0, None).unwrap_err();
        assert!(refusal.contains("graph_throttled"), "{refusal}");
        assert!(Faults::new(1).set("graph_reset", 1.5, None).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_ends_when_its_time_is_over() {
        let faults = Faults::new(1);
        faults.set("bridge_reset", 1.0, Some(Duration::from_secs(5))).unwrap();
        assert!(faults.strikes(Fault::BridgeReset));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(!faults.strikes(Fault::BridgeReset));
    }
}
