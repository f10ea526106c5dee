// Access tokens: made, shown once, used by a program, revoked; by keyboard, in both languages, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House, comeIn } from "../house.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 2 * PATIENCE };

const WORDS = {
  "de-DE": {
    tokens: "Zugangsschlüssel",
    none: "Es gibt noch keine.",
    name: "Name",
    role: "Rolle",
    administrator: "Administrator: darf alles ändern",
    expires: "Gilt bis",
    make: "Zugangsschlüssel ausstellen",
    made: "Der neue Zugangsschlüssel: Überwachung",
    once: /nur dieses eine Mal gezeigt/,
    taken: "Diesen Namen gibt es schon.",
    past: "Der letzte Tag liegt nicht in der Zukunft.",
    never: "noch nie",
    revoke: "Widerrufen: Überwachung",
    changes: "Änderungen",
  },
  "en-GB": {
    tokens: "Access tokens",
    none: "There are none yet.",
    name: "Name",
    role: "Role",
    administrator: "Administrator: may change everything",
    expires: "Good until",
    make: "Make an access token",
    made: "The new access token: Überwachung",
    once: /shown this once only/,
    taken: "This name is taken.",
    past: "The last day is not ahead.",
    never: "never",
    revoke: "Revoke: Überwachung",
    changes: "Changes",
  },
};

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await startBrowser();
}, LIMIT);

after(() => browser?.close(), LIMIT);

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: a token is made, shown once, used and revoked`, LIMIT, async (t) => {
      const house = await House.start();
      t.after(() => house.kill());
      const { context, page, notes } = await open(browser, { url: house.setUp }, { locale, javaScriptEnabled });
      t.after(() => context.close());
      const seen = async (name) => {
        if (!javaScriptEnabled) return;
        await accessible(page);
        await page.screenshot({ path: `${SCREENSHOTS}/tokens-${name}-${locale}.png`, fullPage: true });
      };
      /** What a program with this token hears. */
      const asks = async (token, method, path, body) => {
        const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
        const answer = await fetch(`${house.url}api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
        return answer.status;
      };
      const make = async (name, { role, expires } = {}) => {
        await page.getByLabel(words.name, { exact: true }).fill(name);
        if (role) await page.getByLabel(words.role).selectOption({ label: role });
        if (expires) await page.getByLabel(words.expires).fill(expires);
        await page.getByRole("button", { name: words.make }).press("Enter");
      };
      const shown = async () => page.getByRole("status").locator("code").textContent();
      const row = page.getByRole("row").filter({ hasText: "Überwachung" });

      await comeIn(page);
      await page.getByRole("link", { name: words.tokens }).press("Enter");
      await page.getByText(words.none).waitFor();
      await seen("none");

      await make("Überwachung");
      await page.getByRole("heading", { level: 2, name: words.made }).waitFor();
      await page.getByText(words.once).waitFor();
      await row.getByText(words.never).waitFor();
      await seen("made");
      const viewers = await shown();
      // Once: neither the page, loaded anew, nor the store has it.
      await page.goto(`${house.url}tokens`);
      await row.waitFor();
      assert.ok(!(await page.content()).includes(viewers));
      assert.equal(await asks(viewers, "GET", "users"), 200);
      assert.equal(await asks(viewers, "GET", "audit"), 403);
      assert.equal(await asks(`${viewers}x`, "GET", "users"), 401);
      await page.reload();
      await row.waitFor();
      assert.equal(await row.getByText(words.never).count(), 0);

      await make("Überwachung");
      await page.getByRole("alert").filter({ hasText: words.taken }).waitFor();
      await seen("refused");
      await make("Ausrollen", { expires: "2020-01-01" });
      await page.getByRole("alert").filter({ hasText: words.past }).waitFor();
      await make("Ausrollen", { role: words.administrator, expires: "2099-12-31" });
      const administrators = await shown();
      assert.equal(await asks(administrators, "GET", "audit"), 200);

      await page.getByRole("button", { name: words.revoke }).press("Enter");
      await row.waitFor({ state: "detached" });
      assert.equal(await asks(viewers, "GET", "users"), 401);
      assert.equal(await asks(administrators, "GET", "users"), 200);
      await page.getByRole("link", { name: words.changes }).press("Enter");
      await page.getByRole("row").filter({ hasText: "Überwachung" }).nth(1).waitFor();
      assert.deepEqual(notes.complaints.filter((text) => !/status of 422/.test(text)), []);
    });
  }
}
