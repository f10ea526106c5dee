//! How often somebody may guess a password: a few times at once, then at a slow pace, for each name and for each
//! address that asks.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

use jiff::{SignedDuration, Timestamp};

/// Wrong passwords that may follow one another at once.
const AT_ONCE: u32 = 5;
/// After those, one more in this time.
const PACE: SignedDuration = SignedDuration::from_secs(30);
/// So many of the places from which people have signed in are remembered.
const HOMES: usize = 1_000;
/// So many names and addresses are remembered; beyond that the one that is quiet for longest is forgotten.
const REMEMBERED: usize = 10_000;

/// Who guesses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guesser {
    /// Somebody who claims this name.
    Name(String),
    /// Somebody at this address.
    Address(IpAddr),
}

impl Guesser {
    /// A name is the same in any case, as in the store.
    pub(crate) fn name(name: &str) -> Self {
        Self::Name(name.to_ascii_lowercase().chars().take(256).collect())
    }
}

/// Too many wrong passwords: none is looked at for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) seconds: i64,
}

/// Counts guesses.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// For each guesser the instant at which all guesses are forgiven. Every wrong one moves it by [`PACE`].
    forgiven: BTreeMap<Guesser, Timestamp>,
    /// From where people have signed in since the start, the latest last.
    homes: VecDeque<(Guesser, IpAddr)>,
}

impl Throttle {
    /// How long this guesser has to wait; `None`: not at all.
    fn wait(&self, guesser: &Guesser, now: Timestamp) -> Option<SignedDuration> {
        let debt = self.forgiven.get(guesser)?.duration_since(now);
        let wait = debt - PACE * i32::try_from(AT_ONCE - 1).unwrap_or(0);
        (wait > SignedDuration::ZERO).then_some(wait)
    }

    /// A guess of these together, unless one of them has to wait. It is taken as wrong until it is [right](Self::right) or
    /// [not wrong](Self::not_wrong): whoever asks many times at once has not asked for free.
    pub(crate) fn guess(&mut self, guessers: &[Guesser], now: Timestamp) -> Result<(), TooMany> {
        if let Some(wait) = guessers.iter().filter_map(|guesser| self.wait(guesser, now)).max() {
            return Err(TooMany { seconds: wait.as_secs() + 1 });
        }
        for guesser in guessers {
            self.wrong(guesser.clone(), now);
        }
        Ok(())
    }

    /// A wrong password.
    fn wrong(&mut self, guesser: Guesser, now: Timestamp) {
        if self.forgiven.len() >= REMEMBERED {
            self.forgiven.retain(|_, forgiven| *forgiven > now);
        }
        if self.forgiven.len() >= REMEMBERED {
            let quietest =
                self.forgiven.iter().min_by_key(|(_, forgiven)| **forgiven).map(|(guesser, _)| guesser.clone());
            quietest.map(|quietest| self.forgiven.remove(&quietest));
        }
        let forgiven = self.forgiven.entry(guesser).or_insert(now);
        *forgiven = (*forgiven).max(now).saturating_add(PACE).unwrap_or(Timestamp::MAX);
    }

    /// It was no wrong password after all: this one is not counted. The wrong ones before it still are, or whoever knows
    /// one password could guess others from the same address without limit.
    pub(crate) fn not_wrong(&mut self, guesser: &Guesser) {
        if let Some(forgiven) = self.forgiven.get_mut(guesser) {
            *forgiven = forgiven.saturating_sub(PACE).unwrap_or(Timestamp::MIN);
        }
    }

    /// Who guesses when this name is claimed at this address. Where its owner has signed in before, only the address
    /// counts, at the same pace: whoever guesses elsewhere can't lock the owner out.
    pub(crate) fn guessers(&self, name: &str, address: IpAddr) -> Vec<Guesser> {
        let (name, at) = (Guesser::name(name), Guesser::Address(address));
        let home = (name, address);
        if self.homes.contains(&home) { vec![at] } else { vec![home.0, at] }
    }

    /// The right password: all guesses at this name are forgiven.
    pub(crate) fn right(&mut self, name: &Guesser) {
        self.forgiven.remove(name);
    }

