// From the printed set-up address to the first lamp that is lit: by keyboard, with and without script, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import axe from "axe-core";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House } from "../house.js";
import { Sim } from "../sim.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 4 * PATIENCE };
const PASSWORD = "ein langes Kennwort";

const WORDS = {
  "de-DE": {
    name: "Name",
    password: "Kennwort",
    calendar: "Wo sind die Kalender?",
    application: "Anwendungs-ID (Client)",
    tenant: "Verzeichnis-ID (Mandant)",
    secret: "Geheimer Clientschlüssel",
    other: "Andere Cloud, andere Adressen",
    graph: "Adresse von Graph",
    login: "Anmeldeadresse",
    next: "Testen und weiter",
    fault: "So geht es noch nicht.",
    fine: "Die Verbindung steht.",
    pbx: "Wo ist die Telefonanlage?",
    loginId: "Login-ID",
    key: "Schlüssel der Brücke",
    group: "Wessen Telefone folgen dem Kalender?",
    found: "3 von 4 Benutzern gefunden; 1 ohne Postfach:",
    policy: "Was bewirkt ein Termin?",
    busy: "Gebucht",
    dnd: "Ruhe (DND)",
    on: "Weiter",
    done: "Fertig – so wird es sein",
    changes: /ändert sich etwas für 1 Benutzer/,
    save: "Speichern und aktivieren",
    lamp: "Nicht stören",
    instances: "Instanzen",
  },
  "en-GB": {
    name: "Name",
    password: "Password",
    calendar: "Where are the calendars?",
    application: "Application (client) ID",
    tenant: "Directory (tenant) ID",
    secret: "Client secret",
    other: "Another cloud, other addresses",
    graph: "Address of Graph",
    login: "Sign-in address",
    next: "Test and continue",
    fault: "It does not work yet.",
    fine: "The connection works.",
    pbx: "Where is the telephone system?",
    loginId: "Login ID",
    key: "The bridge's key",
    group: "Whose telephones follow the calendar?",
    found: "3 of 4 users found; 1 without a mailbox:",
    policy: "What does an event do?",
    busy: "Busy",
    dnd: "do not disturb (DND)",
    on: "Continue",
    done: "Done – this is how it will be",
    changes: /something changes for 1 user/,
    save: "Save and activate",
    lamp: "Do not disturb",
    instances: "Instances",
  },
};

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await startBrowser();
}, LIMIT);

after(() => browser?.close(), LIMIT);

/** Nothing that keeps people out, by axe. */
async function accessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
}

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: from the printed address to the first lamp, by keyboard`, LIMIT, async (t) => {
      const [house, sim] = await Promise.all([House.start(), Sim.start({ users: 4 })]);
      t.after(() => Promise.all([house.kill(), sim.kill()]));
      const { ready } = sim;
      const [anna, ben] = ready.users;
      await sim.meet(anna, {});
      await sim.ask("DELETE", `mailboxes/${ben.mail}`);
      const { context, page, notes } = await open(browser, { url: house.setUp }, { locale, javaScriptEnabled });
      t.after(() => context.close());
      const seen = async (name) => {
        if (!javaScriptEnabled) return;
        await accessible(page);
        await page.screenshot({ path: `${SCREENSHOTS}/wizard-${name}-${locale}.png`, fullPage: true });
      };
      // Fields that do not apply are not shown, or, without script, stand further down.
      const field = (label) => page.getByLabel(label, { exact: true }).filter({ visible: true }).first();
      const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
      const type = async (label, text) => {
        await field(label).focus();
        await page.keyboard.press("ControlOrMeta+a");
        await page.keyboard.insertText(text);
      };
      const press = (name) => page.getByRole("button", { name, exact: true }).press("Enter");

      await type(words.name, "anna");
      await type(words.password, PASSWORD);
      await page.keyboard.press("Enter");

      await heading(words.calendar);
      await type(words.application, ready.client_id);
      await type(words.tenant, ready.tenant);
      await type(words.secret, "falsch falsch");
      await page.getByText(words.other).press("Enter");
      await type(words.graph, ready.graph);
      await type(words.login, ready.login);
      await press(words.next);
      await page.getByText(words.fault).waitFor();
      await seen("calendar");
      // Nothing typed is lost but the secret, which nobody sees again.
      assert.equal(await field(words.tenant).inputValue(), ready.tenant);
      assert.equal(await field(words.secret).inputValue(), "");
      await type(words.secret, ready.client_secret);
      await page.keyboard.press("Enter");

      await heading(words.pbx);
      await page.getByText(words.fine).waitFor();
      await type("URL", ready.starface);
      await type(words.loginId, ready.starface_login);
      await type(words.password, ready.starface_password);
      await type(words.key, ready.starface_bridge_key);
      await seen("pbx");
      await page.keyboard.press("Enter");

      await heading(words.group);
      await page.getByRole("radio", { name: ready.starface_group }).press("Space");
      await seen("group");
      await press(words.next);

      await heading(words.policy);
      await page.getByText(`${words.found} ${ben.name}.`).waitFor();
      await field(words.busy).selectOption({ label: words.dnd });
      await seen("policy");
      await press(words.on);

      await heading(words.done);
      await page.getByText(words.changes).waitFor();
      await page.locator("summary").filter({ hasText: anna.name }).press("Enter");
      await seen("done");
      await press(words.save);

      await page.getByRole("link", { name: words.instances }).waitFor();
      await sim.shows(anna, { dnd: true });
      const lamp = page.getByRole("listitem").filter({ hasText: anna.name }).getByText(words.lamp).first();
      for (let looked = 0; !javaScriptEnabled && looked < 100 && !(await lamp.isVisible()); looked += 1) await page.reload();
      await lamp.waitFor();
      await seen("first-lamp");
      assert.deepEqual(notes.complaints, []);
    });
  }
}
