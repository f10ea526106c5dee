//! Nothing secret, and no text, is in any error, outcome, `Debug` or log.

use std::{
    fmt::Debug,
    io,
    sync::{Arc, Mutex},
};

use busylamp_core::{
    account::{Dimension, Presence, Value},
    secret::Secret,
};
use jiff::SignedDuration;
use tracing_subscriber::fmt::MakeWriter;

use super::{
    house::{House, config},
    script::Reply,
    world::{CLIENT_SECRET, DIRECTORY_PROOF, FAULT, KEY, PASSWORD},
};
use crate::Pbx;

/// Planted in what is configured, sent and answered.
const PLANTED: [&str; 9] =
    [PASSWORD, CLIENT_SECRET, KEY, "session-token", "nonce123", "6673bb19", "d67dc2ba", DIRECTORY_PROOF, "Falke"];

#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<u8>>>);

impl Shown {
    fn add(&self, shown: &impl Debug) {
        self.0.lock().unwrap().extend(format!("{shown:?}\n").into_bytes());
    }

    fn check(&self, when: &str) {
        let shown = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        assert!(!shown.is_empty());
        for planted in PLANTED {
            let line = shown.lines().find(|line| line.contains(planted));
            assert_eq!(line, None, "{when}: {planted}");
        }
    }
}

impl io::Write for Shown {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Shown {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that the driver does, and what it shows of it.
async fn everything(house: &House, shown: &Shown) {
    shown.add(&house.pbx.capabilities().await);
    shown.add(&house.pbx.directory("Kalender").await);
    shown.add(&house.pbx.survey_labels(&["7".into(), "8".into()].into()).await);
    shown.add(&house.pbx.read(&["7".into(), "99".into()]).await);
    for _ in 0..2 {
        shown.add(&house.pbx.changes(SignedDuration::ZERO).await);
    }
    let values = vec![
        (Dimension::Dnd, Value::Switch(true)),
        (Dimension::Diversion("ext-7".into()), Value::Switch(true)),
        (Dimension::Presence, Value::Presence(Presence::Away)),
        (Dimension::Text, Value::Text("Falke".into())),
        (Dimension::Label("8/k1".into()), Value::Text("Chefin · Falke".into())),
    ];
    shown.add(&house.write("7", values).await);
    for step in house.pbx.check("Kalender").await {
        shown.add(&step);
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_nothing_planted_is_shown() {
    let leaky = r#"{"token":"session-token","error":"geheim","message":"Falke bridge-key-0123456789-0123456789"}"#;
    let refusal = "v=1&ok=false&error=refused&message=Falke+geheim+bridge-key-0123456789-0123456789";
    let shown = Shown::default();
    let logs = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(shown.clone())
        .finish();
    let _logs = tracing::subscriber::set_default(logs);
    for oauth in [false, true] {
        for request in [
            "",
            "GET /rest/login",
            "POST /rest/login",
            "POST /auth/realms/pbx/oauth2/token",
            "GET /rest/users/me",
            "GET /rest/users",
            "GET /rest/groups",
            "GET /rest/groups/50",
            "GET /rest/phonenumbers",
            "GET /rest/redirects",
            "GET /rest/redirects/ext-7",
            "PUT /rest/redirects/ext-7",
            "GET /rest/functionkeysets",
            "GET /rest/functionkeysets/s8/",
            "GET /rest/functionkeysets/s8/edit/k1",
            "PUT /rest/functionkeysets/s8/k1",
            "GET /rest/functionkeysets/s8/phones",
            "PUT /rest/functionkeysets/s8/phone",
            "POST /xml-rpc",
        ] {
            for reply in [
                Reply::json(200, leaky),
                Reply::json(400, leaky),
                Reply::json(401, leaky),
                Reply::json(403, leaky),
                Reply::json(404, leaky),
                Reply::json(500, leaky),
                Reply::json(200, FAULT),
                Reply::json(200, "geheim Falke"),
                Reply::lines(refusal),
                Reply::lines("v=1&ok=true&cursor=Falke\naccount=Falke&dnd=Falke"),
                Reply::lines("v=1&ok=true&cursor=c\naccount=7&dnd=Falke&presence=Falke&text=Falke"),
                Reply::lines("v=1&ok=true&cursor=c\naccount=7&ok=false&error=Falke&message=Falke"),
                Reply::cut(),
            ] {
                let house = House::in_memory(|config| {
                    config.client_secret = oauth.then(|| Secret::new(CLIENT_SECRET));
                });
                house.script.login_type(if request.is_empty() { "ActiveDirectory" } else { "Internal" });
                house.script.always(request, reply.clone());
                everything(&house, &shown).await;
                // The trial asks for nothing else; what it says of what goes wrong is its own.
                if !oauth
                    && ["PUT /rest/redirects/ext-7", "PUT /rest/functionkeysets/s8/k1", "POST /xml-rpc"]
                        .contains(&request)
                {
                    shown.add(&house.pbx.trial(&"7".into()).await);
                }
                shown.check(&format!("{request} {reply:?}"));
                shown.0.lock().unwrap().clear();
            }
        }
    }
}

#[tokio::test]
async fn over_real_http_no_address_with_a_proof_is_shown() {
    let shown = Shown::default();
    let logs = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(shown.clone())
        .finish();
    let _logs = tracing::subscriber::set_default(logs);
    for oauth in [false, true] {
        let house = House::with(|config| config.client_secret = oauth.then(|| Secret::new(CLIENT_SECRET))).await;
        house.script.always("POST /xml-rpc", Reply::cut());
        everything(&house, &shown).await;
    }
    shown.check("cut");
}

#[test]
fn a_configuration_shows_nothing_of_its_secrets() {
    let shown = Shown::default();
    let mut config = config("https://pbx.example.com");
    config.client_secret = Some(Secret::new(CLIENT_SECRET));
    shown.add(&config);
    shown.check("configuration");
}
