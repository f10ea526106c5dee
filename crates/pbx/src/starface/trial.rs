//! Trying everything with one willing user: each dimension is set to something else, looked at, and given back. What no
//! description of STARFACE says is found out here: whether the PBX takes a value, what it makes of it, what else it
//! changes along with it, and whether the bridge tells of it.

use std::time::Duration;

use busylamp_core::{
    account::{AccountState, Dimension, NumberClass, Presence, StatusText, Value},
    check::{Name, Step, Verdict},
    ids::AccountId,
    said::Said,
};

use super::{
    Starface,
    bridge::message::{Changed, Events},
    steps,
};
use crate::{AccountWrites, Pbx, PbxError, Reading, WriteOutcome};

/// How often it is tried to give everything back, with growing pauses in between.
const GIVE_BACK_TRIES: u32 = 6;
/// The text that is shown for a moment.
const TEXT: &str = "Busylamp äöü 🙂";
/// How long a text the PBX is asked to keep, in characters: the longest that a policy allows.
const LONG: usize = 512;
/// How often the bridge is asked for what happened during the trial.
const HEARD: usize = 8;

/// One thing that is tried.
struct Attempt {
    name: Name,
    /// What it is, for people.
    what: String,
    dimension: Dimension,
    value: Value,
}

impl Starface {
    /// Sets every dimension of a willing user's to something else, one after the other, and gives each back; at the end,
    /// and after a failure in the middle, everything is compared with the beginning and given back where it still is
    /// what was set here. No texts, names or numbers are told. It takes some seconds and must not be cut short: what is
    /// set when this is dropped stays set.
    pub async fn trial(&self, account: &AccountId) -> Vec<Step> {
        let mut steps = Vec::new();
        let labels = self.survey_labels(&[account.clone()].into()).await;
        let before = match self.look(account).await {
            Ok(state) => state,
            Err(error) => return vec![fault(steps::TRIAL, error)],
        };
        steps.push(Step::new(steps::TRIAL, Verdict::Ok(english(format!("before it, there is {}", readable(&before))))));
        if let Err(error) = labels {
            steps.push(Step::new(
                steps::TRIAL_OF_LABELS,
                Verdict::Note(english(format!("they can't be read: {error}"))),
            ));
        }
        let cursor = match &self.bridge {
            Some(bridge) => self.begin_hearing(bridge).await.ok(),
            None => None,
        };
        // They would show for a while what is taken back at once.
        self.labels.phones().hold();
        let mut set: Vec<(Dimension, Value)> = Vec::new();
        for attempt in attempts(&before) {
            set.push((attempt.dimension.clone(), attempt.value.clone()));
            steps.push(self.attempt(account, &before, attempt).await);
        }
        steps.extend(self.heard(account, cursor).await);
        let end = self.give_back(account, &before, &set).await;
        steps.extend(self.phones().await);
        steps.push(end);
        steps
    }

    /// Phones whose labels were tried get them anew, as they are at the end.
    async fn phones(&self) -> Option<Step> {
        let name = steps::TRIAL_OF_PHONES;
        match self.labels.phones().release(&self.rest).await {
            (0, None) => None,
            (done, None) => Some(Step::new(name, Verdict::Ok(english(format!("{done} were provisioned"))))),
            (done, Some(error)) => Some(Step::new(
                name,
                Verdict::Note(english(format!("{done} were provisioned, others take no labels from the PBX: {error}"))),
            )),
        }
    }

    async fn look(&self, account: &AccountId) -> Result<AccountState, PbxError> {
        match self.read(std::slice::from_ref(account)).await?.remove(account) {
            Some(Ok(Reading::State(state))) => Ok(state),
            Some(Ok(Reading::Gone)) => {
                Err(PbxError::Configuration { advice: english(format!("there is no account {account} on the PBX")) })
            }
            Some(Err(error)) => Err(error),
            None => Err(PbxError::Protocol { advice: english("the account was not told") }),
        }
    }

    async fn put(&self, account: &AccountId, dimension: &Dimension, value: &Value) -> WriteOutcome {
        let writes = AccountWrites { account: account.clone(), values: vec![(dimension.clone(), value.clone())] };
        let outcome = self.apply(&[writes]).await.remove(account).and_then(|outcomes| outcomes.into_iter().next());
        outcome.map_or_else(|| WriteOutcome::Unknown { advice: english("no answer") }, |(_, outcome)| outcome)
    }

