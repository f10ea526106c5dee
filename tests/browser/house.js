// A service with its pages and an empty store: started on a free port, gone with its folder.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { within } from "./demo.js";

/** Longest that the service may take to start, in milliseconds. */
const START = 60_000;
/** Everybody's. */
export const PASSWORD = "ein langes Kennwort";

/** Types name and password, which sets the first administrator up or lets somebody in. */
export async function comeIn(page, name = "anna") {
  await page.locator("[name=name]").fill(name);
  await page.locator("[name=password]").fill(PASSWORD);
  await page.locator("[name=password]").press("Enter");
  await page.getByRole("navigation").first().waitFor();
}

/** An administrator lets a viewer in. */
export async function letIn(page, house, name = "bert") {
  await page.goto(`${house.url}people`);
  const form = page.locator("form[action='/people']");
  await form.locator("[name=name]").fill(name);
  await form.locator("[name=password]").fill(PASSWORD);
  await form.locator("button").press("Enter");
  await page.getByRole("rowheader", { name }).waitFor();
}

export class House {
  /** The page on which the first administrator is set up. */
  setUp;
  /** The board. */
  url;

  /** With an instance as `busylamp apply` takes it, and its secrets by the names of their variables; or empty. */
  static async start({ instance, secrets } = {}) {
    const house = new House(instance, secrets);
    try {
      await within(START, "the set-up address", house.announced());
    } catch (error) {
      await house.kill();
      throw error;
    }
    return house;
  }

  constructor(instance, secrets) {
    this.folder = mkdtempSync(path.join(tmpdir(), "busylamp-house-"));
    if (instance) {
      const file = path.join(this.folder, "instance.toml");
      writeFileSync(file, instance);
      const env = { ...process.env, ...secrets };
      execFileSync(process.env.BUSYLAMP, ["apply", "--data", this.folder, file], { env, stdio: "inherit" });
    }
    const options = ["run", "--data", this.folder, "--listen", "127.0.0.1:0"];
    this.process = spawn(process.env.BUSYLAMP, options, { stdio: ["ignore", "pipe", "ignore"] });
    this.ended = new Promise((resolve) => this.process.once("exit", (code, signal) => resolve(code ?? signal)));
    this.last = () => this.process.kill("SIGKILL");
    process.once("exit", this.last);
  }

  async announced() {
    for await (const line of readline.createInterface({ input: this.process.stdout })) {
      const found = /(http:\/\/127\.0\.0\.1:\d+)\/setup\/\S+/.exec(line);
      if (!found) continue;
      [this.setUp, this.url] = [found[0], `${found[1]}/`];
      return;
    }
    throw new Error("the service ended before it told its address");
  }

  async kill() {
    this.process.kill("SIGKILL");
    await this.ended;
    process.removeListener("exit", this.last);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
