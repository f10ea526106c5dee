//! What others must know to use the simulator: addresses, names and secrets, as JSON.

use std::{fmt, io::Write, path::Path};

use anyhow::Context;
use serde::Serialize;

use crate::{
    ews::account::{DOMAIN, USER},
    starface::{bridge, pbx},
    world::World,
};

/// The content of the ready file (interfaces, section 5).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Base address of Graph, with its version.
    pub graph: String,
    /// Base address of Entra; the tenant's name follows.
    pub login: String,
    /// The tenant's id.
    pub tenant: String,
    /// The application's id.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// Address of Exchange Web Services.
    pub ews: String,
    /// The account for Exchange, with its domain.
    pub ews_user: String,
    /// Its password.
    pub ews_password: String,
    /// Base address of the PBX.
    pub starface: String,
    /// The login of the PBX's service account.
    pub starface_login: String,
    /// Its password.
    pub starface_password: String,
    /// The group whose members' calendars are followed.
    pub starface_group: String,
    /// The secret of the PBX's OAuth client `rest-client-headless`.
    pub starface_client_secret: String,
    /// The name of the bridge's module instance.
    pub starface_bridge_instance: String,
    /// The bridge's key.
    pub starface_bridge_key: String,
    /// Base address of the control API.
    pub control: String,
    /// Path of the authority's certificate (PEM), with TLS.
    pub ca: Option<String>,
    /// The employees, all of them members of the group.
    pub users: Vec<ReadyUser>,
}

/// An employee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadyUser {
    /// Primary address.
    pub mail: String,
    /// Given and family name.
    pub name: String,
    /// Account on the PBX.
    pub account: u32,
}

impl fmt::Debug for Ready {
    /// Without the secrets: even pretended ones stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { graph, starface, control, ca, users, .. } = self;
        f.debug_struct("Ready")
            .field("graph", graph)
            .field("starface", starface)
            .field("control", control)
            .field("ca", ca)
            .field("users", &users.len())
            .finish_non_exhaustive()
    }
}

impl Ready {
    pub(crate) fn new(world: &World, base: &str, ca: Option<String>) -> Self {
        let sessions = world.sessions();
        let people = world.company.people.iter();
        Self {
            graph: format!("{base}/graph/v1.0"),
            login: format!("{base}/login"),
            tenant: world.entra.tenant.to_string(),
            client_id: world.entra.client.to_string(),
            client_secret: world.entra.secret.clone(),
            ews: format!("{base}/EWS/Exchange.asmx"),
            ews_user: format!("{DOMAIN}\\{USER}"),
            ews_password: world.ews.password(),
            starface: base.to_owned(),
            starface_login: sessions.login.clone(),
            starface_password: sessions.password.clone(),
            starface_group: pbx::GROUP.to_owned(),
            starface_client_secret: sessions.client_secret.clone(),
            starface_bridge_instance: bridge::INSTANCE.to_owned(),
            starface_bridge_key: world.bridge_key.clone(),
            control: format!("{base}/control"),
            ca,
            users: people
                .map(|person| ReadyUser { mail: person.mail.clone(), name: person.name(), account: person.account })
                .collect(),
        }
    }

    /// Writes the file in one go: who sees it sees it whole.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = || format!("the ready file {} can't be written", path.display());
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
        serde_json::to_writer_pretty(&mut file, self).with_context(failed)?;
        file.flush().with_context(failed)?;
        file.persist(path).with_context(failed)?;
        Ok(())
    }
}
