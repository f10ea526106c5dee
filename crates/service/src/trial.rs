//! Trials of a configuration that is not saved: each side is asked, nothing is changed. Each is over within
//! [`PATIENCE`], and a wrong password is tried once.

use std::{future::Future, time::Duration};

use busylamp_core::{
    check::{Step, Verdict},
    format::refusal::Refusal,
    ids::InstanceId,
    said::Said,
};
use busylamp_net::trust::Shown;
use busylamp_pbx::starface::Overview;
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::{
    Service, ServiceError,
    check::{self, Findings, Told, Walker},
    config::{Connections, Secrets, WrittenInstance, build, build_calendar, build_starface},
    instances::stored_instances,
};

/// A person waits for the answer.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What a trial of a telephone system found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PbxTrial {
    /// The way, step by step.
    pub steps: Vec<Step>,
    /// The groups, by name.
    pub groups: Vec<Group>,
    /// The system's version, as far as it tells it.
    pub version: Option<String>,
    /// Whether the bridge answers; `None` without one.
    pub bridge: Option<bool>,
}

impl PbxTrial {
    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(Step::is_ok)
    }
}

/// A group of the telephone system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How many users are in it, if that was found out.
    pub members: Option<usize>,
}

/// The certificate that a server shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownCertificate {
    /// As a pin is written: `sha256:` and 64 hexadecimal digits.
    pub fingerprint: String,
    /// Whom it is for, if that can be read.
    pub subject: Option<String>,
    /// Who vouches for it.
    pub issuer: Option<String>,
    /// Its last instant.
    pub not_after: Option<Timestamp>,
    /// Why the system's authorities don't vouch for it under this name; `None`: they do, and no pin is needed.
    pub untrusted: Option<Said>,
}

impl Service {
    /// Signs in to the calendar's side, or both, and looks at the rights.
    ///
    /// # Errors
    /// What can't be tried because of what was entered, with its key.
    pub async fn try_calendar(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<Findings, ServiceError> {
        let proposed = self.proposed(id, written, secrets).await?;
        let mut secrets = proposed.secrets("graph.")?;
        secrets.extend(proposed.secrets("ews.")?);
        let calendar = build_calendar(&proposed.written, &secrets)?;
        let mut findings = Findings::default();
        let walker = Walker::sharing(&self.accounts);
        if !in_time(walker.calendar_into(&mut findings, &calendar, self.clock.now())).await {
            findings.fault(check::calendars(), check::TIME, late());
        }
        Ok(findings)
    }

    /// Signs in to the telephone system, and looks at its groups and at the bridge. The group may be empty: the groups
    /// that are found are to choose from.
    ///
    /// # Errors
    /// What can't be tried because of what was entered, with its key.
    pub async fn try_pbx(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<PbxTrial, ServiceError> {
        let proposed = self.proposed(id, written, secrets).await?;
        let starface = &proposed.written.starface;
        let secrets = proposed.secrets("starface.")?;
        let config = build_starface(starface, &secrets)?;
        let system = Connections::of(&proposed.written, &secrets).system();
        let driver = self.accounts.starface(&system, &config);
        let driver = driver.map_err(|error| Refusal::said("starface", &error.said()))?;
        let mut found = Overview::default();
        if !in_time(driver.overview(&starface.group, &mut found)).await {
            found.steps.push(Step::new(check::TIME, Verdict::Fault(late())));
        }
        let Overview { steps, groups, version, bridge } = found;
        let groups = groups.into_iter().map(|(name, members)| Group { name, members }).collect();
        Ok(PbxTrial { steps, groups, version, bridge })
    }

    /// Walks through the whole chain, user by user, as `busylamp check` does.
    ///
    /// # Errors
    /// What can't be tried because of what was entered, with its key.
    pub async fn try_all(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<Findings, ServiceError> {
        let proposed = self.proposed(id, written, secrets).await?;
        let name = InstanceId::new(written.name.clone());
        let config = build(proposed.id.as_ref().unwrap_or(&name), &proposed.written, &proposed.secrets("")?)?;
        let mut findings = Findings::default();
        let walker = Walker::sharing(&self.accounts);
        if !in_time(walker.walk_into(&mut findings, &config, self.clock.now())).await {
            findings.fault(check::starface(), check::TIME, late());
        }
        Ok(findings)
    }

    /// Walks through all instances as they are in the store, one after another, as `busylamp check` tells it.
    ///
    /// # Errors
    /// If the store or an instance can't be read.
    pub async fn check(&self) -> Result<Vec<Told>, ServiceError> {
        let walker = Walker::sharing(&self.accounts);
        let mut all = Vec::new();
        for config in stored_instances(&self.store).await? {
            let findings = walker.walk(&config, self.clock.now()).await;
            all.push(Told::new(config.name, findings));
        }
        Ok(all)
    }

    /// The certificate that a server shows now, to be looked at before it is pinned. Nothing is sent to the server.
    ///
    /// # Errors
    /// The address can't be used, or the server shows no certificate.
    pub async fn fingerprint(&self, url: &str) -> Result<ShownCertificate, ServiceError> {
        let refusal = |problem: &Said| Refusal::said("url", problem);
        let address = || {
            let url = url.escape_debug();
            refusal(&Said::new(
                format!("„{url}“ ist keine Adresse wie https://pbx.example.com"),
                format!("`{url}` is no address like https://pbx.example.com"),
            ))
        };
        let parsed: Url = url.trim().parse().map_err(|_| address())?;
        let (Some(host), Some(port), "https") = (parsed.host_str(), parsed.port_or_known_default(), parsed.scheme())
        else {
            return Err(address().into());
        };
        let shown = Shown::by(host, port).await.map_err(|error| refusal(&error.said()))?;
        let read = shown.certificate;
        Ok(ShownCertificate {
            fingerprint: shown.fingerprint.to_string(),
            subject: read.as_ref().map(|read| read.subject.clone()),
            issuer: read.as_ref().map(|read| read.issuer.clone()),
            not_after: read.as_ref().map(|read| read.not_after),
            untrusted: shown.untrusted,
        })
    }
}

async fn in_time(walk: impl Future<Output = ()>) -> bool {
    tokio::time::timeout(PATIENCE, walk).await.is_ok()
}

fn late() -> Said {
    let seconds = PATIENCE.as_secs();
    Said::new(
        format!(
            "Es dauerte länger als {seconds} s, und der Rest wurde ausgelassen; ist der Server erreichbar und schnell?"
        ),
        format!("it took more than {seconds} s, and the rest was left out; is the server reachable and quick?"),
    )
}
