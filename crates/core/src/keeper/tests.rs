//! What scenarios can't say: texts that the telephone system cuts, and parked holds beside another instance.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Account, Answer, Calendar, Facts, Flag, Mailbox, Outcome, Standing, Step, UserState, step};
use crate::{
    account::{AccountState, Dimension, Diversion, NumberClass, Presence, StatusText, Value},
    event::{Agenda, Kind, RawEvent, ReadKind, Response, Sensitivity, When},
    journal::Journal,
    language::Language,
    policy::{Action, Policy},
};

fn at(time: &str) -> Timestamp {
    format!("2026-11-24T{time}Z").parse().expect("an instant")
}

/// One user, whose account is shown to the keeper as a test wants it.
struct Desk {
    policy: Policy,
    agenda: Agenda,
    state: UserState,
    shown: AccountState,
    as_read: bool,
    /// The account does not exist.
    gone: bool,
    standing: Standing,
    text_limit: Option<usize>,
    /// The calendar was read.
    read: bool,
    started: Timestamp,
}

impl Desk {
    fn new(subject: &str) -> Self {
        let policy = Policy { title_as_text: true, keep_on_deactivate: true, ..Policy::default() };
        let event = RawEvent {
            id: "a".into(),
            when: When::Timed { start: at("09:00:00"), end: at("10:00:00") },
            kind: ReadKind::Known(Kind::Busy),
            subject,
            sensitivity: Sensitivity::Normal,
            response: Response::Organizer,
            cancelled: false,
            draft: false,
            series_master: false,
        };
        let agenda = Agenda::new(vec![event.read(&policy.reading())]);
        let shown = AccountState {
            dnd: Some(false),
            presence: Some(Presence::Available),
            text: Some(StatusText::new("")),
            diversions: Some(BTreeMap::new()),
            labels: None,
        };
        Self {
            policy,
            agenda,
            state: UserState::default(),
            shown,
            as_read: true,
            gone: false,
            standing: Standing::Member,
            text_limit: None,
            read: true,
            started: at("00:00:00"),
        }
    }

    fn step(&mut self, answers: &[Answer], now: Timestamp) -> Step {
        let facts = Facts {
            policy: &self.policy,
            policy_stamp: self.policy.fingerprint(),
            directory_stamp: 1,
            language: Language::German,
            zone: &TimeZone::UTC,
            standing: self.standing,
            mailbox: Mailbox::Matched,
            calendar: Calendar {
                reading: self.read.then_some((&self.agenda, now)),
                tried: true,
                poll: SignedDuration::from_secs(30),
                stale_after: SignedDuration::from_hours(72),
            },
            account: match self.gone {
                true => Account::Gone,
                false => Account::Shown { state: &self.shown, as_read: self.as_read },
            },
            journal: Journal::Writable,
            in_flight: false,
            answers,
            text_limit: self.text_limit,
            started: self.started,
        };
        let step = step(&self.state, &facts, now);
        self.state = step.state.clone();
        step
    }

    /// Writes the one text that is wanted, has it acknowledged, and lets the telephone system show `shows`.
    fn write_text(&mut self, shows: &str, now: Timestamp) {
        let step = self.step(&[], now);
        let [write] = &step.writes[..] else { panic!("one write: {:?}", step.writes) };
        let answer = Answer { number: write.number, dimension: Dimension::Text, outcome: Outcome::Acknowledged };
        let Value::Text(written) = &write.to else { panic!("a text: {write:?}") };
        self.shown.text = Some(written.clone());
        self.as_read = false;
        self.step(&[answer], now);
        self.shown.text = Some(StatusText::new(shows));
        self.as_read = true;
    }
}

#[test]
fn a_cut_text_is_written_anew_only_with_the_limit_that_was_learned() {
    let mut desk = Desk::new("Einkauf im Grossmarkt");
    desk.write_text("Einkauf im", at("09:00:00"));
    let learns = desk.step(&[], at("09:00:01"));
    assert_eq!((learns.text_cut_at, learns.writes.len()), (Some(10), 0));
    assert!(learns.flags.contains(&Flag::TextCut));

    desk.text_limit = learns.text_cut_at;
    let knows = desk.step(&[], at("09:00:02"));
    assert_eq!((knows.text_cut_at, knows.writes.len()), (None, 1));
}

/// §6.9: a shorter text than the limit so far teaches a shorter limit; one as long as the limit teaches nothing.
#[test]
fn a_text_waits_only_for_a_limit_that_is_not_known_yet() {
    for (limit, writes) in [(15, 0), (10, 1)] {
        let mut desk = Desk::new("Einkauf im Grossmarkt");
        desk.write_text("Einkauf im", at("09:00:00"));
        desk.text_limit = Some(limit);
        assert_eq!(desk.step(&[], at("09:00:01")).writes.len(), writes, "limit {limit}");
    }
}

/// §6.9: what was there before the write is no part of it, though it may be its beginning.
#[test]
fn a_text_that_was_there_before_teaches_no_limit() {
    let mut desk = Desk::new("Einkauf im Grossmarkt");
    desk.shown.text = Some(StatusText::new("Einkauf"));
    desk.write_text("Einkauf", at("09:00:00"));
    let late = desk.step(&[], at("09:00:01"));
    assert_eq!((late.text_cut_at, late.flags.contains(&Flag::TextCut)), (None, false));
}

