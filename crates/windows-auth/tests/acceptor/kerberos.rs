//! Kerberos against MIT's KDC and GSS-API.

use std::{fs, sync::Arc};

use busylamp_core::secret::Secret;
use busylamp_net::{
    connection::{BindingUse, SignInError, SignedClient},
    http::{Delivery, HttpError, HttpErrorKind, HttpSettings},
    retry::Class,
};
use busylamp_windows_auth::Kerberos;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::process::{Acceptor, Checks, Method, Seen, Setup};

const USER: &str = "svc-busylamp@EXAMPLE.TEST";
const PASSWORD: &str = "Sehr$Grün 1";

fn setup() -> Setup {
    Setup::new(Method::Kerberos, [("svc-busylamp", PASSWORD)])
}

fn client_as(acceptor: &Acceptor, (user, password): (&str, &str), most: usize) -> SignedClient {
    let kdc: Url = acceptor.ready["kdc"].as_str().unwrap().parse().unwrap();
    client_of(acceptor, (user, password), &kdc, most)
}

fn client_of(acceptor: &Acceptor, (user, password): (&str, &str), kdc: &Url, most: usize) -> SignedClient {
    let sign_in = Kerberos::new(&user.parse().unwrap(), Secret::new(password), Some(kdc)).unwrap();
    let settings = HttpSettings::new(acceptor.trust.clone());
    SignedClient::new(&acceptor.url, settings, Arc::new(sign_in), BindingUse::Auto, most).unwrap()
}

fn request(acceptor: &Acceptor, path: &str) -> Request<Bytes> {
    Request::post(acceptor.url.join(path).unwrap().as_str()).body(Bytes::from_static(b"<soap:Envelope/>")).unwrap()
}

async fn ask(client: &SignedClient, acceptor: &Acceptor) -> Result<Response<Bytes>, HttpError> {
    client.send(request(acceptor, "/EWS/Exchange.asmx")).await
}

fn who(answer: &Response<Bytes>) -> String {
    assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    answer["user"].as_str().unwrap().to_owned()
}

fn tries(seen: &[Seen]) -> u64 {
    seen.iter().map(|connection| connection.tried).sum()
}

/// How often the KDC wrote down these words.
fn written_down(acceptor: &Acceptor, words: &str) -> usize {
    fs::read_to_string(acceptor.ready["log"].as_str().unwrap()).unwrap().matches(words).count()
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn one_message_signs_in_with_the_binding() {
    for certificate in ["rsa-sha256", "ecdsa-sha384", "rsa-sha512"] {
        let mut acceptor = Acceptor::start(&Setup { certificate, ..setup() });
        let client = client_as(&acceptor, (USER, PASSWORD), 1);
        for _ in 0..3 {
            assert_eq!(who(&ask(&client, &acceptor).await.unwrap()), USER);
        }
        let seen = acceptor.seen();
        assert_eq!((seen.len(), tries(&seen), seen[0].bound, seen[0].requests), (1, 1, Some(true), 3), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only acceptors"]
async fn forty_connections_need_one_ticket() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client_as(&acceptor, (USER, PASSWORD), 40);
    let answers = futures_util::future::join_all((0..40).map(|_| ask(&client, &acceptor))).await;
    assert!(answers.iter().all(|answer| who(answer.as_ref().unwrap()) == USER));
    assert!(
        acceptor.seen().iter().all(|connection| connection.refusals.is_empty()),
        "no message is taken for a replay"
    );
    assert_eq!(written_down(&acceptor, "NEEDED_PREAUTH"), 1);
    assert_eq!(written_down(&acceptor, "ISSUE"), 2, "one ticket for tickets, one for the server");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_wrong_password_is_tried_once_whoever_asks() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client_as(&acceptor, (USER, "falsch"), 8);
    let answers = futures_util::future::join_all((0..8).map(|_| ask(&client, &acceptor))).await;
    for answer in answers.into_iter().chain([ask(&client, &acceptor).await]) {
        let error = answer.unwrap_err();
        assert!(matches!(error.kind, HttpErrorKind::SignIn(SignInError::Refused(_))), "{error}");
        assert_eq!((error.class(), error.delivery()), (Class::NeedsAdministrator, Delivery::NotSent));
        assert!(!error.to_string().contains("falsch"));
    }
    assert_eq!(written_down(&acceptor, "PREAUTH_FAILED"), 1);
    assert_eq!(tries(&acceptor.seen()), 0);
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn an_unknown_user_is_refused() {
    let acceptor = Acceptor::start(&setup());
    let error = ask(&client_as(&acceptor, ("nobody@EXAMPLE.TEST", PASSWORD), 1), &acceptor).await.unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::SignIn(SignInError::Refused(_))), "{error}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn names_and_keys_of_both_kinds_are_understood() {
    let acceptor = Acceptor::start(&Setup { users: [("anna", "a b"), ("old#aes128", "c d")].into(), ..setup() });
    for (user, password) in [("example.test\\anna", "a b"), ("anna@example.test", "a b"), ("old@EXAMPLE.TEST", "c d")] {
        let client = client_as(&acceptor, (user, password), 1);
        let name = user.split(['\\', '@']).find(|part| !part.to_uppercase().contains("EXAMPLE")).unwrap();
        assert_eq!(who(&ask(&client, &acceptor).await.unwrap()), format!("{name}@EXAMPLE.TEST"));
    }
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn behind_a_proxy_that_ends_tls_the_sign_in_succeeds_without_a_binding_where_that_is_allowed() {
    for (checks, status) in [(Checks::Allow, StatusCode::OK), (Checks::Require, StatusCode::UNAUTHORIZED)] {
        let mut acceptor = Acceptor::start(&Setup { proxy: true, checks, ..setup() });
        let answer = ask(&client_as(&acceptor, (USER, PASSWORD), 1), &acceptor).await.unwrap();
        assert_eq!(answer.status(), status);
        let seen = acceptor.seen();
        assert_eq!((seen.len(), tries(&seen)), (2, 2), "{seen:?}");
        assert!(seen[0].refusals[0].contains("BadChannelBindings"), "{seen:?}");
    }
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_server_without_a_service_name_is_named() {
    let mut acceptor = Acceptor::start(&setup());
    acceptor.url.set_host(Some("127.0.0.1")).unwrap();
    let error = ask(&client_as(&acceptor, (USER, PASSWORD), 1), &acceptor).await.unwrap_err();
    assert!(matches!(error.kind, HttpErrorKind::SignIn(SignInError::Unsupported(_))), "{error}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_kdc_that_can_not_be_asked_is_no_refusal() {
    let acceptor = Acceptor::start(&setup());
    // The web server itself speaks no Kerberos; nobody listens on port 1.
    for port in [1, acceptor.url.port().unwrap()] {
        let kdc = format!("tcp://127.0.0.1:{port}").parse().unwrap();
        let error = ask(&client_of(&acceptor, (USER, PASSWORD), &kdc, 1), &acceptor).await.unwrap_err();
        assert!(matches!(error.kind, HttpErrorKind::SignIn(SignInError::Unreachable(_))), "{error}");
        assert_eq!((error.class(), error.delivery()), (Class::Retryable, Delivery::NotSent));
    }
}
