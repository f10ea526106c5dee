// The board as people with different languages, schemes and aids get it.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import test, { after, before } from "node:test";
import { accessible } from "../accessible.js";
import { LANGUAGES, LIT, PATIENCE, address, lamps, open, startBrowser } from "../browser.js";
import { startDemo } from "../demo.js";

const SCREENSHOTS = "screenshots";
/** People of the demo's company. */
const [BUSY, AWAY, STUCK, VISITED] = ["Dörte Wagner", "Ulrich Möller", "Ines Brandt", "Zoë Brandt"];
const LIMIT = { timeout: 2 * PATIENCE };

let demo;
let browser;

before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  demo = await startDemo();
  browser = await startBrowser();
  const { context, page } = await open(browser, demo);
  await page.locator(".lamp").nth(11).waitFor();
  // Somebody is busy, somebody is away, and somebody would be if they had told their telephone where calls shall go:
  // whatever day and hour it is.
  await demo.occupy(BUSY, { kind: "busy", subject: "Jour fixe" });
  await demo.occupy(AWAY, { kind: "out_of_office", subject: "Dienstreise" });
  await demo.occupy(STUCK, { kind: "out_of_office", subject: "Messe" });
  await named(page, BUSY).and(page.locator(".dnd")).waitFor();
  await named(page, AWAY).and(page.locator(".diverted")).waitFor();
  await named(page, STUCK).locator(".flag").waitFor();
  await context.close();
}, LIMIT);

after(async () => {
  await browser?.close();
  await demo?.kill();
}, LIMIT);

/** Opens the page for a test and closes it after it. */
async function opened(t, options) {
  const { context, ...rest } = await open(browser, demo, options);
  t.after(() => context.close());
  return rest;
}

/** Somebody's lamp. */
const named = (page, name) => page.locator(".lamp").filter({ has: page.getByText(name, { exact: true }) });

/** Waits until lamps of all twelve people are there and some are on. */
async function lit(page) {
  await page.locator(".lamp").nth(11).waitFor();
  await page.locator(LIT).first().waitFor();
}

