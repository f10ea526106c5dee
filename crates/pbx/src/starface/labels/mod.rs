//! Labels of busy lamp keys (§5.9): which keys show whom, remembered from a slow look through all of them, and writing
//! them.
//!
//! What is remembered may be old. That does no harm: a label is read afresh before it is written, and one that is not
//! what was shown is not written but shown as it is.

mod memory;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use busylamp_core::{
    account::StatusText,
    ids::{AccountId, LabelId},
    said::Said,
};
use futures_util::{StreamExt, stream};
use tokio::{sync::Semaphore, time::Instant};

use self::memory::{Look, Memory, Way};
use super::{
    failure::{Failure, about},
    phones::Phones,
    rest::{
        Rest,
        keys::{self, Form, Lamp, Renamed, Text},
        users,
        version::{major, version},
        what,
    },
};
use crate::{PbxError, WriteOutcome};

/// Users whose keys are read side by side. Few: nobody waits for it.
const READERS: usize = 4;
/// Labels that are written side by side.
const WRITERS: usize = 4;
/// A look through all keys takes no longer.
const LONGEST: Duration = Duration::from_mins(20);
/// Writes of labels that did not get their turn in this time are put off: the account's other dimensions wait for them.
const TURN: Duration = Duration::from_secs(10);
/// When so many users' keys can't be read, the PBX is away.
const AWAY: usize = 10;

/// The labels of one PBX.
pub(super) struct Labels {
    memory: Mutex<Memory>,
    turns: Semaphore,
    /// The first label is written alone, to see what the PBX makes of it.
    first: tokio::sync::Mutex<()>,
    phones: Phones,
}

impl Default for Labels {
    fn default() -> Self {
        Self {
            memory: Mutex::default(),
            turns: Semaphore::new(WRITERS),
            first: tokio::sync::Mutex::default(),
            phones: Phones::default(),
        }
    }
}

impl Labels {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the PBX lets us read keys, or why not; what it said last if it can't be asked now.
    pub(super) async fn verdict(&self, rest: &Rest, me: &AccountId) -> Result<(), Said> {
        let (broken, known) = {
            let memory = self.memory();
            (memory.broken.clone(), memory.verdict.clone())
        };
        if let Some(advice) = broken {
            return Err(advice);
        }
        if let Some(Ok(())) = known {
            return Ok(());
        }
        let verdict = match keys::sets(rest, me).await {
            Ok(_) => Ok(()),
            Err(Failure { error: error @ PbxError::Refused { .. }, .. }) => Err(error.said()),
            Err(failure) => return known.unwrap_or_else(|| Err(failure.error.said())),
        };
        self.memory().verdict = Some(verdict.clone());
        verdict
    }

    /// The phones that show these labels.
    pub(super) fn phones(&self) -> &Phones {
        &self.phones
    }

    /// What is to be said about phones that did not get their labels.
    pub(super) fn trouble(&self) -> Option<Said> {
        self.phones.trouble()
    }

    /// Looks through the keys of all users for those that show these accounts; see [`crate::Pbx::survey_labels`].
    pub(super) async fn survey(
        &self,
        rest: &Rest,
        shown: &BTreeSet<AccountId>,
    ) -> Result<BTreeSet<AccountId>, PbxError> {
        let slow = || PbxError::Unreachable {
            advice: Said::new(
                "alle Tasten zu lesen dauert zu lange; es wird wieder versucht",
                "reading all keys takes too long; it is tried again",
            ),
        };
        let looks = tokio::time::timeout(LONGEST, self.look(rest)).await.map_err(|_| slow())??;
        self.memory().merge(looks, shown)
    }

