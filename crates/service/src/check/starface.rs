//! The telephone systems alone, for `busylamp check starface`: looked at as each instance sees them, and tried with one
//! user.

use busylamp_core::{check::Step, ids::AccountId};
use busylamp_pbx::{
    Pbx, PbxError, User,
    starface::{ConfigError, Starface, Telling},
};

use crate::config::InstanceConfig;

/// A telephone system, and the instances that reach it in the same way: with the same address, account and bridge.
/// They sign in together, so a wrong password is tried once.
pub struct System<'a> {
    starface: Starface,
    first: &'a InstanceConfig,
    others: Vec<&'a InstanceConfig>,
}

/// The telephone systems of these instances, each where the first of its instances stands.
///
/// # Errors
/// If a connection can't be made from what is configured.
pub fn systems(instances: &[InstanceConfig]) -> Result<Vec<System<'_>>, ConfigError> {
    let mut systems: Vec<System<'_>> = Vec::new();
    for instance in instances {
        let same = |system: &&mut System<'_>| system.first.connections.same_pbx(&instance.connections);
        match systems.iter_mut().find(same) {
            Some(system) => system.others.push(instance),
            None => {
                let starface = Starface::new(instance.starface.clone())?;
                systems.push(System { starface, first: instance, others: Vec::new() });
            }
        }
    }
    Ok(systems)
}

impl<'a> System<'a> {
    /// The instances that use it, in the order given.
    pub fn instances(&self) -> impl Iterator<Item = &'a InstanceConfig> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    /// Everything that can be found out about it without changing anything, with the users of one of its instances. Users
    /// are told by account only, and by name as well if `names`.
    pub async fn examine(&self, instance: &InstanceConfig, names: bool) -> Vec<Step> {
        let telling = if names { Telling::Names } else { Telling::Accounts };
        self.starface.examine(&instance.group, telling).await
    }

    /// The users of one of its instances.
    ///
    /// # Errors
    /// If the group can't be read.
    pub async fn members(&self, instance: &InstanceConfig) -> Result<Vec<User>, PbxError> {
        Ok(self.starface.directory(&instance.group).await?.members)
    }

    /// The first of its instances that this user is a user of.
    ///
    /// # Errors
    /// If a group can't be read.
    pub async fn follower(&self, account: &AccountId) -> Result<Option<&'a InstanceConfig>, PbxError> {
        for instance in self.instances() {
            if self.members(instance).await?.iter().any(|user| user.account == *account) {
                return Ok(Some(instance));
            }
        }
        Ok(None)
    }

    /// Sets everything of one willing user to something else and gives it back. Whoever drops this half-way leaves the
    /// user with what is set at that moment.
    pub async fn trial(&self, account: &AccountId) -> Vec<Step> {
        self.starface.trial(account).await
    }
}
