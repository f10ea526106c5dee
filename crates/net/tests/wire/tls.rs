//! Whom our connections believe, and what they say when they don't.

use crate::server::{Authority, Identity, Server};
use ::http::{Request, Response};
use busylamp_net::{
    http::{Delivery, HttpClient, HttpError, HttpErrorKind, HttpSettings},
    retry::Class,
    trust::{Cause, Fingerprint, Pin, Trust},
};
use bytes::Bytes;
use http_body_util::Full;

fn hello(_path: &str) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(b"hello")))
}

async fn ask(identity: &Identity, host: &str, trust: Trust) -> Result<Bytes, HttpError> {
    let server = Server::start(identity, hello).await;
    let client = HttpClient::new(HttpSettings::new(trust)).unwrap();
    let request = Request::get(server.url(host, "/secret?token=abc")).body(Bytes::new()).unwrap();
    client.send(request).await.map(Response::into_body)
}

fn cause(result: Result<Bytes, HttpError>) -> (Cause, Fingerprint) {
    let error = result.unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.class(), Class::NeedsAdministrator);
    assert!(!error.to_string().contains("token"), "{error}");
    let HttpErrorKind::Certificate(untrusted) = error.kind else { panic!("not about the certificate: {error}") };
    (untrusted.cause, untrusted.seen)
}

fn authority_of(authority: &Authority) -> Trust {
    Trust::authority_pem(authority.pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_certificate_of_the_configured_authority_is_believed() {
    let authority = Authority::new();
    let identity = authority.issue("localhost", 2090);
    assert_eq!(ask(&identity, "localhost", authority_of(&authority)).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_and_its_fingerprint_is_shown() {
    let identity = Authority::new().issue("localhost", 2090);
    let (cause, seen) = cause(ask(&identity, "localhost", authority_of(&Authority::new())).await);
    assert_eq!(seen, Fingerprint::of(&identity.certificate));
    assert_eq!(cause, Cause::UnknownIssuer);
}

#[tokio::test]
async fn the_advice_names_the_fingerprint_that_can_be_pinned() {
    let identity = Authority::new().issue("localhost", 2090);
    let error = ask(&identity, "localhost", authority_of(&Authority::new())).await.unwrap_err();
    let fingerprint = Fingerprint::of(&identity.certificate).to_string();
    assert!(error.advice().to_string().contains(&fingerprint), "{}", error.advice());
    let pin: Pin = fingerprint.parse().unwrap();
    assert_eq!(ask(&identity, "localhost", Trust::Pin(pin)).await.unwrap(), "hello");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let identity = authority.issue("localhost", 2021);
    assert_eq!(cause(ask(&identity, "localhost", authority_of(&authority)).await).0, Cause::Expired);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let identity = authority.issue("pbx.example.com", 2090);
    let (cause, _) = cause(ask(&identity, "localhost", authority_of(&authority)).await);
    let Cause::WrongName { presented } = cause else { panic!("{cause:?}") };
    assert!(presented.iter().any(|name| name.contains("pbx.example.com")), "{presented:?}");
}

#[tokio::test]
async fn a_pinned_certificate_is_believed_whatever_its_name_and_dates() {
    let identity = Authority::new().issue("pbx.example.com", 2021);
    let pin = Pin::from(Fingerprint::of(&identity.certificate));
    assert_eq!(ask(&identity, "127.0.0.1", Trust::Pin(pin)).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_certificate_that_is_not_the_pinned_one_is_refused() {
    let authority = Authority::new();
    let (pinned, shown) = (authority.issue("localhost", 2090), authority.issue("localhost", 2090));
    let pin = Pin::from(Fingerprint::of(&pinned.certificate));
    let (cause, seen) = cause(ask(&shown, "localhost", Trust::Pin(pin)).await);
    assert_eq!((cause, seen), (Cause::NotPinned, Fingerprint::of(&shown.certificate)));
}

#[tokio::test]
async fn who_shows_the_pinned_certificate_without_its_key_is_refused() {
    let authority = Authority::new();
    let (pinned, thief) = (authority.issue("localhost", 2090), authority.issue("localhost", 2090));
    let pin = Pin::from(Fingerprint::of(&pinned.certificate));
    let stolen = pinned.with_key_of(&thief);
    let error = ask(&stolen, "localhost", Trust::Pin(pin)).await.unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::Tls(_)), "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[tokio::test]
async fn the_system_does_not_believe_a_private_authority() {
    let identity = Authority::new().issue("localhost", 2090);
    // A machine without any authorities can't build the client, which refuses as well.
    if Trust::System.client_config().is_err() {
        return;
    }
    assert_eq!(cause(ask(&identity, "localhost", Trust::System).await).0, Cause::UnknownIssuer);
}