    async fn look(&self, rest: &Rest) -> Result<Vec<Look>, PbxError> {
        let owners: Vec<AccountId> = users::all(rest).await?.into_keys().collect();
        let mut looks = Vec::with_capacity(owners.len());
        let mut again = Vec::new();
        let mut reading = stream::iter(owners).map(|owner| self.look_at(rest, owner)).buffer_unordered(READERS);
        while let Some(look) = reading.next().await {
            match &look.lamps {
                Err(Failure { error: error @ (PbxError::SignIn { .. } | PbxError::Configuration { .. }), .. }) => {
                    return Err(error.clone());
                }
                Err(Failure { error: error @ (PbxError::Unreachable { .. } | PbxError::Protocol { .. }), .. }) => {
                    if again.len() >= AWAY && looks.len() <= again.len() {
                        return Err(error.clone());
                    }
                    again.push(look.owner);
                }
                Ok(_) | Err(Failure { error: PbxError::Refused { .. }, .. }) => looks.push(look),
            }
        }
        // Once more, one by one, those who could not be read: perhaps it was too much at a time.
        let mut away = 0;
        for owner in again {
            let look = self.look_at(rest, owner).await;
            away = if look.lamps.is_err() { away + 1 } else { 0 };
            if let Err(failure) = &look.lamps
                && away >= AWAY
            {
                return Err(failure.error.clone());
            }
            looks.push(look);
        }
        Ok(looks)
    }

    async fn look_at(&self, rest: &Rest, owner: AccountId) -> Look {
        let begun = self.memory().writes;
        let lamps = async {
            let sets = keys::sets(rest, &owner).await?;
            let mut lamps = Vec::new();
            for set in &sets {
                lamps.extend(keys::lamps(rest, &owner, set).await?);
            }
            Ok(lamps)
        };
        let lamps = lamps.await;
        Look { owner, begun, lamps }
    }

    /// The labels of the keys that show this account. `None`: they are not known.
    pub(super) async fn shown(&self, rest: &Rest, account: &AccountId) -> Option<BTreeMap<LabelId, StatusText>> {
        let doubtful: Vec<(LabelId, Lamp)> = {
            let memory = self.memory();
            let doubtful = memory.of(account).filter(|(_, known)| known.doubtful);
            doubtful.map(|(id, known)| (id.clone(), known.lamp.clone())).collect()
        };
        for (id, lamp) in doubtful {
            let Ok(found) = keys::find(rest, &lamp.place).await else { return None };
            let mut memory = self.memory();
            match found.filter(|found| found.shows == *account) {
                Some(found) => {
                    if let Some(known) = memory.lamps.get_mut(&id) {
                        known.lamp.name = found.name;
                        known.doubtful = false;
                    }
                }
                None => memory.remove(&id),
            }
        }
        self.memory().labels(account)
    }

    /// Writes a label of a key that shows this account. `begun`: when the batch began.
    pub(super) async fn write(
        &self,
        rest: &Arc<Rest>,
        account: &AccountId,
        id: &LabelId,
        name: &StatusText,
        begun: Instant,
    ) -> WriteOutcome {
        let turn = tokio::time::timeout_at(begun + TURN, self.turns.acquire()).await;
        // A turn that comes when the time is over is none either: an account's labels take theirs one after the other.
        if turn.is_err() || begun.elapsed() >= TURN {
            return WriteOutcome::NotDone {
                advice: label(
                    "es sind zu viele auf einmal; es wird wieder versucht",
                    "too many at a time; it is tried again",
                ),
            };
        }
        let lamp = self.memory().lamps.get(id).map(|known| known.lamp.clone());
        let Some(lamp) = lamp.filter(|lamp| lamp.shows == *account) else {
            return WriteOutcome::NotDone {
                advice: label("die Tasten wurden noch nicht durchgesehen", "the keys have not been looked through yet"),
            };
        };
        if let Some(advice) = self.memory().broken.clone() {
            return WriteOutcome::Refused { advice };
        }
        let renamed = match self.way(rest).await {
            Ok(Way { form, proven: true }) => keys::rename(rest, &lamp, name, form).await,
            Ok(_) => self.first(rest, &lamp, name).await,
            Err(failure) => Renamed::Outcome(WriteOutcome::NotDone { advice: failure.error.said() }),
        };
        let mut memory = self.memory();
        memory.writes += 1;
        let writes = memory.writes;
        let mut note = |name: Option<StatusText>, doubtful| {
            if let Some(known) = memory.lamps.get_mut(id) {
                known.lamp.name = name.unwrap_or_else(|| known.lamp.name.clone());
                known.written = writes;
                known.doubtful = doubtful;
            }
        };
        match &renamed {
            Renamed::Outcome(WriteOutcome::Acknowledged) | Renamed::Already => note(Some(name.clone()), false),
            Renamed::Outcome(WriteOutcome::Unknown { .. }) => note(None, true),
            Renamed::Outcome(WriteOutcome::Gone) => memory.remove(id),
            Renamed::Outcome(WriteOutcome::Refused { .. } | WriteOutcome::NotDone { .. }) => {}
            Renamed::Otherwise(shown) => note(Some(shown.clone()), false),
        }
        drop(memory);
        match renamed {
            Renamed::Outcome(outcome) => {
                if matches!(outcome, WriteOutcome::Acknowledged | WriteOutcome::Unknown { .. }) {
                    self.phones.changed(rest, &lamp.place.owner, &lamp.place.set);
                }
                outcome
            }
            // Whoever wrote it may not have lived to bring it to the phones.
            Renamed::Already => {
                self.phones.changed(rest, &lamp.place.owner, &lamp.place.set);
                WriteOutcome::Acknowledged
            }
            Renamed::Otherwise(_) => WriteOutcome::NotDone {
                advice: label(
                    "jemand hat die Taste eben umbenannt; sie wird neu gelesen",
                    "somebody has just renamed the key; it is read again",
                ),
            },
        }
    }

