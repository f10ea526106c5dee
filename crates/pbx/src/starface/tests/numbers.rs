//! Which numbers are internal and which external (§4.3).

use std::collections::BTreeMap;

use busylamp_core::account::NumberClass::{self, External, Internal, Unknown};
use serde_json::json;

use super::{house::House, script::Reply};
use crate::{Pbx, PbxError};

const LIST: &str = "GET /rest/phonenumbers";
const OWN: &str = "GET /rest/users/7/phonenumberconfig/phonenumbers/";

async fn class_of(house: &House, number: &str) -> NumberClass {
    let text = json!({"id": "ext-7", "enabled": false, "phoneNumber": number,
        "redirectTrigger": {"redirectTriggerType": "ALWAYS"}});
    house.script.entry("7", "ext-7", &text.to_string());
    house.state("7").await.diversions.unwrap()[&"ext-7".into()].number
}

async fn classes(house: &House) -> BTreeMap<String, NumberClass> {
    let diversions = house.state("7").await.diversions.unwrap();
    diversions.into_iter().map(|(id, diversion)| (id.to_string(), diversion.number)).collect()
}

fn both(ext: NumberClass, int: NumberClass) -> BTreeMap<String, NumberClass> {
    [("ext-7".to_owned(), ext), ("int-7".to_owned(), int)].into()
}

#[tokio::test]
async fn every_spelling_of_an_external_number_is_one_and_others_numbers_are_unknown() {
    let house = House::open().await;
    for (number, class) in [
        ("1234507", External),
        ("07211234507", External),
        ("+497211234507", External),
        ("004972112345-07", External),
        ("007211234507", External),
        ("000497211234507", External),
        ("207", Internal),
        ("1234508", Unknown),
        ("208", Unknown),
        ("07", Unknown),
        ("", Unknown),
    ] {
        assert_eq!(class_of(&house, number).await, class, "{number}");
    }
}

#[tokio::test]
async fn the_list_of_numbers_is_asked_for_once_until_the_directory_is_read_again() {
    let house = House::open().await;
    for _ in 0..3 {
        assert_eq!(classes(&house).await, both(External, Internal));
    }
    assert_eq!((house.script.count(LIST), house.script.count(OWN)), (1, 0));
    assert_eq!(house.script.asked_for(LIST)[0].query("assigned"), Some("true"));
    house.pbx.directory("Kalender").await.unwrap();
    house.state("7").await;
    assert_eq!(house.script.count(LIST), 2);
}

#[tokio::test]
async fn where_the_list_names_no_owner_the_users_own_list_does() {
    let house = House::open().await;
    let numbers = json!([{"id": 701, "number": "1234507", "type": "EXTERNAL", "localPrefix": "721", "nationalPrefix": "+49"},
        {"id": "702", "number": "207", "type": "INTERNAL", "assignedUserAccountId": null, "numberBlockId": 3}]);
    house.script.always(LIST, Reply::json(200, numbers.to_string()));
    for _ in 0..2 {
        assert_eq!(classes(&house).await, both(External, Internal));
    }
    assert_eq!(house.script.count(OWN), 1);
}

#[tokio::test]
async fn an_owner_may_be_written_as_a_text_and_other_types_say_nothing() {
    let house = House::open().await;
    let numbers = json!([{"id": 701, "number": "07211234507", "type": "DISPLAY", "assignedUserAccountId": "7"},
        {"id": 702, "number": "207", "type": "INTERNAL", "assignedUserAccountId": "7"}]);
    house.script.always(LIST, Reply::json(200, numbers.to_string()));
    assert_eq!(classes(&house).await, both(Unknown, Internal));
}

#[tokio::test]
async fn numbers_that_are_kept_from_us_make_the_entries_unknown_and_nothing_else() {
    let house = House::open().await;
    house.script.always(LIST, Reply::status(403));
    assert_eq!(classes(&house).await, both(Unknown, Unknown));
    assert_eq!(house.state("7").await.dnd, Some(false));
}

#[tokio::test]
async fn a_passing_fault_changes_no_class() {
    for reply in [Reply::status(500), Reply::status(503), Reply::cut(), Reply::json(200, "<html>")] {
        let house = House::open().await;
        house.script.once(LIST, reply.clone());
        let error = house.read("7").await.unwrap_err();
        assert!(matches!(error, PbxError::Unreachable { .. } | PbxError::Protocol { .. }), "{reply:?} {error:?}");
        assert_eq!(classes(&house).await, both(External, Internal), "{reply:?}");
    }
}
