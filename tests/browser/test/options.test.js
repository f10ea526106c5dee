// Every option of the pages "actions" and "chat status": changed on its page, and what follows from it at a telephone.
//
// Each chapter is told with a telephone for each option. The pages are brought to what the chapter starts from, events
// are put into calendars, and the telephones show what they show without the options; then these are changed on the
// page, and each telephone shows the one that its event is for. That the event had been read before is seen by its title.

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House, comeIn } from "../house.js";
import { Sim } from "../sim.js";

const LIMIT = { timeout: 4 * PATIENCE };
/** The pages on which all options have to be told of below, and those of whose options some are. */
const PAGES = { actions: "all", chat: "all", general: "some" };

const TITLE = { "policy.title_as_text": true };
const LONG = "Abstimmung ".repeat(10).trim();
const KINDS = ["free", "tentative", "busy", "out_of_office", "working_elsewhere"];
/** The diversion "always" of calls from outside. */
const outside = (enabled) => ({ external: enabled });

/** Each option's value by its key. */
const each = (prefix, values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
const ofKinds = (prefix, ...values) => each(prefix, Object.fromEntries(KINDS.map((kind, index) => [kind, values[index]])));

/**
 * What is told of each telephone (by number): its event, or several; what a person has set at it; what it shows with
 * what is `given` on the pages, and after which of the `changes` what. `meanwhile` acts between the two.
 */
const CHAPTERS = [
  {
    name: "each of the five kinds has its own action",
    given: TITLE,
    changes: [
      ofKinds("policy.actions.", "dnd", "none", "dnd", "forward", "dnd"),
      ofKinds("policy.actions.", "forward", "dnd", "none", "dnd", "forward"),
    ],
    telephones: [
      { event: { kind: "free" }, shows: [{ dnd: false }, { dnd: true, ...outside(false) }, { dnd: false, ...outside(true) }] },
      { event: { kind: "tentative" }, shows: [{ dnd: false }, { dnd: false, ...outside(false) }, { dnd: true }] },
      { event: { kind: "busy" }, shows: [{ dnd: false }, { dnd: true }, { dnd: false, ...outside(false) }] },
      { event: { kind: "oof" }, shows: [outside(false), { dnd: false, ...outside(true) }, { dnd: true, ...outside(false) }] },
      { at: 6, event: { kind: "workingElsewhere" }, shows: [outside(false), { dnd: true }, { dnd: false, ...outside(true) }] },
    ],
  },
  {
    name: "internal calls are forwarded too",
    given: { ...TITLE, "policy.actions.busy": "forward" },
    changes: [{ "policy.forward_internal_calls": true }],
    telephones: [{ event: {}, shows: [{ external: true, internal: false }, { external: true, internal: true }] }],
  },
  {
    name: "an edit during the event acts at once, or not at all",
    given: { ...TITLE, "policy.actions.busy": "dnd", "policy.set_presence": true },
    changes: [{ "policy.change_during_event": false }],
    telephones: [
      {
        event: { kind: "busy" },
        shows: [{ dnd: true, presence: "do_not_disturb" }],
        then: [
          [{ event: { kind: "free" } }, { dnd: false, presence: "available" }],
          [{ event: { kind: "busy" } }, { dnd: true, presence: "do_not_disturb" }],
        ],
        // Presence and text follow the event all the same, and so tell that the edit was seen.
        afterwards: [
          [{ event: { kind: "free" } }, { dnd: true, presence: "available" }],
          [{ event: { kind: "free", subject: "Anders" } }, { dnd: true, text: "Anders" }],
        ],
      },
    ],
  },
  {
    name: "who switches at the telephone is right, or the calendar is",
    given: { ...TITLE, "policy.actions.busy": "dnd" },
    changes: [{ "policy.manual_change": "lead" }],
    telephones: [
      {
        event: {},
        shows: [{ dnd: true }, { dnd: true }],
        then: [[{ hand: { dnd: false }, event: { subject: "Anders" } }, { dnd: false, text: "Anders" }]],
      },
    ],
  },
  {
    name: "declined invitations count, and titles of personal events are shown",
    given: { ...TITLE, "policy.actions.busy": "dnd" },
    changes: [{ "policy.declined": "keep", "policy.masked": false }],
    telephones: [
      { event: { response: "declined" }, shows: [{ dnd: false, text: "" }, { dnd: true, text: "Jour fixe" }] },
      {
        event: { subject: "Zahnarzt", sensitivity: "personal" },
        shows: [{ dnd: true, text: "Privat" }, { text: "Zahnarzt" }],
      },
      { event: { subject: "Zahnarzt", sensitivity: "private" }, shows: [{ text: "Privat" }, { text: "Privat" }] },
    ],
  },
  {
    name: "keywords of the house have the effects of the built-in ones",
    given: { ...TITLE, "policy.actions.busy": "dnd", "policy.actions.out_of_office": "forward" },
    changes: [
      each("policy.extra_keywords.", {
        dnd_on: "(Zen)\n(Stille)",
        dnd_off: "(Offen)",
        forward_on: "(Fort)",
        forward_off: "(Hier)",
        no_action: "(Egal)",
      }),
    ],
    telephones: [
      { event: { kind: "free", subject: "A (Stille)" }, shows: [{ dnd: false, text: "A (Stille)" }, { dnd: true, text: "A" }] },
      { event: { subject: "A (Offen)" }, shows: [{ dnd: true, text: "A (Offen)" }, { dnd: false, text: "A" }] },
      { event: { kind: "free", subject: "A (Fort)" }, shows: [{ external: false }, { external: true, text: "A" }] },
      {
        at: 6,
        event: { kind: "oof", subject: "A (Hier)" },
        shows: [{ external: true, text: "A (Hier)" }, { external: false, text: "A" }],
      },
      { at: 7, event: { subject: "A (Egal)" }, shows: [{ dnd: true }, { dnd: false, text: "A" }] },
    ],
  },
  {
    name: "the presence follows the event's kind, as each row says",
    given: TITLE,
    changes: [
      { "policy.set_presence": true },
      ofKinds("policy.presences.", "away", "extended_away", "free_for_chat", "do_not_disturb", "unavailable"),
      ofKinds("policy.presences.", "leave", "leave", "leave", "leave", "leave"),
    ],
    telephones: ["free", "tentative", "busy", "oof", "workingElsewhere"].map((kind, index) => {
      const usual = ["available", "available", "do_not_disturb", "extended_away", "available"][index];
      const other = ["away", "extended_away", "free_for_chat", "do_not_disturb", "unavailable"][index];
      const presences = ["available", usual, other, "available"];
      return { event: { kind }, shows: presences.map((presence) => ({ presence, text: "Jour fixe" })) };
    }),
  },
  {
    name: "who has chosen a presence keeps it, but for “away”, or unless the calendar leads",
    given: { ...TITLE, "policy.set_presence": true },
    changes: [{ "policy.ignore_away": true }, { "policy.lead": true }],
    telephones: [
      // This one tells that all was read.
      { event: {}, shows: [{ presence: "do_not_disturb" }] },
      {
        hand: { presence: "away" },
        event: {},
        shows: [{ presence: "away", text: "" }, { presence: "do_not_disturb", text: "Jour fixe" }],
      },
      {
        hand: { presence: "extended_away" },
        event: {},
        shows: [{ text: "" }, { presence: "extended_away", text: "" }, { presence: "do_not_disturb", text: "Jour fixe" }],
      },
    ],
  },
  {
    name: "what the instance leaves behind when it is deactivated",
    given: { ...TITLE, "policy.actions.busy": "dnd", "policy.set_presence": true },
    changes: [
      { active: false },
      { active: true, "policy.keep_on_deactivate": true },
      { active: false },
      { active: true, "policy.keep_on_deactivate": false },
    ],
    telephones: [
      {
        event: {},
        shows: [
          { dnd: true, presence: "do_not_disturb", text: "Jour fixe" },
          { dnd: false, presence: "available", text: "" },
          { dnd: true, presence: "do_not_disturb", text: "Jour fixe" },
          { dnd: false, presence: "do_not_disturb", text: "Jour fixe" },
          { dnd: true, presence: "do_not_disturb", text: "Jour fixe" },
        ],
      },
    ],
  },
  {
    name: "the text is made of the parts that are switched on",
    given: { "policy.actions.busy": "dnd" },
    changes: [
      { "policy.show_begin": true },
      { "policy.show_end": true },
      { "policy.show_begin": false },
      { "policy.show_duration": true },
      { "policy.title_as_text": true },
      { language: "en" },
      { language: "de" },
    ],
    telephones: [
      {
        event: { minutes: 90 },
        shows: [
          { dnd: true, text: "" },
          { text: /^ab (\d\d\.\d\d\. )?\d\d:\d\d$/ },
          { text: /^(\d\d\.\d\d\. )?\d\d:\d\d–(\d\d\.\d\d\. )?\d\d:\d\d$/ },
          { text: /^bis (\d\d\.\d\d\. )?\d\d:\d\d$/ },
          { text: /^bis [^,]*\d\d:\d\d, 1 Std\. 30 Min\.$/ },
          { text: /^Jour fixe \(bis [^,]*\d\d:\d\d, 1 Std\. 30 Min\.\)$/ },
          { text: /^Jour fixe \(until [^,]*\d\d:\d\d, 1 h 30 min\)$/ },
          { text: /^Jour fixe \(bis [^,]*\d\d:\d\d, 1 Std\. 30 Min\.\)$/ },
        ],
      },
    ],
  },
  {
    name: "free, parallel, private and long titles, and the labels of keys",
    given: TITLE,
    changes: [
      {
        "policy.no_text_when_free": true,
        "policy.join_parallel_titles": true,
        "policy.mask_word": "Unterwegs",
        "policy.max_text_length": "80",
      },
      { "policy.blf_labels": true },
      { "policy.mask_word": "" },
    ],
    telephones: [
      { event: { kind: "free" }, shows: [{ text: "Jour fixe" }, { text: "" }] },
      {
        events: [{ subject: "Werkstatt" }, { kind: "tentative", subject: "Frühstück" }],
        shows: [
          { text: "Werkstatt" },
          { text: "Werkstatt, Frühstück", label: "" },
          { text: "Werkstatt, Frühstück", label: " · Werkstatt, Frühstück" },
        ],
      },
      {
        event: { sensitivity: "private" },
        shows: [{ text: "Privat" }, { text: "Unterwegs", label: "" }, { label: " · Unterwegs" }, { text: "Privat" }],
      },
      { event: { subject: LONG }, shows: [{ text: LONG }, { text: `${LONG.slice(0, 79)}…` }] },
    ],
  },
];

/** The keys of all options that are told of above. */
const told = new Set(CHAPTERS.flatMap(({ changes }) => changes.flatMap(Object.keys)));

let browser, sim, house, context, page, factory;

before(async () => {
  browser = await startBrowser();
  sim = await Sim.start({ users: 12 });
  house = await House.start(sim.instance());
  ({ context, page } = await open(browser, { url: house.setUp }, { locale: "de-DE" }));
  await comeIn(page);
  factory = {};
  for (const name of Object.keys(PAGES)) {
    await page.goto(`${house.url}instances/Test/${name}`);
    factory[name] = await values();
  }
}, LIMIT);

after(async () => {
  await context?.close();
  await Promise.all([house?.kill(), sim?.kill(), browser?.close()]);
}, LIMIT);

/** What the fields of the page hold, by their names. */
const values = () =>
  page.locator("form.options :is(input, select, textarea)[name]").evaluateAll((fields) =>
    Object.fromEntries(fields.map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value])),
  );