    /// Sets one dimension, looks, and gives it back at once.
    async fn attempt(&self, account: &AccountId, before: &AccountState, attempt: Attempt) -> Step {
        let Attempt { name, what, dimension, value } = attempt;
        if let Some(problem) = problem(self.put(account, &dimension, &value).await) {
            return fault(name, format!("{what}: {problem}"));
        }
        let said = match self.look(account).await {
            Ok(shown) => judge(before, &shown, &dimension, &value),
            Err(error) => Err(format!("it was set, but can't be read: {error}")),
        };
        let back = match before.value(&dimension) {
            Some(own) => problem(self.put(account, &dimension, &own).await),
            None => None,
        };
        match (said, back) {
            (Err(said), _) => fault(name, format!("{what}: {said}")),
            (Ok(_), Some(problem)) => fault(name, format!("{what}: it was set, but giving it back failed: {problem}")),
            (Ok(None), None) => Step::new(name, Verdict::Ok(english(format!("{what}: set, seen and given back")))),
            (Ok(Some(said)), None) => {
                Step::new(name, Verdict::Note(english(format!("{what}: set and given back; {said}"))))
            }
        }
    }

    /// What the bridge told of the trial.
    async fn heard(&self, account: &AccountId, cursor: Option<String>) -> Option<Step> {
        let name = steps::TRIAL_OF_EVENTS;
        let bridge = self.bridge.as_ref()?;
        let mut cursor = cursor?;
        let (mut own, mut foreign) = (0_usize, 0_usize);
        for _ in 0..HEARD {
            match bridge.events(&cursor, 1).await {
                Ok(Events::Changed { changes, .. }) if changes.is_empty() => break,
                Ok(Events::Changed { cursor: next, changes }) => {
                    cursor = next;
                    let mine = changes.iter().filter(|change| change.account == *account);
                    for Changed { by_bridge, .. } in mine {
                        if *by_bridge { own += 1 } else { foreign += 1 }
                    }
                }
                Ok(Events::Lost) => return Some(fault(name, "the bridge has lost what happened during the trial")),
                Err(failure) => return Some(fault(name, failure.error)),
            }
        }
        let said = format!("the bridge told of {own} changes as its own and of {foreign} as somebody else's");
        let verdict = if foreign > 0 {
            Verdict::Note(english(format!(
                "{said}; either somebody used the telephone, another program writes as well, or this PBX does not say who \
                 made a change"
            )))
        } else {
            Verdict::Ok(english(said))
        };
        Some(Step::new(name, verdict))
    }

    /// Puts right what is not as before, if it is what was set here.
    async fn give_back(&self, account: &AccountId, before: &AccountState, set: &[(Dimension, Value)]) -> Step {
        let name = steps::TRIALS_END;
        let mut pause = Duration::from_millis(500);
        let mut left = String::new();
        for round in 0..GIVE_BACK_TRIES {
            if round > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            let shown = match self.look(account).await {
                Ok(shown) => shown,
                Err(error) => {
                    left = format!("the account can't be read: {error}");
                    continue;
                }
            };
            let (mut ours, mut unseen, mut foreign) = (Vec::new(), 0, Vec::new());
            for (dimension, own) in values(before) {
                match shown.value(&dimension) {
                    Some(now) if now == own => {}
                    Some(now) if is_of_trial(set, &dimension, &now) => ours.push((dimension, own)),
                    Some(_) => foreign.push(kind(&dimension)),
                    None => unseen += 1,
                }
            }
            if ours.is_empty() && unseen == 0 {
                return Step::new(
                    name,
                    if foreign.is_empty() {
                        Verdict::Ok(english("everything is as it was before"))
                    } else {
                        let what = foreign.join(", ");
                        Verdict::Note(english(format!(
                            "somebody changed this meanwhile, and it was left as it is: {what}"
                        )))
                    },
                );
            }
            let what: Vec<&str> = ours.iter().map(|(dimension, _)| kind(dimension)).collect();
            left = format!("not given back: {}", what.join(", "));
            for (dimension, own) in &ours {
                if let Some(problem) = problem(self.put(account, dimension, own).await) {
                    left = format!("{}: {problem}", kind(dimension));
                }
            }
        }
        fault(name, format!("something could not be given back and has to be put right by hand: {left}"))
    }
}

/// Only the command line shows trials, in English.
fn english(said: impl Into<String>) -> Said {
    Said::verbatim(said)
}

fn fault(name: Name, problem: impl ToString) -> Step {
    Step::new(name, Verdict::Fault(english(problem.to_string())))
}

