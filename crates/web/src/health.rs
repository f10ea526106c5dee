//! How it goes: connections, what is overdue, what ends soon, and the users whom somebody should look at.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form, Router,
    extract::State as Extract,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use busylamp_core::{
    explain::Speaker,
    ids::{AccountId, InstanceId},
    keeper::Flag,
    language::Language,
};
use busylamp_service::{
    Outcome,
    health::{ConnectionHealth, Flagged, Health},
};
use busylamp_store::{Action, Role};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::{
    Site, asset,
    page::{Alarmed, Frame, message, show},
    people::{Administrator, Visitor},
    upkeep::{self, Alarm},
    user,
    when::{When, moment},
};

/// So many users are shown of each flag; of the others the number.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "health.html")]
struct Page {
    frame: Frame,
    words: &'static Words,
    /// How it goes on the whole, with its class; absent where the frame says what is wrong.
    summary: Option<(&'static str, &'static str)>,
    may_change: bool,
    connections: Vec<Connection>,
    facts: Vec<Fact>,
    expiring: Vec<Expiring>,
    flagged: Vec<Group>,
    instances: Vec<InstanceId>,
}

struct Connection {
    name: String,
    state: &'static str,
    class: &'static str,
    last: Option<(String, When)>,
    latency: Option<String>,
    trouble: Option<String>,
    notes: Vec<String>,
}

struct Fact {
    name: &'static str,
    value: String,
    user: Option<(String, String)>,
    bad: bool,
}

struct Expiring {
    what: String,
    at: When,
    left: String,
    class: &'static str,
}

/// The users with one flag.
struct Group {
    advice: &'static str,
    count: usize,
    users: Vec<Whom>,
    beyond: usize,
}

struct Whom {
    name: String,
    instance: InstanceId,
    account: AccountId,
    path: String,
}

struct Words {
    connections: &'static str,
    what: &'static str,
    state: &'static str,
    last: &'static str,
    latency: &'static str,
    never: &'static str,
    figures: &'static str,
    expiring: &'static str,
    nothing_expires: &'static str,
    ends: &'static str,
    left: &'static str,
    flagged: &'static str,
    nobody: &'static str,
    again: &'static str,
    all_again: &'static str,
    more: &'static str,
    refresh: &'static str,
    no_connections: &'static str,
}

const GERMAN: Words = Words {
    connections: "Verbindungen",
    what: "Was",
    state: "Zustand",
    last: "Zuletzt erfolgreich",
    latency: "Dauer",
    never: "noch nie",
    figures: "Zahlen",
    expiring: "Was abläuft",
    nothing_expires: "Von keinem Zertifikat und keinem Geheimnis ist ein Ablauf bekannt. Den Ablauf von Geheimnissen trägt man bei der Instanz ein.",
    ends: "Läuft ab",
    left: "Noch",
    flagged: "Wer Aufmerksamkeit braucht",
    nobody: "Niemand.",
    again: "Erneut prüfen",
    all_again: "Alle erneut prüfen",
    more: "weitere",
    refresh: "Aktualisieren",
    no_connections: "Noch keine: Es ist keine Instanz aktiv.",
};
const ENGLISH: Words = Words {
    connections: "Connections",
    what: "What",
    state: "State",
    last: "Last success",
    latency: "Took",
    never: "never yet",
    figures: "Figures",
    expiring: "What expires",
    nothing_expires: "No certificate and no secret is known to expire. When secrets expire is entered with the instance.",
    ends: "Expires",
    left: "Left",
    flagged: "Who needs attention",
    nobody: "Nobody.",
    again: "Check again",
    all_again: "Check all again",
    more: "more",
    refresh: "Refresh",
    no_connections: "None yet: no instance is active.",
};

/// The routes of this room.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/health", get(page))
        .route("/health/check", post(check))
        .route("/healthz", get(upkeep::healthz))
        .route("/assets/health.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/health.css"))))
}

