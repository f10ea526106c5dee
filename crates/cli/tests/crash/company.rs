//! People whose meetings begin and end all the time, who press buttons meanwhile, and what their telephones have to
//! show when all is over.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    world::{Person, World, Write, within},
};

/// A write that reaches the telephone system so shortly after a person's change may have been decided before it:
/// neither interface can make a write depend on what is shown (docs/semantics.md, 6.8). Whether it was, the value tells
/// that is given back: see [`is_crossed`].
const CROSSING: SignedDuration = SignedDuration::from_secs(2);
/// Once all is reachable everything is given back within this.
const GIVEN_BACK: Duration = Duration::from_secs(60);

/// What a person does at the telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// Nothing.
    None,
    /// Writes a new text now and then.
    Text,
    /// Chooses another presence now and then.
    Presence,
    /// Switches do not disturb off when a meeting has switched it on.
    Dnd,
    /// The same with the diversion.
    Diversion,
}

const HABITS: [Habit; 6] = [Habit::None, Habit::Text, Habit::Presence, Habit::Dnd, Habit::Diversion, Habit::None];
/// None of them is what a meeting shows.
const PRESENCES: [&str; 4] = ["available", "away", "free_for_chat", "unavailable"];

/// A change by hand.
struct Change {
    at: Timestamp,
    value: String,
}

struct Member {
    person: Person,
    habit: Habit,
    dnd: bool,
    /// The person's own values, the latest last.
    presences: Vec<Change>,
    texts: Vec<Change>,
    meetings: BTreeMap<String, (Timestamp, Timestamp)>,
    /// What was done to the calendar and at the telephone: a bound for what may be written.
    occasions: usize,
}

pub(crate) struct Company<'a> {
    world: &'a World,
    members: Vec<Member>,
    next: usize,
    story: Vec<String>,
}

impl<'a> Company<'a> {
    pub(crate) async fn new(world: &'a World) -> Self {
        let begun = world.clock.now();
        let mut members = Vec::new();
        for (place, person) in world.people().into_iter().enumerate() {
            let text = if place % 2 == 0 { format!("Eigener Text {place}") } else { String::new() };
            let presence = if place % 12 == 5 { "away" } else { "available" };
            let dnd = place % 12 == 6;
            world.by_hand(&person, json!({"dnd": dnd, "presence": presence, "text": text})).await;
            let own = |value: &str| vec![Change { at: begun, value: value.to_owned() }];
            let habit = HABITS[place % HABITS.len()];
            members.push(Member {
                person,
                habit,
                dnd,
                presences: own(presence),
                texts: own(&text),
                meetings: BTreeMap::new(),
                occasions: 0,
            });
        }
        Self { world, members, next: 0, story: Vec::new() }
    }

    /// Notes something for the story that a failure tells.
    pub(crate) fn tell(&mut self, who: &str, what: &str) {
        let now = self.world.clock.now();
        self.story.push(format!("{now:.3} {who}: {what}"));
    }

    /// Something happens to somebody.
    pub(crate) async fn live(&mut self, dice: &mut Dice) {
        let place = dice.below(self.members.len());
        let habit = self.members[place].habit;
        if habit != Habit::None && dice.percent(35) {
            self.press(place, dice).await;
        } else if dice.percent(20) {
            self.call_off(place, dice).await;
        } else {
            self.meet(place, dice).await;
        }
    }

    async fn meet(&mut self, place: usize, dice: &mut Dice) {
        let now = self.world.clock.now();
        let start = now + SignedDuration::try_from(dice.millis(0, 3000)).unwrap() - SignedDuration::from_millis(500);
        let end = start + SignedDuration::try_from(dice.millis(1000, 5000)).unwrap();
        self.next += 1;
        let (id, kind) = (format!("m{}", self.next), if dice.percent(60) { "busy" } else { "out_of_office" });
        let subject = format!("Termin {id}");
        let event = json!({"start": start.to_string(), "end": end.to_string(), "kind": kind, "subject": subject});
        let member = &mut self.members[place];
        self.world.put_event(&member.person, &id, event).await;
        member.occasions += 2;
        member.meetings.insert(id.clone(), (start, end));
        let who = self.members[place].person.account.to_string();
        self.tell(&who, &format!("{kind} {id} from {start:.3} to {end:.3}"));
    }

