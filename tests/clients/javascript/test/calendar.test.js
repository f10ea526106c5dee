// What was entered by the control API comes out of the SDK, field by field.

import assert from "node:assert/strict";
import test from "node:test";
import { BERLIN, IMMUTABLE, client, employee, enter, everything, view, week } from "../simulator.js";

const graph = client();

/** Nine to half past ten in Berlin. */
const MORNING = { start: "2026-11-24T09:00:00+01:00", end: "2026-11-24T10:30:00+01:00" };

/** Enters one event for each word and tells what becomes of it in the SDK's event. */
async function translated(key, words, seen) {
  const somebody = await employee();
  for (const word of words) await enter(somebody, word, { ...MORNING, [key]: word });
  const events = await view(graph, somebody);
  return Object.fromEntries(words.map((word) => [word, seen(events[word])]));
}

test("kinds", async () => {
  const expected = {
    free: "free",
    tentative: "tentative",
    busy: "busy",
    out_of_office: "oof",
    working_elsewhere: "workingElsewhere",
    unknown: "unknown",
  };
  assert.deepEqual(await translated("kind", Object.keys(expected), (event) => event.showAs), expected);
});

test("sensitivities", async () => {
  const words = ["normal", "personal", "private", "confidential"];
  const seen = await translated("sensitivity", words, (event) => event.sensitivity);
  assert.deepEqual(seen, Object.fromEntries(words.map((word) => [word, word])));
});

test("answers to invitations", async () => {
  const expected = {
    none: ["none", true],
    organizer: ["organizer", true],
    accepted: ["accepted", false],
    tentative: ["tentativelyAccepted", false],
    declined: ["declined", false],
    not_responded: ["notResponded", false],
  };
  const seen = (event) => [event.responseStatus.response, event.isOrganizer];
  assert.deepEqual(await translated("response", Object.keys(expected), seen), expected);
});

test("what is not said has its usual value", async () => {
  const somebody = await employee();
  await enter(somebody, "plain", { ...MORNING, subject: "Jour fixe" });
  const { plain } = await view(graph, somebody);
  const usual = {
    subject: "Jour fixe", showAs: "busy", sensitivity: "normal", type: "singleInstance", seriesMasterId: null,
    recurrence: null, isAllDay: false, isCancelled: false, isDraft: false, isOnlineMeeting: false,
    responseStatus: { response: "none", time: "0001-01-01T00:00:00Z" },
  };
  assert.deepEqual(Object.fromEntries(Object.keys(usual).map((name) => [name, plain[name]])), usual);
  assert.ok(plain.changeKey && plain.iCalUId && plain["@odata.etag"]);
});

test("cancelled and draft", async () => {
  const somebody = await employee();
  await enter(somebody, "off", { ...MORNING, cancelled: true });
  await enter(somebody, "draft", { ...MORNING, draft: true });
  const { off, draft } = await view(graph, somebody);
  assert.deepEqual([off.isCancelled, off.isDraft, draft.isCancelled, draft.isDraft], [true, false, false, true]);
});

test("times have seven digits and are UTC unless a zone is asked for", async () => {
  const somebody = await employee();
  await enter(somebody, "a", MORNING);
  const expected = [
    [[], "08:00", "09:30", "UTC"],
    [[BERLIN], "09:00", "10:30", "W. Europe Standard Time"],
    [['outlook.timezone="Asia/Kolkata"'], "13:30", "15:00", "Asia/Kolkata"],
  ];
  for (const [prefer, start, end, timeZone] of expected) {
    const { a } = await view(graph, somebody, ...prefer);
    assert.deepEqual(a.start, { dateTime: `2026-11-24T${start}:00.0000000`, timeZone });
    assert.deepEqual(a.end, { dateTime: `2026-11-24T${end}:00.0000000`, timeZone });
  }
});

test("days are midnights in whatever zone and end on the day after", async () => {
  const somebody = await employee();
  await enter(somebody, "fair", { all_day: true, first_day: "2026-11-24", last_day: "2026-11-25" });
  for (const [prefer, timeZone] of [[[], "UTC"], [[BERLIN], "W. Europe Standard Time"]]) {
    const { fair } = await view(graph, somebody, ...prefer);
    assert.equal(fair.isAllDay, true);
    assert.deepEqual(fair.start, { dateTime: "2026-11-24T00:00:00.0000000", timeZone });
    assert.deepEqual(fair.end, { dateTime: "2026-11-26T00:00:00.0000000", timeZone });
  }
});

test("a series is shown as its occurrences, which name their master", async () => {
  const somebody = await employee();
  await enter(somebody, "daily", { ...MORNING, subject: "Daily", recurrence: { every_days: 2, count: 3 } });
  const events = Object.values(await view(graph, somebody));
  assert.deepEqual(events.map((event) => event.start.dateTime).sort(), [
    "2026-11-24T08:00:00.0000000", "2026-11-26T08:00:00.0000000", "2026-11-28T08:00:00.0000000",
  ]);
  for (const event of events) {
    assert.deepEqual([event.type, event.seriesMasterId, event.subject], ["occurrence", "daily", "Daily"]);
  }
  const master = await graph.api(`/users/${somebody.mail}/events/daily`).header("Prefer", IMMUTABLE).get();
  assert.deepEqual([master.id, master.type, master.seriesMasterId], ["daily", "seriesMaster", null]);
  assert.equal(master.recurrence.pattern.interval, 2);
  assert.equal(master.recurrence.range.numberOfOccurrences, 3);
});

test("ids are in the form that was asked for, and both open the event", async () => {
  const somebody = await employee();
  await enter(somebody, "a", MORNING);
  const usual = (await week(graph, somebody).get()).value[0].id;
  assert.notEqual(usual, "a");
  for (const id of [usual, "a"]) {
    const event = await graph.api(`/users/${somebody.mail}/events/${id}`).header("Prefer", IMMUTABLE).get();
    assert.equal(event.id, "a");
  }
});

test("only what is selected comes", async () => {
  const somebody = await employee();
  await enter(somebody, "a", { ...MORNING, subject: "Jour fixe" });
  const { value } = await week(graph, somebody, IMMUTABLE).select(["start", "end", "showAs"]).get();
  assert.deepEqual(Object.keys(value[0]).sort(), ["@odata.etag", "end", "id", "showAs", "start"]);
});

test("the iterator walks all pages and keeps zone and form of ids", async () => {
  const somebody = await employee();
  const names = Array.from({ length: 23 }, (_, number) => `e${String(number).padStart(2, "0")}`);
  for (const [number, name] of names.entries()) {
    const hour = `2026-11-${23 + Math.floor(number / 5)}T${String(8 + (number % 5)).padStart(2, "0")}`;
    await enter(somebody, name, { start: `${hour}:00:00Z`, end: `${hour}:45:00Z` });
  }
  for (const [top, length] of [[undefined, 10], [4, 4], [500, 23]]) {
    const request = week(graph, somebody, IMMUTABLE, BERLIN).orderby("start/dateTime");
    const first = await (top === undefined ? request : request.top(top)).get();
    assert.equal(first.value.length, length);
    const { items } = await everything(graph, first, IMMUTABLE, BERLIN);
    assert.deepEqual(items.map((event) => event.id), names);
    assert.deepEqual(items.at(-1).start, {
      dateTime: "2026-11-27T11:00:00.0000000",
      timeZone: "W. Europe Standard Time",
    });
  }
});
