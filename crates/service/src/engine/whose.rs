//! Whose work it is, for the log: everything that is done for an instance is done in a span that names it, and what is
//! done for a telephone system in one of each instance that uses it.

use busylamp_core::ids::InstanceId;
use tracing::Span;

use super::{Engine, work::Report};
use crate::config::PbxKey;

/// A span of each of these instances, one in the other.
pub(super) fn span<'a>(instances: impl Iterator<Item = &'a InstanceId>) -> Span {
    instances.fold(Span::none(), |outer, id| tracing::error_span!(parent: &outer, "instance", instance = %id))
}

impl Engine {
    /// The span of those whom a report concerns.
    pub(super) fn whose(&self, report: &Report) -> Span {
        match report {
            Report::Polled(polled) => span([&polled.instance].into_iter()),
            Report::Directory { instance, .. } => span([instance].into_iter()),
            Report::Capabilities { pbx, .. }
            | Report::Read { pbx, .. }
            | Report::Written { pbx, .. }
            | Report::Surveyed { pbx, .. }
            | Report::Listened { pbx, .. } => self.users_of(pbx),
            Report::Recorded(_) | Report::Pruned(_) => Span::none(),
        }
    }

    fn users_of(&self, pbx: &PbxKey) -> Span {
        span(self.instances.iter().filter(|(_, instance)| instance.config.pbx_key() == *pbx).map(|(id, _)| id))
    }
}
