//! A plan as a scenario file (interfaces, section 4), as far as that format can say it.

use busylamp_core::{
    account::Value,
    event::{Response, Sensitivity},
    format::event::WrittenEvent,
    policy::Policy,
};
use jiff::tz::TimeZone;
use toml::{Table, Value as Toml};

use crate::{
    calendar::{Appointment, Span},
    outcome::Violation,
    place::Slot,
    plan::{Outside, Plan},
    time::{Millis, instant},
};

const USER: &str = "anna";

/// The scenario, if it can be written and is not met either.
pub(crate) fn write(plan: &Plan, violation: &Violation, crashes: &[(Millis, Millis)]) -> Option<String> {
    let (slot, expected) = violation.expected.as_ref()?;
    let toml = scenario(plan, crashes, violation.at, &[(*slot, expected.clone())])?;
    let outcome = busylamp_scenario::run(&toml, &|name| TimeZone::get(name).ok()).ok()?;
    (!outcome.ok).then_some(toml)
}

/// The scenario with what one user's places should show at an instant.
pub(crate) fn scenario(
    plan: &Plan,
    crashes: &[(Millis, Millis)],
    at: Millis,
    expected: &[(Slot, Value)],
) -> Option<String> {
    let [start] = plan.users.as_slice() else { return None };
    if plan.rough_network || plan.cuts_texts_at.is_some() || plan.active != [true, false] || !start.member[0] {
        return None;
    }
    let mut steps: Vec<(Millis, Table)> = Vec::new();
    let mut add = |at: Millis, user: bool, key: &str, value: Toml| {
        let mut step = Table::new();
        step.insert("at".to_owned(), Toml::String(instant(at).to_string()));
        if user {
            step.insert("user".to_owned(), USER.into());
        }
        step.insert(key.to_owned(), value);
        steps.push((at, step));
    };
    for entry in &plan.entries {
        let at = entry.at;
        let mut away = |user: bool, key: &str, from: &str, to: &str, lasting: Millis| {
            add(at, user, key, from.into());
            add(at + lasting, user, key, to.into());
        };
        match &entry.what {
            Outside::Put { appointment, .. } => add(at, true, "event", event(appointment)?),
            Outside::Remove { id, .. } => add(at, true, "remove_event", format!("e{id:07}").into()),
            Outside::ByHand { values, .. } => add(at, true, "by_hand", Toml::Table(shown(values))),
            Outside::PbxAway { lasting } => away(false, "pbx", "down", "up", *lasting),
            Outside::CalendarAway { lasting } => away(false, "calendar", "down", "up", *lasting),
            Outside::Stop { lasting } => away(false, "program", "stop", "start", *lasting),
            Outside::Leaves { instance: 0, lasting, .. } => away(true, "group", "leave", "join", *lasting),
            Outside::Deactivated { instance: 0, lasting } => {
                away(false, "instance", "deactivate", "activate", *lasting);
            }
            Outside::Policy { instance: 0, policy } => add(at, false, "policy", written(policy)?),
            Outside::Refuses { slots, lasting, .. } => {
                let names: Vec<Toml> = slots.iter().map(|slot| slot.dimension().to_string().into()).collect();
                add(at, true, "pbx_refuses", Toml::Array(names));
                add(at + lasting, true, "pbx_refuses", Toml::Array(Vec::new()));
            }
            // Killed when so many effects were counted; the world knows when that was.
            Outside::Crash { .. } => {}
            Outside::Deleted { .. }
            | Outside::Leaves { .. }
            | Outside::Address { .. }
            | Outside::Lie { .. }
            | Outside::StoreFails { .. }
            | Outside::ClockWrong { .. }
            | Outside::Suspend { .. }
            | Outside::Policy { .. }
            | Outside::Deactivated { .. }
            | Outside::Paused { .. }
            | Outside::Moved { .. }
            | Outside::HalfDirectory { .. } => return None,
        }
    }
    for (at, until) in crashes {
        add(*at, false, "program", "crash".into());
        add(*until, false, "program", "start".into());
    }
    steps.sort_by_key(|(at, _)| *at);
    let mut file = Table::new();
    file.insert("name".to_owned(), format!("Seed {}", plan.seed).into());
    let day = plan.zone.to_datetime(instant(plan.begins)).date();
    file.insert("day".to_owned(), day.to_string().into());
    file.insert("zone".to_owned(), plan.zone_name.into());
    file.insert("language".to_owned(), "de".into());
    file.insert("policy".to_owned(), written(&plan.policies[0])?);
    let mut user = shown(&start.values);
    user.insert("name".to_owned(), USER.into());
    user.insert("diversions".to_owned(), Toml::Table(diversions(&start.values)));
    file.insert("user".to_owned(), Toml::Array(vec![Toml::Table(user)]));
    file.insert("step".to_owned(), Toml::Array(steps.into_iter().map(|(_, step)| Toml::Table(step)).collect()));
    let mut expect = shown(expected);
    expect.insert("at".to_owned(), instant(at).to_string().into());
    expect.insert("user".to_owned(), USER.into());
    file.insert("expect".to_owned(), Toml::Array(vec![Toml::Table(expect)]));
    toml::to_string(&file).ok()
}