    /// A meeting that runs or is to come goes away.
    async fn call_off(&mut self, place: usize, dice: &mut Dice) {
        let now = self.world.clock.now();
        let member = &mut self.members[place];
        let open: Vec<String> =
            member.meetings.iter().filter(|(_, (_, end))| *end > now).map(|(id, _)| id.clone()).collect();
        if open.is_empty() {
            return;
        }
        let id = dice.pick(&open);
        self.world.remove_event(&member.person, id).await;
        member.meetings.remove(id);
        member.occasions += 1;
        let who = member.person.account.to_string();
        self.tell(&who, &format!("{id} is gone"));
    }

    async fn press(&mut self, place: usize, dice: &mut Dice) {
        let (world, number) = (self.world, self.next);
        let member = &mut self.members[place];
        let person = member.person.clone();
        let now = world.clock.now();
        let change = match member.habit {
            Habit::None => return,
            Habit::Text => {
                let value = format!("Von Hand {number}-{}", member.texts.len());
                member.texts.push(Change { at: now, value: value.clone() });
                json!({"text": value})
            }
            Habit::Presence => {
                let value = *dice.pick(&PRESENCES);
                member.presences.push(Change { at: now, value: value.to_owned() });
                json!({"presence": value})
            }
            Habit::Dnd => {
                if world.account(&person).await["dnd"] == false {
                    return;
                }
                json!({"dnd": false})
            }
            Habit::Diversion => {
                let account = world.account(&person).await;
                let entries = account["diversions"].as_object().unwrap().iter();
                let on: serde_json::Map<String, Value> = entries
                    .filter(|(_, entry)| entry["enabled"] == true)
                    .map(|(id, _)| (id.clone(), json!({"enabled": false})))
                    .collect();
                if on.is_empty() {
                    return;
                }
                json!({"diversions": on})
            }
        };
        member.occasions += 1;
        world.by_hand(&person, change.clone()).await;
        self.tell(&person.account.to_string(), &format!("by hand {change}"));
    }

    /// Lets every meeting end, waits until everything is given back, and looks at every telephone.
    pub(crate) async fn ends(&mut self) {
        let ends = self.members.iter().flat_map(|member| member.meetings.values());
        let last = ends.map(|(_, end)| *end).max().unwrap_or_default();
        let (world, members) = (self.world, &self.members);
        let over = async || if world.clock.now() > last { Ok(()) } else { Err(last) };
        within(GIVEN_BACK, "the last meeting is over", over).await;
        let writes = world.writes().await;
        let right = async || self.wrong(&writes).await.map_or(Ok(()), Err);
        let looked = tokio::time::Instant::now();
        let mut wrong = right().await;
        while wrong.is_err() && looked.elapsed() < GIVEN_BACK {
            tokio::time::sleep(Duration::from_millis(100)).await;
            wrong = right().await;
        }
        if let Err((member, problem)) = wrong {
            self.fail(&members[member], &problem).await;
        }
        for member in &mut self.members {
            for id in std::mem::take(&mut member.meetings).into_keys() {
                self.world.remove_event(&member.person, &id).await;
            }
        }
    }

    /// The first telephone that does not show what it has to, and in what.
    async fn wrong(&self, writes: &[Write]) -> Option<(usize, String)> {
        for (place, member) in self.members.iter().enumerate() {
            let account = self.world.account(&member.person).await;
            let text = |name: &str| account[name].as_str().unwrap().to_owned();
            for (dimension, own) in [("presence", &member.presences), ("text", &member.texts)] {
                let shown = text(dimension);
                let right = possible(own, |place| is_crossed(writes, member, dimension, own, place));
                if !right.contains(&shown.as_str()) {
                    return Some((place, format!("{dimension} is `{shown}` and has to be {right:?}")));
                }
            }
            if account["dnd"] != member.dnd {
                return Some((place, format!("dnd is {} and has to be {}", account["dnd"], member.dnd)));
            }
            let diverted = self.world.diverted(&member.person).await;
            if !diverted.is_empty() {
                return Some((place, format!("{diverted:?} is diverted and nothing has to be")));
            }
        }
        None
    }