fn attempts(before: &AccountState) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let mut add = |name, what: String, dimension, value| attempts.push(Attempt { name, what, dimension, value });
    if let Some(on) = before.dnd {
        let what = if on { "off" } else { "on" };
        add(steps::TRIAL_OF_DND, what.to_owned(), Dimension::Dnd, Value::Switch(!on));
    }
    if let Some(own) = before.presence {
        for presence in Presence::ALL.into_iter().filter(|presence| *presence != own) {
            add(steps::TRIAL_OF_PRESENCE, presence.name().to_owned(), Dimension::Presence, Value::Presence(presence));
        }
    }
    if before.text.is_some() {
        let long: String = "Busylamp ".chars().cycle().take(LONG - 1).chain(['!']).collect();
        for (what, text) in [("a short one", TEXT.to_owned()), ("a long one", long), ("none", String::new())] {
            add(steps::TRIAL_OF_TEXT, what.to_owned(), Dimension::Text, Value::Text(StatusText::new(text)));
        }
    }
    for (place, (id, entry)) in before.diversions.iter().flatten().enumerate() {
        // Switching one on that leads nowhere is never done, and off is what most of these are.
        if !entry.has_destination && !entry.enabled {
            continue;
        }
        let class = match entry.number {
            NumberClass::External => "external",
            NumberClass::Internal => "internal",
            NumberClass::Unknown => continue,
        };
        let what = format!("entry {} ({class}) {}", place + 1, if entry.enabled { "off" } else { "on" });
        add(steps::TRIAL_OF_DIVERSIONS, what, Dimension::Diversion(id.clone()), Value::Switch(!entry.enabled));
    }
    for (place, (id, name)) in before.labels.iter().flatten().enumerate() {
        let value = StatusText::new(format!("{} · {TEXT}", name.as_str()));
        add(steps::TRIAL_OF_LABELS, format!("key {}", place + 1), Dimension::Label(id.clone()), Value::Text(value));
    }
    // What was so already proves nothing.
    attempts.retain(|attempt| before.value(&attempt.dimension).as_ref() != Some(&attempt.value));
    attempts
}

/// What the PBX made of a value: nothing to say, something to say, or not what was set.
fn judge(
    before: &AccountState,
    shown: &AccountState,
    dimension: &Dimension,
    value: &Value,
) -> Result<Option<String>, String> {
    let mut said = Vec::new();
    match shown.value(dimension) {
        Some(now) if now == *value => {}
        Some(Value::Text(now)) => match value {
            Value::Text(text) if !now.as_str().is_empty() && text.as_str().starts_with(now.as_str()) => {
                said.push(format!("the PBX keeps {} characters of it", now.as_str().chars().count()));
            }
            Value::Switch(_) | Value::Presence(_) | Value::Text(_) => {
                return Err("the PBX acknowledged it and shows another text".to_owned());
            }
        },
        Some(now) => return Err(format!("the PBX acknowledged it and shows {}", now.reveal())),
        None => return Err("the PBX acknowledged it and does not show it".to_owned()),
    }
    let others = values(before).filter(|(other, own)| other != dimension && shown.value(other).as_ref() != Some(own));
    let others: Vec<&str> = others.map(|(other, _)| kind(&other)).collect();
    if !others.is_empty() {
        said.push(format!("along with it the PBX changed: {}", others.join(", ")));
    }
    Ok((!said.is_empty()).then(|| said.join("; ")))
}

fn values(state: &AccountState) -> impl Iterator<Item = (Dimension, Value)> {
    state.dimensions().filter_map(|dimension| {
        let value = state.value(&dimension)?;
        Some((dimension, value))
    })
}

/// Whether a value is one that the trial set, as far as the PBX kept it.
fn is_of_trial(set: &[(Dimension, Value)], dimension: &Dimension, now: &Value) -> bool {
    set.iter().filter(|(written, _)| written == dimension).any(|(_, value)| match (value, now) {
        (Value::Text(value), Value::Text(now)) => {
            value == now || (!now.as_str().is_empty() && value.as_str().starts_with(now.as_str()))
        }
        (value, now) => value == now,
    })
}

fn problem(outcome: WriteOutcome) -> Option<String> {
    match outcome {
        WriteOutcome::Acknowledged => None,
        WriteOutcome::Refused { advice } => Some(format!("the PBX refuses it: {advice}")),
        WriteOutcome::Gone => Some("it is not there any more".to_owned()),
        WriteOutcome::NotDone { advice } => Some(format!("it was not done: {advice}")),
        WriteOutcome::Unknown { advice } => Some(format!("nobody knows whether it was done: {advice}")),
    }
}

fn kind(dimension: &Dimension) -> &'static str {
    match dimension {
        Dimension::Dnd => "do not disturb",
        Dimension::Presence => "chat presence",
        Dimension::Text => "status text",
        Dimension::Diversion(_) => "a diversion",
        Dimension::Label(_) => "a label",
    }
}

fn readable(state: &AccountState) -> String {
    let count = |len: Option<usize>, what: &str| match len {
        Some(len) => format!("{len} {what}"),
        None => format!("{what} not to be read"),
    };
    let told = |is_told: bool, what: &str| format!("{what}{}", if is_told { "" } else { " not to be read" });
    [
        told(state.dnd.is_some(), "do not disturb"),
        told(state.presence.is_some(), "chat presence"),
        told(state.text.is_some(), "a status text"),
        count(state.diversions.as_ref().map(std::collections::BTreeMap::len), "always-diversions"),
        count(state.labels.as_ref().map(std::collections::BTreeMap::len), "busy lamp keys"),
    ]
    .join(", ")
}
