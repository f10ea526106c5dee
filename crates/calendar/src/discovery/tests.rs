//! Walks over scripted servers: who was asked, in which order, and who got the password.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use busylamp_core::ids::MailAddress;
use busylamp_net::{
    http::{Delivery, HttpError, HttpErrorKind, Transport},
    trust::Fingerprint,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Method as Verb, Request, Response, header::LOCATION};
use proptest::prelude::*;
use rustls_pki_types::CertificateDer;
use url::Url;

use super::*;

/// What a scripted server answers to a path, with and without the password.
#[derive(Clone, Debug)]
enum Say {
    Status(u16),
    Leads(String),
    Body(String),
    Refused,
    /// 401 without the password, this with it.
    Inside(Box<Say>),
}

/// A request that was sent: whether signed in, verb, and address.
type Sent = (bool, Verb, String);

/// Servers by address without query; all others can't be reached.
#[derive(Clone, Default)]
struct World {
    says: Arc<BTreeMap<String, Say>>,
    sent: Arc<Mutex<Vec<Sent>>>,
    no_password: bool,
}

impl World {
    fn new(says: &[(&str, Say)]) -> Self {
        let says = says.iter().map(|(url, say)| ((*url).to_owned(), say.clone())).collect();
        Self { says: Arc::new(says), ..Self::default() }
    }

    async fn find(&self, mailbox: &str, confirmed: &[&str]) -> Report {
        let confirmed = confirmed.iter().map(|host| (*host).to_owned()).collect();
        find(&MailAddress::parse(mailbox).unwrap(), &confirmed, self).await
    }

    /// Scheme, host and path of all requests; those with the password are marked.
    fn asked(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|(signed, _, url)| if *signed { format!("password to {url}") } else { url.clone() }).collect()
    }
}

fn bare(url: &str) -> String {
    url.split('?').next().unwrap().to_owned()
}

struct Way {
    world: World,
    signed_in: bool,
}

impl Transport for Way {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        let url = bare(&request.uri().to_string());
        self.world.sent.lock().unwrap().push((self.signed_in, request.method().clone(), url.clone()));
        assert!(!self.signed_in || request.uri().scheme_str() == Some("https"));
        // Without the password nobody learns more than the address.
        assert!(self.signed_in || request.body().is_empty());
        let mut say = self.world.says.get(&url).cloned().unwrap_or(Say::Refused);
        if let Say::Inside(inner) = say {
            say = if self.signed_in { *inner } else { Say::Status(401) };
        }
        let answer = match say {
            Say::Status(status) => Ok(Response::builder().status(status).body(Bytes::new()).unwrap()),
            Say::Leads(to) => Ok(Response::builder().status(302).header(LOCATION, to).body(Bytes::new()).unwrap()),
            Say::Body(body) => Ok(Response::new(Bytes::from(body))),
            Say::Refused | Say::Inside(_) => {
                Err(HttpError::new("host", HttpErrorKind::ConnectRefused, Delivery::NotSent))
            }
        };
        Box::pin(std::future::ready(answer))
    }
}

#[async_trait]
impl Reach for World {
    fn anonymous(&self, _: &Url) -> Result<Arc<dyn Transport>, String> {
        Ok(Arc::new(Way { world: self.clone(), signed_in: false }))
    }

    fn signed_in(&self, server: &Url) -> Option<Result<Arc<dyn Transport>, String>> {
        assert_eq!(server.scheme(), "https");
        (!self.no_password).then(|| Ok(Arc::new(Way { world: self.clone(), signed_in: true }) as Arc<dyn Transport>))
    }

    async fn fingerprint(&self, server: &Url) -> Option<Fingerprint> {
        Some(of(server.host_str()?))
    }
}

/// A host's certificate.
fn of(host: &str) -> Fingerprint {
    Fingerprint::of(&CertificateDer::from(host.as_bytes().to_vec()))
}

const EWS: &str = "https://mail.example.com/EWS/Exchange.asmx";
const DOMAIN_V2: &str = "https://example.com/autodiscover/autodiscover.json/v1.0/anna@example.com";
const AUTO_V2: &str = "https://autodiscover.example.com/autodiscover/autodiscover.json/v1.0/anna@example.com";
const MAIL_V2: &str = "https://mail.example.com/autodiscover/autodiscover.json/v1.0/anna@example.com";
const DOMAIN_POX: &str = "https://example.com/autodiscover/autodiscover.xml";
const AUTO_POX: &str = "https://autodiscover.example.com/autodiscover/autodiscover.xml";
const MAIL_POX: &str = "https://mail.example.com/autodiscover/autodiscover.xml";
const PLAIN: &str = "http://autodiscover.example.com/autodiscover/autodiscover.xml";

