//! Coming in, over real HTTP: the set-up, signing in and out, roles, guessing, requests from elsewhere.
#![allow(clippy::unwrap_used)]

use std::{net::SocketAddr, sync::Arc};

use busylamp_service::{Service, Settings, clock::Clock};
use busylamp_store::{Key, Store};
use busylamp_web::{Door, Listening, People, Site, TlsListener, Upkeep};
use jiff::tz::TimeZone;
use reqwest::{Client, Response, StatusCode, header, redirect::Policy};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

const PASSWORD: &str = "ein langes Kennwort";
const OTHER: &str = "noch ein langes Kennwort";

/// The pages, served to this machine.
struct House {
    url: String,
    set_up: Option<String>,
    store: Store,
    client: Client,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl House {
    /// A house in which nobody lives yet.
    async fn new() -> Self {
        install_provider();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("busylamp.db"), &Key::random().unwrap()).await.unwrap();
        let people = People::new(store.clone(), Clock::Wall).await.unwrap();
        let set_up = people.set_up_path();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = Settings { store: Arc::new(store.clone()), clock: Clock::Wall };
        let service = Arc::new(Service::start(settings).await.unwrap());
        let board = service.board();
        let door = Door::Guarded(people);
        let site = Site { service, board, zone: TimeZone::UTC, note: None, door, upkeep: Upkeep::default() };
        let task = tokio::spawn(async move {
            busylamp_web::serve(Listening::Plain(listener), site, std::future::pending()).await.unwrap();
        });
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        Self { url, set_up, store, client, task, _folder: folder }
    }

