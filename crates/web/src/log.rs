//! The logs: read, filtered, followed live, taken away as text, and how much each tells.
//!
//! ```text
//! asked  which lines somebody wants, as it stands in an address
//! live   lines as they come
//! ```

mod asked;
mod live;

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, Query, State as Extract},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use busylamp_core::{
    ids::{AccountId, InstanceId},
    language::Language,
};
use busylamp_log::{Level, Line, Of};
use busylamp_service::board::Board;
use busylamp_store::{Action, Role};
use jiff::tz::TimeZone;
use serde::Deserialize;

use self::asked::Asked;
use crate::{
    Site, asset,
    page::{self, Frame, message, show},
    people::{Administrator, Visitor},
    user,
    when::When,
};

/// So many lines are shown at a time; all that are kept can be taken away.
const SHOWN: usize = 500;
/// The name of the program's log among the tabs and in the trail of changes.
const PROGRAM: &str = "Busylamp";

#[derive(Template)]
#[template(path = "log.html")]
struct Page {
    frame: Frame,
    words: &'static Words,
    tabs: Vec<Tab>,
    path: String,
    level: Level,
    levels: [Level; 5],
    factory: Level,
    may_change: bool,
    asked: Asked,
    instance: bool,
    query: String,
    older: Option<&'static str>,
    lines: Rows,
    last: u64,
}

/// The log of one instance among those of the others.
struct Tab {
    path: String,
    name: String,
    here: bool,
}

/// Lines as rows of a table: for the page, and as they come.
#[derive(Template)]
#[template(path = "log_lines.html")]
struct Rows {
    rows: Vec<Row>,
}

struct Row {
    at: When,
    level: Level,
    user: Option<(String, String)>,
    source: String,
    message: String,
    fields: String,
}

struct Words {
    tabs: &'static str,
    tells: &'static str,
    tells_hint: &'static str,
    set: &'static str,
    at_least: &'static str,
    all: &'static str,
    user: &'static str,
    text: &'static str,
    follow: &'static str,
    refresh: &'static str,
    download: &'static str,
    time: &'static str,
    level: &'static str,
    what: &'static str,
    nothing: &'static str,
    lines: &'static str,
    lost: &'static str,
    factory: &'static str,
}

const GERMAN: Words = Words {
    tabs: "Protokolle",
    tells: "Dieses Protokoll hält fest",
    tells_hint: "Gilt sofort und bleibt nach einem Neustart. DEBUG und TRACE nur, solange etwas gesucht wird: Ältere Zeilen weichen dann schneller.",
    set: "Übernehmen",
    at_least: "Mindestens",
    all: "alles",
    user: "Benutzer",
    text: "Text",
    follow: "Mitlaufen",
    refresh: "Aktualisieren",
    download: "Herunterladen",
    time: "Zeit",
    level: "Stufe",
    what: "Meldung",
    nothing: "Keine Zeilen.",
    lines: "Zeilen des Protokolls",
    lost: "Keine Verbindung zu Busylamp: das Protokoll läuft nicht mit.",
    factory: "ab Werk",
};
const ENGLISH: Words = Words {
    tabs: "Logs",
    tells: "This log tells",
    tells_hint: "In effect at once and after a restart. DEBUG and TRACE only while something is being looked for: older lines give way sooner then.",
    set: "Set",
    at_least: "At least",
    all: "everything",
    user: "User",
    text: "Text",
    follow: "Follow",
    refresh: "Refresh",
    download: "Download",
    time: "Time",
    level: "Level",
    what: "Message",
    nothing: "No lines.",
    lines: "Lines of the log",
    lost: "No connection to Busylamp: the log is not being followed.",
    factory: "factory setting",
};

/// The routes of this room.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/log", get(read_program).post(change_program))
        .route("/log/{instance}", get(read_instance).post(change_instance))
        .route("/log-live", get(live::follow_program))
        .route("/log-text", get(take_program))
        .route("/log/{instance}/live", get(live::follow_instance))
        .route("/log/{instance}/text", get(take_instance))
        .route("/assets/log.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/log.css"))))
        .route("/assets/log.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/log.js"))))
}

