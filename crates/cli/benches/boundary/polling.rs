//! What asking for changes costs the network: once everything is read and nothing changes, requests and bytes for each
//! mailbox and poll.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use busylamp_sim::SimConfig;
use tokio::time::Instant;

use crate::{
    company::{Company, Served},
    control::{Control, Count},
};

const POLL: &str = "5s";
/// The counts stand still for this long only between two polls.
const BETWEEN_POLLS: Duration = Duration::from_secs(2);
/// Half a minute after its start the service has read every account a second time; then it is at rest.
const SETTLED: Duration = Duration::from_secs(35);
/// Four polls, whatever the phase.
const QUIET: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn measure() -> Result<()> {
    println!(
        "\npolling: a company with ordinary calendars, polled every {POLL}; bytes are heads and bodies, before TLS"
    );
    for users in [20, 100] {
        one_size(users).await?;
    }
    Ok(())
}

async fn one_size(users: usize) -> Result<()> {
    let company = Company::start(SimConfig { users, ..SimConfig::default() }).await?;
    // Nothing is done, so nothing but the calendar is asked again and again.
    let served = Served::start(company.ready(), POLL, "").await?;
    let started = Instant::now();
    let first = read_once(&company.control, users as u64).await?;
    let mailboxes = users as f64;
    println!(
        "  {users} mailboxes, read for the first time: {:.2} requests and {:.0} bytes a mailbox",
        requests(&first) / mailboxes,
        bytes(&first) / mailboxes,
    );
    tokio::time::sleep_until(started + SETTLED).await;
    company.control.reset_requests().await?;
    tokio::time::sleep(QUIET).await;
    let quiet = company.control.requests().await?;
    // Every mailbox is asked once a poll, as one item of a batch.
    let asked = count(&quiet, "graph.delta").batched as f64;
    let graph = of(&quiet, "graph.");
    let to = graph.values().map(|count| count.bytes_in).sum::<u64>() as f64;
    let from = graph.values().map(|count| count.bytes_out).sum::<u64>() as f64;
    println!(
        "  {users} mailboxes, {:.1} polls with nothing changed: {:.3} requests and {:.0} bytes a mailbox and poll ({:.0} there, {:.0} back)",
        asked / mailboxes,
        requests(&graph) / asked,
        (to + from) / asked,
        to / asked,
        from / asked,
    );
    let others = quiet.iter().filter(|(kind, _)| !kind.starts_with("graph."));
    let others: Vec<_> = others
        .map(|(kind, count)| format!("{kind} {} ({} bytes)", count.requests, count.bytes_in + count.bytes_out))
        .collect();
    println!(
        "    besides, in {} s: {}",
        QUIET.as_secs(),
        if others.is_empty() { "nothing".into() } else { others.join(", ") }
    );
    let read = count(&quiet, "graph.calendar_view");
    if read != Count::default() {
        println!(
            "    {} calendars were read whole meanwhile, so this was not quite quiet",
            read.requests + read.batched
        );
    }
    served.stop().await;
    company.stop().await;
    Ok(())
}

/// Waits until every mailbox has been read and the poll is over; what Graph was asked until then.
async fn read_once(control: &Control, mailboxes: u64) -> Result<BTreeMap<String, Count>> {
    let waited = tokio::time::timeout(PATIENCE, async {
        let (mut seen, mut since) = (BTreeMap::new(), Instant::now());
        loop {
            let counts = of(&control.requests().await?, "graph.");
            if counts != seen {
                (seen, since) = (counts, Instant::now());
            }
            let read = count(&seen, "graph.calendar_view");
            if read.requests + read.batched >= mailboxes && since.elapsed() >= BETWEEN_POLLS {
                return Ok::<_, anyhow::Error>(seen);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    waited.await.context("the calendars were not read in time")?
}

fn of(counts: &BTreeMap<String, Count>, prefix: &str) -> BTreeMap<String, Count> {
    counts.iter().filter(|(kind, _)| kind.starts_with(prefix)).map(|(kind, count)| (kind.clone(), *count)).collect()
}

fn count(counts: &BTreeMap<String, Count>, kind: &str) -> Count {
    counts.get(kind).copied().unwrap_or_default()
}

fn requests(counts: &BTreeMap<String, Count>) -> f64 {
    counts.values().map(|count| count.requests).sum::<u64>() as f64
}

fn bytes(counts: &BTreeMap<String, Count>) -> f64 {
    counts.values().map(|count| count.bytes_in + count.bytes_out).sum::<u64>() as f64
}
