//! How near switching 400 diversions at once comes to what the telephone system can do at all. Its limit is measured in
//! the same run, before and after, by a client that does nothing else: for each entry one GET and one PUT, with the
//! same number of requests side by side.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use busylamp_sim::{Calendars, Ready, SimConfig};
use jiff::SignedDuration;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    company::{Company, Event, Served},
    control::Entry,
    figures::{Spans, load, verdict},
    pace,
};

const USERS: usize = 200;
const RUNS: usize = 2;
/// Requests that the telephone system works on at a time, and that either client sends side by side.
const PARALLEL: usize = 8;
/// As a multiple of the limit.
const TARGET: f64 = 1.2;
const POLICY: &str = r#"actions = { busy = "forward" }
forward_internal_calls = true"#;

pub(crate) async fn measure() -> Result<()> {
    println!(
        "\ndiversions: an event of {USERS} users, {PARALLEL} requests at a time; target at most {TARGET} × the limit"
    );
    for run in 1..=RUNS {
        println!("run {run}, {}", load());
        one_run().await?;
    }
    Ok(())
}

async fn one_run() -> Result<()> {
    let config = SimConfig {
        users: USERS,
        calendars: Calendars::Empty,
        bridge: pace(None),
        rest: pace(Some(PARALLEL)),
        ..SimConfig::default()
    };
    let company = Company::start(config).await?;
    let mut entries = Vec::new();
    for user in company.users() {
        entries.extend(company.control.diversions(user).await?);
    }
    let entries = Arc::new(entries);
    let bare = Arc::new(Bare::sign_in(company.ready()).await?);
    let mut limits = vec![bare.switch_all(&entries, true).await?, bare.switch_all(&entries, false).await?];
    let already = 2 * entries.len();
    company.arrived(already).await?;

    let event = Event::ahead(25, 15)?;
    for user in company.users() {
        company.control.enter(user, event.start, event.end).await?;
    }
    let served = Served::start(company.ready(), "5s", POLICY).await?;
    event.is_awaited(&served, USERS).await?;
    event.passes().await;
    company.arrived(already + 2 * entries.len()).await?;
    let acknowledged = served.acknowledged(company.users(), 2 * entries.len()).await?;
    let (begin, end) = event.split(acknowledged)?;
    served.stop().await;

    limits.extend([bare.switch_all(&entries, true).await?, bare.switch_all(&entries, false).await?]);
    company.stop().await;

    let seconds = |limits: &[Duration]| limits.iter().map(Duration::as_secs_f64).collect::<Vec<_>>();
    let limits = seconds(&limits);
    let [before_on, before_off, after_on, after_off] = limits[..] else { unreachable!("two passes twice") };
    println!(
        "  the bare client, {} entries: before {before_on:.3} and {before_off:.3} s, after {after_on:.3} and {after_off:.3} s",
        entries.len()
    );
    let limit = limits.iter().sum::<f64>() / 4.0;
    for (name, boundary, acknowledged) in [("begin", event.start, begin), ("end  ", event.end, end)] {
        let count = acknowledged.len();
        let total: SignedDuration = Spans::since(boundary, acknowledged).longest();
        let ratio = total.as_secs_f64() / limit;
        println!(
            "  the service, {name}, {count} entries: {:.3} s from the boundary to the last acknowledged, {ratio:.2} × the limit   {}",
            total.as_secs_f64(),
            verdict(ratio <= TARGET)
        );
    }
    Ok(())
}

/// A client that knows what to do and has nothing to decide.
struct Bare {
    http: Client,
    base: String,
    token: String,
}

impl Bare {
    async fn sign_in(ready: &Ready) -> Result<Self> {
        let http = Client::new();
        let form = [
            ("grant_type", "password"),
            ("client_id", "rest-client-headless"),
            ("client_secret", &*ready.starface_client_secret),
            ("username", &*ready.starface_login),
            ("password", &*ready.starface_password),
        ];
        let url = format!("{}/auth/realms/pbx/oauth2/token", ready.starface);
        let answer: Value = http.post(url).form(&form).send().await?.error_for_status()?.json().await?;
        let token = answer["access_token"].as_str().context("a token")?.to_owned();
        Ok(Self { http, base: ready.starface.clone(), token })
    }

    /// Switches all of them; how long that took.
    async fn switch_all(self: &Arc<Self>, entries: &Arc<Vec<Entry>>, on: bool) -> Result<Duration> {
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..PARALLEL {
            let (bare, entries, next) = (Arc::clone(self), Arc::clone(entries), Arc::clone(&next));
            workers.spawn(async move {
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    bare.switch(entry, on).await?;
                }
                Ok::<_, anyhow::Error>(())
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker??;
        }
        Ok(begun.elapsed())
    }

    async fn switch(&self, Entry { account, id }: &Entry, on: bool) -> Result<()> {
        let url = format!("{}/rest/redirects/{id}?actOnBehalfOf={account}", self.base);
        let mut entry: Value =
            self.http.get(&url).bearer_auth(&self.token).send().await?.error_for_status()?.json().await?;
        entry["enabled"] = on.into();
        let answer = self.http.put(&url).bearer_auth(&self.token).json(&entry).send().await?;
        ensure!(answer.status() == StatusCode::NO_CONTENT, "the telephone system did not switch {id}");
        Ok(())
    }
}
