//! A simulator, its control interface, and a reader of every source.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use busylamp_calendar::{
    Calendar, Outcome, Request, Window,
    ews::{Access, BindingUse, EwsAccount, EwsCalendar, EwsSettings, EwsSignIn},
    graph::{Cloud, GraphCalendar, GraphSettings},
};
use busylamp_core::{event::Event, ids::MailAddress, keyword::Keywords, secret::Secret, title::Reading};
use busylamp_net::{
    http::{HttpClient, HttpSettings},
    trust::Trust,
};
use busylamp_sim::{Calendars, Clock, SimConfig, Simulator};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// The ways in which a calendar can be read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Graph,
    FolderByBasic,
    FolderByNtlm,
    ImpersonationByBasic,
    ImpersonationByNtlm,
    ImpersonationByToken,
    FreeBusy,
}

impl Way {
    /// Those that see all of a calendar that isn't private.
    pub(crate) const WHOLE: [Self; 6] = [
        Self::Graph,
        Self::FolderByBasic,
        Self::FolderByNtlm,
        Self::ImpersonationByBasic,
        Self::ImpersonationByNtlm,
        Self::ImpersonationByToken,
    ];

    /// Whether it sees the subjects of what is private.
    pub(crate) fn sees_what_is_private(self) -> bool {
        !matches!(self, Self::FolderByBasic | Self::FolderByNtlm)
    }

    fn access(self) -> Access {
        match self {
            Self::FolderByBasic | Self::FolderByNtlm => Access::Folder,
            Self::FreeBusy => Access::FreeBusy,
            Self::Graph | Self::ImpersonationByBasic | Self::ImpersonationByNtlm | Self::ImpersonationByToken => {
                Access::Impersonation
            }
        }
    }
}

/// The simulator, empty calendars, and now.
pub(crate) struct House {
    pub(crate) sim: Simulator,
    trust: Trust,
    http: HttpClient,
    now: Arc<Mutex<Timestamp>>,
    pub(crate) zone: TimeZone,
}

