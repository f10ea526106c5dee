//! The check for people: every step of the way to a calendar, without changing anything.

use busylamp_core::{
    check::{Step, Verdict},
    ids::MailAddress,
    said::{Phrase, Said},
    title::Reading,
};
use busylamp_ews::{Granted, Span};
use jiff::{SignedDuration, tz::TimeZone};

use super::{
    account::EwsAccount,
    availability,
    error::{EwsError, ONLINE_END},
    knock::{ACCEPTED, knock},
    settings::Access,
    view::{self, Target},
};
use crate::{
    Request, Window,
    clock::Clock,
    steps::{self, events, with},
};

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
    let free_busy =
        free_busy.unwrap_or(Err(EwsError::BadAnswer(Phrase::new("sie hat kein Postfach", "it has no mailbox"))));
    if let Err(error) = &free_busy
        && error.is_of_account()
    {
        return vec![Step::new(steps::SIGN_IN, Verdict::Fault(error.sentence(&account.consent_url)))];
    }
    let mut steps = vec![Step::new(steps::SIGN_IN, Verdict::Ok(ACCEPTED.into()))];
    steps.extend(server(account));

    let needed = account.access == Access::FreeBusy;
    steps.push(Step::new(
        steps::FREE_BUSY,
        match &free_busy {
            Ok(found) if found.granted == Granted::MergedOnly => Verdict::Note(Said::new(
                "nur in Schritten von einer Viertelstunde, und von zwei gleichzeitigen Terminen nur einer",
                "only in steps of a quarter of an hour, and of two events at a time only one",
            )),
            Ok(found) => {
                let number = found.busy.len();
                Verdict::Ok(Said::new(
                    format!("{number} belegte Zeiten in den nächsten 24 Stunden"),
                    format!("{number} busy times in the next 24 hours"),
                ))
            }
            Err(error) if needed => Verdict::Fault(error.sentence(&account.consent_url)),
            Err(error) => {
                let without = match account.access {
                    Access::Impersonation => Phrase::new(
                        "nicht zu haben, deshalb wird jedes Postfach selbst nach Änderungen gefragt",
                        "not to be had, so each mailbox is asked for changes itself",
                    ),
                    Access::Folder | Access::FreeBusy => Phrase::new("nicht zu haben", "not to be had"),
                };
                Verdict::Note(with(without, &error.happened()))
            }
        },
    ));
    let zone = free_busy.ok().and_then(|found| found.zone);
    if account.access != Access::FreeBusy {
        let read = read(account, mail, zone.as_ref(), span, clock).await;
        let found = read.is_ok();
        steps.push(Step::new(
            steps::CALENDAR,
            match read {
                Ok(number) => Verdict::Ok(events(number)),
                Err(error) => Verdict::Fault(error.sentence(&account.consent_url)),
            },
        ));
        if !found {
            return steps;
        }
    }
    steps.push(Step::new(
        steps::TIME_ZONE,
        match zone {
            Some(_) => Verdict::Ok(Said::new("das Postfach nennt seine eigene", "the mailbox tells its own")),
            None => Verdict::Note(Said::new(
                "das Postfach nennt keine; für seine ganztägigen Termine gilt die eingestellte",
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
        None => Err(EwsError::BadAnswer(Phrase::new("sie hat keinen Kalender", "it has no calendar"))),
    }
}

fn server(account: &EwsAccount) -> Option<Step> {
    let server = account.server()?;
    let text = format!("{} ({server})", server.product());
    let verdict = if server.is_online() {
        Verdict::Note(Said::verbatim(text).advising(&ONLINE_END.into()))
    } else {
        Verdict::Ok(Said::verbatim(text))
    };
    Some(Step::new(steps::SERVER, verdict))
}

/// What the rights leave of keywords.
fn keywords(access: Access) -> Verdict {
    match access {
        Access::Impersonation => Verdict::Ok(Said::new("alle Betreffe werden gelesen", "all subjects are read")),
        Access::Folder => Verdict::Note(Said::new(
            "private Termine kommen ohne ihre Betreffe: Schlüsselwörter darin wirken nicht (mit access = \"impersonation\" schon)",
            "private events come without their subjects: keywords in those can't work (access = \"impersonation\" can)",
        )),
        Access::FreeBusy => Verdict::Note(Said::new(
            "nur Frei/Gebucht-Zeiten werden gelesen: es gibt keine Schlüsselwörter und keine Titel, und abgesagte, abgelehnte \
             und private Termine sind von anderen nicht zu unterscheiden",
            "only free/busy times are read: there are no keywords and no titles, and cancelled, declined and private events \
             are not told apart",
        )),
    }
}
