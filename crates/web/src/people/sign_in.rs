//! The pages for coming and going, and the set-up of the first administrator.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State as Extract},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::{language::Language, secret::Secret};
use busylamp_store::{Action, Person, Role};
use serde::Deserialize;

use super::{
    People,
    password::{self, Busy, will_do},
    session::Token,
    throttle::TooMany,
};
use crate::{
    Door, Site,
    language::preferred,
    page::{self, Frame, show},
};

/// The longest name of a person, in characters.
pub(super) const LONGEST_NAME: usize = 64;

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    frame: Frame,
    action: String,
    trouble: Option<String>,
    intro: Option<&'static str>,
    name_word: &'static str,
    name: String,
    password_word: &'static str,
    hint: Option<String>,
    new: bool,
    button: &'static str,
}

/// Where somebody wanted to go.
#[derive(Deserialize)]
pub(super) struct Wish {
    to: Option<String>,
}

/// What was typed.
#[derive(Deserialize)]
pub(super) struct Credentials {
    name: String,
    password: String,
}

/// The query that leads back to this path after signing in.
pub(super) fn back_to(path: &str) -> String {
    if path == "/" {
        return String::new();
    }
    let encoded: String = url_encoded(path);
    format!("?to={encoded}")
}

/// Only a path of ours: an address elsewhere would lead people on a page that looks like this one.
fn own_path(wish: &Wish) -> &str {
    let path = wish.to.as_deref().unwrap_or("/");
    let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']);
    if ours { path } else { "/" }
}

fn url_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

fn people(site: &Site) -> Result<&People, StatusCode> {
    match &site.door {
        Door::Guarded(people) => Ok(people),
        Door::Open => Err(StatusCode::NOT_FOUND),
    }
}

pub(super) async fn page(
    Extract(site): Extract<Site>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let language = preferred(&headers);
    let people = people(&site).map_err(IntoResponse::into_response)?;
    let set_up = people.0.store.has_administrator().await.map_err(|error| page::broken(language, &error))?;
    if !set_up {
        let frame = Frame::new(language, language.pick("Noch nicht eingerichtet", "Not set up yet"));
        let text = language.pick(
            "Die Adresse zum Einrichten steht in der Ausgabe von „busylamp run“ (mit systemd: journalctl -u busylamp).",
            "The address for the set-up is in the output of “busylamp run” (with systemd: journalctl -u busylamp).",
        );
        return Ok(page::message(StatusCode::OK, frame, text));
    }
    Ok(show(&form(language, own_path(&wish), String::new(), None)))
}

fn form(language: Language, to: &str, name: String, trouble: Option<String>) -> Page {
    Page {
        frame: Frame::new(language, language.pick("Anmelden", "Sign in")),
        action: format!("/login{}", back_to(to)),
        trouble,
        intro: None,
        name_word: language.pick("Name", "Name"),
        name,
        password_word: language.pick("Kennwort", "Password"),
        hint: None,
        new: false,
        button: language.pick("Anmelden", "Sign in"),
    }
}

pub(super) async fn sign_in(
    Extract(site): Extract<Site>,
    extensions: Extensions,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(typed): Form<Credentials>,
) -> Result<Response, Response> {
    let language = preferred(&headers);
    let people = people(&site).map_err(IntoResponse::into_response)?;
    let name: String = typed.name.trim().chars().take(LONGEST_NAME).collect();
    let again = |status: StatusCode, trouble: String| {
        (status, show(&form(language, own_path(&wish), name.clone(), Some(trouble)))).into_response()
    };
    let from = people.caller(&extensions, &headers);
    let guessers = people.throttle().guessers(&name, from);
    if let Err(TooMany { seconds }) = people.guess(&guessers) {
        let mut answer = again(StatusCode::TOO_MANY_REQUESTS, too_many(seconds, language));
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Err(answer);
    }
    let found = people.0.store.person(&name).await.map_err(|error| page::broken(language, &error))?;
    let (person, hash) = found.map_or((None, None), |(person, hash)| (Some(person), Some(hash)));
    let password: String = typed.password.chars().take(password::LONGEST).collect();
    let right = people.0.hasher.is_right(Secret::new(password), hash).await;
    match (right, person) {
        (Ok(true), Some(person)) => {
            people.throttle().signed_in(&name, from);
            tracing::info!(person = person.name, "signed in");
            welcome(people, &person, own_path(&wish), language).await
        }
        (Ok(_), _) => {
            tracing::warn!(%from, "a wrong name or password");
            let text = language.pick("Name oder Kennwort ist falsch.", "The name or the password is wrong.");
            Err(again(StatusCode::UNAUTHORIZED, text.to_owned()))
        }
        (Err(busy), _) => {
            for guesser in &guessers {
                people.throttle().not_wrong(guesser);
            }
            Err(again(StatusCode::SERVICE_UNAVAILABLE, crowded(busy, language).to_owned()))
        }
    }
}

