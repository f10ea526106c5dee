//! Calendars on an Exchange Server: every way to sign in and to read, and accounts that must not be locked.

use busylamp_core::keeper::Flag;
use busylamp_service::board::Board;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    process::output,
    world::{DND_PRESENCE_TEXT, Exchange, LONG_PATIENCE, Reads, Setup, World, eventually},
};

impl World {
    /// What the pretended Exchange has counted.
    pub(crate) async fn exchange(&self) -> Value {
        self.control(Method::GET, "/ews", Value::Null).await
    }

    pub(crate) async fn change_exchange(&self, change: Value) {
        self.control(Method::PATCH, "/ews", change).await;
    }

    pub(crate) async fn change_mailbox(&self, mail: &str, change: Value) {
        self.control(Method::PATCH, &format!("/mailboxes/{mail}"), change).await;
    }

    async fn wrong_passwords(&self) -> u64 {
        self.exchange().await["wrong_passwords"].as_u64().unwrap()
    }
}

fn on_the_server(exchange: Exchange) -> Setup {
    Setup { reads: Reads::Server(exchange), policy: DND_PRESENCE_TEXT, ..Setup::default() }
}

/// Exchange knows no parts of seconds.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}

/// What the board says about the connection to Exchange.
fn trouble(board: &Board) -> String {
    let exchange = board.connections.iter().find(|connection| connection.name.to_string().ends_with("Exchange Server"));
    exchange.and_then(|connection| connection.trouble.as_ref()).map(ToString::to_string).unwrap_or_default()
}

