//! The board: one lamp a user, live. The lamps are drawn here in both cases, for the page and for the stream that keeps
//! it live; the script only puts them in place.
//!
//! ```text
//! filter  which lamps are wanted
//! draw    lamps and what stands above them
//! ledger  which lamp changed when
//! live    the stream of what changed
//! ```

mod draw;
mod filter;
mod ledger;
mod live;

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Router,
    extract::{Query, State as Extract},
    http::{HeaderMap, HeaderName, StatusCode},
    response::{IntoResponse, Response, Sse, sse::KeepAlive},
    routing::get,
};
use busylamp_core::language::Language;
use serde::Deserialize;
use tokio::sync::Semaphore;

pub(crate) use self::filter::Written;
use self::{
    draw::Pen,
    filter::{Choices, Filter, Flagged},
    ledger::{Ledger, Version},
    live::Reader,
};
use crate::{
    Site,
    page::{Frame, show},
    people::Visitor,
    state::flag_word,
    when::{When, clock},
};

/// So many streams are open at the same time. Whoever comes later has a page that does not move, and is told so.
const STREAMS: usize = 512;

/// The room of the board.
pub(crate) fn routes(site: &Site) -> Router<Site> {
    let room = Room { ledger: Arc::new(Ledger::new(site.zone.clone())), places: Arc::new(Semaphore::new(STREAMS)) };
    Router::new().route("/", get(page)).route("/kiosk", get(kiosk)).route("/lamps", get(live)).layer(Extension(room))
}

/// What all who look at the board share.
#[derive(Clone)]
struct Room {
    ledger: Arc<Ledger>,
    places: Arc<Semaphore>,
}

#[derive(Template)]
#[template(path = "board.html")]
struct Page {
    frame: Frame,
    kiosk: bool,
    crowd: &'static str,
    clock: Option<When>,
    version: Version,
    words: Words,
    search: String,
    state: Option<&'static str>,
    choices: Vec<Choice>,
    filtered: bool,
    all: &'static str,
    other_view: String,
    head: String,
    lamps: String,
}

struct Words {
    lost: &'static str,
    unscripted: &'static str,
    lamps: &'static str,
    filter: &'static str,
    search: &'static str,
    apply: &'static str,
    clear: &'static str,
    other_view: &'static str,
}

/// One thing by which lamps can be chosen.
struct Choice {
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(String, String, bool)>,
}

async fn page(
    Extract(site): Extract<Site>,
    Extension(room): Extension<Room>,
    visitor: Visitor,
    Query(written): Query<Written>,
) -> Response {
    draw(&site, &room, &visitor, written.into(), "/")
}

/// The board for a screen on a wall: large, dark, nothing but lamps.
async fn kiosk(
    Extract(site): Extract<Site>,
    Extension(room): Extension<Room>,
    visitor: Visitor,
    Query(written): Query<Written>,
) -> Response {
    draw(&site, &room, &visitor, written.into(), "/kiosk")
}

/// The page, with all lamps in it: it can be read without script too.
fn draw(site: &Site, room: &Room, visitor: &Visitor, filter: Filter, path: &'static str) -> Response {
    let language = visitor.language;
    let kiosk = path == "/kiosk";
    let picture = room.ledger.look(&site.board.borrow().clone());
    let board = &picture.board;
    let pen = Pen { language, zone: site.zone.clone(), path };
    let other = Pen { path: if kiosk { "/" } else { "/kiosk" }, ..pen.clone() };
    let shown = board.lamps.iter().filter(|lamp| filter.wants(lamp)).count();
    let note = site.note.map(|note| language.pick(note.german, note.english));
    let title = pen.title(board, &filter);
    show(&Page {
        frame: Frame { note, ..Frame::of(language, title, visitor.person.as_ref()) }.at("/"),
        kiosk,
        crowd: crowd(shown),
        clock: board.now.map(|now| clock(now, &pen.zone, language)),
        version: picture.version,
        words: Words::of(language, kiosk),
        search: filter.search.clone(),
        state: filter.state.map(|state| state.class()),
        choices: choices(&filter, &Choices::of(board), language),
        filtered: !filter.is_none(),
        all: path,
        other_view: other.address(&filter, filter.state),
        head: pen.head(board, &filter),
        lamps: pen.lamps(&picture, &filter),
    })
}

