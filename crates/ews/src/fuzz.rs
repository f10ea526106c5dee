//! What the fuzz targets and the replay of their corpus call: every reader of this crate over any bytes, with what must
//! hold whatever they are. Not for use.

use busylamp_core::{event::When, title::Reading};
use jiff::{Timestamp, tz::TimeZone};

use crate::{MailboxFault, ReadItems, Rest, Span, answer, autodiscover, availability};

/// A rule for all that names no other, so that nothing depends on a zone database.
const ZONE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn span() -> Span {
    Span { from: Timestamp::UNIX_EPOCH, to: Timestamp::MAX }
}

/// An answer to FindItem.
pub fn find_item(body: &[u8]) {
    let zone = TimeZone::posix(ZONE).expect("a rule that POSIX knows");
    let named = |name: &str| name.len().is_multiple_of(2).then_some(TimeZone::UTC);
    let reading = Reading { keep_titles: true, ..Reading::default() };
    let how = ReadItems { span: span(), reading: &reading, zone_named: &named };
    for asked in [1, 2] {
        let marks = answer::marks(body, asked);
        let Ok(items) = answer::items(body, &vec![&zone; asked], &how) else { continue };
        assert_eq!(items.mailboxes.len(), asked);
        let marks = marks.expect("what has events has marks");
        assert_eq!(items.server, marks.server);
        for (page, marks) in items.mailboxes.iter().zip(&marks.mailboxes) {
            let Ok(page) = page else { continue };
            let marks = marks.as_ref().expect("what has events has marks");
            assert!(page.rest == Rest::Nothing || !marks.complete);
            assert!(page.events.iter().all(|event| in_span(event.when, &zone)));
        }
    }
    let _ = answer::folders(body, 1);
}

fn in_span(when: When, zone: &TimeZone) -> bool {
    let (start, end) = when.interval(zone);
    match when {
        When::Timed { .. } => span().touches(start, end),
        // The server's own instants count too, a day to either side.
        When::AllDay { .. } => true,
    }
}

/// An answer to GetUserAvailability.
pub fn free_busy(body: &[u8]) {
    for asked in [1, 2] {
        let Ok(answer) = availability::read(body, asked, span()) else { continue };
        for free_busy in answer.mailboxes.iter().flatten() {
            let events = free_busy.events(span(), &Reading::default());
            assert!(events.len() <= free_busy.busy.len());
            assert!(events.iter().all(|event| in_span(event.when, &TimeZone::UTC) && event.title.clear().is_none()));
            if let Some(zone) = &free_busy.zone {
                let _ = zone.to_datetime(Timestamp::UNIX_EPOCH);
            }
        }
    }
}

/// A SOAP fault, and the refusals in other answers.
pub fn fault(body: &[u8]) {
    let refusals = answer::marks(body, 1).into_iter().flat_map(|answer| answer.mailboxes);
    let refusals = refusals.filter_map(|mailbox| match mailbox {
        Err(MailboxFault::Refused(refusal)) => Some(refusal),
        Ok(_) | Err(MailboxFault::Unreadable(_)) => None,
    });
    for refusal in refusals.chain(answer::fault(body)) {
        assert!(refusal.to_string().len() < 800 && !refusal.to_string().contains(['\n', '\r', '\0']));
        assert!(!refusal.advice().to_string().is_empty());
        let _ = refusal.class();
        assert!(refusal.back_off.is_none_or(|pause| pause.as_secs() <= 3600));
    }
}

/// A document of Autodiscover, of either kind.
pub fn autodiscover(body: &[u8]) {
    let v2 = autodiscover::v2(body).ok().and_then(|v2| match v2 {
        autodiscover::V2::Server(url) => Some(url),
        autodiscover::V2::Refused(_) => None,
    });
    let pox = autodiscover::pox(body).ok().and_then(|pox| match pox {
        autodiscover::Pox::Server(url) | autodiscover::Pox::OtherUrl(url) => Some(url),
        autodiscover::Pox::OtherAddress(_) | autodiscover::Pox::Refused(_) => None,
    });
    for url in v2.iter().chain(&pox) {
        assert!(url.scheme() == "https" && url.host_str().is_some() && url.password().is_none());
    }
}
