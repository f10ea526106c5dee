// Every page there is, in light and in dark, on a desk and on a telephone, for administrators and for viewers: axe finds
// nothing, nothing is wider than the screen, and viewers find nothing to change.

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House, comeIn, letIn } from "../house.js";
import { Sim } from "../sim.js";

const LIMIT = { timeout: 6 * PATIENCE };

const EDITS = ["general", "exchange", "graph", "starface", "actions", "chat"].map((tab) => `instances/Test/${tab}`);
/** What everybody sees who has come in. */
const OPEN = ["", "kiosk", "health", "log", "log/Test", "instances", ...EDITS, "instances/Test/keywords", "account"];
/** What administrators see. */
const CLOSED = ["instances/Test/delete", "people", "tokens", "audit", "wizard/calendar"];
/** What is seen by whoever comes from nowhere. */
const NOWHERE = ["nowhere", "instances/Test/nowhere", "instances/nobody/general", "users/Test/nobody", "wizard/nowhere"];
/** What is changed by forms. */
const POSTS = [
  "people",
  "tokens",
  "log",
  "log/Test",
  "instances/Test/actions",
  "instances/Test/save",
  "instances/Test/activate",
  "instances/Test/deactivate",
  "instances/Test/delete",
  "wizard/calendar",
  "people/1/remove",
  "tokens/1/revoke",
];

let browser, sim, house, user;

before(async () => {
  browser = await startBrowser();
  sim = await Sim.start({ users: 3 });
  const { ready } = sim;
  const [anna] = ready.users;
  await sim.meet(anna, {});
  user = `users/Test/${anna.account}`;
  house = await House.start(sim.instance({ policy: 'actions = { busy = "dnd" }' }));
  const { context, page } = await open(browser, { url: house.setUp }, {});
  await comeIn(page, "anna");
  await letIn(page, house, "bert");
  await sim.shows(anna, { dnd: true });
  await context.close();
}, LIMIT);

after(() => Promise.all([house?.kill(), sim?.kill(), browser?.close()]), LIMIT);

/** Nothing that keeps people out, by axe; nothing that is wider than the screen. */
async function readable(page, path) {
  await accessible(page);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(sideways <= 0, `${path}: ${sideways} pixels too wide`);
  // Where the ways to other pages scroll, the one that leads here is in sight.
  const hidden = await page.evaluate(() => {
    const box = document.querySelector(".bar nav a[aria-current]")?.getBoundingClientRect();
    return box && (box.left < 0 || box.right > window.innerWidth);
  });
  assert.ok(!hidden, `${path}: the way here is out of sight`);
}

const DESK = { width: 1280, height: 800 };
const TELEPHONE = { width: 360, height: 740 };

/** Colours, window and language, each of them in two ways. */
const LOOKS = [
  ["light", "on a desk", DESK, "de-DE"],
  ["dark", "on a desk", DESK, "en-GB"],
  ["light", "on a telephone", TELEPHONE, "en-GB"],
  ["dark", "on a telephone", TELEPHONE, "de-DE"],
];

/** The house's first page in one of these looks. */
async function look(t, [colorScheme, , viewport, locale]) {
  const { context, page } = await open(browser, { url: `${house.url}login` }, { colorScheme, viewport, locale });
  t.after(() => context.close());
  return page;
}

// Two at a time: most of the time is axe's.
describe("every page is readable", { concurrency: 2 }, () => {
  for (const looks of LOOKS) {
    const [colours, where, , locale] = looks;
    test(`${colours}, ${where}, ${locale}`, LIMIT, async (t) => {
      const page = await look(t, looks);
      await readable(page, "login");
      assert.equal((await page.goto(house.setUp)).status(), 404);
      await readable(page, "setup");
      await page.goto(`${house.url}login`);
      await comeIn(page, "anna");
      for (const path of [...OPEN, ...CLOSED, user]) {
        const answer = await page.goto(house.url + path);
        assert.equal(answer.status(), 200, path);
        await readable(page, path);
      }
      for (const path of NOWHERE) {
        assert.equal((await page.goto(house.url + path)).status(), 404, path);
        await readable(page, path);
      }
    });
  }
});

// One after the other: what Anna is about to change is the same wherever she has signed in.
for (const looks of LOOKS) {
  const [colours, where, , locale] = looks;
  test(`a change on its way is readable: ${colours}, ${where}, ${locale}`, LIMIT, async (t) => {
    const page = await look(t, looks);
    await comeIn(page, "anna");
    // What it would do.
    await page.goto(`${house.url}instances/Test/actions`);
    await page.locator("[name='policy.actions.free']").selectOption("dnd");
    await page.locator("button.main[value=preview]").press("Enter");
    await page.waitForURL("**/preview");
    await readable(page, "preview");
    await page.locator("form[action$='/discard'] button").press("Enter");
    await page.waitForURL("**/general");
    // A refusal beside its field.
    await page.goto(`${house.url}instances/Test/general`);
    await page.locator("[name=zone]").fill("Mars/Olympus");
    await page.locator("button.main[value=preview]").press("Enter");
    await page.locator("#zone-error").waitFor();
    await readable(page, "refused");
    await page.locator("form[action$='/discard'] button").press("Enter");
    await page.waitForURL("**/general");
  });
}

test("a viewer finds nothing to change, and changes nothing by force", LIMIT, async (t) => {
  const { context, page } = await open(browser, { url: `${house.url}login` }, { locale: "de-DE" });
  t.after(() => context.close());
  await comeIn(page, "bert");
  for (const path of [...OPEN, user]) {
    assert.equal((await page.goto(house.url + path)).status(), 200, path);
    // Their own settings are theirs to change.
    if (path === "account") continue;
    const forms = page.locator("main form:is([method=post], [method=POST])");
    const live = forms.locator(":is(button, input, select, textarea):enabled");
    assert.equal(await live.count(), 0, `${path}: ${await live.evaluateAll((all) => all.map((one) => one.outerHTML))}`);
  }
  for (const path of CLOSED) {
    assert.equal((await page.goto(house.url + path)).status(), 403, path);
    await page.getByRole("heading", { level: 1, name: "Nicht erlaubt" }).waitFor();
    await readable(page, path);
  }
  await page.goto(`${house.url}account`);
  for (const path of [...POSTS, ...["pause", "resume", "give-back", "check", "discard"].map((what) => `${user}/${what}`)]) {
    const status = await page.evaluate(async (url) => {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return (await fetch(url, { method: "POST", headers, body: "action=next" })).status;
    }, house.url + path);
    assert.equal(status, 403, path);
  }
  await page.goto(`${house.url}instances/Test/actions`);
  assert.equal(await page.locator("[name='policy.actions.busy']").inputValue(), "dnd");
});
