//! The board: one lamp a user. The lamps are drawn here in both cases, for the page and for the stream that keeps
//! it live; the script only puts them in place.

use std::{convert::Infallible, sync::Arc};

use askama::Template;
use axum::{
    extract::State as Extract,
    response::{
        Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use busylamp_core::{explain::Speaker, language::Language};
use busylamp_service::board::{Board, Connection, Lamp};
use futures_util::{Stream, StreamExt};
use jiff::{Timestamp, tz::TimeZone};
use tokio_stream::wrappers::WatchStream;

use crate::{
    Site,
    page::{Frame, show},
    people::Visitor,
    state::{State, presence_word},
    when::{When, ahead, clock},
};

#[derive(Template)]
#[template(path = "board.html")]
struct Page {
    frame: Frame,
    lost: &'static str,
    unscripted: &'static str,
    lamps: Lamps,
}

#[derive(Template)]
#[template(path = "lamps.html")]
struct Lamps {
    title: String,
    clock: Option<When>,
    legend_label: &'static str,
    legend: Vec<Counted>,
    lamps_label: &'static str,
    until_word: &'static str,
    lamps: Vec<Drawn>,
    troubles: Vec<String>,
    waiting: Option<&'static str>,
}

/// A state in the legend.
struct Counted {
    state: &'static str,
    word: &'static str,
    count: usize,
}

/// One lamp as it is drawn: state by colour, shape and word.
struct Drawn {
    name: String,
    state: &'static str,
    word: &'static str,
    presence: Option<&'static str>,
    text: Option<String>,
    until: Option<When>,
    flags: Vec<&'static str>,
}

/// The page, with all lamps in it: it can be read without script too.
pub(crate) async fn page(Extract(site): Extract<Site>, visitor: Visitor) -> Response {
    let language = visitor.language;
    let board = site.board.borrow().clone();
    let lamps = draw(&board, language, &site.zone);
    let note = site.note.map(|note| language.pick(note.german, note.english));
    show(&Page {
        frame: Frame { note, ..Frame::of(language, lamps.title.clone(), visitor.person.as_ref()) },
        lost: language.pick(
            "Keine Verbindung zu Busylamp: die Lampen stehen, wie sie zuletzt waren.",
            "No connection to Busylamp: the lamps are as they were last.",
        ),
        unscripted: language.pick(
            "Ohne JavaScript zeigt die Seite den Stand beim Laden.",
            "Without JavaScript the page shows how things were when it was loaded.",
        ),
        lamps,
    })
}

/// The lamps, again whenever they change.
pub(crate) async fn live(
    Extract(site): Extract<Site>,
    visitor: Visitor,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let language = visitor.language;
    let Site { board, zone, .. } = site;
    let stream = WatchStream::new(board).map(move |board| {
        // A template that can't be drawn is a mistake that the page's own test would show.
        let drawn = draw(&board, language, &zone).render().unwrap_or_default();
        Ok(Event::default().data(drawn))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

fn draw(board: &Arc<Board>, language: Language, zone: &TimeZone) -> Lamps {
    let speaker = Speaker { language, zone };
    let states: Vec<State> = board.lamps.iter().map(State::of).collect();
    let (lit, all) = (states.iter().filter(|state| state.lit()).count(), states.len());
    let trouble =
        |connection: &Connection| connection.trouble.as_ref().map(|trouble| format!("{}: {trouble}", connection.name));
    Lamps {
        title: language.pick(format!("{lit} von {all} Lampen an"), format!("{lit} of {all} lamps lit")),
        clock: board.now.map(|now| clock(now, zone, language)),
        legend_label: language.pick("Legende", "Legend"),
        legend: legend(&states, language),
        lamps_label: language.pick("Benutzer", "Users"),
        until_word: language.pick("unverändert bis", "unchanged until"),
        lamps: board.lamps.iter().map(|lamp| drawn(lamp, board.now, &speaker)).collect(),
        troubles: board.connections.iter().filter_map(trouble).collect(),
        waiting: board.lamps.is_empty().then(|| language.pick("Die Benutzer werden gelesen …", "Reading the users …")),
    }
}

/// Every state and how many lamps show it. What has not been read is an exception and not explained without one.
fn legend(states: &[State], language: Language) -> Vec<Counted> {
    let counted = State::ALL.map(|state| (state, states.iter().filter(|other| **other == state).count()));
    let counted = counted.into_iter().filter(|(state, count)| *state != State::NotRead || *count > 0);
    counted.map(|(state, count)| Counted { state: state.class(), word: state.word(language), count }).collect()
}

fn drawn(lamp: &Lamp, now: Option<Timestamp>, speaker: &Speaker<'_>) -> Drawn {
    let language = speaker.language;
    let state = State::of(lamp);
    Drawn {
        name: lamp.name.clone(),
        state: state.class(),
        word: state.word(language),
        presence: lamp.presence.map(|presence| presence_word(presence, language)),
        text: lamp.text.clone().filter(|text| !text.is_empty()),
        until: lamp.until.map(|until| ahead(until, now, speaker.zone, language)),
        flags: lamp.flags.iter().map(|flag| speaker.flag(*flag)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::{account::Presence, keeper::Flag};

    use super::*;

    fn lamp() -> Lamp {
        Lamp {
            instance: "i".into(),
            account: "1001".into(),
            name: "Anna".into(),
            dnd: Some(true),
            diverted: Some(false),
            presence: Some(Presence::DoNotDisturb),
            text: None,
            in_event: true,
            until: "2026-11-24T09:30:00Z".parse().ok(),
            flags: vec![Flag::TextCut],
        }
    }

    fn html(lamps: Vec<Lamp>, language: Language) -> String {
        let now = "2026-11-23T09:00:00Z".parse().ok();
        let board = Arc::new(Board { now, lamps, connections: Vec::new() });
        draw(&board, language, &TimeZone::UTC).render().expect("a drawing")
    }

    #[test]
    fn a_lamp_tells_its_state_by_word_and_its_time_in_the_readers_language() {
        let german = html(vec![lamp()], Language::German);
        assert!(german.contains("Nicht stören") && german.contains("unverändert bis"), "{german}");
        assert!(german.contains(r#"<time datetime="2026-11-24T09:30:00Z">Di 09:30</time>"#), "{german}");
        let english = html(vec![lamp()], Language::English);
        assert!(english.contains("Do not disturb") && english.contains("unchanged until"), "{english}");
        assert!(english.contains("Tue 09:30") && english.contains("Monday, 09:00:00"), "{english}");
    }

    #[test]
    fn what_people_wrote_is_escaped() {
        let written = Lamp { name: "<Anna & Söhne>".into(), text: Some("</ul><script>".into()), ..lamp() };
        let html = html(vec![written], Language::German);
        assert!(!html.contains("<script>") && !html.contains("<Anna"), "{html}");
    }

    #[test]
    fn the_title_counts_lit_lamps_and_the_legend_all_states() {
        let off = Lamp { dnd: Some(false), in_event: false, ..lamp() };
        let unread = Lamp { dnd: None, diverted: None, ..lamp() };
        let shown = html(vec![lamp(), off.clone(), off.clone()], Language::English);
        assert!(shown.contains(r#"data-title="1 of 3 lamps lit""#), "{shown}");
        assert!(!shown.contains("Not read"), "{shown}");
        assert!(html(vec![unread, off], Language::English).contains("Not read"));
    }
}
