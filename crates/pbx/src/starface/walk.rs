//! The check for people: every step of the way to a user's state, without changing anything. No names, numbers or
//! secrets are shown.

use busylamp_core::check::{Step, Verdict};

use super::{
    Starface,
    rest::{diversions, users},
};
use crate::{Pbx, PbxError};

impl Starface {
    /// Walks as far as it goes.
    pub(super) async fn walk(&self, group: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        let fault = |name, error: PbxError| Step::new(name, Verdict::Fault(error.to_string()));
        let ok = |name, found: String| Step::new(name, Verdict::Ok(found));
        match users::me(&self.rest).await {
            Ok(_) => steps.push(ok("STARFACE sign-in", "the PBX lets us in".to_owned())),
            Err(failure) => {
                steps.push(fault("STARFACE sign-in", failure.error));
                return steps;
            }
        }
        // STARFACE 10 tells its version; nobody else has to.
        if let Ok(told) = self.rest.fetch::<serde_json::Value>("the version", &["server", "version"], &[]).await
            && let Some(version) = told.as_str().or_else(|| told.get("version")?.as_str())
        {
            steps.push(ok("STARFACE version", version.chars().filter(|c| !c.is_control()).take(40).collect()));
        }
        let directory = match self.directory(group).await {
            Ok(directory) => {
                let found =
                    format!("{} members; {} users on the PBX", directory.members.len(), directory.accounts.len());
                steps.push(ok("STARFACE group", found));
                directory
            }
            Err(error) => {
                steps.push(fault("STARFACE group", error));
                return steps;
            }
        };
        match self.numbers.count(&self.rest).await {
            Ok(0) => steps.push(Step::new(
                "STARFACE numbers",
                Verdict::Note(
                    "the PBX shows no assigned numbers: diversions can't be told internal from external and stay \
                     untouched; give the account the rights of an administrator"
                        .to_owned(),
                ),
            )),
            Ok(count) => steps.push(ok("STARFACE numbers", format!("{count} assigned"))),
            Err(failure) => steps.push(fault("STARFACE numbers", failure.error)),
        }
        if let Some(user) = directory.members.first() {
            match diversions::read(&self.rest, &self.numbers, &self.doubts, &user.account).await {
                Ok(entries) => {
                    steps.push(ok(
                        "STARFACE diversions",
                        format!("{} always-diversions of the first member", entries.map_or(0, |entries| entries.len())),
                    ));
                }
                Err(failure) => steps.push(fault("STARFACE diversions", failure.error)),
            }
        }
        if let Some(bridge) = &self.bridge {
            match bridge.info().await {
                Ok(info) => steps.push(ok("STARFACE bridge", format!("version {}", info.bridge))),
                Err(failure) => steps.push(fault("STARFACE bridge", failure.error)),
            }
        }
        match self.capabilities().await {
            Ok(can) => {
                let able = [
                    (can.dnd, "do not disturb"),
                    (can.presence, "chat presence"),
                    (can.diversions, "diversions"),
                    (can.labels, "labels"),
                    (can.changes, "changes as they happen"),
                ];
                let able: Vec<_> = able.into_iter().filter_map(|(can, what)| can.then_some(what)).collect();
                steps.push(ok("STARFACE can", able.join(", ")));
                steps.extend(can.notes.into_iter().map(|note| Step::new("STARFACE", Verdict::Note(note))));
            }
            Err(error) => steps.push(fault("STARFACE can", error)),
        }
        steps
    }
}