fn v2(url: &str) -> Say {
    Say::Body(format!(r#"{{"Protocol":"EWS","Url":"{url}"}}"#))
}

fn pox(account: &str) -> Say {
    Say::Inside(Box::new(Say::Body(format!(
        r#"<Autodiscover xmlns="a"><Response xmlns="b"><Account>{account}</Account></Response></Autodiscover>"#
    ))))
}

fn settings(url: &str) -> Say {
    pox(&format!("<Action>settings</Action><Protocol><Type>EXCH</Type><EwsUrl>{url}</EwsUrl></Protocol>"))
}

fn server_at(report: &Report) -> (&str, Place, &str) {
    let found = report.found.as_ref().unwrap_or_else(|| panic!("{report:#?}"));
    (found.url.as_str(), found.place, &found.said_by)
}

#[tokio::test]
async fn version_2_at_the_domain_is_asked_first_and_is_enough() {
    let world = World::new(&[(DOMAIN_V2, v2(EWS))]);
    let report = world.find("anna@example.com", &["mail.example.com"]).await;
    assert_eq!(server_at(&report), (EWS, Place::Server, "example.com"));
    assert!(report.confirm.is_empty());
    // The confirmed host comes first; it isn't there.
    assert_eq!(world.asked(), [MAIL_V2, DOMAIN_V2]);
}

#[tokio::test]
async fn a_401_or_a_404_at_one_place_is_not_final() {
    for status in [401, 404, 503] {
        let world = World::new(&[(DOMAIN_V2, Say::Status(status)), (AUTO_V2, v2(EWS))]);
        let report = world.find("anna@example.com", &[]).await;
        assert_eq!(server_at(&report), (EWS, Place::Server, "autodiscover.example.com"));
        assert_eq!(world.asked(), [DOMAIN_V2, AUTO_V2]);
        assert!(report.tried[0].to_string().contains(&status.to_string()), "{}", report.tried[0]);
    }
}

#[tokio::test]
async fn a_mailbox_in_the_cloud_is_told_as_such() {
    let online = "https://outlook.office365.com/EWS/Exchange.asmx";
    let by_document = World::new(&[(DOMAIN_V2, Say::Status(404)), (AUTO_V2, v2(online))]);
    let by_v2 = World::new(&[(AUTO_V2, Say::Leads("https://autodiscover-s.outlook.com/x".into()))]);
    let by_http =
        World::new(&[(PLAIN, Say::Leads("https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml".into()))]);
    let by_url = World::new(&[
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, pox("<Action>redirectUrl</Action><RedirectUrl>https://autodiscover-s.outlook.com/x</RedirectUrl>")),
    ]);
    let by_address = World::new(&[
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, pox("<Action>redirectAddr</Action><RedirectAddr>anna@firm.mail.onmicrosoft.com</RedirectAddr>")),
    ]);
    for world in [by_document, by_v2, by_http, by_url, by_address] {
        let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
        let (url, place, _) = server_at(&report);
        assert_eq!((url, place), (online, Place::Online));
        assert!(place.advice().contains("2027-04-01") && place.advice().contains("Graph"));
        assert!(!world.asked().iter().any(|url| url.contains("outlook")), "{:?}", world.asked());
    }
}

#[tokio::test]
async fn no_password_goes_to_a_host_that_was_not_confirmed() {
    let world = World::new(&[
        (DOMAIN_V2, Say::Status(404)),
        (DOMAIN_POX, Say::Status(404)),
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, settings(EWS)),
    ]);
    let report = world.find("anna@example.com", &["other.example.com"]).await;
    assert_eq!(report.found, None);
    let host = "autodiscover.example.com".to_owned();
    let expected = Confirm { host: host.clone(), fingerprint: Some(of(&host)), learned: Learned::Candidate };
    assert_eq!(report.confirm, [expected]);
    assert!(report.confirm[0].to_string().contains(&of(&host).to_string()));
    assert!(!world.asked().iter().any(|url| url.starts_with("password")), "{:?}", world.asked());

    let report = world.find("anna@example.com", &["AutoDiscover.Example.com"]).await;
    assert_eq!(server_at(&report), (EWS, Place::Server, "autodiscover.example.com"));
    assert!(report.confirm.is_empty());
    let passwords: Vec<_> = world.asked().into_iter().filter(|url| url.starts_with("password")).collect();
    assert_eq!(passwords, [format!("password to {AUTO_POX}")]);
}

