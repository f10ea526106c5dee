//! Instances in the store: put there, changed, deleted. Files and requests go one way.

use std::collections::BTreeSet;

use busylamp_core::{format::refusal::Refusal, ids::InstanceId, said::Said, secret::Secret};
use busylamp_store::{Change, InstanceDocument, Phase, Store, StoreError, StoredInstance};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Service, ServiceError,
    config::{InstanceConfig, Secrets, WrittenInstance, build},
};

/// How an instance is kept in the store: its written form, and under which names its secrets are.
#[derive(Serialize, Deserialize)]
struct Kept {
    written: WrittenInstance,
    secrets: Vec<(String, String)>,
}

/// An instance as the administrator sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Described {
    /// Stays the same for good.
    pub id: InstanceId,
    /// Where it is in its life.
    pub phase: Phase,
    /// What was written about it.
    pub written: WrittenInstance,
    /// The places whose secrets the store has, such as `starface.password`; never the secrets.
    pub secrets: BTreeSet<String>,
    /// When the certificate ends with which it signs in to Microsoft Entra.
    pub certificate_ends: Option<Timestamp>,
    /// Why it can't run, with advice.
    pub unusable: Option<Said>,
}

impl Service {
    /// Applies instances to the store and to the running engine. Those that are known are told by their names.
    ///
    /// # Errors
    /// If anything is refused; then nothing has changed.
    pub async fn apply(&self, instances: &[(WrittenInstance, Secrets)]) -> Result<(), ServiceError> {
        let _turn = self.changing.lock().await;
        let stored = apply(&self.store, instances).await?;
        self.configure(stored).await
    }