for (const [locale, words] of Object.entries(LANGUAGES)) {
  test(`${locale}: the page changes by itself`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale });
    await lit(page);
    await page.evaluate(() => {
      window.sameDocument = true;
      document.querySelector(".lamps").sameList = true;
    });
    const clock = page.locator(".clock time");
    const earlier = await clock.textContent();
    assert.match(earlier, words.clock);
    await page.waitForFunction((old) => document.querySelector(".clock time").textContent !== old, earlier);
    assert.match(await clock.textContent(), words.clock);

    const [busy, , , reachable] = words.states;
    const lamp = named(page, VISITED);
    t.after(() => demo.release(VISITED));
    await demo.occupy(VISITED, { kind: "busy", subject: "Besuch" });
    await lamp.getByText(busy, { exact: true }).waitFor();
    await lamp.getByText(/^Besuch/).waitFor();
    await demo.release(VISITED);
    await lamp.getByText(reachable, { exact: true }).waitFor();
    // Whoever reads a lamp keeps their place: the document is the same, and in it what has not changed.
    assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded again");
    assert.ok(await page.evaluate(() => document.querySelector(".lamps").sameList), "the list was replaced");
  });

  test(`${locale}: every lamp has a name, a state in words and its next change`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale });
    await lit(page);
    assert.equal(await page.locator("html").getAttribute("lang"), words.lang);
    assert.match(await page.getByRole("banner").innerText(), words.note);
    assert.equal(await lamps(page, words).count(), 12);
    const shown = await page.locator(".lamp").evaluateAll((all) =>
      all.map((lamp) => {
        const text = (selector) => lamp.querySelector(selector)?.textContent.trim();
        return { name: text(".name"), state: text(".state"), until: text(".until") };
      }),
    );
    assert.equal(new Set(shown.map(({ name }) => name)).size, 12);
    for (const { name, state, until } of shown) {
      assert.match(name, /^\p{L}+ \p{L}+$/u);
      assert.ok(words.states.includes(state), `${name}: ${state}`);
      // Nothing may lie ahead of those who have nothing in their calendars.
      if (until !== undefined) assert.match(until, words.until);
    }
    for (const busy of [BUSY, AWAY]) {
      const { until } = shown.find(({ name }) => name === busy);
      const [, , day] = words.until.exec(until) ?? assert.fail(`${busy}: ${until}`);
      assert.ok(day, `${busy} until tomorrow: ${until}`);
    }
  });

  test(`${locale}: title and legend count what is shown`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale });
    await lit(page);
    // In one go, for the next change may come at any time.
    const shown = await page.evaluate((lit) => {
      const legend = [...document.querySelectorAll(".states li")];
      return {
        title: document.title,
        lamps: document.querySelectorAll(".lamp").length,
        lit: document.querySelectorAll(lit).length,
        legend: legend.map((entry) => [entry.innerText.replace(/\s*\d+$/, ""), Number(entry.innerText.match(/\d+$/))]),
      };
    }, LIT);
    const [, lit_, all] = words.title.exec(shown.title) ?? assert.fail(shown.title);
    assert.deepEqual([Number(lit_), Number(all)], [shown.lit, 12]);
    assert.deepEqual(shown.legend.map(([word]) => word), [words.all, ...words.states]);
    const [[, every], ...each] = shown.legend;
    assert.equal(every, 12);
    assert.equal(each.reduce((sum, [, count]) => sum + count, 0), 12);
  });

  test(`${locale}: a screen reader hears lists, items and words`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale });
    await lit(page);
    const snapshot = await page.locator("body").ariaSnapshot();
    assert.match(snapshot, /^- banner:\n {2}- heading "Busylamp" \[level=1\]/);
    assert.match(snapshot, new RegExp(`- list "${words.stateList}":\n +- listitem:\n +- link "${words.all} 12"`));
    const [, list] = snapshot.split(`- list "${words.users}":\n`);
    const items = list.split("\n").filter((line) => /^ +- listitem/.test(line));
    assert.equal(items.length, 12, snapshot);
    const alerts = await page.getByRole("alert").count();
    assert.equal(alerts, 0, "nothing is wrong, so nothing is announced");
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`${locale}, ${colorScheme}: axe finds nothing`, LIMIT, async (t) => {
      const { page } = await opened(t, { locale, colorScheme, viewport: { width: 1920, height: 1080 } });
      await lit(page);
      const judged = await accessible(page);
      await page.screenshot({ path: `${SCREENSHOTS}/${locale}-${colorScheme}.png` });
      for (const rule of ["color-contrast", "aria-required-children", "html-has-lang", "document-title"]) {
        assert.ok(judged.includes(rule), `${rule} was not judged`);
      }
    });
  }

  test(`${locale}: without JavaScript the lamps are there`, LIMIT, async (t) => {
    // As soon as the script's page has them, the page itself has them.
    const { page: scripted } = await opened(t, { locale });
    await lit(scripted);
    const { page, notes } = await opened(t, { locale, javaScriptEnabled: false });
    assert.equal(await lamps(page, words).count(), 12);
    assert.ok((await page.locator(LIT).count()) > 0);
    assert.match(await page.title(), words.title);
    assert.match(await page.getByRole("banner").innerText(), words.unscripted);
    assert.ok(!notes.requests.some((url) => url.includes("/lamps")));
  });
}

