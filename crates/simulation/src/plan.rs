//! What happens to a pretended company from outside: a list that is drawn once from the seed, so that it can be cut
//! short and written down. What the network does with each message is drawn elsewhere, by user.

mod draw;

use busylamp_core::{account::Value, policy::Policy};
use jiff::tz::TimeZone;

use crate::{calendar::Appointment, place::Slot, time::Millis};

/// The size of a pretended company, and for how long it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Users.
    pub users: usize,
    /// Days.
    pub days: u32,
}

/// What fails, and how hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Network, systems, store, clocks and the program itself fail.
    pub faults: bool,
    /// People press buttons.
    pub people: bool,
    /// Administrators change policy, instances, group and addresses.
    pub administrators: bool,
    /// A second instance wants some of the same users.
    pub second_instance: bool,
}

impl Weather {
    /// Everything at once.
    pub const ROUGH: Self = Self { faults: true, people: true, administrators: true, second_instance: true };
    /// Appointments come and go, and nothing else happens.
    pub const FAIR: Self = Self { faults: false, people: false, administrators: false, second_instance: false };
}

/// One thing that happens from outside.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: Millis,
    pub(crate) what: Outside,
}

/// What happens. Whatever goes away comes back by itself, so that any entry can be left out.
#[derive(Clone, Debug)]
pub(crate) enum Outside {
    /// An appointment is made, or replaced.
    Put { user: usize, appointment: Box<Appointment> },
    /// An appointment is deleted.
    Remove { user: usize, id: u32 },
    /// Somebody sets these values.
    ByHand { user: usize, values: Vec<(Slot, Value)> },
    /// The telephone system refuses to write these.
    Refuses { user: usize, slots: Vec<Slot>, lasting: Millis },
    /// The account is deleted, and made anew later.
    Deleted { user: usize, lasting: Millis },
    /// The account leaves an instance's group.
    Leaves { user: usize, instance: usize, lasting: Millis },
    /// The account has no mail address, or another one, which is another mailbox.
    Address { user: usize, other: bool, lasting: Millis },
    /// The user is left alone by an instance for a while (§7.10).
    Paused { user: usize, instance: usize, lasting: Millis },
    /// The calendar's next answer for this user is whole but wrong: an old one, or one that lacks appointments.
    Lie { user: usize, old: bool },
    /// The telephone system can't be reached.
    PbxAway { lasting: Millis },
    /// No calendar can be read; answers are errors or break off half way.
    CalendarAway { lasting: Millis },
    /// The program is killed after so many further effects.
    Crash { after: u32, lasting: Millis },
    /// The program is stopped in order.
    Stop { lasting: Millis },
    /// The store commits nothing.
    StoreFails { lasting: Millis },
    /// The program's clock is set wrong, and later right again.
    ClockWrong { by: Millis, lasting: Millis },
    /// The machine sleeps.
    Suspend { lasting: Millis },
    /// An instance's policy.
    Policy { instance: usize, policy: Box<Policy> },
    /// An instance is switched off.
    Deactivated { instance: usize, lasting: Millis },
    /// An instance is moved to another group, and later back (§7.7).
    Moved { instance: usize, lasting: Millis },
    /// The group's list comes back with less than half of its members.
    HalfDirectory { instance: usize },
}

impl Outside {
    /// The user whom it concerns alone.
    pub(crate) fn user(&self) -> Option<usize> {
        match self {
            Self::Put { user, .. }
            | Self::Remove { user, .. }
            | Self::ByHand { user, .. }
            | Self::Refuses { user, .. }
            | Self::Deleted { user, .. }
            | Self::Leaves { user, .. }
            | Self::Address { user, .. }
            | Self::Paused { user, .. }
            | Self::Lie { user, .. } => Some(*user),
            Self::PbxAway { .. }
            | Self::CalendarAway { .. }
            | Self::Crash { .. }
            | Self::Stop { .. }
            | Self::StoreFails { .. }
            | Self::ClockWrong { .. }
            | Self::Suspend { .. }
            | Self::Policy { .. }
            | Self::Deactivated { .. }
            | Self::Moved { .. }
            | Self::HalfDirectory { .. } => None,
        }
    }

    /// Makes it concern another user.
    pub(crate) fn set_user(&mut self, to: usize) {
        match self {
            Self::Put { user, .. }
            | Self::Remove { user, .. }
            | Self::ByHand { user, .. }
            | Self::Refuses { user, .. }
            | Self::Deleted { user, .. }
            | Self::Leaves { user, .. }
            | Self::Address { user, .. }
            | Self::Paused { user, .. }
            | Self::Lie { user, .. } => *user = to,
            Self::PbxAway { .. }
            | Self::CalendarAway { .. }
            | Self::Crash { .. }
            | Self::Stop { .. }
            | Self::StoreFails { .. }
            | Self::ClockWrong { .. }
            | Self::Suspend { .. }
            | Self::Policy { .. }
            | Self::Deactivated { .. }
            | Self::Moved { .. }
            | Self::HalfDirectory { .. } => {}
        }
    }
}

/// A user at the start.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// What the user's chances on the network are drawn by, also when others are left out.
    pub(crate) number: u64,
    pub(crate) values: Vec<(Slot, Value)>,
    /// By instance.
    pub(crate) member: [bool; 2],
}

/// All that comes from outside.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) begins: Millis,
    pub(crate) ends: Millis,
    pub(crate) zone: TimeZone,
    pub(crate) zone_name: &'static str,
    pub(crate) policies: [Policy; 2],
    /// By instance: whether it is active at the start.
    pub(crate) active: [bool; 2],
    pub(crate) users: Vec<Start>,
    /// The network loses and delays.
    pub(crate) rough_network: bool,
    /// The telephone system cuts texts at this length.
    pub(crate) cuts_texts_at: Option<usize>,
    /// In order of time.
    pub(crate) entries: Vec<Entry>,
}
