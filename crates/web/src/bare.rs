//! Refusals that nobody has given a page: an address that is none, a form that is too large. A browser gets a page that
//! says so in its language, with the ways to other pages for whoever has come in; programs get the bare status.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use busylamp_core::language::Language;

use crate::{
    Site,
    language::preferred,
    page::{Frame, message},
    people::Visitor,
};

/// Puts a page in place of a refusal without one.
pub(crate) async fn dress(State(site): State<Site>, request: Request, next: Next) -> Response {
    let wants_page = !request.uri().path().starts_with("/api/") && accepts_pages(request.headers());
    let (asked, body) = request.into_parts();
    let mut asker = asked.clone();
    let response = next.run(Request::from_parts(asked, body)).await;
    let status = response.status();
    if !wants_page || !(status.is_client_error() || status.is_server_error()) || is_page(response.headers()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    for of_the_body in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(of_the_body);
    }
    let visitor = Visitor::from_request_parts(&mut asker, &site).await.ok();
    let language = visitor.as_ref().map_or_else(|| preferred(&asker.headers), |visitor| visitor.language);
    let (title, text) = words(status, language);
    let frame = match visitor {
        Some(visitor) => Frame::of(language, title, visitor.person.as_ref()),
        None => Frame::new(language, title),
    };
    // What else the refusal said, such as which methods are allowed, stays.
    (parts.headers, message(status, frame, text)).into_response()
}

fn accepts_pages(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok()).is_some_and(|it| it.contains("text/html"))
}

fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Title and sentence.
fn words(status: StatusCode, language: Language) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => (
            language.pick("Nicht gefunden", "Not found"),
            language.pick(
                "Diese Seite gibt es nicht (mehr). Oben links geht es zur Tafel.",
                "There is no such page (any more). The board is at the top left.",
            ),
        ),
        StatusCode::FORBIDDEN => (
            language.pick("Nicht erlaubt", "Not allowed"),
            language.pick(
                "Das kam nicht von einer Seite von Busylamp und wurde nicht ausgeführt. Öffnen Sie die Seite neu.",
                "This did not come from one of Busylamp's pages and was not carried out. Open the page anew.",
            ),
        ),
        StatusCode::PAYLOAD_TOO_LARGE => (
            language.pick("Zu groß", "Too large"),
            language.pick(
                "So viel nimmt Busylamp auf einmal nicht an. Nichts wurde verändert.",
                "Busylamp does not take that much at a time. Nothing was changed.",
            ),
        ),
        StatusCode::REQUEST_TIMEOUT => (
            language.pick("Zu lange", "Too long"),
            language.pick(
                "Es hat zu lange gedauert. Sehen Sie nach, was davon geschehen ist, bevor Sie es noch einmal versuchen.",
                "It took too long. Look what has been done of it before you try again.",
            ),
        ),
        status if status.is_server_error() => (
            language.pick("Störung", "Trouble"),
            language.pick(
                "Das ist misslungen. Der Grund steht im Protokoll des Dienstes.",
                "That has failed. The service's log says why.",
            ),
        ),
        _ => (
            language.pick("So geht es nicht", "This will not do"),
            language.pick(
                "Damit kann diese Seite nichts anfangen; nichts wurde verändert. Gehen Sie zurück, und laden Sie sie neu.",
                "This page can make nothing of that; nothing was changed. Go back, and load it anew.",
            ),
        ),
    }
}
