//! A quick look for somebody who enters the connection: who lets us in, what groups there are, and the bridge.

use futures_util::{StreamExt, stream};

use super::{fault, note, ok};
use crate::starface::{
    PARALLEL, Starface,
    rest::users,
    rest::version::{clean, version},
    steps,
};
use busylamp_core::{check::Step, said::Said};

/// Groups of which the members are counted.
const COUNTED: usize = 200;

/// What a quick look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The way, step by step.
    pub steps: Vec<Step>,
    /// The groups by name, with the number of their members where it was found out.
    pub groups: Vec<(String, Option<usize>)>,
    /// The version, as the PBX or the bridge tells it.
    pub version: Option<String>,
    /// Whether the bridge answers; `None` without one.
    pub bridge: Option<bool>,
}

impl Starface {
    /// Looks at sign-in, version, bridge, groups and, unless `group` is empty, at its members, changing nothing. What was
    /// found stands when this is dropped half-way.
    pub async fn overview(&self, group: &str, found: &mut Overview) {
        if let Err(failure) = users::me(&self.rest).await {
            found.steps.push(fault(steps::SIGN_IN, &failure.error));
            return;
        }
        found.steps.push(ok(steps::SIGN_IN, self.way_in().await));
        found.version = version(&self.rest).await.ok().flatten();
        match &self.bridge {
            None => found.steps.push(note(
                steps::BRIDGE,
                Said::new(
                    "ohne die Brücke lassen sich nur Umleitungen schalten, weder Nicht stören noch Chat-Präsenz und -Text",
                    "without the bridge only diversions can be switched, neither do not disturb nor chat presence and text",
                ),
            )),
            Some(bridge) => {
                let info = bridge.info().await;
                found.bridge = Some(info.is_ok());
                found.steps.push(match info {
                    Ok(info) => {
                        found.version = found.version.take().or_else(|| clean(&info.pbx));
                        ok(
                            steps::BRIDGE,
                            Said::new(format!("Version {}", info.bridge), format!("version {}", info.bridge)),
                        )
                    }
                    Err(failure) => fault(steps::BRIDGE, &failure.error),
                });
            }
        }
        if !group.trim().is_empty() {
            match crate::Pbx::directory(self, group).await {
                Ok(directory) => {
                    let (members, users) = (directory.members.len(), directory.accounts.len());
                    found.steps.push(ok(steps::GROUP, super::sizes(members, users)));
                    found.steps.extend(super::addresses(&directory, super::Telling::Names));
                }
                Err(error) => found.steps.push(fault(steps::GROUP, &error)),
            }
        }
        self.look_at_groups(found).await;
    }

    async fn look_at_groups(&self, found: &mut Overview) {
        let groups = match users::groups(&self.rest).await {
            Ok(groups) => groups,
            Err(failure) => {
                found.steps.push(fault(steps::GROUPS, &failure.error));
                return;
            }
        };
        found.groups = groups.iter().map(|(_, name)| (name.clone(), None)).collect();
        // Owned ids: a stream of closures over borrowed ones is not seen to be `Send`.
        let ids: Vec<String> = groups.into_iter().take(COUNTED).map(|(id, _)| id).collect();
        let counts = ids
            .into_iter()
            .enumerate()
            .map(|(place, id)| async move { (place, users::group_size(&self.rest, &id).await.ok()) });
        let mut counts = stream::iter(counts).buffer_unordered(PARALLEL);
        while let Some((place, count)) = counts.next().await {
            found.groups[place].1 = count;
        }
    }
}