/// The program's log tells who signs in from where, which is the administrators' business. Where everybody on this
/// machine may come in there are no others.
fn may_read(of: &Of, visitor: &Visitor) -> bool {
    *of != Of::Program || visitor.person.as_ref().is_none_or(|person| person.role == Role::Administrator)
}

/// The instances by their names, and which of them is asked for; an answer where there is no such thing.
async fn find(site: &Site, of: &Of, language: Language) -> Result<Vec<(InstanceId, String)>, Response> {
    let instances = site.service.instances().await.map_err(|error| {
        tracing::error!(%error, "the log's page needs the instances, which can't be read");
        let frame = Frame::new(language, language.pick("Störung", "Trouble"));
        let text = language.pick("Die Instanzen können nicht gelesen werden.", "The instances can't be read.");
        message(StatusCode::SERVICE_UNAVAILABLE, frame, text)
    })?;
    let instances: Vec<_> = instances.into_iter().map(|found| (found.id, found.written.name)).collect();
    match of {
        Of::Instance(id) if instances.iter().all(|(known, _)| known != id) => {
            let frame = Frame::new(language, language.pick("Nicht gefunden", "Not found"));
            let text = language.pick("Diese Instanz gibt es nicht.", "There is no such instance.");
            Err(message(StatusCode::NOT_FOUND, frame, text))
        }
        Of::Program | Of::Instance(_) => Ok(instances),
    }
}

/// Where a log is.
fn path(of: &Of) -> String {
    match of {
        Of::Program => "/log".to_owned(),
        Of::Instance(id) => format!("/log/{}", asked::escaped(id.as_str())),
    }
}

async fn read_program(site: Extract<Site>, visitor: Visitor, query: Query<Asked>) -> Result<Response, Response> {
    read(site, visitor, Of::Program, query.0).await
}

async fn read_instance(
    site: Extract<Site>,
    visitor: Visitor,
    Path(instance): Path<String>,
    query: Query<Asked>,
) -> Result<Response, Response> {
    read(site, visitor, Of::Instance(InstanceId::new(instance)), query.0).await
}

async fn read(Extract(site): Extract<Site>, visitor: Visitor, of: Of, asked: Asked) -> Result<Response, Response> {
    let Visitor { person, language } = &visitor;
    let instances = find(&site, &of, *language).await?;
    if !may_read(&of, &visitor) {
        // They are shown what they may read, if there is anything.
        let first = instances.into_iter().next().map(|(id, _)| Redirect::to(&path(&Of::Instance(id))).into_response());
        return Ok(first.or_else(|| Some(page::forbidden(*language, person.as_ref()?))).unwrap_or_default());
    }
    let log = site.upkeep.log();
    let board = site.board.borrow().clone();
    let found = log.lines(&of, &asked.filter(&of, &board, 0), SHOWN);
    let words = language.pick(&GERMAN, &ENGLISH);
    let tab = |this: Of, name: String| Tab { path: path(&this), here: this == of, name };
    let mut tabs: Vec<_> = instances.into_iter().map(|(id, name)| tab(Of::Instance(id), name)).collect();
    if may_read(&Of::Program, &visitor) {
        tabs.insert(0, tab(Of::Program, PROGRAM.to_owned()));
    }
    let older = found.more.then(|| {
        language.pick(
            "Ältere Zeilen sind nicht gezeigt; heruntergeladen werden alle, die es noch gibt.",
            "Older lines are not shown; the download has all that are still kept.",
        )
    });
    Ok(show(&Page {
        frame: Frame::of(*language, language.pick("Protokoll", "Log"), person.as_ref()).at("/log"),
        words,
        tabs,
        path: path(&of),
        level: log.level(&of),
        levels: Level::ALL,
        factory: Level::default(),
        may_change: person.as_ref().is_some_and(|person| person.role == Role::Administrator),
        query: asked.query(),
        instance: of != Of::Program,
        older,
        lines: rows(&found.lines, &of, &board, &site.zone, *language),
        last: found.last,
        asked,
    }))
}

