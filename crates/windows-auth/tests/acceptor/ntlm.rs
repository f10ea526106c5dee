//! NTLM against pyspnego.

use std::{collections::BTreeSet, sync::Arc};

use busylamp_core::secret::Secret;
use busylamp_net::{
    connection::{BindingUse, SignedClient},
    http::{Delivery, HttpErrorKind, HttpSettings},
};
use busylamp_windows_auth::Ntlm;
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::process::{Acceptor, Checks, Method, Seen, Setup};
use serde_json::Value;

const USER: &str = "EXAMPLE\\svc-busylamp";
/// SHA-256 of the body that [`request`] sends.
const BODY_HASH: &str = "2c42650fd9218164e0824e081ea5c845df5fc066f4595f9519eefa91211af312";
const PASSWORD: &str = "Sehr$Grün-\"Straße\" 1";

fn setup() -> Setup {
    Setup::new(Method::Ntlm, [(USER, PASSWORD)])
}

fn client_as(acceptor: &Acceptor, (user, password): (&str, &str), binding: BindingUse, most: usize) -> SignedClient {
    let sign_in = Ntlm::new(user.parse().unwrap(), Secret::new(password));
    let settings = HttpSettings::new(acceptor.trust.clone());
    SignedClient::new(&acceptor.url, settings, Arc::new(sign_in), binding, most).unwrap()
}

fn client(acceptor: &Acceptor) -> SignedClient {
    client_as(acceptor, (USER, PASSWORD), BindingUse::Auto, 1)
}

fn wrong(acceptor: &Acceptor) -> SignedClient {
    client_as(acceptor, (USER, "falsch"), BindingUse::Auto, 4)
}

/// Its body is what [`BODY_HASH`] is the hash of.
fn request(acceptor: &Acceptor, path: &str) -> Request<Bytes> {
    Request::post(acceptor.url.join(path).unwrap().as_str()).body(Bytes::from_static(b"<soap:Envelope/>")).unwrap()
}

async fn ask(client: &SignedClient, acceptor: &Acceptor) -> Response<Bytes> {
    client.send(request(acceptor, "/EWS/Exchange.asmx")).await.unwrap()
}

fn who(answer: &Response<Bytes>) -> String {
    assert_eq!(answer.status(), StatusCode::OK, "{answer:?}");
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(answer["body"], BODY_HASH, "the body arrives whole");
    answer["user"].as_str().unwrap().to_owned()
}