/** Brings fields to these values, page by page, and saves. */
async function save(wanted) {
  let changed = false;
  const names = Object.keys(PAGES).filter((name) => Object.keys(wanted).some((key) => key in factory[name]));
  for (const name of names) {
    await page.goto(`${house.url}instances/Test/${name}`);
    const there = await values();
    const differing = Object.entries(wanted).filter(([key, value]) => key in there && there[key] !== value);
    for (const [key, value] of differing) {
      const field = page.locator(`[name="${key}"]`);
      if (typeof value === "boolean") await field.setChecked(value);
      else if (await field.evaluate((element) => element.localName === "select")) await field.selectOption(value);
      else await field.fill(value);
    }
    if (differing.length === 0) continue;
    changed = true;
    await page.locator("button[value=keep]").click();
    await page.locator(".unsaved").waitFor();
  }
  if (!changed) return;
  await page.locator("button.main[value=preview]").click();
  await page.locator("form[action$='/save'] button").click();
  await page.getByRole("status").waitFor();
}

/** All events of one telephone's calendar. */
async function meet(user, events) {
  for (const [index, { minutes = 600, ...event }] of events.entries()) {
    const start = Date.now() - 60_000;
    const [from, to] = [start, start + minutes * 60_000].map((at) => new Date(at).toISOString());
    const body = { start: from, end: to, kind: "busy", subject: "Jour fixe", ...event };
    await sim.ask("PUT", `mailboxes/${user.mail}/events/event-${index}`, body);
  }
}

