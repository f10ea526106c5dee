// From the printed set-up address to the first lamp that is lit: with nothing but the keys of a keyboard, with and
// without script, with Microsoft 365 and with an Exchange Server, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House, PASSWORD } from "../house.js";
import { Sim } from "../sim.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 4 * PATIENCE };

const WORDS = {
  "de-DE": {
    name: "Name",
    password: "Kennwort",
    calendar: "Wo sind die Kalender?",
    application: "Anwendungs-ID (Client)",
    tenant: "Verzeichnis-ID (Mandant)",
    secret: "Geheimer Clientschlüssel",
    graphSwitch: "Microsoft Graph verwenden",
    exchange: "Kalender vom Exchange Server lesen",
    user: "Benutzername",
    certificate: "Zertifikat des Servers anzeigen",
    trust: "Diesem Zertifikat vertrauen",
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
    lost: /Ihre Eingaben sind nicht mehr da/,
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
    graphSwitch: "Use Microsoft Graph",
    exchange: "Read calendars from an Exchange Server",
    user: "User name",
    certificate: "Show the server's certificate",
    trust: "Trust this certificate",
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
    lost: /What you entered is no longer there/,
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

/** Most elements that the Tab key stops at on one page. */
const STOPS = 150;

/** Somebody at a keyboard, who has no mouse: all that happens on the page happens by keys that are pressed. */
class Typist {
  constructor(page) {
    this.page = page;
  }

  /** What is shown under this label; fields that do not apply are not shown, or, without script, stand further down. */
  field(label) {
    return this.page.getByLabel(label, { exact: true }).filter({ visible: true }).first();
  }

  /** Presses Tab until this has the focus. */
  async reach(target) {
    await target.waitFor();
    for (let stop = 0; stop < STOPS; stop += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await this.page.keyboard.press("Tab");
    }
    assert.fail(`the Tab key does not come to ${target}`);
  }

  async type(label, text) {
    await this.reach(this.field(label));
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }

  /** Presses a button or unfolds something. */
  async press(target) {
    await this.reach(target);
    await this.page.keyboard.press("Enter");
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true }).filter({ visible: true }).first();
  }

  /** Ticks a box, or takes its tick away. */
  async toggle(label) {
    await this.reach(this.field(label));
    await this.page.keyboard.press("Space");
  }

  /** Chooses one of some radio buttons: Tab comes to their group, arrows go through it. */
  async choose(group, name) {
    const wanted = group.getByRole("radio", { name });
    const has = (element) => element === document.activeElement;
    for (let stop = 0; !(await group.evaluate((element) => element.contains(document.activeElement))); stop += 1) {
      assert.ok(stop < STOPS, "the Tab key comes to the group");
      await this.page.keyboard.press("Tab");
    }
    for (let stop = 0; !(await wanted.evaluate(has)); stop += 1) {
      assert.ok(stop < STOPS, `an arrow comes to ${name}`);
      await this.page.keyboard.press("ArrowDown");
    }
    await this.page.keyboard.press("Space");
    assert.ok(await wanted.isChecked());
  }

  /** Goes through a list of choices until this one is chosen. */
  async select(label, word) {
    const field = this.field(label);
    await this.reach(field);
    for (let stop = 0; stop < STOPS; stop += 1) {
      if ((await field.locator("option:checked").textContent()) === word) return;
      await this.page.keyboard.press("ArrowDown");
    }
    assert.fail(`an arrow comes to ${word}`);
  }
}

/** A house without anything, and the outside world; somebody is in a meeting, and somebody has no mailbox. */
async function empty(t, options, { tls = false } = {}) {
  const [house, sim] = await Promise.all([House.start(), Sim.start({ users: 4, tls })]);
  t.after(() => Promise.all([house.kill(), sim.kill()]));
  const [anna, ben] = sim.ready.users;
  await sim.meet(anna, {});
  await sim.ask("DELETE", `mailboxes/${ben.mail}`);
  const { context, page, notes } = await open(browser, { url: house.setUp }, options);
  t.after(() => context.close());
  const keys = new Typist(page);
  const words = WORDS[options.locale];
  await keys.type(words.name, "anna");
  await keys.type(words.password, PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: words.calendar }).waitFor();
  return { house, sim, anna, ben, page, notes, keys, words };
}

