//! Faults that are planted in the pretended world around the keeper, to prove that an invariant can fail.

/// One planted fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sabotage {
    /// None: the world as it should be.
    #[default]
    None,
    /// Commits are reported and never made.
    DropsTheJournal,
    /// Writes leave before their holds are committed.
    SendsBeforeCommit,
    /// What a person has ended is forgotten at once.
    IgnoresPeople,
    /// A give-back is answered by the shell itself and never sent.
    SwallowsGiveBacks,
    /// The reference model overlooks what people set: to the keeper's eye a fault of its own.
    OverlooksHands,
    /// When the instances are switched off in the end, give-backs are swallowed.
    LeavesTheLast,
    /// Every batch is sent twice.
    SendsTwice,
    /// A calendar that can't be read is taken for an empty one.
    FailureIsEmpty,
    /// The counters that keep two programs from fighting are forgotten at once.
    FightsOn,
    /// Every instance takes itself for the owner.
    EverybodyOwns,
    /// Users who leave are forgotten together with what was taken from them.
    ForgetsLeavers,
    /// Nobody looks at the clock but every ten minutes.
    Oversleeps,
    /// A write leaves while another is on its way.
    Overlaps,
    /// Starts are sent before ends.
    StartsFirst,
    /// Explanations are a step old.
    StaleReports,
    /// After every step the user is to be stepped again.
    NeverRests,
}
