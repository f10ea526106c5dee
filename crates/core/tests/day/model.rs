//! The naive model: table 6.2 and the rules 6.4 to 6.6, one user, one dimension after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{Day, Event, KINDS, LAST, Policy, Step, Tick, clock};

type Dimension = &'static str;

const SWITCHES: [Dimension; 3] = ["dnd", "ext", "int"];

#[derive(Clone, Debug)]
struct Hold {
    before: String,
    ours: String,
}

/// What the user sees, what the program remembers, and where the text of the semantics leaves more than one reading.
pub(crate) struct Model<'a> {
    policy: &'a Policy,
    events: BTreeMap<&'static str, Event>,
    shown: BTreeMap<Dimension, String>,
    holds: BTreeMap<Dimension, Hold>,
    sleeping: BTreeMap<Dimension, Hold>,
    ended: BTreeMap<Dimension, BTreeSet<&'static str>>,
    /// Event, DND, forwarding (§4.4).
    latch: Option<(&'static str, Option<bool>, Option<bool>)>,
    /// The values at the last reading.
    read: BTreeMap<Dimension, String>,
    writes: u32,
    program_runs: bool,
    pbx_is_up: bool,
    active: bool,
    /// Two readings part ways here: nothing is expected from this tick on.
    unclear: bool,
}

/// The day as a scenario with the model's expectations at every instant at which something happens, and how many
/// of them there are.
pub(crate) fn with_expectations(day: &Day) -> (String, u32) {
    let mut model = Model::new(day);
    let mut toml = day.toml();
    let mut expectations = 0;
    let mut edges = BTreeSet::new();
    for tick in 0..=LAST {
        let step = day.steps.iter().find(|(at, _)| *at == tick).map(|(_, step)| step);
        if let Some(step) = step {
            model.apply(step);
        }
        model.compute(tick);
        if model.unclear {
            break;
        }
        for event in model.events.values() {
            edges.extend([event.start, event.end]);
        }
        if step.is_some() || edges.contains(&tick) || tick % 40 == 0 {
            toml += &model.expectation(tick);
            expectations += 1;
        }
    }
    (toml, expectations)
}

impl<'a> Model<'a> {
    fn new(day: &'a Day) -> Self {
        let user = &day.user;
        let shown = BTreeMap::from([
            ("dnd", user.dnd.to_string()),
            ("ext", user.ext.to_string()),
            ("int", user.int.to_string()),
            ("presence", user.presence.to_owned()),
            ("text", user.text.to_owned()),
            ("label", "Anna".to_owned()),
        ]);
        Self {
            policy: &day.policy,
            events: day.events.iter().map(|event| (event.id, event.clone())).collect(),
            read: shown.clone(),
            shown,
            holds: BTreeMap::new(),
            sleeping: BTreeMap::new(),
            ended: BTreeMap::new(),
            latch: None,
            writes: 0,
            program_runs: true,
            pbx_is_up: true,
            active: true,
            unclear: false,
        }
    }

    fn apply(&mut self, step: &'a Step) {
        match step {
            Step::ByHand(by_hand) => {
                let mut set = |dimension, value: Option<String>| {
                    if let Some(value) = value {
                        self.shown.insert(dimension, value);
                    }
                };
                set("dnd", by_hand.dnd.map(|on| on.to_string()));
                set("ext", by_hand.ext.map(|on| on.to_string()));
                set("int", by_hand.int.map(|on| on.to_string()));
                set("presence", by_hand.presence.map(str::to_owned));
                set("text", by_hand.text.map(str::to_owned));
                set("label", by_hand.label.map(str::to_owned));
            }
            Step::Edit(event) => {
                self.events.insert(event.id, event.clone());
            }
            Step::Remove(id) => {
                self.events.remove(id);
            }
            Step::Stop => self.program_runs = false,
            Step::Start => self.program_runs = true,
            Step::PbxDown => self.pbx_is_up = false,
            Step::PbxUp => self.pbx_is_up = true,
            Step::Deactivate => self.active = false,
            Step::Activate => self.active = true,
            Step::Policy(policy) => {
                self.policy = policy;
                self.latch = None;
            }
            Step::Crash | Step::Leave | Step::Join | Step::CalendarDown | Step::CalendarUp => {
                unreachable!("no such step in a day that the model follows")
            }
        }
    }

