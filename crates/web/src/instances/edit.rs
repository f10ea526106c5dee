//! The pages of one instance. What is typed goes into a draft; nothing is saved before its consequences were shown.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, Query, State as Extract},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::language::Language;
use busylamp_service::{Described, ServiceError};
use busylamp_store::{Action, Person, Role};
use serde::Deserialize;

use super::{
    desk::{Desk, described, failed},
    draft::{self, Draft, value},
    fields::{Control, SectionView, Wrong, labels, section},
    findings::{Certificate, CertificateView, Trial, TrialView},
    list::phase,
    path,
};
use crate::{
    Site,
    options::{Field, Side, Tab, at},
    page::{Frame, show},
    people::{Administrator, Visitor},
};

#[derive(Template)]
#[template(path = "instance.html")]
struct Page {
    frame: Frame,
    badge: (&'static str, &'static str),
    path: String,
    tab: &'static str,
    tabs_label: &'static str,
    tabs: Vec<TabView>,
    saved: Option<&'static str>,
    unsaved: Option<String>,
    trouble: Option<String>,
    sections: Vec<SectionView>,
    zones: Vec<String>,
    editable: bool,
    test: Option<&'static str>,
    trial: Option<TrialView>,
    certificate: Option<CertificateView>,
    words: Words,
}

struct TabView {
    path: String,
    title: &'static str,
    here: bool,
}

/// Words of the page.
pub(super) struct Words {
    preview: &'static str,
    keep: &'static str,
    discard: &'static str,
    pub(super) trust: &'static str,
    keywords: &'static str,
    look_only: &'static str,
}

impl Words {
    fn of(language: Language) -> Self {
        Self {
            preview: language.pick("Vorschau und speichern", "Preview and save"),
            keep: language.pick("Merken, noch nicht speichern", "Keep, don't save yet"),
            discard: language.pick("Änderungen verwerfen", "Discard changes"),
            trust: language.pick("Diesem Zertifikat vertrauen", "Trust this certificate"),
            keywords: language
                .pick("Tabelle der Schlüsselwörter für die Benutzer", "Table of keywords to hand to users"),
            look_only: language.pick(
                "Sie können alles ansehen; ändern dürfen nur Administratoren.",
                "You can look at everything; only administrators may change it.",
            ),
        }
    }
}

/// What has just been done.
#[derive(Default, Deserialize)]
pub(super) struct Done {
    saved: Option<String>,
}

pub(super) async fn front(
    Extract(site): Extract<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, Response> {
    let instance = described(&site, &id, visitor.language).await?;
    Ok(Redirect::to(&format!("{}/general", path(&instance.id))))
}

pub(super) async fn page(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    visitor: Visitor,
    Path((id, tab)): Path<(String, String)>,
    Query(done): Query<Done>,
) -> Result<Response, Response> {
    let tab: Tab = tab.parse().map_err(|()| StatusCode::NOT_FOUND.into_response())?;
    let instance = described(&site, &id, visitor.language).await?;
    let draft = match &visitor.person {
        Some(person) => desk.open(person, &instance),
        None => Draft::of(&instance.written, &instance.secrets),
    };
    let saved = done
        .saved
        .map(|_| visitor.language.pick("Gespeichert; es wirkt ab sofort.", "Saved; it takes effect at once."));
    let looker = Looker { person: visitor.person.as_ref(), language: visitor.language };
    Ok(show(&draw(&instance, tab, &draft, None, looker, saved)))
}

/// Who looks.
#[derive(Clone, Copy)]
struct Looker<'p> {
    person: Option<&'p Person>,
    language: Language,
}

fn draw(
    instance: &Described,
    tab: Tab,
    draft: &Draft,
    wrong: Option<&Wrong>,
    looker: Looker<'_>,
    saved: Option<&'static str>,
) -> Page {
    let Looker { person, language } = looker;
    let own = path(&instance.id);
    let view = |other: Tab| TabView {
        path: format!("{own}/{}", other.path()),
        title: other.title().get(language),
        here: other == tab,
    };
    let mut tabs: Vec<TabView> = Tab::ALL.into_iter().map(view).collect();
    let log = own.replacen("/instances/", "/log/", 1);
    tabs.push(TabView { path: log, title: language.pick("Protokoll", "Log"), here: false });
    let changed = labels(draft.changed(), language);
    let unsaved = (!changed.is_empty()).then(|| {
        let word = language.pick("Noch nicht gespeichert", "Not saved yet");
        format!("{word}: {changed}")
    });
    let here = |key: &str| tab.fields().any(|field| field.key == key);
    Page {
        frame: Frame::of(language, instance.written.name.clone(), person).at("/instances"),
        badge: phase(instance, language),
        tab: tab.path(),
        tabs_label: language.pick("Seiten der Instanz", "Pages of the instance"),
        tabs,
        saved,
        unsaved,
        trouble: instance.unusable.as_ref().map(|why| why.speak(language).to_owned()),
        sections: tab.sections().iter().map(|part| section(part, draft, wrong, language)).collect(),
        zones: if tab == Tab::General { zones() } else { Vec::new() },
        editable: person.is_some_and(|person| person.role == Role::Administrator),
        test: tab.trial().map(|_| language.pick("Verbindung testen", "Test the connection")),
        trial: tab.trial().and(draft.trial.as_ref()).map(|trial| trial.view(language)),
        certificate: draft.certificate.as_ref().filter(|shown| here(shown.key)).map(|shown| shown.view(language)),
        words: Words::of(language),
        path: own,
    }
}

