// The pages of an instance: changed with a preview, seen at a telephone, looked at by viewers, by keyboard, read aloud.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { PATIENCE, open, startBrowser } from "../browser.js";
import { House, comeIn, letIn } from "../house.js";
import { Sim } from "../sim.js";

const SCREENSHOTS = "screenshots";
const LIMIT = { timeout: 6 * PATIENCE };
const TABS = ["general", "exchange", "graph", "starface", "actions", "chat"];

const WORDS = {
  "de-DE": {
    tabs: ["Allgemein", "Exchange", "Microsoft Graph", "STARFACE", "Aktionen", "Chat-Status"],
    preview: "Vorschau und speichern",
    changes: /ändert sich etwas für 1 Benutzer/,
    change: /Ruhe: unverändert → ein/,
    save: "Speichern",
    saved: /Gespeichert/,
    unsaved: /Noch nicht gespeichert: .*Längster Statustext/,
    discard: "Änderungen verwerfen",
    unfit: "Erwartet wird eine Zahl von 80 bis 512.",
    length: "Längster Statustext (Zeichen)",
    lead: /der Kalender führt/,
    presence: "Chat-Status setzen",
    look: /nur Administratoren/,
    keywords: "Tabelle der Schlüsselwörter für die Benutzer",
    table: "Schlüsselwörter für Ihren Kalender",
    test: "Verbindung testen",
    fine: "Die Verbindung steht.",
    certificate: "Zertifikat des Servers anzeigen",
    trust: "Diesem Zertifikat vertrauen",
    fingerprint: "Fingerabdruck (sha256:…)",
    delete: "Löschen: Test",
    really: /„Test“ wirklich löschen/,
    yes: "Löschen",
    none: "Noch keine Instanz",
    instances: "Instanzen",
  },
  "en-GB": {
    tabs: ["General", "Exchange", "Microsoft Graph", "STARFACE", "Actions", "Chat status"],
    preview: "Preview and save",
    changes: /something changes for 1 user/,
    change: /Do not disturb: as it is → on/,
    save: "Save",
    saved: /Saved/,
    unsaved: /Not saved yet: .*Longest status text/,
    discard: "Discard changes",
    unfit: "A number from 80 to 512 is expected.",
    length: "Longest status text (characters)",
    lead: /The calendar leads over/,
    presence: "Set the chat presence",
    look: /only administrators/,
    keywords: "Table of keywords to hand to users",
    table: "Keywords for your calendar",
    test: "Test the connection",
    fine: "The connection works.",
    certificate: "Show the server's certificate",
    trust: "Trust this certificate",
    fingerprint: "Fingerprint (sha256:…)",
    delete: "Delete: Test",
    really: /Really delete “Test”/,
    yes: "Delete",
    none: "No instance yet",
    instances: "Instances",
  },
};

let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await startBrowser();
}, LIMIT);

after(() => browser?.close(), LIMIT);

/** A house in which an instance runs that does nothing yet, and its administrator's browser. */
async function furnished(t, options, { tls = false } = {}) {
  const sim = await Sim.start({ users: 3, tls });
  t.after(() => sim.kill());
  const house = await House.start(sim.instance());
  t.after(() => house.kill());
  const { context, page, notes } = await open(browser, { url: house.setUp }, options);
  t.after(() => context.close());
  await comeIn(page);
  return { sim, house, page, notes };
}

