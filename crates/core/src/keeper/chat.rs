//! Presence and text: whose presence it is, when both rest (§6.4, §6.5), and texts that were cut (§6.9).

use super::Stepper;
use crate::{
    account::{AccountState, Dimension, Presence, StatusText, Value},
    hold::{Pending, Purpose},
    text::clusters,
};

impl Stepper<'_> {
    /// Whether somebody changed the presence since the last reading. Where a write of ours got no answer, its
    /// value is no such change.
    pub(super) fn presence_changed(&self, shown: &AccountState) -> bool {
        let (Some(seen), Some(shows)) = (self.state.presence_seen, shown.presence) else { return false };
        let hold = self.state.dimensions.get(&Dimension::Presence).and_then(|keeping| keeping.hold.as_ref());
        let unanswered = hold.is_some_and(|hold| hold.pending.is_some() && hold.is_ours(&Value::Presence(shows)));
        seen != shows && !unanswered
    }

    /// The user's own presence: what was before ours while ours is shown, else what is shown (§6.4).
    pub(super) fn own_presence(&self, shown: &AccountState) -> Option<Presence> {
        let shows = shown.presence?;
        let hold = self.state.dimensions.get(&Dimension::Presence).and_then(|keeping| keeping.hold.as_ref());
        match hold.filter(|hold| hold.is_ours(&Value::Presence(shows))).map(|hold| &hold.before) {
            Some(Value::Presence(before)) => Some(*before),
            Some(Value::Switch(_) | Value::Text(_)) | None => Some(shows),
        }
    }

    /// Without `lead`, presence and text rest while the user's own presence is not neutral (§6.4).
    pub(super) fn is_resting(&self, shown: &AccountState) -> bool {
        let policy = self.facts.policy;
        !policy.lead
            && match self.own_presence(shown) {
                Some(Presence::Available | Presence::Unavailable) => false,
                Some(Presence::Away) => !policy.ignore_away,
                Some(Presence::ExtendedAway | Presence::DoNotDisturb | Presence::FreeForChat) => true,
                None => false,
            }
    }

    /// A shown text that is the beginning of ours was cut by the telephone system (§6.9).
    pub(super) fn notice_cut(&mut self, shown: &AccountState, as_read: bool) -> Option<usize> {
        let hold = self.state.dimensions.get_mut(&Dimension::Text).and_then(|keeping| keeping.hold.as_mut());
        let Some(hold) = hold else {
            self.state.text_replaced = None;
            self.state.text_cut = false;
            return None;
        };
        let first_look = as_read && (self.state.text_replaced.is_some() || hold.pending.is_some());
        let (Some(text), Value::Text(ours)) = (&shown.text, &hold.ours) else { return None };
        if !first_look {
            return None;
        }
        let replaced = self.state.text_replaced.take();
        let is_beginning =
            |of: &StatusText| text != of && !text.as_str().is_empty() && of.as_str().starts_with(text.as_str());
        // What a give-back without an answer was to replace may have been cut before anybody had read it.
        if let Some(Pending { was: Value::Text(was), purpose: Purpose::GiveBack, .. }) = &mut hold.pending
            && is_beginning(was)
            && hold.before != Value::Text(text.clone())
        {
            *was = text.clone();
            self.state.text_cut = true;
            return Some(clusters(text.as_str()));
        }
        // A text that was there before the write is no part of what was written: the write has not arrived, or an earlier
        // one has come after it. ("Einkauf" is the beginning of "Einkauf, Messe".)
        let before = [replaced.as_ref(), hold.pending.as_ref().map(|pending| &pending.was)];
        let was_there = before.into_iter().flatten().any(|before| *before == Value::Text(text.clone()));
        let cut = is_beginning(ours) && !was_there;
        self.state.text_cut = cut;
        if cut {
            hold.ours = Value::Text(text.clone());
        }
        cut.then(|| clusters(text.as_str()))
    }
}
