//! What stands in the way, in front of Exchange or in it; and answers that are none.

use std::time::Duration;

use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
use jiff::SignedDuration;

use super::{
    Stage, error,
    fake::{self, Refused, Reply, page, xml},
    is_unavailable, is_unchanged,
};
use crate::{MailboxError, Outcome, ews::Access};

#[tokio::test(start_paused = true)]
async fn a_login_by_form_is_something_in_front_of_exchange() {
    for (status, location) in [(302, "https://tmg.example.com/CookieAuth.dll?GetLogon"), (440, "")] {
        let stage = Stage::read(Access::Folder, 100).await;
        stage.exchange.on_request(move |_| Some(page(status, &[("location", location)], "")));
        assert!(stage.poll().await.iter().all(is_unavailable));
        assert!(stage.trouble().contains("login by form"), "{}", stage.trouble());
        assert!(stage.exchange.seen().len() <= 4, "nobody repeats it for every mailbox");
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_server_is_asked_in_its_own_words_and_that_is_remembered() {
    let replies: [fn() -> Reply; 3] = [
        || fake::fault("ErrorInvalidServerVersion", "The specified server version is invalid.", None),
        || page(500, &[], "The specified server version is invalid."),
        || fake::fault("ErrorInvalidSchemaVersionForMailboxVersion", "", None),
    ];
    for reply in replies {
        for newest in ["Exchange2010_SP2", "Exchange2010"] {
            let stage = Stage::new(Access::Folder, 2);
            stage.exchange.on_request(move |asked| (asked.version.as_str() > newest).then(reply));
            assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
            stage.exchange.seen();
            stage.poll().await;
            let versions: Vec<_> = stage.exchange.seen().into_iter().map(|asked| asked.version).collect();
            assert_eq!(versions, [newest]);
        }
        let stage = Stage::new(Access::Folder, 1);
        stage.exchange.on_request(move |_| Some(reply()));
        assert!(is_unavailable(&stage.poll_one().await));
    }
    // Of a mailbox on an older server behind a newer one.
    let stage = Stage::new(Access::Folder, 2);
    stage.exchange.on_mailbox(|asked, _| {
        let refused = Refused { code: "ErrorInvalidSchemaVersionForMailboxVersion", ..Refused::default() };
        (asked.version == "Exchange2013_SP1").then_some(refused)
    });
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
}

#[tokio::test(start_paused = true)]
async fn exchange_online_that_blocks_says_use_graph_and_is_asked_again_once_a_day() {
    for access in [Access::Folder, Access::Impersonation] {
        let mut stage = Stage::new(access, 1);
        let policy = [("x-ews-policy-reason", "EWS is disabled for this user or tenant")];
        stage.exchange.on_request(move |_| Some(page(403, &policy, "")));
        let outcome = stage.poll_one().await;
        let advice = error(&outcome).advice().to_string();
        assert!(matches!(error(&outcome), MailboxError::Denied { .. }));
        assert!(
            advice.contains("Microsoft Graph") && advice.contains("2027-04-01") && advice.contains("disabled"),
            "{advice}"
        );
        stage.exchange.seen();
        for _ in 0..23 {
            stage.later(SignedDuration::from_hours(1));
            stage.poll().await;
        }
        let asked = stage.exchange.seen().iter().filter(|asked| asked.operation == "FindItem").count();
        assert_eq!(asked, 0, "{access:?}");
        stage.later(SignedDuration::from_hours(2));
        stage.poll().await;
        assert!(!stage.exchange.seen().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_moves_keeps_its_agenda_and_one_that_has_moved_is_not_there() {
    for access in [Access::Folder, Access::Impersonation] {
        let mut stage = Stage::read(access, 2).await;
        let refuse = |stage: &Stage, code: &'static str| {
            stage.exchange.on_mailbox(move |asked, mail| {
                // The bell rings, too: a mailbox that moves changes its looks.
                let code = if asked.operation == "FindItem" { code } else { "ErrorProxyRequestProcessingFailed" };
                mail.starts_with("u0000").then(|| Refused { code, ..Refused::default() })
            });
        };
        refuse(&stage, "ErrorMailboxMoveInProgress");
        let outcomes = stage.poll().await;
        assert!(is_unavailable(&outcomes[0]), "{access:?} {:?}", outcomes[0]);
        assert!(is_unchanged(&outcomes[1]));
        refuse(&stage, "ErrorNonExistentMailbox");
        stage.later(SignedDuration::from_secs(30));
        let outcomes = stage.poll().await;
        assert!(matches!(error(&outcomes[0]), MailboxError::NotFound { .. }), "{access:?} {:?}", outcomes[0]);
        assert_eq!(stage.trouble(), "");
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_in_front_names_its_error() {
    let stage = Stage::read(Access::Folder, 2).await;
    stage.exchange.on_request(|_| Some(page(500, &[("x-caserrorcode", "ServiceDiscoveryFailed")], "")));
    stage.poll().await;
    assert!(stage.trouble().contains("ServiceDiscoveryFailed"), "{}", stage.trouble());
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_none_are_errors_and_what_was_known_stays() {
    const GARBAGE: &str = "\u{1}\u{2}<s:Envelope";
    let no_soap: fn() -> Reply = || page(200, &[], "<html>Welcome to the proxy</html>");
    let garbage = || page(200, &[], GARBAGE);
    let empty = || page(200, &[], "");
    let doctype = || page(200, &[], "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>");
    let nobody = || Ok(xml(200, "<m:FindItemResponse><m:ResponseMessages></m:ResponseMessages></m:FindItemResponse>"));
    let other = || Ok(xml(200, "<m:GetItemResponse/>"));
    let gigantic =
        || Err(HttpError::new("mail.example.com", HttpErrorKind::TooLarge { limit: 16 << 20 }, Delivery::MaybeSent));
    let cut = || Err(HttpError::new("mail.example.com", HttpErrorKind::BadAnswer, Delivery::MaybeSent));
    let replies: [fn() -> Reply; 8] = [no_soap, garbage, empty, doctype, nobody, other, gigantic, cut];
    for (number, reply) in replies.into_iter().enumerate() {
        for access in [Access::Folder, Access::Impersonation, Access::FreeBusy] {
            let stage = Stage::read(access, 4).await;
            stage.exchange.on_request(move |_| Some(reply()));
            let outcomes = stage.poll().await;
            assert!(outcomes.iter().all(is_unavailable), "{number} {access:?} {:?}", outcomes[0]);
            stage.exchange.on_request(|_| None);
            tokio::time::advance(Duration::from_secs(60)).await;
            assert!(stage.poll().await.iter().all(is_unchanged), "{number} {access:?}");
            assert_eq!(stage.trouble(), "");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_twice_is_none() {
    let stage = Stage::read(Access::Folder, 1).await;
    stage.exchange.on_request(|_| {
        let answer = xml(200, "<m:FindItemResponse><m:ResponseMessages/></m:FindItemResponse>").into_body();
        Some(Ok(http::Response::new([answer.clone(), answer].concat().into())))
    });
    assert!(is_unavailable(&stage.poll_one().await));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_can_not_be_read_fails_its_mailbox_alone() {
    let stage = Stage::read(Access::Folder, 3).await;
    // Between the two halves of the title stands what no XML may hold, or a time is none.
    stage.exchange.first(|mailbox| {
        mailbox.put(
            "b",
            "</t:Subject><t:Start>never</t:Start><t:Subject>",
            "2026-11-24T12:00:00Z",
            "2026-11-24T13:00:00Z",
        )
    });
    let outcomes = stage.poll().await;
    assert!(is_unavailable(&outcomes[0]), "{:?}", outcomes[0]);
    assert!(outcomes[1..].iter().all(is_unchanged));
}

#[tokio::test(start_paused = true)]
async fn a_network_that_fails_fails_the_poll_as_a_whole() {
    let stage = Stage::new(Access::Impersonation, 2000);
    stage.exchange.on_request(|_| {
        Some(Err(HttpError::new("mail.example.com", HttpErrorKind::ConnectRefused, Delivery::NotSent)))
    });
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().all(is_unavailable));
    assert!(stage.exchange.seen().len() <= 4);
    assert!(stage.trouble().contains("refused"), "{}", stage.trouble());
}
