//! The check, which changes nothing, and the trial with one user, which gives everything back.

use std::time::Duration;

use busylamp_core::{
    account::Presence,
    check::{Step, Verdict},
    ids::AccountId,
};
use busylamp_pbx::starface::Telling;
use busylamp_sim::{SimConfig, StarfaceVersion};
use serde_json::{Value as Json, json};

use crate::house::{House, SignIn, quiet};

fn all(steps: &[Step]) -> String {
    let said = steps.iter().map(|step| match &step.verdict {
        Verdict::Ok(said) => format!("{}: {said}\n", step.name),
        Verdict::Note(said) => format!("{}! {said}\n", step.name),
        Verdict::Fault(said) => format!("{}!! {said}\n", step.name),
    });
    said.collect()
}

async fn examine(house: &House, telling: Telling) -> String {
    all(&house.pbx.examine(&house.sim.ready().starface_group, telling).await)
}

async fn shown(house: &House, account: &AccountId) -> Json {
    let mut shown = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
    shown.as_object_mut().unwrap().remove("refuses");
    shown
}

#[tokio::test]
async fn the_check_tells_what_nobody_has_written_down_about_this_pbx() {
    for (version, form) in [(StarfaceVersion::V9, "the older"), (StarfaceVersion::V10, "OAuth")] {
        let house = House::of(
            SimConfig { starface: version, ..quiet() },
            if form == "OAuth" { SignIn::Token } else { SignIn::Legacy },
        )
        .await;
        let said = examine(&house, Telling::Accounts).await;
        for expected in [
            "STARFACE group: 10 members; 12 users on the PBX",
            "STARFACE mail addresses: every member has one of their own",
            "STARFACE diversions: 20 always-diversions of the members: 10 external, 10 internal",
            "STARFACE spellings: external +(12) (10 times); internal (4) (10 times)",
            "STARFACE entries: they have what no description lists, and it is kept: redirectTrigger.timeout",
            "STARFACE keys: 58 busy lamp keys in 10 sets on 10 phones, of the first 10 members",
            "STARFACE key forms: the flat form tells whom a key shows, the edit form tells it",
            "STARFACE bridge: version 1.0.0; it can dnd.read, dnd.write, events, presence.read, presence.write",
            "STARFACE bridge found: dnd.write: PersonAndAccountHandler.setDoNotDisturb(int, boolean)",
            "STARFACE states: of 10 members the bridge tells 10: do not disturb of 10, presence of 10, text of 10",
            "STARFACE events: the bridge tells of changes",
            "STARFACE can: do not disturb, chat presence, diversions, labels, changes as they happen",
        ] {
            assert!(said.contains(expected), "{expected}\n---\n{said}");
        }
        assert!(!said.contains('!'), "{said}");
        assert_eq!(house.control("GET", "/writes?since=0", Json::Null).await, json!([]), "it changes nothing");
        let pbx = house.control("GET", "/starface", Json::Null).await;
        assert_eq!(pbx["provisioned"], json!({}));
    }
}

#[tokio::test]
async fn users_who_need_somebodys_help_are_listed_by_account_and_by_name_only_if_asked() {
    let house = House::of(quiet(), SignIn::Token).await;
    let ready = house.sim.ready();
    let [silent, first, second, timed, lost, odd] = [0, 1, 2, 3, 4, 5].map(|place| &ready.users[place]);
    let patch = async |user: &busylamp_sim::ReadyUser, what: Json| {
        house.control("PATCH", &format!("/accounts/{}", user.account), what).await;
    };
    patch(silent, json!({"mail": ""})).await;
    patch(second, json!({"mail": format!(" {}", first.mail.to_uppercase())})).await;
    let entry = |user: &busylamp_sim::ReadyUser, entry: &str| format!("{}-{entry}", user.account);
    patch(timed, json!({"diversions": {entry(timed, "ext-timeout"): true}})).await;
    patch(lost, json!({"diversions": {entry(lost, "ext-always"): {"destination": null}, entry(lost, "int-always"): {"destination": null}}})).await;
    patch(odd, json!({"diversions": {entry(odd, "int-always"): {"number": "unknown"}}})).await;

    let said = examine(&house, Telling::Accounts).await;
    for expected in [
        format!("never acted on; enter the mailbox's: {}\n", silent.account),
        format!("all follow its mailbox: {}, {}\n", first.account, second.account),
        format!("follows it at once while do not disturb is on: {}\n", timed.account),
        format!("enter a destination: {}", lost.account),
        format!("never diverted: {}\n", odd.account),
    ] {
        assert!(said.contains(&expected), "{expected}\n---\n{said}");
    }
    for user in &ready.users {
        for secret in [user.name.as_str(), user.mail.as_str(), &format!("305555{}", user.account)] {
            assert!(!said.to_lowercase().contains(&secret.to_lowercase()), "{secret}\n---\n{said}");
        }
    }
    let named = examine(&house, Telling::Names).await;
    assert!(named.contains(&format!("{} ({})", silent.account, silent.name)), "{named}");
}