/** What a person sets at a telephone. */
const byHand = (user, change) => sim.ask("PATCH", `accounts/${user.account}`, change);

/** Waits until a telephone shows all of this. */
async function shows(user, { external, internal, label, text, ...plain }) {
  const fits = (shown) => {
    const diversion = (kind) => shown.diversions[`${user.account}-${kind}-always`].enabled;
    const labels = Object.values(shown.labels);
    return (
      Object.entries(plain).every(([name, value]) => shown[name] === value) &&
      (text === undefined || (text instanceof RegExp ? text.test(shown.text) : shown.text === text)) &&
      (external === undefined || diversion("ext") === external) &&
      (internal === undefined || diversion("int") === internal) &&
      (label === undefined || (labels.length > 0 && labels.every((name) => name === user.name + label)))
    );
  };
  await sim.until(user, fits, JSON.stringify({ external, internal, label, text: text && String(text), ...plain }));
}

test("there is no option without a story of its effect", () => {
  const untold = Object.entries(PAGES)
    .filter(([, which]) => which === "all")
    .flatMap(([name]) => Object.keys(factory[name]))
    .filter((key) => !told.has(key));
  assert.deepEqual(untold, []);
  const known = new Set(Object.values(factory).flatMap(Object.keys));
  assert.deepEqual([...told].filter((key) => !known.has(key)), []);
});

