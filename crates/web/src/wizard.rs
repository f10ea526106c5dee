//! From nothing to the first lamp: calendar, telephone system, group, policy, done. Each step is tried before the next
//! one; what was typed stays on the server until it is saved, so that one can leave and come back.

mod step;

use askama::Template;
use axum::{
    Extension, Form, Router,
    extract::{Path, Query, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use busylamp_core::language::Language;
use busylamp_store::{Action, Person};
use serde::Deserialize;
use serde_json::Value;

use self::step::Step;
use crate::{
    Site,
    instances::{
        Desk,
        desk::{KEPT, failed},
        draft::{self, Draft, value},
        edit::{Asked, Next, Stop, zones},
        fields::{Control, SectionView, Wrong},
        findings::{CertificateView, TrialView},
        preview::View,
    },
    page::{Frame, show},
    people::Administrator,
};

/// The pages of this room.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/wizard", get(front))
        .route("/wizard/cancel", post(cancel))
        .route("/wizard/{step}", get(page).post(take))
}

#[derive(Template)]
#[template(path = "wizard.html")]
struct Page {
    frame: Frame,
    steps_label: &'static str,
    steps: Vec<StepView>,
    heading: &'static str,
    intro: &'static str,
    step: &'static str,
    sections: Vec<SectionView>,
    groups: Option<Groups>,
    zones: Vec<String>,
    trial: Option<TrialView>,
    certificate: Option<CertificateView>,
    preview: Option<View>,
    trouble: Option<String>,
    lost: Option<&'static str>,
    back: Option<(&'static str, &'static str)>,
    next: &'static str,
    other: Option<(&'static str, &'static str)>,
    trust: &'static str,
    cancel: &'static str,
    kept: String,
}

struct StepView {
    path: &'static str,
    title: &'static str,
    state: StepState,
}

#[derive(PartialEq, Eq)]
enum StepState {
    Done,
    Here,
    Ahead,
}

/// Groups to choose from.
struct Groups {
    legend: &'static str,
    help: &'static str,
    /// Name, members, whether it is chosen.
    groups: Vec<(String, Option<String>, bool)>,
    error: Option<String>,
}

async fn front(Extension(desk): Extension<Desk>, administrator: Administrator) -> Redirect {
    let reached = desk.new_one(&administrator.person).map_or(0, |draft| draft.reached);
    let step = Step::ALL.get(reached).copied().unwrap_or(Step::Calendar);
    Redirect::to(step.address())
}

/// Who writes, and what they have written so far.
struct Writing<'a> {
    site: &'a Site,
    desk: &'a Desk,
    person: &'a Person,
    language: Language,
}

