//! `calendarView/delta`: a full round by pages, then rounds of what has changed in the same window
//! (Microsoft Graph, "event: delta" and "Get incremental changes to events").

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Here,
    event::Writer,
    odata::{Answer, Error, Prefer, context, ok},
    view::{self, Window},
};
use crate::{
    faults::Fault,
    mailbox::{
        Mailbox,
        item::{Instance, InstanceKind, Item, parse_occurrence_id},
    },
};

/// Items in a page, if nothing else is asked for.
const PAGE: usize = 10;

/// Where a client is: what the opaque tokens say.
#[derive(Clone, Serialize, Deserialize)]
struct State {
    mailbox: String,
    generation: u64,
    /// This run of the simulator: another one knows nothing of it.
    run: String,
    from: Timestamp,
    to: Timestamp,
    /// The change after which changes are told; absent in the full round.
    since: Option<u64>,
    /// The change up to which the round tells: where the next one begins.
    until: u64,
    page: usize,
    /// The last item of the page before.
    after: Option<(u8, String)>,
    /// An empty page was given already.
    rested: bool,
}

impl State {
    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn read(token: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()
    }
}

/// A page of a round.
pub(super) fn round(here: &Here<'_>) -> Answer {
    let unsupported = ["$orderby", "$filter", "$select", "$expand", "$search", "$top"];
    if here.request.query.iter().any(|(name, _)| unsupported.contains(&name.as_str())) {
        let message = "The following parameters are not supported with change tracking over the 'CalendarView' resource: '$orderby, $filter, $select, $expand, $search, $top'.";
        return Err(Error::bad("ErrorInvalidUrlQuery", message));
    }
    let prefer = Prefer::read(here.request)?;
    let mailbox = here.entry.mailbox();
    let state = position(here, &mailbox, &prefer)?;
    let writer = Writer { here, prefer: &prefer, zone: &mailbox.zone };
    let window = (state.from, state.to);
    let restless = here.world.faults.strikes(Fault::DeltaRestless);
    let (mut page, next) = match state.since {
        // An empty page with a link to a further one is allowed.
        _ if restless && !state.rested => (Vec::new(), Some(State { rested: true, ..state.clone() })),
        None => whole_page(here, &mailbox, &writer, window, &state),
        Some(since) => {
            let changes = mailbox.changes_since(since).ok_or_else(lost)?;
            let changed = changes.into_iter().fold(BTreeMap::new(), |mut first, change| {
                first.entry(change.id.clone()).or_insert_with(|| change.before.clone());
                first
            });
            cut(changed_entries(here, &mailbox, &writer, &changed, window), &state)
        }
    };
    if restless && let Some(first) = page.first().cloned() {
        page.push(first);
    }
    let path = here.request.path.clone();
    let link = |parameter: &str, state: &State| format!("{}{path}?{parameter}={}", here.request.origin, state.token());
    let mut body = json!({"@odata.context": context(here.request, "Collection(event)")});
    match next {
        Some(next) => body["@odata.nextLink"] = json!(link("$skiptoken", &next)),
        None => {
            let done = State { since: Some(state.until), until: 0, after: None, rested: false, ..state };
            body["@odata.deltaLink"] = json!(link("$deltatoken", &done));
        }
    }
    body["value"] = page.into_iter().map(Value::Object).collect();
    Ok(prefer.applied(ok(body)))
}

/// Where the client is, from its token or at the start.
fn position(here: &Here<'_>, mailbox: &Mailbox, prefer: &Prefer) -> Result<State, Error> {
    let owner = here.entry.person.object_id.simple().to_string();
    let page = prefer.page_size.unwrap_or(PAGE);
    let token = here
        .request
        .query
        .iter()
        .find(|(name, _)| ["$skiptoken", "$deltatoken"].iter().any(|token| name.eq_ignore_ascii_case(token)));
    let Some((_, token)) = token else {
        let (from, to) = view::window(here)?;
        return Ok(State {
            mailbox: owner,
            generation: mailbox.generation,
            run: here.world.run.clone(),
            from,
            to,
            since: None,
            until: mailbox.change(),
            page,
            after: None,
            rested: false,
        });
    };
    let invalid = || Error::bad("SyncStateInvalid", "The sync state is invalid.");
    let mut state = State::read(token).filter(|state| state.mailbox == owner).ok_or_else(invalid)?;
    let known = state.generation == mailbox.generation && state.run == here.world.run;
    if !known || here.world.faults.strikes(Fault::DeltaLost) {
        return Err(lost());
    }
    if state.since.is_some() && state.after.is_none() && !state.rested {
        state.until = mailbox.change();
        state.page = prefer.page_size.unwrap_or(state.page);
    }
    Ok(state)
}

