//! The table of keywords, to be printed and handed to users.

use askama::Template;
use axum::{
    extract::{Path, State as Extract},
    response::Response,
};
use busylamp_core::{
    keyword::{BUILT_IN, Effect},
    language::Language,
};

use super::desk::described;
use crate::{
    Site,
    page::{Frame, show},
    people::Visitor,
};

#[derive(Template)]
#[template(path = "keywords.html")]
struct Page {
    frame: Frame,
    instance: String,
    intro: &'static str,
    head: [&'static str; 2],
    rows: Vec<Row>,
    rules: [&'static str; 4],
    /// What stands in front of a keyword in the example.
    example: &'static str,
}

struct Row {
    words: Vec<String>,
    effect: &'static str,
}

const EFFECTS: [Effect; 5] = [Effect::DndOn, Effect::DndOff, Effect::ForwardOn, Effect::ForwardOff, Effect::NoAction];

pub(super) async fn page(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let language = visitor.language;
    let instance = described(&site, &id, language).await?;
    let own = &instance.written.policy.extra_keywords;
    let row = |effect: Effect| {
        let mut built_in: Vec<_> =
            BUILT_IN.iter().filter(|(_, of)| *of == effect).map(|(word, _)| (*word).to_owned()).collect();
        // The reader's language first.
        if language == Language::English {
            built_in.reverse();
        }
        let own = match effect {
            Effect::DndOn => &own.dnd_on,
            Effect::DndOff => &own.dnd_off,
            Effect::ForwardOn => &own.forward_on,
            Effect::ForwardOff => &own.forward_off,
            Effect::NoAction => &own.no_action,
        };
        Row { words: own.iter().cloned().chain(built_in).collect(), effect: effect_words(effect, language) }
    };
    let title = language.pick("Schlüsselwörter für Ihren Kalender", "Keywords for your calendar");
    Ok(show(&Page {
        frame: Frame::of(language, title, visitor.person.as_ref()).at("/instances"),
        instance: instance.written.name.clone(),
        intro: language.pick(
            "Ihr Telefon folgt Ihrem Kalender. Wollen Sie es bei einem Termin anders, so schreiben Sie eines dieser Wörter mit \
             seinen runden Klammern an das Ende des Betreffs.",
            "Your telephone follows your calendar. If you want it otherwise for one event, write one of these words with its \
             round brackets at the end of the subject.",
        ),
        head: language.pick(["Am Ende des Betreffs", "Während des Termins"], ["At the end of the subject", "During the event"]),
        rows: EFFECTS.into_iter().map(row).collect(),
        rules: language.pick(
            [
                "Groß- und Kleinschreibung zählt; die Klammern gehören dazu.",
                "Mehrere Wörter hintereinander gelten zusammen; nennen zwei dasselbe, gilt das letzte.",
                "In Einladungen, die Sie nicht beantwortet haben, wirkt kein Schlüsselwort.",
                "Was Sie während eines Termins selbst am Telefon umstellen, hat Vorrang, wenn Ihr Administrator nichts anderes \
                 bestimmt hat.",
            ],
            [
                "Capitals count; the brackets are part of it.",
                "Several words one after another hold together; if two name the same thing the last one holds.",
                "In invitations that you have not answered no keyword works.",
                "What you change at the telephone yourself during an event comes first, unless your administrator has decided \
                 otherwise.",
            ],
        ),
        example: language.pick("Jour fixe", "Team meeting"),
    }))
}

fn effect_words(effect: Effect, language: Language) -> &'static str {
    let (german, english) = match effect {
        Effect::DndOn => ("Ruhe: Das Telefon läutet nicht.", "Do not disturb: the telephone does not ring."),
        Effect::DndOff => (
            "Keine Ruhe: Das Telefon läutet, auch wenn es sonst bei diesem Termin ruhig wäre.",
            "No do not disturb: the telephone rings even if it were silent during this event otherwise.",
        ),
        Effect::ForwardOn => {
            ("Anrufe gehen an Ihr Umleitungsziel „immer“.", "Calls go to the destination of your diversion “always”.")
        }
        Effect::ForwardOff => ("Anrufe werden nicht weitergeleitet.", "Calls are not forwarded."),
        Effect::NoAction => ("Das Telefon bleibt, wie es ist.", "The telephone stays as it is."),
    };
    language.pick(german, english)
}
