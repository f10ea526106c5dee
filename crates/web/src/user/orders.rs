//! What an administrator can do about a user. Each order is noted in the audit trail.

use axum::{
    Form,
    extract::{Path, State as Extract},
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::language::Language;
use busylamp_service::{ServiceError, user::Outcome};
use busylamp_store::Action;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Who, Wish, draw, failed, instant, unknown, zone_of};
use crate::{
    Site,
    people::{Administrator, Visitor},
    user::axis::Day,
};

/// What has been done, as the page's address has it.
#[derive(Clone, Copy)]
pub(super) enum Done {
    Paused,
    Resumed,
    GivenBack,
    Discarded,
    Checked,
    Nothing,
}

impl Done {
    const ALL: [Self; 6] =
        [Self::Paused, Self::Resumed, Self::GivenBack, Self::Discarded, Self::Checked, Self::Nothing];

    pub(super) fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.code() == code)
    }

    fn code(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::GivenBack => "given-back",
            Self::Discarded => "discarded",
            Self::Checked => "checked",
            Self::Nothing => "nothing",
        }
    }

    pub(super) fn words(self, language: Language) -> &'static str {
        let (german, english) = match self {
            Self::Paused => ("Die Synchronisation ist angehalten.", "Synchronisation is paused."),
            Self::Resumed => ("Die Pause ist beendet.", "The pause has ended."),
            Self::GivenBack => ("Der eigene Status wird zurückgegeben.", "The user's own state is given back."),
            Self::Discarded => ("Verworfen, was nicht zurückzugeben war.", "Discarded what could not be given back."),
            Self::Checked => ("Es wird neu gelesen.", "It is being read anew."),
            Self::Nothing => ("Es war nichts zu tun.", "There was nothing to do."),
        };
        language.pick(german, english)
    }
}

/// How long to pause: one of the usual spans, or until a local time.
#[derive(Deserialize)]
pub(super) struct Span {
    #[serde(default, rename = "for")]
    length: String,
    #[serde(default)]
    until: String,
}

pub(super) async fn pause(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path((instance, account)): Path<(String, String)>,
    Form(span): Form<Span>,
) -> Result<Response, Response> {
    let who = Who::new(&instance, &account);
    let visitor = visitor(&administrator);
    let view = who.view(&site, &visitor, None).await?;
    let zone = zone_of(&view, &site);
    let after = |hours| view.now.saturating_add(SignedDuration::from_hours(hours)).ok();
    let until: Option<Timestamp> = match span.length.as_str() {
        "hour" => after(1),
        "hours" => after(4),
        "day" => Some(Day::new(zone.to_datetime(view.now).date(), &zone).to),
        _ => instant(&span.until, &zone),
    };
    let Some(until) = until.filter(|until| *until > view.now) else {
        let trouble = administrator.language.pick(
            "Anhalten geht nur bis zu einem Zeitpunkt, der noch kommt.",
            "A pause can only last until an instant that is still to come.",
        );
        return draw(&site, &visitor, &who, &Wish::default(), Some(trouble)).await;
    };
    let outcome = site.service.pause(&who.instance, &who.account, Some(until)).await;
    finish(&administrator, &who, outcome, Action::new("user_paused"), Done::Paused).await
}

pub(super) async fn resume(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path((instance, account)): Path<(String, String)>,
) -> Result<Response, Response> {
    let who = Who::new(&instance, &account);
    let outcome = site.service.pause(&who.instance, &who.account, None).await;
    finish(&administrator, &who, outcome, Action::new("user_resumed"), Done::Resumed).await
}

pub(super) async fn give_back(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path((instance, account)): Path<(String, String)>,
) -> Result<Response, Response> {
    let who = Who::new(&instance, &account);
    let outcome = site.service.give_back(&who.instance, &who.account).await;
    finish(&administrator, &who, outcome, Action::new("user_given_back"), Done::GivenBack).await
}

pub(super) async fn discard(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path((instance, account)): Path<(String, String)>,
) -> Result<Response, Response> {
    let who = Who::new(&instance, &account);
    let outcome = site.service.discard(&who.instance, &who.account).await;
    finish(&administrator, &who, outcome, Action::new("user_discarded"), Done::Discarded).await
}

pub(super) async fn check(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path((instance, account)): Path<(String, String)>,
) -> Result<Response, Response> {
    let who = Who::new(&instance, &account);
    let outcome = site.service.check_again(&who.instance, Some(&who.account)).await;
    finish(&administrator, &who, outcome, Action::new("user_checked"), Done::Checked).await
}

/// An administrator as somebody who looks.
fn visitor(administrator: &Administrator) -> Visitor {
    Visitor { person: Some(administrator.person.clone()), language: administrator.language }
}

/// Notes what was done and leads back to the page.
async fn finish(
    administrator: &Administrator,
    who: &Who,
    outcome: Result<Outcome, ServiceError>,
    action: Action,
    done: Done,
) -> Result<Response, Response> {
    let visitor = visitor(administrator);
    let done = match outcome.map_err(|error| failed(&visitor, &error))? {
        Outcome::Done => {
            let object = format!("{}/{}", who.instance, who.account);
            administrator.people.audit(&administrator.person, action, &object).await;
            done
        }
        Outcome::NothingToDo => Done::Nothing,
        Outcome::UnknownInstance | Outcome::UnknownUser => return Err(unknown(&visitor)),
    };
    Ok(Redirect::to(&format!("{}?done={}", who.path(), done.code())).into_response())
}