#[tokio::test]
async fn a_confirmed_host_without_a_password_is_told_so() {
    let mut world = World::new(&[(AUTO_V2, Say::Status(404)), (AUTO_POX, settings(EWS))]);
    world.no_password = true;
    let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
    assert!(report.confirm.is_empty());
    assert!(report.tried.iter().any(|tried| tried.said.contains("give a user and a password")), "{report:#?}");
}

#[tokio::test]
async fn what_plain_http_says_is_a_hint_and_nothing_is_asked_there() {
    let world = World::new(&[(PLAIN, Say::Leads(MAIL_POX.into())), (MAIL_V2, v2(EWS)), (MAIL_POX, settings(EWS))]);
    let report = world.find("anna@example.com", &[]).await;
    assert_eq!(report.found, None);
    assert_eq!(report.confirm.len(), 1);
    assert_eq!(
        (report.confirm[0].host.as_str(), &report.confirm[0].learned),
        ("mail.example.com", &Learned::PlainHttp)
    );
    assert!(!world.asked().iter().any(|url| url.contains("mail.example.com")), "{:?}", world.asked());

    let report = world.find("anna@example.com", &["mail.example.com"]).await;
    assert_eq!(server_at(&report), (EWS, Place::Server, "mail.example.com"));
}

#[tokio::test]
async fn a_redirection_is_followed_without_the_password_wherever_it_leads() {
    let world = World::new(&[
        (DOMAIN_V2, Say::Leads("https://web.foreign.example/a".into())),
        ("https://web.foreign.example/a", Say::Status(200)),
        (AUTO_V2, Say::Leads("/elsewhere".into())),
        ("https://autodiscover.example.com/elsewhere", v2(EWS)),
    ]);
    let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
    assert_eq!(server_at(&report), (EWS, Place::Server, "autodiscover.example.com"));
    assert!(!world.asked().iter().any(|url| url.starts_with("password")));

    let world = World::new(&[
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, Say::Leads("https://evil.example/autodiscover/autodiscover.xml".into())),
        ("https://evil.example/autodiscover/autodiscover.xml", settings("https://evil.example/EWS/Exchange.asmx")),
    ]);
    let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
    assert_eq!(report.found, None);
    let learned = Learned::Redirect { from: "autodiscover.example.com".into() };
    assert_eq!((report.confirm[0].host.as_str(), &report.confirm[0].learned), ("evil.example", &learned));
    assert!(!world.asked().contains(&"password to https://evil.example/autodiscover/autodiscover.xml".to_owned()));
}

#[tokio::test]
async fn a_document_that_leads_elsewhere_does_not_take_the_password_along() {
    let document =
        "<Action>redirectUrl</Action><RedirectUrl>https://mail.example.com/autodiscover/autodiscover.xml</RedirectUrl>";
    let world = World::new(&[
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, pox(document)),
        (MAIL_V2, Say::Status(404)),
        (MAIL_POX, settings(EWS)),
    ]);
    let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
    assert_eq!(report.confirm[0].host, "mail.example.com");
    let passwords = |world: &World| world.asked().into_iter().filter(|url| url.starts_with("password")).count();
    assert_eq!(passwords(&world), 1);
    let report = world.find("anna@example.com", &["autodiscover.example.com", "mail.example.com"]).await;
    assert_eq!(server_at(&report), (EWS, Place::Server, "mail.example.com"));
}

#[tokio::test]
async fn nothing_leads_down_to_plain_http_or_to_a_strange_address() {
    for to in [
        "http://autodiscover.example.com/x",
        "ftp://x/",
        "https://anna:secret@mail.example.com/",
        "javascript:alert(1)",
        "https://",
        "//[::",
    ] {
        let document = format!("<Action>redirectUrl</Action><RedirectUrl>{to}</RedirectUrl>");
        let world = World::new(&[
            (DOMAIN_V2, Say::Leads(to.into())),
            (AUTO_V2, v2(to)),
            (PLAIN, Say::Leads(to.into())),
            (DOMAIN_POX, Say::Leads(to.into())),
            (AUTO_POX, pox(&document)),
        ]);
        let report = world.find("anna@example.com", &["example.com", "autodiscover.example.com"]).await;
        assert_eq!(report.found, None, "{to}");
        assert!(report.confirm.is_empty(), "{to}: {:?}", report.confirm);
        let expected = [DOMAIN_V2, AUTO_V2, PLAIN, DOMAIN_POX, AUTO_POX];
        let asked: BTreeSet<_> = world.asked().into_iter().map(|url| url.replace("password to ", "")).collect();
        assert_eq!(asked, expected.map(str::to_owned).into(), "{to}");
    }
}

