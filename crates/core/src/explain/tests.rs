//! Explanations of a morning with several events, in both languages.

use super::*;
use crate::{
    account::{AccountState, Presence, Value},
    decide::Decision,
    event::{Agenda, RawEvent, ReadKind, Response, Sensitivity, When},
    hold::{Act, Why},
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
        "Es entscheidet der Termin 09:00–10:00 (gebucht): die wichtigere Art geht vor.",
        "Der Termin 09:00–11:00 (mit Vorbehalt, fast ein Schlüsselwort) steht zurück: die wichtigere Art geht vor.",
        "Der Termin 09:00–10:00 (frei, unbekannte Art „Urlaub“) steht zurück",
        "Der Termin 09:00–10:00 (gebucht) zählt nicht: er ist abgesagt.",
        "Das Telefon folgt dem Termin 09:00–10:00 (gebucht), wegen der Voreinstellung seiner Art.",
        "dnd: Gewollt ist an, gezeigt wird aus. Es wird jetzt umgestellt. Danach wieder aus.",
        "Das gilt bis 10:00.",
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
        "The event 09:00–10:00 (busy) does not count: it was cancelled.",
        "The event 09:30–09:30 (busy) does not count: it has no length.",
    ];
    assert_eq!(left_out, expected);
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
    assert!(text.contains("presence: “Do not disturb” is wanted, “Do not disturb” is shown. It rests while"), "{text}");
    assert!(text.contains("text: A text is wanted, no text is shown. It rests while"), "{text}");
    // The write of DND was lost, then somebody sets it: nothing to do.
    let (second, state) = morning.explain(&shows(true, Presence::Available), &state, Language::English);
    assert!(all(&second).contains("dnd: On is wanted, and so it is already. Afterwards off again."));
    let (third, _) = morning.explain(&shows(false, Presence::Available), &state, Language::English);
    let text = all(&third);
    assert!(
        text.contains("dnd: On is wanted, off is shown. It was changed by hand: the event counts as ended here."),
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

#[test]
fn where_no_event_comes_any_more_that_is_said() {
    let empty = Morning { agenda: Agenda::new([]), ..Morning::new() };
    for (language, expected) in [
        (Language::German, "Das bleibt so, solange sich am Kalender nichts ändert."),
        (Language::English, "This stays so as long as nothing changes in the calendar."),
    ] {
        let (explained, _) = empty.explain(&shows(false, Presence::Available), &UserState::default(), language);
        assert_eq!(explained.until, expected);
    }
}

#[test]
fn dates_are_said_where_they_are_not_those_of_the_instant_spoken_of() {
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let instant = |text: &str| text.parse::<Timestamp>().expect("an instant");
    let speak = |language| Speaker { language, zone: &zone };
    let noon = at("12:00");
    for (text, german, english) in [
        ("2026-11-24T09:00:00+01:00", "09:00", "09:00"),
        ("2026-11-24T09:00:07+01:00", "09:00:07", "09:00:07"),
        ("2026-11-25T00:00:00+01:00", "25.11.2026 00:00", "25 Nov 2026 00:00"),
        ("2027-01-02T09:00:00+01:00", "02.01.2027 09:00", "2 Jan 2027 09:00"),
    ] {
        assert_eq!(speak(Language::German).moment(instant(text), noon), german);
        assert_eq!(speak(Language::English).moment(instant(text), noon), english);
    }
    let event = |when| {
        let raw = RawEvent {
            id: "a".into(),
            when,
            kind: ReadKind::from_name("busy"),
            subject: "Geheim",
            sensitivity: Sensitivity::Normal,
            response: Response::None,
            cancelled: false,
            draft: false,
            series_master: false,
        };
        let read = raw.read(&Policy::default().reading());
        let (start, end) = read.when.interval(&zone);
        speak(Language::German).event(&Placed { event: &read, start, end }, noon)
    };
    let timed = |start: &str, end: &str| event(When::Timed { start: instant(start), end: instant(end) });
    let day = |day: i8| jiff::civil::date(2026, 11, day);
    assert_eq!(timed("2026-11-24T09:00:00+01:00", "2026-11-24T10:00:00+01:00"), "09:00–10:00 (gebucht)");
    assert_eq!(timed("2026-11-23T09:00:00+01:00", "2026-11-23T10:00:00+01:00"), "23.11.2026 09:00–10:00 (gebucht)");
    assert_eq!(timed("2026-11-23T22:00:00+01:00", "2026-11-24T06:00:00+01:00"), "23.11.2026 22:00–06:00 (gebucht)");
    assert_eq!(timed("2026-11-24T22:00:00+01:00", "2026-11-25T06:00:00+01:00"), "22:00–25.11.2026 06:00 (gebucht)");
    assert_eq!(event(When::AllDay { first: day(24), last: day(24) }), "24.11.2026 (gebucht)");
    assert_eq!(event(When::AllDay { first: day(24), last: day(26) }), "24.11.2026–26.11.2026 (gebucht)");
}

#[test]
fn each_reason_for_doing_nothing_has_its_sentence() {
    let zone = TimeZone::UTC;
    let (on, off) = (Some(Value::Switch(true)), Some(Value::Switch(false)));
    let line = |wants: &Option<Value>, shows: &Option<Value>, before: &Option<Value>, act| Line {
        wants: wants.clone(),
        shows: shows.clone(),
        before: before.clone(),
        act,
    };
    let text = |text: &str| Some(Value::Text(text.into()));
    let writes = |value: &Option<Value>, purpose| Act::Write { value: value.clone().expect("a value"), purpose };
    let later = at("10:00");
    for (line, german, english) in [
        (
            line(&None, &off, &None, Act::Nothing(Why::NothingWanted)),
            "Kein Termin will hier etwas; es bleibt, wie es ist: aus.",
            "No event wants anything here; it stays as it is: off.",
        ),
        (
            line(&on, &on, &on, Act::Nothing(Why::AlreadyShown)),
            "Gewollt ist an, und so ist es schon.",
            "On is wanted, and so it is already.",
        ),
        (
            // The step that learns that the telephone system cuts texts leaves them alone. What they say is not repeated.
            line(&text("Einkauf, Messe"), &text("Einkauf"), &None, Act::Nothing(Why::AlreadyShown)),
            "Gewollt ist ein Text, gezeigt wird ein Text.",
            "A text is wanted, a text is shown.",
        ),
        (
            line(&on, &on, &off, writes(&off, Purpose::GiveBack)),
            "Der eigene Wert wird jetzt zurückgegeben: aus statt an.",
            "The user's own value is being given back: off in place of on.",
        ),
        (
            line(&None, &off, &None, Act::Nothing(Why::GivenBack)),
            "Gezeigt wird aus. Der eigene Wert ist zurück.",
            "Off is shown. The user's own value is back.",
        ),
        (
            line(&None, &off, &None, Act::Nothing(Why::LeftAlone)),
            "Gezeigt wird aus. Das hat jemand anderes so eingestellt, und es bleibt so.",
            "Off is shown. Somebody else has set it so, and so it stays.",
        ),
        (
            line(&on, &off, &off, Act::Nothing(Why::PutOff(later))),
            "Gewollt ist an, gezeigt wird aus. Jemand anderes hat es geändert; überschrieben wird es frühestens um 09:00.",
            "On is wanted, off is shown. Somebody else has changed it; it is written over at 09:00 at the earliest.",
        ),
        (
            line(&None, &on, &off, Act::Nothing(Why::RefusedGiveBack(later))),
            "Gezeigt wird an. Die Telefonanlage hat die Rückgabe (aus) abgelehnt; nächster Versuch um 09:00.",
            "On is shown. The telephone system has refused to take it back (off); the next try is at 09:00.",
        ),
        (
            line(&None, &on, &off, Act::Nothing(Why::KeptUntil(later))),
            "Gezeigt wird an. Der Kalender ist seit dem Start noch nicht gelesen; bis 09:00 bleibt es so.",
            "On is shown. The calendar has not been read since the start; until 09:00 it stays so.",
        ),
        (
            line(&None, &None, &off, Act::Nothing(Why::NotReadable)),
            "Die Telefonanlage sagt nicht, was sie hier zeigt.",
            "The telephone system does not tell what it shows here.",
        ),
        (
            line(&on, &off, &None, Act::Nothing(Why::RefusedTake)),
            "Gewollt ist an, gezeigt wird aus. Die Telefonanlage hat es abgelehnt; erst wenn sich etwas ändert, wird es \
             noch einmal versucht.",
            "On is wanted, off is shown. The telephone system has refused it; it is tried again only when something \
             changes.",
        ),
        (
            line(&on, &off, &None, Act::Nothing(Why::NoJournal)),
            "Gewollt ist an, gezeigt wird aus. Der Speicher nimmt nichts auf; bis er es tut, wird nichts übernommen.",
            "On is wanted, off is shown. The store takes nothing down; until it does, nothing is taken over.",
        ),
    ] {
        for (language, expected) in [(Language::German, german), (Language::English, english)] {
            let report = Report { lines: [(Dimension::Dnd, line.clone())].into(), ..Report::default() };
            let told = Speaker { language, zone: &zone }.explain(None, &report, at("09:30"));
            assert_eq!(told.dimensions, [(Dimension::Dnd, expected.to_owned())]);
        }
    }
}
