// Starts the simulator, runs the tests against it by Node's own test runner, and stops it again.
//
// A process of its own, since Node reads the authorities that it trusts only when it starts. With TLS, since the SDK
// hands its token to no address without.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Longest that the simulator may take to start, or to stop, in milliseconds. */
const PATIENCE = 60_000;

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const folder = mkdtempSync(path.join(tmpdir(), "busylamp-clients-"));
const ready = path.join(folder, "ready.json");
const simulator = spawn(
  process.env.BUSYLAMP,
  ["sim", "--ready-file", ready, "--users", "20", "--seed", "1", "--tls"],
  { stdio: ["ignore", "inherit", "inherit"] },
);
const stopped = new Promise((resolve) => {
  simulator.once("error", (error) => resolve(error.message));
  simulator.once("exit", (code, signal) => resolve(code ?? signal));
});

/** Waits until the simulator has written its file, whole: then everything answers. */
async function getsReady() {
  let ended;
  stopped.then((status) => (ended = status));
  const deadline = Date.now() + PATIENCE;
  while (!existsSync(ready)) {
    if (ended !== undefined) throw new Error(`the simulator ended (${ended}) before it was ready`);
    if (Date.now() > deadline) throw new Error("the simulator does not get ready");
    await pause(10);
  }
}

/** Runs the test files one after the other, for faults strike everybody, and tells how the runner ended. */
function runTests() {
  const { ca } = JSON.parse(readFileSync(ready, "utf8"));
  const files = readdirSync(path.join(here, "test")).map((name) => path.join(here, "test", name));
  const runner = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca, SIMULATOR: ready };
  const tests = spawn(process.execPath, runner, { env, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve, reject) => {
    tests.once("error", reject);
    tests.once("exit", (code) => resolve(code ?? 1));
  });
}

try {
  await getsReady();
  process.exitCode = await runTests();
} finally {
  simulator.kill("SIGTERM");
  const late = setTimeout(() => simulator.kill("SIGKILL"), PATIENCE);
  const status = await stopped;
  clearTimeout(late);
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(`the simulator ended (${status})`);
}
