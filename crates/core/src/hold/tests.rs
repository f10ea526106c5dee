//! The table, row by row.

use super::*;

const T0: i64 = 1_800_000_000;

/// One dimension of text, as the table sees it.
struct Table {
    keeping: Keeping<&'static str>,
    running: BTreeSet<EventId>,
    leads: bool,
    resting: bool,
    on_foreign: OnForeign,
    now: i64,
    number: u64,
    unknown: bool,
    journal: Journal,
}

impl Table {
    fn new() -> Self {
        Self {
            keeping: Keeping::default(),
            running: BTreeSet::from(["a".into()]),
            leads: false,
            resting: false,
            on_foreign: OnForeign::Insisted,
            now: 0,
            number: 0,
            unknown: false,
            journal: Journal::Writable,
        }
    }

    fn leading() -> Self {
        Self { leads: true, on_foreign: OnForeign::WriteAgain, ..Self::new() }
    }

    /// One look: what event `a` wants (or nothing), what is shown, at which second.
    fn look(&mut self, wants: Option<&'static str>, shows: &'static str, now: i64) -> Act<&'static str> {
        self.look_from("a", wants, shows, now)
    }

    fn look_from(
        &mut self,
        event: &str,
        wants: Option<&'static str>,
        shows: &'static str,
        now: i64,
    ) -> Act<&'static str> {
        self.now = now;
        self.number += 1;
        let winner = EventId::from(event);
        let at = Timestamp::from_second(T0 + now).expect("in range");
        let want = wants.map(|value| Want {
            value,
            end: at,
            circumstances: Circumstances { event: winner.clone(), stamp: 0 },
        });
        let rules = Rules {
            leads: self.leads,
            resting: self.resting,
            on_foreign: self.on_foreign,
            winner: Some(&winner),
            running: &self.running,
            unknown: self.unknown,
            journal: self.journal,
            number: self.number,
            now: at,
        };
        self.keeping.settle(want, &shows, &rules)
    }

    fn acknowledged(&mut self) {
        self.keeping.acknowledged(self.number);
    }
}

fn write(value: &'static str, purpose: Purpose) -> Act<&'static str> {
    Act::Write { value, purpose }
}

#[test]
fn nothing_wanted_and_nothing_held_is_nothing_to_do() {
    assert_eq!(Table::new().look(None, "own", 0), Act::Nothing(Why::NothingWanted));
}

#[test]
fn what_is_shown_already_is_taken_without_a_write_and_stays_afterwards() {
    let mut table = Table::new();
    assert_eq!(table.look(Some("own"), "own", 0), Act::Nothing(Why::AlreadyShown));
    assert!(table.keeping.hold.is_some());
    assert_eq!(table.look(None, "own", 60), Act::Nothing(Why::GivenBack));
    assert!(table.keeping.hold.is_none());
}

#[test]
fn a_value_is_taken_changed_and_given_back() {
    let mut table = Table::new();
    assert_eq!(table.look(Some("w"), "own", 0), write("w", Purpose::Take));
    table.acknowledged();
    assert_eq!(table.look(Some("w"), "w", 1), Act::Nothing(Why::AlreadyShown));
    assert_eq!(table.look(Some("x"), "w", 2), write("x", Purpose::Change));
    table.acknowledged();
    assert_eq!(table.look(None, "x", 3), write("own", Purpose::GiveBack));
    assert!(table.keeping.hold.is_some(), "until it is acknowledged");
    table.acknowledged();
    assert!(table.keeping.is_empty());
}

#[test]
fn after_a_lost_answer_both_the_old_and_the_new_value_are_ours() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    assert_eq!(table.look(Some("w"), "own", 1), write("w", Purpose::Take), "it did not arrive");
    assert_eq!(table.look(Some("w"), "w", 2), Act::Nothing(Why::AlreadyShown), "it did");
    table.look(None, "w", 3);
    assert_eq!(table.look(None, "w", 4), write("own", Purpose::GiveBack), "the give-back did not arrive");
    assert_eq!(table.look(None, "own", 5), Act::Nothing(Why::GivenBack), "it did");
}

#[test]
fn an_answer_counts_once_and_only_for_its_own_write() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    assert_eq!(table.keeping.acknowledged(99), None);
    assert_eq!(table.keeping.acknowledged(1), Some("w"));
    assert_eq!(table.keeping.acknowledged(1), None);
}