/// The zones that this machine knows.
pub(crate) fn zones() -> Vec<String> {
    jiff::tz::db().available().map(|zone| zone.to_string()).filter(|zone| zone.contains('/')).collect()
}

pub(super) async fn take(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    administrator: Administrator,
    Path((id, tab)): Path<(String, String)>,
    Form(form): Form<draft::Form>,
) -> Result<Response, Response> {
    let tab: Tab = tab.parse().map_err(|()| StatusCode::NOT_FOUND.into_response())?;
    let Administrator { person, language, .. } = administrator;
    let instance = described(&site, &id, language).await?;
    let mut draft = desk.open(&person, &instance);
    draft.take(tab.fields(), &form);
    let action = value(&form, "action").unwrap_or("preview");
    let asked = Asked { site: &site, instance: Some(&instance), language };
    let outcome = asked.act(&mut draft, tab.trial(), action).await;
    desk.keep(&person, Some(&instance.id), draft.clone());
    let own = path(&instance.id);
    let looker = Looker { person: Some(&person), language };
    match outcome {
        Ok(Next::Here) => Ok(Redirect::to(&format!("{own}/{}#found", tab.path())).into_response()),
        Ok(Next::On) if draft.changed().next().is_none() => {
            desk.clear(&person, Some(&instance.id));
            let saved = language.pick("Es war nichts geändert.", "Nothing was changed.");
            Ok(show(&draw(&instance, tab, &draft, None, looker, Some(saved))))
        }
        Ok(Next::On) => Ok(Redirect::to(&format!("{own}/preview")).into_response()),
        Err(Stop::Wrong(wrong)) => Ok(refused(&instance, &draft, &wrong, looker)),
        Err(Stop::Failed(error)) => Err(failed(language, &error)),
    }
}

/// The page on which something is wrong, with all that was typed.
fn refused(instance: &Described, draft: &Draft, wrong: &Wrong, looker: Looker<'_>) -> Response {
    let page = draw(instance, wrong.tab, draft, Some(wrong), looker, None);
    (StatusCode::UNPROCESSABLE_ENTITY, show(&page)).into_response()
}

/// The same for another room.
pub(super) fn show_refused(
    instance: &Described,
    draft: &Draft,
    wrong: &Wrong,
    person: &Person,
    language: Language,
) -> Response {
    refused(instance, draft, wrong, Looker { person: Some(person), language })
}

/// What the service is asked for a draft.
pub(crate) struct Asked<'a> {
    pub(crate) site: &'a Site,
    pub(crate) instance: Option<&'a Described>,
    pub(crate) language: Language,
}

/// Where it goes on.
pub(crate) enum Next {
    /// On the same page.
    Here,
    /// On the next one.
    On,
}

/// Why it does not go on.
pub(crate) enum Stop {
    /// Something typed does not fit.
    Wrong(Box<Wrong>),
    /// It could not be done.
    Failed(ServiceError),
}

