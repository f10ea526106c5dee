//! Random days of one user, written as scenarios, and a naive model of what they should look like (semantics §6):
//! every half minute everything is computed anew from the text of the table, without a thought of speed.

pub(crate) mod model;

use std::fmt::Write;

use proptest::{collection::vec, option, prelude::*, sample::select};

/// Half minutes since 08:00: events begin and end on even ones, everything else happens on odd ones, so that no two
/// causes fall on one instant.
pub(crate) type Tick = u32;

/// The last tick of the day that is looked at: 12:00.
pub(crate) const LAST: Tick = 480;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: &'static str,
    pub(crate) start: Tick,
    pub(crate) end: Tick,
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    /// Keyword groups at the end of the subject.
    pub(crate) keywords: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// free, working_elsewhere, tentative, busy, out_of_office.
    pub(crate) actions: [&'static str; 5],
    pub(crate) presences: [&'static str; 5],
    pub(crate) forward_internal_calls: bool,
    pub(crate) change_during_event: bool,
    pub(crate) phone_leads: bool,
    pub(crate) set_presence: bool,
    pub(crate) lead: bool,
    pub(crate) ignore_away: bool,
    pub(crate) title_as_text: bool,
    pub(crate) no_text_when_free: bool,
    pub(crate) blf_labels: bool,
}

/// What a person changes in one go.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ByHand {
    pub(crate) dnd: Option<bool>,
    pub(crate) presence: Option<&'static str>,
    pub(crate) text: Option<&'static str>,
    pub(crate) ext: Option<bool>,
    pub(crate) int: Option<bool>,
    pub(crate) label: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    ByHand(ByHand),
    Edit(Event),
    Remove(&'static str),
    Stop,
    Start,
    Crash,
    PbxDown,
    PbxUp,
    Deactivate,
    Activate,
    Leave,
    Join,
    CalendarDown,
    CalendarUp,
    Policy(Policy),
}

/// The user as the telephone system shows her at the start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct User {
    pub(crate) dnd: bool,
    pub(crate) presence: &'static str,
    pub(crate) text: &'static str,
    pub(crate) ext: bool,
    pub(crate) int: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) policy: Policy,
    pub(crate) keep_on_deactivate: bool,
    pub(crate) read_every: Option<&'static str>,
    pub(crate) user: User,
    pub(crate) events: Vec<Event>,
    pub(crate) steps: Vec<(Tick, Step)>,
}

pub(crate) const KINDS: [&str; 5] = ["free", "working_elsewhere", "tentative", "busy", "out_of_office"];

pub(crate) fn clock(tick: Tick, second: u32) -> String {
    format!("{:02}:{:02}:{:02}", 8 + tick / 120, tick / 2 % 60, tick % 2 * 30 + second)
}

impl Event {
    fn toml(&self) -> String {
        format!(
            "event = {{ id = \"{}\", start = \"{}\", end = \"{}\", kind = \"{}\", subject = \"{}{}\" }}",
            self.id,
            clock(self.start, 0),
            clock(self.end, 0),
            self.kind,
            self.title,
            self.keywords
        )
    }
}

impl Policy {
    fn keys(&self) -> Vec<String> {
        let rows = |values: &[&str; 5]| {
            let rows: Vec<String> =
                KINDS.iter().zip(values).map(|(kind, value)| format!("{kind} = \"{value}\"")).collect();
            rows.join(", ")
        };
        vec![
            format!("actions = {{ {} }}", rows(&self.actions)),
            format!("presences = {{ {} }}", rows(&self.presences)),
            format!("forward_internal_calls = {}", self.forward_internal_calls),
            format!("change_during_event = {}", self.change_during_event),
            format!("manual_change = \"{}\"", if self.phone_leads { "lead" } else { "stand_back" }),
            format!("set_presence = {}", self.set_presence),
            format!("lead = {}", self.lead),
            format!("ignore_away = {}", self.ignore_away),
            format!("title_as_text = {}", self.title_as_text),
            format!("no_text_when_free = {}", self.no_text_when_free),
            format!("blf_labels = {}", self.blf_labels),
        ]
    }
}

