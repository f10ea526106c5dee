//! On German pages everything is German, down to what calendars' servers refuse. What a foreign server said is quoted as it
//! is.

use std::time::Duration;

use busylamp_core::secret::Secret;
use busylamp_service::config::{Secrets, read_file};
use busylamp_sim::{Calendars, SimConfig, Simulator};
use busylamp_store::Role;
use reqwest::{StatusCode, header};
use tokio::time::Instant;

use crate::house::{House, Who, instance, moment};

const ADMINISTRATOR: Who = Who::Person(Role::Administrator);

/// Words that stand in every second English sentence and in no German one.
const ENGLISH: [&str; 17] = [
    "the", "and", "it", "its", "is", "are", "of", "to", "that", "with", "check", "password", "refused", "refuses",
    "again", "mailbox", "sign-in",
];

/// The text of a page, without its marks and without what is quoted.
fn text(page: &str) -> String {
    let mut text = String::new();
    let (mut mark, mut quoted) = (false, false);
    for c in page.split_once("<main").map_or(page, |(_, main)| main).chars() {
        match c {
            '<' => mark = true,
            '>' if mark => {
                mark = false;
                text.push(' ');
            }
            '„' => quoted = true,
            '“' => quoted = false,
            c if !mark && !quoted => text.push(c),
            _ => {}
        }
    }
    text
}

/// That there is no English in it.
fn is_german(page: &str) {
    let text = text(page);
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    let english: Vec<&str> = words.filter(|word| ENGLISH.contains(&word.to_lowercase().as_str())).collect();
    assert!(english.is_empty(), "{english:?} in {text}");
}

/// A request of somebody's whose browser speaks German.
async fn ask(house: &House, method: &str, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = house.request(ADMINISTRATOR, method, path).await;
    if !form.is_empty() {
        request = request.form(form);
    }
    let mut request = request.build().unwrap();
    request.headers_mut().insert(header::ACCEPT_LANGUAGE, "de".parse().unwrap());
    let answer = house.client.execute(request).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

async fn simulator() -> Simulator {
    Simulator::start(SimConfig { users: 2, calendars: Calendars::Empty, ..SimConfig::default() }).await.unwrap()
}

/// The instance with an Exchange Server in place of Microsoft Graph.
fn on_a_server(simulator: &Simulator) -> (String, Secrets) {
    let (text, mut secrets) = instance(simulator);
    let ready = simulator.ready();
    let (head, rest) = text.split_once("[instance.graph]").unwrap();
    let (_, rest) = rest.split_once("[instance.starface]").unwrap();
    let ews = format!(
        "[instance.ews]\nurl = \"{}\"\nauth = \"basic\"\nuser = '{}'\npassword = {{ stored = true }}\npoll = \"1s\"\n",
        ready.ews, ready.ews_user
    );
    secrets.remove("graph.client_secret");
    secrets.insert("ews.password".to_owned(), Secret::new(ready.ews_password.clone()));
    (format!("{head}{ews}[instance.starface]{rest}"), secrets)
}

/// A house whose only instance has a wrong secret, and is shown to be in trouble.
async fn with_wrong_secret((text, mut secrets): (String, Secrets), place: &str) -> House {
    let house = House::new().await;
    secrets.insert(place.to_owned(), Secret::new("falsch falsch"));
    let written = read_file(&text).unwrap().remove(0);
    house.service.save(None, &written, &secrets).await.unwrap();
    let began = Instant::now();
    while !ask(&house, "GET", "/health", &[]).await.1.contains("Die Anmeldung wird abgelehnt")
        && !ask(&house, "GET", "/health", &[]).await.1.contains("lehnt die Anmeldung ab")
    {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", ask(&house, "GET", "/health", &[]).await.1);
        moment().await;
    }
    house
}

/// What a page says after the connection was tried on it, with this form.
async fn tried(house: &House, path: &str, form: &[(&str, &str)]) -> String {
    let form: Vec<_> = form.iter().copied().chain([("action", "test")]).collect();
    let (status, page) = ask(house, "POST", path, &form).await;
    assert!(status.is_redirection(), "{status} {page}");
    ask(house, "GET", path, &[]).await.1
}

fn tells(page: &str, told: &[&str]) {
    for told in told {
        assert!(page.contains(told), "{told}: {page}");
    }
    is_german(page);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_secret_is_told_in_german() {
    let simulator = simulator().await;
    let house = with_wrong_secret(instance(&simulator), "graph.client_secret").await;
    let told = [
        "Die Anmeldung wird abgelehnt („AADSTS7000215",
        "den Wert des geheimen Clientschlüssels ein (nicht seine ID).",
    ];
    tells(&ask(&house, "GET", "/health", &[]).await.1, &told);
    let ready = simulator.ready();
    let form = [
        ("graph", "on"),
        ("graph.tenant", &*ready.tenant),
        ("graph.client_id", &*ready.client_id),
        ("graph.endpoint", &*ready.graph),
        ("graph.login", &*ready.login),
        ("graph.poll", "1s"),
    ];
    tells(&tried(&house, "/instances/Zentrale/graph", &form).await, &told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_password_of_an_exchange_server_is_told_in_german() {
    let simulator = simulator().await;
    let house = with_wrong_secret(on_a_server(&simulator), "ews.password").await;
    let told =
        ["Der Server lehnt die Anmeldung ab (Status 401)", "Prüfen Sie Benutzer, Kennwort und Anmeldeart (`auth`);"];
    tells(&ask(&house, "GET", "/health", &[]).await.1, &told);
    let ready = simulator.ready();
    let form = [
        ("ews", "on"),
        ("ews.url", &*ready.ews),
        ("ews.auth", "basic"),
        ("ews.user", &*ready.ews_user),
        ("ews.access", "folder"),
        ("ews.poll", "1s"),
    ];
    tells(&tried(&house, "/instances/Zentrale/exchange", &form).await, &told);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_wrongly_is_told_in_german() {
    let simulator = simulator().await;
    let house = House::new().await;
    let (text, secrets) = instance(&simulator);
    house.service.save(None, &read_file(&text).unwrap().remove(0), &secrets).await.unwrap();
    let ready = simulator.ready();
    let good = [
        ("graph", "on"),
        ("graph.tenant", &*ready.tenant),
        ("graph.client_id", &*ready.client_id),
        ("graph.endpoint", &*ready.graph),
        ("graph.login", "https://login.example.com"),
        ("graph.poll", "1s"),
        ("graph.client_secret", &*ready.client_secret),
    ];
    for (key, value, told) in [
        // A secret that was typed once stays typed.
        ("graph.client_secret", "", "Es wurde für einen anderen Server eingegeben"),
        ("graph.tenant", "a/../b", "Erwartet wird die ID des Mandanten (eine GUID) oder eine seiner Domänen."),
        ("graph.endpoint", "http://graph.example.com", "Sie beginnt mit http://: nehmen Sie https://"),
        ("graph.poll", "never", "(„never“)"),
        ("graph.trust", "pin", "Ein Fingerabdruck beginnt mit „sha256:“."),
        ("sources", "anna = graph", "Erwartet wird eine Mailadresse wie anna@example.com."),
    ] {
        let mut form: Vec<_> = good.iter().copied().filter(|(known, _)| *known != key).collect();
        form.extend([(key, value), ("action", "test")]);
        let (status, page) = ask(&house, "POST", "/instances/Zentrale/graph", &form).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{key} {page}");
        tells(&page, &[told]);
    }
}