impl Writing<'_> {
    fn draft(&self) -> Draft {
        self.desk.new_one(self.person).unwrap_or_else(|| Draft::new(self.language.pick("de", "en")))
    }

    fn asked(&self) -> Asked<'_> {
        Asked { site: self.site, instance: None, language: self.language }
    }

    async fn draw(&self, step: Step, draft: &Draft) -> Page {
        let mut trouble = None;
        let preview = match step {
            // Nothing is published yet.
            Step::Done => match self.asked().preview(draft, false).await {
                Ok(view) => Some(view),
                Err(Stop::Wrong(wrong)) => return self.draw_wrong(step, draft, &wrong),
                Err(Stop::Failed(error)) => {
                    trouble = Some(error.said().speak(self.language).to_owned());
                    None
                }
            },
            Step::Calendar | Step::Pbx | Step::Group | Step::Policy => None,
        };
        Page { preview, trouble, ..self.plain(step, draft, None) }
    }

    /// The step on which something is wrong, without asking anybody.
    fn draw_wrong(&self, step: Step, draft: &Draft, wrong: &Wrong) -> Page {
        let step = Step::of(wrong.key).unwrap_or(step);
        self.plain(step, draft, Some(wrong))
    }

    fn plain(&self, step: Step, draft: &Draft, wrong: Option<&Wrong>) -> Page {
        let language = self.language;
        let place = step.place();
        let view = |other: Step| StepView {
            path: other.address(),
            title: other.title().get(language),
            state: match other.place() {
                at if at == place => StepState::Here,
                at if at <= draft.reached => StepState::Done,
                _ => StepState::Ahead,
            },
        };
        let failed = draft.trial.as_ref().is_some_and(|trial| !trial.is_ok());
        let previous = place.checked_sub(1).and_then(|place| Step::ALL.get(place));
        Page {
            frame: Frame::of(language, language.pick("Neue Instanz", "New instance"), Some(self.person))
                .at("/instances"),
            steps_label: language.pick("Schritte", "Steps"),
            steps: Step::ALL.into_iter().map(view).collect(),
            heading: step.heading().get(language),
            intro: step.intro().get(language),
            step: step.address(),
            sections: step.sections(draft, wrong, language),
            groups: (step == Step::Group).then(|| groups(draft, wrong, language)).flatten(),
            zones: if step == Step::Done { zones() } else { Vec::new() },
            trial: draft.trial.as_ref().map(|trial| trial.view(language)),
            certificate: draft
                .certificate
                .as_ref()
                .filter(|_| matches!(step, Step::Calendar | Step::Pbx))
                .map(|shown| shown.view(language)),
            preview: None,
            trouble: None,
            lost: None,
            back: previous.map(|step| (step.address(), language.pick("Zurück", "Back"))),
            next: match step {
                Step::Calendar | Step::Pbx | Step::Group => language.pick("Testen und weiter", "Test and continue"),
                Step::Policy => language.pick("Weiter", "Continue"),
                Step::Done => language.pick("Speichern und aktivieren", "Save and activate"),
            },
            other: match step {
                Step::Calendar | Step::Pbx | Step::Group if failed => {
                    Some(("skip", language.pick("Trotzdem weiter", "Continue all the same")))
                }
                Step::Done => {
                    Some(("later", language.pick("Nur speichern, später aktivieren", "Only save, activate later")))
                }
                Step::Calendar | Step::Pbx | Step::Group | Step::Policy => None,
            },
            trust: language.pick("Diesem Zertifikat vertrauen", "Trust this certificate"),
            cancel: language.pick("Abbrechen und alles verwerfen", "Cancel and discard everything"),
            kept: {
                let minutes = KEPT.as_secs() / 60;
                language.pick(
                    format!(
                        "Bis Sie speichern, merkt sich Busylamp, was Sie eingeben, nur im Arbeitsspeicher: {minutes} Minuten \
                         lang und nicht über einen Neustart hinweg."
                    ),
                    format!(
                        "Until you save, Busylamp remembers what you enter in memory only: for {minutes} minutes, and not \
                         across a restart."
                    ),
                )
            },
        }
    }
}

/// The groups to choose from, if the telephone system has named any.
fn groups(draft: &Draft, wrong: Option<&Wrong>, language: Language) -> Option<Groups> {
    let chosen = draft.text("starface.group");
    let members = |count: usize| match count {
        1 => language.pick("1 Benutzer", "1 user").to_owned(),
        count => language.pick(format!("{count} Benutzer"), format!("{count} users")),
    };
    let group = |(name, count): &(String, Option<usize>)| (name.clone(), count.map(members), name == chosen);
    let (_, field) = crate::options::at("starface.group")?;
    (!draft.groups.is_empty()).then(|| Groups {
        legend: field.label.get(language),
        help: field.help.get(language),
        groups: draft.groups.iter().map(group).collect(),
        error: wrong.filter(|wrong| wrong.key == field.key).map(|wrong| wrong.problem.text.clone()),
    })
}

/// What has just happened.
#[derive(Default, Deserialize)]
struct Happened {
    /// What was typed on earlier steps is gone.
    lost: Option<String>,
}

/// The first step, with a word about why it is asked for again.
const FROM_THE_BEGINNING: &str = "/wizard/calendar?lost=1";

async fn page(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    administrator: Administrator,
    Path(step): Path<String>,
    Query(happened): Query<Happened>,
) -> Result<Response, Response> {
    let step: Step = step.parse().map_err(|()| StatusCode::NOT_FOUND.into_response())?;
    let Administrator { person, language, .. } = &administrator;
    let writing = Writing { site: &site, desk: &desk, person, language: *language };
    let draft = writing.draft();
    if desk.new_one(person).is_none() && step != Step::Calendar {
        return Ok(Redirect::to(FROM_THE_BEGINNING).into_response());
    }
    // Nobody sees a later step before the earlier ones.
    match Step::ALL.get(draft.reached) {
        Some(reached) if step.place() > reached.place() => Ok(Redirect::to(reached.address()).into_response()),
        _ => {
            let lost = happened.lost.map(|_| {
                language.pick(
                    "Ihre Eingaben sind nicht mehr da: Busylamp wurde neu gestartet, oder es kam zu lange nichts Neues. \
                     Gespeichert wurde nichts. Bitte beginnen Sie von vorn; auch Kennwörter und Schlüssel sind noch einmal \
                     einzugeben.",
                    "What you entered is no longer there: Busylamp was restarted, or nothing new came for too long. Nothing \
                     was saved. Please begin again; passwords and keys have to be entered once more as well.",
                )
            });
            Ok(show(&Page { lost, ..writing.draw(step, &draft).await }))
        }
    }
}

