//! What the administrator watches over: the logs, and whether all is well. Every page has a sentence in its frame when
//! it is not, and monitoring is told so without one.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State as Extract},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use busylamp_core::language::Language;
use busylamp_log::Log;
use busylamp_service::{
    Service, ServiceError,
    health::{ConnectionHealth, Expires, Expiry, Health, Side},
};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, timeout},
};

use crate::Site;

/// Pages ask the service no more often than this how it goes.
const FRESH: Duration = Duration::from_secs(3);
/// No page waits longer for the answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// A service that has given no answer for so long is ill.
const SILENT: Duration = Duration::from_secs(30);
/// A connection is down if it has not worked for so long; a single failure is none yet.
const DOWN: SignedDuration = SignedDuration::from_secs(60);
/// A give-back that is late by less is on its way.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// What expires is announced so long ahead.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many browsers can follow a log at a time.
const FOLLOWERS: usize = 64;

/// The logs, and how it goes. Clones are handles of the same.
#[derive(Clone)]
pub struct Upkeep(Arc<Inner>);

struct Inner {
    log: Log,
    certificate_ends: Option<Timestamp>,
    last: Mutex<Last>,
    /// One at a time asks the service for all who want to know.
    asking: Mutex<()>,
    followers: Arc<Semaphore>,
}

/// What the service said last.
#[derive(Default)]
struct Last {
    said: Option<Arc<Health>>,
    /// When it was asked last, whether it gave an answer or not.
    asked: Option<Instant>,
    /// Since when it gives no answer.
    silent: Option<Instant>,
}

impl Last {
    /// What is wrong as far as is known; a service that has been silent for long is ill.
    fn alarm(&self) -> Option<Alarm> {
        if self.silent.is_some_and(|silent| silent.elapsed() >= SILENT) {
            return Some(Alarm::Silent);
        }
        self.said.as_ref().and_then(|health| Alarm::of(health))
    }
}

impl Default for Upkeep {
    /// An empty log, and no certificate.
    fn default() -> Self {
        Self::new(Log::new(Timestamp::now), None)
    }
}

impl Upkeep {
    /// For pages that show this log, and that are served with a certificate that is good until then.
    pub fn new(log: Log, certificate_ends: Option<Timestamp>) -> Self {
        let (last, asking) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { log, certificate_ends, last, asking, followers: Arc::new(Semaphore::new(FOLLOWERS)) }))
    }

    /// The logs.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// Places for those who follow a log.
    pub(crate) fn followers(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.followers)
    }

    /// How it goes, asked now.
    ///
    /// # Errors
    /// If the service has stopped.
    pub(crate) async fn health(&self, service: &Service) -> Result<Arc<Health>, ServiceError> {
        let mut health = service.health().await?;
        health.expiring.extend(self.0.certificate_ends.map(|at| Expiry { what: Expires::OwnCertificate, at }));
        health.expiring.sort_by_key(|expiry| expiry.at);
        let health = Arc::new(health);
        let said = Some(Arc::clone(&health));
        *self.0.last.lock().await = Last { said, asked: Some(Instant::now()), silent: None };
        Ok(health)
    }

    /// What is wrong, as it was a moment ago. However many want to know, the service is asked seldom.
    pub(crate) async fn alarm(&self, service: &Service) -> Option<Alarm> {
        let _turn = self.0.asking.lock().await;
        {
            let mut last = self.0.last.lock().await;
            if last.asked.is_some_and(|asked| asked.elapsed() < FRESH) {
                return last.alarm();
            }
            last.asked = Some(Instant::now());
        }
        if let Ok(Ok(health)) = timeout(PATIENCE, self.health(service)).await {
            return Alarm::of(&health);
        }
        let mut last = self.0.last.lock().await;
        last.silent.get_or_insert_with(Instant::now);
        last.alarm()
    }
}

/// The gravest thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The service gives no answer.
    Silent,
    /// The store takes nothing.
    Store,
    /// Somebody waits for something to be given back.
    Overdue,
    /// Connections are down: one of them, and how many.
    Down(Box<ConnectionHealth>, usize),
    /// Something ends soon, or has ended.
    Expiry(Expiry, SignedDuration),
}

impl Alarm {
    /// What is wrong with this.
    pub(crate) fn of(health: &Health) -> Option<Self> {
        if health.store.is_some() {
            return Some(Self::Store);
        }
        if is_overdue(health) {
            return Some(Self::Overdue);
        }
        let mut down = health.connections.iter().filter(|connection| is_down(connection, health.now));
        if let Some(first) = down.next() {
            return Some(Self::Down(Box::new(first.clone()), 1 + down.count()));
        }
        let soon = health.expiring.iter().find(|expiry| is_soon(expiry, health.now))?;
        Some(Self::Expiry(soon.clone(), soon.at.duration_since(health.now)))
    }

