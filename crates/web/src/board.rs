//! The board: one lamp a user. The lamps are drawn here in both cases, for the page and for the stream that keeps
//! it live; the script only puts them in place.

use std::{convert::Infallible, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        Html, IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use busylamp_core::{account::Presence, explain::Speaker, language::Language};
use busylamp_service::board::{Board, Connection, Lamp};
use futures_util::{Stream, StreamExt};
use jiff::{Timestamp, tz::TimeZone};
use tokio_stream::wrappers::WatchStream;

use crate::{Site, language::preferred};

#[derive(Template)]
#[template(path = "board.html")]
struct Page {
    language: &'static str,
    note: Option<&'static str>,
    lamps: Lamps,
}

#[derive(Template)]
#[template(path = "lamps.html")]
struct Lamps {
    clock: String,
    lamps: Vec<Drawn>,
    troubles: Vec<String>,
    waiting: Option<&'static str>,
}

/// One lamp as it is drawn: state by colour, shape and word.
struct Drawn {
    name: String,
    state: &'static str,
    word: &'static str,
    presence: &'static str,
    text: String,
    until: String,
    flags: Vec<&'static str>,
}

/// The page, with all lamps in it: it can be read without script too.
pub(crate) async fn page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let language = preferred(&headers);
    let board = site.board.borrow().clone();
    let lamps = draw(&board, language, &site.zone);
    render(&Page { language: language.pick("de", "en"), note: site.note, lamps })
}

/// The lamps, again whenever they change.
pub(crate) async fn live(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let language = preferred(&headers);
    let Site { board, zone, .. } = site;
    let stream = WatchStream::new(board).map(move |board| {
        // A template that can't be drawn is a mistake that the page's own test would show.
        let drawn = draw(&board, language, &zone).render().unwrap_or_default();
        Ok(Event::default().data(drawn))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn render(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn draw(board: &Arc<Board>, language: Language, zone: &TimeZone) -> Lamps {
    let clock = board.now.map_or_else(String::new, |now| hour(now, zone, "%a %H:%M:%S"));
    let speaker = Speaker { language, zone };
    let trouble =
        |connection: &Connection| connection.trouble.as_ref().map(|trouble| format!("{}: {trouble}", connection.name));
    Lamps {
        clock,
        lamps: board.lamps.iter().map(|lamp| drawn(lamp, &speaker)).collect(),
        troubles: board.connections.iter().filter_map(trouble).collect(),
        waiting: board.lamps.is_empty().then(|| language.pick("Die Benutzer werden gelesen …", "Reading the users …")),
    }
}

fn drawn(lamp: &Lamp, speaker: &Speaker<'_>) -> Drawn {
    let language = speaker.language;
    let (state, german, english) = match (lamp.dnd, lamp.diverted, lamp.in_event) {
        (Some(true), _, _) => ("dnd", "Nicht stören", "Do not disturb"),
        (_, Some(true), _) => ("diverted", "Umgeleitet", "Diverted"),
        (None, None, _) => ("unknown", "Nicht gelesen", "Not read"),
        (_, _, true) => ("event", "Im Termin", "In an event"),
        (_, _, false) => ("idle", "Erreichbar", "Reachable"),
    };
    Drawn {
        name: lamp.name.clone(),
        state,
        word: language.pick(german, english),
        presence: lamp.presence.map_or("", |presence| presence_word(presence, language)),
        text: lamp.text.clone().unwrap_or_default(),
        until: lamp.until.map_or_else(String::new, |until| {
            format!("{} {}", language.pick("bis", "until"), hour(until, speaker.zone, "%a %H:%M"))
        }),
        flags: lamp.flags.iter().map(|flag| speaker.flag(*flag)).collect(),
    }
}

fn presence_word(presence: Presence, language: Language) -> &'static str {
    let (german, english) = match presence {
        Presence::Available => ("Verfügbar", "Available"),
        Presence::Away => ("Abwesend", "Away"),
        Presence::ExtendedAway => ("Länger abwesend", "Extended away"),
        Presence::DoNotDisturb => ("Nicht stören", "Do not disturb"),
        Presence::FreeForChat => ("Bereit zum Chatten", "Free for chat"),
        Presence::Unavailable => ("Abgemeldet", "Logged off"),
    };
    language.pick(german, english)
}

fn hour(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    zone.to_datetime(at).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use busylamp_core::keeper::Flag;

    use super::*;

    #[test]
    fn a_lamp_tells_its_state_by_word_and_escapes_what_people_wrote() {
        let lamp = Lamp {
            instance: "i".into(),
            account: "1001".into(),
            name: "<Anna & Söhne>".into(),
            dnd: Some(true),
            diverted: Some(false),
            presence: Some(Presence::DoNotDisturb),
            text: Some("</ul><script>".into()),
            in_event: true,
            until: "2026-11-24T09:30:00Z".parse().ok(),
            flags: vec![Flag::TextCut],
        };
        let board = Arc::new(Board { now: None, lamps: vec![lamp], connections: Vec::new() });
        let html = draw(&board, Language::German, &TimeZone::UTC).render().expect("a drawing");
        assert!(html.contains("Nicht stören") && html.contains("bis Tue 09:30"), "{html}");
        assert!(!html.contains("<script>") && !html.contains("<Anna"), "{html}");
    }
}