/** From the groups that were found to the first lamp. */
async function toTheLamp({ sim, anna, ben, page, keys, words }, seen) {
  const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
  await heading(words.group);
  await keys.choose(page.getByRole("group", { name: /./ }).filter({ has: page.getByRole("radio") }).first(), sim.ready.starface_group);
  await seen("group");
  await keys.press(keys.button(words.next));

  await heading(words.policy);
  await page.getByText(`${words.found} ${ben.name}.`).waitFor();
  await keys.select(words.busy, words.dnd);
  await seen("policy");
  await keys.press(keys.button(words.on));

  await heading(words.done);
  await page.getByText(words.changes).waitFor();
  await keys.press(page.locator("summary").filter({ hasText: anna.name }));
  await seen("done");
  await keys.press(keys.button(words.save));

  await page.getByRole("link", { name: words.instances }).waitFor();
  await sim.shows(anna, { dnd: true });
  const lamp = page.getByRole("listitem").filter({ hasText: anna.name }).getByText(words.lamp).first();
  for (let looked = 0; looked < 100 && !(await lamp.isVisible()); looked += 1) await page.reload();
  await lamp.waitFor();
  await seen("first-lamp");
}

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: from the printed address to the first lamp, by keyboard`, LIMIT, async (t) => {
      const told = await empty(t, { locale, javaScriptEnabled });
      const { page, notes, keys } = told;
      const { ready } = told.sim;
      const seen = async (name) => {
        if (!javaScriptEnabled) return;
        await accessible(page);
        await page.screenshot({ path: `${SCREENSHOTS}/wizard-${name}-${locale}.png`, fullPage: true });
      };

      await keys.type(words.application, ready.client_id);
      await keys.type(words.tenant, ready.tenant);
      await keys.type(words.secret, "falsch falsch");
      await keys.press(page.locator("summary").filter({ hasText: words.other }));
      await keys.type(words.graph, ready.graph);
      await keys.type(words.login, ready.login);
      await keys.press(keys.button(words.next));
      await page.getByText(words.fault).waitFor();
      await seen("calendar");
      // Nothing typed is lost but the secret, which nobody sees again.
      assert.equal(await keys.field(words.tenant).inputValue(), ready.tenant);
      assert.equal(await keys.field(words.secret).inputValue(), "");
      await keys.type(words.secret, ready.client_secret);
      await page.keyboard.press("Enter");

      await page.getByRole("heading", { level: 1, name: words.pbx }).waitFor();
      await page.getByText(words.fine).waitFor();
      await keys.type("URL", ready.starface);
      await keys.type(words.loginId, ready.starface_login);
      await keys.type(words.password, ready.starface_password);
      await keys.type(words.key, ready.starface_bridge_key);
      await seen("pbx");
      await page.keyboard.press("Enter");

      await toTheLamp(told, seen);
      assert.deepEqual(notes.complaints, []);
    });
  }

  test(`${locale}: with an Exchange Server whose certificate nobody else vouches for`, LIMIT, async (t) => {
    const told = await empty(t, { locale }, { tls: true });
    const { page, notes, keys } = told;
    const { ready } = told.sim;
    const seen = async (name) => {
      await accessible(page);
      await page.screenshot({ path: `${SCREENSHOTS}/wizard-exchange-${name}-${locale}.png`, fullPage: true });
    };
    const trust = async (key) => {
      await keys.press(page.locator(`button[value="certificate:${key}"]`));
      await page.getByText(/^sha256:[0-9a-f]{64}$/).waitFor();
      await seen(key.replace(".", "-"));
      await keys.press(keys.button(words.trust));
      await page.locator(`input[name="${key}"][value=pin]:checked`).waitFor();
    };
    await keys.toggle(words.graphSwitch);
    await keys.toggle(words.exchange);
    await keys.type("URL", ready.ews);
    await keys.type(words.user, ready.ews_user);
    await keys.type(words.password, "falsch falsch");
    const wrong = async () => (await told.sim.ask("GET", "ews")).wrong_passwords;
    // A server that cannot be believed is not told the password.
    await keys.press(keys.button(words.next));
    await page.getByText(words.fault).waitFor();
    assert.equal(await wrong(), 0);
    await trust("ews.trust");
    // A wrong password is heard of here, and not when somebody's calendar is read. Over TLS it is tried with and without
    // a binding to the certificate, and then no more, however often the button is pressed.
    for (let pressed = 0; pressed < 3; pressed += 1) {
      await keys.press(keys.button(words.next));
      await page.getByText(words.fault).waitFor();
      assert.equal(await wrong(), 2);
    }
    await seen("refused");
    await keys.type(words.password, ready.ews_password);
    await page.keyboard.press("Enter");

    await page.getByRole("heading", { level: 1, name: words.pbx }).waitFor();
    assert.equal(await wrong(), 2);
    await keys.type("URL", ready.starface);
    await keys.type(words.loginId, ready.starface_login);
    await keys.type(words.password, ready.starface_password);
    await keys.type(words.key, ready.starface_bridge_key);
    await trust("starface.trust");
    await keys.press(keys.button(words.next));

    await toTheLamp(told, seen);
    assert.deepEqual(notes.complaints, []);
  });

  test(`${locale}: whose entries are gone is told so, and begins again`, LIMIT, async (t) => {
    const { house, page, keys } = await empty(t, { locale });
    await page.goto(`${house.url}wizard/policy`);
    await page.getByRole("alert").filter({ hasText: words.lost }).waitFor();
    await page.getByRole("heading", { level: 1, name: words.calendar }).waitFor();
    await accessible(page);
    await keys.type(words.tenant, "contoso.onmicrosoft.com");
    await keys.press(keys.button(words.next));
    await page.getByRole("alert").filter({ hasText: words.lost }).waitFor({ state: "detached" });
    assert.equal(await keys.field(words.tenant).inputValue(), "contoso.onmicrosoft.com");
  });
}
