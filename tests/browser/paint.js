// How long the board takes to its first paint, as Chromium sees it, beside a page of one line, which is Chromium's own
// share. Prints figures and asserts nothing: what decides in a test must not depend on how busy a machine is.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
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
/** What decides, and within how many milliseconds it shall come. */
const [PAINT, TARGET] = ["first contentful paint", 300];

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

/** A page of one line, from a server of its own. */
async function startBare() {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<!doctype html><title>Bare</title><p>Bare");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/** Opens a page in a profile of its own, so that nothing is in any cache. */
async function visit(browser, server) {
  const { context, page } = await open(browser, server);
  const measured = await page.evaluate(times);
  await context.close();
  return measured;
}

const demo = await startDemo({ users: USERS, speed: 1 });
const bare = await startBare();
try {
  const browser = await startBrowser();
  await within(READING, "a board that has come to rest", rest());
  const [bares, visits] = [[], []];
  for (let round = 0; round < WARM + VISITS; round += 1) {
    const pair = [await visit(browser, bare), await visit(browser, demo)];
    if (round < WARM) continue;
    bares.push(pair[0]);
    visits.push(pair[1]);
  }
  await browser.close();
  console.log(`the board with ${USERS} users, ${VISITS} visits, load ${os.loadavg()[0].toFixed(1)}: median (lowest to highest)`);
  const told = (visits, what) => {
    const all = visits.map((visit) => visit[what]);
    const [least, middle, most] = [Math.min(...all), median(all), Math.max(...all)].map((number) => Math.round(number));
    return { middle, words: `${middle} ms (${least} to ${most})` };
  };
  for (const what of Object.keys(visits[0])) {
    const { middle, words } = told(visits, what);
    if (what === "bytes") console.log(`${what}: ${middle}`);
    else if (what !== PAINT) console.log(`${what}: ${words}`);
    else {
      const floor = told(bares, what);
      const ratio = (middle / floor.middle).toFixed(1);
      const judged = middle < TARGET ? "met" : "missed";
      console.log(`${what}: ${words}, target < ${TARGET} ms: ${judged}; a page of one line: ${floor.words}, ratio ${ratio}`);
    }
  }
} finally {
  bare.stop();
  await demo.kill();
}
