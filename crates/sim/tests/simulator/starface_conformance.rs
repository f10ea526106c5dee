//! The PBX's answers held against the schemas of its Swagger description.

use crate::support::{
    House,
    conformance::{check, validator, yaml},
    quiet, read,
};
use reqwest::Method;
use serde_json::{Value, json};

const DOCUMENT: &str = "starface/starface-rest-6.7.0.22.swagger.yaml";

/// Where the schema of an operation's answer is.
fn answer_schema(path: &str, method: &str, status: u16) -> String {
    format!("/paths/{}/{method}/responses/{status}/schema", path.replace('/', "~1"))
}

#[tokio::test]
async fn every_answer_is_as_the_swagger_document_describes_it() {
    let Some(document) = yaml(DOCUMENT) else { return };
    let house = House::open(quiet()).await;
    let account = house.account(0);
    let act = format!("actOnBehalfOf={account}");
    let redirect = format!("{account}-ext-always");
    let set = format!("s{account}");
    let key = format!("k{account}-0");
    let groups = house.rest_get("/groups").await.1;
    let operations = [
        ("/users", "/users".to_owned()),
        ("/users/me", "/users/me".to_owned()),
        ("/users/{userId}", format!("/users/{account}")),
        ("/users/{userId}/phonenumberconfig/phonenumbers/", format!("/users/{account}/phonenumberconfig/phonenumbers")),
        ("/groups", "/groups".to_owned()),
        ("/groups/{groupid}", format!("/groups/{}", groups[0]["id"])),
        ("/phonenumbers", "/phonenumbers?assigned=true".to_owned()),
        ("/phonenumbers/{phoneNumberId}", format!("/phonenumbers/{account}1")),
        ("/accounts", "/accounts".to_owned()),
        ("/redirects", format!("/redirects?{act}")),
        ("/redirects/{redirectId}", format!("/redirects/{redirect}?{act}")),
        ("/functionkeysets", format!("/functionkeysets?{act}")),
        ("/functionkeysets/{fkSetId}/", format!("/functionkeysets/{set}/?{act}")),
        ("/functionkeysets/{fkSetId}/{keyId}", format!("/functionkeysets/{set}/{key}?{act}")),
        ("/functionkeysets/{fkSetId}/edit/{keyId}", format!("/functionkeysets/{set}/edit/{key}?{act}")),
        ("/functionkeysets/edit/defaults", "/functionkeysets/edit/defaults".to_owned()),
        ("/functionkeysets/{fkSetId}/phones", format!("/functionkeysets/{set}/phones?{act}")),
    ];
    for (path, url) in operations {
        let (status, answer) = house.rest_get(&url).await;
        assert_eq!(status, 200, "{url}: {answer}");
        assert!(answer.as_array().is_none_or(|items| !items.is_empty()), "{url} shows something");
        check(&validator(&document, &answer_schema(path, "get", 200)), &url, &answer);
    }
    // The base class of destinations tells only their type; the real ones have their own descriptions.
    let (_, redirects) = house.rest_get(&format!("/redirects?{act}")).await;
    let number = validator(&document, "/definitions/RedirectPhoneNumberDestination");
    let mailbox = validator(&document, "/definitions/RedirectMailboxDestination");
    for entry in redirects.as_array().unwrap() {
        let destination = &entry["redirectDestination"];
        let described = if destination["redirectDestinationType"] == "MAILBOX" { &mailbox } else { &number };
        check(described, "redirectDestination", destination);
    }
}

#[tokio::test]
async fn the_login_is_as_the_swagger_document_describes_it() {
    let Some(document) = yaml(DOCUMENT) else { return };
    let house = House::open(quiet()).await;
    let url = format!("{}/rest/login", house.sim.ready().starface);
    let (_, mut login) = read(house.http.get(&url).send().await.unwrap()).await;
    // The real PBX sends `"secret": null`, for which Swagger 2.0 has no word.
    assert_eq!(login.as_object_mut().unwrap().remove("secret"), Some(Value::Null));
    check(&validator(&document, &answer_schema("/login", "get", 200)), "login", &login);
    let refused = house.http.post(&url).json(&json!({"loginType": "Internal", "nonce": "x", "secret": "y"}));
    let (status, answer) = read(refused.send().await.unwrap()).await;
    check(&validator(&document, &answer_schema("/login", "post", status.as_u16())), "refused", &answer);
    assert_eq!(house.rest(Method::DELETE, "/login").send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn the_description_can_refuse_an_answer() {
    let Some(document) = yaml(DOCUMENT) else { return };
    let users = validator(&document, &answer_schema("/users", "get", 200));
    assert!(!users.is_valid(&json!([{"id": "1", "login": "x"}])));
    assert!(!users.is_valid(&json!({"id": 1})));
}
