//! Both sources in one: each mailbox is read on the side on which it lives.
//!
//! ```text
//! sources  which side was chosen     memory   which side was found, and whose agenda the asker holds
//! ```

mod memory;
mod sources;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use busylamp_core::{
    check::{Step, Verdict},
    ids::MailAddress,
    said::Said,
};
use futures_util::future::join;
use jiff::Timestamp;
use memory::Memory;
pub use sources::{Side, Source, Sources};

use crate::{Calendar, Health, MailboxError, Outcome, Request, steps};

/// A reader of mailboxes in Microsoft 365 and on an Exchange Server.
///
/// A mailbox with [`Source::Auto`] is asked for on the side that it was last read on. Only if that side says that it
/// isn't there, the other one is asked, and only a reading there moves it: trouble never does. So a migration is noticed by
/// the first poll that finds the mailbox gone here and there there; until then its agenda stands (§8.1).
///
/// Polls about different mailboxes may run side by side.
pub struct HybridCalendar {
    graph: Arc<dyn Calendar>,
    ews: Arc<dyn Calendar>,
    sources: Sources,
    memory: Memory,
}

/// What one side said about each mailbox that it was asked for.
type Outcomes = BTreeMap<MailAddress, Outcome>;

impl HybridCalendar {
    /// A reader over both; `sides` is what [`HybridCalendar::sides`] told earlier. Nothing is asked yet.
    pub fn new(
        graph: Arc<dyn Calendar>,
        ews: Arc<dyn Calendar>,
        sources: Sources,
        sides: BTreeMap<MailAddress, Side>,
    ) -> Self {
        Self { graph, ews, sources, memory: Memory::new(sides) }
    }

    /// Where the mailboxes were found that have [`Source::Auto`], to be kept over a restart.
    pub fn sides(&self) -> BTreeMap<MailAddress, Side> {
        let mut sides = self.memory.sides();
        sides.retain(|mailbox, _| self.sources.of(mailbox) == Source::Auto);
        sides
    }

    /// The side on which this mailbox is read; `None`: it hasn't been found yet.
    pub fn side(&self, mailbox: &MailAddress) -> Option<Side> {
        self.sources.of(mailbox).side().or_else(|| self.memory.side(mailbox))
    }

    fn reader(&self, side: Side) -> &dyn Calendar {
        match side {
            Side::Graph => self.graph.as_ref(),
            Side::Ews => self.ews.as_ref(),
        }
    }

    /// Asks both sides at the same time, each for its mailboxes.
    async fn ask_both(&self, request: &Request<'_>, asked: &Asked) -> (Outcomes, Outcomes) {
        let of = |side| async move { self.ask(side, request, asked.of(side)).await };
        join(of(Side::Graph), of(Side::Ews)).await
    }

    /// Asks one side. What is unchanged since a reading that the asker doesn't hold is read whole.
    async fn ask(&self, side: Side, request: &Request<'_>, mailboxes: &[MailAddress]) -> Outcomes {
        if mailboxes.is_empty() {
            return Outcomes::new();
        }
        let doubtful = self.memory.begin(side, mailboxes);
        let mut outcomes = self.reader(side).poll(Request { mailboxes, ..request.clone() }).await;
        let unchanged = |mailbox: &MailAddress| matches!(outcomes.get(mailbox), Some(Outcome::Unchanged));
        let again: Vec<MailAddress> = doubtful.into_iter().filter(unchanged).collect();
        if !again.is_empty() {
            let request = Request { mailboxes: &again, full: true, ..request.clone() };
            outcomes.extend(self.reader(side).poll(request).await);
        }
        outcomes
    }
}

/// Who is asked on which side.
#[derive(Default)]
struct Asked {
    graph: Vec<MailAddress>,
    ews: Vec<MailAddress>,
}

impl Asked {
    fn of(&self, side: Side) -> &[MailAddress] {
        match side {
            Side::Graph => &self.graph,
            Side::Ews => &self.ews,
        }
    }

    fn add(&mut self, side: Side, mailbox: &MailAddress) {
        match side {
            Side::Graph => self.graph.push(mailbox.clone()),
            Side::Ews => self.ews.push(mailbox.clone()),
        }
    }
}