impl Asked<'_> {
    /// Does what a button asks for.
    pub(crate) async fn act(&self, draft: &mut Draft, side: Option<Side>, action: &str) -> Result<Next, Stop> {
        match action.split_once(':').unwrap_or((action, "")) {
            ("test", _) => {
                self.test(draft, side).await?;
                Ok(Next::Here)
            }
            ("certificate", key) => {
                draft.certificate = self.certificate(draft, key).await;
                Ok(Next::Here)
            }
            ("trust", _) => {
                if let Some(Certificate { key, shown: Ok(shown) }) = draft.certificate.clone() {
                    draft.pin(key, &shown.fingerprint);
                }
                Ok(Next::Here)
            }
            ("forget", key) => {
                if let Some((_, field)) = at(key) {
                    draft.forget(field);
                }
                Ok(Next::Here)
            }
            ("keep", _) => Ok(Next::Here),
            _ => {
                self.check(draft)?;
                Ok(Next::On)
            }
        }
    }

    /// Whether the draft can be read as an instance.
    pub(crate) fn check(&self, draft: &Draft) -> Result<(), Stop> {
        self.look_over(draft, Tab::ALL.into_iter().flat_map(Tab::fields))?;
        draft.written().map(drop).map_err(|refusal| self.stop(ServiceError::Refused(refusal)))
    }

    /// Whether these fields have what they need.
    pub(crate) fn look_over(
        &self,
        draft: &Draft,
        fields: impl Iterator<Item = &'static Field> + Clone,
    ) -> Result<(), Stop> {
        let missing = draft.missing(fields.clone()).map(|field| Wrong::missing(field, self.language));
        let wrong = missing.or_else(|| draft.no_address(fields).map(|field| Wrong::unfit(field, self.language)));
        wrong.map_or(Ok(()), |wrong| Err(Stop::Wrong(Box::new(wrong))))
    }

    /// A refusal beside its field; everything else as it is.
    pub(crate) fn stop(&self, error: ServiceError) -> Stop {
        let wrong = match &error {
            ServiceError::Refused(refusal) => Wrong::refused(refusal, self.language),
            ServiceError::Store { .. } | ServiceError::UnknownInstance(_) | ServiceError::Stopped => None,
        };
        wrong.map_or(Stop::Failed(error), |wrong| Stop::Wrong(Box::new(wrong)))
    }

    /// Tries one side with what has been typed so far.
    pub(crate) async fn test(&self, draft: &mut Draft, side: Option<Side>) -> Result<(), Stop> {
        let refused = |refusal| self.stop(ServiceError::Refused(refusal));
        let (id, secrets) = (self.instance.map(|instance| &instance.id), draft.secrets());
        let written = draft.written_so_far().map_err(refused)?;
        let service = &self.site.service;
        draft.trial = match side {
            // An Exchange Server is signed in to for a mailbox only, and the group's members have them.
            Some(Side::Calendar) if id.is_some() => {
                let found = service.try_all(id, &written, &secrets).await;
                Some(Trial::all(found.map_err(|error| self.stop(error))?))
            }
            Some(Side::Calendar) => {
                let found = service.try_calendar(id, &written, &secrets).await;
                Some(Trial::calendar(found.map_err(|error| self.stop(error))?))
            }
            Some(Side::Pbx) => {
                let found = service.try_pbx(id, &written, &secrets).await;
                let trial = Trial::pbx(found.map_err(|error| self.stop(error))?);
                draft.groups.clone_from(&trial.groups);
                Some(trial)
            }
            None => None,
        };
        Ok(())
    }

    /// Looks for each user's mailbox.
    pub(crate) async fn test_users(&self, draft: &mut Draft) -> Result<(), Stop> {
        let refused = |refusal| self.stop(ServiceError::Refused(refusal));
        let id = self.instance.map(|instance| &instance.id);
        let written = draft.written_so_far().map_err(refused)?;
        let found = self.site.service.try_all(id, &written, &draft.secrets()).await;
        draft.trial = Some(Trial::all(found.map_err(|error| self.stop(error))?));
        Ok(())
    }

    /// Looks at the certificate of the server that an option of trust is about.
    async fn certificate(&self, draft: &Draft, key: &str) -> Option<Certificate> {
        let (_, field) = at(key)?;
        let typed = match field.key {
            "ews.trust" => draft.text("ews.url"),
            "starface.trust" => draft.text("starface.url"),
            "graph.trust" => draft.text("graph.endpoint"),
            _ => return None,
        };
        let url = if typed.is_empty() { "https://graph.microsoft.com/v1.0" } else { typed };
        let shown = self.site.service.fingerprint(url).await.map_err(|error| error.said());
        Some(Certificate { key: field.key, shown })
    }
}

pub(super) async fn save(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let instance = described(&site, &id, language).await?;
    let own = path(&instance.id);
    let draft = desk.open(&person, &instance);
    let changed: Vec<&str> = draft.changed().map(|field| field.key).collect();
    if changed.is_empty() {
        return Ok(Redirect::to(&format!("{own}/general")).into_response());
    }
    let asked = Asked { site: &site, instance: Some(&instance), language };
    let saved = match asked.check(&draft).and_then(|()| draft.written().map_err(|refusal| asked.stop(refusal.into()))) {
        Ok(written) => {
            let saved = site.service.save(Some(&instance.id), &written, &draft.secrets()).await;
            saved.map_err(|error| asked.stop(error))
        }
        Err(stop) => Err(stop),
    };
    match saved {
        Ok(_) => {
            desk.clear(&person, Some(&instance.id));
            let what = format!("{}: {}", instance.written.name, changed.join(", "));
            people.audit(&person, Action::new("instance_changed"), &what).await;
            Ok(Redirect::to(&format!("{own}/{}?saved=1", first(&changed).path())).into_response())
        }
        Err(Stop::Wrong(wrong)) => Ok(show_refused(&instance, &draft, &wrong, &person, language)),
        Err(Stop::Failed(error)) => Err(failed(language, &error)),
    }
}

/// The page of the first of these options.
fn first(changed: &[&str]) -> Tab {
    changed.first().and_then(|key| at(key)).map_or(Tab::General, |(tab, _)| tab)
}

pub(super) async fn discard(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Redirect, Response> {
    let instance = described(&site, &id, administrator.language).await?;
    desk.clear(&administrator.person, Some(&instance.id));
    Ok(Redirect::to(&format!("{}/general", path(&instance.id))))
}
