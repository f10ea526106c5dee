//! The pretended PBX over real HTTP: logins, directory, diversions, keys and the bridge.

use crate::support::{House, bridge_lines, quiet, read};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn the_older_login_takes_a_nonce_once_and_nothing_works_without_it() {
    let house = House::open(quiet()).await;
    assert!(!house.rest_token.is_empty());
    assert_eq!(house.rest_get("/users/me").await.1["login"], "0001");
    let wrong = json!({"loginType": "Internal", "nonce": "x", "secret": "0001:00"});
    let url = format!("{}/rest/login", house.sim.ready().starface);
    assert_eq!(house.http.post(&url).json(&wrong).send().await.unwrap().status(), 400);
    let bare = house.http.get(format!("{}/rest/users", house.sim.ready().starface)).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(house.rest(Method::DELETE, "/login").send().await.unwrap().status(), 204);
    assert_eq!(house.rest_get("/users/me").await.0, 401);
}

#[tokio::test]
async fn active_directory_logins_have_their_own_secret() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let house = House::open(quiet()).await;
    house.done(Method::PATCH, "/starface", json!({"login_type": "ActiveDirectory"})).await;
    let ready = house.sim.ready();
    let url = format!("{}/rest/login", ready.starface);
    let mut body: Value = house.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["loginType"], "ActiveDirectory");
    let secret = format!("{}{}{}", ready.starface_login, body["nonce"].as_str().unwrap(), ready.starface_password);
    body["secret"] = json!(STANDARD.encode(secret));
    let answer: Value = house.http.post(&url).json(&body).send().await.unwrap().json().await.unwrap();
    assert!(!answer["token"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn version_ten_has_tokens_that_are_refreshed() {
    let house = House::open(quiet()).await;
    let ready = house.sim.ready();
    let url = format!("{}/auth/realms/pbx/oauth2/token", ready.starface);
    let ask = async |more: &[(&str, &str)]| {
        let mut form = vec![
            ("client_id", "rest-client-headless"),
            ("client_secret", &ready.starface_client_secret),
            ("scope", "login"),
        ];
        form.extend_from_slice(more);
        read(house.http.post(&url).form(&form).send().await.unwrap()).await
    };
    let password =
        [("grant_type", "password"), ("username", &ready.starface_login), ("password", &ready.starface_password)];
    let (status, token) = ask(&password).await;
    assert_eq!((status.as_u16(), &token["expires_in"]), (200, &json!(300)));
    let access = token["access_token"].as_str().unwrap();
    let users = house.http.get(format!("{}/rest/users/me", ready.starface)).bearer_auth(access).send().await.unwrap();
    assert_eq!(users.status(), 200);
    let refresh = token["refresh_token"].as_str().unwrap();
    assert_eq!(ask(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await.0, 200);
    assert_eq!(ask(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await.0, 400, "it is used up");
    assert_eq!(ask(&[("grant_type", "password"), ("username", "0001"), ("password", "x")]).await.0, 401);
}

#[tokio::test]
async fn a_group_tells_its_members_among_all_users() {
    let house = House::open(quiet()).await;
    let (_, groups) = house.rest_get("/groups").await;
    let group = groups
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["groupname"] == house.sim.ready().starface_group.as_str())
        .unwrap();
    let path = format!("/groups/{}", group["id"]);
    let members = async || {
        let (_, body) = house.rest_get(&path).await;
        let all = body["assignableUsers"].as_array().unwrap().clone();
        assert!(all.len() > 10, "others are listed as well");
        all.into_iter().filter(|user| user["assigned"] == true).count()
    };
    assert_eq!(members().await, 10);
    house.done(Method::DELETE, &format!("/groups/Kalender/members/{}", house.account(2)), Value::Null).await;
    assert_eq!(members().await, 9);
    house.done(Method::POST, "/users", json!({"name": "Nora Neu", "mail": "nora@lindenhof.example"})).await;
    assert_eq!(members().await, 10);
    assert_eq!(
        house.get("/users?$filter=mail eq 'nora@lindenhof.example'").await.1["value"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_diversion_is_switched_by_sending_it_back_whole() {
    let house = House::open(quiet()).await;
    let account = house.account(0);
    let (_, all) = house.rest_get(&format!("/redirects?actOnBehalfOf={account}")).await;
    let mut entry = all
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["redirectTrigger"]["redirectTriggerType"] == "TIMEOUT")
        .unwrap()
        .clone();
    assert!(entry["redirectTrigger"]["timeout"].is_number(), "there are members that no description lists");
    let (_, numbers) = house.rest_get("/phonenumbers?assigned=true").await;
    assert!(numbers.as_array().unwrap().iter().any(|number| number["number"] == entry["phoneNumber"]));
    entry["enabled"] = json!(true);
    let id = entry["id"].as_str().unwrap().to_owned();
    let put = async |body: &Value| {
        let path = format!("/redirects/{id}?actOnBehalfOf={account}");
        house.rest(Method::PUT, &path).json(body).send().await.unwrap().status()
    };
    assert_eq!(put(&entry).await, StatusCode::NO_CONTENT);
    let (_, again) = house.rest_get(&format!("/redirects/{id}?actOnBehalfOf={account}")).await;
    assert_eq!(again, entry);
    let writes = house.done(Method::GET, "/writes?since=0", Value::Null).await;
    let write = &writes[0];
    assert_eq!(
        (&write["number"], &write["account"], &write["interface"]),
        (&json!(1), &json!(account), &json!("rest"))
    );
    assert_eq!(
        (write["dimension"].as_str().unwrap(), &write["value"]),
        (format!("diversion:{id}").as_str(), &json!("true"))
    );
    assert_eq!(house.done(Method::GET, "/starface", Value::Null).await["lost_members"], json!({}));

    entry["redirectTrigger"].as_object_mut().unwrap().remove("timeout");
    assert_eq!(put(&entry).await, StatusCode::NO_CONTENT);
    assert_eq!(house.done(Method::GET, "/starface", Value::Null).await["lost_members"]["redirectTrigger.timeout"], 1);
    house.fault("redirect_refused", json!({"on": true})).await;
    assert_eq!(put(&entry).await, StatusCode::OK, "which means an error here");
    house.fault("starface_not_admin", json!({"on": true})).await;
    assert_eq!(put(&entry).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_label_is_written_in_the_edit_form_and_the_phone_provisioned() {
    let house = House::open(quiet()).await;
    let (owner, shown) = (house.account(0), house.account(1));
    let act = format!("actOnBehalfOf={owner}");
    let (_, sets) = house.rest_get(&format!("/functionkeysets?{act}")).await;
    let set = sets[0]["id"].as_str().unwrap().to_owned();
    let (_, keys) = house.rest_get(&format!("/functionkeysets/{set}/?{act}")).await;
    let key = keys.as_array().unwrap().iter().find(|key| key["blfAccountId"] == shown).unwrap();
    let id = key["id"].as_str().unwrap();
    let (_, mut edit) = house.rest_get(&format!("/functionkeysets/{set}/edit/{id}?{act}")).await;
    edit["editFunctionKeyBusyLampField"]["name"] = json!("Anna · Jour fixe");
    let path = format!("/functionkeysets/{set}/{id}?{act}");
    assert_eq!(house.rest(Method::PUT, &path).json(&edit).send().await.unwrap().status(), 200);
    let account = house.done(Method::GET, &format!("/accounts/{shown}"), Value::Null).await;
    assert_eq!(account["labels"][id], "Anna · Jour fixe");
    let writes = house.done(Method::GET, "/writes", Value::Null).await;
    assert_eq!(
        (writes[0]["dimension"].as_str().unwrap(), &writes[0]["account"]),
        (format!("blf_label:{id}").as_str(), &json!(shown))
    );
    let (_, phones) = house.rest_get(&format!("/functionkeysets/{set}/phones?{act}")).await;
    let path = format!("/functionkeysets/{set}/phone?phone={}&{act}", phones[0].as_str().unwrap());
    assert_eq!(house.rest(Method::PUT, &path).send().await.unwrap().status(), 200);
    assert_eq!(house.done(Method::GET, "/starface", Value::Null).await["provisioned"][phones[0].as_str().unwrap()], 1);

    let path = format!("/functionkeysets/{set}/{id}?{act}");
    let flat = json!({"id": id, "name": "flat", "blfAccountId": shown, "functionKeyType": "BUSYLAMPFIELD", "position": 0, "accountId": owner.to_string()});
    house.rest(Method::PUT, &path).json(&flat).send().await.unwrap();
    let (_, key) = house.rest_get(&format!("/functionkeysets/{set}/{id}?{act}")).await;
    assert_eq!(key["blfAccountId"], owner, "the flat form loses whom the key shows");
}

#[tokio::test]
async fn the_bridge_reads_and_writes_states() {
    let house = House::open(quiet()).await;
    let (a, b) = (house.account(0), house.account(1));
    let info = house.bridge("v=1&do=info").await;
    assert!(info[0].starts_with("v=1&ok=true&bridge=1.0.0&pbx=10."));
    assert!(info.contains(&"can=dnd.write".to_owned()));
    let apply = format!(
        "v=1&do=apply\naccount={a}&dnd=true&presence=DO_NOT_DISTURB&text=Jour+fixe+%26+mehr\naccount=7&dnd=true\naccount={b}&presence=NAPPING"
    );
    let answer = house.bridge(&apply).await;
    assert!(answer[0].starts_with("v=1&ok=true&cursor="));
    assert_eq!(answer[1], format!("account={a}&ok=true"));
    assert!(answer[2].starts_with("account=7&ok=false&error=no_such_account"));
    assert!(answer[3].starts_with(&format!("account={b}&ok=false&error=bad_request")));
    let states = house.bridge(&format!("v=1&do=states\naccount={a}")).await;
    assert_eq!(
        states[1],
        format!("account={a}&dnd=true&presence=DO_NOT_DISTURB&text=Jour+fixe+%26+mehr&telephony=AVAILABLE")
    );
    assert_eq!(house.bridge("v=1&do=states").await.len(), 1 + 12, "without accounts it is all of them");
    let writes = house.done(Method::GET, "/writes?since=1", Value::Null).await;
    let dimensions: Vec<_> =
        writes.as_array().unwrap().iter().map(|write| write["dimension"].as_str().unwrap()).collect();
    assert_eq!(dimensions, ["presence", "text"]);
    assert_eq!((&writes[0]["value"], &writes[0]["interface"]), (&json!("do_not_disturb"), &json!("bridge")));
}

#[tokio::test]
async fn the_bridge_refuses_strangers_and_what_it_does_not_know() {
    let house = House::open(quiet()).await;
    assert!(house.bridge_with("wrong", "v=1&do=info").await[0].contains("error=bad_key"));
    assert!(house.bridge("v=2&do=info").await[0].contains("error=bad_request"));
    assert!(house.bridge("v=1&do=dance").await[0].contains("error=unsupported"));
    let many: Vec<_> = std::iter::repeat_n("account=1001&dnd=true", 501).collect();
    assert!(house.bridge(&format!("v=1&do=apply\n{}", many.join("\n"))).await[0].contains("error=bad_request"));
    house.done(Method::PUT, &format!("/accounts/{}/refuses", house.account(0)), json!(["text"])).await;
    let answer = house
        .bridge(&format!("v=1&do=apply\naccount={0}&dnd=true&text=x\naccount={0}&dnd=true", house.account(0)))
        .await;
    assert!(answer[1].contains("ok=false&error=refused"), "a record is applied whole or not at all");
    assert!(answer[2].ends_with("ok=true"));
    let url = format!("{}/xml-rpc?de.vertico.starface.auth=0001:00", house.sim.ready().starface);
    assert_eq!(house.http.post(url).body("<x/>").send().await.unwrap().status(), 401);
    house.fault("bridge_missing", json!({"on": true})).await;
    let key = house.sim.ready().starface_bridge_key.clone();
    let text = house.bridge_request(&key, "v=1&do=info").send().await.unwrap().text().await.unwrap();
    assert!(text.contains("<fault>"));
}

fn cursor(line: &str) -> String {
    line.split('&').find_map(|pair| pair.strip_prefix("cursor=")).unwrap().to_owned()
}

#[tokio::test]
async fn events_are_waited_for_and_tell_own_changes_from_others() {
    let house = House::open(quiet()).await;
    let (a, b) = (house.account(0), house.account(1));
    let start = cursor(&house.bridge("v=1&do=states").await[0]);
    let key = house.sim.ready().starface_bridge_key.clone();
    let waiting = house.bridge_request(&key, &format!("v=1&do=events&since={start}&wait=20"));
    let waiting = tokio::spawn(async move { bridge_lines(&waiting.send().await.unwrap().text().await.unwrap()) });
    house.done(Method::PATCH, &format!("/accounts/{a}"), json!({"dnd": true})).await;
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.unwrap().unwrap();
    assert_eq!(told[1..], [format!("account={a}&dnd=true&by=other")]);
    house.bridge(&format!("v=1&do=apply\naccount={b}&text=hallo")).await;
    let after = cursor(&told[0]);
    let told = house.bridge(&format!("v=1&do=events&since={after}&wait=20")).await;
    assert_eq!(told[1..], [format!("account={b}&text=hallo&by=self")]);
    let quiet = house.bridge(&format!("v=1&do=events&since={}&wait=0", cursor(&told[0]))).await;
    assert_eq!(quiet.len(), 1);
    house.done(Method::POST, "/bridge/restart", Value::Null).await;
    assert!(house.bridge(&format!("v=1&do=events&since={start}&wait=0")).await[0].ends_with("&lost=true"));
}

#[tokio::test]
async fn a_person_changes_what_the_account_shows() {
    let house = House::open(quiet()).await;
    let account = house.account(0);
    let path = format!("/accounts/{account}");
    let before = house.done(Method::GET, &path, Value::Null).await;
    let diversion = format!("{account}-ext-always");
    assert_eq!(before["diversions"][&diversion]["number"], "external");
    let label = before["labels"].as_object().unwrap().keys().next().unwrap().clone();
    let change = json!({"presence": "away", "text": "Mittag", "diversions": {&diversion: {"enabled": true, "destination": null}}, "labels": {&label: "Chefin"}});
    let after = house.done(Method::PATCH, &path, change).await;
    assert_eq!((&after["presence"], &after["text"], &after["dnd"]), (&json!("away"), &json!("Mittag"), &json!(false)));
    assert_eq!(after["diversions"][&diversion], json!({"number": "external", "enabled": true, "destination": null}));
    assert_eq!(after["labels"][&label], "Chefin");
    assert_eq!(house.done(Method::GET, "/writes", Value::Null).await, json!([]), "people are not counted");
    for (wrong, place) in [
        (json!({"dmd": true}), "dmd: this key is not known; the nearest is `dnd`"),
        (json!({"dnd": true, "diversions": {"x": true}}), "diversions.x"),
        (json!({"dnd": true, "labels": {"x": "y"}}), "labels.x"),
        (json!({"presence": "napping"}), "presence"),
    ] {
        let (status, body) = house.control(Method::PATCH, &path, wrong).await;
        assert_eq!(status, 400);
        assert!(body["error"].as_str().unwrap().starts_with(place), "{body}");
    }
    assert_eq!(house.done(Method::GET, &path, Value::Null).await["dnd"], false, "all of it or nothing");
}

#[tokio::test]
async fn each_version_has_its_own_ways_in_and_its_own_form_of_keys() {
    for version in [7, 8, 9, 10] {
        let house = House::open(quiet()).await;
        let shown = house.done(Method::PATCH, "/starface", json!({"version": version})).await;
        assert!(shown["version"].as_str().unwrap().starts_with(&format!("{version}.")), "{shown}");
        let ten = version == 10;
        let ready = house.sim.ready();
        let url = format!("{}/auth/realms/pbx/oauth2/token", ready.starface);
        let form = [("client_id", "rest-client-headless"), ("grant_type", "password")];
        let answer = house.http.post(&url).form(&form).send().await.unwrap().status();
        assert_eq!(answer, if ten { 401 } else { 404 }, "{version}");
        assert_eq!(house.rest_get("/server/version").await.0, if ten { 200 } else { 404 }, "{version}");
        assert!(house.bridge("v=1&do=info").await[0].contains(&format!("pbx={version}.")));

        let (owner, shown) = (house.account(0), house.account(1));
        let path = format!("/functionkeysets/s{owner}/k{owner}-0?actOnBehalfOf={owner}");
        let put = async |body: Value| house.rest(Method::PUT, &path).json(&body).send().await.unwrap().status();
        let flat = json!({"name": "x", "functionKeyType": "BUSYLAMPFIELD", "blfAccountId": shown});
        let edit = json!({"editFunctionKeyBusyLampField": {"name": "y", "blfAccountId": shown}});
        assert_eq!(put(flat).await, 200);
        assert_eq!(house.rest_get(&path).await.1["blfAccountId"], if ten { owner } else { shown }, "{version}");
        assert_eq!(put(edit).await, if ten { 200 } else { 500 }, "{version}");
        assert_eq!(house.rest_get(&path).await.1["blfAccountId"], shown, "{version}");
    }
    let house = House::open(quiet()).await;
    house.done(Method::PATCH, "/starface", json!({"older_login": false})).await;
    let url = format!("{}/rest/login", house.sim.ready().starface);
    assert_eq!(house.http.get(&url).send().await.unwrap().status(), 404);
    let (status, refusal) = house.control(Method::PATCH, "/starface", json!({"version": 6})).await;
    assert_eq!((status.as_u16(), &refusal["error"]), (400, &json!("version: 7, 8, 9 or 10 is expected")));
}

#[tokio::test]
async fn without_rights_others_are_not_shown() {
    let house = House::open(quiet()).await;
    house.done(Method::PATCH, "/starface", json!({"administrator": false})).await;
    assert_eq!(house.rest_get("/users").await.1.as_array().unwrap().len(), 1);
    assert_eq!(house.rest_get("/phonenumbers").await.0, 403);
    assert_eq!(house.rest_get(&format!("/redirects?actOnBehalfOf={}", house.account(0))).await.0, 403);
    assert_eq!(house.rest_get("/groups/9001").await.1["assignableUsers"], json!([]));
}

#[tokio::test]
async fn another_program_answers_changes_or_writes_every_so_often_and_is_not_the_bridge() {
    let house = House::open(quiet()).await;
    let account = house.account(0);
    let path = format!("/accounts/{account}");
    house.done(Method::PATCH, &path, json!({"presence": "available"})).await;
    house.done(Method::PUT, &format!("{path}/another_writer"), json!({"presence": "available"})).await;
    let start = cursor(&house.bridge("v=1&do=states").await[0]);
    house.bridge(&format!("v=1&do=apply\naccount={account}&presence=AWAY&dnd=true")).await;
    let told = house.bridge(&format!("v=1&do=events&since={start}&wait=0")).await;
    let ours = format!("account={account}&dnd=true&presence=AWAY&by=self");
    assert_eq!(told[1..], [ours, format!("account={account}&presence=AVAILABLE&by=other")]);
    let shown = house.done(Method::GET, &path, Value::Null).await;
    assert_eq!((&shown["presence"], &shown["another_writer"]), (&json!("available"), &json!({"wrote": 1})));
    assert_eq!(house.done(Method::GET, "/writes", Value::Null).await.as_array().unwrap().len(), 2, "it is not ours");

    house.done(Method::PUT, &format!("{path}/another_writer"), json!({"dnd": false, "seconds": 0.1})).await;
    let request = format!("v=1&do=events&since={}&wait=20", cursor(&told[0]));
    let waiting = house.bridge(&request);
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.unwrap();
    assert_eq!(told[1..], [format!("account={account}&dnd=false&by=other")], "whoever listens hears it");
    house.done(Method::DELETE, &format!("{path}/another_writer"), Value::Null).await;
    assert_eq!(house.done(Method::GET, &path, Value::Null).await["another_writer"], Value::Null);
}