/// How many lamps have to be on one screen, in four sizes.
fn crowd(lamps: usize) -> &'static str {
    match lamps {
        0..=12 => "few",
        13..=30 => "some",
        31..=70 => "many",
        _ => "crowd",
    }
}

fn choices(filter: &Filter, choices: &Choices, language: Language) -> Vec<Choice> {
    let options = |all: &[String], chosen: Option<&str>| {
        let option = |text: &String| (text.clone(), text.clone(), chosen == Some(text));
        all.iter().map(option).collect::<Vec<_>>()
    };
    let flag = |flag: Flagged| {
        let word = match flag {
            Flagged::Any => language.pick("Irgendein Hinweis", "Any notice"),
            Flagged::Paused => language.pick("Angehalten", "Paused"),
            Flagged::With(flag) => flag_word(flag, language),
        };
        (flag.name().to_owned(), word.to_owned(), filter.flag == Some(flag))
    };
    let all = [
        Choice {
            name: "instance",
            label: language.pick("Instanz", "Instance"),
            any: language.pick("Alle", "All"),
            options: options(&choices.instances, filter.instance.as_ref().map(|instance| instance.as_str())),
        },
        Choice {
            name: "group",
            label: language.pick("Gruppe", "Group"),
            any: language.pick("Alle", "All"),
            options: options(&choices.groups, filter.group.as_deref()),
        },
        Choice {
            name: "flag",
            label: language.pick("Hinweise", "Notices"),
            any: language.pick("Mit und ohne", "With and without"),
            options: Flagged::all().map(flag).collect(),
        },
    ];
    all.into_iter().filter(|choice| !choice.options.is_empty()).collect()
}

impl Words {
    fn of(language: Language, kiosk: bool) -> Self {
        Self {
            lost: language.pick(
                "Keine Verbindung zu Busylamp: die Lampen stehen, wie sie zuletzt waren.",
                "No connection to Busylamp: the lamps are as they were last.",
            ),
            unscripted: language.pick(
                "Ohne JavaScript zeigt die Seite den Stand beim Laden.",
                "Without JavaScript the page shows how things were when it was loaded.",
            ),
            lamps: language.pick("Benutzer", "Users"),
            filter: language.pick("Lampen auswählen", "Choose lamps"),
            search: language.pick("Name oder Text", "Name or text"),
            apply: language.pick("Zeigen", "Show"),
            clear: language.pick("Alle zeigen", "Show all"),
            other_view: if kiosk {
                language.pick("Zur Tafel", "To the board")
            } else {
                language.pick("Wandansicht", "Wall view")
            },
        }
    }
}

/// What a stream's reader has seen already, and which lamps it wants.
#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    since: String,
    /// Links among the states lead to the wall view.
    #[serde(default)]
    kiosk: bool,
}

/// The lamps as they change.
async fn live(
    Extract(site): Extract<Site>,
    Extension(room): Extension<Room>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(wish): Query<Wish>,
    Query(written): Query<Written>,
) -> Response {
    let Ok(place) = Arc::clone(&room.places).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // A browser that connects again says how far it had come.
    let last = headers.get(HeaderName::from_static("last-event-id")).and_then(|id| id.to_str().ok());
    let seen = last.unwrap_or(&wish.since).parse().ok();
    let path = if wish.kiosk { "/kiosk" } else { "/" };
    let pen = Pen { language: visitor.language, zone: site.zone.clone(), path };
    let reader = Reader::new(site.board.clone(), Arc::clone(&room.ledger), pen, written.into(), seen, place);
    Sse::new(reader.news()).keep_alive(KeepAlive::default()).into_response()
}

#[cfg(test)]
mod tests {
    use busylamp_core::{account::Presence, keeper::Flag};
    use busylamp_service::board::{Board, Lamp, Next};
    use jiff::tz::TimeZone;

    use super::*;