async fn page(Extract(site): Extract<Site>, visitor: Visitor) -> Response {
    let Visitor { person, language } = visitor;
    let health = match site.upkeep.health(&site.service).await {
        Ok(health) => health,
        Err(error) => {
            tracing::error!(%error, "the page of health gets no answer");
            let frame = Frame::of(language, language.pick("Zustand", "Health"), person.as_ref()).at("/health");
            return message(StatusCode::SERVICE_UNAVAILABLE, frame, &Alarm::Silent.words(language));
        }
    };
    let now = health.now;
    let speaker = Speaker { language, zone: &site.zone };
    let flagged: BTreeMap<Flag, Vec<&Flagged>> = health.flagged.iter().fold(BTreeMap::new(), |mut groups, flagged| {
        groups.entry(flagged.flag).or_insert_with(Vec::new).push(flagged);
        groups
    });
    let mut instances: Vec<_> = health.flagged.iter().map(|flagged| flagged.instance.clone()).collect();
    instances.sort();
    instances.dedup();
    let administrates = person.as_ref().is_some_and(|person| person.role == Role::Administrator);
    let mut frame = Frame::of(language, language.pick("Zustand", "Health"), person.as_ref()).at("/health");
    // The frame's may be a moment old, and what is wrong is told here anyway.
    let alarm = Alarm::of(&health);
    frame.alarm = alarm.as_ref().map(|alarm| Alarmed::new(alarm, language));
    show(&Page {
        frame,
        words: language.pick(&GERMAN, &ENGLISH),
        summary: alarm.is_none().then(|| summary(&health, language)),
        may_change: administrates,
        connections: health.connections.iter().map(|one| connection(one, now, &speaker)).collect(),
        facts: facts(&health, language, &site),
        expiring: expiring(&health, &speaker),
        flagged: flagged.into_iter().map(|(flag, users)| group(&speaker, flag, &users)).collect(),
        instances,
    })
}

/// How it goes on the whole while nothing is down: class and sentence.
fn summary(health: &Health, language: Language) -> (&'static str, &'static str) {
    if health.connections.iter().any(|one| one.trouble.is_some()) {
        let text = language.pick(
            "Nicht jede Verbindung antwortet gerade. Busylamp versucht es von selbst weiter.",
            "Not every connection answers just now. Busylamp keeps trying by itself.",
        );
        return ("warn", text);
    }
    if !health.flagged.is_empty() {
        let text = language.pick(
            "Die Verbindungen stehen. Wer Aufmerksamkeit braucht, steht unten.",
            "The connections are up. Who needs attention stands below.",
        );
        return ("", text);
    }
    ("good", language.pick("Alles in Ordnung.", "All is well."))
}

fn connection(one: &ConnectionHealth, now: Timestamp, speaker: &Speaker<'_>) -> Connection {
    let language = speaker.language;
    let (state, class) = match (&one.trouble, one.last_success) {
        (Some(_), _) if upkeep::is_down(one, now) => (language.pick("gestört", "down"), "bad"),
        (Some(_), _) => (language.pick("wackelt", "unsteady"), "warn"),
        (None, None) => (language.pick("wird gelesen", "being read"), ""),
        (None, Some(_)) => (language.pick("geht", "works"), "good"),
    };
    Connection {
        name: capital(&upkeep::name(one, language)),
        state,
        class,
        last: one.last_success.map(|at| (ago(now.duration_since(at), language), moment(at, speaker.zone, language))),
        latency: one.latency_ms.map(|took| milliseconds(took, language)),
        trouble: one.trouble.as_ref().map(|trouble| trouble.speak(language).to_owned()),
        notes: one.notes.iter().map(|note| note.speak(language).to_owned()).collect(),
    }
}

fn facts(health: &Health, language: Language, site: &Site) -> Vec<Fact> {
    let board = site.board.borrow().clone();
    let whom = |instance: &InstanceId, account: &AccountId| {
        let lamp = board.lamps.iter().find(|lamp| lamp.instance == *instance && lamp.account == *account);
        (lamp.map_or_else(|| account.to_string(), |lamp| lamp.name.clone()), user::path(instance, account))
    };
    let none = language.pick("keine", "none").to_owned();
    let age = |at: Timestamp| span(health.now.duration_since(at), language);
    let reading = health.oldest_reading.as_ref();
    let overdue = health.oldest_overdue_give_back.as_ref();
    vec![
        Fact {
            name: language.pick("Älteste Lesung eines Kalenders", "Oldest reading of a calendar"),
            value: reading.map_or_else(|| none.clone(), |(_, _, at)| age(*at)),
            user: reading.map(|(instance, account, _)| whom(instance, account)),
            bad: false,
        },
        Fact {
            name: language.pick("Älteste überfällige Rückgabe", "Oldest overdue give-back"),
            value: overdue.map_or(none, |(_, _, at)| age(*at)),
            user: overdue.map(|(instance, account, _)| whom(instance, account)),
            bad: upkeep::is_overdue(health),
        },
        Fact {
            name: language.pick("Wartende Schreibvorgänge", "Writes that wait"),
            value: health.waiting_writes.to_string(),
            user: None,
            bad: false,
        },
        Fact {
            name: language.pick("Im Verlauf fehlende Einträge", "Records missing from history"),
            value: health.lost_records.to_string(),
            user: None,
            bad: health.lost_records > 0,
        },
        Fact { name: language.pick("Läuft seit", "Running for"), value: age(health.started), user: None, bad: false },
    ]
}