impl ByHand {
    fn toml(&self) -> String {
        let mut keys = Vec::new();
        if let Some(on) = self.dnd {
            keys.push(format!("dnd = {on}"));
        }
        if let Some(presence) = self.presence {
            keys.push(format!("presence = \"{presence}\""));
        }
        if let Some(text) = self.text {
            keys.push(format!("text = \"{text}\""));
        }
        let switches: Vec<String> = [("ext", self.ext), ("int", self.int)]
            .into_iter()
            .filter_map(|(id, on)| on.map(|on| format!("{id} = {on}")))
            .collect();
        if !switches.is_empty() {
            keys.push(format!("diversions = {{ {} }}", switches.join(", ")));
        }
        if let Some(label) = self.label {
            keys.push(format!("labels = {{ k1 = \"{label}\" }}"));
        }
        format!("by_hand = {{ {} }}", keys.join(", "))
    }
}

impl Day {
    /// The scenario without expectations.
    pub(crate) fn toml(&self) -> String {
        let mut toml = String::from(
            "name = \"A random day\"\nday = \"2026-11-24\"\nzone = \"Europe/Berlin\"\nlanguage = \"de\"\n",
        );
        let mut line = |text: String| writeln!(toml, "{text}").expect("a string takes everything");
        if let Some(interval) = self.read_every {
            line(format!("read_every = \"{interval}\""));
        }
        line("[policy]".to_owned());
        self.policy.keys().into_iter().for_each(&mut line);
        line(format!("keep_on_deactivate = {}", self.keep_on_deactivate));
        line("[[user]]\nname = \"anna\"".to_owned());
        let user = &self.user;
        line(format!("dnd = {}\npresence = \"{}\"\ntext = \"{}\"", user.dnd, user.presence, user.text));
        let entry = |class, on| format!("{{ number = \"{class}\", enabled = {on}, destination = \"+4930\" }}");
        line(format!(
            "diversions = {{ ext = {}, int = {} }}",
            entry("external", user.ext),
            entry("internal", user.int)
        ));
        line("labels = { k1 = \"Anna\" }".to_owned());
        for event in &self.events {
            line(format!("[[step]]\nat = \"07:00\"\nuser = \"anna\"\n{}", event.toml()));
        }
        for (tick, step) in &self.steps {
            let what = match step {
                Step::ByHand(by_hand) => format!("user = \"anna\"\n{}", by_hand.toml()),
                Step::Edit(event) => format!("user = \"anna\"\n{}", event.toml()),
                Step::Remove(id) => format!("user = \"anna\"\nremove_event = \"{id}\""),
                Step::Stop => "program = \"stop\"".to_owned(),
                Step::Start => "program = \"start\"".to_owned(),
                Step::Crash => "program = \"crash\"".to_owned(),
                Step::PbxDown => "pbx = \"down\"".to_owned(),
                Step::PbxUp => "pbx = \"up\"".to_owned(),
                Step::Deactivate => "instance = \"deactivate\"".to_owned(),
                Step::Activate => "instance = \"activate\"".to_owned(),
                Step::Leave => "user = \"anna\"\ngroup = \"leave\"".to_owned(),
                Step::Join => "user = \"anna\"\ngroup = \"join\"".to_owned(),
                Step::CalendarDown => "calendar = \"down\"".to_owned(),
                Step::CalendarUp => "calendar = \"up\"".to_owned(),
                Step::Policy(policy) => format!("policy = {{ {} }}", policy.keys().join(", ")),
            };
            line(format!("[[step]]\nat = \"{}\"\n{what}", clock(*tick, 0)));
        }
        toml
    }

    /// What the user's dimensions are at the start, as an expectation's keys.
    pub(crate) fn as_at_the_start(&self) -> String {
        let user = &self.user;
        format!(
            "dnd = {}\npresence = \"{}\"\ntext = \"{}\"\ndiversions = {{ ext = {}, int = {} }}\nlabels = {{ k1 = \"Anna\" }}",
            user.dnd, user.presence, user.text, user.ext, user.int
        )
    }
}

pub(crate) const PRESENCES: [&str; 6] =
    ["available", "away", "extended_away", "do_not_disturb", "free_for_chat", "unavailable"];

