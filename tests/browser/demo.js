// The demo: started on a free port, stopped by a signal.

import { spawn } from "node:child_process";
import readline from "node:readline";

/** Longest that the demo may take to start, in milliseconds. */
const START = 60_000;

/**
 * A demo that runs twenty times as fast as the wall clock, with twelve people, always the same ones. Faster, and a machine that is
 * busy for a few seconds would seem not to have read any calendar for a quarter of an hour.
 */
export async function startDemo({ users = 12, speed = 20 } = {}) {
  const demo = new Demo(users, speed);
  try {
    await demo.announced();
  } catch (error) {
    await demo.kill();
    throw error;
  }
  return demo;
}

class Demo {
  /** The page. */
  url;
  /** The API by which the simulator's calendars are edited. */
  control;

  constructor(users, speed) {
    const options = ["demo", "--port", "0", "--speed", String(speed), "--users", String(users), "--seed", "1"];
    // The simulator tells its address in the log only: it is nothing for people who look at the demo.
    const env = { ...process.env, BUSYLAMP_LOG: "warn,busylamp_sim=info", NO_COLOR: "1" };
    this.process = spawn(process.env.BUSYLAMP, options, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => {
      this.process.once("error", (error) => resolve(error.message));
      this.process.once("exit", (code, signal) => resolve(code ?? signal));
    });
    // Nothing stays when a test run is broken off.
    this.last = () => this.process.kill("SIGKILL");
    process.once("exit", this.last);
  }

  /** Reads the addresses that the demo prints, the page's for people and the simulator's in the log. */
  async announced() {
    const address = (stream, pattern) => {
      const lines = readline.createInterface({ input: stream });
      return new Promise((resolve) => {
        lines.on("line", (line) => {
          const found = pattern.exec(line);
          if (found) resolve(found[1]);
          else if (line) console.error(line);
        });
      });
    };
    const both = Promise.all([
      address(this.process.stdout, /(http:\/\/127\.0\.0\.1:\d+\/)/),
      address(this.process.stderr, /simulator is ready.* address=(127\.0\.0\.1:\d+)/),
    ]);
    const tooEarly = this.ended.then((status) => {
      throw new Error(`the demo ended (${status}) before it told its addresses`);
    });
    const [url, simulator] = await within(START, "the demo's addresses", Promise.race([both, tooEarly]));
    this.url = url;
    this.control = `http://${simulator}/control`;
  }

  /** The path of somebody's calendar. */
  async calendar(name) {
    const mailboxes = await (await this.#ask("GET", "mailboxes")).json();
    const { mail } = mailboxes.find((mailbox) => mailbox.name === name);
    return `mailboxes/${mail}/events`;
  }

  /** Makes an event that began an hour ago and lasts another day all that is in somebody's calendar. */
  async occupy(name, event) {
    const calendar = await this.calendar(name);
    await this.#ask("DELETE", calendar);
    const hour = 3_600_000;
    const now = await this.now();
    const [start, end] = [now - hour, now + 24 * hour].map((at) => new Date(at).toISOString());
    await this.#ask("PUT", `${calendar}/all-there-is`, { start, end, ...event });
  }

  /** Makes these events all that is in somebody's calendar; they begin and end so many minutes after an instant. */
  async plan(name, instant, events) {
    const calendar = await this.calendar(name);
    await this.#ask("DELETE", calendar);
    const at = (minutes) => new Date(instant + minutes * 60_000).toISOString();
    for (const [index, { from, to, ...event }] of events.entries()) {
      await this.#ask("PUT", `${calendar}/planned-${index}`, { start: at(from), end: at(to), ...event });
    }
  }

  /** Empties somebody's calendar. */
  async release(name) {
    await this.#ask("DELETE", await this.calendar(name));
  }

  /** Has the outside world fail in a way that the simulator knows, or stop failing. */
  async fault(name, on) {
    await this.#ask("PUT", `faults/${name}`, { on });
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.control}/${path}`, { method, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  /** The instant by the demo's clock, as the page has it, in milliseconds. */
  async now() {
    const page = await (await fetch(this.url)).text();
    return Date.parse(/<time[^>]* datetime="([^"]+)"/.exec(page)[1]);
  }

  /** Sends a signal and tells how the demo ended, and after how many milliseconds. */
  async stop(signal, patience) {
    const begin = performance.now();
    this.process.kill(signal);
    try {
      const status = await within(patience, `the demo's end after ${signal}`, this.ended);
      return { status, took: performance.now() - begin };
    } finally {
      await this.kill();
    }
  }

  /** Ends the demo, however it is. */
  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
    process.removeListener("exit", this.last);
  }
}

/** What a promise yields, unless it takes longer than that. */
export async function within(patience, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
