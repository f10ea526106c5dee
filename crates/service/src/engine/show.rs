//! Pictures for people.

use std::sync::Arc;

use busylamp_core::{
    decide::Decision,
    ids::{AccountId, InstanceId},
    keeper::{Account, Report},
    latch::Latch,
    policy::{ChangeDuringEvent, Policy},
    said::Said,
    view::View,
};
use tokio::time::Instant;

use super::{
    BOARD_PAUSE, Engine,
    instance::{Instance, User},
};
use crate::{
    board::{Board, Connection, Lamp, Next},
    health::{ConnectionHealth, Side},
};

/// For so many users it is looked for what comes next, for one picture: it takes a calendar each.
const LOOKS: usize = 500;

impl Engine {
    /// Shows a new picture if there is something new, somebody looks, and the last one is not too young.
    pub(super) fn show(&mut self) {
        if !self.board_is_old || self.board.receiver_count() == 0 || self.board_made.elapsed() < BOARD_PAUSE {
            return;
        }
        let whole = self.look_ahead();
        let names = self.instances.iter().map(|(id, instance)| (id.clone(), instance.config.name.clone()));
        let mut board = Board { now: Some(self.clock.now()), names: names.collect(), ..Board::default() };
        for (id, instance) in &self.instances {
            let mut lamps: Vec<Lamp> =
                instance.users.iter().map(|(account, user)| self.lamp(id, instance, account, user)).collect();
            lamps.sort_by(|a, b| a.name.cmp(&b.name));
            board.lamps.extend(lamps);
        }
        // A group is worth a line only where it can't be read.
        let worth = |connection: &ConnectionHealth| connection.side != Side::Group || connection.trouble.is_some();
        let connections = self.connections().into_iter().filter(worth);
        board.connections = connections
            .map(|ConnectionHealth { name, last_success, trouble, notes, .. }| Connection {
                name,
                last_success,
                trouble,
                notes,
            })
            .collect();
        if let Some(trouble) = &self.commit_trouble {
            let trouble = Some(trouble.clone());
            board.connections.push(Connection {
                name: Said::new("Speicher", "store"),
                last_success: None,
                trouble,
                notes: Vec::new(),
            });
        }
        self.board.send_replace(Arc::new(board));
        self.board_is_old = !whole;
        self.board_made = Instant::now();
    }

    /// Looks for what comes next, where that is not known any more. Whether that is known of everybody then: after a
    /// change that concerns all, the next pictures bring the rest.
    fn look_ahead(&mut self) -> bool {
        let mut left = LOOKS;
        for instance in self.instances.values_mut() {
            let Instance { users, mailboxes, config, text_limit, .. } = instance;
            for user in users.values_mut().filter(|user| user.next_is_old) {
                if left == 0 {
                    return false;
                }
                left -= 1;
                user.next_is_old = false;
                user.next = user.mail.as_ref().and_then(|mail| {
                    let mailbox = mailboxes.get(mail)?;
                    let (agenda, _) = mailbox.agenda.as_ref()?;
                    let zone = mailbox.zone.as_ref().unwrap_or(&config.zone);
                    let view = View::new(&config.policy, config.language, zone, agenda, *text_limit);
                    next(&view, &config.policy, &user.report)
                });
            }
        }
        true
    }

    pub(super) fn lamp(&self, id: &InstanceId, instance: &Instance, account: &AccountId, user: &User) -> Lamp {
        let live = self.links.get(&instance.config.pbx_key()).and_then(|link| link.accounts.get(account));
        let shown = live.and_then(|live| match live.mirror.account() {
            Account::Shown { state, .. } => Some(state),
            Account::Unknown | Account::Gone => None,
        });
        let diversions = shown.and_then(|shown| shown.diversions.as_ref());
        Lamp {
            instance: id.clone(),
            account: account.clone(),
            group: instance.config.group.clone(),
            name: user.name.clone(),
            dnd: shown.and_then(|shown| shown.dnd),
            diverted: diversions.map(|entries| entries.values().any(|entry| entry.enabled)),
            presence: shown.and_then(|shown| shown.presence),
            text: shown.and_then(|shown| shown.text.as_ref()).map(|text| text.as_str().to_owned()),
            in_event: user.report.decision.winner.is_some(),
            until: user.report.until,
            next: user.next,
            paused_until: instance.pauses.get(account).copied(),
            flags: user.flags.iter().copied().collect(),
        }
    }
}

/// What follows a step's decision.
fn next(view: &View<'_>, policy: &Policy, report: &Report) -> Option<Next> {
    let at = report.until?;
    let (_, decision) = view.decisions(latch(policy, &report.decision), at, Some(at)).next()?;
    Some(Next {
        at,
        dnd: decision.dnd,
        forwards: decision.forward.external == Some(true),
        in_event: decision.winner.is_some(),
    })
}

/// The latch in force, as a decision shows it.
pub(crate) fn latch(policy: &Policy, decision: &Decision) -> Option<Latch> {
    let event = decision.action_from.clone().filter(|_| policy.change_during_event == ChangeDuringEvent::Latch)?;
    Some(Latch { event, dnd: decision.dnd, forward: decision.forward.external })
}
