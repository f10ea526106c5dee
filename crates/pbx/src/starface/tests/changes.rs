//! Events. (Bridge contract, `events`)

use jiff::SignedDuration;

use super::{
    house::{House, word},
    script::Reply,
};
use crate::{Change, Pbx, PbxError};

const WAIT: SignedDuration = SignedDuration::from_secs(60);

fn accounts(ids: &[&str]) -> Option<Change> {
    Some(Change::Accounts(ids.iter().map(|id| (*id).into()).collect()))
}

#[tokio::test]
async fn hearing_begins_with_a_reading_and_everything_before_is_lost() {
    let house = House::open().await;
    assert_eq!(house.pbx.changes(WAIT).await, Ok(Some(Change::Lost)));
    assert_eq!(house.script.bridge_calls("states"), [["v=1&do=states", "account=1"]], "the own account is enough");
    assert!(house.script.bridge_calls("events").is_empty());
    assert_eq!(house.pbx.changes(WAIT).await, Ok(None));
    assert_eq!(house.script.bridge_calls("events"), [["v=1&do=events&since=c1&wait=25"]]);
    assert_eq!(house.pbx.changes(SignedDuration::from_secs(3)).await, Ok(None));
    assert_eq!(house.script.bridge_calls("events")[1], ["v=1&do=events&since=c2&wait=3"]);
}

#[tokio::test]
async fn changes_by_others_are_told_and_our_own_are_not() {
    let house = House::open().await;
    house.pbx.changes(WAIT).await.unwrap();
    assert_eq!(word(&house.dnd("7", true).await), "acknowledged");
    house.script.bridge_says(
        "events",
        Reply::lines(
            "v=1&ok=true&cursor=c9\naccount=7&dnd=true&by=self\naccount=8&presence=AWAY&by=other\naccount=9&text=",
        ),
    );
    assert_eq!(house.pbx.changes(WAIT).await, Ok(accounts(&["8", "9"])));
    house.script.bridge_says("events", Reply::lines("v=1&ok=true&cursor=d0\naccount=7&dnd=true&by=self"));
    assert_eq!(house.pbx.changes(WAIT).await, Ok(None));
    assert_eq!(house.script.bridge_calls("events")[1], ["v=1&do=events&since=c9&wait=25"]);
}

#[tokio::test]
async fn what_the_bridge_wrote_and_we_did_not_is_told() {
    let house = House::open().await;
    house.pbx.changes(WAIT).await.unwrap();
    house.dnd("7", true).await;
    for (what, line) in [
        ("another value than ours", "account=7&dnd=false&by=self"),
        ("a dimension that we did not write", "account=7&dnd=true&text=x&by=self"),
        ("a value that can't be understood", "account=7&dnd=perhaps&by=self"),
    ] {
        house.script.bridge_says("events", Reply::lines(&format!("v=1&ok=true&cursor=c9\n{line}")));
        assert_eq!(house.pbx.changes(WAIT).await, Ok(accounts(&["7"])), "{what}");
    }
}

#[tokio::test]
async fn after_a_loss_hearing_begins_anew_from_a_fresh_reading() {
    for lost in ["v=1&ok=true&cursor=z&lost=true", "v=1&ok=true&lost=true"] {
        let house = House::open().await;
        house.pbx.changes(WAIT).await.unwrap();
        house.script.bridge(move |request| {
            let states = "v=1&ok=true&cursor=fresh\naccount=1";
            request.starts_with("v=1&do=states").then(|| Reply::lines(states)).or_else(|| {
                let stale = request.contains("since=c1&");
                stale.then(|| Reply::lines(lost))
            })
        });
        assert_eq!(house.pbx.changes(WAIT).await, Ok(Some(Change::Lost)));
        assert_eq!(house.pbx.changes(WAIT).await, Ok(None));
        assert_eq!(house.script.bridge_calls("events")[1], ["v=1&do=events&since=fresh&wait=25"]);
    }
}

#[tokio::test]
async fn a_loss_is_told_even_if_the_fresh_reading_fails_at_first() {
    let house = House::open().await;
    house.pbx.changes(WAIT).await.unwrap();
    house.script.bridge(|request| {
        (!request.starts_with("v=1&do=info")).then(|| {
            let events = request.starts_with("v=1&do=events");
            if events { Reply::lines("v=1&ok=true&cursor=z&lost=true") } else { Reply::status(503) }
        })
    });
    assert!(matches!(house.pbx.changes(WAIT).await, Err(PbxError::Unreachable { .. })));
    house.script.bridge_says("events", Reply::lines("v=1&ok=true&cursor=z&lost=true"));
    assert_eq!(house.pbx.changes(WAIT).await, Ok(Some(Change::Lost)));
}

#[tokio::test]
async fn what_happened_during_a_fault_is_heard_after_it() {
    for reply in [
        Reply::cut(),
        Reply::status(503),
        Reply::json(200, "<html>"),
        Reply::lines("v=2&ok=true&cursor=x"),
        Reply::lines("v=1&ok=true"),
        Reply::lines("v=1&ok=true&cursor=x&lost=perhaps"),
        Reply::lines("v=1&ok=true&cursor=x\ndnd=true&by=other"),
    ] {
        let house = House::open().await;
        house.pbx.changes(WAIT).await.unwrap();
        house.script.bridge_says("events", reply.clone());
        let error = house.pbx.changes(WAIT).await.unwrap_err();
        assert!(matches!(error, PbxError::Protocol { .. } | PbxError::Unreachable { .. }), "{reply:?} {error:?}");
        house.script.bridge_says("events", Reply::lines("v=1&ok=true&cursor=y\naccount=7&dnd=true&by=other"));
        assert_eq!(house.pbx.changes(WAIT).await, Ok(accounts(&["7"])), "{reply:?}");
        assert_eq!(house.script.bridge_calls("events")[1], ["v=1&do=events&since=c1&wait=25"]);
    }
}
