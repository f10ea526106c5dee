//! An account is never locked by us.

use std::{sync::Arc, time::Duration};

use busylamp_core::secret::Secret;
use busylamp_net::http::Transport;
use jiff::SignedDuration;

use super::{
    Stage, account,
    fake::{FakeExchange, Reply, page},
    is_unavailable, is_unchanged, settings,
};
use crate::{
    Calendar, Outcome, Request,
    entra::{App, Proof, TokenSource},
    ews::{
        Access, EwsAccount, EwsCalendar,
        wires::{Credential, Wires},
    },
};

fn refused() -> Reply {
    page(401, &[("www-authenticate", "Negotiate"), ("www-authenticate", "NTLM")], "")
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once_for_all_mailboxes_polls_and_readers() {
    for access in [Access::Folder, Access::Impersonation, Access::FreeBusy] {
        let mut stage = Stage::new(access, 500);
        stage.exchange.on_request(|_| Some(refused()));
        let second = EwsCalendar::new(Arc::clone(&stage.account));
        for _ in 0..5 {
            let mailboxes = stage.exchange.mails();
            let (window, reading, zone) = (stage.window(), &stage.reading, &jiff::tz::TimeZone::UTC);
            let request = Request { mailboxes: &mailboxes, window, reading, zone, now: stage.now, full: true };
            let (first, second) = tokio::join!(stage.poll(), second.poll(request));
            assert!(first.iter().chain(second.values()).all(is_unavailable));
            stage.calendar.check(mailboxes.first(), stage.now).await;
            stage.later(SignedDuration::from_hours(5));
            tokio::time::advance(Duration::from_secs(5 * 3600)).await;
        }
        assert_eq!(stage.exchange.seen().len(), 1, "{access:?}");
        let trouble = stage.trouble();
        assert!(trouble.contains("it offers Negotiate, NTLM") && trouble.contains("password"), "{trouble}");
        assert!(!trouble.contains("geheim"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_once_even_if_nobody_waits_for_the_answer() {
    let stage = Stage::new(Access::Folder, 500);
    stage.exchange.on_request(|_| Some(refused()));
    for _ in 0..5 {
        let dropped = tokio::time::timeout(Duration::from_millis(7), stage.poll()).await;
        assert!(dropped.is_err() || stage.exchange.state().sent == 1);
    }
    assert!(stage.poll().await.iter().all(is_unavailable));
    assert_eq!(stage.exchange.state().sent, 1);
    assert!(stage.trouble().contains("refuses the sign-in"), "{}", stage.trouble());
}

#[tokio::test(start_paused = true)]
async fn a_changed_configuration_is_a_new_account_and_tries_again() {
    let exchange = Arc::new(FakeExchange::new(1));
    exchange.answer_first(1, refused);
    let mut stage = Stage::new(Access::Folder, 1);
    stage.exchange = Arc::clone(&exchange);
    stage.calendar = EwsCalendar::new(account(Access::Folder, &exchange));
    assert!(is_unavailable(&stage.poll_one().await));
    stage.calendar = EwsCalendar::new(account(Access::Folder, &exchange));
    assert!(matches!(stage.poll_one().await, Outcome::Read { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_the_middle_of_a_session_is_tried_once_more_over_a_fresh_connection() {
    let stage = Stage::read(Access::Folder, 200).await;
    let connections = stage.exchange.state().connections;
    stage.exchange.answer_first(1, refused);
    assert!(stage.poll().await.iter().all(is_unchanged));
    assert_eq!(stage.exchange.state().connections, connections + 1);
    assert!(stage.account.at_once() < 4, "it is taken for throttling");
    assert_eq!(stage.trouble(), "");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_changed_is_tried_twice_and_then_less_and_less() {
    for access in [Access::Folder, Access::Impersonation] {
        let mut stage = Stage::read(access, 500).await;
        tokio::time::advance(Duration::from_secs(60)).await;
        stage.exchange.on_request(|_| Some(refused()));
        let mut tries = Vec::new();
        for minute in 0..200_u64 {
            assert!(stage.poll().await.iter().all(is_unavailable));
            tries.extend(stage.exchange.seen().iter().map(|_| minute));
            stage.later(SignedDuration::from_mins(1));
            tokio::time::advance(Duration::from_secs(60)).await;
        }
        assert_eq!(tries, [0, 0, 5, 35, 95, 155], "{access:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_storm_of_refusals_everybody_is_read_again() {
    let mut stage = Stage::read(Access::Folder, 500).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    stage.exchange.on_request(|_| Some(refused()));
    assert!(stage.poll().await.iter().all(is_unavailable));
    stage.exchange.on_request(|_| None);
    stage.later(SignedDuration::from_mins(6));
    tokio::time::advance(Duration::from_secs(360)).await;
    assert!(stage.poll().await.iter().all(is_unchanged), "{}", stage.trouble());
}

#[tokio::test(start_paused = true)]
async fn refusals_among_requests_that_are_let_in_are_throttling() {
    let stage = Stage::read(Access::Folder, 400).await;
    let mut number = 0;
    stage.exchange.on_request(move |_| {
        number += 1;
        (number % 3 == 0).then(refused)
    });
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().filter(|outcome| is_unchanged(outcome)).count() >= 200);
    stage.exchange.on_request(|_| None);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(stage.poll().await.iter().all(is_unchanged), "{}", stage.trouble());
}

#[tokio::test(start_paused = true)]
async fn a_locked_account_is_left_alone_at_once() {
    let locked = || page(401, &[], "The referenced account is currently locked out and may not be logged on to.");
    // Never let in before: until the configuration changes.
    let stage = Stage::new(Access::Folder, 500);
    stage.exchange.on_request(move |_| Some(locked()));
    stage.poll().await;
    tokio::time::advance(Duration::from_secs(7200)).await;
    stage.poll().await;
    assert_eq!(stage.exchange.seen().len(), 1);
    assert!(stage.trouble().contains("locked out"), "{}", stage.trouble());
    // Let in before: somebody else locks it, and it is asked again after an hour.
    let stage = Stage::read(Access::Folder, 500).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    stage.exchange.answer_first(1, locked);
    stage.poll().await;
    tokio::time::advance(Duration::from_secs(3500)).await;
    stage.poll().await;
    assert_eq!(stage.exchange.seen().len(), 1);
    tokio::time::advance(Duration::from_secs(200)).await;
    assert!(stage.poll().await.iter().all(is_unchanged));
}

/// Gives a token at every request.
struct FakeEntra(std::sync::atomic::AtomicUsize);

impl Transport for FakeEntra {
    fn send(&self, request: http::Request<bytes::Bytes>) -> futures_util::future::BoxFuture<'_, Reply> {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let form = String::from_utf8(request.body().to_vec()).unwrap();
        assert!(form.contains("scope=https%3A%2F%2Foutlook.office365.com%2F.default"), "{form}");
        let body = format!(r#"{{"access_token": "token-{number}", "expires_in": 3600}}"#);
        Box::pin(async move { Ok(http::Response::new(body.into())) })
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_acts_as_the_owner_in_every_request_and_gets_a_fresh_token_where_one_is_refused() {
    let mut stage = Stage::new(Access::Impersonation, 3);
    let (exchange, entra) = (Arc::clone(&stage.exchange), Arc::new(FakeEntra(0.into())));
    let made = Arc::clone(&exchange);
    let wires = Wires::new(Box::new(move || Ok(Arc::clone(&made) as Arc<dyn Transport>))).unwrap();
    let app = App {
        tenant: "contoso.example".into(),
        client_id: "app".into(),
        proof: Proof::Secret(Secret::new("geheim")),
        login: "https://login.test".parse().unwrap(),
        scope: "https://outlook.office365.com/.default".into(),
    };
    let tokens = TokenSource::new(Arc::clone(&entra) as _, app);
    let account = EwsAccount::over(&settings(Access::Impersonation), wires, Credential::Token(Box::new(tokens)));
    stage.calendar = EwsCalendar::new(Arc::new(account));
    exchange.on_request(|asked| {
        (asked.authorization.as_deref() == Some("Bearer token-1"))
            .then(|| page(401, &[("x-ms-diagnostics", "2000003;reason=\"expired\"")], ""))
    });
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
    let seen = exchange.seen();
    assert!(seen.iter().all(|asked| asked.acting_as.as_ref().is_some_and(|owner| asked.mails.contains(owner))));
    assert_eq!(entra.0.load(std::sync::atomic::Ordering::Relaxed), 2);
    // No token at all is good any more: it is said, and asked again, since no password is at stake.
    exchange.on_request(|_| Some(page(401, &[("x-ms-diagnostics", "2000008;reason=\"audience\"")], "")));
    stage.poll().await;
    assert!(stage.trouble().contains("audience"), "{}", stage.trouble());
    exchange.on_request(|_| None);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(stage.poll().await.iter().all(is_unchanged));
}
