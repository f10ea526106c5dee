//! Both ways to be let in, and how often. (Reference: Swagger 6.7.0.22, `/login`; RFC 6749 §4.3, §5.2, §6)

use std::time::Duration;

use busylamp_core::secret::Secret;
use futures_util::future::join_all;
use tokio::time::{advance, sleep};

use super::{
    house::{House, word},
    script::Reply,
    world::{CLIENT_SECRET, DIRECTORY_PROOF, INTERNAL_PROOF, PASSWORD},
};
use crate::{Pbx, PbxError, starface::StarfaceConfig};

const TOKEN: &str = "POST /auth/realms/pbx/oauth2/token";

fn with_oauth(config: &mut StarfaceConfig) {
    config.client_secret = Some(Secret::new(CLIENT_SECRET));
}

fn with_wrong_password(config: &mut StarfaceConfig) {
    config.password = Secret::new("wrong");
}

fn is_sign_in<T: std::fmt::Debug>(result: &Result<T, PbxError>) -> bool {
    matches!(result, Err(PbxError::SignIn { .. }))
}

#[tokio::test]
async fn an_internal_login_proves_the_password_by_the_published_formula() {
    let house = House::open().await;
    house.pbx.capabilities().await.unwrap();
    let sent = &house.script.asked_for("POST /rest/login")[0];
    let expected = serde_json::json!({"loginType": "Internal", "nonce": "nonce123", "secret": INTERNAL_PROOF});
    assert_eq!(serde_json::from_str::<serde_json::Value>(&sent.body).unwrap(), expected);
    assert_eq!(sent.headers["x-version"], "2");
    assert_eq!(sent.headers["content-type"], "application/json");
    let call = &house.script.asked_for("GET /rest/users/me")[0];
    assert_eq!(call.headers["authtoken"], "session-token-1");
    assert!(call.headers.get("authorization").is_none());
    // The pretended bridge lets in whoever proves the password for XML-RPC.
    assert_eq!(house.script.bridge_calls("info").len(), 1);
}

#[tokio::test]
async fn a_directory_login_sends_what_the_directory_needs() {
    let house = House::open().await;
    house.script.login_type("ActiveDirectory");
    assert!(house.pbx.capabilities().await.unwrap().dnd);
    assert!(house.script.asked_for("POST /rest/login")[0].body.contains(DIRECTORY_PROOF));
}

