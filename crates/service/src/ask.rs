//! What people ask of the running service, and tell it to do, beside its configuration.

use std::{ops::Range, time::Instant};

use busylamp_core::{
    event::midnight,
    ids::{AccountId, InstanceId},
    language::Language,
    said::Said,
};
use busylamp_net::trust::certificates;
use busylamp_store::{HISTORY_DAYS, HISTORY_LIMIT, Record, Scope};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::oneshot;

use crate::{
    Service, ServiceError,
    config::WrittenInstance,
    engine::{Request, Snapshot},
    health::{ConnectionHealth, Expires, Expiry, Health, Side, milliseconds},
    user::{Explanation, Outcome, UserView},
};

impl Service {
    /// Everything about one user, over a span; `None` if there is no such user.
    ///
    /// # Errors
    /// If the store can't be read, or the service has stopped.
    pub async fn user(
        &self,
        instance: &InstanceId,
        account: &AccountId,
        span: Range<Timestamp>,
        language: Language,
    ) -> Result<Option<UserView>, ServiceError> {
        let Some(snapshot) = self.snapshot(instance, account).await? else { return Ok(None) };
        let past = self.past(&snapshot, span.start.min(snapshot.now)..later(snapshot.now)).await?;
        Ok(Some(UserView::new(&snapshot, &past, span, language)))
    }

    /// Why it was, is or will be so at an instant; `None` if there is no such user.
    ///
    /// # Errors
    /// If the store can't be read, or the service has stopped.
    pub async fn explain(
        &self,
        instance: &InstanceId,
        account: &AccountId,
        at: Timestamp,
        language: Language,
    ) -> Result<Option<Explanation>, ServiceError> {
        let Some(snapshot) = self.snapshot(instance, account).await? else { return Ok(None) };
        let past = if at < snapshot.now { self.past(&snapshot, at..later(snapshot.now)).await? } else { Vec::new() };
        Ok(Some(Explanation::new(&snapshot, &past, at, language)))
    }

    /// Leaves a user alone until an instant: everything is given back, and nothing is taken before then (§7.10). `None`
    /// ends the pause.
    ///
    /// # Errors
    /// If the store can't keep it, or the service has stopped. Nothing has changed then.
    pub async fn pause(
        &self,
        instance: &InstanceId,
        account: &AccountId,
        until: Option<Timestamp>,
    ) -> Result<Outcome, ServiceError> {
        let (instance, account) = (instance.clone(), account.clone());
        self.order(|done| Request::Pause { instance, account, until, done }).await?
    }

    /// Gives back at once and leaves the user alone until the events that run now are over. A longer pause stays.
    ///
    /// # Errors
    /// As for [`Service::pause`].
    pub async fn give_back(&self, instance: &InstanceId, account: &AccountId) -> Result<Outcome, ServiceError> {
        let (instance, account) = (instance.clone(), account.clone());
        self.order(|done| Request::GiveBack { instance, account, done }).await?
    }

    /// Forgets what can't be given back, without a write (§8.5): give-backs that the telephone system refuses or that
    /// are overdue, and all holds where nothing is taken any more.
    ///
    /// # Errors
    /// As for [`Service::pause`].
    pub async fn discard(&self, instance: &InstanceId, account: &AccountId) -> Result<Outcome, ServiceError> {
        let (instance, account) = (instance.clone(), account.clone());
        self.order(|done| Request::Discard { instance, account, done }).await?
    }

    /// Reads the directory, calendar and account of a user anew at once; `None`: of all.
    ///
    /// # Errors
    /// If the service has stopped.
    pub async fn check_again(
        &self,
        instance: &InstanceId,
        account: Option<&AccountId>,
    ) -> Result<Outcome, ServiceError> {
        let (instance, account) = (instance.clone(), account.cloned());
        self.order(|done| Request::CheckAgain { instance, account, done }).await
    }

    /// How it goes.
    ///
    /// # Errors
    /// If the service has stopped.
    pub async fn health(&self) -> Result<Health, ServiceError> {
        let mut health = self.order(|done| Request::Health { done }).await?;
        health.expiring = self.expiring().await?;
        let began = Instant::now();
        let asked = self.store.fact::<serde_json::Value>(Scope::Program, "health").await;
        health.connections.push(ConnectionHealth {
            name: Said::new("Speicher", "store"),
            side: Side::Store,
            instance: None,
            last_success: asked.is_ok().then_some(health.now),
            latency_ms: asked.is_ok().then(|| milliseconds(began.elapsed())),
            trouble: asked.err().map(|error| error.said()).or_else(|| health.store.clone()),
            notes: Vec::new(),
        });
        Ok(health)
    }

    /// What expires: the certificates that servers show, and secrets by the dates that were entered.
    async fn expiring(&self) -> Result<Vec<Expiry>, ServiceError> {
        let mut expiring: Vec<Expiry> = certificates()
            .into_iter()
            .map(|shown| Expiry { what: Expires::ServerCertificate { host: shown.host }, at: shown.not_after })
            .collect();
        for described in self.instances().await? {
            if let Some(at) = described.certificate_ends {
                let (instance, place) = (described.id.clone(), "graph.client_certificate".to_owned());
                expiring.push(Expiry { what: Expires::Secret { instance, place }, at });
            }
            let WrittenInstance { starface, graph, ews, .. } = described.written;
            let graph = graph.and_then(|graph| graph.client_secret_expires);
            let dates = [
                ("starface.password", starface.password_expires),
                ("graph.client_secret", graph),
                ("ews.password", ews.as_ref().and_then(|ews| ews.password_expires)),
                ("ews.client_secret", ews.as_ref().and_then(|ews| ews.client_secret_expires)),
            ];
            for (place, date) in dates {
                // A day that is entered is one on which the secret may be of no use any more, wherever that day begins.
                let Some(at) = date.map(|date| midnight(date, &TimeZone::UTC)) else { continue };
                let what = Expires::Secret { instance: described.id.clone(), place: place.to_owned() };
                expiring.push(Expiry { what, at });
            }
        }
        expiring.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        Ok(expiring)
    }

    async fn snapshot(&self, instance: &InstanceId, account: &AccountId) -> Result<Option<Snapshot>, ServiceError> {
        let (instance, account) = (instance.clone(), account.clone());
        let snapshot = self.order(|done| Request::Snapshot { instance, account, done }).await?;
        Ok(snapshot.map(|snapshot| *snapshot))
    }

    /// What was written down of a user over a span and before it, as far as it is kept, the earliest first.
    async fn past(&self, snapshot: &Snapshot, span: Range<Timestamp>) -> Result<Vec<Record>, ServiceError> {
        let kept = SignedDuration::from_hours(24 * i64::from(HISTORY_DAYS));
        let from = span.start.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        let lamp = &snapshot.lamp;
        let mut past = self.store.history(&lamp.instance, &lamp.account, from..span.end, HISTORY_LIMIT).await?;
        past.reverse();
        // What waits to be written down: it may have been meanwhile.
        let new = snapshot.unrecorded.iter().filter(|record| !past.contains(record));
        let new: Vec<Record> = new.cloned().collect();
        past.extend(new);
        past.sort_by_key(|record| record.at);
        Ok(past)
    }

    async fn order<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, ServiceError> {
        let (done, answer) = oneshot::channel();
        self.requests.send(request(done)).await.map_err(|_| ServiceError::Stopped)?;
        answer.await.map_err(|_| ServiceError::Stopped)
    }
}

/// The first instant after this one that counts: spans are half open.
fn later(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}