    /// Whether it can wait for some days.
    pub(crate) fn can_wait(&self) -> bool {
        matches!(self, Self::Expiry(_, left) if left.is_positive())
    }

    /// In words, for the frame of a page.
    pub(crate) fn words(&self, language: Language) -> String {
        let say = |german: &str, english: &str| language.pick(german, english).to_owned();
        match self {
            Self::Silent => say("Der Dienst antwortet nicht.", "The service gives no answer."),
            Self::Store => say(
                "Der Speicher nimmt nichts an; solange wird nichts Neues gestellt.",
                "The store takes nothing; until it does, nothing new is set.",
            ),
            Self::Overdue => say(
                "Jemand wartet darauf, dass der frühere Zustand zurückgegeben wird.",
                "Somebody waits for an earlier state to be given back.",
            ),
            Self::Down(one, 1) => {
                let name = name(one, language);
                language.pick(format!("Gestört: {name}."), format!("Down: {name}."))
            }
            Self::Down(one, count) => {
                let name = name(one, language);
                language.pick(
                    format!("{count} Verbindungen sind gestört, darunter {name}."),
                    format!("{count} connections are down, {name} among them."),
                )
            }
            Self::Expiry(expiry, left) => {
                let what = expiring(&expiry.what, language);
                let days = left.as_hours() / 24;
                match days {
                    _ if !left.is_positive() => {
                        language.pick(format!("Abgelaufen: {what}."), format!("Expired: {what}."))
                    }
                    0 => language.pick(
                        format!("Läuft heute oder morgen ab: {what}."),
                        format!("Expires today or tomorrow: {what}."),
                    ),
                    1 => language.pick(format!("Läuft in einem Tag ab: {what}."), format!("Expires in a day: {what}.")),
                    _ => language
                        .pick(format!("Läuft in {days} Tagen ab: {what}."), format!("Expires in {days} days: {what}.")),
                }
            }
        }
    }
}

/// What a connection leads to, and whose it is.
pub(crate) fn name(connection: &ConnectionHealth, language: Language) -> String {
    let of = |kind: &str| match &connection.instance {
        Some(instance) => format!("{kind} ({instance})"),
        None => kind.to_owned(),
    };
    match connection.side {
        Side::Graph => of("Microsoft 365"),
        Side::Ews => of("Exchange Server"),
        Side::Group => of(language.pick("Gruppe der Telefonanlage", "group of the telephone system")),
        Side::Starface | Side::Store => connection.name.speak(language).to_owned(),
    }
}

/// What ends, by name.
pub(crate) fn expiring(what: &Expires, language: Language) -> String {
    match what {
        Expires::ServerCertificate { host } => {
            language.pick(format!("das Zertifikat von {host}"), format!("the certificate of {host}"))
        }
        Expires::OwnCertificate => {
            language.pick("das Zertifikat dieser Seiten", "the certificate of these pages").to_owned()
        }
        Expires::Secret { instance, place } => {
            language.pick(format!("{place} der Instanz {instance}"), format!("{place} of the instance {instance}"))
        }
    }
}

/// Whether it ends soon or has ended.
pub(crate) fn is_soon(expiry: &Expiry, now: Timestamp) -> bool {
    expiry.at.duration_since(now) <= AHEAD
}

/// Whether a connection has not worked for a while.
pub(crate) fn is_down(connection: &ConnectionHealth, now: Timestamp) -> bool {
    connection.trouble.is_some() && connection.last_success.is_none_or(|worked| now.duration_since(worked) >= DOWN)
}

/// Whether somebody waits too long for something back.
pub(crate) fn is_overdue(health: &Health) -> bool {
    health.oldest_overdue_give_back.as_ref().is_some_and(|(_, _, since)| health.now.duration_since(*since) >= LATE)
}

tokio::task_local! {
    /// What is wrong while a page is drawn: the frame is drawn by every room, and none of them should have to carry it.
    static ALARM: Option<Alarm>;
}

/// What the frame of the page that is being drawn says.
pub(crate) fn current_alarm() -> Option<Alarm> {
    ALARM.try_with(Clone::clone).unwrap_or_default()
}

async fn with_alarm<T>(alarm: Option<Alarm>, work: impl Future<Output = T>) -> T {
    ALARM.scope(alarm, work).await
}