/// §6.9: only the first reading after a write can show that it was cut; what comes later is a person's.
#[test]
fn who_later_shortens_our_text_has_changed_it() {
    let mut desk = Desk::new("Einkauf im Grossmarkt");
    desk.write_text("Einkauf im Grossmarkt", at("09:00:00"));
    assert_eq!(desk.step(&[], at("09:00:01")).text_cut_at, None);
    desk.shown.text = Some(StatusText::new("Einkauf"));
    let changed = desk.step(&[], at("09:20:00"));
    assert_eq!((changed.text_cut_at, changed.writes.len()), (None, 0));
    assert_eq!((desk.state.holds().count(), desk.state.sleeping().count()), (0, 1), "it counts as ended here (§6.6)");
}

#[test]
fn who_is_held_by_another_instance_keeps_what_was_parked() {
    let mut desk = Desk::new("Messe");
    desk.write_text("Messe", at("09:00:00"));
    desk.standing = Standing::Closing { keep: true };
    assert!(desk.step(&[], at("09:30:00")).writes.is_empty());
    assert!(desk.state.is_settled() && !desk.state.is_empty());

    desk.standing = Standing::HeldByAnother;
    assert!(desk.step(&[], at("10:30:00")).writes.is_empty());
    assert!(desk.state.is_settled() && !desk.state.is_empty());

    desk.standing = Standing::Member;
    let back = desk.step(&[], at("10:31:00"));
    assert_eq!(back.writes.len(), 1, "{:?}", back.report);
}

/// The telephone system keeps six characters; nobody has read the account between the write and its give-back, and the
/// give-back gets no answer.
#[test]
fn a_text_that_was_cut_unseen_is_given_back_all_the_same() {
    let mut desk = Desk::new("Planung");
    let takes = desk.step(&[], at("09:00:00"));
    let [write] = &takes.writes[..] else { panic!("one write: {:?}", takes.writes) };
    let answer = Answer { number: write.number, dimension: Dimension::Text, outcome: Outcome::Acknowledged };
    (desk.shown.text, desk.as_read) = (Some(StatusText::new("Planung")), false);
    desk.step(&[answer], at("09:00:01"));
    let back = desk.step(&[], at("10:00:00"));
    assert_eq!(back.writes.len(), 1, "{:?}", back.report);

    (desk.shown.text, desk.as_read) = (Some(StatusText::new("Planun")), true);
    let learns = desk.step(&[], at("10:00:11"));
    assert_eq!(learns.text_cut_at, Some(6));
    desk.text_limit = learns.text_cut_at;
    let again = desk.step(&[], at("10:00:12"));
    assert_eq!(again.writes.iter().map(|write| write.to.reveal()).collect::<Vec<_>>(), [""]);
}

#[test]
fn what_a_person_has_ended_sleeps_with_what_it_held() {
    let mut desk = Desk::new("Messe");
    desk.write_text("Messe", at("09:00:00"));
    assert_eq!((desk.state.holds().count(), desk.state.sleeping().count()), (1, 0));
    desk.shown.text = Some(StatusText::new("Bin da"));
    desk.step(&[], at("09:30:00"));
    let held: Vec<_> = desk.state.sleeping().map(|(dimension, hold)| (dimension, &hold.ours)).collect();
    assert_eq!(held, [(&Dimension::Text, &Value::Text(StatusText::new("Messe")))]);
    assert_eq!(desk.state.holds().count(), 0);
}

/// §8.2: what an earlier run held is kept until the end that it knows, to the second.
#[test]
fn while_the_calendar_was_never_read_an_earlier_hold_is_kept_until_its_end() {
    let mut desk = Desk::new("Messe");
    desk.write_text("Messe", at("09:00:00"));
    (desk.read, desk.started) = (false, at("09:30:00"));
    let kept = desk.step(&[], at("09:59:59"));
    assert_eq!((kept.writes.len(), kept.wake), (0, Some(at("10:00:00"))));
    let back = desk.step(&[], at("10:00:00"));
    assert_eq!(back.writes.iter().map(|write| write.to.reveal()).collect::<Vec<_>>(), [""]);
}

/// A hold that begins at the very instant of the start is of this run, not of an earlier one; one that is yet to come is
/// from before the clock was set back.
#[test]
fn a_hold_of_this_run_is_no_earlier_one() {
    for (since, now, kept) in
        [("09:30:00", "09:30:00", false), ("09:29:59", "09:30:00", true), ("09:31:00", "09:30:00", true)]
    {
        let mut desk = Desk::new("Messe");
        desk.write_text("Messe", at(since));
        (desk.read, desk.started) = (false, at("09:30:00"));
        let writes = desk.step(&[], at(now)).writes;
        assert_eq!(writes.is_empty(), kept, "since {since}");
    }
}

