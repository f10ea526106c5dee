//! In which order writes go out when many are due at once: ends before starts, so that nobody is kept waiting
//! for a telephone that should ring again, and DND before text.

use crate::{hold::Purpose, ids::AccountId, keeper::Write};

/// Orders the writes of many users: accounts with give-backs first, then by account; within an account as they
/// are numbered, which is DND, diversions, presence, text, labels.
pub fn order(writes: &mut [(AccountId, Vec<Write>)]) {
    for (_, writes) in writes.iter_mut() {
        writes.sort_by_key(|write| write.number);
    }
    writes.sort_by(|(a, a_writes), (b, b_writes)| {
        let starts = |writes: &[Write]| !writes.iter().any(|write| write.purpose == Purpose::GiveBack);
        starts(a_writes).cmp(&starts(b_writes)).then_with(|| a.cmp(b))
    });
}
