// A user's page: the time line and its cursor, the reasons, and what an administrator can do.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, address, open, startBrowser } from "../browser.js";
import { House, comeIn, letIn } from "../house.js";
import { Sim } from "../sim.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 4 * PATIENCE };

const WORDS = {
  "de-DE": {
    board: "Tafel",
    why: "Warum?",
    busy: "Nicht stören",
    idle: "Erreichbar",
    decides: /Es entscheidet der Termin .*\(gebucht\)/,
    none: "Es läuft kein Termin.",
    unwritten: /Aus dieser Zeit ist nichts aufgeschrieben/,
    lanes: ["Termine", "Gewollt", "Gezeigt", "Geschrieben"],
    today: /^Heute, \p{L}+, \d+\. \p{L}+ \d{4}$/u,
    table: "Als Tabelle",
    written: "Geschrieben",
    write: /^Nicht stören: aus → an \(für den Termin\)$/,
    cursor: "Zeiger auf der Zeitleiste",
    hour: "1 Stunde",
    pause: "Anhalten",
    until: "Anhalten bis",
    paused: "Die Synchronisation ist angehalten.",
    resume: "Pause beenden",
    resumed: "Die Pause ist beendet.",
    back: "Jetzt zurückgeben",
    given: "Der eigene Status wird zurückgegeben.",
    check: "Neu lesen",
    checked: "Es wird neu gelesen.",
    past: /nur bis zu einem Zeitpunkt, der noch kommt/,
    changes: "Änderungen",
    trail: "Benutzer angehalten",
    unknown: /Diesen Benutzer gibt es nicht/,
    forbidden: "Nicht erlaubt",
  },
  "en-GB": {
    board: "Board",
    why: "Why?",
    busy: "Do not disturb",
    idle: "Reachable",
    decides: /What decides is the event .*\(busy\)/,
    none: "No event is running.",
    unwritten: /Nothing was written down of that time/,
    lanes: ["Events", "Wanted", "Shown", "Written"],
    today: /^Today, \p{L}+, \d+ \p{L}+ \d{4}$/u,
    table: "As a table",
    written: "Written",
    write: /^Do not disturb: off → on \(for the event\)$/,
    cursor: "Cursor on the time line",
    hour: "1 hour",
    pause: "Pause",
    until: "Pause until",
    paused: "Synchronisation is paused.",
    resume: "End the pause",
    resumed: "The pause has ended.",
    back: "Give back now",
    given: "The user's own state is given back.",
    check: "Check again",
    checked: "It is being read anew.",
    past: /only last until an instant that is still to come/,
    changes: "Changes",
    trail: "Paused a user",
    unknown: /There is no such user/,
    forbidden: "Not allowed",
  },
};

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await startBrowser();
}, LIMIT);

after(() => browser?.close(), LIMIT);

/** A service in which somebody is in a meeting, and its administrator's browser on that user's page. */
async function busy(t, options) {
  const sim = await Sim.start({ users: 3 });
  t.after(() => sim.kill());
  const { ready } = sim;
  const [anna] = ready.users;
  await sim.meet(anna, {});
  const house = await House.start(sim.instance({
    name: "Haupthaus / Süd",
    keys: 'zone = "Europe/Berlin"',
    policy: 'actions = { busy = "dnd" }\nset_presence = true\ntitle_as_text = true\nshow_end = true',
  }));
  t.after(() => house.kill());
  const { context, page, notes } = await open(browser, { url: house.setUp }, options);
  t.after(() => context.close());
  await comeIn(page);
  await sim.shows(anna, { dnd: true });
  // From the board to its page, by keyboard.
  await page.goto(house.url);
  const lamp = page.getByRole("link", { name: anna.name, exact: true });
  await lamp.waitFor();
  await lamp.press("Enter");
  await page.getByRole("heading", { level: 1, name: anna.name }).waitFor();
  return { sim, house, page, notes, anna, context };
}