for (const { name, given, changes, telephones } of CHAPTERS) {
  test(name, LIMIT, async () => {
    for (const { mail, account } of sim.ready.users) {
      await sim.ask("DELETE", `mailboxes/${mail}/events`);
      const settled = (shown) => !shown.dnd && shown.text === "";
      await sim.until(sim.ready.users.find((user) => user.account === account), settled, "nothing");
    }
    await save({ ...Object.assign({}, ...Object.values(factory)), ...given });
    const all = telephones.map((telephone, index) => ({ ...telephone, user: sim.ready.users[telephone.at ?? index] }));
    for (const { user, hand, event, events = [event] } of all) {
      await byHand(user, hand ?? { presence: "available" });
      await meet(user, events);
    }
    const act = async (user, steps = []) => {
      for (const [{ hand, event }, expected] of steps) {
        if (hand) await byHand(user, hand);
        await meet(user, [event]);
        await shows(user, expected);
      }
    };
    for (const { user, shows: [expected], then } of all) {
      await shows(user, expected);
      await act(user, then);
    }
    for (const [index, change] of changes.entries()) {
      await save(change);
      for (const { user, shows: { [index + 1]: expected } } of all) if (expected) await shows(user, expected);
    }
    for (const { user, afterwards } of all) await act(user, afterwards);
  });
}
