//! Explanations of a morning with several events, in both languages.

use super::*;
use crate::{
    account::{AccountState, Presence},
    decide::Decision,
    event::{Agenda, RawEvent, Response, Sensitivity},
    journal::Journal,
    keeper::{self, Account, Calendar, Facts, Mailbox, Standing, UserState},
    policy::Policy,
};

fn at(hour: &str) -> Timestamp {
    format!("2026-11-24T{hour}:00+01:00").parse().expect("an instant")
}

struct Morning {
    policy: Policy,
    agenda: Agenda,
    zone: TimeZone,
}

impl Morning {
    fn new() -> Self {
        let policy = serde_json::json!({"actions": {"busy": "dnd"}, "set_presence": true, "title_as_text": true});
        let policy: Policy = serde_json::from_value(policy).expect("a policy");
        let reading = policy.reading();
        let event = |id: &str, from: &str, to: &str, kind: &str, subject: &str, cancelled: bool| {
            let raw = RawEvent {
                id: id.into(),
                when: When::Timed { start: at(from), end: at(to) },
                kind: ReadKind::from_name(kind),
                subject,
                sensitivity: Sensitivity::Normal,
                response: Response::None,
                cancelled,
                draft: false,
                series_master: false,
            };
            raw.read(&reading)
        };
        let agenda = Agenda::new([
            event("a", "09:00", "10:00", "busy", "Kündigung Geheim", false),
            event("b", "09:00", "11:00", "tentative", "Bewerbung Geheim (dnd)", false),
            event("c", "09:00", "10:00", "Urlaub", "Geheim", false),
            event("d", "09:00", "10:00", "busy", "Geheim", true),
            event("e", "09:30", "09:30", "busy", "Geheim", false),
            event("f", "08:00", "09:00", "busy", "Geheim", true),
            event("g", "09:29", "09:29", "busy", "Geheim", false),
            event("h", "10:00", "11:00", "busy", "Geheim", true),
        ]);
        Self { policy, agenda, zone: TimeZone::fixed(jiff::tz::offset(1)) }
    }

    fn explain(&self, shown: &AccountState, state: &UserState, language: Language) -> (Explanation, UserState) {
        let now = at("09:30");
        let facts = Facts {
            policy: &self.policy,
            policy_stamp: 1,
            directory_stamp: 1,
            language,
            zone: &self.zone,
            standing: Standing::Member,
            mailbox: Mailbox::Matched,
            calendar: Calendar {
                reading: Some((&self.agenda, now)),
                tried: true,
                poll: SignedDuration::from_secs(30),
                stale_after: SignedDuration::from_hours(72),
            },
            account: Account::Shown { state: shown, as_read: true },
            journal: Journal::Writable,
            in_flight: false,
            answers: &[],
            text_limit: None,
            started: at("08:00"),
        };
        let step = keeper::step(state, &facts, now);
        let view = View::new(&self.policy, language, &self.zone, &self.agenda, None);
        let explanation = Speaker { language, zone: &self.zone }.explain(Some(&view), &step.report, now);
        (explanation, step.state)
    }
}

fn shows(dnd: bool, presence: Presence) -> AccountState {
    AccountState { dnd: Some(dnd), presence: Some(presence), text: Some("".into()), ..AccountState::default() }
}