fn expiring(health: &Health, speaker: &Speaker<'_>) -> Vec<Expiring> {
    let language = speaker.language;
    let one = |expiry: &busylamp_service::health::Expiry| {
        let left = expiry.at.duration_since(health.now);
        Expiring {
            what: capital(&upkeep::expiring(&expiry.what, language)),
            at: moment(expiry.at, speaker.zone, language),
            left: if left.is_positive() {
                span(left, language)
            } else {
                language.pick("abgelaufen", "expired").to_owned()
            },
            class: match left {
                _ if !left.is_positive() => "bad",
                _ if upkeep::is_soon(expiry, health.now) => "warn",
                _ => "good",
            },
        }
    };
    health.expiring.iter().map(one).collect()
}

fn group(speaker: &Speaker<'_>, flag: Flag, users: &[&Flagged]) -> Group {
    let whom = |flagged: &&Flagged| Whom {
        name: flagged.name.clone(),
        path: user::path(&flagged.instance, &flagged.account),
        instance: flagged.instance.clone(),
        account: flagged.account.clone(),
    };
    Group {
        advice: speaker.flag(flag),
        count: users.len(),
        users: users.iter().take(SHOWN).map(whom).collect(),
        beyond: users.len().saturating_sub(SHOWN),
    }
}

/// Who is to be read anew: one user, or all of an instance.
#[derive(Deserialize)]
struct Again {
    instance: String,
    account: Option<String>,
}

async fn check(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Form(again): Form<Again>,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let (instance, account) = (InstanceId::new(again.instance), again.account.map(AccountId::new));
    let done = site.service.check_again(&instance, account.as_ref()).await.map_err(|error| {
        tracing::error!(instance = %instance, %error, "what shall be read anew is not");
        let frame = Frame::of(language, language.pick("Störung", "Trouble"), Some(&person));
        message(StatusCode::SERVICE_UNAVAILABLE, frame, &Alarm::Silent.words(language))
    })?;
    if matches!(done, Outcome::UnknownInstance | Outcome::UnknownUser) {
        let frame = Frame::of(language, language.pick("Nicht gefunden", "Not found"), Some(&person));
        let text = language.pick("Diesen Benutzer gibt es nicht mehr.", "This user is not there any more.");
        return Err(message(StatusCode::NOT_FOUND, frame, text));
    }
    let object = match &account {
        Some(account) => format!("{instance}: {account}"),
        None => instance.to_string(),
    };
    people.audit(&person, Action::new("user_checked"), &object).await;
    Ok(Redirect::to("/health").into_response())
}

/// How long ago, in one unit.
fn ago(age: SignedDuration, language: Language) -> String {
    if age < SignedDuration::from_secs(3) {
        return language.pick("gerade eben", "just now").to_owned();
    }
    let span = span(age, language);
    // Of the units only days have a dative of their own.
    language.pick(format!("vor {}", span.replace("Tage", "Tagen")), format!("{span} ago"))
}

/// A span of time in the unit that says most; never less than nothing.
fn span(span: SignedDuration, language: Language) -> String {
    let seconds = span.as_secs().max(0);
    let (count, german, english) = match seconds {
        0..120 => (seconds, ["Sekunde", "Sekunden"], ["second", "seconds"]),
        120..7_200 => (seconds / 60, ["Minute", "Minuten"], ["minute", "minutes"]),
        7_200..172_800 => (seconds / 3_600, ["Stunde", "Stunden"], ["hour", "hours"]),
        _ => (seconds / 86_400, ["Tag", "Tage"], ["day", "days"]),
    };
    let [one, many] = language.pick(german, english);
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Milliseconds as people read them.
fn milliseconds(took: u64, language: Language) -> String {
    if took < 1_000 {
        return format!("{took} ms");
    }
    let tenths = took / 100;
    format!("{}{}{} s", tenths / 10, language.pick(',', '.'), tenths % 10)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_unit_that_says_most() {
        let told = |seconds| {
            let of = SignedDuration::from_secs(seconds);
            [span(of, Language::German), ago(of, Language::English)]
        };
        assert_eq!(told(1), ["1 Sekunde", "just now"]);
        assert_eq!(told(-5), ["0 Sekunden", "just now"], "clocks go back");
        assert_eq!(told(119), ["119 Sekunden", "119 seconds ago"]);
        assert_eq!(told(120), ["2 Minuten", "2 minutes ago"]);
        assert_eq!(told(7_199), ["119 Minuten", "119 minutes ago"]);
        assert_eq!(told(90_000), ["25 Stunden", "25 hours ago"]);
        assert_eq!(told(172_800), ["2 Tage", "2 days ago"]);
        assert_eq!(ago(SignedDuration::from_hours(49), Language::German), "vor 2 Tagen");
    }

    #[test]
    fn latency_is_told_as_people_read_it() {
        assert_eq!(milliseconds(87, Language::German), "87 ms");
        assert_eq!(milliseconds(1_250, Language::German), "1,2 s");
        assert_eq!(milliseconds(61_000, Language::English), "61.0 s");
    }
}
