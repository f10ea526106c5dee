//! What a handler asks for before it does anything: somebody who may look, or somebody who may change.

use axum::{
    extract::FromRequestParts,
    http::{Method, StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::language::Language;
use busylamp_store::{Person, Role};

use super::{People, session::Token};
use crate::{Door, Site, language::preferred, page};

/// Somebody who may see the pages.
pub(crate) struct Visitor {
    /// Who; `None` where everybody may come in.
    pub(crate) person: Option<Person>,
    /// The language for this person and browser.
    pub(crate) language: Language,
}

/// Somebody who may change things.
pub(crate) struct Administrator {
    /// Who.
    pub(crate) person: Person,
    /// Through whose door.
    pub(crate) people: People,
    /// The language for this person and browser.
    pub(crate) language: Language,
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let browser = preferred(&parts.headers);
        match &site.door {
            Door::Open => Ok(Self { person: None, language: browser }),
            Door::Guarded(people) => {
                let person = signed_in(parts, people).await?;
                let language = person.language.unwrap_or(browser);
                Ok(Self { person: Some(person), language })
            }
        }
    }
}

impl FromRequestParts<Site> for Administrator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let browser = preferred(&parts.headers);
        let Door::Guarded(people) = &site.door else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        let person = signed_in(parts, people).await?;
        let language = person.language.unwrap_or(browser);
        match person.role {
            Role::Administrator => Ok(Self { person, people: people.clone(), language }),
            Role::Viewer => Err(page::forbidden(language, &person)),
        }
    }
}

/// Whoever is signed in. Everybody else is led to the sign-in, and back afterwards.
async fn signed_in(parts: &Parts, people: &People) -> Result<Person, Response> {
    let found = match Token::of(&parts.headers) {
        Some(token) => people.0.store.session(&token.hash(), people.0.clock.now()).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(person)) => Ok(person),
        Ok(None) if wants_a_page(parts) => {
            let back = super::sign_in::back_to(parts.uri.path());
            Err(Redirect::to(&format!("/login{back}")).into_response())
        }
        Ok(None) => Err(StatusCode::UNAUTHORIZED.into_response()),
        Err(error) => Err(page::broken(preferred(&parts.headers), &error)),
    }
}

/// Whether a person waits for a page. A stream or a form has nothing from being led to one.
fn wants_a_page(parts: &Parts) -> bool {
    let accepts = parts.headers.get(axum::http::header::ACCEPT).and_then(|value| value.to_str().ok());
    parts.method == Method::GET && accepts.is_some_and(|accepts| accepts.contains("text/html"))
}
