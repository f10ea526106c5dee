//! What only the real module can be asked: its instance's life, other PBXs, and what it leaves behind.

use busylamp_core::account::{Dimension, Value};
use busylamp_pbx::{AccountWrites, Pbx, PbxError, WriteOutcome};
use futures_util::{StreamExt as _, stream::FuturesUnordered};

use super::house::{G10, G70, G73, Generation, House, value};

const ALL: [Generation; 3] = [G70, G73, G10];

async fn subscribers(house: &House) -> String {
    house.control("subscribers", &[]).await
}

async fn module(house: &House, what: &str) {
    house.control("module", &[("do", what)]).await;
}

#[tokio::test]
async fn no_listener_survives_its_instance() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        assert_eq!(subscribers(&house).await, "1", "activated");
        for end in ["change", "deactivate", "delete"] {
            module(&house, "activate").await;
            module(&house, "activate").await;
            assert_eq!(subscribers(&house).await, "1", "activated twice");
            module(&house, end).await;
            assert_eq!(subscribers(&house).await, "0", "{end}");
        }
        module(&house, "start").await;
        module(&house, "update").await;
        assert_eq!(subscribers(&house).await, "0", "updated");
        module(&house, "activate").await;
        house.ask("v=1&do=info").await;
        assert_eq!(subscribers(&house).await, "1", "the new classes listen");
        module(&house, "restart").await;
        assert_eq!(subscribers(&house).await, "1", "the PBX was restarted");
    }
}

#[tokio::test]
async fn after_a_change_the_next_call_listens_anew_and_old_cursors_are_lost() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let before = house.ask("v=1&do=states").await.cursor().to_owned();
        module(&house, "change").await;
        let told = house.ask(&format!("v=1&do=events&since={before}&wait=0")).await;
        assert_eq!(told.get("lost"), Some("true"));
        house.by_hand(&house.account(0), &[("dnd", "true")]).await;
        let told = house.ask(&format!("v=1&do=events&since={}&wait=0", told.cursor())).await;
        assert_eq!((told.get("lost"), told.records.len()), (None, 1));
    }
}

#[tokio::test]
async fn who_waits_when_the_instance_ends_is_woken() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let before = house.ask("v=1&do=states").await.cursor().to_owned();
        let request = format!("v=1&do=events&since={before}&wait=25");
        let ended = async {
            house.until_waiting(1).await;
            module(&house, "deactivate").await;
        };
        let begun = std::time::Instant::now();
        let (told, ()) = tokio::join!(house.ask(&request), ended);
        assert!(begun.elapsed().as_secs() < 20, "the clock woke it");
        assert_eq!(told.get("lost"), Some("true"));
        assert_eq!(subscribers(&house).await, "0", "and being woken it does not listen again");
    }
}

#[tokio::test]
async fn an_instance_that_is_not_active_is_named_to_the_administrator() {
    let Some(house) = House::host(G10) else { return };
    module(&house, "deactivate").await;
    let can = house.driver.capabilities().await.unwrap();
    assert!(
        !can.dnd && can.notes.iter().any(|note| note.to_string().contains("no working module instance")),
        "{can:?}"
    );
}

#[tokio::test]
async fn classes_that_nobody_ended_take_themselves_off_when_nobody_asks_them() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        house.ask("v=1&do=info").await;
        module(&house, "idle").await;
        // The next import of the module has classes, and statics, of its own.
        module(&house, "update_silently").await;
        house.ask("v=1&do=info").await;
        assert_eq!(subscribers(&house).await, "2", "the PBX told the old classes nothing");
        house.by_hand(&house.account(0), &[("dnd", "true")]).await;
        assert_eq!(subscribers(&house).await, "1");
        let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
        house.by_hand(&house.account(0), &[("dnd", "false")]).await;
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        assert_eq!(told.records.len(), 1, "the new ones hear on");
    }
}