for (const [locale, words] of Object.entries(LANGUAGES)) {
  test(`${locale}: the filter acts as it is typed, and its address shows the same again`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale });
    await lit(page);
    await page.keyboard.press("Tab");
    const search = page.getByLabel(words.search);
    await search.focus();
    await page.keyboard.insertText("  DÖRTE ");
    await page.waitForFunction(() => document.querySelectorAll(".lamp").length === 1);
    await named(page, BUSY).waitFor();
    assert.equal(new URL(await address(page)).searchParams.get("q"), "  DÖRTE ");
    assert.match(await page.title(), /^1 \w+ 1 /);

    // Whoever opens the address finds the same.
    await page.reload();
    assert.equal(await page.locator(".lamp").count(), 1);
    await page.getByRole("link", { name: words.showAll }).press("Enter");
    await page.locator(".lamp").nth(11).waitFor();
    assert.equal(new URL(await address(page)).search, "");

    await page.getByLabel(words.flags).selectOption({ label: words.flag });
    await page.waitForFunction(() => document.querySelectorAll(".lamp").length === document.querySelectorAll(".lamp:has(.flag)").length);
    await named(page, STUCK).waitFor();
    await search.fill("nobody is called that");
    await page.getByText(words.nobody, { exact: true }).waitFor();
    assert.equal(await page.locator(".lamp").count(), 0);
  });

  test(`${locale}: a lamp comes into a filter by state and leaves it`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale });
    await lit(page);
    const [busy] = words.states;
    await page.getByRole("link", { name: new RegExp(`^${busy}`) }).press("Enter");
    await page.waitForFunction(() => [...document.querySelectorAll(".lamp")].every((lamp) => lamp.matches(".dnd")));
    await named(page, BUSY).waitFor();
    assert.equal(new URL(await address(page)).search, "?state=dnd");
    t.after(() => demo.release(VISITED));
    await demo.occupy(VISITED, { kind: "busy", subject: "Besuch" });
    await named(page, VISITED).waitFor();
    const names = await page.locator(".lamp .name").allTextContents();
    const alphabetically = [...names].sort((a, b) => (a < b ? -1 : 1));
    assert.deepEqual(names, alphabetically, "it stands where it belongs");
    await demo.release(VISITED);
    await named(page, VISITED).waitFor({ state: "detached" });
  });

  test(`${locale}: the filter is a form without JavaScript`, LIMIT, async (t) => {
    const { page: scripted } = await opened(t, { locale });
    await lit(scripted);
    const { page } = await opened(t, { locale, javaScriptEnabled: false });
    await page.getByLabel(words.search).fill(BUSY);
    await page.getByRole("button", { name: words.show, exact: true }).press("Enter");
    await page.waitForURL(/q=/);
    assert.equal(await page.locator(".lamp").count(), 1);
    await page.getByRole("link", { name: new RegExp(`^${words.states[0]}`) }).press("Enter");
    await page.waitForURL(/state=dnd/);
    assert.equal(await page.locator(".lamp").count(), 1);
    await page.getByRole("link", { name: words.wall }).press("Enter");
    await page.waitForURL(/\/kiosk\?q=.*state=dnd/);
    assert.equal(await page.locator(".lamp").count(), 1);
  });

  test(`${locale}: the wall view fills the screen, is large, and axe finds nothing`, LIMIT, async (t) => {
    const { page } = await opened(t, { locale, viewport: { width: 1920, height: 1080 } });
    await page.goto(`${demo.url}kiosk`);
    await lit(page);
    await page.screenshot({ path: `${SCREENSHOTS}/kiosk-${locale}.png` });
    const size = await page.evaluate(() => ({
      tall: document.documentElement.scrollHeight - window.innerHeight,
      wide: document.documentElement.scrollWidth - window.innerWidth,
      name: Number.parseFloat(getComputedStyle(document.querySelector(".name")).fontSize),
    }));
    assert.ok(size.tall <= 0 && size.wide <= 0, `twelve lamps don't fit: ${JSON.stringify(size)}`);
    assert.ok(size.name >= 28, `names of ${size.name} pixels can't be read from across a room`);
    await accessible(page);
    t.after(() => demo.release(VISITED));
    await demo.occupy(VISITED, { kind: "busy", subject: "Besuch" });
    await named(page, VISITED).and(page.locator(".dnd")).waitFor();
  });
}

