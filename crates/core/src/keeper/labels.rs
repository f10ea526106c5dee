//! Labels of busy lamp keys: what is wanted of them, and keys that a person renames (§5.9, §6.10).

use super::{Stepper, wants::Wants};
use crate::{
    account::{AccountState, Dimension, StatusText, Value},
    hold::{Keeping, Want},
    label,
};

impl Stepper<'_> {
    /// A label wants the text only while the text is wanted, not ended and not resting (§6.10).
    pub(super) fn label_want(
        &self,
        wants: &Wants<'_>,
        keeping: &Keeping<Value>,
        shows: &Value,
        resting: bool,
    ) -> Option<Want<Value>> {
        let text = wants.text().filter(|_| self.facts.policy.blf_labels && !resting)?;
        let ended = |text: &Keeping<Value>| text.has_ended(&wants.winner_id());
        if self.state.dimensions.get(&Dimension::Text).is_some_and(ended) {
            return None;
        }
        let before = keeping.hold.as_ref().map_or(shows, |hold| &hold.before);
        let (Value::Text(before), Value::Text(words)) = (before, &text.value) else { return None };
        let label = label::compose(before.as_str(), words.as_str())?;
        Some(Want { value: Value::Text(StatusText::new(label)), ..text })
    }

    /// A key that was renamed around our part keeps the new name as its own (§6.10).
    pub(super) fn keep_renamed_labels(&mut self, shown: &AccountState) {
        for (dimension, keeping) in &mut self.state.dimensions {
            let (Dimension::Label(_), Some(hold)) = (dimension, &mut keeping.hold) else { continue };
            let Some(shows) = shown.value(dimension).filter(|shows| !hold.is_ours(shows)) else { continue };
            let (Value::Text(name), Value::Text(before), Value::Text(ours)) = (&shows, &hold.before, &hold.ours) else {
                continue;
            };
            let own = label::without_our_part(name.as_str(), before.as_str(), ours.as_str());
            if let Some(own) = own {
                hold.before = Value::Text(StatusText::new(own));
                hold.ours = shows;
                hold.pending = None;
            }
        }
    }
}
