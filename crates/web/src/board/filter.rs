//! Which lamps are wanted: the board's form, its address, and its stream say it in the same words.

use busylamp_core::{ids::InstanceId, keeper::Flag};
use busylamp_service::board::{Board, Lamp};
use serde::Deserialize;

use crate::state::{FLAGS, State};

/// The longest search that is looked for, in characters.
const LONGEST: usize = 100;

/// The filter as an address has it. What is empty or unknown filters nothing: an old bookmark shows a board still.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Written {
    #[serde(default)]
    q: String,
    #[serde(default)]
    instance: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    flag: String,
    #[serde(default)]
    account: String,
}

/// Which lamps are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// A part of name or text.
    pub(super) search: String,
    /// The same in small letters.
    small: String,
    pub(super) instance: Option<InstanceId>,
    pub(super) group: Option<String>,
    pub(super) state: Option<State>,
    pub(super) flag: Option<Flagged>,
    /// One user alone: for the stream of its page.
    account: Option<String>,
}

/// What is to be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flagged {
    /// Anything.
    Any,
    /// The program leaves the user alone for a while.
    Paused,
    /// This.
    With(Flag),
}

impl Flagged {
    /// As it is written in addresses.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Paused => "paused",
            Self::With(flag) => flag.name(),
        }
    }

    /// All of them, as they are offered.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Self::Any, Self::Paused].into_iter().chain(FLAGS.map(Self::With))
    }

    fn is_of(self, lamp: &Lamp) -> bool {
        match self {
            Self::Any => !lamp.flags.is_empty(),
            Self::Paused => lamp.paused_until.is_some(),
            Self::With(flag) => lamp.flags.contains(&flag),
        }
    }
}

impl From<Written> for Filter {
    fn from(written: Written) -> Self {
        let some = |text: String| (!text.is_empty()).then_some(text);
        let search: String = written.q.trim().chars().take(LONGEST).collect();
        Self {
            small: search.to_lowercase(),
            search,
            instance: some(written.instance).map(InstanceId::new),
            group: some(written.group),
            state: State::ALL.into_iter().find(|state| state.class() == written.state),
            flag: Flagged::all().find(|flag| flag.name() == written.flag),
            account: some(written.account),
        }
    }
}

impl Filter {
    /// Whether this lamp is wanted.
    pub(super) fn wants(&self, lamp: &Lamp) -> bool {
        self.state.is_none_or(|state| state == State::of(lamp)) && self.wants_in_any_state(lamp)
    }

    /// Whether this lamp is wanted, whatever its state is: for the numbers beside the states.
    pub(super) fn wants_in_any_state(&self, lamp: &Lamp) -> bool {
        let finds = |text: &str| text.to_lowercase().contains(&self.small);
        self.instance.as_ref().is_none_or(|instance| *instance == lamp.instance)
            && self.group.as_ref().is_none_or(|group| *group == lamp.group)
            && self.flag.is_none_or(|flag| flag.is_of(lamp))
            && self.account.as_ref().is_none_or(|account| account == lamp.account.as_str())
            && (self.small.is_empty() || finds(&lamp.name) || lamp.text.as_deref().is_some_and(finds))
    }

    /// Whether all lamps are wanted.
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The query that says the same with another state.
    pub(super) fn query(&self, state: Option<State>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let instance = self.instance.as_ref().map(InstanceId::as_str);
        let parts = [
            ("q", Some(self.search.as_str()).filter(|search| !search.is_empty())),
            ("instance", instance),
            ("group", self.group.as_deref()),
            ("flag", self.flag.map(Flagged::name)),
            ("account", self.account.as_deref()),
            ("state", state.map(State::class)),
        ];
        for (key, value) in parts {
            if let Some(value) = value {
                query.append_pair(key, value);
            }
        }
        query.finish()
    }
}

/// What the lamps of a board can be told apart by: nothing is offered that all have in common.
pub(super) struct Choices {
    pub(super) instances: Vec<String>,
    pub(super) groups: Vec<String>,
}

impl Choices {
    pub(super) fn of(board: &Board) -> Self {
        let all = |of: fn(&Lamp) -> &str| {
            let mut all: Vec<&str> = board.lamps.iter().map(of).collect();
            all.sort_unstable();
            all.dedup();
            if all.len() > 1 { all.into_iter().map(str::to_owned).collect() } else { Vec::new() }
        };
        Self { instances: all(|lamp| lamp.instance.as_str()), groups: all(|lamp| &lamp.group) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::lamp;

    fn filter(query: &str) -> Filter {
        let uri = format!("/?{query}").parse().expect("an address");
        let query = axum::extract::Query::<Written>::try_from_uri(&uri).expect("a query");
        query.0.into()
    }

    #[test]
    fn a_search_finds_parts_of_names_and_texts_in_any_case() {
        let anna = Lamp { text: Some("Jour fixe".into()), ..lamp("Änne Müller") };
        for found in ["q=müll", "q=MÜLLER", "q=%20änne%20", "q=jour", "q="] {
            assert!(filter(found).wants(&anna), "{found}");
        }
        assert!(!filter("q=bert").wants(&anna));
    }

    #[test]
    fn every_part_of_a_filter_counts() {
        let anna = lamp("Anna");
        assert!(filter("instance=i&state=dnd&flag=text_cut").wants(&anna));
        assert!(filter("flag=any").wants(&anna));
        for other in ["instance=j", "state=idle", "flag=calendar_stale", "flag=paused", "group=other", "account=1"] {
            assert!(!filter(other).wants(&anna), "{other}");
        }
    }

    #[test]
    fn what_nobody_knows_filters_nothing() {
        assert!(filter("state=purple&flag=green&q=&instance=&other=1").is_none());
    }

    #[test]
    fn a_query_says_the_same_again() {
        let written = filter("q=a%26b%3D%3C&instance=Z%C3%BCrich&group=x&state=dnd&flag=any&account=7");
        assert_eq!(filter(&written.query(written.state)), written);
        assert_eq!(filter("").query(None), "");
    }
}
