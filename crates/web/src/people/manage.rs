//! People and their roles, one's own settings, the trail of changes.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::{language::Language, secret::Secret};
use busylamp_store::{Action, Changed, Person, Role, StoreError};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{
    Administrator, NotAdded, People, Visitor,
    sign_in::{crowded, hint, too_many, unfit},
    throttle::{Guesser, TooMany},
};
use crate::{
    Door, Site,
    page::{self, Frame, show},
    when::{When, moment},
};

/// So much of the trail is shown.
const SHOWN: u32 = 500;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    trouble: Option<String>,
    words: PeopleWords,
    people: Vec<Row>,
    hint: String,
}

struct PeopleWords {
    name: &'static str,
    role: &'static str,
    administrator: &'static str,
    viewer: &'static str,
    change: &'static str,
    new_password: &'static str,
    set: &'static str,
    remove: &'static str,
    add: &'static str,
    password: &'static str,
    actions: &'static str,
}

struct Row {
    name: String,
    path: String,
    administrator: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    trouble: Option<String>,
    done: Option<&'static str>,
    language_word: &'static str,
    as_browser: &'static str,
    chosen: &'static str,
    choose: &'static str,
    password_title: &'static str,
    current_word: &'static str,
    new_word: &'static str,
    hint: String,
    change: &'static str,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    words: [&'static str; 4],
    entries: Vec<Entry>,
    nothing: &'static str,
}

struct Entry {
    at: When,
    person: String,
    action: String,
    object: String,
}

pub(super) async fn people_page(administrator: Administrator) -> Result<Response, Response> {
    draw(&administrator, None).await
}

async fn draw(administrator: &Administrator, trouble: Option<String>) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let all = people.0.store.people().await.map_err(|error| page::broken(*language, &error))?;
    let row = |person: Person| Row {
        path: person.id.to_string(),
        administrator: person.role == Role::Administrator,
        name: person.name,
    };
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = PeoplePage {
        frame: Frame::of(*language, language.pick("Personen", "People"), Some(person)).at("/people"),
        trouble,
        words: PeopleWords {
            name: language.pick("Name", "Name"),
            role: language.pick("Rolle", "Role"),
            administrator: language.pick("Administrator", "Administrator"),
            viewer: language.pick("Betrachter", "Viewer"),
            change: language.pick("Rolle ändern", "Change role"),
            new_password: language.pick("Neues Kennwort", "New password"),
            set: language.pick("Kennwort setzen", "Set password"),
            remove: language.pick("Entfernen", "Remove"),
            add: language.pick("Person hinzufügen", "Add a person"),
            password: language.pick("Kennwort", "Password"),
            actions: language.pick("Ändern", "Change"),
        },
        people: all.into_iter().map(row).collect(),
        hint: hint(*language),
    };
    Ok((status, show(&page)).into_response())
}

/// A person to be added.
#[derive(Deserialize)]
pub(super) struct NewPerson {
    name: String,
    password: String,
    role: String,
}

pub(super) async fn add(administrator: Administrator, Form(typed): Form<NewPerson>) -> Result<Response, Response> {
    let language = administrator.language;
    let name = typed.name.trim();
    let role: Result<Role, _> = typed.role.parse();
    let Ok(role) = role else { return Err(StatusCode::UNPROCESSABLE_ENTITY.into_response()) };
    match administrator.people.add(name, Secret::new(typed.password.as_str()), role, language).await {
        Ok(()) => done(&administrator, Action::new("person_added"), name).await,
        Err(problem) => not_added(&administrator, problem).await,
    }
}

/// The page with the reason.
async fn not_added(administrator: &Administrator, problem: NotAdded) -> Result<Response, Response> {
    let language = administrator.language;
    let trouble = match problem {
        NotAdded::Unfit(trouble) => trouble,
        NotAdded::NameTaken => language.pick("Diesen Namen gibt es schon.", "This name is taken.").to_owned(),
        NotAdded::Busy(trouble) => trouble.to_owned(),
        NotAdded::Store(error) => return Err(page::broken(language, &error)),
    };
    draw(administrator, Some(trouble)).await
}

async fn done(administrator: &Administrator, action: Action, object: &str) -> Result<Response, Response> {
    administrator.people.audit(&administrator.person, action, object).await;
    Ok(Redirect::to("/people").into_response())
}

/// The person that a path names by number.
async fn named(administrator: &Administrator, id: &str) -> Result<Person, Response> {
    let people = administrator.people.0.store.people().await;
    let people = people.map_err(|error| page::broken(administrator.language, &error))?;
    people.into_iter().find(|person| person.id.to_string() == id).ok_or_else(|| StatusCode::NOT_FOUND.into_response())
}