/// §6.8, §6.2: of a diversion that can't be read for a while the hold waits; of one that was deleted nothing is left to be
/// given back.
#[test]
fn a_diversion_that_cannot_be_read_is_not_a_deleted_one() {
    let mut desk = Desk::new("Messe");
    desk.policy.title_as_text = false;
    desk.policy.actions.busy = Action::Forward;
    let entry = Diversion { number: NumberClass::External, enabled: false, has_destination: true };
    let diversions = |enabled| Some(BTreeMap::from([("amt".into(), Diversion { enabled, ..entry.clone() })]));
    desk.shown.diversions = diversions(false);
    assert_eq!(desk.step(&[], at("09:00:00")).writes.len(), 1);
    desk.shown.diversions = None;
    desk.step(&[], at("09:10:00"));
    assert_eq!(desk.state.holds().count(), 1, "nobody knows whether it is still there");
    desk.shown.diversions = diversions(true);
    desk.step(&[], at("09:20:00"));
    assert_eq!(desk.state.holds().count(), 1);
    desk.shown.diversions = Some(BTreeMap::new());
    desk.step(&[], at("09:30:00"));
    assert_eq!(desk.state.holds().count(), 0, "it was deleted");
}

/// An answer names its write by number, so no number comes twice, not even for an account that was away.
#[test]
fn writes_are_numbered_on_when_an_account_is_made_anew() {
    let mut desk = Desk::new("Messe");
    let first = desk.step(&[], at("09:00:00"));
    desk.gone = true;
    desk.step(&[], at("09:10:00"));
    assert!(desk.state.is_empty(), "nothing of it is left");
    desk.gone = false;
    let second = desk.step(&[], at("09:20:00"));
    assert_eq!((first.writes.len(), second.writes.len()), (1, 1));
    assert!(first.writes[0].number < second.writes[0].number);
}

/// §8.5: a refused give-back wakes its user when it is due, and once it is due it is no reason to wake any more.
#[test]
fn a_step_wakes_later_than_now() {
    let mut desk = Desk::new("Messe");
    desk.write_text("Messe", at("09:00:00"));
    let back = desk.step(&[], at("10:00:00"));
    let number = back.writes[0].number;
    let refused = Answer { number, dimension: Dimension::Text, outcome: Outcome::Refused { at: at("10:00:00") } };
    // Not committed: looked at once more, and again, the pause is the same, and over when it is over.
    let uncommitted = desk.state.clone();
    for (now, writes) in [("10:00:00", 0), ("10:00:03", 0), ("10:00:05", 1)] {
        assert_eq!(desk.step(std::slice::from_ref(&refused), at(now)).writes.len(), writes, "{now}");
        desk.state = uncommitted.clone();
    }
    let waits = desk.step(&[refused], at("10:00:00"));
    assert_eq!((waits.writes.len(), waits.wake), (0, Some(at("10:00:05"))));
    let again = desk.step(&[], at("10:00:05"));
    assert_eq!(again.writes.len(), 1);
    assert!(again.wake.is_none_or(|wake| wake > at("10:00:05")), "{:?}", again.wake);
}

/// §6.5: a text that was changed together with the presence goes the same way, also where our own writes got no answer.
#[test]
fn presence_and_text_changed_together_go_the_same_way_though_our_writes_got_no_answer() {
    let mut desk = Desk::new("Messe");
    (desk.policy.set_presence, desk.policy.ignore_away) = (true, true);
    let written = |step: &Step| step.writes.iter().map(|write| write.dimension.clone()).collect::<Vec<_>>();
    assert_eq!(written(&desk.step(&[], at("09:00:00"))), [Dimension::Presence, Dimension::Text]);
    (desk.shown.presence, desk.shown.text) = (Some(Presence::Away), Some(StatusText::new("Bin da")));
    assert_eq!(written(&desk.step(&[], at("09:01:00"))), [Dimension::Presence, Dimension::Text]);
}

/// §6.6, §8.2: a changed address is a mailbox that was never read, and nothing of it runs. Who then sets by hand what the
/// program had set, sets their own, and it stays theirs when the mailbox of before is back.
#[test]
fn what_is_put_back_while_the_mailbox_was_never_read_is_the_users_own() {
    let mut desk = Desk::new("x (DND)");
    desk.policy = Policy::default();
    let step = desk.step(&[], at("09:05:00"));
    let answer = Answer { number: step.writes[0].number, dimension: Dimension::Dnd, outcome: Outcome::Acknowledged };
    desk.shown.dnd = Some(true);
    desk.step(&[answer], at("09:05:01"));
    desk.shown.dnd = Some(false);
    assert_eq!(desk.step(&[], at("09:10:00")).writes, [], "the person has ended the event");
    desk.read = false;
    assert_eq!(desk.step(&[], at("09:20:00")).writes, []);
    desk.shown.dnd = Some(true);
    assert_eq!(desk.step(&[], at("09:30:00")).writes, []);
    desk.read = true;
    assert_eq!(desk.step(&[], at("09:40:00")).writes, []);
    assert_eq!(desk.step(&[], at("10:00:00")).writes, [], "nothing is taken from the person");
    assert!(desk.state.is_settled());
}
