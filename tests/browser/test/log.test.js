// The log: read, filtered, followed, taken away, and how much it tells; by keyboard, in both languages, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { startDemo } from "../demo.js";
import { House, PASSWORD } from "../house.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 4 * PATIENCE };

const WORDS = {
  "de-DE": {
    name: "Name",
    password: "Kennwort",
    log: "Protokoll",
    lines: "Zeilen des Protokolls",
    tells: /Dieses Protokoll hält fest/,
    set: "Übernehmen",
    least: "Mindestens",
    user: "Benutzer",
    text: "Text",
    follow: "Mitlaufen",
    refresh: "Aktualisieren",
    download: "Herunterladen",
    changes: "Änderungen",
    nothing: "Keine Zeilen.",
  },
  "en-GB": {
    name: "Name",
    password: "Password",
    log: "Log",
    lines: "Lines of the log",
    tells: /This log tells/,
    set: "Set",
    least: "At least",
    user: "User",
    text: "Text",
    follow: "Follow",
    refresh: "Refresh",
    download: "Download",
    changes: "Changes",
    nothing: "No lines.",
  },
};

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await startBrowser();
}, LIMIT);

after(() => browser?.close(), LIMIT);

/** Somebody guesses a password, which the log tells. */
async function guess(house, name) {
  const form = { name, password: "falsch falsch falsch" };
  const headers = { "sec-fetch-site": "same-origin" };
  const answer = await fetch(`${house.url}login`, { method: "POST", body: new URLSearchParams(form), headers });
  assert.equal(answer.status, 401);
}

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: an administrator reads the program's log and has it tell more`, LIMIT, async (t) => {
      const house = await House.start();
      t.after(() => house.kill());
      const { context, page, notes } = await open(browser, { url: house.setUp }, { locale, javaScriptEnabled });
      t.after(() => context.close());
      const label = (name) => page.getByLabel(name, { exact: true });
      await label(words.name).fill("anna");
      await label(words.password).fill(PASSWORD);
      await page.keyboard.press("Enter");
      await page.getByRole("link", { name: words.log, exact: true }).press("Enter");
      await page.getByRole("heading", { level: 1, name: words.log }).waitFor();
      const lines = page.getByRole("log", { name: words.lines });
      await lines.getByText("Busylamp is running").waitFor();

      await guess(house, "bert");
      await page.getByRole("button", { name: words.refresh }).press("Enter");
      const wrong = lines.getByText("a wrong name or password");
      await wrong.waitFor();
      if (javaScriptEnabled) {
        await accessible(page);
        await page.screenshot({ path: `${SCREENSHOTS}/log-${locale}.png` });
      }

      await page.getByRole("combobox", { name: words.least }).selectOption("warn");
      if (!javaScriptEnabled) await page.getByRole("button", { name: words.refresh }).press("Enter");
      await page.waitForURL(/level=warn/);
      await wrong.waitFor();
      assert.equal(await lines.getByText("Busylamp is running").count(), 0);
      await label(words.text).fill("nothing has this text");
      await page.keyboard.press("Enter");
      await lines.getByText(words.nothing).waitFor();
      await label(words.text).fill("WRONG");
      await page.keyboard.press("Enter");
      await wrong.waitFor();

      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: words.download }).press("Enter"),
      ]);
      assert.equal(download.suggestedFilename(), "busylamp-program.log");
      const chunks = await (await download.createReadStream()).toArray();
      const text = Buffer.concat(chunks).toString();
      assert.match(text, /^\d{4}-\d\d-\d\dT[\d:.]+Z WARN  busylamp_web::people::sign_in a wrong name or password from=127\.0\.0\.1\n$/);

      await page.getByRole("combobox", { name: words.tells }).selectOption("trace");
      await page.getByRole("button", { name: words.set, exact: true }).press("Enter");
      await page.waitForURL(/log$/);
      assert.equal(await page.getByRole("combobox", { name: words.tells }).inputValue(), "trace");
      await page.getByRole("link", { name: words.changes }).press("Enter");
      await page.getByRole("cell", { name: "Busylamp: TRACE" }).waitFor();
      assert.deepEqual(notes.complaints, []);
    });
  }

  test(`${locale}: a log is followed live, and let go again`, LIMIT, async (t) => {
    const house = await House.start();
    t.after(() => house.kill());
    const { context, page, notes } = await open(browser, { url: house.setUp }, { locale });
    t.after(() => context.close());
    await page.getByLabel(words.name, { exact: true }).fill("anna");
    await page.getByLabel(words.password, { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: words.log, exact: true }).press("Enter");
    const lines = page.getByRole("log", { name: words.lines });
    await lines.getByText("Busylamp is running").waitFor();
    const follow = page.getByLabel(words.follow);
    await follow.focus();
    const [stream] = await Promise.all([page.waitForResponse(/log-live/), page.keyboard.press("Space")]);
    assert.equal(stream.status(), 200);
    await page.waitForURL(/follow=on/);
    await guess(house, "bert");
    const wrong = lines.getByText("a wrong name or password");
    await wrong.waitFor();
    assert.equal(await wrong.count(), 1);
    await accessible(page);

    // A page that is opened again goes on following.
    await page.reload();
    await guess(house, "bert");
    await wrong.nth(1).waitFor();
    await page.getByLabel(words.follow).press("Space");
    await page.waitForURL((url) => !url.searchParams.has("follow"));
    assert.deepEqual(notes.complaints, []);
  });
}

test("an instance's log stands beside the program's, and nobody changes anything in the demo", LIMIT, async (t) => {
  const demo = await startDemo();
  t.after(() => demo.kill());
  const address = new URL("log/Demo", demo.url).href;
  const { context, page, notes } = await open(browser, { url: address }, { locale: "de-DE" });
  t.after(() => context.close());
  const lines = page.getByRole("log");
  for (const begin = Date.now(); (await lines.getByText("other users than before").count()) === 0; ) {
    assert.ok(Date.now() - begin < PATIENCE, await lines.innerText());
    await page.reload({ waitUntil: "domcontentloaded" });
  }
  assert.equal(await page.getByRole("link", { name: "Demo", exact: true }).getAttribute("aria-current"), "page");
  await page.getByLabel("Benutzer", { exact: true }).fill("niemand");
  await page.keyboard.press("Enter");
  await lines.getByText("Keine Zeilen.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Übernehmen" }).count(), 0);
  const refused = await fetch(address, { method: "POST", body: new URLSearchParams({ level: "trace" }) });
  assert.ok(refused.status >= 400, String(refused.status));
  await page.setViewportSize({ width: 375, height: 740 });
  await page.goto(address);
  await accessible(page);
  await page.screenshot({ path: `${SCREENSHOTS}/log-small.png` });
  assert.deepEqual(notes.complaints, []);
});
