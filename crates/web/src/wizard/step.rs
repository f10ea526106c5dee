//! The steps of the wizard.

use std::str::FromStr;

use busylamp_core::language::Language;

use crate::{
    instances::{
        draft::Draft,
        fields::{SectionView, Wrong, section, view},
    },
    options::{Field, Section, Side, Tab, Text, at},
};

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Calendar,
    Pbx,
    Group,
    Policy,
    Done,
}

/// What a beginner decides about; all the rest has its factory setting.
const POLICY: [&str; 9] = [
    "policy.actions.busy",
    "policy.actions.out_of_office",
    "policy.actions.tentative",
    "policy.actions.working_elsewhere",
    "policy.actions.free",
    "policy.set_presence",
    "policy.title_as_text",
    "policy.show_end",
    "policy.lead",
];
const DONE: [&str; 3] = ["name", "language", "zone"];
const GROUP: [&str; 1] = ["starface.group"];

impl Step {
    pub(super) const ALL: [Self; 5] = [Self::Calendar, Self::Pbx, Self::Group, Self::Policy, Self::Done];

    /// Its place in the row.
    pub(super) fn place(self) -> usize {
        Self::ALL.into_iter().position(|step| step == self).unwrap_or_default()
    }

    pub(super) fn next(self) -> Self {
        Self::ALL.get(self.place() + 1).copied().unwrap_or(Self::Done)
    }

    pub(super) fn address(self) -> &'static str {
        match self {
            Self::Calendar => "/wizard/calendar",
            Self::Pbx => "/wizard/pbx",
            Self::Group => "/wizard/group",
            Self::Policy => "/wizard/policy",
            Self::Done => "/wizard/done",
        }
    }

    pub(super) fn title(self) -> Text {
        let (german, english) = match self {
            Self::Calendar => ("Kalender", "Calendar"),
            Self::Pbx => ("Telefonanlage", "Telephone system"),
            Self::Group => ("Gruppe", "Group"),
            Self::Policy => ("Regeln", "Policy"),
            Self::Done => ("Fertig", "Done"),
        };
        Text { german, english }
    }

    /// What stands above single options.
    fn legend(self) -> Text {
        let (german, english) = match self {
            Self::Calendar | Self::Pbx | Self::Group => return self.title(),
            Self::Policy => ("Telefon und Chat", "Telephone and chat"),
            Self::Done => ("Name und Sprache", "Name and language"),
        };
        Text { german, english }
    }

    pub(super) fn heading(self) -> Text {
        let (german, english) = match self {
            Self::Calendar => ("Wo sind die Kalender?", "Where are the calendars?"),
            Self::Pbx => ("Wo ist die Telefonanlage?", "Where is the telephone system?"),
            Self::Group => ("Wessen Telefone folgen dem Kalender?", "Whose telephones follow the calendar?"),
            Self::Policy => ("Was bewirkt ein Termin?", "What does an event do?"),
            Self::Done => ("Fertig – so wird es sein", "Done – this is how it will be"),
        };
        Text { german, english }
    }

    pub(super) fn intro(self) -> Text {
        let (german, english) = match self {
            Self::Calendar => (
                "Schalten Sie ein, was Sie haben: Microsoft 365, einen eigenen Exchange Server oder beides. Kalender werden nur \
                 gelesen, nie verändert.",
                "Switch on what you have: Microsoft 365, an Exchange Server of your own, or both. Calendars are only read, never \
                 changed.",
            ),
            Self::Pbx => (
                "Der Test meldet sich einmal an und sieht sich um; er verändert nichts.",
                "The test signs in once and looks around; it changes nothing.",
            ),
            Self::Group => (
                "Der Test sucht zu jedem Mitglied das Postfach. Wer keines hat, dessen Telefon bleibt, wie es ist.",
                "The test looks for each member's mailbox. Whoever has none keeps their telephone as it is.",
            ),
            Self::Policy => (
                "Das Wichtigste zuerst; alles Weitere steht später auf den Seiten der Instanz. „Ruhe“ auf der STARFACE löst eine \
                 Umleitung „nach Zeit“ sofort aus.",
                "The most important first; all the rest is on the instance's pages later. Do not disturb on STARFACE fires a \
                 diversion “on time-out” at once.",
            ),
            Self::Done => (
                "So ändern sich die Telefone in den nächsten sieben Tagen, gerechnet mit den wirklichen Kalendern. Noch ist nichts \
                 gesetzt.",
                "This is how telephones change over the next seven days, computed from the real calendars. Nothing has been set \
                 yet.",
            ),
        };
        Text { german, english }
    }

    /// What is tried at its end.
    pub(super) fn side(self) -> Option<Side> {
        match self {
            Self::Calendar => Some(Side::Calendar),
            Self::Pbx => Some(Side::Pbx),
            Self::Group | Self::Policy | Self::Done => None,
        }
    }

    /// The sections of the instance's pages that are a step of their own.
    fn whole(self) -> Vec<&'static Section> {
        let is_group = |section: &&Section| section.fields.iter().any(|field| field.key == GROUP[0]);
        match self {
            Self::Calendar => Tab::Graph.sections().iter().chain(Tab::Exchange.sections()).collect(),
            Self::Pbx => Tab::Starface.sections().iter().filter(|section| !is_group(section)).collect(),
            Self::Group | Self::Policy | Self::Done => Vec::new(),
        }
    }

    /// Single options, in place of whole sections.
    fn chosen(self) -> Vec<&'static Field> {
        let keys: &[&str] = match self {
            Self::Calendar | Self::Pbx => &[],
            Self::Group => &GROUP,
            Self::Policy => &POLICY,
            Self::Done => &DONE,
        };
        keys.iter().filter_map(|key| at(key)).map(|(_, field)| field).collect()
    }

    /// All fields.
    pub(super) fn fields(self) -> Vec<&'static Field> {
        self.whole().into_iter().flat_map(|section| section.fields).chain(self.chosen()).collect()
    }

    /// The step on which an option is.
    pub(super) fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.fields().iter().any(|field| field.key == key))
    }

    pub(super) fn sections(self, draft: &Draft, wrong: Option<&Wrong>, language: Language) -> Vec<SectionView> {
        // The groups that are known stand to choose from in place of the field.
        let listed = self == Self::Group && !draft.groups.is_empty();
        let chosen = if listed { Vec::new() } else { self.chosen() };
        let mut sections: Vec<SectionView> =
            self.whole().into_iter().map(|part| section(part, draft, wrong, language)).collect();
        if !chosen.is_empty() {
            sections.push(SectionView {
                title: self.legend().get(language),
                intro: None,
                folded: false,
                fields: chosen.into_iter().map(|field| view(field, draft, wrong, language)).collect(),
                table: None,
            });
        }
        sections
    }
}

impl FromStr for Step {
    type Err = ();

    fn from_str(path: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|step| step.address().strip_prefix("/wizard/") == Some(path)).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_that_a_step_names_is_one_of_the_pages() {
        for keys in [&POLICY[..], &DONE, &GROUP] {
            for key in keys {
                assert_eq!(at(key).map(|(_, field)| field.key), Some(*key));
            }
        }
    }
}
