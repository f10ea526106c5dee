//! Lamps and what stands above them, drawn. The page and the stream have the same pieces.

use askama::Template;
use busylamp_core::language::Language;
use busylamp_service::board::{Board, Connection, Lamp};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    filter::Filter,
    ledger::{Mark, Picture},
};
use crate::{
    state::{State, flag_word},
    user,
    when::{When, ahead},
};

/// How lamps are drawn for one reader.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    pub(super) language: Language,
    pub(super) zone: TimeZone,
    /// Where links among the states lead to.
    pub(super) path: &'static str,
}

/// The states with their numbers, and what is wrong.
#[derive(Template)]
#[template(path = "board_head.html")]
struct Head {
    title: String,
    states_label: &'static str,
    states: Vec<Counted>,
    troubles: Vec<String>,
    waiting: Option<&'static str>,
    /// Where that can be changed.
    to_instances: Option<&'static str>,
}

/// A state, how many lamps show it, and where these are shown alone.
struct Counted {
    class: &'static str,
    word: &'static str,
    count: usize,
    href: String,
    chosen: bool,
}

/// One lamp: state by colour, shape and word.
#[derive(Template)]
#[template(path = "lamp.html")]
struct Key<'a> {
    number: u64,
    name: &'a str,
    href: String,
    state: &'static str,
    word: &'static str,
    presence: Option<&'static str>,
    text: Option<&'a str>,
    until: Option<When>,
    until_word: &'static str,
    then: Option<&'static str>,
    then_word: &'static str,
    paused: Option<When>,
    paused_word: &'static str,
    flags: Vec<&'static str>,
}

/// Room for one lamp, in bytes.
const LAMP_ROOM: usize = 640;

/// So many lamps are in a block: whole rows, whether there are one, two, three or four columns. A browser lays out the
/// blocks in sight and leaves all others alone. The script keeps to it (`BLOCK` in board.js), and the style sheet
/// tells from it how tall a block is (`.block` in board.css).
const BLOCK: usize = 12;

impl Pen {
    /// How many lamps are on, for the page's title.
    pub(super) fn title(&self, board: &Board, filter: &Filter) -> String {
        self.title_of(&count(board, filter))
    }

    fn title_of(&self, counts: &[(State, usize)]) -> String {
        let all: usize = counts.iter().map(|(_, count)| count).sum();
        let lit: usize = counts.iter().filter(|(state, _)| state.lit()).map(|(_, count)| count).sum();
        self.language.pick(format!("{lit} von {all} Lampen an"), format!("{lit} of {all} lamps lit"))
    }

    /// What stands above the lamps.
    pub(super) fn head(&self, board: &Board, filter: &Filter) -> String {
        let language = self.language;
        let counts = count(board, filter);
        // What has not been read is an exception and not explained without one.
        let shown = |(state, count): &&(State, usize)| {
            *count > 0 || *state != State::NotRead || filter.state == Some(State::NotRead)
        };
        let entry = |state: Option<State>, count| Counted {
            class: state.map_or("", State::class),
            word: state.map_or_else(|| language.pick("Alle", "All"), |state| state.word(language)),
            count,
            href: self.address(filter, state),
            chosen: filter.state == state,
        };
        let all = entry(None, counts.iter().map(|(_, count)| count).sum());
        let states = counts.iter().filter(shown).map(|(state, count)| entry(Some(*state), *count));
        let wanted = counts.iter().filter(|(state, _)| filter.state.is_none_or(|only| only == *state));
        let nothing_runs = board.now.is_some() && board.names.is_empty();
        let waiting = if nothing_runs {
            Some(language.pick(
                "Keine Instanz ist aktiv: Kein Telefon folgt einem Kalender.",
                "No instance is active: no telephone follows a calendar.",
            ))
        } else if board.lamps.is_empty() {
            Some(language.pick("Die Benutzer werden gelesen …", "Reading the users …"))
        } else if wanted.map(|(_, count)| count).sum::<usize>() == 0 {
            Some(language.pick("Dazu passt niemand.", "Nobody fits that."))
        } else {
            None
        };
        let head = Head {
            title: self.title_of(&counts),
            states_label: language.pick("Zustände", "States"),
            states: [all].into_iter().chain(states).collect(),
            troubles: board.connections.iter().filter_map(|connection| trouble(connection, language)).collect(),
            waiting,
            to_instances: nothing_runs.then_some(language.pick("Zu den Instanzen", "To the instances")),
        };
        // A template that can't be drawn is a mistake that the page's own test would show.
        head.render().unwrap_or_default()
    }

    /// The board's address with this filter and state.
    pub(super) fn address(&self, filter: &Filter, state: Option<State>) -> String {
        let query = filter.query(state);
        if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) }
    }

    /// All lamps that are wanted, in blocks.
    pub(super) fn lamps(&self, picture: &Picture, filter: &Filter) -> String {
        let mut html = String::with_capacity(picture.board.lamps.len() * LAMP_ROOM);
        for (place, (lamp, mark)) in picture.lamps().filter(|(lamp, _)| filter.wants(lamp)).enumerate() {
            match place {
                0 => html.push_str(r#"<div class="block">"#),
                _ if place % BLOCK == 0 => html.push_str(r#"</div><div class="block">"#),
                _ => {}
            }
            let _drawn = self.key(lamp, mark, picture.board.now).render_into(&mut html);
        }
        if !html.is_empty() {
            html.push_str("</div>");
        }
        html
    }

    /// One lamp.
    pub(super) fn lamp(&self, lamp: &Lamp, mark: Mark, now: Option<Timestamp>) -> String {
        let mut html = String::with_capacity(LAMP_ROOM);
        let _drawn = self.key(lamp, mark, now).render_into(&mut html);
        html
    }

    fn key<'a>(&self, lamp: &'a Lamp, mark: Mark, now: Option<Timestamp>) -> Key<'a> {
        let language = self.language;
        let state = State::of(lamp);
        let then = lamp.next.as_ref().map(State::after).filter(|next| *next != state);
        let when = |at| ahead(at, now, &self.zone, language);
        Key {
            number: mark.number,
            name: &lamp.name,
            href: user::path(&lamp.instance, &lamp.account),
            state: state.class(),
            word: state.word(language),
            presence: lamp.presence.map(|presence| presence.word(language)),
            text: lamp.text.as_deref().filter(|text| !text.is_empty()),
            until: lamp.until.map(when),
            until_word: language.pick("bis", "until"),
            then: then.map(|next| next.word(language)),
            then_word: language.pick("dann", "then"),
            paused: lamp.paused_until.map(when),
            paused_word: language.pick("Angehalten bis", "Paused until"),
            flags: lamp.flags.iter().map(|flag| flag_word(*flag, language)).collect(),
        }
    }
}

/// Every state and how many of the wanted lamps would show it.
fn count(board: &Board, filter: &Filter) -> [(State, usize); State::ALL.len()] {
    let mut counts = State::ALL.map(|state| (state, 0));
    for lamp in board.lamps.iter().filter(|lamp| filter.wants_in_any_state(lamp)) {
        let state = State::of(lamp);
        for (other, count) in &mut counts {
            *count += usize::from(state == *other);
        }
    }
    counts
}

fn trouble(connection: &Connection, language: Language) -> Option<String> {
    connection
        .trouble
        .as_ref()
        .map(|trouble| format!("{}: {}", connection.name.speak(language), trouble.speak(language)))
}
