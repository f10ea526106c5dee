//! How long after the begin and the end of an event the telephones of 200 users show it: do not disturb, chat
//! presence and status text of each, through the bridge at 20 ms a request.

use anyhow::Result;
use busylamp_sim::{Calendars, SimConfig};
use jiff::SignedDuration;

use crate::{
    company::{Company, Event, Served},
    figures::{Spans, load, verdict},
    pace,
};

const USERS: usize = 200;
const RUNS: usize = 3;
/// Of all writes of one boundary, 99 in 100 are acknowledged in less.
const TARGET: SignedDuration = SignedDuration::from_millis(500);
const POLICY: &str = r#"actions = { busy = "dnd" }
set_presence = true
title_as_text = true
show_end = true"#;
/// Do not disturb, presence and text.
const WRITES_EACH: usize = 3;

pub(crate) async fn measure() -> Result<()> {
    println!("\nlatency: an event of {USERS} users begins and ends at one instant; target p99 < 500 ms acknowledged");
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
        rest: pace(None),
        ..SimConfig::default()
    };
    let company = Company::start(config).await?;
    let event = Event::ahead(25, 15)?;
    for user in company.users() {
        company.control.is_available(user).await?;
        company.control.enter(user, event.start, event.end).await?;
    }
    let served = Served::start(company.ready(), "5s", POLICY).await?;
    event.is_awaited(&served, USERS).await?;
    event.passes().await;
    let expected = 2 * WRITES_EACH * USERS;
    let arrived = event.split(company.arrived(expected).await?)?;
    let acknowledged = event.split(served.acknowledged(company.users(), expected).await?)?;
    for (name, boundary, arrived, acknowledged) in
        [("begin", event.start, arrived.0, acknowledged.0), ("end  ", event.end, arrived.1, acknowledged.1)]
    {
        let writes = arrived.len();
        let (arrived, acknowledged) = (Spans::since(boundary, arrived), Spans::since(boundary, acknowledged));
        println!("  {name}, {writes} writes: carried out  {arrived}");
        let met = verdict(acknowledged.percentile(99) < TARGET);
        println!("                      acknowledged {acknowledged}   {met}");
    }
    served.stop().await;
    company.stop().await;
    Ok(())
}
