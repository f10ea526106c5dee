//! The check for people: every step of the way to a calendar, without changing anything.

use busylamp_core::{
    check::{Step, Verdict},
    ids::MailAddress,
    said::Said,
    title::Reading,
};
use busylamp_ews::{Granted, Span};
use jiff::{SignedDuration, tz::TimeZone};

use super::{
    account::EwsAccount,
    availability,
    error::{EwsError, ONLINE_END},
    knock::knock,
    settings::Access,
    view::{self, Target},
};
use crate::{Request, Window, clock::Clock, steps};

/// Walks to the mailbox. Stops where it doesn't go on. Without a mailbox the sign-in alone is tried.
pub(super) async fn check(account: &EwsAccount, mailbox: Option<&MailAddress>, clock: Clock) -> Vec<Step> {
    let Some(mail) = mailbox else {
        let sign_in = knock(account, clock).await;
        let rest = sign_in.is_ok().then(|| Step::new(steps::KEYWORDS, keywords(account.access)));
        return [Some(sign_in), server(account), rest].into_iter().flatten().collect();
    };
    let now = clock.now();
    let tomorrow = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(now);
    let span = Span { from: now, to: tomorrow };
    let mails = std::slice::from_ref(mail);
    let free_busy = availability::read(account, mails, span, clock).await.pop();
    let free_busy = free_busy.unwrap_or(Err(EwsError::BadAnswer("it has no mailbox")));
    if let Err(error) = &free_busy
        && error.is_of_account()
    {
        return vec![Step::new(steps::SIGN_IN, Verdict::Fault(Said::verbatim(error.sentence(&account.consent_url))))];
    }
    let mut steps = vec![Step::new(steps::SIGN_IN, Verdict::Ok(Said::verbatim("the server accepts it")))];
    steps.extend(server(account));

    let needed = account.access == Access::FreeBusy;
    steps.push(Step::new(
        steps::FREE_BUSY,
        match &free_busy {
            Ok(found) if found.granted == Granted::MergedOnly => Verdict::Note(Said::verbatim(
                "only in steps of a quarter of an hour, and of two events at a time only one",
            )),
            Ok(found) => Verdict::Ok(Said::verbatim(format!("{} busy times in the next 24 hours", found.busy.len()))),
            Err(error) if needed => Verdict::Fault(Said::verbatim(error.sentence(&account.consent_url))),
            Err(error) => Verdict::Note(Said::verbatim(match account.access {
                Access::Impersonation => format!("not to be had, so each mailbox is asked for changes itself: {error}"),
                Access::Folder | Access::FreeBusy => format!("not to be had: {error}"),
            })),
        },
    ));
    let zone = free_busy.ok().and_then(|found| found.zone);
    if account.access != Access::FreeBusy {
        let read = read(account, mail, zone.as_ref(), span, clock).await;
        let found = read.is_ok();
        steps.push(Step::new(
            steps::CALENDAR,
            match read {
                Ok(number) => Verdict::Ok(Said::verbatim(format!("{number} events in the next 24 hours"))),
                Err(error) => Verdict::Fault(Said::verbatim(error.sentence(&account.consent_url))),
            },
        ));
        if !found {
            return steps;
        }
    }
    steps.push(Step::new(
        steps::TIME_ZONE,
        match zone {
            Some(_) => Verdict::Ok(Said::verbatim("the mailbox tells its own")),
            None => Verdict::Note(Said::verbatim(
                "the mailbox tells none; the configured one counts for its all-day events",
            )),
        },
    ));
    steps.push(Step::new(steps::KEYWORDS, keywords(account.access)));
    steps
}

/// How many events there are.
async fn read(
    account: &EwsAccount,
    mail: &MailAddress,
    zone: Option<&TimeZone>,
    span: Span,
    clock: Clock,
) -> Result<usize, EwsError> {
    let utc = TimeZone::UTC;
    let request = Request {
        mailboxes: std::slice::from_ref(mail),
        window: Window { from: span.from, to: span.to },
        reading: &Reading::default(),
        zone: &utc,
        now: clock.now(),
        full: true,
    };
    let target = Target { mail: mail.clone(), zone: zone.unwrap_or(&utc).clone(), known: false };
    let one_each = account.access == Access::Impersonation;
    let agendas = view::read(account, std::slice::from_ref(&target), &request, one_each, clock).await;
    match agendas.into_iter().next() {
        Some(agenda) => agenda.map(|agenda| agenda.events().len()),
        None => Err(EwsError::BadAnswer("it has no calendar")),
    }
}

fn server(account: &EwsAccount) -> Option<Step> {
    let server = account.server()?;
    let text = format!("{} ({server})", server.product());
    let verdict = if server.is_online() {
        Verdict::Note(Said::verbatim(format!("{text}; {ONLINE_END}")))
    } else {
        Verdict::Ok(Said::verbatim(text))
    };
    Some(Step::new(steps::SERVER, verdict))
}

/// What the rights leave of keywords.
fn keywords(access: Access) -> Verdict {
    match access {
        Access::Impersonation => Verdict::Ok(Said::verbatim("all subjects are read")),
        Access::Folder => Verdict::Note(Said::verbatim(
            "private events come without their subjects: keywords in those can't work (access = \"impersonation\" can)",
        )),
        Access::FreeBusy => Verdict::Note(Said::verbatim(
            "only free/busy times are read: there are no keywords and no titles, and cancelled, declined and private events \
             are not told apart",
        )),
    }
}
