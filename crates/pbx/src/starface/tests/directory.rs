//! Users and groups: complete or an error (§7.8).

use serde_json::json;

use super::{house::House, script::Reply};
use crate::{Pbx, PbxError, User};

fn groups(names: &[&str]) -> Reply {
    let groups: Vec<_> =
        names.iter().enumerate().map(|(place, name)| json!({"id": 50 + place, "groupname": name})).collect();
    Reply::json(200, json!(groups).to_string())
}

#[tokio::test]
async fn the_members_are_the_groups_users_with_their_mail_and_the_accounts_are_all() {
    let house = House::open().await;
    let directory = house.pbx.directory("Kalender").await.unwrap();
    let user = |account: &str, name: &str, mail: &str| User {
        account: account.into(),
        name: name.to_owned(),
        mail: Some(mail.to_owned().into()),
    };
    assert_eq!(directory.members, [user("7", "Anna", "anna@example.com"), user("8", "Bert", "bert@example.com")]);
    assert_eq!(directory.accounts, ["1".into(), "7".into(), "8".into()].into());
}

#[tokio::test]
async fn a_user_without_an_address_has_none() {
    let house = House::open().await;
    let users = json!([{"id": 1}, {"id": "7", "firstName": " Anna ", "familyName": "Roth", "email": " "},
        {"id": 8, "firstName": null, "familyName": "Bert", "email": null}]);
    house.script.always("GET /rest/users", Reply::json(200, users.to_string()));
    let members = house.pbx.directory("Kalender").await.unwrap().members;
    let shown: Vec<_> = members.iter().map(|user| (user.name.as_str(), &user.mail)).collect();
    assert_eq!(shown, [("Anna Roth", &None), ("Bert", &None)]);
}

#[tokio::test]
async fn a_group_is_found_by_its_name_and_else_without_regard_to_case() {
    for (names, asked) in [
        (["Kalender", "Vertrieb"].as_slice(), "Kalender"),
        (&["kalender", "Vertrieb"], "Kalender"),
        (&["KALENDER"], " kalender "),
        (&[" Kalender "], "Kalender"),
        // Spelt exactly so comes first.
        (&["Kalender", "kalender", "KALENDER"], "Kalender"),
        (&["Überall"], "überall"),
    ] {
        let house = House::open().await;
        house.script.always("GET /rest/groups", groups(names));
        assert_eq!(house.pbx.directory(asked).await.map(|found| found.members.len()), Ok(2), "{names:?} {asked}");
    }
}

#[tokio::test]
async fn a_group_that_is_missing_or_there_twice_is_a_fault_of_the_configuration() {
    for (names, asked, advice) in [
        (["Kalender", "Vertrieb"].as_slice(), "Calendar", "there are `Kalender`, `Vertrieb`"),
        (&[], "Kalender", "it shows us no groups at all"),
        (&["Kalender", "Kalender"], "Kalender", "there are 2 groups named `Kalender`"),
        (&["kalender", "KALENDER"], "Kalender", "there are 2 groups named `Kalender`"),
    ] {
        let house = House::open().await;
        house.script.always("GET /rest/groups", groups(names));
        let error = house.pbx.directory(asked).await.unwrap_err();
        assert!(matches!(&error, PbxError::Configuration { .. }), "{error:?}");
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn of_many_groups_an_error_names_some() {
    let names: Vec<String> = (100..150).map(|number| format!("G{number}")).collect();
    let house = House::open().await;
    house.script.always("GET /rest/groups", groups(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let error = house.pbx.directory("Kalender").await.unwrap_err().to_string();
    assert!(error.contains("`G119` and 30 more") && !error.contains("G120"), "{error}");
}

#[tokio::test]
async fn what_is_kept_from_us_is_no_directory() {
    let group = json!({"id": 50, "assignableUsers": [{"id": 7, "assigned": true}, {"id": 99, "assigned": true}]});
    for (request, reply, advice) in [
        ("GET /rest/users", Reply::json(200, "[]"), "the list of users is empty"),
        ("GET /rest/users", Reply::status(403), "not allowed (403)"),
        ("GET /rest/groups/50", Reply::json(200, group.to_string()), "1 of the group's 2 members are not in the list"),
        ("GET /rest/groups/50", Reply::json(200, r#"{"id":50,"assignableUsers":[]}"#), "shows nobody"),
        ("GET /rest/groups", Reply::status(403), "not allowed (403)"),
    ] {
        let house = House::open().await;
        house.script.always(request, reply);
        let error = house.pbx.directory("Kalender").await.unwrap_err();
        assert!(matches!(&error, PbxError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn half_an_answer_is_no_directory() {
    for request in ["GET /rest/users", "GET /rest/groups", "GET /rest/groups/50"] {
        for (reply, unreachable) in [
            (Reply::status(500), true),
            (Reply::status(503), true),
            (Reply::cut(), true),
            (Reply::status(302), false),
            (Reply::status(204), false),
            (Reply::json(200, "[{\"id\":7"), false),
            (Reply::json(200, "{\"items\":[]}"), false),
            (Reply::json(200, "<html>Willkommen</html>"), false),
        ] {
            let house = House::open().await;
            house.script.always(request, reply.clone());
            let error = house.pbx.directory("Kalender").await.unwrap_err();
            assert_eq!(matches!(error, PbxError::Unreachable { .. }), unreachable, "{request} {reply:?} {error:?}");
            assert_eq!(matches!(error, PbxError::Protocol { .. }), !unreachable, "{request} {reply:?} {error:?}");
        }
    }
}

#[tokio::test]
async fn the_check_walks_the_whole_way_and_changes_nothing() {
    use busylamp_core::check::Verdict;
    let house = House::open().await;
    let steps = house.pbx.check("Kalender").await;
    let fault = steps.iter().find(|step| matches!(step.verdict, Verdict::Fault(_)));
    assert!(fault.is_none(), "{fault:?}");
    let names: Vec<_> = steps.iter().map(|step| step.name.to_string()).collect();
    for name in ["sign-in", "version", "group", "numbers", "diversions", "bridge", "can"] {
        assert!(names.contains(&format!("STARFACE {name}")), "{name}: {names:?}");
    }
    let written = house.script.asked().into_iter().filter(|asked| asked.method == "PUT").count();
    assert_eq!(written + house.script.bridge_calls("apply").len(), 0);

    let house = House::open().await;
    house.script.always("GET /rest/login", Reply::status(500));
    let steps = house.pbx.check("Kalender").await;
    assert!(matches!(&steps[..], [step] if matches!(step.verdict, Verdict::Fault(_))), "{steps:?}");
}