    fn compute(&mut self, now: Tick) {
        if !self.program_runs {
            return;
        }
        if !self.active {
            // §7.1: given back by 6.2; latch, ended events and sleeping holds are forgotten.
            for dimension in ["presence", "text", "label", "dnd", "ext", "int"] {
                self.table(dimension, None);
            }
            self.ended.clear();
            self.sleeping.clear();
            self.latch = None;
            self.read = self.shown.clone();
            return;
        }
        let mut running: Vec<Event> =
            self.events.values().filter(|event| event.start <= now && now < event.end).cloned().collect();
        running.sort_by(|a, b| {
            let rank = |event: &Event| KINDS.iter().position(|kind| *kind == event.kind).expect("a kind");
            named(b)
                .cmp(&named(a))
                .then(rank(b).cmp(&rank(a)))
                .then(b.start.cmp(&a.start))
                .then(a.end.cmp(&b.end))
                .then(a.id.cmp(b.id))
        });
        self.follow_latch(&running);
        // Events that no longer run are forgotten; with the last of them the sleeping hold ends.
        for (dimension, ended) in &mut self.ended {
            ended.retain(|id| running.iter().any(|event| event.id == *id));
            if ended.is_empty() {
                self.sleeping.remove(dimension);
            }
        }
        if !self.pbx_is_up {
            return;
        }
        if self.policy.lead {
            self.wake_to_lead("text");
        }
        if self.policy.phone_leads {
            SWITCHES.into_iter().for_each(|dimension| self.wake_to_lead(dimension));
        }
        let presence_changed = self.shown["presence"] != self.read["presence"];
        self.presence(&running);
        let own = self.own_presence();
        let rests = !self.policy.lead && !self.neutral(&own);
        self.text(&running, rests, presence_changed);
        self.label(&running, rests);
        self.switches(&running);
        self.read = self.shown.clone();
    }

    fn follow_latch(&mut self, running: &[Event]) {
        if self.policy.change_during_event {
            self.latch = None;
            return;
        }
        if let Some((id, _, _)) = self.latch
            && running.iter().any(|event| event.id == id)
        {
            return;
        }
        self.latch = None;
        if let Some(winner) = running.first() {
            let (dnd, forward) = self.action(winner);
            if dnd.is_some() || forward.is_some() {
                self.latch = Some((winner.id, dnd, forward));
            }
        }
    }

    fn action(&self, event: &Event) -> (Option<bool>, Option<bool>) {
        if !event.keywords.is_empty() {
            return keywords(event);
        }
        match row(&self.policy.actions, event) {
            "dnd" => (Some(true), None),
            "forward" => (None, Some(true)),
            _ => (None, None),
        }
    }

    fn own_presence(&self) -> String {
        let shown = &self.shown["presence"];
        match self.holds.get("presence") {
            Some(hold) if hold.ours == *shown => hold.before.clone(),
            _ => shown.clone(),
        }
    }

    fn neutral(&self, presence: &str) -> bool {
        match presence {
            "available" | "unavailable" => true,
            "away" => self.policy.ignore_away,
            _ => false,
        }
    }

    fn presence(&mut self, running: &[Event]) {
        let own = self.own_presence();
        let mut wanted = match running.first() {
            Some(winner) if self.policy.set_presence => match row(&self.policy.presences, winner) {
                "leave" => None,
                presence => Some(presence.to_owned()),
            },
            _ => None,
        };
        if wanted.as_deref() == Some("available") && own == "unavailable" {
            wanted = None;
        }
        if !self.policy.lead && !self.neutral(&own) {
            wanted = None;
        }
        match wanted {
            Some(wanted) if self.foreign("presence") => self.write_over("presence", wanted),
            wanted => self.table("presence", wanted),
        }
    }

    fn text(&mut self, running: &[Event], rests: bool, presence_changed: bool) {
        let mut wanted = self.wanted_text(running);
        if rests {
            wanted = None;
        }
        if self.wakes("text") {
            // Resting wakes nothing; whether the text wakes when resting ends is not said.
            if rests {
                self.unclear = true;
            }
            self.wake("text");
            if !rests {
                wanted = self.wanted_text(running);
            }
        }
        match wanted {
            Some(wanted) if self.foreign("text") => {
                if self.policy.lead || presence_changed {
                    self.write_over("text", wanted);
                } else {
                    self.insist("text", running);
                }
            }
            wanted => self.table("text", wanted),
        }
    }

    fn wanted_text(&self, running: &[Event]) -> Option<String> {
        let winner = running.first()?;
        let none = !self.policy.title_as_text
            || self.policy.no_text_when_free && winner.kind == "free"
            || self.has_ended("text", winner.id);
        (!none).then(|| winner.title.to_owned())
    }

    fn label(&mut self, running: &[Event], rests: bool) {
        let text = self.wanted_text(running).filter(|_| self.policy.blf_labels && !rests);
        if self.wakes("label") {
            self.unclear = true;
        }
        let before = match self.holds.get("label") {
            Some(hold) => hold.before.clone(),
            None => self.shown["label"].clone(),
        };
        let ended = running.first().is_some_and(|winner| self.has_ended("label", winner.id));
        let wanted = text.filter(|_| !ended).map(|text| format!("{before} · {text}"));
        match wanted {
            Some(_) if self.foreign("label") => self.insist("label", running),
            wanted => self.table("label", wanted),
        }
    }

    fn switches(&mut self, running: &[Event]) {
        for dimension in SWITCHES {
            if self.wakes(dimension) {
                self.wake(dimension);
            }
            let wanted = self.wanted_switch(dimension, running).map(|on| on.to_string());
            match wanted {
                Some(wanted) if self.foreign(dimension) => {
                    if self.policy.phone_leads {
                        self.write_over(dimension, wanted);
                    } else {
                        self.insist(dimension, running);
                    }
                }
                wanted => self.table(dimension, wanted),
            }
        }
    }

