//! Whether the security scan's table (`tests/http/routes.txt`) has a line for each route, and no others.

use std::{collections::BTreeSet, sync::Arc};

use busylamp_service::{Service, Settings, clock::Clock};
use busylamp_store::{Key, Store};
use jiff::tz::TimeZone;

use crate::{Door, People, Site, Upkeep, router};

/// All methods that a route can have, in the router's own spelling.
const METHODS: [&str; 9] = ["get", "head", "delete", "options", "patch", "post", "put", "trace", "connect"];

#[tokio::test]
async fn the_security_scan_knows_every_route() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("busylamp.db"), &Key::random().unwrap()).await.unwrap();
    let people = People::new(store.clone(), Clock::Wall).await.unwrap();
    let service = Arc::new(Service::start(Settings { store: Arc::new(store), clock: Clock::Wall }).await.unwrap());
    let board = service.board();
    let door = Door::Guarded(people);
    let site = Site { service, board, zone: TimeZone::UTC, note: None, door, upkeep: Upkeep::default() };
    let served = routes(&format!("{:?}", router(site)));
    assert!(served.len() > 40, "the router's own description is read: {served:?}");
    let lines = include_str!("../tests/http/routes.txt").lines();
    let lines = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let table: BTreeSet<String> =
        lines.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
    let new: Vec<_> = served.difference(&table).collect();
    assert!(new.is_empty(), "add to tests/http/routes.txt who may have what: {new:#?}");
    let old: Vec<_> = table.difference(&served).collect();
    assert!(old.is_empty(), "not served any more, take out of tests/http/routes.txt: {old:#?}");
}

/// Method and path of each route, from what a router says about itself: it has no other way to tell.
fn routes(router: &str) -> BTreeSet<String> {
    let (routes, paths) = router.split_once("node: Node { paths: {").unwrap();
    let paths = paths.split_once('}').map(|_| paths).unwrap();
    let mut found = BTreeSet::new();
    for route in routes.split("RouteId(").skip(1) {
        let (id, described) = route.split_once(')').unwrap();
        let marker = format!("RouteId({id}): \"");
        let path = paths.split_once(&marker).unwrap().1.split_once('"').unwrap().0;
        for method in METHODS {
            let (_, end) = described.split_once(&format!(" {method}: ")).unwrap();
            if !end.starts_with("None") {
                found.insert(format!("{} {path}", method.to_ascii_uppercase()));
            }
        }
    }
    found
}