fn lost() -> Error {
    let message = "The sync state generation is not found; generation=1;[highest=9][9][7][8].";
    Error::new(StatusCode::GONE, "SyncStateNotFound", message)
}

/// What a round tells, by where it comes: items before occurrences before what is gone.
type Entries<T> = BTreeMap<(u8, String), T>;

type Written = Map<String, Value>;

/// One page of it, and where the next one begins.
fn cut<T>(entries: Entries<T>, state: &State) -> (Vec<T>, Option<State>) {
    let mut rest = entries.into_iter().filter(|(place, _)| state.after.as_ref().is_none_or(|after| place > after));
    let mut page = Vec::new();
    let mut last = None;
    for (place, entry) in rest.by_ref().take(state.page) {
        last = Some(place);
        page.push(entry);
    }
    let next = rest.next().map(|_| State { after: last, ..state.clone() });
    (page, next)
}

/// A page of everything in the window. Nothing is written but what is in it.
fn whole_page(
    here: &Here<'_>,
    mailbox: &Mailbox,
    writer: &Writer<'_>,
    window: Window,
    state: &State,
) -> (Vec<Written>, Option<State>) {
    let (company, person) = (&here.world.company, &here.entry.person);
    let items = mailbox.items(company, person, window);
    let mut entries = Entries::new();
    enter(mailbox.instances(company, person, &items, window), &mut entries);
    let (page, next) = cut(entries, state);
    (page.iter().map(|instance| writer.write_for_delta(instance)).collect(), next)
}

/// Enters instances, and the masters of those that are of a series.
fn enter<'a>(instances: Vec<Instance<'a>>, entries: &mut Entries<Instance<'a>>) {
    for instance in instances {
        let of_series = matches!(instance.kind, InstanceKind::Occurrence | InstanceKind::Exception);
        if of_series {
            let master = (0, instance.item.id.clone());
            entries.entry(master).or_insert_with(|| instance.item.itself());
        }
        entries.insert((u8::from(of_series), instance.id.clone().into_owned()), instance);
    }
}

/// What has become of items that have changed; `before` is what they were when the client last heard of them.
fn changed_entries(
    here: &Here<'_>,
    mailbox: &Mailbox,
    writer: &Writer<'_>,
    changed: &BTreeMap<String, Option<Arc<Item>>>,
    window: Window,
) -> Entries<Written> {
    let (company, person) = (&here.world.company, &here.entry.person);
    let mut entries = Entries::new();
    for (id, before) in changed {
        let found = mailbox.find(company, person, id);
        let now: Vec<Arc<Item>> =
            found.iter().filter(|(_, day)| day.is_none()).map(|(item, _)| Arc::clone(item)).collect();
        let mut there = Entries::new();
        enter(mailbox.instances(company, person, &now, window), &mut there);
        entries.extend(there.into_iter().map(|(place, instance)| (place, writer.write_for_delta(&instance))));
        // Of a series each occurrence that is no longer there is told; of an occurrence it alone.
        let gone_ids: BTreeSet<String> = match before {
            Some(item) if item.id == *id => {
                let mut old = Vec::new();
                item.instances(&mailbox.zone, window, |_| crate::mailbox::item::Fate::AsPlanned, &mut old);
                let series = item.recurrence.is_some() && !old.is_empty();
                old.into_iter().map(|old| old.id.into_owned()).chain(series.then(|| id.clone())).collect()
            }
            Some(_) if parse_occurrence_id(id).is_some() => BTreeSet::from([id.clone()]),
            _ => BTreeSet::new(),
        };
        let reason = if found.is_some() { "changed" } else { "deleted" };
        for gone in gone_ids {
            let there = [(0, gone.clone()), (1, gone.clone())].iter().any(|place| entries.contains_key(place));
            if !there {
                entries.insert((2, gone.clone()), removed(writer, &gone, reason));
            }
        }
    }
    entries
}

fn removed(writer: &Writer<'_>, id: &str, reason: &str) -> Written {
    let mut entry = Map::new();
    entry.insert("@odata.type".to_owned(), json!("#microsoft.graph.event"));
    entry.insert("id".to_owned(), json!(writer.id(id)));
    entry.insert("@removed".to_owned(), json!({"reason": reason}));
    entry
}
