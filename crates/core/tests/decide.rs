//! The decision against a second, naive reading of the semantics (`reference`), on random calendars, and the laws
//! that hold for every calendar. All of it through the JSON of `busylamp decide` and `busylamp timeline`.

mod reference;

use busylamp_core::format::question;
use jiff::{Timestamp, civil::date, tz::TimeZone};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestError, TestRng, TestRunner},
};
use serde_json::Value;

use reference::{Decision, Event, Latch, Model, Policy, Question, When, calendars, clusters};

/// Runs a property with a fixed seed: every run of the suite sees the same calendars.
fn holds<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 3000, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    match TestRunner::new_with_rng(config, rng).run(&strategy, property) {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => panic!("{reason}\nsmallest input found: {input:#?}"),
        Err(TestError::Abort(reason)) => panic!("aborted: {reason}"),
    }
}

fn zones(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

fn decide(question: &Question, now: i64) -> Value {
    let input = question.at(now);
    let answer = question::decide(&input, &zones).unwrap_or_else(|refusal| panic!("{refusal}: {input}"));
    serde_json::from_str(&answer).expect("the answer is JSON")
}

fn timeline(question: &Question, from: i64, to: i64) -> Vec<(i64, i64, Decision)> {
    let input = question.span(from, to);
    let answer = question::timeline(&input, &zones).unwrap_or_else(|refusal| panic!("{refusal}: {input}"));
    let answer: Vec<Value> = serde_json::from_str(&answer).expect("the answer is a JSON list");
    let entry = |entry: &Value| {
        let from = second(&entry["from"]).expect("from");
        let to = second(&entry["to"]).expect("to");
        (from, to, Decision::from_json(entry))
    };
    answer.iter().map(entry).collect()
}

fn second(value: &Value) -> Option<i64> {
    let text = value.as_str()?;
    let instant: Timestamp = text.parse().expect("an RFC 3339 instant");
    assert_eq!(instant.subsec_nanosecond(), 0, "{text}");
    Some(instant.as_second())
}

fn considered(answer: &Value) -> Vec<[Option<String>; 5]> {
    let rows = answer["considered"].as_array().expect("considered is a list");
    let row = |row: &Value| ["id", "verdict", "by", "rule", "reason"].map(|key| row[key].as_str().map(str::to_owned));
    rows.iter().map(row).collect()
}

#[test]
fn the_decision_is_that_of_the_naive_model() {
    holds(1500, calendars::question(7), |(question, now)| {
        let answer = decide(&question, now);
        let model = Model::new(&question);
        prop_assert_eq!(Decision::from_json(&answer), model.decide(now, now), "at {}", reference::instant(now));
        prop_assert_eq!(considered(&answer), model.considered(now));
        let until = model.future(now).get(1).map(|(until, _)| *until);
        prop_assert_eq!(second(&answer["until"]), until, "until");
        Ok(())
    });
}

#[test]
fn the_timeline_is_that_of_the_naive_model() {
    holds(300, (calendars::question(8), 1i64..400_000), |((question, from), span)| {
        let to = from + span;
        let model = Model::new(&question);
        let mut expected = Vec::new();
        for (at, decision) in model.future(from) {
            if at < to {
                expected.push((at, to, decision));
            }
        }
        for place in 1..expected.len() {
            expected[place - 1].1 = expected[place].0;
        }
        prop_assert_eq!(timeline(&question, from, to), expected);
        Ok(())
    });
}

#[test]
fn a_timeline_has_no_gaps_and_its_neighbours_differ() {
    holds(300, (calendars::question(8), 1i64..400_000), |((question, from), span)| {
        let entries = timeline(&question, from, from + span);
        prop_assert_eq!(entries[0].0, from);
        prop_assert_eq!(entries[entries.len() - 1].1, from + span);
        for pair in entries.windows(2) {
            prop_assert_eq!(pair[0].1, pair[1].0);
            prop_assert!(pair[0].0 < pair[0].1);
            prop_assert_ne!(&pair[0].2, &pair[1].2);
        }
        Ok(())
    });
}

#[test]
fn the_timeline_says_at_every_instant_what_decide_says() {
    holds(
        120,
        (calendars::question(6), proptest::collection::vec(0i64..300_000, 8)),
        |((mut question, from), random)| {
            // A latch that is given belongs to the instant that is asked about; swept, it is the same for both.
            question.latch = None;
            let entries = timeline(&question, from, from + 300_000);
            let mut instants: Vec<i64> = random.into_iter().map(|offset| from + offset).collect();
            for edge in Model::new(&question).edges() {
                instants.extend([edge - 1, edge, edge + 1]);
            }
            for now in instants {
                let Some(entry) = entries.iter().find(|entry| entry.0 <= now && now < entry.1) else { continue };
                let answer = decide(&question, now);
                prop_assert_eq!(&Decision::from_json(&answer), &entry.2, "at {}", reference::instant(now));
                match second(&answer["until"]) {
                    Some(until) => prop_assert!(until == entry.1 || entry.1 == from + 300_000 && until >= entry.1),
                    None => prop_assert_eq!(entry.1, from + 300_000),
                }
            }
            Ok(())
        },
    );
}

#[test]
fn until_is_the_next_instant_at_which_anything_differs() {
    holds(400, calendars::question(7), |(mut question, now)| {
        question.latch = None;
        let answer = decide(&question, now);
        let decision = Decision::from_json(&answer);
        let until = second(&answer["until"]);
        if let Some(until) = until {
            prop_assert!(until > now);
            prop_assert_ne!(&decision, &Decision::from_json(&decide(&question, until)));
        }
        for edge in Model::new(&question).edges() {
            for instant in [edge - 1, edge, edge + 1] {
                if now < instant && until.is_none_or(|until| instant < until) {
                    prop_assert_eq!(&decision, &Decision::from_json(&decide(&question, instant)));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn the_order_in_which_events_are_read_does_not_matter() {
    let shuffled = calendars::question_without_twins(10).prop_flat_map(|(question, now)| {
        let events = Just(question.events.clone()).prop_shuffle();
        (Just(question), Just(now), events)
    });
    holds(400, shuffled, |(question, now, events)| {
        let other = Question { events, ..question.clone() };
        prop_assert_eq!(decide(&question, now), decide(&other, now));
        prop_assert_eq!(timeline(&question, now, now + 100_000), timeline(&other, now, now + 100_000));
        Ok(())
    });
}

#[test]
fn of_an_id_that_comes_twice_only_the_later_is_there() {
    holds(300, calendars::question(10), |(question, now)| {
        let mut once = question.clone();
        once.events.clear();
        for event in &question.events {
            once.events.retain(|earlier| earlier.id != event.id);
            once.events.push(event.clone());
        }
        prop_assert_eq!(decide(&question, now), decide(&once, now));
        Ok(())
    });
}

/// Of any set of running events the winner is the one that wins every duel, and the whole order is that of the duels.
#[test]
fn precedence_is_a_total_order() {
    holds(250, calendars::question_without_twins(6), |(mut question, now)| {
        question.latch = None;
        for event in &mut question.events {
            if let When::Timed { start, end } = &mut event.when {
                *start = (*start).min(now - (*start).rem_euclid(7) * 600);
                *end = (*end).max(now + 600 + (*end).rem_euclid(5) * 600);
            }
        }
        let ranked: Vec<String> = considered(&decide(&question, now))
            .into_iter()
            .filter(|row| matches!(row[1].as_deref(), Some("winner" | "outranked")))
            .filter_map(|row| row[0].clone())
            .collect();
        for (place, better) in ranked.iter().enumerate() {
            for worse in &ranked[place + 1..] {
                let mut duel = question.clone();
                duel.events.retain(|event| event.id == *better || event.id == *worse);
                let answer = decide(&duel, now);
                prop_assert_eq!(answer["winner"].as_str(), Some(better.as_str()));
                let loser = considered(&answer)[1].clone();
                prop_assert_eq!(loser[0].as_deref(), Some(worse.as_str()));
                prop_assert_eq!(loser[2].as_deref(), Some(better.as_str()));
            }
        }
        Ok(())
    });
}

#[test]
fn a_text_is_clean_and_never_too_long() {
    holds(600, calendars::question(7), |(mut question, now)| {
        question.policy.title_as_text = true;
        let answer = decide(&question, now);
        let Some(text) = answer["text"].as_str() else { return Ok(()) };
        prop_assert!(!text.is_empty());
        prop_assert!(clusters(text).len() <= question.policy.max_text_length.unwrap_or(128), "{text:?}");
        prop_assert!(!text.chars().any(|letter| letter.is_control()), "{text:?}");
        prop_assert!(!text.contains("  ") && text.trim() == text, "{text:?}");
        prop_assert!(!text.contains(['\u{200e}', '\u{200f}', '\u{202e}', '\u{2066}', '\u{61c}']), "{text:?}");
        Ok(())
    });
}

#[test]
fn a_masked_subject_is_nowhere_in_the_answer() {
    holds(300, calendars::question(6), |(mut question, now)| {
        for event in &mut question.events {
            event.subject = format!("Kündigung{}", event.subject);
            event.sensitivity = if event.subject.len() % 2 == 0 { "private" } else { "confidential" }.to_owned();
        }
        prop_assert!(!decide(&question, now).to_string().contains("Kündigung"));
        let input = question.span(now, now + 200_000);
        let answer = question::timeline(&input, &zones).expect("a good question");
        prop_assert!(!answer.contains("Kündigung"));
        Ok(())
    });
}

#[test]
fn a_calendar_of_a_thousand_events_is_decided_like_a_small_one() {
    let mut compared = 0;
    for latched in [false, true] {
        let mut question = plain_question();
        question.policy.change_during_event = !latched;
        question.policy.join_parallel_titles = true;
        let kinds = ["busy", "free", "tentative", "out_of_office", "working_elsewhere"];
        let marks = ["", " (DND)", " (Keine Ruhe)", " (Keine Aktion)", " (Call forwarding)", " (Zen)"];
        let base = 1_795_000_000i64 / 86_400 * 86_400;
        let mut state = 12_345u64;
        let mut random = |below: u64| {
            // A linear congruential generator: enough to scatter, and the same everywhere.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for number in 0..1000u64 {
            let start = base + i64::try_from(random(14 * 96)).expect("small") * 900;
            let length = i64::try_from(random(12) + 1).expect("small") * 900;
            let mut event = timed(&format!("e{number}"), start, start + length);
            event.kind = kinds[usize::try_from(random(5)).expect("small")].to_owned();
            event.subject = format!("Termin {number}{}", marks[usize::try_from(random(6)).expect("small")]);
            question.events.push(event);
        }
        let model = Model::new(&question);
        let (from, to) = (base, base + 14 * 86_400);
        let entries = timeline(&question, from, to);
        assert!(entries.len() > 500, "{} entries", entries.len());
        for offset in (0..14 * 86_400).step_by(14 * 86_400 / 23) {
            let now = from + offset;
            let entry = entries.iter().find(|entry| entry.0 <= now && now < entry.1).expect("no gap");
            assert_eq!(entry.2, model.decide(now, now), "at {}", reference::instant(now));
            let answer = decide(&question, now);
            assert_eq!(Decision::from_json(&answer), entry.2);
            let until = second(&answer["until"]);
            assert!(until == Some(entry.1) || entry.1 == to && until.is_none_or(|until| until > to));
            assert_eq!(considered(&answer).len(), 1000);
            compared += 1;
        }
    }
    assert!(compared >= 46);
}

#[test]
fn a_subject_of_64_kib_of_brackets_is_read_like_any_other() {
    let size = 64 * 1024;
    for (subject, dnd) in [
        ("(".repeat(size), None),
        (")".repeat(size), None),
        ("()".repeat(size / 2), None),
        ("(DND)".repeat(size / 5), Some(true)),
        ("(DND) ".repeat(size / 6), Some(true)),
        ("((DND".repeat(size / 5) + ")", Some(true)),
        ("(".repeat(size) + "DND)", Some(true)),
        ("(DND".to_owned() + &")".repeat(size), None),
        ("(DND)".to_owned() + &" \u{200f}".repeat(size / 4), Some(true)),
        (" ".repeat(size) + "(No DND)", Some(false)),
        ("e\u{301}".repeat(size / 3) + "(No action)(Keine Ruhe)", Some(false)),
        ("e".to_owned() + &"\u{301}".repeat(size / 2), None),
    ] {
        let mut question = plain_question();
        question.events.push(Event { subject, ..timed("a", 1_795_000_000, 1_795_003_600) });
        let now = 1_795_000_001;
        let answer = decide(&question, now);
        let head: String = question.events[0].subject.chars().take(12).collect();
        assert_eq!(Decision::from_json(&answer), Model::new(&question).decide(now, now), "{head}…");
        assert_eq!(answer["dnd"].as_bool(), dnd, "{head}…");
    }
}

/// The rows of the table of §5.2 and the examples below it, as they stand in the text: what both readings must meet.
#[test]
fn the_model_and_the_decision_write_the_texts_of_the_specification() {
    let zone = TimeZone::get("Europe/Berlin").expect("bundled");
    let at = |month, day, hour, minute| {
        let year = if month == 1 { 2027 } else { 2026 };
        zone.to_timestamp(date(year, month, day).at(hour, minute, 0, 0)).expect("an instant").as_second()
    };
    let short = (at(11, 24, 9, 0), at(11, 24, 10, 30));
    let night = (at(11, 24, 23, 0), at(11, 25, 1, 0));
    let years = (at(12, 31, 9, 0), at(1, 2, 17, 0));
    let late = (at(11, 24, 22, 0), at(11, 25, 0, 0));
    let all_parts = [true; 4];
    let times = [false, true, true, false];
    for (span, [title, begin, end, duration], german, english) in [
        (short, [true, false, false, false], "Jour fixe", "Jour fixe"),
        (short, [true, true, false, false], "Jour fixe (ab 09:00)", "Jour fixe (from 09:00)"),
        (short, [true, false, true, false], "Jour fixe (bis 10:30)", "Jour fixe (until 10:30)"),
        (short, [true, true, true, false], "Jour fixe (09:00–10:30)", "Jour fixe (09:00–10:30)"),
        (short, all_parts, "Jour fixe (09:00–10:30, 1 Std. 30 Min.)", "Jour fixe (09:00–10:30, 1 h 30 min)"),
        (short, [false, false, false, true], "1 Std. 30 Min.", "1 h 30 min"),
        (short, times, "09:00–10:30", "09:00–10:30"),
        (night, times, "24.11. 23:00–25.11. 01:00", "24 Nov 23:00–25 Nov 01:00"),
        (night, [false, false, true, false], "bis 25.11. 01:00", "until 25 Nov 01:00"),
        (years, times, "31.12.2026 09:00–02.01.2027 17:00", "31 Dec 2026 09:00–2 Jan 2027 17:00"),
        (late, times, "22:00–24:00", "22:00–24:00"),
    ] {
        for (language, expected) in [(true, german), (false, english)] {
            let mut question = plain_question();
            question.german = language;
            question.policy.title_as_text = title;
            question.policy.show_begin = begin;
            question.policy.show_end = end;
            question.policy.show_duration = duration;
            question.events.push(Event { subject: "Jour fixe".to_owned(), ..timed("a", span.0, span.1) });
            let now = span.0;
            assert_eq!(decide(&question, now)["text"].as_str(), Some(expected));
            assert_eq!(Model::new(&question).decide(now, now).text.as_deref(), Some(expected));
        }
    }
}

/// In the hour that comes twice, and in an event shorter than a minute.
#[test]
fn begin_and_end_that_look_alike_are_both_written() {
    let twice = 1_792_886_400;
    for (start, end) in [(twice, twice + 3600), (twice, twice + 30)] {
        for ([begin, end_shown], expected) in
            [([true, true], "02:00–02:00"), ([true, false], "ab 02:00"), ([false, true], "bis 02:00")]
        {
            let mut question = plain_question();
            question.policy.title_as_text = false;
            question.policy.show_begin = begin;
            question.policy.show_end = end_shown;
            question.events.push(timed("a", start, end));
            assert_eq!(decide(&question, start)["text"].as_str(), Some(expected));
            assert_eq!(Model::new(&question).decide(start, start).text.as_deref(), Some(expected));
        }
    }
}

/// §1.2 says what midnight is where the clocks are changed at it: the day's first instant, the first of two.
#[test]
fn an_event_until_midnight_ends_at_24_00_on_days_of_a_clock_change_too() {
    for (zone, start, end, expected) in [
        ("America/Santiago", "2026-09-06T02:00:00Z", "2026-09-06T04:00:00Z", "22:00–24:00"),
        ("America/Havana", "2024-11-03T02:00:00Z", "2024-11-03T04:00:00Z", "22:00–24:00"),
        ("America/Havana", "2024-11-03T02:00:00Z", "2024-11-03T05:00:00Z", "02.11. 22:00–03.11. 00:00"),
    ] {
        let second = |text: &str| text.parse::<Timestamp>().expect("an instant").as_second();
        let mut question = Question { zone, ..plain_question() };
        question.policy.title_as_text = false;
        question.policy.show_begin = true;
        question.policy.show_end = true;
        question.events.push(timed("a", second(start), second(end)));
        assert_eq!(decide(&question, second(start))["text"].as_str(), Some(expected));
        assert_eq!(Model::new(&question).decide(second(start), second(start)).text.as_deref(), Some(expected));
    }
}

#[test]
fn a_given_latch_holds_until_its_event_ends() {
    let mut question = plain_question();
    question.policy.change_during_event = false;
    question.policy.actions.insert("busy", "dnd");
    question.events.push(timed("a", 1_795_000_000, 1_795_003_600));
    question.events.push(timed("b", 1_795_001_800, 1_795_007_200));
    question.latch = Some(Latch { event: "a".to_owned(), dnd: None, forward: Some(true) });
    let answer = decide(&question, 1_795_002_000);
    assert_eq!(answer["winner"], "b");
    assert_eq!(answer["action_from"], "a");
    assert_eq!(answer["dnd"], Value::Null);
    assert_eq!(answer["forward"]["external"], true);
    assert_eq!(second(&answer["until"]), Some(1_795_003_600));
    let answer = decide(&question, 1_795_003_600);
    assert_eq!((answer["action_from"].as_str(), answer["dnd"].as_bool()), (Some("b"), Some(true)));
}

/// The span's end does not belong to it: what begins just then is another span's.
#[test]
fn a_timeline_ends_before_the_event_that_begins_at_its_end() {
    let mut question = plain_question();
    question.events.push(timed("a", 1_795_000_000, 1_795_003_600));
    for (to, stretches) in [(1_795_000_000, 1), (1_795_000_001, 2), (1_795_003_600, 2), (1_795_003_601, 3)] {
        assert_eq!(timeline(&question, 1_794_990_000, to).len(), stretches, "to {to}");
    }
}

fn timed(id: &str, start: i64, end: i64) -> Event {
    Event {
        id: id.to_owned(),
        when: When::Timed { start, end },
        kind: String::new(),
        subject: String::new(),
        sensitivity: String::new(),
        response: String::new(),
        cancelled: false,
        draft: false,
        series_master: false,
    }
}

fn plain_question() -> Question {
    let policy = Policy {
        actions: [("out_of_office", "forward"), ("tentative", "dnd")].into(),
        presences: [].into(),
        forward_internal_calls: false,
        change_during_event: true,
        keep_declined: false,
        masked: None,
        extra_keywords: vec![("dnd_on", "(Zen)")],
        set_presence: true,
        title_as_text: true,
        show_begin: false,
        show_end: false,
        show_duration: false,
        no_text_when_free: false,
        join_parallel_titles: false,
        mask_word: None,
        max_text_length: None,
    };
    Question { policy, zone: "Europe/Berlin", german: true, events: vec![], latch: None }
}