/** Loads the page again until something is on it: without script it does not follow by itself. */
async function until(page, locator) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    if (await locator.first().isVisible()) return;
    await page.reload();
  }
  assert.fail(`${locator} is not on the page`);
}

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: what was, is and will be, and why`, LIMIT, async (t) => {
      const { page, notes, anna } = await busy(t, { locale, javaScriptEnabled });
      assert.match(page.url(), /\/users\/Haupthaus%20%2F%20S%C3%BCd\/\d+$/);
      await until(page, page.getByText(words.decides));
      assert.equal(await page.locator(".person .state").textContent(), words.busy);
      assert.match(await page.locator(".day.today h3").textContent(), words.today);
      assert.equal(await page.locator(".day").count(), 3);
      const lanes = await page.locator(".day.today .names .lane").allTextContents();
      assert.deepEqual(lanes, words.lanes);
      await until(page, page.locator(".day.today .mark.write"));
      for (const drawn of [".event-busy", ".value.dnd", ".now", ".cursor:not([hidden])"]) {
        assert.ok((await page.locator(`.day.today .plot ${drawn}`).count()) > 0, `${drawn} is not drawn`);
      }
      // The same for whoever does not see it.
      await page.getByText(words.table, { exact: true }).click();
      await page.getByRole("cell", { name: words.write }).first().waitFor();

      // An instant that lies before the meeting, asked for by the form.
      const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
      await page.locator("input[name=at]").fill(`${yesterday}T04:00`);
      await page.locator(".ask button").press("Enter");
      await page.waitForURL(/at=/);
      await page.locator(".why").getByText(new RegExp("04:00")).waitFor();
      assert.equal(await page.locator(".why").getByText(words.decides).count(), 0);
      // And one that is drawn, by its link.
      await page.getByText(words.table, { exact: true }).click();
      await page.getByRole("link", { name: new RegExp(`^${words.why.replace("?", "\\?")} `) }).first().press("Enter");
      await page.waitForURL(/at=.*Z/);

      if (javaScriptEnabled) {
        await page.goto(page.url().replace(/\?.*/, ""));
        await accessible(page);
        for (const [name, size] of [["desktop", { width: 1280, height: 900 }], ["telephone", { width: 360, height: 780 }]]) {
          await page.setViewportSize(size);
          await page.screenshot({ path: `${SCREENSHOTS}/user-${name}-${locale}.png`, fullPage: true });
          const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(sideways <= 0, `${name}: ${sideways} pixels too wide`);
        }
      }
      await page.goto(`${new URL(page.url()).origin}/users/nobody/1`);
      await page.getByText(words.unknown).waitFor();
      assert.deepEqual(notes.complaints.filter((text) => !/status of 404/.test(text)), []);
      assert.ok(anna);
    });

    test(`${locale}${how}: paused, resumed, given back, read anew`, LIMIT, async (t) => {
      const { sim, page, anna } = await busy(t, { locale, javaScriptEnabled });
      const press = (name) => page.getByRole("button", { name, exact: true }).first().press("Enter");
      const told = (text) => page.getByRole("status").filter({ hasText: text }).waitFor();
      const plain = page.url();

      await press(words.hour);
      await told(words.paused);
      await sim.shows(anna, { dnd: false });
      await press(words.resume);
      await told(words.resumed);
      await sim.shows(anna, { dnd: true });

      await page.getByLabel(words.until).fill("2020-01-01T10:00");
      await page.getByLabel(words.until).press("Enter");
      await page.getByRole("alert").filter({ hasText: words.past }).waitFor();
      await page.goto(plain);
      await page.getByLabel(words.until).fill("2037-01-01T10:00");
      await page.getByLabel(words.until).press("Enter");
      await told(words.paused);
      await sim.shows(anna, { dnd: false });
      await press(words.resume);
      await told(words.resumed);
      await sim.shows(anna, { dnd: true });

      await press(words.check);
      await told(words.checked);
      await press(words.back);
      await told(words.given);
      await sim.shows(anna, { dnd: false });
      await page.getByRole("link", { name: words.changes }).press("Enter");
      await page.getByRole("cell", { name: words.trail }).first().waitFor();
    });
  }

  test(`${locale}: the cursor goes by keyboard and pointer, and tells where it is`, LIMIT, async (t) => {
    const { page } = await busy(t, { locale });
    const slider = page.getByRole("slider", { name: words.cursor });
    await slider.focus();
    const told = () => slider.getAttribute("aria-valuetext");
    const now = await told();
    for (let press = 0; press < 8; press += 1) await page.keyboard.press("ArrowLeft");
    await page.waitForFunction((old) => document.getElementById("cursor").getAttribute("aria-valuetext") !== old, now);
    // Two hours ago the program did not run yet, and the page does not claim to know.
    await page.locator(".why").getByText(words.unwritten).waitFor();
    assert.match(await address(page), /at=/);
    for (let press = 0; press < 8; press += 1) await page.keyboard.press("ArrowRight");
    await page.locator(".why").getByText(words.decides).waitFor();
    await page.keyboard.press("Home");
    await page.locator(".why time").filter({ hasText: "00:00" }).waitFor();
    await page.keyboard.press("Shift+ArrowRight");
    await page.locator(".why time").filter({ hasText: "00:01" }).waitFor();
    // Of the day before less is told, so that the explanation has another shape; of today it has the old one again.
    const first = await told();
    await page.keyboard.press("PageDown");
    await page.waitForFunction((old) => document.getElementById("cursor").getAttribute("aria-valuetext") !== old, first);
    await page.keyboard.press("PageUp");
    await page.waitForFunction((first) => document.getElementById("cursor").getAttribute("aria-valuetext") === first, first);
    await page.keyboard.press("PageUp");
    await page.waitForFunction(() => !document.querySelector(".day:last-child .cursor").hasAttribute("hidden"));

    const plot = page.locator(".day.today .plot");
    const box = await plot.boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height - 3);
    await page.locator(".why time").filter({ hasText: /1[12]:\d\d/ }).waitFor();
    // The page can be opened again where it was.
    const where = await told();
    await page.reload();
    assert.equal(await told(), where);
  });

  test(`${locale}: the page follows its user`, LIMIT, async (t) => {
    const { sim, page, anna } = await busy(t, { locale });
    await page.evaluate(() => {
      window.sameDocument = true;
    });
    await sim.ask("DELETE", `mailboxes/${anna.mail}/events`);
    await page.locator(".person .state").filter({ hasText: words.idle }).waitFor();
    await page.locator(".why").getByText(words.none).waitFor();
    assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded again");
  });

  test(`${locale}: who may only look has no buttons, and is refused`, LIMIT, async (t) => {
    const { house, page, context } = await busy(t, { locale });
    const plain = page.url();
    await letIn(page, house, "bert");
    await context.clearCookies();
    await page.goto(plain);
    await comeIn(page, "bert");
    await page.locator(".person").waitFor();
    assert.equal(await page.getByRole("button", { name: words.pause, exact: true }).count(), 0);
    const answers = await page.evaluate(async (path) => {
      const orders = ["pause", "resume", "give-back", "discard", "check"];
      const order = async (name) => (await fetch(`${path}/${name}`, { method: "POST", body: new URLSearchParams({ for: "hour" }) })).status;
      return Promise.all(orders.map(order));
    }, new URL(plain).pathname);
    assert.deepEqual(answers, [403, 403, 403, 403, 403]);
  });
}