    /// A house with the administrator `anna`, and her cookie.
    async fn with_anna() -> (Self, String) {
        let house = Self::new().await;
        let path = house.set_up.clone().unwrap();
        let answer = house.post(&path, None, &[("name", "anna"), ("password", PASSWORD)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = cookie(&answer).unwrap();
        (house, cookie)
    }

    async fn get(&self, path: &str, cookie: Option<&str>) -> Response {
        let request = self.client.get(format!("{}{path}", self.url)).header(header::ACCEPT, "text/html");
        let request = request.header(header::ACCEPT_LANGUAGE, "en");
        cookie.into_iter().fold(request, |request, cookie| request.header(header::COOKIE, cookie)).send().await.unwrap()
    }

    async fn post(&self, path: &str, cookie: Option<&str>, form: &[(&str, &str)]) -> Response {
        let request = self.client.post(format!("{}{path}", self.url)).form(form);
        let request = request.header(header::ACCEPT_LANGUAGE, "en").header("sec-fetch-site", "same-origin");
        cookie.into_iter().fold(request, |request, cookie| request.header(header::COOKIE, cookie)).send().await.unwrap()
    }

    async fn sign_in(&self, name: &str, password: &str) -> Response {
        self.post("/login", None, &[("name", name), ("password", password)]).await
    }
}

/// For reqwest; a second call changes nothing.
fn install_provider() {
    let _there_already = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// What a browser would send back.
fn cookie(answer: &Response) -> Option<String> {
    let set = answer.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    Some(set.split(';').next().unwrap().to_owned())
}

fn location(answer: &Response) -> &str {
    answer.headers().get(header::LOCATION).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn an_empty_house_is_set_up_once_by_the_address_that_was_printed() {
    let house = House::new().await;
    let path = house.set_up.clone().unwrap();
    let hint = house.get("/login", None).await.text().await.unwrap();
    assert!(hint.contains("Not set up yet"), "{hint}");
    assert_eq!(house.get("/setup/guessed", None).await.status(), StatusCode::NOT_FOUND);
    assert!(house.get(&path, None).await.text().await.unwrap().contains("Set up Busylamp"));

    let short = house.post(&path, None, &[("name", "anna"), ("password", "kurz")]).await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let done = house.post(&path, None, &[("name", "anna"), ("password", PASSWORD)]).await;
    assert_eq!((done.status(), location(&done)), (StatusCode::SEE_OTHER, "/wizard"));
    let cookie = cookie(&done).unwrap();
    assert_eq!(house.get("/", Some(&cookie)).await.status(), StatusCode::OK);

    let again = house.post(&path, None, &[("name", "mallory"), ("password", PASSWORD)]).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    assert_eq!(house.store.people().await.unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_looks_without_signing_in_and_everybody_comes_back_to_where_they_wanted() {
    let (house, _) = House::with_anna().await;
    for path in ["/", "/people", "/audit", "/account"] {
        let answer = house.get(path, None).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        assert!(location(&answer).starts_with("/login"), "{path}");
    }
    let stream = house.client.get(format!("{}/lamps", house.url)).send().await.unwrap();
    assert_eq!(stream.status(), StatusCode::UNAUTHORIZED);
    let forged = format!("__Host-busylamp={}", "A".repeat(43));
    assert_eq!(house.get("/", Some(&forged)).await.status(), StatusCode::SEE_OTHER);

    let to = location(&house.get("/people", None).await).to_owned();
    let answer = house.post(&to, None, &[("name", "ANNA"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "/people"));
    let elsewhere = house.post("/login?to=//evil.example", None, &[("name", "anna"), ("password", PASSWORD)]).await;
    assert_eq!(location(&elsewhere), "/");
}

#[tokio::test]
async fn signing_out_and_another_password_end_sessions() {
    let (house, first) = House::with_anna().await;
    let second = cookie(&house.sign_in("anna", PASSWORD).await).unwrap();
    assert_eq!(house.post("/logout", Some(&second), &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.get("/", Some(&second)).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.get("/", Some(&first)).await.status(), StatusCode::OK);

    let wrong = [("current", "falsch"), ("password", OTHER)];
    assert_eq!(house.post("/account/password", Some(&first), &wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("current", PASSWORD), ("password", OTHER)];
    assert_eq!(house.post("/account/password", Some(&first), &right).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.get("/", Some(&first)).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.sign_in("anna", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(house.sign_in("anna", OTHER).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn viewers_look_and_administrators_change() {
    let (house, anna) = House::with_anna().await;
    let bert = [("name", "bert"), ("password", OTHER), ("role", "viewer")];
    assert_eq!(house.post("/people", Some(&anna), &bert).await.status(), StatusCode::SEE_OTHER);
    let twice = house.post("/people", Some(&anna), &bert).await;
    assert!(twice.text().await.unwrap().contains("This name is taken"));

    let viewer = cookie(&house.sign_in("bert", OTHER).await).unwrap();
    assert_eq!(house.get("/", Some(&viewer)).await.status(), StatusCode::OK);
    for path in ["/people", "/audit"] {
        assert_eq!(house.get(path, Some(&viewer)).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let people = house.store.people().await.unwrap();
    let id = |name: &str| people.iter().find(|person| person.name == name).unwrap().id;
    for (path, form) in [
        (format!("/people/{}/role", id("bert")), vec![("role", "administrator")]),
        (format!("/people/{}/password", id("anna")), vec![("password", OTHER)]),
        (format!("/people/{}/remove", id("anna")), vec![]),
        ("/people".to_owned(), vec![("name", "x"), ("password", OTHER), ("role", "administrator")]),
    ] {
        let answer = house.post(&path, Some(&viewer), &form).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(house.store.people().await.unwrap(), people);

    let last = house.post(&format!("/people/{}/remove", id("anna")), Some(&anna), &[]).await;
    assert!(last.text().await.unwrap().contains("last administrator"));
    house.post(&format!("/people/{}/remove", id("bert")), Some(&anna), &[]).await;
    assert_eq!(house.get("/", Some(&viewer)).await.status(), StatusCode::SEE_OTHER);
    let trail = house.get("/audit", Some(&anna)).await.text().await.unwrap();
    for done in ["Set up Busylamp", "Added a person", "Removed a person"] {
        assert!(trail.contains(done), "{trail}");
    }
}

#[tokio::test]
async fn who_guesses_has_to_wait_and_learns_no_names() {
    let (house, _) = House::with_anna().await;
    let unknown = house.sign_in("nobody", PASSWORD).await.text().await.unwrap();
    let wrong = house.sign_in("anna", "falsch falsch").await.text().await.unwrap();
    assert_eq!(unknown.replace("nobody", "anna"), wrong);
    for _ in 0..3 {
        house.sign_in("anna", "falsch falsch").await;
    }
    let refused = house.sign_in("anna", PASSWORD).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u32 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=31).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn many_may_come_in_from_one_address() {
    let (house, _) = House::with_anna().await;
    for _ in 0..8 {
        assert_eq!(house.sign_in("anna", PASSWORD).await.status(), StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn who_is_signed_in_guesses_the_own_password_no_faster() {
    let (house, anna) = House::with_anna().await;
    let wrong = [("current", "falsch falsch"), ("password", OTHER)];
    for _ in 0..5 {
        let answer = house.post("/account/password", Some(&anna), &wrong).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let right = [("current", PASSWORD), ("password", OTHER)];
    let answer = house.post("/account/password", Some(&anna), &right).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.text().await.unwrap().contains("Please try again in"));
}

#[tokio::test]
async fn forms_from_other_sites_are_refused() {
    let (house, anna) = House::with_anna().await;
    let send = async |name: &'static str, value: &str| {
        let request = house.client.post(format!("{}/logout", house.url)).header(header::COOKIE, &anna);
        request.header(name, value).send().await.unwrap().status()
    };
    assert_eq!(send("sec-fetch-site", "cross-site").await, StatusCode::FORBIDDEN);
    assert_eq!(send("sec-fetch-site", "same-site").await, StatusCode::FORBIDDEN);
    assert_eq!(send("origin", "https://evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(send("origin", "null").await, StatusCode::FORBIDDEN);
    assert_eq!(house.get("/", Some(&anna)).await.status(), StatusCode::OK);
    assert_eq!(send("origin", &house.url).await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_what_people_typed_is_escaped() {
    let (house, anna) = House::with_anna().await;
    let huge = "x".repeat(10 << 20);
    let answer = house.client.post(format!("{}/login", house.url)).form(&[("name", "anna"), ("password", &huge)]);
    // The connection may be closed before all is sent.
    let answer = answer.send().await.map(|answer| answer.status());
    assert!(answer.map_or(true, |status| status == StatusCode::PAYLOAD_TOO_LARGE));

    let markup = [("name", "<img src=x>"), ("password", OTHER), ("role", "viewer")];
    house.post("/people", Some(&anna), &markup).await;
    let page = house.get("/people", Some(&anna)).await.text().await.unwrap();
    assert!(page.contains("img src=x") && !page.contains("<img src=x"), "{page}");
    let name = house.sign_in("\"><script>", "falsch").await.text().await.unwrap();
    assert!(!name.contains("<script>"), "{name}");
    let split = [("name", "x\r\nSet-Cookie: a=b"), ("password", OTHER), ("role", "viewer")];
    assert_eq!(house.post("/people", Some(&anna), &split).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn every_answer_is_shielded() {
    let (house, anna) = House::with_anna().await;
    for (path, cookie) in
        [("/login", None), ("/", Some(anna.as_str())), ("/nowhere", None), ("/assets/frame.css", None)]
    {
        let answer = house.get(path, cookie).await;
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(header("cache-control").as_deref(), Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn the_language_is_the_browsers_until_somebody_chooses() {
    let (house, anna) = House::with_anna().await;
    assert!(house.get("/account", Some(&anna)).await.text().await.unwrap().contains("My settings"));
    house.post("/account", Some(&anna), &[("language", "de")]).await;
    assert!(house.get("/account", Some(&anna)).await.text().await.unwrap().contains("Eigene Einstellungen"));
    house.post("/account", Some(&anna), &[("language", "")]).await;
    assert!(house.get("/account", Some(&anna)).await.text().await.unwrap().contains("My settings"));
}

#[tokio::test]
async fn the_pages_are_served_over_https_with_a_certificate_from_files() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsListener::new(listener, &certificate, &key, provider).unwrap();
    let store = Store::open(&folder.path().join("busylamp.db"), &Key::random().unwrap()).await.unwrap();
    let service = Arc::new(Service::start(Settings { store: Arc::new(store), clock: Clock::Wall }).await.unwrap());
    let board = service.board();
    let (door, upkeep) = (Door::Open, Upkeep::default());
    let site = Site { service, board, zone: TimeZone::UTC, note: None, door, upkeep };
    let task = tokio::spawn(busylamp_web::serve(Listening::Tls(tls), site, std::future::pending()));

    // Somebody who connects and says nothing holds up nobody.
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();
    let authority = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client =
        Client::builder().tls_certs_only([authority]).resolve("localhost", address).no_proxy().build().unwrap();
    let answer = client.get(format!("https://localhost:{}/", address.port())).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    task.abort();

    let wrong = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let error =
        TlsListener::new(wrong, &key, &key, Arc::new(rustls::crypto::aws_lc_rs::default_provider())).err().unwrap();
    assert!(error.to_string().contains("certificate"), "{error}");
}