    fn wanted_switch(&self, dimension: Dimension, running: &[Event]) -> Option<bool> {
        let (from, dnd, forward) = match self.latch {
            Some(latch) => latch,
            None => {
                let winner = running.first()?;
                let (dnd, forward) = self.action(winner);
                (winner.id, dnd, forward)
            }
        };
        if self.has_ended(dimension, from) {
            return None;
        }
        match dimension {
            "dnd" => dnd,
            "int" if forward == Some(true) && !self.policy.forward_internal_calls => None,
            _ => forward,
        }
    }

    fn has_ended(&self, dimension: Dimension, event: &str) -> bool {
        self.ended.get(dimension).is_some_and(|ended| ended.contains(event))
    }

    fn foreign(&self, dimension: Dimension) -> bool {
        self.holds.get(dimension).is_some_and(|hold| hold.ours != self.shown[dimension])
    }

    /// Table 6.2, without its rows for 6.5.
    fn table(&mut self, dimension: Dimension, wanted: Option<String>) {
        let shown = self.shown[dimension].clone();
        match (wanted, self.holds.get(dimension).cloned()) {
            (None, None) => {}
            (Some(wanted), None) => {
                self.holds.insert(dimension, Hold { before: shown, ours: wanted.clone() });
                self.write(dimension, wanted);
            }
            (Some(wanted), Some(hold)) => {
                self.holds.insert(dimension, Hold { before: hold.before, ours: wanted.clone() });
                self.write(dimension, wanted);
            }
            (None, Some(hold)) => {
                self.holds.remove(dimension);
                if shown == hold.ours {
                    self.write(dimension, hold.before);
                }
            }
        }
    }

    fn write(&mut self, dimension: Dimension, value: String) {
        if self.shown[dimension] != value {
            self.shown.insert(dimension, value);
            self.writes += 1;
        }
    }

    /// §6.5: what is written over becomes `before`.
    fn write_over(&mut self, dimension: Dimension, wanted: String) {
        let before = self.shown[dimension].clone();
        if before == wanted {
            // A person and the calendar come to the same value while nobody looks: not said.
            self.unclear = true;
        }
        self.holds.insert(dimension, Hold { before, ours: wanted.clone() });
        self.write(dimension, wanted);
    }

    /// §6.6.
    fn insist(&mut self, dimension: Dimension, running: &[Event]) {
        let hold = self.holds.remove(dimension).expect("only what is held is insisted on");
        if self.sleeping.insert(dimension, hold).is_some() {
            // Of two sleeping holds only the order of waking is said.
            self.unclear = true;
        }
        self.ended.insert(dimension, running.iter().map(|event| event.id).collect());
    }

    fn wakes(&self, dimension: Dimension) -> bool {
        let changed = self.shown[dimension] != self.read[dimension];
        changed && self.sleeping.get(dimension).is_some_and(|hold| hold.ours == self.shown[dimension])
    }

    fn wake(&mut self, dimension: Dimension) {
        let hold = self.sleeping.remove(dimension).expect("only what sleeps wakes");
        self.holds.insert(dimension, hold);
        self.ended.remove(dimension);
    }

    /// The policy has come to lead: what slept wakes, and the foreign value is what is given back.
    fn wake_to_lead(&mut self, dimension: Dimension) {
        if let Some(slept) = self.sleeping.remove(dimension) {
            if self.holds.contains_key(dimension) {
                // Which of the two values is given back is not said.
                self.unclear = true;
            }
            let before = self.shown[dimension].clone();
            self.holds.insert(dimension, Hold { before, ours: slept.ours });
        }
        self.ended.remove(dimension);
    }

    fn expectation(&self, tick: Tick) -> String {
        let shown = &self.shown;
        let mut toml = String::new();
        let at = clock(tick, 1);
        writeln!(
            toml,
            "[[expect]]\nat = \"{at}\"\nuser = \"anna\"\ndnd = {}\npresence = \"{}\"\ntext = \"{}\"\ndiversions = {{ ext = {}, int = {} }}\nlabels = {{ k1 = \"{}\" }}\nwrites = {}",
            shown["dnd"], shown["presence"], shown["text"], shown["ext"], shown["int"], shown["label"], self.writes
        )
        .expect("a string takes everything");
        toml
    }
}

fn row(rows: &[&'static str; 5], event: &Event) -> &'static str {
    rows[KINDS.iter().position(|kind| *kind == event.kind).expect("a kind")]
}

fn keywords(event: &Event) -> (Option<bool>, Option<bool>) {
    let value = |on: &str, off: &str| {
        if event.keywords.contains(on) {
            Some(true)
        } else if event.keywords.contains(off) {
            Some(false)
        } else {
            None
        }
    };
    (value("(Ruhe)", "(Keine Ruhe)"), value("(Anrufe weiterleiten)", "(Keine Anrufe weiterleiten)"))
}

/// The event has a keyword that names a dimension (§3.1.1).
fn named(event: &Event) -> bool {
    keywords(event) != (None, None)
}