#[tokio::test]
async fn a_bridge_that_nobody_asks_stops_listening_and_begins_again_when_asked() {
    let Some(house) = House::host(G73) else { return };
    let before = house.ask("v=1&do=states").await.cursor().to_owned();
    module(&house, "idle").await;
    house.by_hand(&house.account(0), &[("dnd", "true")]).await;
    assert_eq!(subscribers(&house).await, "0");
    let told = house.ask(&format!("v=1&do=events&since={before}&wait=0")).await;
    assert_eq!(told.get("lost"), Some("true"));
    assert_eq!(subscribers(&house).await, "1");
}

#[tokio::test]
async fn a_pbx_that_was_still_starting_is_looked_at_again() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        house.control("starting", &[("on", "true")]).await;
        module(&house, "restart").await;
        let info = house.ask("v=1&do=info").await;
        assert_eq!((info.error(), info.records.len()), (None, 0), "nothing can be done yet");
        assert_eq!(house.ask("v=1&do=states").await.error(), Some("unsupported"));
        house.control("starting", &[("on", "false")]).await;
        module(&house, "old").await;
        assert_eq!(house.ask("v=1&do=info").await.records.len(), 5);
        let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
        module(&house, "old").await;
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        assert_eq!(told.get("lost"), None, "what is whole is left alone");
    }
}

#[tokio::test]
async fn without_a_setter_or_with_several_dnd_is_read_and_not_set() {
    for generation in ALL {
        for (setters, found) in [("none", "none"), ("several", "none taken: there are several")] {
            let Some(house) = House::host_with(generation, Some(setters), &"k".repeat(32)) else { return };
            let info = house.ask("v=1&do=info").await;
            let can: Vec<&str> = info.records.iter().map(|record| value(record, "can").unwrap()).collect();
            assert_eq!(can, ["dnd.read", "presence.read", "presence.write", "events"]);
            let describe = house.ask("v=1&do=describe").await;
            let what = describe.records.iter().find(|record| value(record, "what") == Some("dnd.write")).unwrap();
            assert_eq!(value(what, "found"), Some(found));
            let anna = house.account(0);
            house.by_hand(&anna, &[("dnd", "true")]).await;
            let states = house.ask(&format!("v=1&do=states\naccount={anna}")).await;
            assert_eq!(value(&states.records[0], "dnd"), Some("true"));
            let answer = house
                .ask(&format!("v=1&do=apply\naccount={anna}&dnd=false&text=weg\naccount={anna}&presence=AWAY"))
                .await;
            assert_eq!(value(&answer.records[0], "error"), Some("unsupported"));
            assert_eq!(value(&answer.records[1], "ok"), Some("true"));
            assert_eq!(house.shown(&anna).await, (true, "AWAY".to_owned(), String::new()));
        }
    }
}

#[tokio::test]
async fn describe_names_the_setter_that_was_taken_and_the_version_is_told_where_it_is_known() {
    for (generation, setter) in [
        (G70, "PersonAndAccountHandler.setDoNotDisturb(int, boolean)"),
        (G73, "PersonAndAccountHandler.setDndState(Integer, Boolean)"),
        (G10, "PersonAndAccountHandler.setDoNotDisturbSetting(int, boolean)"),
    ] {
        let Some(house) = House::host(generation) else { return };
        let describe = house.ask("v=1&do=describe").await;
        let what = describe.records.iter().find(|record| value(record, "what") == Some("dnd.write")).unwrap();
        assert_eq!(value(what, "found"), Some(setter));
        assert_eq!(house.ask("v=1&do=info").await.get("pbx"), Some(generation.version));
    }
}

