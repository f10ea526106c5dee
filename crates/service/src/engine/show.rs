//! Pictures for people.

use std::sync::Arc;

use busylamp_core::{
    ids::{AccountId, InstanceId},
    keeper::Account,
};
use tokio::time::Instant;

use super::{
    BOARD_PAUSE, Engine,
    instance::{Instance, User},
};
use crate::board::{Board, Connection, Lamp};

impl Engine {
    /// Shows a new picture if there is something new, somebody looks, and the last one is not too young.
    pub(super) fn show(&mut self) {
        if !self.board_is_old || self.board.receiver_count() == 0 || self.board_made.elapsed() < BOARD_PAUSE {
            return;
        }
        let mut board = Board { now: Some(self.clock.now()), ..Board::default() };
        for (id, instance) in &self.instances {
            let mut lamps: Vec<Lamp> =
                instance.users.iter().map(|(account, user)| self.lamp(id, instance, account, user)).collect();
            lamps.sort_by(|a, b| a.name.cmp(&b.name));
            board.lamps.extend(lamps);
            for (side, reader) in instance.readers.sides() {
                let health = reader.calendar.health();
                board.connections.push(Connection {
                    name: format!("{id}: {side}"),
                    last_success: health.last_success,
                    trouble: health.trouble,
                    notes: reader.notes.clone(),
                });
            }
            if let Some(trouble) = &instance.directory_trouble {
                let (name, trouble) = (format!("{id}: group"), Some(trouble.clone()));
                board.connections.push(Connection { name, trouble, ..Connection::default() });
            }
        }
        for link in self.links.values() {
            board.connections.push(Connection {
                name: link.name.clone(),
                last_success: link.last_success,
                trouble: link.trouble.clone(),
                notes: link.capabilities.iter().flat_map(|can| can.notes.iter().cloned()).collect(),
            });
        }
        if let Some(trouble) = &self.commit_trouble {
            let trouble = Some(trouble.clone());
            board.connections.push(Connection { name: "store".to_owned(), trouble, ..Connection::default() });
        }
        self.board.send_replace(Arc::new(board));
        self.board_is_old = false;
        self.board_made = Instant::now();
    }

    fn lamp(&self, id: &InstanceId, instance: &Instance, account: &AccountId, user: &User) -> Lamp {
        let live = self.links.get(&instance.config.pbx_key()).and_then(|link| link.accounts.get(account));
        let shown = live.and_then(|live| match live.mirror.account() {
            Account::Shown { state, .. } => Some(state),
            Account::Unknown | Account::Gone => None,
        });
        let diversions = shown.and_then(|shown| shown.diversions.as_ref());
        Lamp {
            instance: id.clone(),
            account: account.clone(),
            name: user.name.clone(),
            dnd: shown.and_then(|shown| shown.dnd),
            diverted: diversions.map(|entries| entries.values().any(|entry| entry.enabled)),
            presence: shown.and_then(|shown| shown.presence),
            text: shown.and_then(|shown| shown.text.as_ref()).map(|text| text.as_str().to_owned()),
            in_event: user.report.decision.winner.is_some(),
            until: user.report.until,
            flags: user.flags.iter().copied().collect(),
        }
    }
}