#[test]
fn a_foreign_value_stays_when_nothing_is_wanted_any_more() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    assert_eq!(table.look(None, "theirs", 1), Act::Nothing(Why::LeftAlone));
    assert!(table.keeping.hold.is_none());
}

#[test]
fn who_insists_has_ended_the_event_and_may_wake_it() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    assert_eq!(table.look(Some("w"), "theirs", 1), Act::Nothing(Why::Ended));
    assert_eq!(table.look(Some("w"), "theirs", 2), Act::Nothing(Why::Ended));
    // Another event acts, with a hold of its own.
    table.running.insert("b".into());
    assert_eq!(table.look_from("b", Some("v"), "theirs", 3), write("v", Purpose::Take));
    table.acknowledged();
    assert_eq!(table.look(Some("w"), "v", 4), write("theirs", Purpose::GiveBack));
    table.acknowledged();
    // The person puts our value back: the first hold wakes with its own `before`.
    assert_eq!(table.look(Some("w"), "w", 5), Act::Nothing(Why::AlreadyShown));
    assert_eq!(table.look(None, "w", 6), write("own", Purpose::GiveBack));
}

#[test]
fn a_sleeping_hold_ends_with_its_last_event() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("w"), "theirs", 1);
    table.keeping.forget(&BTreeSet::from(["b".into()]));
    assert!(table.keeping.sleeping.is_empty());
    assert_eq!(table.look(None, "theirs", 2), Act::Nothing(Why::NothingWanted));
}

#[test]
fn resting_gives_back_and_wakes_nothing() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("w"), "theirs", 1);
    table.resting = true;
    assert_eq!(table.look(Some("w"), "w", 2), Act::Nothing(Why::Resting));
    assert_eq!(table.keeping.sleeping.len(), 1);
    table.resting = false;
    assert_eq!(table.look(Some("w"), "w", 3), Act::Nothing(Why::AlreadyShown));
    table.resting = true;
    assert_eq!(table.look(Some("w"), "w", 4), write("own", Purpose::GiveBack));
}

#[test]
fn where_the_policy_leads_the_foreign_value_becomes_the_users_own() {
    let mut table = Table::leading();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    assert_eq!(table.look(Some("w"), "theirs", 1), write("w", Purpose::Again));
    table.acknowledged();
    assert_eq!(table.look(None, "w", 2), write("theirs", Purpose::GiveBack));
}

#[test]
fn a_policy_that_comes_to_lead_wakes_the_newest_and_forgets_the_rest() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("w"), "theirs", 1);
    (table.leads, table.on_foreign) = (true, OnForeign::WriteAgain);
    assert_eq!(table.look(Some("w"), "theirs", 2), write("w", Purpose::Again));
    table.acknowledged();
    assert_eq!(table.look(None, "w", 3), write("theirs", Purpose::GiveBack));
}

/// §6.6: only a foreign value becomes `before` when the policy comes to lead; ours, put back by hand at that moment, is none.
#[test]
fn a_hold_that_wakes_because_the_policy_leads_keeps_its_before_where_ours_is_shown() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("w"), "theirs", 1);
    (table.leads, table.on_foreign) = (true, OnForeign::WriteAgain);
    assert_eq!(table.look(Some("w"), "w", 2), Act::Nothing(Why::AlreadyShown));
    assert_eq!(table.look(None, "w", 3), write("own", Purpose::GiveBack));
}

#[test]
fn the_next_write_over_a_foreign_value_is_put_off_for_half_a_minute() {
    let mut table = Table::leading();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("w"), "x", 10);
    table.acknowledged();
    let due = Timestamp::from_second(T0 + 40).expect("in range");
    assert_eq!(table.look(Some("w"), "y", 20), Act::Nothing(Why::PutOff(due)));
    assert_eq!(table.look(Some("w"), "y", 40), write("w", Purpose::Again));
}

#[test]
fn without_lead_the_second_quick_change_is_insisted() {
    for (second, expected) in [(69, Act::Nothing(Why::Ended)), (70, write("w", Purpose::Again))] {
        let mut table = Table { on_foreign: OnForeign::WriteAgain, ..Table::new() };
        table.look(Some("w"), "own", 0);
        table.acknowledged();
        assert_eq!(table.look(Some("w"), "x", 10), write("w", Purpose::Again));
        table.acknowledged();
        table.look(Some("w"), "w", 11);
        assert_eq!(table.look(Some("w"), "y", second), expected, "at {second}");
    }
}

