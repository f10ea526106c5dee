//! Exchange has too much to do, and says so in every way that it knows.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;

use super::{
    Stage, error,
    fake::{self, Refused, Reply, page},
    is_unavailable, is_unchanged,
};
use crate::ews::Access;

#[tokio::test(start_paused = true)]
async fn the_pause_that_exchange_names_is_kept_to_the_millisecond_by_the_whole_account() {
    let stage = Stage::read(Access::Folder, 200).await;
    stage
        .exchange
        .answer_first(1, || fake::fault("ErrorServerBusy", "The server cannot service this request.", Some(2977)));
    let begun = Instant::now();
    assert!(stage.poll().await.iter().all(is_unchanged));
    // 20 ms to be told, the pause, 20 ms to be served, perhaps once more behind others.
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(20 + 2977) && waited < Duration::from_millis(3200), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_longer_pause_is_left_to_later_polls_and_kept_to() {
    let stage = Stage::read(Access::Folder, 10).await;
    stage.exchange.answer_first(1, || fake::fault("ErrorServerBusy", "busy", Some(297_749)));
    let begun = Instant::now();
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().all(is_unavailable), "what was known stays with who asked");
    assert!(begun.elapsed() < Duration::from_secs(1));
    stage.exchange.seen();
    tokio::time::advance(Duration::from_millis(240_000)).await;
    assert!(stage.poll().await.iter().all(is_unavailable));
    assert_eq!(stage.exchange.seen().len(), 0);
    assert!(stage.trouble().contains("ErrorServerBusy"), "{}", stage.trouble());
    tokio::time::advance(Duration::from_millis(50_000)).await;
    assert!(stage.poll().await.iter().all(is_unchanged));
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_millis(297_769) && waited < Duration::from_millis(297_900), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn busy_is_understood_in_every_dress() {
    const PLAIN: Refused = Refused { code: "ErrorServerBusy", text: "", back_off: Some(1500) };
    const HIDDEN: Refused = Refused {
        code: "ErrorInternalServerError",
        text: "An internal server error occurred. ErrorServerBusy: try again later.",
        back_off: None,
    };
    for dress in [PLAIN, HIDDEN] {
        let stage = Stage::read(Access::Folder, 2).await;
        let mut left = 2;
        stage.exchange.on_mailbox(move |_, _| {
            left -= i32::from(left > 0);
            (left > 0).then(|| dress.clone())
        });
        let begun = Instant::now();
        assert!(stage.poll().await.iter().all(is_unchanged));
        let pause = dress_pause(&PLAIN);
        assert!(begun.elapsed() >= pause.min(Duration::from_millis(250)), "{:?}", begun.elapsed());
        assert!(stage.account.at_once() < 4);
    }
}

fn dress_pause(refused: &Refused) -> Duration {
    Duration::from_millis(refused.back_off.unwrap_or(250))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_for_a_moment_is_asked_again() {
    let error_page = [("location", "/ews/genericerrorpage.htm?aspxerrorpath=/EWS/Exchange.asmx")];
    let replies: [Box<dyn Fn() -> Reply + Send>; 5] = [
        Box::new(|| page(503, &[], "Service Unavailable")),
        Box::new(move || page(302, &error_page, "")),
        Box::new(|| page(500, &[], "<title>Server Error in '/EWS' Application.</title>")),
        Box::new(|| fake::fault("ErrorServerBusy", "", None)),
        Box::new(|| {
            use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
            Err(HttpError::new("mail.example.com", HttpErrorKind::Reset, Delivery::MaybeSent))
        }),
    ];
    for reply in replies {
        let stage = Stage::read(Access::Folder, 10).await;
        stage.exchange.answer_first(2, reply);
        let begun = Instant::now();
        assert!(stage.poll().await.iter().all(is_unchanged), "{}", stage.trouble());
        assert_eq!(stage.exchange.seen().len(), 3);
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(750) && waited < Duration::from_secs(3), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_pause_of_a_front_end_is_kept() {
    let stage = Stage::read(Access::Folder, 10).await;
    stage.exchange.answer_first(1, || page(503, &[("retry-after", "7")], ""));
    let begun = Instant::now();
    assert!(stage.poll().await.iter().all(is_unchanged));
    assert!(begun.elapsed() >= Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn too_many_connections_make_them_half_as_many() {
    let stage = Stage::read(Access::Impersonation, 100).await;
    stage.exchange.answer_first(1, || {
        fake::fault("ErrorExceededConnectionCount", "You have exceeded the available concurrent connections", None)
    });
    stage.poll().await;
    assert!(stage.account.at_once() <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_in_trouble_is_not_asked_for_each_of_two_thousand_mailboxes() {
    for access in [Access::Folder, Access::Impersonation] {
        let mut stage = Stage::read(access, 2000).await;
        stage.later(SignedDuration::from_mins(20));
        stage.exchange.on_request(|_| Some(page(500, &[], "Server Error in '/EWS' Application.")));
        let begun = Instant::now();
        let outcomes = stage.poll().await;
        assert!(outcomes.iter().all(is_unavailable));
        assert!(error(&outcomes[0]).advice().to_string().contains("status 500"), "{:?}", outcomes[0]);
        let asked = stage.exchange.seen().len();
        assert!(asked <= 60, "{asked} requests");
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_not_asked_for_smaller_and_smaller_batches() {
    use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
    let stage = Stage::read(Access::Folder, 500).await;
    stage.exchange.on_request(|_| {
        let kind = HttpErrorKind::TimeOut { seconds: 60 };
        Some(Err(HttpError::new("mail.example.com", kind, Delivery::MaybeSent)))
    });
    assert!(stage.poll().await.iter().all(is_unavailable));
    let asked = stage.exchange.seen().len();
    assert!(asked <= 8, "{asked} requests of a minute each");
    assert!(stage.trouble().contains("no complete answer"), "{}", stage.trouble());
}
