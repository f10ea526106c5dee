//! Another program that writes as well: STARFACE's own Presence Sync, a client that puts its chat status back (§6.7).

use std::time::Duration;

use busylamp_core::keeper::Flag;
use busylamp_pbx::{Change, Pbx};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::{
    house::{House, SignIn, quiet},
    program::Program,
};

async fn shown(house: &House) -> Json {
    house.control("GET", &format!("/accounts/{}", house.account(0)), Json::Null).await
}

async fn rival(house: &House, what: Json) {
    house.control("PUT", &format!("/accounts/{}/another_writer", house.account(0)), what).await;
}

/// A house whose user is available, and who is listened to.
async fn listening() -> House {
    let house = House::of(quiet(), SignIn::Token).await;
    let path = format!("/accounts/{}", house.account(0));
    house.control("PATCH", &path, json!({"presence": "available", "text": ""})).await;
    assert_eq!(house.pbx.changes(SignedDuration::ZERO).await, Ok(Some(Change::Lost)));
    house
}

#[tokio::test]
async fn with_lead_another_writer_is_flagged_and_not_fought() {
    let house = listening().await;
    rival(&house, json!({"presence": "available"})).await;
    let mut program = Program::new(&house, json!({"set_presence": true, "lead": true}));
    program.look().await;
    // A quarter of an hour, in which the other answers everything at once.
    for _ in 0..90 {
        program.hear().await;
        program.pass(10).await;
    }
    assert!(program.flags.contains(&Flag::AnotherProgramIsWriting), "{:?}", program.flags);
    assert!((4..=6).contains(&program.writes), "three flips, and then one write in five minutes: {}", program.writes);
    assert_eq!(shown(&house).await["another_writer"]["wrote"], program.writes);

    // The other program is switched off: ours has the last word, and the flag goes.
    house.control("DELETE", &format!("/accounts/{}/another_writer", program.account), Json::Null).await;
    for _ in 0..60 {
        program.hear().await;
        program.pass(15).await;
    }
    assert_eq!(shown(&house).await["presence"], "do_not_disturb");
    assert!(!program.flags.contains(&Flag::AnotherProgramIsWriting), "{:?}", program.flags);
}

#[tokio::test]
async fn without_lead_the_second_quick_flip_is_taken_as_meant() {
    let house = listening().await;
    rival(&house, json!({"presence": "available"})).await;
    let mut program = Program::new(&house, json!({"set_presence": true}));
    program.look().await;
    for _ in 0..90 {
        program.hear().await;
        program.pass(10).await;
    }
    assert!(program.writes <= 3, "{}", program.writes);
    assert_eq!(shown(&house).await["presence"], "available");
}

#[tokio::test]
async fn dnd_that_another_program_takes_back_is_not_written_again_where_we_stand_back() {
    let house = listening().await;
    rival(&house, json!({"dnd": false})).await;
    let mut program = Program::new(&house, json!({"actions": {"busy": "dnd"}}));
    program.look().await;
    for _ in 0..90 {
        program.hear().await;
        program.pass(10).await;
    }
    assert_eq!(program.writes, 1);
    assert_eq!(shown(&house).await["dnd"], false);
}

#[tokio::test]
async fn one_that_writes_every_so_often_is_heard_while_we_listen() {
    let house = listening().await;
    let mut program = Program::new(&house, json!({"set_presence": true, "lead": true}));
    program.look().await;
    assert_eq!(program.hear().await, None, "our own echo is no news");
    rival(&house, json!({"presence": "available", "seconds": 0.2})).await;
    let heard = tokio::time::timeout(Duration::from_secs(10), house.pbx.changes(SignedDuration::from_secs(20))).await;
    assert_eq!(heard.unwrap(), Ok(Some(Change::Accounts([program.account.clone()].into()))));
}