/// What is said to whoever has guessed too often.
pub(super) fn too_many(seconds: i64, language: Language) -> String {
    language.pick(
        format!("Zu viele falsche Kennwörter. Bitte in {seconds} Sekunden noch einmal."),
        format!("Too many wrong passwords. Please try again in {seconds} seconds."),
    )
}

pub(super) fn crowded(busy: Busy, language: Language) -> &'static str {
    match busy {
        Busy::Crowded => language.pick(
            "Gerade melden sich sehr viele an. Bitte gleich noch einmal.",
            "Very many are signing in at the moment. Please try again.",
        ),
        Busy::Broken => language.pick(
            "Kennwörter können gerade nicht verarbeitet werden. Der Grund ist meist zu wenig Arbeitsspeicher.",
            "Passwords can't be processed at the moment. Mostly the machine is short of memory.",
        ),
    }
}

async fn welcome(people: &People, person: &Person, to: &str, language: Language) -> Result<Response, Response> {
    let unlucky = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
    let token = Token::random().map_err(|_| unlucky())?;
    let begun = people.0.store.begin_session(person.id, &token.hash(), people.0.clock.now()).await;
    begun.map_err(|error| page::broken(language, &error))?;
    let mut answer = Redirect::to(to).into_response();
    answer.headers_mut().insert(header::SET_COOKIE, token.cookie().ok_or_else(unlucky)?);
    Ok(answer)
}

pub(super) async fn sign_out(Extract(site): Extract<Site>, headers: HeaderMap) -> Result<Response, Response> {
    let people = people(&site).map_err(IntoResponse::into_response)?;
    if let Some(token) = Token::of(&headers) {
        let ended = people.0.store.end_session(&token.hash()).await;
        ended.map_err(|error| page::broken(preferred(&headers), &error))?;
    }
    let mut answer = Redirect::to("/login").into_response();
    answer.headers_mut().extend(Token::farewell().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(answer)
}

/// The people, if this is the set-up address and it has not been used.
async fn at_set_up<'a>(site: &'a Site, given: &str, language: Language) -> Result<&'a People, Response> {
    let people = people(site).map_err(IntoResponse::into_response)?;
    let right = people.0.set_up.as_ref().is_some_and(|token| token.is(given));
    let used = people.0.store.has_administrator().await.map_err(|error| page::broken(language, &error))?;
    if right && !used {
        return Ok(people);
    }
    let frame = Frame::new(language, language.pick("Nicht mehr gültig", "Not valid any more"));
    let text = language.pick(
        "Diese Adresse gilt nicht (mehr). Sie gilt nur einmal und bis zum nächsten Start von Busylamp.",
        "This address is not valid (any more). It is good once, and until Busylamp is started again.",
    );
    Err(page::message(StatusCode::NOT_FOUND, frame, text))
}

