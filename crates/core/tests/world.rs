//! The keeper in a world where everything fails (`busylamp-simulation`), for a few days: a fault of the core is to be seen
//! where the core is tested. The long runs are `cargo xtask simulate`'s.

use busylamp_simulation::{Sabotage, Size, Weather, run};

#[test]
fn every_promise_is_kept_whatever_fails() {
    for seed in 101..=106 {
        let outcome = run(seed, Size { users: 5, days: 8 }, Weather::ROUGH, Sabotage::None);
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert!(outcome.tally.strict_checks > 500, "the model looked too seldom");
    }
}