#[tokio::test]
async fn an_instance_without_a_key_of_32_characters_answers_nobody() {
    for key in ["", "short", &"k".repeat(31)] {
        let Some(house) = House::host_with(G10, None, key) else { return };
        for request in ["v=1&do=info", "v=1&do=states"] {
            assert_eq!(house.ask(request).await.error(), Some("bad_key"), "{key:?}");
        }
        assert!(matches!(house.driver.capabilities().await, Ok(can) if !can.dnd));
        let accounts =
            [AccountWrites { account: house.account(0), values: vec![(Dimension::Dnd, Value::Switch(true))] }];
        let outcomes = house.driver.apply(&accounts).await;
        assert!(matches!(&outcomes[&house.account(0)][..], [(_, WriteOutcome::NotDone { .. })]), "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_new_key_counts_at_once() {
    let Some(mut house) = House::host(G73) else { return };
    let new = "n".repeat(40);
    house.control("module", &[("do", "change"), ("key", &new)]).await;
    assert_eq!(house.ask("v=1&do=info").await.error(), Some("bad_key"));
    house.key = new;
    assert_eq!(house.ask("v=1&do=info").await.error(), None);
    let error = house.driver.changes(jiff::SignedDuration::ZERO).await;
    assert!(matches!(error, Err(PbxError::SignIn { .. })), "{error:?}");
}

#[tokio::test]
async fn what_no_encoder_writes_is_refused_as_a_whole() {
    let Some(house) = House::host(G10) else { return };
    let anna = house.account(0);
    for text in ["100%", "%4", "%zz", "%ff", "%c3%28", "a b", "ä", "%ed%a0%80"] {
        let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&text=ok\naccount={anna}&text={text}")).await;
        assert_eq!((answer.error(), answer.records.len()), (Some("bad_request"), 0), "{text}");
    }
    assert_eq!(house.shown(&anna).await.2, "");
    let twice = house.ask(&format!("v=1&do=apply\naccount={anna}&text=erst&text=dann")).await;
    assert_eq!(value(&twice.records[0], "ok"), Some("true"));
    assert_eq!(house.shown(&anna).await.2, "erst");
    // A request of 9 MiB is not even read.
    let flood = format!("v=1&do=apply\naccount={anna}&text={}", "x".repeat(9 << 20));
    assert_eq!(house.ask(&flood).await.error(), Some("bad_request"));
    // A long text is the PBX's affair.
    let long = "x".repeat(100_000);
    house.ask(&format!("v=1&do=apply\naccount={anna}&text={long}")).await;
    assert_eq!(house.shown(&anna).await.2, long);
}

#[tokio::test]
async fn nothing_of_texts_and_keys_is_logged() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        let record = format!("v=1&do=apply\naccount={anna}&dnd=true&presence=AWAY&text=Vertraulich");
        house.ask(&record).await;
        house.refuse(&anna, "presence").await;
        let refused = house.ask(&record).await;
        assert_eq!(value(&refused.records[0], "error"), Some("refused"));
        house.ask_with_key("another-key-that-is-wrong", &record).await;
        house.ask("v=1&do=apply\nVertraulich").await;
        house.by_hand(&anna, &[("text", "Vertraulich")]).await;
        module(&house, "change").await;
        let log = house.control("log", &[]).await;
        assert!(!log.is_empty(), "the PBX itself logs");
        for secret in ["Vertraulich", house.key.as_str(), "another-key"] {
            assert!(!log.contains(secret), "{log}");
            // What the PBX throws may repeat a text as well.
            assert!(!format!("{refused:?}").contains(secret), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn a_record_that_can_not_be_taken_back_is_no_refusal() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        house.refuse(&anna, "presence,undo").await;
        let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true&presence=AWAY")).await;
        assert_eq!(value(&answer.records[0], "error"), Some("internal"));
        assert_eq!(house.shown(&anna).await, (true, "AVAILABLE".to_owned(), String::new()));
        let told = house.ask(&format!("v=1&do=states\naccount={anna}")).await;
        assert_eq!(value(&told.records[0], "dnd"), Some("true"), "reading tells");
    }
}

#[tokio::test]
async fn a_telephone_that_rings_is_a_state_and_no_event() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
        house.by_hand(&anna, &[("telephony", "RINGING")]).await;
        assert!(house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await.records.is_empty());
        let states = house.ask(&format!("v=1&do=states\naccount={anna}")).await;
        assert_eq!(value(&states.records[0], "telephony"), Some("RINGING"));
    }
}

