//! The page on which administrators make and revoke the tokens of programs.

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use busylamp_core::language::Language;
use busylamp_store::{Action, ApiToken, NewApiToken, NotMade, Role};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;

use crate::{
    Site,
    api::PREFIX,
    page::{self, Frame, show},
    people::{Administrator, Token},
    when::{When, moment},
};

/// The longest name of a token, in characters.
const LONGEST_NAME: usize = 64;

#[derive(Template)]
#[template(path = "tokens.html")]
struct Page {
    frame: Frame,
    trouble: Option<&'static str>,
    made: Option<Made>,
    words: Words,
    tokens: Vec<Row>,
}

/// A token that was just made: this once it is shown.
struct Made {
    name: String,
    text: String,
}

struct Words {
    intro: &'static str,
    document: &'static str,
    made: &'static str,
    once: &'static str,
    name: &'static str,
    role: &'static str,
    administrator: &'static str,
    viewer: &'static str,
    since: &'static str,
    used: &'static str,
    never: &'static str,
    expires: &'static str,
    expired: &'static str,
    no_end: &'static str,
    actions: &'static str,
    revoke: &'static str,
    add: &'static str,
    name_hint: &'static str,
    expires_hint: &'static str,
    none: &'static str,
}

struct Row {
    path: String,
    name: String,
    role: &'static str,
    since: When,
    used: Option<When>,
    expires: Option<When>,
    expired: bool,
}

/// The routes of this room.
pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/tokens", get(list).post(make)).route("/tokens/{id}/revoke", post(revoke))
}

async fn list(Extract(site): Extract<Site>, administrator: Administrator) -> Result<Response, Response> {
    draw(&site, &administrator, None, None).await
}

async fn draw(
    site: &Site,
    administrator: &Administrator,
    trouble: Option<&'static str>,
    made: Option<Made>,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let tokens = people.store().tokens().await.map_err(|error| page::broken(*language, &error))?;
    let now = people.now();
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let title = language.pick("Zugangsschlüssel", "Access tokens");
    let page = Page {
        frame: Frame::of(*language, title, Some(person)).at("/tokens"),
        trouble,
        made,
        words: words(*language),
        tokens: tokens.into_iter().map(|token| row(token, now, &site.zone, *language)).collect(),
    };
    Ok((status, show(&page)).into_response())
}

fn row(token: ApiToken, now: Timestamp, zone: &TimeZone, language: Language) -> Row {
    let when = |at| moment(at, zone, language);
    Row {
        path: token.id.number().to_string(),
        role: match token.role {
            Role::Administrator => language.pick("Administrator", "Administrator"),
            Role::Viewer => language.pick("Betrachter", "Viewer"),
        },
        since: when(token.made),
        used: token.used.map(when),
        expires: token.expires.map(when),
        expired: token.has_expired(now),
        name: token.name,
    }
}

fn words(language: Language) -> Words {
    Words {
        intro: language.pick(
            "Mit einem Zugangsschlüssel benutzt ein Programm die HTTP-Schnittstelle von Busylamp, ohne Name und Kennwort.",
            "With an access token a program uses Busylamp's HTTP API without anybody's name and password.",
        ),
        document: language.pick("Beschreibung der Schnittstelle (OpenAPI)", "Description of the API (OpenAPI)"),
        made: language.pick("Der neue Zugangsschlüssel", "The new access token"),
        once: language.pick(
            "Er wird nur dieses eine Mal gezeigt. Busylamp behält nur eine Prüfsumme davon.",
            "It is shown this once only. Busylamp keeps nothing but a checksum of it.",
        ),
        name: language.pick("Name", "Name"),
        role: language.pick("Rolle", "Role"),
        administrator: language.pick("Administrator: darf alles ändern", "Administrator: may change everything"),
        viewer: language.pick("Betrachter: darf nur lesen", "Viewer: may only read"),
        since: language.pick("Ausgestellt", "Made"),
        used: language.pick("Zuletzt benutzt", "Last used"),
        never: language.pick("noch nie", "never"),
        expires: language.pick("Gilt bis", "Good until"),
        expired: language.pick("abgelaufen", "expired"),
        no_end: language.pick("bis zum Widerruf", "until it is revoked"),
        actions: language.pick("Ändern", "Change"),
        revoke: language.pick("Widerrufen", "Revoke"),
        add: language.pick("Zugangsschlüssel ausstellen", "Make an access token"),
        name_hint: language.pick(
            "Wofür er ist, zum Beispiel „Überwachung“. So heißt er unter „Änderungen“.",
            "What it is for, such as “monitoring”. Under “Changes” it has this name.",
        ),
        expires_hint: language.pick(
            "Der letzte Tag, an dem er gilt. Leer: bis zum Widerruf.",
            "The last day on which it is good. Empty: until it is revoked.",
        ),
        none: language.pick("Es gibt noch keine.", "There are none yet."),
    }
}

/// A token to be made.
#[derive(Deserialize)]
struct Typed {
    name: String,
    role: String,
    #[serde(default)]
    expires: String,
}

async fn make(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Form(typed): Form<Typed>,
) -> Result<Response, Response> {
    let (people, language) = (&administrator.people, administrator.language);
    let again = async |trouble| draw(&site, &administrator, Some(trouble), None).await;
    let name = typed.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return again(language.pick("Der Name hat 1 bis 64 Zeichen.", "A name has 1 to 64 characters.")).await;
    }
    let Ok(role) = typed.role.parse::<Role>() else {
        return Err(StatusCode::UNPROCESSABLE_ENTITY.into_response());
    };
    let now = people.now();
    let expires = match typed.expires.trim() {
        "" => None,
        date => match last_instant(date, &site.zone).filter(|expires| *expires > now) {
            Some(expires) => Some(expires),
            None => {
                return again(
                    language.pick("Der letzte Tag liegt nicht in der Zukunft.", "The last day is not ahead."),
                )
                .await;
            }
        },
    };
    let Ok(token) = Token::random() else { return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response()) };
    let made = people.store().add_token(&NewApiToken { name, role, expires }, &token.hash(), now).await;
    match made.map_err(|error| page::broken(language, &error))? {
        Ok(_) => {
            people.audit(&administrator.person, Action::new("token_made"), name).await;
            let made = Made { name: name.to_owned(), text: format!("{PREFIX}{}", token.expose()) };
            draw(&site, &administrator, None, Some(made)).await
        }
        Err(NotMade::NameTaken) => again(language.pick("Diesen Namen gibt es schon.", "This name is taken.")).await,
        Err(NotMade::TooMany) => {
            let text = "Es gibt zu viele. Widerrufen Sie erst welche, die niemand mehr benutzt.";
            again(language.pick(text, "There are too many. Revoke some first that nobody uses any more.")).await
        }
    }
}

/// The end of a day, as a browser writes its date.
fn last_instant(date: &str, zone: &TimeZone) -> Option<Timestamp> {
    let next: Date = date.parse::<Date>().ok()?.tomorrow().ok()?;
    zone.to_timestamp(next.at(0, 0, 0, 0)).ok()
}

async fn revoke(administrator: Administrator, Path(id): Path<i64>) -> Result<Response, Response> {
    let revoked = administrator.people.store().revoke_token(id).await;
    let revoked = revoked.map_err(|error| page::broken(administrator.language, &error))?;
    let token = revoked.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    administrator.people.audit(&administrator.person, Action::new("token_revoked"), &token.name).await;
    Ok(Redirect::to("/tokens").into_response())
}