#[test]
fn from_the_third_change_on_another_program_is_writing() {
    let mut table = Table::leading();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    for at in [100, 200] {
        assert_eq!(table.look(Some("w"), "x", at), write("w", Purpose::Again));
        table.acknowledged();
        table.look(Some("w"), "w", at + 1);
    }
    let flagged =
        |table: &Table, at: i64| table.keeping.fight.is_flagged(Timestamp::from_second(T0 + at).expect("in range"));
    assert!(!flagged(&table, 300));
    let due = Timestamp::from_second(T0 + 500).expect("in range");
    assert_eq!(table.look(Some("w"), "x", 300), Act::Nothing(Why::PutOff(due)));
    assert!(flagged(&table, 899) && !flagged(&table, 900));
    // A new winner ends the long pause; it begins again with the next foreign change.
    table.running.insert("b".into());
    assert_eq!(table.look_from("b", Some("v"), "x", 310), write("v", Purpose::Again));
    table.acknowledged();
    table.look_from("b", Some("v"), "v", 311);
    let due = Timestamp::from_second(T0 + 610).expect("in range");
    assert_eq!(table.look_from("b", Some("v"), "x", 350), Act::Nothing(Why::PutOff(due)));
}

#[test]
fn a_refused_take_rests_and_holds_nothing() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    let at = Timestamp::from_second(T0).expect("in range");
    table.keeping.refused(1, at);
    assert!(table.keeping.hold.is_none());
    assert_eq!(table.look(Some("w"), "own", 1), Act::Nothing(Why::RefusedTake));
    assert_eq!(table.look_from("b", Some("w"), "own", 2), write("w", Purpose::Take), "another event");
}

#[test]
fn a_refused_change_keeps_what_was_shown_before() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("x"), "w", 1);
    table.keeping.refused(table.number, Timestamp::from_second(T0 + 1).expect("in range"));
    assert_eq!(table.look(Some("x"), "w", 2), Act::Nothing(Why::RefusedTake));
    assert_eq!(table.look(None, "w", 3), write("own", Purpose::GiveBack));
}

#[test]
fn a_refused_give_back_is_repeated_with_growing_pauses() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    let (mut at, mut pauses) = (10, Vec::new());
    for _ in 0..9 {
        assert_eq!(table.look(None, "w", at), write("own", Purpose::GiveBack));
        table.keeping.refused(table.number, Timestamp::from_second(T0 + at).expect("in range"));
        let Act::Nothing(Why::RefusedGiveBack(next)) = table.look(None, "w", at) else { panic!("it is put off") };
        assert_eq!(table.keeping.wakes(), [Some(next), None], "somebody has to ask again then");
        pauses.push(next.as_second() - T0 - at);
        at = next.as_second() - T0;
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
}

#[test]
fn events_that_come_and_go_do_not_begin_the_pauses_anew() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    let (mut at, mut takes, mut give_backs) = (10, 0, 0);
    // A minute of nothing, a minute of another event, over and over, and the telephone system refuses everything.
    while at < 3610 {
        let wants = ((at / 60) % 2 == 1).then_some("x");
        let event = if at / 120 % 2 == 1 { "b" } else { "c" };
        if let Act::Write { purpose, .. } = table.look_from(event, wants, "w", at) {
            *(if purpose == Purpose::GiveBack { &mut give_backs } else { &mut takes }) += 1;
            table.keeping.refused(table.number, Timestamp::from_second(T0 + at).expect("in range"));
        }
        at += 1;
    }
    assert_eq!(takes, 30, "one an event");
    assert_eq!(give_backs, 16, "six in the first minutes, then one in five minutes or a little more");
    // A write that is accepted shows that the telephone system has changed its mind.
    assert_eq!(table.look_from("d", Some("y"), "w", at), write("y", Purpose::Change));
    table.acknowledged();
    assert_eq!(table.look(None, "y", at + 1), write("own", Purpose::GiveBack));
    table.keeping.refused(table.number, Timestamp::from_second(T0 + at + 1).expect("in range"));
    let next = Timestamp::from_second(T0 + at + 6).expect("in range");
    assert_eq!(table.look(None, "y", at + 2), Act::Nothing(Why::RefusedGiveBack(next)), "from the shortest pause on");
}