async fn outcome(
    administrator: &Administrator,
    changed: Result<Changed, StoreError>,
    action: Action,
    person: &Person,
) -> Result<Response, Response> {
    let language = administrator.language;
    match changed {
        Ok(Changed::Done) => done(administrator, action, &person.name).await,
        Ok(Changed::Unknown) => Err(StatusCode::NOT_FOUND.into_response()),
        Ok(Changed::LastAdministrator) => {
            let text = language.pick(
                "Das ist der letzte Administrator; danach könnte niemand mehr etwas ändern.",
                "This is the last administrator; nobody could change anything afterwards.",
            );
            draw(administrator, Some(text.to_owned())).await
        }
        Err(error) => Err(page::broken(language, &error)),
    }
}

/// A role to be given.
#[derive(Deserialize)]
pub(super) struct NewRole {
    role: String,
}

pub(super) async fn change_role(
    administrator: Administrator,
    Path(id): Path<String>,
    Form(typed): Form<NewRole>,
) -> Result<Response, Response> {
    let person = named(&administrator, &id).await?;
    let role: Role = typed.role.parse().map_err(|_| StatusCode::UNPROCESSABLE_ENTITY.into_response())?;
    let changed = administrator.people.0.store.set_role(person.id, role).await;
    outcome(&administrator, changed, Action::new("role_changed"), &person).await
}

/// A password to be given.
#[derive(Deserialize)]
pub(super) struct NewPassword {
    password: String,
}

pub(super) async fn reset_password(
    administrator: Administrator,
    Path(id): Path<String>,
    Form(typed): Form<NewPassword>,
) -> Result<Response, Response> {
    let person = named(&administrator, &id).await?;
    let password = Secret::new(typed.password);
    match administrator.people.set_password(&person, password, administrator.language).await {
        Ok(changed) => outcome(&administrator, Ok(changed), Action::new("password_reset"), &person).await,
        Err(problem) => not_added(&administrator, problem).await,
    }
}

pub(super) async fn remove(administrator: Administrator, Path(id): Path<String>) -> Result<Response, Response> {
    let person = named(&administrator, &id).await?;
    let changed = administrator.people.0.store.remove_person(person.id).await;
    outcome(&administrator, changed, Action::new("person_removed"), &person).await
}

/// Who looks at their own settings: everybody who is signed in.
fn own<'a>(site: &'a Site, visitor: &'a Visitor) -> Result<(&'a People, &'a Person), StatusCode> {
    match (&site.door, &visitor.person) {
        (Door::Guarded(people), Some(person)) => Ok((people, person)),
        (Door::Open, _) | (_, None) => Err(StatusCode::NOT_FOUND),
    }
}

fn account(language: Language, person: &Person, trouble: Option<String>, done: Option<&'static str>) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = AccountPage {
        frame: Frame::of(language, language.pick("Eigene Einstellungen", "My settings"), Some(person)).at("/account"),
        trouble,
        done,
        language_word: language.pick("Sprache", "Language"),
        as_browser: language.pick("wie im Browser", "as in the browser"),
        chosen: person.language.map_or("", |language| language.pick("de", "en")),
        choose: language.pick("Sprache wählen", "Choose language"),
        password_title: language.pick("Kennwort ändern", "Change password"),
        current_word: language.pick("Bisheriges Kennwort", "Current password"),
        new_word: language.pick("Neues Kennwort", "New password"),
        hint: hint(language),
        change: language.pick("Kennwort ändern", "Change password"),
    };
    (status, show(&page)).into_response()
}

pub(super) async fn account_page(Extract(site): Extract<Site>, visitor: Visitor) -> Result<Response, Response> {
    let (_, person) = own(&site, &visitor).map_err(IntoResponse::into_response)?;
    Ok(account(visitor.language, person, None, None))
}

/// A language to be chosen; empty: as the browser prefers.
#[derive(Deserialize)]
pub(super) struct ChosenLanguage {
    language: String,
}

pub(super) async fn choose_language(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    Form(typed): Form<ChosenLanguage>,
) -> Result<Response, Response> {
    let (people, person) = own(&site, &visitor).map_err(IntoResponse::into_response)?;
    let language = match typed.language.as_str() {
        "" => None,
        "de" => Some(Language::German),
        "en" => Some(Language::English),
        _ => return Err(StatusCode::UNPROCESSABLE_ENTITY.into_response()),
    };
    let changed = people.0.store.set_language(person.id, language).await;
    changed.map_err(|error| page::broken(visitor.language, &error))?;
    Ok(Redirect::to("/account").into_response())
}

