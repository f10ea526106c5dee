//! `busylamp demo`: simulator and service in one process, on the real wire between them, and a page with one lamp a
//! user.

use std::{collections::BTreeMap, sync::Arc};

use busylamp_core::secret::Secret;
use busylamp_service::{
    Service, Settings,
    clock::Clock,
    config::{Secrets, read_file},
};
use busylamp_sim::{Ready, SimConfig, Simulator};
use busylamp_web::{Door, Listening, Note, Site, Upkeep};
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use tokio::net::TcpListener;

use super::zone;
use crate::{
    data::Data,
    exit::{self, Failure, print},
    running::{log_for_pages, told_to_stop},
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many seconds of the demo's clock pass in one.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=3600))]
    speed: u32,
    /// How many people the company employs.
    #[arg(long, default_value_t = 24)]
    users: usize,
    /// The same seed makes the same company.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The page's port on loopback; 0 is any free one.
    #[arg(long, default_value_t = 8088)]
    port: u16,
}

/// The demo's instance: every option that shows.
const INSTANCE: &str = r#"
[[instance]]
name = "Demo"
language = "de"
zone = "Europe/Berlin"
[instance.graph]
tenant = "{tenant}"
client_id = "{client_id}"
client_secret = { env = "-" }
endpoint = "{graph}"
login = "{login}"
poll = "30s"
[instance.starface]
url = "{starface}"
login = "{starface_login}"
password = { env = "-" }
bridge = { instance = "{bridge}", key = { env = "-" } }
group = "{group}"
[instance.policy]
actions = { busy = "dnd", out_of_office = "forward" }
set_presence = true
title_as_text = true
show_end = true
"#;

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    let could_not = |error: String| Failure::CouldNot(error);
    let zone = zone("Europe/Berlin").unwrap_or(TimeZone::UTC);
    let clock = Clock::fast(working_hour(Timestamp::now(), &zone), arguments.speed);
    let log = log_for_pages("warn", move || clock.now());
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await.map_err(|error| {
        could_not(format!("port {} can't be opened: {error}; choose another with --port", arguments.port))
    })?;
    let address = listener.local_addr().map_err(|error| could_not(error.to_string()))?;
    let simulator = Simulator::start(SimConfig {
        users: arguments.users,
        seed: arguments.seed,
        clock: busylamp_sim::Clock::new(move || clock.now()),
        ..SimConfig::default()
    })
    .await
    .map_err(|error| could_not(format!("{error:#}")))?;
    // Everything in this folder is gone when the demo ends.
    let folder = tempfile::tempdir().map_err(|error| could_not(format!("no folder for the store: {error}")))?;
    let store = Data::new(folder.path().to_owned()).open().await?;
    let service = Service::start(Settings { store: Arc::new(store.clone()), clock }).await;
    let service = Arc::new(service.map_err(|error| could_not(error.to_string()))?);
    let (text, secrets) = instance(simulator.ready());
    let written = read_file(&text)?.into_iter().map(|written| (written, secrets.clone())).collect::<Vec<_>>();
    service.apply(&written).await.map_err(|error| could_not(error.to_string()))?;
    print(&format!("Busylamp's demo: http://{address}/  (stop with Ctrl-C)"))?;
    let site = Site {
        service: Arc::clone(&service),
        board: service.board(),
        zone,
        note: Some(Note {
            german: "Firma, Cloud und Telefonanlage sind nachgestellt; alles andere ist echt.",
            english: "A pretended company, cloud and telephone system; everything else is real.",
        }),
        door: Door::Open,
        upkeep: Upkeep::new(log, None),
    };
    // The page's streams end with the service, so that serving can end as well.
    let ending = Arc::clone(&service);
    let end = async move {
        told_to_stop().await;
        ending.stop().await;
    };
    let served = busylamp_web::serve(Listening::Plain(listener), site, end).await;
    simulator.stop().await;
    store.close().await;
    served.map_err(|error| could_not(format!("the page can't be served: {error}")))
}

/// Now, if people are at work; else shortly before nine on the next working day, so that there is something to see.
fn working_hour(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let local = zone.to_datetime(now);
    let works = |date: Date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    if works(local.date()) && (8..17).contains(&local.hour()) {
        return now;
    }
    let first = if local.hour() < 8 { local.date() } else { local.date().saturating_add(1.day()) };
    let day = first.series(1.day()).find(|date| works(*date)).unwrap_or(first);
    zone.to_timestamp(day.at(8, 55, 0, 0)).unwrap_or(now)
}

fn instance(ready: &Ready) -> (String, Secrets) {
    let places = [
        ("{tenant}", &ready.tenant),
        ("{client_id}", &ready.client_id),
        ("{graph}", &ready.graph),
        ("{login}", &ready.login),
        ("{starface}", &ready.starface),
        ("{starface_login}", &ready.starface_login),
        ("{bridge}", &ready.starface_bridge_instance),
        ("{group}", &ready.starface_group),
    ];
    let text = places.into_iter().fold(INSTANCE.to_owned(), |text, (place, value)| text.replace(place, value));
    let secrets = BTreeMap::from([
        ("graph.client_secret".to_owned(), Secret::new(ready.client_secret.clone())),
        ("starface.password".to_owned(), Secret::new(ready.starface_password.clone())),
        ("starface.bridge.key".to_owned(), Secret::new(ready.starface_bridge_key.clone())),
    ]);
    (text, secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_begins_at_a_working_hour() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone of the bundled database");
        let begins = |now: &str| working_hour(now.parse().expect("an instant"), &zone).to_string();
        assert_eq!(begins("2026-11-24T10:30:00Z"), "2026-11-24T10:30:00Z");
        assert_eq!(begins("2026-11-24T04:00:00Z"), "2026-11-24T07:55:00Z");
        assert_eq!(begins("2026-11-24T18:00:00Z"), "2026-11-25T07:55:00Z");
        assert_eq!(begins("2026-11-27T18:00:00Z"), "2026-11-30T07:55:00Z");
        assert_eq!(begins("2026-11-28T10:00:00Z"), "2026-11-30T07:55:00Z");
    }
}
