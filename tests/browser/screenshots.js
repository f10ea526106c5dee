// The pictures of the manual: taken of the demo, and of a service that is set up beside the simulator. The same people and
// events each time; only the day and, during working hours, the hour are those of the run.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { PATIENCE, lamps, open, startBrowser, LANGUAGES } from "./browser.js";
import { startDemo, within } from "./demo.js";
import { House, PASSWORD } from "./house.js";
import { Sim } from "./sim.js";

const [, , FOLDER] = process.argv;
assert.ok(FOLDER, "the folder for the pictures is missing");
const WIDTH = 1280;
const HEIGHT = 800;
const PEOPLE = 24;
/** Of the wizard's group: all, and how many have no mailbox. */
const [MEMBERS, WITHOUT] = [14, 2];
const [QUARTER, HOUR] = [900_000, 3_600_000];
/** People of the demo's company: whose page is shown, and whose telephone knows no diversion. */
const [SHOWN, STUCK] = ["Dörte Wagner", "Ines Brandt"];

// Where the pages' hours are those of the company.
process.env.TZ = "Europe/Berlin";

const pause = () => new Promise((resolve) => setTimeout(resolve, 250));

/** Opens a page and hands out how a picture is taken of it. */
async function camera(browser, language, url) {
  const locale = Object.keys(LANGUAGES).find((locale) => LANGUAGES[locale].lang === language);
  const { page } = await open(browser, { url }, { locale, viewport: { width: WIDTH, height: HEIGHT }, colorScheme: "light" });
  const shoot = async (name, height = HEIGHT) => {
    await page.setViewportSize({ width: WIDTH, height });
    // What has the focus would be framed, and a picture says nothing by that.
    await page.evaluate(() => {
      document.activeElement?.blur();
      scrollTo(0, 0);
    });
    await page.screenshot({ path: path.join(FOLDER, language, `${name}.png`), animations: "disabled" });
  };
  return { page, shoot, words: LANGUAGES[locale] };
}

/** Board, wall, a user, health: the demo's, where a day is under way. */
async function ofDemo(browsers) {
  const demo = await startDemo({ users: PEOPLE });
  try {
    await within(PATIENCE, "the demo's people", (async () => {
      while (!(await (await fetch(demo.url)).text()).includes('class="lamp ')) await pause();
    })());
    const base = Math.ceil((await demo.now()) / QUARTER) * QUARTER;
    await demo.plan(SHOWN, base, [
      { from: -45, to: -15, kind: "busy", subject: "Jour fixe" },
      { from: 0, to: 60, kind: "busy", subject: "Workshop" },
      { from: 30, to: 120, kind: "tentative", subject: "Telefonat Lieferant" },
      { from: 240, to: 360, kind: "out_of_office", subject: "Kundentermin" },
    ]);
    await demo.occupy(STUCK, { kind: "out_of_office", subject: "Messe" });
    for (const [language, browser] of browsers) {
      const { page, shoot, words } = await camera(browser, language, demo.url);
      const at = (where) => page.goto(new URL(where, demo.url).href, { waitUntil: "domcontentloaded" });
      await lamps(page, words).nth(PEOPLE - 1).waitFor();
      await page.locator(".lamp .flag").first().waitFor();
      const busy = page.locator(".lamp.dnd").filter({ hasText: SHOWN });
      await within(3 * PATIENCE, "the hour of the pictures", (async () => {
        while ((await demo.now()) < base + QUARTER) await pause();
      })());
      await busy.waitFor();
      await shoot("board");
      const user = await busy.getByRole("link").getAttribute("href");
      await at("/kiosk");
      await lamps(page, words).nth(PEOPLE - 1).waitFor();
      await shoot("wall");
      await at(user);
      await page.locator(".plot").first().waitFor();
      await shoot("user", 1560);
      await at("/health");
      await shoot("health", 960);
    }
  } finally {
    await demo.kill();
  }
}

