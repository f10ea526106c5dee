//! What is known of the keys that show our users, and how a look through all keys changes it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{
    account::StatusText,
    ids::{AccountId, LabelId},
    said::Said,
};

use crate::{
    PbxError,
    starface::{
        failure::Failure,
        rest::keys::{Form, Lamp, Place},
    },
};

/// After so many looks in a row that found some user's keys unreadable, the others' labels are shown nevertheless.
const PATIENCE: u32 = 3;

/// The keys that show the accounts of some instance.
#[derive(Default)]
pub(super) struct Memory {
    /// The accounts that were looked for in the last whole look; of others nothing is known.
    looked_for: BTreeSet<AccountId>,
    pub(super) lamps: BTreeMap<LabelId, Known>,
    shown: BTreeMap<AccountId, BTreeSet<LabelId>>,
    /// Counts what was written, so that a look that began before does not undo it here.
    pub(super) writes: u64,
    /// Owners who had no busy lamp keys in the last look although some of theirs are known.
    emptied: BTreeSet<AccountId>,
    /// In the last look more than half of the owners were no users any more.
    shrunk: bool,
    /// Looks in a row that were not whole.
    failed: u32,
    pub(super) form: Option<Way>,
    /// Whether keys can be read, or why not.
    pub(super) verdict: Option<Result<(), Said>>,
    /// Why labels must not be written here.
    pub(super) broken: Option<Said>,
}

/// How keys are written on this PBX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// In this form.
    pub(super) form: Form,
    /// It was seen that a key that was written so still shows whom it showed.
    pub(super) proven: bool,
}

/// A key as it is known.
pub(super) struct Known {
    /// The key.
    pub(super) lamp: Lamp,
    /// The count of writes after the last one to this key.
    pub(super) written: u64,
    /// A write to it was not answered: the label is not known.
    pub(super) doubtful: bool,
}

/// What one user's keys were found to be.
pub(super) struct Look {
    pub(super) owner: AccountId,
    /// The count of writes when it began.
    pub(super) begun: u64,
    /// Their busy lamp keys.
    pub(super) lamps: Result<Vec<Lamp>, Failure>,
}

impl Memory {
    pub(super) fn insert(&mut self, id: LabelId, known: Known) {
        self.shown.entry(known.lamp.shows.clone()).or_default().insert(id.clone());
        self.lamps.insert(id, known);
    }

    pub(super) fn remove(&mut self, id: &LabelId) {
        if let Some(known) = self.lamps.remove(id)
            && let Some(ids) = self.shown.get_mut(&known.lamp.shows)
        {
            ids.remove(id);
        }
    }

    pub(super) fn of(&self, account: &AccountId) -> impl Iterator<Item = (&LabelId, &Known)> {
        let ids = self.shown.get(account).into_iter().flatten();
        ids.filter_map(|id| Some((id, self.lamps.get(id)?)))
    }

    pub(super) fn labels(&self, account: &AccountId) -> Option<BTreeMap<LabelId, StatusText>> {
        if !self.looked_for.contains(account) || self.of(account).any(|(_, known)| known.doubtful) {
            return None;
        }
        Some(self.of(account).map(|(id, known)| (id.clone(), known.lamp.name.clone())).collect())
    }

    /// Takes in a look through all keys for those that show these accounts, if it is whole. The accounts whose labels are
    /// otherwise than before.
    pub(super) fn merge(
        &mut self,
        looks: Vec<Look>,
        shown: &BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, PbxError> {
        let before: BTreeMap<&AccountId, _> = shown.iter().map(|account| (account, self.labels(account))).collect();
        let mut of_owner: BTreeMap<AccountId, Vec<LabelId>> = BTreeMap::new();
        for (id, known) in &self.lamps {
            of_owner.entry(known.lamp.place.owner.clone()).or_default().push(id.clone());
        }
        let owners = of_owner.len();
        let (mut unread, mut refused) = (None, None);
        let mut read = 0_usize;
        for Look { owner, begun, lamps } in looks {
            let known = of_owner.remove(&owner).unwrap_or_default();
            let lamps = match lamps {
                Ok(lamps) => {
                    read += 1;
                    lamps
                }
                // What is refused is not gone: keys that are known stay, and giving them back is tried on (§8.5).
                Err(Failure { error: error @ PbxError::Refused { .. }, .. }) => {
                    refused.get_or_insert(error);
                    continue;
                }
                Err(failure) => {
                    if known.is_empty() {
                        unread.get_or_insert(failure.error);
                    }
                    continue;
                }
            };
            // A PBX that is just starting may show nothing: who had keys and has none is asked again first.
            if lamps.is_empty() && !known.is_empty() && self.emptied.insert(owner.clone()) {
                continue;
            }
            self.emptied.remove(&owner);
            let lamps = lamps.into_iter().filter(|lamp| shown.contains(&lamp.shows) && lamp.shows != owner);
            let found: BTreeMap<LabelId, Lamp> = lamps.map(|lamp| (label_id(&lamp.place), lamp)).collect();
            for id in known {
                if !found.contains_key(&id) {
                    self.remove(&id);
                }
            }
            for (id, mut lamp) in found {
                let (mut written, mut doubtful) = (0, false);
                if let Some(known) = self.lamps.get(&id) {
                    written = known.written;
                    // What was read is older than what was written.
                    if known.written > begun {
                        lamp.name = known.lamp.name.clone();
                        doubtful = known.doubtful;
                    }
                }
                self.remove(&id);
                self.insert(id, Known { lamp, written, doubtful });
            }
        }
        // Who is no user any more has no keys; but half a list of users must not take everybody's (as §7.8).
        let drastic = of_owner.len() > 1 && of_owner.len() * 2 > owners;
        if drastic && !std::mem::replace(&mut self.shrunk, true) {
            return Err(PbxError::Protocol {
                advice: Said::new(
                    "mehr als die Hälfte der Benutzer, deren Tasten bekannt sind, steht nicht mehr in der Liste; sie wird \
                     noch einmal gelesen",
                    "more than half of the users whose keys are known are gone from the list; it is read once more",
                ),
            });
        }
        self.shrunk = false;
        for id in of_owner.into_values().flatten() {
            self.remove(&id);
        }
        if let Some(error) = refused.filter(|_| read == 0) {
            self.verdict = Some(Err(error.said()));
            return Err(error);
        }
        if let Some(error) = unread {
            self.failed += 1;
            if self.failed < PATIENCE {
                return Err(error);
            }
            tracing::warn!(%error, "some users' keys can't be read; labels of the others are shown");
        }
        self.failed = 0;
        self.verdict = Some(Ok(()));
        self.looked_for.clone_from(shown);
        let changed = before.into_iter().filter(|(account, before)| self.labels(account) != *before);
        Ok(changed.map(|(account, _)| account.clone()).collect())
    }
}

/// A key's id is only said to be one within its set; the owner makes it one everywhere.
fn label_id(place: &Place) -> LabelId {
    LabelId::new(format!("{}/{}", place.owner, place.key))
}
