// Rounds of changes: the SDK's iterator walks the pages and hands out the link to the next round.

import assert from "node:assert/strict";
import test from "node:test";
import { IMMUTABLE, WEEK, client, control, employee, enter, everything, refusal, remove } from "../simulator.js";

const graph = client();

const hour = (day, more) => ({ start: `2026-11-${day}T09:00:00Z`, end: `2026-11-${day}T10:00:00Z`, ...more });

const PAGES_OF_TWO = "odata.maxpagesize=2";

async function firstRound({ mail }) {
  const request = graph.api(`/users/${mail}/calendarView/delta`).query(WEEK);
  const first = await request.header("Prefer", `${IMMUTABLE}, ${PAGES_OF_TWO}`).get();
  return { first, ...(await everything(graph, first, IMMUTABLE, PAGES_OF_TWO)) };
}

async function nextRound(link) {
  const first = await graph.api(link).header("Prefer", IMMUTABLE).get();
  return everything(graph, first, IMMUTABLE);
}

const byId = (events) => Object.fromEntries(events.map((event) => [event.id, event]));

test("rounds tell everything and then only changes", async () => {
  const somebody = await employee();
  for (const [name, day] of [["a", 24], ["b", 25], ["c", 26]]) {
    await enter(somebody, name, hour(day, { subject: name }));
  }
  const whole = await firstRound(somebody);
  assert.equal(whole.first.value.length, 2);
  assert.equal(whole.first["@odata.deltaLink"], undefined);
  assert.deepEqual(whole.items.map((event) => event.subject).sort(), ["a", "b", "c"]);
  assert.match(whole.deltaLink, /deltatoken=/i);

  const nothing = await nextRound(whole.deltaLink);
  assert.deepEqual(nothing.items, []);

  await enter(somebody, "b", hour(27, { subject: "moved" }));
  await enter(somebody, "d", hour(28));
  await remove(somebody, "a");
  const { items, deltaLink } = await nextRound(nothing.deltaLink);
  const changed = byId(items);
  assert.deepEqual(Object.keys(changed).sort(), ["a", "b", "d"]);
  assert.equal(changed.b.subject, "moved");
  assert.equal(changed.b.start.dateTime, "2026-11-27T09:00:00.0000000");
  assert.deepEqual(changed.a["@removed"], { reason: "deleted" });
  assert.equal(changed.d["@removed"], undefined);
  assert.deepEqual((await nextRound(deltaLink)).items, []);
});

test("a series comes as its master and sparse occurrences", async () => {
  const somebody = await employee();
  await enter(somebody, "s", hour(24, { subject: "Daily", recurrence: { every_days: 1, count: 3 } }));
  const { items } = await firstRound(somebody);
  const [master, ...occurrences] = items;
  assert.deepEqual([master.id, master.type, master.subject], ["s", "seriesMaster", "Daily"]);
  assert.equal(occurrences.length, 3);
  for (const occurrence of occurrences) {
    assert.deepEqual([occurrence.type, occurrence.seriesMasterId], ["occurrence", "s"]);
    assert.equal(occurrence.subject, undefined);
    assert.equal(occurrence.showAs, undefined);
  }
});

test("a lost token is told as such", async () => {
  const somebody = await employee();
  const { deltaLink } = await firstRound(somebody);
  await control("POST", `mailboxes/${somebody.mail}/forget`);
  const error = await refusal(nextRound(deltaLink));
  assert.deepEqual([error.statusCode, error.code], [410, "SyncStateNotFound"]);
});