    /// The instances, but for those that are being removed.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn instances(&self) -> Result<Vec<Described>, ServiceError> {
        described(&self.store).await
    }

    /// Puts an instance as a person has entered it: a new one without `id`. `secrets` are those that were entered; of the
    /// others the store's are kept, as long as they go to the same server. What was entered is from then on written as
    /// standing in the store; variables and files of this machine are not read.
    ///
    /// # Errors
    /// What is refused, with its key, or [`ServiceError::UnknownInstance`]; then nothing has changed.
    pub async fn save(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<InstanceId, ServiceError> {
        let _turn = self.changing.lock().await;
        let stored = self.store.instances().await?;
        let known = id.map(|id| find(&stored, id)).transpose()?;
        let id = known.map_or_else(|| free_id(&written.name, &stored), |known| known.document.id.clone());
        let old = known.and_then(kept);
        let written = written.by_request(secrets, old.as_ref().map(|old| &old.written))?;
        let changes = put(&self.store, &stored, known, &id, &written, secrets).await?;
        self.carry_out(&changes).await?;
        Ok(id)
    }

    /// Deletes an instance: it gives back everything, and is gone after that (§7.7).
    ///
    /// # Errors
    /// [`ServiceError::UnknownInstance`]; or it holds something and can't run, so that nobody could give it back.
    pub async fn delete(&self, id: &InstanceId) -> Result<(), ServiceError> {
        let _turn = self.changing.lock().await;
        let stored = self.store.instances().await?;
        let known = find(&stored, id)?;
        let changes = match read(&self.store, known).await {
            Ok(_) => vec![Change::SetPhase(id.clone(), Phase::Removing)],
            Err(_) => forgotten(known),
        };
        self.carry_out(&changes).await
    }

    /// Activates or deactivates an instance (§7.1).
    ///
    /// # Errors
    /// [`ServiceError::UnknownInstance`], or why it can't be used.
    pub async fn set_active(&self, id: &InstanceId, active: bool) -> Result<(), ServiceError> {
        let _turn = self.changing.lock().await;
        let stored = self.store.instances().await?;
        let known = find(&stored, id)?;
        let Some(Kept { written, .. }) = kept(known) else {
            return Err(Refusal::said("", &of_another_version()).into());
        };
        let written = WrittenInstance { active, ..written };
        let changes = put(&self.store, &stored, Some(known), id, &written, &Secrets::new()).await?;
        self.carry_out(&changes).await
    }

    async fn carry_out(&self, changes: &[Change]) -> Result<(), ServiceError> {
        let stored = self.store.apply(changes).await.map_err(refused)?;
        self.configure(stored).await
    }

    /// A configuration as it would run if it were saved.
    ///
    /// # Errors
    /// As of [`Service::save`].
    pub(crate) async fn proposed(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<Proposed, ServiceError> {
        let stored = self.store.instances().await?;
        let known = id.map(|id| find(&stored, id)).transpose()?;
        let old = match known {
            Some(known) => secrets_of(&self.store, known).await.unwrap_or_default(),
            None => None,
        };
        let written = written.by_request(secrets, old.as_ref().map(|(written, _)| written))?;
        Ok(Proposed { id: known.map(|known| known.document.id.clone()), written, given: secrets.clone(), old })
    }
}

/// A configuration that is not saved.
pub(crate) struct Proposed {
    /// The instance that it would replace.
    pub(crate) id: Option<InstanceId>,
    pub(crate) written: WrittenInstance,
    given: Secrets,
    old: Option<(WrittenInstance, Secrets)>,
}

impl Proposed {
    /// The secrets of the places that begin like this; all with an empty beginning.
    ///
    /// # Errors
    /// The first place that has none.
    pub(crate) fn secrets(&self, beginning: &str) -> Result<Secrets, Refusal> {
        self.written.complete(beginning, &self.given, self.old.as_ref())
    }
}

/// Applies instances to a store: all of them or none. Instances that are not named stay as they are.
///
/// # Errors
/// The first thing that is refused, with its place; or what the store says.
pub async fn apply(
    store: &Store,
    instances: &[(WrittenInstance, Secrets)],
) -> Result<Vec<StoredInstance>, ServiceError> {
    let stored = store.instances().await?;
    let mut changes = Vec::new();
    for (index, (written, secrets)) in instances.iter().enumerate() {
        let known = stored.iter().find(|old| old.phase != Phase::Removing && old.document.name == written.name);
        let id = known.map_or_else(|| free_id(&written.name, &stored), |old| old.document.id.clone());
        changes.extend(put(store, &stored, known, &id, written, secrets).await.map_err(|error| match error {
            ServiceError::Refused(refusal) => refusal.within(&format!("instance[{index}]")).into(),
            other @ (ServiceError::Store { .. } | ServiceError::UnknownInstance(_) | ServiceError::Stopped) => other,
        })?);
    }
    store.apply(&changes).await.map_err(refused)
}

/// The steps that put an instance in place of the one that is known. A move to another telephone system, account or group
/// leaves the old self behind, to give back (§7.7).
async fn put(
    store: &Store,
    stored: &[StoredInstance],
    known: Option<&StoredInstance>,
    id: &InstanceId,
    written: &WrittenInstance,
    secrets: &Secrets,
) -> Result<Vec<Change>, ServiceError> {
    // What can't be read any more is not kept: then everything has to be given anew.
    let old = match known {
        Some(known) => secrets_of(store, known).await.unwrap_or_default(),
        None => None,
    };
    let secrets = written.complete("", secrets, old.as_ref())?;
    let config = build(id, written, &secrets)?;
    written.validate()?;
    let mut changes = Vec::new();
    let mut moved = false;
    if let Some(known) = known {
        // One that can't be read any more can't give anything back either: it is simply replaced.
        moved = read(store, known).await.is_ok_and(|old| !old.connections.same_place(&config.connections));
        if moved {
            let closing_as = free_id(&format!("{} (closing)", written.name), stored);
            changes.push(Change::Retire { instance: id.clone(), closing_as });
        }
    }
    changes.extend(document(id, written, &secrets, known.filter(|_| !moved))?);
    let phase = match (written.active, known.map(|old| old.phase)) {
        (true, _) => Phase::Active,
        (false, Some(Phase::Active | Phase::Closing)) if !moved => Phase::Closing,
        (false, _) => Phase::Inactive,
    };
    changes.push(Change::SetPhase(id.clone(), phase));
    Ok(changes)
}

/// The steps that put an instance's document with its secrets. New secrets get new names: an old self that still gives
/// back goes on with the old ones.
fn document(
    id: &InstanceId,
    written: &WrittenInstance,
    secrets: &Secrets,
    replaced: Option<&StoredInstance>,
) -> Result<Vec<Change>, ServiceError> {
    let version = jiff::Timestamp::now().as_microsecond();
    let names: Vec<(String, String)> =
        secrets.keys().map(|place| (place.clone(), format!("{id}@{version}/{place}"))).collect();
    let mut changes: Vec<Change> = names
        .iter()
        .filter_map(|(place, name)| Some(Change::PutSecret(name.clone(), secrets.get(place)?.clone())))
        .collect();
    let old = replaced.and_then(kept).into_iter().flat_map(|kept| kept.secrets);
    changes.extend(old.map(|(_, name)| Change::DeleteSecret(name)));
    let kept = Kept { written: written.clone(), secrets: names };
    let configuration = serde_json::to_value(kept).map_err(|error| Refusal::new(&*written.name, error.to_string()))?;
    changes.push(Change::Put(InstanceDocument {
        id: id.clone(),
        name: written.name.clone(),
        description: written.description.clone(),
        configuration,
    }));
    Ok(changes)
}

/// Forgets an instance that has given everything back, and its secrets with it.
///
/// # Errors
/// If there is none, it still holds something, or the store can't be written.
pub(crate) async fn forget(store: &Store, id: &InstanceId) -> Result<(), StoreError> {
    let stored = store.instances().await?;
    let known = stored.iter().find(|instance| instance.document.id == *id);
    let changes = known.map_or_else(|| vec![Change::Delete(id.clone())], forgotten);
    store.apply(&changes).await.map(drop)
}

/// The steps that forget an instance.
fn forgotten(stored: &StoredInstance) -> Vec<Change> {
    let secrets = kept(stored).into_iter().flat_map(|kept| kept.secrets);
    let mut changes: Vec<Change> = secrets.map(|(_, name)| Change::DeleteSecret(name)).collect();
    changes.push(Change::Delete(stored.document.id.clone()));
    changes
}

/// What the store refuses because of what was entered.
fn refused(error: StoreError) -> ServiceError {
    let StoreError::NameTaken { name } = &error else { return error.into() };
    let problem = Said::new(
        format!("es gibt schon eine Instanz „{name}“: wählen Sie einen anderen Namen"),
        format!("there is another instance `{name}`: choose another name"),
    );
    Refusal::said("name", &problem).into()
}

fn find<'a>(stored: &'a [StoredInstance], id: &InstanceId) -> Result<&'a StoredInstance, ServiceError> {
    let known = stored.iter().find(|instance| instance.phase != Phase::Removing && instance.document.id == *id);
    known.ok_or_else(|| ServiceError::UnknownInstance(id.clone()))
}