async fn take(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    administrator: Administrator,
    Path(step): Path<String>,
    Form(form): Form<draft::Form>,
) -> Result<Response, Response> {
    let step: Step = step.parse().map_err(|()| StatusCode::NOT_FOUND.into_response())?;
    let writing = Writing { site: &site, desk: &desk, person: &administrator.person, language: administrator.language };
    let is_lost = desk.new_one(&administrator.person).is_none() && step != Step::Calendar;
    let mut draft = writing.draft();
    draft.take(step.fields().into_iter(), &form);
    if is_lost {
        desk.keep(&administrator.person, None, draft);
        return Ok(Redirect::to(FROM_THE_BEGINNING).into_response());
    }
    if step == Step::Group && draft.text("name").is_empty() {
        // A name to begin with.
        let group = draft.text("starface.group").to_owned();
        draft.put("name", Value::from(group));
    }
    let action = value(&form, "action").unwrap_or("next");
    let outcome = match (step, action) {
        (Step::Done, "later" | "next") => return finish(&administrator, &writing, draft, action == "next").await,
        (_, "next" | "skip") => writing.go_on(step, &mut draft, action == "skip").await,
        _ => writing.asked().act(&mut draft, None, action).await,
    };
    if matches!(outcome, Ok(Next::On)) {
        draft.reached = draft.reached.max(step.place() + 1);
        draft.certificate = None;
    }
    desk.keep(&administrator.person, None, draft.clone());
    match outcome {
        Ok(Next::On) => Ok(Redirect::to(step.next().address()).into_response()),
        Ok(Next::Here) => Ok(Redirect::to(&format!("{}#found", step.address())).into_response()),
        Err(Stop::Wrong(wrong)) => {
            let page = writing.draw_wrong(step, &draft, &wrong);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)).into_response())
        }
        Err(Stop::Failed(error)) => {
            let page = Page {
                trouble: Some(error.said().speak(writing.language).to_owned()),
                ..writing.plain(step, &draft, None)
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)).into_response())
        }
    }
}

impl Writing<'_> {
    /// Tries a step; the next one follows if nothing stands in the way, or if nobody minds.
    async fn go_on(&self, step: Step, draft: &mut Draft, anyway: bool) -> Result<Next, Stop> {
        let asked = self.asked();
        asked.look_over(draft, step.fields().into_iter())?;
        if step == Step::Calendar && !draft.has_table("graph") && !draft.has_table("ews") {
            let text = self.language.pick(
                "Eine Instanz braucht einen Kalender: Microsoft Graph oder einen Exchange Server, oder beide.",
                "An instance needs a calendar: Microsoft Graph or an Exchange Server, or both.",
            );
            return Err(Stop::Wrong(Box::new(Wrong::at("graph", text))));
        }
        match step {
            Step::Calendar | Step::Pbx => asked.test(draft, step.side()).await?,
            Step::Group => asked.test_users(draft).await?,
            Step::Policy | Step::Done => {}
        }
        let fine = draft.trial.as_ref().is_none_or(|trial| trial.is_ok());
        Ok(if fine || anyway { Next::On } else { Next::Here })
    }
}

/// Saves the new instance.
async fn finish(
    administrator: &Administrator,
    writing: &Writing<'_>,
    mut draft: Draft,
    active: bool,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    draft.put("active", Value::from(active));
    writing.desk.keep(person, None, draft.clone());
    let asked = writing.asked();
    let written = asked.check(&draft).and_then(|()| draft.written().map_err(|refusal| asked.stop(refusal.into())));
    let saved = match written {
        Ok(written) => {
            let saved = writing.site.service.save(None, &written, &draft.secrets()).await;
            saved.map(|_| written).map_err(|error| asked.stop(error))
        }
        Err(stop) => Err(stop),
    };
    match saved {
        Ok(written) => {
            writing.desk.clear(person, None);
            people.audit(person, Action::new("instance_added"), &written.name).await;
            Ok(Redirect::to(if active { "/" } else { "/instances" }).into_response())
        }
        Err(Stop::Wrong(wrong)) => {
            let page = writing.draw_wrong(Step::Done, &draft, &wrong);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)).into_response())
        }
        Err(Stop::Failed(error)) => Err(failed(*language, &error)),
    }
}

async fn cancel(Extension(desk): Extension<Desk>, administrator: Administrator) -> Redirect {
    desk.clear(&administrator.person, None);
    Redirect::to("/instances")
}
