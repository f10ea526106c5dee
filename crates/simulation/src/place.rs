//! The places of an account where a value can be set: what the pretended telephone system keeps of each user.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{AccountState, Dimension, Diversion, NumberClass, Presence, StatusText, Value},
    ids::{DiversionId, LabelId},
};

use crate::dice::Dice;

/// One dimension of a pretended account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Dnd,
    External,
    Internal,
    /// A diversion without a destination: never switched on.
    Nowhere,
    Presence,
    Text,
    Label,
}

/// How many there are.
pub(crate) const SLOTS: usize = 7;

impl Slot {
    pub(crate) const ALL: [Self; SLOTS] =
        [Self::Dnd, Self::External, Self::Internal, Self::Nowhere, Self::Presence, Self::Text, Self::Label];

    /// As a place in a list.
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn of(dimension: &Dimension) -> Option<Self> {
        match dimension {
            Dimension::Dnd => Some(Self::Dnd),
            Dimension::Presence => Some(Self::Presence),
            Dimension::Text => Some(Self::Text),
            Dimension::Diversion(id) => match id.as_str() {
                "ext" => Some(Self::External),
                "int" => Some(Self::Internal),
                "none" => Some(Self::Nowhere),
                _ => None,
            },
            Dimension::Label(_) => Some(Self::Label),
        }
    }

    pub(crate) fn dimension(self) -> Dimension {
        match self {
            Self::Dnd => Dimension::Dnd,
            Self::External => Dimension::Diversion("ext".into()),
            Self::Internal => Dimension::Diversion("int".into()),
            Self::Nowhere => Dimension::Diversion("none".into()),
            Self::Presence => Dimension::Presence,
            Self::Text => Dimension::Text,
            Self::Label => Dimension::Label("k1".into()),
        }
    }

    /// A switch of the telephone: what `manual_change` is about.
    pub(crate) fn is_switch(self) -> bool {
        matches!(self, Self::Dnd | Self::External | Self::Internal | Self::Nowhere)
    }

    pub(crate) fn at_the_start(self, dice: &mut Dice) -> Value {
        match self {
            Self::Dnd | Self::External | Self::Internal | Self::Nowhere => Value::Switch(dice.in_thousand(300)),
            Self::Presence => Value::Presence(*dice.pick(&Presence::ALL)),
            Self::Text => text(dice.pick::<&str>(&["", "Bin da"])),
            Self::Label => text("Anna"),
        }
    }

    pub(crate) fn by_hand(self, dice: &mut Dice) -> Value {
        match self {
            Self::Dnd | Self::External | Self::Internal | Self::Nowhere => Value::Switch(dice.in_thousand(500)),
            Self::Presence if dice.in_thousand(500) => Value::Presence(Presence::Available),
            Self::Presence => Value::Presence(*dice.pick(&Presence::ALL)),
            Self::Text => text(dice.pick::<&str>(&["", "Hallo", "Gleich da", "Homeoffice"])),
            Self::Label => text(dice.pick::<&str>(&["Chefin", "Anna", "Zentrale"])),
        }
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(StatusText::from(text))
}

/// The account as a reading hands it out.
pub(crate) fn shown(values: &[Value; SLOTS]) -> AccountState {
    let mut state = AccountState::default();
    let diversion = |slot: Slot, number, has_destination| Diversion {
        number,
        enabled: values[slot.index()] == Value::Switch(true),
        has_destination,
    };
    state.diversions = Some(BTreeMap::from([
        (DiversionId::new("ext"), diversion(Slot::External, NumberClass::External, true)),
        (DiversionId::new("int"), diversion(Slot::Internal, NumberClass::Internal, true)),
        (DiversionId::new("none"), diversion(Slot::Nowhere, NumberClass::External, false)),
    ]));
    for slot in [Slot::Dnd, Slot::Presence, Slot::Text] {
        state.acknowledge(&slot.dimension(), &values[slot.index()]);
    }
    if let Value::Text(label) = &values[Slot::Label.index()] {
        state.labels = Some(BTreeMap::from([(LabelId::new("k1"), label.clone())]));
    }
    state
}
