//! What becomes of a reading of the directory: who the users are (§7.5, §7.8).

use std::collections::BTreeSet;

use busylamp_core::ids::InstanceId;
use busylamp_pbx::{Directory, PbxError};
use jiff::Timestamp;

use super::{
    Engine,
    instance::{DIRECTORY_AGAIN, DIRECTORY_EVERY, User},
    link::later,
    round::all_users,
};

impl Engine {
    pub(super) fn directory(
        &mut self,
        id: &InstanceId,
        result: Result<Directory, PbxError>,
        took: u64,
        now: Timestamp,
    ) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.asking_directory = false;
        let directory = match result {
            Ok(directory) => directory,
            Err(error) => {
                instance.next_directory = later(now, DIRECTORY_AGAIN);
                instance.directory_trouble = Some(error.said());
                tracing::warn!(instance = %id, %error, "the directory can't be read");
                return;
            }
        };
        instance.directory_trouble = None;
        instance.directory_read = Some(now);
        instance.directory_took = Some(took);
        let members: BTreeSet<_> = directory.members.iter().map(|user| user.account.clone()).collect();
        let changed = *instance.membership.members() != members;
        if !instance.membership.take(members) {
            instance.next_directory = later(now, DIRECTORY_AGAIN);
            tracing::warn!(instance = %id, "the directory has lost more than half of its users; it is read once more");
            return;
        }
        instance.next_directory = later(now, DIRECTORY_EVERY);
        let users = directory.members.len();
        if changed {
            tracing::info!(users, took_ms = took, "other users than before are in the group");
        } else {
            tracing::debug!(users, took_ms = took, "the directory was read");
        }
        let mut moved = changed;
        for found in directory.members {
            let user: &mut User = instance.users.entry(found.account.clone()).or_default();
            moved |= user.mail != found.mail || user.name != found.name;
            user.name = found.name;
            user.mail = found.mail;
        }
        if moved {
            instance.directory_stamp += 1;
            instance.directory_unkept = true;
            let known = instance.mailboxes.len();
            let forgotten = instance.sort_mailboxes();
            if instance.mailboxes.len() + forgotten.len() > known {
                instance.rhythms.hurry(now);
            }
            instance.forgotten.extend(forgotten);
            // Those of other instances too: who has left here may be theirs now (§8.6).
            self.dirty.extend(all_users(&self.instances));
        }
        let Some(instance) = self.instances.get_mut(id) else { return };
        let accounts: Vec<_> = instance.users.keys().cloned().collect();
        if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
            for account in accounts {
                link.watch(&account);
            }
        }
    }
}
