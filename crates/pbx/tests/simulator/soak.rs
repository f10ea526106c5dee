//! An hour, in pretended time, in which everything happens: people press buttons, the bridge and the program are
//! restarted, sessions end, events, answers and whole calls are lost, writes are refused. At its end everybody's
//! telephone shows what that person chose last, or what it showed at the beginning.

use std::collections::BTreeMap;

use busylamp_pbx::Pbx;
use busylamp_sim::{SimConfig, StarfaceVersion};
use serde_json::{Value as Json, json};

use crate::{
    house::{House, SignIn, quiet},
    program::Program,
};

/// Numbers that look as if by chance and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        // Xorshift (Marsaglia, 2003): good enough to shuffle a day.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn happens(&mut self, per_cent: u64) -> bool {
        self.below(100) < per_cent
    }
}

const FAULTS: [&str; 10] = [
    "bridge_answer_lost",
    "bridge_reset",
    "bridge_events_lost",
    "bridge_internal",
    "bridge_refuses_dnd",
    "bridge_refuses_text",
    "redirect_refused",
    "starface_answer_lost",
    "starface_reset",
    "starface_unavailable",
];

/// What a telephone shows, by dimension.
type Shown = BTreeMap<String, Json>;

async fn shown(house: &House, account: &str) -> Shown {
    let all = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
    let mut shown: Shown =
        ["dnd", "presence", "text"].into_iter().map(|name| (name.to_owned(), all[name].clone())).collect();
    for (id, entry) in all["diversions"].as_object().unwrap() {
        shown.insert(format!("diversions/{id}"), entry["enabled"].clone());
    }
    for (key, name) in all["labels"].as_object().unwrap() {
        shown.insert(format!("labels/{key}"), name.clone());
    }
    shown
}

/// Somebody changes something by hand; what it is now is what they chose.
async fn press(house: &House, account: &str, dice: &mut Dice, chosen: &mut Shown) {
    let dimensions: Vec<String> = chosen.keys().cloned().collect();
    let dimension = &dimensions[usize::try_from(dice.below(dimensions.len() as u64)).unwrap()];
    let now = shown(house, account).await[dimension].clone();
    let presences = ["available", "away", "extended_away", "do_not_disturb", "free_for_chat"];
    let value = match (dimension.split_once('/'), &now) {
        (_, Json::Bool(on)) => json!(!on),
        (None, _) if dimension == "presence" => json!(presences[usize::try_from(dice.below(5)).unwrap()]),
        _ => json!(format!("von Hand {}", dice.below(1000))),
    };
    // Who chooses what is shown changes nothing, and nobody sees it.
    if value == now {
        return;
    }
    let change = match dimension.split_once('/') {
        None => json!({dimension: value}),
        Some((kind, id)) => json!({kind: {id: value}}),
    };
    house.control("PATCH", &format!("/accounts/{account}"), change).await;
    chosen.insert(dimension.clone(), value);
}

async fn an_hour(version: StarfaceVersion, sign_in: SignIn, seed: u64) {
    let house = House::of(SimConfig { starface: version, seed, ..quiet() }, sign_in).await;
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let policy = json!({
        "actions": {"busy": "dnd", "tentative": "forward"}, "forward_internal_calls": true, "set_presence": true,
        "title_as_text": true, "blf_labels": true,
    });
    let mut programs = Vec::new();
    let mut chosen = Vec::new();
    for place in 0..4 {
        let account = house.account(place).to_string();
        house.control("PATCH", &format!("/accounts/{account}"), json!({"presence": "available"})).await;
        programs.push(Program::with_meetings(&house, place, policy.clone(), &mut |end| dice.below(end)));
        chosen.push(shown(&house, &account).await);
    }
    let watched = programs.iter().map(|program| program.account.clone()).collect();
    let _ = house.pbx.survey_labels(&watched).await;
    let mut faults = [false; FAULTS.len()];
    for round in 0..240 {
        for (fault, on) in FAULTS.into_iter().zip(&mut faults) {
            if dice.happens(if *on { 40 } else { 3 }) {
                *on = !*on;
                house.fault(fault, *on).await;
            }
        }
        if dice.happens(2) {
            house.control("POST", "/bridge/restart", Json::Null).await;
        }
        // No more than the driver signs in anew in a minute of real time.
        if round % 60 == 59 {
            house.control("POST", "/tokens/expire", Json::Null).await;
        }
        if round % 10 == 9 {
            let _ = house.pbx.survey_labels(&watched).await;
        }
        for (program, chosen) in programs.iter_mut().zip(&mut chosen) {
            if dice.happens(8) {
                press(&house, program.account.as_str(), &mut dice, chosen).await;
            }
            if dice.happens(3) {
                program.crash();
            }
            program.try_to_look().await;
            program.pass_without_looking(15);
        }
    }
    for fault in FAULTS {
        house.fault(fault, false).await;
    }
    // All meetings are over. A refused give-back is repeated after at most five minutes.
    for _ in 0..3 {
        for program in &mut programs {
            house.pbx.survey_labels(&watched).await.unwrap();
            program.pass_without_looking(3600);
            program.try_to_look().await;
            program.try_to_look().await;
        }
    }
    for (program, chosen) in programs.iter().zip(&chosen) {
        assert_eq!(shown(&house, program.account.as_str()).await, *chosen, "{version:?} {seed} {}", program.account);
        assert!(program.is_settled(), "{version:?} {seed}: nothing is held any more");
        assert!(program.writes > 0);
    }
    let pbx = house.control("GET", "/starface", Json::Null).await;
    assert_eq!((&pbx["lost_members"], &pbx["enabled_without_destination"]), (&json!({}), &json!(0)));
}

#[tokio::test]
async fn after_an_hour_of_everything_starface_9_shows_what_people_chose() {
    an_hour(StarfaceVersion::V9, SignIn::Legacy, 1).await;
}

#[tokio::test]
async fn after_an_hour_of_everything_starface_10_shows_what_people_chose() {
    an_hour(StarfaceVersion::V10, SignIn::Token, 2).await;
}
