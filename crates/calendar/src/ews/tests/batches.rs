//! How many mailboxes a request holds.

use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
use jiff::SignedDuration;

use super::{
    Stage, error,
    fake::{self, Refused, page},
    is_unavailable,
};
use crate::{MailboxError, Outcome, ews::Access};

fn sizes(stage: &Stage) -> Vec<usize> {
    stage.exchange.seen().iter().filter(|asked| asked.operation == "FindItem").map(|asked| asked.mails.len()).collect()
}

fn all_read(outcomes: &[Outcome]) -> bool {
    outcomes.iter().all(|outcome| matches!(outcome, Outcome::Read { .. } | Outcome::Unchanged))
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_asked_for_in_halves_and_in_whole_again_after_a_quiet_while() {
    for code in [
        "ErrorExceededFindCountLimit",
        "ErrorTooManyObjectsOpened",
        "ErrorTimeoutExpired",
        "ErrorProxyRequestNotAllowed",
    ] {
        let mut stage = Stage::read(Access::Folder, 100).await;
        // As a fault of the whole request, or of the mailboxes at its end.
        for whole in [true, false] {
            stage.exchange.seen();
            stage
                .exchange
                .on_request(move |asked| (whole && asked.mails.len() > 20).then(|| fake::fault(code, "", None)));
            stage.exchange.on_mailbox(move |asked, mail| {
                let over = asked.mails.iter().position(|other| other == mail) >= Some(20);
                over.then(|| Refused { code, ..Refused::default() })
            });
            assert!(all_read(&stage.poll().await), "{code}");
            let first = sizes(&stage);
            assert_eq!(first[0], 50);
            stage.poll().await;
            let then = sizes(&stage);
            assert!(then.iter().all(|size| (12..=25).contains(size) || *size == 4), "{code} {then:?}");
            stage.exchange.on_request(|_| None);
            stage.exchange.on_mailbox(|_, _| None);
            for _ in 0..3 {
                stage.later(SignedDuration::from_mins(11));
                stage.exchange.seen();
                stage.poll().await;
            }
            assert_eq!(sizes(&stage), [50, 50], "{code}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_are_asked_for_as_the_server_bears() {
    let stage = Stage::read(Access::Folder, 100).await;
    stage.exchange.on_mailbox(move |asked, mail| {
        let over = asked.mails.iter().position(|other| other == mail) >= Some(22);
        over.then(|| Refused { code: "ErrorExceededFindCountLimit", ..Refused::default() })
    });
    assert!(all_read(&stage.poll().await));
    stage.exchange.seen();
    assert!(all_read(&stage.poll().await));
    assert_eq!(sizes(&stage).iter().max(), Some(&22));
    assert!(all_read(&stage.poll().await));
    assert_eq!(sizes(&stage), [22, 22, 22, 22, 12], "a twentieth of a request for each");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_or_too_slow_is_asked_for_in_halves() {
    let too_long = HttpErrorKind::TooLarge { limit: 1 };
    let too_slow = HttpErrorKind::TimeOut { seconds: 60 };
    for (kind, bearable) in [(too_long, 13), (too_slow, 25)] {
        let stage = Stage::read(Access::Folder, 50).await;
        stage.exchange.on_request(move |asked| {
            let kind = kind.clone();
            (asked.mails.len() > bearable).then(|| Err(HttpError::new("mail.example.com", kind, Delivery::MaybeSent)))
        });
        assert!(all_read(&stage.poll().await));
    }
}

#[tokio::test(start_paused = true)]
async fn one_bad_mailbox_never_spoils_a_batch() {
    // The server answers for all with what is true of one.
    let blocked = || page(403, &[("x-ews-policy-reason", "EWS is blocked by policy for this user or tenant")], "");
    let replies: [fn() -> fake::Reply; 4] = [
        || fake::fault("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.", None),
        || fake::fault("ErrorAccessDenied", "", None),
        || fake::fault("ErrorMailboxStoreUnavailable", "", None),
        blocked,
    ];
    for reply in replies {
        let stage = Stage::new(Access::Folder, 100);
        stage.exchange.on_request(move |asked| {
            let bad = asked.operation == "FindItem" && asked.mails.iter().any(|mail| mail.starts_with("u0031"));
            bad.then(reply)
        });
        let outcomes = stage.poll().await;
        assert!(matches!(outcomes[31], Outcome::Failed(_)));
        let others = outcomes.iter().enumerate().filter(|(number, _)| *number != 31).map(|(_, outcome)| outcome);
        assert!(others.into_iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
        assert!(stage.exchange.seen().len() <= 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_everything_is_not_asked_for_every_single_mailbox() {
    let stage = Stage::read(Access::Folder, 100).await;
    stage.exchange.on_request(|_| Some(fake::fault("ErrorADUnavailable", "", None)));
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().all(is_unavailable));
    let asked = stage.exchange.seen().len();
    assert!(asked <= 40, "{asked} requests");
}

#[tokio::test(start_paused = true)]
async fn the_mailbox_in_trouble_is_known_by_its_part_of_the_answer() {
    let stage = Stage::new(Access::Folder, 50);
    stage.exchange.on_mailbox(|asked, mail| {
        let hit = asked.operation == "FindItem" && mail.starts_with("u0007");
        hit.then(|| Refused { code: "ErrorMailboxMoveInProgress", ..Refused::default() })
    });
    let outcomes = stage.poll().await;
    assert!(is_unavailable(&outcomes[7]));
    assert!(error(&outcomes[7]).advice().to_string().contains("moved"));
    assert_eq!(stage.exchange.seen().len(), 2, "one for zones, one for all calendars");
    stage.exchange.on_mailbox(|asked, mail| {
        let hit = asked.operation == "FindItem" && mail.starts_with("u0007");
        hit.then(|| Refused { code: "ErrorNonExistentMailbox", ..Refused::default() })
    });
    assert!(matches!(error(&stage.poll().await[7]), MailboxError::NotFound { .. }));
}
