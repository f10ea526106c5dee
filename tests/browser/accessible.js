// What keeps people out of a page, as axe sees it.

import assert from "node:assert/strict";
import axe from "axe-core";

/** axe finds nothing; hands out the rules that had something to look at. */
export async function accessible(page) {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(() => window.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => [page.url(), id, nodes.map(({ html }) => html)]), []);
  return passes.map(({ id }) => id);
}
