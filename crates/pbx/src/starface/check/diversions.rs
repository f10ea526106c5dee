//! What the diversions of the members look like here: nobody has written down how STARFACE spells the numbers in them,
//! nor what else it keeps with them.

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{
    account::NumberClass,
    check::{Name, Step, Verdict},
    ids::AccountId,
    language::Language,
    said::Said,
};
use futures_util::{StreamExt, stream};

use super::{Telling, among, fault, first_error, note, ok};
use crate::{
    User,
    starface::{PARALLEL, Starface, rest::diversions, steps},
};

const NAME: Name = steps::DIVERSIONS;

/// What was found, over all members.
#[derive(Default)]
struct Found {
    always: usize,
    by_class: BTreeMap<NumberClass, usize>,
    /// The spellings of own numbers, without their digits.
    spellings: BTreeMap<(NumberClass, String), usize>,
    undescribed: BTreeSet<String>,
    unclassified: Vec<AccountId>,
    nowhere: Vec<AccountId>,
    timed: Vec<AccountId>,
    empty: Vec<AccountId>,
}

impl Starface {
    pub(super) async fn diversion_steps(&self, members: &[User], telling: Telling) -> Vec<Step> {
        let mut found = Found::default();
        let mut errors = Vec::new();
        let looks = members.iter().map(|user| async {
            let look = diversions::look(&self.rest, &user.account).await?;
            let always = look.0.iter().filter(|seen| seen.trigger == "ALWAYS" && !seen.of_group);
            let called: Vec<&str> = always.map(|seen| seen.number.as_str()).collect();
            let classes = self.numbers.classes(&self.rest, &user.account, &called).await?;
            Ok::<_, crate::starface::failure::Failure>((&user.account, look, classes))
        });
        // One first: what it is not allowed to see of one, it will not see of the others.
        let mut looks = stream::iter(looks.collect::<Vec<_>>());
        if let Some(first) = looks.next().await {
            match first.await {
                Ok((account, look, classes)) => found.take(account, look, &classes),
                Err(failure) => return vec![fault(NAME, &failure.error)],
            }
        }
        let mut looks = looks.buffer_unordered(PARALLEL);
        while let Some(look) = looks.next().await {
            match look {
                Ok((account, look, classes)) => found.take(account, look, &classes),
                Err(failure) => errors.push(failure.error),
            }
        }
        let mut steps = found.steps(members, telling);
        let failed = errors.len();
        if let Some(error) = first_error(errors) {
            let why = Said::new(
                format!("die von {failed} Mitgliedern sind nicht zu lesen: {}", error.said().speak(Language::German)),
                format!("those of {failed} members can't be read: {error}"),
            );
            steps.push(Step::new(NAME, Verdict::Fault(why)));
        }
        steps
    }
}

impl Found {
    fn take(
        &mut self,
        account: &AccountId,
        (entries, undescribed): (Vec<diversions::Seen>, BTreeSet<String>),
        classes: &[NumberClass],
    ) {
        if entries.is_empty() {
            self.empty.push(account.clone());
        }
        self.undescribed.extend(undescribed);
        let mut classes = classes.iter();
        let (mut unknown, mut nowhere, mut timed, mut usable) = (false, false, false, false);
        for entry in entries.iter().filter(|entry| !entry.of_group) {
            match entry.trigger.as_str() {
                "ALWAYS" => {
                    let class = classes.next().copied().unwrap_or(NumberClass::Unknown);
                    self.always += 1;
                    *self.by_class.entry(class).or_default() += 1;
                    *self.spellings.entry((class, spelling(&entry.number))).or_default() += 1;
                    unknown |= class == NumberClass::Unknown;
                    usable |= entry.has_destination;
                    nowhere = true;
                }
                "TIMEOUT" => timed |= entry.enabled,
                _ => {}
            }
        }
        let mut mark = |list: fn(&mut Self) -> &mut Vec<AccountId>, is_so: bool| {
            if is_so {
                list(self).push(account.clone());
            }
        };
        mark(|found| &mut found.unclassified, unknown);
        mark(|found| &mut found.nowhere, nowhere && !usable);
        mark(|found| &mut found.timed, timed);
    }