fn all_is_well(board: &Board) -> bool {
    board.connections.iter().all(|connection| connection.trouble.is_none())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_on_the_server_moves_a_lamp_by_whatever_right_and_sign_in() {
    let by = |auth, access| moves_a_lamp(Exchange { auth, access, ..Exchange::default() });
    tokio::join!(by("basic", "folder"), by("basic", "impersonation"), by("basic", "free_busy"));
    tokio::join!(by("ntlm", "folder"), by("ntlm", "impersonation"), by("ntlm", "free_busy"));
    tokio::join!(by("oauth", "impersonation"), by("oauth", "free_busy"));
}

async fn moves_a_lamp(exchange: Exchange) {
    let titles = exchange.access != "free_busy";
    let what = format!("{exchange:?}");
    let world = World::start(on_the_server(exchange)).await;
    let anna = world.person(0);
    for round in 0..2 {
        world.is_in_a_meeting(&anna, "a").await;
        world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb"})).await;
        if titles {
            world.shows(&anna, json!({"text": "Jour fixe"})).await;
        }
        if round == 0 {
            world.remove_event(&anna, "a").await;
        } else {
            world.call_off(&anna, "a").await;
        }
        world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    }
    world.board_says("that all is well", all_is_well).await;
    let counted = world.exchange().await;
    assert_eq!((&counted["wrong_passwords"], &counted["unanchored"]), (&json!(0), &json!(0)), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_a_sign_in_is_bound_to_the_certificate() {
    let exchange = Exchange { auth: "ntlm", ..Exchange::default() };
    let mut world = World::prepare(Setup { tls: true, ..on_the_server(exchange) }).await;
    world.change_exchange(json!({"channel_binding": "require", "authentication": ["ntlm"]})).await;
    world.run().await;
    world.apply().await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let counted = world.exchange().await;
    assert!(counted["bound"].as_u64().unwrap() > 0, "{counted}");
    assert_eq!((&counted["refused_bindings"], &counted["wrong_passwords"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pinned_certificate_is_believed_and_its_fingerprint_is_told_by_check() {
    let strange = format!("sha256:{}", "00:".repeat(32).trim_end_matches(':'));
    let exchange = Exchange { auth: "ntlm", pin: Some(strange.clone()), ..Exchange::default() };
    let mut world = World::prepare(Setup { tls: true, ..on_the_server(exchange) }).await;
    let file = world.write_files();
    let check = output(world.with_store(&["check", file.to_str().unwrap()])).await;
    let said = String::from_utf8(check.stdout).unwrap();
    assert_eq!(check.status.code(), Some(1), "{said}");
    let pins = said.split(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | ',' | ';' | '(' | ')'));
    let pin = pins.map(|word| word.trim_end_matches('.')).find(|word| word.starts_with("sha256:") && *word != strange);
    let pin = pin.unwrap_or_else(|| panic!("no fingerprint to be pinned: {said}")).to_owned();
    world.setup.reads = Reads::Server(Exchange { auth: "ntlm", pin: Some(pin), ..Exchange::default() });
    world.change_exchange(json!({"channel_binding": "require"})).await;
    world.run().await;
    world.apply().await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert!(world.exchange().await["bound"].as_u64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_tried_once_by_all_instances_and_another_one_at_once() {
    tokio::join!(
        tried_once(Setup { speed: 60, poll: "30s", ..on_the_server(Exchange::default()) }, 1),
        tried_once(
            Setup { speed: 60, poll: "30s", ..on_the_server(Exchange { auth: "ntlm", ..Exchange::default() }) },
            1
        ),
        // Bound to the certificate, then once without: that may have been what was refused.
        tried_once(
            Setup {
                speed: 60,
                poll: "30s",
                tls: true,
                ..on_the_server(Exchange { auth: "ntlm", access: "impersonation", ..Exchange::default() })
            },
            2
        ),
    );
}

async fn tried_once(setup: Setup, tries: u64) {
    let mut world = World::prepare(setup).await;
    world.set_exchange_password(Some("falsch"));
    let anna = world.person(0);
    world.run().await;
    world.apply().await;
    let apply_second = async |world: &World| {
        let (mut second, secrets) = world.instance();
        second.name = "Zweite".to_owned();
        world.apply_also(&second, &secrets).await;
    };
    apply_second(&world).await;
    world.is_in_a_meeting(&anna, "a").await;
    let both_say_so = |board: &Board| {
        let exchanges = board.connections.iter().filter(|c| c.name.to_string().ends_with("Exchange Server"));
        exchanges.filter(|c| c.trouble.as_ref().is_some_and(|trouble| trouble.to_string().contains("password"))).count()
            == 2
    };
    world.board_says("that the password is refused", both_say_so).await;
    // Many polls pass, and what is applied again is what was there.
    world.apply().await;
    let later = world.at(300);
    let passed = async || if world.clock.now() > later { Ok(()) } else { Err(world.clock.now()) };
    eventually("five minutes pass", passed).await;
    world.board_says("it still", both_say_so).await;
    assert_eq!(world.wrong_passwords().await, tries);
    // Another one is tried at once; the instance that still has the old one doesn't try it again.
    world.set_exchange_password(None);
    world.apply().await;
    world.shows(&anna, json!({"dnd": true})).await;
    apply_second(&world).await;
    world.board_says("that all is well", all_is_well).await;
    assert_eq!(world.wrong_passwords().await, tries);
    assert_eq!(world.exchange().await["locked"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_server_says_instead_passes_over_without_a_change_at_the_telephone() {
    tokio::join!(passes_over("ews_reset"), passes_over("ews_cut"), passes_over("ews_garbage"));
    tokio::join!(passes_over("ews_unavailable"), passes_over("ews_error_page"), passes_over("ews_form_login"));
    tokio::join!(passes_over("ews_login_timeout"), passes_over("ews_server_error"), passes_over("ews_doubled"));
    tokio::join!(passes_over("ews_busy"), passes_over("ews_busy_quiet"), passes_over("ews_busy_hidden"));
    tokio::join!(passes_over("ews_moving"), passes_over("ews_gigantic"));
}

async fn passes_over(fault: &str) {
    let world = World::start(on_the_server(Exchange::default())).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let end = whole_second(world.at(30));
    world.meet(&anna, "a", world.at(-60), end, "Jour fixe").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.fault(fault, true).await;
    world.is_in_a_meeting(&ben, "b").await;
    let struck = async || if world.struck(fault).await > 0 { Ok(()) } else { Err("not yet") };
    eventually(&format!("{fault} strikes"), struck).await;
    world.shows(&anna, json!({"dnd": false, "text": ""})).await;
    assert!(world.clock.now() >= end, "{fault}: the meeting was given up early");
    assert_eq!(world.account(&ben).await["dnd"], false, "{fault}");
    world.fault(fault, false).await;
    world.shows_within(LONG_PATIENCE, &ben, json!({"dnd": true, "text": "Jour fixe"})).await;
    world.board_says("that all is well", all_is_well).await;
    assert_eq!(world.wrong_passwords().await, 0, "{fault}");
    assert_eq!(world.written(&anna).await.len(), 6, "{fault}: taken once and given back once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asking_otherwise_mends_is_mended() {
    tokio::join!(is_mended("ews_timeout"), is_mended("ews_too_many_objects"), is_mended("ews_proxy_refused"));
    tokio::join!(is_mended("ews_find_count"), is_mended("ews_old_server"), is_mended("ews_old_server_bare"));
    is_mended("ews_old_mailbox").await;
}

async fn is_mended(fault: &str) {
    let world = World::start(on_the_server(Exchange::default())).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.fault(fault, true).await;
    world.call_off(&anna, "a").await;
    world.shows_within(LONG_PATIENCE, &anna, json!({"dnd": false})).await;
    assert!(world.struck(fault).await > 0, "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refusals_in_the_middle_of_a_session_locks_no_account() {
    for auth in ["basic", "ntlm"] {
        let mut world = World::start(on_the_server(Exchange { auth, ..Exchange::default() })).await;
        let (anna, ben) = (world.person(0), world.person(1));
        let end = whole_second(world.at(60));
        world.meet(&anna, "a", world.at(-60), end, "Jour fixe").await;
        world.shows(&anna, json!({"dnd": true})).await;
        world.fault("ews_unauthorized", true).await;
        world.is_in_a_meeting(&ben, "b").await;
        world.board_says("that the sign-in is refused", |board| !trouble(board).is_empty()).await;
        let struck = world.struck("ews_unauthorized").await;
        world.shows(&anna, json!({"dnd": false})).await;
        assert!(world.clock.now() >= end, "the meeting was given up early");
        let more = world.struck("ews_unauthorized").await - struck;
        assert!(more <= 2, "{auth}: the sign-in was tried {more} times more");
        // It rests for minutes, or until somebody looks after it.
        world.fault("ews_unauthorized", false).await;
        world.setup.poll = "4s";
        if let Reads::Server(exchange) = &mut world.setup.reads {
            exchange.access = "impersonation";
        }
        world.apply().await;
        world.shows(&ben, json!({"dnd": true})).await;
        assert_eq!(world.wrong_passwords().await, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_web_services_are_blocked_for_good_graph_is_named() {
    let world = World::start(on_the_server(Exchange::default())).await;
    world.fault("ews_blocked", true).await;
    world.board_says("that Graph is the way", |board| trouble(board).contains("Graph")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_mailbox_that_can_not_be_read_is_its_own_trouble() {
    let world = World::start(on_the_server(Exchange::default())).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.change_mailbox(&anna.mail, json!({"ews": "none"})).await;
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&ben, json!({"dnd": true})).await;
    let account = anna.account.to_string();
    world
        .board_says("that Anna's calendar is closed to us", |board| {
            let mut lamps = board.lamps.iter().filter(|lamp| lamp.account.as_str() == account);
            lamps.any(|lamp| lamp.flags.contains(&Flag::MailboxAccessDenied))
        })
        .await;
    world.change_mailbox(&anna.mail, json!({"ews": "reviewer"})).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows_within(LONG_PATIENCE, &anna, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_reads_everything_once_and_quiet_polls_cost_a_request() {
    let mut world = World::prepare(Setup { users: 40, ..on_the_server(Exchange::default()) }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.run().await;
    world.apply().await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.stop().await;
    world.control(Method::DELETE, "/requests", Value::Null).await;
    let signed_in = world.exchange().await["sign_ins"].as_u64().unwrap();
    world.run().await;
    world.quiet_polls(4).await;
    world.stop().await;
    let requests = world.requests().await;
    let of = |kind: &str| requests.iter().filter(|(name, _)| name.contains(kind)).map(|(_, count)| count).sum::<u64>();
    // Forty mailboxes fit into one request, and there was a fifth poll perhaps; zones are asked for once.
    assert!((4..=6).contains(&of("find_item")), "{requests:?}");
    assert!(of("ews.") <= of("find_item") + 2, "{requests:?}");
    assert!(world.exchange().await["sign_ins"].as_u64().unwrap() > signed_in);
    assert_eq!(world.written(&anna).await.len(), 3, "the restart has written nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn free_busy_times_say_what_they_can_not_do() {
    let exchange = Exchange { access: "free_busy", ..Exchange::default() };
    let world = World::start(on_the_server(exchange)).await;
    world
        .board_says("that keywords can't work", |board| {
            board.connections.iter().any(|c| c.notes.iter().any(|note| note.to_string().contains("keywords")))
        })
        .await;
    let file = world.write_files();
    let check = output(crate::process::busylamp(&["check", file.to_str().unwrap()])).await;
    let said = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.success() && said.contains("eyword"), "{said}");
}