#[tokio::test]
async fn answers_that_lead_in_a_circle_come_to_an_end() {
    let itself = World::new(&[(DOMAIN_V2, Say::Leads(DOMAIN_V2.into())), (AUTO_V2, v2(EWS))]);
    let report = itself.find("anna@example.com", &[]).await;
    assert_eq!(server_at(&report), (EWS, Place::Server, "autodiscover.example.com"));
    assert!(report.tried.iter().any(|tried| tried.said.contains("circle")), "{report:#?}");

    let to_and_fro = World::new(&[
        (AUTO_V2, Say::Leads("https://a.example/b".into())),
        ("https://a.example/b", Say::Leads(AUTO_V2.into())),
    ]);
    let report = to_and_fro.find("anna@example.com", &[]).await;
    assert_eq!(report.found, None);
    // Once as we ask, and once as the circle leads back.
    let turns = to_and_fro.asked().iter().filter(|url| *url == AUTO_V2 || url.contains("a.example")).count();
    assert_eq!(turns, 3);
}

#[tokio::test]
async fn five_redirections_are_followed_and_no_sixth() {
    for (length, arrives) in [(5, true), (6, false)] {
        let names: Vec<String> = (1..=length).map(|n| format!("https://h{n}.example/x")).collect();
        let mut says: Vec<(&str, Say)> = vec![(DOMAIN_V2, Say::Leads(names[0].clone()))];
        for pair in names.windows(2) {
            says.push((&pair[0], Say::Leads(pair[1].clone())));
        }
        says.push((&names[length - 1], v2(EWS)));
        let world = World::new(&says);
        let report = world.find("anna@example.com", &[]).await;
        assert_eq!(report.found.is_some(), arrives, "{report:#?}");
        let followed = world.asked().iter().filter(|url| url.contains("https://h")).count();
        assert_eq!(followed, 5);
    }
}

#[tokio::test]
async fn another_address_is_looked_for_in_its_own_domain() {
    let other = "https://autodiscover.other.example/autodiscover/autodiscover.json/v1.0/a.meier@other.example";
    let world = World::new(&[
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, pox("<Action>redirectAddr</Action><RedirectAddr>A.Meier@other.example</RedirectAddr>")),
        (other, v2("https://mail.other.example/EWS/Exchange.asmx")),
    ]);
    let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
    let found = report.found.unwrap();
    assert_eq!(found.url.as_str(), "https://mail.other.example/EWS/Exchange.asmx");
    assert_eq!(found.mailbox.as_str(), "a.meier@other.example");
}

#[tokio::test]
async fn addresses_that_stand_for_each_other_come_to_an_end() {
    let world = World::new(&[
        (AUTO_V2, Say::Status(404)),
        (AUTO_POX, pox("<Action>redirectAddr</Action><RedirectAddr>anna@example.com</RedirectAddr>")),
    ]);
    let report = world.find("anna@example.com", &["autodiscover.example.com"]).await;
    assert_eq!(report.found, None);
    assert!(world.asked().len() <= 8, "{:?}", world.asked());
}

#[tokio::test]
async fn a_password_that_two_hosts_refuse_is_shown_to_no_third() {
    let hosts = ["a.example", "b.example", "c.example", "example.com"];
    let refuse =
        |host: &str| (format!("https://{host}/autodiscover/autodiscover.xml"), Say::Inside(Box::new(Say::Status(401))));
    let says: Vec<_> = hosts.iter().map(|host| refuse(host)).collect();
    let says: Vec<_> = says.iter().map(|(url, say)| (url.as_str(), say.clone())).collect();
    let mut world = World::new(&says);
    let found = |world: &World| {
        let mut says = (*world.says).clone();
        for host in hosts {
            says.insert(
                format!("https://{host}/autodiscover/autodiscover.json/v1.0/anna@example.com"),
                Say::Status(404),
            );
        }
        says
    };
    world.says = Arc::new(found(&world));
    let report = world.find("anna@example.com", &hosts).await;
    assert_eq!(report.found, None);
    let passwords: Vec<_> = world.asked().into_iter().filter(|url| url.starts_with("password")).collect();
    assert_eq!(passwords.len(), 2, "{passwords:?}");
    assert!(report.tried.last().unwrap().said.contains("refused too often"), "{report:#?}");
}

