//! Everything that can be wrong with a line, on every side: what is known goes on, the trouble is told, nobody is asked all
//! the time, and when the line is good again everything is followed again, without a restart.

use std::net::SocketAddr;

use busylamp_core::secret::Secret;
use busylamp_service::{
    board::Board,
    config::{Secrets, WrittenInstance, read_file},
};
use futures_util::{StreamExt as _, stream};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::line::{
    Line,
    Shown::{Expired, ForAnotherName, OfAStranger},
    Way::{self, Answers, AnswersOnce, CutsHandshakes, Drips, Good, Halves, Resets, Shows},
};
use crate::world::{Exchange, LONG_PATIENCE, Reads, Setup, World, eventually, within};

/// Rows that run side by side: they wait most of the time.
const AT_ONCE: usize = 6;
/// What a bad line may carry in half a minute of the service's clock.
const MOST: u64 = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Login,
    Graph,
    Exchange,
    Starface,
}

/// A line that is bad in one way, and a part of what the board says about it.
type Row = (Way, &'static str);

const BUSY: &str = "retry-after: 3\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_on_the_way_to_the_login_server_is_told_and_over_when_it_is_over() {
    every(
        Side::Login,
        &[
            (Answers(429, BUSY), "answers with status 429"),
            (Answers(429, ""), "answers with status 429"),
            (Answers(401, ""), "answer (status 401) can't be read"),
            (Answers(403, ""), "answer (status 403) can't be read"),
            (Answers(503, ""), "answers with status 503"),
            (Answers(200, ""), "answer (status 200) can't be read"),
            (Resets, "the connection broke"),
            (Halves, "the connection broke"),
            (CutsHandshakes, "the connection broke"),
            (Shows(OfAStranger), "not issued by a trusted authority"),
            (Shows(ForAnotherName), "issued for other names"),
            (Shows(Expired), "has expired"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_on_the_way_to_graph_is_told_and_over_when_it_is_over() {
    every(
        Side::Graph,
        &[
            // So short a pause is waited for.
            (Answers(429, BUSY), ""),
            (Answers(429, ""), "asks for fewer requests"),
            (Answers(401, ""), "refuses our token"),
            (Answers(403, ""), "access is denied"),
            (Answers(500, ""), "Graph has a fault"),
            (Answers(503, BUSY), ""),
            (Answers(200, ""), "it is no answer to a batch"),
            (Answers(302, "location: https://other.example/\r\n"), "it is no answer to a batch"),
            (Resets, "the connection broke"),
            (Halves, "the connection broke"),
            (Drips, "no complete answer"),
            (CutsHandshakes, "the connection broke"),
            (Shows(OfAStranger), "not issued by a trusted authority"),
            (Shows(ForAnotherName), "issued for other names"),
            (Shows(Expired), "has expired"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_on_the_way_to_exchange_is_told_and_over_when_it_is_over() {
    every(
        Side::Exchange,
        &[
            (Answers(429, BUSY), ""),
            (Answers(429, ""), "asks for fewer requests"),
            // What is refused again and again is left alone for minutes: see the tests of the sign-in.
            (AnswersOnce(401, ""), ""),
            (Answers(403, ""), "web services are denied"),
            (Answers(500, ""), "Exchange has a fault"),
            (Answers(503, BUSY), ""),
            (Answers(200, ""), "it is no SOAP"),
            (Answers(302, "location: /owa/auth/logon.aspx\r\n"), "asks for a login by form"),
            (Resets, "the connection broke"),
            (Halves, "the connection broke"),
            // It is told after a minute for each smaller and smaller request: see the tests of the throttle.
            (Drips, ""),
            (CutsHandshakes, "the connection broke"),
            (Shows(OfAStranger), "not issued by a trusted authority"),
            (Shows(ForAnotherName), "issued for other names"),
            (Shows(Expired), "has expired"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_on_the_way_to_the_telephone_system_is_told_and_over_when_it_is_over() {
    every(
        Side::Starface,
        &[
            (Answers(429, BUSY), "it answers 429"),
            (Answers(429, ""), "it answers 429"),
            (Answers(401, ""), "401"),
            (Answers(403, ""), "403"),
            (Answers(500, ""), "it answers 500"),
            (Answers(503, BUSY), "it answers 503"),
            (Answers(200, ""), "is no JSON"),
            (Answers(302, "location: https://other.example/\r\n"), "it answers 302"),
            (Resets, "the connection broke"),
            (Halves, "the connection broke"),
            (Drips, "no complete answer"),
            (CutsHandshakes, "the connection broke"),
            (Shows(OfAStranger), "not issued by a trusted authority"),
            (Shows(ForAnotherName), "issued for other names"),
            (Shows(Expired), "has expired"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_nowhere_is_told_and_asked_seldom_until_it_is_right() {
    // Nobody gives a token for a Graph that is nowhere.
    let sides = [Side::Login, Side::Exchange, Side::Starface];
    stream::iter(sides).for_each_concurrent(None, nowhere).await;
}

async fn every(side: Side, rows: &[Row]) {
    let rows = rows.iter().map(|(way, says)| row(side, way.clone(), says));
    stream::iter(rows).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn row(side: Side, way: Way, says: &str) {
    let tls = matches!(way, CutsHandshakes | Shows(_));
    let mut world = World::prepare(setup(side, tls)).await;
    let line = Line::to(address(&world)).await;
    let there = format!("{}://{}", if tls { "https" } else { "http" }, line.address());
    let (instance, secrets) = moved(&world, side, &there, &line.authority);
    world.run().await;
    world.apply_also(&instance, &secrets).await;
    let (anna, ben, carl) = (world.person(0), world.person(1), world.person(2));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let start = world.at(60);
    world.meet(&ben, "b", start, world.at(36_000), "Messe").await;
    world.a_round_has_passed(&carl).await;

    line.is(way.clone());
    if side == Side::Login {
        world.control(Method::POST, "/tokens/expire", Value::Null).await;
    }
    let what = format!("{side:?} with a line that is {way:?}");
    let struck = async || if line.struck() > 0 { Ok(()) } else { Err("not yet") };
    eventually(&format!("{what}: it strikes"), struck).await;
    if !says.is_empty() {
        let told = async || {
            let board = world.board();
            let troubles = troubles(&board, side);
            if troubles.iter().any(|trouble| trouble.contains(says)) { Ok(()) } else { Err(troubles) }
        };
        within(LONG_PATIENCE, &format!("{what}: the board says `{says}`"), told).await;
    }
    if side == Side::Starface {
        // What ends now is given back as soon as the telephone system can be reached.
        world.call_off(&anna, "a").await;
    } else {
        // What was read ahead begins without the calendar.
        world.shows_within(LONG_PATIENCE, &ben, json!({"dnd": true})).await;
        // Exchange tells whole seconds.
        assert!(world.clock.now() >= start - SignedDuration::from_secs(1), "{what}");
    }
    let (before, until) = (line.struck(), world.at(30));
    let over = async || if world.clock.now() > until { Ok(()) } else { Err(until) };
    eventually("half a minute passes", over).await;
    let asked = line.struck() - before;
    assert!(asked <= MOST, "{what}: asked {asked} times in half a minute");

    line.is(Good);
    if side != Side::Starface {
        world.call_off(&anna, "a").await;
    }
    let back = tokio::time::Instant::now();
    world.shows_within(LONG_PATIENCE, &anna, json!({"dnd": false})).await;
    world.shows_within(LONG_PATIENCE, &ben, json!({"dnd": true})).await;
    world.board_says("that all is well again", |board| troubles(board, side).is_empty()).await;
    note(&format!("{what}: {asked} in 30 s, over after {:.1} s", back.elapsed().as_secs_f32()));
    world.stop().await;
}

async fn nowhere(side: Side) {
    let mut world = World::prepare(setup(side, false)).await;
    let (instance, secrets) = moved(&world, side, "https://busylamp.invalid", "");
    world.run().await;
    world.apply_also(&instance, &secrets).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    let says = |board: &Board| troubles(board, side).iter().any(|trouble| trouble.contains("can't be resolved"));
    world.board_says("that the name can't be resolved", says).await;
    world.apply().await;
    world.shows_within(LONG_PATIENCE, &anna, json!({"dnd": true})).await;
    world.board_says("that all is well", |board| troubles(board, side).is_empty()).await;
    world.stop().await;
}

fn setup(side: Side, tls: bool) -> Setup {
    let reads = if side == Side::Exchange { Reads::Server(Exchange::default()) } else { Reads::Cloud };
    Setup { reads, tls, ..Setup::default() }
}

fn address(world: &World) -> SocketAddr {
    let url = Url::parse(&world.sim.ready().starface).unwrap();
    url.socket_addrs(|| None).unwrap()[0]
}

/// The instance with another origin on one side, which may also have certificates of this authority.
fn moved(world: &World, side: Side, to: &str, authority: &str) -> (WrittenInstance, Secrets) {
    let ready = world.sim.ready();
    let from = match side {
        Side::Login => &ready.login,
        Side::Graph => &ready.graph,
        Side::Exchange => &ready.ews,
        Side::Starface => &ready.starface,
    };
    let origin = Url::parse(from).unwrap().origin().ascii_serialization();
    let there = format!("\"{}\"", from.replace(&origin, to));
    let written = read_file(&world.instance_text().replace(&format!("\"{from}\""), &there)).unwrap().remove(0);
    let (_, mut secrets) = world.instance();
    if let Some(ca) = &ready.ca {
        let both = std::fs::read_to_string(ca).unwrap() + authority;
        for place in ["graph.trust", "ews.trust", "starface.trust"] {
            secrets.insert(place.to_owned(), Secret::new(both.clone()));
        }
    }
    (written, secrets)
}

/// What the board says is wrong on this side.
fn troubles(board: &Board, side: Side) -> Vec<String> {
    let name = match side {
        Side::Login | Side::Graph => "Graph",
        Side::Exchange => "Exchange",
        Side::Starface => "STARFACE",
    };
    let own = board.connections.iter().filter(|connection| connection.name.to_string().contains(name));
    own.filter_map(|connection| Some(connection.trouble.as_ref()?.to_string())).collect()
}

#[expect(clippy::print_stderr, reason = "figures for whoever runs it")]
fn note(line: &str) {
    eprintln!("{line}");
}
