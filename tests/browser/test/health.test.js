// How it goes, on the page and in every page's frame; by keyboard, in both languages, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { startDemo } from "../demo.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 4 * PATIENCE };

const WORDS = {
  "de-DE": {
    health: "Zustand",
    well: /^(Alles in Ordnung|Die Verbindungen stehen)\./,
    works: "geht",
    down: "gestört",
    alarm: /Gestört: Microsoft 365 \(Demo\)/,
    more: "Zum Zustand",
    connections: "Verbindungen",
    flagged: "Wer Aufmerksamkeit braucht",
  },
  "en-GB": {
    health: "Health",
    well: /^(All is well|The connections are up)\./,
    works: "works",
    down: "down",
    alarm: /Down: Microsoft 365 \(Demo\)/,
    more: "See health",
    connections: "Connections",
    flagged: "Who needs attention",
  },
};

let browser;
let demo;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  [browser, demo] = await Promise.all([startBrowser(), startDemo()]);
}, LIMIT);

after(() => Promise.all([browser?.close(), demo?.kill()]), LIMIT);

/** Loads the page anew until something is on it. */
async function eventually(page, address, shown) {
  const late = Date.now() + PATIENCE;
  for (;;) {
    await page.goto(address, { waitUntil: "domcontentloaded" });
    if ((await shown.count()) > 0) return;
    assert.ok(Date.now() < late, `not on ${address}: ${await page.locator("body").innerText()}`);
  }
}

for (const [locale, words] of Object.entries(WORDS)) {
  test(`${locale}: connections are told one by one, and what is wrong stands on every page`, LIMIT, async (t) => {
    const health = new URL("health", demo.url).href;
    const { context, page, notes } = await open(browser, { url: health }, { locale });
    t.after(() => context.close());
    await page.getByRole("heading", { level: 1, name: words.health }).waitFor();
    const rows = page.getByRole("region", { name: words.connections }).getByRole("row");
    await eventually(page, health, rows.filter({ hasText: "Microsoft 365" }).filter({ hasText: words.works }));
    await page.getByText(words.well).waitFor();
    await rows.filter({ hasText: "STARFACE" }).filter({ hasText: words.works }).first().waitFor();
    await page.getByRole("heading", { name: words.flagged }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
    await accessible(page);
    await page.screenshot({ path: `${SCREENSHOTS}/health-${locale}.png`, fullPage: true });
    assert.equal((await context.request.get(new URL("healthz", demo.url).href)).status(), 200);

    // The board is open all the while, and is never loaded again.
    const board = await context.newPage();
    await board.goto(demo.url);
    const trouble = board.locator("#head").getByRole("alert").filter({ hasText: "Microsoft Graph" });
    await board.getByRole("list").first().waitFor();
    assert.equal(await trouble.count(), 0);

    await demo.fault("graph_unavailable", true);
    t.after(() => demo.fault("graph_unavailable", false));
    await trouble.waitFor();
    const alarm = page.getByRole("alert").filter({ hasText: words.alarm });
    await eventually(page, demo.url, alarm);
    await accessible(page);
    await page.screenshot({ path: `${SCREENSHOTS}/alarm-${locale}.png` });
    const monitored = await context.request.get(new URL("healthz", demo.url).href);
    assert.deepEqual([monitored.status(), await monitored.text()], [503, "trouble\n"]);
    await alarm.getByRole("link", { name: words.more }).press("Enter");
    await rows.filter({ hasText: "Microsoft 365" }).filter({ hasText: words.down }).waitFor();
    await accessible(page);
    await page.screenshot({ path: `${SCREENSHOTS}/health-down-${locale}.png`, fullPage: true });

    await demo.fault("graph_unavailable", false);
    await trouble.waitFor({ state: "detached" });
    await eventually(page, health, page.getByText(words.well));
    assert.deepEqual(notes.complaints, []);
  });
}

test("on a telephone and without script the page is the same", LIMIT, async (t) => {
  const health = new URL("health", demo.url).href;
  const options = { locale: "de-DE", javaScriptEnabled: false, viewport: { width: 375, height: 740 }, colorScheme: "dark" };
  const { context, page } = await open(browser, { url: health }, options);
  t.after(() => context.close());
  await page.getByRole("heading", { level: 1, name: "Zustand" }).waitFor();
  const { width } = await page.locator("html").boundingBox();
  assert.ok(width <= 375, `${width} pixels`);
  await page.screenshot({ path: `${SCREENSHOTS}/health-small.png`, fullPage: true });
});
