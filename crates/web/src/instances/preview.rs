//! The next seven days, before and after a change: shown before anything is saved.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, State as Extract},
    response::{IntoResponse, Redirect, Response},
};
use busylamp_core::{account::StatusText, decide::Decision, language::Language};
use busylamp_service::preview::{Difference, Pair, Preview, PreviewedUser};
use jiff::tz::TimeZone;

use super::{
    desk::{Desk, described, failed},
    draft::Draft,
    edit::{Asked, Stop, show_refused},
    fields::labels,
    path,
};
use crate::{
    Site,
    page::{Frame, show},
    people::Administrator,
    when::{When, ahead},
};

#[derive(Template)]
#[template(path = "preview.html")]
struct Page {
    frame: Frame,
    path: String,
    changed_word: &'static str,
    changed: String,
    view: View,
    save: &'static str,
    back: &'static str,
    discard: &'static str,
}

/// A preview for people.
pub(crate) struct View {
    pub(crate) title: &'static str,
    pub(crate) headline: String,
    pub(crate) head: [&'static str; 3],
    /// What, before, after.
    pub(crate) sums: Vec<(&'static str, String, String)>,
    pub(crate) unread_word: String,
    pub(crate) unread: Vec<(String, String)>,
    pub(crate) users: Vec<UserView>,
    pub(crate) more: Option<String>,
}

/// A user for whom something differs.
pub(crate) struct UserView {
    pub(crate) name: String,
    pub(crate) count: String,
    pub(crate) lines: Vec<LineView>,
    pub(crate) more: Option<String>,
}

/// A stretch over which something differs.
pub(crate) struct LineView {
    pub(crate) from: When,
    pub(crate) to: When,
    /// What, before, after.
    pub(crate) changes: Vec<(&'static str, String, String)>,
}

pub(super) async fn page(
    Extract(site): Extract<Site>,
    Extension(desk): Extension<Desk>,
    administrator: Administrator,
    Path(id): Path<String>,
) -> Result<Response, Response> {
    let Administrator { person, language, .. } = administrator;
    let instance = described(&site, &id, language).await?;
    let draft = desk.open(&person, &instance);
    let own = path(&instance.id);
    if draft.changed().next().is_none() {
        return Ok(Redirect::to(&format!("{own}/general")).into_response());
    }
    let asked = Asked { site: &site, instance: Some(&instance), language };
    let shown_by_now = instance.written.policy.title_as_text;
    let view = match asked.preview(&draft, shown_by_now).await {
        Ok(view) => view,
        Err(Stop::Wrong(wrong)) => return Ok(show_refused(&instance, &draft, &wrong, &person, language)),
        Err(Stop::Failed(error)) => return Err(failed(language, &error)),
    };
    let title = language.pick("Vorschau", "Preview");
    Ok(show(&Page {
        frame: Frame::of(language, format!("{title}: {}", instance.written.name), Some(&person)).at("/instances"),
        path: own,
        changed_word: language.pick("Geändert", "Changed"),
        changed: labels(draft.changed(), language),
        view,
        save: language.pick("Speichern", "Save"),
        back: language.pick("Zurück", "Back"),
        discard: language.pick("Änderungen verwerfen", "Discard changes"),
    }))
}

impl Asked<'_> {
    /// The preview of a draft. `published`: titles are published as it is saved by now.
    pub(crate) async fn preview(&self, draft: &Draft, published: bool) -> Result<View, Stop> {
        self.check(draft)?;
        let written = draft.written().map_err(|refusal| self.stop(refusal.into()))?;
        let id = self.instance.map(|instance| &instance.id);
        let preview = self.site.service.preview(id, &written, &draft.secrets()).await;
        let preview = preview.map_err(|error| self.stop(error))?;
        let zone = TimeZone::get(&written.zone).unwrap_or(TimeZone::UTC);
        let titles = if published || !written.policy.title_as_text { Titles::Shown } else { Titles::Hidden };
        Ok(view(&preview, &Shower { zone, titles, language: self.language }))
    }
}

/// Whether texts may be shown. A title is on no page before a policy publishes it, and this one is not saved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Titles {
    Shown,
    Hidden,
}

/// How it is shown.
struct Shower {
    zone: TimeZone,
    titles: Titles,
    language: Language,
}

fn view(preview: &Preview, shower: &Shower) -> View {
    let language = shower.language;
    let differing = preview.users.len() + preview.more_users;
    let headline = match differing {
        0 => language.pick(
            "In den nächsten sieben Tagen ändert sich dadurch für niemanden etwas.".to_owned(),
            "Over the next seven days nothing changes for anybody.".to_owned(),
        ),
        1 => language.pick(
            format!("In den nächsten sieben Tagen ändert sich etwas für 1 Benutzer, für {} nichts.", preview.unchanged),
            format!("Over the next seven days something changes for 1 user, and nothing for {}.", preview.unchanged),
        ),
        count => language.pick(
            format!(
                "In den nächsten sieben Tagen ändert sich etwas für {count} Benutzer, für {} nichts.",
                preview.unchanged
            ),
            format!(
                "Over the next seven days something changes for {count} users, and nothing for {}.",
                preview.unchanged
            ),
        ),
    };
    let hours = |pair: Pair| {
        let word = |hours: f64| {
            language.pick(format!("{hours:.1} Std.").replace('.', ",").replace("Std,", "Std."), format!("{hours:.1} h"))
        };
        (word(pair.before), word(pair.after))
    };
    let summary = preview.summary;
    let sum = |word: &'static str, pair: Pair| {
        let (before, after) = hours(pair);
        (word, before, after)
    };
    let unread = preview.unread.len() + preview.more_unread;
    View {
        title: language.pick("Die nächsten sieben Tage", "The next seven days"),
        headline,
        head: language
            .pick(["Alle Benutzer zusammen", "bisher", "künftig"], ["All users together", "so far", "from then on"]),
        sums: vec![
            sum(language.pick("Ruhe (DND)", "Do not disturb"), summary.dnd_hours),
            sum(language.pick("Anrufe weitergeleitet", "Calls forwarded"), summary.diverted_hours),
            sum(language.pick("Chat-Status gesetzt", "Chat presence set"), summary.presence_hours),
            sum(language.pick("Statustext gesetzt", "Status text set"), summary.text_hours),
        ],
        unread_word: match unread {
            0 => String::new(),
            1 => language.pick(
                "1 Kalender ließ sich nicht lesen; für diesen Benutzer ist nichts vorherzusagen:".to_owned(),
                "1 calendar could not be read; for this user nothing can be foretold:".to_owned(),
            ),
            _ => language.pick(
                format!("{unread} Kalender ließen sich nicht lesen; für diese Benutzer ist nichts vorherzusagen:"),
                format!("{unread} calendars could not be read; for these users nothing can be foretold:"),
            ),
        },
        unread: preview.unread.iter().map(|(name, why)| (name.clone(), why.speak(language).to_owned())).collect(),
        users: preview.users.iter().map(|user| shower.user(user)).collect(),
        more: more(preview.more_users, language, "Benutzer", "users"),
    }
}

