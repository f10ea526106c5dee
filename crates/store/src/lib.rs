//! What outlives the process: configuration, secrets, holds, agendas at rest, history. SQLite.
//!
//! # The journal's promise
//!
//! A hold remembers the user's own value while ours is shown. It must be neither lost nor left behind, whenever the
//! process or the power ends (`docs/semantics.md`, 7.3). The store's part in this is [`Store::save_states`]: all
//! states that belong together change in one transaction, and when it returns `Ok` they are on the disk. The caller's
//! part is the order:
//!
//! 1. decide; the new state names the value before, ours, and what was shown before the write;
//! 2. save the states of all users that changed, and wait for `Ok`;
//! 3. only then let the writes leave;
//! 4. when a give-back is acknowledged, save the state without its hold.
//!
//! Cut off between 1 and 2, nothing has happened. Between 2 and 3 the next start finds a hold whose write was never
//! sent, between 3 and 4 one whose write may have been done: both are told apart by reading the telephone system,
//! since the hold knows the value before the write and the value after it. What stands in the way of the promise is
//! closed off here:
//!
//! * a commit that is only in memory: the log is flushed at every commit (`synchronous = FULL`);
//! * half of a batch: one transaction, and a state that can't be written takes back the others;
//! * two processes with one memory: a second opener is refused ([`StoreError::InUse`]);
//! * a disk that lies or rots: the file is checked when it is opened ([`StoreError::Damaged`]);
//! * an older program that does not know what a newer one has noted ([`StoreError::NewerSchema`]);
//! * an instance that is deleted with holds in it ([`StoreError::StillHeld`]).
//!
//! If a commit fails, the earlier states stand, and nothing but give-backs of these may leave. A full disk can be told
//! by [`StoreError::is_disk_full`]. Even a removal may need space then: a hold whose give-back was acknowledged stays in
//! the store until there is some, which is harmless, since a hold whose value before is shown again simply ends.
//!
//! # What can be read by whom
//!
//! States (they hold status texts), agendas (they hold titles) and secrets are sealed with the master [`Key`], each
//! record bound to its place. In the open stand configurations, account numbers, mail addresses, instants, activation
//! numbers, facts, people's names with the hashes of their passwords, the audit trail and the history, which never
//! contains a text. The key is kept apart from the store and from its backups. All files have mode 0600.
//!
//! ```text
//! store, files       opening, checks, connections
//! migrations         the structure, as it grew
//! key, seal          the master key, envelopes
//! document           values as JSON, deflated where they are large
//! states             the journal
//! agendas            the last reading of each mailbox
//! instances, secrets configuration
//! history            past decisions and writes, without texts
//! facts              small things to remember
//! people, sessions   who uses the pages, and who is signed in
//! tokens             what programs use the HTTP API with
//! audit              who changed what
//! backup, restore    a copy while running, and the way back
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agendas;
mod audit;
mod backup;
mod document;
mod error;
mod facts;
mod files;
mod german;
mod history;
mod instances;
mod key;
mod migrations;
mod people;
mod restore;
mod seal;
mod secrets;
mod sessions;
mod states;
mod store;
mod time;
mod tokens;

pub use agendas::{NewAgenda, StoredAgenda};
pub use audit::{AUDIT_LIMIT, Action, Audited};
pub use backup::backup;
pub use document::Loaded;
pub use error::{StoreError, Unreadable};
pub use facts::Scope;
pub use history::{HISTORY_DAYS, HISTORY_LIMIT, HISTORY_RECORDS, Reason, Record, Recorded, What};
pub use instances::{Change, InstanceDocument, Phase, StoredInstance};
pub use key::{CREDENTIAL, Key, KeyError};
pub use people::{Changed, PasswordHash, Person, PersonId, Role, UnknownRole};
pub use restore::restore;
pub use sessions::{SESSION_IDLE, SESSION_LIFE, TokenHash};
pub use store::Store;
pub use tokens::{ApiToken, MOST_TOKENS, NewApiToken, NotMade, TokenId};
