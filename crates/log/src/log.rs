//! All logs, and their levels at rest.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU8, Ordering},
    },
};

use busylamp_core::ids::InstanceId;
use busylamp_store::{Scope, Store, StoreError};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::{Filter, Level, Line, Lines, room::Room};

/// There are no more logs than this. Lines of further instances go to the program's.
const ROOMS: usize = 256;
/// The name under which the store has a log's level.
const FACT: &str = "log_level";

/// Whose log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// What concerns no instance in particular.
    Program,
    /// One instance.
    Instance(InstanceId),
}

/// The logs of a program. Clones are handles of the same.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    program: Arc<Room>,
    instances: RwLock<BTreeMap<InstanceId, Arc<Room>>>,
    /// The level of the log that tells most.
    most_told: AtomicU8,
}

impl Log {
    /// Empty logs, all at [`Level::Info`]. Lines are dated by this clock.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let program = Arc::new(Room::new(Level::default()));
        let most_told = AtomicU8::new(Level::default() as u8);
        Self(Arc::new(Inner { now: Box::new(now), program, instances: RwLock::default(), most_told }))
    }

    /// The lines of a log that pass the filter, no more than `most`: the latest ones.
    pub fn lines(&self, of: &Of, filter: &Filter, most: usize) -> Lines {
        self.room(of).map_or_else(Lines::default, |room| room.lines(filter, most))
    }

    /// The number of a log's last line, as it grows. Who waits for it and then asks for the lines after the last one
    /// follows the log, and can't hold up those who write it.
    pub fn follow(&self, of: &Of) -> watch::Receiver<u64> {
        self.room_or_program(of).follow()
    }

    /// How much a log tells.
    pub fn level(&self, of: &Of) -> Level {
        self.room(of).map_or_else(Level::default, |room| room.level())
    }

    /// From now on a log tells this much. An instance for whose log there is no room any more stays as it is.
    pub fn set_level(&self, of: &Of, level: Level) {
        let Some(room) = self.own_room(of) else { return };
        room.set_level(level);
        let rooms = self.0.instances.read().unwrap_or_else(PoisonError::into_inner);
        let most = rooms.values().map(|room| room.level()).chain([self.0.program.level()]).max();
        drop(rooms);
        self.0.most_told.store(most.unwrap_or_default() as u8, Ordering::Relaxed);
        // Every place that logs is asked anew whether anybody is interested.
        tracing::callsite::rebuild_interest_cache();
    }

    /// Sets a level such that the next start knows it too.
    ///
    /// # Errors
    /// If the store can't keep it; then nothing has changed.
    pub async fn keep_level(&self, store: &Store, of: &Of, level: Level) -> Result<(), StoreError> {
        let scope = match of {
            Of::Program => Scope::Program,
            Of::Instance(instance) => Scope::Instance(instance),
        };
        store.put_fact(scope, FACT, &level).await?;
        self.set_level(of, level);
        Ok(())
    }

    /// Sets the levels that were kept.
    ///
    /// # Errors
    /// If the store can't be read. Levels are as they were, or some are.
    pub async fn recall_levels(&self, store: &Store) -> Result<(), StoreError> {
        if let Some(level) = store.fact(Scope::Program, FACT).await? {
            self.set_level(&Of::Program, level);
        }
        for stored in store.instances().await? {
            let id = stored.document.id;
            if let Some(level) = store.fact(Scope::Instance(&id), FACT).await? {
                self.set_level(&Of::Instance(id), level);
            }
        }
        Ok(())
    }

    /// The level of the log that tells most.
    pub(crate) fn most_told(&self) -> Level {
        let most = self.0.most_told.load(Ordering::Relaxed);
        Level::ALL.into_iter().find(|level| *level as u8 == most).unwrap_or_default()
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    /// Puts a line into the logs of these instances, or into the program's, as far as they want it.
    pub(crate) fn take(&self, line: Line, instances: BTreeSet<InstanceId>) {
        if instances.is_empty() {
            if line.level <= self.0.program.level() {
                self.0.program.push(line);
            }
            return;
        }
        for instance in instances {
            // An instance without a log is at the factory level, and need not get one for what it does not want.
            let of = Of::Instance(instance);
            if line.level <= self.level(&of) {
                self.room_or_program(&of).push(line.clone());
            }
        }
    }

    fn room(&self, of: &Of) -> Option<Arc<Room>> {
        match of {
            Of::Program => Some(Arc::clone(&self.0.program)),
            Of::Instance(instance) => {
                self.0.instances.read().unwrap_or_else(PoisonError::into_inner).get(instance).cloned()
            }
        }
    }

    /// The log, made if there is none; `None` if there are too many.
    fn own_room(&self, of: &Of) -> Option<Arc<Room>> {
        let known = self.room(of);
        let (None, Of::Instance(instance)) = (&known, of) else { return known };
        let mut rooms = self.0.instances.write().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= ROOMS && !rooms.contains_key(instance) {
            return None;
        }
        Some(Arc::clone(rooms.entry(instance.clone()).or_insert_with(|| Arc::new(Room::new(Level::default())))))
    }

    /// The log, or the program's where there are too many.
    fn room_or_program(&self, of: &Of) -> Arc<Room> {
        self.own_room(of).unwrap_or_else(|| Arc::clone(&self.0.program))
    }
}

#[cfg(test)]
mod tests {
    use busylamp_store::{Change, InstanceDocument, Key};

    use super::*;

    fn log() -> Log {
        Log::new(|| Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn a_level_outlives_the_program_and_ends_with_its_instance() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("busylamp.db"), &Key::random().unwrap()).await.unwrap();
        let id = InstanceId::from("a");
        let document = InstanceDocument {
            id: id.clone(),
            name: "a".to_owned(),
            description: String::new(),
            configuration: String::new().into(),
        };
        store.apply(&[Change::Put(document)]).await.unwrap();
        let (first, of) = (log(), Of::Instance(id.clone()));
        first.keep_level(&store, &of, Level::Trace).await.unwrap();
        first.keep_level(&store, &Of::Program, Level::Warn).await.unwrap();
        assert_eq!((first.level(&of), first.level(&Of::Program)), (Level::Trace, Level::Warn));

        let second = log();
        assert_eq!(second.level(&of), Level::Info, "from the factory");
        second.recall_levels(&store).await.unwrap();
        assert_eq!((second.level(&of), second.level(&Of::Program)), (Level::Trace, Level::Warn));
        assert_eq!(second.most_told(), Level::Trace);

        store.delete_instance(&id).await.unwrap();
        let third = log();
        third.recall_levels(&store).await.unwrap();
        assert_eq!(third.level(&of), Level::Info);
    }

    #[test]
    fn there_are_only_so_many_logs() {
        let log = log();
        for number in 0..ROOMS + 3 {
            log.follow(&Of::Instance(InstanceId::new(number.to_string())));
        }
        assert_eq!(log.0.instances.read().unwrap().len(), ROOMS);
        log.set_level(&Of::Instance("one too many".into()), Level::Trace);
        assert_eq!((log.level(&Of::Program), log.most_told()), (Level::Info, Level::Info));
    }
}