/// Pages are drawn with what is wrong. Whatever has no frame is not held up by that.
pub(crate) async fn surround(Extract(site): Extract<Site>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let framed = !["/assets/", "/api/", "/healthz", "/lamps"].iter().any(|other| path.starts_with(other));
    if !framed {
        return next.run(request).await;
    }
    let alarm = site.upkeep.alarm(&site.service).await;
    with_alarm(alarm, next.run(request)).await
}

/// For monitoring, without signing in: whether all is well, and nothing else. What only ends some day is well.
pub(crate) async fn healthz(Extract(site): Extract<Site>) -> (StatusCode, &'static str) {
    match site.upkeep.alarm(&site.service).await {
        Some(alarm) if !alarm.can_wait() => (StatusCode::SERVICE_UNAVAILABLE, "trouble\n"),
        Some(_) | None => (StatusCode::OK, "ok\n"),
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::said::Said;

    use super::*;

    fn at(written: &str) -> Timestamp {
        written.parse().unwrap()
    }

    fn connection(last_success: Option<&str>, trouble: Option<&str>) -> ConnectionHealth {
        ConnectionHealth {
            name: Said::verbatim("pbx.example.com"),
            side: Side::Starface,
            instance: None,
            last_success: last_success.map(at),
            latency_ms: None,
            trouble: trouble.map(Said::verbatim),
            notes: Vec::new(),
        }
    }

    fn well() -> Health {
        Health {
            now: at("2026-11-24T09:00:00Z"),
            started: at("2026-11-24T08:00:00Z"),
            connections: vec![connection(Some("2026-11-24T08:59:50Z"), None)],
            flagged: Vec::new(),
            oldest_reading: None,
            oldest_overdue_give_back: None,
            expiring: Vec::new(),
            store: None,
            waiting_writes: 0,
            lost_records: 0,
        }
    }

    #[test]
    fn a_single_failure_is_no_alarm_yet() {
        let shaky = connection(Some("2026-11-24T08:59:50Z"), Some("no answer"));
        assert_eq!(Alarm::of(&Health { connections: vec![shaky], ..well() }), None);
        let down = connection(Some("2026-11-24T08:58:00Z"), Some("no answer"));
        let never = connection(None, Some("a wrong password"));
        let alarm = Alarm::of(&Health { connections: vec![down.clone(), never], ..well() }).unwrap();
        assert_eq!(alarm.words(Language::German), "2 Verbindungen sind gestört, darunter pbx.example.com.");
        let graph = ConnectionHealth { side: Side::Graph, instance: Some("Köln".into()), ..down };
        let alone = Alarm::of(&Health { connections: vec![graph], ..well() }).unwrap();
        assert_eq!(alone.words(Language::English), "Down: Microsoft 365 (Köln).");
        assert!(!alarm.can_wait());
    }

    #[test]
    fn the_gravest_thing_is_told() {
        let overdue = Some(("i".into(), "1001".into(), at("2026-11-24T08:50:00Z")));
        let health = Health { oldest_overdue_give_back: overdue, store: Some(Said::verbatim("disk full")), ..well() };
        assert_eq!(Alarm::of(&health), Some(Alarm::Store));
        assert_eq!(Alarm::of(&Health { store: None, ..health }), Some(Alarm::Overdue));
    }

    #[test]
    fn a_give_back_that_is_on_its_way_is_not_overdue() {
        let since = |since| Some(("i".into(), "1001".into(), at(since)));
        let health = Health { oldest_overdue_give_back: since("2026-11-24T08:59:55Z"), ..well() };
        assert_eq!(Alarm::of(&health), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_silent_for_long_is_an_alarm_and_a_moment_is_none() {
        let silent = Some(Instant::now());
        let last = Last { said: Some(Arc::new(well())), asked: silent, silent };
        assert_eq!(last.alarm(), None);
        tokio::time::advance(SILENT).await;
        assert_eq!(last.alarm(), Some(Alarm::Silent));
    }

    #[test]
    fn what_ends_is_announced_ahead_of_time_and_said_again_when_it_has() {
        let ends = |when| Health { expiring: vec![Expiry { what: Expires::OwnCertificate, at: at(when) }], ..well() };
        let said = |when| Alarm::of(&ends(when)).map(|alarm| (alarm.words(Language::English), alarm.can_wait()));
        assert_eq!(said("2026-12-25T09:00:00Z"), None);
        let soon = "Expires in 29 days: the certificate of these pages.".to_owned();
        assert_eq!(said("2026-12-24T08:00:00Z"), Some((soon, true)));
        let over = "Expired: the certificate of these pages.".to_owned();
        assert_eq!(said("2026-11-24T08:59:59Z"), Some((over, false)));
    }
}