#[tokio::test]
async fn a_text_that_the_pbx_cuts_is_still_our_own_and_one_of_another_module_is_not() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
        house.control("cut", &[("at", "5")]).await;
        house.ask(&format!("v=1&do=apply\naccount={anna}&text=Besprechung")).await;
        assert_eq!(house.shown(&anna).await.2, "Bespr");
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        assert!(told.records.iter().all(|record| value(record, "by") == Some("self")), "{told:?}");
        house.by_hand(&anna, &[("text", "fremd"), ("from", "567/Module")]).await;
        let other = house.ask(&format!("v=1&do=events&since={}&wait=0", told.cursor())).await;
        assert_eq!(other.lines(), [format!("account={anna} by=other text=fremd")]);
    }
}

#[tokio::test]
async fn a_person_who_sets_what_is_there_already_is_heard_where_the_pbx_says_that_it_was_a_person() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        let cursor = house.ask(&format!("v=1&do=apply\naccount={anna}&presence=AWAY")).await.cursor().to_owned();
        house.by_hand(&anna, &[("presence", "AWAY"), ("from", "1001/Starface iOS Client")]).await;
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        assert_eq!(told.lines(), [format!("account={anna} by=other presence=AWAY text=")]);
    }
}

#[tokio::test]
async fn an_event_that_comes_late_is_told_although_what_it_tells_was_read_or_written_around_before() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let (anna, bert) = (house.account(0), house.account(1));
        let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
        house.control("hold", &[("on", "true")]).await;
        house.by_hand(&anna, &[("dnd", "true")]).await;
        house.by_hand(&bert, &[("dnd", "true")]).await;
        // Somebody else reads, and another dimension is written: who listens has not heard of it yet.
        house.ask("v=1&do=states").await;
        house.ask(&format!("v=1&do=apply\naccount={bert}&text=weg")).await;
        house.control("hold", &[("on", "false")]).await;
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        let others: Vec<String> = told.lines().into_iter().filter(|line| line.contains("by=other")).collect();
        assert_eq!(others, [format!("account={anna} by=other dnd=true"), format!("account={bert} by=other dnd=true")]);
    }
}

#[tokio::test]
async fn our_own_echo_that_comes_late_is_not_somebody_else() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        house.control("hold", &[("on", "true")]).await;
        let done = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true&presence=AWAY&text=weg")).await;
        house.control("hold", &[("on", "false")]).await;
        assert!(house.ask(&format!("v=1&do=events&since={}&wait=0", done.cursor())).await.records.is_empty());
        // And behind it a person is heard.
        house.by_hand(&anna, &[("dnd", "false")]).await;
        let told = house.ask(&format!("v=1&do=events&since={}&wait=0", done.cursor())).await;
        assert_eq!(told.lines(), [format!("account={anna} by=other dnd=false")]);
    }
}

#[tokio::test]
async fn a_user_who_is_deleted_is_no_account() {
    for generation in ALL {
        let Some(house) = House::host(generation) else { return };
        let anna = house.account(0);
        house.control("remove", &[("account", anna.as_str())]).await;
        assert!(house.ask(&format!("v=1&do=states\naccount={anna}")).await.records.is_empty());
        let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true")).await;
        assert_eq!(value(&answer.records[0], "error"), Some("no_such_account"));
    }
}

#[tokio::test]
async fn only_a_few_calls_may_wait_at_the_same_time() {
    let Some(house) = House::host(G10) else { return };
    let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
    let request = format!("v=1&do=events&since={cursor}&wait=25");
    let begun = std::time::Instant::now();
    let mut asked: FuturesUnordered<_> = (0..6).map(|_| house.ask(&request)).collect();
    for _ in 0..2 {
        let told = asked.next().await.unwrap();
        assert_eq!((told.get("lost"), told.records.len()), (None, 0), "there was no place for it to wait");
    }
    house.by_hand(&house.account(0), &[("dnd", "true")]).await;
    while let Some(told) = asked.next().await {
        assert_eq!(told.records.len(), 1);
    }
    assert!(begun.elapsed().as_secs() < 20, "the clock ended it");
}

#[tokio::test]
async fn the_pretended_pbx_ends_with_its_input() {
    let Some(house) = House::host(G70) else { return };
    house.close();
}
