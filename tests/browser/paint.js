// How long the board takes to its first paint, as Chromium sees it. Prints figures and asserts nothing: what decides in a
// test must not depend on how busy a machine is.

import { readFileSync } from "node:fs";
import os from "node:os";
import { open, startBrowser } from "./browser.js";
import { startDemo, within } from "./demo.js";

const USERS = 2_000;
/** Visits that count, after some that warm up the service and the browser. */
const [WARM, VISITS] = [3, 15];
/** Longest that reading all calendars may take, in milliseconds. */
const READING = 300_000;
/** So many times in a row, a second apart, the demo has to be idle before it counts as at rest. */
const REST = 5;
/** That is idle: less of a processor, in hundredths of a second per second. */
const IDLE = 20;
/** The first paint shall come within, in milliseconds. */
const TARGET = 300;

/** When things happened, in milliseconds since the address was entered. */
const times = () =>
  new Promise((resolve) => {
    const [page] = performance.getEntriesByType("navigation");
    new PerformanceObserver((list) => {
      const paint = list.getEntriesByName("first-contentful-paint")[0];
      if (!paint) return;
      resolve({
        "first byte": page.responseStart,
        "last byte": page.responseEnd,
        "first contentful paint": paint.startTime,
        "whole page": page.domContentLoadedEventEnd,
        bytes: page.encodedBodySize,
      });
    }).observe({ type: "paint", buffered: true });
  });

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** What the demo has used of a processor, in hundredths of a second (proc(5), `utime` and `stime`). */
function used() {
  const fields = readFileSync(`/proc/${demo.process.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/**
 * Waits until all lamps are there, some are on, and the demo is idle: before, both processors are busy with reading two
 * thousand calendars.
 */
async function rest() {
  for (let [idle, before] = [0, used()]; idle < REST; ) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = used();
    idle = now - before < IDLE ? idle + 1 : 0;
    before = now;
    if (idle < REST) continue;
    const html = await (await fetch(demo.url)).text();
    const all = html.split('class="lamp ').length - 1 === USERS && /class="lamp (dnd|event)"/.test(html);
    [idle, before] = [all ? idle : 0, used()];
  }
}

const demo = await startDemo({ users: USERS, speed: 1 });
try {
  const browser = await startBrowser();
  await within(READING, "a board that has come to rest", rest());
  const visits = [];
  for (let visit = 0; visit < WARM + VISITS; visit += 1) {
    // A profile of its own each time: nothing is in any cache.
    const visited = await open(browser, demo);
    const measured = await visited.page.evaluate(times);
    if (visit >= WARM) visits.push(measured);
    await visited.context.close();
  }
  await browser.close();
  console.log(`the board with ${USERS} users, ${VISITS} visits, load ${os.loadavg()[0].toFixed(1)}: median (lowest to highest)`);
  for (const what of Object.keys(visits[0])) {
    const all = visits.map((visit) => visit[what]);
    const [least, middle, most] = [Math.min(...all), median(all), Math.max(...all)].map((number) => Math.round(number));
    if (what === "bytes") console.log(`${what}: ${middle}`);
    else {
      const judged = what === "first contentful paint" ? `, target < ${TARGET} ms: ${middle < TARGET ? "met" : "missed"}` : "";
      console.log(`${what}: ${middle} ms (${least} to ${most})${judged}`);
    }
  }
} finally {
  await demo.kill();
}