for (const [locale, words] of Object.entries(WORDS)) {
  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "" : ", without script";
    test(`${locale}${how}: an option is changed, previewed, saved and seen at a telephone`, LIMIT, async (t) => {
      const { sim, house, page, notes } = await furnished(t, { locale, javaScriptEnabled });
      const [anna] = sim.ready.users;
      await sim.meet(anna, {});
      const at = (tab) => page.goto(`${house.url}instances/Test/${tab}`);
      const press = (name) => page.getByRole("button", { name, exact: true }).first().press("Enter");
      const seen = async (name) => {
        if (!javaScriptEnabled) return;
        await accessible(page);
        await page.screenshot({ path: `${SCREENSHOTS}/instance-${name}-${locale}.png`, fullPage: true });
      };

      await at("general");
      for (const [index, tab] of TABS.entries()) {
        await page.getByRole("link", { name: words.tabs[index], exact: true }).press("Enter");
        await page.waitForURL(`**/${tab}`);
        await seen(tab);
      }

      await at("actions");
      await page.locator("[name='policy.actions.busy']").focus();
      await page.locator("[name='policy.actions.busy']").selectOption("dnd");
      await press(words.preview);
      await page.getByText(words.changes).waitFor();
      await page.locator("summary").filter({ hasText: anna.name }).press("Enter");
      await page.getByText(words.change).waitFor();
      await seen("preview");
      await press(words.save);
      await page.getByRole("status").filter({ hasText: words.saved }).waitFor();
      await sim.shows(anna, { dnd: true });

      await at("chat");
      await page.getByLabel(words.length).fill("7");
      await page.getByLabel(words.length).press("Enter");
      await page.getByText(words.unfit).waitFor();
      const described = await page.getByLabel(words.length).getAttribute("aria-describedby");
      assert.match(described, /-hint .*-error$/);
      assert.equal(await page.getByLabel(words.length).getAttribute("aria-invalid"), "true");
      assert.equal(await page.getByLabel(words.length).inputValue(), "7");
      await page.getByText(words.unsaved).waitFor();
      await seen("refused");
      await press(words.discard);
      await at("chat");
      assert.equal(await page.getByLabel(words.length).inputValue(), "128");
      await page.getByLabel(words.presence).check();
      await press(words.preview);
      await press(words.save);
      await sim.shows(anna, { presence: "do_not_disturb" });
      // Somebody chooses another presence during the event: who leads decides.
      await sim.ask("PATCH", `accounts/${anna.account}`, { presence: "free_for_chat" });
      await at("chat");
      await page.getByLabel(words.lead).check();
      await press(words.preview);
      await press(words.save);
      await sim.shows(anna, { presence: "do_not_disturb" });

      await at("actions");
      await page.getByRole("link", { name: words.keywords }).press("Enter");
      await page.getByRole("heading", { level: 1, name: words.table }).waitFor();
      await page.getByText("(Keine Ruhe)").waitFor();
      await seen("keywords");

      await page.getByRole("link", { name: words.instances }).press("Enter");
      await page.getByRole("heading", { level: 2, name: "Test" }).waitFor();
      await seen("list");
      await page.getByRole("link", { name: words.delete }).press("Enter");
      await page.getByText(words.really).waitFor();
      await seen("delete");
      await press(words.yes);
      await page.getByText(words.none).waitFor();
      await seen("none");
      await sim.shows(anna, { dnd: false });
      const complaints = notes.complaints.filter((text) => !/status of 422/.test(text));
      assert.deepEqual(complaints, []);
    });
  }

  test(`${locale}: a certificate is looked at, trusted and used`, LIMIT, async (t) => {
    const { house, page } = await furnished(t, { locale }, { tls: true });
    await page.goto(`${house.url}instances/Test/starface`);
    await page.getByRole("button", { name: words.certificate }).press("Enter");
    await page.getByText(/^sha256:[0-9a-f]{64}$/).waitFor();
    await accessible(page);
    await page.screenshot({ path: `${SCREENSHOTS}/instance-certificate-${locale}.png`, fullPage: true });
    await page.getByRole("button", { name: words.trust }).press("Enter");
    const pin = page.getByLabel(words.fingerprint);
    await pin.waitFor();
    assert.match(await pin.inputValue(), /^sha256:[0-9a-f]{64}$/);
    await page.getByRole("button", { name: words.test }).press("Enter");
    await page.getByText(words.fine).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/instance-test-${locale}.png`, fullPage: true });
    // Another certificate than the server's is not believed.
    await pin.fill(`sha256:${"0".repeat(64)}`);
    await page.getByRole("button", { name: words.test }).press("Enter");
    await page.locator(".badge.bad").first().waitFor();
  });

  test(`${locale}: a viewer looks and changes nothing`, LIMIT, async (t) => {
    const { house, page } = await furnished(t, { locale });
    await letIn(page, house, "bert");
    await page.locator("form[action='/logout'] button").press("Enter");
    await comeIn(page, "bert");
    await page.getByRole("link", { name: words.instances }).press("Enter");
    await page.getByRole("heading", { level: 2, name: "Test" }).waitFor();
    assert.equal(await page.locator("main form").count(), 0);
    for (const tab of TABS) {
      await page.goto(`${house.url}instances/Test/${tab}`);
      await page.getByText(words.look).waitFor();
      assert.equal(await page.getByRole("button", { name: words.preview }).count(), 0);
      const open = await page.locator("main :is(input, select, textarea):enabled").count();
      assert.equal(open, 0, tab);
      await accessible(page);
    }
    const answer = await page.goto(`${house.url}wizard`);
    assert.equal(answer.status(), 403);
  });
}
