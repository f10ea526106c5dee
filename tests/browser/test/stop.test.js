// Stopping the demo while somebody looks at its page.

import assert from "node:assert/strict";
import test from "node:test";
import { LANGUAGES, PATIENCE, open, startBrowser } from "../browser.js";
import { startDemo } from "../demo.js";

/** Longest that the demo may take to stop, in milliseconds. */
const STOP = 5_000;

for (const [locale, words] of Object.entries(LANGUAGES)) {
  test(`${locale}: Ctrl-C ends the demo in time, and the page says that it is cut off`, { timeout: 3 * PATIENCE }, async (t) => {
    const browser = await startBrowser();
    t.after(() => browser.close());
    const demo = await startDemo();
    t.after(() => demo.kill());
    const { page } = await open(browser, demo, { locale });
    await page.locator(".lamp").first().waitFor();
    const alert = page.getByRole("alert");
    assert.equal(await alert.count(), 0);
    // The stream is open: the clock moves.
    const clock = await page.locator(".clock time").textContent();
    await page.waitForFunction((old) => document.querySelector(".clock time").textContent !== old, clock);

    const { status, took } = await demo.stop("SIGINT", STOP);
    t.diagnostic(`stopped after ${Math.round(took)} ms`);
    assert.equal(status, 0);
    await alert.waitFor();
    assert.match(await alert.innerText(), words.lost);
    assert.ok((await page.locator(".lamp").count()) > 0, "the last state is still shown");
  });
}