test("a reader that comes back gets what it has missed, and no more", LIMIT, async (t) => {
  const { page } = await opened(t, { locale: "en-GB" });
  await lit(page);
  const since = await page.locator("#lamps").getAttribute("data-version");
  const heard = async (address) => {
    const stop = new AbortController();
    const answer = await fetch(new URL(address, demo.url), { signal: stop.signal });
    let text = "";
    for await (const chunk of answer.body) {
      text += Buffer.from(chunk).toString();
      if (text.includes("\n\n")) break;
    }
    stop.abort();
    return JSON.parse(/^data: ?(.*)$/m.exec(text)[1]);
  };
  const whole = await heard("/lamps?since=0-0");
  assert.equal(whole.all.match(/class="lamp /g).length, 12);
  const rest = await heard(`/lamps?since=${since}`);
  assert.equal(rest.all, undefined);
  assert.ok(rest.put.length < 12, "lamps that have not changed were sent again");
});

test("a large board stays without gaps as lamps come and go", LIMIT, async (t) => {
  const large = await startDemo({ users: 40 });
  t.after(() => large.kill());
  const { context, page } = await open(browser, large, { locale: "en-GB", viewport: { width: 1600, height: 900 } });
  t.after(() => context.close());
  await page.locator(".lamp").nth(39).waitFor();
  const all = await page.locator(".lamp .name").allTextContents();
  // Two people may have one name.
  const busy = all.filter((name) => all.indexOf(name) === all.lastIndexOf(name)).slice(0, 28);
  await Promise.all(busy.map((name) => large.occupy(name, { kind: "busy", subject: "Jour fixe" })));
  await page.goto(`${large.url}?state=dnd`);

  const ids = (html) => [...html.matchAll(/ id="(l\d+)"/g)].map(([, id]) => id);
  /** The open page has the lamps of one that is opened now, in the same order and in full blocks, with or without somebody. */
  const settles = async (somebody, there) => {
    for (const end = Date.now() + PATIENCE; ; ) {
      const fresh = ids(await (await fetch(page.url())).text());
      const shown = await page.locator(".block").evaluateAll((blocks) => blocks.map((block) => block.innerHTML));
      const lamps = shown.map(ids);
      const equal = JSON.stringify(lamps.flat()) === JSON.stringify(fresh);
      if (fresh.length > 24 && equal && shown.join("").includes(`>${somebody}<`) === there) {
        for (const block of lamps.slice(0, -1)) assert.equal(block.length, 12, JSON.stringify(lamps));
        break;
      }
      assert.ok(Date.now() < end, `not ${there} on ${fresh.length} lamps: ${somebody}`);
    }
    // Four in each row but the last, from one block to the next too.
    const tops = await page.locator(".lamp").evaluateAll((lamps) => lamps.map((lamp) => Math.round(lamp.getBoundingClientRect().top)));
    for (const [place, top] of tops.entries()) assert.equal(top, tops[place - (place % 4)], `${place} in ${tops}`);
  };
  await settles(busy[0], true);
  // One of the first block goes, so that the first of the second moves up, and comes again, so that it moves back. The
  // keyboard's focus moves with it.
  const id = await page.locator(".block").nth(1).locator(".lamp").first().getAttribute("id");
  const stands = (block) => page.locator(".block").nth(block).locator(`#${id} .name:focus`).waitFor();
  await page.locator(`#${id} .name`).focus();
  await large.release(busy[0]);
  await settles(busy[0], false);
  await stands(0);
  await large.occupy(busy[0], { kind: "busy", subject: "Jour fixe" });
  await settles(busy[0], true);
  await stands(1);
});

test("a telephone shows the lamps one below the other, without scrolling sideways", LIMIT, async (t) => {
  const { page } = await opened(t, { locale: "de-DE", viewport: { width: 320, height: 640 } });
  await lit(page);
  await page.screenshot({ path: `${SCREENSHOTS}/telephone.png` });
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(sideways <= 0, `${sideways} pixels too wide`);
});

test("the page keeps to this machine and to its own policy", LIMIT, async (t) => {
  const { page, notes, response } = await opened(t, { locale: "en-GB" });
  await lit(page);
  const policy = response.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  // The policy is not only sent but kept: a foreign script would not run, and the attempt is noted.
  assert.deepEqual(notes.complaints, []);
  const { origin } = new URL(demo.url);
  assert.ok(notes.requests.some((url) => url.startsWith(`${origin}/lamps?since=`)), notes.requests.join("\n"));
  assert.deepEqual(notes.requests.filter((url) => new URL(url).origin !== origin), []);
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.foreign = true";
    document.head.append(script);
  });
  assert.equal(await page.evaluate(() => window.foreign), undefined);
  assert.match(notes.complaints.join("\n"), /Content Security Policy/);
});