#[test]
fn what_is_put_back_while_the_calendar_is_unknown_is_the_users_own() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    assert_eq!(table.look(Some("w"), "theirs", 1), Act::Nothing(Why::Ended));
    // Nothing runs as far as is known, and the person sets what was once our value.
    (table.unknown, table.running) = (true, BTreeSet::new());
    assert_eq!(table.look(None, "w", 2), Act::Nothing(Why::NothingWanted));
    // The calendar is back: the event is still ended, and nothing wakes that would give the older value back.
    (table.unknown, table.running) = (false, BTreeSet::from(["a".into()]));
    assert_eq!(table.look(Some("w"), "w", 3), Act::Nothing(Why::Ended));
    assert_eq!(table.look(None, "w", 4), Act::Nothing(Why::NothingWanted));
}

#[test]
fn what_another_event_has_set_is_not_taken_for_a_value_put_back() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.look(Some("w"), "theirs", 1);
    table.running.insert("b".into());
    assert_eq!(table.look_from("b", Some("w"), "theirs", 2), write("w", Purpose::Take));
    table.acknowledged();
    (table.unknown, table.running) = (true, BTreeSet::new());
    assert_eq!(table.look(None, "w", 3), write("theirs", Purpose::GiveBack));
    assert!(table.keeping.sleeping[0].hold.is_some(), "the first hold still sleeps");
}

#[test]
fn while_nothing_can_be_committed_nothing_is_taken_or_changed() {
    let mut table = Table { journal: Journal::Failing, ..Table::new() };
    assert_eq!(table.look(Some("w"), "own", 0), Act::Nothing(Why::NoJournal));
    assert_eq!(table.look(Some("own"), "own", 1), Act::Nothing(Why::NoJournal), "not without a write either");
    assert!(table.keeping.is_empty());

    table.journal = Journal::Writable;
    table.look(Some("w"), "own", 2);
    table.acknowledged();
    let held = table.keeping.clone();
    table.journal = Journal::Failing;
    assert_eq!(table.look(Some("x"), "w", 3), Act::Nothing(Why::NoJournal));
    assert_eq!(table.keeping, held);
    assert_eq!(table.look(Some("w"), "w", 4), Act::Nothing(Why::AlreadyShown));

    let mut leading = Table { journal: Journal::Failing, keeping: held, ..Table::leading() };
    assert_eq!(leading.look(Some("w"), "theirs", 5), Act::Nothing(Why::NoJournal));
}

#[test]
fn while_nothing_can_be_committed_giving_back_goes_on() {
    let mut table = Table::new();
    table.look(Some("w"), "own", 0);
    table.acknowledged();
    table.journal = Journal::Failing;
    // Event `a` is over and `b` wants something else, which can't be taken.
    table.running = BTreeSet::from(["b".into()]);
    assert_eq!(table.look_from("b", Some("v"), "w", 60), write("own", Purpose::GiveBack));
    let at = Timestamp::from_second(T0 + 60).expect("in range");
    table.keeping.refused(table.number, at);
    let next = Timestamp::from_second(T0 + 65).expect("in range");
    assert_eq!(table.look_from("b", Some("v"), "w", 61), Act::Nothing(Why::RefusedGiveBack(next)));
    assert_eq!(table.look_from("b", Some("v"), "w", 65), write("own", Purpose::GiveBack));
    table.acknowledged();
    assert_eq!(table.look_from("b", Some("v"), "own", 66), Act::Nothing(Why::NoJournal));
    assert!(table.keeping.is_empty());
}

#[test]
fn a_clock_that_is_set_back_by_hours_puts_nothing_off_by_hours() {
    let hours = 4 * 3600;
    let mut refused = Table::new();
    refused.look(Some("w"), "own", hours);
    refused.acknowledged();
    refused.look(None, "w", hours + 60);
    refused.keeping.refused(refused.number, Timestamp::from_second(T0 + hours + 60).expect("in range"));
    assert_eq!(refused.look(None, "w", 60), write("own", Purpose::GiveBack));

    let mut fights = Table::leading();
    fights.look(Some("w"), "own", hours);
    fights.acknowledged();
    for at in [100, 200, 300] {
        fights.look(Some("w"), "x", hours + at);
        fights.acknowledged();
        fights.look(Some("w"), "w", hours + at + 1);
    }
    let set_back = Timestamp::from_second(T0 + 400).expect("in range");
    assert!(!fights.keeping.fight.is_flagged(set_back));
    assert_eq!(fights.look(Some("w"), "x", 400), write("w", Purpose::Again));
}
