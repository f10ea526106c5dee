//! The check for people: every step of the way to a calendar, without changing anything.

use busylamp_core::{
    check::{Step, Verdict},
    ids::MailAddress,
    said::{Phrase, Said},
    title::Reading,
};
use jiff::SignedDuration;

use super::{
    client::Client,
    doorbell,
    error::GraphError,
    poll::WITHOUT_ROLES,
    users::{self, Directory, Found},
    view,
};
use crate::{
    Window,
    clock::Clock,
    entra::Roles,
    steps::{self, events, with},
};

/// Walks to the mailbox, or, without one, as far as the rights. Stops where it doesn't go on.
pub(super) async fn check(
    client: &Client,
    consent_url: &str,
    mailbox: Option<&MailAddress>,
    clock: Clock,
) -> Vec<Step> {
    let token = match client.tokens().anew(clock.now()).await {
        Ok(token) => token,
        Err(error) => {
            let error = GraphError::SignIn(error);
            return vec![Step::new(steps::SIGN_IN, Verdict::Fault(error.sentence(consent_url)))];
        }
    };
    let life = token.life().as_secs() / 60;
    let mut steps = vec![
        Step::new(
            steps::SIGN_IN,
            Verdict::Ok(Said::new(format!("ein Token für {life} Minuten"), format!("a token for {life} minutes"))),
        ),
        Step::new(steps::RIGHTS, rights(&token.roles)),
    ];
    let Some(mail) = mailbox else { return steps };

    let fault = |steps: &mut Vec<Step>, name, error: &GraphError| {
        steps.push(Step::new(name, Verdict::Fault(error.sentence(consent_url))));
    };
    let (user, step) = match find(client, mail, &token.roles, clock).await {
        Ok(found) => found,
        Err(error) => {
            fault(&mut steps, steps::USER, &error);
            return steps;
        }
    };
    let found = step.is_ok();
    steps.push(step);
    if !found {
        return steps;
    }
    let target = users::target(user.as_deref().unwrap_or(mail.as_str()));

    let now = clock.now();
    let tomorrow = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(now);
    let window = Window { from: now, to: tomorrow };
    let read = view::read(client, std::slice::from_ref(&target), window, &Reading::default(), clock).await;
    match read.into_iter().next() {
        Some(Ok(agenda)) => {
            let number = agenda.events().len();
            steps.push(Step::new(steps::CALENDAR, Verdict::Ok(events(number))));
        }
        Some(Err(error)) => {
            fault(&mut steps, steps::CALENDAR, &error);
            return steps;
        }
        None => return steps,
    }

    let begun = doorbell::begin(client, &[(target.clone(), window)], clock).await;
    steps.push(Step::new(
        steps::CHANGES,
        match begun.into_iter().next() {
            Some(Ok(_)) => Verdict::Ok(Said::new("sie werden gemeldet", "they are told")),
            Some(Err(error)) => Verdict::Note(with(
                Phrase::new(
                    "sie werden nicht gemeldet, deshalb liest jede Abfrage alles",
                    "they are not told, so every poll reads everything",
                ),
                &error.happened(),
            )),
            None => Verdict::Note(Said::new("nach ihnen wurde nicht gefragt", "they were not asked for")),
        },
    ));

    let zones = users::zones(client, &[target], clock).await;
    steps.push(Step::new(
        steps::TIME_ZONE,
        match zones.into_iter().next() {
            Some(Ok(Some(zone))) => Verdict::Ok(Said::verbatim(zone.iana_name().unwrap_or("UTC"))),
            Some(Ok(None)) => Verdict::Note(Said::new(
                "das Postfach hat keine bekannte; es gilt die eingestellte",
                "the mailbox has none that is known; the configured one counts",
            )),
            Some(Err(error)) => Verdict::Note(with(
                Phrase::new(
                    "sie ist nicht zu lesen, es gilt die eingestellte (dafür, wenn gewünscht: MailboxSettings.Read)",
                    "it can't be read, the configured one counts (optional: MailboxSettings.Read)",
                ),
                &error.happened(),
            )),
            None => Verdict::Note(Said::new("nach ihr wurde nicht gefragt", "it was not asked for")),
        },
    ));
    steps
}

fn rights(roles: &Roles) -> Verdict {
    match roles.names() {
        None => Verdict::Note(Said::new("in das Token lässt sich nicht hineinsehen", "the token can't be looked into")),
        Some(names) if roles.any(&users::CALENDARS) == Some(true) => Verdict::Ok(Said::verbatim(names.join(", "))),
        Some(names) => {
            let none = names.is_empty();
            let names = if none { Said::new("Keine", "none") } else { Said::verbatim(names.join(", ")) };
            Verdict::Note(names.advising(&WITHOUT_ROLES.into()))
        }
    }
}

/// The user's object id where it can be had, and what there is to say about it.
async fn find(
    client: &Client,
    mail: &MailAddress,
    roles: &Roles,
    clock: Clock,
) -> Result<(Option<String>, Step), GraphError> {
    let directory = Directory::of(roles);
    if directory == Directory::Closed {
        let note = Said::new(
            "das Verzeichnis ist uns verschlossen, deshalb wird nach der Adresse selbst gefragt (dafür, wenn gewünscht: \
             User.Read.All)",
            "the directory may not be read, so the address itself is asked for (optional: User.Read.All)",
        );
        return Ok((None, Step::new(steps::USER, Verdict::Note(note))));
    }
    let found = users::find(client, std::slice::from_ref(mail), directory, clock).await;
    let (user, verdict) = match found.into_iter().next().unwrap_or(Ok(Found::Unknown)) {
        Ok(Found::One(id)) => {
            (Some(id.clone()), Verdict::Ok(Said::new(format!("Objekt-ID {id}"), format!("object id {id}"))))
        }
        Ok(Found::Unknown) => (
            None,
            Verdict::Note(Said::new(
                "nicht über die Hauptadresse gefunden; nach der Adresse selbst wird gefragt",
                "not found by the main address; the address itself is asked for",
            )),
        ),
        Ok(Found::Several) => (None, Verdict::Fault(users::SEVERAL.into())),
        Ok(Found::Nobody) => (None, Verdict::Fault(users::NOBODY.into())),
        Err(GraphError::Denied { .. }) => (
            None,
            Verdict::Note(Said::new(
                "das Verzeichnis ist uns verschlossen, was immer im Token steht; nach der Adresse selbst wird gefragt",
                "the directory may not be read, whatever the token says; the address itself is asked for",
            )),
        ),
        Err(error) => return Err(error),
    };
    Ok((user, Step::new(steps::USER, verdict)))
}
