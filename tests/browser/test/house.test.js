// The house from its first minute: set up, come in, let others in; by keyboard, in both languages, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House, PASSWORD } from "../house.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 2 * PATIENCE };

const WORDS = {
  "de-DE": {
    setUp: "Busylamp einrichten",
    name: "Name",
    password: "Kennwort",
    begin: "Einrichten",
    signIn: "Anmelden",
    wrong: /Name oder Kennwort ist falsch/,
    people: "Personen",
    add: "Person hinzufügen",
    changes: "Änderungen",
    settings: "Eigene Einstellungen",
    signOut: "Abmelden",
    forbidden: "Nicht erlaubt",
  },
  "en-GB": {
    setUp: "Set up Busylamp",
    name: "Name",
    password: "Password",
    begin: "Set up",
    signIn: "Sign in",
    wrong: /The name or the password is wrong/,
    people: "People",
    add: "Add a person",
    changes: "Changes",
    settings: "My settings",
    signOut: "Sign out",
    forbidden: "Not allowed",
  },
};

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await startBrowser();
}, LIMIT);

after(() => browser?.close(), LIMIT);

/** Types into the fields of a form one after the other and sends it, without touching the mouse. */
async function type(page, first, ...texts) {
  await first.focus();
  for (const [index, text] of texts.entries()) {
    if (index > 0) await page.keyboard.press("Tab");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.insertText(text);
  }
  await page.keyboard.press("Enter");
}

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: from the printed address to a second person`, LIMIT, async (t) => {
      const house = await House.start();
      t.after(() => house.kill());
      const { context, page, notes } = await open(browser, { url: house.setUp }, { locale, javaScriptEnabled });
      t.after(() => context.close());
      const seen = async (name) => {
        if (!javaScriptEnabled) return;
        await accessible(page);
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${locale}.png`, fullPage: true });
      };
      const field = (label) => page.getByLabel(label, { exact: true });
      const heading = (name) => page.getByRole("heading", { level: 1, name });

      await heading(words.setUp).waitFor();
      await seen("set-up");
      await type(page, field(words.name), "anna", PASSWORD);
      await page.getByRole("link", { name: words.people }).waitFor();
      assert.equal(page.url(), `${house.url}wizard/calendar`);

      await page.getByRole("link", { name: words.people }).press("Enter");
      await heading(words.people).waitFor();
      await type(page, page.getByRole("heading", { name: words.add }).locator("..").getByLabel(words.name), "bert", PASSWORD);
      await page.getByRole("rowheader", { name: "bert" }).waitFor();
      await seen("people");
      await page.getByRole("link", { name: words.changes }).press("Enter");
      await page.getByRole("cell", { name: "bert" }).waitFor();
      await seen("changes");
      await page.getByRole("link", { name: words.settings }).press("Enter");
      await heading(words.settings).waitFor();
      await seen("settings");
      await page.getByRole("button", { name: words.signOut }).press("Enter");

      await heading(words.signIn).waitFor();
      await type(page, field(words.name), "bert", "falsch falsch");
      await page.getByRole("alert").filter({ hasText: words.wrong }).waitFor();
      await seen("sign-in");
      await type(page, field(words.password), PASSWORD);
      await page.getByRole("link", { name: words.settings }).waitFor();
      assert.equal(await page.getByRole("link", { name: words.people }).count(), 0);
      await page.goto(`${house.url}people`);
      await heading(words.forbidden).waitFor();

      // A wrong password and what is not allowed are answered with 401 and 403, which Chromium notes as errors.
      const complaints = notes.complaints.filter((text) => !/status of 40[13]/.test(text));
      assert.deepEqual(complaints, []);
    });
  }
}
