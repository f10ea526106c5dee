//! One user's page: what was, is and will be, and why. Days are drawn as lines; everything that is drawn is in a table
//! as well, and every instant can be asked for its explanation, by a link, a form, or the script's cursor.
//!
//! ```text
//! axis      a local day as a line
//! lanes     what is drawn on it
//! table     the same for reading
//! words     what things are called in it
//! captions  the page's own words
//! orders    pause, give back, read anew: for administrators
//! ```

mod axis;
mod captions;
mod lanes;
mod orders;
mod table;
mod words;

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use busylamp_core::{
    ids::{AccountId, InstanceId},
    keeper::Flag,
};
use busylamp_service::{
    ServiceError,
    user::{Explanation, UserView},
};
use busylamp_store::Role;
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::Deserialize;

use self::{axis::Day, captions::Captions, lanes::Drawn, orders::Done, table::Entry, words::Tongue};
use crate::{
    Site,
    page::{self, Frame, show},
    people::Visitor,
    state::{State, flag_word},
    when::{When, ago, ahead, day_and_hour, moment},
};

/// The room of the user's page.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/users/{instance}/{account}", get(user_page))
        .route("/users/{instance}/{account}/why", get(why_part))
        .route("/users/{instance}/{account}/pause", post(orders::pause))
        .route("/users/{instance}/{account}/resume", post(orders::resume))
        .route("/users/{instance}/{account}/give-back", post(orders::give_back))
        .route("/users/{instance}/{account}/discard", post(orders::discard))
        .route("/users/{instance}/{account}/check", post(orders::check))
}

/// The path of a user's page.
pub(crate) fn path(instance: &InstanceId, account: &AccountId) -> String {
    format!("/users/{}/{}", segment(instance.as_str()), segment(account.as_str()))
}

/// One segment of a path. The account's spelling is the telephone system's, the instance's that of people.
fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

/// What of a user is looked at. What can't be read is taken for not asked.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Wish {
    /// The day in the middle.
    #[serde(default)]
    day: String,
    /// The instant that is to be explained: RFC 3339, or local as forms write it.
    #[serde(default)]
    at: String,
    /// What has just been done.
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "user.html")]
struct Page {
    frame: Frame,
    path: String,
    trouble: Option<&'static str>,
    done: Option<&'static str>,
    words: Captions,
    state: &'static str,
    state_word: &'static str,
    presence: Option<&'static str>,
    text: Option<String>,
    until: Option<When>,
    paused: Option<When>,
    facts: Vec<(&'static str, String)>,
    flags: Vec<(&'static str, &'static str)>,
    holds: Vec<Held>,
    orders: bool,
    discardable: bool,
    day: String,
    previous: String,
    next: String,
    is_today: bool,
    local: String,
    days: Vec<Drawn>,
    why: Why,
    entries: Vec<Entry>,
    cut: bool,
}

struct Held {
    dimension: String,
    before: String,
    ours: String,
    since: When,
    until: When,
    asleep: bool,
}

#[derive(Template)]
#[template(path = "why.html")]
struct Why {
    heading: &'static str,
    at: When,
    source: &'static str,
    winner: String,
    events: Vec<String>,
    action: String,
    dimensions: Vec<(String, String)>,
    until: String,
}

async fn user_page(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    Path((instance, account)): Path<(String, String)>,
    Query(wish): Query<Wish>,
) -> Result<Response, Response> {
    let who = Who::new(&instance, &account);
    draw(&site, &visitor, &who, &wish, None).await
}

/// The explanation alone, for the cursor.
async fn why_part(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    Path((instance, account)): Path<(String, String)>,
    Query(wish): Query<Wish>,
) -> Result<Response, Response> {
    let language = visitor.language;
    let who = Who::new(&instance, &account);
    let view = who.view(&site, &visitor, None).await?;
    let zone = zone_of(&view, &site);
    let Some(at) = instant(&wish.at, &zone) else { return Err(StatusCode::BAD_REQUEST.into_response()) };
    let explanation = who.explain(&site, &visitor, at).await?;
    Ok(show(&Why::new(explanation, &Tongue { language, zone: &zone, diversions: &view.diversions })))
}

/// Whose page it is.
pub(super) struct Who {
    instance: InstanceId,
    account: AccountId,
}

impl Who {
    fn new(instance: &str, account: &str) -> Self {
        Self { instance: instance.into(), account: account.into() }
    }