/// Lines with the names of the users whom they are about.
fn rows(lines: &[Arc<Line>], of: &Of, board: &Board, zone: &TimeZone, language: Language) -> Rows {
    let names: BTreeMap<&AccountId, &str> = match of {
        Of::Program => BTreeMap::new(),
        Of::Instance(id) => {
            let lamps = board.lamps.iter().filter(|lamp| lamp.instance == *id);
            lamps.map(|lamp| (&lamp.account, lamp.name.as_str())).collect()
        }
    };
    let user = |account: &AccountId| {
        let way = match (of, names.get(account)) {
            (Of::Instance(id), Some(_)) => user::path(id, account),
            _ => String::new(),
        };
        (names.get(account).map_or_else(|| account.to_string(), |name| (*name).to_owned()), way)
    };
    let row = |line: &Arc<Line>| {
        let local = zone.to_datetime(line.at);
        Row {
            at: When {
                words: local.strftime(language.pick("%d.%m. %H:%M:%S.%3f", "%-d %b %H:%M:%S.%3f")).to_string(),
                exact: line.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            },
            level: line.level,
            user: line.account.as_ref().map(user),
            source: line.source.strip_prefix("busylamp_").unwrap_or(&line.source).to_owned(),
            message: line.message.clone(),
            fields: line.written_fields(),
        }
    };
    Rows { rows: lines.iter().map(row).collect() }
}

async fn take_program(site: Extract<Site>, visitor: Visitor, query: Query<Asked>) -> Result<Response, Response> {
    take(site, visitor, Of::Program, query.0).await
}

async fn take_instance(
    site: Extract<Site>,
    visitor: Visitor,
    Path(instance): Path<String>,
    query: Query<Asked>,
) -> Result<Response, Response> {
    take(site, visitor, Of::Instance(InstanceId::new(instance)), query.0).await
}

/// All lines that are kept and asked for, as a text file.
async fn take(Extract(site): Extract<Site>, visitor: Visitor, of: Of, asked: Asked) -> Result<Response, Response> {
    find(&site, &of, visitor.language).await?;
    if !may_read(&of, &visitor) {
        return Err(StatusCode::FORBIDDEN.into_response());
    }
    let board = site.board.borrow().clone();
    let found = site.upkeep.log().lines(&of, &asked.filter(&of, &board, 0), usize::MAX);
    let text: String = found.lines.iter().map(|line| format!("{line}\n")).collect();
    let name = match &of {
        Of::Program => "program",
        Of::Instance(id) => id.as_str(),
    };
    let name: String =
        name.chars().take(64).map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"busylamp-{name}.log\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

/// How much a log shall tell.
#[derive(Deserialize)]
struct Change {
    level: String,
}

async fn change_program(
    site: Extract<Site>,
    administrator: Administrator,
    Form(change): Form<Change>,
) -> Result<Response, Response> {
    set(site, administrator, Of::Program, change).await
}

async fn change_instance(
    site: Extract<Site>,
    administrator: Administrator,
    Path(instance): Path<String>,
    Form(change): Form<Change>,
) -> Result<Response, Response> {
    set(site, administrator, Of::Instance(InstanceId::new(instance)), change).await
}

async fn set(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    of: Of,
    change: Change,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let instances = find(&site, &of, language).await?;
    let level: Level = change.level.parse().map_err(|_| StatusCode::UNPROCESSABLE_ENTITY.into_response())?;
    let kept = site.upkeep.log().keep_level(people.store(), &of, level).await;
    kept.map_err(|error| page::broken(language, &error))?;
    let name = match &of {
        Of::Program => PROGRAM,
        Of::Instance(id) => instances.iter().find(|(known, _)| known == id).map_or(id.as_str(), |(_, name)| name),
    };
    people.audit(&person, Action::new("log_level_changed"), &format!("{name}: {level}")).await;
    Ok(Redirect::to(&path(&of)).into_response())
}
