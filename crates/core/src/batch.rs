//! In which order writes go out when many are due at once: ends before starts, so that nobody waits for a telephone
//! that should ring again. Within an account they go out as they are numbered: DND, diversions, presence, text, labels.

use crate::{hold::Purpose, ids::AccountId, keeper::Write};

/// What an account's writes are sorted by in a batch: those that give something back first, then by account.
pub fn rank<'a>(account: &'a AccountId, writes: &[Write]) -> (bool, &'a AccountId) {
    (!writes.iter().any(|write| write.purpose == Purpose::GiveBack), account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Dimension, Value};

    #[test]
    fn ends_go_before_starts() {
        let write = |purpose| {
            let (from, to) = (Value::Switch(false), Value::Switch(true));
            vec![Write { number: 1, dimension: Dimension::Dnd, from, to, purpose }]
        };
        let mut batch = [
            (AccountId::new("1"), write(Purpose::Take)),
            (AccountId::new("3"), write(Purpose::GiveBack)),
            (AccountId::new("2"), write(Purpose::GiveBack)),
        ];
        batch.sort_by(|(a, a_writes), (b, b_writes)| rank(a, a_writes).cmp(&rank(b, b_writes)));
        let order: Vec<_> = batch.iter().map(|(account, _)| account.as_str()).collect();
        assert_eq!(order, ["2", "3", "1"]);
    }
}