/// An event as every source has to tell it.
#[derive(Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) what: String,
    pub(crate) title: Option<String>,
    pub(crate) keywords: Keywords,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?}", self.what, self.title, self.keywords)
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(false).await
    }

    pub(crate) async fn with(tls: bool) -> Self {
        let now = Arc::new(Mutex::new("2026-11-24T08:00:00Z".parse::<Timestamp>().unwrap()));
        let told = Arc::clone(&now);
        let clock = Clock::new(move || *told.lock().unwrap());
        let config = SimConfig { users: 6, calendars: Calendars::Empty, clock, tls, ..SimConfig::default() };
        let sim = Simulator::start(config).await.unwrap();
        let trust = match &sim.ready().ca {
            Some(path) => Trust::authority_pem(&std::fs::read(path).unwrap()).unwrap(),
            // Nothing is encrypted, so nobody has to be believed.
            None => Trust::Pin(format!("sha256:{}", "0".repeat(64)).parse().unwrap()),
        };
        let http = HttpClient::new(HttpSettings::new(trust.clone())).unwrap();
        Self { sim, trust, http, now, zone: TimeZone::get("Europe/Berlin").unwrap() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        *self.now.lock().unwrap() += by;
    }

    pub(crate) fn mail(&self, number: usize) -> MailAddress {
        MailAddress::parse(&self.sim.ready().users[number].mail).unwrap()
    }

    /// A fresh reader.
    pub(crate) fn reader(&self, way: Way) -> Arc<dyn Calendar> {
        let ready = self.sim.ready();
        if way == Way::Graph {
            let secret = Secret::new(ready.client_secret.as_str());
            let mut settings = GraphSettings::new(Cloud::Global, &ready.tenant, &ready.client_id, secret);
            settings.login = ready.login.parse().unwrap();
            settings.endpoint = ready.graph.parse().unwrap();
            settings.trust = self.trust.clone();
            return Arc::new(GraphCalendar::new(&settings).unwrap());
        }
        let (user, password) = (ready.ews_user.clone(), Secret::new(ready.ews_password.as_str()));
        let sign_in = match way {
            Way::FolderByNtlm | Way::ImpersonationByNtlm => {
                EwsSignIn::Ntlm { user, password, channel_binding: BindingUse::Auto }
            }
            Way::ImpersonationByToken => EwsSignIn::OAuth {
                tenant: ready.tenant.clone(),
                client_id: ready.client_id.clone(),
                client_secret: Secret::new(ready.client_secret.as_str()),
                login: ready.login.parse().unwrap(),
            },
            Way::Graph | Way::FolderByBasic | Way::ImpersonationByBasic | Way::FreeBusy => {
                EwsSignIn::Basic { user, password }
            }
        };
        let url = ready.ews.parse().unwrap();
        let settings = EwsSettings { url, sign_in, access: way.access(), trust: self.trust.clone() };
        Arc::new(EwsCalendar::new(EwsAccount::new(&settings).unwrap()))
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.sim.ready().control))
            .header("content-type", "application/json")
            .body(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) })
            .unwrap();
        let answer = self.http.send(request).await.unwrap();
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        assert!(answer.status().is_success(), "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Enters an event into somebody's calendar.
    pub(crate) async fn put(&self, number: usize, event: Value) {
        let id = event["id"].as_str().unwrap().to_owned();
        self.control("PUT", &format!("/mailboxes/{}/events/{id}", self.mail(number)), event).await;
    }

    pub(crate) async fn patch(&self, number: usize, change: Value) {
        self.control("PATCH", &format!("/mailboxes/{}", self.mail(number)), change).await;
    }

    pub(crate) async fn fault(&self, name: &str, on: bool) {
        self.control("PUT", &format!("/faults/{name}"), json!({ "on": on })).await;
    }

    pub(crate) async fn poll(
        &self,
        reader: &dyn Calendar,
        mailboxes: &[MailAddress],
        full: bool,
    ) -> BTreeMap<MailAddress, Outcome> {
        let now = self.now();
        let hours = SignedDuration::from_hours;
        let window = Window { from: now - hours(24), to: now + hours(14 * 24) };
        let reading = Reading { keep_titles: true, mask_personal: true, ..Reading::default() };
        let request = Request { mailboxes, window, reading: &reading, zone: &self.zone, now, full };
        reader.poll(request).await
    }

    /// Somebody's agenda, read by a fresh reader, in the order of time.
    pub(crate) async fn read(&self, way: Way, number: usize) -> Vec<Told> {
        let mail = self.mail(number);
        let mut outcomes = self.poll(self.reader(way).as_ref(), std::slice::from_ref(&mail), false).await;
        match outcomes.remove(&mail).unwrap() {
            Outcome::Read { agenda, .. } => {
                let mut told: Vec<Told> = agenda.events().iter().map(|event| self.told(event)).collect();
                told.sort_by_key(|told| format!("{told:?}"));
                told
            }
            outcome @ (Outcome::Unchanged | Outcome::Failed(_)) => panic!("{way:?}: {outcome:?}"),
        }
    }

    fn told(&self, event: &Event) -> Told {
        use busylamp_core::event::Response;
        // Whether an own appointment has guests makes no difference to anybody.
        let response = if event.response == Response::None { Response::Organizer } else { event.response };
        let (start, end) = event.when.interval(&self.zone);
        let what = format!(
            "{start} {end} {:?} {:?} {:?} {response:?} cancelled {} draft {} master {} title {:?}",
            event.when,
            event.kind,
            event.sensitivity,
            event.cancelled,
            event.draft,
            event.series_master,
            std::mem::discriminant(&event.title)
        );
        Told { what, title: event.title.clear().map(str::to_owned), keywords: event.keywords }
    }

    /// Demands that every way reads the same, and gives it. Of what is private, keywords may be missing where the rights
    /// don't show them.
    pub(crate) async fn the_same_everywhere(&self, number: usize) -> Vec<Told> {
        let expected = self.read(Way::Graph, number).await;
        for way in Way::WHOLE {
            let mut found = self.read(way, number).await;
            if !way.sees_what_is_private() {
                for (found, expected) in found.iter_mut().zip(&expected) {
                    if expected.what.contains("Private") {
                        assert_eq!(found.keywords, Keywords::default(), "{way:?} sees what it may not");
                        found.keywords = expected.keywords;
                    }
                }
            }
            assert_eq!(found.len(), expected.len(), "{way:?}\n{found:#?}\n{expected:#?}");
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!(found, expected, "{way:?}");
            }
        }
        expected
    }
}
