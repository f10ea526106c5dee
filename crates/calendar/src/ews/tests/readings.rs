//! What is read, and that nothing is missed.

use busylamp_core::{event::When, ids::MailAddress};
use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};

use super::{Stage, agenda, error, fake::Refused, ids, is_unavailable, is_unchanged, titles};
use crate::{
    Calendar, MailboxError, Outcome, Request,
    ews::{Access, EwsCalendar},
};

const ALL: [Access; 3] = [Access::Folder, Access::Impersonation, Access::FreeBusy];

#[tokio::test(start_paused = true)]
async fn a_moved_event_is_seen_by_the_next_poll_whatever_the_access() {
    for access in ALL {
        let stage = Stage::read(access, 3).await;
        stage.exchange.first(|mailbox| mailbox.put("a", "Jour fixe", "2026-11-24T14:00:00Z", "2026-11-24T15:00:00Z"));
        let outcomes = stage.poll().await;
        let When::Timed { start, .. } = agenda(&outcomes[0]).events()[0].when else { panic!() };
        assert_eq!(start.to_string(), "2026-11-24T14:00:00Z", "{access:?}");
        assert!(outcomes[1..].iter().all(is_unchanged), "{access:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_shared_folders_a_new_title_is_seen_at_once() {
    let stage = Stage::read(Access::Folder, 1).await;
    stage.exchange.first(|mailbox| mailbox.put("a", "Jour fixe (DND)", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"));
    let outcome = stage.poll_one().await;
    assert_eq!(agenda(&outcome).events()[0].keywords.dnd, Some(true));
}

#[tokio::test(start_paused = true)]
async fn with_impersonation_a_keyword_counts_before_its_event_begins() {
    let mut stage = Stage::read(Access::Impersonation, 1).await;
    // At 09:50 the event at 10:00 gets a keyword; neither its time nor its kind changes.
    stage.now = "2026-11-24T09:50:00Z".parse().unwrap();
    stage.poll().await;
    stage.exchange.first(|mailbox| mailbox.put("a", "Jour fixe (DND)", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"));
    let begin: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let mut seen = None;
    while stage.now < begin {
        stage.later(SignedDuration::from_secs(60));
        if let Outcome::Read { agenda, .. } = stage.poll_one().await {
            seen = agenda.events()[0].keywords.dnd.map(|_| stage.now);
        }
    }
    assert!(seen.is_some_and(|seen| seen < begin), "{seen:?}");
}

/// Puts an event into the first mailbox after its free/busy times were told, and takes it out after it was read.
fn an_event_that_only_the_reading_sees(stage: &Stage) {
    let mut steps = 0;
    stage.exchange.state().on_answered = Box::new(move |asked, mailboxes| {
        let mailbox = mailboxes.values_mut().next().unwrap();
        match (steps, asked.operation.as_str(), asked.is_probe) {
            (0, "GetUserAvailabilityRequest", _) | (0, "FindItem", true) => {
                mailbox.put("b", "kurz", "2026-11-24T16:00:00Z", "2026-11-24T17:00:00Z");
                steps = 1;
            }
            (1, "FindItem", false) => {
                mailbox.remove("b");
                steps = 2;
            }
            _ => {}
        }
    });
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_around_a_reading_is_not_left_in_it() {
    for free_busy in [true, false] {
        let mut stage = Stage::new(Access::Impersonation, 1);
        stage.exchange.on_mailbox(move |asked, _| {
            let refused = Refused { code: "ErrorNoFreeBusyAccess", ..Refused::default() };
            (!free_busy && asked.operation != "FindItem").then_some(refused)
        });
        stage.poll().await;
        // It is read for no other reason than that it was not read for long.
        stage.later(SignedDuration::from_mins(16));
        an_event_that_only_the_reading_sees(&stage);
        assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
        stage.later(SignedDuration::from_secs(60));
        assert_eq!(ids(&stage.poll_one().await), ["a"], "with free/busy times: {free_busy}");
        for _ in 0..3 {
            stage.later(SignedDuration::from_secs(60));
            assert!(is_unchanged(&stage.poll_one().await));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_while_it_is_read_for_the_first_time_is_not_left_in_it() {
    let mut stage = Stage::new(Access::Impersonation, 1);
    stage.exchange.first(|mailbox| mailbox.put("b", "kurz", "2026-11-24T16:00:00Z", "2026-11-24T17:00:00Z"));
    stage.exchange.state().on_answered = Box::new(|asked, mailboxes| {
        if asked.operation == "FindItem" {
            mailboxes.values_mut().next().unwrap().remove("b");
        }
    });
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
    stage.later(SignedDuration::from_secs(60));
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_calendar_longer_than_a_page_is_read_on() {
    for access in [Access::Folder, Access::Impersonation] {
        let mut stage = Stage::new(access, 2);
        stage.exchange.first(|mailbox| {
            for number in 0..1250 {
                let start =
                    "2026-11-24T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(10 * number);
                // Each lasts for some of the next, so that pages overlap.
                let end = start + SignedDuration::from_mins(35);
                mailbox.put(&format!("x{number:04}"), "t", &start.to_string(), &end.to_string());
            }
        });
        let outcomes = stage.poll().await;
        assert_eq!(ids(&outcomes[0]).len(), 1251, "{access:?}");
        assert_eq!(ids(&outcomes[1]), ["a"]);
        let whole = stage.exchange.seen().iter().filter(|asked| asked.operation == "FindItem").count();
        assert!(whole <= 5, "{whole} requests");
        stage.later(SignedDuration::from_secs(30));
        assert!(stage.poll().await.iter().all(is_unchanged));
    }
}

#[tokio::test(start_paused = true)]
async fn more_events_at_one_instant_than_a_page_holds_are_an_error_and_no_part_of_an_agenda() {
    let stage = Stage::new(Access::Folder, 2);
    let fill = |stage: &Stage, number: usize| {
        stage.exchange.first(|mailbox| {
            for number in 0..number {
                mailbox.put(&format!("x{number:04}"), "t", "2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z");
            }
        });
    };
    // Six hundred still fit into a longer page.
    fill(&stage, 600);
    assert_eq!(ids(&stage.poll().await[0]).len(), 601);
    fill(&stage, 1100);
    stage.exchange.seen();
    let outcomes = stage.poll().await;
    assert!(is_unavailable(&outcomes[0]), "{:?}", outcomes[0]);
    assert!(error(&outcomes[0]).advice().to_string().contains("more events at one time"));
    assert!(is_unchanged(&outcomes[1]));
    assert!(stage.exchange.seen().len() <= 5);
}

#[tokio::test(start_paused = true)]
async fn what_only_touches_the_window_is_left_out() {
    let stage = Stage::new(Access::Folder, 1);
    stage.exchange.first(|mailbox| {
        mailbox.put("before", "t", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z");
        mailbox.put("over", "t", "2026-11-23T08:00:00Z", "2026-11-23T09:00:01Z");
        mailbox.put("after", "t", "2026-12-08T09:00:00Z", "2026-12-08T10:00:00Z");
        mailbox.put("last", "t", "2026-12-08T08:59:59Z", "2026-12-08T10:00:00Z");
    });
    assert_eq!(ids(&stage.poll_one().await), ["a", "last", "over"]);
}

#[tokio::test(start_paused = true)]
async fn an_all_day_event_lies_in_the_mailboxes_zone_and_without_one_in_the_instances() {
    // 25 November in Berlin is from 23:00 to 23:00 in UTC.
    let put = |stage: &Stage, bias| {
        stage.exchange.first(|mailbox| {
            mailbox.put("a", "Messe", "2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z");
            mailbox.items[0].all_day = true;
            mailbox.utc_bias = bias;
        });
    };
    for access in [Access::Folder, Access::Impersonation] {
        let stage = Stage::new(access, 1);
        put(&stage, Some(-60));
        let outcome = stage.poll_one().await;
        let day = date(2026, 11, 25);
        assert_eq!(agenda(&outcome).events()[0].when, When::AllDay { first: day, last: day }, "{access:?}");
        let Outcome::Read { zone: Some(zone), .. } = outcome else { panic!("no zone") };
        assert_eq!(zone.to_offset(stage.now).seconds(), 3600);

        let stage = Stage::new(access, 1);
        put(&stage, None);
        let mailboxes = stage.exchange.mails();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let request = Request {
            mailboxes: &mailboxes,
            window: stage.window(),
            reading: &stage.reading,
            zone: &berlin,
            now: stage.now,
            full: false,
        };
        let outcomes = stage.calendar.poll(request).await;
        let outcome = outcomes.into_values().next().unwrap();
        assert_eq!(agenda(&outcome).events()[0].when, When::AllDay { first: day, last: day });
        assert!(matches!(outcome, Outcome::Read { zone: None, .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn free_busy_times_are_kinds_and_times_without_titles() {
    let stage = Stage::new(Access::FreeBusy, 1);
    stage.exchange.first(|mailbox| {
        mailbox.put("b", "Geheimes (DND)", "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z");
        mailbox.items[1].kind = "OOF";
    });
    let outcome = stage.poll_one().await;
    assert_eq!(agenda(&outcome).events().len(), 2);
    assert!(titles(&outcome).is_empty());
    assert!(agenda(&outcome).events().iter().all(|event| event.keywords.dnd.is_none()));
    assert!(!format!("{outcome:?}").contains("Geheimes"));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_everything_gets_everything() {
    for access in ALL {
        let stage = Stage::read(access, 3).await;
        let outcomes = stage.poll_of(&stage.exchange.mails(), true).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })), "{access:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wider_window_or_another_reading_is_read_at_once() {
    for access in ALL {
        let mut stage = Stage::read(access, 1).await;
        stage.reading.keep_titles = false;
        assert!(matches!(stage.poll_one().await, Outcome::Read { .. }), "{access:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_dropped_loses_nothing() {
    for access in ALL {
        // Dropped after each of its requests.
        for after in 1..8 {
            let stage = Stage::read(access, 2).await;
            stage.exchange.first(|mailbox| mailbox.put("b", "neu", "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"));
            let bound = std::time::Duration::from_millis(after * 15);
            let dropped = tokio::time::timeout(bound, stage.poll()).await.is_err();
            let outcomes = stage.poll().await;
            if dropped {
                assert_eq!(agenda(&outcomes[0]).events().len(), 2, "{access:?} {after}");
            } else {
                assert!(is_unchanged(&outcomes[0]));
            }
            assert!(is_unchanged(&outcomes[1]), "{access:?} {after}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_readers_of_one_account_have_memories_of_their_own() {
    let stage = Stage::read(Access::Folder, 1).await;
    let other = EwsCalendar::new(std::sync::Arc::clone(&stage.account));
    let mailboxes = stage.exchange.mails();
    let (window, reading, zone) = (stage.window(), &stage.reading, &TimeZone::UTC);
    let request = Request { mailboxes: &mailboxes, window, reading, zone, now: stage.now, full: false };
    assert!(matches!(other.poll(request).await.into_values().next(), Some(Outcome::Read { .. })));
    assert!(is_unchanged(&stage.poll_one().await));
}

#[tokio::test(start_paused = true)]
async fn who_is_not_there_and_who_is_closed_stay_apart_from_the_others() {
    for access in [Access::Folder, Access::Impersonation] {
        let mut stage = Stage::new(access, 3);
        stage.exchange.on_mailbox(|asked, mail| {
            let closed = mail.starts_with("u0001") && asked.operation == "FindItem";
            closed.then(|| Refused { code: "ErrorAccessDenied", ..Refused::default() })
        });
        let mut mails = stage.exchange.mails();
        mails.push(MailAddress::parse("v@example.com").unwrap());
        let outcomes = stage.poll_of(&mails, false).await;
        assert_eq!(ids(&outcomes[0]), ["a"]);
        assert!(matches!(error(&outcomes[1]), MailboxError::Denied { .. }));
        assert_eq!(ids(&outcomes[2]), ["a"]);
        assert!(matches!(error(&outcomes[3]), MailboxError::NotFound { .. }));
        // And they are asked for more and more seldom.
        stage.later(SignedDuration::from_secs(4));
        stage.exchange.seen();
        stage.poll_of(&mails, false).await;
        let asked: Vec<_> = stage.exchange.seen().into_iter().flat_map(|asked| asked.mails).collect();
        assert!(!asked.iter().any(|mail| mail.starts_with("u0001") || mail.starts_with('v')), "{asked:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_is_anchored_to_a_mailbox_that_it_asks_for() {
    for access in ALL {
        let stage = Stage::new(access, 3);
        stage.poll().await;
        for asked in stage.exchange.seen() {
            assert!(asked.mails.contains(asked.anchor.as_ref().unwrap()), "{asked:?}");
            let as_owner = access == Access::Impersonation && asked.operation == "FindItem";
            assert_eq!(asked.acting_as, as_owner.then(|| asked.mails[0].clone()));
            assert_eq!(asked.version, "Exchange2013_SP1");
        }
    }
}
