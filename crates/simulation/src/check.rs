//! The model, once it is calm: each place of an account is held against it.

use busylamp_core::account::Value;

use crate::{
    due::Due,
    model::{Shadow, Sight, Wanted, is_beginning, label},
    outcome::Invariant,
    place::Slot,
    time::{HOUR, Millis, SECOND},
    world::{CALM, World},
};

impl World<'_> {
    /// Everything could be reached for a minute, and nothing has happened: each place is held against the model.
    pub(crate) fn check(&mut self, user: usize) {
        self.people[user].check_queued = false;
        let later = self.not_before(user);
        if let Some(later) = later {
            self.people[user].check_queued = true;
            self.at(later, Due::Check { user });
            return;
        }
        self.people[user].rechecks = 0;
        self.hold_against_model(user);
        let next = self.next_edge(user);
        self.people[user].check_queued = true;
        self.at(next, Due::Check { user });
    }

    /// The instant before which the user can't be judged, if that is later than now.
    fn not_before(&mut self, user: usize) -> Option<Millis> {
        let t = self.t;
        let person = &self.people[user];
        if t < person.calm_at {
            return Some(person.calm_at);
        }
        let away = self.pbx_away_until.max(self.suspended_until);
        if t < away {
            return Some(away + CALM);
        }
        let Some(memory) = &self.memory else { return Some(t + CALM) };
        if let Some(edge) = self.edges(user).into_iter().filter(|edge| *edge <= t).max()
            && t < edge + CALM
        {
            return Some(edge + CALM);
        }
        let live = &memory.accounts[user];
        let blind = !memory.sees(user) && person.phone.exists || live.seen != person.phone.changes;
        if live.in_flight || live.reading || blind {
            self.people[user].rechecks += 1;
            if self.people[user].rechecks > 30 {
                self.broken(Invariant::Taken, user, "the account is not read for many minutes".to_owned());
            }
            return Some(t + 20 * SECOND);
        }
        None
    }

    /// When appointments begin and end in the readings in force, by true time.
    fn edges(&self, user: usize) -> Vec<Millis> {
        let Some(memory) = &self.memory else { return Vec::new() };
        let zone = &self.plan.zone;
        let reads = memory.users.iter().filter_map(|users| users[user].read.as_ref());
        let near = |edge: &Millis| (edge - self.now()).abs() < 12 * HOUR;
        reads
            .flat_map(|read| read.appointments.iter())
            .flat_map(|event| <[Millis; 2]>::from(event.interval(zone)))
            .filter(near)
            .map(|edge| edge - self.skew)
            .collect()
    }

    fn next_edge(&self, user: usize) -> Millis {
        let next = self.edges(user).into_iter().filter(|edge| *edge > self.t).min();
        next.map_or(self.t + 6 * HOUR, |edge| edge + CALM)
    }

    fn hold_against_model(&mut self, user: usize) {
        if !self.people[user].phone.exists {
            return;
        }
        let now = self.now();
        let (account, configs) = (&self.accounts[user], &self.configs);
        let Some(memory) = &self.memory else { return };
        let follows = |instance: usize| {
            memory.is_member(instance, account, &configs[instance])
                && memory.is_followed((instance, user), account)
                && memory.users[instance][user].address.is_some()
        };
        let owner = memory.owner(user, account, configs);
        let holds = |instance: usize| !memory.users[instance][user].state.is_settled();
        if holds(0) && holds(1) {
            self.broken(Invariant::OneOwner, user, "both instances hold the account".to_owned());
            return;
        }
        let first = [0, 1]
            .into_iter()
            .filter(|i| memory.is_member(*i, account, &configs[*i]) && memory.is_followed((*i, user), account))
            .min_by_key(|i| configs[*i].activation);
        if let (Some(first), Some(owner)) = (first, owner)
            && first != owner
            && !holds(owner)
        {
            self.broken(Invariant::OneOwner, user, "the account is kept from the instance that was first".to_owned());
            return;
        }
        let acting = owner.filter(|owner| follows(*owner));
        let (mut kept, mut unknown) = (false, false);
        let mut sight = Sight::default();
        let mut ended = Shadow::default().ended;
        if let Some(instance) = acting {
            let known = &memory.users[instance][user];
            let config = &configs[instance];
            match &known.read {
                Some(read) if !known.report.calendar_unknown => {
                    let mut shadow = known.shadow.clone();
                    sight = Sight::new(read, &config.policy, config.stamp, &self.plan.zone, &mut shadow, now);
                    ended = shadow.ended;
                }
                // Nothing runs as far as is known, but what a person has ended is not forgotten (§8.2).
                Some(_) => unknown = true,
                // Holds from before a start are kept to the end that they know.
                None => kept = true,
            }
        }
        let policy = acting.map(|instance| configs[instance].policy.clone());
        // While nothing can be committed nothing is taken or changed; what is given back is given back all the same.
        let failing = self.t < self.store_fails_until + CALM;
        let mut wrong = None;
        let mut settled = Vec::new();
        for slot in Slot::ALL {
            let person = &self.people[user];
            let own = &person.own[slot.index()];
            let shows = &person.phone.values[slot.index()];
            let held = [0, 1]
                .into_iter()
                .any(|instance| memory.users[instance][user].state.holds().any(|(of, _)| Slot::of(of) == Some(slot)));
            let wanted = match &policy {
                Some(policy) => sight.wanted(slot, policy, &person.own, &ended),
                None => Wanted::Nothing,
            };
            let wanted = if kept && held { Wanted::Open } else { wanted };
            match &wanted {
                Wanted::Open => self.tally.open_checks += 1,
                _ if own.contested || own.values.len() > 1 => self.tally.open_checks += 1,
                Wanted::Nothing | Wanted::This { .. } => self.tally.strict_checks += 1,
            }
            // A label goes with the text: where that is open, it is open whether the text is ended (§6.10).
            let contested = own.contested || slot == Slot::Label && person.own[Slot::Text.index()].contested;
            let right = match &wanted {
                Wanted::Open => true,
                Wanted::Nothing => {
                    let open = contested && !sight.running.is_empty();
                    own.may_be(shows) || open && own.written.contains(shows)
                }
                Wanted::This { value, .. } => {
                    self.is_like(slot, value, shows, own)
                        || contested && (own.may_be(shows) || own.written.contains(shows))
                        || failing && (own.may_be(shows) || self.is_of_running(user, slot, &sight))
                }
            };
            if !right {
                let (invariant, expected) = match &wanted {
                    Wanted::This { value, .. } => (Invariant::Taken, value.clone()),
                    Wanted::Nothing | Wanted::Open => (Invariant::GivenBack, own.values[0].clone()),
                };
                let what = format!(
                    "{slot:?} shows `{}`, expected `{}` ({wanted:?}); own {:?}, held {held}, owner {owner:?}, contested {}, running {:?}",
                    shows.reveal(),
                    expected.reveal(),
                    own.values.iter().map(Value::reveal).collect::<Vec<_>>(),
                    own.contested,
                    sight.running,
                );
                wrong.get_or_insert((invariant, what, (slot, expected)));
            }
            if !held && sight.running.is_empty() && !kept && !unknown {
                settled.push(slot);
            }
        }
        if let Some((invariant, what, expected)) = wrong {
            self.broken_expecting(invariant, user, what, Some(expected));
            return;
        }
        if user == 0 {
            let values = &self.people[0].phone.values;
            self.last_calm = (self.t, Slot::ALL.into_iter().map(|slot| (slot, values[slot.index()].clone())).collect());
        }
        let person = &mut self.people[user];
        for slot in settled {
            let shows = person.phone.values[slot.index()].clone();
            person.own[slot.index()].settle(&shows);
        }
    }

    /// Whether what is held in a place comes from an event that runs.
    fn is_of_running(&self, user: usize, slot: Slot, sight: &Sight) -> bool {
        let holds = self.memory.iter().flat_map(|memory| &memory.users).flat_map(|users| users[user].state.holds());
        holds.filter(|(dimension, _)| Slot::of(dimension) == Some(slot)).any(|(_, hold)| {
            let event = hold.circumstances.event.as_str().trim_start_matches('e').parse::<u32>();
            event.is_ok_and(|event| sight.running.contains(&event))
        })
    }

    /// Whether a shown value is what is wanted, as the telephone system keeps it.
    fn is_like(&self, slot: Slot, wanted: &Value, shows: &Value, own: &crate::model::Own) -> bool {
        let (Value::Text(wanted), Value::Text(shows)) = (wanted, shows) else { return wanted == shows };
        let (wanted, shows) = (wanted.as_str(), shows.as_str());
        let cuts = self.cuts_texts();
        let like = |wanted: &str| shows == wanted || cuts && is_beginning(shows, wanted);
        match slot {
            Slot::Label => own.values.iter().chain(own.earlier.iter().filter(|_| own.contested)).any(|own| match own {
                Value::Text(own) => like(&label(own.as_str(), wanted)),
                Value::Switch(_) | Value::Presence(_) => false,
            }),
            Slot::Text | Slot::Dnd | Slot::External | Slot::Internal | Slot::Nowhere | Slot::Presence => like(wanted),
        }
    }

    /// The end: nothing is left on disk, and every account is its user's.
    pub(crate) fn nothing_left(&mut self) {
        let left = self.disk.states.iter().find(|(_, (state, _))| !state.is_settled()).map(|(key, _)| *key);
        if let Some((instance, user)) = left {
            self.broken(Invariant::NothingLeft, user, format!("instance {instance} still holds something on disk"));
            return;
        }
        for user in 0..self.people.len() {
            let person = &self.people[user];
            let foreign = Slot::ALL.into_iter().find(|slot| {
                person.phone.exists && !person.own[slot.index()].may_be(&person.phone.values[slot.index()])
            });
            if let Some(slot) = foreign {
                let shows = person.phone.values[slot.index()].reveal().to_owned();
                let own: Vec<_> =
                    person.own[slot.index()].values.iter().map(|value| value.reveal().to_owned()).collect();
                self.broken(Invariant::NothingLeft, user, format!("{slot:?} shows `{shows}` in the end, own {own:?}"));
                return;
            }
        }
    }
}
