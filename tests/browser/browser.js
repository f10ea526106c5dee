// Chromium, sealed off from everything but this machine, and pages that note what they should not do.

import { chromium } from "playwright-core";

/** Longest that anything on a page may take, in milliseconds: some two seconds are usual. */
export const PATIENCE = 30_000;

/** The words of the page by the browser's language. */
export const LANGUAGES = {
  "de-DE": {
    lang: "de",
    users: "Benutzer",
    stateList: "Zustände",
    all: "Alle",
    note: /nachgestellt/,
    title: /^(\d+) von (\d+) Lampen an – Busylamp$/,
    clock: /^(Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag), \d\d:\d\d:\d\d$/,
    states: ["Nicht stören", "Umgeleitet", "Im Termin", "Erreichbar"],
    until: /^bis (((Mo|Di|Mi|Do|Fr|Sa|So|\d\d\.\d\d\.) )?\d\d:\d\d)(, dann (Nicht stören|Umgeleitet|Im Termin|Erreichbar))?$/,
    lost: /Keine Verbindung/,
    unscripted: /Ohne JavaScript/,
    search: "Name oder Text",
    show: "Zeigen",
    showAll: "Alle zeigen",
    nobody: "Dazu passt niemand.",
    flags: "Hinweise",
    flag: "Irgendein Hinweis",
    wall: "Wandansicht",
  },
  "en-GB": {
    lang: "en",
    users: "Users",
    stateList: "States",
    all: "All",
    note: /pretended/,
    title: /^(\d+) of (\d+) lamps lit – Busylamp$/,
    clock: /^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \d\d:\d\d:\d\d$/,
    states: ["Do not disturb", "Diverted", "In an event", "Reachable"],
    until: /^until (((Mon|Tue|Wed|Thu|Fri|Sat|Sun|\d\d? \w{3}) )?\d\d:\d\d)(, then (Do not disturb|Diverted|In an event|Reachable))?$/,
    lost: /No connection/,
    unscripted: /Without JavaScript/,
    search: "Name or text",
    show: "Show",
    showAll: "Show all",
    nobody: "Nobody fits that.",
    flags: "Notices",
    flag: "Any notice",
    wall: "Wall view",
  },
};

/** A browser with a fresh profile, which goes when it is closed. Its own language is that of its fields for dates. */
export const startBrowser = (language = "en-US") =>
  chromium.launch({
    env: { ...process.env, LANGUAGE: language },
    executablePath: process.env.CHROMIUM,
    // Chromium's sandbox can't be had by root.
    chromiumSandbox: process.getuid() !== 0,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-proxy-server",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });

/** Opens the demo in a profile of its own and hands out the page with the notes that are taken of it. */
export async function open(browser, demo, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const notes = { requests: [], complaints: [] };
  page.on("request", (request) => notes.requests.push(request.url()));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) notes.complaints.push(message.text());
  });
  page.on("pageerror", (error) => notes.complaints.push(String(error)));
  const response = await page.goto(demo.url, { waitUntil: "domcontentloaded" });
  return { context, page, notes, response };
}

/**
 * The page's address, asked of the page itself: Playwright learns a little later that a script has changed it.
 */
export const address = (page) => page.evaluate(() => location.href);

/** The lamps on a page, by what a screen reader calls their list. */
export const lamps = (page, words) => page.getByRole("list", { name: words.users }).getByRole("listitem");

/** Lamps that are on. */
export const LIT = ".lamp:is(.dnd, .diverted, .event)";