/// An id that no instance has: the name, with a number if need be.
fn free_id(name: &str, stored: &[StoredInstance]) -> InstanceId {
    let taken = |id: &InstanceId| stored.iter().any(|instance| instance.document.id == *id);
    let numbered = (2..).map(|number| InstanceId::new(format!("{name} {number}")));
    let mut ids = std::iter::once(InstanceId::new(name)).chain(numbered);
    ids.find(|id| !taken(id)).unwrap_or_else(|| InstanceId::new(name))
}

/// What is kept of an instance; `None` if this version can't read it.
fn kept(stored: &StoredInstance) -> Option<Kept> {
    serde_json::from_value(stored.document.configuration.clone()).ok()
}

/// The written form and the secrets of an instance.
async fn secrets_of(store: &Store, stored: &StoredInstance) -> Result<Option<(WrittenInstance, Secrets)>, StoreError> {
    let Some(Kept { written, secrets: names }) = kept(stored) else { return Ok(None) };
    let mut secrets = Secrets::new();
    for (place, name) in names {
        let secret: Option<Secret> = store.secret(&name).await?;
        secrets.extend(secret.map(|secret| (place, secret)));
    }
    Ok(Some((written, secrets)))
}

fn of_another_version() -> Said {
    Said::new(
        "sie wurde von einer anderen Version von Busylamp gespeichert: wenden Sie die Datei neu an, oder geben Sie alles neu \
         ein",
        "it was kept by another version of Busylamp: apply or enter it again",
    )
}

/// An instance as the store has it, ready to run.
pub(crate) async fn read(store: &Store, stored: &StoredInstance) -> Result<InstanceConfig, ServiceError> {
    let id = &stored.document.id;
    let Some((written, secrets)) = secrets_of(store, stored).await? else {
        return Err(Refusal::said(id.as_str(), &of_another_version()).into());
    };
    Ok(build(id, &written, &secrets).map_err(|refusal| refusal.within(id.as_str()))?)
}

/// All instances that the store has, ready to run or to be checked.
///
/// # Errors
/// If the store or one of them can't be read.
pub async fn stored_instances(store: &Store) -> Result<Vec<InstanceConfig>, ServiceError> {
    let mut configs = Vec::new();
    for stored in store.instances().await? {
        configs.push(read(store, &stored).await?);
    }
    Ok(configs)
}

/// What a store has, for the administrator: all but what is being removed. What this version can't read is left out.
///
/// # Errors
/// If the store can't be read.
pub async fn described(store: &Store) -> Result<Vec<Described>, ServiceError> {
    let mut all = Vec::new();
    for stored in store.instances().await? {
        let Some((Kept { written, secrets }, false)) =
            kept(&stored).map(|kept| (kept, stored.phase == Phase::Removing))
        else {
            continue;
        };
        let config = read(store, &stored).await;
        all.push(Described {
            certificate_ends: config.as_ref().ok().and_then(|config| config.calendar.certificate_ends()),
            unusable: config.err().map(|error| error.said()),
            id: stored.document.id,
            phase: stored.phase,
            written,
            secrets: secrets.into_iter().map(|(place, _)| place).collect(),
        });
    }
    Ok(all)
}