fn tries(seen: &[Seen]) -> u64 {
    seen.iter().map(|connection| connection.tried).sum()
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn the_right_binding_is_accepted_whatever_hash_the_certificate_has() {
    for certificate in ["rsa-sha256", "ecdsa-sha384", "rsa-sha512"] {
        let mut acceptor = Acceptor::start(&Setup { certificate, ..setup() });
        assert_eq!(who(&ask(&client(&acceptor), &acceptor).await), USER, "{certificate}");
        let seen = acceptor.seen();
        assert_eq!((seen.len(), tries(&seen), seen[0].bound), (1, 1, Some(true)), "{certificate}: {seen:?}");
    }
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_server_that_does_not_ask_for_a_binding_takes_one() {
    for checks in [Checks::None, Checks::Allow] {
        let mut acceptor = Acceptor::start(&Setup { checks, ..setup() });
        assert_eq!(who(&ask(&client(&acceptor), &acceptor).await), USER);
        let seen = acceptor.seen();
        assert_eq!((tries(&seen), seen[0].bound), (1, Some(true)), "{seen:?}");
    }
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn behind_a_proxy_that_ends_tls_the_sign_in_succeeds_without_a_binding() {
    let mut acceptor = Acceptor::start(&Setup { proxy: true, checks: Checks::Allow, ..setup() });
    let client = client_as(&acceptor, (USER, PASSWORD), BindingUse::Auto, 4);
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    let seen = acceptor.seen();
    let bound: Vec<_> = seen.iter().map(|connection| connection.bound).collect();
    assert_eq!(bound, [Some(true), Some(false)], "{seen:?}");
    assert!(seen[0].refusals[0].contains("BadBindings"), "{seen:?}");

    // It is remembered for connections to come.
    let answer = client.send(request(&acceptor, "/hangup")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    let seen = acceptor.seen();
    assert_eq!((seen.len(), tries(&seen), seen[2].bound), (3, 3, Some(false)), "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn behind_a_proxy_a_server_that_requires_a_binding_refuses_both_tries() {
    let mut acceptor = Acceptor::start(&Setup { proxy: true, ..setup() });
    let answer = ask(&client(&acceptor), &acceptor).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let seen = acceptor.seen();
    assert_eq!((seen.len(), tries(&seen)), (2, 2), "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn who_sends_no_binding_is_refused_only_where_one_is_required() {
    for (checks, status) in [(Checks::Allow, StatusCode::OK), (Checks::Require, StatusCode::UNAUTHORIZED)] {
        let mut acceptor = Acceptor::start(&Setup { checks, ..setup() });
        let client = client_as(&acceptor, (USER, PASSWORD), BindingUse::Off, 1);
        assert_eq!(ask(&client, &acceptor).await.status(), status);
        let seen = acceptor.seen();
        assert_eq!((tries(&seen), seen[0].bound), (1, Some(false)), "{seen:?}");
    }
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_wrong_password_is_tried_twice_over_tls_and_its_refusal_handed_out() {
    let mut acceptor = Acceptor::start(&setup());
    let answer = ask(&wrong(&acceptor), &acceptor).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let offered: Vec<_> = answer.headers().get_all("www-authenticate").iter().collect();
    assert_eq!(offered, ["Negotiate", "NTLM"]);
    let seen = acceptor.seen();
    assert_eq!(tries(&seen), 2, "{seen:?}");
    assert!(seen[0].refusals[0].contains("InvalidToken"), "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_wrong_password_is_tried_once_without_tls_or_without_binding() {
    let mut plain = Acceptor::start(&Setup { tls: false, checks: Checks::None, ..setup() });
    assert_eq!(ask(&wrong(&plain), &plain).await.status(), StatusCode::UNAUTHORIZED);
    let seen = plain.seen();
    assert_eq!((tries(&seen), seen[0].bound), (1, Some(false)), "{seen:?}");

    let mut acceptor = Acceptor::start(&Setup { checks: Checks::Allow, ..setup() });
    let client = client_as(&acceptor, (USER, "falsch"), BindingUse::Off, 1);
    assert_eq!(ask(&client, &acceptor).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(tries(&acceptor.seen()), 1);
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn many_requests_with_a_wrong_password_try_it_no_more_often_than_one() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client_as(&acceptor, (USER, "falsch"), BindingUse::Auto, 20);
    let asked = (0..20).map(|_| ask(&client, &acceptor));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::UNAUTHORIZED));
    let seen = acceptor.seen();
    assert_eq!(tries(&seen), 2, "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_password_that_is_changed_while_we_work_is_tried_by_few() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client_as(&acceptor, (USER, PASSWORD), BindingUse::Auto, 20);
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    client.send(request(&acceptor, "/hangup")).await.unwrap();
    acceptor.change(&[(USER, "another")]);
    let asked = (0..20).map(|_| ask(&client, &acceptor));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::UNAUTHORIZED));
    let seen = acceptor.seen();
    assert!(tries(&seen) <= 1 + 2, "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn names_are_understood_in_all_three_ways() {
    for user in [USER, "svc-busylamp@example.com", "svc-busylamp", "EXAMPLE\\Müller-Lüdenscheidt"] {
        let users = [(user, PASSWORD)].into();
        let acceptor = Acceptor::start(&Setup { users, ..setup() });
        let client = client_as(&acceptor, (user, PASSWORD), BindingUse::Auto, 1);
        assert_eq!(who(&ask(&client, &acceptor).await), user);
    }
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn the_second_request_on_a_connection_needs_no_token() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client(&acceptor);
    for _ in 0..3 {
        assert_eq!(who(&ask(&client, &acceptor).await), USER);
    }
    let seen = acceptor.seen();
    assert_eq!((seen.len(), seen[0].requests, seen[0].tokens_too_many), (1, 3, 0), "{seen:?}");
    assert_eq!(seen[0].early_bytes, 0, "no body goes before the third message");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn two_credentials_are_never_on_one_connection() {
    let users = [(USER, PASSWORD), ("EXAMPLE\\other", "Anderes$")].into();
    let mut acceptor = Acceptor::start(&Setup { users, ..setup() });
    let one = client_as(&acceptor, (USER, PASSWORD), BindingUse::Auto, 3);
    let other = client_as(&acceptor, ("EXAMPLE\\other", "Anderes$"), BindingUse::Auto, 3);
    for _ in 0..4 {
        let (answer, another) = tokio::join!(ask(&one, &acceptor), ask(&other, &acceptor));
        assert_eq!((who(&answer).as_str(), who(&another).as_str()), (USER, "EXAMPLE\\other"));
    }
    let seen = acceptor.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    let users: BTreeSet<_> = seen.iter().filter_map(|connection| connection.user.as_deref()).collect();
    assert_eq!(users, BTreeSet::from([USER, "EXAMPLE\\other"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only acceptors"]
async fn forty_requests_at_a_time_all_succeed() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client_as(&acceptor, (USER, PASSWORD), BindingUse::Auto, 8);
    for _ in 0..3 {
        let asked = (0..40).map(|_| ask(&client, &acceptor));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(|answer| who(answer) == USER));
    }
    let seen = acceptor.seen();
    assert!(seen.len() <= 8, "{} connections", seen.len());
    assert!(seen.iter().all(|connection| (connection.tried, connection.tokens_too_many) == (1, 0)), "{seen:?}");
    assert_eq!(seen.iter().map(|connection| connection.requests).sum::<u64>(), 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "cargo xtask test --only acceptors"]
async fn forty_connections_at_a_time_all_succeed() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client_as(&acceptor, (USER, PASSWORD), BindingUse::Auto, 40);
    let asked = (0..40).map(|_| ask(&client, &acceptor));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| who(answer) == USER));
    let seen = acceptor.seen();
    assert!(seen.iter().all(|connection| connection.tried == 1), "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_401_in_the_middle_of_a_session_is_handed_out_and_the_next_request_signs_in_anew() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client(&acceptor);
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    let refused = client.send(request(&acceptor, "/401")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    let seen = acceptor.seen();
    assert_eq!((seen.len(), tries(&seen)), (2, 2), "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn once_a_binding_has_worked_a_refusal_is_final_at_once() {
    let mut acceptor = Acceptor::start(&setup());
    let client = client(&acceptor);
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    // A client whose connection is gone signs in again with a binding and only with it.
    client.send(request(&acceptor, "/hangup")).await.unwrap();
    assert_eq!(who(&ask(&client, &acceptor).await), USER);
    let seen = acceptor.seen();
    assert!(seen.iter().all(|connection| (connection.tried, connection.bound) == (1, Some(true))), "{seen:?}");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_server_that_offers_negotiate_only_takes_ntlm_in_it() {
    let mut acceptor = Acceptor::start(&Setup { schemes: &["negotiate"], ..setup() });
    let client = client_as(&acceptor, (USER, PASSWORD), BindingUse::Auto, 2);
    let (one, another) = tokio::join!(ask(&client, &acceptor), ask(&client, &acceptor));
    assert_eq!((who(&one).as_str(), who(&another).as_str()), (USER, USER));
    assert_eq!(tries(&acceptor.seen()), 2, "one for each connection");
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn a_server_that_offers_no_ntlm_is_shown_no_credential() {
    let mut acceptor = Acceptor::start(&Setup { schemes: &["Basic realm=\"a, ntlm\"", "Bearer"], ..setup() });
    let answer = ask(&client(&acceptor), &acceptor).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(tries(&acceptor.seen()), 0);
}

#[tokio::test]
#[ignore = "cargo xtask test --only acceptors"]
async fn another_server_is_never_asked() {
    let mut acceptor = Acceptor::start(&setup());
    let other = Acceptor::start(&setup());
    let error = client(&acceptor).send(request(&other, "/EWS/Exchange.asmx")).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.delivery()), (HttpErrorKind::BadRequest, Delivery::NotSent));
    assert!(acceptor.seen().is_empty());
}