    /// How many changes by hand there were, and how many of them a write may have crossed.
    pub(crate) async fn changes(&self) -> (usize, usize) {
        let writes = self.world.writes().await;
        let (mut all, mut crossed) = (0, 0);
        for member in &self.members {
            for (dimension, own) in [("presence", &member.presences), ("text", &member.texts)] {
                all += own.len() - 1;
                crossed += (1..own.len()).filter(|place| is_crossed(&writes, member, dimension, own, *place)).count();
            }
        }
        (all, crossed)
    }

    /// Nobody was written to more than there was occasion for; returns how many writes there were.
    pub(crate) async fn no_storm(&self, kills: usize) -> usize {
        let writes = self.world.writes().await;
        let mut repeated = 0;
        for member in &self.members {
            let own: Vec<&Write> = writes.iter().filter(|w| w.account == u64::from(member.person.account)).collect();
            let mut by_dimension: BTreeMap<&str, Vec<&Write>> = BTreeMap::new();
            for write in &own {
                by_dimension.entry(&write.dimension).or_default().push(write);
            }
            for (dimension, writes) in by_dimension {
                // A start and an end for each meeting, and an answer to each change by hand.
                let most = member.occasions + 5;
                if writes.len() > most {
                    self.fail(member, &format!("{} writes of {dimension}, {most} at most", writes.len())).await;
                }
                if member.habit == Habit::None {
                    repeated += writes.windows(2).filter(|pair| pair[0].value == pair[1].value).count();
                }
            }
        }
        // Only a write that was on its way at a kill can be sent again without need.
        assert!(repeated <= 2 + kills / 20, "{repeated} writes repeated what was shown already");
        writes.len()
    }

    /// Tells the story of somebody whose telephone is not right, and fails.
    async fn fail(&self, member: &Member, problem: &str) -> ! {
        let account = member.person.account;
        let who = format!(" {account}: ");
        let own = |line: &&String| line.contains(&who) || line.contains(" program: ");
        let mut story: Vec<String> = self.story.iter().filter(own).cloned().collect();
        let writes = self.world.writes().await.into_iter().filter(|write| write.account == u64::from(account));
        story.extend(writes.map(|write| format!("{:.3} written: {} {}", write.instant, write.dimension, write.value)));
        story.sort();
        let shown = self.world.control(Method::GET, &format!("/accounts/{account}"), Value::Null).await;
        panic!("account {account} ({:?}): {problem}\n{}\nit shows {shown:#}", member.habit, story.join("\n"));
    }
}

/// The values that may be right: the last one, and those before it as long as a write has crossed the next.
fn possible(own: &[Change], is_crossed: impl Fn(usize) -> bool) -> Vec<&str> {
    let mut values = Vec::new();
    for (place, change) in own.iter().enumerate().rev() {
        values.push(change.value.as_str());
        if !is_crossed(place) {
            break;
        }
    }
    values
}

/// Whether a write crossed the change at this place: one came shortly after it, and what was given back next is older than
/// the change. Once a value has been given back that is as young as the change, the program knew of it, and nothing older
/// is right any more.
fn is_crossed(writes: &[Write], member: &Member, dimension: &str, own: &[Change], place: usize) -> bool {
    let at = own[place].at;
    let account = u64::from(member.person.account);
    let mut later = writes
        .iter()
        .filter(|write| write.account == account && write.dimension == dimension && write.instant >= at)
        .peekable();
    let shortly = later.peek().is_some_and(|write| write.instant < at + CROSSING);
    let Some(given_back) = later.find(|write| !is_of_a_meeting(dimension, &write.value)) else { return false };
    let mut known = own[place..].iter().take_while(|change| change.at <= given_back.instant);
    shortly && known.all(|change| change.value != given_back.value)
}

/// Whether a meeting writes this value; nobody chooses it by hand.
fn is_of_a_meeting(dimension: &str, value: &str) -> bool {
    match dimension {
        "presence" => !PRESENCES.contains(&value),
        _ => value.starts_with("Termin "),
    }
}
