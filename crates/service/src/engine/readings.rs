//! What becomes of a reading of accounts.

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{ids::AccountId, mirror::Ticket, said::Said};
use busylamp_pbx::{Capabilities, PbxError, Reading};
use jiff::Timestamp;

use super::Engine;
use crate::{config::PbxKey, health::Side};

impl Engine {
    pub(super) fn read(
        &mut self,
        pbx: &PbxKey,
        tickets: Vec<(AccountId, Ticket)>,
        result: Result<BTreeMap<AccountId, Result<Reading, PbxError>>, PbxError>,
        now: Timestamp,
    ) {
        let Some(link) = self.links.get_mut(pbx) else { return };
        link.reading = false;
        let mut readings = match result {
            Ok(readings) => readings,
            Err(error) => {
                tracing::warn!(pbx = link.name, %error, "accounts can't be read");
                self.figures.asked(Side::Starface, false);
                link.failed(now, error.said());
                // What was seen before says nothing of what people have done since (§7.2).
                for (account, _) in &tickets {
                    if let Some(live) = link.accounts.get_mut(account) {
                        live.mirror.invalidate();
                    }
                }
                link.read_again(Some(&tickets.into_iter().map(|(account, _)| account).collect()));
                return;
            }
        };
        let mut again = BTreeSet::new();
        let (mut answered, mut trouble) = (false, None);
        for (account, ticket) in tickets {
            let Some(live) = link.accounts.get_mut(&account) else { continue };
            let counts = match readings.remove(&account) {
                Some(Ok(Reading::State(state))) => {
                    let missing = |can: &Capabilities| {
                        (can.dnd && state.dnd.is_none()) || (can.presence && state.presence.is_none())
                    };
                    let bridge_away = link.capabilities.as_ref().is_some_and(missing);
                    answered |= !bridge_away;
                    if bridge_away {
                        trouble = Some(Said::new(
                            "was außer Umleitungen gezeigt wird, ist gerade nicht zu lesen",
                            "what is shown besides diversions can't be read at the moment",
                        ));
                        again.insert(account.clone());
                    }
                    live.mirror.observe(ticket, Some(state))
                }
                Some(Ok(Reading::Gone)) => {
                    answered = true;
                    live.mirror.observe(ticket, None)
                }
                Some(Err(error)) => {
                    trouble = Some(error.said());
                    live.mirror.invalidate();
                    false
                }
                None => false,
            };
            if counts {
                let owners = self.instances.iter().filter(|(_, instance)| instance.users.contains_key(&account));
                self.dirty.extend(owners.map(|(id, _)| (id.clone(), account.clone())));
            } else {
                again.insert(account);
            }
        }
        self.figures.asked(Side::Starface, answered || trouble.is_none());
        // One account that can't be read must not make the others wait longer and longer.
        if answered || trouble.is_none() {
            link.succeeded(now);
        }
        if let Some(trouble) = trouble {
            link.failed(now, trouble);
        }
        link.read_again(Some(&again));
    }
}