    pub(super) fn lamp(name: &str) -> Lamp {
        Lamp {
            instance: "i".into(),
            account: name.into(),
            name: name.into(),
            group: "g".into(),
            dnd: Some(true),
            diverted: Some(false),
            presence: Some(Presence::DoNotDisturb),
            text: None,
            in_event: true,
            until: "2026-11-24T09:30:00Z".parse().ok(),
            next: None,
            paused_until: None,
            flags: vec![Flag::TextCut],
        }
    }

    pub(super) fn board(lamps: Vec<Lamp>) -> Arc<Board> {
        Arc::new(Board { now: "2026-11-23T09:00:00Z".parse().ok(), lamps, ..Board::default() })
    }

    fn pen(language: Language) -> Pen {
        Pen { language, zone: TimeZone::UTC, path: "/" }
    }

    fn html(lamps: Vec<Lamp>, language: Language) -> String {
        let picture = Ledger::new(TimeZone::UTC).look(&board(lamps));
        pen(language).lamps(&picture, &Filter::default())
    }

    fn head(lamps: Vec<Lamp>) -> String {
        pen(Language::English).head(&board(lamps), &Filter::default())
    }

    #[test]
    fn a_lamp_tells_its_state_by_word_and_its_time_in_the_readers_language() {
        let german = html(vec![lamp("Anna")], Language::German);
        assert!(german.contains("Nicht stören") && german.contains("bis <time"), "{german}");
        assert!(german.contains(r#"<time datetime="2026-11-24T09:30:00Z">Di 09:30</time>"#), "{german}");
        let english = html(vec![lamp("Anna")], Language::English);
        assert!(english.contains("Do not disturb") && english.contains("until <time"), "{english}");
        assert!(english.contains("Tue 09:30") && english.contains("Status text cut"), "{english}");
    }

    #[test]
    fn what_comes_next_is_told_where_it_is_something_else() {
        let at = "2026-11-24T09:30:00Z".parse().unwrap();
        let next = |dnd, forwards, in_event| Some(Next { at, dnd, forwards, in_event });
        let with = |next| html(vec![Lamp { next, ..lamp("Anna") }], Language::English);
        assert!(with(next(None, false, false)).contains(", then Reachable"));
        assert!(with(next(None, true, true)).contains(", then Diverted"));
        assert!(with(next(None, false, true)).contains(", then In an event"));
        assert!(!with(next(Some(true), false, true)).contains("then"));
    }

    #[test]
    fn lamps_stand_in_blocks_of_twelve() {
        let blocks = |count: usize| {
            let lamps = (0..count).map(|number| lamp(&format!("Anna {number:03}"))).collect();
            let html = html(lamps, Language::English);
            let ends = html.matches("</div></div>").count();
            let sizes: Vec<usize> = html
                .split(r#"<div class="block">"#)
                .skip(1)
                .map(|block| block.matches("class=\"lamp ").count())
                .collect();
            assert_eq!(ends, sizes.len(), "{html}");
            sizes
        };
        assert_eq!(blocks(0), [0; 0]);
        assert_eq!(blocks(1), [1]);
        assert_eq!(blocks(12), [12]);
        assert_eq!(blocks(25), [12, 12, 1]);
    }

    #[test]
    fn what_people_wrote_is_escaped() {
        let written = Lamp { name: "<Anna & Söhne>".into(), text: Some("</ul><script>".into()), ..lamp("a/b?c") };
        let html = html(vec![written], Language::German);
        assert!(!html.contains("<script>") && !html.contains("<Anna"), "{html}");
        assert!(html.contains(r#"href="/users/i/a%2Fb%3Fc""#), "{html}");
    }

    #[test]
    fn the_title_counts_lit_lamps_and_the_states_all() {
        let off = Lamp { dnd: Some(false), in_event: false, ..lamp("Bert") };
        let unread = Lamp { dnd: None, diverted: None, ..lamp("Carla") };
        let shown = head(vec![lamp("Anna"), off.clone(), off.clone()]);
        assert!(shown.contains(r#"data-title="1 of 3 lamps lit""#), "{shown}");
        assert!(!shown.contains("Not read"), "{shown}");
        assert!(head(vec![unread, off]).contains("Not read"));
    }
}
