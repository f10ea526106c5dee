// The SDK's own retry handler meets throttling.

import assert from "node:assert/strict";
import test from "node:test";
import { RetryHandlerOptions } from "@microsoft/microsoft-graph-client";
import { client, control, fault, refusal, struck } from "../simulator.js";

const FAULT = "graph_throttled";

test("it comes back after the time that Retry-After names", { timeout: 60_000 }, async (t) => {
  const graph = client();
  await graph.api("/users").get();
  const before = await struck(FAULT);
  await fault(t, FAULT);
  await control("DELETE", "requests");
  const begin = performance.now();
  const answer = graph.api("/users").get();
  while ((await struck(FAULT)) === before);
  await control("PUT", `faults/${FAULT}`, { on: false });
  assert.equal((await answer).value.length, 20);
  const times = (await struck(FAULT)) - before;
  // Timers of Node may be early by a millisecond.
  assert.ok(performance.now() - begin >= times * 995, "Retry-After says one second");
  assert.equal((await control("GET", "requests"))["graph.users"].requests, times + 1);
});

test("it gives up after as many retries as allowed", async (t) => {
  const before = await struck(FAULT);
  await fault(t, FAULT);
  const error = await refusal(client().api("/users").middlewareOptions([new RetryHandlerOptions(3, 1)]).get());
  assert.deepEqual([error.statusCode, error.code], [429, "TooManyRequests"]);
  assert.equal(error.headers.get("Retry-After"), "1");
  assert.equal((await struck(FAULT)) - before, 2);
});