    /// All about the user on the days around this one.
    async fn view(&self, site: &Site, visitor: &Visitor, day: Option<Date>) -> Result<UserView, Response> {
        let language = visitor.language;
        let now = site.board.borrow().now.unwrap_or_else(Timestamp::now);
        let middle = day.map_or(now, |day| Day::new(day, &TimeZone::UTC).from);
        // Which day it is depends on the user's zone, which is not known yet: a day more on either side has all of it.
        let [before, after] = [SignedDuration::from_hours(3 * 24), SignedDuration::from_hours(4 * 24)];
        let from = middle.saturating_sub(before).unwrap_or(Timestamp::MIN);
        let to = middle.saturating_add(after).unwrap_or(Timestamp::MAX);
        let view = site.service.user(&self.instance, &self.account, from..to, language).await;
        match view.map_err(|error| failed(visitor, &error))? {
            Some(view) => Ok(view),
            None => Err(unknown(visitor)),
        }
    }

    async fn explain(&self, site: &Site, visitor: &Visitor, at: Timestamp) -> Result<Explanation, Response> {
        let explained = site.service.explain(&self.instance, &self.account, at, visitor.language).await;
        explained.map_err(|error| failed(visitor, &error))?.ok_or_else(|| unknown(visitor))
    }

    fn path(&self) -> String {
        path(&self.instance, &self.account)
    }
}

/// There is no such user, or no more.
fn unknown(visitor: &Visitor) -> Response {
    let language = visitor.language;
    let title = language.pick("Nicht gefunden", "Not found");
    let frame = Frame::of(language, title, visitor.person.as_ref());
    let text = language.pick(
        "Diesen Benutzer gibt es nicht, oder er gehört nicht mehr zu dieser Instanz.",
        "There is no such user, or it does not belong to this instance any more.",
    );
    page::message(StatusCode::NOT_FOUND, frame, text)
}

/// The service gives no answer.
fn failed(visitor: &Visitor, error: &ServiceError) -> Response {
    tracing::error!(%error, "a page needs the service, which gives no answer");
    let language = visitor.language;
    let frame = Frame::of(language, language.pick("Störung", "Trouble"), visitor.person.as_ref());
    let text = language.pick(
        "Der Dienst antwortet nicht. Der Grund steht in seinem Protokoll.",
        "The service gives no answer. Its log says why.",
    );
    page::message(StatusCode::SERVICE_UNAVAILABLE, frame, text)
}

/// The zone in which the user's days lie.
fn zone_of(view: &UserView, site: &Site) -> TimeZone {
    TimeZone::get(&view.zone).unwrap_or_else(|_| site.zone.clone())
}

/// An instant as an address or a form has it.
fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let local: DateTime = text.parse().ok()?;
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

/// The page. `trouble` is what was wrong with an order.
async fn draw(
    site: &Site,
    visitor: &Visitor,
    who: &Who,
    wish: &Wish,
    trouble: Option<&'static str>,
) -> Result<Response, Response> {
    let language = visitor.language;
    let asked_day: Option<Date> = wish.day.parse().ok();
    // The instant's day is only known in the user's zone; in UTC it is at most one beside.
    let at_day = instant(&wish.at, &TimeZone::UTC).map(|at| TimeZone::UTC.to_datetime(at).date());
    let view = who.view(site, visitor, asked_day.or(at_day)).await?;
    let zone = zone_of(&view, site);
    let tongue = Tongue { language, zone: &zone, diversions: &view.diversions };
    let at = instant(&wish.at, &zone);
    let today = zone.to_datetime(view.now).date();
    let middle = asked_day.or(at.map(|at| zone.to_datetime(at).date())).unwrap_or(today);
    let explanation = match at {
        Some(at) => who.explain(site, visitor, at).await?,
        None => view.explanation.clone(),
    };
    let around = [middle.yesterday().unwrap_or(middle), middle, middle.tomorrow().unwrap_or(middle)];
    let days: Vec<Day> = around.into_iter().map(|date| Day::new(date, &zone)).collect();
    let rows = lanes::Row::needed(&view, &days);
    let cursor = Some(at.unwrap_or(view.now));
    let (entries, cut) = table::entries(&view, &days, &tongue);
    let local = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M").to_string();
    let when = |at| ahead(at, Some(view.now), &zone, language);
    let state = State::of(&view.lamp);
    let administers = visitor.person.as_ref().is_some_and(|person| person.role == Role::Administrator);
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        frame: Frame::of(language, view.name.clone(), visitor.person.as_ref()),
        path: who.path(),
        trouble,
        done: Done::of(&wish.done).map(|done| done.words(language)),
        words: Captions::of(language),
        state: state.class(),
        state_word: state.word(language),
        presence: view.lamp.presence.map(|presence| presence.word(language)),
        text: view.lamp.text.clone().filter(|text| !text.is_empty()),
        until: view.lamp.until.map(when),
        paused: view.paused_until.map(when),
        facts: facts(&view, &tongue),
        flags: view.flags.iter().map(|(flag, advice)| (flag_word(*flag, language), *advice)).collect(),
        holds: holds(&view, &tongue),
        orders: administers,
        discardable: !view.holds.is_empty() && view.flags.iter().any(|(flag, _)| *flag == Flag::RefusedByPbx),
        day: middle.to_string(),
        previous: middle.yesterday().unwrap_or(middle).to_string(),
        next: middle.tomorrow().unwrap_or(middle).to_string(),
        is_today: middle == today,
        local: local(at.unwrap_or(view.now)),
        days: days.iter().map(|day| lanes::draw(&view, *day, &rows, cursor, &tongue)).collect(),
        why: Why::new(explanation, &tongue),
        entries,
        cut,
    };
    Ok((status, show(&page)).into_response())
}