fn written(policy: &Policy) -> Option<Toml> {
    Toml::try_from(policy).ok()
}

fn event(appointment: &Appointment) -> Option<Toml> {
    let (start, end, first_day, last_day) = match appointment.span {
        Span::Timed { start, end } => (Some(instant(start).to_string()), Some(instant(end).to_string()), None, None),
        Span::Days { first, last } => (None, None, Some(first.to_string()), Some(last.to_string())),
    };
    let event = WrittenEvent {
        id: appointment.name(),
        all_day: first_day.is_some().then_some(true),
        start,
        end,
        first_day,
        last_day,
        kind: appointment.kind.name().to_owned(),
        subject: appointment.subject(),
        sensitivity: if appointment.sensitivity == Sensitivity::Private {
            Sensitivity::Private
        } else {
            Sensitivity::Normal
        },
        cancelled: appointment.cancelled,
        draft: false,
        series_master: false,
        response: match appointment.response {
            Response::Declined => Response::Declined,
            Response::NotResponded => Response::NotResponded,
            Response::None | Response::Organizer | Response::Accepted | Response::Tentative => Response::Accepted,
        },
    };
    Toml::try_from(event).ok()
}

/// Values by the names of the format; a diversion as whether it is on.
fn shown(values: &[(Slot, Value)]) -> Table {
    let mut table = Table::new();
    let mut switches = Table::new();
    for (slot, value) in values {
        let written = match value {
            Value::Switch(on) => Toml::Boolean(*on),
            Value::Presence(_) | Value::Text(_) => value.reveal().into(),
        };
        match slot {
            Slot::Dnd => drop(table.insert("dnd".to_owned(), written)),
            Slot::Presence => drop(table.insert("presence".to_owned(), written)),
            Slot::Text => drop(table.insert("text".to_owned(), written)),
            Slot::Label => {
                let label = Table::from_iter([("k1".to_owned(), written)]);
                drop(table.insert("labels".to_owned(), Toml::Table(label)));
            }
            Slot::External => drop(switches.insert("ext".to_owned(), written)),
            Slot::Internal => drop(switches.insert("int".to_owned(), written)),
            Slot::Nowhere => drop(switches.insert("none".to_owned(), written)),
        }
    }
    if !switches.is_empty() {
        table.insert("diversions".to_owned(), Toml::Table(switches));
    }
    table
}

/// The diversions as they are configured.
fn diversions(values: &[(Slot, Value)]) -> Table {
    let entry = |slot: Slot, number: &str, destination: &str| {
        let on = values.iter().any(|(of, value)| *of == slot && *value == Value::Switch(true));
        Toml::Table(Table::from_iter([
            ("number".to_owned(), number.into()),
            ("enabled".to_owned(), Toml::Boolean(on)),
            ("destination".to_owned(), destination.into()),
        ]))
    };
    Table::from_iter([
        ("ext".to_owned(), entry(Slot::External, "external", "+4930123")),
        ("int".to_owned(), entry(Slot::Internal, "internal", "20")),
        ("none".to_owned(), entry(Slot::Nowhere, "external", "")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Size, Weather, World, sabotage::Sabotage};

    /// What the simulation finds right the scenario runner finds right too: the two machines agree, so a failure that
    /// the format can say is reproduced by it.
    #[test]
    fn a_plan_written_as_a_scenario_goes_the_same_way() {
        let mut written = 0;
        for seed in 1..=40 {
            let weather = Weather { people: true, ..Weather::FAIR };
            let mut plan = Plan::draw(seed, Size { users: 1, days: 2 }, weather);
            let mut world = World::new(&plan, Sabotage::None);
            world.run();
            assert_eq!(world.violation, None, "seed {seed}");
            let (at, values) = std::mem::take(&mut world.last_calm);
            plan.entries.retain(|entry| entry.at <= at);
            let Some(toml) = scenario(&plan, &[], at, &values) else { continue };
            let outcome = busylamp_scenario::run(&toml, &|name| TimeZone::get(name).ok());
            let outcome = outcome.unwrap_or_else(|refusal| panic!("{refusal}\n{toml}"));
            assert!(outcome.ok, "seed {seed}: {:#?}\n{toml}", outcome.failures);
            written += 1;
        }
        assert!(written > 20, "only {written} plans could be written");
    }
}