/** The wizard, an instance's options, the preview and its log: of a service that is set up as a newcomer does it. */
async function ofHouse(language, browser) {
  const [house, sim] = await Promise.all([House.start(), Sim.start({ users: MEMBERS })]);
  try {
    const { ready } = sim;
    await week(sim);
    for (const { mail } of ready.users.slice(-WITHOUT)) await sim.ask("DELETE", `mailboxes/${mail}`);
    const { page, shoot } = await camera(browser, language, house.setUp);
    const type = async (texts) => {
      await page.evaluate(() => {
        for (const folded of document.querySelectorAll("main details")) folded.open = true;
      });
      for (const [name, text] of Object.entries(texts)) await page.locator(`[name="${name}"]`).fill(text);
    };
    const press = () => page.locator(".save button.main").click();
    const comes = (where) => page.waitForURL(`**/${where}`);

    await type({ name: "admin", password: PASSWORD });
    await page.locator("form button.main").click();
    await comes("wizard/calendar");
    const { client_id, tenant, client_secret, graph, login } = ready;
    await type({
      "graph.client_id": client_id,
      "graph.tenant": tenant,
      "graph.client_secret": client_secret,
      "graph.endpoint": graph,
      "graph.login": login,
    });
    await press();
    await comes("wizard/pbx");
    await type({
      "starface.url": ready.starface,
      "starface.login": ready.starface_login,
      "starface.password": ready.starface_password,
      "starface.bridge.key": ready.starface_bridge_key,
    });
    await press();
    await comes("wizard/group");
    await page.locator(`[name="starface.group"][value="${ready.starface_group}"]`).check();
    await press();
    await comes("wizard/policy");
    await page.locator('[name="policy.actions.busy"]').selectOption("dnd");
    await shoot("wizard", 940);
    await press();
    await comes("wizard/done");
    await press();
    await comes("");
    await page.goto(`${house.url}instances`);
    await page.locator(".instance h2 a").click();
    const options = page.url().replace(/general$/, "actions");
    await page.goto(options);
    await shoot("options");
    await page.locator('[name="policy.actions.out_of_office"]').selectOption("forward");
    await page.locator('[name="policy.actions.tentative"]').selectOption("dnd");
    await press();
    await page.locator(".previewed summary").first().click();
    await shoot("preview", 900);
    await page.goto(options.replace("/instances/", "/log/").replace(/\/actions$/, ""));
    await page.locator("form[method=post] [name=level]").selectOption("debug");
    await page.locator(".tells button").click();
    // At this level the log tells what somebody's event does, with the next poll.
    const [somebody] = ready.users;
    await sim.meet(somebody, { kind: "busy" });
    await sim.shows(somebody, { dnd: true });
    await page.reload();
    await shoot("log");
  } finally {
    await Promise.all([house.kill(), sim.kill()]);
  }
}

/** Fills the calendars with a working week that begins tomorrow. */
async function week(sim) {
  const midnight = new Date().setUTCHours(24, 0, 0, 0);
  const kinds = ["busy", "busy", "tentative", "out_of_office", "free"];
  for (const [number, { mail }] of sim.ready.users.entries()) {
    for (let day = 0; day < 5; day += 1) {
      const kind = kinds[(number + 2 * day) % kinds.length];
      const start = midnight + day * 24 * HOUR + (7 + ((number + day) % 6)) * HOUR;
      const event = { start: new Date(start), end: new Date(start + HOUR), kind, subject: "Besprechung" };
      await sim.ask("PUT", `mailboxes/${mail}/events/day-${day}`, event);
    }
  }
}

const browsers = [];
for (const language of ["en", "de"]) {
  mkdirSync(path.join(FOLDER, language), { recursive: true });
  browsers.push([language, await startBrowser(language === "de" ? "de" : "en-GB")]);
}
await ofDemo(browsers);
for (const [language, browser] of browsers) {
  await ofHouse(language, browser);
  await browser.close();
}
