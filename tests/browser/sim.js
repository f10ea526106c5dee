// The pretended calendars and telephone system, as a process.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { within } from "./demo.js";

/** Longest that the simulator may take to start, or a telephone to change, in milliseconds. */
const PATIENCE = 60_000;
/** How often something is looked at, in milliseconds. */
const LOOK = 50;

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK));

export class Sim {
  /** Addresses, names and secrets (docs/interfaces.md, section 5). */
  ready;

  static async start({ users = 4, tls = false } = {}) {
    const sim = new Sim(users, tls);
    try {
      await within(PATIENCE, "the simulator's ready file", sim.written());
    } catch (error) {
      await sim.kill();
      throw error;
    }
    return sim;
  }

  constructor(users, tls) {
    this.folder = mkdtempSync(path.join(tmpdir(), "busylamp-sim-"));
    this.file = path.join(this.folder, "ready.json");
    const options = ["sim", "--ready-file", this.file, "--users", String(users), "--seed", "1"];
    if (tls) options.push("--tls");
    this.process = spawn(process.env.BUSYLAMP, options, { stdio: "ignore" });
    this.ended = new Promise((resolve) => this.process.once("exit", (code, signal) => resolve(code ?? signal)));
    this.last = () => this.process.kill("SIGKILL");
    process.once("exit", this.last);
  }

  /** The file is written at once, so it is whole when it is there. */
  async written() {
    while (!existsSync(this.file)) {
      if (this.process.exitCode !== null) throw new Error(`the simulator ended (${this.process.exitCode})`);
      await pause();
    }
    this.ready = JSON.parse(readFileSync(this.file, "utf8"));
    for (const { mail } of this.ready.users) await this.ask("DELETE", `mailboxes/${mail}/events`);
  }

  /** An instance that follows it, as `House.start` takes it: with more keys of the instance, and its policy. */
  instance({ name = "Test", keys = "", policy = "" } = {}) {
    const { ready } = this;
    const trust = ready.ca ? `trust = { authority = "${ready.ca}" }` : "";
    return {
      instance: `
[[instance]]
name = "${name}"
language = "de"
${keys}
[instance.graph]
tenant = "${ready.tenant}"
client_id = "${ready.client_id}"
client_secret = { env = "GRAPH_SECRET" }
endpoint = "${ready.graph}"
login = "${ready.login}"
poll = "1s"
${trust}
[instance.starface]
url = "${ready.starface}"
login = "${ready.starface_login}"
password = { env = "STARFACE_PASSWORD" }
bridge = { key = { env = "BRIDGE_KEY" } }
group = "${ready.starface_group}"
${trust}
[instance.policy]
${policy}
`,
      secrets: {
        GRAPH_SECRET: ready.client_secret,
        STARFACE_PASSWORD: ready.starface_password,
        BRIDGE_KEY: ready.starface_bridge_key,
      },
    };
  }

  /** A call of the control API. */
  async ask(method, where, body) {
    const url = `${this.ready.control}/${where}`;
    const { ca } = this.ready;
    const client = ca ? https : http;
    const { status, text } = await new Promise((resolve, reject) => {
      const request = client.request(url, { method, ca: ca && readFileSync(ca) }, async (answer) => {
        const parts = [];
        for await (const part of answer) parts.push(part);
        resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() });
      });
      request.on("error", reject);
      request.end(body && JSON.stringify(body));
    });
    if (status < 200 || status > 299) throw new Error(`${method} ${where}: ${status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Puts an event into somebody's calendar that began a minute ago and lasts ten hours. */
  async meet(user, event) {
    const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
    const body = { start: at(-1), end: at(600), kind: "busy", subject: "Jour fixe", ...event };
    await this.ask("PUT", `mailboxes/${user.mail}/events/all-there-is`, body);
  }

  /** Waits until somebody's telephone shows all of this. */
  async shows(user, expected) {
    const is = (shown) => Object.entries(expected).every(([name, value]) => shown[name] === value);
    await this.until(user, is, JSON.stringify(expected));
  }

  /** Waits until what somebody's telephone shows is as it should be. */
  async until(user, is, words) {
    let shown;
    const seen = async () => {
      for (;;) {
        shown = await this.ask("GET", `accounts/${user.account}`);
        if (is(shown)) return;
        await pause();
      }
    };
    try {
      await within(PATIENCE, `${user.name} shows ${words}`, seen());
    } catch (error) {
      throw new Error(`${error.message}; it shows ${JSON.stringify(shown)}`);
    }
  }

  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
    process.removeListener("exit", this.last);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