    fn steps(&self, members: &[User], telling: Telling) -> Vec<Step> {
        let always = Said::each(|language| {
            let classes =
                self.by_class.iter().map(|(class, count)| format!("{count} {}", class_name(*class, language)));
            let classes = classes.collect::<Vec<_>>().join(", ");
            let what = language.pick("Immer-Umleitungen der Mitglieder", "always-diversions of the members");
            format!("{} {what}: {classes}", self.always)
        });
        let mut steps = vec![ok(NAME, always)];
        if !self.spellings.is_empty() {
            let spellings = Said::each(|language| {
                let times = language.pick("mal", "times");
                let each = self.spellings.iter().map(|((class, spelling), count)| {
                    let spelling = if spelling.is_empty() { language.pick("nichts", "nothing") } else { spelling };
                    format!("{} {spelling} ({count} {times})", class_name(*class, language))
                });
                each.collect::<Vec<_>>().join("; ")
            });
            steps.push(ok(steps::SPELLINGS, spellings));
        }
        if !self.undescribed.is_empty() {
            // A name that is none of a programmer's may be anybody's.
            let is_plain =
                |name: &&str| name.len() <= 80 && name.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c));
            let members: Vec<&str> = self.undescribed.iter().map(String::as_str).filter(is_plain).take(20).collect();
            let members = members.join(", ");
            steps.push(ok(
                steps::ENTRIES,
                Said::new(
                    format!("sie haben, was keine Beschreibung aufführt, und es bleibt erhalten: {members}"),
                    format!("they have what no description lists, and it is kept: {members}"),
                ),
            ));
        }
        for (accounts, german, english) in [
            (
                &self.unclassified,
                "Rufnummern, die weder sicher intern noch sicher extern sind, werden nie umgeleitet",
                "numbers that are neither internal nor external for certain are never diverted",
            ),
            (
                &self.nowhere,
                "Mitglieder, deren Immer-Umleitungen alle ins Leere führen, werden nicht umgeleitet; tragen Sie ein Ziel ein",
                "members whose always-diversions all lead nowhere are not diverted; enter a destination",
            ),
            (
                &self.timed,
                "Mitglieder mit eingeschalteter Zeit-Umleitung: STARFACE folgt ihr sofort, solange Nicht stören an ist",
                "members with a time-out diversion switched on: STARFACE follows it at once while do not disturb is on",
            ),
            (
                &self.empty,
                "Mitglieder, die angeblich überhaupt keine Umleitungen haben",
                "members who are said to have no diversions at all",
            ),
        ] {
            if !accounts.is_empty() {
                let list = telling.list(among(members, accounts));
                let said =
                    Said::each(|language| format!("{}: {}", language.pick(german, english), list.speak(language)));
                steps.push(note(NAME, said));
            }
        }
        steps
    }
}

fn class_name(class: NumberClass, language: Language) -> &'static str {
    let (german, english) = match class {
        NumberClass::External => ("extern", "external"),
        NumberClass::Internal => ("intern", "internal"),
        NumberClass::Unknown => ("nicht zu bestimmen", "not to be told"),
    };
    language.pick(german, english)
}

/// How a number is spelt, without saying which: `+(12)`, `0(3)/(7)`, where a number in brackets is that of digits.
fn spelling(number: &str) -> String {
    let mut out = String::new();
    let mut digits = 0_usize;
    let mut leading = true;
    let end = |out: &mut String, digits: &mut usize| {
        if *digits > 0 {
            out.push_str(&format!("({digits})"));
        }
        *digits = 0;
    };
    for character in number.chars().take(40) {
        match character {
            '0' if leading => out.push('0'),
            '0'..='9' => {
                leading = false;
                digits += 1;
            }
            '+' | ' ' | '-' | '/' | '(' | ')' | '.' | '*' | '#' => {
                end(&mut out, &mut digits);
                out.push(character);
            }
            _ => {
                end(&mut out, &mut digits);
                out.push('x');
            }
        }
    }
    end(&mut out, &mut digits);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spelling_tells_no_number() {
        for (number, expected) in [
            ("+49721123456", "+(11)"),
            ("0049 721/1234-30", "00(2) (3)/(4)-(2)"),
            ("0721", "0(3)"),
            ("207", "(3)"),
            ("anna@x", "xxxxxx"),
            ("", ""),
        ] {
            assert_eq!(spelling(number), expected);
        }
    }
}