#[tokio::test]
async fn with_a_client_secret_tokens_are_asked_for_and_shown_to_both_interfaces() {
    let house = House::with(with_oauth).await;
    assert!(house.pbx.capabilities().await.unwrap().dnd);
    let asked = &house.script.asked_for(TOKEN)[0];
    assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
    for (name, value) in [
        ("grant_type", "password"),
        ("client_id", "rest-client-headless"),
        ("client_secret", CLIENT_SECRET),
        ("scope", "login"),
        ("username", "0001"),
        ("password", PASSWORD),
    ] {
        assert_eq!(asked.form(name).as_deref(), Some(value), "{name}");
    }
    let call = &house.script.asked_for("GET /rest/users/me")[0];
    assert_eq!(call.headers["authorization"], "Bearer session-token-1");
    assert!(call.headers.get("authtoken").is_none());
    let call = &house.script.asked_for("POST /xml-rpc")[0];
    assert_eq!(call.query("de.vertico.starface.jwt"), Some("session-token-1"));
    assert_eq!(call.query("de.vertico.starface.auth"), None);
    assert_eq!(house.script.count("GET /rest/login"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_minutes_is_renewed_early_and_without_the_password() {
    let house = House::in_memory(with_oauth);
    house.pbx.capabilities().await.unwrap();
    advance(Duration::from_secs(239)).await;
    house.pbx.capabilities().await.unwrap();
    assert_eq!(house.script.count(TOKEN), 1);
    advance(Duration::from_secs(2)).await;
    house.pbx.capabilities().await.unwrap();
    let asked = house.script.asked_for(TOKEN);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].form("grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(asked[1].form("refresh_token").as_deref(), Some("refresh-session-token-1"));
    assert_eq!(asked[1].form("password"), None);
    assert_eq!(house.script.count("GET /rest/users/me"), 3, "no call was refused");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_is_over_or_revoked_gives_way_to_the_password() {
    let house = House::in_memory(with_oauth);
    let grants = || -> Vec<String> {
        house.script.asked_for(TOKEN).iter().filter_map(|asked| asked.form("grant_type")).collect()
    };
    house.pbx.capabilities().await.unwrap();
    advance(Duration::from_secs(21_601)).await;
    house.pbx.capabilities().await.unwrap();
    assert_eq!(grants(), ["password", "password"]);
    advance(Duration::from_secs(250)).await;
    house.script.revoke();
    house.pbx.capabilities().await.unwrap();
    assert_eq!(grants(), ["password", "password", "refresh_token", "password"]);
}

#[tokio::test(start_paused = true)]
async fn how_long_a_token_lives_is_believed_within_reason() {
    for (told, renewed_after) in [(0, 10), (60, 60), (u64::MAX, 86_400)] {
        let house = House::in_memory(with_oauth);
        house.script.access_life(told);
        house.pbx.capabilities().await.unwrap();
        advance(Duration::from_secs_f64(f64::from(renewed_after) * 0.8 - 1.0)).await;
        house.pbx.capabilities().await.unwrap();
        assert_eq!(house.script.count(TOKEN), 1, "{told}");
        advance(Duration::from_secs(2)).await;
        house.pbx.capabilities().await.unwrap();
        assert_eq!(house.script.count(TOKEN), 2, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_of_four_hours_is_renewed_early() {
    let house = House::in_memory(|_| {});
    house.pbx.capabilities().await.unwrap();
    advance(Duration::from_hours(3)).await;
    house.pbx.capabilities().await.unwrap();
    assert_eq!(house.script.count("POST /rest/login"), 1);
    advance(Duration::from_mins(13)).await;
    house.pbx.capabilities().await.unwrap();
    assert_eq!(house.script.count("POST /rest/login"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_early_renewal_that_fails_spoils_nothing_and_is_not_hurried() {
    let house = House::in_memory(with_oauth);
    house.pbx.capabilities().await.unwrap();
    house.script.always(TOKEN, Reply::status(503));
    advance(Duration::from_secs(241)).await;
    for _ in 0..5 {
        house.pbx.capabilities().await.unwrap();
    }
    assert_eq!(house.script.count(TOKEN), 2);
    advance(Duration::from_secs(31)).await;
    house.pbx.capabilities().await.unwrap();
    assert_eq!(house.script.count(TOKEN), 3);
    advance(Duration::from_secs(30)).await;
    assert!(matches!(house.pbx.capabilities().await, Err(PbxError::Unreachable { .. })), "the token has ended");
}

#[tokio::test]
async fn many_callers_share_one_login() {
    let house = House::open().await;
    let results = join_all((0..20).map(|_| house.read("7"))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((house.script.count("GET /rest/login"), house.script.count("POST /rest/login")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn who_waited_for_a_login_that_failed_shares_its_failure_and_the_next_tries_again() {
    let house = House::in_memory(|_| {});
    house.script.latency(Duration::from_secs(1));
    house.script.once("GET /rest/login", Reply::status(503));
    let results = join_all((0..20).map(|_| house.pbx.capabilities())).await;
    assert!(results.iter().all(|result| matches!(result, Err(PbxError::Unreachable { .. }))));
    assert_eq!(house.script.count("GET /rest/login"), 1);
    sleep(Duration::from_secs(1)).await;
    house.pbx.capabilities().await.unwrap();
    assert_eq!(house.script.count("GET /rest/login"), 2);
}

#[tokio::test]
async fn a_session_that_the_pbx_has_ended_is_renewed_once_and_the_call_repeated() {
    let house = House::open().await;
    house.state("7").await;
    house.script.end_sessions();
    house.script.forget();
    assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
    assert_eq!(house.script.count("POST /rest/login"), 1);
    let paths: Vec<_> = house.script.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    assert_eq!(paths.iter().filter(|path| *path == "PUT /rest/redirects/ext-7").count(), 1);
}

#[tokio::test]
async fn many_callers_whose_session_has_ended_share_one_renewal() {
    let house = House::with(with_oauth).await;
    house.state("7").await;
    house.script.end_sessions();
    house.script.forget();
    let results = join_all((0..20).map(|_| house.read("7"))).await;
    assert!(results.iter().all(|result| matches!(result, Ok(crate::Reading::State(state)) if state.dnd.is_some())));
    assert_eq!(house.script.count(TOKEN), 1);
    assert_eq!(house.script.asked_for(TOKEN)[0].form("grant_type").as_deref(), Some("refresh_token"));
}

#[tokio::test]
async fn a_new_token_that_is_not_accepted_either_is_said_and_nothing_was_done() {
    let house = House::open().await;
    house.script.always("PUT /rest/redirects/ext-7", Reply::status(401));
    let outcome = house.switch("ext-7", true).await;
    assert_eq!(word(&outcome), "not done");
    assert_eq!(house.script.count("PUT /rest/redirects/ext-7"), 2);
    house.script.always("GET /rest/users/me", Reply::status(401));
    assert!(is_sign_in(&house.pbx.capabilities().await));
}

#[tokio::test(start_paused = true)]
async fn a_pbx_that_never_accepts_its_tokens_is_not_asked_for_ever_more() {
    let house = House::in_memory(|_| {});
    house.script.always("GET /rest/users/me", Reply::status(401));
    for _ in 0..50 {
        assert!(is_sign_in(&house.pbx.capabilities().await));
    }
    // The first, and five in a minute because of the status.
    assert_eq!(house.script.count("POST /rest/login"), 6);
    advance(Duration::from_secs(60)).await;
    assert!(is_sign_in(&house.pbx.capabilities().await));
    assert_eq!(house.script.count("POST /rest/login"), 7);
}

/// REST lets us in, so it is not the password; but there a refused proof may count as a wrong one.
#[tokio::test(start_paused = true)]
async fn a_proof_that_the_bridges_interface_refuses_is_sent_twice_and_again_after_a_pause() {
    for status in [401, 403] {
        let house = House::in_memory(|_| {});
        house.script.always("POST /xml-rpc", Reply::status(status));
        for _ in 0..5 {
            let can = house.pbx.capabilities().await.unwrap();
            assert!(
                can.notes.iter().any(|note| note.to_string().contains("/xml-rpc refuses the sign-in")),
                "{:?}",
                can.notes
            );
            assert_eq!(word(&house.dnd("7", true).await), "not done");
            assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
            advance(Duration::from_secs(5)).await;
        }
        assert_eq!((house.script.count("POST /xml-rpc"), house.script.count("POST /rest/login")), (2, 2), "{status}");
        advance(Duration::from_secs(6)).await;
        house.pbx.capabilities().await.unwrap();
        assert_eq!(house.script.count("POST /xml-rpc"), 4, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_that_is_accepted_again_is_noticed_after_a_pause() {
    let house = House::in_memory(|_| {});
    for _ in 0..2 {
        house.script.once("POST /xml-rpc", Reply::status(401));
    }
    assert!(!house.pbx.capabilities().await.unwrap().dnd);
    advance(Duration::from_secs(29)).await;
    assert!(!house.pbx.capabilities().await.unwrap().dnd);
    advance(Duration::from_secs(1)).await;
    assert!(house.pbx.capabilities().await.unwrap().dnd);
    assert_eq!(word(&house.dnd("7", true).await), "acknowledged");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_sent_once_ever() {
    let house = House::in_memory(with_wrong_password);
    join_all((0..20).map(|_| house.pbx.capabilities())).await;
    for _ in 0..10 {
        let error = house.pbx.capabilities().await.unwrap_err();
        assert!(error.to_string().contains("login or password is wrong"), "{error}");
        assert_eq!(word(&house.switch("ext-7", true).await), "not done");
        assert_eq!(word(&house.dnd("7", true).await), "not done");
        assert!(is_sign_in(&house.pbx.directory("Kalender").await));
        advance(Duration::from_hours(24)).await;
    }
    assert_eq!(house.script.count("POST /rest/login"), 1);
    assert_eq!(house.script.asked().len(), 2, "a nonce and an answer to it, and nothing else");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_sent_once_ever_with_a_client_secret_too() {
    let house = House::in_memory(|config| {
        with_oauth(config);
        with_wrong_password(config);
    });
    for _ in 0..10 {
        assert!(is_sign_in(&house.pbx.capabilities().await));
        advance(Duration::from_hours(24)).await;
    }
    assert_eq!(house.script.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_changed_on_the_pbx_is_sent_once() {
    let house = House::in_memory(with_oauth);
    house.pbx.capabilities().await.unwrap();
    house.script.end_sessions();
    house.script.always(TOKEN, Reply::json(400, r#"{"error":"invalid_grant"}"#));
    for _ in 0..10 {
        assert!(is_sign_in(&house.pbx.capabilities().await));
        advance(Duration::from_hours(1)).await;
    }
    let passwords = house.script.asked_for(TOKEN).iter().filter(|asked| asked.form("password").is_some()).count();
    assert_eq!(passwords, 2, "the good one and the bad one");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_accepted_and_is_refused_by_something_in_between_is_tried_again_after_long_pauses() {
    for (sign_in, login) in [("POST /rest/login", false), (TOKEN, true)] {
        let house = House::in_memory(|config| {
            if login {
                with_oauth(config);
            }
        });
        house.pbx.capabilities().await.unwrap();
        house.script.end_sessions();
        house.script.always(sign_in, Reply::json(403, "<html>This site is closed.</html>"));
        let passwords = || {
            let asked = house.script.asked_for(sign_in);
            asked.iter().filter(|asked| asked.form("grant_type").as_deref() != Some("refresh_token")).count()
        };
        let before = passwords();
        // For an hour, three times a minute.
        for _ in 0..180 {
            assert!(is_sign_in(&house.pbx.capabilities().await));
            advance(Duration::from_secs(20)).await;
        }
        let tried = passwords() - before;
        assert_eq!(tried, 3, "{sign_in}: at once, after five minutes, after half an hour");
        house.script.as_usual(sign_in);
        advance(Duration::from_hours(1)).await;
        house.pbx.capabilities().await.unwrap();
    }
}

#[tokio::test]
async fn why_a_token_was_refused_is_told_by_its_code_alone() {
    for (status, body, advice) in [
        (401, r#"{"error":"invalid_client","error_description":"geheim"}"#, "the client secret is wrong"),
        (400, r#"{"error":"invalid_grant"}"#, "login or password is wrong"),
        (401, r#"{"error":"unauthorized_client"}"#, "lacks the right"),
        (403, "<html>geheim</html>", "check login, password and client secret"),
    ] {
        let house = House::with(with_oauth).await;
        house.script.always(TOKEN, Reply::json(status, body));
        let error = house.pbx.capabilities().await.unwrap_err().to_string();
        assert!(error.contains(advice) && !error.contains("geheim"), "{error}");
    }
}

#[tokio::test]
async fn a_pbx_in_trouble_at_the_sign_in_is_asked_again() {
    for (request, reply) in [
        ("GET /rest/login", Reply::status(500)),
        ("GET /rest/login", Reply::cut()),
        ("POST /rest/login", Reply::status(503)),
        ("POST /rest/login", Reply::status(429)),
        ("POST /rest/login", Reply::cut()),
        ("POST /rest/login", Reply::json(200, "{}")),
        ("POST /rest/login", Reply::json(200, "<html>")),
    ] {
        let house = House::open().await;
        house.script.once(request, reply.clone());
        assert_eq!(word(&house.switch("ext-7", true).await), "not done", "{request} {reply:?}");
        assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged", "{request} {reply:?}");
    }
}

#[tokio::test]
async fn where_there_is_no_such_sign_in_the_other_one_is_advised_and_no_password_sent() {
    let house = House::open().await;
    house.script.always("GET /rest/login", Reply::status(404));
    let error = house.pbx.capabilities().await.unwrap_err();
    assert!(
        matches!(&error, PbxError::SignIn { advice } if advice.to_string().contains("set the client secret")),
        "{error}"
    );
    assert_eq!(house.script.count("POST /rest/login"), 0);

    let house = House::with(with_oauth).await;
    house.script.always(TOKEN, Reply::status(404));
    let error = house.pbx.capabilities().await.unwrap_err();
    assert!(
        matches!(&error, PbxError::SignIn { advice } if advice.to_string().contains("leave the client secret out")),
        "{error}"
    );
}

#[tokio::test]
async fn a_kind_of_login_that_is_not_known_gets_no_password() {
    let house = House::open().await;
    house.script.login_type("Kerberos");
    assert!(matches!(house.pbx.capabilities().await, Err(PbxError::Protocol { .. })));
    assert_eq!(house.script.count("POST /rest/login"), 0);
}