#[tokio::test]
async fn a_host_that_can_not_be_reached_is_waited_for_once() {
    let world = World::new(&[]);
    let report = world.find("anna@example.com", &["example.com"]).await;
    assert_eq!(world.asked(), [DOMAIN_V2, AUTO_V2, PLAIN]);
    assert_eq!(report.tried.len(), 3);
    assert!(report.tried[0].said.contains("refused"), "{}", report.tried[0]);
}

#[tokio::test]
async fn what_is_no_address_asks_nobody() {
    for address in
        ["anna", "anna@", "anna@a/b", "anna@user:secret@", "anna@a?b#c", "anna@a b", "@", "anna@%65vil.example"]
    {
        let world = World::new(&[]);
        let report = world.find(address, &[]).await;
        assert!(world.asked().is_empty(), "{address}: {:?}", world.asked());
        assert!(report.tried[0].said.contains("check the mail address"), "{report:?}");
    }
}

#[tokio::test]
async fn garbage_is_told_as_such() {
    let world = World::new(&[
        (DOMAIN_V2, Say::Body("<html>".into())),
        (AUTO_V2, Say::Body(r#"{"ErrorCode":"UserNotFound"}"#.into())),
        (PLAIN, Say::Body("x".into())),
        (DOMAIN_POX, Say::Inside(Box::new(Say::Body("{}".into())))),
        (
            AUTO_POX,
            Say::Inside(Box::new(Say::Body(
                "<Autodiscover><Response><Error><ErrorCode>601</ErrorCode></Error></Response></Autodiscover>".into(),
            ))),
        ),
    ]);
    let report = world.find("anna@example.com", &["example.com", "autodiscover.example.com"]).await;
    let said: Vec<_> = report.tried.iter().map(|tried| tried.said.as_str()).collect();
    assert_eq!(
        said,
        [
            // The confirmed hosts come in the order of their names.
            "it has no server for this address (UserNotFound)",
            "the answer is no document of Autodiscover",
            "200 OK",
            "it has no server for this address (error 601)",
            "the answer is no document of Autodiscover",
        ]
    );
}

const PLACES: [&str; 9] =
    [DOMAIN_V2, AUTO_V2, MAIL_V2, DOMAIN_POX, AUTO_POX, MAIL_POX, PLAIN, "https://x.example/1", "https://x.example/2"];

fn say() -> impl Strategy<Value = Say> {
    let target = || prop::sample::select(PLACES.to_vec()).prop_map(str::to_owned);
    let simple = prop_oneof![
        Just(Say::Status(404)),
        Just(Say::Status(401)),
        Just(Say::Refused),
        target().prop_map(Say::Leads),
        target().prop_map(|to| pox(&format!("<Action>redirectUrl</Action><RedirectUrl>{to}</RedirectUrl>"))),
        Just(pox("<Action>redirectAddr</Action><RedirectAddr>anna@x.example</RedirectAddr>")),
        Just(Say::Body("?".into())),
    ];
    prop_oneof![simple.clone(), simple.prop_map(|say| Say::Inside(Box::new(say)))]
}

proptest! {
    #[test]
    fn however_servers_answer_the_walk_is_short_and_keeps_the_password(
        says in prop::collection::vec(say(), PLACES.len()),
        confirmed in prop::sample::subsequence(vec!["example.com", "autodiscover.example.com", "x.example"], 0..3),
    ) {
        let says: Vec<_> = PLACES.into_iter().zip(says).collect();
        let world = World::new(&says);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(world.find("anna@example.com", &confirmed));
        let sent = world.sent.lock().unwrap();
        prop_assert!(sent.len() <= 24);
        let mut refused = 0;
        for (signed_in, verb, url) in sent.iter() {
            let host = Url::parse(url).unwrap().host_str().unwrap().to_owned();
            prop_assert!(!signed_in || confirmed.contains(&host.as_str()), "{url}");
            prop_assert_eq!(*verb == Verb::POST, *signed_in);
            if *signed_in {
                prop_assert!(refused < 2);
                let says = world.says.get(url);
                let no = |say: &Say| matches!(say, Say::Status(401));
                refused += usize::from(says.is_some_and(|say| no(say) || matches!(say, Say::Inside(inner) if no(inner))));
            }
        }
    }
}
