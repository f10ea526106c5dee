//! Two configurations over the same span, user by user.

use std::collections::BTreeMap;

use busylamp_core::{
    account::Presence,
    decide::{Decision, Forward},
    event::{Agenda, Event},
    ids::AccountId,
    language::Language,
    timeline::Stretch,
    title::{Reading, Title},
    view::View,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{Difference, MOST_DIFFERENCES, MOST_UNREAD, MOST_USERS, Pair, Preview, PreviewedUser, Summary};
use crate::{
    config::InstanceConfig,
    engine::{Calendars, Member},
};

/// Compares what the running instance wants with what the proposal would, which has these users. Either may be missing:
/// then it wants nothing.
pub(super) fn compare(
    running: Option<&Calendars>,
    after: Option<&InstanceConfig>,
    users: Vec<Member>,
    from: Timestamp,
    to: Timestamp,
) -> Preview {
    let mut preview = Preview { from, to, ..Preview::default() };
    let before: BTreeMap<&AccountId, &Member> =
        running.into_iter().flat_map(|running| &running.users).map(|user| (&user.account, user)).collect();
    let text_limit = running.and_then(|running| running.text_limit);
    let shown = running.map(|running| (running.config.policy.reading(), running.config.language));
    // Whoever leaves the group loses what is wanted of the calendar.
    let leaving: Vec<Member> = {
        let stays = |account: &AccountId| users.iter().any(|user| user.account == *account);
        let leaving = before.values().filter(|user| !stays(&user.account));
        leaving.map(|user| Member { agenda: Ok(Agenda::default()), ..(*user).clone() }).collect()
    };
    let mut all: Vec<Member> = users.into_iter().chain(leaving).collect();
    all.sort_by(|a, b| (&a.name, &a.account).cmp(&(&b.name, &b.account)));
    for user in all {
        let agenda = match &user.agenda {
            Ok(agenda) => agenda,
            Err(why) => {
                note(&mut preview.unread, &mut preview.more_unread, MOST_UNREAD, (user.name, why.clone()));
                continue;
            }
        };
        let was = before.get(&user.account).zip(running).map(|(user, running)| (*user, &*running.config));
        let was = match was {
            Some((Member { agenda: Ok(agenda), zone, .. }, config)) => {
                timeline(config, zone.as_ref(), agenda, text_limit, from, to)
            }
            // What was never read is not acted on.
            Some((Member { agenda: Err(_), .. }, _)) | None => Vec::new(),
        };
        let agenda =
            veiled(agenda, shown.as_ref().map(|(reading, _)| reading), after.map_or(Language::English, |c| c.language));
        let will = after.map(|config| timeline(config, user.zone.as_ref(), &agenda, text_limit, from, to));
        let differences = differences(&was, &will.unwrap_or_default(), (from, to), &mut preview.summary);
        if differences.is_empty() {
            preview.unchanged += 1;
            continue;
        }
        let more = differences.len().saturating_sub(MOST_DIFFERENCES);
        let differences = differences.into_iter().take(MOST_DIFFERENCES).collect();
        let user = PreviewedUser { account: user.account, name: user.name, differences, more };
        note(&mut preview.users, &mut preview.more_users, MOST_USERS, user);
    }
    preview
}

fn note<T>(list: &mut Vec<T>, more: &mut usize, most: usize, one: T) {
    if list.len() < most { list.push(one) } else { *more += 1 }
}

fn timeline(
    config: &InstanceConfig,
    zone: Option<&TimeZone>,
    agenda: &Agenda,
    text_limit: Option<usize>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Stretch> {
    let zone = zone.unwrap_or(&config.zone);
    let view = View::new(&config.policy, config.language, zone, agenda, text_limit);
    let latch = view.swept_latch(from);
    view.timeline(latch, from, to)
}

/// The calendar with a word in place of each title that the running instance (as whose `reading`) does not publish.
fn veiled(agenda: &Agenda, reading: Option<&Reading>, language: Language) -> Agenda {
    let veil = |event: &Event| {
        let title = match (&event.title, reading) {
            (Title::Clear(title), Some(reading)) if !title.is_empty() => {
                match event.title.masked_anew(event.sensitivity, reading) {
                    title @ Title::Clear(_) => title,
                    Title::Masked | Title::NotKept => veil(language),
                }
            }
            (Title::Clear(title), None) if !title.is_empty() => veil(language),
            (title, _) => title.clone(),
        };
        Event { title, ..event.clone() }
    };
    Agenda::new(agenda.events().iter().map(veil))
}

fn veil(language: Language) -> Title {
    Title::Clear(language.pick("‹Betreff›", "‹subject›").to_owned())
}

/// What a decision does to the telephone, whoever it comes from.
type Effect<'a> = (Option<bool>, Forward, Option<Presence>, Option<&'a str>);

fn effect(decision: &Decision) -> Effect<'_> {
    (decision.dnd, decision.forward, decision.presence, decision.text.as_ref().map(|text| text.as_str()))
}