const IDS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// An event that is over by 11:00.
fn event(id: &'static str) -> impl Strategy<Value = Event> {
    let keywords = select(vec![
        "",
        "",
        "",
        "",
        "",
        " (Ruhe)",
        " (Keine Ruhe)",
        " (Anrufe weiterleiten)",
        " (Keine Anrufe weiterleiten)",
        " (Keine Aktion)",
        " (Ruhe) (Anrufe weiterleiten)",
        " (Keine Ruhe) (Anrufe weiterleiten)",
    ]);
    let title = select(vec!["Jour fixe", "Einkauf", "Messe", "Arzt"]);
    // Multiples of five minutes, so that adjacent and simultaneous ones are common.
    (0u32..28, 1u32..10, select(KINDS.to_vec()), title, keywords).prop_map(
        move |(start, length, kind, title, keywords)| {
            let end = (start + length).min(36);
            Event { id, start: start * 10, end: end * 10, kind, title, keywords }
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    (1usize..=6).prop_flat_map(|count| IDS.into_iter().take(count).map(event).collect::<Vec<_>>())
}

fn policy() -> impl Strategy<Value = Policy> {
    let action = || select(vec!["none", "dnd", "dnd", "forward"]);
    let actions = [action(), action(), action(), action(), action()];
    let factory = ["available", "available", "available", "do_not_disturb", "extended_away"];
    let row = |kind: usize| prop_oneof![5 => Just(factory[kind]), 1 => Just("leave"), 1 => select(PRESENCES.to_vec())];
    let presences = [row(0), row(1), row(2), row(3), row(4)];
    (actions, presences, vec(any::<bool>(), 6), vec(prop::bool::weighted(0.75), 3)).prop_map(
        |(actions, presences, even, mostly)| Policy {
            actions,
            presences,
            forward_internal_calls: even[0],
            change_during_event: mostly[0],
            phone_leads: even[1],
            set_presence: mostly[1],
            lead: even[2],
            ignore_away: even[3],
            title_as_text: mostly[2],
            no_text_when_free: even[4],
            blf_labels: even[5],
        },
    )
}

fn user() -> impl Strategy<Value = User> {
    let presence = prop_oneof![3 => Just("available"), 2 => Just("unavailable"), 2 => select(PRESENCES.to_vec())];
    (any::<bool>(), presence, select(vec!["", "Bin da"]), any::<bool>(), any::<bool>())
        .prop_map(|(dnd, presence, text, ext, int)| User { dnd, presence, text, ext, int })
}

fn by_hand() -> impl Strategy<Value = ByHand> {
    let presence = || prop_oneof![3 => Just("available"), 1 => Just("unavailable"), 3 => select(PRESENCES.to_vec())];
    let text = || select(vec!["", "Hallo", "Gleich da", "Jour fixe"]);
    let label = select(vec!["Chefin", "Anna", "Zentrale"]);
    prop_oneof![
        4 => any::<bool>().prop_map(|dnd| ByHand { dnd: Some(dnd), ..ByHand::default() }),
        3 => presence().prop_map(|presence| ByHand { presence: Some(presence), ..ByHand::default() }),
        3 => text().prop_map(|text| ByHand { text: Some(text), ..ByHand::default() }),
        2 => (presence(), text())
            .prop_map(|(presence, text)| ByHand { presence: Some(presence), text: Some(text), ..ByHand::default() }),
        2 => (option::of(any::<bool>()), any::<bool>())
            .prop_map(|(ext, int)| ByHand { ext, int: Some(int), ..ByHand::default() }),
        1 => label.prop_map(|label| ByHand { label: Some(label), ..ByHand::default() }),
    ]
}

/// Something that begins and ends, or happens once; the model knows it.
#[derive(Clone, Debug)]
enum Happening {
    ByHand(ByHand),
    Edit(Event),
    Remove(&'static str),
    Policy(Policy),
    Away(Box<Step>, Vec<ByHand>, Box<Step>),
}

fn happening(with_people: bool) -> BoxedStrategy<Happening> {
    let id = select(IDS.to_vec());
    let edit = id.clone().prop_flat_map(event).prop_map(Happening::Edit);
    let remove = id.prop_map(Happening::Remove);
    let hands = if with_people { 0..=1usize } else { 0..=0 };
    let stopped =
        vec(by_hand(), hands).prop_map(|hands| Happening::Away(Box::new(Step::Stop), hands, Box::new(Step::Start)));
    let pbx = Just(Happening::Away(Box::new(Step::PbxDown), vec![], Box::new(Step::PbxUp)));
    let inactive = Just(Happening::Away(Box::new(Step::Deactivate), vec![], Box::new(Step::Activate)));
    let person = by_hand().prop_map(Happening::ByHand);
    let people = if with_people { 12 } else { 0 };
    let policy = policy().prop_map(Happening::Policy);
    prop_oneof![people => person, 2 => policy, 2 => edit, 1 => remove, 2 => stopped, 1 => pbx, 1 => inactive].boxed()
}

/// Happenings one after the other, at least six minutes apart: far enough for §6.7 to stay out of the way, which has its
/// own scenarios.
fn laid_out(happenings: Vec<(Happening, Tick, Tick)>) -> Vec<(Tick, Step)> {
    let mut steps = Vec::new();
    let mut at = 1;
    for (happening, pause, length) in happenings {
        at += pause * 2;
        if at + length * 2 + 14 > LAST - 40 {
            break;
        }
        match happening {
            Happening::ByHand(by_hand) => steps.push((at, Step::ByHand(by_hand))),
            Happening::Edit(event) => steps.push((at, Step::Edit(event))),
            Happening::Remove(id) => steps.push((at, Step::Remove(id))),
            Happening::Policy(policy) => steps.push((at, Step::Policy(policy))),
            Happening::Away(away, hands, back) => {
                steps.push((at, *away));
                for by_hand in hands {
                    steps.push((at + 2, Step::ByHand(by_hand)));
                }
                at += 4 + length * 2;
                steps.push((at, *back));
            }
        }
        at += 12;
    }
    steps
}

/// A day that the model can follow.
pub(crate) fn day() -> impl Strategy<Value = Day> {
    let steps = vec((happening(true), 0u32..20, 0u32..25), 0..12).prop_map(laid_out);
    (policy(), user(), events(), steps).prop_map(|(policy, user, events, steps)| Day {
        policy,
        keep_on_deactivate: false,
        read_every: None,
        user,
        events,
        steps,
    })
}

/// A day on which nobody touches anything, but everything fails in turn.
pub(crate) fn unlucky_day() -> impl Strategy<Value = Day> {
    let trouble = prop_oneof![
        3 => happening(false),
        3 => Just(Happening::Away(Box::new(Step::Crash), vec![], Box::new(Step::Start))),
        1 => Just(Happening::Away(Box::new(Step::Leave), vec![], Box::new(Step::Join))),
        1 => Just(Happening::Away(Box::new(Step::CalendarDown), vec![], Box::new(Step::CalendarUp))),
        1 => (policy(), policy()).prop_map(|(one, other)| Happening::Away(Box::new(Step::Policy(one)), vec![], Box::new(Step::Policy(other)))),
    ];
    // Half of the troubles fall on the very instants at which events begin and end.
    let steps = vec((trouble, 0u32..20, 0u32..25), 0..12).prop_map(laid_out).prop_flat_map(|steps| {
        let on_the_minute = vec(any::<bool>(), steps.len());
        (Just(steps), on_the_minute).prop_map(|(steps, on_the_minute)| {
            let mut last = 0;
            let moved = |((tick, step), even): ((Tick, Step), bool)| {
                let minute = tick / 10 * 10;
                last = if even && minute > last { minute } else { tick };
                (last, step)
            };
            steps.into_iter().zip(on_the_minute).map(moved).collect::<Vec<_>>()
        })
    });
    let read_every = select(vec![None, None, Some("60s"), Some("300s")]);
    (policy(), any::<bool>(), read_every, user(), events(), steps).prop_map(
        |(policy, keep_on_deactivate, read_every, user, events, steps)| Day {
            policy,
            keep_on_deactivate,
            read_every,
            user,
            events,
            steps,
        },
    )
}