fn set_up_form(language: Language, token: &str, name: String, trouble: Option<String>) -> Page {
    Page {
        frame: Frame::new(language, language.pick("Busylamp einrichten", "Set up Busylamp")),
        action: format!("/setup/{token}"),
        trouble,
        intro: Some(language.pick(
            "Legen Sie fest, wie Sie sich als Administrator anmelden.",
            "Choose how you sign in as administrator.",
        )),
        name_word: language.pick("Name", "Name"),
        name,
        password_word: language.pick("Kennwort", "Password"),
        hint: Some(hint(language)),
        new: true,
        button: language.pick("Einrichten", "Set up"),
    }
}

pub(super) fn hint(language: Language) -> String {
    let least = password::SHORTEST;
    language.pick(
        format!("Mindestens {least} Zeichen; ein ganzer Satz merkt sich leicht."),
        format!("At least {least} characters; a whole sentence is easy to remember."),
    )
}

pub(super) async fn set_up_page(
    Extract(site): Extract<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let language = preferred(&headers);
    at_set_up(&site, &token, language).await?;
    Ok(show(&set_up_form(language, &token, "admin".to_owned(), None)))
}

pub(super) async fn set_up(
    Extract(site): Extract<Site>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(typed): Form<Credentials>,
) -> Result<Response, Response> {
    let language = preferred(&headers);
    let people = at_set_up(&site, &token, language).await?;
    let again = |trouble: &str| {
        let page = set_up_form(language, &token, typed.name.clone(), Some(trouble.to_owned()));
        (StatusCode::UNPROCESSABLE_ENTITY, show(&page)).into_response()
    };
    let name = typed.name.trim();
    if let Some(trouble) = unfit(name, &typed.password, language) {
        return Err(again(&trouble));
    }
    let hash = people.0.hasher.hash(Secret::new(typed.password.as_str())).await;
    let hash = hash.map_err(|busy| again(crowded(busy, language)))?;
    let store = &people.0.store;
    let added = store.add_first_administrator(name, &hash).await.map_err(|error| page::broken(language, &error))?;
    let Some(id) = added else { return Err(at_set_up(&site, "", language).await.err().unwrap_or_default()) };
    let person = Person { id, name: name.to_owned(), role: Role::Administrator, language: None };
    people.audit(&person, Action::new("set_up"), &person.name).await;
    // What is set up by a file needs no wizard.
    let to = if site.service.instances().await.is_ok_and(|all| all.is_empty()) { "/wizard" } else { "/" };
    welcome(people, &person, to, language).await
}

/// Why a name and a password won't do; `None` if they will.
pub(super) fn unfit(name: &str, password: &str, language: Language) -> Option<String> {
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Some(language.pick(
            format!("Der Name braucht 1 bis {LONGEST_NAME} Zeichen."),
            format!("A name needs 1 to {LONGEST_NAME} characters."),
        ));
    }
    (!will_do(password)).then(|| {
        let (least, most) = (password::SHORTEST, password::LONGEST);
        language.pick(
            format!("Das Kennwort braucht {least} Zeichen oder mehr und höchstens {most} Byte."),
            format!("A password needs {least} characters or more, and at most {most} bytes."),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(to: &str) -> String {
        own_path(&Wish { to: Some(to.to_owned()) }).to_owned()
    }

    #[test]
    fn signing_in_leads_back_to_pages_of_ours_only() {
        assert_eq!(wish("/people"), "/people");
        for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nb"] {
            assert_eq!(wish(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_path_is_written_so_that_it_comes_back_whole() {
        assert_eq!(back_to("/"), "");
        assert_eq!(back_to("/users/Jörg & Co?"), "?to=/users/J%C3%B6rg%20%26%20Co%3F");
    }

    #[test]
    fn names_and_passwords_that_will_not_do_are_refused_with_the_reason() {
        let unfit = |name: &str, password: &str| unfit(name, password, Language::English);
        assert_eq!(unfit("anna", "ein langes Kennwort"), None);
        assert!(unfit("", "ein langes Kennwort").unwrap().contains("name"));
        assert!(unfit("a\u{7}", "ein langes Kennwort").unwrap().contains("name"));
        assert!(unfit("anna", "kurz").unwrap().contains("12 characters"));
    }
}
