//! All options of an instance as the pages show them: label, help, kind of field, by page. The tables below are the
//! only place where an option has its words; one without both languages does not compile.
//!
//! ```text
//! general   name, zone, ages
//! calendar  Exchange Server, Microsoft Graph
//! starface  the telephone system, the bridge, the group
//! actions   what an event does to the telephone
//! chat      presence and status text
//! ```

mod actions;
mod calendar;
mod chat;
mod general;
mod starface;

use std::str::FromStr;

use busylamp_core::language::Language;

/// Words in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) german: &'static str,
    pub(crate) english: &'static str,
}

impl Text {
    /// The words in a language.
    pub(crate) fn get(self, language: Language) -> &'static str {
        language.pick(self.german, self.english)
    }
}

/// Short for [`Text`] in the tables.
const fn text(german: &'static str, english: &'static str) -> Text {
    Text { german, english }
}

/// One page of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    General,
    Exchange,
    Graph,
    Starface,
    Actions,
    Chat,
}

impl Tab {
    /// All, in the order in which they are shown.
    pub(crate) const ALL: [Self; 6] =
        [Self::General, Self::Exchange, Self::Graph, Self::Starface, Self::Actions, Self::Chat];

    /// Its part of the address.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Exchange => "exchange",
            Self::Graph => "graph",
            Self::Starface => "starface",
            Self::Actions => "actions",
            Self::Chat => "chat",
        }
    }

    pub(crate) fn title(self) -> Text {
        match self {
            Self::General => text("Allgemein", "General"),
            Self::Exchange => text("Exchange", "Exchange"),
            Self::Graph => text("Microsoft Graph", "Microsoft Graph"),
            Self::Starface => text("STARFACE", "STARFACE"),
            Self::Actions => text("Aktionen", "Actions"),
            Self::Chat => text("Chat-Status", "Chat status"),
        }
    }

    /// What stands on it.
    pub(crate) fn sections(self) -> &'static [Section] {
        match self {
            Self::General => &general::SECTIONS,
            Self::Exchange => &calendar::EXCHANGE,
            Self::Graph => &calendar::GRAPH,
            Self::Starface => &starface::SECTIONS,
            Self::Actions => &actions::SECTIONS,
            Self::Chat => &chat::SECTIONS,
        }
    }

    /// Its fields, whatever section they stand in.
    pub(crate) fn fields(self) -> impl Iterator<Item = &'static Field> + Clone {
        self.sections().iter().flat_map(|section| section.fields)
    }

    /// What can be tried from it.
    pub(crate) fn trial(self) -> Option<Side> {
        match self {
            Self::Exchange | Self::Graph => Some(Side::Calendar),
            Self::Starface => Some(Side::Pbx),
            Self::General | Self::Actions | Self::Chat => None,
        }
    }
}

impl FromStr for Tab {
    type Err = ();

    fn from_str(path: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|tab| tab.path() == path).ok_or(())
    }
}

/// What a connection leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Calendar,
    Pbx,
}

/// Fields that belong together.
pub(crate) struct Section {
    pub(crate) title: Text,
    pub(crate) intro: Option<Text>,
    /// Folded away until somebody asks for it.
    pub(crate) folded: bool,
    pub(crate) fields: &'static [Field],
}

/// One option.
pub(crate) struct Field {
    /// Its key in the written form (interfaces, sections 1 and 5), from the instance down.
    pub(crate) key: &'static str,
    pub(crate) label: Text,
    /// What follows from it, for people at their telephones above all.
    pub(crate) help: Text,
    pub(crate) kind: Kind,
    /// It means something only with these choices of another option.
    pub(crate) with: Option<With>,
}

/// An option that another one needs, and the values of that one.
#[derive(Clone, Copy)]
pub(crate) struct With {
    pub(crate) key: &'static str,
    pub(crate) values: &'static [&'static str],
}

/// What is typed or chosen.
pub(crate) enum Kind {
    /// One line; left out of the written form when it is empty.
    Line { needed: bool, example: &'static str },
    /// A time zone by name.
    Zone,
    /// Words, one a line.
    Words,
    /// `address = source`, one a line.
    Mailboxes,
    /// Yes or no.
    Switch,
    /// Whether `personal` is among the masked sensitivities.
    Personal,
    /// One of some words; the empty one stands for an absent key.
    Choice(&'static [Choice]),
    /// A whole number.
    Number { least: u64, most: u64 },
    /// A date, or none.
    Date,
    /// One line that is never sent back.
    Secret { needed: bool },
    /// Text of several lines that is never sent back.
    SecretText,
    /// Whether the table with this key is there at all.
    Table,
    /// Whose certificates are believed.
    Trust,
}

/// One of several words.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) label: Text,
}

const fn choice(value: &'static str, german: &'static str, english: &'static str) -> Choice {
    Choice { value, label: text(german, english) }
}

impl Field {
    const fn new(key: &'static str, kind: Kind, label: Text, help: Text) -> Self {
        Self { key, label, help, kind, with: None }
    }

    /// The same, if another option has one of these values.
    const fn with(mut self, key: &'static str, values: &'static [&'static str]) -> Self {
        self.with = Some(With { key, values });
        self
    }

    /// The optional table that it stands in.
    pub(crate) fn table(&self) -> Option<&'static str> {
        let inside = |table: &&str| self.key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
        // The innermost first.
        ["starface.bridge", "graph", "ews"].into_iter().find(inside)
    }
}

/// The field whose key is at this place or next above it, and its page.
pub(crate) fn at(place: &str) -> Option<(Tab, &'static Field)> {
    let reaches =
        |key: &str| place.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    let all = Tab::ALL.into_iter().flat_map(|tab| tab.fields().map(move |field| (tab, field)));
    all.filter(|(_, field)| reaches(field.key)).max_by_key(|(_, field)| field.key.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_option_is_on_one_page_only() {
        let keys: Vec<&str> = Tab::ALL.into_iter().flat_map(Tab::fields).map(|field| field.key).collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    }

    #[test]
    fn each_option_has_its_words_and_what_it_goes_with_is_there() {
        for field in Tab::ALL.into_iter().flat_map(Tab::fields) {
            for text in [field.label, field.help] {
                assert!(!text.german.is_empty() && !text.english.is_empty(), "{}", field.key);
            }
            let Some(with) = field.with else { continue };
            let (_, other) = at(with.key).unwrap();
            let Kind::Choice(choices) = &other.kind else { panic!("{} is no choice", with.key) };
            for value in with.values {
                assert!(choices.iter().any(|choice| choice.value == *value), "{}: {value}", field.key);
            }
        }
    }

    #[test]
    fn a_place_leads_to_the_field_that_is_nearest_above_it() {
        let key = |place: &str| at(place).map(|(_, field)| field.key);
        assert_eq!(key("policy.lead"), Some("policy.lead"));
        assert_eq!(key("sources.\"anna@example.com\""), Some("sources"));
        assert_eq!(key("starface.bridge.key"), Some("starface.bridge.key"));
        assert_eq!(key("starface.bridge.other"), Some("starface.bridge"));
        assert_eq!(key("policy.leader"), None);
    }
}