fn all(explanation: &Explanation) -> String {
    let Explanation { winner, events, action, dimensions, until } = explanation;
    let dimensions = dimensions.iter().map(|(dimension, sentence)| format!("{dimension}: {sentence}"));
    let lines = [winner.clone(), action.clone(), until.clone()].into_iter().chain(events.iter().cloned());
    lines.chain(dimensions).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_winner_the_losers_and_the_reasons_are_named_but_no_title() {
    let (german, _) =
        Morning::new().explain(&shows(false, Presence::Available), &UserState::default(), Language::German);
    let text = all(&german);
    for expected in [
        "Es entscheidet: Termin 24.11.2026 09:00:00–24.11.2026 10:00:00 (gebucht) (die wichtigere Art geht vor).",
        "(mit Vorbehalt, fast ein Schlüsselwort) steht zurück: die wichtigere Art geht vor.",
        "unbekannte Art „Urlaub“",
        "Termin 24.11.2026 09:00:00–24.11.2026 10:00:00 (gebucht) zählt nicht: abgesagt.",
        "Das Telefon folgt: Termin 24.11.2026 09:00:00–24.11.2026 10:00:00 (gebucht) (durch die Voreinstellung seiner Art).",
        "dnd: Gewollt an, gezeigt wird aus; davor war aus: wird geschrieben.",
        "Das gilt bis 24.11.2026 10:00:00.",
    ] {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
    assert!(!text.contains("Geheim"), "{text}");
}

#[test]
fn of_what_does_not_count_only_what_concerns_the_instant_is_spoken_of() {
    let (english, _) =
        Morning::new().explain(&shows(false, Presence::Available), &UserState::default(), Language::English);
    let left_out: Vec<_> = english.events.iter().filter(|sentence| sentence.contains("does not count")).collect();
    let expected = [
        "event 2026-11-24 09:00:00–2026-11-24 10:00:00 (busy) does not count: it was cancelled.",
        "event 2026-11-24 09:30:00–2026-11-24 09:30:00 (busy) does not count: it has no length.",
    ];
    assert_eq!(left_out, expected);
}

#[test]
fn an_event_of_whole_days_is_named_by_its_dates() {
    let morning = Morning::new();
    let mut event = morning.agenda.events()[0].clone();
    let speaker = Speaker { language: Language::English, zone: &morning.zone };
    for (first, last, expected) in [
        ("2026-11-24", "2026-11-24", "event 2026-11-24 (busy)"),
        ("2026-11-24", "2026-11-26", "event 2026-11-24–2026-11-26 (busy)"),
    ] {
        let day = |day: &str| day.parse().expect("a date");
        event.when = When::AllDay { first: day(first), last: day(last) };
        let (start, end) = event.when.interval(&morning.zone);
        assert_eq!(speaker.event(&Placed { event: &event, start, end }), expected);
    }
}

/// §0 to §8 name twelve flags; what each means is said in both languages.
#[test]
fn every_flag_has_its_own_sentence() {
    let flags = [
        Flag::NoDiversionConfigured,
        Flag::CalendarUnknown,
        Flag::CalendarStale,
        Flag::AnotherProgramIsWriting,
        Flag::NoMailAddress,
        Flag::AmbiguousMailAddress,
        Flag::MailboxNotFound,
        Flag::MailboxAccessDenied,
        Flag::RefusedByPbx,
        Flag::HeldByAnotherInstance,
        Flag::NumberNotClassified,
        Flag::TextCut,
    ];
    let mut sentences = std::collections::BTreeSet::new();
    for flag in flags {
        assert_eq!(serde_json::to_value(flag).expect("a word"), flag.name(), "it is written as it is named");
        for language in [Language::German, Language::English] {
            let sentence = Speaker { language, zone: &TimeZone::UTC }.flag(flag);
            assert!(sentence.ends_with('.'), "{sentence:?} is no sentence");
            assert!(sentences.insert(sentence), "{sentence} is said of two");
        }
    }
}

#[test]
fn what_was_not_written_is_explained_too() {
    let morning = Morning::new();
    let (first, state) =
        morning.explain(&shows(false, Presence::DoNotDisturb), &UserState::default(), Language::English);
    let text = all(&first);
    assert!(text.contains("presence: Wanted is Do not disturb, shown is Do not disturb: rests while"), "{text}");
    assert!(text.contains("text: Wanted is a text, shown is no text: rests while"), "{text}");
    // The write of DND was lost, then somebody sets it: nothing to do.
    let (second, state) = morning.explain(&shows(true, Presence::Available), &state, Language::English);
    assert!(all(&second).contains("dnd: Wanted is on, shown is on; before it was off: it is so already."));
    let (third, _) = morning.explain(&shows(false, Presence::Available), &state, Language::English);
    let text = all(&third);
    assert!(
        text.contains("dnd: Wanted is on, shown is off: changed by hand: the event counts as ended here."),
        "{text}"
    );
}

#[test]
fn an_unknown_calendar_is_said_to_be_one() {
    let morning = Morning::new();
    let speaker = Speaker { language: Language::German, zone: &morning.zone };
    let explanation = speaker.explain(None, &Report::default(), at("09:30"));
    assert_eq!(explanation.winner, "Der Kalender ist unbekannt.");
}

#[test]
fn a_write_names_the_event_that_its_value_comes_from() {
    let zone = TimeZone::UTC;
    let decision = Decision { winner: Some("w".into()), action_from: Some("a".into()), ..Decision::default() };
    let report = Report { decision, ..Report::default() };
    let line = |wants| Line { wants, shows: None, before: None, act: Act::Nothing(Why::AlreadyShown) };
    let (wants, none) = (line(Some(Value::Switch(true))), line(None));
    for (dimension, purpose, line, german, english) in [
        (Dimension::Dnd, Purpose::Take, &wants, "Der Termin a will es so", "Event a wants it"),
        (
            Dimension::Diversion("x".into()),
            Purpose::Change,
            &wants,
            "Der Termin a will jetzt etwas anderes",
            "Event a wants another",
        ),
        (Dimension::Text, Purpose::Take, &wants, "Der Termin w will es so", "Event w wants it"),
        (Dimension::Presence, Purpose::Again, &wants, "von anderer Hand", "Somebody else"),
        (Dimension::Dnd, Purpose::GiveBack, &none, "Kein Termin will hier mehr etwas", "No event wants anything"),
        (
            Dimension::Text,
            Purpose::GiveBack,
            &wants,
            "nicht neutral oder der Termin gilt hier als beendet",
            "not neutral or the event",
        ),
    ] {
        for (language, expected) in [(Language::German, german), (Language::English, english)] {
            let sentence = Speaker { language, zone: &zone }.write(&dimension, purpose, &report, line);
            assert!(sentence.contains(expected), "{sentence}");
        }
    }
}