fn facts(view: &UserView, tongue: &Tongue<'_>) -> Vec<(&'static str, String)> {
    let language = tongue.language;
    let never = || language.pick("noch nie", "never yet").to_owned();
    let none = || language.pick("keine", "none").to_owned();
    vec![
        (language.pick("Mail-Adresse", "Mail address"), view.mail.as_ref().map_or_else(none, ToString::to_string)),
        (
            language.pick("Kalender gelesen", "Calendar read"),
            view.read_at.map_or_else(never, |at| ago(at, view.now, language)),
        ),
        (language.pick("Konto", "Account"), view.account.to_string()),
        (language.pick("Instanz", "Instance"), view.instance_name.clone()),
        (language.pick("Gruppe", "Group"), view.lamp.group.clone()),
        (language.pick("Zeitzone", "Time zone"), view.zone.clone()),
    ]
}

fn holds(view: &UserView, tongue: &Tongue<'_>) -> Vec<Held> {
    let when = |at| moment(at, tongue.zone, tongue.language);
    let hold = |hold: &busylamp_service::user::HoldView| Held {
        dimension: tongue.dimension(&hold.dimension),
        before: tongue.named(&hold.before).to_owned(),
        ours: tongue.named(&hold.ours).to_owned(),
        since: when(hold.since),
        until: when(hold.until),
        asleep: hold.asleep,
    };
    view.holds.iter().map(hold).collect()
}

impl Why {
    fn new(explanation: Explanation, tongue: &Tongue<'_>) -> Self {
        let language = tongue.language;
        let line = |(dimension, sentence)| (tongue.dimension(&dimension), sentence);
        // Of sentences that say the same one is enough.
        let mut said = BTreeSet::new();
        Self {
            heading: language.pick("Warum?", "Why?"),
            at: day_and_hour(explanation.at, tongue.zone, language),
            source: tongue.known_from(explanation.from),
            winner: explanation.winner,
            events: explanation.events.into_iter().filter(|event| said.insert(event.clone())).collect(),
            action: explanation.action,
            dimensions: explanation.dimensions.into_iter().map(line).collect(),
            until: explanation.until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_from_an_address_and_from_a_form() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let expected: Timestamp = "2026-11-24T08:30:00Z".parse().unwrap();
        for text in ["2026-11-24T08:30:00Z", "2026-11-24T09:30:00+01:00", "2026-11-24T09:30", "2026-11-24T09:30:00"] {
            assert_eq!(instant(text, &berlin), Some(expected), "{text}");
        }
        for text in ["", "x", "9:30", "99999-01-01T00:00"] {
            assert_eq!(instant(text, &berlin), None, "{text}");
        }
    }

    #[test]
    fn an_hour_that_the_clock_leaves_out_is_still_an_instant() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(instant("2026-03-29T02:30", &berlin), "2026-03-29T01:30:00Z".parse().ok());
    }

    #[test]
    fn a_path_keeps_strange_names_in_one_segment() {
        let path = path(&"Zürich / Süd?".into(), &"10#01".into());
        assert_eq!(path, "/users/Z%C3%BCrich%20%2F%20S%C3%BCd%3F/10%2301");
    }
}