fn more(count: usize, language: Language, german: &str, english: &str) -> Option<String> {
    (count > 0).then(|| language.pick(format!("und {count} weitere {german}"), format!("and {count} more {english}")))
}

impl Shower {
    fn user(&self, user: &PreviewedUser) -> UserView {
        let language = self.language;
        let count = user.differences.len() + user.more;
        UserView {
            name: user.name.clone(),
            count: match count {
                1 => language.pick("1 Unterschied", "1 difference").to_owned(),
                count => language.pick(format!("{count} Unterschiede"), format!("{count} differences")),
            },
            lines: user.differences.iter().map(|difference| self.line(difference)).collect(),
            more: more(user.more, language, "Unterschiede", "differences"),
        }
    }

    fn line(&self, difference: &Difference) -> LineView {
        let Difference { from, to, before, after } = difference;
        LineView {
            from: ahead(*from, None, &self.zone, self.language),
            to: ahead(*to, None, &self.zone, self.language),
            changes: self.changes(before, after),
        }
    }

    /// What differs: word, before, after.
    fn changes(&self, before: &Decision, after: &Decision) -> Vec<(&'static str, String, String)> {
        let language = self.language;
        let mut changes = Vec::new();
        let mut add = |word: &'static str, before: String, after: String| {
            if before != after {
                changes.push((word, before, after));
            }
        };
        let switch = |on: Option<bool>| match on {
            None => language.pick("unverändert", "as it is"),
            Some(true) => language.pick("ein", "on"),
            Some(false) => language.pick("aus", "off"),
        };
        let both = |decision: &Decision, of: fn(&Decision) -> Option<bool>| switch(of(decision)).to_owned();
        add(language.pick("Ruhe", "Do not disturb"), both(before, |d| d.dnd), both(after, |d| d.dnd));
        add(
            language.pick("Externe Anrufe weiterleiten", "Forward external calls"),
            both(before, |d| d.forward.external),
            both(after, |d| d.forward.external),
        );
        add(
            language.pick("Interne Anrufe weiterleiten", "Forward internal calls"),
            both(before, |d| d.forward.internal),
            both(after, |d| d.forward.internal),
        );
        let presence = |decision: &Decision| match decision.presence {
            None => switch(None).to_owned(),
            Some(presence) => presence.word(language).to_owned(),
        };
        add(language.pick("Chat", "Chat"), presence(before), presence(after));
        if before.text != after.text {
            let text = language.pick("Statustext", "Status text");
            // Never left out: two hidden texts that differ look the same.
            changes.push((text, self.text(before.text.as_ref(), true), self.text(after.text.as_ref(), false)));
        }
        changes
    }

    fn text(&self, text: Option<&StatusText>, saved: bool) -> String {
        let language = self.language;
        match text {
            None => language.pick("unverändert", "as it is").to_owned(),
            Some(text) if saved || self.titles == Titles::Shown => {
                language.pick(format!("„{}“", text.as_str()), format!("“{}”", text.as_str()))
            }
            Some(_) => language
                .pick(
                    "ein Text mit dem Titel (sichtbar erst nach dem Speichern)",
                    "a text with the title (visible only once it is saved)",
                )
                .to_owned(),
        }
    }
}