#[async_trait]
impl Calendar for HybridCalendar {
    async fn poll(&self, request: Request<'_>) -> BTreeMap<MailAddress, Outcome> {
        let mut asked = Asked::default();
        for mailbox in request.mailboxes {
            asked.add(self.side(mailbox).unwrap_or(Side::BOTH[0]), mailbox);
        }
        let mut first = joined(self.ask_both(&request, &asked).await);

        let mut asked = Asked::default();
        for mailbox in request.mailboxes {
            if self.sources.of(mailbox) != Source::Auto {
                continue;
            }
            let home = self.memory.side(mailbox);
            let elsewhere = match first.get(mailbox) {
                Some((_, Outcome::Failed(MailboxError::NotFound { .. }))) => true,
                // Where it lives is not known: the other side may have it.
                Some((_, Outcome::Failed(_))) | None => home.is_none(),
                Some((_, Outcome::Read { .. } | Outcome::Unchanged)) => false,
            };
            if elsewhere {
                asked.add(home.unwrap_or(Side::BOTH[0]).other(), mailbox);
            }
        }
        let mut second = joined(self.ask_both(&request, &asked).await);

        // Nothing waits from here on: what was learned counts only together with the answer.
        let mut outcomes = BTreeMap::new();
        for mailbox in request.mailboxes {
            let said = [first.remove(mailbox), second.remove(mailbox)];
            let mut errors = Vec::new();
            let mut found = None;
            for (side, outcome) in said.into_iter().flatten() {
                match outcome {
                    Outcome::Failed(error) => errors.push((side, error)),
                    Outcome::Read { .. } | Outcome::Unchanged => found = Some((side, outcome)),
                }
            }
            let outcome = match found {
                Some((side, outcome)) => {
                    if self.memory.found(mailbox, side, request.now).is_some_and(|before| before != side) {
                        tracing::info!(%side, "a mailbox has moved to the other side");
                    }
                    outcome
                }
                None => {
                    self.memory.not_found(mailbox, request.now);
                    Outcome::Failed(both_say(errors))
                }
            };
            outcomes.insert(mailbox.clone(), outcome);
        }
        self.memory.forget_the_old(request.now);
        outcomes
    }

    async fn check(&self, mailbox: Option<&MailAddress>, now: Timestamp) -> Vec<Step> {
        let home = mailbox.and_then(|mailbox| self.side(mailbox));
        let asks = |side| mailbox.filter(|_| home.is_none_or(|home| home == side));
        let (graph, ews) = join(self.graph.check(asks(Side::Graph), now), self.ews.check(asks(Side::Ews), now)).await;
        let mut walks = [(Side::Graph, graph), (Side::Ews, ews)];
        if mailbox.is_some() && home.is_none() {
            // It lives on one of them; that the other doesn't have it is as it should be.
            let is_ok = |(_, steps): &(Side, Vec<Step>)| steps.iter().all(Step::is_ok);
            let found = [is_ok(&walks[0]), is_ok(&walks[1])];
            for (index, (_, steps)) in walks.iter_mut().enumerate() {
                if found[1 - index] {
                    steps.iter_mut().filter(|step| step.name != steps::SIGN_IN).for_each(excuse);
                }
            }
        }
        let named = |(side, steps): (Side, Vec<Step>)| steps.into_iter().map(move |step| name(side, step));
        walks.into_iter().flat_map(named).collect()
    }

    fn health(&self) -> Health {
        let sides = Side::BOTH.map(|side| (side, self.reader(side).health()));
        let last_success = sides.iter().filter_map(|(_, health)| health.last_success).max();
        let trouble: Vec<(Side, Said)> =
            sides.into_iter().filter_map(|(side, health)| Some((side, health.trouble?))).collect();
        Health { last_success, trouble: (!trouble.is_empty()).then(|| each_says(&trouble)) }
    }
}

fn excuse(step: &mut Step) {
    if let Verdict::Fault(text) = &mut step.verdict {
        step.verdict = Verdict::Note(Said::each(|language| {
            let here = language.pick("das Postfach liegt nicht auf dieser Seite", "the mailbox is not on this side");
            format!("{here}: {}", text.speak(language))
        }));
    }
}

fn name(side: Side, step: Step) -> Step {
    let named = |text: Said| Said::each(|language| format!("{side}: {}", text.speak(language)));
    Step { verdict: step.verdict.map(named), ..step }
}

/// What both sides said, with the side.
fn joined((graph, ews): (Outcomes, Outcomes)) -> BTreeMap<MailAddress, (Side, Outcome)> {
    let with = |side: Side| move |(mailbox, outcome): (MailAddress, Outcome)| (mailbox, (side, outcome));
    graph.into_iter().map(with(Side::Graph)).chain(ews.into_iter().map(with(Side::Ews))).collect()
}

/// What each side says: sentences in German, which end with their full stops.
fn each_says(said: &[(Side, Said)]) -> Said {
    Said::each(|language| {
        let said: Vec<String> = said.iter().map(|(side, said)| format!("{side}: {}", said.speak(language))).collect();
        said.join(language.pick(" ", "; "))
    })
}

/// What it means that neither side has read a mailbox. That one doesn't have it says nothing while the other has trouble.
fn both_say(mut errors: Vec<(Side, MailboxError)>) -> MailboxError {
    if errors.len() == 1 {
        return errors.remove(0).1;
    }
    let said: Vec<(Side, Said)> = errors.iter().map(|(side, error)| (*side, error.advice().clone())).collect();
    let advice =
        if said.is_empty() { Said::new("Danach wurde nicht gefragt.", "it was not asked") } else { each_says(&said) };
    let any = |wanted: fn(&MailboxError) -> bool| errors.iter().any(|(_, error)| wanted(error));
    if errors.is_empty() || any(|error| matches!(error, MailboxError::Unavailable { .. })) {
        MailboxError::Unavailable { advice }
    } else if any(|error| matches!(error, MailboxError::Denied { .. })) {
        MailboxError::Denied { advice }
    } else if any(|error| matches!(error, MailboxError::Ambiguous { .. })) {
        MailboxError::Ambiguous { advice }
    } else {
        MailboxError::NotFound { advice }
    }
}