#[tokio::test]
async fn the_trial_sets_everything_once_and_leaves_the_user_as_they_were() {
    for version in StarfaceVersion::ALL {
        let house = House::of(SimConfig { starface: version, ..quiet() }, SignIn::Legacy).await;
        let account = house.account(3);
        let own = json!({"dnd": true, "presence": "away", "text": "Bin gleich zurück"});
        house.control("PATCH", &format!("/accounts/{account}"), own).await;
        let before = shown(&house, &account).await;
        let steps = house.pbx.trial(&account).await;
        let said = all(&steps);
        assert!(steps.iter().all(Step::is_ok) && !said.contains('!'), "{said}");
        assert_eq!(shown(&house, &account).await, before, "{said}");
        for expected in [
            "trial: before it, there is do not disturb, chat presence, a status text, 2 always-diversions, 7 busy lamp keys",
            "trial of do not disturb: off: set, seen and given back",
            "trial of presence: extended_away: set, seen and given back",
            "trial of the text: a long one: set, seen and given back",
            "trial of diversions: entry 1 (external) on: set, seen and given back",
            "trial of labels: key 7: set, seen and given back",
            "trial of phones: 7 were provisioned",
            "changes as its own and of 0 as somebody else's",
            "trial's end: everything is as it was before",
        ] {
            assert!(said.contains(expected), "{version:?}: {expected}\n---\n{said}");
        }
        for secret in [before["name"].as_str().unwrap(), before["text"].as_str().unwrap()] {
            assert!(!said.contains(secret), "{said}");
        }
        let writes = house.control("GET", "/writes?since=0", Json::Null).await;
        let tried = |dimension: &str, value: &str| {
            writes.as_array().unwrap().iter().any(|write| write["dimension"] == dimension && write["value"] == value)
        };
        assert!(Presence::ALL.iter().all(|presence| tried("presence", presence.name())), "all six were tried");
        let pbx = house.control("GET", "/starface", Json::Null).await;
        assert_eq!((&pbx["lost_members"], &pbx["enabled_without_destination"]), (&json!({}), &json!(0)));
        let phones = pbx["provisioned"].as_object().unwrap();
        assert!(phones.len() == 7 && phones.values().all(|times| *times == 1), "once, at the end: {phones:?}");
    }
}

/// Loses the answer to a write, once writes have begun.
async fn lose_an_answer(house: &House) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let count = async |path: &str, what: fn(&Json) -> u64| {
        assert!(tokio::time::Instant::now() < deadline, "it does not happen");
        what(&house.control("GET", path, Json::Null).await)
    };
    while count("/requests", |all| all["bridge.apply"]["requests"].as_u64().unwrap_or(0)).await == 0 {}
    house.fault("bridge_answer_lost", true).await;
    // Of two calls in a row, one is a write.
    while count("/faults", |all| all["bridge_answer_lost"]["struck"].as_u64().unwrap()).await < 2 {}
    house.fault("bridge_answer_lost", false).await;
}

#[tokio::test]
async fn what_fails_in_the_middle_is_said_and_everything_is_given_back() {
    for (fault, said) in [
        ("bridge_refuses_text", "trial of the text!! a short one: the PBX refuses it"),
        ("redirect_refused", "trial of diversions!! entry 1 (external) on: the PBX refuses it"),
        ("bridge_answer_lost", "nobody knows whether it was done"),
        ("text_cut", "trial of the text! a long one: set and given back; the PBX keeps 100 characters of it"),
    ] {
        let house = House::of(quiet(), SignIn::Token).await;
        let account = house.account(3);
        let before = shown(&house, &account).await;
        let steps = if fault == "bridge_answer_lost" {
            tokio::join!(house.pbx.trial(&account), lose_an_answer(&house)).0
        } else {
            house.fault(fault, true).await;
            house.pbx.trial(&account).await
        };
        let all = all(&steps);
        assert!(all.contains(said), "{fault}: {all}");
        assert_eq!(shown(&house, &account).await, before, "{fault}: {all}");
        assert!(all.ends_with("trial's end: everything is as it was before\n"), "{fault}: {all}");
    }
}

#[tokio::test]
async fn a_trial_with_nobody_is_refused_and_one_without_the_bridge_tries_the_rest() {
    let house = House::of(quiet(), SignIn::Token).await;
    let steps = house.pbx.trial(&"4711".into()).await;
    assert!(
        matches!(&steps[..], [Step { verdict: Verdict::Fault(said), .. }] if said.to_string().contains("4711")),
        "{steps:?}"
    );
    house.fault("bridge_missing", true).await;
    let said = all(&house.pbx.trial(&house.account(3)).await);
    assert!(said.contains("do not disturb not to be read"), "{said}");
    assert!(said.contains("trial of diversions: entry 1") && !said.contains("trial of do not disturb"), "{said}");
    assert!(said.ends_with("trial's end: everything is as it was before\n"), "{said}");
}

#[tokio::test]
async fn somebody_who_uses_the_telephone_during_the_trial_keeps_what_they_chose() {
    let house = House::of(quiet(), SignIn::Token).await;
    let account = house.account(3);
    house.control("PATCH", &format!("/accounts/{account}"), json!({"text": "vorher"})).await;
    house.control("PUT", &format!("/accounts/{account}/another_writer"), json!({"text": "von Hand"})).await;
    let steps = house.pbx.trial(&account).await;
    let said = all(&steps);
    assert!(
        said.contains("trial's end! somebody changed this meanwhile, and it was left as it is: status text"),
        "{said}"
    );
    assert_eq!(shown(&house, &account).await["text"], "von Hand");
}
