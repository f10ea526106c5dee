//! What each kind of event does by default: a row each for the telephone (§4.1) and for presence (§5.1).

use serde::{Deserialize, Serialize};

use crate::{account::Presence, event::Kind};

/// What an event does to the telephone by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    #[default]
    None,
    /// Do not disturb on.
    Dnd,
    /// Call diversion on.
    Forward,
}

/// One row per kind (§4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenActions")]
#[allow(missing_docs, reason = "each field is the kind of its name")]
pub struct Actions {
    pub free: Action,
    pub tentative: Action,
    pub busy: Action,
    pub out_of_office: Action,
    pub working_elsewhere: Action,
}

impl Actions {
    /// The row of a kind.
    pub fn of(&self, kind: Kind) -> Action {
        match kind {
            Kind::Free => self.free,
            Kind::Tentative => self.tentative,
            Kind::Busy => self.busy,
            Kind::OutOfOffice => self.out_of_office,
            Kind::WorkingElsewhere => self.working_elsewhere,
        }
    }
}

/// The row of `working_elsewhere` may be absent in an older configuration: then that of `free` holds.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenActions {
    free: Action,
    tentative: Action,
    busy: Action,
    out_of_office: Action,
    working_elsewhere: Option<Action>,
}

impl From<WrittenActions> for Actions {
    fn from(written: WrittenActions) -> Self {
        Self {
            free: written.free,
            tentative: written.tentative,
            busy: written.busy,
            out_of_office: written.out_of_office,
            working_elsewhere: written.working_elsewhere.unwrap_or(written.free),
        }
    }
}

/// The presence that a kind wants: one of the six, or none (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the presence of its name")]
pub enum WantedPresence {
    Available,
    Away,
    ExtendedAway,
    DoNotDisturb,
    FreeForChat,
    Unavailable,
    /// The user's own presence stays.
    Leave,
}

impl WantedPresence {
    /// The presence to set, if any.
    pub fn presence(self) -> Option<Presence> {
        Some(match self {
            Self::Available => Presence::Available,
            Self::Away => Presence::Away,
            Self::ExtendedAway => Presence::ExtendedAway,
            Self::DoNotDisturb => Presence::DoNotDisturb,
            Self::FreeForChat => Presence::FreeForChat,
            Self::Unavailable => Presence::Unavailable,
            Self::Leave => return None,
        })
    }
}

/// One row per kind (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is the kind of its name")]
pub struct Presences {
    pub free: WantedPresence,
    pub tentative: WantedPresence,
    pub working_elsewhere: WantedPresence,
    pub busy: WantedPresence,
    pub out_of_office: WantedPresence,
}

impl Default for Presences {
    fn default() -> Self {
        Self {
            free: WantedPresence::Available,
            tentative: WantedPresence::Available,
            working_elsewhere: WantedPresence::Available,
            busy: WantedPresence::DoNotDisturb,
            out_of_office: WantedPresence::ExtendedAway,
        }
    }
}

impl Presences {
    /// The row of a kind.
    pub fn of(&self, kind: Kind) -> Option<Presence> {
        let row = match kind {
            Kind::Free => self.free,
            Kind::Tentative => self.tentative,
            Kind::WorkingElsewhere => self.working_elsewhere,
            Kind::Busy => self.busy,
            Kind::OutOfOffice => self.out_of_office,
        };
        row.presence()
    }
}