/// One's own password to be changed.
#[derive(Deserialize)]
pub(super) struct OwnPassword {
    current: String,
    password: String,
}

pub(super) async fn change_password(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    Form(typed): Form<OwnPassword>,
) -> Result<Response, Response> {
    let (people, person) = own(&site, &visitor).map_err(IntoResponse::into_response)?;
    let language = visitor.language;
    let broken = |error: StoreError| page::broken(language, &error);
    let busy = |busy| account(language, person, Some(crowded(busy, language).to_owned()), None);
    // Whoever has found a browser that is signed in may not find out the password with it.
    let guesser = Guesser::name(&person.name);
    if let Err(TooMany { seconds }) = people.guess(std::slice::from_ref(&guesser)) {
        let mut answer = account(language, person, Some(too_many(seconds, language)), None);
        *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return Ok(answer);
    }
    let found = people.0.store.person(&person.name).await.map_err(broken)?;
    let right = people.0.hasher.is_right(Secret::new(typed.current), found.map(|(_, hash)| hash)).await;
    if !right.map_err(busy)? {
        let text = language.pick("Das bisherige Kennwort ist falsch.", "The current password is wrong.");
        return Ok(account(language, person, Some(text.to_owned()), None));
    }
    people.throttle().right(&guesser);
    if let Some(trouble) = unfit(&person.name, &typed.password, language) {
        return Ok(account(language, person, Some(trouble), None));
    }
    let hash = people.0.hasher.hash(Secret::new(typed.password)).await.map_err(busy)?;
    people.0.store.set_password(person.id, &hash).await.map_err(broken)?;
    people.audit(person, Action::new("password_changed"), &person.name).await;
    // Every session has ended, this one too.
    Ok(Redirect::to("/login").into_response())
}

pub(super) async fn audit_page(
    Extract(site): Extract<Site>,
    administrator: Administrator,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let trail = people.0.store.audit_trail(SHOWN).await.map_err(|error| page::broken(language, &error))?;
    let entry = |entry: busylamp_store::Audited| Entry {
        at: at(&entry, &site.zone, language),
        action: action(entry.action.as_str(), language),
        person: entry.person,
        object: entry.object,
    };
    Ok(show(&AuditPage {
        frame: Frame::of(language, language.pick("Änderungen", "Changes"), Some(&person)).at("/audit"),
        words: language.pick(["Wann", "Wer", "Was", "Woran"], ["When", "Who", "What", "On what"]),
        entries: trail.into_iter().map(entry).collect(),
        nothing: language.pick("Noch hat niemand etwas geändert.", "Nobody has changed anything yet."),
    }))
}

fn at(entry: &busylamp_store::Audited, zone: &TimeZone, language: Language) -> When {
    moment(entry.at, zone, language)
}

/// What was done, in words. A code of another version is shown as it is.
fn action(code: &str, language: Language) -> String {
    let (german, english) = match code {
        "set_up" => ("Busylamp eingerichtet", "Set up Busylamp"),
        "person_added" => ("Person hinzugefügt", "Added a person"),
        "role_changed" => ("Rolle geändert", "Changed a role"),
        "password_reset" => ("Kennwort gesetzt", "Set a password"),
        "password_changed" => ("Eigenes Kennwort geändert", "Changed one's own password"),
        "person_removed" => ("Person entfernt", "Removed a person"),
        "token_made" => ("Zugangsschlüssel ausgestellt", "Made an access token"),
        "token_revoked" => ("Zugangsschlüssel widerrufen", "Revoked an access token"),
        "instance_added" => ("Instanz angelegt", "Added an instance"),
        "instance_changed" => ("Instanz geändert", "Changed an instance"),
        "instance_activated" => ("Instanz aktiviert", "Activated an instance"),
        "instance_deactivated" => ("Instanz deaktiviert", "Deactivated an instance"),
        "instance_deleted" | "instance_removed" => ("Instanz gelöscht", "Deleted an instance"),
        "instance_checked" => ("Benutzer einer Instanz neu gelesen", "Read an instance's users anew"),
        "log_level_changed" => ("Stufe eines Protokolls geändert", "Changed a log's level"),
        "user_paused" => ("Benutzer angehalten", "Paused a user"),
        "user_resumed" => ("Pause eines Benutzers beendet", "Ended a user's pause"),
        "user_given_back" => ("Status eines Benutzers zurückgegeben", "Gave a user's state back"),
        "user_discarded" => ("Nicht Zurückgegebenes verworfen", "Discarded what could not be given back"),
        "user_checked" => ("Benutzer neu gelesen", "Read a user anew"),
        other => return other.to_owned(),
    };
    language.pick(german, english).to_owned()
}
