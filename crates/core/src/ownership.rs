//! Who owns an account where several instances want it (§8.6).

use std::collections::BTreeMap;

use crate::ids::{AccountId, InstanceId};

/// One instance's claim to the accounts of one telephone system.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The instance.
    pub instance: &'a InstanceId,
    /// The order of activation: the smaller was activated first.
    pub activation: u64,
    /// Whether the instance is active; a closing one only keeps what it still holds.
    pub active: bool,
    /// The members of its group that it would act on.
    pub members: &'a [AccountId],
    /// The accounts on which it still has holds.
    pub holding: &'a [AccountId],
}

/// The owner of every account that anybody wants or holds: who holds it keeps it to the last give-back, then the
/// instance that was activated first has it.
pub fn owners(claims: &[Claim<'_>]) -> BTreeMap<AccountId, InstanceId> {
    let mut order: Vec<&Claim<'_>> = claims.iter().collect();
    order.sort_by_key(|claim| (claim.activation, claim.instance));
    let mut owners = BTreeMap::new();
    let holding = order.iter().flat_map(|claim| claim.holding.iter().map(move |account| (account, claim.instance)));
    let active = order.iter().filter(|claim| claim.active);
    let wanting = active.flat_map(|claim| claim.members.iter().map(move |account| (account, claim.instance)));
    for (account, instance) in holding.chain(wanting) {
        owners.entry(account.clone()).or_insert_with(|| instance.clone());
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_activated_owns_and_a_holder_keeps_to_the_last_give_back() {
        let (a, b) = (InstanceId::new("a"), InstanceId::new("b"));
        let account = [AccountId::new("1001")];
        let claim = |instance, activation, active, holding| Claim {
            instance,
            activation,
            active,
            members: &account,
            holding: if holding { &account[..] } else { &[] },
        };
        let owner = |claims: &[Claim<'_>]| owners(claims).remove(&account[0]);
        assert_eq!(owner(&[claim(&b, 2, true, false), claim(&a, 1, true, false)]), Some(a.clone()));
        assert_eq!(owner(&[claim(&a, 1, false, true), claim(&b, 2, true, false)]), Some(a.clone()));
        assert_eq!(owner(&[claim(&a, 1, false, false), claim(&b, 2, true, false)]), Some(b.clone()));
        assert_eq!(owner(&[claim(&a, 1, false, false)]), None);
    }
}