    /// How keys are written here, found out once.
    async fn way(&self, rest: &Rest) -> Result<Way, Failure> {
        if let Some(way) = self.memory().form {
            return Ok(way);
        }
        let edit = match version(rest).await? {
            Some(version) => major(&version).is_none_or(|major| major >= 10),
            // Only STARFACE 10 has OAuth.
            None => rest.login_type().await?.is_none(),
        };
        let form = if edit { Form::Edit } else { Form::Flat };
        Ok(*self.memory().form.get_or_insert(Way { form, proven: false }))
    }

    /// Writes a label for the first time: what the PBX makes of the form is looked at, and put right if the key shows
    /// somebody else after it.
    async fn first(&self, rest: &Rest, lamp: &Lamp, name: &StatusText) -> Renamed {
        let _alone = self.first.lock().await;
        let Some(Way { form, proven }) = self.memory().form else {
            return Renamed::Outcome(WriteOutcome::NotDone {
                advice: label("es wird wieder versucht", "it is tried again"),
            });
        };
        if proven {
            return keys::rename(rest, lamp, name, form).await;
        }
        let place = &lamp.place;
        // What can put it right is read before anything is done.
        let rescue = Text::read(rest, place, Form::Edit).await.ok().flatten();
        let renamed = keys::rename(rest, lamp, name, form).await;
        if renamed != Renamed::Outcome(WriteOutcome::Acknowledged) {
            return renamed;
        }
        let unknown = |failure: Failure| Renamed::Outcome(Failure::perhaps_done(failure.error).outcome());
        let shows_still = async || Ok(keys::find(rest, place).await?.is_some_and(|found| found.shows == lamp.shows));
        match shows_still().await {
            Ok(true) => {
                self.memory().form = Some(Way { form, proven: true });
                return renamed;
            }
            Ok(false) => {}
            Err(failure) => return unknown(failure),
        }
        if let Some(rescue) = rescue {
            if let Err(failure) = rescue.put_back(rest, place, name).await {
                return unknown(failure);
            }
            match shows_still().await {
                Ok(true) => {
                    self.memory().form = Some(Way { form: Form::Edit, proven: true });
                    return Renamed::Outcome(WriteOutcome::Acknowledged);
                }
                Ok(false) => {}
                Err(failure) => return unknown(failure),
            }
        }
        let advice = Said::new(
            "diese Anlage ändert beim Schreiben einer Beschriftung, wen die Taste anzeigt; Beschriftungen bleiben unberührt. \
             Prüfen Sie die Taste von Hand",
            "this PBX changes whom a busy lamp key shows when its label is written; labels are left alone. Check the key by \
             hand",
        );
        tracing::error!(account = %place.owner, key = place.key, %advice);
        self.memory().broken = Some(advice.clone());
        Renamed::Outcome(WriteOutcome::Refused { advice })
    }
}

fn label(german: &str, english: &str) -> Said {
    about(what::LABEL, &Said::new(german, english))
}