/// Where two timelines differ in effect; neighbours that differ in the same way are one.
fn differences(
    before: &[Stretch],
    after: &[Stretch],
    (from, to): (Timestamp, Timestamp),
    summary: &mut Summary,
) -> Vec<Difference> {
    let nothing = Decision::default();
    let mut edges: Vec<Timestamp> = before.iter().chain(after).map(|stretch| stretch.from).chain([from]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut differences: Vec<Difference> = Vec::new();
    let (mut was, mut will) = (before.iter().peekable(), after.iter().peekable());
    let mut text_differed = false;
    for (index, at) in edges.iter().enumerate() {
        let end = edges.get(index + 1).copied().unwrap_or(to);
        while was.next_if(|stretch| stretch.to <= *at).is_some() {}
        while will.next_if(|stretch| stretch.to <= *at).is_some() {}
        let old = was.peek().map_or(&nothing, |stretch| &stretch.decision);
        let new = will.peek().map_or(&nothing, |stretch| &stretch.decision);
        let hours = end.duration_since(*at).as_secs_f64() / 3600.0;
        add(summary, old, hours, |pair| &mut pair.before);
        add(summary, new, hours, |pair| &mut pair.after);
        let text_differs = old.text != new.text;
        summary.texts_changed += usize::from(text_differs && !text_differed);
        text_differed = text_differs;
        if effect(old) == effect(new) {
            continue;
        }
        match differences.last_mut() {
            Some(last)
                if last.to == *at && effect(&last.before) == effect(old) && effect(&last.after) == effect(new) =>
            {
                last.to = end;
            }
            _ => differences.push(Difference { from: *at, to: end, before: old.clone(), after: new.clone() }),
        }
    }
    differences
}

fn add(summary: &mut Summary, decision: &Decision, hours: f64, side: fn(&mut Pair) -> &mut f64) {
    let Forward { external, internal } = decision.forward;
    let sums = [
        (decision.dnd == Some(true), &mut summary.dnd_hours),
        (external == Some(true) || internal == Some(true), &mut summary.diverted_hours),
        (decision.presence.is_some(), &mut summary.presence_hours),
        (decision.text.is_some(), &mut summary.text_hours),
    ];
    for (counts, pair) in sums {
        if counts {
            *side(pair) += hours;
        }
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::account::StatusText;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).expect("in range")
    }

    fn stretch(from: i64, to: i64, dnd: Option<bool>, text: Option<&str>) -> Stretch {
        let decision = Decision { dnd, text: text.map(StatusText::from), ..Decision::default() };
        Stretch { from: at(from), to: at(to), decision }
    }

    fn of(before: &[Stretch], after: &[Stretch]) -> (Vec<(i64, i64)>, Summary) {
        let mut summary = Summary::default();
        let found = differences(before, after, (at(0), at(24)), &mut summary);
        let hours = |at: Timestamp| at.as_second() / 3600;
        (found.iter().map(|one| (hours(one.from), hours(one.to))).collect(), summary)
    }

    #[test]
    fn only_stretches_that_differ_are_told_and_neighbours_are_one() {
        let before = [stretch(0, 9, None, None), stretch(9, 12, Some(true), None), stretch(12, 24, None, None)];
        assert_eq!(of(&before, &before).0, []);
        let after = [stretch(0, 10, None, None), stretch(10, 14, Some(true), None), stretch(14, 24, None, None)];
        let (told, summary) = of(&before, &after);
        assert_eq!(told, [(9, 10), (12, 14)]);
        assert_eq!(summary.dnd_hours, Pair { before: 3.0, after: 4.0 });
        // The winner alone makes no difference.
        let mut other = before.clone();
        other[1].decision.winner = Some("x".into());
        assert_eq!(of(&before, &other).0, []);
    }

    #[test]
    fn where_nothing_was_wanted_everything_is_new() {
        let after = [stretch(0, 9, None, None), stretch(9, 10, None, Some("a")), stretch(10, 24, None, Some("b"))];
        let (told, summary) = of(&[], &after);
        assert_eq!(told, [(9, 10), (10, 24)]);
        assert_eq!((summary.texts_changed, summary.text_hours.after), (1, 15.0));
        assert_eq!(of(&after, &[]).0, [(9, 10), (10, 24)]);
        assert_eq!(of(&[], &[]).0, []);
    }
}
