// Twenty requests in one, by the SDK's batch classes.

import assert from "node:assert/strict";
import test from "node:test";
import { BatchRequestContent, BatchResponseContent } from "@microsoft/microsoft-graph-client";
import { IMMUTABLE, WEEK, client, employee, enter, fault, ready, refusal } from "../simulator.js";

const graph = client();

/** A request as an item. A host has to stand in it, since `Request` wants one; the SDK takes it away again. */
const item = (id, path, headers) => ({ id, request: new Request(`https://graph.invalid${path}`, { headers }) });

/** The items' answers, by their names. */
async function answers(content) {
  return new BatchResponseContent(await graph.api("/$batch").post(await content.getContent()));
}

test("twenty items are answered each on its own", async () => {
  const somebody = await employee();
  await enter(somebody, "a", { start: "2026-11-24T08:00:00Z", end: "2026-11-24T09:00:00Z", subject: "x" });
  const content = new BatchRequestContent();
  for (const [number, { mail }] of ready.users.slice(0, 18).entries()) {
    content.addRequest(item(`u${number}`, `/users/${mail}/mailboxSettings`));
  }
  const path = `/users/${somebody.mail}/calendarView?${new URLSearchParams(WEEK)}`;
  content.addRequest(item("view", path, { Prefer: IMMUTABLE }));
  content.addRequest(item("nobody", "/users/nobody@lindenhof.example"));

  const found = await answers(content);
  assert.equal(found.getResponses().size, 20);
  for (const [id, response] of found.getResponses()) {
    assert.equal(response.status, id === "nobody" ? 404 : 200, id);
  }
  const settings = await found.getResponseById("u0").json();
  assert.ok(settings.timeZone);
  const { value } = await found.getResponseById("view").json();
  assert.deepEqual(value.map(({ id, subject }) => [id, subject]), [["a", "x"]]);
  const { error } = await found.getResponseById("nobody").json();
  assert.equal(error.code, "Request_ResourceNotFound");
});

test("an item whose forerunner has failed is not run", async () => {
  const content = new BatchRequestContent([item("1", "/users/nobody@lindenhof.example"), item("2", "/users?$top=1")]);
  content.addDependency("2", "1");
  const found = await answers(content);
  assert.deepEqual([found.getResponseById("1").status, found.getResponseById("2").status], [404, 424]);
});

test("an item is throttled on its own and says when to return", async (t) => {
  await fault(t, "graph_throttled");
  const throttled = (await answers(new BatchRequestContent([item("1", "/users")]))).getResponseById("1");
  assert.equal(throttled.status, 429);
  assert.equal(throttled.headers.get("Retry-After"), "1");
});

test("one item more is too many for the service", async () => {
  const requests = Array.from({ length: 21 }, (_, id) => ({ id: String(id), method: "GET", url: "/users" }));
  const error = await refusal(graph.api("/$batch").post({ requests }));
  assert.equal(error.statusCode, 400);
  assert.match(error.message, /maximum value of 20/);
});
