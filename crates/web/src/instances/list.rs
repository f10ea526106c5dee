//! All instances: how they are, switched on and off, deleted.

use askama::Template;
use axum::{
    extract::{Path, State as Extract},
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::language::Language;
use busylamp_service::Described;
use busylamp_store::{Action, Phase, Role};

use super::{
    desk::{described, failed},
    path,
};
use crate::{
    Site,
    page::{Frame, show},
    people::{Administrator, Visitor},
};

#[derive(Template)]
#[template(path = "instances.html")]
struct Page {
    frame: Frame,
    words: Words,
    rows: Vec<Row>,
    editable: bool,
}

struct Words {
    lead: &'static str,
    new: &'static str,
    nothing: &'static str,
    nothing_yet: &'static str,
    users: &'static str,
    flagged: &'static str,
    calendars: &'static str,
    telephones: &'static str,
    settings: &'static str,
    keywords: &'static str,
    log: &'static str,
    activate: &'static str,
    deactivate: &'static str,
    delete: &'static str,
}

struct Row {
    name: String,
    description: String,
    path: String,
    log: String,
    class: &'static str,
    state: &'static str,
    running: bool,
    users: usize,
    flagged: usize,
    calendars: String,
    telephones: String,
    unusable: Option<String>,
}

pub(super) async fn page(Extract(site): Extract<Site>, visitor: Visitor) -> Result<Response, Response> {
    let language = visitor.language;
    let instances = site.service.instances().await.map_err(|error| failed(language, &error))?;
    let board = site.board.borrow().clone();
    let row = |instance: Described| {
        let own = || board.lamps.iter().filter(|lamp| lamp.instance == instance.id);
        let (class, state) = phase(&instance, language);
        let path = path(&instance.id);
        Row {
            log: path.replacen("/instances/", "/log/", 1),
            path,
            class,
            state,
            running: matches!(instance.phase, Phase::Active),
            users: own().count(),
            flagged: own().filter(|lamp| !lamp.flags.is_empty()).count(),
            calendars: calendars(&instance),
            telephones: format!("{} · {}", instance.written.starface.url, instance.written.starface.group),
            unusable: instance.unusable.map(|why| why.speak(language).to_owned()),
            name: instance.written.name,
            description: instance.written.description,
        }
    };
    let title = language.pick("Instanzen", "Instances");
    let page = Page {
        frame: Frame::of(language, title, visitor.person.as_ref()).at("/instances"),
        words: Words {
            lead: language.pick(
                "Eine Instanz verbindet Kalender mit einer Gruppe von Telefonen und sagt, was ein Termin bewirkt.",
                "An instance connects calendars with a group of telephones and says what an event does.",
            ),
            new: language.pick("Neue Instanz", "New instance"),
            nothing: language.pick("Noch keine Instanz", "No instance yet"),
            nothing_yet: language.pick(
                "Solange es keine gibt, bleibt jedes Telefon, wie es ist.",
                "As long as there is none every telephone stays as it is.",
            ),
            users: language.pick("Benutzer", "Users"),
            flagged: language.pick("gekennzeichnet", "flagged"),
            calendars: language.pick("Kalender", "Calendars"),
            telephones: language.pick("Telefone", "Telephones"),
            settings: language.pick("Einstellungen", "Settings"),
            keywords: language.pick("Schlüsselwörter", "Keywords"),
            log: language.pick("Protokoll", "Log"),
            activate: language.pick("Aktivieren", "Activate"),
            deactivate: language.pick("Deaktivieren", "Deactivate"),
            delete: language.pick("Löschen", "Delete"),
        },
        rows: instances.into_iter().map(row).collect(),
        editable: visitor.person.is_some_and(|person| person.role == Role::Administrator),
    };
    Ok(show(&page))
}

/// The badge of an instance's phase.
pub(super) fn phase(instance: &Described, language: Language) -> (&'static str, &'static str) {
    match (instance.unusable.is_some(), instance.phase) {
        (true, _) => ("bad", language.pick("nicht verwendbar", "unusable")),
        (false, Phase::Active) => ("good", language.pick("aktiv", "active")),
        (false, Phase::Closing) => ("warn", language.pick("gibt zurück", "giving back")),
        (false, Phase::Inactive) => ("", language.pick("inaktiv", "inactive")),
        (false, Phase::Removing) => ("warn", language.pick("wird gelöscht", "being deleted")),
    }
}

fn calendars(instance: &Described) -> String {
    let graph = instance.written.graph.as_ref().map(|_| "Microsoft Graph");
    let ews = instance.written.ews.as_ref().map(|_| "Exchange Server");
    graph.into_iter().chain(ews).collect::<Vec<_>>().join(" + ")
}

pub(super) async fn activate(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    set_active(&site, &administrator, &id, true).await
}

pub(super) async fn deactivate(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    set_active(&site, &administrator, &id, false).await
}

async fn set_active(site: &Site, administrator: &Administrator, id: &str, active: bool) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let instance = described(site, id, *language).await?;
    site.service.set_active(&instance.id, active).await.map_err(|error| failed(*language, &error))?;
    let action = if active { "instance_activated" } else { "instance_deactivated" };
    people.audit(person, Action::new(action), &instance.written.name).await;
    Ok(Redirect::to("/instances").into_response())
}

#[derive(Template)]
#[template(path = "delete.html")]
struct DeletePage {
    frame: Frame,
    question: String,
    consequences: [&'static str; 3],
    path: String,
    yes: &'static str,
    no: &'static str,
}

pub(super) async fn ask_to_delete(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let Administrator { person, language, .. } = administrator;
    let instance = described(&site, &id, language).await?;
    let name = &instance.written.name;
    let page = DeletePage {
        frame: Frame::of(language, language.pick("Instanz löschen", "Delete an instance"), Some(&person)).at("/instances"),
        question: language.pick(format!("„{name}“ wirklich löschen?"), format!("Really delete “{name}”?")),
        consequences: language.pick(
            [
                "Busylamp gibt erst alles zurück, was es für diese Benutzer gesetzt hat; ist die Anlage nicht erreichbar, \
                 so wartet es darauf.",
                "Danach sind Einstellungen, Kennwörter und gelesene Kalender dieser Instanz fort. Sie lassen sich nicht \
                 wiederherstellen.",
                "Wollen Sie nur eine Pause, so deaktivieren Sie die Instanz.",
            ],
            [
                "Busylamp first gives back everything that it has set for these users; if the telephone system can't be \
                 reached it waits for that.",
                "Afterwards the settings, passwords and calendars of this instance are gone. They can't be restored.",
                "If all you want is a pause, deactivate the instance instead.",
            ],
        ),
        path: path(&instance.id),
        yes: language.pick("Löschen", "Delete"),
        no: language.pick("Abbrechen", "Cancel"),
    };
    Ok(show(&page))
}

pub(super) async fn delete(
    Extract(site): Extract<Site>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let Administrator { person, people, language } = administrator;
    let instance = described(&site, &id, language).await?;
    site.service.delete(&instance.id).await.map_err(|error| failed(language, &error))?;
    people.audit(&person, Action::new("instance_deleted"), &instance.written.name).await;
    Ok(Redirect::to("/instances").into_response())
}
