//! What all pages have in common: the frame around them, and the pages that say that something can't be.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};
use busylamp_core::language::Language;
use busylamp_store::{Person, Role, StoreError};

use crate::upkeep::{Alarm, current_alarm};

/// The frame around a page: language, title, ways to other pages.
pub(crate) struct Frame {
    /// For HTML's `lang`.
    pub(crate) language: &'static str,
    /// The page's title.
    pub(crate) title: String,
    /// Sentences at the top.
    pub(crate) note: Option<&'static str>,
    /// Who is signed in, and where they can go.
    pub(crate) ways: Option<Ways>,
    /// What is wrong.
    pub(crate) alarm: Option<Alarmed>,
    /// Which of these ways leads here; empty if none does.
    pub(crate) here: &'static str,
}

/// What is wrong, in the frame of a page.
pub(crate) struct Alarmed {
    pub(crate) words: String,
    pub(crate) more: &'static str,
    pub(crate) can_wait: bool,
}

impl Alarmed {
    /// In this language.
    pub(crate) fn new(alarm: &Alarm, language: Language) -> Self {
        let more = language.pick("Zum Zustand", "See health");
        Self { words: alarm.words(language), more, can_wait: alarm.can_wait() }
    }
}

/// Where somebody who has come in can go.
pub(crate) struct Ways {
    pub(crate) label: &'static str,
    pub(crate) links: Vec<(&'static str, &'static str)>,
    /// Absent where nobody signs in.
    pub(crate) name: Option<String>,
    pub(crate) settings: &'static str,
    pub(crate) sign_out: &'static str,
}

impl Frame {
    /// A page that nobody in particular looks at.
    pub(crate) fn new(language: Language, title: impl Into<String>) -> Self {
        Self { language: language.pick("de", "en"), title: title.into(), note: None, ways: None, alarm: None, here: "" }
    }

    /// A page for somebody who has come in.
    pub(crate) fn of(language: Language, title: impl Into<String>, person: Option<&Person>) -> Self {
        let alarm = current_alarm().map(|alarm| Alarmed::new(&alarm, language));
        Self { ways: Some(Ways::new(language, person)), alarm, ..Self::new(language, title) }
    }

    /// The same with the way marked that leads here.
    #[must_use]
    pub(crate) fn at(self, path: &'static str) -> Self {
        Self { here: path, ..self }
    }
}

impl Ways {
    fn new(language: Language, person: Option<&Person>) -> Self {
        let mut links = vec![
            ("/", language.pick("Tafel", "Board")),
            ("/health", language.pick("Zustand", "Health")),
            ("/log", language.pick("Protokoll", "Log")),
            ("/instances", language.pick("Instanzen", "Instances")),
        ];
        if person.is_some_and(|person| person.role == Role::Administrator) {
            links.push(("/people", language.pick("Personen", "People")));
            links.push(("/tokens", language.pick("Zugangsschlüssel", "Access tokens")));
            links.push(("/audit", language.pick("Änderungen", "Changes")));
        }
        Self {
            label: language.pick("Seiten", "Pages"),
            links,
            name: person.map(|person| person.name.clone()),
            settings: language.pick("Eigene Einstellungen", "My settings"),
            sign_out: language.pick("Abmelden", "Sign out"),
        }
    }
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    frame: Frame,
    text: &'a str,
}

/// A page with one sentence, which says what to do.
pub(crate) fn message(status: StatusCode, frame: Frame, text: &str) -> Response {
    (status, show(&Message { frame, text })).into_response()
}

/// The page as an answer.
pub(crate) fn show(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        // A template that can't be drawn is a mistake that the page's own test would show.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Somebody may look at the pages but not change this.
pub(crate) fn forbidden(language: Language, person: &Person) -> Response {
    let frame = Frame::of(language, language.pick("Nicht erlaubt", "Not allowed"), Some(person));
    let text = language.pick(
        "Das dürfen nur Administratoren. Ein Administrator kann Ihre Rolle unter „Personen“ ändern.",
        "Only administrators may do that. An administrator can change your role under “People”.",
    );
    message(StatusCode::FORBIDDEN, frame, text)
}

/// The store gives no answer.
pub(crate) fn broken(language: Language, error: &StoreError) -> Response {
    tracing::error!(%error, advice = error.advice(), "a page needs the store, which gives no answer");
    let frame = Frame::new(language, language.pick("Störung", "Trouble"));
    let text = language.pick(
        "Der Speicher von Busylamp antwortet nicht. Der Grund steht im Protokoll des Dienstes.",
        "Busylamp's store gives no answer. The service's log says why.",
    );
    message(StatusCode::SERVICE_UNAVAILABLE, frame, text)
}
