//! A failing plan made small, and told: as a scenario where its format can say it, else as a list of what happened.

mod scenario;

use std::fmt::Write as _;

use crate::{
    World,
    outcome::{Invariant, Violation},
    plan::{Entry, Outside, Plan},
    sabotage::Sabotage,
    time::{HOUR, Millis, instant},
};

/// Runs that shrinking may take, and happenings in all of them together: a minute or so.
const TRIES: u32 = 400;
const HAPPENINGS: u64 = 100_000_000;
/// Lines of what happened last.
const LAST: usize = 80;

/// A broken promise, told.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was broken in the whole plan.
    pub violation: Violation,
    /// The smallest plan that was found to break it too: a scenario file if one reproduces it, else what happened.
    pub report: String,
}

/// Makes a failing plan small and tells it.
pub(crate) fn tell(plan: &Plan, violation: Violation, sabotage: Sabotage) -> Failure {
    let mut smallest =
        Smallest { plan: plan.clone(), sabotage, invariant: violation.invariant, tries: 0, happenings: 0 };
    smallest.alone(violation.user);
    smallest.until(violation.at);
    smallest.fewer();
    smallest.calmer();
    let plan = smallest.plan;
    let mut world = World::new(&plan, sabotage);
    world.tells = true;
    world.run();
    let written = match &world.violation {
        Some(violation) => scenario::write(&plan, violation, &world.crashes),
        None => None,
    };
    let report = match written {
        Some(toml) => format!("# a scenario that reproduces it: busylamp scenario FILE\n{toml}"),
        None => {
            let mut report = String::from("what is left of it (the format of scenarios can't say it):\n");
            for entry in plan.entries.iter().filter(|entry| !matches!(entry.what, Outside::Put { .. })) {
                let _infallible = writeln!(report, "  {} {:?}", instant(entry.at), entry.what);
            }
            report.push_str("the last that happened:\n");
            // Of other users only what they share: outages, stops, the directory.
            let user = world.violation.as_ref().map(|violation| violation.user);
            let concerns = |line: &&String| told_of(line).is_none_or(|whose| Some(whose) == user);
            let told: Vec<&String> = world.told.iter().filter(concerns).collect();
            for line in told.iter().skip(told.len().saturating_sub(LAST)) {
                let _infallible = writeln!(report, "  {line}");
            }
            if let Some(violation) = &world.violation {
                let _infallible = writeln!(report, "  {violation}");
            }
            report
        }
    };
    Failure { violation, report }
}

/// Whose line it is.
fn told_of(line: &str) -> Option<usize> {
    let (_, number) = line.split_once("user")?;
    number.trim_start_matches([' ', ':']).split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

struct Smallest {
    plan: Plan,
    sabotage: Sabotage,
    invariant: Invariant,
    tries: u32,
    happenings: u64,
}

impl Smallest {
    fn may_try(&self) -> bool {
        self.tries < TRIES && self.happenings < HAPPENINGS
    }

    /// Takes a smaller plan if it breaks the same promise.
    fn take(&mut self, plan: Plan) -> bool {
        self.tries += 1;
        let mut world = World::new(&plan, self.sabotage);
        world.run();
        self.happenings += world.tally.world_steps;
        let breaks = world.violation.as_ref().is_some_and(|violation| violation.invariant == self.invariant);
        if breaks {
            self.plan = plan;
        }
        breaks
    }

    /// One user, and what concerns all. Where the program was killed is counted in effects of all users: if nothing else
    /// helps, it is killed at the very instants instead, or right after them.
    fn alone(&mut self, user: usize) {
        let mut plan = self.plan.clone();
        let Some(start) = plan.users.get(user).cloned() else { return };
        plan.users = vec![start];
        plan.entries.retain(|entry| entry.what.user().is_none_or(|whose| whose == user));
        for entry in &mut plan.entries {
            entry.what.set_user(0);
        }
        if self.take(plan.clone()) {
            return;
        }
        let mut whole = World::new(&self.plan, self.sabotage);
        whole.run();
        let crashes = whole.crashes.clone();
        plan.entries.retain(|entry| !matches!(entry.what, Outside::Crash { .. }));
        for later in [1, 0] {
            let mut plan = plan.clone();
            let kills = crashes
                .iter()
                .map(|(at, until)| Entry { at: at + later, what: Outside::Crash { after: 0, lasting: until - at } });
            plan.entries.extend(kills);
            plan.entries.sort_by_key(|entry| entry.at);
            if self.take(plan) {
                return;
            }
        }
    }

    /// Nothing after it.
    fn until(&mut self, at: Millis) {
        let mut plan = self.plan.clone();
        plan.ends = plan.ends.min(at + HOUR);
        plan.entries.retain(|entry| entry.at <= at);
        self.take(plan);
    }

    /// Ever smaller parts are left out, as long as the rest still breaks the promise.
    fn fewer(&mut self) {
        let mut part = self.plan.entries.len().div_ceil(2);
        while part > 0 && self.may_try() {
            let mut at = 0;
            while at < self.plan.entries.len() && self.may_try() {
                let mut plan = self.plan.clone();
                let end = (at + part).min(plan.entries.len());
                plan.entries.drain(at..end);
                if !self.take(plan) {
                    at += part;
                }
            }
            part /= 2;
        }
    }

    /// Without the tempers of the network, and without a second instance, if it breaks all the same.
    fn calmer(&mut self) {
        let calm = |plan: &mut Plan| {
            plan.rough_network = false;
            plan.cuts_texts_at = None;
        };
        let single = |plan: &mut Plan| {
            plan.active = [true, false];
            plan.users.iter_mut().for_each(|start| start.member = [true, false]);
        };
        let simpler: [&dyn Fn(&mut Plan); 2] = [&calm, &single];
        let taken = simpler.map(|simplify| {
            let mut plan = self.plan.clone();
            simplify(&mut plan);
            self.take(plan)
        });
        if taken.contains(&true) {
            self.fewer();
        }
    }
}