    /// Somebody has come in at this address with a guess of these.
    pub(crate) fn signed_in(&mut self, name: &str, address: IpAddr) {
        let home = (Guesser::name(name), address);
        self.not_wrong(&Guesser::Address(address));
        self.right(&home.0);
        self.homes.retain(|known| *known != home);
        self.homes.push_back(home);
        if self.homes.len() > HOMES {
            self.homes.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn anna() -> Guesser {
        Guesser::name("Anna")
    }

    #[test]
    fn a_few_guesses_are_free_then_each_takes_its_time() {
        let mut throttle = Throttle::default();
        for _ in 0..AT_ONCE {
            assert_eq!(throttle.wait(&anna(), noon()), None);
            throttle.wrong(anna(), noon());
        }
        assert_eq!(throttle.wait(&anna(), noon()), Some(PACE));
        assert_eq!(throttle.wait(&anna(), noon() + PACE), None);
        throttle.wrong(anna(), noon() + PACE);
        assert_eq!(throttle.wait(&anna(), noon() + PACE), Some(PACE));
    }

    #[test]
    fn in_an_hour_nobody_guesses_more_than_some_hundred_times() {
        let (mut throttle, mut now, mut guesses) = (Throttle::default(), noon(), 0);
        while now < noon() + SignedDuration::from_hours(1) {
            if throttle.wait(&anna(), now).is_none() {
                throttle.wrong(anna(), now);
                guesses += 1;
            }
            now += SignedDuration::from_secs(1);
        }
        assert_eq!(guesses, 124);
    }

    #[test]
    fn a_name_is_the_same_in_any_case_and_forgiven_with_the_right_password() {
        let mut throttle = Throttle::default();
        for _ in 0..AT_ONCE {
            throttle.wrong(Guesser::name("ANNA"), noon());
        }
        assert!(throttle.wait(&anna(), noon()).is_some());
        assert!(throttle.wait(&Guesser::name("bert"), noon()).is_none());
        throttle.right(&anna());
        assert!(throttle.wait(&anna(), noon()).is_none());
    }

    #[test]
    fn people_behind_one_address_who_know_their_passwords_do_not_wait_for_each_other() {
        let mut throttle = Throttle::default();
        let address = Guesser::Address("192.0.2.7".parse().unwrap());
        for _ in 0..50 {
            assert_eq!(throttle.wait(&address, noon()), None);
            throttle.wrong(address.clone(), noon());
            throttle.not_wrong(&address);
        }
        for _ in 0..AT_ONCE {
            throttle.wrong(address.clone(), noon());
        }
        throttle.wrong(address.clone(), noon());
        throttle.not_wrong(&address);
        assert_eq!(throttle.wait(&address, noon()), Some(PACE), "wrong ones are not forgiven by a right one");
    }

    #[test]
    fn guesses_from_elsewhere_lock_nobody_out_who_was_here_before() {
        let mut throttle = Throttle::default();
        let [desk, attic] = ["192.0.2.7", "192.0.2.66"].map(|address| address.parse().unwrap());
        throttle.guess(&throttle.guessers("anna", desk), noon()).unwrap();
        throttle.signed_in("anna", desk);
        while throttle.guess(&throttle.guessers("Anna", attic), noon()).is_ok() {}
        assert_eq!(throttle.guess(&throttle.guessers("Anna", desk), noon()), Ok(()));
        let other = "192.0.2.8".parse().unwrap();
        assert!(
            throttle.guess(&throttle.guessers("anna", other), noon()).is_err(),
            "a name is guarded everywhere else"
        );
        for _ in 0..2 * HOMES {
            throttle.signed_in("bert", attic);
        }
        assert_eq!(throttle.homes.len(), 2);
    }

    #[test]
    fn many_names_do_not_fill_the_memory() {
        let mut throttle = Throttle::default();
        for number in 0..REMEMBERED + 100 {
            throttle.wrong(Guesser::name(&number.to_string()), noon());
        }
        assert_eq!(throttle.forgiven.len(), REMEMBERED);
    }
}
